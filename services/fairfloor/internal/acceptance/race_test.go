//go:build race

package acceptance

// raced says that the tests run under the race detector.
const raced = true
