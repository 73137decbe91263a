//go:build !race

package fairness_test

// slower is one where nothing slows the code down; samples is how often an
// engine's budget is measured.
const slower, samples = 1, 100
