package shell_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"

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

// opened starts a replica with a session and gives both.
func opened(t *testing.T, store *logtest.Store, change func(*shell.Config)) (*replica, *nats.Conn, ids.Session) {
	t.Helper()
	r, conn, s := start(t, store, "a", change), store.Connect("client"), ids.New[ids.Session]()
	if _, err := shell.Ask(context.Background(), conn, events.Registry, request(s, chair, "create_session")); err != nil {
		t.Fatal(err)
	}
	return r, conn, s
}

// gate makes the queue's decisions wait until it is opened, and counts them.
type gate struct {
	open  chan struct{}
	asked atomic.Int64
}

func (g *gate) config(waiting int) func(*shell.Config) {
	return func(c *shell.Config) {
		c.Waiting = waiting
		if c.Service.Context != events.Queue {
			return
		}
		decide := c.Service.Decide
		c.Service.Decide = func(s *session.State, r *command.Request, now clock.Instant) (command.Decision, error) {
			g.asked.Add(1)
			<-g.open
			return decide(s, r, now)
		}
	}
}

// TestFullLine: of one session's commands only so many wait; the next is told
// "not now" with a time, and those that wait are all answered.
func TestFullLine(t *testing.T) {
	logtest.Bubble(t, func(t *testing.T) {
		const limit = 5
		g := &gate{open: make(chan struct{})}
		store := logtest.Open(t)
		_, conn, s := opened(t, store, g.config(limit))
		var answers sync.WaitGroup
		var stored atomic.Int64
		send := func() {
			answers.Go(func() {
				if _, err := shell.Ask(context.Background(), conn, events.Queue, request(s, delegate(), "join")); err == nil {
					stored.Add(1)
				}
			})
			synctest.Wait()
		}
		// One is being decided, the others wait.
		for range limit + 1 {
			send()
		}
		body, err := json.Marshal(request(s, delegate(), "join"))
		if err != nil {
			t.Fatal(err)
		}
		r := &command.Receipt{}
		reply, err := conn.Request("cmd.queue."+s.String()+".join", nil, time.Second)
		if err != nil || reply.Header.Get("Nats-Service-Error-Code") != "400" {
			t.Fatalf("an empty command: %v", err)
		}
		if reply, err = conn.Request("cmd.queue."+s.String()+".join", body, time.Second); err != nil {
			t.Fatal(err)
		}
		p := &problem.Error{}
		if json.Unmarshal(reply.Data, r) != nil || json.Unmarshal(r.Problem, p) != nil || p.Code != problem.Busy || p.RetryAfterMS == 0 {
			t.Errorf("over the limit: %s", reply.Data)
		}
		close(g.open)
		answers.Wait()
		if n := stored.Load(); n != limit+1 {
			t.Errorf("%d of %d waiting commands were done", n, limit+1)
		}
	})
}

// TestDrainFinishesWhatItTook: commands that were taken before SIGTERM get their
// receipts; the witness has them when Run has ended.
func TestDrainFinishesWhatItTook(t *testing.T) {
	logtest.Bubble(t, func(t *testing.T) {
		g := &gate{open: make(chan struct{})}
		store := logtest.Open(t)
		r, conn, s := opened(t, store, g.config(0))
		before := store.Witness.Len()
		var answers sync.WaitGroup
		var stored atomic.Int64
		const sent = 20
		for range sent {
			answers.Go(func() {
				if _, err := shell.Ask(context.Background(), conn, events.Queue, request(s, delegate(), "join")); err != nil {
					t.Errorf("taken and not answered: %v", err)
					return
				}
				stored.Add(1)
			})
		}
		synctest.Wait()
		time.AfterFunc(time.Second, func() { close(g.open) })
		r.stop()
		answers.Wait()
		if n := stored.Load(); n != sent {
			t.Errorf("%d of %d", n, sent)
		}
		if after := store.Witness.Len(); after != before+1 {
			t.Errorf("the witness knows %d subjects, want %d", after, before+1)
		}
		for c, sh := range r.shells {
			if sh.Check() == nil {
				t.Errorf("%s says that it is ready after its end", c)
			}
		}
	})
}

// TestGatedClock: nothing happens while the clock stands; Settled tells when all
// that one instant caused is done.
func TestGatedClock(t *testing.T) {
	begin := time.Date(2026, 9, 1, 9, 0, 0, 0, time.UTC)
	gated := clock.NewGated(begin)
	store := logtest.Open(t)
	r, conn, s := opened(t, store, func(c *shell.Config) { c.Clock = gated })
	ctx := context.Background()
	for _, step := range []*command.Request{request(s, delegate(), "join"), request(s, chair, "give")} {
		if _, err := shell.Ask(ctx, conn, events.Queue, step); err != nil {
			t.Fatal(err)
		}
	}
	settled(t, r)
	next, armed := gated.Next()
	// The session was created at the first instant, joined 1 ms and given 2 ms later.
	if want := begin.Add(2*time.Millisecond + allotted*time.Millisecond); !armed || !next.Equal(want) {
		t.Fatalf("the next instant is %v (%t), want %v", next, armed, want)
	}
	gated.Advance(next)
	settled(t, r)
	raw, err := r.log.Read(ctx, s)
	if err != nil || len(raw) != 5 {
		t.Fatalf("%d commits (%v), want 5", len(raw), err)
	}
	if at := decode(t, raw[4].Body).At; at != clock.Of(next) {
		t.Errorf("the timer's commit is at %s, want %s", at, clock.Of(next))
	}
	if again, armed := gated.Next(); armed {
		t.Errorf("something is armed for %v", again)
	}
}

