package session_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

// listed appends n entries on a part's list.
func listed(l *sessiontest.Log, part ids.Part, n int) []ids.Entry {
	all := make([]ids.Entry, n)
	for i := range all {
		all[i] = ids.Named[ids.Entry](part, fmt.Sprintf("entry %d", i))
		l.Append(events.Queue, sessiontest.Staff(events.Secretariat), "join", &events.EntryJoined{
			Entry: all[i], Part: part, Applicant: sessiontest.Applicant(i), Kind: events.Statement, Place: i + 1,
		})
	}
	return all
}

// oneItem makes the item the only part, for the whole session.
func oneItem(c *events.SessionCreated) {
	c.Parts = c.Parts[1:2]
	c.Parts[0].Minutes = 90
}

// december is the session of December 2021 with n entries.
func december(t sessiontest.TB, n int) (*sessiontest.Log, []ids.Entry) {
	l := sessiontest.Empty(t)
	l.Sample(3, oneItem)
	return l, listed(l, sessiontest.Item, n)
}

// queue appends one commit of the queue.
func queue(l *sessiontest.Log, all ...events.Event) {
	l.Append(events.Queue, sessiontest.Staff(events.Chair), "test", all...)
}

// closed closes the list and announces, as timing does.
func closed(l *sessiontest.Log) *session.Announcement {
	queue(l, &events.ListStateChanged{Part: sessiontest.Item, State: events.ListClosed})
	a := l.State.Announcing(sessiontest.Item, l.Now)
	l.Append(events.Timing, events.ByService(events.Timing), "announce", &a)
	return l.State.Timing.Announced[sessiontest.Item]
}

// present says of all that they are in the room.
func present(l *sessiontest.Log, all []ids.Entry) {
	for _, id := range all {
		queue(l, &events.PresenceNoted{Entry: id, Basis: events.InRoom})
	}
}

func TestWhilePeopleApplyTheSlotIsShown(t *testing.T) {
	l, _ := december(t, 53)
	v := session.PlanOf(l.State, sessiontest.Item, l.State.At)
	if v.Fault != nil || !v.Fits || v.NotReached != 0 || v.LevelMS < 74_000 || v.LevelMS > 92_000 || v.AnnouncedMS != 0 {
		t.Errorf("53 in 90 minutes: %+v", v)
	}
	l, _ = december(t, 100)
	v = session.PlanOf(l.State, sessiontest.Item, l.State.At)
	reached := 0
	for _, e := range v.Entries {
		if e.Reached {
			reached++
		} else if e.HasETA {
			t.Errorf("place %d will not be called and has an ETA", e.Place)
		}
	}
	if v.Fits || v.NotReached == 0 || reached != 100-v.NotReached {
		t.Errorf("100 in 90 minutes: %d not reached, %d reached", v.NotReached, reached)
	}
	l, _ = december(t, 0)
	if v = session.PlanOf(l.State, sessiontest.Item, l.State.At); v.Fault != nil || !v.Fits || len(v.Entries) != 0 {
		t.Errorf("nobody: %+v", v)
	}
	if v = session.PlanOf(l.State, sessiontest.Questions, l.State.At); v.Fault == nil {
		t.Error("a plan of a part that the agenda does not have")
	}
}

func TestThePlanIsAFunctionOfStateAndInstant(t *testing.T) {
	l, all := december(t, 30)
	closed(l)
	l.StartAt(sessiontest.Item)
	queue(l, &events.FloorGiven{Turn: theTurn, Entry: all[0], GivenAt: l.Now, Act: l.Command()})
	at := l.State.At
	one, err := json.Marshal(session.PlanOf(l.State, sessiontest.Item, at))
	if err != nil {
		t.Fatal(err)
	}
	again := l.Refold()
	two, _ := json.Marshal(session.PlanOf(again, sessiontest.Item, at))
	if string(one) != string(two) {
		t.Errorf("two folds of one log make different plans:\n%s\n%s", one, two)
	}
	before := l.Refold()
	session.PlanOf(l.State, sessiontest.Item, at.Add(60_000))
	if !reflect.DeepEqual(before, l.State) {
		t.Error("computing a plan changed the state")
	}
}

