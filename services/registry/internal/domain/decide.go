// Package domain decides what the registry does: consultations, sessions and
// their parts, applicants, persons, invitations and statement texts.
//
// Guarantee: Decide is a function of the folded session, the command and the
// session time, so any replica may decide any command and all decide alike; it
// changes neither of them. Every identifier that it makes is derived from the
// command's. What is refused is refused with a problem that names the field and
// what to do. No value of a person, no note and no statement ever comes here:
// only their digests do.
package domain

import (
	"unicode/utf8"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/roster"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// maxTitle is the most characters of a title.
const maxTitle = 200

// call is one command with the session that it is about.
type call struct {
	*command.Request
	s   *session.State
	now clock.Instant
}

// result is what a verb decided: its facts, and for whom the chair's side acted.
type result struct {
	facts    []events.Event
	onBehalf ids.Applicant
}

// verbs gives each verb of the registry its decision.
var verbs = map[string]func(call) (result, error){
	"create_consultation":    createConsultation,
	"link_session":           linkSession,
	"create_session":         createSession,
	"change_session":         changeSession,
	"set_clock":              setClock,
	"add_part":               addPart,
	"change_part":            changePart,
	"apply":                  apply,
	"change_application":     changeApplication,
	"accept":                 accept,
	"decline":                decline,
	"object":                 object,
	"appeal":                 appeal,
	"withdraw_application":   withdrawApplication,
	"import":                 importRows,
	"add_person":             addPerson,
	"change_person":          changePerson,
	"erase_person":           erasePerson,
	"invite":                 invite,
	"revoke_invitation":      revokeInvitation,
	"make_code":              makeCode,
	"file_text":              fileText,
	"change_text_visibility": changeTextVisibility,
	"commit_lot":             commitLot,
	"fix_list":               fixList,
	"draw_lot":               drawLot,
	"set_order":              setOrder,
	"reckon_credit":          reckonCredit,
	"carry_credit":           carryCredit,
	"bring_credit":           bringCredit,
	"seal":                   seal,
	"end_retention":          endRetention,
	"write_note":             writeNote,
	"remove_note":            removeNote,
}

// Decide says what a command of the registry makes of a session at a session
// time, or why it is refused (a *problem.Error). Whether the command was
// accepted before is the caller's question, and comes first.
func Decide(s *session.State, r *command.Request, now clock.Instant) (command.Decision, error) {
	if _, err := command.Admit(r, events.Registry); err != nil {
		return command.Decision{}, err
	}
	decide := verbs[r.Verb]
	if decide == nil {
		return command.Decision{}, problem.New(problem.Internal, "nobody decides %s", r.Verb)
	}
	if err := stands(s, r.Verb); err != nil {
		return command.Decision{}, err
	}
	made, err := decide(call{r, s, now})
	if err != nil {
		return command.Decision{}, err
	}
	return command.Decision{Events: made.facts, OnBehalf: made.onBehalf}, nil
}

// stands checks that what the command acts on is there and not sealed.
func stands(s *session.State, verb string) error {
	switch verb {
	case "create_consultation", "create_session":
		if s.Exists() || s.Registry.Series != nil {
			return problem.New(problem.Already, "%s is there already", s.ID).On("session").Try("choose a new UUIDv7")
		}
		return nil
	case "carry_credit":
		if s.Registry.Series == nil {
			return problem.New(problem.NotFound, "there is no consultation %s", s.ID).On("session").Try("link the session first")
		}
		return nil
	case "link_session":
		// A consultation that a session named first is made by this very command.
		if s.Exists() {
			return problem.New(problem.WrongState, "%s is a session, not a consultation", s.ID).On("session")
		}
		return nil
	}
	if !s.Exists() {
		return problem.New(problem.NotFound, "there is no session %s", s.ID).On("session").Try("check the link")
	}
	// To be forgotten, and to end a link that went astray, must be possible for ever.
	if s.Registry.Sealed && verb != "erase_person" && verb != "revoke_invitation" && verb != "end_retention" {
		return problem.New(problem.Sealed, "the session was sealed").Try("corrections are made as amendments of the record")
	}
	return nil
}

// decode reads the command's arguments over what is there already.
func decode[T any](c call, over T) (T, error) {
	err := c.Read(&over)
	return over, err
}

// facts is the result of a command that acts for nobody else.
func facts(all ...events.Event) (result, error) { return result{facts: all}, nil }

// open refuses what cannot be changed once the session is adjourned.
func (c call) open() error {
	if c.s.Timing.Phase == session.Adjourned {
		return problem.New(problem.WrongState, "the session is adjourned").Try("undo the adjournment first, within 10 minutes of it")
	}
	return nil
}

// own checks that the actor may act for an applicant: as its delegate, or as
// the chair's side on its behalf.
func (c call) own(applicant ids.Applicant) (onBehalf ids.Applicant, err error) {
	switch {
	case c.delegate() && c.Actor.Applicant == applicant:
		return ids.Applicant{}, nil
	case c.Actor.Staff():
		return applicant, nil
	default:
		return ids.Applicant{}, problem.New(problem.Forbidden, "this belongs to another organisation").Try("act for your own organisation, or ask the secretariat")
	}
}

// delegate reports whether the actor speaks for an organisation.
func (c call) delegate() bool { return c.Actor.Has(events.Speaker) && !c.Actor.Applicant.IsZero() }

// applicant finds an applicant by its id; a delegate's own when none is named.
func (c call) applicant(id ids.Applicant) (*session.Applicant, error) {
	if id.IsZero() && c.delegate() {
		id = c.Actor.Applicant
	}
	if id.IsZero() {
		return nil, problem.Field("args.applicant", "the applicant is missing").Try("name the applicant")
	}
	a, ok := c.s.Registry.Applicants[id]
	if !ok {
		return nil, problem.New(problem.NotFound, "there is no applicant %s", id).On("args.applicant").Try("name an applicant of this session")
	}
	return a, nil
}

// title checks a title; its one written form comes back.
func title(field, text string) (string, error) {
	clean, ok := roster.CleanText(text)
	switch n := utf8.RuneCountInString(clean); {
	case !ok:
		return "", problem.Field(field, "the title holds characters that are not text").Try("type it anew")
	case n == 0:
		return "", problem.Field(field, "the title is missing").Try("give a title of 1 to 200 characters")
	case n > maxTitle:
		return "", problem.Field(field, "the title has %d characters, more than %d", n, maxTitle).Try("shorten it")
	}
	return clean, nil
}

// list names roles, kinds and codes for people.
func list[T ~string](all []T) problem.Words {
	out := make(problem.Words, len(all))
	for i, v := range all {
		out[i] = string(v)
	}
	return out
}

// clip bounds what an answer repeats of a caller's text.
func clip(text string) string {
	if runes := []rune(text); len(runes) > 48 {
		return string(runes[:48]) + "…"
	}
	return text
}
