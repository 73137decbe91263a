package domain

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/fairness/credit"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/roster"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// ReckonAfterMS is how long after its adjournment a session is reckoned up: as
// long as the adjournment can be undone (decisions.md 12).
const ReckonAfterMS = 10 * 60_000

// carried is what an organisation carries into a session, in ms; zero where
// nothing is carried over.
func carried(brought *events.CreditBrought, organisation string) int64 {
	if brought == nil {
		return 0
	}
	return of(brought.Credits, organisation)
}

// of finds an organisation's credit, however its name is written.
func of(credits []events.OrganisationCredit, organisation string) int64 {
	keys := roster.KeysOf(organisation)
	for _, c := range credits {
		if c.Organisation == organisation || keys.Same(roster.KeysOf(c.Organisation)) {
			return c.CreditMS
		}
	}
	return 0
}

// reckoning is what an adjourned session did to each organisation, and what
// follows from it for their credit.
func reckoning(s *session.State) *events.CreditReckoned {
	f := &events.CreditReckoned{AdjournedAt: s.Timing.AdjournedAt, Rows: []events.CreditRow{}}
	for _, r := range s.Reckon() {
		a := s.Registry.Applicants[r.Applicant]
		if a == nil {
			continue
		}
		before := carried(s.Registry.Credit, a.Organisation)
		f.Rows = append(f.Rows, events.CreditRow{
			Organisation: a.Organisation, BeforeMS: before, Outcome: string(r.Outcome), EntitledMS: r.EntitledMS, UsedMS: r.UsedMS,
			SlotMS: r.SlotMS, CreditMS: credit.Next(before, r.Session),
		})
	}
	return f
}

// unreckoned gives the reckoning of a session that is over and carries credit,
// when the log does not have it like this already.
func unreckoned(s *session.State) (*events.CreditReckoned, bool) {
	if s.Registry.Credit == nil || s.Timing.Phase != session.Adjourned {
		return nil, false
	}
	f := reckoning(s)
	return f, s.Registry.Reckoned == nil || !reflect.DeepEqual(*s.Registry.Reckoned, *f)
}

// reckonCredit writes the reckoning once the adjournment cannot be undone any
// more, and again after each correction until the session is sealed.
func reckonCredit(c call) (result, error) {
	a, err := decode(c, command.ReckonCredit{})
	if err != nil {
		return result{}, err
	}
	f, due := unreckoned(c.s)
	if !due || a.AdjournedAt != c.s.Timing.AdjournedAt || c.now < c.s.Timing.AdjournedAt.Add(ReckonAfterMS) {
		return result{}, problem.New(problem.WrongState, "no reckoning is due").Try("nothing needs to be done")
	}
	return facts(f)
}

// reckonDue is the registry's own request for a reckoning. Its id follows from
// what is to be written, so every replica makes the same, and a correction
// makes another one.
func reckonDue(s *session.State) (command.Deadline, bool) {
	f, due := unreckoned(s)
	if !due {
		return command.Deadline{}, false
	}
	body, err := json.Marshal(f)
	args, err2 := json.Marshal(command.ReckonCredit{AdjournedAt: f.AdjournedAt})
	if err != nil || err2 != nil {
		panic(fmt.Sprintf("a reckoning has no JSON: %v, %v", err, err2)) // numbers and names always have one
	}
	r := command.Request{Session: s.ID, Verb: "reckon_credit", Actor: events.ByService(events.Registry), Args: args}
	for n := 0; ; n++ {
		// A correction that is corrected back gives a reckoning that was written before.
		r.ID = ids.Named[ids.Command](s.ID, fmt.Sprintf("reckon %s %d", events.HashBody(body), n))
		if _, done := s.Done[r.Key()]; !done {
			return command.Deadline{At: f.AdjournedAt.Add(ReckonAfterMS), Timer: true, Request: r}, true
		}
	}
}

// carryCredit takes a session's reckoning over, on the consultation's subject:
// one for each session, the later one of the same session in place of the former.
func carryCredit(c call) (result, error) {
	a, err := decode(c, command.CarryCredit{})
	if err != nil {
		return result{}, err
	}
	series := c.s.Registry.Series
	switch {
	case !series.CarryOver:
		return result{}, problem.New(problem.WrongState, "this consultation carries nothing over").On("args.from").Try("nothing needs to be done")
	case !slices.Contains(series.Sessions, a.From):
		return result{}, problem.New(problem.NotFound, "the consultation has no session %s", a.From).On("args.from").Try("link it first")
	}
	f := &events.CreditCarried{Session: a.From, AdjournedAt: a.AdjournedAt, Rows: a.Rows}
	if f.Rows == nil {
		f.Rows = []events.CreditRow{}
	}
	all := []*events.CreditCarried{}
	for _, other := range series.Carried {
		switch {
		case other.Session != a.From:
			all = append(all, other)
		case other.AdjournedAt == f.AdjournedAt && reflect.DeepEqual(other.Rows, f.Rows):
			return result{}, unchanged("the session's reckoning")
		}
	}
	f.Credits = Credits(append(all, f))
	return facts(f)
}

