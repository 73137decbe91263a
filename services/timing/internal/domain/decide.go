// Package domain decides what timing writes: the session clock, the clocks of
// turns, what is announced, and the facts that timers note.
//
// Guarantee: Decide and Due are functions of the folded State and their
// arguments: no clock, no randomness, no I/O, so every replica decides alike.
// A refusal is a *problem.Error and changes nothing. No verb decides who
// speaks, no automatic one lowers a promise, and nothing ends by itself at the
// hard end (decisions.md 12). What Due asks for, Decide accepts in the same
// State once its time has come, and the State after it no longer asks for it.
package domain

import (
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// decider decides one verb at an instant of session time.
type decider func(*session.State, *command.Request, clock.Instant) ([]events.Event, error)

// deciders has one for each verb of the context; a test holds it to the table.
var deciders = map[string]decider{
	"start_session":          startSession,
	"suspend":                suspend,
	"resume_session":         resumeSession,
	"extend_session":         extendSession,
	"adjourn":                adjourn,
	"undo_adjournment":       undoAdjournment,
	"start_part":             startPart,
	"extend_turn":            extendTurn,
	"pause_turn":             pauseTurn,
	"resume_turn":            resumeTurn,
	"set_minimum":            setMinimum,
	"use_reserves":           useReserves,
	"keep_reserves":          keepReserves,
	"announce":               announce,
	"break_guarantee":        breakGuarantee,
	"open_turn":              openTurn,
	"follow_point":           followPoint,
	"mark":                   mark,
	"give_etas":              giveEtas,
	"calibrate":              calibrate,
	"lengthen_turn":          lengthenTurn,
	"report_trouble":         reportTrouble,
	"clear_trouble":          clearTrouble,
	"set_interpretation_end": setInterpretationEnd,
	"ask_interpretation":     askInterpretation,
	"answer_interpretation":  answerInterpretation,
}

// Decide decides a command at an instant of session time (for a reaction its
// cause's). It refuses with a *problem.Error.
func Decide(s *session.State, r *command.Request, at clock.Instant) (command.Decision, error) {
	verb, err := command.Admit(r, events.Timing)
	if err != nil {
		return command.Decision{}, err
	}
	if !s.Exists() {
		return command.Decision{}, problem.New(problem.NotFound, "there is no session %s", r.Session).On("session")
	}
	if s.Registry.Sealed {
		return command.Decision{}, problem.New(problem.Sealed, "the session is sealed; its record does not change any more")
	}
	if err := expected(s, r, verb); err != nil {
		return command.Decision{}, err
	}
	all, err := deciders[verb.Name](s, r, at)
	return command.Decision{Events: all}, err
}

// expected checks what the sender believed (decisions.md 4). What the program
// does by itself names its turn or plan in the arguments.
func expected(s *session.State, r *command.Request, verb command.Verb) error {
	if r.Actor.Has(events.System) {
		return nil
	}
	// What can be a rung of the ladder is held to the plan whenever one is named.
	named := r.Expect != nil && r.Expect.Plan != ""
	switch {
	case verb.Expect == command.ExpectTurn:
		if r.Expect == nil || r.Expect.Turn == nil {
			return problem.Field("expect.turn", "%s must say which turn was on the screen", verb.Name).
				Try("send the running turn's id, empty when the floor was free")
		}
		if *r.Expect.Turn != s.Queue.Turn {
			stale := problem.New(problem.Stale, "another turn has the floor now").On("expect.turn").
				Try("look at what happened since, and act on the turn that has the floor")
			stale.Since = s.Queue.SinceTurn(*r.Expect.Turn)
			return stale
		}
	case verb.Expect == command.ExpectPlan || named:
		if r.Expect == nil || r.Expect.Plan == "" {
			return problem.Field("expect.plan", "%s must say which plan was on the screen", verb.Name).
				Try("send the plan's digest as it was shown")
		}
		if r.Expect.Plan != s.PlanDigest() {
			return problem.New(problem.Stale, "the list, the minimum or the end changed since this plan was shown; %d now wait", len(s.StillWaiting())).
				On("expect.plan").Try("look at the plan as it is now, and decide again")
		}
	}
	return nil
}

// wrong refuses what is not possible in the present state.
func wrong(do, detail problem.Text, args ...any) *problem.Error {
	return problem.New(problem.WrongState, detail, args...).Try(do)
}

// already refuses what is so already.
func already(detail problem.Text, args ...any) *problem.Error {
	return problem.New(problem.Already, detail, args...)
}

// live refuses unless the session is running or suspended.
func live(s *session.State) error {
	switch s.Timing.Phase {
	case session.Planned:
		return wrong("start the session first", "the session has not started")
	case session.Adjourned:
		return wrong("undo the adjournment within ten minutes of it", "the session is adjourned")
	}
	return nil
}
