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
			{-1_280_000, -2_000, 719_000},
			{-1_201_000, -22_000, 903_000},
			{-1_167_000, 27_000, 1_135_000},
			{-1_235_000, 201_000, 1_476_000},
			{-1_337_000, 460_000, 1_984_000},
		},
	}
	shippedGavel = Calibration{
		Name:        "shipped-1-gavel",
		CoveragePPM: 900_000,
		Buckets: [Buckets]Offsets{
			{-480_000, -31_000, 438_000},
			{-1_298_000, -53_000, 691_000},
			{-1_351_000, -142_000, 898_000},
			{-1_575_000, -171_000, 1_160_000},
			{-2_157_000, -164_000, 1_611_000},
			{-2_889_000, -137_000, 2_061_000},
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
