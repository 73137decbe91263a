// Package clock tells two times apart: session time, of which the log is
// written, and I/O time, of which time-outs and pings are made (decisions.md 7).
//
// Guarantee: session time is a function of a Clock and of the Mapping that the
// session's registry log holds, so every process that shares the log shares the
// time; nothing in this package is used for time-outs, leases or token
// lifetimes, which always use package time. A Gated clock moves only when it
// is told to, so a rehearsal gives the same bytes for the same seed.
package clock

import (
	"fmt"
	"math"
	"time"
)

// Instant is a point of session time: milliseconds since 1970-01-01T00:00Z.
type Instant int64

// Of gives the instant of a wall-clock time, cut to whole milliseconds.
func Of(t time.Time) Instant { return Instant(t.UnixMilli()) }

// Time gives the instant as a UTC time.
func (i Instant) Time() time.Time { return time.UnixMilli(int64(i)).UTC() }

// Add gives the instant ms milliseconds later (earlier when negative).
func (i Instant) Add(ms int64) Instant { return i + Instant(ms) }

// Sub gives the milliseconds from other to i.
func (i Instant) Sub(other Instant) int64 { return int64(i - other) }

// IsZero reports whether the instant is unset.
func (i Instant) IsZero() bool { return i == 0 }

// String gives RFC 3339 with milliseconds, in UTC.
func (i Instant) String() string { return i.Time().Format("2006-01-02T15:04:05.000Z") }

// Timer is something that will happen once.
type Timer interface {
	// Stop cancels it and reports whether it had not yet fired.
	Stop() bool
}

// Clock is the source of session time of one process before any Mapping.
// Implementations are safe for concurrent use.
type Clock interface {
	// Now is the present.
	Now() time.Time
	// AfterFunc calls f in its own goroutine once d of this clock has passed.
	AfterFunc(d time.Duration, f func()) Timer
}

// Real is the machine's clock. Inside a testing/synctest bubble it is the
// bubble's, which is how sessions are tested.
type Real struct{}

// Now is time.Now.
func (Real) Now() time.Time { return time.Now() }

// AfterFunc is time.AfterFunc.
func (Real) AfterFunc(d time.Duration, f func()) Timer { return time.AfterFunc(d, f) }

// Mapping turns the process clock into one session's time:
// session = S0 + (wall - W0) * speed. The zero Mapping is the identity.
type Mapping struct {
	// S0 is the session time at which the mapping starts.
	S0 Instant `json:"s0"`
	// W0 is the wall time of S0.
	W0 Instant `json:"w0"`
	// SpeedPermille is the speed in thousandths: 1000 is real time, 60000 is 60 x.
	// Range 1 to 1,000,000; zero means the identity mapping.
	SpeedPermille int64 `json:"speed_permille"`
}

// MaxSpeedPermille bounds the speed: at 1000 x a millisecond of wall time is a
// second, and no timer is sharper than that.
const MaxSpeedPermille = 1_000_000

// Check says what is wrong with the speed, or nil. The two instants are the
// registry's to bound; the arithmetic here is exact to the year 9999.
func (m Mapping) Check() error {
	if m == (Mapping{}) {
		return nil
	}
	if m.SpeedPermille < 1 || m.SpeedPermille > MaxSpeedPermille {
		return fmt.Errorf("speed_permille %d is not between 1 and %d", m.SpeedPermille, MaxSpeedPermille)
	}
	return nil
}

// Session gives the session time at a wall time.
func (m Mapping) Session(wall time.Time) Instant {
	if m.SpeedPermille == 0 {
		return Of(wall)
	}
	// Microseconds keep the rounding below a session millisecond up to 1000 x,
	// and 292 years of them times the top speed stay within int64.
	passed := wall.UnixMicro() - int64(m.W0)*1000
	return m.S0.Add(scale(passed, m.SpeedPermille, 1_000_000))
}

// Wall gives the wall-clock duration until a session instant, never negative and
// at most what a duration holds (292 years).
func (m Mapping) Wall(now time.Time, until Instant) time.Duration {
	if m.SpeedPermille == 0 {
		return max(0, until.Time().Sub(now))
	}
	left := until.Sub(m.Session(now))
	if left <= 0 {
		return 0
	}
	// Rounded up: a timer that fires a moment early would find its deadline
	// not yet reached and have to be armed again.
	micros := scale(left, 1_000_000, m.SpeedPermille)
	// At a thousandth of the speed some months of session time are more than a
	// duration holds, and a negative one would fire at once.
	if micros >= math.MaxInt64/int64(time.Microsecond) {
		return math.MaxInt64
	}
	return time.Duration(micros+1) * time.Microsecond
}

// scale gives a*b/c rounded down, for b and c between 1 and 1,000,000, and at
// most the largest int64. Rounding down on both sides of zero keeps a timer from
// firing early when the mapping has not begun yet.
func scale(a, b, c int64) int64 {
	whole, rest := a/c, a%c
	if rest < 0 {
		whole, rest = whole-1, rest+c
	}
	if whole > math.MaxInt64/b-b {
		return math.MaxInt64
	}
	return whole*b + rest*b/c
}
