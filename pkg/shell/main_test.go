package shell_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server/ats"
	"go.uber.org/goleak"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/shell"
)

// TestMain keeps nats-server's access-time goroutine out of the bubbles and ends
// with a look for goroutines that a test left behind.
func TestMain(m *testing.M) {
	if crashing() {
		return
	}
	ats.Register()
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/nats-io/nats-server/v2/server/ats.Register.func1"))
}

// part is the one part of the toy sessions.
var part = ids.MustParse[ids.Part]("11111111-1111-4111-8111-111111111111")

// allotted is what the toy timing gives to each turn, in ms.
const allotted = 60_000

// registry makes sessions.
var registry = shell.Service{
	Context: events.Registry,
	Decide: func(s *session.State, r *command.Request, now clock.Instant) (command.Decision, error) {
		switch {
		case r.Verb == "create_session" && s.Exists():
			return command.Decision{}, problem.New(problem.Already, "the session exists")
		case r.Verb == "create_session":
			return decided(&events.SessionCreated{
				Title: "toy", PlannedStart: now, HardEnd: now.Add(3_600_000),
				Parts: []events.Part{{ID: part, Kind: events.Item, Title: "toy", Minutes: 60, HasList: true}},
			})
		case r.Verb == "change_session":
			return decided(&events.SessionChanged{Title: "changed"})
		}
		return command.Decision{}, problem.New(problem.NotFound, "no such verb")
	},
}

// queue joins and gives, and panics when asked to.
var queue = shell.Service{
	Context: events.Queue,
	Decide: func(s *session.State, r *command.Request, now clock.Instant) (command.Decision, error) {
		switch r.Verb {
		case "join":
			for _, e := range s.Queue.Entries {
				if e.Applicant == r.Actor.Applicant {
					return command.Decision{}, problem.New(problem.Already, "on the list already")
				}
			}
			return decided(&events.EntryJoined{
				Entry: ids.Derive[ids.Entry](r.ID, 0), Part: part, Applicant: r.Actor.Applicant, Kind: events.Statement,
				Place: len(s.Queue.List(part).Order) + 1,
			})
		case "give":
			order := s.Queue.List(part).Order
			if len(order) == 0 {
				return command.Decision{}, problem.New(problem.WrongState, "nobody waits")
			}
			return decided(&events.FloorGiven{Turn: ids.Derive[ids.Turn](r.ID, 0), Entry: order[0], GivenAt: now, Act: r.ID})
		case "withdraw":
			panic("a fault of the toy")
		}
		return command.Decision{}, problem.New(problem.NotFound, "no such verb")
	},
}

// timing opens each turn that was given and notes when its time is over.
var timing = shell.Service{
	Context: events.Timing,
	Decide: func(s *session.State, r *command.Request, _ clock.Instant) (command.Decision, error) {
		var turn ids.Turn
		if err := json.Unmarshal(r.Args, &turn); err != nil {
			return command.Decision{}, problem.Field("args", "%v", err)
		}
		if r.Verb == "open" {
			return decided(&events.TurnOpened{Turn: turn, AllottedMS: allotted})
		}
		if s.Queue.Turn != turn {
			return command.Decision{}, problem.New(problem.Stale, "another turn runs")
		}
		return decided(&events.TurnMarked{Turn: turn, Mark: events.MarkExpired, Due: s.Queue.Turns[turn].GivenAt.Add(allotted)})
	},
	Due: func(s *session.State) []shell.Deadline {
		var due []shell.Deadline
		for id, turn := range s.Queue.Turns {
			args, _ := json.Marshal(id)
			opened := s.Timing.Turns[id]
			switch {
			case opened == nil:
				due = append(due, shell.Deadline{At: turn.GivenAt, Request: command.Request{
					ID: ids.Named[ids.Command](id, "open"), Session: s.ID, Verb: "open", Actor: events.ByService(events.Timing), Args: args,
					Cause:    &events.Cause{Subject: events.Subject(events.Queue, s.ID), Sequence: s.Heads[events.Queue].Sequence, Reaction: "open"},
					CausedAt: turn.GivenAt,
				}})
			case !opened.Marked(events.MarkExpired) && s.Queue.Turn == id:
				due = append(due, shell.Deadline{At: turn.GivenAt.Add(allotted), Timer: true, Request: command.Request{
					ID: ids.Named[ids.Command](id, "expired"), Session: s.ID, Verb: "expire", Actor: events.ByService(events.Timing), Args: args,
				}})
			}
		}
		return due
	},
}

func decided(e ...events.Event) (command.Decision, error) { return command.Decision{Events: e}, nil }

// replica is one process with all three services.
type replica struct {
	log    *eventlog.Log
	shells map[events.Context]*shell.Shell
	stop   func()
}

// start runs a replica until it is stopped or the test ends.
func start(t *testing.T, store *logtest.Store, name string, change func(*shell.Config)) *replica {
	t.Helper()
	r := &replica{log: store.Log(eventlog.Options{Name: name, Heartbeat: 30 * time.Second}), shells: map[events.Context]*shell.Shell{}}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 3)
	for _, s := range []shell.Service{registry, queue, timing} {
		c := shell.Config{Service: s, Log: r.log, Logger: logtest.Logger(t)}
		if s.Context == events.Registry {
			c.Creates = func(verb string) bool { return verb == "create_session" }
		}
		if change != nil {
			change(&c)
		}
		sh, err := shell.New(c)
		if err != nil {
			t.Fatal(err)
		}
		r.shells[s.Context] = sh
		go func() { done <- sh.Run(ctx) }()
	}
	for _, sh := range r.shells {
		select {
		case <-sh.Ready():
		case err := <-done:
			t.Fatalf("%s ended: %v", sh.Name(), err)
		}
	}
	stopped := false
	r.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		for range r.shells {
			if err := <-done; err != nil {
				t.Errorf("a shell ended with %v", err)
			}
		}
	}
	t.Cleanup(r.stop)
	return r
}

// chair is an actor.
var chair = events.Actor{ID: "token/chair", Roles: []events.Role{events.Chair}}

// request makes a command.
func request(s ids.Session, by events.Actor, verb string) *command.Request {
	return &command.Request{ID: ids.New[ids.Command](), Session: s, Verb: verb, Actor: by}
}

// delegate makes an actor with an organisation of its own.
func delegate() events.Actor {
	a := ids.New[ids.Applicant]()
	return events.Actor{ID: "token/" + a.String(), Roles: []events.Role{events.Speaker}, Applicant: a}
}

// settled waits until the replicas are at rest.
func settled(t *testing.T, replicas ...*replica) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	// One replica's append is news to the others only when it reaches them, so all
	// are asked again until nothing changes any more.
	for range 2 {
		for _, r := range replicas {
			if err := r.log.Activity().Settled(ctx); err != nil {
				t.Fatalf("not settled: %v", err)
			}
		}
	}
}
