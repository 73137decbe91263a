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

func called(s *stage) { s.must(s.next(chair)); s.Now += 4_000 }

func nexting(by events.Actor) func(*stage) *command.Request {
	return func(s *stage) *command.Request { return s.next(by) }
}

func giving(i int) func(*stage) *command.Request {
	return func(s *stage) *command.Request { return s.give(chair, s.mine(i)) }
}

func onTurn(by events.Actor, verb string) func(*stage) *command.Request {
	return func(s *stage) *command.Request { return s.onTurn(by, verb) }
}

func holds(i int) func(*testing.T, *stage, command.Decision) {
	return func(t *testing.T, s *stage, _ command.Decision) {
		t.Helper()
		same(t, "the holder", s.State.Queue.Entries[s.turn().Entry].Applicant, applicant(i))
		same(t, "the holder's entry", s.entry(i).State, session.OnFloor)
	}
}

// without takes a part of the expectation away.
func without(r func(*stage) *command.Request, take func(*command.Expect)) func(*stage) *command.Request {
	return func(s *stage) *command.Request {
		asked := r(s)
		take(asked.Expect)
		return asked
	}
}

func TestNextAndGive(t *testing.T) {
	noTurn := func(e *command.Expect) { e.Turn = nil }
	noEntry := func(e *command.Expect) { e.Entry = nil }
	oldTurn := func(e *command.Expect) { id := sessiontest.ID[ids.Turn]("old"); e.Turn = &id }
	oldEntry := func(e *command.Expect) { id := sessiontest.ID[ids.Entry]("old"); e.Entry = &id }
	emptied := func(s *stage) {
		for i := range 6 {
			doing(chair, "withdraw", i)(s)
		}
	}
	try(t, map[string]trial{
		"next":                            {ask: nexting(chair), after: holds(0)},
		"next by the vice-chair":          {ask: nexting(viceChair), after: holds(0)},
		"next by the secretariat":         {ask: nexting(secretariat), after: holds(0)},
		"next by the organiser":           {ask: nexting(organiser), code: problem.Forbidden, on: "verb"},
		"next by a delegate":              {ask: nexting(delegate(0)), code: problem.Forbidden, on: "verb"},
		"next by an observer":             {ask: nexting(observer), code: problem.Forbidden, on: "verb"},
		"next without saying the turn":    {ask: without(nexting(chair), noTurn), code: problem.Invalid, on: "expect.turn"},
		"next without saying the entry":   {ask: without(nexting(chair), noEntry), code: problem.Invalid, on: "expect.entry"},
		"next expecting nothing":          {ask: func(*stage) *command.Request { return ask(chair, "next", nil) }, code: problem.Invalid, on: "expect.turn"},
		"next on another turn":            {ask: without(nexting(chair), oldTurn), code: problem.Stale, on: "expect.turn"},
		"next with another on the button": {ask: without(nexting(chair), oldEntry), code: problem.Stale, on: "expect.entry"},
		"next, seeing the floor free":     {before: speaking, ask: without(nexting(chair), func(e *command.Expect) { e.Turn = &ids.Turn{} }), code: problem.Stale, on: "expect.turn"},
		"next with nobody waiting":        {before: emptied, ask: nexting(chair), code: problem.WrongState},
		"next before the first word":      {before: called, ask: nexting(chair), code: problem.WrongState, on: "turn"},
		"next in a suspended session":     {before: (*stage).suspend, ask: nexting(chair), code: problem.WrongState},
		"next after resuming":             {before: all((*stage).suspend, (*stage).resume), ask: nexting(chair), after: holds(0)},
		"next while somebody speaks": {before: speaking, ask: nexting(chair), after: func(t *testing.T, s *stage, d command.Decision) {
			ended, given := d.Events[0].(*events.TurnEnded), d.Events[1].(*events.FloorGiven)
			same(t, "how it ended", ended.How, events.Followed)
			same(t, "no time between", ended.EndedAt, given.GivenAt)
			same(t, "the act", ended.Act, given.Act)
			same(t, "named", given.Named, false)
			holds(1)(t, s, d)
			same(t, "who spoke", s.entry(0).State, session.Spoken)
		}},
		"next in a part without a list": {before: func(s *stage) {
			s.Append(events.Timing, chair, "start_part", &events.PartStarted{Part: sessiontest.Opening, StartedAt: s.Now})
		}, ask: nexting(chair), code: problem.WrongState},
		"next between parts": {before: func(s *stage) {
			s.Append(events.Timing, chair, "start_part", &events.PartEnded{Part: item, EndedAt: s.Now})
		}, ask: nexting(chair), code: problem.WrongState},
		"give": {ask: giving(3), after: func(t *testing.T, s *stage, d command.Decision) {
			holds(3)(t, s, d)
			same(t, "named", d.Events[0].(*events.FloorGiven).Named, true)
			same(t, "the order", s.order(), []int{0, 1, 2, 4, 5})
			same(t, "its former place", s.turn().Place, 4)
		}},
		"give while somebody speaks":       {before: speaking, ask: giving(3), after: holds(3)},
		"give to one on standby":           {before: doing(chair, "to_standby", 3), ask: giving(3), code: problem.WrongState, on: "entry"},
		"give to one who left":             {before: doing(chair, "withdraw", 3), ask: giving(3), code: problem.WrongState, on: "entry"},
		"give to the holder":               {before: speaking, ask: giving(0), code: problem.WrongState, on: "entry"},
		"give to a member of a joint one":  {before: joint, ask: giving(3), code: problem.WrongState, on: "entry"},
		"give to a point of order":         {before: raised(6), ask: giving(6), code: problem.WrongState, on: "entry"},
		"give to nobody":                   {ask: func(s *stage) *command.Request { return s.give(chair, ids.Entry{}) }, code: problem.Invalid, on: "entry"},
		"give without saying the entry":    {ask: without(giving(3), noEntry), code: problem.Invalid, on: "expect.entry"},
		"give one, another on the button":  {ask: without(giving(3), oldEntry), code: problem.Stale, on: "expect.entry"},
		"give without saying the turn":     {ask: without(giving(3), noTurn), code: problem.Invalid, on: "expect.turn"},
		"give on another turn":             {ask: without(giving(3), oldTurn), code: problem.Stale, on: "expect.turn"},
		"give before the first word":       {before: called, ask: giving(3), code: problem.WrongState, on: "turn"},
		"the swap proposals are forgotten": {before: proposal, ask: giving(4), after: func(t *testing.T, s *stage, _ command.Decision) { same(t, "proposals", len(s.State.Queue.Swaps), 0) }},
	})
	t.Run("before the start", func(t *testing.T) {
		s := planned(t, 3, nil)
		s.must(ask(chair, "open_list", command.PartRef{Part: item}))
		s.join(0)
		s.refused(s.next(chair), problem.WrongState, "")
	})
	t.Run("the only list of a session whose parts do not run", func(t *testing.T) {
		s := planned(t, 3, func(c *events.SessionCreated) { c.Parts = c.Parts[1:2] })
		s.must(ask(chair, "open_list", command.PartRef{Part: item}))
		s.join(0)
		s.Append(events.Timing, chair, "start_session", &events.SessionStarted{StartedAt: s.Now})
		s.must(s.next(chair))
	})
}

