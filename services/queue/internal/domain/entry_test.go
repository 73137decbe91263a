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

// of is a request about the entry of the i-th applicant.
func of(by events.Actor, verb string, i int) func(*stage) *command.Request {
	return func(s *stage) *command.Request { return ask(by, verb, command.EntryRef{Entry: s.mine(i)}) }
}

// doing is of, done.
func doing(by events.Actor, verb string, i int) func(*stage) {
	return func(s *stage) { s.must(of(by, verb, i)(s)) }
}

func ordered(want ...int) func(*testing.T, *stage, command.Decision) {
	return func(t *testing.T, s *stage, _ command.Decision) { t.Helper(); same(t, "the order", s.order(), want) }
}

// joint makes 1, 3 and 5 one statement, led by 1.
func joint(s *stage) {
	s.must(s.seeing(ask(chair, "merge", command.Merge{Lead: s.mine(1), Members: []ids.Entry{s.mine(5), s.mine(3)}}), s.mine(1), s.mine(3), s.mine(5)))
}

func all(steps ...func(*stage)) func(*stage) {
	return func(s *stage) {
		for _, step := range steps {
			step(s)
		}
	}
}

func TestWithdraw(t *testing.T) {
	try(t, map[string]trial{
		"one's own": {ask: of(delegate(2), "withdraw", 2), after: ordered(0, 1, 3, 4, 5)},
		"no entry":  {ask: func(*stage) *command.Request { return ask(chair, "withdraw", nil) }, code: problem.Invalid, on: "entry"},
		"an entry that is not there": {ask: func(*stage) *command.Request {
			return ask(chair, "withdraw", command.EntryRef{Entry: sessiontest.ID[ids.Entry]("x")})
		}, code: problem.NotFound, on: "entry"},
		"twice":                               {before: doing(chair, "withdraw", 2), ask: of(delegate(2), "withdraw", 2), code: problem.Already, on: "entry"},
		"with the floor":                      {before: speaking, ask: of(delegate(0), "withdraw", 0), code: problem.WrongState, on: "entry"},
		"after speaking":                      {before: func(s *stage) { s.speaks(); s.must(s.onTurn(chair, "end")) }, ask: of(delegate(0), "withdraw", 0), code: problem.WrongState, on: "entry"},
		"from standby":                        {before: doing(chair, "to_standby", 2), ask: of(delegate(2), "withdraw", 2)},
		"a raised point of order":             {before: raised(6), ask: of(delegate(6), "withdraw", 6), after: func(t *testing.T, s *stage, _ command.Decision) { same(t, "the points", len(s.State.Queue.Raised), 0) }},
		"a point that is being heard":         {before: heard(6), ask: of(delegate(6), "withdraw", 6), code: problem.WrongState, on: "entry"},
		"the lead of a joint one":             {before: joint, ask: of(delegate(1), "withdraw", 1), after: ordered(0, 3, 5, 2, 4)},
		"a member of a joint one":             {before: joint, ask: of(delegate(3), "withdraw", 3), after: ordered(0, 1, 2, 4)},
		"a member, while it has the floor":    {before: all(joint, func(s *stage) { s.must(s.give(chair, s.mine(1))) }), ask: of(delegate(3), "withdraw", 3), code: problem.WrongState, on: "entry"},
		"the lead on standby, members remain": {before: all(joint, doing(chair, "to_standby", 1)), ask: of(delegate(1), "withdraw", 1), after: ordered(3, 5, 0, 2, 4)},
	})
}

