package allocate_test

import (
	"errors"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/fairness/allocate"
)

// oracle fills as fairness.md says it in words, with exact fractions: fill; a
// group over its cap is filled alone at the cap and frozen; refill the rest.
// It shares no code and no idea with the bisection: each round raises the
// water from one claim's bound to the next.
func oracle(capacityMS int64, claims []allocate.Claim, caps []int64) []*big.Rat {
	shares := make([]*big.Rat, len(claims))
	left := big.NewRat(capacityMS, 1)
	rest := make([]int, len(claims))
	for i := range claims {
		rest[i] = i
	}
	for {
		got := pour(left, claims, rest)
		// The group furthest over its cap first: filling the rest again can only
		// raise the others.
		worst, ratio := -1, new(big.Rat)
		for g, most := range caps {
			sum, lows := new(big.Rat), new(big.Rat)
			for k, i := range rest {
				if int(claims[i].Group) == g {
					sum.Add(sum, got[k])
					lows.Add(lows, big.NewRat(claims[i].MinMS, 1))
				}
			}
			over := new(big.Rat).Sub(sum, big.NewRat(max(most, 0), 1))
			if most >= 0 && over.Sign() > 0 && (worst < 0 || over.Cmp(ratio) > 0) {
				worst, ratio = g, over
			}
		}
		if worst < 0 {
			for k, i := range rest {
				shares[i] = got[k]
			}
			return shares
		}
		var members, others []int
		for _, i := range rest {
			if int(claims[i].Group) == worst {
				members = append(members, i)
			} else {
				others = append(others, i)
			}
		}
		most := big.NewRat(caps[worst], 1)
		for k, share := range pour(most, claims, members) {
			shares[members[k]] = share
		}
		left.Sub(left, most)
		rest = others
	}
}

// pour finds the exact level for some claims without caps: between two bounds
// the total is a line, so the level is where that line meets what there is.
func pour(what *big.Rat, claims []allocate.Claim, who []int) []*big.Rat {
	at := func(level *big.Rat) ([]*big.Rat, *big.Rat, *big.Rat) {
		shares, sum, slope := make([]*big.Rat, len(who)), new(big.Rat), new(big.Rat)
		for k, i := range who {
			c := &claims[i]
			weight := big.NewRat(c.Weight, allocate.Whole)
			x := new(big.Rat).Mul(weight, level)
			low, high := big.NewRat(c.MinMS, 1), big.NewRat(c.MaxMS, 1)
			switch {
			case x.Cmp(low) < 0:
				x = low
			case x.Cmp(high) >= 0:
				x = high
			default:
				slope.Add(slope, weight)
			}
			shares[k] = x
			sum.Add(sum, x)
		}
		return shares, sum, slope
	}
	// The bounds, as levels: the total bends nowhere else.
	level := new(big.Rat)
	for {
		shares, sum, slope := at(level)
		var next *big.Rat
		for _, i := range who {
			c := &claims[i]
			for _, bound := range []int64{c.MinMS, c.MaxMS} {
				bend := new(big.Rat).Quo(big.NewRat(bound, 1), big.NewRat(c.Weight, allocate.Whole))
				if bend.Cmp(level) > 0 && (next == nil || bend.Cmp(next) < 0) {
					next = bend
				}
			}
		}
		if next == nil {
			return shares
		}
		_, above, _ := at(next)
		if above.Cmp(what) <= 0 {
			level = next
			continue
		}
		if slope.Sign() > 0 {
			step := new(big.Rat).Sub(what, sum)
			level = new(big.Rat).Add(level, step.Quo(step, slope))
			shares, _, _ = at(level)
		}
		return shares
	}
}

// TestFillIsWhatTheWordsSay: weighted max-min with minimum, maximum and group
// caps, against exact fractions; whole milliseconds may differ by less than
// what rounding can move, one for the share and one for the remainder.
func TestFillIsWhatTheWordsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		capacity, claims, caps := problemOf(t)
		out := make([]int64, len(claims))
		_, err := new(allocate.Filler).Fill(capacity, claims, caps, out)
		var short *allocate.Infeasible
		if errors.As(err, &short) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		two := big.NewRat(2, 1)
		for i, want := range oracle(capacity, claims, caps) {
			d := new(big.Rat).Sub(big.NewRat(out[i], 1), want)
			if d.Abs(d).Cmp(two) >= 0 {
				t.Fatalf("claim %d has %d ms, the words give %s: capacity %d, claims %+v, caps %v", i, out[i], want.FloatString(3), capacity, claims, caps)
			}
		}
	})
}

// TestNoAllocationInTheHotPath: a Filler that has seen a list of that length
// takes no memory, with caps and without, when it fits and when it does not.
func TestNoAllocationInTheHotPath(t *testing.T) {
	for _, groups := range []int{0, 8, 1_000} {
		claims, caps := crowd(10_000, groups)
		out := make([]int64, len(claims))
		var f allocate.Filler
		for _, capacity := range []int64{80_000_000, 5} {
			fill := func() { _, _ = f.Fill(capacity, claims, caps, out) }
			fill()
			if n := testing.AllocsPerRun(3, fill); n != 0 {
				t.Errorf("%d groups, capacity %d: %v allocations", groups, capacity, n)
			}
		}
	}
}
