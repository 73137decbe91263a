package eta

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/fairfloor/fairfloor/pkg/problem"
)

// Speech is one row of past debates.
type Speech struct {
	// Sitting groups the speeches that followed each other.
	Sitting string
	// Start is when it began.
	Start time.Time
	// Government marks members of the government, who speak longer.
	Government bool
	// GrossMS is from its first word to the next one's first word; LimitMS is
	// what was announced.
	GrossMS, LimitMS int64
}

// MostSpeeches is how many rows are read.
const MostSpeeches = 1_000_000

// ReadSpeeches reads rows of comma-separated values with a header that names
// at least sitting, start, is_government, gross_s and limit_s; other columns
// are left alone.
func ReadSpeeches(r io.Reader) ([]Speech, error) {
	in := csv.NewReader(r)
	in.ReuseRecord = true
	header, err := in.Read()
	if err != nil {
		return nil, problem.Field("data", "there is no header: %v", err).Try("give a file with the columns of debate-durations.csv")
	}
	var at [5]int
	for k, name := range [...]string{"sitting", "start", "is_government", "gross_s", "limit_s"} {
		if at[k] = slices.Index(header, name); at[k] < 0 {
			return nil, problem.Field("data", "the column %s is missing", name)
		}
	}
	var speeches []Speech
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return speeches, nil
		}
		line, _ := in.FieldPos(0)
		if err != nil {
			return nil, problem.Field("data", "%v", err)
		}
		if len(speeches) == MostSpeeches {
			return nil, problem.Field("data", "there are more than %d rows", MostSpeeches)
		}
		start, err := time.Parse(time.RFC3339, row[at[1]])
		if err != nil {
			return nil, problem.Field("data", "line %d: start is not an RFC 3339 time", line)
		}
		gross, err1 := strconv.ParseFloat(row[at[3]], 64)
		limit, err2 := strconv.ParseFloat(row[at[4]], 64)
		if err1 != nil || err2 != nil || !(gross >= 0 && gross <= 86_400) || !(limit > 0 && limit <= 86_400) {
			return nil, problem.Field("data", "line %d: gross_s and limit_s are seconds up to a day", line)
		}
		speeches = append(speeches, Speech{
			Sitting: row[at[0]], Start: start, Government: row[at[2]] == "1" || row[at[2]] == "true",
			GrossMS: int64(gross * 1000), LimitMS: int64(limit * 1000),
		})
	}
}

const (
	// Warmup is how many sittings are learned from before any is scored.
	Warmup = 20
	// priorCount imaginary speeches of priorPPM stand for what is known of a
	// class of speakers before the first was heard.
	priorCount int64 = 20
	priorPPM   int64 = 1_160_000
	// sittingCount is the weight of the class's mean against the sitting's own
	// tendency: the variance within over that between sittings.
	sittingCount int64 = 16
	// longest is the greatest ratio that is learned from: longer ones are
	// interruptions.
	longest int64 = 3 * Whole
	// window is how many residuals the ranges are made of: the latest, since
	// the manners of a house change over the years.
	window = 400
)

// Score is how good the forecasts were. Errors in ms, positive when the turn
// came later than forecast; coverages are the parts that ranges of 80, 90 and
// 95 % covered.
type Score struct {
	N                  int
	MeanAbsoluteMS     float64
	P95MS              int64
	BiasMS             float64
	Cover80, Cover90   float64
	Cover95            float64
	Sittings, Speeches int
}

// Backtest forecasts, at the beginning of each speech, when the one that many
// places further begins, and scores it. It goes through the sittings in their
// order and never looks ahead: ratios and residuals of a sitting are learned
// only when it is over, but for its own tendency, which is learned speech by
// speech.
func Backtest(speeches []Speech, lead int) (Score, error) {
	if lead < 1 || lead > 1000 {
		return Score{}, problem.Field("lead", "%d is not between 1 and 1000", lead)
	}
	sittings := group(speeches)
	if len(sittings) <= Warmup {
		return Score{}, problem.Field("data", "%d sittings are too few", len(sittings)).
			Try("the first " + strconv.Itoa(Warmup) + " are only learned from; give more")
	}
	b := backtest{lead: lead}
	for i, sitting := range sittings {
		b.sitting(sitting, i >= Warmup)
	}
	s := b.score()
	s.Sittings, s.Speeches = len(sittings), len(speeches)
	if s.N == 0 {
		return Score{}, problem.Field("lead", "no sitting after the first %d has more than %d speeches", Warmup, lead)
	}
	return s, nil
}