func TestDefer(t *testing.T) {
	places := func(want int) func(*testing.T, *stage, command.Decision) {
		return func(t *testing.T, _ *stage, d command.Decision) {
			same(t, "places", d.Events[0].(*events.EntryDeferred).Places, want)
		}
	}
	try(t, map[string]trial{
		"two places back":                 {ask: of(delegate(0), "defer", 0), after: ordered(1, 2, 0, 3, 4, 5)},
		"two from the end":                {ask: of(delegate(3), "defer", 3), after: places(2)},
		"one from the end":                {ask: of(delegate(4), "defer", 4), after: places(1)},
		"at the end":                      {ask: of(delegate(5), "defer", 5), code: problem.WrongState, on: "entry"},
		"with the floor":                  {before: speaking, ask: of(delegate(0), "defer", 0), code: problem.WrongState, on: "entry"},
		"from standby":                    {before: doing(chair, "to_standby", 2), ask: of(delegate(2), "defer", 2), code: problem.WrongState, on: "entry"},
		"a member of a joint one":         {before: joint, ask: of(delegate(3), "defer", 3), code: problem.WrongState, on: "entry"},
		"twice: two places each time":     {before: doing(delegate(0), "defer", 0), ask: of(delegate(0), "defer", 0), after: ordered(1, 2, 3, 4, 0, 5)},
		"on behalf, when he is suspended": {before: (*stage).suspend, ask: of(secretariat, "defer", 1), after: ordered(0, 2, 3, 1, 4, 5)},
	})
}

func TestPresence(t *testing.T) {
	noting := func(by events.Actor, i int, b events.Basis) func(*stage) *command.Request {
		return func(s *stage) *command.Request {
			return ask(by, "note_presence", command.NotePresence{Entry: s.mine(i), Basis: b})
		}
	}
	noted := func(by events.Actor, i int, b events.Basis) func(*stage) {
		return func(s *stage) { s.must(noting(by, i, b)(s)) }
	}
	presence := func(basis events.Basis, checkedIn, absent bool) func(*testing.T, *stage, command.Decision) {
		return func(t *testing.T, s *stage, _ command.Decision) {
			t.Helper()
			e := s.entry(2)
			same(t, "presence", e.Presence, basis)
			same(t, "checked in", e.CheckedIn, checkedIn)
			same(t, "absent", e.Absent, absent)
		}
	}
	away := doing(chair, "report_absent", 2)
	try(t, map[string]trial{
		"check in":                       {ask: of(delegate(2), "check_in", 2), after: presence(events.ByCheckIn, true, false)},
		"check in twice":                 {before: doing(delegate(2), "check_in", 2), ask: of(delegate(2), "check_in", 2), code: problem.Already, on: "entry"},
		"check in after an absence":      {before: all(doing(delegate(2), "check_in", 2), away), ask: of(delegate(2), "check_in", 2), after: presence(events.ByCheckIn, true, false)},
		"check in with the floor":        {before: speaking, ask: of(delegate(0), "check_in", 0), code: problem.WrongState, on: "entry"},
		"in the room":                    {ask: noting(secretariat, 2, events.InRoom), after: presence(events.InRoom, false, false)},
		"in the conference":              {ask: noting(chair, 2, events.InConference), after: presence(events.InConference, false, false)},
		"checked in by the chair's side": {ask: noting(chair, 2, events.ByCheckIn), after: presence(events.ByCheckIn, true, false)},
		"checked in, on standby":         {before: doing(chair, "to_standby", 2), ask: noting(chair, 2, events.ByCheckIn), code: problem.WrongState, on: "entry"},
		"seen":                           {ask: noting(program, 2, events.Seen), after: presence(events.Seen, false, false)},
		"seen twice":                     {before: noted(program, 2, events.Seen), ask: noting(program, 2, events.Seen), code: problem.Already, on: "basis"},
		"seen, after checking in":        {before: doing(delegate(2), "check_in", 2), ask: noting(program, 2, events.Seen), code: problem.Already, on: "basis"},
		"seen first, then in the room":   {before: noted(program, 2, events.Seen), ask: noting(chair, 2, events.InRoom), after: presence(events.InRoom, false, false)},
		"in the room twice":              {before: noted(chair, 2, events.InRoom), ask: noting(chair, 2, events.InRoom), code: problem.Already, on: "basis"},
		"in the room, gone, in the room": {before: all(noted(chair, 2, events.InRoom), away), ask: noting(chair, 2, events.InRoom), after: presence(events.InRoom, false, false)},
		"on no basis":                    {ask: noting(chair, 2, events.Basis("rumour")), code: problem.Invalid, on: "basis"},
		"on a basis of begins":           {ask: noting(chair, 2, events.ByAudio), code: problem.Invalid, on: "basis"},
		"by a delegate":                  {ask: noting(delegate(2), 2, events.InRoom), code: problem.Forbidden, on: "verb"},
		"of one who left":                {before: doing(chair, "withdraw", 2), ask: noting(chair, 2, events.InRoom), code: problem.WrongState, on: "entry"},
		"absent":                         {ask: of(delegate(2), "report_absent", 2), after: presence("", false, true)},
		"absent twice":                   {before: away, ask: of(chair, "report_absent", 2), code: problem.Already, on: "entry"},
		"absent with the floor":          {before: speaking, ask: of(chair, "report_absent", 0), code: problem.WrongState, on: "entry"},
		"absent, still on the list":      {ask: of(chair, "report_absent", 2), after: ordered(0, 1, 2, 3, 4, 5)},
		"excused":                        {ask: of(secretariat, "excuse", 2), after: func(t *testing.T, s *stage, _ command.Decision) { same(t, "excused", s.entry(2).Excused, true) }},
		"excused twice":                  {before: doing(chair, "excuse", 2), ask: of(chair, "excuse", 2), code: problem.Already, on: "entry"},
		"excused by themselves":          {ask: of(delegate(2), "excuse", 2), code: problem.Forbidden, on: "verb"},
		"excused after leaving":          {before: doing(chair, "withdraw", 2), ask: of(chair, "excuse", 2)},
		"excused after the session":      {before: (*stage).adjourn, ask: of(chair, "excuse", 2)},
		"excused after speaking":         {before: func(s *stage) { s.speaks(); s.must(s.onTurn(chair, "end")) }, ask: of(chair, "excuse", 0), code: problem.WrongState, on: "entry"},
		"to standby":                     {ask: of(secretariat, "to_standby", 2), after: ordered(0, 1, 3, 4, 5)},
		"to standby twice":               {before: doing(chair, "to_standby", 2), ask: of(chair, "to_standby", 2), code: problem.Already, on: "entry"},
		"to standby with the floor":      {before: speaking, ask: of(chair, "to_standby", 0), code: problem.WrongState, on: "entry"},
		"to standby by themselves":       {ask: of(delegate(2), "to_standby", 2), code: problem.Forbidden, on: "verb"},
		"somebody who is not there at all": {ask: func(*stage) *command.Request {
			return ask(chair, "to_standby", command.EntryRef{Entry: sessiontest.ID[ids.Entry]("x")})
		}, code: problem.NotFound, on: "entry"},
	})
}

