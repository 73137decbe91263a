package queue_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/keys"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/process"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
	"github.com/fairfloor/fairfloor/pkg/shell"
	"github.com/fairfloor/fairfloor/pkg/shell/shelltest"
	"github.com/fairfloor/fairfloor/services/queue"
)

func TestMain(m *testing.M) { logtest.Main(m) }

var chair, viceChair = sessiontest.Staff(events.Chair), sessiontest.Staff(events.ViceChair)

// room is a running session on a real log, with three replicas of the queue.
type room struct {
	t        *testing.T
	store    *logtest.Store
	conn     *nats.Conn
	replicas []*shelltest.Replica
}

var sid = sessiontest.ID[ids.Session]("session")

// inRoom runs a test in virtual time with n accepted applicants.
func inRoom(t *testing.T, applicants int, change func(*events.SessionCreated), test func(*testing.T, *room)) {
	shelltest.Bubble(t, func(t *testing.T) {
		r := &room{t: t, store: logtest.Open(t)}
		r.conn = r.store.Connect("client")
		for _, c := range []events.Context{events.Registry, events.Timing} {
			shelltest.Start(t, r.store, string(c), shelltest.Scribe(c))
		}
		for i := range 3 {
			r.replicas = append(r.replicas, shelltest.Start(t, r.store, fmt.Sprint("queue-", i), queue.Service()))
		}
		sample := sessiontest.Empty(t)
		sample.Sample(applicants, func(c *events.SessionCreated) {
			c.PlannedStart = clock.Of(time.Now())
			c.HardEnd = c.PlannedStart.Add(90 * 60_000)
			if change != nil {
				change(c)
			}
		})
		for _, m := range sample.Stored {
			var c events.Commit
			if err := c.UnmarshalJSON(m.Body); err != nil {
				t.Fatal(err)
			}
			shelltest.Write(t, r.conn, sid, m.Meta.Context, c.Verb, c.Actor, c.Events...)
		}
		now := clock.Of(time.Now())
		shelltest.Write(t, r.conn, sid, events.Timing, "start_session", chair,
			&events.SessionStarted{StartedAt: now}, &events.PartStarted{Part: sessiontest.Item, StartedAt: now})
		if _, err := r.ask(sessiontest.Request(chair, "open_list", command.PartRef{Part: sessiontest.Item})); err != nil {
			t.Fatal(err)
		}
		test(t, r)
	})
}

// ask sends a command to whichever replica takes it.
func (r *room) ask(asked *command.Request) (*command.Receipt, error) {
	copied := *asked
	q := &copied
	if q.ID.IsZero() {
		q.ID = ids.New[ids.Command]()
	}
	q.Session = sid
	return shell.Ask(context.Background(), r.conn, events.Queue, q)
}

func (r *room) must(q *command.Request) *command.Receipt {
	r.t.Helper()
	receipt, err := r.ask(q)
	if err != nil {
		r.t.Fatalf("%s: %v", q.Verb, err)
	}
	return receipt
}

// see reads the state of each replica, once all have folded everything.
func (r *room) see(look func(*session.State)) {
	r.t.Helper()
	for _, replica := range r.replicas {
		if err := replica.Log.Activity().Settled(context.Background()); err != nil {
			r.t.Fatal(err)
		}
	}
	synctest.Wait()
	for _, replica := range r.replicas {
		if !replica.View(sid, look) {
			r.t.Fatal("a replica does not know the session")
		}
	}
}

func joins(i int) *command.Request {
	return sessiontest.Request(sessiontest.Delegate(i), "join", command.Join{Part: sessiontest.Item})
}

