package estimate_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/fairness/estimate"
)

func TestUse(t *testing.T) {
	var u estimate.Use
	if got := u.PPM(); got != 1_020_000 {
		t.Errorf("the prior is %d", got)
	}
	// (8*1.02 + 2*1.2) / 10 = 1.056
	u = u.Add(120_000, 100_000).Add(60_000, 50_000)
	if got := u.PPM(); got != 1_056_000 {
		t.Errorf("after two turns %d", got)
	}
	if u.Add(5, 0) != u || u.Add(-5, 10) != u {
		t.Error("a turn without meaning was counted")
	}
	for range 100 {
		u = u.Add(1, 100_000)
	}
	if got := u.Clipped(1_100_000); got != estimate.UseLeastPPM {
		t.Errorf("clipped to %d", got)
	}
	if got := estimate.MostUsePPM(5_000, 60_000); got != 1_083_333 {
		t.Errorf("1 + 5/60 is %d", got)
	}
	if got := estimate.MostUsePPM(5_000, 0); got != estimate.UseMostPPM {
		t.Errorf("without an allotment %d", got)
	}
}

func TestHandover(t *testing.T) {
	var h estimate.Handover
	if got := h.MS(20_000); got != 11_000 {
		t.Errorf("the prior is %d", got)
	}
	// (66 + 6 + 8) / 8 = 10 s
	if got := h.Add(6_000).Add(8_000).MS(20_000); got != 10_000 {
		t.Errorf("after two %d", got)
	}
	if h.Add(-1) != h {
		t.Error("a negative handover was counted")
	}
	for range 1_000 {
		h = h.Add(0)
	}
	if got := h.MS(20_000); got != estimate.HandoverLeastMS {
		t.Errorf("clipped to %d", got)
	}
	if got := h.Add(1 << 40).MS(20_000); got != 20_000 {
		t.Errorf("clipped to %d", got)
	}
}

func TestSilencePauseAndShow(t *testing.T) {
	if got := (estimate.Silence{}).MS(20_000); got != 3_400 {
		t.Errorf("silence to expect %d ms", got)
	}
	if got := (estimate.Silence{Turns: 1_000}).MS(20_000); got > 30 {
		t.Errorf("after 1,000 answered calls %d ms", got)
	}
	var p estimate.Pause
	if got := p.MS(60_000, 53, 0); got != 1_132 {
		t.Errorf("interruption to expect %d ms", got)
	}
	if p.MS(60_000, 0, 0) != 0 || p.Add(-5) != p {
		t.Error("without entries, or negative")
	}
	if got := p.Add(600_000).SumMS; got != estimate.PauseMostMS {
		t.Errorf("a long interruption counts %d ms", got)
	}
	if got := (estimate.Show{}).PPM(); got != 930_000 {
		t.Errorf("the prior of showing up is %d", got)
	}
	if got := (estimate.Show{Calls: 20}).PPM(); got != 465_000 {
		t.Errorf("after 20 silent calls %d", got)
	}
}

// TestEstimatesStayBetweenPriorAndEvidence, whatever is added.
func TestEstimatesStayBetweenPriorAndEvidence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var u estimate.Use
		least, most := estimate.UsePriorPPM, estimate.UsePriorPPM
		for range rapid.IntRange(0, 60).Draw(t, "turns") {
			ratio := rapid.Int64Range(0, 3_000_000).Draw(t, "ratio")
			u = u.Add(ratio, estimate.Whole)
			least, most = min(least, ratio), max(most, ratio)
		}
		if got := u.PPM(); got < least-1 || got > most {
			t.Fatalf("%d outside %d..%d", got, least, most)
		}
	})
}

// TestSqrt is the floor of the root, to the greatest int64.
func TestSqrt(t *testing.T) {
	for n, want := range map[int64]int64{-4: 0, 0: 0, 1: 1, 2: 1, 3: 1, 4: 2, 99: 9, 100: 10, 1<<63 - 1: 3_037_000_499} {
		if got := estimate.Sqrt(n); got != want {
			t.Errorf("root of %d is %d, want %d", n, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(0, 1<<62).Draw(t, "n")
		if r := estimate.Sqrt(n); r*r > n || (r+1)*(r+1) <= n {
			t.Fatalf("root of %d is %d", n, r)
		}
	})
}