// TestNextTwiceIsOneStep: the same press again, and that of a second chair who
// saw the same, move nobody; the answer says why.
func TestNextTwiceIsOneStep(t *testing.T) {
	s := started(t, 9, 6, nil)
	s.speaks()
	first, second := s.next(chair), s.next(viceChair)
	s.join(7)
	s.must(first)
	p := s.refused(second, problem.Stale, "expect.turn")
	if !strings.Contains(p.Detail, "Organisation 1") {
		t.Errorf("the second chair is told %q", p.Detail)
	}
	since := p.Since.([]session.Act)
	verbs := []string{}
	for _, act := range since {
		verbs = append(verbs, act.Verb)
	}
	same(t, "what happened since the turn that they saw", verbs, []string{"begin", "join", "next"})
	same(t, "who got the floor", since[2].Entry, s.mine(1))
	same(t, "the order", s.order(), []int{2, 3, 4, 5, 7})
}

func TestARefusalTellsTwentyActsAtMost(t *testing.T) {
	s := started(t, 60, 2, nil)
	stale := s.next(chair)
	s.speaks()
	for i := 2; i < 50; i++ {
		s.join(i)
	}
	since := s.refused(stale, problem.Stale, "expect.turn").Since.([]session.Act)
	if len(since) != 20 || since[19].Verb != "join" || since[19].Entry != s.mine(49) {
		t.Errorf("it tells %d acts, the last being %+v", len(since), since[len(since)-1])
	}
}

