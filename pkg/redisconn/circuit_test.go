package redisconn_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fairfloor/fairfloor/pkg/redisconn"
	"github.com/fairfloor/fairfloor/pkg/redisconn/redistest"
)

var errBroken = errors.New("broken")

func fails(context.Context) error { return errBroken }
func works(context.Context) error { return nil }

// hangs answers when its time is over and not before.
func hangs(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// TestAfterAFailureNobodyAsksForAWhileAndThenOneAtATime: the open circuit costs
// nothing, and what it costs to find out that Redis is back is one caller's time.
func TestAfterAFailureNobodyAsksForAWhileAndThenOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, ctx := redisconn.NewCircuit(0, 0, nil), context.Background()
		begin := time.Now()
		if err := c.Do(ctx, hangs); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != redisconn.Within {
			t.Fatalf("%v after %s", err, time.Since(begin))
		}
		for range 1000 {
			if err := c.Do(ctx, works); !errors.Is(err, redisconn.ErrAway) {
				t.Fatalf("an open circuit asked: %v", err)
			}
		}
		if took := time.Since(begin); took != redisconn.Within || !c.Away() {
			t.Fatalf("a thousand calls to an open circuit took %s", took)
		}
		time.Sleep(redisconn.Rest)
		// Of those who come now one tries, and it hangs again.
		var asked, away int
		var mu sync.Mutex
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				err := c.Do(ctx, hangs)
				mu.Lock()
				defer mu.Unlock()
				if errors.Is(err, redisconn.ErrAway) {
					away++
				} else {
					asked++
				}
			})
		}
		all.Wait()
		if asked != 1 || away != 49 {
			t.Errorf("%d asked and %d did not", asked, away)
		}
		time.Sleep(redisconn.Rest)
		if err := c.Do(ctx, works); err != nil || c.Away() {
			t.Errorf("a Redis that is back: %v", err)
		}
		if err := c.Do(ctx, fails); !errors.Is(err, errBroken) {
			t.Errorf("a failure came as %v", err)
		}
	})
}

// TestNothingThereIsAnAnswerAndACallerWhoLeftSaysNothing: neither opens the circuit.
func TestNothingThereIsAnAnswerAndACallerWhoLeftSaysNothing(t *testing.T) {
	c := redisconn.NewCircuit(time.Minute, time.Hour, nil)
	if err := c.Do(context.Background(), func(context.Context) error { return redis.Nil }); !errors.Is(err, redis.Nil) || c.Away() {
		t.Errorf("nothing there: %v, away %t", err, c.Away())
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if err := c.Do(gone, hangs); !errors.Is(err, context.Canceled) || c.Away() {
		t.Errorf("a caller who left: %v, away %t", err, c.Away())
	}
}

// TestAFrozenServerCostsManyCallersHardlyAnything: two thousand calls to a real
// server that hangs, from twenty at once, wait in sum for a few of the circuit's
// times, and after the thaw Redis is used again.
func TestAFrozenServerCostsManyCallersHardlyAnything(t *testing.T) {
	server := redistest.Start(t)
	client := server.Client()
	t.Cleanup(func() { _ = client.Close() })
	const rest = 200 * time.Millisecond
	c := redisconn.NewCircuit(0, rest, nil)
	ping := func(ctx context.Context) error { return client.Ping(ctx).Err() }
	if err := c.Do(context.Background(), ping); err != nil {
		t.Fatal(err)
	}
	server.Freeze()
	begin := time.Now()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 100 {
				if err := c.Do(context.Background(), ping); err == nil {
					t.Error("a frozen server answered")
				}
			}
		})
	}
	all.Wait()
	// Without the circuit it would be 100 times Within for each of the twenty, 2.5 s.
	if took := time.Since(begin); took > time.Second {
		t.Errorf("2,000 calls took %s", took)
	}
	server.Thaw()
	for begin := time.Now(); c.Do(context.Background(), ping) != nil; time.Sleep(rest / 10) {
		if time.Since(begin) > 10*time.Second {
			t.Fatal("a server that is back is never asked again")
		}
	}
}
