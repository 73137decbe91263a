package ordeal_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/ordeal"
)

// environment looks variables up in a map.
func environment(set map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { value, ok := set[name]; return value, ok }
}

// TestNobodySetsAnOrdealByMistake: a variable alone ends the process, whatever its
// value, until the folder is marked as a test's.
func TestNobodySetsAnOrdealByMistake(t *testing.T) {
	folder := t.TempDir()
	if put, err := ordeal.Read(folder, environment(nil)); err != nil || put != (ordeal.Ordeal{}) {
		t.Errorf("nothing set: %+v, %v", put, err)
	}
	set := []map[string]string{{ordeal.ClockAhead: "90s"}, {ordeal.LoseOnPowerCut: "yes"}, {ordeal.LoseOnPowerCut: "no"}, {ordeal.ClockAhead: ""}}
	for _, variables := range set {
		put, err := ordeal.Read(folder, environment(variables))
		if err == nil || put != (ordeal.Ordeal{}) || !strings.Contains(err.Error(), "unset") || !strings.Contains(err.Error(), folder) {
			t.Errorf("%v in a folder of no test: %+v, %v", variables, put, err)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, ordeal.Permit), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for i, want := range []ordeal.Ordeal{{ClockAhead: 90 * time.Second}, {LoseOnPowerCut: true}} {
		if put, err := ordeal.Read(folder, environment(set[i])); err != nil || put != want {
			t.Errorf("%v: %+v, %v", set[i], put, err)
		}
	}
	for _, variables := range set[2:] {
		if put, err := ordeal.Read(folder, environment(variables)); err == nil {
			t.Errorf("%v is taken as %+v", variables, put)
		}
	}
}

// TestAnOrdealIsToldOf at the start, and only it.
func TestAnOrdealIsToldOf(t *testing.T) {
	for text, put := range map[string]ordeal.Ordeal{
		"": {}, "the clock is wrong": {ClockAhead: -time.Minute}, "a power cut loses": {LoseOnPowerCut: true},
	} {
		var out bytes.Buffer
		put.Say(slog.New(slog.NewTextHandler(&out, nil)))
		if said := out.String(); (said == "") != (text == "") || !strings.Contains(said, text) || text != "" && !strings.Contains(said, "level=ERROR") {
			t.Errorf("%+v: %q", put, said)
		}
	}
}

// TestAWrongClockShowsAnotherTimeAndMeasuresRightly: timers keep their length.
func TestAWrongClockShowsAnotherTimeAndMeasuresRightly(t *testing.T) {
	noon := time.Date(2026, 3, 9, 12, 0, 0, 0, time.UTC)
	gate := clock.NewGated(noon)
	if (ordeal.Ordeal{}).Clock(gate) != clock.Clock(gate) {
		t.Error("without an ordeal the clock is another")
	}
	wrong := ordeal.Ordeal{ClockAhead: time.Hour}.Clock(gate)
	if got := wrong.Now(); !got.Equal(noon.Add(time.Hour)) {
		t.Errorf("an hour ahead it is %s", got)
	}
	fired := make(chan struct{})
	wrong.AfterFunc(time.Minute, func() { close(fired) })
	gate.Advance(noon.Add(time.Minute))
	<-fired
	if got := wrong.Now(); !got.Equal(noon.Add(time.Hour + time.Minute)) {
		t.Errorf("a minute later it is %s", got)
	}
}
