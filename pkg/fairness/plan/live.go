package plan

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/fairness"
	"github.com/fairfloor/fairfloor/pkg/fairness/apportion"
)

// Step is one rung of the ladder of a running session, with what everybody
// would be told if the chair chose it.
type Step struct {
	Kind Kind
	// Fits says whether everybody expected is heard with it, in this session
	// or, for SecondSession, in the next.
	Fits bool
	// MinimumMS and ExtendMS are what the chair's command carries.
	MinimumMS, ExtendMS int64
	// SetAside are indices of entries, in the order of the list, that speak in
	// the second session or file a written statement; they carry CreditMS.
	SetAside []int
	CreditMS int64
	// Plan is what the engine says with it, for the entries not set aside, in
	// their order.
	Plan fairness.Plan
}

// MostExtendMS is the longest extension that is looked for.
const MostExtendMS int64 = 12 * 3_600_000

// Ladder gives the rungs for a running session, or before its list closes.
// groups names the group of each entry; nil is one group. An empty ladder
// says that everybody fits. The situation given is not changed.
func Ladder(s fairness.Situation, groups []string) ([]Step, error) {
	l := ladder{s: s, groups: groups}
	if err := l.engine.Compute(&s, &l.now); err != nil {
		return nil, err
	}
	if l.now.Fits {
		return nil, nil
	}
	for _, build := range []func() (Step, error){l.lower, l.reserves, l.extend, l.second, l.apportioned} {
		step, err := build()
		if err != nil {
			return nil, err
		}
		l.steps = append(l.steps, step)
	}
	return l.steps, nil
}

// ladder builds the steps with one engine.
type ladder struct {
	s      fairness.Situation
	groups []string
	engine fairness.Engine
	now    fairness.Plan
	steps  []Step
}

// try computes a changed situation into a plan of its own.
func (l *ladder) try(s fairness.Situation) (fairness.Plan, error) {
	var p fairness.Plan
	err := l.engine.Compute(&s, &p)
	return p, err
}

// search finds the least k in 0..most for which the changed situation fits,
// or most when none does; what fits must go on fitting as k rises.
func (l *ladder) search(most int64, change func(k int64) fairness.Situation) (int64, error) {
	low, high := int64(0), most
	for low < high {
		mid := low + (high-low)/2
		p, err := l.try(change(mid))
		if err != nil {
			return 0, err
		}
		if p.Fits {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return low, nil
}

// lower finds the greatest minimum, in steps of 5 s, with which all fit. As
// the chair's act it may lower guarantees too.
func (l *ladder) lower() (Step, error) {
	change := func(k int64) fairness.Situation {
		s := l.s
		s.MinimumMS = max(0, l.s.MinimumMS-k*fairness.StepMS)
		s.Entries = make([]fairness.Entry, len(l.s.Entries))
		for i, e := range l.s.Entries {
			e.GuaranteeMS = min(e.GuaranteeMS, int64(e.Weight)*s.MinimumMS)
			s.Entries[i] = e
		}
		return s
	}
	k, err := l.search((l.s.MinimumMS+fairness.StepMS-1)/fairness.StepMS, change)
	if err != nil {
		return Step{}, err
	}
	s := change(k)
	p, err := l.try(s)
	return Step{Kind: LowerMinimum, Fits: p.Fits && s.MinimumMS > 0, MinimumMS: s.MinimumMS, Plan: p}, err
}

// reserves gives up the reserves for interruptions and for standby.
func (l *ladder) reserves() (Step, error) {
	s := l.s
	s.Reserve.InitialMS, s.Reserve.KeptMS, s.Standby = 0, 0, 0
	p, err := l.try(s)
	return Step{Kind: UseReserves, Fits: p.Fits, MinimumMS: s.MinimumMS, Plan: p}, err
}

// extend finds the least number of whole minutes with which all fit.
func (l *ladder) extend() (Step, error) {
	const minute = 60_000
	most := max(0, min(MostExtendMS, 24*3_600_000-(l.s.HardEndMS-l.s.StartMS))) / minute
	change := func(k int64) fairness.Situation {
		s := l.s
		s.HardEndMS += k * minute
		return s
	}
	k, err := l.search(most, change)
	if err != nil {
		return Step{}, err
	}
	p, err := l.try(change(k))
	return Step{Kind: Extend, Fits: p.Fits, MinimumMS: l.s.MinimumMS, ExtendMS: k * minute, Plan: p}, err
}

// second keeps the first half of the list, or as many as fit, and leaves the
// rest to a second session.
func (l *ladder) second() (Step, error) {
	n := len(l.s.Entries)
	return l.aside(SecondSession, min((n+1)/2, n-l.now.NotReached))
}

// apportioned gives the places that fit to the groups by Sainte-Lague; inside
// a group the order of the list stands, which the lot made.
func (l *ladder) apportioned() (Step, error) {
	return l.aside(Apportion, len(l.s.Entries)-l.now.NotReached)
}

// aside computes the session with so many places.
func (l *ladder) aside(kind Kind, places int) (Step, error) {
	groups := make([]string, len(l.s.Entries))
	for i := range groups {
		groups[i] = l.group(i)
	}
	aside, err := SetAside(kind, groups, places)
	if err != nil {
		return Step{}, err
	}
	return l.keep(kind, func(i int) bool {
		_, out := slices.BinarySearch(aside, i)
		return !out
	})
}

// SetAside gives the indices, ascending, of the entries that SecondSession or
// Apportion leave out of a session with so many places; groups has the group
// of each entry in the order of the list.
func SetAside(kind Kind, groups []string, places int) ([]int, error) {
	var out []int
	if kind == SecondSession {
		for i := max(places, 0); i < len(groups); i++ {
			out = append(out, i)
		}
		return out, nil
	}
	index := map[string]int{}
	var sizes []apportion.Group
	for _, g := range groups {
		if _, ok := index[g]; !ok {
			index[g] = len(sizes)
			sizes = append(sizes, apportion.Group{Name: g})
		}
		sizes[index[g]].Votes++
	}
	result, err := apportion.Apportion(apportion.SainteLague, sizes, places)
	if err != nil {
		return nil, err
	}
	left := result.Seats
	for i, g := range groups {
		if left[index[g]]--; left[index[g]] < 0 {
			out = append(out, i)
		}
	}
	return out, nil
}

// group is the group of an entry.
func (l *ladder) group(i int) string {
	if i < len(l.groups) {
		return l.groups[i]
	}
	return ""
}

// keep computes the session with some entries only.
func (l *ladder) keep(kind Kind, keeps func(i int) bool) (Step, error) {
	s := l.s
	s.Entries = nil
	step := Step{Kind: kind, MinimumMS: l.s.MinimumMS}
	for i := range l.s.Entries {
		if keeps(i) {
			s.Entries = append(s.Entries, l.s.Entries[i])
		} else {
			step.SetAside = append(step.SetAside, i)
		}
	}
	p, err := l.try(s)
	if err != nil {
		return Step{}, err
	}
	step.Plan = p
	step.CreditMS = max(p.LevelMS, s.MinimumMS)
	step.Fits = p.Fits && (kind == SecondSession && len(step.SetAside) <= len(s.Entries) || len(step.SetAside) == 0)
	return step, nil
}
