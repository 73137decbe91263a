package eta_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/fairness/eta"
)

// sittings names the sittings in their order.
func sittings(speeches []eta.Speech) (names []string, by map[string][]eta.Speech) {
	by = map[string][]eta.Speech{}
	for _, s := range speeches {
		if by[s.Sitting] == nil {
			names = append(names, s.Sitting)
		}
		by[s.Sitting] = append(by[s.Sitting], s)
	}
	return names, by
}

// pick makes debates of some sittings, one a day in that order, the same one
// several times if it is named several times.
func pick(by map[string][]eta.Speech, names []string) []eta.Speech {
	var out []eta.Speech
	day := time.Date(2001, 1, 1, 10, 0, 0, 0, time.UTC)
	for i, name := range names {
		shift := day.AddDate(0, 0, i).Sub(by[name][0].Start)
		for _, s := range by[name] {
			s.Start, s.Sitting = s.Start.Add(shift), fmt.Sprint(i)
			out = append(out, s)
		}
	}
	return out
}

// each changes a copy of all speeches.
func each(speeches []eta.Speech, change func(i int, s *eta.Speech)) []eta.Speech {
	out := slices.Clone(speeches)
	for i := range out {
		change(i, &out[i])
	}
	return out
}

// TestETABacktestOnDebatesThatWeDoNotHave: 90 % ranges cover 87 to 92 % at
// lead 5 (issue 3) whichever debates they are: halves, other orders,
// resampled, other limits, manners that change, speakers of unknown kind.
// Debates of half the size leave room for their noise (some 770 overlapping
// forecasts), one point each way.
func TestETABacktestOnDebatesThatWeDoNotHave(t *testing.T) {
	t.Parallel()
	all := debates(t)
	names, by := sittings(all)
	half := len(names) / 2
	sets := map[string][]eta.Speech{
		"first half": pick(by, names[:half]), "second half": pick(by, names[half:]),
		"last third": pick(by, names[2*len(names)/3:]),
	}
	backwards := slices.Clone(names)
	slices.Reverse(backwards)
	sets["backwards"] = pick(by, backwards)
	r := rand.New(rand.NewPCG(3, 5))
	for k := range 6 {
		shuffled, drawn := slices.Clone(names), make([]string, len(names))
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		for i := range drawn {
			drawn[i] = names[r.IntN(len(names))]
		}
		sets[fmt.Sprintf("shuffled %d", k)] = pick(by, shuffled)
		sets[fmt.Sprintf("half of shuffled %d", k)] = pick(by, shuffled[:half])
		sets[fmt.Sprintf("resampled %d", k)] = pick(by, drawn)
	}
	for _, limit := range []int64{120_000, 180_000, 600_000} {
		sets[fmt.Sprintf("slots of %d s", limit/1000)] = each(all, func(_ int, s *eta.Speech) {
			s.GrossMS, s.LimitMS = s.GrossMS*limit/s.LimitMS, limit
		})
		sets[fmt.Sprintf("%d s announced, spoken as before", limit/1000)] = each(all, func(_ int, s *eta.Speech) { s.LimitMS = limit })
	}
	sets["three kinds of slots"] = each(all, func(i int, s *eta.Speech) {
		k := int64(i%3) + 1
		s.GrossMS, s.LimitMS = s.GrossMS*k/2, s.LimitMS*k/2
	})
	sets["stricter from half on"] = each(all, func(i int, s *eta.Speech) {
		if i > len(all)/2 {
			s.GrossMS = s.GrossMS * 8 / 10
		}
	})
	sets["nobody known to be of the government"] = each(all, func(_ int, s *eta.Speech) { s.Government = false })
	for name, speeches := range sets {
		t.Run(name, func(t *testing.T) {
			s, err := eta.Backtest(speeches, 5)
			if err != nil {
				t.Fatal(err)
			}
			least, most := .87, .92
			if s.Sittings < len(names) {
				least, most = .86, .93
			}
			if s.Cover90 < least || s.Cover90 > most {
				t.Errorf("90 %% ranges cover %.3f of %d", s.Cover90, s.N)
			}
			if s.Cover80 >= s.Cover90 || s.Cover90 >= s.Cover95 {
				t.Errorf("coverages %.3f, %.3f, %.3f", s.Cover80, s.Cover90, s.Cover95)
			}
		})
	}
}

