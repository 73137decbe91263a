package httpapi

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/forget"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/people"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/ratelimit"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/token"
)

// applicantLifetime is how long the link of an applicant shows their application.
const applicantLifetime = 180 * 24 * time.Hour

// Application is the public form: an organisation, and whom to answer.
type Application struct {
	ID           ids.Command `json:"id,omitempty" doc:"The command's id (UUIDv7); the same id again makes no second application"`
	Organisation string      `json:"organisation"`
	Category     string      `json:"category,omitempty"`
	Group        string      `json:"group,omitempty"`
	Region       string      `json:"region,omitempty"`
	Language     string      `json:"language,omitempty"`
	RequestedMS  int64       `json:"requested_ms,omitempty" doc:"Wished length in ms, 30000 to 600000"`
	FirstTime    bool        `json:"first_time,omitempty"`
	Remote       bool        `json:"remote,omitempty"`
	Delegate     Delegate    `json:"delegate"`
	Basis        string      `json:"basis,omitempty" doc:"On what basis they apply; the chair's side and they themselves read it"`
}

// Delegate is who would speak.
type Delegate struct {
	Name          string `json:"name"`
	FormOfAddress string `json:"form_of_address,omitempty"`
	Pronunciation string `json:"pronunciation,omitempty"`
	Email         string `json:"email"`
	AccessNeeds   string `json:"access_needs,omitempty"`
}

// Applied answers an application: with a link that shows what becomes of it.
type Applied struct {
	Applicant ids.Applicant   `json:"applicant"`
	Token     string          `json:"token"`
	URL       string          `json:"url"`
	Receipt   command.Receipt `json:"receipt"`
}

// Standing is where an application stands, for the applicant and the chair's side.
type Standing struct {
	Applicant    ids.Applicant          `json:"applicant"`
	Organisation string                 `json:"organisation"`
	State        session.ApplicantState `json:"state"`
	AppliedAt    clock.Instant          `json:"applied_at" doc:"ms since 1970"`
	Basis        string                 `json:"basis,omitempty"`
	Reason       string                 `json:"reason,omitempty" doc:"The code of a refusal"`
	Full         string                 `json:"full_reason,omitempty" doc:"The full reason of the latest decision"`
	Objections   []Objected             `json:"objections"`
	AppealedAt   clock.Instant          `json:"appealed_at,omitempty"`
	AppealOpen   bool                   `json:"appeal_open,omitempty"`
	Appeal       string                 `json:"appeal,omitempty"`
}

// Objected is an objection. Who made it, and in which words, only the chair's
// side sees; what of it counts stands in the decision's reason.
type Objected struct {
	At           clock.Instant `json:"at"`
	By           ids.Applicant `json:"by,omitzero"`
	Organisation string        `json:"organisation,omitempty"`
	Words        string        `json:"words,omitempty"`
}

// Contact is a person as those who invite them need to know them. To a delegate it
// is their own record in full, and of a colleague what the chair would say.
type Contact struct {
	ID        ids.Person    `json:"person"`
	Applicant ids.Applicant `json:"applicant,omitzero"`
	people.Person
	Entries []ids.Entry `json:"entries,omitempty" doc:"The entries for which they will speak"`
}

func (s *server) applications() {
	huma.Register(s.api, operation("apply", http.MethodPost, "/sessions/{session}/applications", "Apply to take the floor by the public form, without a link, where the modalities allow it", "people"),
		func(ctx context.Context, in *struct {
			From
			Session ids.Session `path:"session"`
			Key     string      `header:"Idempotency-Key"`
			Body    Application
		},
		) (*body[Applied], error) {
			if err := s.mayApply(ctx, in.address); err != nil {
				return nil, refuse(err)
			}
			out, err := s.apply(ctx, in.Session, in.Body, in.Key)
			return &body[Applied]{out}, refuse(err)
		})

	huma.Register(s.api, operation("application", http.MethodGet, "/sessions/{session}/applications/{applicant}", "Where an application stands, for the applicant and the chair's side", "people"),
		func(ctx context.Context, in *struct {
			InSession
			Applicant ids.Applicant `path:"applicant"`
		},
		) (*kept[Standing], error) {
			claims, err := s.enter(in.Bearer, in.Session)
			if err != nil {
				return nil, refuse(err)
			}
			out, err := s.standing(ctx, in.Session, in.Applicant, claims.Actor())
			return &kept[Standing]{"no-store", out}, refuse(err)
		})

	huma.Register(s.api, operation("people", http.MethodGet, "/sessions/{session}/people", "How to reach those who take part, for the secretariat; for a delegate their own record, and who else speaks for their organisation", "people"),
		func(ctx context.Context, in *InSession) (*kept[[]Contact], error) {
			claims, err := s.enterAs(in.Bearer, in.Session, events.Secretariat, events.Organiser, events.Speaker)
			if err != nil {
				return nil, refuse(err)
			}
			out, err := s.contacts(ctx, in.Session, claims.Actor())
			return &kept[[]Contact]{"no-store", out}, refuse(err)
		})
}

