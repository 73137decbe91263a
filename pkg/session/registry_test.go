package session_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

// TestEveryFactOfTheRegistryIsFolded: after each fact the state says what the
// fact says, and folding the stored bytes anew gives the same state.
func TestEveryFactOfTheRegistryIsFolded(t *testing.T) {
	office := sessiontest.Staff(events.Secretariat)
	applicant, person := sessiontest.Applicant(0), sessiontest.Person(0)
	link, text, extra := sessiontest.ID[ids.Invitation]("l"), sessiontest.ID[ids.Text]("t"), sessiontest.ID[ids.Part]("p")
	digest := events.HashBody([]byte("v"))
	part := events.Part{ID: extra, Kind: events.Panel, Title: "Panel", Minutes: 5, HasList: true}
	changed := part
	changed.Title = "Round table"
	application := events.ApplicantApplied{Applicant: applicant, Organisation: "Renamed", Category: "state", Group: "g", Region: "r", Language: "fr", RequestedMS: 90_000, Parts: []ids.Part{extra}, FirstTime: true}
	filed := events.TextFiled{Text: text, Applicant: applicant, Part: extra, Language: "en", Visibility: events.OwnerOnly, Words: 3, Digest: digest}
	steps := []struct {
		fact events.Event
		says func(*session.Registry) bool
	}{
		{&events.SessionChanged{Title: "T", PlannedStart: 1000, HardEnd: 2000, Zone: "UTC", Languages: []string{"ar"}, Modalities: events.Modalities{Order: "list"}}, func(r *session.Registry) bool {
			return r.Title == "T" && r.PlannedStart == 1000 && r.HardEnd == 2000 && r.Zone == "UTC" && r.Languages[0] == "ar" && r.Modalities.Order == "list" && r.Code == "SAMPLE" && len(r.Parts) == 3
		}},
		{&events.PartAdded{Part: part}, func(r *session.Registry) bool { p, at, ok := r.Part(extra); return ok && at == 3 && p == part }},
		{&events.PartChanged{Part: changed}, func(r *session.Registry) bool { p, at, ok := r.Part(extra); return ok && at == 3 && p == changed }},
		{&events.ClockSet{Clock: clock.Mapping{S0: 1, W0: 2, SpeedPermille: 3}, Mode: "scaled"}, func(r *session.Registry) bool { return r.Clock.SpeedPermille == 3 && r.ClockMode == "scaled" }},
		{&events.ApplicantChanged{ApplicantApplied: application}, func(r *session.Registry) bool {
			a := r.Applicants[applicant]
			return a.Organisation == "Renamed" && a.State == session.AcceptedApplicant && a.RequestedMS == 90_000 && len(r.ApplicantOrder) == 2
		}},
		{&events.ApplicantDeclined{Applicant: applicant, Reason: "objection"}, func(r *session.Registry) bool {
			a := r.Applicants[applicant]
			return a.State == session.Declined && a.Reason == "objection"
		}},
		{&events.AppealLodged{Applicant: applicant}, func(r *session.Registry) bool {
			a := r.Applicants[applicant]
			return a.State == session.Declined && a.AppealOpen && !a.AppealedAt.IsZero()
		}},
		{&events.ApplicantAccepted{Applicant: applicant}, func(r *session.Registry) bool {
			a := r.Applicants[applicant]
			return a.State == session.AcceptedApplicant && a.Reason == "" && !a.AppealOpen && !a.AppealedAt.IsZero()
		}},
		{&events.ObjectionMade{Applicant: applicant, By: sessiontest.Applicant(1)}, func(r *session.Registry) bool {
			a := r.Applicants[applicant]
			return a.State == session.AcceptedApplicant && len(a.Objections) == 1 && a.Objections[0].By == sessiontest.Applicant(1) && !a.Objections[0].At.IsZero()
		}},
		{&events.ApplicantWithdrawn{Applicant: applicant}, func(r *session.Registry) bool {
			return r.Applicants[applicant].State == session.WithdrawnApplicant && r.Applicants[sessiontest.Applicant(1)].State == session.AcceptedApplicant
		}},
		{&events.PersonChanged{Person: person, Digest: digest}, func(r *session.Registry) bool { return r.Persons[person].Digest == digest && !r.Persons[person].Erased }},
		{&events.PersonErased{Person: person}, func(r *session.Registry) bool { return r.Persons[person].Erased }},
		{&events.InvitationIssued{Invitation: link, Roles: []events.Role{events.Chair}, Person: person, Expires: 7}, func(r *session.Registry) bool {
			return reflect.DeepEqual(*r.Invitations[link], session.Invitation{ID: link, Roles: []events.Role{events.Chair}, Person: person, Expires: 7})
		}},
		{&events.JoinCodeMade{Invitation: link}, func(r *session.Registry) bool { return r.Invitations[link].Codes == 1 && !r.Invitations[link].Revoked }},
		{&events.InvitationRevoked{Invitation: link}, func(r *session.Registry) bool { return r.Invitations[link].Revoked }},
		{&filed, func(r *session.Registry) bool { return r.Texts[text].TextFiled == filed && len(r.TextOrder) == 1 }},
		{&filed, func(r *session.Registry) bool { return len(r.TextOrder) == 1 }}, // a new version keeps its place
		{&events.TextVisibilityChanged{Text: text, Visibility: events.PublicNow}, func(r *session.Registry) bool {
			return r.Texts[text].Visibility == events.PublicNow && r.Texts[text].Words == 3
		}},
		{&events.LotCommitted{Part: extra, Commitment: digest, Source: "drand", Labels: events.LabelEntry}, func(r *session.Registry) bool {
			lot := r.Lots[extra]
			return lot.Commitment == digest && lot.Source == "drand" && lot.Fixed == nil && !lot.Drawn() && !lot.CommittedAt.IsZero() && !r.Lots[part.ID].Drawn()
		}},
		{&events.ListFixed{Part: extra, Rule: "lot", Inputs: []events.OrderInput{{Label: "a"}}}, func(r *session.Registry) bool {
			return len(r.Lots[extra].Fixed.Inputs) == 1 && !r.Lots[extra].FixedAt.IsZero()
		}},
		{&events.LotRevealed{Part: extra, Code: digest, Randomness: "123"}, func(r *session.Registry) bool {
			return r.Lots[extra].Code == digest && r.Lots[extra].Randomness == "123" && !r.Lots[extra].Drawn()
		}},
		{&events.LotDrawn{Part: extra, Positions: []events.LotPosition{{Position: digest}}}, func(r *session.Registry) bool {
			return r.Lots[extra].Drawn() && r.Lots[extra].Positions[ids.Entry{}] == digest
		}},
		{&events.ListSet{Part: extra, Entries: []ids.Entry{{}}}, func(r *session.Registry) bool { return len(r.OwnLists[extra]) == 1 }},
		{&events.ListFixed{Part: sessiontest.Item, Rule: session.OrderFirstCome}, func(r *session.Registry) bool {
			at, ready := r.Lots[sessiontest.Item].Ready()
			return ready && at == r.Lots[sessiontest.Item].FixedAt && !r.Lots[sessiontest.Item].Drawn()
		}},
		{&events.CreditBrought{Version: 3, Credits: []events.OrganisationCredit{{Organisation: "A", CreditMS: 4}}}, func(r *session.Registry) bool {
			return r.Credit.Version == 3 && r.Credit.Credits[0].CreditMS == 4 && r.Reckoned == nil
		}},
		{&events.CreditReckoned{AdjournedAt: 9, Rows: []events.CreditRow{{Organisation: "A"}}}, func(r *session.Registry) bool {
			return r.Reckoned.AdjournedAt == 9 && len(r.Reckoned.Rows) == 1
		}},
		{&events.NoteWritten{Note: events.NoteRef{ID: sessiontest.ID[ids.Note]("note"), Digest: digest}}, func(r *session.Registry) bool {
			return len(r.Notes) == 1 && r.Notes[0].Digest == digest && r.Notes[0].By == events.Secretariat && !r.Notes[0].Removed
		}},
		{&events.NoteRemoved{Note: sessiontest.ID[ids.Note]("note")}, func(r *session.Registry) bool { return r.Notes[0].Removed }},
		{&events.SessionSealed{}, func(r *session.Registry) bool { return r.Sealed && !r.SealedAt.IsZero() && len(r.Ended) == 0 }},
		{&events.RetentionEnded{Kept: events.KeptPeople, Days: 7}, func(r *session.Registry) bool {
			for _, p := range r.Persons {
				if !p.Erased {
					return false
				}
			}
			return len(r.Ended) == 1 && r.Ended[events.KeptPeople] > r.SealedAt && r.Notes[0].Removed
		}},
	}
	l := sessiontest.Empty(t)
	l.Sample(2, nil)
	folded := map[string]bool{"session_created": true, "applicant_applied": true, "person_added": true, "consultation_created": true, "consultation_session_added": true, "credit_carried": true}
	for _, step := range steps {
		l.Append(events.Registry, office, "test", step.fact)
		folded[step.fact.Type()] = true
		if !step.says(&l.State.Registry) {
			t.Errorf("after %s the registry is %+v", step.fact.Type(), l.State.Registry)
		}
		l.SameAgain()
	}
	for _, kind := range events.Types() {
		if kind.Context == events.Registry && !folded[kind.Name] {
			t.Errorf("no step folds %s", kind.Name)
		}
	}
}

