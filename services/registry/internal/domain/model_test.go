package domain_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/roster"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
	"github.com/fairfloor/fairfloor/services/registry/internal/domain"
)

// machine is a session under random commands of everybody, with what a plain
// model knows of it.
type machine struct {
	l      *sessiontest.Log
	erased map[ids.Person]bool
	sealed bool
}

// step sends one command and notes what must hold from now on.
func (m *machine) step(t *rapid.T, by events.Actor, verb string, args any) {
	d, err := m.l.Do(events.Registry, domain.Decide, sessiontest.Request(by, verb, args))
	if err != nil {
		if p := problem.From(err); p.Code == problem.Internal || p.Detail == "" {
			t.Fatalf("%s by %v is refused with %v", verb, by.Roles, err)
		}
		return
	}
	if m.sealed && verb != "erase_person" && verb != "revoke_invitation" {
		t.Fatalf("%s is accepted after the sealing", verb)
	}
	for _, e := range d.Events {
		switch e := e.(type) {
		case *events.PersonErased:
			m.erased[e.Person] = true
		case *events.PersonChanged:
			if m.erased[e.Person] {
				t.Fatalf("an erased person is changed")
			}
		case *events.SessionSealed:
			m.sealed = true
		case *events.InvitationIssued:
			if slices.Contains(e.Roles, events.Organiser) && !by.Has(events.Organiser) {
				t.Fatalf("%v made an organiser", by.Roles)
			}
		}
	}
	if !by.Staff() && !d.OnBehalf.IsZero() {
		t.Fatalf("%s by a delegate is on behalf of %s", verb, d.OnBehalf)
	}
}

// check says what holds of every session at every time.
func (m *machine) check(t *rapid.T) {
	r := &m.l.State.Registry
	var names []roster.Keys
	for _, id := range r.ApplicantOrder {
		a := r.Applicants[id]
		if !roster.Counts(a) {
			continue
		}
		keys := roster.KeysOf(a.Organisation)
		if slices.ContainsFunc(names, keys.Same) {
			t.Fatalf("%q stands twice", a.Organisation)
		}
		names = append(names, keys)
	}
	if len(r.ApplicantOrder) != len(r.Applicants) || len(r.TextOrder) != len(r.Texts) {
		t.Fatalf("%d applicants in order of %d, %d texts of %d", len(r.ApplicantOrder), len(r.Applicants), len(r.TextOrder), len(r.Texts))
	}
	parts := map[ids.Part]bool{}
	for _, p := range r.Parts {
		if parts[p.ID] || p.Title == "" || p.Minutes < 1 {
			t.Fatalf("the parts are %+v", r.Parts)
		}
		parts[p.ID] = true
	}
	for id, p := range r.Persons {
		if p.Erased != m.erased[id] || p.Digest.IsZero() {
			t.Fatalf("the person is %+v, erased is %v", p, m.erased[id])
		}
	}
	if r.Sealed != m.sealed || r.HardEnd <= r.PlannedStart {
		t.Fatalf("the session is %+v", r)
	}
	if again, err := session.CheckModalities(r.Modalities); err != nil || fmt.Sprint(again) != fmt.Sprint(r.Modalities) {
		t.Fatalf("the modalities are not in their written form: %+v (%v)", r.Modalities, err)
	}
}

