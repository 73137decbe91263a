package session_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

// folding is a running session whose queue is written event by event.
type folding struct {
	*sessiontest.Log
	t sessiontest.TB
}

func en(n int) ids.Entry { return sessiontest.ID[ids.Entry](fmt.Sprintf("entry %d", n)) }

func tn(n int) ids.Turn { return sessiontest.ID[ids.Turn](fmt.Sprintf("turn %d", n)) }

var aSwap = sessiontest.ID[ids.Swap]("swap")

// fold makes a session in which the entries 0 to n-1 wait.
func fold(t sessiontest.TB, n int) *folding {
	f := &folding{sessiontest.Empty(t), t}
	f.Sample(n, nil)
	f.StartAt(sessiontest.Item)
	for i := range n {
		f.do(&events.EntryJoined{
			Entry: en(i), Part: sessiontest.Item, Applicant: sessiontest.Applicant(i), Kind: events.Statement, Place: i + 1,
		})
	}
	return f
}

// do appends a commit of the queue's; act is the verb that is said.
func (f *folding) do(all ...events.Event) *events.Commit {
	return f.Append(events.Queue, sessiontest.Staff(events.Chair), all[0].Type(), all...)
}

// give gives the floor to an entry, as turn n; ended is the turn that ends by it.
func (f *folding) give(n, entry int, ended ...events.Event) ids.Command {
	act := f.Command()
	for _, e := range ended {
		e.(*events.TurnEnded).Act = act
	}
	given := &events.FloorGiven{Turn: tn(n), Entry: en(entry), GivenAt: f.Now, Act: act}
	if err := f.Commit(events.Queue, &events.Commit{Command: act, Verb: "give", Actor: sessiontest.Staff(events.Chair), Events: append(ended, given)}); err != nil {
		f.t.Fatalf("giving: %v", err)
	}
	return act
}

func (f *folding) begin(n int) {
	f.do(&events.TurnBegun{Turn: tn(n), BegunAt: f.Now, Basis: events.ByChair})
}

func (f *folding) end(n int, how events.TurnEnd, back int) ids.Command {
	act := f.Command()
	ended := &events.TurnEnded{Turn: tn(n), EndedAt: f.Now, How: how, Act: act, Back: back}
	if err := f.Commit(events.Queue, &events.Commit{Command: act, Verb: "end", Actor: sessiontest.Staff(events.Chair), Events: []events.Event{ended}}); err != nil {
		f.t.Fatalf("ending: %v", err)
	}
	return act
}

func (f *folding) order() []int {
	order := []int{}
	for _, id := range f.State.Queue.List(sessiontest.Item).Order {
		order = append(order, slices.IndexFunc(f.State.Queue.EntryOrder, func(e ids.Entry) bool { return e == id }))
	}
	return order
}

func (f *folding) entry(n int) *session.Entry { return f.State.Queue.Entries[en(n)] }

func (f *folding) turn(n int) *session.Turn { return f.State.Queue.Turns[tn(n)] }

func is[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %v, not %v", what, got, want)
	}
}

func inOrder(t *testing.T, f *folding, want ...int) {
	t.Helper()
	if got := f.order(); !slices.Equal(got, want) {
		t.Errorf("the order is %v, not %v", got, want)
	}
}