func TestHardModeGivesNoTurnBeyondTheEnd(t *testing.T) {
	at := func(leftMS int64, change func(*stage)) *stage {
		s := started(t, 9, 6, hard)
		if change != nil {
			change(s)
		}
		s.Now = s.State.HardEnd().Add(-leftMS)
		return s
	}
	announced := func(s *stage) {
		s.Append(events.Timing, events.ByService(events.Timing), "announce", &events.AllotmentsAnnounced{Part: item, GuaranteeMS: 70_000, LevelMS: 100_000})
	}
	short := func(s *stage) {
		s.must(ask(delegate(7), "join", command.Join{Part: item, RequestedMS: 30_000}))
		s.must(s.seeing(reasoned(ask(chair, "move", command.Move{Entry: s.mine(7), Before: s.mine(0)})), s.mine(7), s.mine(0)))
	}
	for name, row := range map[string]struct {
		leftMS int64
		change func(*stage)
		fits   bool
	}{
		"exactly the minimum":      {60_000, nil, true},
		"a millisecond less":       {59_999, nil, false},
		"exactly the guarantee":    {70_000, announced, true},
		"less than the guarantee":  {69_999, announced, false},
		"they asked for less":      {30_000, short, true},
		"less than they asked for": {29_999, short, false},
		"after the end":            {-1, nil, false},
		"the end was moved": {-1, func(s *stage) {
			s.Append(events.Timing, chair, "extend_session", &events.SessionExtended{HardEnd: s.State.HardEnd().Add(0)})
		}, false},
		"a lowered minimum": {30_000, func(s *stage) {
			s.Append(events.Timing, chair, "set_minimum", &events.MinimumChanged{MinimumMS: 30_000})
		}, true},
		"a joint statement of two, twice": {119_999, func(s *stage) {
			s.must(s.seeing(ask(chair, "merge", command.Merge{Lead: s.mine(0), Members: []ids.Entry{s.mine(1)}}), s.mine(0), s.mine(1)))
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := at(row.leftMS, row.change)
			if row.fits {
				s.must(s.next(chair))
				return
			}
			s.refused(s.next(chair), problem.WrongState, "entry")
			s.refused(s.give(chair, s.head()), problem.WrongState, "entry")
		})
	}
	soft := started(t, 9, 6, nil)
	soft.Now = soft.State.HardEnd().Add(60_000)
	soft.must(soft.next(chair))
}

