package view

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

// named gives everybody a name that can be searched for.
func named(_ ids.Session, p ids.Person, _ events.Hash) Name {
	return Name{Name: "Name of " + p.String(), FormOfAddress: "Dr", Pronunciation: "as written", AccessMS: 30_000}
}

func applicant(n int) ids.Applicant { return sessiontest.Applicant(n) }
func delegate(n int) events.Actor   { return sessiontest.Delegate(n) }
func entry(n int) ids.Entry         { return sessiontest.ID[ids.Entry](fmt.Sprintf("entry %d", n)) }

var chair = sessiontest.Staff(events.Chair)

// started is a running session whose n applicants wait on the item's list.
func started(t sessiontest.TB, n int) *sessiontest.Log {
	t.Helper()
	l := sessiontest.Empty(t)
	l.Sample(n, nil)
	l.Append(events.Queue, chair, "open_list", &events.ListStateChanged{Part: sessiontest.Item, State: events.ListOpen})
	for i := range n {
		l.Append(events.Queue, delegate(i), "join", &events.EntryJoined{
			Entry: entry(i), Part: sessiontest.Item, Applicant: applicant(i), Delegate: sessiontest.Person(i),
			Kind: events.Statement, RequestedMS: 120_000, Place: i + 1,
		})
	}
	l.StartAt(sessiontest.Item)
	return l
}

// give gives the floor to an entry and opens its clock.
func give(l *sessiontest.Log, e ids.Entry) ids.Turn {
	turn := ids.Named[ids.Turn](e, fmt.Sprint(len(l.Stored)))
	l.Append(events.Queue, chair, "next", &events.FloorGiven{Turn: turn, Entry: e, GivenAt: l.Now, Act: sessiontest.ID[ids.Command](turn.String())})
	l.Append(events.Timing, events.ByService(events.Timing), "open_turn", &events.TurnOpened{Turn: turn, AllottedMS: 90_000, GuaranteeMS: 60_000})
	return turn
}

func begin(l *sessiontest.Log, turn ids.Turn) {
	l.Append(events.Queue, chair, "begin", &events.TurnBegun{Turn: turn, BegunAt: l.Now, Basis: events.ByChair})
}

func TestBuildShowsTheSession(t *testing.T) {
	l := started(t, 6)
	turn := give(l, entry(0))
	l.Now += 4000
	begin(l, turn)
	l.Now += 10_000
	l.Append(events.Queue, delegate(3), "raise_point", &events.PointRaised{Entry: entry(90), Part: sessiontest.Item, Applicant: applicant(3), Turn: turn})
	l.Append(events.Queue, chair, "prompt", &events.HolderPrompted{Prompt: sessiontest.ID[ids.Prompt]("p"), Turn: turn, Kind: events.SlowDown, Until: l.Now + 9000})
	l.Append(events.Queue, delegate(4), "propose_swap", &events.SwapProposed{Swap: sessiontest.ID[ids.Swap]("s"), Entry: entry(4), With: entry(5)})
	v := Build(l.State, named)

	if v.Floor.Turn != turn || v.Floor.Next != entry(1) || v.Floor.Undo.IsZero() || v.Floor.UndoVerb != "next" {
		t.Errorf("the floor is %+v", v.Floor)
	}
	if v.Floor.UndoUntil != v.Turns[turn].GivenAt+60_000 {
		t.Errorf("undo is offered until %s, given at %s", v.Floor.UndoUntil, v.Turns[turn].GivenAt)
	}
	if v.Floor.Prompt == nil || v.Floor.Prompt.Kind != events.SlowDown {
		t.Errorf("the prompt is %+v", v.Floor.Prompt)
	}
	got := v.Turns[turn]
	if got.AllottedMS != 90_000 || got.GuaranteeMS != 60_000 || got.BegunAt-got.GivenAt < 4000 || !got.PausedSince.IsZero() {
		t.Errorf("the turn is %+v", got)
	}
	if v.Floor.ExpectedEnd <= l.State.At {
		t.Errorf("the running turn is expected to end at %s, and it is %s", v.Floor.ExpectedEnd, l.State.At)
	}
	one := v.Entries[entry(1)]
	if one.Place != 1 || one.Organisation != "Organisation 1" || one.Start == nil || one.AllotmentMS < 60_000 || !one.Reached {
		t.Errorf("the next entry is %+v", one)
	}
	if one.Start != nil && (one.Start.Low > one.Start.Middle || one.Start.Middle > one.Start.High) {
		t.Errorf("the next entry's start is %+v", one.Start)
	}
	if len(v.Raised) != 1 || v.Entries[v.Raised[0]].State != session.Raised {
		t.Errorf("the raised points are %v", v.Raised)
	}
	if v.Plan.Waiting != 5 || !v.Plan.Fits || v.Plan.Digest != l.State.PlanDigest() || v.Plan.Budget.ElapsedMS <= 0 {
		t.Errorf("the plan is %+v", v.Plan)
	}
	if len(v.Acts) == 0 || len(v.Acts) > 20 || v.Acts[len(v.Acts)-1].Verb != "propose_swap" {
		t.Errorf("the acts are %+v", v.Acts)
	}
	if p := v.Persons[sessiontest.Person(2)]; p.Name == "" || p.Applicant != applicant(2) {
		t.Errorf("a person is %+v", p)
	}
}

