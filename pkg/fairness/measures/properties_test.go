package measures_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/fairness/measures"
)

// anyValues draws seconds of different people.
func anyValues(t *rapid.T) []float64 {
	return rapid.SliceOfN(rapid.Float64Range(0, 600), 1, 30).Draw(t, "values")
}

// TestMovingASecondFromRichToPoor makes every measure of inequality better, or
// leaves it: the principle of transfers (Pigou, Dalton).
func TestMovingASecondFromRichToPoor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := anyValues(t)
		poor, rich := slices.Index(values, slices.Min(values)), slices.Index(values, slices.Max(values))
		gap := values[rich] - values[poor]
		moved := slices.Clone(values)
		d := rapid.Float64Range(0, .5).Draw(t, "part") * gap
		moved[rich] -= d
		moved[poor] += d
		const noise = 1e-9
		if measures.Jain(moved) < measures.Jain(values)-noise {
			t.Fatalf("Jain fell from %v to %v", measures.Jain(values), measures.Jain(moved))
		}
		if measures.Gini(moved) > measures.Gini(values)+noise {
			t.Fatalf("Gini rose from %v to %v", measures.Gini(values), measures.Gini(moved))
		}
		if measures.Theil(moved) > measures.Theil(values)+noise {
			t.Fatalf("Theil rose from %v to %v", measures.Theil(values), measures.Theil(moved))
		}
	})
}

// TestTwiceAsManyPeopleMeasureTheSame, and the order of people does not matter.
func TestTwiceAsManyPeopleMeasureTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := anyValues(t)
		twice := append(slices.Clone(values), values...)
		turned := slices.Clone(values)
		slices.Reverse(turned)
		for name, f := range map[string]func([]float64) float64{"Jain": measures.Jain, "Gini": measures.Gini, "Theil": measures.Theil} {
			if a, b, c := f(values), f(twice), f(turned); math.Abs(a-b) > 1e-9 || math.Abs(a-c) > 1e-9 {
				t.Fatalf("%s of %v is %v, of twice as many %v, turned round %v", name, values, a, b, c)
			}
		}
	})
}

// TestGiniIsTheMeanDifference over twice the mean, pair by pair.
func TestGiniIsTheMeanDifference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := anyValues(t)
		var sum, differences float64
		for _, a := range values {
			sum += a
			for _, b := range values {
				differences += math.Abs(a - b)
			}
		}
		want := 0.
		if sum > 0 {
			want = differences / (2 * float64(len(values)) * sum)
		}
		if got := measures.Gini(values); math.Abs(got-want) > 1e-9 {
			t.Fatalf("Gini of %v is %v, pair by pair %v", values, got, want)
		}
	})
}

// TestGroupPrefixErrorFollowsWhoActuallySpoke: of two groups of two in turn
// the error is half a slot; when the first group speaks twice at once it is a
// whole one; who was not heard takes no place in it, but stays in the sizes.
func TestGroupPrefixErrorFollowsWhoActuallySpoke(t *testing.T) {
	session := func(order ...int) float64 {
		turns := make([]measures.Turn, 4)
		for i := range turns {
			turns[i] = measures.Turn{Group: fmt.Sprint(i / 2), Present: true}
		}
		for k, who := range order {
			turns[who].Place, turns[who].OfferedMS, turns[who].UsedMS = k+1, 60_000, 60_000
		}
		return measures.Summarise(turns).GroupPrefixError
	}
	for _, c := range []struct {
		order []int
		want  float64
	}{
		{[]int{0, 2, 1, 3}, .5},
		{[]int{0, 1, 2, 3}, 1},
		{[]int{2, 3, 0, 1}, 1},
		{[]int{0, 2}, .5},
		{[]int{0, 1}, 1},
		{[]int{3}, .5},
		{nil, 0},
	} {
		if got := session(c.order...); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("order %v: %v, want %v", c.order, got, c.want)
		}
	}
}
