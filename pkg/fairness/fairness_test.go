package fairness_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/fairness"
	"github.com/fairfloor/fairfloor/pkg/fairness/estimate"
)

// anySituation draws situations of every shape that are allowed.
func anySituation(t *rapid.T) fairness.Situation {
	const start = int64(1_700_000_000_000)
	length := rapid.Int64Range(1, 240).Draw(t, "minutes") * 60_000
	s := fairness.NewSituation(start, start+rapid.Int64Range(-600_000, length+600_000).Draw(t, "now"), start+length)
	s.Mode = rapid.SampledFrom([]fairness.Mode{"", fairness.Uniform, fairness.Individual, fairness.Fixed}).Draw(t, "mode")
	s.AtLimit = rapid.SampledFrom([]fairness.AtLimit{"", fairness.Gavel, fairness.Soft, fairness.Hard}).Draw(t, "at limit")
	s.Strict = rapid.Bool().Draw(t, "strict")
	s.ListClosed = rapid.Bool().Draw(t, "closed")
	s.RaiseGuarantees = rapid.Bool().Draw(t, "raise")
	s.MinimumMS = rapid.Int64Range(0, 120).Draw(t, "minimum") * 1000
	s.FixedMS = rapid.Int64Range(1, 300).Draw(t, "fixed") * 1000
	s.UniformMS = rapid.SampledFrom([]int64{0, 30_000, 60_000, 90_000}).Draw(t, "uniform")
	s.GrowthPPM = rapid.SampledFrom([]int64{0, 1_000_000, 1_100_000}).Draw(t, "growth")
	s.Standby = rapid.IntRange(0, 3).Draw(t, "standby")
	s.Deferrals = rapid.IntRange(0, 6).Draw(t, "deferrals")
	s.Reserve.SpentMS = rapid.Int64Range(0, 300_000).Draw(t, "spent")
	s.Use = estimate.Use{Turns: 4, SumPPM: rapid.Int64Range(0, 8_000_000).Draw(t, "use")}
	if rapid.Bool().Draw(t, "running") {
		s.RunningEndMS = s.NowMS + rapid.Int64Range(0, 200_000).Draw(t, "left")
	}
	n := rapid.IntRange(0, 30).Draw(t, "n")
	s.Reserve.Entries = n + rapid.IntRange(0, 10).Draw(t, "spoken")
	for i := range n {
		e := fairness.Entry{
			ID: fmt.Sprint(i), Weight: rapid.IntRange(1, 4).Draw(t, "weight"),
			RequestMS: rapid.SampledFrom([]int64{0, 20_000, 60_000, 90_000, 120_000, 300_000, 600_000}).Draw(t, "request"),
			ChancePPM: rapid.SampledFrom([]int64{fairness.ChancePresent, fairness.ChancePresent, fairness.ChanceUnknown, fairness.ChanceReportedAbsent, fairness.ChanceNone}).Draw(t, "chance"),
		}
		e.GuaranteeMS = rapid.SampledFrom([]int64{0, 0, 30_000, 45_000, 60_000}).Draw(t, "guarantee")
		e.AnnouncedMS = rapid.SampledFrom([]int64{0, 60_000, 84_000}).Draw(t, "announced")
		e.FrozenMS = rapid.SampledFrom([]int64{0, 0, 0, 70_000}).Draw(t, "frozen")
		if rapid.IntRange(0, 9).Draw(t, "access") == 0 {
			e.Access.FactorPPM = 1_500_000
		}
		s.Entries = append(s.Entries, e)
	}
	return s
}