func TestBuildKeepsNothingOfTheState(t *testing.T) {
	l := started(t, 8)
	give(l, entry(0))
	v := Build(l.State, named)
	before, err := json.Marshal(&v.View)
	if err != nil {
		t.Fatal(err)
	}
	l.Append(events.Queue, chair, "move", &events.EntryMoved{Entry: entry(7), Before: entry(1)})
	l.Append(events.Queue, chair, "merge", &events.EntriesMerged{Lead: entry(2), Members: []ids.Entry{entry(3)}})
	l.State.Registry.Modalities.Rights["*"] = nil
	l.State.Registry.Languages[0] = "xx"
	after, err := json.Marshal(&v.View)
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Errorf("the view changed with the state:\n%s\n%s", before, after)
	}
}

func TestErasedPersonsHaveNoName(t *testing.T) {
	l := started(t, 2)
	l.Append(events.Registry, chair, "erase_person", &events.PersonErased{Person: sessiontest.Person(0)})
	v := Build(l.State, named)
	if p := v.Persons[sessiontest.Person(0)]; !p.Erased || p.Name != "" || p.FormOfAddress != "" {
		t.Errorf("an erased person is shown as %+v", p)
	}
	if p := v.Persons[sessiontest.Person(1)]; p.Erased || p.Name == "" {
		t.Errorf("another person is shown as %+v", p)
	}
}

func TestAdjournmentLeavesNobodyWaiting(t *testing.T) {
	l := started(t, 3)
	l.Append(events.Queue, chair, "to_standby", &events.EntryToStandby{Entry: entry(2)})
	l.Append(events.Timing, chair, "adjourn", &events.SessionAdjourned{AdjournedAt: l.Now, NotReached: l.State.StillWaiting()})
	v := Build(l.State, named)
	for i := range 3 {
		e := l.State.Queue.Entries[entry(i)]
		if got := v.Entries[entry(i)]; got.State != l.State.EntryState(e) || got.State != session.NotReached || got.Reached || got.Start != nil {
			t.Errorf("entry %d after the adjournment is %+v", i, got)
		}
	}
	if len(v.Standby) != 0 || !v.Floor.Next.IsZero() || len(v.Session.NotReached) != 3 {
		t.Errorf("standby %v, next %v, not reached %v", v.Standby, v.Floor.Next, v.Session.NotReached)
	}
}

func TestCountdownStandsWhileAPointIsHeard(t *testing.T) {
	l := started(t, 3)
	turn := give(l, entry(0))
	begin(l, turn)
	l.Append(events.Queue, delegate(1), "raise_point", &events.PointRaised{Entry: entry(90), Part: sessiontest.Item, Applicant: applicant(1), Turn: turn})
	at := l.Now
	l.Append(events.Queue, chair, "admit_point", &events.PointAdmitted{Entry: entry(90), Suspended: turn})
	v := Build(l.State, named)
	if got := v.Turns[turn]; got.PausedSince != at || got.PauseCause != events.PausedByPoint || v.Floor.Point != entry(90) || v.Floor.PointSince != at {
		t.Errorf("turn %+v, floor %+v", got, v.Floor)
	}
	l.Now += 5000
	l.Append(events.Queue, chair, "rule", &events.PointRuled{Entry: entry(90), Ruling: events.Noted, Resumed: turn})
	v = Build(l.State, named)
	if got := v.Turns[turn]; !got.PausedSince.IsZero() || got.PausedMS < 5000 || !v.Floor.Point.IsZero() {
		t.Errorf("turn %+v, floor %+v", got, v.Floor)
	}
}

func TestCursorsNamePositionAndBytes(t *testing.T) {
	l := started(t, 3)
	raw, cursor, err := Of(l.State, named, api.ForPublic)
	if err != nil {
		t.Fatal(err)
	}
	incarnation, seq, ok := ParseCursor(cursor)
	if !ok || incarnation != l.State.Incarnation || seq != l.State.Sequence {
		t.Errorf("the cursor %s says %s, %d, %v", cursor, incarnation, seq, ok)
	}
	again, same, err := Of(l.Refold(), named, api.ForPublic)
	if err != nil || same != cursor || string(again) != string(raw) {
		t.Errorf("the same log gives the cursor %s, and %s when folded again (%v)", cursor, same, err)
	}
	_, other, err := Of(l.State, named, api.ForParticipant)
	if err != nil || other == cursor {
		t.Errorf("two audiences share the cursor %s (%v)", cursor, err)
	}
	// A name is in no log position; the chair's cursor tells it apart.
	_, with, err := Of(l.State, named, api.ForChair)
	if err != nil {
		t.Fatal(err)
	}
	if _, without, err := Of(l.State, NoNames, api.ForChair); err != nil || with == without {
		t.Errorf("with and without names the cursor is %s (%v)", with, err)
	}
	for _, text := range []api.Cursor{"", "1", "1~a~b~c~d", "2~a~5~public~x", "1~a~5~public", "1~a~-5~public~x", "1~a~5~public~x~y"} {
		if _, _, ok := ParseCursor(text); ok {
			t.Errorf("%q was taken for a cursor", text)
		}
	}
}

