package eventlog_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// TestMain keeps nats-server's access-time goroutine out of the bubbles and ends
// with a look for goroutines that a test left behind.
func TestMain(m *testing.M) { logtest.Main(m) }

// writer appends commits to one subject as a service would, keeping its head.
type writer struct {
	log     *eventlog.Log
	session ids.Session
	context events.Context
	head    eventlog.Head
	at      clock.Instant
}

func newWriter(log *eventlog.Log, s ids.Session, c events.Context) *writer {
	return &writer{log: log, session: s, context: c, at: 1_790_000_000_000}
}

// commit makes the next commit of the subject.
func (w *writer) commit() *events.Commit {
	prev := w.head.Hash
	if w.head.Version == 0 {
		prev = events.FirstHash(events.Subject(w.context, w.session), w.log.Incarnation(w.session))
	}
	w.at++
	return &events.Commit{
		V: events.Version, Command: ids.New[ids.Command](), Verb: "join", Actor: events.Actor{ID: "writer", Roles: []events.Role{events.Speaker}},
		At: w.at, Version: w.head.Version + 1, PrevHash: prev,
		Events: []events.Event{&events.EntryJoined{Entry: ids.New[ids.Entry](), Kind: events.Statement, Place: int(w.head.Version) + 1}},
	}
}

// write appends the next commit and fails the test on any other outcome than Stored.
func (w *writer) write(t testing.TB) eventlog.Head {
	t.Helper()
	c := w.commit()
	out := w.log.Append(context.Background(), w.session, w.context, c, w.head.Sequence)
	if out.Kind != eventlog.Stored {
		t.Fatalf("append of version %d: %s: %v", c.Version, out.Kind, out.Err)
	}
	w.head = eventlog.Head{Subject: events.Subject(w.context, w.session), Sequence: out.Sequence, Version: c.Version, Hash: out.Hash}
	return w.head
}

// sessionIn makes a session id of one shard.
func sessionIn(shard int) ids.Session {
	for {
		if s := ids.New[ids.Session](); events.Shard(s) == shard {
			return s
		}
	}
}

// within gives a context that ends with a clear failure instead of a hanging test.
func within(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(context.Background(), d, fmt.Errorf("the test waited %s", d))
	t.Cleanup(cancel)
	return ctx
}

// follow runs a follower until the test ends or stop is called.
func follow(t testing.TB, f *eventlog.Follower) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("follower: %v", err)
		}
	}
	t.Cleanup(stop)
	return stop
}

// ready waits until a follower has read and checked the log.
func ready(t testing.TB, f *eventlog.Follower) {
	t.Helper()
	ctx := within(t, 30*time.Second)
	select {
	case <-f.Ready():
	case <-ctx.Done():
		t.Fatalf("not ready: %v: %v", f.Check(), context.Cause(ctx))
	}
}

const (
	// testPatience bounds a single wait of a test.
	testPatience = 20 * time.Second
	// flips is the number of random places of TestFlippedBitIsNamed.
	flips = 15
)

func itoa(n uint64) string { return fmt.Sprint(n) }
