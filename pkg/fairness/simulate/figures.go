package simulate

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/fairness/eta"
	"github.com/fairfloor/fairfloor/pkg/fairness/measures"
)

// Figures are what a policy did, means over sessions unless the name says
// otherwise. Offers are compared among those present; an offer of all that was
// asked for counts as a full one, which dividing by min(request, level) says.
type Figures struct {
	Title    string `json:"title"`
	Sessions int    `json:"sessions"`
	// HeardMean and HeardP5 count those who spoke, PresentMean those who were
	// there, at the call or in time afterwards.
	HeardMean   float64 `json:"heard_mean"`
	HeardP5     float64 `json:"heard_p5"`
	PresentMean float64 `json:"present_mean"`
	// AllPresentHeard is the part of the sessions in which everybody present
	// was heard.
	AllPresentHeard float64 `json:"all_present_heard"`
	JainSeconds     float64 `json:"jain_seconds"`
	JainEntitlement float64 `json:"jain_entitlement"`
	JainOffered     float64 `json:"jain_offered"`
	Gini            float64 `json:"gini"`
	// ShortestOfferedS is the mean over sessions of the least offer among
	// those who spoke (decisions.md 20); LongestOfferedS of the greatest.
	ShortestOfferedS float64 `json:"shortest_offered_s"`
	LongestOfferedS  float64 `json:"longest_offered_s"`
	// FirstTenOfferedS and LastTenOfferedS compare the ends of the list.
	FirstTenOfferedS float64 `json:"first_ten_offered_s"`
	LastTenOfferedS  float64 `json:"last_ten_offered_s"`
	// CutShare is the part of the turns that somebody else ended.
	CutShare float64 `json:"cut_share"`
	// ETA errors: at list close, and at five places.
	ETAStartMAE   float64 `json:"eta_start_mae_s"`
	ETAStartP95   float64 `json:"eta_start_p95_s"`
	ETA5MAE       float64 `json:"eta5_mae_s"`
	ETA5P95       float64 `json:"eta5_p95_s"`
	ETA90Coverage float64 `json:"eta90_coverage"`
	// Overruns of the hard end, closing included.
	OverrunMeanS   float64 `json:"overrun_mean_s"`
	OverrunP95S    float64 `json:"overrun_p95_s"`
	NoOverrunShare float64 `json:"no_overrun_share"`
	// PromisesBroken counts those present who were offered less than promised.
	PromisesBroken   float64 `json:"promises_broken"`
	GroupPrefixError float64 `json:"group_prefix_error"`
	// Place holds the mean offered and used seconds by place of speaking.
	Place []PlaceFigures `json:"by_place,omitempty"`
}

// PlaceFigures are one place of speaking; Share is the part of the sessions in
// which somebody spoke there.
type PlaceFigures struct {
	Place    int     `json:"place"`
	OfferedS float64 `json:"offered_s"`
	UsedS    float64 `json:"used_s"`
	Share    float64 `json:"share"`
}

// outcome is one session's figures.
type outcome struct {
	measures.Summary
	firstMS, lastMS int64
	overrunMS       int64
	err             error
}

// tally is what sums up in integers, so that it does not matter which worker
// adds what first.
type tally struct {
	start, five      errors
	covered, ranges  int64
	offered, used, n []int64 // by place
}

func newTally(places int) *tally {
	return &tally{offered: make([]int64, places), used: make([]int64, places), n: make([]int64, places)}
}

// errors is a histogram of absolute errors in whole seconds.
type errors struct {
	bins  [7201]int64
	sumMS int64
	n     int64
}

func (e *errors) add(ms int64) {
	ms = max(ms, -ms)
	e.sumMS += ms
	e.n++
	e.bins[min(ms/1000, int64(len(e.bins)-1))]++
}

func (e *errors) merge(o *errors) {
	for i := range e.bins {
		e.bins[i] += o.bins[i]
	}
	e.sumMS += o.sumMS
	e.n += o.n
}

func (e *errors) mean() float64 {
	if e.n == 0 {
		return 0
	}
	return float64(e.sumMS) / float64(e.n) / 1000
}

// p95 is the second below which 95 % of the errors lie.
func (e *errors) p95() float64 {
	var sum int64
	for i, n := range e.bins {
		if sum += n; n > 0 && sum*100 >= e.n*95 {
			return float64(i + 1)
		}
	}
	return 0
}

// present says whether somebody counts as present: there at the call, or in
// time afterwards; who was never called counts if they would have come.
func (g *game) present(who int) bool {
	p, h := &g.players[who], &g.fortune.people[who]
	if !h.absent || p.begunMS > 0 {
		return true
	}
	return h.lateMS >= 0 && (p.calledMS == 0 || p.calledMS+h.lateMS <= g.limit()-lastCallMS)
}

