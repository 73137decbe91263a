package bubble

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/nats-io/nats-server/v2/server/ats"
	"github.com/nats-io/nats.go"
	"go.uber.org/goleak"

	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/keys"
	"github.com/fairfloor/fairfloor/pkg/natsembed"
	"github.com/fairfloor/fairfloor/pkg/process"
	"github.com/fairfloor/fairfloor/pkg/run"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/services/queue"
	"github.com/fairfloor/fairfloor/services/registry"
	"github.com/fairfloor/fairfloor/services/timing"
)

// long reports whether the larger run was asked for.
func long() bool { return os.Getenv("FAIRFLOOR_LONG") != "" }

// TestMain keeps nats-server's access-time goroutine out of the bubbles, bounds
// the number of random sessions (-rapid.checks on the command line wins), and
// ends with a look for goroutines that a test left behind.
func TestMain(m *testing.M) {
	ats.Register()
	checks := 10
	if long() {
		checks = 60
	}
	// What goes on at the same instant is not drawn, so a file of drawn values would
	// not repeat a failure; the log of the failing session is what tells.
	for name, value := range map[string]string{"rapid.checks": strconv.Itoa(checks), "rapid.nofailfile": "true"} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/nats-io/nats-server/v2/server/ats.Register.func1"))
}

// contexts are the services, each of which runs replicas of itself.
var contexts = []events.Context{events.Registry, events.Queue, events.Timing}

// replicas is how many of each service run at any time.
const replicas = 3

// part is a service as a process runs it.
type part interface {
	run.Part
	Ready() <-chan struct{}
	View(s ids.Session, look func(*session.State)) bool
}

// builder makes a service on a process.
type builder func(ctx context.Context, p *process.Process) (part, error)

// builders are the real services, by the same functions as their mains use.
func builders() map[events.Context]builder {
	return map[events.Context]builder{
		events.Registry: func(ctx context.Context, p *process.Process) (part, error) { return registry.New(ctx, p) },
		events.Queue:    func(_ context.Context, p *process.Process) (part, error) { return queue.New(p) },
		events.Timing:   func(ctx context.Context, p *process.Process) (part, error) { return timing.New(ctx, p) },
	}
}

// replica is one running service with a connection, a log and a witness of its own.
type replica struct {
	part
	name string
	log  *eventlog.Log
	stop func()
}

// stack is a server with all services on it.
type stack struct {
	t      testing.TB
	server *natsembed.Server
	conn   *nats.Conn
	folder string
	keys   *keys.Set
	build  map[events.Context]builder
	// running has the replicas of each service, the oldest first.
	running map[events.Context][]*replica
	started int
}

// newStack starts a server without any port and three replicas of each service.
// It must be called in a bubble; the end of the test stops everything in it.
func newStack(t testing.TB, build map[events.Context]builder) *stack {
	t.Helper()
	s := &stack{t: t, folder: t.TempDir(), keys: keys.Ephemeral(), build: build, running: map[events.Context][]*replica{}}
	var err error
	if s.server, err = natsembed.Start(t.Context(), natsembed.Options{Folder: filepath.Join(s.folder, "store"), Logger: s.logger()}); err != nil {
		t.Fatalf("starting the server: %v", err)
	}
	t.Cleanup(s.server.Stop)
	if s.conn, err = s.server.Connect(eventlog.ConnOptions("clients", s.logger(), nil)...); err != nil {
		t.Fatalf("connecting: %v", err)
	}
	t.Cleanup(s.conn.Close)
	for _, c := range contexts {
		for range replicas {
			s.start(c)
		}
	}
	return s
}

// logger writes errors to the test's output; that a new replica has no witness
// yet is none.
func (s *stack) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(s.t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
}

// start starts one more replica of a service, as a process of its own would be.
func (s *stack) start(c events.Context) {
	s.t.Helper()
	s.started++
	r := &replica{name: fmt.Sprintf("%s-%d", c, s.started)}
	p, err := process.Open(s.t.Context(), r.name, process.Settings{Data: filepath.Join(s.folder, r.name), Replicas: 1},
		process.Options{Server: s.server, Keys: s.keys, Logger: s.logger()})
	if err != nil {
		s.t.Fatalf("opening %s: %v", r.name, err)
	}
	r.log = p.Log
	if r.part, err = s.build[c](s.t.Context(), p); err != nil {
		s.t.Fatalf("making %s: %v", r.name, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			s.t.Errorf("%s ended with %v", r.name, err)
		}
		if err := p.Close(); err != nil {
			s.t.Errorf("closing %s: %v", r.name, err)
		}
	})
	s.t.Cleanup(r.stop)
	select {
	case <-r.Ready():
	case err := <-done:
		done <- err
		s.t.Fatalf("%s ended before it was ready", r.name)
	}
	synctest.Wait()
	s.running[c] = append(s.running[c], r)
}

// replace stops the oldest replica of a service and then starts another, which
// has to make its state from the log.
func (s *stack) replace(c events.Context) {
	s.t.Helper()
	s.retire(c)()
	s.start(c)
}

// retire takes the oldest replica of a service off the list and gives the
// function that stops it.
func (s *stack) retire(c events.Context) (stop func()) {
	stop = s.running[c][0].stop
	s.running[c] = s.running[c][1:]
	return stop
}

// all gives every running replica.
func (s *stack) all() []*replica {
	var every []*replica
	for _, c := range contexts {
		every = append(every, s.running[c]...)
	}
	return every
}

// raw reads a session's stored messages from the leader.
func (s *stack) raw(id ids.Session) ([]eventlog.Raw, string, error) {
	log := s.running[events.Registry][0].log
	raw, err := log.Read(context.Background(), id)
	return raw, log.Incarnation(id), err
}
