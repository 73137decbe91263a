package eta_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/fairness/eta"
)

func debates(t testing.TB) []eta.Speech {
	t.Helper()
	file, err := os.Open("testdata/debates.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	speeches, err := eta.ReadSpeeches(file)
	if err != nil {
		t.Fatal(err)
	}
	return speeches
}

// TestBacktestOnTheSharedDebates: 90 % ranges cover 87 to 92 % at lead 5, and
// the mean absolute error is at most 100 s (issue 3; decisions.md 26).
func TestBacktestOnTheSharedDebates(t *testing.T) {
	speeches := debates(t)
	if len(speeches) != 2764 {
		t.Fatalf("%d speeches", len(speeches))
	}
	for _, lead := range []int{1, 2, 3, 5, 7} {
		s, err := eta.Backtest(speeches, lead)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("lead %d: %+v", lead, s)
		for _, c := range []struct{ want, got float64 }{{.80, s.Cover80}, {.90, s.Cover90}, {.95, s.Cover95}} {
			if c.got < c.want-.03 || c.got > c.want+.025 {
				t.Errorf("lead %d: ranges of %.2f cover %.3f", lead, c.want, c.got)
			}
		}
		if lead == 5 && (s.MeanAbsoluteMS > 100_000 || s.Cover90 < .87 || s.Cover90 > .92) {
			t.Errorf("lead 5: mean absolute error %.1f s, coverage %.3f", s.MeanAbsoluteMS/1000, s.Cover90)
		}
	}
}

// TestBacktestNeverLooksAhead: what comes later changes no forecast, so the
// errors of a part are the first errors of the whole, and the sum tells.
func TestBacktestNeverLooksAhead(t *testing.T) {
	speeches := debates(t)
	part := speeches[:1500]
	for part[len(part)-1].Sitting == speeches[len(part)].Sitting {
		part = part[:len(part)-1]
	}
	before, err := eta.Backtest(part, 5)
	if err != nil {
		t.Fatal(err)
	}
	changed := slices.Clone(speeches[:len(part)+14])
	for i := len(part); i < len(changed); i++ {
		changed[i].GrossMS = 3_600_000
	}
	after, err := eta.Backtest(changed, 5)
	if err != nil {
		t.Fatal(err)
	}
	added := after.N - before.N
	if added <= 0 {
		t.Fatalf("%d more scored", added)
	}
	// The added sitting misses by about five hours each time, nothing else moves.
	rest := after.MeanAbsoluteMS*float64(after.N) - before.MeanAbsoluteMS*float64(before.N)
	if each := rest / float64(added); each < 10_000_000 || each > 18_000_000 {
		t.Errorf("each added speech adds %.0f ms of error", each)
	}
	if got, want := after.Cover90*float64(after.N), before.Cover90*float64(before.N); got-want > .5 || want-got > .5 {
		t.Errorf("%.1f covered, %.1f before", got, want)
	}
}

// TestNominalSlotsAreWrong: adding up nominal slots misses by far more.
func TestNominalSlotsAreWrong(t *testing.T) {
	speeches := debates(t)
	var sum int64
	n := 0
	for i := 0; i+5 <= len(speeches); i++ {
		if speeches[i].Sitting != speeches[i+4].Sitting {
			continue
		}
		var d int64
		for _, s := range speeches[i : i+5] {
			d += s.GrossMS - s.LimitMS
		}
		sum += max(d, -d)
		n++
	}
	if mean := sum / int64(n); mean < 200_000 {
		t.Errorf("nominal slots miss by %d ms only", mean)
	}
}

func TestReadSpeechesRefuses(t *testing.T) {
	const header = "sitting,start,is_government,gross_s,limit_s\n"
	for _, c := range []struct{ name, text, says string }{
		{"nothing", "", "header"},
		{"a column missing", "sitting,start,is_government,limit_s\n", "gross_s"},
		{"neither yes nor no", header + "1,2009-11-25T15:42:26+01:00,maybe,300,300\n", "is_government"},
		{"no sitting", header + ",2009-11-25T15:42:26+01:00,0,300,300\n", "sitting"},
		{"longer than a day", header + "1,2009-11-25T15:42:26+01:00,0,86401,300\n", "gross_s"},
		{"a limit that rounds to nothing", header + "1,2009-11-25T15:42:26+01:00,0,300,0.0001\n", "limit_s"},
		{"no time", header + "1,yesterday,0,300,300\n", "line 2"},
		{"a negative length", header + "1,2009-11-25T15:42:26+01:00,0,-3,300\n", "line 2"},
		{"not a number", header + "1,2009-11-25T15:42:26+01:00,0,NaN,300\n", "line 2"},
		{"no limit", header + "1,2009-11-25T15:42:26+01:00,0,300,0\n", "line 2"},
		{"a short row", header + "1,2009-11-25T15:42:26+01:00\n", "fields"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := eta.ReadSpeeches(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("answer %v does not say %q", err, c.says)
			}
		})
	}
	if _, err := eta.Backtest(nil, 5); err == nil {
		t.Error("no sittings were accepted")
	}
	if _, err := eta.Backtest(debates(t), 0); err == nil {
		t.Error("lead 0 was accepted")
	}
	if _, err := eta.Backtest(debates(t), 900); err == nil {
		t.Error("a lead longer than every sitting was accepted")
	}
}