func TestReturn(t *testing.T) {
	standby := func(who ...int) func(*stage) {
		return func(s *stage) {
			for _, i := range who {
				doing(chair, "to_standby", i)(s)
			}
		}
	}
	try(t, map[string]trial{
		"to place 4":                {before: standby(0), ask: of(delegate(0), "return", 0), after: ordered(1, 2, 3, 0, 4, 5)},
		"to place 4 of 4":           {before: standby(0, 1), ask: of(chair, "return", 0), after: ordered(2, 3, 4, 0, 5)},
		"to place 1 when 3 wait":    {before: standby(0, 1, 2), ask: of(chair, "return", 0), after: ordered(0, 3, 4, 5)},
		"to an empty list":          {before: standby(0, 1, 2, 3, 4, 5), ask: of(chair, "return", 3), after: ordered(3)},
		"a second time: to the end": {before: all(standby(0), doing(chair, "return", 0), standby(0)), ask: of(delegate(0), "return", 0), after: ordered(1, 2, 3, 4, 5, 0)},
		"without standby":           {ask: of(delegate(0), "return", 0), code: problem.Already, on: "entry"},
		"after leaving":             {before: doing(chair, "withdraw", 0), ask: of(delegate(0), "return", 0), code: problem.WrongState, on: "entry"},
		"the absence is over":       {before: all(doing(chair, "report_absent", 0), standby(0)), ask: of(delegate(0), "return", 0), after: func(t *testing.T, s *stage, _ command.Decision) { same(t, "absent", s.entry(0).Absent, false) }},
		"the receipt names the place": {before: standby(0), ask: of(delegate(0), "return", 0), after: func(t *testing.T, _ *stage, d command.Decision) {
			_, place := command.Made(d.Events)
			same(t, "place", place, 4)
		}},
		"of another's": {before: standby(0), ask: of(delegate(1), "return", 0), code: problem.Forbidden, on: "entry"},
		"of a joint statement: all together": {before: all(joint, standby(1)), ask: of(delegate(1), "return", 1), after: func(t *testing.T, s *stage, _ command.Decision) {
			same(t, "members", len(s.entry(1).Members), 2)
			same(t, "order", s.order(), []int{1, 0, 2, 4})
		}},
	})
}

