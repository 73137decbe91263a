package acceptance

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/fairness/plan"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// rung gives a rung of the ladder that the chair sees.
func (s *stand) rung(view *api.View, kind plan.Kind) api.RungView {
	s.t.Helper()
	for _, r := range view.Plan.Ladder {
		if r.Kind == kind {
			return r
		}
	}
	s.t.Fatalf("no rung %s; the plan says %d of %d are not reached", kind, view.Plan.NotReached, view.Plan.Waiting)
	return api.RungView{}
}

// choose makes a rung's one command, exactly as the view gives it.
func (s *stand) choose(view *api.View, r api.RungView) *api.View {
	s.t.Helper()
	raw, err := json.Marshal(r.Args)
	s.must(err)
	s.askAs(s.as(events.Chair, 0), r.Verb, &command.Expect{Plan: view.Plan.Digest}, json.RawMessage(raw), "so that everybody is heard")
	s.quiet()
	return s.view()
}

// effects checks that what a rung showed is what came of it: those named have
// what it said, everybody else what they had.
func (s *stand) effects(r api.RungView, before, after *api.View) {
	s.t.Helper()
	named := map[ids.Entry]bool{}
	for _, effect := range r.Effects {
		for _, id := range effect.Entries {
			named[id] = true
			e := after.Entries[id]
			if aside := e.State == session.SetAside; aside != effect.Aside {
				s.t.Errorf("%s: shown aside %t, is %s", r.Kind, effect.Aside, e.State)
			}
			if !effect.Aside && (e.AllotmentMS != effect.AllotmentMS || e.Reached != effect.Reached) {
				s.t.Errorf("%s: shown %d ms, heard %t; came %d ms, heard %t", r.Kind, effect.AllotmentMS, effect.Reached, e.AllotmentMS, e.Reached)
			}
		}
	}
	for _, id := range before.Lists[s.part] {
		if was, is := before.Entries[id], after.Entries[id]; !named[id] && (was.AllotmentMS != is.AllotmentMS || was.Reached != is.Reached) {
			s.t.Errorf("%s: was not named, and went from %d ms to %d", r.Kind, was.AllotmentMS, is.AllotmentMS)
		}
	}
}