// TestFactsAboutNothingAreErrors: a log that names what it never made is broken.
func TestFactsAboutNothingAreErrors(t *testing.T) {
	l := sessiontest.Empty(t)
	l.Sample(1, nil)
	for _, fact := range []events.Event{
		&events.PartChanged{Part: events.Part{ID: sessiontest.ID[ids.Part]("none")}},
		&events.ApplicantChanged{}, &events.ApplicantAccepted{}, &events.ApplicantDeclined{}, &events.ApplicantWithdrawn{},
		&events.PersonChanged{}, &events.PersonErased{}, &events.InvitationRevoked{}, &events.JoinCodeMade{}, &events.TextVisibilityChanged{},
		&events.ListFixed{}, &events.LotRevealed{}, &events.LotDrawn{}, &events.NoteRemoved{},
		&events.ConsultationSessionAdded{}, &events.EntryWithdrawn{}, &events.CreditCarried{},
	} {
		err := l.Commit(events.Registry, &events.Commit{Command: l.Command(), Verb: "test", Actor: sessiontest.Staff(events.Organiser), Events: []events.Event{fact}})
		if err == nil || !strings.Contains(err.Error(), fact.Type()) {
			t.Errorf("%s about nothing: %v", fact.Type(), err)
		}
	}
	l.SameAgain()
}

