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
	"slices"

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

// total is the sum of chance times share in parts per million of a
// microsecond, or anything above limit as soon as it passes it: stopping
// there keeps the sum far from overflowing.
func (f *Filler) total(levelUS, limit int64, claims []Claim, caps []int64) int64 {
	var sum int64
	if len(caps) == 0 {
		for i := range claims {
			sum += claims[i].Chance * share(&claims[i], levelUS)
			if sum > limit {
				return sum
			}
		}
		return sum
	}
	clear(f.groupSums)
	for i := range claims {
		c := &claims[i]
		x := c.Chance * share(c, levelUS)
		if c.Group == NoGroup || caps[c.Group] < 0 {
			sum += x
			if sum > limit {
				return sum
			}
			continue
		}
		// A group counts with its cap at most, so adding stops there.
		if most := caps[c.Group] * micro * Whole; f.groupSums[c.Group] < most {
			before := f.groupSums[c.Group]
			f.groupSums[c.Group] = min(before+x, most)
			sum += f.groupSums[c.Group] - before
			if sum > limit {
				return sum
			}
		}
	}
	return sum
}

// feasible says whether the minimums fit the capacity and every cap.
func (f *Filler) feasible(capacityMS int64, claims []Claim, caps []int64) error {
	var needed int64 // in ppm of a millisecond: 10,000 x 24 h x 1e6 fits int64
	clear(f.groupSums)
	for i := range claims {
		x := claims[i].Chance * claims[i].MinMS
		needed += x
		if g := claims[i].Group; g != NoGroup {
			f.groupSums[g] += x
		}
	}
	for g := range caps {
		if caps[g] >= 0 && f.groupSums[g] > caps[g]*Whole {
			f.short = Infeasible{CapacityMS: caps[g], NeededMS: (f.groupSums[g] + Whole - 1) / Whole, Group: int32(g)}
			return &f.short
		}
	}
	if needed > capacityMS*Whole {
		f.short = Infeasible{CapacityMS: capacityMS, NeededMS: (needed + Whole - 1) / Whole, Group: NoGroup}
		return &f.short
	}
	return nil
}

// level finds the highest level whose total is within the capacity: a bisection
// whose probes are guessed from the slope, which finds the same level in a
// quarter of the steps. Every second probe halves the bracket, so that no list
// can make it slow.
func (f *Filler) level(capacityMS int64, claims []Claim, caps []int64) Level {
	top := highest(claims)
	limit := limitOf(capacityMS)
	if f.total(top, limit, claims, caps) <= limit {
		return Level{US: top, Full: true}
	}
	low, high := int64(0), top // total(low) <= limit < total(high)
	probe := top
	if all := slope(claims, 0, true); all > 0 && len(caps) == 0 {
		probe = limit / all
	}
	for step := 0; high-low > 1; step++ {
		probe = max(low+1, min(probe, high-1))
		sum := f.total(probe, limit, claims, caps)
		if sum > limit {
			high = probe
			probe = low + (high-low)/2
			continue
		}
		low = probe
		probe = low + (high-low)/2
		if len(caps) > 0 || step%2 == 1 {
			continue // a capped group bends the slope: guesses would mislead
		}
		if s := slope(claims, low, false); s > 0 {
			// One further than the guess would still fit if no claim came to
			// life before it; then the next probe closes the bracket.
			probe = low + (limit-sum)/s + 1
		}
	}
	return Level{US: low}
}

// slope is about how much the total grows per microsecond of level, counting
// the claims between their bounds, or all of them.
func slope(claims []Claim, levelUS int64, all bool) int64 {
	var sum int64
	for i := range claims {
		c := &claims[i]
		if us := share(c, levelUS); all || us < c.MaxMS*micro && (us > c.MinMS*micro || c.MinMS == 0) {
			sum += c.Chance * c.Weight / Whole
		}
	}
	return sum
}

// limitOf is a capacity in parts per million of a microsecond.
// A hundred days are 8.64e18 of them, and one claim more still fits int64.
func limitOf(capacityMS int64) int64 {
	return min(capacityMS, MostCapacityMS) * micro * Whole
}

// highest is a level at which every claim is at its maximum.
func highest(claims []Claim) int64 {
	var top int64
	for i := range claims {
		top = max(top, levelFor(claims[i].MaxMS, claims[i].Weight))
	}
	return top
}

// reached is the highest level of the shares given: a capped group's maximums
// say nothing about it.
func reached(claims []Claim, out []int64) int64 {
	var top int64
	for i := range claims {
		top = max(top, levelFor(out[i], claims[i].Weight))
	}
	return top
}

// levelFor is the least level at which a weight gives a share: rounded up, so
// that weight times level reaches it.
func levelFor(shareMS, weight int64) int64 {
	hi, lo := bits.Mul64(uint64(shareMS*micro), uint64(Whole))
	q, r := bits.Div64(hi, lo, uint64(weight))
	if r > 0 {
		q++
	}
	return int64(q)
}