func TestHandOver(t *testing.T) {
	colleague := func(s *stage) {
		s.Append(events.Registry, secretariat, "add_person", &events.PersonAdded{Person: sessiontest.Person(40), Applicant: applicant(2)})
	}
	to := func(by events.Actor, person ids.Person) func(*stage) *command.Request {
		return func(s *stage) *command.Request {
			return ask(by, "hand_over", command.HandOver{Entry: s.mine(2), Delegate: person})
		}
	}
	person := sessiontest.Person
	try(t, map[string]trial{
		"to a colleague":                 {before: colleague, ask: to(delegate(2), person(40)), after: func(t *testing.T, s *stage, _ command.Decision) { same(t, "delegate", s.entry(2).Delegate, person(40)) }},
		"to nobody":                      {ask: to(delegate(2), ids.Person{}), code: problem.Invalid, on: "delegate"},
		"to somebody unknown":            {ask: to(delegate(2), person(40)), code: problem.NotFound, on: "delegate"},
		"to another organisation":        {ask: to(delegate(2), person(3)), code: problem.Forbidden, on: "delegate"},
		"to another, by the secretariat": {ask: to(secretariat, person(3)), code: problem.Forbidden, on: "delegate"},
		"to one who was forgotten":       {before: all(colleague, erased(40)), ask: to(delegate(2), person(40)), code: problem.Invalid, on: "delegate"},
		"to oneself":                     {ask: to(delegate(2), person(2)), code: problem.Already, on: "delegate"},
		"when called":                    {before: all(colleague, func(s *stage) { s.must(s.give(chair, s.mine(2))) }), ask: to(delegate(2), person(40))},
		"after speaking": {before: all(colleague, func(s *stage) {
			s.must(s.give(chair, s.mine(2)))
			s.must(s.onTurn(chair, "begin"))
			s.must(s.onTurn(chair, "end"))
		}), ask: to(delegate(2), person(40)), code: problem.WrongState, on: "entry"},
	})
}