func TestAConsultationIsNoSession(t *testing.T) {
	l := sessiontest.Empty(t)
	one := sessiontest.ID[ids.Session]("one")
	l.Append(events.Registry, sessiontest.Staff(events.Organiser), "create_consultation", &events.ConsultationCreated{Consultation: sessiontest.ID[ids.Consultation]("c"), Title: "Cyber", CarryOver: true})
	for range 2 {
		l.Append(events.Registry, events.ByService(events.Registry), "link_session", &events.ConsultationSessionAdded{Session: one})
	}
	// Of each session the last reckoning counts, in the order of adjournment.
	for _, c := range []*events.CreditCarried{{Session: one, AdjournedAt: 5}, {Session: sessiontest.ID[ids.Session]("two"), AdjournedAt: 3}, {Session: one, AdjournedAt: 2}} {
		c.Credits = []events.OrganisationCredit{{Organisation: "A", CreditMS: int64(c.AdjournedAt)}}
		l.Append(events.Registry, events.ByService(events.Registry), "carry_credit", c)
	}
	series := l.State.Registry.Series
	if len(series.Carried) != 2 || series.Carried[0].Session != one || series.Carried[0].AdjournedAt != 2 || series.Credits[0].CreditMS != 2 {
		t.Errorf("carried is %+v", series)
	}
	series.Carried, series.Credits = nil, nil
	want := session.Series{ID: sessiontest.ID[ids.Consultation]("c"), Title: "Cyber", CarryOver: true, Sessions: []ids.Session{one}}
	if got := l.State.Registry.Series; l.State.Exists() || got == nil || !reflect.DeepEqual(*got, want) {
		t.Errorf("the consultation is %+v", got)
	}
}

func TestRights(t *testing.T) {
	m := session.Rights{"*": {events.Statement}, "state": {events.Statement, events.PointOfOrder}, "guest": {}}
	for _, c := range []struct {
		category string
		kind     events.EntryKind
		may      bool
	}{
		{"state", events.PointOfOrder, true},
		{"state", events.Question, false},
		{"other", events.Statement, true},
		{"other", events.PointOfOrder, false},
		{"guest", events.Statement, false},
		{"", events.Statement, true},
	} {
		if got := m.MayMake(c.category, c.kind); got != c.may {
			t.Errorf("%q may make a %s: %v", c.category, c.kind, got)
		}
	}
	if (session.Rights{}).MayMake("state", events.Statement) {
		t.Error("without a matrix nobody may do anything")
	}
}
