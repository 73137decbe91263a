package domain

import (
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/roster"
	"github.com/fairfloor/fairfloor/pkg/session"
)

const (
	// slowDownMS is how long the holder and the chair are shown "slow down".
	slowDownMS = 20_000
	// soonMS is how long before the interpreters' end the chair is told of it.
	soonMS = 10 * 60_000
)

// known refuses what is no trouble.
func known(trouble events.Trouble) error {
	switch trouble {
	case events.SpeakTooFast, events.NoSound, events.InterpretationLost:
		return nil
	}
	return problem.Field("args.trouble", "%.40q is no trouble of the booth", string(trouble)).
		Try("use slow_down, no_sound or interpretation_lost")
}

// open refuses once the session is adjourned: nothing is interpreted any more.
func open(s *session.State) error {
	if s.Timing.Phase == session.Adjourned {
		return live(s)
	}
	return nil
}

// reportTrouble says what the booth has. Lost interpretation stops whatever
// clock runs, in the same commit; the others stop nothing.
func reportTrouble(s *session.State, r *command.Request, at clock.Instant) ([]events.Event, error) {
	var args command.ReportTrouble
	if err := r.Read(&args); err != nil {
		return nil, err
	}
	if err := known(args.Trouble); err != nil {
		return nil, err
	}
	if args.Language != "" {
		tag, ok := roster.Language(args.Language)
		if !ok {
			return nil, problem.Field("args.language", "%.40q is no language tag", args.Language).Try("send a BCP 47 tag such as fr, or leave it out")
		}
		args.Language = tag
	}
	if err := open(s); err != nil {
		return nil, err
	}
	reported := &events.TroubleReported{Trouble: args.Trouble, At: at, Language: args.Language}
	if args.Trouble == events.SpeakTooFast {
		t := s.Queue.Running()
		if t == nil || t.BegunAt.IsZero() {
			return nil, wrong("wait until somebody speaks", "nobody speaks now")
		}
		// Pressed again it is shown anew: the speaker may have sped up again.
		reported.Turn, reported.Until = t.ID, at.Add(slowDownMS)
		return []events.Event{reported}, nil
	}
	if s.Timing.Booth.Troubles[args.Trouble] != nil {
		return nil, already("this was reported, and is not over").On("args.trouble")
	}
	all := []events.Event{reported}
	if args.Trouble == events.InterpretationLost {
		all = append(all, follow(s, at, s.Timing.Phase == session.Suspended, true)...)
	}
	return all, nil
}

// clearTrouble ends one. When interpretation is back, or the chair goes on
// without it, the clock goes on from where it stood.
func clearTrouble(s *session.State, r *command.Request, at clock.Instant) ([]events.Event, error) {
	var args command.ClearTrouble
	if err := r.Read(&args); err != nil {
		return nil, err
	}
	if err := known(args.Trouble); err != nil {
		return nil, err
	}
	if s.Timing.Booth.Troubles[args.Trouble] == nil {
		return nil, already("nobody reports this now").On("args.trouble")
	}
	all := []events.Event{&events.TroubleCleared{Trouble: args.Trouble, At: at}}
	if args.Trouble == events.InterpretationLost {
		all = append(all, follow(s, at, s.Timing.Phase == session.Suspended, false)...)
	}
	return all, nil
}

// interpretedUntil checks an end of interpretation.
func interpretedUntil(s *session.State, field string, end, at clock.Instant) error {
	switch start := s.Start(); {
	case end <= at:
		return problem.Field(field, "the interpreters would end at %s, which is not after now", end).Try("give a time that is still to come")
	case end > start.Add(dayMS):
		return problem.Field(field, "%s is more than 24 hours after the start", end).Try("give a time within 24 hours of the start")
	case end == s.Timing.Booth.End:
		return already("the interpreters stay until %s", end).On(field)
	}
	return open(s)
}

// setInterpretationEnd says when the interpreters' hours end. It is theirs to
// say; the chair's side asks.
func setInterpretationEnd(s *session.State, r *command.Request, at clock.Instant) ([]events.Event, error) {
	var args command.InterpretationEnd
	if err := r.Read(&args); err != nil {
		return nil, err
	}
	if err := interpretedUntil(s, "args.end", args.End, at); err != nil {
		return nil, err
	}
	return []events.Event{&events.InterpretationEndSet{End: args.End}}, nil
}

// askInterpretation asks for longer hours.
func askInterpretation(s *session.State, r *command.Request, at clock.Instant) ([]events.Event, error) {
	var args command.AskInterpretation
	if err := r.Read(&args); err != nil {
		return nil, err
	}
	switch b := &s.Timing.Booth; {
	case b.End.IsZero():
		return nil, wrong("ask the booth to announce its end first", "the interpreters announced no end")
	case args.Until <= b.End:
		return nil, problem.Field("args.until", "the interpreters stay until %s already", b.End).Try("ask for a later time")
	case args.Until == b.Asked:
		return nil, already("this was asked, and is not answered yet").On("args.until")
	}
	if err := interpretedUntil(s, "args.until", args.Until, at); err != nil {
		return nil, err
	}
	return []events.Event{&events.InterpretationAsked{Until: args.Until}}, nil
}

// answerInterpretation is the agreement, or not, to what was asked.
func answerInterpretation(s *session.State, r *command.Request, at clock.Instant) ([]events.Event, error) {
	var args command.AnswerInterpretation
	if err := r.Read(&args); err != nil {
		return nil, err
	}
	switch asked := s.Timing.Booth.Asked; {
	case asked.IsZero():
		return nil, wrong("set the end yourself (set_interpretation_end)", "nothing was asked")
	case args.Until != asked:
		return nil, problem.New(problem.Stale, "the request is another one now: until %s", asked).On("args.until").Try("look at it, and answer again")
	}
	if args.Agree {
		if err := interpretedUntil(s, "args.until", args.Until, at); err != nil {
			return nil, err
		}
	}
	return []events.Event{&events.InterpretationAnswered{Until: args.Until, Agreed: args.Agree}}, nil
}

// hours are the facts of timers about the interpreters' end. Nothing ends by
// itself: they are alarms.
func hours(s *session.State) []command.MarkArgs {
	end := s.Timing.Booth.End
	if end.IsZero() {
		return nil
	}
	return []command.MarkArgs{
		{Mark: events.MarkInterpretationSoon, Due: max(end.Add(-soonMS), s.Timing.StartedAt)},
		{Mark: events.MarkInterpretationEnd, Due: end},
	}
}

// lostFor reports whether a turn has to stand because interpretation is lost.
func lostFor(s *session.State, turn ids.Turn) bool {
	return !turn.IsZero() && !s.Timing.Booth.LostSince().IsZero()
}
