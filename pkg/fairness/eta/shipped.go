package eta

// shipped was learned from the simulator's scenario oewg-2021.
var shipped = Calibration{
	Name:        "shipped-0",
	CoveragePPM: 900_000,
	Buckets: [Buckets]Offsets{
		{-500_000, 0, 900_000},
		{-600_000, 0, 1_100_000},
		{-800_000, 0, 1_500_000},
		{-1_100_000, 0, 1_900_000},
		{-1_500_000, 0, 2_300_000},
		{-2_000_000, 0, 2_800_000},
	},
}

// Shipped is the table that a new deployment starts with.
func Shipped() *Calibration { return &shipped }
