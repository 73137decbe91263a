package shell

import (
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// TestClockOff: a clock that is certainly more than 250 ms off arms no timer and
// is not ready; reactions, which need no clock, are still done (decisions.md 9).
func TestClockOff(t *testing.T) {
	s := ids.New[ids.Session]()
	deadlines := []Deadline{
		{At: 5, Request: command.Request{ID: ids.New[ids.Command]()}},
		{At: 7, Timer: true, Request: command.Request{ID: ids.New[ids.Command]()}},
		{At: 1 << 60, Timer: true, Request: command.Request{ID: ids.New[ids.Command]()}},
	}
	sh, err := New(Config{Log: logtest.Open(t).Log(eventlog.Options{Name: "x"}), Logger: logtest.Logger(t), Service: Service{
		Context: events.Timing,
		Decide: func(*session.State, *command.Request, clock.Instant) (command.Decision, error) {
			return command.Decision{}, nil
		},
		Due: func(*session.State) []Deadline { return deadlines },
	}})
	if err != nil {
		t.Fatal(err)
	}
	r := sh.room(s)
	r.state.Heads[events.Registry] = session.Head{Sequence: 1, Version: 1}
	for _, tc := range []struct {
		name          string
		ahead, within time.Duration
		due           int
		armed         bool
	}{
		{"exact", 0, time.Millisecond, 2, true},
		{"noted only", 240 * time.Millisecond, 0, 2, true},
		{"off", 251 * time.Millisecond, 0, 1, false},
		{"back", -10 * time.Millisecond, 0, 2, true},
		{"off to the other side", -300 * time.Millisecond, 0, 1, false},
		{"perhaps off, but the answer was slow", 300 * time.Millisecond, 100 * time.Millisecond, 2, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			sh.judge(tc.ahead, tc.within)
			due, _, next := sh.due(r)
			if len(due) != tc.due || (next != 0) != tc.armed {
				t.Errorf("%d are due and the next is at %d", len(due), next)
			}
		})
	}
}
