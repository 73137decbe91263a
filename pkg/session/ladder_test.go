package session_test

import (
	"slices"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/events"
	rungs "github.com/fairfloor/fairfloor/pkg/fairness/plan"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

// grouped is a session of 90 minutes with n entries, of groups in the parts 26,
// 12, 9 and 6 of 53, in list order.
func grouped(t sessiontest.TB, n int) (*sessiontest.Log, []ids.Entry) {
	l := sessiontest.Empty(t)
	l.Sample(0, oneItem)
	for i := range n {
		l.Accepted(i, func(a *events.ApplicantApplied) {
			switch k := i * 53 / n; {
			case k < 26:
				a.Group = "civil_society"
			case k < 38:
				a.Group = "private_sector"
			case k < 47:
				a.Group = "academia"
			default:
				a.Group = "technical"
			}
		})
	}
	return l, listed(l, sessiontest.Item, n)
}

func ladder(t *testing.T, l *sessiontest.Log) []session.Rung {
	t.Helper()
	all, err := session.LadderOf(l.State, sessiontest.Item, l.State.At)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func rungOf(t *testing.T, all []session.Rung, kind rungs.Kind) session.Rung {
	t.Helper()
	i := slices.IndexFunc(all, func(r session.Rung) bool { return r.Kind == kind })
	if i < 0 {
		t.Fatalf("no rung %s", kind)
	}
	return all[i]
}

// "At any moment 'all N will be heard' or 'K will not be reached', with the
// rungs and the exact effect of each on everybody." "N = 100: the ladder within
// a second, never silence."
func TestLadderOf100WithinASecondNeverSilence(t *testing.T) {
	l, all := grouped(t, 100)
	present(l, all)
	for _, close := range []bool{false, true} {
		if close {
			closed(l)
		}
		began := time.Now()
		v, steps := plan(l), ladder(t, l)
		if took := time.Since(began); took > time.Second {
			t.Errorf("the ladder of 100 took %s", took)
		}
		if v.Fits || v.NotReached == 0 || v.NotReached >= 100 {
			t.Fatalf("100 in 90 minutes: %d are not reached, fits: %t", v.NotReached, v.Fits)
		}
		kinds := []rungs.Kind{}
		for _, r := range steps {
			kinds = append(kinds, r.Kind)
			heard, aside := 0, 0
			if len(r.Effects) != 100 {
				t.Fatalf("%s: %d effects of 100", r.Kind, len(r.Effects))
			}
			for i, e := range r.Effects {
				if e.Entry != all[i] || e.Aside == e.Reached && e.Aside || e.Aside && e.AllotmentMS != 0 || e.Reached && e.AllotmentMS < r.MinimumMS {
					t.Errorf("%s: entry %d: %+v, minimum %d", r.Kind, i, e, r.MinimumMS)
				}
				if e.Reached {
					heard++
				}
				if e.Aside {
					aside++
				}
			}
			if heard != r.Heard || aside != r.Aside || r.Fits && heard+aside != 100 {
				t.Errorf("%s: %d heard and %d aside, counted %d and %d, fits %t", r.Kind, r.Heard, r.Aside, heard, aside, r.Fits)
			}
		}
		want := []rungs.Kind{rungs.LowerMinimum, rungs.UseReserves, rungs.Extend, rungs.SecondSession, rungs.Apportion}
		if !slices.Equal(kinds, want) {
			t.Errorf("rungs %v, want %v", kinds, want)
		}
	}
}

func TestNoLadderWhereEverybodyIsHeard(t *testing.T) {
	l, all := grouped(t, 53)
	present(l, all)
	if all := ladder(t, l); len(all) != 0 {
		t.Errorf("53 fit, and %d rungs are shown", len(all))
	}
	empty, _ := grouped(t, 0)
	if all := ladder(t, empty); len(all) != 0 {
		t.Errorf("nobody waits, and %d rungs are shown", len(all))
	}
}

// What a rung shows is what happens when it is chosen.
func TestTheEffectShownIsWhatHappens(t *testing.T) {
	for kind, choose := range map[rungs.Kind]func(*sessiontest.Log, session.Rung){
		rungs.LowerMinimum: func(l *sessiontest.Log, r session.Rung) {
			timing(l, &events.MinimumChanged{MinimumMS: r.MinimumMS})
			if a := l.State.Timing.Announced[sessiontest.Item]; a.GuaranteeMS > r.MinimumMS {
				timing(l, &events.GuaranteeBroken{Part: sessiontest.Item, GuaranteeMS: r.MinimumMS})
			}
		},
		rungs.UseReserves: func(l *sessiontest.Log, _ session.Rung) { timing(l, &events.ReservesUsed{}) },
		rungs.Extend: func(l *sessiontest.Log, r session.Rung) {
			timing(l, &events.SessionExtended{HardEnd: l.State.HardEnd().Add(r.ExtendMS)})
		},
		rungs.SecondSession: func(l *sessiontest.Log, r session.Rung) { setAside(l, r) },
		rungs.Apportion:     func(l *sessiontest.Log, r session.Rung) { setAside(l, r) },
	} {
		t.Run(string(kind), func(t *testing.T) {
			l, all := grouped(t, 75)
			present(l, all)
			closed(l)
			l.Now = l.State.Registry.PlannedStart
			l.StartAt(sessiontest.Item)
			l.Now = l.Now.Add(600_000) // ten minutes lost
			queue(l, &events.CheckedIn{Entry: all[0]})
			shown := rungOf(t, ladder(t, l), kind)
			at := l.State.At
			choose(l, shown)
			got := session.PlanOf(l.State, sessiontest.Item, at)
			if got.Fits != (shown.Heard+shown.Aside == 75) {
				t.Errorf("%s: fits %t, shown %d heard and %d aside", kind, got.Fits, shown.Heard, shown.Aside)
			}
			i := 0
			for _, e := range shown.Effects {
				state := l.State.Queue.Entries[e.Entry].State
				if e.Aside != (state == session.SetAside) {
					t.Errorf("%s: shown aside %t, is %s", kind, e.Aside, state)
				}
				if e.Aside {
					continue
				}
				if p := got.Entries[i]; p.Entry != e.Entry || p.AllotmentMS != e.AllotmentMS || p.Reached != e.Reached {
					t.Errorf("%s: shown %+v, came %+v", kind, e, p)
				}
				i++
			}
			l.SameAgain()
		})
	}
}

func setAside(l *sessiontest.Log, r session.Rung) {
	if aside, ok := l.State.SettingAside(sessiontest.Item, events.AsideHow(r.Kind), len(r.Effects)-r.Aside, l.State.At); ok {
		queue(l, &aside)
	}
}

// "Sainte-Lague apportionment of the K places that fit with lot inside groups;
// the rest file a written statement and carry full credit."
func TestApportionmentGivesTheGroupsTheirPlaces(t *testing.T) {
	l, all := grouped(t, 53)
	aside, ok := l.State.SettingAside(sessiontest.Item, events.ByApportionment, 32, l.State.At)
	if !ok || len(aside.Entries) != 21 || aside.CreditMS < 60_000 {
		t.Fatalf("set aside: %+v", aside)
	}
	before := slices.Clone(l.State.Queue.List(sessiontest.Item).Order)
	queue(l, &aside)
	seats := map[string]int{}
	for _, id := range l.State.Queue.List(sessiontest.Item).Order {
		seats[l.State.Registry.Applicants[l.State.Queue.Entries[id].Applicant].Group]++
	}
	// Published example of fairness.md: 32 places are 16, 7, 5 and 4.
	for group, want := range map[string]int{"civil_society": 16, "private_sector": 7, "academia": 5, "technical": 4} {
		if seats[group] != want {
			t.Errorf("%s has %d of 32 places, want %d", group, seats[group], want)
		}
	}
	for _, one := range aside.Entries {
		e := l.State.Queue.Entries[one.Entry]
		if e.State != session.SetAside || e.Aside.CreditMS != aside.CreditMS || e.Aside.How != events.ByApportionment {
			t.Errorf("entry at %d: %s, %+v", one.Place, e.State, e.Aside)
		}
	}
	if n := len(l.State.StillWaiting()); n != 32 {
		t.Errorf("%d still wait, want 32: who is set aside is not dropped silently at the adjournment", n)
	}
	// Called back, everybody has the place that they had.
	queue(l, &events.EntriesCalledBack{Part: sessiontest.Item, Entries: l.State.AsideOf(sessiontest.Item)})
	if after := l.State.Queue.List(sessiontest.Item).Order; !slices.Equal(before, after) || len(after) != len(all) {
		t.Errorf("after calling back the order is %v, before it was %v", after, before)
	}
	for _, places := range []int{-1, 0, 53, 54} {
		if _, ok := l.State.SettingAside(sessiontest.Item, events.ByApportionment, places, l.State.At); ok {
			t.Errorf("%d of 53 places were accepted", places)
		}
	}
	l.SameAgain()
}

// "While people apply: the slot that fits now, with one more, the minutes missing."
func TestWhilePeopleApplyTheSlotWithOneMoreAndTheMinutesMissing(t *testing.T) {
	l, _ := grouped(t, 53)
	f := session.FeasibilityOf(l.State, sessiontest.Item, l.State.At)
	if f.SlotMS < 74_000 || f.SlotMS > 92_000 || f.SlotWithOneMoreMS >= f.SlotMS || f.SlotWithOneMoreMS < f.SlotMS-4_000 || f.MissingMS != 0 || !f.Admits {
		t.Errorf("53 in 90 minutes: %+v", f)
	}
	crowd, all := grouped(t, 100)
	present(crowd, all)
	f = session.FeasibilityOf(crowd.State, sessiontest.Item, crowd.State.At)
	if f.MissingMS < 20*60_000 || f.MissingMS > 60*60_000 || f.Admits || f.SlotMS >= 60_000 || f.SlotMS < 20_000 {
		t.Errorf("100 in 90 minutes: %+v", f)
	}
	one, _ := grouped(t, 0)
	if f := session.FeasibilityOf(one.State, sessiontest.Item, one.State.At); f.MissingMS != 0 || f.SlotWithOneMoreMS != 180_000 || !f.Admits {
		t.Errorf("nobody applied: %+v", f)
	}
}