func TestWhoIsThere(t *testing.T) {
	l, all := december(t, 8)
	queue(l, &events.Excused{Entry: all[1]})
	queue(l, &events.AbsenceReported{Entry: all[2]})
	queue(l, &events.CheckedIn{Entry: all[3]})
	queue(l, &events.EntryToStandby{Entry: all[4]})
	v := session.PlanOf(l.State, sessiontest.Item, l.State.At)
	if v.Waiting != 7 || v.Standby != 1 || len(v.Entries) != 8 {
		t.Fatalf("%d waiting, %d on standby of %d", v.Waiting, v.Standby, len(v.Entries))
	}
	for i, e := range v.Entries {
		excused, standby := e.Entry == all[1], e.Entry == all[4]
		if e.HasETA == (excused || standby) || standby != (e.Place == 0) || !standby && e.Place != i+1 {
			t.Errorf("entry %d: %+v", i, e)
		}
	}
}

func TestRequestsLowerOnlyOnesOwn(t *testing.T) {
	l, all := december(t, 40)
	before := session.PlanOf(l.State, sessiontest.Item, l.State.At)
	l.State.Queue.Entries[all[0]].RequestedMS = 45_000
	l.State.Queue.Entries[all[1]].RequestedMS = 600_000
	after := session.PlanOf(l.State, sessiontest.Item, l.State.At)
	if after.Entries[0].AllotmentMS != 45_000 {
		t.Errorf("who asked for 45 s is offered %d ms", after.Entries[0].AllotmentMS)
	}
	if after.Entries[1].AllotmentMS != after.Entries[2].AllotmentMS || after.Entries[2].AllotmentMS < before.Entries[2].AllotmentMS {
		t.Errorf("who asked for ten minutes is offered %d ms, the others %d (%d before)", after.Entries[1].AllotmentMS, after.Entries[2].AllotmentMS, before.Entries[2].AllotmentMS)
	}
}

func TestJointStatements(t *testing.T) {
	l, all := december(t, 40)
	present(l, all)
	queue(l, &events.EntriesMerged{Lead: all[0], Members: all[1:3]})
	v := session.PlanOf(l.State, sessiontest.Item, l.State.At)
	if joint, one := v.Entries[0].AllotmentMS, v.Entries[1].AllotmentMS; joint < 3*one-3_000 || joint > 3*one+3_000 {
		t.Errorf("three together are offered %d ms, one %d", joint, one)
	}
	a := closed(l)
	v = session.PlanOf(l.State, sessiontest.Item, l.State.At)
	if v.Entries[0].GuaranteeMS != 3*a.GuaranteeMS || v.Entries[1].GuaranteeMS != a.GuaranteeMS {
		t.Errorf("promised %d and %d ms of %d", v.Entries[0].GuaranteeMS, v.Entries[1].GuaranteeMS, a.GuaranteeMS)
	}
	// Joined after the announcement: what each was told adds up, four at most.
	queue(l, &events.EntriesMerged{Lead: all[3], Members: all[4:9]})
	v = session.PlanOf(l.State, sessiontest.Item, l.State.At)
	if e := v.Entries[1]; e.Entry != all[3] || e.GuaranteeMS != 4*a.GuaranteeMS || e.AllotmentMS < 4*a.GuaranteeMS || e.AllotmentMS > 5*a.LevelMS {
		t.Errorf("six together: %+v, announced %d", e, a.LevelMS)
	}
	queue(l, &events.EntrySplit{Lead: all[3], Members: all[4:9]})
	if e := session.PlanOf(l.State, sessiontest.Item, l.State.At).Entries[1]; e.GuaranteeMS != a.GuaranteeMS {
		t.Errorf("split again: %+v", e)
	}
}

