package forget

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/events"
)

// How fast a watch notices a lost server; the library's defaults stalled for
// 18 s after a kill (event-log.md 6).
const (
	pullHeartbeat = 500 * time.Millisecond
	pullExpiry    = 2 * time.Second
)

// State says what a cache knows of a value that the log names.
type State string

// The states. Missing may be a moment's: the log can be ahead of the cache.
const (
	Kept    State = "kept"
	Erased  State = "erased"
	Missing State = "missing"
)

// Change says that something about a key changed: it has another value, or
// some of its values are gone.
type Change struct {
	Key    Key
	Erased bool
}

// WatchConfig says what a cache holds.
type WatchConfig struct {
	// Kinds limits the cache; none means all kinds. A gateway that shows names
	// only need not hold every statement.
	Kinds []Kind
	// OnChange is called after each change, one at a time, also for what the store
	// held already. It must not block for long and must not write to the store.
	OnChange func(Change)
	// OnFault is called for a record that cannot be read and for a lost connection
	// to the stream, which heals by itself. The error holds ids only.
	OnFault func(error)
}

// Cache is a process's copy of the store, kept up to date. It is safe for
// concurrent use.
type Cache struct {
	config WatchConfig
	store  *Store
	stop   func()

	// turn keeps OnChange in order without holding mu, so that it may read the cache.
	turn sync.Mutex
	mu   sync.RWMutex
	keys map[Key]*cached
	// reached is the last sequence that the consumer brought; ready is closed at target.
	reached, target uint64
	ready           chan struct{}
	readyOnce       sync.Once
}

// cached is what is known of one key.
type cached struct {
	values map[events.Hash]held
	marked uint64
	mark   mark
}

// held is one decoded value.
type held struct {
	seq   uint64
	value any
}

// Watch makes a cache and returns when it holds what the stream held at the
// call. It lives until ctx ends or Close is called.
func (s *Store) Watch(ctx context.Context, config WatchConfig) (*Cache, error) {
	if len(config.Kinds) == 0 {
		config.Kinds = s.Kinds()
	}
	if config.OnChange == nil {
		config.OnChange = func(Change) {}
	}
	if config.OnFault == nil {
		config.OnFault = func(error) {}
	}
	c := &Cache{config: config, store: s, keys: map[Key]*cached{}, ready: make(chan struct{})}
	filters := make([]string, 0, len(config.Kinds))
	for _, kind := range config.Kinds {
		filters = append(filters, string(kind)+".>")
		// The last message of a kind is its goal: nothing pending does not prove
		// completeness (event-log.md 6), and a key's last message is never deleted.
		err := patiently(ctx, func(ctx context.Context) error {
			last, err := s.stream.GetLastMsgForSubject(ctx, string(kind)+".>")
			if err == nil {
				c.target = max(c.target, last.Sequence)
			}
			return err
		})
		if err != nil && !errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil, s.unavailable("watch "+s.config.Stream, err)
		}
	}
	var consumer jetstream.Consumer
	err := patiently(ctx, func(ctx context.Context) (err error) {
		consumer, err = s.stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{FilterSubjects: filters})
		return err
	})
	if err != nil {
		return nil, s.unavailable("watch "+s.config.Stream, err)
	}
	consuming, err := consumer.Consume(c.receive,
		jetstream.PullHeartbeat(pullHeartbeat), jetstream.PullExpiry(pullExpiry),
		jetstream.ConsumeErrHandler(func(_ jetstream.ConsumeContext, err error) {
			config.OnFault(fmt.Errorf("%s: watch: %w", c.store.config.Name, err))
		}))
	if err != nil {
		return nil, s.unavailable("watch "+s.config.Stream, err)
	}
	c.stop = sync.OnceFunc(func() {
		s.leave(c)
		consuming.Stop()
		<-consuming.Closed()
	})
	s.join(c)
	context.AfterFunc(ctx, c.stop)
	c.progress(0)
	select {
	case <-c.ready:
		return c, nil
	case <-ctx.Done():
		c.stop()
		return nil, s.unavailable("watch "+s.config.Stream, ctx.Err())
	}
}

// What a start asks of a server that is just elected, or lost, is asked again for
// watchWithin: what is denied looks the same, and is to be seen some time. A lost
// one never answers, so each attempt has its own limit.
const (
	attemptWithin = 5 * time.Second
	watchWithin   = 20 * time.Second
)