func TestSwapByConsent(t *testing.T) {
	proposing := func(by events.Actor, i, with int) func(*stage) *command.Request {
		return func(s *stage) *command.Request {
			return ask(by, "propose_swap", command.ProposeSwap{Entry: s.mine(i), With: s.mine(with)})
		}
	}
	answering := func(by events.Actor, verb string) func(*stage) *command.Request {
		return func(s *stage) *command.Request { return ask(by, verb, answer(s)) }
	}
	none := func(t *testing.T, s *stage, _ command.Decision) {
		t.Helper()
		same(t, "open proposals", len(s.State.Queue.Swaps), 0)
		same(t, "the order", s.order(), []int{0, 1, 2, 3, 4, 5})
	}
	unknown := func(verb string) func(*stage) *command.Request {
		return func(*stage) *command.Request {
			return ask(chair, verb, command.SwapRef{Swap: sessiontest.ID[ids.Swap]("x")})
		}
	}
	var old command.SwapRef
	try(t, map[string]trial{
		"proposed: nothing moves yet": {ask: proposing(delegate(4), 4, 1), after: ordered(0, 1, 2, 3, 4, 5)},
		"with oneself":                {ask: proposing(delegate(4), 4, 4), code: problem.Invalid, on: "with"},
		"with one who spoke":          {before: func(s *stage) { s.speaks(); s.must(s.onTurn(chair, "end")) }, ask: proposing(delegate(4), 4, 0), code: problem.WrongState, on: "with"},
		"with nobody": {ask: func(s *stage) *command.Request {
			return ask(delegate(4), "propose_swap", command.ProposeSwap{Entry: s.mine(4)})
		}, code: problem.Invalid, on: "with"},
		"with another kind":                {before: reply(6), ask: proposing(delegate(4), 4, 6), code: problem.Invalid, on: "with"},
		"proposed twice":                   {before: proposal, ask: proposing(delegate(4), 4, 1), code: problem.Already, on: "with"},
		"proposed by both":                 {before: proposal, ask: proposing(delegate(1), 1, 4), code: problem.Already, on: "with"},
		"accepted":                         {before: proposal, ask: answering(delegate(1), "accept_swap"), after: ordered(0, 4, 2, 3, 1, 5)},
		"accepted by the one who asked":    {before: proposal, ask: answering(delegate(4), "accept_swap"), code: problem.Forbidden, on: "swap"},
		"accepted by a third":              {before: proposal, ask: answering(delegate(3), "accept_swap"), code: problem.Forbidden, on: "swap"},
		"accepted after others moved":      {before: all(proposal, doing(delegate(0), "withdraw", 0)), ask: answering(delegate(1), "accept_swap"), after: ordered(4, 2, 3, 1, 5)},
		"declined":                         {before: proposal, ask: answering(delegate(1), "decline_swap"), after: none},
		"taken back":                       {before: proposal, ask: answering(delegate(4), "decline_swap"), after: none},
		"declined by a third":              {before: proposal, ask: answering(delegate(3), "decline_swap"), code: problem.Forbidden, on: "swap"},
		"accepting nothing":                {ask: func(*stage) *command.Request { return ask(delegate(1), "accept_swap", nil) }, code: problem.Invalid, on: "swap"},
		"accepting what is not there":      {ask: unknown("accept_swap"), code: problem.NotFound, on: "swap"},
		"declining what is not there":      {ask: unknown("decline_swap"), code: problem.NotFound, on: "swap"},
		"accepting when one has the floor": {before: func(s *stage) { proposal(s); old = answer(s).(command.SwapRef); s.must(s.give(chair, s.mine(4))) }, ask: func(*stage) *command.Request { return ask(delegate(1), "accept_swap", old) }, code: problem.NotFound, on: "swap"},
		"too many proposals": {before: func(s *stage) {
			for _, with := range []int{0, 1, 2, 3, 5} {
				s.must(proposing(delegate(4), 4, with)(s))
			}
			s.join(7)
		}, ask: proposing(delegate(4), 4, 7), code: problem.WrongState, on: "with"},
	})
}

