//go:build race

package fairness_test

// slower is what the race detector costs on a machine that others use too;
// samples is how often an engine's budget is measured.
const slower, samples = 100, 10