// Credits is what each organisation carries after sessions: half of what it had
// and what each withheld, in the order of their adjournment. One that took no
// part in a session keeps what it had; those who carry nothing are left out. An
// organisation stands once, under the name by which it came first.
func Credits(sessions []*events.CreditCarried) []events.OrganisationCredit {
	sessions = slices.Clone(sessions)
	slices.SortStableFunc(sessions, func(a, b *events.CreditCarried) int {
		if a.AdjournedAt != b.AdjournedAt {
			return int(a.AdjournedAt - b.AdjournedAt)
		}
		return a.Session.Compare(b.Session)
	})
	var names []roster.Keys
	all := []events.OrganisationCredit{}
	exact := map[string]int{}
	for _, s := range sessions {
		for _, row := range s.Rows {
			i, ok := exact[row.Organisation]
			if !ok {
				keys := roster.KeysOf(row.Organisation)
				if i = slices.IndexFunc(names, keys.Same); i < 0 {
					i, names, all = len(all), append(names, keys), append(all, events.OrganisationCredit{Organisation: row.Organisation})
				}
				exact[row.Organisation] = i
			}
			all[i].CreditMS = credit.Next(all[i].CreditMS, credit.Session{
				Outcome: credit.Outcome(row.Outcome), EntitledMS: row.EntitledMS, UsedMS: row.UsedMS, SlotMS: row.SlotMS,
			})
		}
	}
	return slices.DeleteFunc(all, func(c events.OrganisationCredit) bool { return c.CreditMS == 0 })
}

// Carry is the request that takes a session's reckoning over to its
// consultation, nil when there is none.
func Carry(s *session.State) (*command.Request, error) {
	if s.Registry.Reckoned == nil {
		return nil, nil
	}
	args, err := json.Marshal(command.CarryCredit{From: s.ID, AdjournedAt: s.Registry.Reckoned.AdjournedAt, Rows: s.Registry.Reckoned.Rows})
	if err != nil {
		return nil, err
	}
	return &command.Request{
		ID:      ids.Named[ids.Command](s.ID, "carry "+events.HashBody(args).String()+" "+s.Heads[events.Registry].Hash.String()),
		Session: subjectOf(s.Registry.Consultation), Verb: "carry_credit", Actor: events.ByService(events.Registry), Args: args,
	}, nil
}

// bringCredit tells a session what the organisations carry into it, until it is
// adjourned. What a list was fixed with stays as it was published.
func bringCredit(c call) (result, error) {
	a, err := decode(c, command.BringCredit{})
	if err != nil {
		return result{}, err
	}
	if err := c.open(); err != nil {
		return result{}, err
	}
	f := &events.CreditBrought{Consultation: a.Consultation, Version: a.Version, Credits: a.Credits}
	if f.Credits == nil {
		f.Credits = []events.OrganisationCredit{}
	}
	switch before := c.s.Registry.Credit; {
	case a.Consultation != c.s.Registry.Consultation:
		return result{}, problem.Field("args.consultation", "the session is of another consultation").Try("nothing needs to be done")
	case before != nil && (a.Version <= before.Version || slices.Equal(before.Credits, f.Credits)):
		return result{}, unchanged("what is carried into the session")
	}
	return facts(f)
}

// Bring is the request that tells a session what its consultation, whose state
// series is, carries into it.
func Bring(series *session.State, to ids.Session) (*command.Request, error) {
	version := series.Heads[events.Registry].Version
	args, err := json.Marshal(command.BringCredit{
		Consultation: series.Registry.Series.ID, Version: version, Credits: series.Registry.Series.Credits,
	})
	if err != nil {
		return nil, err
	}
	return &command.Request{
		ID:      ids.Named[ids.Command](to, fmt.Sprintf("bring %d", version)),
		Session: to, Verb: "bring_credit", Actor: events.ByService(events.Registry), Args: args,
	}, nil
}

// sealing gives the reckoning that a session which is sealed before it was due
// takes along: after it nothing can be written.
func sealing(s *session.State) []events.Event {
	if f, due := unreckoned(s); due {
		return []events.Event{f}
	}
	return nil
}
