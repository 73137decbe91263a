package eventlog_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/natsembed"
)

// TestServerRestart: followers and tails that lose their server go on by
// themselves when it is back, without a gap and without a double, also for what
// was stored while they were away.
func TestServerRestart(t *testing.T) {
	folder, quiet := t.TempDir(), logtest.Logger(t)
	run := func(listen string) *natsembed.Server {
		server, err := natsembed.Start(context.Background(), natsembed.Options{Folder: filepath.Join(folder, "store"), Listen: listen, Logger: quiet})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(server.Stop)
		return server
	}
	open := func(conn *nats.Conn, err error) *eventlog.Log {
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(conn.Close)
		log, err := eventlog.Open(within(t, testPatience), conn, eventlog.Options{Name: "reader", Logger: quiet})
		if err != nil {
			t.Fatal(err)
		}
		return log
	}
	first := run("127.0.0.1:0")
	address := strings.TrimPrefix(first.URL(), "nats://")
	reader := open(nats.Connect(first.URL(), eventlog.ConnOptions("reader", quiet, nil)...))
	s := sessionIn(2)
	w := newWriter(open(first.Connect()), s, events.Queue)
	got := map[string]*collector{"follower": {}, "tail": {}}
	readers := map[string]*eventlog.Follower{
		"follower": reader.NewFollower("follower", got["follower"].handle),
		"tail":     reader.NewTail("tail", got["tail"].handle),
	}
	for range 5 {
		w.write(t)
	}
	for _, f := range readers {
		follow(t, f)
		ready(t, f)
	}
	w.write(t)
	first.Stop()

	second := run(address)
	w.log = open(second.Connect())
	for range 5 {
		// Nobody waits for the readers: some of these come before they are back.
		w.write(t)
	}
	for name, f := range readers {
		if err := f.Await(within(t, testPatience), s, w.head.Sequence); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		messages := got[name].of(s)
		if len(messages) != 11 {
			t.Errorf("%s was given %d of 11 messages", name, len(messages))
		}
		for i, m := range messages {
			if m.Sequence != uint64(i+1) {
				t.Errorf("%s: message %d has sequence %d", name, i, m.Sequence)
			}
		}
	}
	if err := reader.Activity().Settled(within(t, testPatience)); err != nil {
		t.Error(err)
	}
}

// TestTailFetchesWhatItMissed: a live message that never comes is fetched as soon
// as the next one shows the gap.
func TestTailFetchesWhatItMissed(t *testing.T) {
	store := logtest.Open(t)
	log := store.Log(eventlog.Options{Name: "test", Heartbeat: time.Hour})
	s := sessionIn(4)
	w := newWriter(log, s, events.Queue)
	got := &collector{}
	f := log.NewTail("tail", got.handle)
	follow(t, f)
	ready(t, f)
	w.write(t)
	if err := f.Await(within(t, testPatience), s, 1); err != nil {
		t.Fatal(err)
	}
	// A message that says it is the fourth of the stream, while the second and the
	// third are stored and were published to somebody else.
	for range 3 {
		w.write(t)
	}
	forged := nats.NewMsg("live." + w.head.Subject)
	for key, value := range map[string]string{
		"Nats-Stream": events.Stream(s), "Nats-Subject": w.head.Subject, "Nats-Sequence": "4",
		"Nats-Time-Stamp": time.Now().UTC().Format(time.RFC3339Nano),
	} {
		forged.Header.Set(key, value)
	}
	if err := log.Conn().PublishMsg(forged); err != nil {
		t.Fatal(err)
	}
	if err := f.Await(within(t, testPatience), s, 4); err != nil {
		t.Fatal(err)
	}
	if refusal := log.Refusal(s); refusal != nil {
		t.Errorf("refused: %v", refusal)
	}
	if n := len(got.of(s)); n != 4 {
		t.Errorf("%d of 4 messages", n)
	}
}

// TestOpenWaitsForTheServer: a service that starts before its server opens the log
// when the server is there.
func TestOpenWaitsForTheServer(t *testing.T) {
	folder, quiet := t.TempDir(), logtest.Logger(t)
	start := func(listen string) *natsembed.Server {
		server, err := natsembed.Start(context.Background(), natsembed.Options{Folder: folder, Listen: listen, Logger: quiet})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(server.Stop)
		return server
	}
	first := start("127.0.0.1:0")
	address := first.URL()
	first.Stop()
	conn, err := nats.Connect(address, eventlog.ConnOptions("early", quiet, nil)...)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	opened := make(chan error, 1)
	go func() {
		_, err := eventlog.Open(within(t, testPatience), conn, eventlog.Options{Name: "early", Logger: quiet, AppendWithin: time.Second})
		opened <- err
	}()
	start(strings.TrimPrefix(address, "nats://"))
	if err := <-opened; err != nil {
		t.Error(err)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := eventlog.Open(ended, conn, eventlog.Options{Name: "never", Logger: quiet}); err == nil {
		t.Error("opened although nobody wanted it any more")
	}
}
