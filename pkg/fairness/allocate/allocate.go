// Package allocate divides time by weighted max-min fairness.
//
// It guarantees, in integers: no share below its minimum or above its maximum
// or its group above its cap; nobody can be given more without taking from
// somebody whose weighted share is not larger; shares that sum exactly to
// min(capacity, what can be taken) when every chance is one; ties broken by
// place in the list; the same input gives the same output on every processor;
// and no memory is allocated once a Filler has seen a list of that length.
//
// The method is a bisection over the level: the total taken at a level never
// falls as the level rises, with group caps as well, so one bisection finds
// the level at which "fill; a group over its cap is filled alone at the cap
// and frozen; refill the rest" (fairness.md) comes to rest. The published
// examples are Keshav's (An Engineering Approach to Computer Networking, 9.4).
package allocate

import (
	"fmt"
	"math/bits"

	"github.com/fairfloor/fairfloor/pkg/problem"
)

const (
	// Whole is one, in parts per million: the unit of weights and chances.
	Whole int64 = 1_000_000
	// MostMS is the longest time that is understood, 24 hours.
	MostMS int64 = 24 * 3_600_000
	// MostCapacityMS is the greatest capacity that is understood, 100 days.
	MostCapacityMS int64 = 100 * MostMS
	// MostWeight is the greatest weight that is understood, in parts per million.
	MostWeight int64 = 1_000 * Whole
	// NoGroup marks a claim that belongs to no capped group.
	NoGroup int32 = -1

	// The level is searched in microseconds, a thousandth of what comes out,
	// so that remainders are known well enough to be compared.
	micro int64 = 1_000
)

// Claim is what one entry may be given.
type Claim struct {
	// Weight in parts per million, 1 to MostWeight: shares of entries between
	// their bounds stand to each other as their weights.
	Weight int64
	// MinMS and MaxMS bound the share, 0 <= MinMS <= MaxMS <= MostMS.
	MinMS, MaxMS int64
	// Chance that the share is used at all, in parts per million, 0 to Whole:
	// it counts in the sum with this part.
	Chance int64
	// Group is an index into the caps, or NoGroup.
	Group int32
}

// Level says how high the water stands.
type Level struct {
	// US is the level in microseconds for weight 1, rounded down.
	US int64
	// Full says that every claim is at its maximum or its group at its cap:
	// more time would help nobody.
	Full bool
}

// MS is the level in whole milliseconds, rounded down.
func (l Level) MS() int64 { return l.US / micro }

// Infeasible says that even the minimums do not fit.
type Infeasible struct {
	// CapacityMS is what there is, NeededMS what the minimums need.
	CapacityMS, NeededMS int64
	// Group is the group whose cap is too small, or NoGroup for the whole.
	Group int32
}

// Error says how much is missing.
func (e *Infeasible) Error() string {
	return fmt.Sprintf("allocate: the minimums need %d ms and there are %d ms", e.NeededMS, e.CapacityMS)
}

// Filler keeps the memory that filling needs, so that the next filling of a
// list of the same length allocates nothing. It is not safe for two
// goroutines at once; the zero value is ready.
type Filler struct {
	groupSums []int64
	capped    []bool
	groupUS   []int64
	order     []int32
	rest      []int64
	short     Infeasible
}

// Fill computes the shares into out, which has the length of claims. caps
// holds one cap in milliseconds for each group, negative for none; it may be
// nil. When every chance is Whole the shares sum to min(capacity, what can be
// taken); otherwise the sum of chance times share is at most the capacity and
// less than it by under one millisecond per claim. An *Infeasible stands until
// the next Fill of the same Filler.
func (f *Filler) Fill(capacityMS int64, claims []Claim, caps []int64, out []int64) (Level, error) {
	return f.fill(capacityMS, claims, caps, out, true)
}

// FillDown is Fill without handing out what rounding down to milliseconds left
// over: each share is below its exact one by less than a millisecond. It is for
// those who round further down, to whole seconds.
func (f *Filler) FillDown(capacityMS int64, claims []Claim, caps []int64, out []int64) (Level, error) {
	return f.fill(capacityMS, claims, caps, out, false)
}

func (f *Filler) fill(capacityMS int64, claims []Claim, caps []int64, out []int64, exact bool) (Level, error) {
	if err := check(capacityMS, claims, caps); err != nil {
		return Level{}, err
	}
	f.reset(len(claims), len(caps))
	if err := f.feasible(capacityMS, claims, caps); err != nil {
		return Level{}, err
	}
	level := f.level(capacityMS, claims, caps)
	f.shares(level, capacityMS, claims, caps, out, exact)
	if level.Full {
		level.US = reached(claims, out)
	}
	return level, nil
}

// check refuses what would overflow or has no meaning, naming the field.
func check(capacityMS int64, claims []Claim, caps []int64) error {
	if capacityMS < 0 || capacityMS > MostCapacityMS {
		return problem.Field("capacity_ms", "%d is outside 0..%d", capacityMS, MostCapacityMS)
	}
	for i := range claims {
		c := &claims[i]
		switch {
		case c.Weight < 1 || c.Weight > MostWeight:
			return problem.Field(field(i, "weight"), "the weight is outside 0.000001..1000")
		case c.MinMS < 0 || c.MinMS > MostMS:
			return problem.Field(field(i, "min_ms"), "%d is not between 0 and 24 hours", c.MinMS)
		case c.MaxMS < 0 || c.MaxMS > MostMS:
			return problem.Field(field(i, "max_ms"), "%d is not between 0 and 24 hours", c.MaxMS)
		case c.MinMS > c.MaxMS:
			return problem.Field(field(i, "min_ms"), "%d is above max_ms %d", c.MinMS, c.MaxMS)
		case c.Chance < 0 || c.Chance > Whole:
			return problem.Field(field(i, "chance_ppm"), "%d is outside 0..%d", c.Chance, Whole)
		case c.Group < NoGroup || int(c.Group) >= len(caps) && c.Group != NoGroup:
			return problem.Field(field(i, "group"), "the group has no cap")
		}
	}
	for g := range caps {
		if caps[g] > MostCapacityMS {
			return problem.Field(fmt.Sprintf("group_caps_ms[%d]", g), "%d is above %d", caps[g], MostCapacityMS)
		}
	}
	return nil
}

// field is the path of a claim's field.
func field(i int, name string) string { return fmt.Sprintf("entries[%d].%s", i, name) }

// reset makes the scratch memory large enough.
func (f *Filler) reset(claims, groups int) {
	f.groupSums = grow(f.groupSums, groups)
	f.capped = grow(f.capped, groups)
	f.groupUS = grow(f.groupUS, groups)
	f.order = grow(f.order, claims)[:0]
	f.rest = grow(f.rest, claims)
}

// grow gives a slice of length n, keeping the memory where it suffices.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/4)
	}
	return s[:n]
}

// share is what a claim takes at a level, in microseconds.
func share(c *Claim, levelUS int64) int64 {
	hi, lo := bits.Mul64(uint64(c.Weight), uint64(levelUS))
	most := c.MaxMS * micro
	if hi != 0 {
		return most
	}
	// Division by a constant: the compiler turns it into a multiplication.
	us := int64(lo / uint64(Whole))
	return max(c.MinMS*micro, min(us, most))
}
