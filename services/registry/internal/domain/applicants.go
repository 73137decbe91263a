package domain

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/roster"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// apply enters an organisation. The chair's side may do so always, others where
// the modalities let anybody apply; somebody who speaks for an organisation
// already cannot enter a second one. The applicant's id is derived with index 0.
func apply(c call) (result, error) {
	if err := c.open(); err != nil {
		return result{}, err
	}
	staff, r := c.Actor.Staff(), &c.s.Registry
	if !staff {
		if !c.Actor.Applicant.IsZero() {
			return result{}, problem.New(problem.Already, "you speak for an organisation that applied already").Try("change that application instead")
		}
		if !r.Modalities.OpenApplications {
			return result{}, problem.New(problem.Forbidden, "applications come through the secretariat here").Try("ask the secretariat to enter your organisation")
		}
	}
	a, err := decode(c, command.Apply{})
	if err != nil {
		return result{}, err
	}
	switch {
	case !a.Applicant.IsZero():
		return result{}, problem.Field("args.applicant", "a new application has no id yet").Try("leave it out, or use change_application")
	case a.Accept && !staff:
		return result{}, problem.New(problem.Forbidden, "the chair's side accepts applications").On("args.accept").Try("leave it out")
	case len(r.ApplicantOrder) >= roster.MaxApplicants:
		return result{}, problem.New(problem.WrongState, "a session has at most %d applicants", roster.MaxApplicants).Try("make a second session")
	}
	clean, bad := roster.Apply(r, "args.", a)
	if bad != nil {
		return result{}, bad
	}
	if first, taken := roster.Find(r, clean.Organisation, ids.Applicant{}); taken {
		return result{}, roster.Taken("args.", clean.Organisation, first)
	}
	return facts(application(ids.Derive[ids.Applicant](c.ID, 0), clean, a.Accept)...)
}

// application gives the facts of one new application.
func application(id ids.Applicant, a command.Apply, accept bool) []events.Event {
	applied := roster.Event(id, a)
	if accept {
		return []events.Event{&applied, &events.ApplicantAccepted{Applicant: id}}
	}
	return []events.Event{&applied}
}

// importRows takes the good rows in one commit and leaves the others out; the
// i-th row's applicant is derived from the command with index i. Who wants to
// know of each row what became of it asks roster.Check, which decides here too.
func importRows(c call) (result, error) {
	if err := c.open(); err != nil {
		return result{}, err
	}
	a, err := decode(c, command.Import{})
	switch {
	case err != nil:
		return result{}, err
	case len(a.Rows) == 0:
		return result{}, problem.Field("args.rows", "there are no rows").Try("send at least one")
	case len(a.Rows) > roster.MaxRows:
		return result{}, problem.New(problem.TooLarge, "%d rows are more than %d", len(a.Rows), roster.MaxRows).On("args.rows").Try("import them in several parts")
	}
	var all []events.Event
	findings := roster.Check(&c.s.Registry, a.Rows)
	for i, f := range findings {
		if f.Outcome != roster.Accepted {
			continue
		}
		all = append(all, application(ids.Derive[ids.Applicant](c.ID, i), f.Apply, a.Rows[i].Accept)...)
	}
	if len(all) == 0 {
		return result{}, none(findings)
	}
	if err := fits(all); err != nil {
		return result{}, err
	}
	return facts(all...)
}

// none is the refusal of an import of which no row is good; it says what is
// wrong with the first.
func none(findings []roster.Finding) error {
	first := findings[0]
	if first.Outcome == roster.Duplicate {
		return problem.New(problem.Already, "no row is new: %q is the same organisation as %q", first.Organisation, clip(first.Of)).On("args.rows[0].organisation").
			Try("nothing needs to be done")
	}
	return problem.Field("args.rows[0]."+first.Problem.Field, "no row can be taken; the first: %s", first.Problem).Try("%s", problem.Phrase{English: first.Problem.Do, Sentence: first.Problem.How})
}

// changeApplication corrects an application; what is left out stays. What
// decides on order and rights is not a delegate's to change once accepted.
func changeApplication(c call) (result, error) {
	if err := c.open(); err != nil {
		return result{}, err
	}
	// Read twice: first for whom it is about, then over what that one has.
	var named command.Apply
	if err := c.Read(&named); err != nil {
		return result{}, err
	}
	old, err := c.applicant(named.Applicant)
	if err != nil {
		return result{}, err
	}
	onBehalf, err := c.own(old.Applicant)
	if err != nil {
		return result{}, err
	}
	if !roster.Counts(old) {
		return result{}, problem.New(problem.WrongState, "the application was %s", old.State).Try("apply anew")
	}
	before := command.Apply{
		Applicant: old.Applicant, Organisation: old.Organisation, Category: old.Category, Group: old.Group, Region: old.Region,
		Language: old.Language, RequestedMS: old.RequestedMS, Parts: old.Parts, FirstTime: old.FirstTime, Remote: old.Remote,
	}
	over := before
	over.Parts = slices.Clone(old.Parts) // JSON is read into what is there
	a, err := decode(c, over)
	if err != nil {
		return result{}, err
	}
	if a.Accept {
		return result{}, problem.Field("args.accept", "a change accepts nobody").Try("use accept")
	}
	a, bad := roster.Apply(&c.s.Registry, "args.", a)
	if bad != nil {
		return result{}, bad
	}
	changed := roster.Event(old.Applicant, a)
	// Order and rights follow from these fields: after the acceptance nobody may
	// move to a smaller group by themselves.
	if !c.Actor.Staff() && old.State == session.AcceptedApplicant {
		// Both in their written form, so that only what differs counts as a change.
		if before, bad = roster.Apply(&c.s.Registry, "args.", before); bad != nil {
			return result{}, bad
		}
		if err := settled(roster.Event(old.Applicant, before), changed); err != nil {
			return result{}, err
		}
	}
	if first, taken := roster.Find(&c.s.Registry, a.Organisation, old.Applicant); taken {
		return result{}, roster.Taken("args.", a.Organisation, first)
	}
	if reflect.DeepEqual(changed, old.ApplicantApplied) {
		return result{}, unchanged("the application")
	}
	return result{facts: []events.Event{&events.ApplicantChanged{ApplicantApplied: changed}}, onBehalf: onBehalf}, nil
}

