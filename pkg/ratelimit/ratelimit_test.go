package ratelimit_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/ratelimit"
	"github.com/fairfloor/fairfloor/pkg/ratelimit/ratelimittest"
	"github.com/fairfloor/fairfloor/pkg/redisconn"
	"github.com/fairfloor/fairfloor/pkg/redisconn/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemoryKeepsTheContract(t *testing.T) {
	ratelimittest.Run(t, func(*testing.T) (ratelimit.Store, ratelimit.Store) {
		m := ratelimit.NewMemory()
		return m, m
	})
}

func TestRedisKeepsTheContract(t *testing.T) {
	server := redistest.Start(t)
	ratelimittest.Run(t, func(t *testing.T) (ratelimit.Store, ratelimit.Store) {
		server.Empty()
		one, two := server.Client(), server.Client()
		t.Cleanup(func() { _, _ = one.Close(), two.Close() })
		return ratelimit.NewRedis(one, [32]byte{1}), ratelimit.NewRedis(two, [32]byte{1})
	})
}

// TestNoWindowHoldsMoreThanItMay is a property: however the tries are spread, in
// no window of time more pass than the burst and one for each interval of it.
func TestNoWindowHoldsMoreThanItMay(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		rate := ratelimit.Rate{
			Name: "x", Every: time.Duration(rapid.IntRange(1, 1000).Draw(r, "every")) * time.Millisecond, Burst: rapid.IntRange(1, 20).Draw(r, "burst"),
		}
		gaps := rapid.SliceOfN(rapid.IntRange(0, 1500), 1, 200).Draw(r, "gaps")
		synctest.Test(t, func(*testing.T) {
			m, passed := ratelimit.NewMemory(), []time.Time{}
			for _, gap := range gaps {
				time.Sleep(time.Duration(gap) * time.Millisecond)
				wait, err := m.Take(context.Background(), rate, "k")
				switch {
				case err != nil:
					r.Fatal(err)
				case wait == 0:
					passed = append(passed, time.Now())
				case wait > rate.Every:
					r.Fatalf("told to wait %s, and one comes in each %s", wait, rate.Every)
				}
			}
			for i := range passed {
				for j := i; j < len(passed); j++ {
					if most := rate.Burst + int(passed[j].Sub(passed[i])/rate.Every); j-i+1 > most {
						r.Fatalf("in %s %d passed, at most %d may", passed[j].Sub(passed[i]), j-i+1, most)
					}
				}
			}
		})
	})
}

// TestMemoryIsBounded: a script with a million addresses does not fill it, and
// keys whose allowance is full are forgotten.
func TestMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := ratelimit.NewMemory()
		for i := range 300_000 {
			_, _ = m.Take(context.Background(), ratelimit.Rate{Name: "x", Every: time.Hour, Burst: 5}, fmt.Sprint(i))
		}
		if n := m.Len(); n > ratelimit.MaxKeys+1 || n < ratelimit.MaxKeys/4 {
			t.Errorf("it remembers %d keys", n)
		}
		time.Sleep(6 * time.Hour)
		for i := range 2*ratelimit.MaxKeys + 1 {
			_, _ = m.Take(context.Background(), ratelimit.Rate{Name: "x", Every: time.Nanosecond, Burst: 5}, fmt.Sprint("short ", i))
			if i%1000 == 0 {
				time.Sleep(time.Millisecond)
			}
		}
		if n := m.Len(); n > 5_000 {
			t.Errorf("it remembers %d keys of which nearly all are full", n)
		}
	})
}

// TestAnAddressCountsWithItsNeighbours: who has a /64 has not 2^64 allowances.
func TestAnAddressCountsWithItsNeighbours(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8:1:2:ffff::1": "2001:db8:1:2::/64", "2001:db8:1:3::1": "2001:db8:1:3::/64",
		"fe80::1%eth0": "fe80::/64", "pipe": "pipe", "": "",
	} {
		if got := ratelimit.Address(text); got != want {
			t.Errorf("%q counts as %q, want %q", text, got, want)
		}
	}
}

// gateways are two limiters with one Redis, which may take so long to answer.
func gateways(t *testing.T, server *redistest.Server, within time.Duration) [2]*ratelimit.Limiter {
	t.Helper()
	var both [2]*ratelimit.Limiter
	for i := range both {
		client := server.Client()
		t.Cleanup(func() { _ = client.Close() })
		both[i] = ratelimit.New(ratelimit.NewRedis(client, [32]byte{2}), redisconn.NewCircuit(within, time.Second, nil))
	}
	return both
}

