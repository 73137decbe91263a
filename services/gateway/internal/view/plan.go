package view

import (
	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// plan fills in whether everybody will be heard, and what each entry can
// expect, as of the last commit that was more than captions: a function of the log, so every
// gateway shows the same numbers (decisions.md 6).
func (v *View) plan(s *session.State) {
	current := currentPart(s)
	v.Plan.Digest = s.PlanDigest()
	for _, part := range s.Registry.Parts {
		if !part.HasList {
			continue
		}
		// Lists of later parts have expectations of their own.
		p := session.PlanOf(s, part.ID, s.ViewAt)
		v.expect(&p)
		if part.ID == current {
			v.Plan = planView(&p)
			v.Floor.ExpectedEnd = 0
			if t := s.Queue.Running(); t != nil {
				v.Floor.ExpectedEnd = s.ViewAt.Add(p.Budget.RunningMS)
			}
		}
	}
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
		out.AllotmentMS, out.GuaranteeMS = e.AllotmentMS, e.GuaranteeMS
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
		Fits: p.Fits, Waiting: p.Waiting, NotReached: p.NotReached, LevelMS: p.LevelMS, GuaranteeMS: p.GuaranteeMS,
		RaiseToMS: p.RaiseToMS, End: p.EndsAt, UsePPM: p.UsePPM, HandoverMS: p.HandoverMS, Digest: p.Digest,
		Budget: api.BudgetView{
			ElapsedMS: p.Budget.ElapsedMS, RunningMS: p.Budget.RunningMS, ReservedMS: p.Budget.ReservedMS,
			PromisedMS: p.Budget.PromisedMS, FreeMS: p.Budget.FreeMS, ShortMS: p.Budget.ShortMS,
		},
	}
}
