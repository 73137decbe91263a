package domain_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

var item = sessiontest.Item

func joining(i int, change func(*command.Join)) func(*stage) *command.Request {
	return func(*stage) *command.Request {
		j := command.Join{Part: item}
		if change != nil {
			change(&j)
		}
		return ask(delegate(i), "join", j)
	}
}

// behalf is a join by the secretariat for the seventh applicant.
func behalf(change func(*command.Join)) func(*stage) *command.Request {
	return func(*stage) *command.Request {
		j := command.Join{Part: item, Applicant: applicant(7)}
		if change != nil {
			change(&j)
		}
		return ask(secretariat, "join", j)
	}
}

func closed(s *stage) { s.must(ask(chair, "close_list", command.CloseList{Part: item})) }

func closing(s *stage) {
	s.must(ask(chair, "close_list", command.CloseList{Part: item, At: s.Now.Add(60_000)}))
}

func speaking(s *stage) { s.speaks() }

func decline(i int) func(*stage) {
	return func(s *stage) {
		s.Append(events.Registry, secretariat, "decline", &events.ApplicantDeclined{Applicant: applicant(i), Reason: "too_late"})
	}
}

func TestJoin(t *testing.T) {
	kind := func(k events.EntryKind) func(*command.Join) { return func(j *command.Join) { j.Kind = k } }
	stranger := sessiontest.ID[ids.Applicant]("stranger")
	placed := func(place int) func(*testing.T, *stage, command.Decision) {
		return func(t *testing.T, s *stage, d command.Decision) {
			joined := d.Events[0].(*events.EntryJoined)
			same(t, "the place in the receipt", joined.Place, place)
			same(t, "the place on the list", s.State.Queue.Place(joined.Entry), place)
			same(t, "the entry's id", joined.Entry, ids.Derive[ids.Entry](s.State.Queue.Acts[len(s.State.Queue.Acts)-1].Command, 0))
		}
	}
	late := func(want bool) func(*testing.T, *stage, command.Decision) {
		return func(t *testing.T, _ *stage, d command.Decision) {
			same(t, "late", d.Events[0].(*events.EntryJoined).Late, want)
		}
	}
	try(t, map[string]trial{
		"a statement goes to the end":        {ask: joining(7, nil), after: placed(7)},
		"by the secretariat":                 {ask: behalf(nil), after: placed(7)},
		"nobody named by the secretariat":    {ask: behalf(func(j *command.Join) { j.Applicant = ids.Applicant{} }), code: problem.Invalid, on: "applicant"},
		"for another organisation":           {ask: joining(7, func(j *command.Join) { j.Applicant = applicant(8) }), code: problem.Forbidden, on: "applicant"},
		"naming one's own organisation":      {ask: joining(7, func(j *command.Join) { j.Applicant = applicant(7) }), after: placed(7)},
		"an applicant that is not there":     {ask: behalf(func(j *command.Join) { j.Applicant = stranger }), code: problem.NotFound, on: "applicant"},
		"no part":                            {ask: joining(7, func(j *command.Join) { j.Part = ids.Part{} }), code: problem.Invalid, on: "part"},
		"a part that is not there":           {ask: joining(7, func(j *command.Join) { j.Part = sessiontest.ID[ids.Part]("x") }), code: problem.NotFound, on: "part"},
		"a part without a list":              {ask: joining(7, func(j *command.Join) { j.Part = sessiontest.Opening }), code: problem.Invalid, on: "part"},
		"a list that is a draft":             {ask: joining(7, func(j *command.Join) { j.Part = sessiontest.Questions }), code: problem.WrongState, on: "part"},
		"the secretariat prepares a draft":   {ask: behalf(func(j *command.Join) { j.Part = sessiontest.Questions }), after: late(false)},
		"a list that is closed":              {before: closed, ask: joining(7, nil), code: problem.WrongState, on: "part"},
		"late, by the secretariat":           {before: closed, ask: behalf(nil), after: late(true)},
		"a list that is closing":             {before: closing, ask: joining(7, nil), after: late(false)},
		"at the closing time":                {before: func(s *stage) { closing(s); s.Now = s.State.Queue.List(item).ClosesAt }, ask: joining(7, nil), code: problem.WrongState, on: "part"},
		"just before the closing time":       {before: func(s *stage) { closing(s); s.Now = s.State.Queue.List(item).ClosesAt - 1 }, ask: joining(7, nil)},
		"after it, by the secretariat":       {before: func(s *stage) { closing(s); s.Now += 60_000 }, ask: behalf(nil), after: late(true)},
		"a re-opened list":                   {before: func(s *stage) { closed(s); s.must(ask(chair, "open_list", command.PartRef{Part: item})) }, ask: joining(7, nil)},
		"twice":                              {ask: joining(4, nil), code: problem.Already, on: "applicant"},
		"twice, with the floor":              {before: speaking, ask: joining(0, nil), code: problem.Already, on: "applicant"},
		"again after one has spoken":         {before: func(s *stage) { s.speaks(); s.must(s.onTurn(chair, "end")) }, ask: joining(0, nil), after: placed(6)},
		"again after leaving: at the end":    {before: func(s *stage) { s.must(ask(delegate(0), "withdraw", command.EntryRef{Entry: s.mine(0)})) }, ask: joining(0, nil), after: placed(6)},
		"too short a request":                {ask: joining(7, func(j *command.Join) { j.RequestedMS = 29_999 }), code: problem.Invalid, on: "requested_ms"},
		"the shortest request":               {ask: joining(7, func(j *command.Join) { j.RequestedMS = 30_000 })},
		"the longest request":                {ask: joining(7, func(j *command.Join) { j.RequestedMS = 600_000 })},
		"too long a request":                 {ask: joining(7, func(j *command.Join) { j.RequestedMS = 600_001 }), code: problem.Invalid, on: "requested_ms"},
		"a negative request":                 {ask: joining(7, func(j *command.Join) { j.RequestedMS = -1 }), code: problem.Invalid, on: "requested_ms"},
		"a kind that is not one":             {ask: joining(7, kind("monologue")), code: problem.Invalid, on: "kind"},
		"a point of order":                   {ask: joining(6, kind(events.PointOfOrder)), code: problem.Invalid, on: "kind"},
		"a reply without the right":          {ask: joining(7, kind(events.RightOfReply)), code: problem.Forbidden, on: "kind"},
		"a reply, on behalf, without it":     {ask: behalf(kind(events.RightOfReply)), code: problem.Forbidden, on: "kind"},
		"a reply by a state":                 {ask: joining(6, kind(events.RightOfReply)), after: placed(7)},
		"a statement, before the replies":    {before: reply(6), ask: joining(7, nil), after: placed(7)},
		"a second reply, behind the first":   {before: reply(6), ask: joining(3, kind(events.RightOfReply)), after: placed(8)},
		"a statement about a turn":           {before: speaking, ask: joining(7, func(j *command.Join) { j.Turn = sessiontest.ID[ids.Turn]("x") }), code: problem.Invalid, on: "turn"},
		"a reply about no turn of ours":      {ask: joining(6, func(j *command.Join) { j.Kind, j.Turn = events.RightOfReply, sessiontest.ID[ids.Turn]("x") }), code: problem.NotFound, on: "turn"},
		"a question to nobody":               {ask: joining(7, kind(events.Question)), code: problem.WrongState, on: "turn"},
		"a question to the holder":           {before: speaking, ask: joining(7, kind(events.Question)), after: placed(1)},
		"a question while one waits":         {before: speaking, ask: joining(4, kind(events.Question)), after: placed(1)},
		"a second question behind the first": {before: func(s *stage) { s.speaks(); s.must(joining(7, kind(events.Question))(s)) }, ask: joining(8, kind(events.Question)), after: placed(2)},
		"the same one asks twice":            {before: func(s *stage) { s.speaks(); s.must(joining(7, kind(events.Question))(s)) }, ask: joining(7, kind(events.Question)), code: problem.Already, on: "applicant"},
		"a question when the list is closed": {before: func(s *stage) { s.speaks(); closed(s) }, ask: joining(7, kind(events.Question)), after: placed(1)},
		"a question to oneself":              {before: speaking, ask: joining(0, kind(events.Question)), code: problem.Invalid, on: "turn"},
		"a question about an older turn": {before: func(s *stage) { s.speaks(); s.speaks() }, ask: func(s *stage) *command.Request {
			return joining(7, func(j *command.Join) { j.Kind, j.Turn = events.Question, s.State.Queue.TurnOrder[0] })(s)
		}, code: problem.Stale, on: "turn"},
		"a question just after the turn": {before: func(s *stage) { s.speaks(); s.must(s.onTurn(chair, "end")) }, ask: joining(7, kind(events.Question)), after: placed(1)},
		"a newer question goes before older ones": {before: func(s *stage) {
			s.speaks()
			s.must(joining(7, kind(events.Question))(s))
			s.must(joining(8, kind(events.Question))(s))
			s.speaks()
		}, ask: joining(3, kind(events.Question)), after: placed(1)},
		"an application not decided": {before: func(s *stage) {
			s.Append(events.Registry, observer, "apply", &events.ApplicantApplied{Applicant: applicant(20), Category: "state"})
		}, ask: joining(20, nil), code: problem.WrongState, on: "applicant"},
		"a declined application": {before: decline(7), ask: joining(7, nil), code: problem.WrongState, on: "applicant"},
		"a withdrawn application": {before: func(s *stage) {
			s.Append(events.Registry, secretariat, "withdraw_application", &events.ApplicantWithdrawn{Applicant: applicant(7)})
		}, ask: joining(7, nil), code: problem.WrongState, on: "applicant"},
		"a part not applied for": {before: func(s *stage) {
			s.Accepted(20, func(a *events.ApplicantApplied) { a.Parts = []ids.Part{sessiontest.Questions} })
		}, ask: joining(20, nil), code: problem.Forbidden, on: "part"},
		"a part applied for": {before: func(s *stage) {
			s.Accepted(20, func(a *events.ApplicantApplied) { a.Parts = []ids.Part{item}; a.RequestedMS = 90_000 })
		}, ask: joining(20, nil), after: func(t *testing.T, _ *stage, d command.Decision) {
			same(t, "the seconds taken from the application", d.Events[0].(*events.EntryJoined).RequestedMS, 90_000)
		}},
		"a delegate of theirs": {ask: behalf(func(j *command.Join) { j.Delegate = sessiontest.Person(7) }), after: func(t *testing.T, s *stage, _ command.Decision) {
			same(t, "the delegate", s.entry(7).Delegate, sessiontest.Person(7))
		}},
		"the actor is the delegate": {ask: joining(7, nil), after: func(t *testing.T, s *stage, _ command.Decision) {
			same(t, "the delegate", s.entry(7).Delegate, sessiontest.Person(7))
		}},
		"somebody else's delegate":    {ask: behalf(func(j *command.Join) { j.Delegate = sessiontest.Person(8) }), code: problem.Forbidden, on: "delegate"},
		"a person that is not there":  {ask: behalf(func(j *command.Join) { j.Delegate = sessiontest.Person(99) }), code: problem.NotFound, on: "delegate"},
		"a person that was forgotten": {before: erased(7), ask: behalf(func(j *command.Join) { j.Delegate = sessiontest.Person(7) }), code: problem.Invalid, on: "delegate"},
		"a token of one forgotten": {before: erased(7), ask: joining(7, nil), after: func(t *testing.T, s *stage, _ command.Decision) {
			same(t, "the delegate", s.entry(7).Delegate, ids.Person{})
		}},
		"a link of no organisation": {ask: func(*stage) *command.Request {
			return ask(events.Actor{ID: "token/x", Roles: []events.Role{events.Speaker}}, "join", command.Join{Part: item})
		}, code: problem.Forbidden, on: "applicant"},
	})
}