// TestFoldOfTheList is what each event about waiting entries does to the order
// 0 1 2 3 4 and to the entry 1.
func TestFoldOfTheList(t *testing.T) {
	rows := map[string]struct {
		events []events.Event
		order  []int
		check  func(t *testing.T, f *folding)
	}{
		"joined at the front": {[]events.Event{&events.EntryJoined{Entry: en(5), Part: sessiontest.Item, Place: 1, Late: true, RequestedMS: 90_000}}, []int{5, 0, 1, 2, 3, 4}, func(t *testing.T, f *folding) {
			is(t, "late", f.entry(5).Late, true)
			is(t, "requested", f.entry(5).RequestedMS, 90_000)
		}},
		"joined beyond the end": {[]events.Event{&events.EntryJoined{Entry: en(5), Part: sessiontest.Item, Place: 99}}, []int{0, 1, 2, 3, 4, 5}, nil},
		"joined another list":   {[]events.Event{&events.EntryJoined{Entry: en(5), Part: sessiontest.Questions, Place: 1}}, []int{0, 1, 2, 3, 4}, func(t *testing.T, f *folding) { is(t, "its place", f.State.Queue.Place(en(5)), 1) }},
		"withdrawn": {[]events.Event{&events.EntryWithdrawn{Entry: en(1)}}, []int{0, 2, 3, 4}, func(t *testing.T, f *folding) {
			is(t, "state", f.entry(1).State, session.Gone)
			is(t, "place", f.State.Queue.Place(en(1)), 0)
		}},
		"deferred":                    {[]events.Event{&events.EntryDeferred{Entry: en(1), Places: 2}}, []int{0, 2, 3, 1, 4}, func(t *testing.T, f *folding) { is(t, "deferrals", f.entry(1).Deferrals, 1) }},
		"deferred beyond the end":     {[]events.Event{&events.EntryDeferred{Entry: en(1), Places: 9}}, []int{0, 2, 3, 4, 1}, nil},
		"moved before":                {[]events.Event{&events.EntryMoved{Entry: en(4), Before: en(1)}}, []int{0, 4, 1, 2, 3}, nil},
		"moved before, from in front": {[]events.Event{&events.EntryMoved{Entry: en(0), Before: en(3)}}, []int{1, 2, 0, 3, 4}, nil},
		"moved after":                 {[]events.Event{&events.EntryMoved{Entry: en(4), After: en(1)}}, []int{0, 1, 4, 2, 3}, nil},
		"moved after, from in front":  {[]events.Event{&events.EntryMoved{Entry: en(0), After: en(3)}}, []int{1, 2, 3, 0, 4}, nil},
		"handed over":                 {[]events.Event{&events.EntryHandedOver{Entry: en(1), Delegate: sessiontest.Person(9)}}, []int{0, 1, 2, 3, 4}, func(t *testing.T, f *folding) { is(t, "delegate", f.entry(1).Delegate, sessiontest.Person(9)) }},
		"checked in": {[]events.Event{&events.AbsenceReported{Entry: en(1)}, &events.CheckedIn{Entry: en(1)}}, []int{0, 1, 2, 3, 4}, func(t *testing.T, f *folding) {
			is(t, "absent", f.entry(1).Absent, false)
			is(t, "presence", f.entry(1).Presence, events.ByCheckIn)
		}},
		"absent":                       {[]events.Event{&events.AbsenceReported{Entry: en(1)}}, []int{0, 1, 2, 3, 4}, func(t *testing.T, f *folding) { is(t, "absent", f.entry(1).Absent, true) }},
		"seen after being in the room": {[]events.Event{&events.PresenceNoted{Entry: en(1), Basis: events.InRoom}, &events.PresenceNoted{Entry: en(1), Basis: events.Seen}}, []int{0, 1, 2, 3, 4}, func(t *testing.T, f *folding) { is(t, "presence", f.entry(1).Presence, events.InRoom) }},
		"excused":                      {[]events.Event{&events.Excused{Entry: en(1)}}, []int{0, 1, 2, 3, 4}, func(t *testing.T, f *folding) { is(t, "excused", f.entry(1).Excused, true) }},
		"to standby":                   {[]events.Event{&events.EntryToStandby{Entry: en(1)}}, []int{0, 2, 3, 4}, func(t *testing.T, f *folding) { is(t, "state", f.entry(1).State, session.Standby) }},
		"returned": {[]events.Event{&events.AbsenceReported{Entry: en(1)}, &events.EntryToStandby{Entry: en(1)}, &events.EntryReturned{Entry: en(1), Place: 4}}, []int{0, 2, 3, 1, 4}, func(t *testing.T, f *folding) {
			is(t, "returns", f.entry(1).Returns, 1)
			is(t, "absent", f.entry(1).Absent, false)
		}},
		"swapped": {[]events.Event{&events.EntriesSwapped{Entry: en(4), With: en(1)}}, []int{0, 4, 2, 3, 1}, nil},
		"merged": {[]events.Event{&events.EntriesMerged{Lead: en(1), Members: []ids.Entry{en(0), en(3)}}}, []int{1, 2, 4}, func(t *testing.T, f *folding) {
			is(t, "weight", f.entry(1).Weight(), 3)
			is(t, "state", f.entry(3).State, session.Merged)
			is(t, "lead", f.entry(3).MergedInto, en(1))
		}},
		"merged and split": {[]events.Event{&events.EntriesMerged{Lead: en(1), Members: []ids.Entry{en(0), en(3)}}, &events.EntrySplit{Lead: en(1), Members: []ids.Entry{en(0), en(3)}}}, []int{1, 0, 3, 2, 4}, func(t *testing.T, f *folding) {
			is(t, "weight", f.entry(1).Weight(), 1)
			is(t, "lead", f.entry(3).MergedInto, ids.Entry{})
		}},
		"one member taken out": {[]events.Event{&events.EntriesMerged{Lead: en(1), Members: []ids.Entry{en(0), en(3)}}, &events.EntrySplit{Lead: en(1), Members: []ids.Entry{en(3)}}}, []int{1, 3, 2, 4}, func(t *testing.T, f *folding) { is(t, "weight", f.entry(1).Weight(), 2) }},
		"closed":               {[]events.Event{&events.ListStateChanged{Part: sessiontest.Item, State: events.ListClosed}}, []int{0, 1, 2, 3, 4}, func(t *testing.T, f *folding) { is(t, "at close", f.State.Queue.List(sessiontest.Item).AtClose, 5) }},
		"closing": {[]events.Event{&events.ListStateChanged{Part: sessiontest.Item, State: events.ListClosing, ClosesAt: 99}}, []int{0, 1, 2, 3, 4}, func(t *testing.T, f *folding) {
			is(t, "when", f.State.Queue.List(sessiontest.Item).ClosesAt, clock.Instant(99))
		}},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			f := fold(t, 5)
			for _, e := range row.events {
				f.do(e)
			}
			inOrder(t, f, row.order...)
			if row.check != nil {
				row.check(t, f)
			}
			f.SameAgain()
		})
	}
}

