package shell

import (
	"context"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// Hooks let a service do what a pure domain cannot, around a decision. The
// registry needs them: it takes the values of persons out of a command before
// the command is looked at, and follows its own facts with what lies outside of
// the session's subject.
type Hooks struct {
	// Prepare is called with each command before it is looked up or decided, by
	// the session's worker: one after the other for a session. It may exchange the
	// arguments. Its error answers the command.
	Prepare func(ctx context.Context, r *command.Request) error
	// Folded hears of the commits of the service's own context that are folded
	// after the start, of one of its own perhaps twice. It must not block.
	Folded func(s ids.Session, c *events.Commit)
	// Heard hears likewise of the commits of the other contexts that it folds.
	Heard func(s ids.Session, c *events.Commit)
}

// of gives the hook for a commit of the service's own context, or of another one.
func (h Hooks) of(own bool) func(ids.Session, *events.Commit) {
	if own {
		return h.Folded
	}
	return h.Heard
}

// handle prepares a command and brings it to its end.
func (sh *Shell) handle(r *room, j job) (*command.Receipt, error) {
	if prepare := sh.config.Hooks.Prepare; prepare != nil {
		if err := prepare(j.ctx, j.request); err != nil {
			return nil, err
		}
	}
	return sh.process(j.ctx, r, j.request)
}

// Do does a command of the service itself, in its session's line, and waits for
// the receipt. Unlike a command from outside it may carry the service's name; it
// needs a deterministic id when several replicas may do it.
func (sh *Shell) Do(ctx context.Context, request *command.Request) (*command.Receipt, error) {
	type outcome struct {
		receipt *command.Receipt
		err     error
	}
	done := make(chan outcome, 1)
	answer := func(receipt *command.Receipt, err error) { done <- outcome{receipt, err} }
	// A command that is given up here is finished nevertheless, like any other.
	if err := sh.enqueue(job{ctx: context.WithoutCancel(ctx), request: request, answer: answer}); err != nil {
		return nil, err
	}
	select {
	case o := <-done:
		return o.receipt, o.err
	case <-ctx.Done():
		return nil, problem.New(problem.Unknown, "nobody waits any longer for the command").Try("send the same command with the same id again")
	}
}

// Current is View after a leader read of every context that the service decides
// on: look sees everything that was acknowledged before the call.
func (sh *Shell) Current(ctx context.Context, s ids.Session, look func(*session.State)) (bool, error) {
	if _, err := sh.follower.CatchUp(ctx, s, reads(sh.service.Context)...); err != nil {
		return false, busy("the log is not available at present", 1000)
	}
	return sh.View(s, look), nil
}
