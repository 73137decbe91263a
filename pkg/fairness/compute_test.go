package fairness_test

import (
	"fmt"
	"testing"

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
	if p.LevelMS < 80_000 || p.LevelMS > 86_000 {
		t.Errorf("level %d ms, want about 82 s", p.LevelMS)
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

func benchmarkCompute(b *testing.B, n int, caps []int64) {
	s := december(n)
	s.GroupCapsMS = caps
	if n > 100 {
		s.MinimumMS = 0
	}
	for i := range s.Entries {
		s.Entries[i].Group = -1
		if len(caps) > 0 {
			s.Entries[i].Group = i % len(caps)
		}
	}
	var e fairness.Engine
	var p fairness.Plan
	if err := e.Compute(&s, &p); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := e.Compute(&s, &p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRecompute53(b *testing.B)    { benchmarkCompute(b, 53, nil) }
func BenchmarkRecompute10000(b *testing.B) { benchmarkCompute(b, 10_000, nil) }
func BenchmarkRecompute10000Caps(b *testing.B) {
	benchmarkCompute(b, 10_000, []int64{600_000, 300_000, 900_000, -1})
}