func TestProposalsEndWhenOneMovesOn(t *testing.T) {
	for name, e := range map[string]events.Event{
		"declined":     &events.SwapDeclined{Swap: aSwap},
		"swapped":      &events.EntriesSwapped{Swap: aSwap, Entry: en(1), With: en(3)},
		"withdrawn":    &events.EntryWithdrawn{Entry: en(3)},
		"on standby":   &events.EntryToStandby{Entry: en(1)},
		"merged":       &events.EntriesMerged{Lead: en(0), Members: []ids.Entry{en(1)}},
		"given":        &events.FloorGiven{Turn: tn(1), Entry: en(3), GivenAt: sessiontest.Start},
		"entered":      &events.TurnEntered{Turn: tn(1), Entry: en(3), BegunAt: 1, EndedAt: 2},
		"swapped away": &events.EntriesSwapped{Entry: en(3), With: en(2)},
	} {
		t.Run(name, func(t *testing.T) {
			f := fold(t, 5)
			f.do(&events.SwapProposed{Swap: aSwap, Entry: en(1), With: en(3)})
			is(t, "proposals", len(f.State.Queue.Swaps), 1)
			f.do(e)
			is(t, "proposals", len(f.State.Queue.Swaps), 0)
			f.SameAgain()
		})
	}
}