func reply(i int) func(*stage) {
	return func(s *stage) {
		s.must(ask(delegate(i), "join", command.Join{Part: item, Kind: events.RightOfReply}))
	}
}

func erased(i int) func(*stage) {
	return func(s *stage) {
		s.Append(events.Registry, secretariat, "erase_person", &events.PersonErased{Person: sessiontest.Person(i)})
	}
}

func TestJoiningTwiceNamesThePlace(t *testing.T) {
	s := started(t, 9, 6, nil)
	s.must(s.next(chair))
	s.must(ask(chair, "to_standby", command.EntryRef{Entry: s.mine(1)}))
	s.must(s.seeing(ask(chair, "merge", command.Merge{Lead: s.mine(3), Members: []ids.Entry{s.mine(2)}}), s.mine(3), s.mine(2)))
	for i, where := range []string{"it has the floor", "on standby", "joint statement of Organisation 3, place 1", "place 1", "place 2", "place 3"} {
		if p := s.refused(joining(i, nil)(s), problem.Already, "applicant"); !strings.Contains(p.Detail, where) {
			t.Errorf("%d is told %q, not %q", i, p.Detail, where)
		}
	}
}

// TestALateApplicantBreaksNoPromise: they join while every promise holds, and
// are put on standby, by the same command, when it would not.
func TestALateApplicantBreaksNoPromise(t *testing.T) {
	announced := func(s *stage) {
		closed(s)
		s.Append(events.Timing, events.ByService(events.Timing), "announce", &events.AllotmentsAnnounced{Part: item, GuaranteeMS: 60_000, LevelMS: 90_000, Entries: 6})
	}
	early := started(t, 9, 6, nil)
	announced(early)
	d := early.must(behalf(nil)(early))
	same(t, "the place", d.Events[0].(*events.EntryJoined).Place, 7)
	same(t, "events", len(d.Events), 1)

	late := started(t, 9, 6, nil)
	announced(late)
	late.Now = late.State.HardEnd().Add(-9 * 60_000)
	d = late.must(behalf(nil)(late))
	_, place := command.Made(d.Events)
	same(t, "the place that the receipt promises", place, 0)
	same(t, "the entry", late.entry(7).State, session.Standby)
	same(t, "the order", late.order(), []int{0, 1, 2, 3, 4, 5})
	late.SameAgain()
	late.must(of(chair, "return", 7)(late))
	same(t, "the chair may nevertheless", late.order(), []int{0, 1, 2, 7, 3, 4, 5})
}

