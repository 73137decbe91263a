package fairness_test

import (
	"testing"

	"github.com/fairfloor/fairfloor/pkg/fairness"
	"github.com/fairfloor/fairfloor/pkg/fairness/estimate"
)

// level computes one situation's level and cap.
func level(t *testing.T, s fairness.Situation) (levelMS, capMS int64) {
	t.Helper()
	p, err := fairness.Compute(s)
	if err != nil {
		t.Fatal(err)
	}
	return p.LevelMS, p.CapMS
}

// late is a session with few entries left: the reserve of 60 s has nearly all
// been released.
func late(n int) fairness.Situation {
	s := december(n)
	s.Mode, s.AtLimit, s.RaiseGuarantees, s.Reserve.Entries = fairness.Individual, fairness.Hard, false, 53
	s.NowMS = s.HardEndMS - int64(n)*90_000 - 200_000
	return s
}

// TestTheMarginDoesNotFallWithTheReserve: with five of 53 left R(n) has fallen
// to 50 s; the level keeps the whole 105 s and sqrt(5) times 20 s all the
// same, so a reserve that was never released changes no level, only promises.
func TestTheMarginDoesNotFallWithTheReserve(t *testing.T) {
	released := late(5)
	whole := late(5)
	whole.Reserve.Entries = 5
	a, capA := level(t, released)
	b, capB := level(t, whole)
	if a != b || capA != capB {
		t.Errorf("level %d and cap %d with the reserve released, %d and %d with it whole", a, capA, b, capB)
	}
	p, err := fairness.Compute(released)
	if err != nil {
		t.Fatal(err)
	}
	if want := int64(45_000 + 60_000*5/53); p.ReserveMS != want {
		t.Errorf("R(n) is %d ms, want %d", p.ReserveMS, want)
	}
	// Without any reserve the spread is kept: 44.7 s for five, less one by one.
	none := late(5)
	none.Reserve.InitialMS, none.Reserve.KeptMS = 0, 0
	c, _ := level(t, none)
	// What 105 s of reserve cost five entries at a use of 1.02, to a second.
	if got, want := c-a, int64(105_000)*100/102/5; got < want-1_000 || got > want+1_000 {
		t.Errorf("the reserve lowers the level by %d ms, want about %d", got, want)
	}
}

// TestTheMarginShrinksWithTheSquareRoot of the entries left: what it takes
// from all together is 20 s for one, 40 s for four, 60 s for nine.
func TestTheMarginShrinksWithTheSquareRoot(t *testing.T) {
	for _, n := range []int{1, 4, 9} {
		s := late(n)
		s.Reserve.InitialMS, s.Reserve.KeptMS = 0, 0
		s.HandoverSigmaMS = 0
		p, err := fairness.Compute(s)
		if err != nil {
			t.Fatal(err)
		}
		silence := estimate.Silence{}.MS(s.HandoverMostMS)
		root := map[int]int64{1: 1, 4: 2, 9: 3}[n]
		want := s.HardEndMS - s.ClosingMS - s.NowMS - int64(n)*(p.HandoverMS+silence) - root*fairness.MarginSigmaMS
		if d := p.CapacityMS - want; d < -1 || d > 1 {
			t.Errorf("%d entries: capacity %d ms, want %d", n, p.CapacityMS, want)
		}
	}
}

// TestWhoOverrunsOverrunsUnevenly: where nothing ends a turn, a use ratio
// above one widens the margin; where the limit does, or nobody overruns, not.
func TestWhoOverrunsOverrunsUnevenly(t *testing.T) {
	kept := func(limit fairness.AtLimit, ratioPPM int64) int64 {
		s := late(20)
		s.AtLimit = limit
		s.Use = estimate.Use{Turns: 1_000, SumPPM: 1_000 * ratioPPM}
		p, err := fairness.Compute(s)
		if err != nil {
			t.Fatal(err)
		}
		return p.CapacityMS
	}
	if a, b := kept(fairness.Gavel, 980_000), kept(fairness.Hard, 980_000); a != b {
		t.Errorf("nobody overruns: %d under a gavel, %d where turns end", a, b)
	}
	if a, b := kept(fairness.Gavel, 1_300_000), kept(fairness.Gavel, 980_000); a >= b-60_000 {
		t.Errorf("an overrun of 30 %% keeps %d ms only", b-a)
	}
	if a, b := kept(fairness.Gavel, 1_600_000), kept(fairness.Gavel, 1_300_000); a >= b {
		t.Errorf("an overrun of 60 %% keeps no more than one of 30 %%: %d, %d", a, b)
	}
	if a, b := kept(fairness.Hard, 1_050_000), kept(fairness.Hard, 980_000); a != b {
		t.Errorf("where turns end overruns keep %d ms", b-a)
	}
}

// TestTheMarginIsNoPromise: feasibility, what is not reached and what is
// guaranteed count with R(n) alone, so a margin that is not whole is no alarm.
func TestTheMarginIsNoPromise(t *testing.T) {
	s := late(5)
	s.MinimumMS = 60_000
	for i := range s.Entries {
		s.Entries[i].GuaranteeMS = 60_000
	}
	// Just what five turns of 60 s need by the theorem with one silent call.
	s.NowMS = s.HardEndMS - s.ClosingMS - (45_000 + 60_000*5/53) - 5*(60_000+5_000+20_000) - 20_000
	p, err := fairness.Compute(s)
	if err != nil {
		t.Fatal(err)
	}
	if !p.Fits || !p.Guaranteed || p.GuaranteeAtRisk || p.NotReached != 0 {
		t.Errorf("fits %v, guaranteed %v, at risk %v, %d not reached", p.Fits, p.Guaranteed, p.GuaranteeAtRisk, p.NotReached)
	}
	for _, o := range p.Offers {
		if o.AllotmentMS < 60_000 {
			t.Errorf("place %d is offered %d ms", o.Place, o.AllotmentMS)
		}
	}
}

// TestASessionYearsAheadIsASituationToo: nothing overflows.
func TestASessionYearsAheadIsASituationToo(t *testing.T) {
	for _, n := range []int{1, 53} {
		s := december(n)
		s.NowMS = s.StartMS - 9*365*24*3_600_000
		s.EarliestMS, s.ListClosed = 0, false
		s.Use = estimate.Use{Turns: 1_000, SumPPM: 2_000_000_000}
		p, err := fairness.Compute(s)
		if err != nil || !p.Fits || p.CapacityMS <= 0 || p.LevelMS <= 0 {
			t.Errorf("%d entries: %+v, %v", n, p.CapacityMS, err)
		}
	}
}

// TestGrowthIsLimited to 1.10 of what was announced when the list closed,
// however much time comes free; never below a guarantee.
func TestGrowthIsLimited(t *testing.T) {
	s := late(3)
	s.NowMS = s.HardEndMS - 3_000_000
	for i, announced := range []int64{80_000, 60_000, 0} {
		s.Entries[i].AnnouncedMS = announced
	}
	s.Entries[1].GuaranteeMS = 70_000
	p, err := fairness.Compute(s)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int64{88_000, 70_000, 180_000} {
		if got := p.Offers[i].AllotmentMS; got != want {
			t.Errorf("place %d is offered %d ms, want %d", i+1, got, want)
		}
	}
}