func TestThePlanLearnsFromTurnsThatStandOnly(t *testing.T) {
	l, all := december(t, 30)
	present(l, all)
	closed(l)
	l.StartAt(sessiontest.Item)
	turn := func(name string, entry ids.Entry, basis events.Basis, handoverMS, spokenMS int64) ids.Turn {
		id := sessiontest.ID[ids.Turn](name)
		queue(l, &events.FloorGiven{Turn: id, Entry: entry, GivenAt: l.Now, Act: l.Command()})
		l.Append(events.Timing, events.ByService(events.Timing), "open_turn", &events.TurnOpened{Turn: id, AllottedMS: 100_000})
		l.Now = l.State.Queue.Turns[id].GivenAt.Add(handoverMS)
		queue(l, &events.TurnBegun{Turn: id, BegunAt: l.Now, Basis: basis})
		l.Now = l.State.Queue.Turns[id].BegunAt.Add(spokenMS)
		queue(l, &events.TurnEnded{Turn: id, EndedAt: l.Now, How: events.Ended, Act: l.Command()})
		return id
	}
	plan := func() session.View { return session.PlanOf(l.State, sessiontest.Item, l.State.At) }
	was := plan()
	turn("stands", all[0], events.ByChair, 20_000, 50_000)
	stands := plan()
	if stands.HandoverMS <= was.HandoverMS || stands.UsePPM >= was.UsePPM {
		t.Errorf("a slow, short turn: handover %d to %d ms, use %d to %d ppm", was.HandoverMS, stands.HandoverMS, was.UsePPM, stands.UsePPM)
	}
	turn("assumed", all[1], events.Assumed, 20_000, 50_000)
	assumed := plan()
	if assumed.HandoverMS != stands.HandoverMS || assumed.UsePPM >= stands.UsePPM {
		t.Errorf("an assumed begin: handover %d to %d ms, use %d to %d ppm", stands.HandoverMS, assumed.HandoverMS, stands.UsePPM, assumed.UsePPM)
	}
	// Given, begun, and undone: nothing of it is learned.
	id := sessiontest.ID[ids.Turn]("void")
	queue(l, &events.FloorGiven{Turn: id, Entry: all[2], GivenAt: l.Now, Act: l.Command()})
	l.Now = l.Now.Add(1_000)
	queue(l, &events.TurnBegun{Turn: id, BegunAt: l.Now, Basis: events.ByChair})
	undo := l.State.Queue.Undo
	queue(l, &events.ActUndone{Undone: undo.Act, Voided: id, PressedAt: undo.PressedAt, GapMS: 1_000})
	if void := plan(); void.HandoverMS != assumed.HandoverMS || void.UsePPM != assumed.UsePPM {
		t.Errorf("a void turn taught something: %+v", void)
	}
}

func TestTheRunningTurnIsReckonedWith(t *testing.T) {
	l, all := december(t, 30)
	present(l, all)
	closed(l)
	l.StartAt(sessiontest.Item)
	queue(l, &events.FloorGiven{Turn: theTurn, Entry: all[0], GivenAt: l.Now, Act: l.Command()})
	l.Append(events.Timing, events.ByService(events.Timing), "open_turn", &events.TurnOpened{Turn: theTurn, AllottedMS: 100_000})
	queue(l, &events.TurnBegun{Turn: theTurn, BegunAt: l.Now, Basis: events.ByChair})
	now := l.State.At
	running := session.PlanOf(l.State, sessiontest.Item, now)
	if ms := running.Budget.RunningMS; ms < 90_000 || ms > 130_000 {
		t.Errorf("the running turn is expected to take %d ms more", ms)
	}
	l.Append(events.Timing, sessiontest.Staff(events.Chair), "extend_turn", &events.TurnExtended{Turn: theTurn, AddedMS: 60_000})
	longer := session.PlanOf(l.State, sessiontest.Item, now)
	if later := longer.Entries[0].Middle.Sub(running.Entries[0].Middle); later < 50_000 || later > 80_000 {
		t.Errorf("a minute more for the holder makes the next %d ms later", later)
	}
	if longer.Entries[29-1].GuaranteeMS < running.Entries[28].GuaranteeMS {
		t.Error("a promise shrank")
	}
}

func TestOpenedIsThePlanBeforeTheGive(t *testing.T) {
	l, all := december(t, 53)
	present(l, all)
	a := closed(l)
	l.StartAt(sessiontest.Item)
	l.Now = l.State.Timing.StartedAt.Add(195_000)
	before := session.PlanOf(l.State, sessiontest.Item, l.Now)
	queue(l, &events.FloorGiven{Turn: theTurn, Entry: all[0], GivenAt: l.Now, Act: l.Command()})
	allotted, guarantee, ok := l.State.Opened(l.State.Queue.Turns[theTurn])
	if !ok || allotted != before.Entries[0].AllotmentMS || guarantee != a.GuaranteeMS {
		t.Errorf("opened with %d ms (%d promised), the plan before said %d", allotted, guarantee, before.Entries[0].AllotmentMS)
	}
	nobody := &session.Turn{ID: theTurn, Entry: sessiontest.ID[ids.Entry]("nobody"), Part: sessiontest.Item}
	if ms, _, ok := l.State.Opened(nobody); ok || ms != l.State.Minimum() {
		t.Errorf("a turn of no entry is opened with %d ms (%v)", ms, ok)
	}
}