// TestComputeProperties: whole seconds, within request and minimum; guarantees
// never shrink; the parts of the bar sum; nobody expected is dropped silently;
// those not reached have no ETA; and the expected use never passes what there
// is unless the least shares alone do.
func TestComputeProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySituation(t)
		p, err := fairness.Compute(s)
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Offers) != len(s.Entries) {
			t.Fatalf("%d offers for %d entries", len(p.Offers), len(s.Entries))
		}
		missing := 0
		for i, o := range p.Offers {
			e := s.Entries[i]
			least := int64(e.Weight) * s.MinimumMS
			if e.RequestMS > 0 {
				least = min(least, e.RequestMS)
			}
			if s.Mode != fairness.Fixed && o.AllotmentMS < least-least%1000 {
				t.Fatalf("%+v is offered %d, less than the minimum %d", e, o.AllotmentMS, least)
			}
			if e.RequestMS > 0 && o.AllotmentMS > max(e.RequestMS, o.GuaranteeMS) {
				t.Fatalf("%+v is offered %d, more than asked for", e, o.AllotmentMS)
			}
			if o.AllotmentMS%1000 != 0 {
				t.Fatalf("allotment of %d ms", o.AllotmentMS)
			}
			if o.GuaranteeMS < e.GuaranteeMS {
				t.Fatalf("a guarantee shrank from %d to %d", e.GuaranteeMS, o.GuaranteeMS)
			}
			if o.HasETA && (e.ChancePPM == 0 || !o.Reached || o.Start.LowMS > o.Start.MidMS || o.Start.MidMS > o.Start.HighMS || o.Start.LowMS < s.NowMS) {
				t.Fatalf("ETA %+v of %+v", o.Start, e)
			}
			if e.ChancePPM > 0 && !o.Reached {
				missing++
			}
		}
		if missing != p.NotReached || p.Fits != (missing == 0) {
			t.Fatalf("%d not reached, it says %d and fits %v", missing, p.NotReached, p.Fits)
		}
		b := p.Budget
		if sum := b.ElapsedMS + b.RunningMS + b.ReservedMS + b.PromisedMS + b.FreeMS - b.ShortMS; sum != s.HardEndMS-s.StartMS || min(b.ElapsedMS, b.RunningMS, b.FreeMS, b.ShortMS) < 0 {
			t.Fatalf("the bar %+v sums to %d, want %d", b, sum, s.HardEndMS-s.StartMS)
		}
		if s.Mode == fairness.Individual && p.LevelMS > 0 {
			checkUse(t, s, p)
		}
	})
}

// checkUse: sum p*u*a <= B < sum + n seconds, unless all are at their most.
func checkUse(t *rapid.T, s fairness.Situation, p fairness.Plan) {
	var use int64
	capped, next := false, true
	for i, o := range p.Offers {
		use += o.AllotmentMS * p.UsePPM / estimate.Whole * s.Entries[i].ChancePPM / estimate.Whole
		if next && s.Entries[i].ChancePPM > 0 {
			next, capped = false, o.AllotmentMS+1000 > p.CapMS // the cap took from the next one
		}
	}
	n := int64(len(p.Offers))
	raised := s.RaiseGuarantees && s.ListClosed // guarantees may lift offers
	if !raised && use > max(0, p.CapacityMS)+n {
		t.Fatalf("expected use %d of %d", use, p.CapacityMS)
	}
	if !p.Full && !capped && use+n*2_100 < p.CapacityMS {
		t.Fatalf("only %d of %d given", use, p.CapacityMS)
	}
}

// TestByteIdenticalReplay: an engine used before and a new one, one answer.
func TestByteIdenticalReplay(t *testing.T) {
	var used fairness.Engine
	var p fairness.Plan
	rapid.Check(t, func(t *rapid.T) {
		s := anySituation(t)
		if err := used.Compute(&s, &p); err != nil {
			t.Fatal(err)
		}
		q, err := fairness.Compute(s)
		if err != nil {
			t.Fatal(err)
		}
		a, _ := json.Marshal(p)
		b, _ := json.Marshal(q)
		if !bytes.Equal(a, b) {
			t.Fatalf("%s\n%s", a, b)
		}
	})
}

// TestLevelIsMonotoneInTime: with more time nobody is offered less, but for
// the rounding to whole seconds.
func TestLevelIsMonotoneInTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySituation(t)
		s.Mode, s.RaiseGuarantees, s.Standby = fairness.Individual, false, 0
		before, err := fairness.Compute(s)
		if err != nil {
			t.Fatal(err)
		}
		s.HardEndMS += rapid.Int64Range(0, 30).Draw(t, "more") * 60_000
		after, err := fairness.Compute(s)
		if err != nil {
			t.Fatal(err)
		}
		for i := range before.Offers {
			// An entry that was frozen gives way first, and what it held is free
			// again: a shortage is no baseline.
			if before.LevelMS > 0 && after.LevelMS > 0 && !before.Offers[i].Cut && s.Entries[i].FrozenMS == 0 && before.Offers[i].AllotmentMS > after.Offers[i].AllotmentMS+1000 && !anyCut(before) {
				t.Fatalf("with more time entry %d fell from %d to %d", i, before.Offers[i].AllotmentMS, after.Offers[i].AllotmentMS)
			}
		}
		if before.Fits && !after.Fits {
			t.Fatal("with more time it no longer fits")
		}
	})
}