func TestTooManyEntriesOfOneApplicant(t *testing.T) {
	s := started(t, 9, 0, nil)
	for range 50 {
		s.must(ask(delegate(2), "withdraw", command.EntryRef{Entry: s.join(2)}))
	}
	s.refused(joining(2, nil)(s), problem.WrongState, "applicant")
	s.must(ask(secretariat, "join", command.Join{Part: item, Applicant: applicant(2)}))
}

func TestListStates(t *testing.T) {
	open := func(*stage) *command.Request { return ask(secretariat, "open_list", command.PartRef{Part: item}) }
	at := func(by events.Actor, ms int64) func(*stage) *command.Request {
		return func(s *stage) *command.Request {
			return ask(by, "close_list", command.CloseList{Part: item, At: s.Now.Add(ms)})
		}
	}
	state := func(want events.ListState) func(*testing.T, *stage, command.Decision) {
		return func(t *testing.T, s *stage, _ command.Decision) {
			same(t, "the list", s.State.Queue.List(item).State, want)
		}
	}
	atItsTime := func(s *stage) *command.Request {
		return ask(program, "close_list", command.CloseList{Part: item, At: s.State.Queue.List(item).ClosesAt})
	}
	try(t, map[string]trial{
		"open an open list":   {ask: open, code: problem.Already, on: "part"},
		"open no list":        {ask: func(*stage) *command.Request { return ask(chair, "open_list", nil) }, code: problem.Invalid, on: "part"},
		"open a closed list":  {before: closed, ask: open, after: state(events.ListOpen)},
		"open a closing list": {before: closing, ask: open, after: state(events.ListOpen)},
		"open a draft": {ask: func(*stage) *command.Request {
			return ask(organiser, "open_list", command.PartRef{Part: sessiontest.Questions})
		}},
		"by a delegate": {ask: func(*stage) *command.Request { return ask(delegate(0), "open_list", command.PartRef{Part: item}) }, code: problem.Forbidden, on: "verb"},
		"close":         {ask: func(*stage) *command.Request { return ask(chair, "close_list", command.CloseList{Part: item}) }, after: state(events.ListClosed)},
		"close twice":   {before: closed, ask: at(chair, 1000), code: problem.Already, on: "part"},
		"close a draft": {ask: func(*stage) *command.Request {
			return ask(chair, "close_list", command.CloseList{Part: sessiontest.Questions})
		}},
		"close in a minute": {ask: at(chair, 60_000), after: state(events.ListClosing)},
		"close at the same time": {before: closing, ask: func(s *stage) *command.Request {
			return ask(chair, "close_list", command.CloseList{Part: item, At: s.State.Queue.List(item).ClosesAt})
		}, code: problem.Already, on: "at"},
		"close at another time":      {before: closing, ask: at(chair, 120_000), after: state(events.ListClosing)},
		"close in the past":          {ask: at(chair, -1), code: problem.Invalid, on: "at"},
		"close at this very instant": {ask: at(chair, 0), code: problem.Invalid, on: "at"},
		"close after the end":        {ask: at(chair, 7*3_600_000), code: problem.Invalid, on: "at"},
		"the timer, at the time":     {before: func(s *stage) { closing(s); s.Now = s.State.Queue.List(item).ClosesAt }, ask: atItsTime, after: state(events.ListClosed)},
		"the timer, too early":       {before: func(s *stage) { closing(s); s.Now = s.State.Queue.List(item).ClosesAt - 1 }, ask: atItsTime, code: problem.WrongState, on: "at"},
		"the timer, for another time": {before: func(s *stage) { closing(s); s.Now += 90_000 }, ask: func(s *stage) *command.Request {
			return ask(program, "close_list", command.CloseList{Part: item, At: s.State.Queue.List(item).ClosesAt - 1})
		}, code: problem.WrongState, on: "at"},
		"the timer, when it was re-opened": {before: func(s *stage) { closing(s); s.must(open(s)); s.Now += 90_000 }, ask: at(program, 0), code: problem.WrongState, on: "at"},
	})
}

func TestEachPartsListStandsAlone(t *testing.T) {
	s := started(t, 9, 3, nil)
	s.must(ask(chair, "open_list", command.PartRef{Part: sessiontest.Questions}))
	for i := range 3 {
		d := s.must(ask(delegate(i), "join", command.Join{Part: sessiontest.Questions}))
		same(t, fmt.Sprintf("the place of %d on the second list", i), d.Events[0].(*events.EntryJoined).Place, i+1)
	}
	closed(s)
	same(t, "the second list", s.State.Queue.List(sessiontest.Questions).State, events.ListOpen)
	s.refused(s.give(chair, s.mine(0)), problem.WrongState, "entry")
	s.refused(s.seeing(reasoned(ask(chair, "move", command.Move{Entry: s.mine(0), Before: s.head()})), s.mine(0), s.head()), problem.Invalid, "before")
}
