package domain

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// object records an objection to somebody else's application: by an organisation
// that was itself accepted, or by the chair's side for one or for itself. It
// decides nothing; the decision is accept or decline. One organisation objects
// to an application once.
func object(c call) (result, error) {
	if err := c.open(); err != nil {
		return result{}, err
	}
	a, err := decode(c, command.Object{})
	if err != nil {
		return result{}, err
	}
	if a.Applicant.IsZero() {
		return result{}, problem.Field("args.applicant", "the applicant is missing").Try("name whose application it is")
	}
	who, err := c.applicant(a.Applicant)
	if err != nil {
		return result{}, err
	}
	onBehalf, err := c.objector(&a)
	switch {
	case err != nil:
		return result{}, err
	case a.By == who.Applicant:
		return result{}, problem.Field("args.applicant", "this is the organisation's own application").Try("take it back instead")
	case who.State != session.Applied && who.State != session.AcceptedApplicant:
		return result{}, problem.New(problem.WrongState, "the application was %s", who.State).On("args.applicant").Try("nothing needs to be done")
	case slices.ContainsFunc(who.Objections, func(o session.Objection) bool { return o.By == a.By }):
		return result{}, unchanged("the objection")
	}
	return result{facts: []events.Event{&events.ObjectionMade{Applicant: who.Applicant, By: a.By}}, onBehalf: onBehalf}, nil
}

// objector fills in and checks who objects.
func (c call) objector(a *command.Object) (onBehalf ids.Applicant, err error) {
	if a.By.IsZero() {
		if c.Actor.Staff() {
			return onBehalf, nil
		}
		a.By = c.Actor.Applicant
	}
	by, err := c.applicant(a.By)
	if err != nil {
		return onBehalf, problem.From(err).On("args.by")
	}
	if onBehalf, err = c.own(by.Applicant); err != nil {
		return onBehalf, problem.From(err).On("args.by")
	}
	if by.State != session.AcceptedApplicant {
		return onBehalf, problem.New(problem.Forbidden, "only an organisation that was accepted may object").On("args.by").Try("tell the secretariat what you know")
	}
	return onBehalf, nil
}

// appeal asks for a refused application to be decided again, once: by its
// delegate or on its behalf. The answer is accept, or decline with a reason.
func appeal(c call) (result, error) {
	who, a, err := c.target()
	if err != nil {
		return result{}, err
	}
	onBehalf, err := c.own(who.Applicant)
	switch {
	case err != nil:
		return result{}, err
	case a.Code != "":
		return result{}, problem.Field("args.code", "an appeal has no reason code").Try("leave it out, and say why in the reason")
	case who.AppealOpen:
		return result{}, unchanged("the appeal")
	case who.State != session.Declined:
		return result{}, problem.New(problem.WrongState, "the application was not declined").On("args.applicant").Try("nothing needs to be done")
	case !who.AppealedAt.IsZero():
		return result{}, problem.New(problem.WrongState, "the appeal was decided already").On("args.applicant").Try("write to the secretariat; the decision stands")
	}
	return result{facts: []events.Event{&events.AppealLodged{Applicant: who.Applicant}}, onBehalf: onBehalf}, nil
}
