package session

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/fairness/credit"
	"github.com/fairfloor/fairfloor/pkg/fairness/measures"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// credit folds the facts of carry-over.
func (r *Registry) credit(event events.Event) error {
	switch e := event.(type) {
	case *events.CreditBrought:
		r.Credit = e
	case *events.CreditReckoned:
		r.Reckoned = e
	case *events.CreditCarried:
		if r.Series == nil {
			return fmt.Errorf("a credit of a consultation that was never made")
		}
		all := slices.DeleteFunc(r.Series.Carried, func(c *events.CreditCarried) bool { return c.Session == e.Session })
		all = append(all, e)
		slices.SortStableFunc(all, func(a, b *events.CreditCarried) int {
			return cmp.Or(cmp.Compare(a.AdjournedAt, b.AdjournedAt), ids.Session.Compare(a.Session, b.Session))
		})
		r.Series.Carried, r.Series.Credits = all, e.Credits
	}
	return nil
}

// Reckoning is what an adjourned session did to one applicant.
type Reckoning struct {
	Applicant ids.Applicant
	credit.Session
}

// Reckon reckons up what the session did to each applicant with a statement on a
// list, in order of applying (fairness.md, carry-over):
//
//   - whoever waited and was there was not reached;
//   - a turn that the system ended (the limit, the session's end), or that was
//     allotted less than its entitlement and used all of it, was curtailed;
//   - any other turn is as its speaker, or the chair, chose it to be;
//   - who was called and silent, or reported away to the end, was absent, unless
//     the secretariat excused them;
//   - who came too late to be let in keeps what they have, as if excused;
//   - whom the chair set aside, for a second session or by apportionment, was not
//     reached, with the full credit that was told them then;
//   - who withdrew in time, or never joined a list, is left out and keeps it too.
//
// Each member of a joint statement is reckoned with its part of the time. Several
// statements of one applicant are added up, as far as the system withheld them.
func (s *State) Reckon() []Reckoning {
	claims := s.claims()
	used, requests := make([]int64, 0, len(claims)), make([]int64, 0, len(claims))
	for _, c := range claims {
		if c.outcome == credit.Spoke || c.outcome == credit.NotReached {
			used, requests = append(used, c.used), append(requests, c.request)
		}
	}
	entitled := measures.Entitlements(used, requests)
	level := int64(0)
	for _, ms := range entitled {
		level = max(level, ms)
	}
	sums := map[ids.Applicant]*Reckoning{}
	next := 0
	for _, c := range claims {
		due, slot := c.aside, max(level, c.aside)
		if due > 0 {
			c.outcome = credit.NotReached
		} else if c.outcome == credit.Spoke || c.outcome == credit.NotReached {
			due, next = entitled[next], next+1
		}
		if c.outcome == credit.Spoke && (c.cut || c.used >= c.allotted && c.allotted < due) && c.used < due {
			c.outcome = credit.Curtailed
		}
		sum := sums[c.applicant]
		if sum == nil {
			sum = &Reckoning{Applicant: c.applicant, Session: credit.Session{}}
			sums[c.applicant] = sum
		}
		sum.SlotMS = max(sum.SlotMS, slot)
		sum.add(c.outcome, due, c.used)
	}
	all := make([]Reckoning, 0, len(sums))
	for _, id := range s.Registry.ApplicantOrder {
		if sum := sums[id]; sum != nil {
			all = append(all, *sum)
		}
	}
	return all
}

// outcomes in the order in which one outweighs the next.
var outcomes = []credit.Outcome{"", credit.Absent, credit.Excused, credit.Spoke, credit.Curtailed, credit.NotReached}

// add adds one statement. Where something was withheld, only what was withheld
// counts; else what was used does, for the record.
func (r *Reckoning) add(outcome credit.Outcome, entitled, used int64) {
	withheld := func(o credit.Outcome) bool { return o == credit.NotReached || o == credit.Curtailed }
	switch {
	case withheld(r.Outcome) && !withheld(outcome):
		return
	case withheld(outcome) && !withheld(r.Outcome):
		r.EntitledMS, r.UsedMS = 0, 0
	}
	if slices.Index(outcomes, outcome) > slices.Index(outcomes, r.Outcome) {
		r.Outcome = outcome
	}
	r.EntitledMS, r.UsedMS = r.EntitledMS+entitled, r.UsedMS+used
}

// reckoned is one applicant's part of one statement.
type reckoned struct {
	applicant               ids.Applicant
	outcome                 credit.Outcome
	request, allotted, used int64
	// cut says that the system ended the turn.
	cut bool
	// aside is the credit of who was set aside, zero for others.
	aside int64
}

// claims are the statements that count, in the order of joining, a joint one
// once for each of its organisations.
func (s *State) claims() []reckoned {
	type held struct {
		used, allotted int64
		cut            bool
	}
	turns := map[ids.Entry]held{}
	for _, id := range s.Queue.TurnOrder {
		t := s.Queue.Turns[id]
		if !t.Stands() || t.EndedAt.IsZero() {
			continue
		}
		h := turns[t.Entry]
		allotted, _ := s.Allotted(t)
		h.used, h.allotted, h.cut = h.used+s.Reckoned(t, t.EndedAt), h.allotted+allotted, t.How == events.AtLimit || t.How == events.Adjourned
		turns[t.Entry] = h
	}
	var all []reckoned
	for _, id := range s.Queue.EntryOrder {
		e := s.Queue.Entries[id]
		if e.Kind != events.Statement {
			continue
		}
		lead, n := e, int64(1)
		if e.State == Merged {
			if lead = s.Queue.Entries[e.MergedInto]; lead == nil {
				continue
			}
		}
		n += int64(len(lead.Members))
		if lead.State == SetAside && lead.Aside != nil {
			// It counts for nothing in the filling: it was taken out before.
			all = append(all, reckoned{applicant: e.Applicant, aside: max(1, lead.Aside.CreditMS)})
			continue
		}
		outcome, counts := s.outcome(e, lead)
		if !counts {
			continue
		}
		h := turns[lead.ID]
		all = append(all, reckoned{
			applicant: e.Applicant, outcome: outcome, request: s.own(e), allotted: h.allotted / n, used: h.used / n, cut: h.cut,
		})
	}
	return all
}

// own is the most that an entry by itself could be given: what it asked for, at
// most the longest turn of its part. Zero is no limit.
func (s *State) own(e *Entry) int64 {
	most := s.most(e.Part)
	if e.RequestedMS == 0 || most > 0 && e.RequestedMS > most {
		return most
	}
	return e.RequestedMS
}

// outcome says how the session ended for an entry that stands by itself or in
// lead's joint statement; false when it is not reckoned.
func (s *State) outcome(e, lead *Entry) (credit.Outcome, bool) {
	absent := credit.Absent
	if e.Excused || lead.Excused {
		absent = credit.Excused
	}
	switch lead.State {
	case Spoken, OnFloor:
		return credit.Spoke, true
	case Waiting, NotReached:
		if lead.Absent || e.Excused || lead.Excused {
			return absent, true
		}
		return credit.NotReached, true
	case Standby:
		if lead.Late && !lead.Absent && lead.NoShows == 0 {
			return credit.Excused, true
		}
		return absent, true
	case Gone:
		return absent, lead.NoShows > 0 || e.Excused
	default:
		return "", false
	}
}