func anyCut(p fairness.Plan) bool {
	return slices.ContainsFunc(p.Offers, func(o fairness.Offer) bool { return o.Cut })
}

// TestTheTheoremHoldsUnderAnAdversary: in strict mode, where the floor ends
// after the grace, an adversary who lets every handover last h_max, every turn
// use its grace, and spends the deferrals and the reserve when it likes, takes
// the guarantee from nobody and the end from no session.
func TestTheTheoremHoldsUnderAnAdversary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const start = int64(1_700_000_000_000)
		n := rapid.IntRange(1, 40).Draw(t, "n")
		s := fairness.NewSituation(start, start, start+rapid.Int64Range(20, 120).Draw(t, "minutes")*60_000)
		s.Mode, s.AtLimit, s.Strict = fairness.Individual, fairness.Hard, true
		s.EarliestMS, s.LatestMS = start+195_000, start+240_000
		s.MinimumMS = 0
		s.ListClosed, s.RaiseGuarantees = true, true
		s.Reserve.Entries = n
		for i := range n {
			s.Entries = append(s.Entries, fairness.Entry{ID: fmt.Sprint(i), Weight: 1, RequestMS: 300_000, ChancePPM: fairness.ChancePresent})
		}
		p, err := fairness.Compute(s)
		if err != nil {
			t.Fatal(err)
		}
		promised := min(p.GuaranteeMS, 300_000)
		if promised == 0 {
			return
		}
		for i := range s.Entries {
			s.Entries[i].GuaranteeMS = promised
		}
		s.RaiseGuarantees = false
		s.NowMS = start + rapid.Int64Range(0, 240_000).Draw(t, "opening")
		deferrals, reserve := fairness.MarginDeferrals, s.Reserve.InitialMS+s.Reserve.KeptMS
		for len(s.Entries) > 0 {
			if deferrals > 0 && len(s.Entries) > 1 && rapid.IntRange(0, 4).Draw(t, "silent") == 0 {
				deferrals--
				s.Deferrals++
				s.NowMS += s.HandoverMostMS
				s.Entries = append(s.Entries[1:], s.Entries[0])
				continue
			}
			if p, err = fairness.Compute(s); err != nil {
				t.Fatal(err)
			}
			offered := p.Offers[0].AllotmentMS
			if offered < promised {
				t.Fatalf("offered %d, promised %d", offered, promised)
			}
			handover := rapid.SampledFrom([]int64{s.HandoverMostMS, 5_000}).Draw(t, "handover")
			used := rapid.SampledFrom([]int64{offered + s.GraceMS, offered / 2}).Draw(t, "used")
			s.NowMS += handover + used
			s.Use, s.Handover = s.Use.Add(used, offered), s.Handover.Add(handover)
			if stop := min(reserve, rapid.SampledFrom([]int64{0, 0, 30_000, 105_000}).Draw(t, "interruption")); stop > 0 {
				// Within what the reserve still holds for the entries left.
				stop = min(stop, p.ReserveMS)
				reserve -= stop
				s.NowMS += stop
				s.Reserve.SpentMS += stop
			}
			s.Entries = s.Entries[1:]
		}
		if limit := s.HardEndMS - s.ClosingMS; s.NowMS > limit {
			t.Fatalf("the last one ended %d ms after the closing should begin", s.NowMS-limit)
		}
	})
}

