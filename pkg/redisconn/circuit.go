package redisconn

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Times of a circuit, in I/O time.
const (
	// Within bounds one call of a Circuit: what waits for it may be a command of
	// the chair's, and a Redis that is well answers in less than a millisecond.
	Within = 25 * time.Millisecond
	// Rest is how long a Redis that failed is left alone.
	Rest = time.Second
)

// ErrAway is the answer of a circuit that is open: nobody was asked.
var ErrAway = errors.New("redis: did not answer a moment ago, and is not asked again yet")

// Circuit stands between callers that must not wait and a Redis that may hang.
// After a call that failed it answers ErrAway at once for the length of Rest;
// then one call at a time tries again, and the others still get ErrAway. So a
// Redis that hangs costs all callers together one Within in each Rest. It is
// safe for concurrent use, and starts nothing.
type Circuit struct {
	within, rest time.Duration
	log          *slog.Logger

	mu     sync.Mutex
	away   bool
	trying bool
	asleep time.Time // until when nobody asks
}

// NewCircuit makes a closed circuit; a time of zero is Within or Rest, a nil
// logger slog.Default.
func NewCircuit(within, rest time.Duration, log *slog.Logger) *Circuit {
	if within == 0 {
		within = Within
	}
	if rest == 0 {
		rest = Rest
	}
	if log == nil {
		log = slog.Default()
	}
	return &Circuit{within: within, rest: rest, log: log}
}

// Do calls within the circuit's time, or gives ErrAway. An answer that there is
// nothing (redis.Nil) is an answer; a caller who went away says nothing about Redis.
func (c *Circuit) Do(ctx context.Context, call func(context.Context) error) error {
	if !c.enter() {
		return ErrAway
	}
	within, cancel := context.WithTimeout(ctx, c.within)
	defer cancel()
	err := call(within)
	c.leave(err, ctx.Err() != nil)
	return err
}

// Away reports whether the last call failed.
func (c *Circuit) Away() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.away
}

func (c *Circuit) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.away {
		return true
	}
	if c.trying || time.Now().Before(c.asleep) {
		return false
	}
	c.trying = true
	return true
}

func (c *Circuit) leave(err error, gone bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trying = false
	was := c.away
	switch {
	case err == nil || errors.Is(err, redis.Nil):
		c.away = false
	case gone:
		return
	default:
		c.away, c.asleep = true, time.Now().Add(c.rest)
	}
	if c.away && !was {
		c.log.Warn("redis is away; each process goes on by itself", "error", err)
	} else if was && !c.away {
		c.log.Info("redis is back")
	}
}
