// Package estimate learns from a session, while it runs, how long turns and
// handovers really are, and says so in integers.
//
// It guarantees that the same counts and sums give the same result on every
// processor: parts per million in int64 and an integer square root, because
// floating point results may differ between processors (decisions.md 22).
// Both estimators are shrunk towards a prior, so the first odd turn of a
// session moves nobody's allotment by more than a few seconds.
package estimate

// Whole is one, in parts per million.
const Whole int64 = 1_000_000

// The priors of fairness.md: how many imaginary observations they weigh, and
// their value.
const (
	// UsePriorTurns is the weight of the prior of the use ratio, in turns.
	UsePriorTurns int64 = 8
	// UsePriorPPM is the prior of used over allotted.
	UsePriorPPM int64 = 1_020_000
	// HandoverPriorCount is the weight of the prior of the handover.
	HandoverPriorCount int64 = 6
	// HandoverPriorMS is the prior of the handover, in milliseconds.
	HandoverPriorMS int64 = 11_000
	// UseLeastPPM is the least use ratio believed.
	UseLeastPPM int64 = 500_000
	// UseMostPPM is the greatest use ratio believed where nothing ends a turn.
	UseMostPPM int64 = 2_000_000
	// HandoverLeastMS is the shortest mean handover believed.
	HandoverLeastMS int64 = 3_000
	// ShowPriorPPM is the chance that somebody of whom nothing is known
	// speaks when called.
	ShowPriorPPM int64 = 930_000
	// ShowPriorCount is the weight of that prior, in calls.
	ShowPriorCount int64 = 20
	// ReportedAbsentPPM is the chance of somebody who was reported absent and
	// is expected back.
	ReportedAbsentPPM int64 = 500_000
)

// Use is what is known of used over allotted. Only turns that stand count,
// and only those whose length the speaker determined.
type Use struct {
	// Turns is how many turns were counted.
	Turns int64 `json:"turns"`
	// SumPPM is the sum over those turns of used/allotted, in parts per million.
	SumPPM int64 `json:"sum_ppm"`
}

// Add counts one finished turn. A turn with nothing allotted is left out, as
// its ratio has no meaning.
func (u Use) Add(usedMS, allottedMS int64) Use {
	if allottedMS <= 0 || usedMS < 0 {
		return u
	}
	return Use{Turns: u.Turns + 1, SumPPM: u.SumPPM + usedMS*Whole/allottedMS}
}

// PPM is (8*1.02 + sum)/(8+n), not clipped.
func (u Use) PPM() int64 {
	return (UsePriorTurns*UsePriorPPM + u.SumPPM) / (UsePriorTurns + u.Turns)
}

// Clipped is PPM within [.5, most].
func (u Use) Clipped(mostPPM int64) int64 { return Clip(u.PPM(), UseLeastPPM, mostPPM) }

// MostUsePPM is 1 + grace/allotment: where the floor ends after the grace,
// nobody can use more (decisions.md 22).
func MostUsePPM(graceMS, allotmentMS int64) int64 {
	if allotmentMS <= 0 {
		return UseMostPPM
	}
	return min(UseMostPPM, Whole+graceMS*Whole/allotmentMS)
}

// Handover is what is known of the dead time between two turns. An assumed
// beginning is not evidence and does not count (decisions.md 13).
type Handover struct {
	// Count is how many handovers were measured.
	Count int64 `json:"count"`
	// SumMS is their sum in milliseconds.
	SumMS int64 `json:"sum_ms"`
}

// Add counts one measured handover; a negative one is left out.
func (h Handover) Add(ms int64) Handover {
	if ms < 0 {
		return h
	}
	return Handover{Count: h.Count + 1, SumMS: h.SumMS + ms}
}

// MS is (6*11 s + sum)/(6+n) within [3 s, most].
func (h Handover) MS(mostMS int64) int64 {
	return Clip((HandoverPriorCount*HandoverPriorMS+h.SumMS)/(HandoverPriorCount+h.Count), HandoverLeastMS, max(mostMS, HandoverLeastMS))
}

// Silence is what calls without an answer cost: each costs the longest wait.
type Silence struct {
	// Turns and Calls are how many turns began, and how many calls had no
	// answer, so far.
	Turns, Calls int64
}

// The prior of silence: a call without an answer for every sixth turn. 7 % do
// not come, and each of them is called up to three times.
const (
	SilencePriorTurns int64 = 8
	SilencePriorPPM   int64 = 170_000
)

// MS is the dead time to expect per turn because of it, in milliseconds, when
// a call is given up after waitMS.
func (s Silence) MS(waitMS int64) int64 {
	return waitMS * (SilencePriorTurns*SilencePriorPPM + s.Calls*Whole) / (SilencePriorTurns + s.Turns) / Whole
}

// Pause is what interruptions cost: points of order, trouble with the sound,
// whatever stops a turn's clock or comes between turns.
type Pause struct {
	// SumMS is their sum, each counted with PauseMostMS at most: one long
	// interruption does not mean that more of them will come.
	SumMS int64 `json:"sum_ms"`
}

const (
	// PausePriorTurns is the weight of the reserve as a prior, in turns.
	PausePriorTurns int64 = 16
	// PauseMostMS is the most that one interruption counts for.
	PauseMostMS int64 = 60_000
)

// Add counts one interruption; a negative one is left out.
func (p Pause) Add(ms int64) Pause {
	if ms > 0 {
		p.SumMS += min(ms, PauseMostMS)
	}
	return p
}

// MS is the interruption to expect per turn: the reserve spread evenly over
// the entries is the prior, what happened in so many turns the evidence.
func (p Pause) MS(reserveMS, entries, turns int64) int64 {
	if entries <= 0 {
		return 0
	}
	return (PausePriorTurns*reserveMS/entries + p.SumMS) / (PausePriorTurns + turns)
}

// Show is what is known of calls that were answered.
type Show struct {
	// Calls is how many people of whom nothing was known were called.
	Calls int64 `json:"calls"`
	// Answered is how many of them spoke.
	Answered int64 `json:"answered"`
}

// PPM is the chance that the next one of whom nothing is known will speak.
func (s Show) PPM() int64 {
	return (ShowPriorCount*ShowPriorPPM + s.Answered*Whole) / (ShowPriorCount + s.Calls)
}

// Clip puts value within [least, most].
func Clip(value, least, most int64) int64 { return max(least, min(value, most)) }

// Sqrt is the largest r with r*r <= n; zero for n <= 0. Newton's method in
// integers, from above, so it ends at the floor.
func Sqrt(n int64) int64 {
	if n <= 0 {
		return 0
	}
	// A start above the root: half of the bits, rounded up.
	bits := 0
	for v := n; v > 0; v >>= 1 {
		bits++
	}
	r := int64(1) << ((bits + 1) / 2)
	for {
		next := (r + n/r) / 2
		if next >= r {
			return r
		}
		r = next
	}
}
