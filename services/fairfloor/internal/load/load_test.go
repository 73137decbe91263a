package load

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/services/fairfloor/internal/app"
)

// TestLoadMeasuresEveryKindOfMessage: against the real server, with some of every
// kind of client, every kind of message has its percentiles; nothing is lost,
// doubled or wrong, and the server's CPU and memory are those of its process.
func TestLoadMeasuresEveryKindOfMessage(t *testing.T) {
	config := serve(t, nil)
	config.Sessions, config.Observers, config.Speakers, config.Captioners = 2, 10, 4, 2
	config.Changes, config.Partials, config.FinalEvery = 20, 4, time.Second
	config.Slow, config.Broken, config.Stalled, config.Whole = 1, 1, 1, 3
	config.Duration, config.Ramp, config.PID, config.Fsync = 4*time.Second, 200*time.Millisecond, os.Getpid(), t.TempDir()
	steps := map[string]bool{}
	config.Sessions = 2
	config.Progress = func(text string, _, _ int) {
		if text == "measuring (s)" {
			steps[text] = true // from one goroutine alone
		}
	}
	report, err := Run(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	if err := report.Sound(); err != nil {
		t.Error(err)
	}
	for _, kind := range []string{Receipts, Views, Partials, Finals, Joins} {
		s := report.Latency(kind)
		if s.Count == 0 || s.P50 <= 0 || s.P50 > s.P95 || s.P95 > s.P99 || s.P99 > s.Max {
			t.Errorf("%s: %+v", kind, s)
		}
	}
	// Each command is seen by each healthy observer: 7 of 10 in the session that it is of.
	if got, want := report.Latency(Views).Count, 7*report.Commands; got != want || report.Commands < 20 {
		t.Errorf("%d commands were seen %d times by the healthy, want %d", report.Commands, got, want)
	}
	if len(report.Troubled) < 3 {
		t.Errorf("of the slow and broken it tells %+v", report.Troubled)
	}
	if report.ComparedViews != 6 {
		t.Errorf("%d views were compared, want 6", report.ComparedViews)
	}
	if report.Deliveries < int64(7*report.Commands) || report.DeliveriesPerSecond <= 0 || report.BytesPerSecond <= 0 {
		t.Errorf("deliveries %d, %g/s, %g bytes/s", report.Deliveries, report.DeliveriesPerSecond, report.BytesPerSecond)
	}
	if s := report.Server; s == nil || s.CPUSeconds <= 0 || s.CPUMicros <= 0 || s.MemoryBytes < 10<<20 || s.Handles < 20 {
		t.Errorf("server %+v", s)
	}
	if report.Fsync == nil || report.Fsync.Count < 5 {
		t.Errorf("raw writes %+v", report.Fsync)
	}
	if report.BacklogBytes <= 0 {
		t.Error("nothing waited for the stalled")
	}
	if !steps["measuring (s)"] {
		t.Error("it told of no progress")
	}
	var table bytes.Buffer
	if err := report.Table(&table); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"receipt", "view, slow and broken", "fsync, raw", "deliveries/s", "lost 0, captions doubled 0, missing 0, views wrong in the end 0 of 6", "of CPU", "stalled client"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("the table does not say %q:\n%s", want, table.String())
		}
	}
	raw, err := json.Marshal(report)
	if err != nil || !bytes.Contains(raw, []byte(`"p99_ms"`)) {
		t.Errorf("%s: %v", raw, err)
	}
}

// TestStormThroughABufferingProxy: every line is cut at once, all are back by
// resuming, and what a proxy kept back is late but not lost.
func TestStormThroughABufferingProxy(t *testing.T) {
	config := serve(t, func(s *app.Settings) { s.Process.Ops = "127.0.0.1:0" })
	config.Observers, config.Speakers, config.Captioners, config.Whole = 30, 3, 1, 30
	config.Changes, config.Partials, config.FinalEvery = 5, 4, time.Second
	config.Duration, config.Storm, config.Proxy = 4*time.Second, true, true
	report, err := Run(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	if err := report.Sound(); err != nil {
		t.Error(err)
	}
	if s := report.Latency(Resumes); s.Count != 30 || s.Max > float64(settleWithin.Milliseconds()) {
		t.Errorf("resumes %+v", s)
	}
	if report.ComparedViews != 30 || !report.Proxy || report.Server != nil {
		t.Errorf("%+v", report)
	}
}

// TestLoadSaysWhatCannotBe: each field that is out of range is named.
func TestLoadSaysWhatCannotBe(t *testing.T) {
	good := Config{Sessions: 1, Observers: 10, Speakers: 1, Changes: 1, Duration: time.Second}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Config){
		"sessions":        func(c *Config) { c.Sessions = 0 },
		"observers":       func(c *Config) { c.Observers = 20_001 },
		"speakers":        func(c *Config) { c.Speakers = -1 },
		"captioners":      func(c *Config) { c.Captioners = 17 },
		"slow":            func(c *Config) { c.Slow = 11 },
		"broken":          func(c *Config) { c.Slow, c.Broken = 5, 6 },
		"stalled":         func(c *Config) { c.Slow, c.Broken, c.Stalled = 5, 5, 1 },
		"whole":           func(c *Config) { c.Whole = 11 },
		"changes":         func(c *Config) { c.Changes = 5001 },
		"without speaker": func(c *Config) { c.Speakers = 0 },
		"partials":        func(c *Config) { c.Partials = 5 },
		"duration":        func(c *Config) { c.Duration = 0 },
		"ramp":            func(c *Config) { c.Ramp = -1 },
		"pid and metrics": func(c *Config) { c.PID, c.Metrics = 1, "x" },
	} {
		c := good
		change(&c)
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
		if _, err := Run(t.Context(), c); err == nil {
			t.Errorf("%s: it ran", want)
		}
	}
}

// TestLoadOnNobodyEnds: a server that is not there, and a token that is not one,
// end it with the reason.
func TestLoadOnNobodyEnds(t *testing.T) {
	config := serve(t, nil)
	config.Observers, config.Duration = 1, time.Second
	config.Organiser = "nonsense"
	if _, err := Run(t.Context(), config); err == nil || !strings.Contains(err.Error(), "create_session") {
		t.Errorf("a token that is none: %v", err)
	}
	config.Base = "http://127.0.0.1:1"
	if _, err := Run(t.Context(), config); err == nil {
		t.Error("nobody was there, and it went on")
	}
	config.Proxy, config.Base = true, "https://127.0.0.1:1"
	if _, err := Run(t.Context(), config); err == nil || !strings.Contains(err.Error(), "proxy") {
		t.Errorf("a proxy before TLS: %v", err)
	}
}