// TestJoinsAtTheSameInstant: 53 people join at once, each command sent twice.
// Every one is stored once, at a place of its own that all replicas show.
func TestJoinsAtTheSameInstant(t *testing.T) {
	const n = 53
	inRoom(t, n, nil, func(t *testing.T, r *room) {
		var work sync.WaitGroup
		receipts := [n][2]*command.Receipt{}
		for i := range n {
			q := joins(i)
			q.ID = ids.New[ids.Command]()
			for again := range 2 {
				work.Go(func() {
					receipt, err := r.ask(q)
					if err != nil {
						t.Errorf("%d: %v", i, err)
						return
					}
					receipts[i][again] = receipt
				})
			}
		}
		work.Wait()
		if t.Failed() {
			return
		}
		places := map[int]int{}
		for i, both := range receipts {
			if both[0].Seq != both[1].Seq || both[0].Place != both[1].Place || both[0].Made["entry"] != both[1].Made["entry"] {
				t.Errorf("two answers to one command differ: %+v, %+v", both[0], both[1])
			}
			places[both[0].Place] = i
		}
		r.see(func(s *session.State) {
			order := s.Queue.List(sessiontest.Item).Order
			if len(order) != n {
				t.Errorf("%d wait, not %d", len(order), n)
			}
			for at, id := range order {
				if i, ok := places[at+1]; !ok || s.Queue.Entries[id].Applicant != sessiontest.Applicant(i) {
					t.Errorf("place %d is not of the one whose receipt names it", at+1)
				}
			}
		})
	})
}

// TestTheSamePersonTwiceAtOnce: two devices of one delegate make one entry, and
// the second is told its place.
func TestTheSamePersonTwiceAtOnce(t *testing.T) {
	inRoom(t, 2, nil, func(t *testing.T, r *room) {
		var work sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			work.Go(func() { _, errs[i] = r.ask(joins(0)) })
		}
		work.Wait()
		accepted := 0
		for _, err := range errs {
			var p *problem.Error
			switch {
			case err == nil:
				accepted++
			case !errors.As(err, &p) || p.Code != problem.Already || p.Field != "args.applicant":
				t.Errorf("refused with %v", err)
			}
		}
		if accepted != 1 {
			t.Errorf("%d of them were accepted", accepted)
		}
		r.see(func(s *session.State) {
			if n := len(s.Queue.Entries); n != 1 {
				t.Errorf("there are %d entries", n)
			}
		})
	})
}

// TestNextByTwoChairsAtOnce: one step, nobody skipped, and the second answer
// says why.
func TestNextByTwoChairsAtOnce(t *testing.T) {
	inRoom(t, 6, nil, func(t *testing.T, r *room) {
		for i := range 6 {
			r.must(joins(i))
		}
		var holders []ids.Applicant
		for range 6 {
			var turn ids.Turn
			var head ids.Entry
			r.see(func(s *session.State) { turn, head = s.Queue.Turn, s.Queue.List(sessiontest.Item).Order[0] })
			var work sync.WaitGroup
			errs := make([]error, 2)
			for i, by := range []events.Actor{chair, viceChair} {
				work.Go(func() {
					_, errs[i] = r.ask(sessiontest.OnButton(sessiontest.OnTurn(sessiontest.Request(by, "next", nil), turn), head))
				})
			}
			work.Wait()
			slices.SortFunc(errs, func(a, _ error) int {
				if a == nil {
					return -1
				}
				return 1
			})
			var p *problem.Error
			if errs[0] != nil || !errors.As(errs[1], &p) || p.Code != problem.Stale || p.Field != "expect.turn" || p.Since == nil {
				t.Fatalf("two presses gave %v and %v", errs[0], errs[1])
			}
			r.see(func(s *session.State) { turn = s.Queue.Turn })
			r.must(sessiontest.OnTurn(sessiontest.Request(chair, "begin", command.Begin{Turn: turn}), turn))
			time.Sleep(30 * time.Second)
			r.replicas[0].View(sid, func(s *session.State) {
				holders = append(holders, s.Queue.Entries[s.Queue.Running().Entry].Applicant)
			})
		}
		for i, holder := range holders {
			if holder != sessiontest.Applicant(i) {
				t.Errorf("turn %d was of %s", i, holder)
			}
		}
	})
}

