package ask

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/fairfloor/fairfloor/pkg/problem"
)

// idleLimit is how long a token's allowance is remembered after its last
// command. A full allowance grows back within a second, so nothing is given away.
const idleLimit = time.Minute

// limits holds the allowance of each token, in I/O time.
type limits struct {
	perSecond int
	mu        sync.Mutex
	tokens    map[string]*allowance
	swept     time.Time
}

type allowance struct {
	limiter *rate.Limiter
	used    time.Time
}

func newLimits(perSecond int) *limits {
	return &limits{perSecond: perSecond, tokens: map[string]*allowance{}, swept: time.Now()}
}

// take takes one command from a token's allowance, or says when there is one again.
func (l *limits) take(token string) error {
	if l.perSecond < 0 {
		return nil
	}
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.swept) > idleLimit {
		l.swept = now
		for t, a := range l.tokens {
			if now.Sub(a.used) > idleLimit {
				delete(l.tokens, t)
			}
		}
	}
	a := l.tokens[token]
	if a == nil {
		a = &allowance{limiter: rate.NewLimiter(rate.Limit(l.perSecond), l.perSecond)}
		l.tokens[token] = a
	}
	a.used = now
	if a.limiter.AllowN(now, 1) {
		return nil
	}
	p := problem.New(problem.TooMany, "one link may send %d commands in a second", l.perSecond).
		Try("wait a moment and send the same command with the same id again")
	p.RetryAfterMS = 1000 / int64(l.perSecond)
	return p
}
