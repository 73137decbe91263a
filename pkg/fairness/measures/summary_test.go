package measures_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/fairness/measures"
)

func TestSummarise(t *testing.T) {
	turns := []measures.Turn{
		{Group: "a", Place: 1, Present: true, RequestMS: 60_000, OfferedMS: 60_000, UsedMS: 60_000, GuaranteeMS: 60_000},
		{Group: "a", Place: 3, Present: true, RequestMS: 300_000, OfferedMS: 80_000, UsedMS: 84_000, GuaranteeMS: 60_000, Cut: true},
		{Group: "b", Place: 2, Present: true, RequestMS: 120_000, OfferedMS: 80_000, UsedMS: 80_000, GuaranteeMS: 90_000},
		{Group: "b", RequestMS: 120_000, GuaranteeMS: 60_000},
	}
	s := measures.Summarise(turns)
	if s.Applied != 4 || s.Present != 3 || s.Heard != 3 || s.ServedPPM != 1_000_000 || s.Cut != 1 || s.PromisesBroken != 1 {
		t.Errorf("counts %+v", s)
	}
	if s.ShortestOfferedMS != 60_000 || s.LongestOfferedMS != 80_000 {
		t.Errorf("offers %+v", s)
	}
	// An offer of all that was asked for is a full one.
	near(t, "Jain offered", s.JainOffered, 1, 1e-12)
	near(t, "Jain of seconds", s.JainSeconds, measures.Jain([]float64{60, 84, 80}), 1e-12)
	near(t, "Jain of entitlements", s.JainEntitlement, measures.Jain([]float64{1, 84. / 82, 80. / 82}), 1e-12)
	near(t, "Loosemore-Hanby", s.LoosemoreHanby, 144./224-.5, 1e-12)
	near(t, "prefix error", s.GroupPrefixError, .5, 1e-12)
}

// TestNotHeardCountsWithNothing: of 53 present 32 served equally.
func TestNotHeardCountsWithNothing(t *testing.T) {
	turns := make([]measures.Turn, 53)
	for i := range turns {
		turns[i] = measures.Turn{Present: true}
		if i < 32 {
			turns[i].Place, turns[i].OfferedMS, turns[i].UsedMS = i+1, 120_000, 120_000
		}
	}
	s := measures.Summarise(turns)
	near(t, "Jain of seconds", s.JainSeconds, 32./53, 1e-12)
	near(t, "Jain offered", s.JainOffered, 32./53, 1e-12)
	if s.ServedPPM != 603_773 {
		t.Errorf("served %d ppm", s.ServedPPM)
	}
	if empty := measures.Summarise(nil); empty.ServedPPM != 1_000_000 || empty.JainOffered != 1 {
		t.Errorf("nobody: %+v", empty)
	}
}

// TestSummaryDoesNotDependOnTheOrderOfTheInput.
func TestSummaryDoesNotDependOnTheOrderOfTheInput(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 20).Draw(t, "n")
		turns := make([]measures.Turn, n)
		for i := range turns {
			turns[i] = measures.Turn{
				Group: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "group"), Place: i + 1, Present: true,
				OfferedMS: rapid.Int64Range(0, 300).Draw(t, "offered") * 1000, UsedMS: rapid.Int64Range(0, 300).Draw(t, "used") * 1000,
				RequestMS: rapid.Int64Range(0, 300).Draw(t, "request") * 1000,
			}
		}
		a := measures.Summarise(turns)
		b := measures.Summarise(rapid.Permutation(turns).Draw(t, "shuffled"))
		if a.Heard != b.Heard || a.LongestOfferedMS != b.LongestOfferedMS || a.GroupPrefixError != b.GroupPrefixError {
			t.Fatalf("%+v\n%+v", a, b)
		}
		for _, d := range []float64{a.JainOffered - b.JainOffered, a.Gini - b.Gini, a.JainEntitlement - b.JainEntitlement, a.LoosemoreHanby - b.LoosemoreHanby} {
			if d > 1e-9 || d < -1e-9 {
				t.Fatalf("%+v\n%+v", a, b)
			}
		}
	})
}
