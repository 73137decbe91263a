package eventlog

import (
	"context"
	"time"
)

// How long an attempt is waited for alone. A server that goes away takes what it
// had in its hands with it, and nobody answers for it: without another attempt a
// command that was under way would wait for all of Options.AppendWithin. Each wait
// is twice the one before, so that a server that is slow is not made slower.
const (
	firstPatience = 100 * time.Millisecond
	mostPatience  = 500 * time.Millisecond
)

// weight is how much the end of an attempt says.
type weight int

const (
	// nobody had the request in their hands.
	nobody weight = iota
	// perhaps it was taken; another attempt may know more.
	perhaps
	// certain is an answer to believe, whatever becomes of the other attempts.
	certain
)

// insist makes an attempt, and another one beside it while nobody answers, until
// one of them is certain, all have ended, or ctx is done. What it attempts must
// be the same however often it is done: a read, or an append with its guard and
// its message id. It gives how many attempts there were, and of several that
// ended without certainty the one that leaves most open.
func insist[T any](ctx context.Context, weigh func(error) weight, attempt func(context.Context) (T, error)) (value T, attempts int, err error) {
	type outcome struct {
		value T
		err   error
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	outcomes, open := make(chan outcome), 0
	begin := func() {
		open++
		attempts++
		go func() {
			value, err := attempt(ctx)
			select {
			case outcomes <- outcome{value, err}:
			case <-ctx.Done():
			}
		}()
	}
	begin()
	patience := firstPatience
	again := time.NewTimer(patience)
	defer again.Stop()
	kept, best := outcome{}, weight(-1)
	for {
		select {
		case o := <-outcomes:
			open--
			if w := weigh(o.err); w > best {
				kept, best = o, w
			}
			// While an earlier attempt may still be answered, "nobody" says nothing of it.
			if best == certain || open == 0 {
				return kept.value, attempts, kept.err
			}
		case <-again.C:
			begin()
			patience = min(2*patience, mostPatience)
			again.Reset(patience)
		case <-ctx.Done():
			return value, attempts, ctx.Err()
		}
	}
}
