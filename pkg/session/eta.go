package session

import (
	"fmt"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/fairness/eta"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// calibration is what a fact about the deployment's own sessions says.
func calibration(e *events.EtaCalibrated) (*eta.Calibration, error) {
	if len(e.Buckets) != eta.Buckets {
		return nil, fmt.Errorf("a calibration has %d buckets, not %d", eta.Buckets, len(e.Buckets))
	}
	c := &eta.Calibration{Name: e.Name, CoveragePPM: e.CoveragePPM}
	for i, b := range e.Buckets {
		c.Buckets[i] = eta.Offsets{Low: b.LowPPM, Mid: b.MidPPM, High: b.HighPPM}
	}
	return c, nil
}

// Calibration makes the ranges of this session's expected starts: what was
// learned from the deployment's own sessions when its list closed, or else the
// shipped one.
func (s *State) Calibration() *eta.Calibration {
	if s.Timing.Calibration != nil {
		return s.Timing.Calibration
	}
	return eta.Shipped(s.Registry.Modalities.Limit == events.Hard)
}

// Residuals tells how late each turn that stands began against the starts that
// its speaker had been told, for learning. Who was called in vain before, or
// told before the base of forecasts was logged, teaches nothing.
func (s *State) Residuals(learn func(lead int, residualPPM int64)) {
	first := map[ids.Entry]bool{}
	for _, t := range s.standing() {
		e := s.Queue.Entries[t.Entry]
		if e == nil || e.NoShows > 0 || t.Entered || t.Basis == events.Assumed || first[t.Entry] {
			continue
		}
		first[t.Entry] = true
		for _, told := range s.Timing.Etas[t.Entry] {
			if told.At > t.GivenAt || told.Base.IsZero() || told.Places < 1 {
				continue
			}
			base, lead := int64(told.Base), int64(told.Places)
			forecast := bare(base, told.Middle, lead, s.offset(told.At, told.Places))
			learn(told.Places, eta.Residual(base, forecast, int64(t.BegunAt), told.Places))
		}
	}
}

// offset is the correction of the middle that was in force at an instant.
func (s *State) offset(at clock.Instant, lead int) int64 {
	c := s.Calibration()
	if at < s.Timing.CalibratedAt {
		c = eta.Shipped(s.Registry.Modalities.Limit == events.Hard)
	}
	return c.Buckets[eta.Bucket(lead)].Mid
}

// bare takes the correction off a middle: the forecast as it was rolled out.
func bare(base int64, middle clock.Instant, lead, midPPM int64) int64 {
	whole := lead * eta.Whole
	if whole+midPPM <= 0 {
		return int64(middle)
	}
	return base + (int64(middle)-base)*whole/(whole+midPPM)
}
