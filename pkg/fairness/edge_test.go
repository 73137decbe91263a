package fairness_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/fairness"
)

// TestBadAndEdgeInput is fairness.md's section of that name, as far as it
// concerns time.
func TestBadAndEdgeInput(t *testing.T) {
	for _, c := range []struct {
		name, field string
		change      func(*fairness.Situation)
	}{
		{"an end in the past of the start", "hard_end_ms", func(s *fairness.Situation) { s.HardEndMS = s.StartMS }},
		{"more than 24 h", "hard_end_ms", func(s *fairness.Situation) { s.HardEndMS = s.StartMS + 25*3_600_000 }},
		{"overflowing end", "hard_end_ms", func(s *fairness.Situation) { s.HardEndMS = 1<<63 - 1 }},
		{"negative now", "now_ms", func(s *fairness.Situation) { s.NowMS = -1 }},
		{"days after the end", "now_ms", func(s *fairness.Situation) { s.NowMS = s.HardEndMS + 3*86_400_000 }},
		{"negative minimum", "minimum_ms", func(s *fairness.Situation) { s.MinimumMS = -1 }},
		{"overflowing closing", "closing_ms", func(s *fairness.Situation) { s.ClosingMS = 1<<63 - 1 }},
		{"negative grace", "grace_ms", func(s *fairness.Situation) { s.GraceMS = -5 }},
		{"negative reserve", "reserve.spent_ms", func(s *fairness.Situation) { s.Reserve.SpentMS = -5 }},
		{"weight 0", "entries[1].weight", func(s *fairness.Situation) { s.Entries[1].Weight = 0 }},
		{"weight 5", "entries[1].weight", func(s *fairness.Situation) { s.Entries[1].Weight = 5 }},
		{"negative request", "entries[1].request_ms", func(s *fairness.Situation) { s.Entries[1].RequestMS = -1 }},
		{"request of more than 24 h", "entries[1].request_ms", func(s *fairness.Situation) { s.Entries[1].RequestMS = 86_400_001 }},
		{"overflowing guarantee", "entries[1].guarantee_ms", func(s *fairness.Situation) { s.Entries[1].GuaranteeMS = 1<<63 - 1 }},
		{"overflowing announcement", "entries[1].announced_ms", func(s *fairness.Situation) { s.Entries[1].AnnouncedMS = 1<<63 - 1 }},
		{"negative frozen", "entries[1].frozen_ms", func(s *fairness.Situation) { s.Entries[1].FrozenMS = -1 }},
		{"negative told", "entries[1].told_ms", func(s *fairness.Situation) { s.Entries[1].ToldMS = -1 }},
		{"chance above one", "entries[1].chance_ppm", func(s *fairness.Situation) { s.Entries[1].ChancePPM = 1_000_001 }},
		{"two allowances", "entries[1].access", func(s *fairness.Situation) {
			s.Entries[1].Access = fairness.Access{AddMS: 1, FactorPPM: 1_500_000}
		}},
		{"allowance of less than one", "entries[1].access.factor_ppm", func(s *fairness.Situation) { s.Entries[1].Access.FactorPPM = 500_000 }},
		{"negative allowance", "entries[1].access.add_ms", func(s *fairness.Situation) { s.Entries[1].Access.AddMS = -1 }},
		{"a group without a cap", "entries[1].group", func(s *fairness.Situation) { s.GroupCapsMS = []int64{5}; s.Entries[1].Group = 1 }},
		{"another mode", "mode", func(s *fairness.Situation) { s.Mode = "generous" }},
		{"another limit", "at_limit", func(s *fairness.Situation) { s.AtLimit = "shout" }},
		{"fixed without seconds", "fixed_ms", func(s *fairness.Situation) { s.Mode = fairness.Fixed }},
		{"growth below one", "growth_ppm", func(s *fairness.Situation) { s.GrowthPPM = 5 }},
		{"negative standby", "standby", func(s *fairness.Situation) { s.Standby = -1 }},
		{"negative deferrals", "deferrals", func(s *fairness.Situation) { s.Deferrals = -1 }},
		{"negative estimator", "use", func(s *fairness.Situation) { s.Use.SumPPM = -1 }},
		{"negative entries", "reserve.entries", func(s *fairness.Situation) { s.Reserve.Entries = -1 }},
		{"an instant far away", "earliest_ms", func(s *fairness.Situation) { s.EarliestMS = 1<<63 - 1 }},
		{"an instant far away", "latest_ms", func(s *fairness.Situation) { s.LatestMS = 1<<63 - 1 }},
		{"an instant far away", "running_end_ms", func(s *fairness.Situation) { s.RunningEndMS = 1<<63 - 1 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := december(3)
			c.change(&s)
			if _, err := fairness.Compute(s); err == nil || !strings.Contains(err.Error(), c.field+":") {
				t.Errorf("answer %v does not name %s", err, c.field)
			}
		})
	}
	t.Run("too many entries", func(t *testing.T) {
		s := december(1)
		s.Entries = make([]fairness.Entry, fairness.MostEntries+1)
		if _, err := fairness.Compute(s); err == nil {
			t.Error("accepted")
		}
	})
}

func TestNobodyOneAndEveryoneAbsent(t *testing.T) {
	for _, n := range []int{0, 1} {
		p, err := fairness.Compute(december(n))
		if err != nil || !p.Fits || len(p.Offers) != n {
			t.Errorf("N = %d: %+v, %v", n, p, err)
		}
	}
	s := december(5)
	for i := range s.Entries {
		s.Entries[i].ChancePPM = fairness.ChanceNone
	}
	p, err := fairness.Compute(s)
	if err != nil || !p.Fits || p.NotReached != 0 {
		t.Fatalf("everyone absent: %+v, %v", p, err)
	}
	for _, o := range p.Offers {
		if o.HasETA || o.Reached {
			t.Errorf("somebody absent is told %+v", o)
		}
	}
}

// TestRequestUnderTheMinimumIsOfferedTheRequest of fairness.md.
func TestRequestUnderTheMinimumIsOfferedTheRequest(t *testing.T) {
	s := december(5)
	s.Entries[2].RequestMS = 30_000
	p, err := fairness.Compute(s)
	if err != nil || p.Offers[2].AllotmentMS != 30_000 || p.Offers[2].GuaranteeMS != 30_000 {
		t.Errorf("%+v, %v", p.Offers[2], err)
	}
}

// TestEndMovedBeforeNowSaysWhoIsNotReached of fairness.md: a field is fine,
// the time is not.
func TestEndMovedBeforeNowSaysWhoIsNotReached(t *testing.T) {
	s := december(5)
	s.NowMS = s.HardEndMS + 60_000
	p, err := fairness.Compute(s)
	if err != nil || p.Fits || p.NotReached != 5 || p.Budget.FreeMS != 0 || p.Budget.ShortMS == 0 {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestTenThousandApplicantsAnAnswerInMilliseconds that says it does not fit.
func TestTenThousandApplicantsAnAnswerInMilliseconds(t *testing.T) {
	s := december(10_000)
	var e fairness.Engine
	var p fairness.Plan
	began := time.Now()
	if err := e.Compute(&s, &p); err != nil {
		t.Fatal(err)
	}
	if p.Fits || p.NotReached < 9_900 {
		t.Errorf("fits %v, %d not reached", p.Fits, p.NotReached)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("it took %v", took)
	}
}
