package allocate

import "slices"

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
