// Package eta says when somebody will speak, as a range that holds as often
// as it claims to.
//
// It guarantees that a range is made only of residuals that were known before
// (split-conformal prediction: Vovk, Gammerman, Shafer, Algorithmic Learning
// in a Random World; Lei et al. 2018), per bucket of places ahead, and that
// the same residuals give the same range on every processor. Residuals are
// kept as parts per million of the mean cycle (turn and handover) of the
// forecast, so that what one-minute slots taught serves two-minute slots too.
package eta

// Whole is one, in parts per million.
const Whole int64 = 1_000_000

// Buckets is the number of buckets of lead.
const Buckets = 6

// bucketTop is the greatest lead of each bucket but the last:
// 1, 2-3, 4-6, 7-12, 13-25, 26 and more.
var bucketTop = [Buckets - 1]int{1, 3, 6, 12, 25}

// Bucket is the index of the bucket of a lead, the number of turns that begin
// before the one asked about, counting that one; at least 1.
func Bucket(lead int) int {
	for i, top := range bucketTop {
		if lead <= top {
			return i
		}
	}
	return Buckets - 1
}

// Offsets are residual quantiles of one bucket, in parts per million of the
// forecast's mean cycle: what to add to the forecast for the low end, the
// middle and the high end of a range.
type Offsets struct {
	Low  int64 `json:"low_ppm"`
	Mid  int64 `json:"mid_ppm"`
	High int64 `json:"high_ppm"`
}

// Calibration is the table of offsets for one coverage.
type Calibration struct {
	// Name says where it comes from, for the record: "shipped-1" or the
	// number of the deployment's own sessions.
	Name string `json:"name"`
	// CoveragePPM is the part of cases that the ranges are made to cover.
	CoveragePPM int64 `json:"coverage_ppm"`
	// Buckets holds the offsets per bucket of lead.
	Buckets [Buckets]Offsets `json:"buckets"`
}

// Range is a forecast of an instant, in Unix milliseconds. Low <= Mid <= High.
type Range struct {
	LowMS  int64 `json:"low_ms"`
	MidMS  int64 `json:"mid_ms"`
	HighMS int64 `json:"high_ms"`
}

// Range puts offsets around a forecast made from base for the given lead. No
// end of it lies before base.
func (c *Calibration) Range(baseMS, forecastMS int64, lead int) Range {
	lead = max(lead, 1)
	cycle := max(forecastMS-baseMS, 0) / int64(lead)
	o := &c.Buckets[Bucket(lead)]
	at := func(ppm int64) int64 { return max(baseMS, forecastMS+cycle*ppm/Whole) }
	mid := at(o.Mid)
	return Range{LowMS: min(at(o.Low), mid), MidMS: mid, HighMS: max(at(o.High), mid)}
}

// Residual is how late (positive) or early a turn began against its forecast,
// in parts per million of the forecast's mean cycle.
func Residual(baseMS, forecastMS, actualMS int64, lead int) int64 {
	cycle := max((forecastMS-baseMS)/int64(max(lead, 1)), 1)
	return (actualMS - forecastMS) * Whole / cycle
}
