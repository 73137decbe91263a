package forget

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// How a Keeper goes about it, in I/O time.
const (
	keepEvery = time.Hour              // between two looks at everything
	keepRetry = 500 * time.Millisecond // after a fault, doubled each time
	keepTries = 7                      // half a minute in all
	keepFor   = time.Minute            // for one attempt
)

// KeeperConfig is what a Keeper works for. All but Store must be set.
type KeeperConfig struct {
	Store *Store
	// Ready is closed when the log is folded: nothing is done before.
	Ready func() <-chan struct{}
	// Begin says that there is something to do, until the function that it gives is
	// called; see eventlog.Activity.
	Begin func() func()
	// Everything adds what is outstanding, whoever left it: it is called at the start
	// and each hour.
	Everything func()
	// Named reports whether the log names a value now. When it cannot be known, it
	// is: what is kept a day too long can be swept later, and not the other way.
	Named func(ctx context.Context) func(Key, events.Hash) bool
	Lines *slog.Logger
}

// Keeper does what follows from a service's facts outside of their subject, such
// as overwriting what was erased. It does one task after the other. Each task may
// be repeated; one that is lost with the process is found again by the look at
// everything. It is safe for concurrent use.
type Keeper struct {
	config KeeperConfig

	mu sync.Mutex
	// tasks are in the order in which they came; of two with one name only the
	// later is done, as a settlement covers every one before it.
	tasks  []*task
	named  map[string]*task
	signal chan struct{}
	// erased are the keys known to be clean, so that they are not asked for each hour.
	erased map[Key]bool
}

// task is one thing to do; end tells that it is done, for whoever waits for rest.
type task struct {
	what, name string
	session    ids.Session
	do         func(ctx context.Context) error
	end        func()
}

// NewKeeper makes a Keeper; nothing is done before Run.
func NewKeeper(c KeeperConfig) *Keeper {
	return &Keeper{config: c, signal: make(chan struct{}, 1), erased: map[Key]bool{}, named: map[string]*task{}}
}

// Add puts a task into the line, and does not block. One of the same name that
// waits is replaced. what is the kind of the task, for log lines.
func (k *Keeper) Add(what, name string, s ids.Session, do func(context.Context) error) {
	k.mu.Lock()
	if waits := k.named[name]; waits != nil {
		waits.do = do
		k.mu.Unlock()
		return
	}
	t := &task{what: what, name: name, session: s, do: do, end: k.config.Begin()}
	k.named[name] = t
	k.tasks = append(k.tasks, t)
	k.mu.Unlock()
	select {
	case k.signal <- struct{}{}:
	default:
	}
}

// Erase forgets everything that was ever stored under a key.
func (k *Keeper) Erase(key Key) {
	k.Add("erase", "erase/"+key.String(), key.Session, func(ctx context.Context) error {
		if k.Clean(key) {
			return nil
		}
		if _, err := k.config.Store.Erase(ctx, key); err != nil {
			return err
		}
		k.mu.Lock()
		k.erased[key] = true
		k.mu.Unlock()
		k.config.Lines.Info("erased", "session", key.Session, "kind", string(key.Kind), "id", key.ID)
		return nil
	})
}

// EraseAll forgets everything of some kinds that a session has in the store.
func (k *Keeper) EraseAll(s ids.Session, kinds ...Kind) {
	for _, kind := range kinds {
		all := Key{Kind: kind, Session: s, ID: "*"}
		if k.Clean(all) {
			continue
		}
		k.Add("erase all", "erase/"+all.String(), s, func(ctx context.Context) error {
			n, err := k.config.Store.EraseAll(ctx, s, kind)
			if err != nil {
				return err
			}
			k.mu.Lock()
			k.erased[all] = true
			k.mu.Unlock()
			if n > 0 {
				k.config.Lines.Info("erased all", "session", s, "kind", string(kind), "keys", n)
			}
			return nil
		})
	}
}

// Clean reports whether a key is known to be erased.
func (k *Keeper) Clean(key Key) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.erased[key]
}

// Settle overwrites the values before the one that the log names.
func (k *Keeper) Settle(key Key, digest events.Hash) {
	k.Add("settle", "settle/"+key.String(), key.Session, func(ctx context.Context) error {
		err := k.config.Store.Settle(ctx, key, digest)
		if problem.Is(err, problem.NotFound) {
			return nil // erased since
		}
		return err
	})
}

// Sweep overwrites the values that no commit came to name within a day: of
// commands that were refused in the last moment, and of a crash.
func (k *Keeper) Sweep(ctx context.Context) error {
	report, err := k.config.Store.Sweep(ctx, OrphanAge, k.config.Named(ctx))
	if len(report.Swept) > 0 || len(report.Unreadable) > 0 {
		k.config.Lines.Info("swept", "keys", len(report.Swept), "unreadable", len(report.Unreadable))
	}
	return err
}

// everything looks for what is outstanding, and for values that no commit names.
func (k *Keeper) everything() {
	k.config.Everything()
	k.Add("sweep", "sweep", ids.Session{}, k.Sweep)
}

// take gives the next task.
func (k *Keeper) take() (*task, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.tasks) == 0 {
		k.tasks = nil
		return nil, false
	}
	t := k.tasks[0]
	k.tasks = k.tasks[1:]
	delete(k.named, t.name)
	return t, true
}

// Run does the tasks until ctx is done. begun ends the activity of the start:
// nobody may take the moment before the first look at everything for rest.
func (k *Keeper) Run(ctx context.Context, begun func()) {
	defer k.abandon()
	select {
	case <-k.config.Ready():
	case <-ctx.Done():
		begun()
		return
	}
	k.everything()
	begun()
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	for {
		for t, ok := k.take(); ok; t, ok = k.take() {
			k.finish(ctx, t)
		}
		select {
		case <-k.signal:
		case <-tick.C:
			k.everything()
		case <-ctx.Done():
			return
		}
	}
}

// abandon lets go of what is left at the end; the next start finds it.
func (k *Keeper) abandon() {
	for t, ok := k.take(); ok; t, ok = k.take() {
		t.end()
	}
}

// finish does one task, again while the store or the log is away, but not for
// ever: others wait behind it, and the next look at everything finds it again.
func (k *Keeper) finish(ctx context.Context, t *task) {
	defer t.end()
	wait := keepRetry
	for range keepTries {
		attempt, cancel := context.WithTimeout(ctx, keepFor)
		err := t.do(attempt)
		cancel()
		if err == nil || ctx.Err() != nil {
			return
		}
		// The code alone: an error's text might hold what was to be forgotten.
		k.config.Lines.Warn("the store is not in step with the log yet", "kind", t.what, "session", t.session, "error", string(problem.From(err).Code))
		timer := time.NewTimer(wait)
		wait *= 2
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// Drain waits until what is in line now is done, but not longer than limit.
func (k *Keeper) Drain(limit time.Duration) {
	select {
	case <-k.config.Ready():
	default:
		return // nothing is in line before the log is folded
	}
	done := make(chan struct{})
	k.Add("drain", "drain", ids.Session{}, func(context.Context) error { close(done); return nil })
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		k.config.Lines.Warn("shutdown does not wait any longer for the store; the next start finishes it")
	}
}
