// Package ratelimittest is the contract that every ratelimit.Store must pass.
//
// It guarantees that what Run accepts behaves as package ratelimit says. Rates
// are so slow that no test sees an allowance grow, or so quick that a test waits
// for what the store itself told it to wait.
package ratelimittest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/ratelimit"
)

// Run runs the contract. open gives two views of one and the same empty store,
// as two gateways would have them.
func Run(t *testing.T, open func(t *testing.T) (ratelimit.Store, ratelimit.Store)) {
	t.Helper()
	for name, run := range map[string]func(*testing.T, ratelimit.Store, ratelimit.Store){
		"two gateways let through no more than one":  together,
		"keys and rates stand apart":                 apart,
		"looking takes nothing":                      looking,
		"what is refused uses up nothing":            refused,
		"who waits as long as told is let in":        waits,
		"many at once are let through exactly":       many,
		"in the long run it is one in each interval": steady,
	} {
		t.Run(name, func(t *testing.T) {
			one, two := open(t)
			run(t, one, two)
		})
	}
}

// slow is a rate that no test outlives.
var slow = ratelimit.Rate{Name: "slow", Every: time.Hour, Burst: 3}

func take(t *testing.T, s ratelimit.Store, r ratelimit.Rate, key string) time.Duration {
	t.Helper()
	wait, err := s.Take(context.Background(), r, key)
	if err != nil {
		t.Fatalf("take: %v", err)
	}
	return wait
}

func look(t *testing.T, s ratelimit.Store, r ratelimit.Rate, key string) time.Duration {
	t.Helper()
	wait, err := s.Look(context.Background(), r, key)
	if err != nil {
		t.Fatalf("look: %v", err)
	}
	return wait
}

func together(t *testing.T, one, two ratelimit.Store) {
	for i, s := range []ratelimit.Store{one, two, one} {
		if wait := take(t, s, slow, "a"); wait != 0 {
			t.Errorf("number %d of 3 is told to wait %s", i+1, wait)
		}
	}
	for _, s := range []ratelimit.Store{one, two} {
		if wait := take(t, s, slow, "a"); wait <= 59*time.Minute || wait > time.Hour {
			t.Errorf("one too many is told to wait %s", wait)
		}
	}
}

func apart(t *testing.T, one, two ratelimit.Store) {
	other := ratelimit.Rate{Name: "other", Every: time.Hour, Burst: 1}
	for range 3 {
		take(t, one, slow, "a")
	}
	if wait := take(t, two, slow, "b"); wait != 0 {
		t.Errorf("another key is told to wait %s", wait)
	}
	if wait := take(t, two, other, "a"); wait != 0 {
		t.Errorf("another rate is told to wait %s", wait)
	}
	for _, key := range []string{"", "with space\nand more", "{brace}:*", string(make([]byte, 5000))} {
		if wait := take(t, one, other, key); wait != 0 {
			t.Errorf("the key %.20q is told to wait %s", key, wait)
		}
		if wait := take(t, one, other, key); wait == 0 {
			t.Errorf("the key %.20q is not counted", key)
		}
	}
}

func looking(t *testing.T, one, two ratelimit.Store) {
	for range 10 {
		if wait := look(t, one, slow, "a"); wait != 0 {
			t.Fatalf("who only looks is told to wait %s", wait)
		}
	}
	for range 3 {
		take(t, one, slow, "a")
	}
	if wait := look(t, two, slow, "a"); wait <= 0 {
		t.Error("an empty allowance looks as if there were some")
	}
}

func refused(t *testing.T, one, two ratelimit.Store) {
	r := ratelimit.Rate{Name: "refused", Every: 300 * time.Millisecond, Burst: 1}
	take(t, one, r, "a")
	first := take(t, one, r, "a")
	for range 50 {
		if wait := take(t, two, r, "a"); wait > first {
			t.Fatalf("after being refused the wait grew from %s to %s", first, wait)
		}
	}
}

func waits(t *testing.T, one, two ratelimit.Store) {
	r := ratelimit.Rate{Name: "quick", Every: 40 * time.Millisecond, Burst: 2}
	for take(t, one, r, "a") == 0 {
		continue
	}
	for range 3 {
		// A wait of nothing means that it was taken, on a machine that was busy.
		if wait := take(t, two, r, "a"); wait > 0 {
			time.Sleep(wait)
			if again := take(t, two, r, "a"); again != 0 {
				t.Fatalf("after %s it is %s more", wait, again)
			}
		}
	}
}

func many(t *testing.T, one, two ratelimit.Store) {
	r := ratelimit.Rate{Name: "many", Every: time.Hour, Burst: 60}
	var through atomic.Int64
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			s := one
			if i%2 == 1 {
				s = two
			}
			wait, err := s.Take(context.Background(), r, "a")
			if err != nil {
				t.Error(err)
			} else if wait == 0 {
				through.Add(1)
			}
		})
	}
	all.Wait()
	if n := through.Load(); n != 60 {
		t.Errorf("of 200 at once %d were let through, want 60", n)
	}
}

func steady(t *testing.T, one, two ratelimit.Store) {
	r := ratelimit.Rate{Name: "steady", Every: 20 * time.Millisecond, Burst: 5}
	begin, through := time.Now(), 0
	for s, other := one, two; time.Since(begin) < 300*time.Millisecond; s, other = other, s {
		wait := take(t, s, r, "a")
		if wait == 0 {
			through++
			continue
		}
		time.Sleep(wait / 4)
	}
	// The bound is the guarantee; that it is not far below shows that it is let in.
	if most := r.Burst + int(time.Since(begin)/r.Every) + 1; through > most || through <= r.Burst {
		t.Errorf("in %s %d were let through, at most %d may be", time.Since(begin), through, most)
	}
}
