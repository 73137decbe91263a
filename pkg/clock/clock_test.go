package clock

import (
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// lastInstant is the end of the year 9999, the last time that RFC 3339 can write.
const lastInstant Instant = 253_402_300_799_999

// noon is a wall time that the tests start from.
var noon = time.Date(2026, 3, 9, 12, 0, 0, 0, time.UTC)

func TestInstant(t *testing.T) {
	i := Of(noon.Add(1_999_999))
	if got := i.String(); got != "2026-03-09T12:00:00.001Z" {
		t.Errorf("written as %s; want it cut to milliseconds, in UTC", got)
	}
	if got := i.Add(-1).Sub(i); got != -1 {
		t.Errorf("difference %d", got)
	}
	if !i.Time().Equal(noon.Add(time.Millisecond)) || i.Time().Location() != time.UTC {
		t.Errorf("as a time: %v", i.Time())
	}
	if i.IsZero() || !Instant(0).IsZero() {
		t.Error("IsZero is not about zero")
	}
}

func TestMappingCheck(t *testing.T) {
	good := Mapping{S0: 5, W0: 7, SpeedPermille: 1000}
	for _, c := range []struct {
		name, want string
		m          Mapping
	}{
		{"the identity", "", Mapping{}},
		{"real time", "", good},
		{"the slowest", "", Mapping{SpeedPermille: 1}},
		{"the fastest", "", Mapping{SpeedPermille: MaxSpeedPermille}},
		{"standing still", "speed_permille", Mapping{S0: 5}},
		{"backwards", "speed_permille", Mapping{SpeedPermille: -1000}},
		{"too fast", "speed_permille", Mapping{SpeedPermille: MaxSpeedPermille + 1}},
	} {
		err := c.m.Check()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

func TestSession(t *testing.T) {
	start := Of(noon)
	for _, c := range []struct {
		name string
		m    Mapping
		wall time.Time
		want Instant
	}{
		{"the identity", Mapping{}, noon.Add(1500 * time.Microsecond), start + 1},
		{"real time, shifted", Mapping{S0: 100, W0: start, SpeedPermille: 1000}, noon.Add(time.Second), 1100},
		{"60 times", Mapping{S0: 0, W0: start, SpeedPermille: 60_000}, noon.Add(time.Second), 60_000},
		{"1.5 times, between milliseconds", Mapping{W0: start, SpeedPermille: 1500}, noon.Add(time.Millisecond), 1},
		{"a microsecond at 1000 times", Mapping{W0: start, SpeedPermille: MaxSpeedPermille}, noon.Add(time.Microsecond), 1},
		{"a thousandth", Mapping{W0: start, SpeedPermille: 1}, noon.Add(1999 * time.Millisecond), 1},
		{"before it begins", Mapping{S0: 100, W0: start, SpeedPermille: 1000}, noon.Add(-time.Second), -900},
		{"a bit before it begins is rounded down", Mapping{S0: 100, W0: start, SpeedPermille: 1000}, noon.Add(-time.Microsecond), 99},
		{"80 years at 1000 times", Mapping{W0: 0, SpeedPermille: MaxSpeedPermille}, time.UnixMilli(2_524_608_000_000), 2_524_608_000_000_000},
		{"to the year 9999 at 1000 times", Mapping{W0: 0, SpeedPermille: MaxSpeedPermille}, lastInstant.Time(), lastInstant * 1000},
	} {
		if got := c.m.Session(c.wall); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestWall(t *testing.T) {
	start := Of(noon)
	for _, c := range []struct {
		name  string
		m     Mapping
		until Instant
		want  time.Duration
	}{
		{"the identity", Mapping{}, start + 250, 250 * time.Millisecond},
		{"past", Mapping{}, start - 1, 0},
		{"now", Mapping{W0: start, S0: start, SpeedPermille: 1000}, start, 0},
		{"past, scaled", Mapping{W0: start, S0: start, SpeedPermille: 60_000}, start - 60_000, 0},
		{"real time", Mapping{W0: start, S0: start, SpeedPermille: 1000}, start + 1, time.Millisecond + time.Microsecond},
		{"60 times", Mapping{W0: start, S0: start, SpeedPermille: 60_000}, start + 60_000, time.Second + time.Microsecond},
		{"a thousandth", Mapping{W0: start, S0: start, SpeedPermille: 1}, start + 1, time.Second + time.Microsecond},
		{"more than a duration holds", Mapping{W0: start, S0: start, SpeedPermille: 1}, start + 31_536_000_000, math.MaxInt64},
		{"the last instant at the slowest", Mapping{W0: start, S0: start, SpeedPermille: 1}, lastInstant, math.MaxInt64},
		{"the last of all instants", Mapping{W0: start, SpeedPermille: 1}, math.MaxInt64, math.MaxInt64},
		{"the last instant, identity", Mapping{}, lastInstant, math.MaxInt64},
	} {
		if got := c.m.Wall(noon, c.until); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// mappings draws any mapping that Check allows, with a begin within 80 years.
func mappings(t *rapid.T) Mapping {
	instants := rapid.Int64Range(0, 2_524_608_000_000)
	m := Mapping{
		S0: Instant(instants.Draw(t, "s0")), W0: Instant(instants.Draw(t, "w0")),
		SpeedPermille: rapid.OneOf(rapid.Int64Range(1, MaxSpeedPermille), rapid.SampledFrom([]int64{0, 1, 999, 1000, 1001, 60_000, MaxSpeedPermille})).Draw(t, "speed"),
	}
	if m.SpeedPermille == 0 {
		return Mapping{}
	}
	return m
}

// walls draws wall times to the nanosecond, on both sides of a mapping's begin.
func walls(t *rapid.T, label string) time.Time {
	return time.Unix(0, rapid.Int64Range(0, 2_524_608_000_000_000_000).Draw(t, label))
}

func TestSessionNeverRunsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, a := mappings(t), walls(t, "wall")
		if err := m.Check(); err != nil {
			t.Fatal(err)
		}
		b := a.Add(time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "later")))
		if m.Session(b) < m.Session(a) {
			t.Fatalf("%v: %d at %v, then %d at %v", m, m.Session(a), a, m.Session(b), b)
		}
	})
}

// A timer armed with Wall finds its deadline reached, and fires at most one
// session millisecond and two wall microseconds after it.
func TestWallRoundsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, now := mappings(t), walls(t, "now")
		until := m.Session(now).Add(rapid.Int64Range(-1000, 86_400_000).Draw(t, "left"))
		wall := m.Wall(now, until)
		if wall < 0 {
			t.Fatalf("%v before now", wall)
		}
		if got := m.Session(now.Add(wall)); got < until {
			t.Fatalf("%v after %v it is %d, %d ms early", wall, now, got, until-got)
		}
		early := wall - time.Duration(1000*1000/max(1, m.SpeedPermille))*time.Microsecond - 3*time.Microsecond
		if m.SpeedPermille > 0 && early > 0 && m.Session(now.Add(early)) >= until {
			t.Fatalf("already %v after %v it is %d; waiting %v is too long", early, now, until, wall)
		}
	})
}

func TestRealRunsWithTheBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c Clock = Real{}
		start, fired := c.Now(), time.Time{}
		c.AfterFunc(time.Hour, func() { fired = c.Now() })
		stopped := c.AfterFunc(time.Minute, func() { t.Error("a stopped timer fired") })
		if !stopped.Stop() || stopped.Stop() {
			t.Error("Stop does not say whether the timer was armed")
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if got := fired.Sub(start); got != time.Hour {
			t.Errorf("fired after %v", got)
		}
	})
}