// "A chair's choice is one command; every rung works to its end; N = 100: the
// ladder within a second, never silence; while people apply, the slot that fits
// now, with one more, the minutes missing; nobody is dropped silently."
func TestTheLadderOf100InTheRunningSystem(t *testing.T) {
	t.Parallel()
	s := start(t, setup{applicants: 100, listOpen: true, gated: true})
	for i := range 30 {
		s.join(i)
	}
	few := s.view().Plan
	if !few.Fits || few.MissingMS != 0 || len(few.Ladder) != 0 || few.SlotMS == 0 || few.SlotWithOneMoreMS >= few.SlotMS || !few.Admits {
		t.Errorf("30 applied: %+v", few)
	}
	for i := 30; i < 100; i++ {
		s.join(i)
	}
	s.quiet()
	began := time.Now()
	view := s.view()
	if took := time.Since(began); took > time.Second {
		t.Errorf("the view with the ladder of 100 took %s", took)
	}
	p := view.Plan
	if p.Fits || p.Waiting != 100 || p.NotReached < 10 || p.NotReached > 60 || p.MissingMS < 20*60_000 || p.Admits || len(p.Ladder) != 5 {
		t.Fatalf("100 applied: %d wait, %d are not reached, %d ms are missing, %d rungs", p.Waiting, p.NotReached, p.MissingMS, len(p.Ladder))
	}
	if p.Session == nil || p.Session.NotReached != p.NotReached || p.Session.Fits {
		t.Errorf("of the session: %+v", p.Session)
	}
	// Observers are told how it stands, and not what the chair may choose.
	var public api.View
	s.must(s.as(events.Observer, 0).Do(s.ctx, "GET", s.path(""), nil, &public))
	if public.Plan.NotReached != p.NotReached || len(public.Plan.Ladder) != 0 || public.Plan.Digest != "" || public.Measures != nil {
		t.Errorf("observers see %+v", public.Plan)
	}
	s.ask("close_list", nil, command.CloseList{Part: s.part})
	s.quiet()

	// The reserves, and back.
	view = s.view()
	r := s.rung(view, plan.UseReserves)
	after := s.choose(view, r)
	s.effects(r, view, after)
	if !after.Plan.ReservesUsed || after.Plan.NotReached >= view.Plan.NotReached {
		t.Errorf("with the reserves %d are not reached, %d before", after.Plan.NotReached, view.Plan.NotReached)
	}
	s.askAs(s.as(events.Chair, 0), "keep_reserves", &command.Expect{Plan: after.Plan.Digest}, command.None{}, "")
	s.quiet()

	// A second session for half of them, and back: everybody has their place.
	view = s.view()
	r = s.rung(view, plan.SecondSession)
	after = s.choose(view, r)
	s.effects(r, view, after)
	if !after.Plan.Fits || len(after.Lists[s.part]) != r.Places || r.Aside != 100-r.Places {
		t.Errorf("%d of %d places, fits %t", len(after.Lists[s.part]), r.Places, after.Plan.Fits)
	}
	s.askAs(s.as(events.Chair, 0), "call_back", &command.Expect{Plan: after.Plan.Digest}, command.PartRef{Part: s.part}, "")
	s.quiet()
	back := s.view()
	if !slices.Equal(back.Lists[s.part], view.Lists[s.part]) {
		t.Error("called back, the list is another")
	}

	// Longer, and back; a lower minimum, which breaks no promise of none.
	r = s.rung(back, plan.Extend)
	after = s.choose(back, r)
	s.effects(r, back, after)
	if !after.Plan.Fits || after.Session.HardEnd.Sub(back.Session.HardEnd) != r.ExtendMS || r.ExtendMS != back.Plan.MissingMS {
		t.Errorf("longer by %d ms of %d: fits %t", after.Session.HardEnd.Sub(back.Session.HardEnd), r.ExtendMS, after.Plan.Fits)
	}
	s.askAs(s.as(events.Chair, 0), "extend_session", nil, command.ExtendSession{ByMS: -r.ExtendMS}, "")
	s.quiet()
	view = s.view()
	r = s.rung(view, plan.LowerMinimum)
	lower := s.choose(view, r)
	if !lower.Plan.Fits || lower.Session.MinimumMS != r.MinimumMS {
		t.Errorf("with a minimum of %d ms: fits %t", lower.Session.MinimumMS, lower.Plan.Fits)
	}
	s.askAs(s.as(events.Chair, 0), "set_minimum", &command.Expect{Plan: lower.Plan.Digest}, command.SetMinimum{MinimumMS: 60_000}, "")
	s.quiet()

	// Apportionment to the end: who is set aside is in the record, with credit.
	view = s.view()
	r = s.rung(view, plan.Apportion)
	after = s.choose(view, r)
	aside := 0
	for _, e := range after.Entries {
		if e.State == session.SetAside {
			aside++
			if e.Aside == nil || e.Aside.How != events.ByApportionment || e.Aside.CreditMS < 60_000 || e.Reached {
				t.Errorf("set aside: %+v", e)
			}
		}
	}
	if aside != r.Aside || aside+len(after.Lists[s.part]) != 100 || !after.Plan.Fits {
		t.Errorf("%d of %d are set aside, %d wait, fits %t", aside, r.Aside, len(after.Lists[s.part]), after.Plan.Fits)
	}
	// A choice on what was shown before is refused.
	chair := s.as(events.Chair, 0)
	if _, err := chair.Command(s.ctx, s.session, "set_aside", &command.Expect{Plan: view.Plan.Digest}, r.Args, ""); err == nil {
		t.Error("a choice was accepted on a plan that is no longer so")
	}
	s.recordHolds()
}

// recordHolds starts and adjourns the session, and verifies its record.
func (s *stand) recordHolds() {
	s.t.Helper()
	s.pass(600_000)
	s.ask0("start_session")
	s.pass(1_000)
	s.askAs(s.as(events.Chair, 0), "adjourn", &command.Expect{Plan: s.view().Plan.Digest}, command.None{}, "")
	s.quiet()
	var raw []byte
	s.must(s.organiser.Do(s.ctx, "GET", s.path("/log"), nil, &raw))
	file := filepath.Join(s.t.TempDir(), "log.ndjson")
	s.must(os.WriteFile(file, raw, 0o600))
	verifies(s.t.(*testing.T), file)
}