// TestTheListClosesByItself, once, at its time, whichever replica does it.
func TestTheListClosesByItself(t *testing.T) {
	inRoom(t, 2, nil, func(t *testing.T, r *room) {
		r.must(joins(0))
		at := clock.Of(time.Now()).Add(5 * 60_000)
		r.must(sessiontest.Request(chair, "close_list", command.CloseList{Part: sessiontest.Item, At: at}))
		r.replicas[1].Stop()
		r.replicas = slices.Delete(r.replicas, 1, 2)
		time.Sleep(time.Until(at.Time()) - time.Millisecond)
		r.see(func(s *session.State) {
			if l := s.Queue.List(sessiontest.Item); l.State != events.ListClosing {
				t.Errorf("a millisecond before, the list is %s", l.State)
			}
		})
		time.Sleep(10 * time.Millisecond)
		// A replica that starts now knows the same from the log.
		r.replicas = append(r.replicas, shelltest.Start(t, r.store, "queue-late", queue.Service()))
		r.see(func(s *session.State) {
			head := s.Heads[events.Queue]
			if l := s.Queue.List(sessiontest.Item); l.State != events.ListClosed || head.At < at || head.At > at.Add(8) {
				t.Errorf("the list is %s, by a commit of %s for %s", l.State, head.At, at)
			}
			if closings := len(s.Queue.Acts); s.Queue.Acts[closings-1].Verb != "close_list" || s.Queue.Acts[closings-2].Verb != "close_list" || closings != 4 {
				t.Errorf("the acts are %+v", s.Queue.Acts)
			}
		})
		_, err := r.ask(joins(1))
		if !problem.Is(err, problem.WrongState) {
			t.Errorf("a join after that: %v", err)
		}
	})
}

// TestABeginIsAssumedAndTheSessionsEndEndsIt: the two things that follow from
// timing's facts and from time alone.
func TestABeginIsAssumedAndTheSessionsEndEndsIt(t *testing.T) {
	inRoom(t, 2, func(c *events.SessionCreated) { c.Modalities.Evidence = events.EvidenceNone }, func(t *testing.T, r *room) {
		r.must(joins(0))
		var head ids.Entry
		r.see(func(s *session.State) { head = s.Queue.List(sessiontest.Item).Order[0] })
		r.must(sessiontest.OnButton(sessiontest.OnTurn(sessiontest.Request(chair, "next", nil), ids.Turn{}), head))
		time.Sleep(12 * time.Second)
		r.see(func(s *session.State) {
			if turn := s.Queue.Running(); turn == nil || turn.BegunAt.Sub(turn.GivenAt) != 11_000 || turn.Basis != events.Assumed {
				t.Errorf("the turn is %+v", turn)
			}
		})
		ended := clock.Of(time.Now())
		shelltest.Write(t, r.conn, sid, events.Timing, "adjourn", chair, &events.SessionAdjourned{AdjournedAt: ended})
		r.see(func(s *session.State) {
			turn := s.Queue.Turns[s.Queue.TurnOrder[0]]
			if s.Queue.Running() != nil || turn.EndedAt != ended || turn.How != events.Adjourned {
				t.Errorf("the turn is %+v", turn)
			}
		})
	})
}

// TestNewIsAPartOfAProcess: what a process makes of the service answers, signs
// its receipts with the session's key, and stops in order.
func TestNewIsAPartOfAProcess(t *testing.T) {
	shelltest.Bubble(t, aProcess)
}

func aProcess(t *testing.T) {
	store := logtest.Open(t)
	set := keys.Ephemeral()
	p, err := process.Open(t.Context(), "queue", process.Settings{Data: t.TempDir(), Replicas: 1, LogFormat: "json", LogLevel: "info"},
		process.Options{Server: store.Server, Keys: set, Logger: logtest.Logger(t)})
	if err != nil {
		t.Fatal(err)
	}
	part, err := queue.New(p)
	if err != nil {
		t.Fatal(err)
	}
	p.Add(part)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	<-part.Ready()
	shelltest.Start(t, store, "registry", shelltest.Scribe(events.Registry))
	conn := store.Connect("client")
	created := &events.SessionCreated{Parts: []events.Part{{ID: sessiontest.Item, HasList: true, Title: "Item", Kind: events.Item}}}
	shelltest.Write(t, conn, sid, events.Registry, "create_session", chair, created)
	q := sessiontest.Request(chair, "open_list", command.PartRef{Part: sessiontest.Item})
	q.ID, q.Session = ids.New[ids.Command](), sid
	receipt, err := shell.Ask(t.Context(), conn, events.Queue, q)
	if err != nil {
		t.Fatal(err)
	}
	public, err := keys.ParsePublic(set.SessionPublic(sid))
	if err != nil {
		t.Fatal(err)
	}
	if !receipt.Verify(public) || receipt.Outcome != command.Accepted {
		t.Errorf("the receipt is %+v", receipt)
	}
	cancel()
	if err := errors.Join(<-done, p.Close()); err != nil {
		t.Errorf("the process ended with %v", err)
	}
}