func patiently(ctx context.Context, do func(context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, watchWithin)
	defer cancel()
	return eventlog.Patiently(limited, nil, func(ctx context.Context) error {
		attempt, cancel := context.WithTimeout(ctx, attemptWithin)
		defer cancel()
		return do(attempt)
	})
}

// Close ends the cache. It must not be called from OnChange.
func (c *Cache) Close() { c.stop() }

// join and leave keep the list of caches that see this process's own writings at once.
func (s *Store) join(c *Cache) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.caches[c] = struct{}{}
}

func (s *Store) leave(c *Cache) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.caches, c)
}

// Lookup gives the value that the log names by digest, and its state.
func Lookup[T any](c *Cache, key Key, digest events.Hash) (T, State) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var none T
	k := c.keys[key]
	switch {
	case k == nil:
		return none, Missing
	case k.mark.Erased:
		return none, Erased
	}
	if v, ok := k.values[digest].value.(T); ok {
		return v, Kept
	}
	return none, Missing
}

// Newest gives the newest value of a key, for a store whose values no log names.
func Newest[T any](c *Cache, key Key) (T, State) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var newest held
	if k := c.keys[key]; k != nil {
		if k.mark.Erased {
			var none T
			return none, Erased
		}
		for _, v := range k.values {
			if v.seq > newest.seq {
				newest = v
			}
		}
	}
	v, ok := newest.value.(T)
	if !ok {
		return v, Missing
	}
	return v, Kept
}

// receive folds a message of the consumer.
func (c *Cache) receive(message jetstream.Msg) {
	meta, err := message.Metadata()
	if err != nil {
		c.config.OnFault(fmt.Errorf("%s: watch: %w", c.store.config.Name, err))
		return
	}
	seq := meta.Sequence.Stream
	key, err := c.store.parseKey(message.Subject())
	if err == nil {
		var r record
		if r, err = parseRecord(message.Data()); err == nil {
			c.apply(key, entry{seq: seq, record: r})
		}
	}
	if err != nil {
		c.config.OnFault(fmt.Errorf("%s: message %d: %w", c.store.config.Name, seq, err))
	}
	c.progress(seq)
}

// progress notes how far the consumer came.
func (c *Cache) progress(seq uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reached = max(c.reached, seq)
	if c.reached >= c.target {
		c.readyOnce.Do(func() { close(c.ready) })
	}
}

// apply folds one record. Records may come twice and, between the consumer and
// this process's own writings, out of order; the outcome is the same.
func (c *Cache) apply(key Key, e entry) {
	if !c.wants(key.Kind) {
		return
	}
	c.turn.Lock()
	defer c.turn.Unlock()
	changed, erased, err := c.take(key, e)
	if err != nil {
		c.config.OnFault(fmt.Errorf("%s: %s: %w", c.store.config.Name, key, err))
	}
	if changed {
		c.config.OnChange(Change{Key: key, Erased: erased})
	}
}

// wants reports whether the cache holds a kind.
func (c *Cache) wants(kind Kind) bool {
	return slices.Contains(c.config.Kinds, kind)
}

// take changes the maps and reports whether anything changed.
func (c *Cache) take(key Key, e entry) (changed, erased bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.keys[key]
	if k == nil {
		k = &cached{values: map[events.Hash]held{}}
		c.keys[key] = k
	}
	h := history{marked: k.marked, mark: k.mark}
	if e.Mark == nil {
		if _, twice := k.values[e.Digest]; twice || !h.alive(e) {
			return false, false, nil
		}
		v, err := c.store.config.Kinds[key.Kind](e.Value)
		if err != nil {
			return false, false, err
		}
		k.values[e.Digest] = held{e.seq, v}
		return true, false, nil
	}
	if e.seq <= k.marked {
		return false, false, nil
	}
	k.marked, k.mark = e.seq, *e.Mark
	h = history{marked: k.marked, mark: k.mark}
	for d, v := range k.values {
		if !h.alive(entry{seq: v.seq, record: record{Digest: d}}) {
			delete(k.values, d)
		}
	}
	return true, k.mark.Erased, nil
}

// compare orders keys by kind, session and id.
func (k Key) compare(other Key) int {
	return cmp.Or(strings.Compare(string(k.Kind), string(other.Kind)), k.Session.Compare(other.Session), strings.Compare(k.ID, other.ID))
}