func TestMeTellsTheMostUrgent(t *testing.T) {
	kind := func(l *sessiontest.Log, n int) api.NoticeKind {
		t.Helper()
		me := Build(l.State, named).Me(Viewer{Actor: delegate(n), Audience: api.ForParticipant})
		if me.Notice == nil {
			return ""
		}
		return me.Notice.Kind
	}
	l := started(t, 8)
	turn := give(l, entry(0))
	expect := func(what string, want map[int]api.NoticeKind) {
		t.Helper()
		for n := range 8 {
			if got := kind(l, n); got != want[n] {
				t.Errorf("%s: delegate %d is told %q, want %q", what, n, got, want[n])
			}
		}
	}
	expect("called", map[int]api.NoticeKind{0: api.NoticeCalled, 1: api.NoticeNext, 3: api.NoticeThird, 5: api.NoticeFifth})
	begin(l, turn)
	expect("begun", map[int]api.NoticeKind{1: api.NoticeNext, 3: api.NoticeThird, 5: api.NoticeFifth})
	l.Append(events.Timing, events.ByService(events.Timing), "mark", &events.TurnMarked{Turn: turn, Mark: events.MarkWarning})
	expect("warned", map[int]api.NoticeKind{0: api.NoticeWarning, 1: api.NoticeNext, 3: api.NoticeThird, 5: api.NoticeFifth})
	l.Append(events.Timing, events.ByService(events.Timing), "mark", &events.TurnMarked{Turn: turn, Mark: events.MarkExpired})
	l.Append(events.Queue, delegate(7), "propose_swap", &events.SwapProposed{Swap: sessiontest.ID[ids.Swap]("s"), Entry: entry(7), With: entry(6)})
	l.Append(events.Queue, chair, "to_standby", &events.EntryToStandby{Entry: entry(1)})
	expect("expired", map[int]api.NoticeKind{
		0: api.NoticeExpired, 1: api.NoticeStandby, 2: api.NoticeNext, 4: api.NoticeThird, 6: api.NoticeFifth,
	})
	l.Append(events.Queue, chair, "merge", &events.EntriesMerged{Lead: entry(2), Members: []ids.Entry{entry(4)}})
	expect("merged", map[int]api.NoticeKind{
		0: api.NoticeExpired, 1: api.NoticeStandby, 2: api.NoticeNext, 4: api.NoticeNext, 5: api.NoticeThird,
		6: api.NoticeSwapAsked, 7: api.NoticeFifth,
	})
	l.Append(events.Timing, chair, "adjourn", &events.SessionAdjourned{AdjournedAt: l.Now, NotReached: l.State.StillWaiting()})
	if got := kind(l, 5); got != api.NoticeNotReach {
		t.Errorf("after the adjournment a waiting delegate is told %q", got)
	}
}

func TestMeHoldsOnesOwn(t *testing.T) {
	l := started(t, 3)
	turn := give(l, entry(0))
	l.Append(events.Queue, chair, "prompt", &events.HolderPrompted{Prompt: sessiontest.ID[ids.Prompt]("p"), Turn: turn, Kind: events.YouAreMuted, Until: l.Now + 9000})
	l.Append(events.Registry, chair, "decline", &events.ApplicantDeclined{Applicant: applicant(2), Reason: "too_late"})
	v := Build(l.State, named)
	me := func(a events.Actor, audience api.Audience) api.Me { return v.Me(Viewer{Actor: a, Audience: audience}) }

	if m := me(delegate(0), api.ForParticipant); m.Prompt == nil || m.Prompt.Kind != events.YouAreMuted || m.AccessMS != 30_000 || len(m.Entries) != 1 {
		t.Errorf("the holder's part is %+v", m)
	}
	if m := me(delegate(1), api.ForParticipant); m.Prompt != nil || m.Reason != "" {
		t.Errorf("another delegate's part is %+v", m)
	}
	if m := me(delegate(2), api.ForParticipant); m.Reason != "too_late" {
		t.Errorf("the declined delegate's part is %+v", m)
	}
	// The chair's side acts on behalf; nothing is its own.
	if m := me(events.Actor{ID: "token/x", Roles: []events.Role{events.Chair}, Applicant: applicant(0)}, api.ForChair); m.Entries != nil || m.Prompt != nil {
		t.Errorf("the chair's part is %+v", m)
	}
	if m := me(events.Actor{ID: "visitor/x", Roles: []events.Role{events.Observer}}, api.ForPublic); m.Notice != nil || m.Audience != api.ForPublic || m.Subject != "visitor/x" {
		t.Errorf("a visitor's part is %+v", m)
	}
}