// TestForeignFactBeforeDeadlineCounts: what the queue wrote before the deadline
// counts for the timer's decision even when it has not been folded here: the turn
// was ended, so nothing is marked (decisions.md 10).
func TestForeignFactBeforeDeadlineCounts(t *testing.T) {
	gated := clock.NewGated(time.Date(2026, 9, 1, 9, 0, 0, 0, time.UTC))
	store := logtest.Open(t)
	r, conn, s := opened(t, store, func(c *shell.Config) { c.Clock = gated })
	ctx := context.Background()
	var given *command.Receipt
	for _, step := range []*command.Request{request(s, delegate(), "join"), request(s, chair, "give")} {
		var err error
		if given, err = shell.Ask(ctx, conn, events.Queue, step); err != nil {
			t.Fatal(err)
		}
	}
	settled(t, r)
	next, _ := gated.Next()
	// Another process ends the turn; the clock moves on in the same moment.
	other := store.Log(eventlog.Options{Name: "other"})
	end := &events.Commit{
		V: events.Version, Command: ids.New[ids.Command](), Verb: "end", Actor: chair, At: clock.Of(next) - 1,
		Version: given.Version + 1, PrevHash: given.Hash,
		Events: []events.Event{&events.TurnEnded{Turn: ids.MustParse[ids.Turn](given.Made["turn"]), EndedAt: clock.Of(next) - 1, How: events.Ended}},
	}
	if out := other.Append(ctx, s, events.Queue, end, given.Seq); out.Kind != eventlog.Stored {
		t.Fatal(out.Err)
	}
	gated.Advance(next)
	settled(t, r)
	r.shells[events.Timing].View(s, func(st *session.State) {
		for id, turn := range st.Timing.Turns {
			if turn.Marked(events.MarkExpired) {
				t.Errorf("turn %s is marked as over although it had ended before", id)
			}
		}
	})
}

// TestReceiptsAreSigned: the first receipt and the repeated one, by the session's key.
func TestReceiptsAreSigned(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	store := logtest.Open(t)
	_, conn, s := opened(t, store, func(c *shell.Config) {
		c.Sign = func(_ ids.Session, r *command.Receipt) { r.Sign(private) }
	})
	join := request(s, delegate(), "join")
	for range 2 {
		receipt, err := shell.Ask(context.Background(), conn, events.Queue, join)
		if err != nil {
			t.Fatal(err)
		}
		if !receipt.Verify(public) {
			t.Errorf("the signature of %+v does not verify", receipt)
		}
		receipt.Place++
		if receipt.Verify(public) {
			t.Error("a changed receipt verifies")
		}
	}
}

// TestNobodyServes: a command to nobody is "not now" after its time, not an error
// without a name.
func TestNobodyServes(t *testing.T) {
	logtest.Bubble(t, func(t *testing.T) {
		store := logtest.Open(t)
		began := time.Now()
		_, err := shell.Ask(context.Background(), store.Connect("client"), events.Queue, request(ids.New[ids.Session](), chair, "join"))
		if !problem.Is(err, problem.Busy) {
			t.Errorf("nobody serves: %v", err)
		}
		if took := time.Since(began); took < 9*time.Second || took > 11*time.Second {
			t.Errorf("gave up after %s", took)
		}
	})
}

// TestRefusedSession: a session whose log fails its check gets its own answer from
// every context, and its neighbours go on.
func TestRefusedSession(t *testing.T) {
	store := logtest.Open(t)
	r, conn, s := opened(t, store, nil)
	r.log.Refuse(eventlog.Refusal{Session: s, Subject: events.Subject(events.Queue, s), Missing: "versions 3 to 5 are missing"})
	for _, to := range []events.Context{events.Registry, events.Queue, events.Timing} {
		if _, err := shell.Ask(context.Background(), conn, to, request(s, delegate(), "join")); !problem.Is(err, problem.Refused) {
			t.Errorf("%s answers %v", to, err)
		}
	}
	other := ids.New[ids.Session]()
	if _, err := shell.Ask(context.Background(), conn, events.Registry, request(other, chair, "create_session")); err != nil {
		t.Errorf("a neighbour: %v", err)
	}
}