func TestBegin(t *testing.T) {
	beginning := func(by events.Actor, change func(*stage, *command.Begin)) func(*stage) *command.Request {
		return func(s *stage) *command.Request {
			b := command.Begin{Turn: s.State.Queue.Turn}
			if change != nil {
				change(s, &b)
			}
			r := ask(by, "begin", b)
			if by.Staff() {
				sessiontest.OnTurn(r, s.State.Queue.Turn)
			}
			return r
		}
	}
	basis := func(b events.Basis) func(*stage, *command.Begin) {
		return func(_ *stage, args *command.Begin) { args.Basis = b }
	}
	at := func(ms int64) func(*stage, *command.Begin) {
		return func(s *stage, args *command.Begin) { args.At = s.turn().GivenAt.Add(ms) }
	}
	begun := func(want events.Basis, afterMS int64) func(*testing.T, *stage, command.Decision) {
		return func(t *testing.T, s *stage, _ command.Decision) {
			t.Helper()
			same(t, "the basis", s.turn().Basis, want)
			same(t, "ms from the call", s.turn().BegunAt.Sub(s.turn().GivenAt), afterMS)
		}
	}
	const passed = 4_001
	try(t, map[string]trial{
		"by the chair":                {before: called, ask: beginning(chair, nil), after: begun(events.ByChair, passed)},
		"by the secretariat":          {before: called, ask: beginning(secretariat, nil), after: begun(events.ByChair, passed)},
		"by the organiser":            {before: called, ask: beginning(organiser, nil), code: problem.Forbidden, on: "verb"},
		"by the holder's delegate":    {before: called, ask: beginning(delegate(0), nil), after: begun(events.BySelf, passed)},
		"by another delegate":         {before: called, ask: beginning(delegate(1), nil), code: problem.Forbidden, on: "turn"},
		"by audio":                    {before: called, ask: beginning(technician, nil), after: begun(events.ByAudio, passed)},
		"by the first caption":        {before: called, ask: beginning(captioner, nil), after: begun(events.ByCaption, passed)},
		"by the program, on captions": {before: called, ask: beginning(program, basis(events.ByCaption)), after: begun(events.ByCaption, passed)},
		"assumed by the chair":        {before: called, ask: beginning(chair, basis(events.Assumed)), code: problem.Forbidden, on: "basis"},
		"the delegate says chair":     {before: called, ask: beginning(delegate(0), basis(events.ByChair)), code: problem.Forbidden, on: "basis"},
		"on a basis of presence":      {before: called, ask: beginning(chair, basis(events.InRoom)), code: problem.Forbidden, on: "basis"},
		"a second ago":                {before: called, ask: beginning(chair, at(3_001)), after: begun(events.ByChair, 3_001)},
		"at the call":                 {before: called, ask: beginning(chair, at(0)), after: begun(events.ByChair, 0)},
		"before the call":             {before: called, ask: beginning(chair, at(-1)), code: problem.Invalid, on: "at"},
		"now, to the millisecond":     {before: called, ask: beginning(chair, at(passed)), after: begun(events.ByChair, passed)},
		"in the future":               {before: called, ask: beginning(chair, at(passed+1)), code: problem.Invalid, on: "at"},
		"before a turn recorded meanwhile": {before: func(s *stage) {
			called(s)
			s.must(reasoned(ask(chair, "enter_turn", command.EnterTurn{Entry: s.mine(5), BegunAt: s.turn().GivenAt + 1, EndedAt: s.turn().GivenAt + 3_000})))
		}, ask: beginning(chair, at(2_999)), code: problem.Invalid, on: "at"},
		"after a turn recorded meanwhile": {before: func(s *stage) {
			called(s)
			s.must(reasoned(ask(chair, "enter_turn", command.EnterTurn{Entry: s.mine(5), BegunAt: s.turn().GivenAt + 1, EndedAt: s.turn().GivenAt + 3_000})))
		}, ask: beginning(chair, at(3_000)), after: begun(events.ByChair, 3_000)},
		"twice":                          {before: speaking, ask: beginning(chair, nil), code: problem.Already, on: "turn"},
		"twice, by themselves":           {before: speaking, ask: beginning(delegate(0), nil), code: problem.Already, on: "turn"},
		"nobody was called":              {ask: beginning(chair, nil), code: problem.Invalid, on: "turn"},
		"another turn":                   {before: called, ask: beginning(delegate(0), func(_ *stage, b *command.Begin) { b.Turn = sessiontest.ID[ids.Turn]("x") }), code: problem.NotFound, on: "turn"},
		"a turn that is over":            {before: func(s *stage) { s.speaks(); s.speaks() }, ask: beginning(delegate(0), func(s *stage, b *command.Begin) { b.Turn = s.State.Queue.TurnOrder[0] }), code: problem.Stale, on: "turn"},
		"the chair does not say what":    {before: called, ask: func(s *stage) *command.Request { return ask(chair, "begin", command.Begin{Turn: s.State.Queue.Turn}) }, code: problem.Invalid, on: "expect.turn"},
		"suspended":                      {before: all(called, (*stage).suspend), ask: beginning(chair, nil), code: problem.WrongState},
		"suspended after the first word": {before: all(called, (*stage).suspend), ask: beginning(chair, at(3_000)), after: begun(events.ByChair, 3_000)},
		"who speaks is not absent":       {before: all(doing(chair, "report_absent", 0), called), ask: beginning(chair, nil), after: func(t *testing.T, s *stage, _ command.Decision) { same(t, "absent", s.entry(0).Absent, false) }},
	})
}

