package eta

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/problem"
)

const (
	// Warmup is how many sittings are learned from before any is scored.
	Warmup = 20
	// priorCount imaginary speeches of priorPPM stand for what is known of
	// ordinary speakers before the first was heard; members of the government
	// take half as long again, and are fewer, so less is claimed to be known.
	priorCount           int64 = 20
	priorPPM             int64 = 1_160_000
	governmentPriorCount int64 = 5
	governmentPriorPPM   int64 = 1_600_000
	// sittingCount is the weight of the class's mean against the sitting's own
	// tendency: the variance within over that between sittings.
	sittingCount int64 = 16
	// longest is the greatest ratio that is learned from: longer ones are
	// interruptions.
	longest int64 = 3 * Whole
	// window is how many residuals the ranges are made of: the latest, since
	// the manners of a house change over the years.
	window = 400
	// leastWindow residuals are needed before a range is made of them.
	leastWindow = 100
	// adaptPPM is the step of the adaptive tails per forecast: where ranges have
	// missed too often they widen, where they held too often they narrow (Gibbs
	// and Candes, Adaptive Conformal Inference Under Distribution Shift, 2021).
	adaptPPM int64 = 5_000
)

// coverages are those of the ranges scored, in parts per million.
var coverages = [3]int64{800_000, 900_000, 950_000}

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
			Try("the first %d are only learned from; give more", Warmup)
	}
	b := backtest{lead: lead, classes: [2]class{
		{priorCount * priorPPM, priorCount},
		{governmentPriorCount * governmentPriorPPM, governmentPriorCount},
	}}
	for k, coverage := range coverages {
		b.tails[k] = Whole - coverage
	}
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

// class is what is known of one class of speakers, the prior among it.
type class struct{ sum, n int64 }

func (c class) mean() int64 { return c.sum / c.n }

// backtest is a rolling evaluation.
type backtest struct {
	lead      int
	classes   [2]class
	residuals []int64 // of all sittings so far, in their order
	errors    []int64
	covered   [3]int
	tails     [3]int64 // the part outside of each range, as adapted so far
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
	b.measure(own, scored)
	residuals = append(b.residuals, own...)
	b.residuals = residuals[max(0, len(residuals)-window):]
	for _, s := range speeches {
		c := &b.classes[s.class()]
		c.sum += s.ratio()
		c.n++
	}
}

// measure compares one sitting's residuals with the ranges known before it,
// scores them if asked to, and adapts the tails for the next sitting.
func (b *backtest) measure(own []int64, scored bool) {
	sorted := slices.Clone(b.residuals)
	slices.Sort(sorted)
	for k, coverage := range coverages {
		low, high := Conformal(sorted, b.tails[k]/2), Conformal(sorted, Whole-b.tails[k]/2)
		inside := 0
		for _, r := range own {
			if r >= low && r <= high {
				inside++
			}
		}
		if scored {
			b.covered[k] += inside
		}
		if len(sorted) < leastWindow {
			continue // a miss of a range made of so little teaches nothing
		}
		outside, missed := Whole-coverage, int64(len(own)-inside)
		b.tails[k] += adaptPPM * (int64(len(own))*outside - missed*Whole) / Whole
		b.tails[k] = max(outside/4, min(b.tails[k], 2*outside))
	}
	if mid := Conformal(sorted, Whole/2); scored {
		for _, r := range own {
			b.errors = append(b.errors, r-mid)
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