func TestChairsSwapAndMove(t *testing.T) {
	swapping := func(s *stage) *command.Request {
		return s.seeing(ask(chair, "swap", command.ProposeSwap{Entry: s.mine(4), With: s.mine(1)}), s.mine(4), s.mine(1))
	}
	moving := func(e int, before, after int) func(*stage) *command.Request {
		return func(s *stage) *command.Request {
			m := command.Move{Entry: s.mine(e)}
			seen := []ids.Entry{m.Entry}
			if before >= 0 {
				m.Before = s.mine(before)
				seen = append(seen, m.Before)
			}
			if after >= 0 {
				m.After = s.mine(after)
				seen = append(seen, m.After)
			}
			return s.seeing(reasoned(ask(secretariat, "move", m)), seen...)
		}
	}
	// pressed is made of what the chair saw before something else happened.
	var pressed *command.Request
	pressing := func(r func(*stage) *command.Request, then func(*stage)) func(*stage) {
		return func(s *stage) { pressed = r(s); then(s) }
	}
	late := func(*stage) *command.Request { return pressed }
	try(t, map[string]trial{
		"swap":                              {ask: swapping, after: ordered(0, 4, 2, 3, 1, 5)},
		"swap by a delegate":                {ask: func(s *stage) *command.Request { r := swapping(s); r.Actor = delegate(4); return r }, code: problem.Forbidden, on: "verb"},
		"swap without saying what one sees": {ask: func(s *stage) *command.Request { r := swapping(s); r.Expect = nil; return r }, code: problem.Invalid, on: "expect.entries"},
		"swap, seeing one of the two":       {ask: func(s *stage) *command.Request { r := swapping(s); delete(r.Expect.Entries, s.mine(1)); return r }, code: problem.Invalid, on: "expect.entries"},
		"swap, one has left":                {before: pressing(swapping, doing(delegate(4), "withdraw", 4)), ask: late, code: problem.Stale, on: "expect.entries"},
		"swap when somebody joined":         {before: pressing(swapping, func(s *stage) { s.join(7) }), ask: late, after: ordered(0, 4, 2, 3, 1, 5, 7)},
		"before":                            {ask: moving(4, 1, -1), after: ordered(0, 4, 1, 2, 3, 5)},
		"after":                             {ask: moving(0, -1, 3), after: ordered(1, 2, 3, 0, 4, 5)},
		"to the front":                      {ask: moving(5, 0, -1), after: ordered(5, 0, 1, 2, 3, 4)},
		"before and after":                  {ask: moving(4, 1, 2), code: problem.Invalid, on: "before"},
		"neither":                           {ask: moving(4, -1, -1), code: problem.Invalid, on: "before"},
		"before itself":                     {ask: moving(4, 4, -1), code: problem.Invalid, on: "before"},
		"where it is, before":               {ask: moving(3, 4, -1), code: problem.Already, on: "before"},
		"where it is, after":                {ask: moving(4, -1, 3), code: problem.Already, on: "after"},
		"without a reason":                  {ask: func(s *stage) *command.Request { r := moving(4, 1, -1)(s); r.Reason = nil; return r }, code: problem.Invalid, on: "reason"},
		"without saying what one sees":      {ask: func(s *stage) *command.Request { r := moving(4, 1, -1)(s); r.Expect = nil; return r }, code: problem.Invalid, on: "expect.entries"},
		"when somebody joined and one left": {before: pressing(moving(4, 1, -1), func(s *stage) {
			s.join(7)
			s.must(of(delegate(0), "withdraw", 0)(s))
			s.must(of(delegate(2), "defer", 2)(s))
		}), ask: late, after: ordered(4, 1, 3, 2, 5, 7)},
		"when the other has the floor":        {before: pressing(moving(4, 0, -1), speaking), ask: late, code: problem.Stale, on: "expect.entries"},
		"when it is on standby and one knows": {before: doing(chair, "to_standby", 4), ask: moving(4, 0, -1), code: problem.WrongState, on: "entry"},
		"next to one that is not there": {ask: func(s *stage) *command.Request {
			return s.seeing(reasoned(ask(chair, "move", command.Move{Entry: s.mine(4), Before: sessiontest.ID[ids.Entry]("x")})), s.mine(4))
		}, code: problem.NotFound, on: "entry"},
	})
}

func TestAStaleMoveIsToldWhatHappened(t *testing.T) {
	s := started(t, 9, 6, nil)
	r := s.seeing(reasoned(ask(chair, "move", command.Move{Entry: s.mine(4), Before: s.mine(1)})), s.mine(4), s.mine(1))
	s.join(7)
	s.must(of(delegate(4), "withdraw", 4)(s))
	since, ok := s.refused(r, problem.Stale, "expect.entries").Since.([]session.Act)
	if !ok || len(since) == 0 || since[len(since)-1].Verb != "withdraw" || since[len(since)-1].Entry != s.mine(4) {
		t.Errorf("the refusal tells %+v", since)
	}
}

