package allocate

import "math/bits"

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
