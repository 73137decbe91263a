package domain_test

import (
	"testing"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// floorState is what an undo has to bring back.
type floorState struct {
	order  []int
	turn   ids.Turn
	states map[ids.Entry]session.EntryState
	counts map[ids.Entry][3]int
	absent map[ids.Entry]bool
}

func (s *stage) floor() floorState {
	f := floorState{s.order(), s.State.Queue.Turn, map[ids.Entry]session.EntryState{}, map[ids.Entry][3]int{}, map[ids.Entry]bool{}}
	for id, e := range s.State.Queue.Entries {
		f.states[id], f.absent[id] = e.State, e.Absent
		f.counts[id] = [3]int{e.Deferrals, e.NoShows, e.Returns}
	}
	return f
}

// TestUndoRestores does each floor act and undoes it: everything is as before.
func TestUndoRestores(t *testing.T) {
	acts := map[string]struct {
		before func(*stage)
		act    func(*stage) *command.Request
	}{
		"next on a free floor":        {nil, nexting(chair)},
		"next, ending a turn":         {speaking, nexting(chair)},
		"a named giving":              {nil, giving(3)},
		"a named giving after a turn": {speaking, giving(4)},
		"giving to one deferred":      {doing(delegate(0), "defer", 0), giving(0)},
		"end":                         {speaking, onTurn(chair, "end")},
		"yield":                       {speaking, onTurn(delegate(0), "yield")},
		"withdraw the floor":          {speaking, func(s *stage) *command.Request { return reasoned(s.onTurn(chair, "withdraw_floor")) }},
		"no-show":                     {called, onTurn(chair, "no_show")},
		"no-show of one absent":       {all(doing(chair, "report_absent", 0), called), onTurn(chair, "no_show")},
		"two places back":             {called, onTurn(chair, "step_back")},
		"a joint statement":           {all(speaking, joint), giving(1)},
	}
	for name, row := range acts {
		t.Run(name, func(t *testing.T) {
			s := started(t, 9, 6, nil)
			if row.before != nil {
				row.before(s)
			}
			before := s.floor()
			s.must(row.act(s))
			pressed := s.State.At
			s.Now = pressed.Add(7_000)
			s.must(s.undo())
			same(t, "the floor", s.floor(), before)
			same(t, "the gap for the reserve", s.State.Queue.GapMS, 7_000)
			if resumed := s.turn(); resumed != nil && !resumed.BegunAt.IsZero() {
				same(t, "the gap of the turn", resumed.Gaps, []session.Span{{From: pressed, To: pressed.Add(7_000)}})
				same(t, "the turn goes on", resumed.EndedAt.IsZero() && resumed.How == "", true)
			}
			s.SameAgain()
			s.refused(ask(chair, "undo", command.ActRef{}), problem.Invalid, "expect.act")
			if s.State.Queue.Undo != nil {
				t.Error("an undo can be undone: depth is 1")
			}
		})
	}
}

func TestUndoneTurnThatHadBegunStaysVoid(t *testing.T) {
	s := started(t, 9, 6, nil)
	first := s.speaks()
	second := s.speaks()
	same(t, "it stands", s.turn().Stands(), true)
	s.must(s.undo())
	same(t, "the first has the floor again", s.State.Queue.Turn, first)
	void := s.State.Queue.Turns[second]
	if !void.Void || void.Stands() || void.BegunAt.IsZero() || void.EndedAt.IsZero() {
		t.Errorf("the undone turn is %+v", void)
	}
	same(t, "the order", s.order(), []int{1, 2, 3, 4, 5})
	s.refused(reasoned(ask(chair, "correct_turn", command.CorrectTurn{Turn: second, BegunAt: s.Now - 1})), problem.WrongState, "turn")
	s.must(s.next(chair))
	same(t, "nobody was skipped", s.State.Queue.Entries[s.turn().Entry].Applicant, applicant(1))
}

func TestUndoIsRefused(t *testing.T) {
	undoing := func(change func(*command.Request, *stage)) func(*stage) *command.Request {
		return func(s *stage) *command.Request {
			r := s.undo()
			if change != nil {
				change(r, s)
			}
			return r
		}
	}
	var old *command.Request
	remember := func(s *stage) { old = s.undo() }
	again := func(*stage) *command.Request { return old }
	later := func(ms int64) func(*stage) { return func(s *stage) { s.Now = s.State.Queue.Undo.PressedAt.Add(ms) } }
	try(t, map[string]trial{
		"nothing was done":              {ask: undoing(nil), code: problem.Invalid, on: "act"},
		"after a minute":                {before: all(called, later(60_001)), ask: undoing(nil), code: problem.WrongState, on: "act"},
		"within a minute":               {before: all(called, later(60_000)), ask: undoing(nil), after: ordered(0, 1, 2, 3, 4, 5)},
		"without saying what one sees":  {before: called, ask: undoing(func(r *command.Request, _ *stage) { r.Expect = nil }), code: problem.Invalid, on: "expect.act"},
		"seeing another act":            {before: called, ask: undoing(func(r *command.Request, s *stage) { id := s.Command(); r.Expect.Act = &id }), code: problem.Invalid, on: "act"},
		"an act before the last":        {before: all(speaking, remember, speaking), ask: again, code: problem.Stale, on: "act"},
		"twice":                         {before: all(called, remember, func(s *stage) { s.must(s.undo()) }), ask: again, code: problem.WrongState, on: "act"},
		"after a point was admitted":    {before: all(called, remember, heard(6)), ask: again, code: problem.WrongState, on: "act"},
		"after a point was only raised": {before: all(called, raised(6)), ask: undoing(nil), after: ordered(0, 1, 2, 3, 4, 5)},
		"after somebody joined":         {before: all(called, func(s *stage) { s.join(7) }), ask: undoing(nil), after: ordered(0, 1, 2, 3, 4, 5, 7)},
		"after another is speaking":     {before: all(called, remember, func(s *stage) { s.must(reassigning(3)(s)) }), ask: again, code: problem.WrongState, on: "act"},
		"by a delegate":                 {before: called, ask: undoing(func(r *command.Request, _ *stage) { r.Actor = delegate(0) }), code: problem.Forbidden, on: "verb"},
		"suspended":                     {before: all(called, (*stage).suspend), ask: undoing(nil), code: problem.WrongState},
		"they left meanwhile":           {before: all(called, func(s *stage) { s.must(s.onTurn(chair, "no_show")) }, doing(delegate(0), "withdraw", 0)), ask: undoing(nil), code: problem.WrongState, on: "act"},
		"they came back meanwhile": {before: all(called, func(s *stage) { s.must(s.onTurn(chair, "no_show")) }, doing(delegate(0), "return", 0)), ask: undoing(nil), after: func(t *testing.T, s *stage, d command.Decision) {
			holds(0)(t, s, d)
			same(t, "the order", s.order(), []int{1, 2, 3, 4, 5})
		}},
		"after it was corrected": {before: func(s *stage) {
			turn := s.speaks()
			s.must(s.onTurn(chair, "end"))
			remember(s)
			s.must(reasoned(ask(chair, "correct_turn", command.CorrectTurn{Turn: turn, EndedAt: s.Now - 5_000})))
		}, ask: again, code: problem.WrongState, on: "act"},
	})
}

func TestUndoTellsWhatHappenedSince(t *testing.T) {
	s := started(t, 9, 6, nil)
	s.speaks()
	r := s.undo()
	s.speaks()
	since := s.refused(r, problem.Stale, "act").Since.([]session.Act)
	verbs := []string{}
	for _, act := range since {
		verbs = append(verbs, act.Verb)
	}
	same(t, "since", verbs, []string{"begin", "next", "begin"})
}

// TestUndoOfTheAdjournment: the turn that ended with the session goes on when
// the session does, if the chair wants it so.
func TestUndoOfTheAdjournment(t *testing.T) {
	s := started(t, 9, 6, nil)
	turn := s.speaks()
	s.adjourn()
	s.due()
	s.Append(events.Timing, chair, "undo_adjournment", &events.AdjournmentUndone{})
	s.must(s.undo())
	same(t, "the holder", s.State.Queue.Turn, turn)
	s.adjourn()
	s.due()
	same(t, "the floor", s.State.Queue.Turn, ids.Turn{})
	s.SameAgain()
}
