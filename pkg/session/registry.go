package session

import (
	"fmt"
	"slices"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// ApplicantState is where an application stands.
type ApplicantState string

// The states of an applicant.
const (
	Applied            ApplicantState = "applied"
	AcceptedApplicant  ApplicantState = "accepted"
	Declined           ApplicantState = "declined"
	WithdrawnApplicant ApplicantState = "withdrawn"
)

// Applicant is an organisation that asked to take the floor.
type Applicant struct {
	events.ApplicantApplied
	State ApplicantState
	// Reason is the code of a refusal.
	Reason string
	// At is when they first applied: session time.
	At clock.Instant
	// Basis is the note in which they say on what basis they apply, Decision the one
	// with the full reason of the latest decision. The words are in the store that
	// can forget; nil where none were given.
	Basis, Decision *events.NoteRef
	// Objections stand in the order in which they were made.
	Objections []Objection
	// AppealedAt is when the refusal was appealed against, zero for never; an appeal
	// is open until the next decision.
	AppealedAt clock.Instant
	Appeal     *events.NoteRef
	AppealOpen bool
}

// Objection is one to an application.
type Objection struct {
	// By is the organisation that objects, none for the chair's side.
	By   ids.Applicant
	At   clock.Instant
	Note *events.NoteRef
}

// Person is what the log knows of a human being: nothing but ids.
type Person struct {
	ID        ids.Person
	Applicant ids.Applicant
	Roles     []events.Role
	Digest    events.Hash
	Erased    bool
}

// Invitation is a signed link.
type Invitation struct {
	ID        ids.Invitation
	Roles     []events.Role
	Person    ids.Person
	Applicant ids.Applicant
	Expires   int64
	Revoked   bool
	// Codes is how many one-time codes were made for it.
	Codes int
}

// codeRoles are the roles of links that a code may open, since they may be seen
// again by the chair's side anyway.
var codeRoles = []events.Role{events.Speaker, events.Observer, events.Captioner, events.Interpreter, events.Technician}

// ByCode reports whether a link of these roles may be opened by a code: a short
// text is guessed sooner than a link, so what can run the session has none.
func ByCode(roles []events.Role) bool {
	return !slices.ContainsFunc(roles, func(r events.Role) bool { return !slices.Contains(codeRoles, r) })
}

// Text is a written statement; its words are in the store that can forget.
type Text struct {
	events.TextFiled
	At clock.Instant
}

// Series is what a consultation's own subject says: its sessions, in the order
// in which they were added.
type Series struct {
	ID        ids.Consultation
	Title     string
	CarryOver bool
	Sessions  []ids.Session
	// Carried has the last reckoning of each session that is over, in the order of
	// adjournment; Credits is what came of all of them.
	Carried []*events.CreditCarried
	Credits []events.OrganisationCredit
}

// Registry is the registry's part of the State.
type Registry struct {
	Created bool
	// Series is set in the State of a consultation's own subject, which is folded
	// like a session's but never becomes one.
	Series       *Series
	Consultation ids.Consultation
	// Organisation is whose session, or whose consultation, it is.
	Organisation ids.Organisation
	Title        string
	PlannedStart clock.Instant
	HardEnd      clock.Instant
	Zone         string
	Languages    []string
	Modalities   events.Modalities
	Parts        []events.Part
	Code         string
	PublicKey    string
	Clock        clock.Mapping
	ClockMode    string
	Sealed       bool
	SealedAt     clock.Instant
	// Ended says when each class of what can be forgotten was, for the whole session.
	Ended map[events.Kept]clock.Instant
	// Revision counts the changes of what was announced of the session (title,
	// times, agenda, modalities) since it was made; RevisedAt is the last one's time.
	Revision  int
	RevisedAt clock.Instant

	Applicants map[ids.Applicant]*Applicant
	// ApplicantOrder is the order of applying.
	ApplicantOrder []ids.Applicant
	Persons        map[ids.Person]*Person
	Invitations    map[ids.Invitation]*Invitation
	Texts          map[ids.Text]*Text
	TextOrder      []ids.Text
	// Lots are the drawings of lots, by the part whose list is drawn.
	Lots map[ids.Part]*Lot
	// OwnLists are the secretariat's own lists, by their part.
	OwnLists map[ids.Part][]ids.Entry
	// Credit is what was brought from the consultation's other sessions, nil where
	// nothing is carried over; Reckoned is what this one did, once it is over.
	Credit   *events.CreditBrought
	Reckoned *events.CreditReckoned
	// Notes are private, between the chair and the secretariat.
	Notes []PrivateNote
}

func newRegistry() Registry {
	return Registry{
		Applicants:  map[ids.Applicant]*Applicant{},
		Persons:     map[ids.Person]*Person{},
		Invitations: map[ids.Invitation]*Invitation{},
		Texts:       map[ids.Text]*Text{},
		Lots:        map[ids.Part]*Lot{},
		OwnLists:    map[ids.Part][]ids.Entry{},
		Ended:       map[events.Kept]clock.Instant{},
	}
}

// Part gives a part by its id, and its index in the agenda.
func (r *Registry) Part(id ids.Part) (events.Part, int, bool) {
	i := slices.IndexFunc(r.Parts, func(p events.Part) bool { return p.ID == id })
	if i < 0 {
		return events.Part{}, -1, false
	}
	return r.Parts[i], i, true
}

// MayMake reports whether a category may make an entry of a kind.
func (m Rights) MayMake(category string, kind events.EntryKind) bool {
	kinds, named := m[category]
	if !named {
		kinds = m["*"]
	}
	return slices.Contains(kinds, kind)
}

// Rights is the matrix category x kind of entry of the modalities.
type Rights map[string][]events.EntryKind

// revised notes a change of what was announced of the session.
func (r *Registry) revised(at clock.Instant) { r.Revision, r.RevisedAt = r.Revision+1, at }

func (r *Registry) apply(c *events.Commit, e events.Event) error {
	switch e := e.(type) {
	case *events.SessionCreated:
		r.Created, r.Consultation, r.Title = true, e.Consultation, e.Title
		r.PlannedStart, r.HardEnd, r.Zone, r.Languages = e.PlannedStart, e.HardEnd, e.Zone, e.Languages
		r.Modalities, r.Parts, r.Code = e.Modalities, slices.Clone(e.Parts), e.Code
		r.PublicKey, r.Clock, r.ClockMode = e.PublicKey, e.Clock, e.ClockMode
		r.RevisedAt, r.Organisation = c.At, e.Organisation
	case *events.SessionChanged:
		r.Title, r.PlannedStart, r.HardEnd, r.Zone = e.Title, e.PlannedStart, e.HardEnd, e.Zone
		r.Languages, r.Modalities = e.Languages, e.Modalities
		r.revised(c.At)
	case *events.PartAdded:
		r.Parts = append(r.Parts, e.Part)
		r.revised(c.At)
	case *events.PartChanged:
		_, i, ok := r.Part(e.Part.ID)
		if !ok {
			return errMissing("part", e.Part.ID)
		}
		r.Parts[i] = e.Part
		r.revised(c.At)
	case *events.ClockSet:
		r.Clock, r.ClockMode = e.Clock, e.Mode
	case *events.SessionSealed:
		r.Sealed, r.SealedAt = true, c.At
	case *events.RetentionEnded:
		r.forget(c.At, e.Kept)
	case *events.ConsultationCreated:
		r.Series = &Series{ID: e.Consultation, Title: e.Title, CarryOver: e.CarryOver}
		r.Organisation = e.Organisation
	case *events.ConsultationSessionAdded:
		if r.Series == nil {
			return fmt.Errorf("a session of a consultation that was never made")
		}
		if !slices.Contains(r.Series.Sessions, e.Session) {
			r.Series.Sessions = append(r.Series.Sessions, e.Session)
		}
	case *events.ApplicantApplied, *events.ApplicantChanged, *events.ApplicantAccepted, *events.ApplicantDeclined, *events.ApplicantWithdrawn,
		*events.ObjectionMade, *events.AppealLodged:
		return r.applicant(c, e)
	case *events.LotCommitted, *events.ListFixed, *events.LotRevealed, *events.LotDrawn, *events.ListSet:
		return r.lot(c, e)
	case *events.CreditBrought, *events.CreditReckoned, *events.CreditCarried:
		return r.credit(e)
	case *events.NoteWritten, *events.NoteRemoved:
		return r.note(c, e)
	default:
		return r.person(c, e)
	}
	return nil
}

func (r *Registry) applicant(c *events.Commit, e events.Event) error {
	if applied, ok := e.(*events.ApplicantApplied); ok {
		r.Applicants[applied.Applicant] = &Applicant{ApplicantApplied: *applied, State: Applied, At: c.At, Basis: c.Reason}
		r.ApplicantOrder = append(r.ApplicantOrder, applied.Applicant)
		return nil
	}
	var id ids.Applicant
	switch e := e.(type) {
	case *events.ApplicantChanged:
		id = e.Applicant
	case *events.ApplicantAccepted:
		id = e.Applicant
	case *events.ApplicantDeclined:
		id = e.Applicant
	case *events.ApplicantWithdrawn:
		id = e.Applicant
	case *events.ObjectionMade:
		id = e.Applicant
	case *events.AppealLodged:
		id = e.Applicant
	}
	a, ok := r.Applicants[id]
	if !ok {
		return errMissing("applicant", id)
	}
	switch e := e.(type) {
	case *events.ApplicantChanged:
		a.ApplicantApplied = e.ApplicantApplied
		if c.Reason != nil {
			a.Basis = c.Reason
		}
	case *events.ApplicantAccepted:
		a.State, a.Reason, a.AppealOpen = AcceptedApplicant, "", false
		// Accepted with the application: what was said is its basis, not a decision's reason.
		if c.Verb != "apply" {
			a.Decision = c.Reason
		}
	case *events.ApplicantDeclined:
		a.State, a.Reason, a.Decision, a.AppealOpen = Declined, e.Reason, c.Reason, false
	case *events.ObjectionMade:
		a.Objections = append(a.Objections, Objection{By: e.By, At: c.At, Note: c.Reason})
	case *events.AppealLodged:
		a.AppealedAt, a.Appeal, a.AppealOpen = c.At, c.Reason, true
	case *events.ApplicantWithdrawn:
		a.State, a.Reason = WithdrawnApplicant, ""
	}
	return nil
}

func (r *Registry) person(c *events.Commit, e events.Event) error {
	switch e := e.(type) {
	case *events.PersonAdded:
		r.Persons[e.Person] = &Person{ID: e.Person, Applicant: e.Applicant, Roles: e.Roles, Digest: e.Digest}
	case *events.PersonChanged:
		p, ok := r.Persons[e.Person]
		if !ok {
			return errMissing("person", e.Person)
		}
		p.Digest = e.Digest
	case *events.PersonErased:
		p, ok := r.Persons[e.Person]
		if !ok {
			return errMissing("person", e.Person)
		}
		p.Erased = true
	case *events.InvitationIssued:
		r.Invitations[e.Invitation] = &Invitation{
			ID: e.Invitation, Roles: e.Roles, Person: e.Person, Applicant: e.Applicant, Expires: e.Expires,
		}
	case *events.InvitationRevoked:
		i, ok := r.Invitations[e.Invitation]
		if !ok {
			return errMissing("invitation", e.Invitation)
		}
		i.Revoked = true
	case *events.JoinCodeMade:
		i, ok := r.Invitations[e.Invitation]
		if !ok {
			return errMissing("invitation", e.Invitation)
		}
		i.Codes++
	case *events.TextFiled:
		if _, again := r.Texts[e.Text]; !again {
			r.TextOrder = append(r.TextOrder, e.Text)
		}
		r.Texts[e.Text] = &Text{TextFiled: *e, At: c.At}
	case *events.TextVisibilityChanged:
		t, ok := r.Texts[e.Text]
		if !ok {
			return errMissing("text", e.Text)
		}
		t.Visibility = e.Visibility
	default:
		return fmt.Errorf("not an event of the registry")
	}
	return nil
}