// outcome reckons one session up, with the measures of the record.
func (g *game) outcome(t *tally) outcome {
	g.turns = slices.Grow(g.turns[:0], len(g.players))[:len(g.players)]
	for who := range g.players {
		p, h := &g.players[who], &g.fortune.people[who]
		g.turns[who] = measures.Turn{
			Group: g.scenario.Groups[h.group].Name, Present: g.present(who),
			OfferedMS: p.offeredMS, UsedMS: p.usedMS, GuaranteeMS: p.guaranteeMS, Cut: p.cut,
		}
		if g.policy.Requests {
			g.turns[who].RequestMS = h.requestMS
		}
		g.errors(who, t)
	}
	for k, who := range g.spoken {
		g.turns[who].Place = k + 1
	}
	o := outcome{Summary: measures.Summarise(g.turns)}
	g.places(&o, t)
	if len(g.spoken) > 0 {
		o.overrunMS = max(0, g.nowMS-g.limit())
	}
	return o
}

// errors adds the forecasts given to one person to the tally. Who was not
// there when called had their own share in the error, so they do not count.
func (g *game) errors(who int, t *tally) {
	p := &g.players[who]
	if p.begunMS == 0 || p.missed > 0 {
		return
	}
	for moment := range p.forecast {
		if !p.has[moment] {
			continue
		}
		f := &p.forecast[moment]
		t.ranges++
		if p.begunMS >= f.LowMS && p.begunMS <= f.HighMS {
			t.covered++
		}
		switch moment {
		case atClose:
			t.start.add(p.begunMS - f.MidMS)
		case atFive:
			t.five.add(p.begunMS - f.MidMS)
		}
	}
}

// places reckons by place of speaking.
func (g *game) places(o *outcome, t *tally) {
	for k, who := range g.spoken {
		p := &g.players[who]
		if k < len(t.n) {
			t.offered[k] += p.offeredMS
			t.used[k] += p.usedMS
			t.n[k]++
		}
	}
	ten := int64(min(10, len(g.spoken)))
	for k := range ten {
		o.firstMS += g.players[g.spoken[k]].offeredMS / ten
		o.lastMS += g.players[g.spoken[int64(len(g.spoken))-1-k]].offeredMS / ten
	}
}

// learned passes the residuals of all forecasts on.
func (g *game) learned() {
	for _, f := range g.given {
		if p := &g.players[f.who]; p.begunMS > 0 && p.missed == 0 {
			g.learn(f.lead, eta.Residual(f.baseMS, f.forecast, p.begunMS, f.lead))
		}
	}
}

// figures sums outcomes up, in the order of the sessions.
func figures(title string, outcomes []outcome, t *tally) Figures {
	f := Figures{Title: title, Sessions: len(outcomes)}
	n := float64(len(outcomes))
	heard, overrun := make([]float64, len(outcomes)), make([]float64, len(outcomes))
	turns, cut := 0, 0
	for i := range outcomes {
		o := &outcomes[i]
		heard[i], overrun[i] = float64(o.Heard), float64(o.overrunMS)/1000
		f.HeardMean += heard[i] / n
		f.PresentMean += float64(o.Present) / n
		if o.Heard >= o.Present {
			f.AllPresentHeard += 1 / n
		}
		f.JainSeconds += o.JainSeconds / n
		f.JainEntitlement += o.JainEntitlement / n
		f.JainOffered += o.JainOffered / n
		f.Gini += o.Gini / n
		f.ShortestOfferedS += float64(o.ShortestOfferedMS) / 1000 / n
		f.LongestOfferedS += float64(o.LongestOfferedMS) / 1000 / n
		f.FirstTenOfferedS += float64(o.firstMS) / 1000 / n
		f.LastTenOfferedS += float64(o.lastMS) / 1000 / n
		f.OverrunMeanS += overrun[i] / n
		if o.overrunMS == 0 {
			f.NoOverrunShare += 1 / n
		}
		f.PromisesBroken += float64(o.PromisesBroken) / n
		f.GroupPrefixError += o.GroupPrefixError / n
		turns, cut = turns+o.Heard, cut+o.Cut
	}
	if turns > 0 {
		f.CutShare = float64(cut) / float64(turns)
	}
	slices.Sort(heard)
	slices.Sort(overrun)
	f.HeardP5, f.OverrunP95S = measures.Quantile(heard, .05), measures.Quantile(overrun, .95)
	f.ETAStartMAE, f.ETAStartP95 = t.start.mean(), t.start.p95()
	f.ETA5MAE, f.ETA5P95 = t.five.mean(), t.five.p95()
	if t.ranges > 0 {
		f.ETA90Coverage = float64(t.covered) / float64(t.ranges)
	}
	for k := range t.n {
		if t.n[k] > 0 {
			f.Place = append(f.Place, PlaceFigures{
				Place: k + 1, OfferedS: float64(t.offered[k]) / float64(t.n[k]) / 1000,
				UsedS: float64(t.used[k]) / float64(t.n[k]) / 1000, Share: float64(t.n[k]) / n,
			})
		}
	}
	return f.rounded()
}
