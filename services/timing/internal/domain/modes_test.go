package domain_test

import (
	"slices"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

// "Fixed (never adapts): some bodies must give equal, unchanging time."
func TestFixedNeverAdapts(t *testing.T) {
	w := planned(t, 20, func(s *events.SessionCreated) {
		oneItem(s)
		s.Modalities.Allotment = "fixed"
		s.Modalities.MaximumMS = 120_000
	})
	w.join(sessiontest.Item, 20)
	w.until(w.State.Registry.PlannedStart)
	w.do(chair, "start_session", nil)
	w.wait(195_000)
	for i := range 20 {
		w.hear(sessiontest.Item, 10_000, []int64{300_000, 1_000_000, 1_200_000}[i%3])
		if v := session.PlanOf(w.State, sessiontest.Item, w.Now); v.RaiseToMS != 0 {
			t.Errorf("after turn %d a raise to %d ms is proposed", i, v.RaiseToMS)
		}
	}
	if offered := w.offered(); slices.Min(offered) != 120_000 || slices.Max(offered) != 120_000 {
		t.Errorf("offered %v, want 120 s each, whatever happens", offered)
	}
}

// "Strict mode uses h_max: the provable guarantee." Every handover takes the
// longest, every turn its whole grace: everyone speaks, is offered at least the
// guarantee, and the session ends on time.
func TestStrictHoldsTheGuaranteeWhateverHappens(t *testing.T) {
	for _, mode := range []string{"individual", "uniform"} {
		w := planned(t, 53, func(s *events.SessionCreated) {
			oneItem(s)
			s.Modalities.Allotment, s.Modalities.Limit, s.Modalities.Strict = mode, events.Hard, true
		})
		w.join(sessiontest.Item, 53)
		w.until(w.State.Registry.PlannedStart)
		w.do(chair, "start_session", nil)
		w.wait(240_000)
		promised := w.State.Timing.Announced[sessiontest.Item].GuaranteeMS
		for range 53 {
			if raise := session.PlanOf(w.State, sessiontest.Item, w.Now).RaiseToMS; raise > 0 {
				w.do(chair, "announce", map[string]any{"part": sessiontest.Item})
			}
			turn := w.next(sessiontest.Item)
			w.wait(20_000)
			w.begin(turn)
			allotted, _ := w.State.Allotted(turn)
			w.wait(allotted + 5_000)
		}
		w.end()
		offered := w.offered()
		if len(offered) != 53 || slices.Min(offered) < promised || promised < 60_000 || w.Now > w.State.HardEnd().Add(-60_000) {
			t.Errorf("%s: %d spoke, %d ms at least of %d promised, %d s before the hard end", mode,
				len(offered), slices.Min(offered), promised, w.State.HardEnd().Sub(w.Now)/1000)
		}
	}
}

// "Individual allotments: requests and weights count in full."
func TestIndividualCountsRequestsAndWeightsInFull(t *testing.T) {
	w := planned(t, 30, func(s *events.SessionCreated) { oneItem(s); s.Modalities.Allotment = "individual" })
	all := w.join(sessiontest.Item, 30)
	w.State.Queue.Entries[all[0]].RequestedMS = 70_000
	w.queue("merge", &events.EntriesMerged{Lead: all[1], Members: all[2:4]})
	v := session.PlanOf(w.State, sessiontest.Item, w.Now)
	ordinary := v.Entries[len(v.Entries)-1].AllotmentMS
	if v.Entries[0].AllotmentMS != 70_000 || v.Entries[1].AllotmentMS < 2*ordinary || v.Entries[1].AllotmentMS > 3*ordinary+3_000 {
		t.Errorf("a request of 70 s is offered %d ms, three together %d, each other %d", v.Entries[0].AllotmentMS, v.Entries[1].AllotmentMS, ordinary)
	}
}
