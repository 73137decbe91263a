package view

import (
	"math"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/fairness/plan"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// plan fills in whether everybody will be heard, and what each entry can
// expect, as of the last commit that was more than captions: a function of the log, so every
// gateway shows the same numbers (decisions.md 6).
func (v *View) plan(s *session.State) {
	current := currentPart(s)
	v.Plan.Digest = s.PlanDigest()
	total := api.TotalView{Fits: true}
	for _, part := range s.Registry.Parts {
		if !part.HasList {
			continue
		}
		// Lists of later parts have expectations of their own.
		p := session.PlanOf(s, part.ID, s.ViewAt)
		v.expect(&p)
		out := planView(&p)
		v.choices(s, &p, &out)
		v.Parts[part.ID].Plan = &out
		total.Fits = total.Fits && (out.Fits || out.Waiting == 0)
		total.Waiting += out.Waiting
		total.Standby += out.Standby
		total.NotReached += out.NotReached
		total.MissingMS += out.MissingMS
		if part.ID == current {
			v.Plan = out
			v.Floor.ExpectedEnd = 0
			if t := s.Queue.Running(); t != nil {
				v.Floor.ExpectedEnd = s.ViewAt.Add(p.Budget.RunningMS)
			}
		}
	}
	v.Plan.Session = &total
	v.Measures = measuresView(s, s.ViewAt)
}

// currentPart is the part whose plan is shown: the running one, or else the
// first with a list that is not over.
func currentPart(s *session.State) ids.Part {
	if part, _, ok := s.Registry.Part(s.Timing.Part); ok && part.HasList {
		return part.ID
	}
	for _, part := range s.Registry.Parts {
		ran := s.Timing.Parts[part.ID]
		if part.HasList && (ran == nil || ran.EndedAt.IsZero()) {
			return part.ID
		}
	}
	return ids.Part{}
}

// expect writes what the plan says of each waiting entry.
func (v *View) expect(p *session.View) {
	for i := range p.Entries {
		e := &p.Entries[i]
		out, ok := v.Entries[e.Entry]
		if !ok || out.State == session.NotReached {
			continue
		}
		out.AllotmentMS, out.GuaranteeMS, out.Cut = e.AllotmentMS, e.GuaranteeMS, e.Cut
		// Standby waits for a gap; whether one comes is not foreseen.
		if e.Place > 0 {
			out.Reached = e.Reached
		}
		if e.HasETA {
			out.Start = &api.RangeView{Low: e.Low, Middle: e.Middle, High: e.High}
		}
		v.Entries[e.Entry] = out
	}
}

func planView(p *session.View) api.PlanView {
	return api.PlanView{
		Part: p.Part, Fits: p.Fits, Guaranteed: p.Guaranteed, AtRisk: p.AtRisk, Waiting: p.Waiting, Standby: p.Standby,
		NotReached: p.NotReached, LevelMS: p.LevelMS, GuaranteeMS: p.GuaranteeMS,
		RaiseToMS: p.RaiseToMS, End: p.EndsAt, UsePPM: p.UsePPM, HandoverMS: p.HandoverMS, Digest: p.Digest,
		Budget: api.BudgetView{
			ElapsedMS: p.Budget.ElapsedMS, RunningMS: p.Budget.RunningMS, ReservedMS: p.Budget.ReservedMS,
			PromisedMS: p.Budget.PromisedMS, FreeMS: p.Budget.FreeMS, ShortMS: p.Budget.ShortMS,
		},
	}
}

// choices fills in the feasibility of a list and the ladder.
func (v *View) choices(s *session.State, p *session.View, out *api.PlanView) {
	f := session.FeasibilityOf(s, p.Part, s.ViewAt)
	out.SlotMS, out.SlotWithOneMoreMS, out.MissingMS, out.Admits = f.SlotMS, f.SlotWithOneMoreMS, f.MissingMS, f.Admits
	out.ReservesUsed = s.Timing.ReservesUsed
	if p.Fits || p.Fault != nil {
		return
	}
	// What cannot be computed was said by the plan already: it has a fault.
	rungs, err := session.LadderOf(s, p.Part, s.ViewAt)
	if err != nil {
		return
	}
	for i := range rungs {
		out.Ladder = append(out.Ladder, rungView(p, &rungs[i]))
		if rungs[i].Kind == plan.Extend && rungs[i].Fits {
			out.MissingMS = rungs[i].ExtendMS
		}
	}
}

// rungView is a rung with its command, and its effects where they make a
// difference to the plan as it is.
func rungView(now *session.View, r *session.Rung) api.RungView {
	out := api.RungView{
		Kind: r.Kind, Fits: r.Fits, Heard: r.Heard, Aside: r.Aside, MinimumMS: r.MinimumMS, SlotMS: r.SlotMS,
		ExtendMS: r.ExtendMS, End: r.End, NeedsReason: r.Breaks, Effects: []api.EffectView{},
	}
	switch r.Kind {
	case plan.LowerMinimum:
		out.Verb, out.Args = "set_minimum", api.RungArgs{MinimumMS: r.MinimumMS, Guarantees: r.Breaks}
	case plan.UseReserves:
		out.Verb = "use_reserves"
	case plan.Extend:
		out.Verb, out.Args = "extend_session", api.RungArgs{ByMS: r.ExtendMS}
	case plan.SecondSession, plan.Apportion:
		out.Places, out.CreditMS = len(r.Effects)-r.Aside, r.CreditMS
		out.Verb, out.Args = "set_aside", api.RungArgs{Part: now.Part, How: events.AsideHow(r.Kind), Places: out.Places}
	}
	index := map[effect]int{}
	for i, e := range r.Effects {
		if was := &now.Entries[i]; !e.Aside && was.AllotmentMS == e.AllotmentMS && was.Reached == e.Reached {
			continue
		}
		out.Effects = group(out.Effects, index, e)
	}
	return out
}

// effect is what several entries may have in common.
type effect struct {
	ms             int64
	reached, aside bool
}

// group adds an entry to those for whom a rung does the same.
func group(all []api.EffectView, index map[effect]int, e session.Effect) []api.EffectView {
	key := effect{e.AllotmentMS, e.Reached, e.Aside}
	at, known := index[key]
	if !known {
		at = len(all)
		index[key] = at
		all = append(all, api.EffectView{AllotmentMS: e.AllotmentMS, Reached: e.Reached, Aside: e.Aside})
	}
	all[at].Entries = append(all[at].Entries, e.Entry)
	return all
}

// measuresView is what happened so far, none before the session starts.
func measuresView(s *session.State, at clock.Instant) *api.MeasuresView {
	if s.Timing.StartedAt.IsZero() {
		return nil
	}
	m := session.MeasuresOf(s, at)
	out := &api.MeasuresView{
		Applied: m.Applied, Heard: m.Heard, JainSeconds: digits(m.JainSeconds), JainEntitlement: digits(m.JainEntitlement),
		JainOffered: digits(m.JainOffered), Gini: digits(m.Gini), ShortestMS: m.ShortestOfferedMS, LongestMS: m.LongestOfferedMS,
		LoosemoreHanby: digits(m.LoosemoreHanby), GroupPrefixError: digits(m.GroupPrefixError), PromisesBroken: m.PromisesBroken,
		EtaMAEMS: m.EtaErrorMS, EtaCount: m.EtaCount,
		SpeakingMS: m.Account.SpeakingMS, HandoverMS: m.Account.CalledMS, PausedMS: m.Account.PausedMS, PointsMS: m.Account.PointsMS,
		ChairMS: m.ChairMS, ReserveMS: m.ReserveMS,
	}
	if m.EtaCount > 0 {
		out.EtaCoveragePPM = int64(m.EtaCovered) * 1_000_000 / int64(m.EtaCount)
	}
	return out
}

// digits rounds to four digits, which every processor gives alike.
func digits(x float64) float64 { return math.Round(x*10_000) / 10_000 }