// TestAnyCourseOfCommandsKeepsTheRegistrySound sends everybody's commands in
// any order, valid and not.
func TestAnyCourseOfCommandsKeepsTheRegistrySound(t *testing.T) {
	organisations := []string{"One", "ONE", "Onе", "Two", "Three & Co", "three and co", "", "Organisation 1"}
	rapid.Check(t, func(rt *rapid.T) {
		m := &machine{l: stage(rt), erased: map[ids.Person]bool{}}
		by := func() events.Actor {
			return actor(rapid.SampledFrom([]events.Role{
				events.Organiser, events.Chair, events.ViceChair, events.Secretariat, events.Speaker, events.Observer, events.Technician,
			}).Draw(rt, "role"))
		}
		applicant := func() ids.Applicant {
			return rapid.SampledFrom(append(slices.Clone(m.l.State.Registry.ApplicantOrder), ids.Applicant{}, sessiontest.Applicant(77))).Draw(rt, "applicant")
		}
		person := func() ids.Person {
			known := slices.SortedFunc(maps.Keys(m.l.State.Registry.Persons), ids.Person.Compare)
			return rapid.SampledFrom(append(known, ids.Person{}, sessiontest.Person(77))).Draw(rt, "person")
		}
		commitment := func() events.Hash {
			return events.HashBody([]byte(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "value")))
		}
		organisation := func() string { return rapid.SampledFrom(organisations).Draw(rt, "organisation") }
		rt.Repeat(map[string]func(*rapid.T){
			"apply": func(rt *rapid.T) {
				m.step(rt, by(), "apply", command.Apply{Organisation: organisation(), Accept: rapid.Bool().Draw(rt, "accept")})
			},
			"change": func(rt *rapid.T) {
				m.step(rt, by(), "change_application", map[string]any{"applicant": applicant(), "organisation": organisation()})
			},
			"accept": func(rt *rapid.T) { m.step(rt, by(), "accept", command.ApplicantRef{Applicant: applicant()}) },
			"decline": func(rt *rapid.T) {
				m.step(rt, by(), "decline", command.ApplicantRef{Applicant: applicant(), Code: "other"})
			},
			"withdraw": func(rt *rapid.T) {
				m.step(rt, by(), "withdraw_application", command.ApplicantRef{Applicant: applicant()})
			},
			"import": func(rt *rapid.T) {
				m.step(rt, by(), "import", command.Import{Rows: []command.Apply{{Organisation: organisation()}, {Organisation: organisation(), Accept: true}}})
			},
			"add person": func(rt *rapid.T) {
				m.step(rt, by(), "add_person", command.AddPerson{Applicant: applicant(), Digest: commitment()})
			},
			"change person": func(rt *rapid.T) {
				m.step(rt, by(), "change_person", command.AddPerson{Person: person(), Digest: commitment()})
			},
			"erase person": func(rt *rapid.T) { m.step(rt, by(), "erase_person", command.PersonRef{Person: person()}) },
			"invite": func(rt *rapid.T) {
				roles := rapid.SliceOfN(rapid.SampledFrom(events.Roles()), 1, 3).Draw(rt, "roles")
				m.step(rt, by(), "invite", command.Invite{Roles: roles, Applicant: applicant(), Person: person(), Expires: 1 << 50})
			},
			"revoke": func(rt *rapid.T) { m.step(rt, by(), "revoke_invitation", command.InvitationRef{Invitation: link}) },
			"code":   func(rt *rapid.T) { m.step(rt, by(), "make_code", command.InvitationRef{Invitation: link}) },
			"file": func(rt *rapid.T) {
				m.step(rt, by(), "file_text", command.FileText{Applicant: applicant(), Language: "en", Visibility: events.OwnerOnly, Digest: commitment()})
			},
			"part": func(rt *rapid.T) {
				m.step(rt, by(), "add_part", command.PartArgs{Kind: events.Item, Title: "More", Minutes: rapid.Int64Range(0, 3).Draw(rt, "minutes"), HasList: true})
			},
			"rules": func(rt *rapid.T) {
				field := rapid.SampledFrom([]string{"minimum_ms", "maximum_ms", "reserve_ms", "grace_ms"}).Draw(rt, "field")
				m.step(rt, by(), "change_session", map[string]any{"modalities": map[string]any{field: rapid.Int64Range(-1, 400_000).Draw(rt, "ms")}})
			},
			"adjourn": func(rt *rapid.T) {
				if m.l.State.Timing.Phase == session.Planned && rapid.IntRange(0, 9).Draw(rt, "chance") == 0 {
					m.l.StartAt(sessiontest.Item)
					m.l.Append(events.Timing, sessiontest.Staff(events.Chair), "adjourn", &events.SessionAdjourned{AdjournedAt: m.l.Now})
				}
			},
			"seal": func(rt *rapid.T) { m.step(rt, by(), "seal", nil) },
			"":     m.check,
		})
		m.l.SameAgain()
	})
}

// TestLink: the request that links a session is the same whoever makes it, and
// goes to the consultation's subject.
func TestLink(t *testing.T) {
	l := stage(t)
	one, err := domain.Link(l.State)
	two, again := domain.Link(l.Refold())
	if err != nil || again != nil || one.ID != two.ID || one.Digest() != two.Digest() || one.ID.IsZero() {
		t.Fatalf("two replicas link by %+v and %+v (%v, %v)", one, two, err, again)
	}
	if one.Session.String() != l.State.Registry.Consultation.String() || one.Verb != "link_session" || !one.Actor.Has(events.System) {
		t.Errorf("the request is %+v", one)
	}
	consultation := empty(t)
	if _, err := consultation.Do(events.Registry, domain.Decide, one); err != nil {
		t.Fatal(err)
	}
	if s := consultation.State.Registry.Series; s == nil || s.Title != l.State.Registry.Title || !slices.Equal(s.Sessions, []ids.Session{l.State.ID}) {
		t.Errorf("the consultation is %+v", s)
	}
	var bad command.LinkSession
	refuseSystem(t, consultation, bad, problem.Invalid)
	bad.Linked = sessiontest.ID[ids.Session]("untitled")
	refuseSystem(t, empty(t), bad, problem.Invalid)
}

// refuseSystem is refuse for what only the service itself asks: no hint is due.
func refuseSystem(t *testing.T, l *sessiontest.Log, args any, code problem.Code) {
	t.Helper()
	if _, err := l.Do(events.Registry, domain.Decide, sessiontest.Request(events.ByService(events.Registry), "link_session", args)); !problem.Is(err, code) {
		t.Errorf("%+v: %v", args, err)
	}
}
