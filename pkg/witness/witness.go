// Package witness is a second memory of the log's heads, away from the machine
// that holds the log: a store that was cut, rolled back or exchanged together
// with the files beside it is noticed at the next start (decisions.md 32).
//
// Guarantee: a head is noted after the log acknowledged it and never before, so
// what is known here was in the log. A store that was emptied, is away or was
// restored from an older copy knows less: that is "unknown", which refuses
// nothing. What somebody else wrote there is unknown too: each head carries a
// code made with the deployment's secret. Noting never waits and never fails a
// command; heads that could not be noted are noted later, and all that a
// process wrote are noted again each Repeat, so that an emptied store learns
// them anew. Times are I/O time.
package witness

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/redisconn"
)

// Store remembers heads. Implementations are safe for concurrent use and pass
// witnesstest.Run.
type Store interface {
	// Note takes heads down. One that is not higher than what is known of its
	// subject changes nothing.
	Note(ctx context.Context, heads ...eventlog.Head) error
	// Heads gives the highest head of each subject that is known, in the order of
	// the subjects. None means unknown.
	Heads(ctx context.Context) ([]eventlog.Head, error)
}

// Memory is the Store of a single process, for tests of what uses one. It never
// fails.
type Memory struct {
	mu    sync.Mutex
	heads map[string]eventlog.Head
}

var _ Store = (*Memory)(nil)

// NewMemory makes a store that knows nothing.
func NewMemory() *Memory { return &Memory{heads: map[string]eventlog.Head{}} }

// Note takes heads down.
func (m *Memory) Note(_ context.Context, heads ...eventlog.Head) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, h := range heads {
		keep(m.heads, h)
	}
	return nil
}

// Heads gives what is known.
func (m *Memory) Heads(context.Context) ([]eventlog.Head, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return ordered(m.heads), nil
}

// keep keeps the higher version.
func keep(heads map[string]eventlog.Head, h eventlog.Head) {
	if h.Version > heads[h.Subject].Version {
		heads[h.Subject] = h
	}
}

func ordered(heads map[string]eventlog.Head) []eventlog.Head {
	all := make([]eventlog.Head, 0, len(heads))
	for _, subject := range slices.Sorted(maps.Keys(heads)) {
		all = append(all, heads[subject])
	}
	return all
}

// Times of a keeper, in I/O time.
const (
	// Every is how long heads are gathered before they are noted together.
	Every = time.Second
	// Repeat is how often everything is noted again.
	Repeat = time.Minute
	// atOnce is how many heads one call notes.
	atOnce = 500
)

// Keeper brings a process's heads to a store, in a goroutine of its own.
type Keeper struct {
	store         Store
	log           *slog.Logger
	every, repeat time.Duration
	wake          chan struct{}
	stop          chan struct{}
	once          sync.Once
	done          chan struct{}

	mu sync.Mutex
	// waiting are those that the store has not got yet, noted all of this process.
	waiting, noted map[string]eventlog.Head
	away           bool
}

// Keep starts a keeper, which Close ends. Times of zero are Every and Repeat; a
// nil logger is slog.Default.
func Keep(store Store, every, repeat time.Duration, log *slog.Logger) *Keeper {
	if every == 0 {
		every = Every
	}
	if repeat == 0 {
		repeat = Repeat
	}
	if log == nil {
		log = slog.Default()
	}
	k := &Keeper{
		store: store, log: log, every: every, repeat: repeat, wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
		waiting: map[string]eventlog.Head{}, noted: map[string]eventlog.Head{},
	}
	go k.run()
	return k
}

// Note takes down a head after its acknowledgement. It does not wait.
func (k *Keeper) Note(h eventlog.Head) {
	k.mu.Lock()
	keep(k.waiting, h)
	keep(k.noted, h)
	k.mu.Unlock()
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// Close brings what waits to the store, once, and ends the keeper. A store that
// is away costs redisconn.Patience.
func (k *Keeper) Close() error {
	k.once.Do(func() { close(k.stop) })
	<-k.done
	return nil
}

func (k *Keeper) run() {
	defer close(k.done)
	again := time.NewTicker(k.repeat)
	defer again.Stop()
	for {
		select {
		case <-k.stop:
			k.flush()
			return
		case <-again.C:
			k.mu.Lock()
			for _, h := range k.noted {
				keep(k.waiting, h)
			}
			k.mu.Unlock()
		case <-k.wake:
			gather := time.NewTimer(k.every)
			select {
			case <-gather.C:
			case <-k.stop:
				gather.Stop()
				k.flush()
				return
			}
		}
		if !k.flush() {
			// What could not be noted is tried again after the next gathering.
			select {
			case k.wake <- struct{}{}:
			default:
			}
		}
	}
}

// flush notes what waits; false puts it back.
func (k *Keeper) flush() bool {
	k.mu.Lock()
	heads := ordered(k.waiting)
	clear(k.waiting)
	k.mu.Unlock()
	for some := range slices.Chunk(heads, atOnce) {
		ctx, cancel := context.WithTimeout(context.Background(), redisconn.Patience)
		err := k.store.Note(ctx, some...)
		cancel()
		k.tell(err)
		if err != nil {
			k.mu.Lock()
			for _, h := range heads {
				keep(k.waiting, h)
			}
			k.mu.Unlock()
			return false
		}
	}
	return true
}

// tell logs when the store goes away and when it is back.
func (k *Keeper) tell(err error) {
	k.mu.Lock()
	was := k.away
	k.away = err != nil
	k.mu.Unlock()
	switch {
	case err != nil && !was:
		k.log.Warn("the second witness cannot be written; the file beside the store still is", "error", err)
	case err == nil && was:
		k.log.Info("the second witness is written again")
	}
}