// shares writes whole milliseconds: the level's shares rounded down, and what
// is left by largest remainder, ties by place in the list.
func (f *Filler) shares(level Level, capacityMS int64, claims []Claim, caps []int64, out []int64, exact bool) {
	free := f.freeze(level, claims, caps)
	pool := capacityMS
	for i := range claims {
		c := &claims[i]
		exact = exact && c.Chance == Whole
		at := level.US
		if len(caps) > 0 && c.Group != NoGroup && f.capped[c.Group] {
			at = f.groupUS[c.Group]
		}
		us := share(c, at)
		out[i] = us / micro
		f.rest[i] = us % micro
		if c.MinMS > 0 && share(c, at+1) == c.MinMS*micro {
			f.rest[i] = held // its minimum is more than the level would give
		}
		pool -= out[i]
	}
	if !exact {
		return
	}
	if len(caps) > 0 {
		for g := range caps {
			if f.capped[g] {
				pool -= f.settle(int32(g), claims, caps, out)
			}
		}
	}
	if free {
		f.distribute(pool, claims, out, caps)
	}
}

// freeze finds the level of each group that would pass its cap at the common
// level, and says whether any claim is left outside of those groups.
func (f *Filler) freeze(level Level, claims []Claim, caps []int64) bool {
	if len(caps) == 0 {
		return true
	}
	clear(f.groupSums)
	clear(f.capped)
	free := false
	for i := range claims {
		c := &claims[i]
		if c.Group == NoGroup || caps[c.Group] < 0 {
			free = true
			continue
		}
		// Saturating just above the cap says all that is asked.
		f.groupSums[c.Group] = min(f.groupSums[c.Group]+c.Chance*share(c, level.US), limitOf(caps[c.Group])+1)
	}
	some := false
	for g := range caps {
		f.capped[g] = caps[g] >= 0 && f.groupSums[g] > limitOf(caps[g])
		some = some || f.capped[g]
		free = free || !f.capped[g]
	}
	if some {
		f.groupLevels(level, claims, caps)
	}
	return free
}

// groupLevels bisects the levels of all capped groups at once, so that a
// thousand groups cost no more than one.
func (f *Filler) groupLevels(level Level, claims []Claim, caps []int64) {
	clear(f.groupUS) // the minimums fit, so level 0 always does
	step := int64(1)
	for step <= level.US {
		step <<= 1
	}
	for ; step > 0; step >>= 1 {
		clear(f.groupSums)
		for i := range claims {
			c := &claims[i]
			if c.Group == NoGroup || !f.capped[c.Group] {
				continue
			}
			x := c.Chance * share(c, f.groupUS[c.Group]+step)
			f.groupSums[c.Group] = min(f.groupSums[c.Group]+x, limitOf(caps[c.Group])+1)
		}
		for g := range caps {
			if f.capped[g] && f.groupSums[g] <= limitOf(caps[g]) {
				f.groupUS[g] += step
			}
		}
	}
}

// held marks a claim that its minimum lifts above the level: it is the last
// to be given what rounding left.
const held int64 = -1

// settle gives a capped group what rounding left under its cap, and answers
// how many milliseconds that were.
func (f *Filler) settle(group int32, claims []Claim, caps []int64, out []int64) int64 {
	f.order = f.order[:0]
	left := caps[group]
	for i := range claims {
		if claims[i].Group == group {
			left -= out[i]
			f.order = append(f.order, int32(i))
		}
	}
	return left - f.give(left, claims, nil, out)
}

// distribute gives the rest of the pool to the claims of groups not capped,
// without lifting any group over its cap.
func (f *Filler) distribute(pool int64, claims []Claim, out []int64, caps []int64) {
	f.order = f.order[:0]
	clear(f.groupSums)
	for i := range claims {
		if g := claims[i].Group; g != NoGroup {
			if f.capped[g] {
				continue
			}
			f.groupSums[g] += out[i]
		}
		f.order = append(f.order, int32(i))
	}
	f.give(pool, claims, caps, out)
}

// give hands out single milliseconds to the claims in f.order, largest
// remainder first, ties by place, never above a maximum or a cap. It answers
// what nobody could take.
func (f *Filler) give(left int64, claims []Claim, caps []int64, out []int64) int64 {
	if left <= 0 {
		return left
	}
	slices.SortFunc(f.order, func(a, b int32) int {
		if f.rest[a] != f.rest[b] {
			return int(f.rest[b] - f.rest[a])
		}
		return int(a - b)
	})
	// Rounding loses less than a millisecond per claim, so one pass is enough
	// unless maximums stop it; then the list is gone through again, and only
	// at the very end by those whom their minimum already lifts.
	for least := int64(0); least >= held; least-- {
		for gave := true; left > 0 && gave; {
			gave = false
			for _, i := range f.order {
				if left == 0 {
					break
				}
				if out[i] >= claims[i].MaxMS || f.rest[i] < least {
					continue
				}
				if g := claims[i].Group; len(caps) > 0 && g != NoGroup {
					if caps[g] >= 0 && f.groupSums[g] >= caps[g] {
						continue
					}
					f.groupSums[g]++
				}
				out[i]++
				left--
				gave = true
			}
		}
	}
	return left
}
