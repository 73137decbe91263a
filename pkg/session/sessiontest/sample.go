package sessiontest

import (
	"encoding/json"
	"fmt"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// The parts of a sample session.
var (
	Opening   = ID[ids.Part]("opening")
	Item      = ID[ids.Part]("item")
	Questions = ID[ids.Part]("questions")
)

// Staff makes an actor of the chair's side (or any other office) with a role.
func Staff(role events.Role) events.Actor {
	return events.Actor{ID: "token/" + string(role), Roles: []events.Role{role}}
}

// Applicant is the id of the n-th sample applicant, from 0.
func Applicant(n int) ids.Applicant { return ID[ids.Applicant](fmt.Sprintf("applicant %d", n)) }

// Person is the id of the delegate of the n-th sample applicant.
func Person(n int) ids.Person { return ID[ids.Person](fmt.Sprintf("person %d", n)) }

// Delegate is the delegate of the n-th sample applicant.
func Delegate(n int) events.Actor {
	return events.Actor{
		ID: fmt.Sprintf("token/delegate-%d", n), Roles: []events.Role{events.Speaker},
		Applicant: Applicant(n), Person: Person(n),
	}
}

// Modalities are the rules of a sample session: the defaults of the design.
func Modalities() events.Modalities {
	return events.Modalities{
		Rights: map[string][]events.EntryKind{
			"*":     {events.Statement, events.Question},
			"state": events.EntryKinds(),
		},
		Order: "list", Allotment: "uniform", Limit: events.Gavel,
		MinimumMS: 60_000, MaximumMS: 180_000, GraceMS: 5_000, MaxHandoverMS: 20_000,
		OpeningMS: 195_000, ClosingMS: 60_000, ReserveMS: 60_000, ReserveKeptMS: 45_000,
		Evidence: events.EvidenceKeyed, Publication: "public", JointStatements: true,
	}
}

// Sample appends a planned session of 90 minutes with an opening, an item with
// a list and questions, and n accepted applicants with a delegate each. Every
// third applicant, from the first, is of the category "state"; the others are
// stakeholders. change, when set, may alter what is written first.
func (l *Log) Sample(n int, change func(*events.SessionCreated)) {
	l.t.Helper()
	created := &events.SessionCreated{
		Consultation: ID[ids.Consultation]("consultation"), Title: "Sample session",
		PlannedStart: Start.Add(600_000), HardEnd: Start.Add(600_000 + 90*60_000), Zone: "Europe/Zurich",
		Languages: []string{"en", "fr"}, Modalities: Modalities(), Code: "SAMPLE",
		Parts: []events.Part{
			{ID: Opening, Kind: events.Opening, Title: "Opening", Minutes: 4},
			{ID: Item, Kind: events.Item, Title: "Item 1", Minutes: 80, HasList: true},
			{ID: Questions, Kind: events.Questions, Title: "Questions", Minutes: 6, HasList: true},
		},
	}
	if change != nil {
		change(created)
	}
	office := Staff(events.Secretariat)
	l.Append(events.Registry, office, "create_session", created)
	for i := range n {
		l.Accepted(i, nil)
	}
}

// Accepted appends the n-th applicant, accepted, with its delegate.
func (l *Log) Accepted(n int, change func(*events.ApplicantApplied)) {
	l.t.Helper()
	applied := &events.ApplicantApplied{
		Applicant: Applicant(n), Organisation: fmt.Sprintf("Organisation %d", n), Category: "stakeholder",
		Group: "civil_society", Region: "unspecified", Language: "en",
	}
	if n%3 == 0 {
		applied.Category = "state"
	}
	if change != nil {
		change(applied)
	}
	l.Append(events.Registry, Staff(events.Secretariat), "apply", applied, &events.ApplicantAccepted{Applicant: applied.Applicant})
	l.Append(events.Registry, Staff(events.Secretariat), "add_person", &events.PersonAdded{
		Person: Person(n), Applicant: applied.Applicant, Roles: []events.Role{events.Speaker},
		Digest: events.HashBody([]byte(applied.Organisation)),
	})
}

// StartAt starts the session and makes a part the current one.
func (l *Log) StartAt(part ids.Part) {
	l.t.Helper()
	l.Append(events.Timing, Staff(events.Chair), "start_session", &events.SessionStarted{StartedAt: l.Now},
		&events.PartStarted{Part: part, StartedAt: l.Now})
}

// Request makes a request; arguments are any value of package command, or nil.
func Request(by events.Actor, verb string, args any) *command.Request {
	r := &command.Request{Verb: verb, Actor: by}
	if args != nil {
		raw, err := json.Marshal(args)
		if err != nil {
			panic("arguments that have no JSON: " + err.Error())
		}
		r.Args = raw
	}
	return r
}

// Because gives the request a reason, as the gateway does with a free text.
func Because(r *command.Request, text string) *command.Request {
	r.Reason = &events.NoteRef{ID: ID[ids.Note](text), Digest: events.HashBody([]byte(text))}
	return r
}

// OnTurn makes the request expect a running turn; the zero turn is a free floor.
func OnTurn(r *command.Request, turn ids.Turn) *command.Request {
	if r.Expect == nil {
		r.Expect = &command.Expect{}
	}
	r.Expect.Turn = &turn
	return r
}

// OnButton makes the request expect an entry on the button.
func OnButton(r *command.Request, entry ids.Entry) *command.Request {
	if r.Expect == nil {
		r.Expect = &command.Expect{}
	}
	r.Expect.Entry = &entry
	return r
}
