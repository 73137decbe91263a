// Package ordeal holds the settings by which tests make a process of Fairfloor
// worse than it may ever be: with a clock that is wrong, or with acknowledgements
// that a power cut takes back.
//
// Guarantee: nobody sets them by mistake. They are variables of the environment
// that no other document names, begin with FAIRFLOOR_TEST_, and are refused, with
// the process, unless its data folder holds a file of a certain name, which only
// tests make in the folders that they make. A process under an ordeal says so in
// an error line at its start.
package ordeal

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/fairfloor/fairfloor/pkg/clock"
)

// The variables.
const (
	// ClockAhead is how much the process' clock is ahead of the machine's, as a
	// duration of package time ("90s", "-2m"). It moves session time and what is
	// compared with the log's clock; not time-outs or the lifetimes of tokens.
	ClockAhead = "FAIRFLOOR_TEST_CLOCK_AHEAD"
	// LoseOnPowerCut, with the value "yes", leaves it to NATS's own default when the
	// store is brought to the disk: the negative control of power cuts.
	LoseOnPowerCut = "FAIRFLOOR_TEST_LOSE_ON_POWER_CUT"
)

// Permit is the name of the file without which a data folder is not for tests.
const Permit = "THIS-FOLDER-IS-FOR-TESTS-THAT-LOSE-DATA"

// Ordeal is what a process is put through. The zero value is nothing.
type Ordeal struct {
	ClockAhead     time.Duration
	LoseOnPowerCut bool
}

// Read takes the settings from the environment (os.LookupEnv outside of tests).
// Its error says that one is set in a folder that is not for tests, or how it
// cannot be read.
func Read(data string, lookup func(string) (string, bool)) (Ordeal, error) {
	var o Ordeal
	ahead, skewed := lookup(ClockAhead)
	lose, losing := lookup(LoseOnPowerCut)
	if !skewed && !losing {
		return o, nil
	}
	if _, err := os.Stat(filepath.Join(data, Permit)); err != nil {
		return o, fmt.Errorf("%s and %s are for tests alone: unset them (the data folder %s has no file %s)", ClockAhead, LoseOnPowerCut, data, Permit)
	}
	if skewed {
		var err error
		if o.ClockAhead, err = time.ParseDuration(ahead); err != nil {
			return o, fmt.Errorf("%s: %q is not a duration such as 90s or -2m", ClockAhead, ahead)
		}
	}
	if losing && lose != "yes" {
		return o, fmt.Errorf("%s: %q is not \"yes\"", LoseOnPowerCut, lose)
	}
	o.LoseOnPowerCut = losing
	return o, nil
}

// Say writes an error line about each thing that is not as it must be.
func (o Ordeal) Say(log *slog.Logger) {
	if o.ClockAhead != 0 {
		log.Error("under test: the clock is wrong on purpose", "ahead", o.ClockAhead)
	}
	if o.LoseOnPowerCut {
		log.Error("under test: a power cut loses what is acknowledged, on purpose")
	}
}

// Clock gives the clock as it is wrong; the same one when it is right.
func (o Ordeal) Clock(c clock.Clock) clock.Clock {
	if o.ClockAhead == 0 {
		return c
	}
	return ahead{c, o.ClockAhead}
}

// ahead is a clock that shows another time and measures durations rightly.
type ahead struct {
	clock.Clock
	by time.Duration
}

// Now is the wrong time.
func (a ahead) Now() time.Time { return a.Clock.Now().Add(a.by) }