// applying bounds how many applications come from one address: a conference
// behind one of them has some hundred, a script has no end.
var applying = ratelimit.Rate{Name: "applications", Every: 2 * time.Second, Burst: 100}

// mayApply takes an application from an address's allowance.
func (s *server) mayApply(ctx context.Context, address string) error {
	wait := s.Limits.Take(ctx, applying, address)
	if wait == 0 {
		return nil
	}
	p := problem.New(problem.TooMany, "many applications came from your address").Try("wait a moment and send it again")
	p.RetryAfterMS = ratelimit.Millis(wait)
	return p
}

// apply enters a stranger's application and then their delegate, each under an
// id that follows from the form's: a form that is sent twice is one application.
func (s *server) apply(ctx context.Context, id ids.Session, form Application, key string) (Applied, error) {
	open, where := false, ""
	err := s.Sessions.Read(id, func(state *session.State) {
		open, where = state.Registry.Modalities.OpenApplications, state.Registry.Code
	})
	switch {
	case err != nil:
		return Applied{}, err
	case !open:
		return Applied{}, problem.New(problem.Forbidden, "applications come through the secretariat here").Try("ask the secretariat to enter your organisation")
	}
	person := people.Person{
		Name: form.Delegate.Name, FormOfAddress: form.Delegate.FormOfAddress, Pronunciation: form.Delegate.Pronunciation,
		Email: form.Delegate.Email, AccessNeeds: form.Delegate.AccessNeeds,
	}
	// Before anything is entered: half an application would be nobody's.
	if err := person.Check(); err != nil {
		p := problem.From(err)
		return Applied{}, p.On("delegate." + p.Field)
	}
	if person.Email == "" {
		return Applied{}, problem.Field("delegate.email", "the e-mail address is missing").Try("give one where the decision reaches you")
	}
	frame, err := frameOf("apply", form.ID, key, command.Apply{
		Organisation: form.Organisation, Category: form.Category, Group: form.Group, Region: form.Region, Language: form.Language,
		RequestedMS: form.RequestedMS, FirstTime: form.FirstTime, Remote: form.Remote,
	}, strings.TrimSpace(form.Basis))
	if err != nil {
		return Applied{}, err
	}
	receipt, err := s.do(ctx, id, events.Actor{ID: "visitor/" + frame.ID.String(), Roles: []events.Role{events.Observer}}, frame)
	if err != nil {
		p := problem.From(err)
		return Applied{}, p.On(strings.TrimPrefix(p.Field, "args."))
	}
	out := Applied{Receipt: receipt}
	if out.Applicant, err = ids.Parse[ids.Applicant](receipt.Made["applicant"]); err != nil {
		return out, err
	}
	// It sees what everybody sees, and acts for this one applicant alone; what that
	// may do depends on the decision.
	adding := following(frame.ID, "delegate")
	claims := token.Claims{
		Subject: "applicant/" + out.Applicant.String(), Session: id, Roles: []events.Role{events.Speaker}, Applicant: out.Applicant,
		Person:   ids.Derive[ids.Person](adding, 0), // as the registry derives it, so that their record is theirs to correct
		Audience: token.ForPublic, Expires: time.Now().Add(applicantLifetime), ID: ids.Named[ids.Invitation](out.Applicant, "applicant"),
	}
	if out.Token, err = s.Tokens.Issue(claims); err != nil {
		return out, err
	}
	out.URL = s.Base + "/s/" + where + "/apply#" + out.Token
	delegate, err := frameOf("add_person", adding, "", command.AddPerson{
		Applicant: out.Applicant, Roles: []events.Role{events.Speaker}, Value: (*command.PersonValue)(&person),
	}, "")
	if err == nil {
		_, err = s.do(ctx, id, claims.Actor(), delegate)
	}
	return out, err
}

