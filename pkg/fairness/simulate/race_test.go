//go:build race

package simulate_test

// raced says that the tests run under the race detector, which takes ten times
// as long for figures that do not depend on it.
const raced = true
