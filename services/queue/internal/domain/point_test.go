package domain_test

import (
	"testing"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

func raised(i int) func(*stage) {
	return func(s *stage) { s.must(ask(delegate(i), "raise_point", nil)) }
}

func heard(i int) func(*stage) { return all(raised(i), doing(chair, "admit_point", i)) }

func ruling(i int, r events.Ruling) func(*stage) *command.Request {
	return func(s *stage) *command.Request { return ask(chair, "rule", command.Rule{Entry: s.mine(i), Ruling: r}) }
}

func TestPointsOfOrder(t *testing.T) {
	raising := func(by events.Actor, a ids.Applicant) func(*stage) *command.Request {
		return func(*stage) *command.Request { return ask(by, "raise_point", command.RaisePoint{Applicant: a}) }
	}
	about := func(free bool) func(*testing.T, *stage, command.Decision) {
		return func(t *testing.T, s *stage, d command.Decision) {
			e := d.Events[0].(*events.PointRaised)
			same(t, "the turn it interrupts", e.Turn, s.State.Queue.Turn)
			same(t, "free", e.Turn.IsZero(), free)
			same(t, "the part", e.Part, item)
			same(t, "the list", s.order(), map[bool][]int{true: {0, 1, 2, 3, 4, 5}, false: {1, 2, 3, 4, 5}}[free])
		}
	}
	try(t, map[string]trial{
		"raise, nobody has the floor":  {ask: raising(delegate(6), ids.Applicant{}), after: about(true)},
		"raise, somebody speaks":       {before: speaking, ask: raising(delegate(6), ids.Applicant{}), after: about(false)},
		"raise while one waits":        {before: speaking, ask: raising(delegate(3), ids.Applicant{}), after: about(false)},
		"raise on behalf":              {ask: raising(secretariat, applicant(6)), after: about(true)},
		"raise on behalf of nobody":    {ask: raising(secretariat, ids.Applicant{}), code: problem.Invalid, on: "applicant"},
		"raise without the right":      {ask: raising(delegate(7), ids.Applicant{}), code: problem.Forbidden, on: "kind"},
		"raise on behalf, without it":  {ask: raising(chair, applicant(7)), code: problem.Forbidden, on: "kind"},
		"raise twice":                  {before: raised(6), ask: raising(delegate(6), ids.Applicant{}), code: problem.Already, on: "applicant"},
		"raise while one is heard":     {before: heard(6), ask: raising(delegate(6), ids.Applicant{}), code: problem.Already, on: "applicant"},
		"another, while one is heard":  {before: heard(6), ask: raising(delegate(3), ids.Applicant{})},
		"raise again after a ruling":   {before: func(s *stage) { heard(6)(s); s.must(ruling(6, events.Noted)(s)) }, ask: raising(delegate(6), ids.Applicant{})},
		"the holder interrupts":        {before: speaking, ask: raising(delegate(0), ids.Applicant{}), code: problem.WrongState, on: "applicant"},
		"raise in a suspended session": {before: (*stage).suspend, ask: raising(delegate(6), ids.Applicant{}), code: problem.WrongState},
		"raise when declined":          {before: decline(6), ask: raising(delegate(6), ids.Applicant{}), code: problem.WrongState, on: "applicant"},

		"admit": {before: all(speaking, raised(6)), ask: of(chair, "admit_point", 6), after: func(t *testing.T, s *stage, d command.Decision) {
			same(t, "the suspended turn", d.Events[0].(*events.PointAdmitted).Suspended, s.State.Queue.Turn)
			same(t, "the holder still holds", s.entry(0).State, session.OnFloor)
			same(t, "the raiser speaks", s.State.Queue.Point.Entry, s.mine(6))
			same(t, "undo", s.State.Queue.Undo == nil, true)
		}},
		"admit by a delegate":          {before: raised(6), ask: of(delegate(6), "admit_point", 6), code: problem.Forbidden, on: "verb"},
		"admit by the organiser":       {before: raised(6), ask: of(organiser, "admit_point", 6), code: problem.Forbidden, on: "verb"},
		"admit a statement":            {ask: of(chair, "admit_point", 1), code: problem.Invalid, on: "entry"},
		"admit twice":                  {before: heard(6), ask: of(chair, "admit_point", 6), code: problem.WrongState, on: "entry"},
		"admit a second at once":       {before: all(heard(6), raised(3)), ask: of(chair, "admit_point", 3), code: problem.WrongState},
		"admit a refused one":          {before: all(raised(6), doing(chair, "refuse_point", 6)), ask: of(chair, "admit_point", 6), code: problem.WrongState, on: "entry"},
		"admit in a suspended session": {before: all(raised(6), (*stage).suspend), ask: of(chair, "admit_point", 6), code: problem.WrongState},
		"refuse":                       {before: raised(6), ask: of(viceChair, "refuse_point", 6), after: func(t *testing.T, s *stage, _ command.Decision) { same(t, "state", s.entry(6).State, session.Refused) }},
		"refuse one that is heard":     {before: heard(6), ask: of(chair, "refuse_point", 6), code: problem.WrongState, on: "entry"},
		"refuse after the adjournment": {before: all(raised(6), (*stage).adjourn), ask: of(chair, "refuse_point", 6)},
		"rule": {before: heard(6), ask: ruling(6, events.Upheld), after: func(t *testing.T, s *stage, _ command.Decision) {
			same(t, "ruling", s.entry(6).Ruling, events.Upheld)
			same(t, "point", s.State.Queue.Point == nil, true)
		}},
		"rule as one pleases":        {before: heard(6), ask: ruling(6, "perhaps"), code: problem.Invalid, on: "ruling"},
		"rule on one that waits":     {before: raised(6), ask: ruling(6, events.Upheld), code: problem.WrongState, on: "entry"},
		"rule twice":                 {before: func(s *stage) { heard(6)(s); s.must(ruling(6, events.Noted)(s)) }, ask: ruling(6, events.Noted), code: problem.Already, on: "entry"},
		"rule on nothing":            {ask: func(*stage) *command.Request { return ask(chair, "rule", nil) }, code: problem.Invalid, on: "entry"},
		"rule after the adjournment": {before: all(heard(6), (*stage).adjourn), ask: ruling(6, events.Noted)},
		"rule by a delegate": {before: heard(6), ask: func(s *stage) *command.Request {
			return ask(delegate(6), "rule", command.Rule{Entry: s.mine(6), Ruling: events.Upheld})
		}, code: problem.Forbidden, on: "verb"},
		"the turn goes on after ruling": {before: all(speaking, heard(6)), ask: ruling(6, events.Dismissed), after: func(t *testing.T, s *stage, d command.Decision) {
			same(t, "resumed", d.Events[0].(*events.PointRuled).Resumed, s.State.Queue.Turn)
			same(t, "free", s.State.Queue.Turn.IsZero(), false)
		}},
	})
}

// TestNothingMovesWhileAPointIsHeard: the floor is a stack, and its top speaks.
func TestNothingMovesWhileAPointIsHeard(t *testing.T) {
	s := started(t, 9, 6, nil)
	s.speaks()
	heard(6)(s)
	for _, r := range []*command.Request{
		s.next(chair), s.give(chair, s.mine(3)), s.onTurn(chair, "end"), s.onTurn(delegate(0), "yield"),
		reasoned(s.onTurn(chair, "withdraw_floor")),
		sessiontest.OnTurn(ask(chair, "reassign", command.Reassign{Turn: s.State.Queue.Turn, Entry: s.mine(2)}), s.State.Queue.Turn),
	} {
		if p := s.refused(r, problem.WrongState, ""); p.Do != "rule on the point of order first" {
			t.Errorf("%s is told to %q", r.Verb, p.Do)
		}
	}
	s.must(ruling(6, events.Upheld)(s))
	s.must(reasoned(s.onTurn(chair, "withdraw_floor")))
	s.SameAgain()

	called := started(t, 9, 6, nil)
	called.must(called.next(chair))
	called.Now += 5_000
	heard(6)(called)
	for _, verb := range []string{"step_back", "no_show", "begin"} {
		called.refused(called.onTurn(chair, verb), problem.WrongState, "")
	}
	begin := command.Begin{Turn: called.State.Queue.Turn, At: called.State.Queue.Point.At - 1}
	called.must(sessiontest.OnTurn(ask(chair, "begin", begin), begin.Turn))
}