func TestNoRoomAtAllStillGivesThePromise(t *testing.T) {
	l, all := december(t, 20)
	present(l, all)
	a := closed(l)
	l.StartAt(sessiontest.Item)
	l.Now = l.State.HardEnd().Add(600_000)
	v := session.PlanOf(l.State, sessiontest.Item, l.Now)
	if v.Fits || v.NotReached != 20 || !v.AtRisk || v.Budget.ShortMS == 0 {
		t.Errorf("ten minutes after the hard end: %+v", v)
	}
	queue(l, &events.FloorGiven{Turn: theTurn, Entry: all[0], GivenAt: l.Now, Act: l.Command()})
	if ms, _, _ := l.State.Opened(l.State.Queue.Turns[theTurn]); ms < a.GuaranteeMS {
		t.Errorf("opened with %d ms of %d promised", ms, a.GuaranteeMS)
	}
	// A session that nobody adjourned for a month is still answered.
	if v := session.PlanOf(l.State, sessiontest.Item, l.Now.Add(30*86_400_000)); v.Fault != nil {
		t.Errorf("a month later: %v", v.Fault)
	}
}

func TestFixedNeverAdapts(t *testing.T) {
	l := sessiontest.Empty(t)
	l.Sample(3, func(c *events.SessionCreated) {
		oneItem(c)
		c.Modalities.Allotment = "fixed"
		c.Modalities.MaximumMS = 90_000
	})
	listed(l, sessiontest.Item, 70)
	v := session.PlanOf(l.State, sessiontest.Item, l.State.At)
	for _, e := range v.Entries {
		if e.AllotmentMS != 90_000 {
			t.Fatalf("place %d is offered %d ms, want 90 s", e.Place, e.AllotmentMS)
		}
	}
	if v.NotReached == 0 {
		t.Error("70 x 90 s fit into 90 minutes")
	}
}

func TestTheDigestNamesWhatTheChairSaw(t *testing.T) {
	l, all := december(t, 5)
	seen := map[string]string{}
	changed := func(what string) {
		t.Helper()
		digest := l.State.PlanDigest()
		if before, twice := seen[digest]; twice {
			t.Errorf("the digest after %q is the one after %q", what, before)
		}
		seen[digest] = what
	}
	same := func(what string) {
		t.Helper()
		if _, known := seen[l.State.PlanDigest()]; !known {
			t.Errorf("%s changed the digest", what)
		}
	}
	changed("the start")
	queue(l, &events.CheckedIn{Entry: all[0]})
	same("a check-in")
	queue(l, &events.EntryDeferred{Entry: all[0], Places: 2})
	changed("another order")
	queue(l, &events.EntryToStandby{Entry: all[0]})
	changed("standby")
	closed(l)
	changed("the announcement")
	l.Append(events.Timing, sessiontest.Staff(events.Chair), "set_minimum", &events.MinimumChanged{MinimumMS: 45_000})
	changed("another minimum")
	l.Append(events.Timing, sessiontest.Staff(events.Chair), "extend_session", &events.SessionExtended{HardEnd: l.State.HardEnd().Add(60_000)})
	changed("another end")
	l.StartAt(sessiontest.Item)
	changed("the session's start")
	if v := session.PlanOf(l.State, sessiontest.Item, l.State.At); v.Digest != l.State.PlanDigest() {
		t.Error("the plan shows another digest")
	}
}

func TestAdmits(t *testing.T) {
	l, all := december(t, 53)
	present(l, all)
	closed(l)
	if !session.Admits(l.State, sessiontest.Item, l.Now) {
		t.Error("53 in 90 minutes with a margin for late ones, and a 54th is refused")
	}
	l, all = december(t, 66)
	present(l, all)
	closed(l)
	if session.Admits(l.State, sessiontest.Item, l.Now) {
		t.Error("a 67th is admitted although promises would break")
	}
	if session.Admits(l.State, sessiontest.Questions, l.Now) {
		t.Error("admitted to a part that does not exist")
	}
}

func BenchmarkPlanOf500(b *testing.B) {
	l, all := december(b, 500)
	closed(l)
	l.StartAt(sessiontest.Item)
	for i := range 200 {
		id := sessiontest.ID[ids.Turn](fmt.Sprint(i))
		l.Now = l.Now.Add(5_000)
		queue(l, &events.FloorGiven{Turn: id, Entry: all[i], GivenAt: l.Now, Act: l.Command()})
		l.Append(events.Timing, events.ByService(events.Timing), "open_turn", &events.TurnOpened{Turn: id, AllottedMS: 10_000})
		queue(l, &events.TurnBegun{Turn: id, BegunAt: l.Now, Basis: events.ByChair})
		queue(l, &events.TurnEnded{Turn: id, EndedAt: l.Now, How: events.Ended, Act: l.Command()})
	}
	for b.Loop() {
		session.PlanOf(l.State, sessiontest.Item, l.State.At)
	}
}
