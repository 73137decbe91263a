package domain_test

import (
	"testing"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

// TestObjections: by whom, to what, once, and that they decide nothing.
func TestObjections(t *testing.T) {
	l, delegate := stage(t), sessiontest.Delegate(0)
	other, own := sessiontest.Applicant(3), sessiontest.Applicant(0)
	d := do(t, l, delegate, "object", command.Object{Applicant: other})
	if e := d.Events[0].(*events.ObjectionMade); e.By != own || e.Applicant != other || !d.OnBehalf.IsZero() {
		t.Errorf("the objection is %+v on behalf of %s", e, d.OnBehalf)
	}
	a := l.State.Registry.Applicants[other]
	if a.State != "applied" || len(a.Objections) != 1 || a.Objections[0].Note == nil {
		t.Errorf("the applicant is %+v", a)
	}
	refuse(t, l, delegate, "object", command.Object{Applicant: other}, problem.Already, "")
	// The chair's side for an organisation, which the log shows, and for itself.
	if d := do(t, l, organiser, "object", command.Object{Applicant: other, By: sessiontest.Applicant(1)}); d.OnBehalf != sessiontest.Applicant(1) {
		t.Errorf("on behalf of %s", d.OnBehalf)
	}
	refuse(t, l, organiser, "object", command.Object{Applicant: other, By: own}, problem.Already, "")
	do(t, l, organiser, "object", command.Object{Applicant: other})
	refuse(t, l, organiser, "object", command.Object{Applicant: other}, problem.Already, "")
	l.SameAgain()

	refuse(t, l, delegate, "object", command.Object{}, problem.Invalid, "args.applicant")
	refuse(t, l, delegate, "object", command.Object{Applicant: own}, problem.Invalid, "args.applicant")
	refuse(t, l, delegate, "object", command.Object{Applicant: other, By: sessiontest.Applicant(1)}, problem.Forbidden, "args.by")
	refuse(t, l, organiser, "object", command.Object{Applicant: other, By: other}, problem.Forbidden, "args.by")
	refuse(t, l, organiser, "object", command.Object{Applicant: other, By: sessiontest.Applicant(99)}, problem.NotFound, "args.by")
	refuse(t, l, organiser, "object", command.Object{Applicant: sessiontest.Applicant(99)}, problem.NotFound, "args.applicant")
	do(t, l, organiser, "decline", command.ApplicantRef{Applicant: other, Code: "objection"})
	refuse(t, l, sessiontest.Delegate(2), "object", command.Object{Applicant: other}, problem.WrongState, "args.applicant")
}

// TestAnAppealIsDecidedOnce: only against a refusal, and the same answer counts.
func TestAnAppealIsDecidedOnce(t *testing.T) {
	l, delegate, own := refused(t), sessiontest.Delegate(0), sessiontest.Applicant(0)
	refuse(t, stage(t), delegate, "appeal", nil, problem.WrongState, "args.applicant")
	refuse(t, l, sessiontest.Delegate(1), "appeal", command.ApplicantRef{Applicant: own}, problem.Forbidden, "")
	refuse(t, l, delegate, "appeal", command.ApplicantRef{Code: "too_late"}, problem.Invalid, "args.code")
	refuse(t, l, organiser, "decline", command.ApplicantRef{Applicant: own, Code: "objection"}, problem.Already, "")
	do(t, l, delegate, "appeal", nil)
	if a := l.State.Registry.Applicants[own]; !a.AppealOpen || a.Appeal == nil || a.State != "declined" {
		t.Errorf("the applicant is %+v", a)
	}
	refuse(t, l, delegate, "appeal", nil, problem.Already, "")
	do(t, l, organiser, "decline", command.ApplicantRef{Applicant: own, Code: "objection"})
	refuse(t, l, delegate, "appeal", nil, problem.WrongState, "args.applicant")
	l.SameAgain()

	l = refused(t)
	if d := do(t, l, organiser, "appeal", command.ApplicantRef{Applicant: own}); d.OnBehalf != own {
		t.Errorf("on behalf of %s", d.OnBehalf)
	}
	do(t, l, organiser, "accept", command.ApplicantRef{Applicant: own})
	if a := l.State.Registry.Applicants[own]; a.AppealOpen || a.State != "accepted" {
		t.Errorf("the applicant is %+v", a)
	}
}

// TestADelegateNamesSpeakersOfTheirOwnOrganisationAlone, and not without end.
func TestADelegateNamesSpeakersOfTheirOwnOrganisationAlone(t *testing.T) {
	l, delegate := stage(t), sessiontest.Delegate(0)
	d := do(t, l, delegate, "add_person", command.AddPerson{Digest: digest})
	if p := d.Events[0].(*events.PersonAdded); p.Applicant != sessiontest.Applicant(0) || len(p.Roles) != 1 || p.Roles[0] != events.Speaker {
		t.Errorf("the colleague is %+v", p)
	}
	refuse(t, l, delegate, "add_person", command.AddPerson{Applicant: sessiontest.Applicant(1), Digest: digest}, problem.Forbidden, "args.applicant")
	refuse(t, l, delegate, "add_person", command.AddPerson{Roles: []events.Role{events.Chair}, Digest: digest}, problem.Forbidden, "args.roles")
	refuse(t, l, events.Actor{ID: "s", Roles: []events.Role{events.Speaker}}, "add_person", command.AddPerson{Digest: digest}, problem.Forbidden, "args.applicant")
	for len(named(l, sessiontest.Applicant(0))) < 20 {
		do(t, l, delegate, "add_person", command.AddPerson{Digest: digest})
	}
	refuse(t, l, delegate, "add_person", command.AddPerson{Digest: digest}, problem.WrongState, "")
	do(t, l, organiser, "add_person", command.AddPerson{Applicant: sessiontest.Applicant(0), Digest: digest})
}

func named(l *sessiontest.Log, applicant ids.Applicant) (all []ids.Person) {
	for id, p := range l.State.Registry.Persons {
		if p.Applicant == applicant {
			all = append(all, id)
		}
	}
	return all
}
