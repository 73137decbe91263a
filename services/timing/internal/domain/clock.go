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
	// dayMS is the longest session: more is a slip of the keyboard.
	dayMS = 24 * 3_600_000
	// undoAdjournmentMS is how long an adjournment may be undone (decisions.md 12).
	undoAdjournmentMS = 10 * 60_000
)

// startSession starts the clock, and the first part with it: there is always
// one part on while the session runs.
func startSession(s *session.State, _ *command.Request, at clock.Instant) ([]events.Event, error) {
	switch s.Timing.Phase {
	case session.Running, session.Suspended:
		return nil, already("the session was started at %s", s.Timing.StartedAt)
	case session.Adjourned:
		return nil, live(s)
	}
	if at >= s.HardEnd() {
		return nil, wrong("set a later hard end first", "the hard end %s is past", s.HardEnd())
	}
	all := []events.Event{&events.SessionStarted{StartedAt: at}}
	if len(s.Registry.Parts) > 0 {
		all = append(all, &events.PartStarted{Part: s.Registry.Parts[0].ID, StartedAt: at})
	}
	return all, nil
}

// suspend stops the session clock, and the running turn's in the same commit.
func suspend(s *session.State, _ *command.Request, at clock.Instant) ([]events.Event, error) {
	if err := live(s); err != nil {
		return nil, err
	}
	if s.Timing.Phase == session.Suspended {
		return nil, already("the session is suspended")
	}
	return append([]events.Event{&events.SessionSuspended{Since: at}}, follow(s, at, true, false)...), nil
}

// resumeSession lets it run again; a turn that stood for another reason stays so.
func resumeSession(s *session.State, _ *command.Request, at clock.Instant) ([]events.Event, error) {
	if err := live(s); err != nil {
		return nil, err
	}
	if s.Timing.Phase == session.Running {
		return nil, already("the session is running")
	}
	return append([]events.Event{&events.SessionResumed{ResumedAt: at}}, follow(s, at, false, !s.Timing.Booth.LostSince().IsZero())...), nil
}

// extendSession sets another hard end, by a length or by an instant.
func extendSession(s *session.State, r *command.Request, at clock.Instant) ([]events.Event, error) {
	var args command.ExtendSession
	if err := r.Read(&args); err != nil {
		return nil, err
	}
	if s.Timing.Phase == session.Adjourned {
		return nil, live(s)
	}
	field, end := "args.hard_end", args.HardEnd
	switch {
	case args.ByMS == 0 && args.HardEnd == 0:
		return nil, problem.Field("args.by_ms", "neither a length nor a new hard end is given").Try("send by_ms or hard_end")
	case args.ByMS != 0 && args.HardEnd != 0:
		return nil, problem.Field("args.by_ms", "both a length and a new hard end are given").Try("send one of by_ms and hard_end")
	case args.ByMS != 0:
		// Bounded before it is added: the sum cannot overflow.
		if args.ByMS > dayMS || args.ByMS < -dayMS {
			return nil, problem.Field("args.by_ms", "%d ms is more than 24 hours", args.ByMS).Try("send a length in ms, such as 600000 for ten minutes")
		}
		field, end = "args.by_ms", s.HardEnd().Add(args.ByMS)
	}
	switch start := s.Start(); {
	case end <= at:
		return nil, problem.Field(field, "the hard end would be %s, which is not after now", end).Try("give an end that is still to come, or adjourn")
	case end <= start:
		return nil, problem.Field(field, "the hard end would be %s, which is not after the start %s", end, start).Try("give an end after the start")
	case end > start.Add(dayMS):
		return nil, problem.Field(field, "the session would last more than 24 hours").Try("give an end within 24 hours of the start")
	case end == s.HardEnd():
		return nil, already("the hard end is %s", end).On(field)
	}
	return []events.Event{&events.SessionExtended{HardEnd: end}}, nil
}

// adjourn ends the session. Who still waits is not reached; the plan's digest
// shows that the chair saw how many (decisions.md 12).
func adjourn(s *session.State, _ *command.Request, at clock.Instant) ([]events.Event, error) {
	if err := live(s); err != nil {
		return nil, err
	}
	return []events.Event{&events.SessionAdjourned{AdjournedAt: at, NotReached: s.StillWaiting()}}, nil
}

// undoAdjournment reopens the session for ten minutes after its adjournment.
func undoAdjournment(s *session.State, _ *command.Request, at clock.Instant) ([]events.Event, error) {
	if s.Timing.Phase != session.Adjourned {
		return nil, wrong("nothing is to be done", "the session is not adjourned")
	}
	if at.Sub(s.Timing.AdjournedAt) > undoAdjournmentMS {
		return nil, wrong("make another session of the consultation", "the session was adjourned at %s, more than ten minutes ago", s.Timing.AdjournedAt)
	}
	return []events.Event{&events.AdjournmentUndone{}}, nil
}

// startPart goes on to a part; what the present one did not use flows on.
func startPart(s *session.State, r *command.Request, at clock.Instant) ([]events.Event, error) {
	var args command.PartRef
	if err := r.Read(&args); err != nil {
		return nil, err
	}
	if err := live(s); err != nil {
		return nil, err
	}
	if _, _, ok := s.Registry.Part(args.Part); !ok {
		return nil, problem.Field("args.part", "the agenda has no such part").Try("send the id of a part of the agenda")
	}
	switch {
	case s.Timing.Phase == session.Suspended:
		return nil, wrong("resume the session first", "the session is suspended")
	case s.Timing.Part == args.Part:
		return nil, already("this part is on").On("args.part")
	case s.Queue.Running() != nil:
		return nil, wrong("end the turn first", "somebody has the floor")
	}
	var all []events.Event
	if !s.Timing.Part.IsZero() {
		all = append(all, &events.PartEnded{Part: s.Timing.Part, EndedAt: at})
	}
	return append(all, &events.PartStarted{Part: args.Part, StartedAt: at}), nil
}

// partArg reads a part with a list from the arguments.
func partArg(s *session.State, part ids.Part) error {
	p, _, ok := s.Registry.Part(part)
	if !ok || !p.HasList {
		return problem.Field("args.part", "the agenda has no such part with a list").Try("send the id of a part with a list of speakers")
	}
	return nil
}
