// Package stage is the ground of chaos tests: it starts the real programs of
// Fairfloor as processes of their own and does harm to them.
//
// Guarantee: what Open gives is what a deployment is, made by the programs' own
// means: one `fairfloor serve`, or the cluster that `fairfloor cluster` makes the
// files of (three NATS nodes with TLS, nkeys and the rights of package permit, R3
// and `sync_interval: always`, Redis, two of each service, two gateways). Each
// harm is exactly what its method says and is done when the method returns, or
// the method gives an error. Addresses are of 127.0.0.0/8 or lie in network
// namespaces that the stage made itself; the machine's own clock, network and
// disks are left alone. Close ends and removes everything; what a killed process
// left behind is removed by the next Open on the machine. A member that ends
// unasked is started again, as a deployment does, and Unasked tells of it.
//
// Namespaces and loop devices need Linux and root.
package stage

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Kind says how the program runs.
type Kind string

// The kinds: everything in one process, or every service by itself over a cluster.
const (
	Single  Kind = "single"
	Cluster Kind = "cluster"
)

// The roles of members. A member of a cluster is named by its role and a number
// ("queue-2"), except for "redis"; the one of a single process is "serve".
const (
	Serve      = "serve"
	NATS       = "nats"
	Registry   = "registry"
	Queue      = "queue"
	Timing     = "timing"
	Transcript = "transcript"
	Gateway    = "gateway"
	Redis      = "redis"
)

// The settings of Options.Sync.
const (
	// SyncAlways is how Fairfloor runs: what is acknowledged is on the disk.
	SyncAlways = "always"
	// SyncDefault is NATS's own default of two minutes: the negative control of
	// power cuts, which must lose.
	SyncDefault = "default"
)

// Options say what to start.
type Options struct {
	Kind Kind
	// Binary is the program `fairfloor`.
	Binary string
	// NATSBinary is the program `nats` of this repository; beside Binary when empty.
	// Only a cluster needs it.
	NATSBinary string
	// Services is the folder with the programs registry, queue, timing, transcript
	// and gateway; Binary's folder when empty. Only a cluster needs it.
	Services string
	// Dir takes data, keys and log lines; a temporary folder, removed by Close, when empty.
	Dir string
	// Sync is SyncAlways when empty.
	Sync string
	// Loop puts each member's data on a disk of its own, for PowerCut and Fill.
	Loop bool
	// Namespaces puts each member behind a network of its own, for Isolate.
	Namespaces bool
	// Flags are given to `serve`, or to each gateway, beside the stage's own.
	Flags []string
}

// Member is one process.
type Member struct{ Name, Role string }

// The errors of harms that need another stage.
var (
	// ErrUnknown says that there is no member of that name.
	ErrUnknown = errors.New("no such member")
	// ErrLoop says that the stage was opened without Options.Loop.
	ErrLoop = errors.New("the member's data is on no disk of its own: open the stage with Loop")
	// ErrNamespaces says that the stage was opened without Options.Namespaces.
	ErrNamespaces = errors.New("the member has no network of its own: open the stage with Namespaces")
	// ErrClock says that a member's clock cannot be set apart from the machine's.
	ErrClock = errors.New("only Fairfloor's own programs have a clock that can be set wrong")
	// ErrRedis says that only Redis can be told to forget.
	ErrRedis = errors.New("only Redis forgets when it is told to")
	// ErrNotReady says that a member did not become ready in time.
	ErrNotReady = errors.New("not ready")
)

// Stage is everything that runs. Its methods may be called from several
// goroutines; calls about one member wait for each other.
type Stage struct {
	options   Options
	root      string // everything of this stage lies in it
	temporary bool   // root is ours to remove
	id        string
	launch    *launcher
	network   *network
	members   []*member
	byName    map[string]*member
	organiser string
	doors     []*door
	gateways  []string

	unasked struct {
		sync.Mutex
		all []string
	}
	closed sync.Once
}

// opened counts the stages of this process.
var opened atomic.Int64