func TestBuckets(t *testing.T) {
	for lead, want := range map[int]int{-1: 0, 0: 0, 1: 0, 2: 1, 3: 1, 4: 2, 6: 2, 7: 3, 12: 3, 13: 4, 25: 4, 26: 5, 9999: 5} {
		if got := eta.Bucket(lead); got != want {
			t.Errorf("lead %d is in bucket %d, want %d", lead, got, want)
		}
	}
}

// TestRangesAreOrdered, and never before the base.
func TestRangesAreOrdered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c eta.Calibration
		for b := range c.Buckets {
			c.Buckets[b] = eta.Offsets{
				Low:  rapid.Int64Range(-9_000_000, 9_000_000).Draw(t, "low"),
				Mid:  rapid.Int64Range(-9_000_000, 9_000_000).Draw(t, "mid"),
				High: rapid.Int64Range(-9_000_000, 9_000_000).Draw(t, "high"),
			}
		}
		base := rapid.Int64Range(0, 1<<41).Draw(t, "base")
		r := c.Range(base, base+rapid.Int64Range(-1000, 86_400_000).Draw(t, "ahead"), rapid.IntRange(0, 10_000).Draw(t, "lead"))
		if r.LowMS < base || r.LowMS > r.MidMS || r.MidMS > r.HighMS {
			t.Fatalf("range %+v from %d", r, base)
		}
	})
}

// TestLearnedRangesCover: of residuals from the same source, ranges of 90 %
// cover about 90 %.
func TestLearnedRangesCover(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	residual := func() int64 { return int64(r.NormFloat64()*300_000) + int64(r.ExpFloat64()*200_000) }
	var l eta.Learner
	for range 2_000 {
		l.Add(5, residual())
	}
	l.Add(30, 5) // too few to learn from
	c := l.Calibrate("own", 900_000)
	o := c.Buckets[eta.Bucket(5)]
	covered := 0
	for range 10_000 {
		if x := residual(); x >= o.Low && x <= o.High {
			covered++
		}
	}
	if covered < 8_850 || covered > 9_150 {
		t.Errorf("%d of 10,000 covered", covered)
	}
	if got, want := c.Buckets[5], eta.Shipped(false).Buckets[5]; got != want {
		t.Errorf("a bucket with one residual became %+v", got)
	}
}

func TestConformalQuantile(t *testing.T) {
	ten := []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	for q, want := range map[int64]int64{900_000: 10, 800_000: 9, 500_000: 6, 200_000: 2, 100_000: 1, 10_000: 1, 990_000: 10} {
		if got := eta.Conformal(ten, q); got != want {
			t.Errorf("quantile %d ppm is %d, want %d", q, got, want)
		}
	}
	if eta.Conformal(nil, 500_000) != 0 {
		t.Error("the quantile of nothing is something")
	}
}

// TestResidualTravelsWithTheCycle: two-minute slots give twice the width.
func TestResidualTravelsWithTheCycle(t *testing.T) {
	one := eta.Residual(0, 300_000, 360_000, 5)
	two := eta.Residual(0, 600_000, 720_000, 5)
	if one != two || one != eta.Whole {
		t.Errorf("residuals %d and %d", one, two)
	}
}

func ExampleCalibration_Range() {
	r := eta.Shipped(true).Range(0, 475_000, 5)
	fmt.Println(r.LowMS < r.MidMS, r.MidMS < r.HighMS)
	// Output: true true
}
