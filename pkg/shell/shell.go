// Package shell is the one shell around a pure domain: it serves a context's
// commands, does its reactions and timers, and writes its commits. The registry,
// the queue and the timing are this and a domain each.
//
// Guarantee:
//
//   - A command is decided on the session's folded state, appended under the
//     guard of its subject, and answered after the log has acknowledged it. It
//     happens at most once, whatever is repeated and whichever replica answers:
//     the key (actor, command id) is part of the state (decisions.md 3).
//   - A refusal is given only after a leader read: a replica that is behind
//     catches up before it says no.
//   - A reaction or timer is derived from the state and has a deterministic id,
//     so a restart does what is outstanding and rivals do nothing twice. A timer
//     is decided only after a leader read of the foreign heads (decisions.md 10).
//   - Commands of one session are decided one after the other, those of
//     different sessions side by side; what waits is bounded.
//
// Inside one process, package eventlog's Activity.Settled tells when all of
// this is at rest, for rehearsals and virtual-time tests.
package shell

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// Service is a pure domain. Its functions must not change the state, keep it, or
// ask for the time; they may be called side by side for different sessions.
type Service struct {
	// Context is whose commands are served and whose subject is written.
	Context events.Context
	// Decide makes facts of a request, or refuses it with a *problem.Error. For a
	// reaction, now is the time of its cause.
	Decide func(s *session.State, r *command.Request, now clock.Instant) (command.Decision, error)
	// Due derives the outstanding reactions and timers from the state. What is
	// done already must not be in it; nil means that the domain has none.
	Due func(s *session.State) []Deadline
}

// Deadline is what Due derives; see command.Deadline.
type Deadline = command.Deadline

// Defaults of Config.
const (
	// DefaultWaiting is how many commands of one session may wait (decisions.md 6 asks for 2,000).
	DefaultWaiting = 2048
	// DefaultRetry is how long a command is tried while the log is not available.
	DefaultRetry = 10 * time.Second
	// DefaultDrain is how long a shutdown waits for the commands in work.
	DefaultDrain = 15 * time.Second
)

// Config says how to run a Service. Service and Log must be set.
type Config struct {
	Service Service
	Log     *eventlog.Log
	// Clock is the source of session time; nil means the machine's.
	Clock clock.Clock
	// Sign signs a receipt with the session's key; nil leaves it unsigned.
	Sign func(ids.Session, *command.Receipt)
	// Creates reports whether a verb may be asked of a session that does not exist
	// yet; nil means that none may.
	Creates func(verb string) bool
	// Hooks are called around decisions; most services have none.
	Hooks Hooks
	// Waiting, Retry and Drain bound what their defaults describe; zero means those.
	Waiting      int
	Retry, Drain time.Duration
	Logger       *slog.Logger
	Registerer   prometheus.Registerer
	// Tracer makes a span of each command; nil makes none.
	Tracer trace.TracerProvider
}

// Shell runs one Service. Use New and Run.
type Shell struct {
	config   Config
	service  Service
	log      *eventlog.Log
	clock    clock.Clock
	lines    *slog.Logger
	metrics  *metrics
	tracer   trace.Tracer
	follower *eventlog.Follower

	mu    sync.RWMutex
	rooms map[ids.Session]*room
	// open is set when the log is folded to where it was at the start; draining
	// when nothing new is taken any more.
	open, draining atomic.Bool
	// measured is set once the process' clock was compared with the log's, and sound
	// while they agree.
	measured, sound atomic.Bool
	offset          atomic.Int64
	workers         crew
	// work is the context of everything in work; it outlives Run's until the drain ends.
	work context.Context
	stop context.CancelFunc
}

