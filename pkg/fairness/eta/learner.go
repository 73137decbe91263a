package eta

import "slices"

// LeastResiduals is how many residuals a bucket needs before it replaces the
// shipped one: with fewer, a quantile of 95 % is one or two cases.
const LeastResiduals = 100

// Learner collects residuals of a deployment's own finished sessions. The
// zero value is ready. It is not safe for two goroutines at once.
type Learner struct{ buckets [Buckets][]int64 }

// Add takes one residual (see Residual) of a forecast made for a lead.
func (l *Learner) Add(lead int, residualPPM int64) {
	b := Bucket(lead)
	l.buckets[b] = append(l.buckets[b], residualPPM)
}

// Calibrate makes a table of what was collected, for a coverage in parts per
// million. A bucket with too few residuals keeps the shipped offsets.
func (l *Learner) Calibrate(name string, coveragePPM int64) *Calibration {
	c := &Calibration{Name: name, CoveragePPM: coveragePPM}
	for b := range l.buckets {
		if len(l.buckets[b]) < LeastResiduals {
			c.Buckets[b] = shippedGavel.Buckets[b]
			continue
		}
		sorted := slices.Clone(l.buckets[b])
		slices.Sort(sorted)
		tail := (Whole - coveragePPM) / 2
		c.Buckets[b] = Offsets{
			Low:  Conformal(sorted, tail),
			Mid:  Conformal(sorted, Whole/2),
			High: Conformal(sorted, Whole-tail),
		}
	}
	return c
}

// Conformal is the split-conformal quantile of sorted values: of n values and
// one to come, the one to come lies at or below the ceil((n+1)q)-th with a
// chance of at least q; for q below one half the mirror of it, at or above.
// It is zero for no values.
func Conformal(sorted []int64, qPPM int64) int64 {
	n := int64(len(sorted))
	if n == 0 {
		return 0
	}
	if qPPM < Whole/2 {
		// The floor((n+1)q)-th from below.
		k := (n + 1) * qPPM / Whole
		return sorted[max(k, 1)-1]
	}
	k := ((n+1)*qPPM + Whole - 1) / Whole
	return sorted[min(k, n)-1]
}
