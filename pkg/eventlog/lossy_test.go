package eventlog_test

import (
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/natsembed"
)

// lossy carries bytes between clients and a server, and loses what it is told to:
// a server that goes away takes with it what it had been sent and not yet done, or
// what it had done and not yet told.
type lossy struct {
	listener net.Listener
	server   string
	// asks and tells say that what goes to the server, or comes from it, is lost.
	asks, tells atomic.Bool
	// lost is told of each time that something was.
	lost chan struct{}

	mu   sync.Mutex
	open []net.Conn
}

func newLossy(t *testing.T, server string) *lossy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &lossy{listener: listener, server: server, lost: make(chan struct{}, 1)}
	t.Cleanup(func() {
		_ = listener.Close()
		l.cut()
	})
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			back, err := net.Dial("tcp", server)
			if err != nil {
				_ = client.Close()
				continue
			}
			l.mu.Lock()
			l.open = append(l.open, client, back)
			l.mu.Unlock()
			go l.carry(back, client, &l.asks)
			go l.carry(client, back, &l.tells)
		}
	}()
	return l
}

func (l *lossy) carry(to io.Writer, from io.Reader, lose *atomic.Bool) {
	buffer := make([]byte, 1<<16)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if lose.Load() {
			select {
			case l.lost <- struct{}{}:
			default:
			}
			continue
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// cut ends every connection.
func (l *lossy) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range l.open {
		_ = conn.Close()
	}
	l.open = nil
}

// TestAnAppendUnderWayWhenItsServerGoesIsStoredOnceAndNotWaitedForInVain: whether
// the request was lost or its answer, it is stored once, and its writer hears so
// as soon as there is a server again, and not when Options.AppendWithin is over.
func TestAnAppendUnderWayWhenItsServerGoesIsStoredOnceAndNotWaitedForInVain(t *testing.T) {
	server, err := natsembed.Start(context.Background(), natsembed.Options{Folder: t.TempDir(), Listen: "127.0.0.1:0", Logger: logtest.Logger(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	for _, tc := range []struct {
		name string
		lose func(*lossy) *atomic.Bool
	}{
		{"the request is lost", func(l *lossy) *atomic.Bool { return &l.asks }},
		{"the answer is lost", func(l *lossy) *atomic.Bool { return &l.tells }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			way := newLossy(t, server.URL()[len("nats://"):])
			conn, err := nats.Connect("nats://"+way.listener.Addr().String(), eventlog.ConnOptions("writer", logtest.Logger(t), nil)...)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(conn.Close)
			// Without another attempt the append would be waited for until the test gives up.
			log, err := eventlog.Open(within(t, testPatience), conn, eventlog.Options{Name: "writer", AppendWithin: 10 * testPatience, Logger: logtest.Logger(t)})
			if err != nil {
				t.Fatal(err)
			}
			w := newWriter(log, sessionIn(3), events.Queue)
			w.write(t)
			tc.lose(way).Store(true)
			done := make(chan eventlog.Outcome, 1)
			commit := w.commit()
			go func() { done <- log.Append(context.Background(), w.session, w.context, commit, w.head.Sequence) }()
			limit := within(t, testPatience)
			select {
			case <-way.lost:
			case <-limit.Done():
				t.Fatal(context.Cause(limit))
			}
			way.cut()
			tc.lose(way).Store(false)
			select {
			case out := <-done:
				if out.Kind != eventlog.Stored {
					t.Errorf("%s: %v", out.Kind, out.Err)
				}
			case <-limit.Done():
				t.Fatal("the append is waited for in vain")
			}
			if all, err := log.Read(within(t, testPatience), w.session); err != nil || len(all) != 2 {
				t.Errorf("%d messages, want 2: %v", len(all), err)
			}
		})
	}
}

// TestWhatIsWaitedForIsReadFromTheLeader: a follower whose consumer brings nothing
// gives what somebody waits for nevertheless, in order and once.
func TestWhatIsWaitedForIsReadFromTheLeader(t *testing.T) {
	log := logtest.Open(t).Log(eventlog.Options{Name: "test"})
	got := &collector{}
	f := log.NewFollower("follower", got.handle)
	w := newWriter(log, sessionIn(5), events.Queue)
	w.write(t)
	stop := follow(t, f)
	ready(t, f)
	stop() // no consumer brings anything any more
	for range 4 {
		w.write(t)
	}
	heads, err := f.CatchUp(within(t, testPatience), w.session, events.Queue)
	if err != nil || heads[events.Queue] != w.head.Sequence {
		t.Fatalf("caught up to %d of %d: %v", heads[events.Queue], w.head.Sequence, err)
	}
	for i, m := range got.of(w.session) {
		if m.Commit.Version != uint64(i+1) {
			t.Errorf("message %d has version %d", i+1, m.Commit.Version)
		}
	}
	if n := len(got.of(w.session)); n != 5 || log.Refusal(w.session) != nil {
		t.Errorf("%d of 5 messages; %v", n, log.Refusal(w.session))
	}
	// So many are for a consumer: reading them one by one would take as long.
	for range 40 {
		w.write(t)
	}
	soon, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := f.Await(soon, w.session, w.head.Sequence); err == nil {
		t.Error("a whole history was read one by one")
	}
}

// TestAFollowerOfNothingFollowsOn: where every stream is lost there is nothing to
// read, which is no end of the service that has to refuse.
func TestAFollowerOfNothingFollowsOn(t *testing.T) {
	store := logtest.Open(t)
	w := newWriter(store.Log(eventlog.Options{Name: "before"}), sessionIn(6), events.Queue)
	var lost []string
	for shard := range events.Shards {
		lost = append(lost, events.ShardStream(shard))
	}
	// The server does not have them, and says that their folders are there.
	conn := store.Connect("bare")
	for _, name := range lost {
		if _, err := conn.Request("$JS.API.STREAM.DELETE."+name, nil, testPatience); err != nil {
			t.Fatal(err)
		}
	}
	log, err := eventlog.Open(within(t, testPatience), conn, eventlog.Options{Name: "after", Unrecovered: lost, Logger: logtest.Logger(t)})
	if err != nil {
		t.Fatal(err)
	}
	f := log.NewFollower("follower", func(*eventlog.Message) { t.Error("a message of a lost stream") })
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	ready(t, f)
	if log.Refusal(w.session) == nil {
		t.Error("a session of a lost stream is not refused")
	}
	select {
	case err := <-ended:
		t.Errorf("it ended: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
