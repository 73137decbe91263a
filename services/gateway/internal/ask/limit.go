package ask

import (
	"context"
	"slices"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/ratelimit"
)

// allow takes one command from a link's allowance, or says when there is one again.
func (a *Asker) allow(ctx context.Context, actor events.Actor) error {
	if a.config.PerSecond < 0 {
		return nil
	}
	// Organisations name their organisers as they like: the same name is not the same link.
	key := actor.ID
	if !actor.Organisation.IsZero() {
		key = actor.Organisation.String() + ":" + key
	}
	wait := a.config.Limits.Take(ctx, ratelimit.PerSecond("commands", a.config.PerSecond), key)
	if wait > 0 {
		p := problem.New(problem.TooMany, "one link may send %d commands in a second", a.config.PerSecond).
			Try("wait a moment and send the same command with the same id again")
		p.RetryAfterMS = ratelimit.Millis(wait)
		return p
	}
	return nil
}

// share takes one command from a session's allowance, or says when there is one again.
func (a *Asker) share(ctx context.Context, s ids.Session, actor events.Actor) error {
	if a.config.PerSecond < 0 || a.config.PerSession < 0 || runs(actor) {
		return nil
	}
	wait := a.config.Limits.Take(ctx, ratelimit.PerSecond("commands-session", a.config.PerSession), s.String())
	if wait > 0 {
		p := problem.New(problem.TooMany, "%d commands in a second are as many as a session takes from its delegates and observers together", a.config.PerSession).
			Try("wait a moment and send the same command with the same id again")
		p.RetryAfterMS = ratelimit.Millis(wait)
		return p
	}
	return nil
}

// runs reports whether an actor has a part in running the session. Anybody may
// have a visitor's link where a session is public, and an organisation has as
// many delegates as it names: what all of those send together must not keep the
// chair, the booth or the captions waiting, so only theirs is counted.
func runs(actor events.Actor) bool {
	return slices.ContainsFunc(actor.Roles, func(r events.Role) bool { return r != events.Speaker && r != events.Observer })
}
