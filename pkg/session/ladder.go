package session

import (
	"cmp"
	"slices"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/fairness"
	"github.com/fairfloor/fairfloor/pkg/fairness/plan"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// Aside is why and since when an entry is set aside.
type Aside struct {
	How events.AsideHow
	At  clock.Instant
	// CreditMS is what it was entitled to: carried in full, whatever else happened.
	CreditMS int64
	// Place is the place that it had, from 1.
	Place int
}

// aside folds the setting aside of entries and their return.
func (q *Queue) aside(c *events.Commit, event events.Event) error {
	switch e := event.(type) {
	case *events.EntriesSetAside:
		for _, one := range e.Entries {
			entry, err := q.entry(one.Entry)
			if err != nil {
				return err
			}
			q.remove(entry)
			q.dropSwaps(one.Entry)
			entry.State, entry.Aside = SetAside, &Aside{How: e.How, At: c.At, CreditMS: e.CreditMS, Place: one.Place}
		}
	case *events.EntriesCalledBack:
		// In order of their places, so that each finds those before it in place.
		for _, id := range e.Entries {
			entry, err := q.entry(id)
			if err != nil {
				return err
			}
			if entry.Aside == nil {
				return errMissing("entry set aside", id)
			}
			q.insert(entry, entry.Aside.Place)
			entry.Aside = nil
		}
	}
	return nil
}

// AsideOf are the entries of a part that are set aside, in order of the places
// that they had.
func (s *State) AsideOf(part ids.Part) []ids.Entry {
	var all []ids.Entry
	for _, id := range s.Queue.EntryOrder {
		if e := s.Queue.Entries[id]; e.Part == part && e.State == SetAside {
			all = append(all, id)
		}
	}
	slices.SortStableFunc(all, func(a, b ids.Entry) int {
		x, y := s.Queue.Entries[a].Aside, s.Queue.Entries[b].Aside
		return cmp.Or(cmp.Compare(x.At, y.At), cmp.Compare(x.Place, y.Place))
	})
	return all
}

// Effect is what becomes of one waiting entry.
type Effect struct {
	Entry ids.Entry
	// AllotmentMS is what it would be offered; zero when it is set aside.
	AllotmentMS int64
	// Reached says that it would be heard in this session, Aside that it would
	// file a written statement or speak in a second session.
	Reached, Aside bool
}

// Rung is one choice of the ladder, with what it does to everybody.
type Rung struct {
	Kind plan.Kind
	// Fits says that with it everybody is heard, in this session or, for a second
	// session, in the next.
	Fits bool
	// Heard speak in this session, Aside are set aside.
	Heard, Aside int
	// MinimumMS is the least that is offered, SlotMS what each of those heard can
	// expect.
	MinimumMS, SlotMS int64
	// ExtendMS is by how much the session is longer.
	ExtendMS int64
	// CreditMS is what each of those set aside carries.
	CreditMS int64
	// Breaks says that it lowers what was promised: the chair gives a reason.
	Breaks bool
	End    clock.Instant
	// Effects has everybody who waits, in list order.
	Effects []Effect
}

// LadderOf gives the choices for a part's list at an instant, from the mildest;
// none when all are heard, when the part is over, or when nobody waits. Like
// PlanOf it is a function of the State and the instant alone.
func LadderOf(s *State, part ids.Part, at clock.Instant) ([]Rung, error) {
	w, ok := s.Window(part)
	waiting := s.Queue.List(part).Order
	if !ok || s.over(part) || len(waiting) == 0 {
		return nil, nil
	}
	situation := s.situation(w, part, at, waiting)
	if situation.HardEndMS <= situation.StartMS {
		return nil, nil
	}
	steps, err := plan.Ladder(situation, s.groups(waiting))
	if err != nil {
		return nil, err
	}
	rungs := make([]Rung, 0, len(steps))
	for i := range steps {
		rungs = append(rungs, s.rung(&steps[i], part, waiting))
	}
	return rungs, nil
}

// groups are the stakeholder groups of entries.
func (s *State) groups(entries []ids.Entry) []string {
	all := make([]string, len(entries))
	for i, id := range entries {
		if a := s.Registry.Applicants[s.Queue.Entries[id].Applicant]; a != nil {
			all[i] = a.Group
		}
	}
	return all
}

// rung says of a step what it does to everybody.
func (s *State) rung(step *plan.Step, part ids.Part, waiting []ids.Entry) Rung {
	r := Rung{
		Kind: step.Kind, Fits: step.Fits, MinimumMS: step.MinimumMS, SlotMS: step.Plan.LevelMS, ExtendMS: step.ExtendMS,
		Aside: len(step.SetAside), CreditMS: wholeSeconds(step.CreditMS), End: clock.Instant(step.Plan.EndMS),
		Effects: make([]Effect, 0, len(waiting)),
	}
	if a := s.Timing.Announced[part]; a != nil && step.Kind == plan.LowerMinimum {
		r.Breaks = step.MinimumMS < a.GuaranteeMS
	}
	offer := 0
	for i, id := range waiting {
		e := Effect{Entry: id, Aside: slices.Contains(step.SetAside, i)}
		if !e.Aside {
			o := &step.Plan.Offers[offer]
			e.AllotmentMS, e.Reached = o.AllotmentMS, o.Reached
			offer++
		}
		if e.Reached {
			r.Heard++
		}
		r.Effects = append(r.Effects, e)
	}
	if r.SlotMS == 0 {
		// Nothing is left to share above the least.
		r.SlotMS = r.MinimumMS
	}
	return r
}

func wholeSeconds(ms int64) int64 { return ms - ms%1_000 }

// SettingAside is what the choice of a rung with so many places does: whom it
// sets aside, and with what credit. False when nobody would be, or nobody left.
func (s *State) SettingAside(part ids.Part, how events.AsideHow, places int, at clock.Instant) (events.EntriesSetAside, bool) {
	waiting := s.Queue.List(part).Order
	w, ok := s.Window(part)
	if !ok || places < 1 || places >= len(waiting) {
		return events.EntriesSetAside{}, false
	}
	aside, err := plan.SetAside(plan.Kind(how), s.groups(waiting), places)
	if err != nil {
		return events.EntriesSetAside{}, false
	}
	out := events.EntriesSetAside{Part: part, How: how, Places: places, CreditMS: s.Minimum()}
	kept := make([]ids.Entry, 0, places)
	for i, id := range waiting {
		if slices.Contains(aside, i) {
			out.Entries = append(out.Entries, events.AsideEntry{Entry: id, Place: i + 1})
			continue
		}
		kept = append(kept, id)
	}
	situation := s.situation(w, part, at, kept)
	if p, err := fairness.Compute(situation); err == nil {
		out.CreditMS = wholeSeconds(max(p.LevelMS, out.CreditMS))
	}
	return out, true
}

// Feasibility is what a list's plan says of those to come: what each waiting
// one can expect now and with one more, and how much longer the session would
// have to be for everybody's minimum, in ms.
type Feasibility struct {
	SlotMS, SlotWithOneMoreMS, MissingMS int64
	// Admits says that a late applicant may still join while every promise holds.
	Admits bool
}

// FeasibilityOf gives a part's list at an instant; see LadderOf.
func FeasibilityOf(s *State, part ids.Part, at clock.Instant) Feasibility {
	w, ok := s.Window(part)
	if !ok || s.over(part) {
		return Feasibility{}
	}
	situation := s.situation(w, part, at, s.Queue.List(part).Order)
	if situation.HardEndMS <= situation.StartMS {
		return Feasibility{MissingMS: situation.StartMS - situation.HardEndMS}
	}
	f := Feasibility{Admits: situation.Admits()}
	// What could be had if nothing had been announced: the slot of the meter.
	situation.GrowthPPM, situation.UniformMS = 0, 0
	var engine fairness.Engine
	f.SlotMS, f.MissingMS = slot(&engine, &situation)
	one := fairness.Entry{Weight: 1, RequestMS: s.most(part), ChancePPM: fairness.ChancePresent, Group: -1}
	situation.Entries = append(situation.Entries, one)
	f.SlotWithOneMoreMS, _ = slot(&engine, &situation)
	return f
}

// slot is the level of a situation, or where not even the minimums fit their
// equal share of what there is; and what is missing for the minimums.
func slot(engine *fairness.Engine, situation *fairness.Situation) (slotMS, missingMS int64) {
	var p fairness.Plan
	if engine.Compute(situation, &p) != nil || len(p.Offers) == 0 {
		return 0, 0
	}
	switch {
	case p.Full:
		slotMS = most(situation, &p)
	case p.LevelMS > 0:
		slotMS = p.LevelMS
	default:
		slotMS = max(0, p.CapacityMS) / int64(len(p.Offers))
	}
	if !p.Fits {
		// At least a second: what is expected may be short where the sum is not.
		missingMS = max(p.Budget.ShortMS, 1_000)
	}
	return wholeSeconds(slotMS), missingMS
}