// group divides speeches into sittings, each and all by their starts.
func group(speeches []Speech) [][]Speech {
	index := map[string]int{}
	var sittings [][]Speech
	for _, s := range speeches {
		i, ok := index[s.Sitting]
		if !ok {
			i = len(sittings)
			index[s.Sitting] = i
			sittings = append(sittings, nil)
		}
		sittings[i] = append(sittings[i], s)
	}
	for _, sitting := range sittings {
		slices.SortStableFunc(sitting, func(a, b Speech) int { return a.Start.Compare(b.Start) })
	}
	slices.SortStableFunc(sittings, func(a, b []Speech) int { return a[0].Start.Compare(b[0].Start) })
	return sittings
}

// class is what is known of one class of speakers.
type class struct{ sum, n int64 }

func (c class) mean() int64 { return (priorCount*priorPPM + c.sum) / (priorCount + c.n) }

// backtest is a rolling evaluation.
type backtest struct {
	lead      int
	classes   [2]class
	residuals []int64 // of all sittings so far, in their order
	errors    []int64
	covered   [3]int
}

// ratio is gross over limit, in parts per million.
func (s Speech) ratio() int64 { return min(s.GrossMS*Whole/s.LimitMS, longest) }

// class is the index of the speaker's class.
func (s Speech) class() int {
	if s.Government {
		return 1
	}
	return 0
}

// sitting forecasts through one sitting, scores if asked to, and then learns.
func (b *backtest) sitting(speeches []Speech, scored bool) {
	means := [2]int64{b.classes[0].mean(), b.classes[1].mean()}
	var own, residuals []int64
	var tendency, n int64
	for i := 0; i+b.lead <= len(speeches); i++ {
		shift := tendency / (sittingCount + n)
		var forecast, actual int64
		for _, s := range speeches[i : i+b.lead] {
			forecast += s.LimitMS * (means[s.class()] + shift) / Whole
			actual += s.GrossMS
		}
		own = append(own, actual-forecast)
		tendency += speeches[i].ratio() - means[speeches[i].class()]
		n++
	}
	if scored {
		b.measure(own)
	}
	residuals = append(b.residuals, own...)
	b.residuals = residuals[max(0, len(residuals)-window):]
	for _, s := range speeches {
		c := &b.classes[s.class()]
		c.sum += s.ratio()
		c.n++
	}
}

// measure compares one sitting's residuals with the ranges known before it.
func (b *backtest) measure(own []int64) {
	sorted := slices.Clone(b.residuals)
	slices.Sort(sorted)
	mid := Conformal(sorted, Whole/2)
	for _, r := range own {
		b.errors = append(b.errors, r-mid)
		for k, coverage := range [...]int64{800_000, 900_000, 950_000} {
			tail := (Whole - coverage) / 2
			if r >= Conformal(sorted, tail) && r <= Conformal(sorted, Whole-tail) {
				b.covered[k]++
			}
		}
	}
}

// score sums up.
func (b *backtest) score() Score {
	s := Score{N: len(b.errors)}
	if s.N == 0 {
		return s
	}
	n := float64(s.N)
	sizes := make([]int64, s.N)
	var sum, bias int64
	for i, e := range b.errors {
		sizes[i] = max(e, -e)
		sum += sizes[i]
		bias += e
	}
	slices.Sort(sizes)
	s.MeanAbsoluteMS, s.BiasMS = float64(sum)/n, float64(bias)/n
	s.P95MS = sizes[(len(sizes)*95+99)/100-1]
	s.Cover80, s.Cover90, s.Cover95 = float64(b.covered[0])/n, float64(b.covered[1])/n, float64(b.covered[2])/n
	return s
}
