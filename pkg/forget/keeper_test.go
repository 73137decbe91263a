package forget

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// idle counts the activities that a keeper began and did not end.
type idle struct {
	mu   sync.Mutex
	open int
}

func (i *idle) begin() func() {
	i.mu.Lock()
	i.open++
	i.mu.Unlock()
	return func() {
		i.mu.Lock()
		i.open--
		i.mu.Unlock()
	}
}

// keeperOf gives a keeper whose log is folded, and what it writes.
func keeperOf(i *idle, everything func()) (*Keeper, *bytes.Buffer) {
	var out bytes.Buffer
	ready := make(chan struct{})
	close(ready)
	k := NewKeeper(KeeperConfig{
		Store: storeOf(), Ready: func() <-chan struct{} { return ready }, Begin: i.begin, Everything: everything,
		Named: func(context.Context) func(Key, events.Hash) bool { return func(Key, events.Hash) bool { return true } },
		Lines: slog.New(slog.NewTextHandler(&out, nil)),
	})
	// The sweep needs a stream, which a keeper of these tests has none of.
	k.named["sweep"] = &task{}
	return k, &out
}

// TestATaskIsRepeatedAndGivenUp: while the store is away a task waits longer
// and longer, and in the end lets the others behind it through.
func TestATaskIsRepeatedAndGivenUp(t *testing.T) {
	for name, c := range map[string]struct {
		faults int // how often it fails first
		tried  int
		lasted time.Duration
	}{
		"at once":     {0, 1, 0},
		"third time":  {2, 3, 1500 * time.Millisecond},
		"never":       {1000, keepTries, 63500 * time.Millisecond},
		"at the last": {keepTries - 1, keepTries, 31500 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			k, out := keeperOf(&idle{}, func() {})
			tried, ended, begun := 0, 0, time.Now()
			k.finish(t.Context(), &task{what: "test", end: func() { ended++ }, do: func(context.Context) error {
				if tried++; tried <= c.faults {
					return errors.New("the store is away: " + name)
				}
				return nil
			}})
			if tried != c.tried || ended != 1 || time.Since(begun) != c.lasted {
				t.Errorf("%s: tried %d times, ended %d times, in %s", name, tried, ended, time.Since(begun))
			}
			// The text of an error may hold anything; only its code is written.
			if said := out.String(); strings.Contains(said, "the store is away: ") || c.faults > 0 != strings.Contains(said, "internal_error") {
				t.Errorf("%s: the lines are %s", name, said)
			}
		})
	}
	// A shutdown does not wait for a task that cannot be done.
	synctest.Test(t, func(t *testing.T) {
		k, _ := keeperOf(&idle{}, func() {})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun := time.Now()
		k.finish(ctx, &task{end: func() {}, do: func(context.Context) error { return errors.New("away") }})
		if lasted := time.Since(begun); lasted != time.Second {
			t.Errorf("the shutdown took %s", lasted)
		}
	})
}

// TestTasksAreDoneInOrderAndOnceForAName: of two with one name that wait, the
// later is done in the earlier one's place; one that runs already is not it.
func TestTasksAreDoneInOrderAndOnceForAName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var done []string
		var i idle
		k, _ := keeperOf(&i, func() {})
		add := func(name, says string) {
			k.Add("test", name, ids.Session{}, func(context.Context) error { done = append(done, says); return nil })
		}
		add("a", "a1")
		add("b", "b1")
		add("a", "a2")
		k.Add("test", "c", ids.Session{}, func(context.Context) error {
			done = append(done, "c1")
			add("c", "c2")
			return nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { k.Run(ctx, func() {}) })
		synctest.Wait()
		if want := []string{"a2", "b1", "c1", "c2"}; !slices.Equal(done, want) {
			t.Errorf("done were %q, not %q", done, want)
		}
		if i.open != 0 {
			t.Errorf("%d activities go on though all is done", i.open)
		}
		cancel()
		running.Wait()
		// What comes after the end is for the next start, and nobody waits for it in vain.
		add("d", "d1")
		k.abandon()
		if i.open != 0 || slices.Contains(done, "d1") {
			t.Errorf("after the end: %d activities, %q", i.open, done)
		}
	})
}

// TestEverythingIsLookedAtAtTheStartAndEachHour, and begun is told only when the
// first look has put its tasks into the line.
func TestEverythingIsLookedAtAtTheStartAndEachHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looks := 0
		var k *Keeper
		k, _ = keeperOf(&idle{}, func() { looks++; k.Add("test", "x", ids.Session{}, func(context.Context) error { return nil }) })
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go k.Run(ctx, func() {
			if looks != 1 {
				t.Errorf("the start ended after %d looks", looks)
			}
		})
		time.Sleep(3*keepEvery + time.Minute)
		synctest.Wait()
		if looks != 4 {
			t.Errorf("%d looks in three hours", looks)
		}
		cancel()
		synctest.Wait()
	})
}

// TestDrainWaitsForTheLineButNotForEver.
func TestDrainWaitsForTheLineButNotForEver(t *testing.T) {
	for name, c := range map[string]struct{ takes, waits time.Duration }{
		"in time":  {3 * time.Second, 3 * time.Second},
		"too long": {time.Minute, 10 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			k, out := keeperOf(&idle{}, func() {})
			ctx, cancel := context.WithCancel(t.Context())
			var running sync.WaitGroup
			running.Go(func() { k.Run(ctx, func() {}) })
			k.Add("test", "slow", ids.Session{}, func(ctx context.Context) error {
				select {
				case <-time.After(c.takes):
				case <-ctx.Done():
				}
				return nil
			})
			begun := time.Now()
			k.Drain(10 * time.Second)
			if waited := time.Since(begun); waited != c.waits {
				t.Errorf("%s: waited %s", name, waited)
			}
			cancel()
			running.Wait()
			if c.takes > c.waits != strings.Contains(out.String(), "shutdown does not wait") {
				t.Errorf("%s: the lines are %s", name, out)
			}
		})
	}
	// Before the log is folded nothing is in line.
	k, _ := keeperOf(&idle{}, func() {})
	k.config.Ready = func() <-chan struct{} { return nil }
	k.Drain(time.Hour)
}