// TestPublishedGuarantees of fairness.md and decisions.md 19.
func TestPublishedGuarantees(t *testing.T) {
	theorem := fairness.Theorem{AvailableMS: 5_400_000 - 240_000 - 60_000 - 105_000, Entries: 53, GraceMS: 5_000, HandoverMostMS: 20_000}
	if m := theorem.MinimumMS() / 1000; m != 69 {
		t.Errorf("m is %d s, want 69", m)
	}
	if g := theorem.Guarantee(); g != 60_000 {
		t.Errorf("the guarantee is %d ms, want 60000", g)
	}
	for minimum, most := range map[int64]int64{60_000: 58, 45_000: 71, 30_000: 90} {
		if got := theorem.Most(minimum); got != most {
			t.Errorf("with %d ms %d fit, want %d", minimum, got, most)
		}
		fits := theorem
		if fits.Entries = most; !fits.Holds(minimum) {
			t.Errorf("%d do not hold", most)
		}
		if fits.Entries++; fits.Holds(minimum) {
			t.Errorf("%d hold", most+1)
		}
	}
	if (fairness.Theorem{AvailableMS: 10}).MinimumMS() != 10 || (fairness.Theorem{}).Most(0) != 0 {
		t.Error("nobody")
	}
}

func TestUniformIsOneNumberRaisedOnlyWithTheChair(t *testing.T) {
	s := december(53)
	s.UniformMS = 60_000
	s.Entries[4].RequestMS = 45_000
	s.Entries[5].Weight, s.Entries[5].RequestMS = 2, 300_000
	p, err := fairness.Compute(s)
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range p.Offers {
		want := map[int]int64{4: 45_000, 5: 120_000}[i]
		if want == 0 {
			want = 60_000
		}
		if o.AllotmentMS != want {
			t.Errorf("entry %d is offered %d", i, o.AllotmentMS)
		}
	}
	if p.RaiseToMS < 70_000 || p.RaiseToMS > 78_000 {
		t.Errorf("a raise to %d ms is proposed", p.RaiseToMS)
	}
	s.UniformMS = p.RaiseToMS - 4_000
	if p, _ = fairness.Compute(s); p.RaiseToMS != 0 {
		t.Errorf("a raise of less than 5 s to %d", p.RaiseToMS)
	}
}