// TestWhatTheLogCannotSay: an event about something that was never made is an
// error that names it, and not a surprise later.
func TestWhatTheLogCannotSay(t *testing.T) {
	none, noTurn := en(99), tn(99)
	for _, e := range []events.Event{
		&events.EntryWithdrawn{Entry: none}, &events.EntryDeferred{Entry: none}, &events.CheckedIn{Entry: none},
		&events.EntryMoved{Entry: none, Before: en(0)}, &events.EntryMoved{Entry: en(0), Before: none}, &events.EntryMoved{Entry: en(0), After: none},
		&events.EntryHandedOver{Entry: none}, &events.PresenceNoted{Entry: none}, &events.AbsenceReported{Entry: none},
		&events.Excused{Entry: none}, &events.EntryToStandby{Entry: none}, &events.EntryReturned{Entry: none},
		&events.EntriesSwapped{Entry: none, With: en(0)}, &events.EntriesSwapped{Entry: en(0), With: none},
		&events.EntriesMerged{Lead: none}, &events.EntriesMerged{Lead: en(0), Members: []ids.Entry{none}},
		&events.EntrySplit{Lead: none}, &events.EntrySplit{Lead: en(0), Members: []ids.Entry{none}},
		&events.FloorGiven{Turn: tn(1), Entry: none}, &events.TurnBegun{Turn: noTurn}, &events.TurnEnded{Turn: noTurn},
		&events.ActUndone{Voided: noTurn}, &events.ActUndone{Resumed: noTurn}, &events.TurnReassigned{Turn: noTurn},
		&events.TurnCorrected{Turn: noTurn}, &events.TurnEntered{Turn: noTurn, Entry: none},
		&events.PointAdmitted{Entry: none}, &events.PointRefused{Entry: none}, &events.PointRuled{Entry: none},
		&events.SessionStarted{}, &events.SessionSealed{},
	} {
		f := fold(t, 3)
		err := f.Commit(events.Queue, &events.Commit{Command: f.Command(), Verb: "x", Actor: sessiontest.Staff(events.Chair), Events: []events.Event{e}})
		if err == nil || !strings.Contains(err.Error(), events.Subject(events.Queue, f.State.ID)) || !strings.Contains(err.Error(), e.Type()) {
			t.Errorf("%s of nothing folds to %v", e.Type(), err)
		}
	}
	f := fold(t, 3)
	f.give(1, 0)
	for _, e := range []events.Event{
		&events.TurnReassigned{Turn: tn(1), From: none, To: en(1)}, &events.TurnReassigned{Turn: tn(1), From: en(0), To: none},
		&events.TurnCorrected{Turn: tn(1), Entry: none},
	} {
		if err := f.Commit(events.Queue, &events.Commit{Command: f.Command(), Events: []events.Event{e}}); err == nil {
			t.Errorf("%s with nobody folds", e.Type())
		}
	}
}

// TestApplyFollowsTheChain: a commit that is not the next one is an error, one
// that was folded already is none and does nothing.
func TestApplyFollowsTheChain(t *testing.T) {
	f := fold(t, 2)
	last := f.Stored[len(f.Stored)-1]
	var commit events.Commit
	if err := commit.UnmarshalJSON(last.Body); err != nil {
		t.Fatal(err)
	}
	if err := f.State.Apply(&commit, last.Meta); err != nil {
		t.Errorf("the last commit again: %v", err)
	}
	f.SameAgain()
	next := last.Meta
	next.Sequence++
	cases := map[string]func(*events.Commit){
		"the same version":      func(*events.Commit) {},
		"a version too far":     func(c *events.Commit) { c.Version += 2 },
		"another predecessor":   func(c *events.Commit) { c.Version, c.PrevHash = c.Version+1, events.HashBody([]byte("forged")) },
		"a stream's other life": func(c *events.Commit) { c.Version = 1 },
	}
	for name, change := range cases {
		c := commit
		change(&c)
		if err := f.State.Apply(&c, next); err == nil {
			t.Errorf("%s is folded", name)
		}
		f.SameAgain()
	}
	first := session.New(f.State.ID)
	first.Incarnation = "another"
	var one events.Commit
	if err := one.UnmarshalJSON(f.Stored[0].Body); err != nil {
		t.Fatal(err)
	}
	if err := first.Apply(&one, f.Stored[0].Meta); err == nil {
		t.Error("a first commit of another incarnation is folded")
	}
	if err := f.State.Apply(&commit, session.Meta{Context: events.Transcript, Sequence: 1}); err == nil {
		t.Error("a context without a part in the state is folded")
	}
}

// TestDoneRemembersTheReceipt: a repeated command gets its first answer.
func TestDoneRemembersTheReceipt(t *testing.T) {
	f := fold(t, 1)
	c := f.do(&events.EntryJoined{Entry: en(7), Part: sessiontest.Item, Place: 2})
	done, ok := f.State.Done[command.Key{Actor: c.Actor.ID, Command: c.Command}]
	if !ok || done.Place != 2 || done.Made["entry"] != en(7).String() || done.At != c.At || done.Version != 2 || done.Sequence != uint64(len(f.Stored)) {
		t.Errorf("it remembers %+v", done)
	}
}