// TestARedisThatVanishesStopsNobodyAndEachGatewayCountsByItself: with Redis two
// gateways let ten through together; frozen, killed and emptied each lets ten
// through by itself and no more; afterwards they count together again.
func TestARedisThatVanishesStopsNobodyAndEachGatewayCountsByItself(t *testing.T) {
	server := redistest.Start(t)
	both := gateways(t, server, 100*time.Millisecond)
	through := func(name string) (n int) {
		for i := range 40 {
			if both[i%2].Take(context.Background(), ratelimit.Rate{Name: name, Every: time.Hour, Burst: 10}, "a") == 0 {
				n++
			}
		}
		return n
	}
	// A gateway that has not tried again yet counts by itself, for a second.
	together := func(name string) string {
		t.Helper()
		for begin := time.Now(); ; time.Sleep(10 * time.Millisecond) {
			name := name + time.Since(begin).String()
			n := through(name)
			if n == 10 {
				return name
			}
			if n < 10 || time.Since(begin) > 20*time.Second {
				t.Fatalf("%s: two gateways with one Redis let %d through", name, n)
			}
		}
	}
	together("before")
	server.Freeze()
	if n := through("frozen"); n != 20 {
		t.Errorf("frozen: %d were let through, want each gateway's 10", n)
	}
	server.Thaw()
	together("thawed")
	server.Kill()
	if n := through("killed"); n != 20 {
		t.Errorf("killed: %d were let through, want each gateway's 10", n)
	}
	server.Restart()
	name := together("restarted")
	server.Empty()
	// Their own counts stand: what Redis forgot gives nobody a new allowance here.
	if n := through(name); n != 0 {
		t.Errorf("after FLUSHALL %d more were let through", n)
	}
}

// TestLookingAsksAllGateways: a wrong code at one gateway counts at the other.
func TestLookingAsksAllGateways(t *testing.T) {
	// On a machine that is busy a healthy server may take long.
	both := gateways(t, redistest.Start(t), 10*time.Second)
	rate := ratelimit.Rate{Name: "wrong", Every: time.Hour, Burst: 1}
	if wait := both[0].Look(context.Background(), rate, "a"); wait != 0 {
		t.Fatalf("before the first the wait is %s", wait)
	}
	both[0].Take(context.Background(), rate, "a")
	for i, l := range both {
		if ms := ratelimit.Millis(l.Look(context.Background(), rate, "a")); ms < 3_590_000 || ms > 3_600_000 {
			t.Errorf("gateway %d says to wait %d ms", i, ms)
		}
	}
}

// TestNoAddressStandsInRedisAndJunkThereIsNoBarrier: keys are hashed; a number
// that somebody else put there is at most an empty allowance.
func TestNoAddressStandsInRedisAndJunkThereIsNoBarrier(t *testing.T) {
	server := redistest.Start(t)
	client := server.Admin()
	t.Cleanup(func() { _ = client.Close() })
	ctx, rate := context.Background(), ratelimit.Rate{Name: "x", Every: time.Minute, Burst: 2}
	store := ratelimit.NewRedis(client, [32]byte{3})
	if _, err := store.Take(ctx, rate, "192.0.2.7"); err != nil {
		t.Fatal(err)
	}
	keys, err := client.Keys(ctx, "*").Result()
	if err != nil || len(keys) != 1 || strings.Contains(keys[0], "192") || !strings.HasPrefix(keys[0], redisconn.Prefix) {
		t.Fatalf("keys %q, %v", keys, err)
	}
	if ttl, err := client.PTTL(ctx, keys[0]).Result(); err != nil || ttl <= 0 || ttl > time.Minute {
		t.Errorf("the key lives for %s, %v", ttl, err)
	}
	for junk, most := range map[string]time.Duration{"99999999999999999999": time.Minute, "-5": 0, "nan": time.Minute, "text": 0} {
		if err := client.Set(ctx, keys[0], junk, 0).Err(); err != nil {
			t.Fatal(err)
		}
		if wait, err := store.Take(ctx, rate, "192.0.2.7"); err != nil || wait > most {
			t.Errorf("with %q in its place the wait is %s, %v", junk, wait, err)
		}
	}
	if other, err := ratelimit.NewRedis(client, [32]byte{4}).Look(ctx, ratelimit.Rate{Name: "x", Every: time.Minute, Burst: 1}, "192.0.2.7"); err != nil || other != 0 {
		t.Errorf("another deployment's count is ours: %s, %v", other, err)
	}
}
