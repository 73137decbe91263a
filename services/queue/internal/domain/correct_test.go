package domain_test

import (
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

func reassigning(i int) func(*stage) *command.Request {
	return func(s *stage) *command.Request {
		return sessiontest.OnTurn(ask(chair, "reassign", command.Reassign{Turn: s.State.Queue.Turn, Entry: s.mine(i)}), s.State.Queue.Turn)
	}
}

func TestReassign(t *testing.T) {
	try(t, map[string]trial{
		"someone else is speaking": {before: speaking, ask: reassigning(3), after: func(t *testing.T, s *stage, _ command.Decision) {
			same(t, "the order", s.order(), []int{0, 1, 2, 4, 5})
			same(t, "the turn is the same one", s.turn().ID, s.State.Queue.TurnOrder[0])
			same(t, "not a second is lost", s.State.Used(s.turn(), s.Now), s.Now.Sub(s.turn().BegunAt))
			holds(3)(t, s, command.Decision{})
		}},
		"one on standby is":            {before: all(doing(chair, "to_standby", 3), speaking), ask: reassigning(3), after: holds(3)},
		"before the first word":        {before: called, ask: reassigning(3), after: holds(3)},
		"the holder is":                {before: speaking, ask: reassigning(0), code: problem.Already, on: "entry"},
		"one who has spoken is":        {before: func(s *stage) { s.speaks(); s.speaks() }, ask: reassigning(0), code: problem.WrongState, on: "entry"},
		"a member of a joint one is":   {before: all(joint, speaking), ask: reassigning(3), code: problem.WrongState, on: "entry"},
		"nobody has the floor":         {ask: reassigning(3), code: problem.Invalid, on: "turn"},
		"by a delegate":                {before: speaking, ask: func(s *stage) *command.Request { r := reassigning(3)(s); r.Actor = delegate(3); return r }, code: problem.Forbidden, on: "verb"},
		"without saying what one sees": {before: speaking, ask: func(s *stage) *command.Request { r := reassigning(3)(s); r.Expect = nil; return r }, code: problem.Invalid, on: "expect.turn"},
		"on another turn":              {before: speaking, ask: without(reassigning(3), func(e *command.Expect) { e.Turn = &ids.Turn{} }), code: problem.Stale, on: "expect.turn"},
		"of another part": {before: all(speaking, func(s *stage) {
			s.must(ask(chair, "join", command.Join{Part: sessiontest.Questions, Applicant: applicant(7)}))
		}), ask: reassigning(7), code: problem.Invalid, on: "entry"},
		"a prompt to the wrong one":                  {before: all(speaking, prompted), ask: reassigning(3), after: func(t *testing.T, s *stage, _ command.Decision) { same(t, "prompt", s.State.Queue.Prompt == nil, true) }},
		"silent afterwards: from the place they had": {before: all(called, func(s *stage) { s.must(reassigning(3)(s)) }), ask: onTurn(chair, "step_back"), after: ordered(0, 1, 2, 4, 5, 3)},
	})
}

// held makes three turns, of 0, 1 and 2, with two seconds between them.
func held(s *stage) {
	for range 3 {
		s.speaks()
		s.must(s.onTurn(chair, "end"))
		s.Now += 2_000
	}
}

func (s *stage) nth(n int) *session.Turn { return s.State.Queue.Turns[s.State.Queue.TurnOrder[n]] }

func TestCorrectTurn(t *testing.T) {
	correcting := func(n int, change func(*stage, *command.CorrectTurn)) func(*stage) *command.Request {
		return func(s *stage) *command.Request {
			c := command.CorrectTurn{Turn: s.nth(n).ID}
			change(s, &c)
			return reasoned(ask(secretariat, "correct_turn", c))
		}
	}
	begun := func(n int, ms int64) func(*stage, *command.CorrectTurn) {
		return func(s *stage, c *command.CorrectTurn) { c.BegunAt = s.nth(n).BegunAt.Add(ms) }
	}
	ended := func(n int, ms int64) func(*stage, *command.CorrectTurn) {
		return func(s *stage, c *command.CorrectTurn) { c.EndedAt = s.nth(n).EndedAt.Add(ms) }
	}
	to := func(i int) func(*stage, *command.CorrectTurn) {
		return func(s *stage, c *command.CorrectTurn) { c.Entry = s.mine(i) }
	}
	turn := func(id func(*stage) ids.Turn) func(*stage) *command.Request {
		return func(s *stage) *command.Request {
			return reasoned(ask(chair, "correct_turn", command.CorrectTurn{Turn: id(s), BegunAt: s.Now - 1}))
		}
	}
	try(t, map[string]trial{
		"begun a second later": {before: held, ask: correcting(1, begun(1, 1_000)), after: func(t *testing.T, s *stage, _ command.Decision) {
			same(t, "seconds", s.State.Used(s.nth(1), s.Now), 19_001)
			same(t, "corrected", s.nth(1).Corrected, 1)
		}},
		"begun before the call": {before: held, ask: correcting(1, begun(1, -4_000)), after: func(t *testing.T, s *stage, _ command.Decision) { same(t, "given", s.nth(1).GivenAt, s.nth(1).BegunAt) }},
		"ended earlier":         {before: held, ask: correcting(1, ended(1, -1_000))},
		"the last one ended earlier": {before: held, ask: correcting(2, ended(2, -1_000)), after: func(t *testing.T, s *stage, _ command.Decision) {
			same(t, "the last end", s.State.Queue.LastEnd, s.nth(2).EndedAt)
		}},
		"up to the next one's begin":     {before: held, ask: correcting(0, func(s *stage, c *command.CorrectTurn) { c.EndedAt = s.nth(1).BegunAt })},
		"from the end of the one before": {before: held, ask: correcting(1, func(s *stage, c *command.CorrectTurn) { c.BegunAt = s.nth(0).EndedAt })},
		"into the next one":              {before: held, ask: correcting(0, func(s *stage, c *command.CorrectTurn) { c.EndedAt = s.nth(1).BegunAt + 1 }), code: problem.Invalid, on: "ended_at"},
		"into the one before":            {before: held, ask: correcting(1, func(s *stage, c *command.CorrectTurn) { c.BegunAt = s.nth(0).EndedAt - 1 }), code: problem.Invalid, on: "begun_at"},
		"into the running one":           {before: all(held, speaking), ask: correcting(2, func(s *stage, c *command.CorrectTurn) { c.EndedAt = s.turn().BegunAt + 1 }), code: problem.Invalid, on: "ended_at"},
		"over a turn that was undone": {before: func(s *stage) {
			s.speaks()
			s.must(s.onTurn(chair, "end"))
			s.speaks()
			s.must(s.undo())
			s.Now += 30_000
		}, ask: correcting(0, ended(0, 20_000))},
		"end before begin":            {before: held, ask: correcting(1, func(s *stage, c *command.CorrectTurn) { c.EndedAt = s.nth(1).BegunAt }), code: problem.Invalid, on: "ended_at"},
		"in the future":               {before: held, ask: correcting(2, func(s *stage, c *command.CorrectTurn) { c.EndedAt = s.Now + 1 }), code: problem.Invalid, on: "ended_at"},
		"before the session":          {before: held, ask: correcting(0, func(s *stage, c *command.CorrectTurn) { c.BegunAt = s.State.Timing.StartedAt - 1 }), code: problem.Invalid, on: "begun_at"},
		"after the adjournment":       {before: all(held, func(s *stage) { s.adjourn(); s.Now += 50_000 }), ask: correcting(2, func(s *stage, c *command.CorrectTurn) { c.EndedAt = s.Now - 1 }), code: problem.Invalid, on: "ended_at"},
		"corrected after the session": {before: all(held, (*stage).adjourn), ask: correcting(1, ended(1, -1_000))},
		"nothing":                     {before: held, ask: correcting(1, func(*stage, *command.CorrectTurn) {}), code: problem.Already, on: "turn"},
		"to what it is":               {before: held, ask: correcting(1, all2(begun(1, 0), ended(1, 0), to(1))), code: problem.Already, on: "turn"},
		"no reason":                   {before: held, ask: func(s *stage) *command.Request { r := correcting(1, begun(1, 1_000))(s); r.Reason = nil; return r }, code: problem.Invalid, on: "reason"},
		"by a delegate": {before: held, ask: func(s *stage) *command.Request {
			r := correcting(1, begun(1, 1_000))(s)
			r.Actor = delegate(1)
			return r
		}, code: problem.Forbidden, on: "verb"},
		"no turn":                     {ask: turn(func(*stage) ids.Turn { return ids.Turn{} }), code: problem.Invalid, on: "turn"},
		"a turn that is not there":    {ask: turn(func(*stage) ids.Turn { return sessiontest.ID[ids.Turn]("x") }), code: problem.NotFound, on: "turn"},
		"the running turn":            {before: speaking, ask: turn(func(s *stage) ids.Turn { return s.State.Queue.Turn }), code: problem.WrongState, on: "turn"},
		"a call that nobody answered": {before: func(s *stage) { called(s); s.must(s.onTurn(chair, "no_show")) }, ask: turn(func(s *stage) ids.Turn { return s.nth(0).ID }), code: problem.WrongState, on: "turn"},
		"it was another who spoke": {before: held, ask: correcting(1, to(4)), after: func(t *testing.T, s *stage, _ command.Decision) {
			same(t, "who did not speak waits, next", s.order(), []int{1, 3, 5})
			same(t, "who did has spoken", s.entry(4).State, session.Spoken)
			same(t, "the turn", s.nth(1).Entry, s.mine(4))
		}},
		"it was one who has also spoken": {before: held, ask: correcting(1, to(0)), after: ordered(1, 3, 4, 5)},
		"it was one who left":            {before: all(held, doing(chair, "withdraw", 4)), ask: correcting(1, to(4)), after: ordered(1, 3, 5)},
		"it was one who has the floor":   {before: all(held, speaking), ask: correcting(1, to(3)), code: problem.WrongState, on: "entry"},
		"it was a point of order":        {before: all(held, func(s *stage) { heard(6)(s); s.must(ruling(6, events.Noted)(s)) }), ask: correcting(1, to(6)), code: problem.Invalid, on: "entry"},
		"it was one of another part": {before: all(held, func(s *stage) {
			s.must(ask(chair, "join", command.Join{Part: sessiontest.Questions, Applicant: applicant(7)}))
		}), ask: correcting(1, to(7)), code: problem.Invalid, on: "entry"},
		"it was nobody known": {before: held, ask: correcting(1, func(_ *stage, c *command.CorrectTurn) { c.Entry = sessiontest.ID[ids.Entry]("x") }), code: problem.NotFound, on: "entry"},
	})
}

func all2(changes ...func(*stage, *command.CorrectTurn)) func(*stage, *command.CorrectTurn) {
	return func(s *stage, c *command.CorrectTurn) {
		for _, change := range changes {
			change(s, c)
		}
	}
}

func TestAnOverlapNamesTheOtherTurn(t *testing.T) {
	s := started(t, 9, 6, nil)
	held(s)
	p := s.refused(reasoned(ask(chair, "correct_turn", command.CorrectTurn{Turn: s.nth(0).ID, EndedAt: s.nth(1).EndedAt})), problem.Invalid, "ended_at")
	if !strings.Contains(p.Detail, s.nth(1).ID.String()) || !strings.Contains(p.Detail, "Organisation 1") {
		t.Errorf("it says %q", p.Detail)
	}
}

func TestEnterTurn(t *testing.T) {
	entering := func(i int, change func(*stage, *command.EnterTurn)) func(*stage) *command.Request {
		return func(s *stage) *command.Request {
			a := command.EnterTurn{Entry: s.mine(i), BegunAt: s.Now - 100_000, EndedAt: s.Now - 20_000}
			if change != nil {
				change(s, &a)
			}
			return reasoned(ask(secretariat, "enter_turn", a))
		}
	}
	at := func(begun, ended func(*stage) clock.Instant) func(*stage, *command.EnterTurn) {
		return func(s *stage, a *command.EnterTurn) { a.BegunAt, a.EndedAt = begun(s), ended(s) }
	}
	ago := func(ms int64) func(*stage) clock.Instant {
		return func(s *stage) clock.Instant { return s.Now.Add(-ms) }
	}
	never := func(*stage) clock.Instant { return 0 }
	down := all(held, func(s *stage) { s.Now += 200_000 })
	try(t, map[string]trial{
		"held while the system was down": {before: down, ask: entering(4, nil), after: func(t *testing.T, s *stage, d command.Decision) {
			same(t, "the order", s.order(), []int{3, 5})
			same(t, "state", s.entry(4).State, session.Spoken)
			same(t, "seconds", s.State.Used(s.nth(3), s.Now), 80_000)
			same(t, "allotted", d.Events[0].(*events.TurnEntered).AllottedMS, 60_000)
			same(t, "the floor", s.State.Queue.Turn, ids.Turn{})
		}},
		"with what was announced": {before: all(down, func(s *stage) {
			s.Append(events.Timing, chair, "announce", &events.AllotmentsAnnounced{Part: item, GuaranteeMS: 60_000, LevelMS: 84_000, Announced: map[ids.Entry]int64{s.mine(5): 70_000}})
		}), ask: entering(4, nil), after: func(t *testing.T, _ *stage, d command.Decision) {
			same(t, "allotted", d.Events[0].(*events.TurnEntered).AllottedMS, 84_000)
		}},
		"with one's own number": {before: all(down, func(s *stage) {
			s.Append(events.Timing, chair, "announce", &events.AllotmentsAnnounced{Part: item, GuaranteeMS: 60_000, LevelMS: 84_000, Announced: map[ids.Entry]int64{s.mine(5): 70_000}})
		}), ask: entering(5, nil), after: func(t *testing.T, _ *stage, d command.Decision) {
			same(t, "allotted", d.Events[0].(*events.TurnEntered).AllottedMS, 70_000)
		}},
		"between two others": {before: all(down, speaking), ask: entering(4, func(s *stage, a *command.EnterTurn) {
			a.BegunAt, a.EndedAt = s.nth(2).EndedAt+1_000, s.turn().GivenAt-1_000
		}), after: func(t *testing.T, s *stage, _ command.Decision) {
			same(t, "it stands where it was held", s.nth(3).Entry, s.mine(4))
			holds(3)(t, s, command.Decision{})
		}},
		"of one on standby":           {before: all(down, doing(chair, "to_standby", 4)), ask: entering(4, nil)},
		"of one who has spoken":       {before: down, ask: entering(0, nil), code: problem.WrongState, on: "entry"},
		"of nobody":                   {before: down, ask: entering(8, nil), code: problem.Invalid, on: "entry"},
		"of a point of order":         {before: all(down, raised(6)), ask: entering(6, nil), code: problem.WrongState, on: "entry"},
		"without a begin":             {before: down, ask: entering(4, at(never, ago(1))), code: problem.Invalid, on: "begun_at"},
		"without an end":              {before: down, ask: entering(4, at(ago(1), never)), code: problem.Invalid, on: "ended_at"},
		"the wrong way round":         {before: down, ask: entering(4, at(ago(10), ago(20))), code: problem.Invalid, on: "ended_at"},
		"not over yet":                {before: down, ask: entering(4, at(ago(10), ago(-1))), code: problem.Invalid, on: "ended_at"},
		"before the session":          {before: down, ask: entering(4, at(func(*stage) clock.Instant { return 1 }, ago(10))), code: problem.Invalid, on: "begun_at"},
		"over another turn":           {before: down, ask: entering(4, at(func(s *stage) clock.Instant { return s.nth(2).EndedAt - 1 }, ago(10))), code: problem.Invalid, on: "begun_at"},
		"around another turn":         {before: down, ask: entering(4, at(func(s *stage) clock.Instant { return s.nth(1).BegunAt - 1 }, ago(10))), code: problem.Invalid, on: "ended_at"},
		"without a reason":            {before: down, ask: func(s *stage) *command.Request { r := entering(4, nil)(s); r.Reason = nil; return r }, code: problem.Invalid, on: "reason"},
		"by a delegate":               {before: down, ask: func(s *stage) *command.Request { r := entering(4, nil)(s); r.Actor = delegate(4); return r }, code: problem.Forbidden, on: "verb"},
		"after the session":           {before: all(down, (*stage).adjourn), ask: entering(4, nil)},
		"after the session, too late": {before: all(down, func(s *stage) { s.adjourn(); s.Now += 50_000 }), ask: entering(4, at(ago(60_000), ago(40_000))), code: problem.Invalid, on: "ended_at"},
	})
	t.Run("before the session started", func(t *testing.T) {
		s := planned(t, 3, nil)
		s.must(ask(chair, "open_list", command.PartRef{Part: item}))
		s.join(0)
		s.refused(entering(0, nil)(s), problem.WrongState, "begun_at")
	})
}