func TestFixedNeverAdapts(t *testing.T) {
	s := december(53)
	s.Mode, s.FixedMS = fairness.Fixed, 120_000
	p, err := fairness.Compute(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range p.Offers {
		if o.AllotmentMS != 120_000 {
			t.Errorf("offered %d", o.AllotmentMS)
		}
	}
	if p.Fits || p.NotReached < 12 || p.NotReached > 20 {
		t.Errorf("fits %v, %d not reached", p.Fits, p.NotReached)
	}
}

// TestGroupCapsHoldWithoutTakingPromisesBack: a group fills its own budget,
// the rest share what it leaves, and a budget that is too small for promises
// gives way to them without touching anybody else.
func TestGroupCapsHoldWithoutTakingPromisesBack(t *testing.T) {
	s := december(20)
	s.Mode, s.RaiseGuarantees = fairness.Individual, false
	for i := range s.Entries {
		s.Entries[i].Group, s.Entries[i].RequestMS = i%2, 600_000
	}
	s.GroupCapsMS = []int64{900_000, -1}
	p, err := fairness.Compute(s)
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range p.Offers {
		if capped := i%2 == 0; capped != (o.AllotmentMS == 90_000) || !capped && o.AllotmentMS < 200_000 {
			t.Errorf("place %d is offered %d", o.Place, o.AllotmentMS)
		}
	}
	s.GroupCapsMS[0] = 30_000
	if p, err = fairness.Compute(s); err != nil {
		t.Fatal(err)
	}
	for i, o := range p.Offers {
		if capped := i%2 == 0; capped != (o.AllotmentMS == 60_000) || !capped && o.AllotmentMS < 200_000 {
			t.Errorf("with a cap below the minimums place %d is offered %d", o.Place, o.AllotmentMS)
		}
	}
}

func TestFrozenIsCutOnlyWhenSomebodyWouldNotBeReached(t *testing.T) {
	s := december(10)
	s.Mode, s.RaiseGuarantees = fairness.Individual, false
	s.NowMS = s.HardEndMS - 30*60_000
	for i := range 3 {
		s.Entries[i].FrozenMS, s.Entries[i].GuaranteeMS = 90_000, 60_000
	}
	p, err := fairness.Compute(s)
	if err != nil {
		t.Fatal(err)
	}
	if p.Offers[0].AllotmentMS != 90_000 || p.Offers[0].Cut {
		t.Errorf("with time enough %+v", p.Offers[0])
	}
	s.NowMS = s.HardEndMS - 15*60_000
	if p, err = fairness.Compute(s); err != nil {
		t.Fatal(err)
	}
	if o := p.Offers[0]; o.AllotmentMS < 60_000 || o.AllotmentMS >= 90_000 || !o.Cut {
		t.Errorf("without %+v", o)
	}
}

func TestAccessAllowanceIsChargedToTheReserve(t *testing.T) {
	s := december(45)
	s.Mode = fairness.Individual
	plain, err := fairness.Compute(s)
	if err != nil {
		t.Fatal(err)
	}
	s.Entries[0].Access = fairness.Access{AddMS: 30_000}
	s.Entries[1].Access = fairness.Access{FactorPPM: 1_500_000}
	p, err := fairness.Compute(s)
	if err != nil {
		t.Fatal(err)
	}
	if p.Offers[0].AccessMS != 30_000 || p.Offers[1].AccessMS != p.Offers[1].AllotmentMS/2 {
		t.Errorf("access %d and %d", p.Offers[0].AccessMS, p.Offers[1].AccessMS)
	}
	if p.LevelMS != plain.LevelMS {
		t.Errorf("what the reserve holds lowered the level from %d to %d", plain.LevelMS, p.LevelMS)
	}
	if p.Offers[2].Start.MidMS <= plain.Offers[2].Start.MidMS {
		t.Error("the allowance takes no time")
	}
	for i := range s.Entries {
		s.Entries[i].Access = fairness.Access{AddMS: 30_000}
	}
	if p, _ = fairness.Compute(s); p.LevelMS >= plain.LevelMS {
		t.Error("what the reserve does not hold comes from nowhere")
	}
}

// TestNoAllocationInTheHotPath, once the engine has seen such a list.
func TestNoAllocationInTheHotPath(t *testing.T) {
	for _, n := range []int{53, 10_000} {
		s := december(n)
		var e fairness.Engine
		var p fairness.Plan
		if err := e.Compute(&s, &p); err != nil {
			t.Fatal(err)
		}
		if allocs := testing.AllocsPerRun(5, func() { _ = e.Compute(&s, &p) }); allocs != 0 {
			t.Errorf("%d entries: %v allocations", n, allocs)
		}
	}
}

func TestAdmitsWhileTheGuaranteeHolds(t *testing.T) {
	s := december(53)
	s.LatestMS = s.EarliestMS
	for i := range s.Entries {
		s.Entries[i].GuaranteeMS = 60_000
	}
	admitted := 0
	for s.Admits() && admitted < 20 {
		admitted++
		s.Entries = append(s.Entries, fairness.Entry{ID: "late", Weight: 1, GuaranteeMS: 60_000, ChancePPM: fairness.ChancePresent})
	}
	// 58 fit with 60 s and no deferral; four deferrals of 20 s cost one of them.
	if admitted != 4 {
		t.Errorf("%d late ones were admitted", admitted)
	}
	s.NowMS = s.HardEndMS - 60_000
	if s.Admits() {
		t.Error("somebody was admitted in the last minute")
	}
}

func TestExpectedEndOfTheRunningTurn(t *testing.T) {
	s := december(5)
	s.NowMS = s.StartMS + 600_000
	begun := s.NowMS - 40_000
	for _, c := range []struct {
		name string
		turn fairness.Turn
		want int64
	}{
		{"running", fairness.Turn{GivenMS: begun - 9_000, BegunMS: begun, AllottedMS: 100_000}, begun + 102_000},
		{"paused before", fairness.Turn{BegunMS: begun, AllottedMS: 100_000, PausedMS: 10_000}, begun + 112_000},
		{"paused now", fairness.Turn{BegunMS: begun, AllottedMS: 100_000, PausedAtMS: s.NowMS - 5_000}, begun + 107_000},
		{"long over", fairness.Turn{BegunMS: begun, AllottedMS: 10_000}, s.NowMS},
		{"called, not begun", fairness.Turn{GivenMS: s.NowMS - 4_000, AllottedMS: 100_000}, s.NowMS + 7_000 + 102_000},
		{"called long ago", fairness.Turn{GivenMS: s.NowMS - 40_000, AllottedMS: 100_000}, s.NowMS + 102_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := s.ExpectedEnd(c.turn); got != c.want {
				t.Errorf("ends %d ms after now, want %d", got-s.NowMS, c.want-s.NowMS)
			}
		})
	}
}
