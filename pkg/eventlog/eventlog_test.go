package eventlog_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// collector is a handler that keeps what it is given.
type collector struct {
	mu   sync.Mutex
	list []*eventlog.Message
}

func (c *collector) handle(m *eventlog.Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, m)
}

func (c *collector) of(s ids.Session) []*eventlog.Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []*eventlog.Message
	for _, m := range c.list {
		if m.Session == s {
			found = append(found, m)
		}
	}
	return found
}

// TestAppendOutcomes goes through the closed set with a real server.
func TestAppendOutcomes(t *testing.T) {
	store := logtest.Open(t)
	log := store.Log(eventlog.Options{Name: "test"})
	s := sessionIn(3)
	w := newWriter(log, s, events.Queue)
	first := w.write(t)
	second := w.write(t)
	if first.Sequence != 1 || second.Sequence != 2 {
		t.Fatalf("sequences are %d and %d, not 1 and 2", first.Sequence, second.Sequence)
	}
	ctx := context.Background()
	for _, tc := range []struct {
		name     string
		expected uint64
		want     eventlog.Kind
	}{
		{"a stale head", first.Sequence, eventlog.Conflict},
		{"an empty subject", 0, eventlog.Conflict},
		{"a head that is not there", 99, eventlog.Conflict},
		{"the head", second.Sequence, eventlog.Stored},
	} {
		if out := log.Append(ctx, s, events.Queue, w.commit(), tc.expected); out.Kind != tc.want {
			t.Errorf("%s: %s (%v), want %s", tc.name, out.Kind, out.Err, tc.want)
		}
	}
	// Another subject of the same session has a head of its own.
	if out := log.Append(ctx, s, events.Timing, newWriter(log, s, events.Timing).commit(), 0); out.Kind != eventlog.Stored {
		t.Errorf("another context: %s: %v", out.Kind, out.Err)
	}
	last, err := log.Last(ctx, s, events.Queue)
	if err != nil || last != 3 {
		t.Errorf("leader read gives %d, %v; want 3", last, err)
	}
}

// TestRepeatedCommandIsNotStoredTwice: the same message id with the right guard
// is no success either, for what is stored may be another decision.
func TestRepeatedCommandIsNotStoredTwice(t *testing.T) {
	store := logtest.Open(t)
	log := store.Log(eventlog.Options{Name: "test"})
	s := sessionIn(0)
	w := newWriter(log, s, events.Queue)
	c := w.commit()
	out := log.Append(context.Background(), s, events.Queue, c, 0)
	if out.Kind != eventlog.Stored {
		t.Fatalf("append: %v", out.Err)
	}
	again := log.Append(context.Background(), s, events.Queue, c, out.Sequence)
	if again.Kind != eventlog.Conflict {
		t.Errorf("the same id again: %s, want conflict", again.Kind)
	}
	if last, err := log.Last(context.Background(), s, events.Queue); err != nil || last != out.Sequence {
		t.Errorf("the head moved to %d (%v)", last, err)
	}
}

// TestStoredFormAndSettings looks at the stream with the library alone, round the log's own code.
func TestStoredFormAndSettings(t *testing.T) {
	store := logtest.Open(t)
	log := store.Log(eventlog.Options{Name: "test"})
	s := sessionIn(5)
	w := newWriter(log, s, events.Queue)
	head := w.write(t)
	js, err := jetstream.New(store.Connect("look"))
	if err != nil {
		t.Fatal(err)
	}
	ctx := within(t, 10*time.Second)
	stream, err := js.Stream(ctx, events.Stream(s))
	if err != nil {
		t.Fatal(err)
	}
	msg, err := stream.GetMsg(ctx, head.Sequence)
	if err != nil {
		t.Fatal(err)
	}
	if msg.Subject != events.Subject(events.Queue, s) {
		t.Errorf("stored as %q, want %q", msg.Subject, events.Subject(events.Queue, s))
	}
	if events.HashBody(msg.Data) != head.Hash {
		t.Error("the hash is not that of the stored body")
	}
	if id := msg.Header.Get("ce-id"); id == "" {
		t.Error("no CloudEvents id")
	}
	if err := stream.DeleteMsg(ctx, head.Sequence); err == nil {
		t.Error("a fact could be deleted")
	}
	if err := stream.Purge(ctx); err == nil {
		t.Error("the stream could be purged")
	}
	wrong := &nats.Msg{Subject: eventlog.PublishSubject(events.Queue, s), Data: []byte("{}"), Header: nats.Header{"Nats-Expected-Stream": {"OTHER"}}}
	if _, err := js.PublishMsg(ctx, wrong); err == nil {
		t.Error("a message for another stream was stored")
	}
}