// settled refuses a delegate's change of what was accepted.
func settled(old, changed events.ApplicantApplied) error {
	for _, f := range []struct {
		field string
		same  bool
	}{
		{"organisation", old.Organisation == changed.Organisation},
		{"category", old.Category == changed.Category},
		{"group", old.Group == changed.Group},
		{"region", old.Region == changed.Region},
		{"parts", slices.Equal(old.Parts, changed.Parts)},
		{"first_time", old.FirstTime == changed.FirstTime},
	} {
		if !f.same {
			return problem.New(problem.Forbidden, "an accepted application's %s is the secretariat's to change", f.field).On("args." + f.field).Try("ask the secretariat")
		}
	}
	return nil
}

// target reads a command about one applicant.
func (c call) target() (*session.Applicant, command.ApplicantRef, error) {
	if err := c.open(); err != nil {
		return nil, command.ApplicantRef{}, err
	}
	a, err := decode(c, command.ApplicantRef{})
	if err != nil {
		return nil, a, err
	}
	who, err := c.applicant(a.Applicant)
	return who, a, err
}

// accept admits an applicant to the lists of its parts, also one that was
// declined before: a decision may be corrected, and both stay in the log.
func accept(c call) (result, error) {
	who, a, err := c.target()
	switch {
	case err != nil:
		return result{}, err
	case a.Code != "":
		return result{}, problem.Field("args.code", "an acceptance has no reason code").Try("leave it out")
	case who.State == session.AcceptedApplicant:
		return result{}, unchanged("the application")
	case who.State == session.WithdrawnApplicant:
		return result{}, problem.New(problem.WrongState, "the organisation took its application back").Try("enter a new application")
	}
	// One that was declined may have come in again under its name meanwhile.
	if first, taken := roster.Find(&c.s.Registry, who.Organisation, who.Applicant); taken {
		return result{}, roster.Taken("args.", who.Organisation, first).On("args.applicant")
	}
	return facts(&events.ApplicantAccepted{Applicant: who.Applicant})
}

// decline refuses an application with a published reason code, also one that
// was accepted before; a refusal under another code corrects the reason. The full
// reason is a note and goes to the applicant only.
func decline(c call) (result, error) {
	who, a, err := c.target()
	switch {
	case err != nil:
		return result{}, err
	case !slices.Contains(events.DeclineReasons(), a.Code):
		return result{}, problem.Field("args.code", "%q is none of %s", clip(a.Code), list(events.DeclineReasons())).Try("choose a published reason")
	case who.State == session.WithdrawnApplicant:
		return result{}, problem.New(problem.WrongState, "the organisation took its application back").Try("nothing needs to be done")
	case who.State == session.Declined && who.Reason == a.Code && !who.AppealOpen:
		// After an appeal the same answer is a decision too.
		return result{}, unchanged("the application")
	}
	if err := listed(c.s, who); err != nil {
		return result{}, err
	}
	return facts(&events.ApplicantDeclined{Applicant: who.Applicant, Reason: a.Code})
}

// withdrawApplication takes an application back, by its delegate or on its
// behalf. The name is free again after it.
func withdrawApplication(c call) (result, error) {
	who, a, err := c.target()
	if err != nil {
		return result{}, err
	}
	onBehalf, err := c.own(who.Applicant)
	switch {
	case err != nil:
		return result{}, err
	case a.Code != "":
		return result{}, problem.Field("args.code", "a withdrawal has no reason code").Try("leave it out")
	case who.State == session.WithdrawnApplicant:
		return result{}, unchanged("the application")
	case who.State == session.Declined:
		return result{}, problem.New(problem.WrongState, "the application was declined").Try("nothing needs to be done")
	}
	if err := listed(c.s, who); err != nil {
		return result{}, err
	}
	return result{facts: []events.Event{&events.ApplicantWithdrawn{Applicant: who.Applicant}}, onBehalf: onBehalf}, nil
}

// listed refuses to take an applicant away that is still on a list or has the
// floor: the queue's log would point to somebody who is not there.
func listed(s *session.State, who *session.Applicant) error {
	for _, id := range s.Queue.EntryOrder {
		entry := s.Queue.Entries[id]
		if entry.Applicant != who.Applicant {
			continue
		}
		switch entry.State {
		case session.Waiting, session.OnFloor, session.Standby, session.Merged, session.Raised, session.Admitted:
			return problem.New(problem.WrongState, "%s is on a list of speakers", fmt.Sprintf("%q", clip(who.Organisation))).On("args.applicant").
				Try("take the entry off the list first")
		}
	}
	return nil
}