// following makes the id of a command that goes with another: the same each time.
// Its version is 4, since those of version 5 are the services' own.
func following(by ids.Command, name string) ids.Command {
	text := []byte(ids.Named[ids.Command](by, name).String())
	text[14] = '4'
	return ids.MustParse[ids.Command](string(text))
}

// standing tells where an application stands: all of it to the chair's side, to
// the applicant everything but who objected.
func (s *server) standing(ctx context.Context, id ids.Session, applicant ids.Applicant, reader events.Actor) (Standing, error) {
	missing := problem.New(problem.NotFound, "there is no such application, or it is not yours").On("path.applicant").Try("open the link that you were given when you applied")
	var found *session.Applicant
	out := Standing{Objections: []Objected{}}
	var notes []*events.NoteRef
	err := s.Sessions.Read(id, func(state *session.State) {
		a := state.Registry.Applicants[applicant]
		if a == nil || !reader.Staff() && (reader.Applicant != applicant || !reader.Has(events.Speaker)) {
			return
		}
		found = a
		out.Applicant, out.Organisation, out.State, out.Reason, out.AppliedAt = applicant, a.Organisation, a.State, a.Reason, a.At
		out.AppealedAt, out.AppealOpen = a.AppealedAt, a.AppealOpen
		notes = []*events.NoteRef{a.Basis, a.Decision, a.Appeal}
		for _, o := range a.Objections {
			one, note := Objected{At: o.At}, (*events.NoteRef)(nil)
			if reader.Staff() {
				one.By, note = o.By, o.Note
				if by := state.Registry.Applicants[o.By]; by != nil {
					one.Organisation = by.Organisation
				}
			}
			out.Objections, notes = append(out.Objections, one), append(notes, note)
		}
	})
	switch {
	case err != nil:
		return out, err
	case found == nil:
		return out, missing
	}
	into := []*string{&out.Basis, &out.Full, &out.Appeal}
	for i := range out.Objections {
		into = append(into, &out.Objections[i].Words)
	}
	for i, ref := range notes {
		if ref == nil {
			continue
		}
		// A note that was erased is empty: it shows that there was one no longer.
		if *into[i], err = s.Note(ctx, id, *ref); err != nil {
			return out, err
		}
	}
	return out, nil
}

// contacts gives the persons whom a reader may know: the secretariat all of them,
// a delegate those of their own organisation, and of these themselves in full.
func (s *server) contacts(ctx context.Context, id ids.Session, reader events.Actor) ([]Contact, error) {
	office := reader.Has(events.Secretariat, events.Organiser)
	var known []session.Person
	speaks := map[ids.Person][]ids.Entry{}
	err := s.Sessions.Read(id, func(state *session.State) {
		for _, p := range state.Registry.Persons {
			if !p.Erased && (office || !reader.Applicant.IsZero() && p.Applicant == reader.Applicant) {
				known = append(known, *p)
			}
		}
		for _, e := range state.Queue.Entries {
			if !e.Delegate.IsZero() {
				speaks[e.Delegate] = append(speaks[e.Delegate], e.ID)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(known, func(a, b session.Person) int { return a.ID.Compare(b.ID) })
	out := make([]Contact, 0, len(known))
	for _, p := range known {
		value, err := s.Person(ctx, id, p.ID, p.Digest)
		switch {
		case problem.Is(err, problem.NotFound), errors.Is(err, forget.ErrErased):
			continue // forgotten since
		case err != nil:
			return nil, err
		}
		if !office && p.ID != reader.Person {
			// How to reach a colleague, and what they need, is theirs to tell.
			value = people.Person{Name: value.Name, FormOfAddress: value.FormOfAddress, Pronunciation: value.Pronunciation}
		}
		entries := speaks[p.ID]
		slices.SortFunc(entries, ids.Entry.Compare)
		out = append(out, Contact{p.ID, p.Applicant, value, entries})
	}
	return out, nil
}
