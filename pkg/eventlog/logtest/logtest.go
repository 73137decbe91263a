// Package logtest gives tests a real log: an embedded server on a folder of the
// test's own, closed in the right order when the test ends.
//
// Guarantee: nothing is faked; a test that needs another process or a second
// life of the store opens the same folder again. In a testing/synctest bubble the
// caller closes what it opened before the bubble ends (Store.Close).
package logtest

import (
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/nats-io/nats.go"

	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/natsembed"
)

// Store is a running server with its folder and witness.
type Store struct {
	Server *natsembed.Server
	// Folder holds "store" and, beside it, "witness".
	Folder string
	// Witness is shared by all logs that Log opens.
	Witness *eventlog.Witness

	t     testing.TB
	log   *slog.Logger
	once  sync.Once
	conns []*nats.Conn
}

// Open starts a server on a folder of the test's and closes it when the test ends.
func Open(t testing.TB) *Store { return OpenIn(t, t.TempDir()) }

// OpenIn is Open on a folder that may hold a store already.
func OpenIn(t testing.TB, folder string) *Store {
	t.Helper()
	log := Logger(t)
	server, err := natsembed.Start(context.Background(), natsembed.Options{Folder: filepath.Join(folder, "store"), Logger: log})
	if err != nil {
		t.Fatalf("starting the server: %v", err)
	}
	witness, err := eventlog.OpenWitness(filepath.Join(folder, "witness"), "test", log)
	if err != nil {
		server.Stop()
		t.Fatalf("opening the witness: %v", err)
	}
	s := &Store{Server: server, Folder: folder, Witness: witness, t: t, log: log}
	t.Cleanup(s.Close)
	return s
}

// Log opens the log over a connection of its own. Options that are not set get
// what suits a server inside the process.
func (s *Store) Log(o eventlog.Options) *eventlog.Log {
	s.t.Helper()
	if o.Logger == nil {
		o.Logger = s.log
	}
	if o.Witness == nil {
		o.Witness = s.Witness
	}
	o.Unrecovered = s.Server.Unrecovered()
	log, err := eventlog.Open(context.Background(), s.Connect(o.Name), o)
	if err != nil {
		s.t.Fatalf("opening the log: %v", err)
	}
	return log
}

// Connect opens a connection inside the process that Close closes.
func (s *Store) Connect(name string) *nats.Conn {
	s.t.Helper()
	conn, err := s.Server.Connect(eventlog.ConnOptions(name, s.log, nil)...)
	if err != nil {
		s.t.Fatalf("connecting: %v", err)
	}
	s.conns = append(s.conns, conn)
	return conn
}

// Close closes connections, witness and server, in this order, once.
func (s *Store) Close() {
	s.once.Do(func() {
		for _, conn := range s.conns {
			conn.Close()
		}
		if err := s.Witness.Close(); err != nil {
			s.t.Errorf("closing the witness: %v", err)
		}
		s.Server.Stop()
	})
}

// Logger writes to the test's output when the test runs with -v, and nowhere else.
func Logger(t testing.TB) *slog.Logger {
	out := io.Discard
	if testing.Verbose() {
		out = t.Output()
	}
	return slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// Bubble runs a test in virtual time (testing/synctest). nats.go keeps timers in
// a pool for the next request, and one that belongs to a bubble must not be used
// outside it nor in another: the collections before and after empty the pool.
// Such tests cannot run in parallel with others that use NATS.
func Bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	empty := func() {
		// A pool's content survives one collection.
		runtime.GC()
		runtime.GC()
	}
	empty()
	defer empty()
	synctest.Test(t, f)
}
