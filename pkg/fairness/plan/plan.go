// Package plan says, before a session and at any moment of it, whether
// everybody will be heard, and what could be done about it if not.
//
// It guarantees: what it promises is the theorem of fairness.Theorem, so it
// holds whatever happens within its bounds; a session that does not fit is
// never answered without a ladder of choices; and each rung shows its effect
// on everybody, reckoned by the same code that the session will run on.
package plan

import (
	"github.com/fairfloor/fairfloor/pkg/fairness"
	"github.com/fairfloor/fairfloor/pkg/fairness/allocate"
	"github.com/fairfloor/fairfloor/pkg/fairness/apportion"
	"github.com/fairfloor/fairfloor/pkg/fairness/estimate"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// The defaults of decisions.md 25, in milliseconds.
const (
	DefaultWantedMS  int64 = 120_000
	DefaultOpeningMS int64 = 195_000
	// DefaultOpeningMostMS is the longest opening reckoned with; promises count
	// from there (53 in 90 minutes: 60 s).
	DefaultOpeningMostMS int64 = 240_000
	DefaultReserveMS           = fairness.DefaultReserveMS + fairness.DefaultReserveKeptMS
)

// Question is a session to be planned. Durations in ms.
type Question struct {
	// Applicants is N; Groups, where known, are their sizes and sum to N.
	Applicants int64
	Groups     []apportion.Group
	// LengthMS is from the planned start to the hard end.
	LengthMS int64
	// MinimumMS is the least to be offered, WantedMS what people would like.
	MinimumMS, WantedMS int64
	// OpeningMS is the expected opening, OpeningMostMS the longest.
	OpeningMS, OpeningMostMS int64
	ClosingMS, ReserveMS     int64
	// HandoverMS is the mean handover, HandoverMostMS is h_max, GraceMS is g.
	HandoverMS, HandoverMostMS, GraceMS int64
}

// NewQuestion has the defaults.
func NewQuestion(applicants, lengthMS int64) Question {
	return Question{
		Applicants: applicants, LengthMS: lengthMS, MinimumMS: fairness.DefaultMinimumMS, WantedMS: DefaultWantedMS,
		OpeningMS: DefaultOpeningMS, OpeningMostMS: DefaultOpeningMostMS, ClosingMS: fairness.DefaultClosingMS,
		ReserveMS: DefaultReserveMS, HandoverMS: estimate.HandoverPriorMS,
		HandoverMostMS: fairness.DefaultHandoverMostMS, GraceMS: fairness.DefaultGraceMS,
	}
}

// Answer is what fits.
type Answer struct {
	// Fits says that everybody can be offered the minimum whatever happens
	// within the theorem's bounds, without a deferral.
	Fits bool
	// SlotMS is the level: what each can expect. With one applicant more it is
	// SlotWithOneMoreMS.
	SlotMS, SlotWithOneMoreMS int64
	// GuaranteedMS is what can be promised (decisions.md 19).
	GuaranteedMS int64
	// MissingMS is what the session is too short to give everyone WantedMS;
	// zero when it is not.
	MissingMS int64
	// Most is how many fit with the minimum.
	Most int64
	// NotReached is how many do not.
	NotReached int64
	// Ladder is empty when everybody fits.
	Ladder []Rung
}

// Kind names a rung.
type Kind string

// The rungs, from the mildest.
const (
	LowerMinimum  Kind = "lower_minimum"
	UseReserves   Kind = "use_reserves"
	Extend        Kind = "extend"
	SecondSession Kind = "second_session"
	Apportion     Kind = "apportion"
)

// Rung is one choice with its effect on everybody.
type Rung struct {
	Kind Kind
	// Fits says whether everybody is heard with it.
	Fits bool
	// Heard speak in this session; SetAside file a written statement or speak
	// in the second session, and carry full credit.
	Heard, SetAside int64
	// MinimumMS is the least offered, SlotMS what each of those heard can
	// expect, GuaranteedMS what can be promised to them.
	MinimumMS, SlotMS, GuaranteedMS int64
	// ExtendMS is by how much the session is longer.
	ExtendMS int64
	// ReservesMS is what is taken from the reserves.
	ReservesMS int64
	// CreditMS is what each of those set aside carries.
	CreditMS int64
	// Seats are those heard of each group, in the order of Question.Groups.
	Seats []int
}

// Check refuses a question without meaning, naming the field.
func (q Question) Check() error {
	if q.Applicants < 0 || q.Applicants > fairness.MostEntries {
		return problem.Field("applicants", "%d is not between 0 and %d", q.Applicants, fairness.MostEntries)
	}
	for _, d := range [...]struct {
		field string
		ms    int64
	}{
		{"minutes", q.LengthMS},
		{"minimum", q.MinimumMS},
		{"wanted", q.WantedMS},
		{"opening", q.OpeningMS},
		{"opening-most", q.OpeningMostMS},
		{"closing", q.ClosingMS},
		{"reserve", q.ReserveMS},
		{"handover", q.HandoverMS},
		{"handover-most", q.HandoverMostMS},
		{"grace", q.GraceMS},
	} {
		if d.ms < 0 || d.ms > allocate.MostMS {
			return problem.Field(d.field, "%d ms is not between 0 and 24 hours", d.ms).Try("give a duration between 0 and 24 hours")
		}
	}
	if q.LengthMS == 0 {
		return problem.Field("minutes", "the session has no time").Try("give its length in minutes")
	}
	var sum int64
	for _, g := range q.Groups {
		sum += g.Votes
	}
	if len(q.Groups) > 0 && sum != q.Applicants {
		return problem.Field("groups", "the groups have %d members, and %d applied", sum, q.Applicants)
	}
	return nil
}

// available is the time for turns and their handovers.
func (q Question) available(openingMS int64) int64 {
	return q.LengthMS - openingMS - q.ClosingMS - q.ReserveMS
}

// slot is the level for n equal applicants: what is left after handovers,
// divided; the whole time when nobody applies.
func (q Question) slot(n int64) int64 {
	left := max(0, q.available(q.OpeningMS))
	if n <= 0 {
		return left
	}
	return max(0, left/n-q.HandoverMS)
}

// theorem has the bounds of the question for n entries.
func (q Question) theorem(n int64) fairness.Theorem {
	return fairness.Theorem{
		AvailableMS: q.available(max(q.OpeningMS, q.OpeningMostMS)), Entries: n,
		GraceMS: q.GraceMS, HandoverMostMS: q.HandoverMostMS,
	}
}

// guaranteed is what can be promised to n entries.
func (q Question) guaranteed(n int64) int64 {
	if n == 0 {
		return 0
	}
	return min(q.theorem(n).Guarantee(), q.slot(n))
}

// Plan answers a question.
func Plan(q Question) (Answer, error) {
	if err := q.Check(); err != nil {
		return Answer{}, err
	}
	n := q.Applicants
	a := Answer{SlotMS: q.slot(n), SlotWithOneMoreMS: q.slot(n + 1), GuaranteedMS: q.guaranteed(n)}
	a.Most = q.theorem(n).Most(q.MinimumMS)
	a.NotReached = max(0, n-a.Most)
	a.Fits = a.NotReached == 0
	a.MissingMS = max(0, n*(q.WantedMS+q.HandoverMS)-q.available(q.OpeningMS))
	if !a.Fits {
		ladder, err := q.ladder()
		if err != nil {
			return Answer{}, err
		}
		a.Ladder = ladder
	}
	return a, nil
}

// ladder gives the rungs from the mildest.
func (q Question) ladder() ([]Rung, error) {
	n := q.Applicants
	lower := q
	lower.MinimumMS = q.theorem(n).MinimumMS()
	lower.MinimumMS = max(lower.MinimumMS-lower.MinimumMS%fairness.StepMS, min(q.MinimumMS, fairness.StepMS))
	reserves := q
	reserves.ReserveMS = 0
	extended := q
	const minute = 60_000
	need := n*(q.MinimumMS+q.GraceMS+q.HandoverMostMS) - q.theorem(n).AvailableMS
	extended.LengthMS += (need + minute - 1) / minute * minute
	places := max(0, min(n, q.theorem(n).Most(q.MinimumMS)))
	rungs := []Rung{
		lower.rung(LowerMinimum, n),
		reserves.rung(UseReserves, n),
		extended.rung(Extend, n),
		q.rung(SecondSession, (n+1)/2),
		q.rung(Apportion, places),
	}
	rungs[1].ReservesMS = q.ReserveMS
	rungs[2].ExtendMS = extended.LengthMS - q.LengthMS
	// Two sessions share the applicants evenly; where half of them do not fit
	// one either, as many as fit speak in each.
	if rungs[3].Heard > places {
		rungs[3] = q.rung(SecondSession, places)
	}
	for i := range rungs {
		r := &rungs[i]
		r.SetAside = n - r.Heard
		if r.Kind == SecondSession {
			r.Fits = r.SetAside <= places
		}
		if r.SetAside > 0 && (r.Kind == SecondSession || r.Kind == Apportion) {
			r.CreditMS = r.SlotMS
		}
		if len(q.Groups) > 0 && r.Heard < n {
			result, err := apportion.Apportion(apportion.SainteLague, q.Groups, int(r.Heard))
			if err != nil {
				return nil, err
			}
			r.Seats = result.Seats
		}
	}
	return rungs, nil
}

// rung is the effect of a changed question when so many are to be heard.
func (q Question) rung(kind Kind, heard int64) Rung {
	r := Rung{Kind: kind, MinimumMS: q.MinimumMS}
	r.Heard = max(0, min(heard, q.theorem(heard).Most(q.MinimumMS)))
	r.Fits = r.Heard == heard && kind != Apportion
	r.SlotMS, r.GuaranteedMS = q.slot(r.Heard), q.guaranteed(r.Heard)
	return r
}
