package shell

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
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

// lines keeps what is logged.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// count is how often a text was written.
func (l *lines) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), text)
}

// TestAClockThatIsOffIsSaidOnce: also by a process that begins with it, which
// armed no timer before either; and that it is right again.
func TestAClockThatIsOffIsSaidOnce(t *testing.T) {
	const off, right = "the clock is off", "the clock is right again"
	for _, tc := range []struct {
		name  string
		ahead []time.Duration
		off   []int
		right []int
	}{
		{"right from the start", []time.Duration{0, 0}, []int{0, 0}, []int{0, 0}},
		{"off from the start", []time.Duration{time.Second, time.Second, 0}, []int{1, 1, 1}, []int{0, 0, 1}},
		{"behind from the start", []time.Duration{-time.Second}, []int{1}, []int{0}},
		{"it goes off, and off again", []time.Duration{0, time.Second, 0, -time.Second}, []int{0, 1, 1, 2}, []int{0, 0, 1, 1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			said := &lines{}
			sh, err := New(Config{Log: logtest.Open(t).Log(eventlog.Options{Name: "x"}), Logger: slog.New(slog.NewTextHandler(said, nil)), Service: Service{
				Context: events.Timing,
				Decide: func(*session.State, *command.Request, clock.Instant) (command.Decision, error) {
					return command.Decision{}, nil
				},
			}})
			if err != nil {
				t.Fatal(err)
			}
			for i, ahead := range tc.ahead {
				sh.judge(ahead, time.Millisecond)
				if said.count(off) != tc.off[i] || said.count(right) != tc.right[i] {
					t.Errorf("after measurement %d, %s, it is said %d times that it is off and %d times that it is right", i+1, ahead, said.count(off), said.count(right))
				}
			}
		})
	}
}

// TestARefusalToItselfIsAFaultOnlyWhileItIsStillDue: what was overtaken by what
// another replica did is no contradiction and no line in the log; a domain that
// asks for what it refuses is one, and is not asked again in the same state.
func TestARefusalToItselfIsAFaultOnlyWhileItIsStillDue(t *testing.T) {
	for _, overtaken := range []bool{true, false} {
		t.Run(fmt.Sprint("overtaken ", overtaken), func(t *testing.T) {
			said := &lines{}
			act := ids.New[ids.Command]()
			due := []Deadline{{At: 1, Request: command.Request{ID: act, Verb: "note_missing", Actor: events.ByService(events.Timing)}}}
			decided := 0
			sh, err := New(Config{Log: logtest.Open(t).Log(eventlog.Options{Name: "x"}), Logger: slog.New(slog.NewTextHandler(said, nil)), Service: Service{
				Context: events.Timing,
				Decide: func(*session.State, *command.Request, clock.Instant) (command.Decision, error) {
					if decided++; overtaken {
						due = nil
					}
					return command.Decision{}, problem.New(problem.WrongState, "captions come")
				},
				Due: func(*session.State) []Deadline { return due },
			}})
			if err != nil {
				t.Fatal(err)
			}
			follower, stop := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- sh.follower.Run(follower) }()
			defer func() {
				stop()
				if err := <-done; err != nil {
					t.Error(err)
				}
			}()
			<-sh.Ready()
			r := sh.room(ids.New[ids.Session]())
			r.state.Heads[events.Registry] = session.Head{Sequence: 1, Version: 1}
			r.state.Registry.Created = true
			sh.react(r)
			sh.react(r)
			warned := said.count("refused to itself")
			if _, refused := r.refused[act]; overtaken && (warned != 0 || len(r.refused) != 0) || !overtaken && (warned != 1 || !refused || decided == 0) {
				t.Errorf("%d warnings, %d refused, decided %d times", warned, len(r.refused), decided)
			}
		})
	}
}
