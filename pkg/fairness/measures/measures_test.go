package measures_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/fairness/measures"
)

func near(t *testing.T, name string, got, want, within float64) {
	t.Helper()
	if math.Abs(got-want) > within || math.IsNaN(got) {
		t.Errorf("%s is %.6f, want %.6f", name, got, want)
	}
}

func TestPublishedExamples(t *testing.T) {
	near(t, "Jain of 1, 3, 5", measures.Jain([]float64{1, 3, 5}), .7714, .0001)
	near(t, "Jain of 1, 4, 5", measures.Jain([]float64{1, 4, 5}), .7937, .0001)
	// 32 of 53 served equally cannot exceed 0.604.
	served := make([]float64, 53)
	for i := range 32 {
		served[i] = 120
	}
	near(t, "Jain of 32 of 53", measures.Jain(served), 32./53, 1e-12)
	near(t, "Gini of 1, 2, 3, 4", measures.Gini([]float64{4, 1, 3, 2}), .25, 1e-12)
	near(t, "Gini of one who has all", measures.Gini([]float64{0, 0, 0, 1}), .75, 1e-12)
	near(t, "Theil of one who has all", measures.Theil([]float64{0, 0, 0, 1}), math.Log(4), 1e-12)
	near(t, "Theil of 1, 3", measures.Theil([]float64{1, 3}), (.5*math.Log(.5)+1.5*math.Log(1.5))/2, 1e-12)
	near(t, "Loosemore-Hanby", measures.LoosemoreHanby([]float64{50, 30, 20}, []float64{6, 4, 0}), .2, 1e-12)
}

func TestNothingAndOne(t *testing.T) {
	for name, values := range map[string][]float64{"nobody": {}, "one": {7}, "zeros": {0, 0, 0}} {
		near(t, "Jain of "+name, measures.Jain(values), 1, 0)
		near(t, "Gini of "+name, measures.Gini(values), 0, 1e-12)
		near(t, "Theil of "+name, measures.Theil(values), 0, 1e-12)
	}
	near(t, "Loosemore-Hanby of nothing", measures.LoosemoreHanby([]float64{1, 2}, []float64{0, 0}), 0, 0)
	near(t, "prefix error of nothing", measures.PrefixError(nil, nil), 0, 0)
	near(t, "quantile of nothing", measures.Quantile(nil, .5), 0, 0)
	near(t, "the last quantile", measures.Quantile([]float64{1, 2, 3}, 1), 3, 0)
	near(t, "between two", measures.Quantile([]float64{1, 2}, .25), 1.25, 1e-12)
}

// TestRangesAndScale: all lie in their ranges, do not depend on the unit or
// the order, and giving from one with more to one with less never makes them
// worse (Pigou-Dalton).
func TestRangesAndScale(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.SliceOfN(rapid.IntRange(0, 1000), 2, 30).Draw(t, "values")
		values, scaled := make([]float64, len(raw)), make([]float64, len(raw))
		for i, v := range raw {
			values[i], scaled[i] = float64(v), float64(v)*1000
		}
		n := float64(len(values))
		j, g, h := measures.Jain(values), measures.Gini(values), measures.Theil(values)
		if j < 1/n-1e-12 || j > 1+1e-12 || g < -1e-12 || g > 1-1/n+1e-12 || h < -1e-12 || h > math.Log(n)+1e-12 {
			t.Fatalf("out of range: %v %v %v", j, g, h)
		}
		slices.Reverse(scaled)
		if math.Abs(measures.Jain(scaled)-j) > 1e-9 || math.Abs(measures.Gini(scaled)-g) > 1e-9 || math.Abs(measures.Theil(scaled)-h) > 1e-9 {
			t.Fatal("the unit or the order matters")
		}
		low := slices.Index(values, slices.Min(values))
		high := slices.Index(values, slices.Max(values))
		if gap := values[high] - values[low]; gap >= 2 {
			values[high]--
			values[low]++
			if measures.Jain(values) < j-1e-12 || measures.Gini(values) > g+1e-12 || measures.Theil(values) > h+1e-12 {
				t.Fatal("sharing made it less equal")
			}
		}
	})
}

func TestEntitlementsAreAMaxMinFillOfWhatWasUsed(t *testing.T) {
	for _, c := range []struct {
		name                 string
		used, requests, want []int64
	}{
		{"Keshav", []int64{10_000, 0, 0, 0}, []int64{2_000, 2_600, 4_000, 5_000}, []int64{2_000, 2_600, 2_700, 2_700}},
		{"no limits", []int64{30, 60}, []int64{0, 0}, []int64{45, 45}},
		{"all had what they asked for", []int64{50, 70}, []int64{60, 60}, []int64{60, 60}},
		{"nobody", nil, nil, []int64{}},
		{"nothing used is entitled to nothing", []int64{0, 0}, []int64{60, 60}, []int64{0, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := measures.Entitlements(c.used, c.requests); !slices.Equal(got, c.want) {
				t.Errorf("entitled to %v, want %v", got, c.want)
			}
		})
	}
	// Those entitled to nothing are left out.
	if got := measures.Ratios([]float64{30, 10, 5}, []float64{60, 0, 5}); !slices.Equal(got, []float64{.5, 1}) {
		t.Errorf("ratios %v", got)
	}
}

func TestPrefixError(t *testing.T) {
	near(t, "two groups in turn", measures.PrefixError([]int64{2, 2}, []int{0, 1, 0, 1}), .5, 1e-12)
	near(t, "one group first", measures.PrefixError([]int64{2, 2}, []int{0, 0, 1, 1}), 1, 1e-12)
}
