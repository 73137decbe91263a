package shell_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/shell"
)

// TestContention: three replicas of each service, many clients on one session,
// every command sent twice at once. Every command happens once, both its answers
// name the same place in the log, and all replicas hold the same state.
func TestContention(t *testing.T) {
	logtest.Bubble(t, func(t *testing.T) {
		store := logtest.Open(t)
		replicas := []*replica{start(t, store, "a", nil), start(t, store, "b", nil), start(t, store, "c", nil)}
		ctx, conn := context.Background(), store.Connect("client")
		s := ids.New[ids.Session]()
		if _, err := shell.Ask(ctx, conn, events.Registry, request(s, chair, "create_session")); err != nil {
			t.Fatal(err)
		}
		const clients, each = 8, 10
		type pair [2]*command.Receipt
		var mu sync.Mutex
		var pairs []pair
		var work sync.WaitGroup
		for range clients {
			work.Go(func() {
				for range each {
					r := request(s, delegate(), "join")
					var p pair
					var both sync.WaitGroup
					for i := range p {
						both.Go(func() {
							receipt, err := shell.Ask(ctx, conn, events.Queue, r)
							if err != nil {
								t.Errorf("join: %v", err)
								return
							}
							p[i] = receipt
						})
					}
					both.Wait()
					mu.Lock()
					pairs = append(pairs, p)
					mu.Unlock()
				}
			})
		}
		work.Wait()
		if t.Failed() {
			return
		}
		places := map[int]bool{}
		for _, p := range pairs {
			if p[0].Seq != p[1].Seq || p[0].Hash != p[1].Hash || p[0].Made["entry"] != p[1].Made["entry"] || p[0].Place != p[1].Place {
				t.Errorf("two answers to one command differ: %+v, %+v", p[0], p[1])
			}
			if (p[0].Outcome == command.Accepted) == (p[1].Outcome == command.Accepted) {
				t.Errorf("of two answers %s and %s, one should be accepted", p[0].Outcome, p[1].Outcome)
			}
			places[p[0].Place] = true
		}
		for n := range clients * each {
			if !places[n+1] {
				t.Errorf("nobody has place %d", n+1)
			}
		}
		synctest.Wait()
		settled(t, replicas...)
		var first session.Head
		for i, r := range replicas {
			for c, sh := range r.shells {
				if !sh.View(s, func(st *session.State) {
					if n := len(st.Queue.Entries); n != clients*each {
						t.Errorf("replica %d's %s has %d entries", i, c, n)
					}
					if first.Version == 0 {
						first = st.Heads[events.Queue]
					}
					if st.Heads[events.Queue] != first {
						t.Errorf("replica %d's %s stands at %+v, not %+v", i, c, st.Heads[events.Queue], first)
					}
				}) {
					t.Errorf("replica %d's %s does not know the session", i, c)
				}
			}
		}
	})
}

