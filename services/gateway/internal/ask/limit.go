package ask

import (
	"context"

	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/ratelimit"
)

// allow takes one command from a link's allowance, or says when there is one again.
func (a *Asker) allow(ctx context.Context, link string) error {
	if a.config.PerSecond < 0 {
		return nil
	}
	wait := a.config.Limits.Take(ctx, ratelimit.PerSecond("commands", a.config.PerSecond), link)
	if wait == 0 {
		return nil
	}
	p := problem.New(problem.TooMany, "one link may send %d commands in a second", a.config.PerSecond).
		Try("wait a moment and send the same command with the same id again")
	p.RetryAfterMS = ratelimit.Millis(wait)
	return p
}