func TestEndOfATurn(t *testing.T) {
	ended := func(how events.TurnEnd, state session.EntryState) func(*testing.T, *stage, command.Decision) {
		return func(t *testing.T, s *stage, d command.Decision) {
			t.Helper()
			e := d.Events[0].(*events.TurnEnded)
			same(t, "how", e.How, how)
			same(t, "when", e.EndedAt, s.State.At)
			same(t, "the floor is free", s.State.Queue.Turn, ids.Turn{})
			same(t, "the entry", s.entry(0).State, state)
		}
	}
	unsaid := func(verb string) func(*stage) *command.Request {
		return func(s *stage) *command.Request {
			return reasoned(ask(chair, verb, command.TurnRef{Turn: s.State.Queue.Turn}))
		}
	}
	silent := func(times int) func(*stage) {
		return func(s *stage) {
			for range times {
				s.must(s.give(chair, s.mine(0)))
				s.must(s.onTurn(chair, "step_back"))
			}
			s.must(s.give(chair, s.mine(0)))
		}
	}
	rows := map[string]trial{
		"yield": {before: speaking, ask: onTurn(delegate(0), "yield"), after: ended(events.Yielded, session.Spoken)},
		"yield without expecting anything": {before: speaking, ask: func(s *stage) *command.Request {
			return ask(delegate(0), "yield", command.TurnRef{Turn: s.State.Queue.Turn})
		}, after: ended(events.Yielded, session.Spoken)},
		"yield by another": {before: speaking, ask: onTurn(delegate(1), "yield"), code: problem.Forbidden, on: "turn"},
		"yield twice": {before: func(s *stage) { s.speaks(); s.must(s.onTurn(delegate(0), "yield")) }, ask: func(s *stage) *command.Request {
			return ask(delegate(0), "yield", command.TurnRef{Turn: s.State.Queue.TurnOrder[0]})
		}, code: problem.Stale, on: "turn"},
		"yield on behalf":               {before: speaking, ask: onTurn(organiser, "yield"), after: ended(events.Yielded, session.Spoken)},
		"end":                           {before: speaking, ask: onTurn(chair, "end"), after: ended(events.Ended, session.Spoken)},
		"end by a delegate":             {before: speaking, ask: onTurn(delegate(0), "end"), code: problem.Forbidden, on: "verb"},
		"end in a suspended session":    {before: all(speaking, (*stage).suspend), ask: onTurn(chair, "end"), after: ended(events.Ended, session.Spoken)},
		"withdraw the floor":            {before: speaking, ask: func(s *stage) *command.Request { return reasoned(s.onTurn(chair, "withdraw_floor")) }, after: ended(events.Withdrawn, session.Spoken)},
		"withdraw the floor, no reason": {before: speaking, ask: onTurn(chair, "withdraw_floor"), code: problem.Invalid, on: "reason"},
		"step back":                     {before: called, ask: onTurn(chair, "step_back"), after: ordered(1, 2, 0, 3, 4, 5)},
		"step back a second time": {before: silent(1), ask: onTurn(chair, "step_back"), after: func(t *testing.T, s *stage, _ command.Decision) {
			same(t, "silences", s.entry(0).NoShows, 2)
			same(t, "state", s.entry(0).State, session.Waiting)
		}},
		"the third silence is standby":        {before: silent(2), ask: onTurn(chair, "step_back"), after: ended(events.NotHere, session.Standby)},
		"step back after the first word":      {before: speaking, ask: onTurn(chair, "step_back"), code: problem.WrongState, on: "turn"},
		"step back gains no place":            {before: func(s *stage) { s.must(s.give(chair, s.mine(3))) }, ask: onTurn(chair, "step_back"), after: ordered(0, 1, 2, 4, 5, 3)},
		"no-show":                             {before: called, ask: onTurn(chair, "no_show"), after: ended(events.NotHere, session.Standby)},
		"no-show after the first word":        {before: speaking, ask: onTurn(chair, "no_show"), code: problem.WrongState, on: "turn"},
		"no-show and back":                    {before: all(called, func(s *stage) { s.must(s.onTurn(chair, "no_show")) }), ask: of(delegate(0), "return", 0), after: ordered(1, 2, 3, 0, 4, 5)},
		"next after a no-show skips nobody":   {before: all(called, func(s *stage) { s.must(s.onTurn(chair, "no_show")) }), ask: nexting(chair), after: holds(1)},
		"next after two places back":          {before: all(called, func(s *stage) { s.must(s.onTurn(chair, "step_back")) }), ask: nexting(chair), after: holds(1)},
		"a word to the holder ends with them": {before: all(speaking, prompted), ask: onTurn(chair, "end"), after: func(t *testing.T, s *stage, _ command.Decision) { same(t, "prompt", s.State.Queue.Prompt == nil, true) }},
	}
	for _, verb := range []string{"end", "withdraw_floor", "step_back", "no_show", "yield"} {
		of := func(r func(*stage) *command.Request) func(*stage) *command.Request {
			return func(s *stage) *command.Request { return reasoned(r(s)) }
		}
		begun := called
		if verb != "step_back" && verb != "no_show" {
			begun = speaking
			rows[verb+" before the first word"] = trial{before: called, ask: of(onTurn(chair, verb)), code: problem.WrongState, on: "turn"}
		}
		rows[verb+" when nobody has the floor"] = trial{ask: of(onTurn(chair, verb)), code: problem.Invalid, on: "turn"}
		rows[verb+" without saying what one sees"] = trial{before: begun, ask: unsaid(verb), code: problem.Invalid, on: "expect.turn"}
		rows[verb+" on another turn"] = trial{before: begun, ask: of(without(onTurn(chair, verb), func(e *command.Expect) { e.Turn = &ids.Turn{} })), code: problem.Stale, on: "expect.turn"}
	}
	try(t, rows)
}