// New makes a shell. Nothing starts before Run.
func New(c Config) (*Shell, error) {
	if c.Log == nil || c.Service.Decide == nil || c.Service.Context == "" {
		return nil, errors.New("shell: a context, its Decide and a log are needed")
	}
	if c.Clock == nil {
		c.Clock = clock.Real{}
	}
	if c.Creates == nil {
		c.Creates = func(string) bool { return false }
	}
	if c.Waiting == 0 {
		c.Waiting = DefaultWaiting
	}
	if c.Retry == 0 {
		c.Retry = DefaultRetry
	}
	if c.Drain == 0 {
		c.Drain = DefaultDrain
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Tracer == nil {
		c.Tracer = noop.NewTracerProvider()
	}
	if c.Service.Due == nil {
		c.Service.Due = func(*session.State) []Deadline { return nil }
	}
	name := string(c.Service.Context)
	sh := &Shell{
		config: c, service: c.Service, log: c.Log, clock: c.Clock, rooms: map[ids.Session]*room{},
		lines: c.Logger.With("service", name), tracer: c.Tracer.Tracer("fairfloor/" + name),
	}
	var err error
	if sh.metrics, err = newMetrics(c.Registerer, name); err != nil {
		return nil, fmt.Errorf("shell %s: %w", name, err)
	}
	sh.follower = c.Log.NewFollower(name, sh.fold)
	sh.work, sh.stop = context.WithCancel(context.Background())
	return sh, nil
}

// Name is the context's name.
func (sh *Shell) Name() string { return string(sh.service.Context) }

// Run folds the log, then serves commands and does what is due, until ctx is
// done. Then it takes no more commands, finishes those that it has taken, and
// brings the witness to the disk.
func (sh *Shell) Run(ctx context.Context) error {
	defer sh.stop()
	following, unfollow := context.WithCancel(context.Background())
	defer unfollow()
	folded := make(chan error, 1)
	go func() { folded <- sh.follower.Run(following) }()
	// From here every way out waits for the follower.
	finish := func() error {
		unfollow()
		return <-folded
	}
	watching, unwatch := context.WithCancel(ctx)
	defer unwatch()
	var watch sync.WaitGroup
	watch.Go(func() { sh.watchClock(watching) })
	defer watch.Wait()
	defer unwatch()

	select {
	case <-ctx.Done():
		return finish()
	case err := <-folded:
		return fmt.Errorf("%s: following the log: %w", sh.Name(), err)
	case <-sh.follower.Ready():
	}
	sh.open.Store(true)
	sh.touchAll()
	served, err := sh.serve()
	if err != nil {
		return errors.Join(fmt.Errorf("%s: serving commands: %w", sh.Name(), err), sh.halt(), finish())
	}
	sh.lines.Info("ready", "sessions", sh.sessions())
	select {
	case <-ctx.Done():
	case err = <-folded:
		folded <- nil
		err = fmt.Errorf("%s: following the log ended: %w", sh.Name(), err)
	}
	return errors.Join(err, sh.drain(served), finish())
}

// drain ends the service in order: nothing new, then what is in work, then the witness.
func (sh *Shell) drain(served micro.Service) error {
	err := served.Stop()
	// What was on its way when the subscription ended is still handed over; a round
	// trip through the server lies behind it.
	if flush := sh.log.Conn().FlushTimeout(time.Second); flush != nil && !errors.Is(flush, nats.ErrConnectionClosed) {
		sh.lines.Warn("commands on their way may get no answer", "error", flush)
	}
	return errors.Join(err, sh.halt())
}

// halt waits for the workers, up to Config.Drain, and stops timers.
func (sh *Shell) halt() error {
	sh.draining.Store(true)
	idle := sh.workers.dismiss()
	limit := time.NewTimer(sh.config.Drain)
	defer limit.Stop()
	select {
	case <-idle:
	case <-limit.C:
		sh.lines.Warn("shutdown does not wait any longer for the commands in work")
		sh.stop()
		<-idle
	}
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	for _, r := range sh.rooms {
		r.disarm()
	}
	return sh.log.Flush()
}

// Check says why the service should get no commands, or nil.
func (sh *Shell) Check() error {
	if err := sh.follower.Check(); err != nil {
		return fmt.Errorf("%s: %w", sh.Name(), err)
	}
	if sh.draining.Load() {
		return fmt.Errorf("%s: shutting down", sh.Name())
	}
	if !sh.sound.Load() {
		return fmt.Errorf("%s: the clock is %s off the log's: check the machine's time service", sh.Name(), time.Duration(sh.offset.Load()))
	}
	if !sh.log.Conn().IsConnected() {
		return fmt.Errorf("%s: not connected to the log", sh.Name())
	}
	return nil
}

// Ready is closed when the log is folded to where it was at the start.
func (sh *Shell) Ready() <-chan struct{} { return sh.follower.Ready() }

// View lets look read a session's state under a read lock and reports whether
// there is such a session. look must be short, must not keep the state, and must
// not change it.
func (sh *Shell) View(s ids.Session, look func(*session.State)) bool {
	sh.mu.RLock()
	r := sh.rooms[s]
	sh.mu.RUnlock()
	if r == nil {
		return false
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	if len(r.state.Heads) == 0 {
		return false
	}
	look(r.state)
	return true
}

// Sessions lists the sessions and consultations that are known, in order.
func (sh *Shell) Sessions() []ids.Session {
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	return slices.SortedFunc(maps.Keys(sh.rooms), ids.Session.Compare)
}

func (sh *Shell) sessions() int {
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	return len(sh.rooms)
}
