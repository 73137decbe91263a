package domain

import (
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

const (
	// The least and the most that the chair adds to a turn at once.
	leastAddedMS = 1_000
	mostAddedMS  = 600_000
)

// running reads the turn that a chair's command names, and refuses one that
// does not have the floor or whose clock is not open yet.
func running(s *session.State, turn ids.Turn) (*session.Turn, *session.TurnClock, error) {
	t := s.Queue.Running()
	if t == nil {
		return nil, nil, wrong("wait until somebody has the floor", "nobody has the floor")
	}
	if turn != t.ID {
		return nil, nil, problem.New(problem.Stale, "this turn does not have the floor").On("args.turn").Try("name the turn that has the floor")
	}
	tc := s.Timing.Turns[t.ID]
	if tc == nil {
		busy := problem.New(problem.Busy, "the turn's clock is being opened").Try("send the same command again")
		busy.RetryAfterMS = 100
		return nil, nil, busy
	}
	return t, tc, nil
}

// extendTurn adds to the running turn; only the chair's side does that.
func extendTurn(s *session.State, r *command.Request, _ clock.Instant) ([]events.Event, error) {
	var args command.ExtendTurn
	if err := r.Read(&args); err != nil {
		return nil, err
	}
	if args.ByMS < leastAddedMS || args.ByMS > mostAddedMS {
		return nil, problem.Field("args.by_ms", "%d ms is not between 1 and 600 seconds", args.ByMS).Try("send 1000 to 600000")
	}
	t, tc, err := running(s, args.Turn)
	if err != nil {
		return nil, err
	}
	if tc.AddedMS+args.ByMS > dayMS {
		return nil, problem.Field("args.by_ms", "the turn would last more than 24 hours").Try("end the turn, and give the floor again")
	}
	return []events.Event{&events.TurnExtended{Turn: t.ID, AddedMS: args.ByMS}}, nil
}

// lengthenTurn adds a sealed allowance to the running turn, once. What it is for
// is not for the log, so nothing of that is checked here: only the bounds are.
func lengthenTurn(s *session.State, r *command.Request, _ clock.Instant) ([]events.Event, error) {
	var args command.LengthenTurn
	if err := r.Read(&args); err != nil {
		return nil, err
	}
	switch {
	case args.AddedMS < leastAddedMS || args.AddedMS > mostAddedMS:
		return nil, problem.Field("args.added_ms", "%d ms is not between 1 and 600 seconds", args.AddedMS).Try("send 1000 to 600000")
	case args.Commitment.IsZero():
		return nil, problem.Field("args.commitment", "a sealed allowance needs a commitment to what it is for").Try("send its keyed digest")
	}
	t, tc, err := running(s, args.Turn)
	if err != nil {
		return nil, err
	}
	if tc.AccessMS > 0 {
		return nil, already("the turn has its allowance").On("args.turn")
	}
	return []events.Event{&events.TurnLengthened{Turn: t.ID, AddedMS: args.AddedMS, Commitment: args.Commitment}}, nil
}

// standing says whether a turn's clock has to stand for something greater than
// itself: a suspension, a point of order that interrupts it, or lost interpretation.
func standing(s *session.State, t *session.Turn, suspended, lost bool) (events.PauseCause, bool) {
	switch p := s.Queue.Point; {
	case suspended:
		return events.PausedBySuspension, true
	case p != nil && p.Suspended == t.ID:
		return events.PausedByPoint, true
	case lost:
		return events.PausedByInterpretation, true
	}
	return "", false
}

// follow makes the running turn's clock agree with the session's: it pauses
// for a suspension, a point of order or lost interpretation, and goes on when
// that is over. What the chair paused stays paused. No event when it agrees already.
func follow(s *session.State, at clock.Instant, suspended, lost bool) []events.Event {
	t := s.Queue.Running()
	if t == nil {
		return nil
	}
	tc := s.Timing.Turns[t.ID]
	if tc == nil {
		return nil
	}
	cause, stands := standing(s, t, suspended, lost)
	paused := tc.Paused()
	switch {
	case paused == nil && stands:
		return []events.Event{&events.TurnPaused{Turn: t.ID, At: at, Cause: cause}}
	case paused == nil || stands:
		// It runs and may, or it stands already: the span of the suspension or of
		// the point itself keeps the clock still, whatever the pause is called.
		return nil
	case paused.Cause == events.PausedBySuspension || paused.Cause == events.PausedByPoint || paused.Cause == events.PausedByInterpretation:
		return []events.Event{&events.TurnResumed{Turn: t.ID, At: max(at, paused.From)}}
	}
	return nil
}

// openTurn gives a called turn the allotment of the plan before the giving
// (decisions.md 14). A turn that is void already is skipped (decisions.md 15).
func openTurn(s *session.State, r *command.Request, _ clock.Instant) ([]events.Event, error) {
	var args command.TurnRef
	if err := r.Read(&args); err != nil {
		return nil, err
	}
	t := s.Queue.Turns[args.Turn]
	switch {
	case t == nil:
		return nil, problem.New(problem.NotFound, "there is no such turn").On("args.turn")
	case t.Void || t.Entered:
		return nil, wrong("nothing is to be done", "the turn was undone, or entered afterwards")
	case s.Timing.Turns[t.ID] != nil:
		return nil, already("the turn's clock is open").On("args.turn")
	}
	allotted, guarantee, _ := s.Opened(t)
	return []events.Event{&events.TurnOpened{
		Turn: t.ID, AllottedMS: allotted, GuaranteeMS: guarantee,
		Paused: t.EndedAt.IsZero() && (s.Timing.Phase == session.Suspended || lostFor(s, t.ID)),
	}}, nil
}

// followPoint makes the running turn's clock agree with the floor: it pauses
// for a point of order at the instant of its admission, and goes on at the
// instant of the ruling. The same holds for a turn that an undo brought back
// after a suspension began or ended without it.
func followPoint(s *session.State, r *command.Request, _ clock.Instant) ([]events.Event, error) {
	var args command.TurnRef
	if err := r.Read(&args); err != nil {
		return nil, err
	}
	if args.Turn != s.Queue.Turn {
		return nil, problem.New(problem.Stale, "this turn does not have the floor any more").On("args.turn")
	}
	all := follow(s, changedAt(s), s.Timing.Phase == session.Suspended, lostFor(s, args.Turn))
	if len(all) == 0 {
		return nil, already("the turn's clock agrees with the floor").On("args.turn")
	}
	return all, nil
}

// changedAt is when what stops clocks last changed: the latest beginning or
// end of a suspension, a point of order or lost interpretation.
func changedAt(s *session.State) clock.Instant {
	var at clock.Instant
	for _, spans := range [][]session.Span{s.Timing.Suspensions, s.Queue.PointSpans, s.Timing.Booth.Lost} {
		if n := len(spans); n > 0 {
			at = max(at, spans[n-1].From, spans[n-1].To)
		}
	}
	return at
}
