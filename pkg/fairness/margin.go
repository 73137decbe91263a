package fairness

import (
	"github.com/fairfloor/fairfloor/pkg/fairness/allocate"
	"github.com/fairfloor/fairfloor/pkg/fairness/estimate"
)

const (
	// MarginSigmaMS is the spread of interruptions for which the level keeps
	// time, per square root of a turn: 1.6 standard deviations of what points
	// of order and trouble with the sound cost a turn in fairness.md (12.4 s).
	MarginSigmaMS int64 = 20_000
	// unevenness is the spread of a turn's length in units of the mean overrun:
	// who overruns on average, overruns unevenly (measured in the simulator).
	unevenness int64 = 2
)

// margin is what the level and the cap of the next speaker leave free beyond
// R(n), in ms. R(n) falls as people speak, and what it releases serves
// promises; if it were spent on longer turns, two interruptions during the
// last three turns would cost the last speaker the floor (measured on 30,000
// sessions with nobody absent: 5 of them). So the level goes on reckoning
// with the whole of the reserve and with the spread of what may still come,
// which shrinks as the square root of the turns that are left. A guarantee,
// and whether all fit, do not depend on it.
func (s *Situation) margin(f *frame) int64 {
	if f.n == 0 {
		return 0
	}
	sigma := MarginSigmaMS
	if s.AtLimit != Hard {
		// Where nothing ends a turn, overruns add their own spread. The mean
		// turn is the mean cycle without its handover; clipped, since a session
		// years ahead is a situation too.
		turn := min(max(0, (f.limit-f.base)/f.n-f.h), allocate.MostMS)
		uneven := unevenness * turn * max(0, f.u-estimate.Whole) / estimate.Whole
		sigma = estimate.Sqrt(sigma*sigma + uneven*uneven)
	}
	kept := s.Reserve.InitialMS + s.Reserve.KeptMS
	// A thousand times the root, so that 50 and 60 entries differ.
	spread := sigma * estimate.Sqrt(f.n*1_000_000) / 1_000
	return max(0, kept+spread-(f.reserve+f.beyond))
}
