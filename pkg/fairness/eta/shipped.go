package eta

// The shipped tables were learned from 4,000 simulated sessions of scenario
// oewg-2021 (seed 99), with simulate.Learn: one where the limit ends turns
// (policy full), one where the chair does (uniform, gavel, texts written to
// length). A deployment's own sessions replace them.
var (
	shippedHard = Calibration{
		Name:        "shipped-1-hard",
		CoveragePPM: 900_000,
		Buckets: [Buckets]Offsets{
			{-480_000, -31_000, 438_000},
			{-1_268_000, -2_000, 730_000},
			{-1_199_000, -25_000, 918_000},
			{-1_177_000, 19_000, 1_170_000},
			{-1_247_000, 202_000, 1_543_000},
			{-1_285_000, 551_000, 2_066_000},
		},
	}
	shippedGavel = Calibration{
		Name:        "shipped-1-gavel",
		CoveragePPM: 900_000,
		Buckets: [Buckets]Offsets{
			{-480_000, -31_000, 438_000},
			{-1_282_000, -54_000, 707_000},
			{-1_321_000, -135_000, 924_000},
			{-1_531_000, -148_000, 1_210_000},
			{-2_084_000, -107_000, 1_719_000},
			{-2_775_000, 13_000, 2_314_000},
		},
	}
)

// Shipped is the table that a new deployment starts with; hard says whether
// the limit ends turns.
func Shipped(hard bool) *Calibration {
	if hard {
		return &shippedHard
	}
	return &shippedGavel
}