// TestETABacktestAtEveryLead that the shared debates allow.
func TestETABacktestAtEveryLead(t *testing.T) {
	t.Parallel()
	speeches := debates(t)
	last := 0.
	for lead := 1; lead <= 26; lead++ {
		s, err := eta.Backtest(speeches, lead)
		if err != nil {
			// The longest sitting scored has 17 speeches.
			if lead <= 17 || !strings.Contains(err.Error(), "lead") {
				t.Errorf("lead %d: %v", lead, err)
			}
			continue
		}
		if lead > 17 {
			t.Errorf("lead %d scored %d", lead, s.N)
		}
		if s.N < 200 {
			continue // too few for a bound that means anything
		}
		if s.Cover90 < .87 || s.Cover90 > .92 || s.MeanAbsoluteMS <= last {
			t.Errorf("lead %d: 90 %% ranges cover %.3f, mean absolute error %.0f ms after %.0f", lead, s.Cover90, s.MeanAbsoluteMS, last)
		}
		last = s.MeanAbsoluteMS
	}
}

// TestBacktestDoesNotDependOnTheOrderOfRows: rows may stand in any order.
func TestBacktestDoesNotDependOnTheOrderOfRows(t *testing.T) {
	speeches := debates(t)
	want, err := eta.Backtest(speeches, 5)
	if err != nil {
		t.Fatal(err)
	}
	mixed := slices.Clone(speeches)
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	if got, err := eta.Backtest(mixed, 5); err != nil || got != want {
		t.Errorf("mixed rows give %+v, %v, want %+v", got, err, want)
	}
}

// TestReadSpeechesUnderstandsOtherFiles: columns in another order, quotes,
// line ends of Windows, empty lines, a byte order mark, words for yes and no,
// and no column for the government.
func TestReadSpeechesUnderstandsOtherFiles(t *testing.T) {
	start := time.Date(2009, 11, 25, 14, 42, 26, 0, time.UTC)
	want := eta.Speech{Sitting: "17,1", Start: start, Government: true, GrossMS: 390_500, LimitMS: 300_000}
	for name, text := range map[string]string{
		"another order":    "limit_s,gross_s,is_government,start,sitting\n300,390.5,1,2009-11-25T15:42:26+01:00,\"17,1\"\n",
		"quotes":           "\"sitting\",\"start\",\"is_government\",\"gross_s\",\"limit_s\"\n\"17,1\",\"2009-11-25T15:42:26+01:00\",\"true\",\"390.5\",\"300\"\n",
		"CRLF":             "sitting,start,is_government,gross_s,limit_s\r\n\r\n\"17,1\",2009-11-25T15:42:26+01:00,1,390.5,300\r\n\r\n",
		"a mark and space": "\ufeffsitting, start, is_government, gross_s, limit_s\n\"17,1\", 2009-11-25T14:42:26Z, Yes, 390.5, 3e2\n",
		"more columns":     "speaker_group,sitting,topic,start,is_government,gross_s,limit_s\nSPD,\"17,1\",\"a \"\"b\"\"\",2009-11-25T15:42:26+01:00,1,390.5,300",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := eta.ReadSpeeches(strings.NewReader(text))
			if err != nil || len(got) != 1 {
				t.Fatalf("%+v, %v", got, err)
			}
			if !got[0].Start.Equal(want.Start) {
				t.Errorf("start %v", got[0].Start)
			}
			if got[0].Start = want.Start; got[0] != want {
				t.Errorf("read %+v, want %+v", got[0], want)
			}
		})
	}
	got, err := eta.ReadSpeeches(strings.NewReader("sitting,start,gross_s,limit_s\n1,2009-11-25T15:42:26+01:00,300,300\n"))
	if err != nil || len(got) != 1 || got[0].Government {
		t.Errorf("without a column for the government: %+v, %v", got, err)
	}
}
