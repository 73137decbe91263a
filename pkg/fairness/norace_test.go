//go:build !race

package fairness_test

// slower is one where nothing slows the code down.
const slower = 1
