//go:build race

package fairness_test

// slower is what the race detector costs.
const slower = 25
