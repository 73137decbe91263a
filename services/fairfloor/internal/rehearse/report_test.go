package rehearse

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
)

func TestConfigNamesTheFieldThatIsOutOfRange(t *testing.T) {
	good := Config{Applicants: 53, Minutes: 90, Speed: 60}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for field, change := range map[string]func(*Config){
		"applicants": func(c *Config) { c.Applicants = 501 }, "minutes": func(c *Config) { c.Minutes = 4 },
		"absent": func(c *Config) { c.Absent = 1.1 }, "overrun": func(c *Config) { c.Overrun = -2 },
		"speed": func(c *Config) { c.Speed = 0 }, "order": func(c *Config) { c.Order = "loudest" },
	} {
		bad := good
		change(&bad)
		if err := bad.Check(); err == nil || !strings.HasPrefix(err.Error(), field+":") {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// stage for tests of behaviour alone.
func seeded(seed uint64, c Config) *stage {
	return &stage{Config: c, random: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))} //nolint:gosec // seeded on purpose
}

// The same seed draws the same behaviour, another seed another, and what is
// drawn lies in the ranges of the behaviour model.
func TestDrawIsAFunctionOfTheSeed(t *testing.T) {
	draw := func(seed uint64) []delegate {
		s := seeded(seed, Config{Absent: 0.3, Overrun: 0.196})
		all := make([]delegate, 500)
		for i := range all {
			s.draw(&all[i])
		}
		return all
	}
	one := draw(1)
	if !slices.Equal(one, draw(1)) || slices.Equal(one, draw(2)) {
		t.Error("the behaviour is not a function of the seed")
	}
	absent, late, sum := 0, 0, 0.0
	for _, d := range one {
		if d.handoverMS < 5_000 || d.handoverMS > 15_000 || d.spread <= 0 || d.patienceMS > 15_000 || d.patienceMS < -1 {
			t.Errorf("out of range: %+v", d)
		}
		if d.absent {
			absent++
		}
		if d.late {
			late++
			if !d.absent {
				t.Error("late, and never absent")
			}
		}
		sum += math.Log(d.spread)
	}
	if absent < 100 || absent > 200 || late < absent/4 || late > absent*3/4 {
		t.Errorf("%d absent and %d of them late, of 500 with a share of .3", absent, late)
	}
	if mean := sum / 500; mean < 0.17 || mean > 0.22 {
		t.Errorf("mean log of prepared over announced %.3f, want .196", mean)
	}
}

// figures of a view with three turns: one void, one overlapping.
func TestReportCountsOverlapsAndLeavesVoidTurnsOut(t *testing.T) {
	part, other := ids.New[ids.Part](), ids.New[ids.Part]()
	start := PlannedStart
	view := &api.View{Session: api.SessionView{PlannedStart: start}, Entries: map[ids.Entry]api.EntryView{}, Turns: map[ids.Turn]*api.TurnView{}}
	add := func(in ids.Part, from, to int64, void bool) {
		entry, turn := ids.New[ids.Entry](), ids.New[ids.Turn]()
		view.Entries[entry] = api.EntryView{
			ID: entry, Part: in, Kind: events.Statement, State: session.Spoken, Organisation: "O", Group: "g", RequestedMS: 120_000,
		}
		view.Turns[turn] = &api.TurnView{
			ID: turn, Entry: entry, Part: in, GivenAt: start.Add(from - 1000), BegunAt: start.Add(from), EndedAt: start.Add(to),
			AllottedMS: 60_000, GuaranteeMS: 60_000, UsedMS: to - from, Void: void, How: events.Yielded,
		}
		view.TurnOrder = append(view.TurnOrder, turn)
	}
	add(part, 10_000, 70_000, false)
	add(part, 75_000, 80_000, true)
	add(part, 80_000, 130_000, false)
	add(other, 140_000, 150_000, false)
	r := &Report{}
	r.turns(view, start, part)
	if len(r.Turns) != 3 || r.Overlaps != 0 || r.ShortestS != 60 || r.LongestS != 60 || r.GuaranteeS != 60 || r.PromisesBroken != 0 {
		t.Errorf("%+v", r)
	}
	if r.HandoverMeanS != 10 || r.Turns[1].Number != 2 || r.Turns[1].WaitedS != 80 || r.Turns[1].GivenS != 79 || r.Turns[1].UsedS != 50 {
		t.Errorf("handover %.1f s, second turn %+v", r.HandoverMeanS, r.Turns[1])
	}
	// A second holder at once is what a report must never hide.
	add(part, 145_000, 155_000, false)
	r = &Report{}
	if r.turns(view, start, part); r.Overlaps != 1 {
		t.Errorf("%d overlaps, want 1", r.Overlaps)
	}
}

func TestTableSaysEveryFigure(t *testing.T) {
	r := &Report{
		Clock: "gated", Applicants: 53, Present: 52, Spoke: 51, NotReached: 1, OverrunS: 7, StartedAt: "S", EndedAt: "E", HardEnd: "H",
		Turns: []Turn{{Number: 1, Organisation: "University 02", OfferedS: 66, UsedS: 61.5, WaitedS: 190, How: "yielded"}},
	}
	var out bytes.Buffer
	if err := r.Table(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"51 of 52 present spoke (53 applied, 1 not reached)", "overrun 7 s", "University 02", "66 s", "61.5 s", "3:10", "gated", "yielded"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table does not say %q:\n%s", want, out.String())
		}
	}
}

func TestWhatCountsAsHeard(t *testing.T) {
	for _, c := range []struct {
		turn api.TurnView
		want bool
	}{
		{api.TurnView{BegunAt: 1}, true}, {api.TurnView{}, false}, {api.TurnView{BegunAt: 1, Void: true}, false},
	} {
		if got := stands(&c.turn); got != c.want {
			t.Errorf("%+v stands: %t", c.turn, got)
		}
	}
	if spoken(api.EntryView{State: session.Standby}) || !spoken(api.EntryView{State: session.Spoken}) {
		t.Error("heard are those who spoke")
	}
	all := []clock.Instant{3, 1, 2}
	if sortInstants(all); all[0] != 1 || all[2] != 3 {
		t.Errorf("%v", all)
	}
}