// TestReactionAndTimer: three rivals open each turn once, at the cause's own
// time, and note its end once, at the deadline to the millisecond.
func TestReactionAndTimer(t *testing.T) {
	logtest.Bubble(t, func(t *testing.T) {
		store := logtest.Open(t)
		replicas := []*replica{start(t, store, "a", nil), start(t, store, "b", nil), start(t, store, "c", nil)}
		ctx, conn := context.Background(), store.Connect("client")
		s := ids.New[ids.Session]()
		for _, step := range []struct {
			to events.Context
			r  *command.Request
		}{
			{events.Registry, request(s, chair, "create_session")},
			{events.Queue, request(s, delegate(), "join")},
		} {
			if _, err := shell.Ask(ctx, conn, step.to, step.r); err != nil {
				t.Fatal(err)
			}
		}
		given, err := shell.Ask(ctx, conn, events.Queue, request(s, chair, "give"))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(allotted*time.Millisecond - time.Second)
		synctest.Wait()
		settled(t, replicas...)
		raw, err := replicas[0].log.Read(ctx, s)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(raw); n != 4 {
			t.Fatalf("%d commits before the deadline, want 4", n)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if raw, err = replicas[0].log.Read(ctx, s); err != nil || len(raw) != 5 {
			t.Fatalf("%d commits after the deadline (%v), want 5", len(raw), err)
		}
		opened, marked := decode(t, raw[3].Body), decode(t, raw[4].Body)
		if opened.At != given.At || opened.Cause == nil || opened.Cause.Sequence != given.Seq || opened.Actor.ID != "system/timing" {
			t.Errorf("the reaction is %+v, its cause %+v", opened, given)
		}
		if late := marked.At.Sub(given.At) - allotted; late < 0 || late > 1 {
			t.Errorf("the timer's commit is %d ms after its deadline", late)
		}
		if marked.Seen[events.Subject(events.Queue, s)] != given.Seq {
			t.Errorf("the timer was decided on %v", marked.Seen)
		}
	})
}

func decode(t *testing.T, body []byte) *events.Commit {
	t.Helper()
	c := &events.Commit{}
	if err := c.UnmarshalJSON(body); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestRestartDoesWhatIsOutstanding: a turn given while no timing ran is opened
// when it starts, and its timer is armed from the log.
func TestRestartDoesWhatIsOutstanding(t *testing.T) {
	logtest.Bubble(t, func(t *testing.T) {
		store := logtest.Open(t)
		first := start(t, store, "a", nil)
		ctx, conn := context.Background(), store.Connect("client")
		s := ids.New[ids.Session]()
		ask := func(to events.Context, r *command.Request) *command.Receipt {
			t.Helper()
			receipt, err := shell.Ask(ctx, conn, to, r)
			if err != nil {
				t.Fatal(err)
			}
			return receipt
		}
		ask(events.Registry, request(s, chair, "create_session"))
		ask(events.Queue, request(s, delegate(), "join"))
		ask(events.Queue, request(s, chair, "give"))
		synctest.Wait()
		settled(t, first)
		first.stop()
		time.Sleep(2 * allotted * time.Millisecond)
		second := start(t, store, "b", nil)
		synctest.Wait()
		settled(t, second)
		if !second.shells[events.Timing].View(s, func(st *session.State) {
			for id, turn := range st.Timing.Turns {
				if !turn.Marked(events.MarkExpired) {
					t.Errorf("turn %s is not marked", id)
				}
			}
			if len(st.Timing.Turns) != 1 {
				t.Errorf("%d turns are open", len(st.Timing.Turns))
			}
		}) {
			t.Error("the session is not known")
		}
	})
}

// TestAnswers goes through what a client may be told.
func TestAnswers(t *testing.T) {
	store := logtest.Open(t)
	start(t, store, "a", nil)
	ctx, conn := context.Background(), store.Connect("client")
	s, member := ids.New[ids.Session](), delegate()
	created := request(s, chair, "create_session")
	joined := request(s, member, "join")
	other := *joined
	other.Args = []byte(`{"other":true}`)
	stolen := request(s, delegate(), "join")
	stolen.ID = joined.ID
	spaced := *created
	spaced.Args = nil
	impostor := request(s, events.ByService(events.Timing), "join")
	nameless := request(s, events.Actor{}, "join")
	noID := request(s, member, "join")
	noID.ID = ids.Command{}
	for _, tc := range []struct {
		name string
		to   events.Context
		r    *command.Request
		want problem.Code
		out  command.Outcome
	}{
		{"a session that nobody made", events.Queue, request(ids.New[ids.Session](), member, "join"), problem.NotFound, ""},
		{"a verb that makes none", events.Registry, request(ids.New[ids.Session](), chair, "change_session"), problem.NotFound, ""},
		{"created", events.Registry, created, "", command.Accepted},
		{"created again with the same id", events.Registry, &spaced, "", command.Duplicate},
		{"created again with another id", events.Registry, request(s, chair, "create_session"), problem.Already, ""},
		{"joined", events.Queue, joined, "", command.Accepted},
		{"joined, repeated", events.Queue, joined, "", command.Duplicate},
		{"the id for something else", events.Queue, &other, problem.Reused, ""},
		{"the id of somebody else's command", events.Queue, stolen, problem.Reused, ""},
		{"a second place", events.Queue, request(s, member, "join"), problem.Already, ""},
		{"an unknown verb", events.Queue, request(s, member, "dance"), problem.NotFound, ""},
		{"a service's name", events.Queue, impostor, problem.Forbidden, ""},
		{"nobody's name", events.Queue, nameless, problem.Unauthorised, ""},
		{"no id", events.Queue, noID, problem.Invalid, ""},
		{"a fault in the domain", events.Queue, request(s, chair, "withdraw"), problem.Internal, ""},
		{"and the next command", events.Queue, request(s, delegate(), "join"), "", command.Accepted},
	} {
		t.Run(tc.name, func(t *testing.T) {
			receipt, err := shell.Ask(ctx, conn, tc.to, tc.r)
			switch {
			case tc.want != "" && !problem.Is(err, tc.want):
				t.Errorf("answer is %+v, %v; want %s", receipt, err, tc.want)
			case tc.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tc.want == "" && receipt.Outcome != tc.out:
				t.Errorf("outcome is %s, want %s", receipt.Outcome, tc.out)
			}
		})
	}
}

// TestWireForm: a refusal has micro's error headers and a receipt with a problem.
func TestWireForm(t *testing.T) {
	store := logtest.Open(t)
	start(t, store, "a", nil)
	conn := store.Connect("client")
	reply, err := conn.Request("cmd.queue."+ids.New[ids.Session]().String()+".join", []byte("{"), 5*time.Second)
	for deadline := time.Now().Add(5 * time.Second); err != nil && time.Now().Before(deadline); {
		reply, err = conn.Request("cmd.queue."+ids.New[ids.Session]().String()+".join", []byte("{"), 5*time.Second)
	}
	if err != nil {
		t.Fatal(err)
	}
	if code := reply.Header.Get("Nats-Service-Error-Code"); code != "400" {
		t.Errorf("error code %q, want 400", code)
	}
	if text := reply.Header.Get("Nats-Service-Error"); text == "" {
		t.Error("no error header")
	}
}
