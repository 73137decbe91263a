package session_test

import (
	"testing"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

// timing appends one commit of timing.
func timing(l *sessiontest.Log, all ...events.Event) {
	l.Append(events.Timing, events.ByService(events.Timing), "test", all...)
}

// plan is the item's plan as of the last commit.
func plan(l *sessiontest.Log) session.View {
	return session.PlanOf(l.State, sessiontest.Item, l.State.At)
}

// told says to the first n of a list that they will have ms.
func told(l *sessiontest.Log, n int, ms int64) {
	given := &events.EtasGiven{}
	for i, id := range l.State.Queue.List(sessiontest.Item).Order[:n] {
		given.Given = append(given.Given, events.EtaGiven{Entry: id, Places: i + 1, Low: l.Now, Middle: l.Now, High: l.Now, AllotmentMS: ms})
	}
	timing(l, given)
}

func TestWhatWasToldAtPlaceThreeStands(t *testing.T) {
	l, all := december(t, 40)
	l.State.Registry.Modalities.Allotment = "individual"
	present(l, all)
	a := closed(l)
	told(l, 4, a.LevelMS-7_000)
	v := plan(l)
	for i, e := range v.Entries[:5] {
		if frozen := e.AllotmentMS == a.LevelMS-7_000; frozen != (i < 3) {
			t.Errorf("place %d is offered %d ms, was told %d", i+1, e.AllotmentMS, a.LevelMS-7_000)
		}
	}
	// Somebody who leaves the first three is free again.
	queue(l, &events.EntryDeferred{Entry: all[0], Places: 5})
	if e := plan(l).Entries[5]; e.Entry != all[0] || e.AllotmentMS == a.LevelMS-7_000 {
		t.Errorf("two places back and still frozen: %+v", e)
	}
	// With half of the time gone the promise stands, and the number gives way.
	timing(l, &events.SessionStarted{StartedAt: l.Now}, &events.PartStarted{Part: sessiontest.Item, StartedAt: l.Now})
	l.Now = l.State.HardEnd().Add(-40 * (a.GuaranteeMS + 12_000))
	queue(l, &events.CheckedIn{Entry: all[5]})
	v = plan(l)
	if e := v.Entries[1]; e.AllotmentMS >= a.LevelMS-7_000 || e.AllotmentMS < a.GuaranteeMS || !e.Cut {
		t.Errorf("half of the time is gone: %+v, promised %d", e, a.GuaranteeMS)
	}
}

func TestANumberForEveryoneIsRaisedByTheChairAlone(t *testing.T) {
	l, all := december(t, 30)
	l.State.Registry.Modalities.Allotment = "individual"
	present(l, all)
	a := closed(l)
	// Half of them withdraw: there is time, and the growth cap holds it back.
	for _, id := range all[15:] {
		queue(l, &events.EntryWithdrawn{Entry: id})
	}
	v := plan(l)
	for _, e := range v.Entries {
		if e.AllotmentMS > a.LevelMS*11/10 {
			t.Errorf("place %d grew from %d to %d ms without a chair", e.Place, a.LevelMS, e.AllotmentMS)
		}
	}
	if v.RaiseToMS < a.LevelMS+5_000 || v.RaiseToMS%1_000 != 0 {
		t.Fatalf("announced %d, a raise to %d is proposed", a.LevelMS, v.RaiseToMS)
	}
	queue(l, &events.EntriesMerged{Lead: all[0], Members: all[1:2]})
	l.State.Queue.Entries[all[2]].RequestedMS = 70_000
	raised := l.State.Raising(sessiontest.Item, v.RaiseToMS, false, l.Now)
	if raised.GuaranteeMS != a.GuaranteeMS || raised.Announced[all[0]] != 2*v.RaiseToMS || raised.Announced[all[2]] != 70_000 || len(raised.Announced) != 2 {
		t.Errorf("raised to %+v", raised)
	}
	if higher := l.State.Raising(sessiontest.Item, v.RaiseToMS, true, l.Now); higher.GuaranteeMS <= a.GuaranteeMS || higher.GuaranteeMS > v.RaiseToMS {
		t.Errorf("a raise that cannot be undone promises %d ms of %d", higher.GuaranteeMS, v.RaiseToMS)
	}
	timing(l, &raised)
	if e := plan(l).Entries[4]; e.AllotmentMS < v.RaiseToMS-2_000 {
		t.Errorf("%d s for everyone remaining, and place 5 is offered %d ms", v.RaiseToMS/1000, e.AllotmentMS)
	}
}

func TestExpectedStartsBeforeTheSession(t *testing.T) {
	l, all := december(t, 10)
	present(l, all)
	planned := l.State.Registry.PlannedStart
	first := func(now clock.Instant) int64 {
		return session.PlanOf(l.State, sessiontest.Item, now).Entries[0].Middle.Sub(planned)
	}
	if ms := first(l.Now); ms < 195_000 || ms > 230_000 {
		t.Errorf("the first word is expected %d ms after the planned start, want the opening and a handover", ms)
	}
	if ms := first(planned.Add(600_000)); ms < 795_000 || ms > 830_000 {
		t.Errorf("ten minutes late, the first word is expected %d ms after the planned start", ms)
	}
	l.Now = planned.Add(600_000)
	l.StartAt(sessiontest.Item)
	if ms := first(l.State.At.Add(60_000)); ms < 795_000 || ms > 830_000 {
		t.Errorf("a minute into the opening, the first word is expected %d ms after the planned start", ms)
	}
}

func TestStandbyKeepsAMinimum(t *testing.T) {
	l, all := december(t, 40)
	present(l, all)
	closed(l)
	before := plan(l)
	for _, id := range all[36:] {
		queue(l, &events.EntryToStandby{Entry: id})
	}
	after := plan(l)
	if kept := after.Budget.ReservedMS - before.Budget.ReservedMS; kept < 4*60_000-6_000 {
		t.Errorf("%d ms more are kept for four on standby", kept)
	}
	queue(l, &events.Excused{Entry: all[36]})
	if excused := plan(l); excused.Budget.ReservedMS >= after.Budget.ReservedMS {
		t.Error("a minimum is kept for somebody who was excused")
	}
}

func TestAPointOfOrderIsPaidByTheReserve(t *testing.T) {
	l, all := december(t, 40)
	present(l, all)
	closed(l)
	l.StartAt(sessiontest.Item)
	l.Now = l.State.Timing.StartedAt.Add(195_000)
	queue(l, &events.FloorGiven{Turn: theTurn, Entry: all[0], GivenAt: l.Now, Act: l.Command()})
	timing(l, &events.TurnOpened{Turn: theTurn, AllottedMS: 90_000})
	queue(l, &events.TurnBegun{Turn: theTurn, BegunAt: l.Now, Basis: events.ByChair})
	before := plan(l)
	point := sessiontest.ID[ids.Entry]("point")
	queue(l, &events.PointRaised{Entry: point, Part: sessiontest.Item, Applicant: sessiontest.Applicant(0), Turn: theTurn})
	queue(l, &events.PointAdmitted{Entry: point, Suspended: theTurn})
	l.Now = l.Now.Add(40_000)
	queue(l, &events.PointRuled{Entry: point, Ruling: events.Noted, Resumed: theTurn})
	after := plan(l)
	if spent := before.ReserveMS - after.ReserveMS; spent < 39_000 || spent > 41_000 {
		t.Errorf("a point of order of 40 s took %d ms of the reserve", spent)
	}
	if diff := before.LevelMS - after.LevelMS; diff < 0 || diff > 500 {
		t.Errorf("an interruption within the reserve changed the level by %d ms", diff)
	}
}

func TestTimingsFoldRefusesWhatCannotBe(t *testing.T) {
	for name, all := range map[string][]events.Event{
		"extending no turn":      {&events.TurnExtended{Turn: theTurn, AddedMS: 1_000}},
		"marking no turn":        {&events.TurnMarked{Turn: theTurn, Mark: events.MarkExpired}},
		"resuming what runs":     {&events.TurnOpened{Turn: theTurn, AllottedMS: 1_000}, &events.TurnResumed{Turn: theTurn, At: at(1)}},
		"ending no part":         {&events.PartEnded{Part: sessiontest.Item, EndedAt: at(1)}},
		"breaking no promise":    {&events.GuaranteeBroken{Part: sessiontest.Item, GuaranteeMS: 5_000}},
		"an event of the queue":  {&events.EntryWithdrawn{}},
		"an event of a registry": {&events.SessionSealed{}},
	} {
		t.Run(name, func(t *testing.T) {
			l := sessiontest.Empty(t)
			l.Sample(1, nil)
			if err := l.Commit(events.Timing, &events.Commit{Command: l.Command(), Verb: "test", Actor: events.ByService(events.Timing), Events: all}); err == nil {
				t.Error("folded")
			}
		})
	}
}

func TestTheHardEndAndTheMinimumInForce(t *testing.T) {
	l, _ := december(t, 1)
	if l.State.HardEnd() != l.State.Registry.HardEnd || l.State.Minimum() != 60_000 || l.State.Start() != l.State.Registry.PlannedStart {
		t.Error("before anything is changed the registry's values are in force")
	}
	timing(l, &events.SessionExtended{HardEnd: l.State.HardEnd().Add(60_000)}, &events.MinimumChanged{MinimumMS: 30_000}, &events.SessionStarted{StartedAt: l.Now})
	if l.State.HardEnd() != l.State.Registry.HardEnd.Add(60_000) || l.State.Minimum() != 30_000 || l.State.Start() != l.State.Timing.StartedAt {
		t.Error("what was changed in session is not in force")
	}
}
