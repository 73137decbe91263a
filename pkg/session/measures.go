package session

import (
	"cmp"
	"slices"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/fairness/measures"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// Measures reckon up what happened so far.
type Measures struct {
	measures.Summary
	// EtaCount counts the turns whose start had been told at five places,
	// EtaErrorMS is the mean absolute error of those, EtaCovered how many began in
	// the range that was told.
	EtaCount, EtaCovered int
	EtaErrorMS           int64
	Account              Account
	// ChairMS is the chair's own time: interventions and answers while a part with
	// a list is on. It is charged to the session, never to a speaker.
	ChairMS int64
	// ReserveMS is what was charged to the reserve for interruptions.
	ReserveMS int64
}

// fiveAway is the place at which starts are compared with what was told.
const fiveAway = 5

// MeasuresOf reckons the session up as of an instant. Only turns that stand and
// are over count, statements only; who still waits is not compared yet, who
// will not be heard any more is, with nothing. What joint speakers hold counts
// for the lead. Private allowances are in no figure.
func MeasuresOf(s *State, at clock.Instant) Measures {
	held := map[ids.Entry]*measures.Turn{}
	order := make([]ids.Entry, 0, len(s.Queue.EntryOrder))
	for _, id := range s.Queue.EntryOrder {
		e := s.Queue.Entries[id]
		state := s.EntryState(e)
		if e.Kind != events.Statement || state == Gone || state == Merged {
			continue
		}
		t := &measures.Turn{RequestMS: e.RequestedMS, Present: state == NotReached && !e.Absent && !e.Excused}
		if a := s.Registry.Applicants[e.Applicant]; a != nil {
			t.Group = a.Group
		}
		held[id] = t
		order = append(order, id)
	}
	m := Measures{Account: s.Account(at)}
	var errorSum int64
	turns := s.standing()
	for place, t := range turns {
		one := held[t.Entry]
		if one == nil {
			continue
		}
		one.Present = true
		if one.Place == 0 {
			one.Place = place + 1
		}
		one.UsedMS += s.Reckoned(t, t.EndedAt)
		if clock := s.Timing.Turns[t.ID]; clock != nil {
			one.OfferedMS += clock.AllottedMS
			one.GuaranteeMS = clock.GuaranteeMS
			one.Cut = t.How != events.Yielded && one.UsedMS > clock.AllottedMS+clock.AddedMS-clock.AccessMS
		} else {
			one.OfferedMS += t.AllottedMS
		}
		if told, ok := s.toldAt(t, fiveAway); ok {
			m.EtaCount++
			errorSum += max(t.BegunAt.Sub(told.Middle), told.Middle.Sub(t.BegunAt))
			if t.BegunAt >= told.Low && t.BegunAt <= told.High {
				m.EtaCovered++
			}
		}
	}
	if m.EtaCount > 0 {
		m.EtaErrorMS = errorSum / int64(m.EtaCount)
	}
	all := make([]measures.Turn, len(order))
	for i, id := range order {
		all[i] = *held[id]
	}
	// Floats are summed in the order of speaking, so that the same turns give the
	// same digits.
	slices.SortStableFunc(all, func(a, b measures.Turn) int { return cmp.Compare(a.Place, b.Place) })
	m.Summary = measures.Summarise(all)
	if !s.Timing.StartedAt.IsZero() {
		m.ReserveMS = s.ReserveSpent(s.Timing.StartedAt, at)
		m.ChairMS = s.ledger(at).free.minus(s.planned(at)).within(s.Timing.StartedAt.Add(s.openingMS()), at)
	}
	return m
}

// standing are the turns that stand and are over, in order of their first word.
func (s *State) standing() []*Turn {
	var all []*Turn
	for _, id := range s.Queue.TurnOrder {
		if t := s.Queue.Turns[id]; t.Stands() && !t.EndedAt.IsZero() {
			all = append(all, t)
		}
	}
	slices.SortStableFunc(all, func(a, b *Turn) int { return cmp.Compare(a.BegunAt, b.BegunAt) })
	return all
}

// toldAt is what the entry of a turn was last told at a place, before its call.
func (s *State) toldAt(t *Turn, places int) (Told, bool) {
	var last Told
	for _, told := range s.Timing.Etas[t.Entry] {
		if told.Places == places && told.At <= t.GivenAt {
			last = told
		}
	}
	return last, !last.At.IsZero()
}