// TestAnIdBelongsToOneActor: what a command makes is named by its id alone, so
// nobody else may use it; a service's own requests are not held up by that.
func TestAnIdBelongsToOneActor(t *testing.T) {
	f := fold(t, 1)
	used := f.do(&events.EntryJoined{Entry: en(7), Part: sessiontest.Item, Place: 2}).Command
	timer := f.Append(events.Timing, events.ByService(events.Timing), "mark", &events.SessionMarked{Mark: events.MarkCloseNow}).Command
	for name, tc := range map[string]struct {
		id      ids.Command
		by      events.Actor
		refused bool
	}{
		"its own actor":                    {used, sessiontest.Staff(events.Chair), false},
		"another actor":                    {used, sessiontest.Delegate(0), true},
		"a timer whose id was taken":       {used, events.ByService(events.Timing), false},
		"an actor with the id of a timer":  {timer, sessiontest.Delegate(0), true},
		"an id that nobody used":           {f.Command(), sessiontest.Delegate(0), false},
		"the service itself, for the same": {timer, events.ByService(events.Timing), false},
	} {
		err := f.State.UsedByAnother(&command.Request{ID: tc.id, Actor: tc.by})
		if problem.Is(err, problem.Reused) != tc.refused || !tc.refused && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestNotReachedIsWhoStillWaits: also who joined at the instant of the
// adjournment, before the queue knew of it, and so is not named there.
func TestNotReachedIsWhoStillWaits(t *testing.T) {
	f := fold(t, 2)
	if got := f.State.NotReached(); got != nil {
		t.Errorf("in a session that goes on %v were not reached", got)
	}
	adjourned := &events.SessionAdjourned{AdjournedAt: f.Now, NotReached: f.State.StillWaiting()}
	f.Append(events.Timing, sessiontest.Staff(events.Chair), "adjourn", adjourned)
	f.do(&events.EntryJoined{Entry: en(7), Part: sessiontest.Item, Kind: events.Statement, Place: 3})
	if got := f.State.NotReached(); !slices.Equal(got, []ids.Entry{en(0), en(1), en(7)}) {
		t.Errorf("not reached are %v", got)
	}
	if got := f.State.EntryState(f.State.Queue.Entries[en(7)]); got != session.NotReached {
		t.Errorf("the one who joined last is %s", got)
	}
}

// TestContextsMayArriveInAnyOrder: each context changes its own part alone.
func TestContextsMayArriveInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := fold(t, 4)
		f.give(1, 0)
		f.Append(events.Timing, events.ByService(events.Timing), "open_turn", &events.TurnOpened{Turn: tn(1), AllottedMS: 60_000})
		f.begin(1)
		f.Append(events.Timing, sessiontest.Staff(events.Chair), "suspend", &events.SessionSuspended{Since: f.Now})
		f.end(1, events.Ended, 0)
		by := map[events.Context][]sessiontest.Stored{}
		for _, m := range f.Stored {
			by[m.Meta.Context] = append(by[m.Meta.Context], m)
		}
		s := session.New(f.State.ID)
		for left := len(f.Stored); left > 0; left-- {
			var open []events.Context
			for _, c := range []events.Context{events.Registry, events.Queue, events.Timing} {
				if len(by[c]) > 0 {
					open = append(open, c)
				}
			}
			c := rapid.SampledFrom(open).Draw(t, "context")
			var commit events.Commit
			if err := commit.UnmarshalJSON(by[c][0].Body); err != nil {
				t.Fatal(err)
			}
			if err := s.Apply(&commit, by[c][0].Meta); err != nil {
				t.Fatal(err)
			}
			by[c] = by[c][1:]
		}
		s.Incarnation = f.State.Incarnation
		if fmt.Sprintf("%+v", s.Queue.Entries[en(0)]) != fmt.Sprintf("%+v", f.State.Queue.Entries[en(0)]) ||
			s.Sequence != f.State.Sequence || s.At != f.State.At || len(s.Done) != len(f.State.Done) ||
			!slices.Equal(s.Queue.TurnOrder, f.State.Queue.TurnOrder) || s.Timing.Phase != f.State.Timing.Phase {
			t.Fatalf("another order of contexts gives another state")
		}
	})
}
