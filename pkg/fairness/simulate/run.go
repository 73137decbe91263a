package simulate

import (
	"context"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/fairfloor/fairfloor/pkg/fairness/eta"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// MostSessions is how many sessions one run plays at most.
const MostSessions = 10_000_000

// Options are a run's.
type Options struct {
	// Sessions and Seed: session i of a seed is the same in every run.
	Sessions int
	Seed     uint64
	// Workers share the sessions; zero is one for each processor. The figures
	// do not depend on it.
	Workers int
	// Progress is called with the number of sessions done so far, from any
	// worker; nil is nobody.
	Progress func(done int)
	// Calibration makes the ETA ranges; nil is the shipped one.
	Calibration *eta.Calibration
}

// Run plays the sessions of one policy.
func Run(ctx context.Context, scenario Scenario, policy Policy, options Options) (Figures, error) {
	outcomes, t, err := run(ctx, scenario, policy, options, nil)
	if err != nil {
		return Figures{}, err
	}
	return figures(policy.Title, outcomes, t), nil
}

// Learn plays sessions and makes a calibration of their residuals, as a
// deployment does from its own finished sessions.
func Learn(ctx context.Context, scenario Scenario, policy Policy, options Options, name string, coveragePPM int64) (*eta.Calibration, error) {
	var learner eta.Learner
	options.Calibration = &eta.Calibration{} // residuals of the bare forecast
	options.Workers = 1                      // a learner takes one residual after the other
	if _, _, err := run(ctx, scenario, policy, options, learner.Add); err != nil {
		return nil, err
	}
	return learner.Calibrate(name, coveragePPM), nil
}

func run(ctx context.Context, scenario Scenario, policy Policy, options Options, learn func(int, int64)) ([]outcome, *tally, error) {
	if err := scenario.Check(); err != nil {
		return nil, nil, err
	}
	if options.Sessions < 1 || options.Sessions > MostSessions {
		return nil, nil, problem.Field("sessions", "%d is not between 1 and %d", options.Sessions, MostSessions)
	}
	workers := options.Workers
	if workers < 1 {
		workers = runtime.GOMAXPROCS(0)
	}
	outcomes := make([]outcome, options.Sessions)
	tallies := make([]*tally, workers)
	var next, done atomic.Int64
	var group sync.WaitGroup
	for w := range workers {
		tallies[w] = newTally(scenario.Applicants())
		group.Go(func() {
			g := game{scenario: &scenario, policy: &policy, table: options.Calibration, learn: learn}
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(outcomes) {
					return
				}
				outcomes[i] = g.session(options.Seed, i, tallies[w])
				if options.Progress != nil {
					options.Progress(int(done.Add(1)))
				}
			}
		})
	}
	group.Wait()
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	for i := range outcomes {
		if outcomes[i].err != nil {
			return nil, nil, outcomes[i].err
		}
	}
	for _, t := range tallies[1:] {
		tallies[0].merge(t)
	}
	return outcomes, tallies[0], nil
}

// session plays one session.
func (g *game) session(seed uint64, session int, t *tally) outcome {
	if err := g.begin(seed, session); err != nil {
		return outcome{err: err}
	}
	if err := g.play(); err != nil {
		return outcome{err: err}
	}
	if g.learn != nil {
		g.learned()
	}
	return g.outcome(t)
}

// merge adds another worker's tally.
func (t *tally) merge(o *tally) {
	t.start.merge(&o.start)
	t.five.merge(&o.five)
	t.covered += o.covered
	t.ranges += o.ranges
	for k := range t.n {
		t.offered[k] += o.offered[k]
		t.used[k] += o.used[k]
		t.n[k] += o.n[k]
	}
}

// rounded cuts what is only noise of adding floats up.
func (f Figures) rounded() Figures {
	for _, v := range []*float64{
		&f.HeardMean, &f.HeardP5, &f.PresentMean, &f.AllPresentHeard, &f.JainSeconds, &f.JainEntitlement,
		&f.JainOffered, &f.Gini, &f.ShortestOfferedS, &f.LongestOfferedS, &f.FirstTenOfferedS, &f.LastTenOfferedS,
		&f.CutShare, &f.ETAStartMAE, &f.ETAStartP95, &f.ETA5MAE, &f.ETA5P95, &f.ETA90Coverage, &f.OverrunMeanS,
		&f.OverrunP95S, &f.NoOverrunShare, &f.PromisesBroken, &f.GroupPrefixError,
	} {
		*v = math.Round(*v*1e6) / 1e6
	}
	for i := range f.Place {
		p := &f.Place[i]
		for _, v := range []*float64{&p.OfferedS, &p.UsedS, &p.Share} {
			*v = math.Round(*v*1e6) / 1e6
		}
	}
	return f
}