// Open starts everything and returns when all of it is ready. What was started
// is ended again when it gives an error, which says with the members' last lines
// what was not as it must be.
func Open(ctx context.Context, o Options) (*Stage, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	if err := supported(o); err != nil {
		return nil, err
	}
	if err := sweep(); err != nil {
		return nil, fmt.Errorf("removing what a killed stage left behind: %w", err)
	}
	s := &Stage{options: o, id: fmt.Sprintf("%s%d-%d", prefix, os.Getpid(), opened.Add(1)), byName: map[string]*member{}, launch: newLauncher()}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// complete fills in what was left open and refuses what does not go together.
func (o *Options) complete() error {
	if o.Sync == "" {
		o.Sync = SyncAlways
	}
	if o.Services == "" {
		o.Services = filepath.Dir(o.Binary)
	}
	if o.NATSBinary == "" {
		o.NATSBinary = filepath.Join(o.Services, "nats")
	}
	needed := []string{o.Binary}
	switch {
	case o.Kind == Cluster:
		needed = append(needed, o.NATSBinary)
		for _, role := range services {
			needed = append(needed, filepath.Join(o.Services, role))
		}
	case o.Kind != Single:
		return fmt.Errorf("kind %q is neither %q nor %q", o.Kind, Single, Cluster)
	}
	if o.Sync != SyncAlways && o.Sync != SyncDefault {
		return fmt.Errorf("sync %q is neither %q nor %q", o.Sync, SyncAlways, SyncDefault)
	}
	for _, path := range needed {
		if info, err := os.Stat(path); err != nil || info.IsDir() {
			return fmt.Errorf("the program %s is not there: build it first", path)
		}
	}
	return nil
}

func (s *Stage) open(ctx context.Context) error {
	parent := s.options.Dir
	if parent == "" {
		parent, s.temporary = os.TempDir(), true
	}
	s.root = filepath.Join(parent, s.id)
	if err := os.MkdirAll(filepath.Join(s.root, "logs"), 0o755); err != nil {
		return err
	}
	if err := s.plan(ctx); err != nil {
		return err
	}
	for _, m := range s.members {
		if err := m.prepare(ctx); err != nil {
			return fmt.Errorf("%s: %w", m.Name, err)
		}
	}
	for _, wave := range waves {
		var names []string
		for _, m := range s.members {
			if slices.Contains(wave, m.Role) {
				names = append(names, m.Name)
			}
		}
		if err := s.Start(ctx, names...); err != nil {
			return err
		}
	}
	if err := s.readOrganiser(ctx); err != nil {
		return err
	}
	// What had to begin twice is up; a deployment's start is no finding either.
	s.unasked.Lock()
	s.unasked.all = nil
	s.unasked.Unlock()
	return nil
}

// Gateways are the base URLs of the doors, reachable from this process.
func (s *Stage) Gateways() []string { return append([]string(nil), s.gateways...) }

// Organiser is a token that may act as organiser in every session.
func (s *Stage) Organiser() string { return s.organiser }

// Members lists every member, up or not.
func (s *Stage) Members() []Member {
	all := make([]Member, len(s.members))
	for i, m := range s.members {
		all[i] = m.Member
	}
	return all
}

// Ready asks a member once; nil when it is ready, and otherwise why it is not.
func (s *Stage) Ready(ctx context.Context, name string) error {
	return s.each([]string{name}, func(m *member) error { return m.isReady(ctx) })
}

// Folder is where a member keeps its data: the place where its disk is mounted,
// where it has one. Empty for an unknown member.
func (s *Stage) Folder(name string) string {
	if m := s.byName[name]; m != nil {
		return m.data
	}
	return ""
}

// Unasked lists what ended since Open although nobody asked it to, as "name:
// reason", in the order in which it happened. Each was started again.
func (s *Stage) Unasked() []string {
	s.unasked.Lock()
	defer s.unasked.Unlock()
	return append([]string(nil), s.unasked.all...)
}

// find gives the members of these names.
func (s *Stage) find(names []string) ([]*member, error) {
	all := make([]*member, len(names))
	for i, name := range names {
		if all[i] = s.byName[name]; all[i] == nil {
			return nil, fmt.Errorf("%q: %w", name, ErrUnknown)
		}
	}
	return all, nil
}

// each does the same to members of these names side by side.
func (s *Stage) each(names []string, do func(*member) error) error {
	members, err := s.find(names)
	if err != nil {
		return err
	}
	failed := make([]error, len(members))
	var all sync.WaitGroup
	for i, m := range members {
		all.Go(func() {
			m.mu.Lock()
			defer m.mu.Unlock()
			if err := do(m); err != nil {
				failed[i] = fmt.Errorf("%s: %w", m.Name, err)
			}
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

// Kill ends members at once, by SIGKILL, and returns when they have ended. What
// they wrote stays, on the disk or in the system's memory. One that does not run
// is left as it is.
func (s *Stage) Kill(names ...string) error {
	return s.each(names, func(m *member) error { m.end(); return nil })
}

// Stop ends members gracefully, by SIGTERM, and returns when they have ended. Its
// error says that one took longer than a container is given, 30 s and then some,
// or ended with another exit code than 0.
func (s *Stage) Stop(ctx context.Context, names ...string) error {
	return s.each(names, func(m *member) error { return m.stop(ctx) })
}

// Start starts members side by side and returns when all of them are ready: a
// service when it says so itself, a NATS node when its copies of all streams have
// caught up. It gives up after readyWithin, or with ctx; the members go on then.
func (s *Stage) Start(ctx context.Context, names ...string) error {
	return s.each(names, func(m *member) error { return m.start(ctx) })
}

// Pause stops members in their tracks (SIGSTOP): their connections stay open and
// nothing answers any more when it returns.
func (s *Stage) Pause(names ...string) error {
	return s.each(names, (*member).pause)
}

// Resume lets paused members go on.
func (s *Stage) Resume(names ...string) error {
	return s.each(names, func(m *member) error { return m.signal(sigCont) })
}

// Flush has Redis forget everything that it holds (FLUSHALL), as a restart without
// a disk or an operator's mistake does.
func (s *Stage) Flush(ctx context.Context, name string) error {
	return s.each([]string{name}, func(m *member) error {
		if m.Role != Redis {
			return ErrRedis
		}
		ctx, cancel := context.WithTimeout(ctx, askWithin)
		defer cancel()
		conn, err := s.dial(ctx, m, net.JoinHostPort(m.address, redisPort))
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }()
		if until, ok := ctx.Deadline(); ok {
			if err := conn.SetDeadline(until); err != nil {
				return err
			}
		}
		// Redis takes a command as a plain line too (its "inline" form).
		if _, err := conn.Write([]byte("FLUSHALL\r\n")); err != nil {
			return err
		}
		answer, err := bufio.NewReader(conn).ReadString('\n')
		if err == nil && answer != "+OK\r\n" {
			err = fmt.Errorf("it answers %q to FLUSHALL", answer)
		}
		return err
	})
}

// askWithin bounds a question to Redis.
const askWithin = 5 * time.Second

// Skew restarts a member, gracefully, with its clock wrong by this much; 0 sets it
// right again. It returns when the member is ready, or says that its clock is off,
// which is what it must do from 250 ms on (decisions.md 9). Session time is what is wrong then: timers, and the times in the
// log. Time-outs and the lifetimes of tokens have the machine's clock.
func (s *Stage) Skew(ctx context.Context, name string, by time.Duration) error {
	return s.each([]string{name}, func(m *member) error {
		if m.Role == NATS || m.Role == Redis {
			return ErrClock
		}
		if err := m.stop(ctx); err != nil {
			return err
		}
		m.skew = by
		return m.start(ctx)
	})
}

// Logs is everything that a member wrote in all its lives; empty for an unknown one.
func (s *Stage) Logs(name string) string {
	m := s.byName[name]
	if m == nil {
		return ""
	}
	text, err := os.ReadFile(m.log)
	if err != nil {
		return ""
	}
	return string(text)
}

// Close ends everything and removes what was made for it. It may be called twice.
func (s *Stage) Close() error {
	var failed error
	s.closed.Do(func() {
		for _, d := range s.doors {
			d.close()
		}
		var all sync.WaitGroup
		for _, m := range s.members {
			all.Go(func() {
				m.mu.Lock()
				defer m.mu.Unlock()
				m.end()
			})
		}
		all.Wait()
		for _, m := range s.members {
			if m.disk != nil {
				failed = errors.Join(failed, m.disk.close())
			}
		}
		if s.network != nil {
			failed = errors.Join(failed, s.network.close())
		}
		s.launch.close()
		if s.temporary && failed == nil {
			failed = os.RemoveAll(s.root)
		}
	})
	return failed
}

// dial connects to an address as a member's own network sees it.
func (s *Stage) dial(ctx context.Context, m *member, address string) (net.Conn, error) {
	if s.network == nil {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", address)
	}
	return s.network.dial(ctx, m, address)
}

// tail is the end of a text, cut at a line.
func tail(text string, bytes int) string {
	if len(text) <= bytes {
		return text
	}
	text = text[len(text)-bytes:]
	if _, rest, ok := strings.Cut(text, "\n"); ok {
		return rest
	}
	return text
}
