package domain

import (
	"fmt"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// pauseTurn stops the turn's clock at the chair's word: for an intervention of
// the chair's own, or because the speaker's line was lost, which it waits for at
// most the longest handover, once in a turn. Either is charged to the reserve,
// never to the speaker. A lost connection alone stops nothing.
func pauseTurn(s *session.State, r *command.Request, at clock.Instant) ([]events.Event, error) {
	var args command.PauseTurn
	if err := r.Read(&args); err != nil {
		return nil, err
	}
	t, tc, err := running(s, args.Turn)
	if err != nil {
		return nil, err
	}
	cause := events.PausedByChair
	switch args.Cause {
	case "", events.PausedByChair:
	case events.PausedByLostLine:
		cause = args.Cause
		switch {
		case t.BegunAt.IsZero():
			return nil, wrong("step the entry back when it does not answer", "the called speaker has not begun, so no line was lost in mid-turn")
		case tc.LostLine():
			return nil, already("the clock stood once in this turn for a lost line").On("args.cause").
				Try("end the turn, or pause it at your own word (cause chair)")
		}
	default:
		return nil, problem.Field("args.cause", "%.40q is neither chair nor lost_line", string(args.Cause)).Try("leave it out, or send one of them")
	}
	if _, stands := standing(s, t, s.Timing.Phase == session.Suspended, lostFor(s, t.ID)); stands || tc.Paused() != nil {
		return nil, already("the turn's clock stands already").On("args.turn")
	}
	return []events.Event{&events.TurnPaused{Turn: t.ID, At: at, Cause: cause}}, nil
}

// resumeTurn lets a turn go on that the chair paused. The program itself does
// so when a lost line was waited for long enough.
func resumeTurn(s *session.State, r *command.Request, at clock.Instant) ([]events.Event, error) {
	var args command.TurnRef
	if err := r.Read(&args); err != nil {
		return nil, err
	}
	t, tc, err := running(s, args.Turn)
	if err != nil {
		return nil, err
	}
	if r.Actor.Has(events.System) {
		return waited(s, t, tc, at)
	}
	cause, stands := standing(s, t, s.Timing.Phase == session.Suspended, lostFor(s, t.ID))
	switch {
	case stands && cause == events.PausedBySuspension:
		return nil, wrong("resume the session", "the session is suspended")
	case stands && cause == events.PausedByInterpretation:
		return nil, wrong("say that interpretation is back, or go on without it (clear_trouble)", "interpretation is lost")
	case stands:
		return nil, wrong("rule on the point of order", "a point of order is being heard")
	case tc.Paused() == nil:
		return nil, already("the turn's clock is running").On("args.turn")
	}
	return []events.Event{&events.TurnResumed{Turn: t.ID, At: at}}, nil
}

// waited ends a pause for a lost line at its longest, to the millisecond.
func waited(s *session.State, t *session.Turn, tc *session.TurnClock, at clock.Instant) ([]events.Event, error) {
	due, ok := lineDue(s, tc)
	switch {
	case !ok:
		return nil, problem.New(problem.Stale, "no lost line is being waited for").On("args.turn")
	case at < due:
		early := problem.New(problem.Busy, "the deadline %s is still to come", due).On("args.turn").Try("send the same command again then")
		early.RetryAfterMS = due.Sub(at)
		return nil, early
	}
	return []events.Event{&events.TurnResumed{Turn: t.ID, At: due}}, nil
}

// lineDue is until when a lost line is waited for.
func lineDue(s *session.State, tc *session.TurnClock) (clock.Instant, bool) {
	if tc == nil {
		return 0, false
	}
	p := tc.Paused()
	if p == nil || p.Cause != events.PausedByLostLine {
		return 0, false
	}
	return p.From.Add(s.Registry.Modalities.MaxHandoverMS), true
}

// lostLine is the timer that ends the waiting for a lost line.
func lostLine(s *session.State) []command.Deadline {
	t := s.Queue.Running()
	if t == nil {
		return nil
	}
	tc := s.Timing.Turns[t.ID]
	due, ok := lineDue(s, tc)
	if !ok {
		return nil
	}
	id := ids.Named[ids.Command](t.ID, fmt.Sprintf("resume_turn/%d", tc.Epoch))
	return []command.Deadline{{At: due, Timer: true, Request: request(s, id, "resume_turn", command.TurnRef{Turn: t.ID})}}
}