// TestOpenAgainKeepsIncarnation: two processes and two lives see the same one.
func TestOpenAgainKeepsIncarnation(t *testing.T) {
	folder := t.TempDir()
	s := ids.New[ids.Session]()
	first := logtest.OpenIn(t, folder)
	one := first.Log(eventlog.Options{Name: "one"}).Incarnation(s)
	two := first.Log(eventlog.Options{Name: "two"}).Incarnation(s)
	first.Close()
	again := logtest.OpenIn(t, folder).Log(eventlog.Options{Name: "again"}).Incarnation(s)
	if one == "" || one != two || one != again {
		t.Errorf("incarnations differ: %q, %q, %q", one, two, again)
	}
}

// TestForeignSettingsAreRefused: a stream that would drop facts is not used.
func TestForeignSettingsAreRefused(t *testing.T) {
	store := logtest.Open(t)
	conn := store.Connect("other")
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	ctx := within(t, 10*time.Second)
	_, err = js.CreateStream(ctx, jetstream.StreamConfig{Name: events.ShardStream(4), Subjects: []string{"put.4.>"}, MaxAge: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := eventlog.Open(ctx, conn, eventlog.Options{Name: "x"}); err == nil {
		t.Error("a stream with an age limit was accepted")
	}
}

// TestFollow hands on everything once and in order, to followers and tails, what
// was stored before and what comes.
func TestFollow(t *testing.T) {
	for _, tail := range []bool{false, true} {
		name := map[bool]string{false: "follower", true: "tail"}[tail]
		t.Run(name, func(t *testing.T) {
			store := logtest.Open(t)
			log := store.Log(eventlog.Options{Name: "test"})
			s := sessionIn(1)
			queue, timing := newWriter(log, s, events.Queue), newWriter(log, s, events.Timing)
			for range 20 {
				queue.write(t)
				timing.write(t)
			}
			var got collector
			make := log.NewFollower
			if tail {
				make = log.NewTail
			}
			f := make("f", got.handle)
			follow(t, f)
			ready(t, f)
			if n := len(got.of(s)); n != 40 {
				t.Fatalf("ready after %d of 40 messages", n)
			}
			for range 20 {
				timing.write(t)
				queue.write(t)
			}
			if err := f.Await(within(t, 10*time.Second), s, queue.head.Sequence); err != nil {
				t.Fatal(err)
			}
			if err := log.Activity().Settled(within(t, 10*time.Second)); err != nil {
				t.Fatal(err)
			}
			for i, m := range got.of(s) {
				if m.Sequence != uint64(i+1) {
					t.Fatalf("message %d has sequence %d", i, m.Sequence)
				}
			}
			if n := len(got.of(s)); n != 80 {
				t.Errorf("%d of 80 messages", n)
			}
			raw, err := log.Read(within(t, 10*time.Second), s)
			if err != nil || len(raw) != 80 {
				t.Fatalf("read %d messages: %v", len(raw), err)
			}
			for i, m := range got.of(s) {
				if events.HashBody(raw[i].Body) != m.Hash || raw[i].Subject != m.Subject || raw[i].Sequence != m.Sequence {
					t.Fatalf("message %d was read as another one than it was followed", i)
				}
			}
		})
	}
}

// TestAppendWithoutServer: an append that nobody answers is not taken for a failure.
func TestAppendWithoutServer(t *testing.T) {
	store := logtest.Open(t)
	log := store.Log(eventlog.Options{Name: "test", AppendWithin: 200 * time.Millisecond})
	w := newWriter(log, sessionIn(2), events.Queue)
	w.write(t)
	store.Server.Stop()
	out := log.Append(context.Background(), w.session, events.Queue, w.commit(), w.head.Sequence)
	if out.Kind != eventlog.Unknown && out.Kind != eventlog.NotSent {
		t.Errorf("without a server: %s: %v", out.Kind, out.Err)
	}
	if out.Err == nil || errors.Is(out.Err, eventlog.ErrNoMessage) {
		t.Errorf("the error says nothing: %v", out.Err)
	}
}