func prompting(by events.Actor, kind events.PromptKind) func(*stage) *command.Request {
	return func(s *stage) *command.Request {
		return sessiontest.OnTurn(ask(by, "prompt", command.PromptArgs{Turn: s.State.Queue.Turn, Kind: kind}), s.State.Queue.Turn)
	}
}

func prompted(s *stage) { s.must(prompting(chair, events.SlowDown)(s)) }

func TestPrompt(t *testing.T) {
	try(t, map[string]trial{
		"please conclude": {before: speaking, ask: prompting(secretariat, events.PleaseConclude), after: func(t *testing.T, s *stage, d command.Decision) {
			p := d.Events[0].(*events.HolderPrompted)
			same(t, "until", p.Until, s.State.At.Add(10_000))
			same(t, "to whom", p.Turn, s.State.Queue.Turn)
		}},
		"you are muted, when called": {before: called, ask: prompting(chair, events.YouAreMuted)},
		"something else":             {before: speaking, ask: prompting(chair, "sing"), code: problem.Invalid, on: "kind"},
		"to nobody":                  {ask: prompting(chair, events.SlowDown), code: problem.Invalid, on: "turn"},
		"by a delegate":              {before: speaking, ask: prompting(delegate(1), events.SlowDown), code: problem.Forbidden, on: "verb"},
		"on another turn":            {before: speaking, ask: without(prompting(chair, events.SlowDown), func(e *command.Expect) { e.Turn = &ids.Turn{} }), code: problem.Stale, on: "expect.turn"},
		"without saying which":       {before: speaking, ask: without(prompting(chair, events.SlowDown), func(e *command.Expect) { e.Turn = nil }), code: problem.Invalid, on: "expect.turn"},
	})
}

// TestTheOffice runs a whole session in which no delegate ever does anything.
func TestTheOffice(t *testing.T) {
	s := started(t, 53, 0, nil)
	for i := range 53 {
		d := s.must(ask(secretariat, "join", command.Join{Part: item, Applicant: applicant(i)}))
		same(t, "on behalf", d.OnBehalf, applicant(i))
	}
	var last clock.Instant
	for i := range 53 {
		s.must(s.next(secretariat))
		holds(i)(t, s, command.Decision{})
		s.must(s.onTurn(secretariat, "begin"))
		if s.turn().BegunAt < last {
			t.Fatal("two hold the floor")
		}
		s.Now += 60_000
		s.must(s.onTurn(secretariat, "yield"))
		last = s.State.Queue.LastEnd
	}
	for i := range 53 {
		same(t, "who has spoken", s.entry(i).State, session.Spoken)
	}
	s.SameAgain()
}