func TestJointStatements(t *testing.T) {
	merging := func(lead int, members ...int) func(*stage) *command.Request {
		return func(s *stage) *command.Request {
			m := command.Merge{Lead: s.mine(lead)}
			for _, i := range members {
				m.Members = append(m.Members, s.mine(i))
			}
			return s.seeing(ask(secretariat, "merge", m), append(m.Members, m.Lead)...)
		}
	}
	splitting := func(i int) func(*stage) *command.Request {
		return func(s *stage) *command.Request { return s.seeing(of(chair, "split", i)(s), s.mine(i)) }
	}
	try(t, map[string]trial{
		"merge": {ask: merging(1, 5, 3), after: func(t *testing.T, s *stage, d command.Decision) {
			same(t, "the order", s.order(), []int{0, 1, 2, 4})
			same(t, "the members, in list order", d.Events[0].(*events.EntriesMerged).Members, []ids.Entry{s.mine(3), s.mine(5)})
			same(t, "a member's state", s.entry(5).State, session.Merged)
			same(t, "the weight", s.entry(1).Weight(), 3)
		}},
		"with nobody":           {ask: merging(1), code: problem.Invalid, on: "members"},
		"with itself":           {ask: merging(1, 2, 1), code: problem.Invalid, on: "members"},
		"with one twice":        {ask: merging(1, 2, 2), code: problem.Invalid, on: "members"},
		"with one who spoke":    {before: func(s *stage) { s.speaks(); s.must(s.onTurn(chair, "end")) }, ask: merging(1, 0), code: problem.WrongState, on: "members"},
		"led by one on standby": {before: doing(chair, "to_standby", 1), ask: merging(1, 2), code: problem.WrongState, on: "lead"},
		"with a reply":          {before: reply(6), ask: merging(1, 6), code: problem.Invalid, on: "members"},
		"with a joint one":      {before: joint, ask: merging(0, 1), code: problem.Invalid, on: "members"},
		"growing a joint one":   {before: joint, ask: merging(1, 0), after: ordered(1, 2, 4)},
		"on two lists": {before: func(s *stage) {
			s.must(ask(secretariat, "join", command.Join{Part: sessiontest.Questions, Applicant: applicant(7)}))
		}, ask: merging(1, 7), code: problem.Invalid, on: "members"},
		"by a delegate":            {ask: func(s *stage) *command.Request { r := merging(1, 2)(s); r.Actor = delegate(1); return r }, code: problem.Forbidden, on: "verb"},
		"not seeing them":          {ask: func(s *stage) *command.Request { r := merging(1, 2)(s); r.Expect = &command.Expect{}; return r }, code: problem.Invalid, on: "expect.entries"},
		"split":                    {before: joint, ask: splitting(1), after: ordered(0, 1, 3, 5, 2, 4)},
		"split one that is single": {ask: splitting(2), code: problem.WrongState, on: "entry"},
		"split a member":           {before: joint, ask: splitting(3), code: problem.WrongState, on: "entry"},
		"split with the floor":     {before: all(joint, func(s *stage) { s.must(s.give(chair, s.mine(1))) }), ask: splitting(1), code: problem.WrongState, on: "entry"},
		"split, seeing it merged": {before: joint, ask: func(s *stage) *command.Request {
			r := splitting(1)(s)
			r.Expect.Entries[s.mine(1)] = "merged"
			return r
		}, code: problem.Stale, on: "expect.entries"},
		"a member's own check-in":    {before: joint, ask: of(delegate(3), "check_in", 3), code: problem.WrongState, on: "entry"},
		"a member may not join anew": {before: joint, ask: joining(3, nil), code: problem.Already, on: "applicant"},
		"a member may, when it was held": {before: all(joint, func(s *stage) {
			s.must(s.give(chair, s.mine(1)))
			s.must(s.onTurn(chair, "begin"))
			s.must(s.onTurn(chair, "end"))
		}), ask: joining(3, nil)},
	})
	t.Run("more than ten", func(t *testing.T) {
		s := started(t, 12, 12, nil)
		s.refused(merging(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)(s), problem.Invalid, "members")
		s.must(merging(0, 1, 2, 3, 4, 5, 6, 7, 8, 9)(s))
		same(t, "the weight of ten", s.entry(0).Weight(), 4)
		s.refused(merging(0, 10)(s), problem.Invalid, "members")
	})
	t.Run("not in the modalities", func(t *testing.T) {
		s := started(t, 3, 3, func(c *events.SessionCreated) { c.Modalities.JointStatements = false })
		s.refused(merging(0, 1)(s), problem.Forbidden, "lead")
	})
}
