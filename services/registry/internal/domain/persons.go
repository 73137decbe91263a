package domain

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/roster"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// The bounds of persons and invitations of one session.
const (
	maxPersons     = 20_000
	maxInvitations = 50_000
)

// grants is the closed table of who may give which roles, to a person or a link.
// It goes downwards: nobody makes somebody who could take more than they have.
var grants = map[events.Role][]events.Role{
	events.Organiser:   events.Roles(),
	events.Chair:       but(events.Organiser),
	events.Secretariat: but(events.Organiser),
	events.ViceChair:   but(events.Organiser, events.Chair),
}

// but is every role without some.
func but(without ...events.Role) []events.Role {
	return slices.DeleteFunc(events.Roles(), func(r events.Role) bool { return slices.Contains(without, r) })
}

// mayGive reports whether the actor may give a role.
func mayGive(actor events.Actor, role events.Role) bool {
	return slices.ContainsFunc(actor.Roles, func(r events.Role) bool { return slices.Contains(grants[r], role) })
}

// roles checks the roles that the actor gives; they come back without repetition.
func (c call) roles(given []events.Role) ([]events.Role, error) {
	clean := make([]events.Role, 0, len(given))
	for _, role := range given {
		switch {
		case !slices.Contains(events.Roles(), role):
			return nil, problem.Field("args.roles", "%q is none of %s", clip(string(role)), list(events.Roles())).Try("choose from them")
		case !mayGive(c.Actor, role):
			return nil, problem.New(problem.Forbidden, "the role %s is not yours to give", role).On("args.roles").Try("ask the organiser")
		case !slices.Contains(clean, role):
			clean = append(clean, role)
		}
	}
	return clean, nil
}

// speaksFor checks the organisation of somebody with these roles: speakers have
// one, and only speakers.
func (c call) speaksFor(roles []events.Role, applicant ids.Applicant) error {
	speaker := slices.Contains(roles, events.Speaker)
	switch {
	case !speaker && applicant.IsZero():
		return nil
	case !speaker:
		return problem.Field("args.applicant", "only a speaker speaks for an organisation").Try("add the role speaker, or leave the applicant out")
	case applicant.IsZero():
		return problem.Field("args.applicant", "a speaker speaks for an organisation").Try("name the applicant")
	}
	a, ok := c.s.Registry.Applicants[applicant]
	switch {
	case !ok:
		return problem.New(problem.NotFound, "there is no applicant %s", applicant).On("args.applicant").Try("name an applicant of this session")
	case !roster.Counts(a):
		return problem.New(problem.WrongState, "the application was %s", a.State).On("args.applicant").Try("accept it first, or enter it anew")
	}
	return nil
}

// PersonID is the id of the person that a command adds.
func PersonID(add ids.Command) ids.Person { return ids.Derive[ids.Person](add, 0) }

// addPerson makes a person known by the digest of what the shell stored. Without
// a role they are a speaker when they have an organisation, else an observer:
// the least that somebody can be.
func addPerson(c call) (result, error) {
	a, err := decode(c, command.AddPerson{})
	if err != nil {
		return result{}, err
	}
	if !a.Person.IsZero() {
		return result{}, problem.Field("args.person", "a new person has no id yet").Try("leave it out, or use change_person")
	}
	if len(c.s.Registry.Persons) >= maxPersons {
		return result{}, problem.New(problem.WrongState, "a session knows at most %d persons", maxPersons).Try("make a second session")
	}
	if len(a.Roles) == 0 {
		a.Roles = []events.Role{events.Observer}
		if !c.Actor.Staff() && a.Applicant.IsZero() {
			a.Applicant = c.Actor.Applicant
		}
		if !a.Applicant.IsZero() {
			a.Roles = []events.Role{events.Speaker}
		}
	}
	given, err := c.company(&a)
	if err != nil {
		return result{}, err
	}
	if err := c.speaksFor(given, a.Applicant); err != nil {
		return result{}, err
	}
	if err := stored(a.Value != nil, a.Digest, "args.value"); err != nil {
		return result{}, err
	}
	return facts(&events.PersonAdded{Person: PersonID(c.ID), Applicant: a.Applicant, Roles: given, Digest: a.Digest})
}

// maxColleagues is how many persons a delegate may name for their organisation.
const maxColleagues = 20

// company checks whom the actor may make known: the chair's side anybody to whom
// they may give the roles, a delegate speakers of their own organisation.
func (c call) company(a *command.AddPerson) ([]events.Role, error) {
	if c.Actor.Staff() {
		return c.roles(a.Roles)
	}
	if a.Applicant.IsZero() {
		a.Applicant = c.Actor.Applicant
	}
	if _, err := c.own(a.Applicant); err != nil {
		return nil, problem.From(err).On("args.applicant")
	}
	if !slices.Equal(a.Roles, []events.Role{events.Speaker}) {
		return nil, problem.New(problem.Forbidden, "a delegate names speakers of their own organisation").On("args.roles").Try("leave the roles out, or ask the secretariat")
	}
	known := 0
	for _, p := range c.s.Registry.Persons {
		if p.Applicant == a.Applicant && !p.Erased {
			known++
		}
	}
	if known >= maxColleagues {
		return nil, problem.New(problem.WrongState, "your organisation has named %d persons already", known).Try("ask the secretariat")
	}
	return a.Roles, nil
}

// stored checks that the value was taken out and its digest put in: a value
// that came as far as here would be written to the log's hash of the request.
func stored(value bool, digest events.Hash, field string) error {
	switch {
	case value:
		return problem.New(problem.Internal, "a value reached the decision").On(field)
	case digest.IsZero():
		return problem.Field(field, "the value is missing").Try("send what is to be stored")
	}
	return nil
}

// person finds a person whose record the actor may touch: everybody's own, and
// the chair's side all of them.
func (c call) person(id ids.Person) (*session.Person, ids.Applicant, error) {
	if id.IsZero() {
		id = c.Actor.Person
	}
	if id.IsZero() {
		return nil, ids.Applicant{}, problem.Field("args.person", "the person is missing").Try("name the person")
	}
	own := id == c.Actor.Person
	if !own && !c.Actor.Staff() {
		return nil, ids.Applicant{}, problem.New(problem.Forbidden, "this is another person's record").On("args.person").Try("ask the secretariat")
	}
	p, ok := c.s.Registry.Persons[id]
	if !ok {
		return nil, ids.Applicant{}, problem.New(problem.NotFound, "there is no person %s", id).On("args.person").Try("name a person of this session")
	}
	if own {
		return p, ids.Applicant{}, nil
	}
	return p, p.Applicant, nil
}

// changePerson commits to a new value. Roles and organisation are not part of
// the record that can be forgotten, and links were issued upon them, so they do
// not change.
func changePerson(c call) (result, error) {
	a, err := decode(c, command.AddPerson{})
	if err != nil {
		return result{}, err
	}
	p, onBehalf, err := c.person(a.Person)
	switch {
	case err != nil:
		return result{}, err
	case p.Erased:
		return result{}, problem.New(problem.WrongState, "the person was erased").On("args.person").Try("add them anew")
	case len(a.Roles) != 0 && !slices.Equal(a.Roles, p.Roles):
		return result{}, problem.Field("args.roles", "a person's roles do not change").Try("leave them out, and add the person anew with other roles")
	case !a.Applicant.IsZero() && a.Applicant != p.Applicant:
		return result{}, problem.Field("args.applicant", "a person's organisation does not change").Try("leave it out, and add the person anew")
	}
	if err := stored(a.Value != nil, a.Digest, "args.value"); err != nil {
		return result{}, err
	}
	if a.Digest == p.Digest {
		return result{}, unchanged("the record")
	}
	return result{facts: []events.Event{&events.PersonChanged{Person: p.ID, Digest: a.Digest}}, onBehalf: onBehalf}, nil
}

// erasePerson says that a person is to be forgotten. The value is dropped once
// this is in the log, so that nobody can be half erased without a trace.
func erasePerson(c call) (result, error) {
	a, err := decode(c, command.PersonRef{})
	if err != nil {
		return result{}, err
	}
	p, onBehalf, err := c.person(a.Person)
	switch {
	case err != nil:
		return result{}, err
	case p.Erased:
		return result{}, unchanged("the person")
	}
	return result{facts: []events.Event{&events.PersonErased{Person: p.ID}}, onBehalf: onBehalf}, nil
}

// invite issues a link. How far ahead it may expire is asked by the shell:
// tokens live in I/O time, which a decision does not know.
func invite(c call) (result, error) {
	a, err := decode(c, command.Invite{})
	if err != nil {
		return result{}, err
	}
	if len(c.s.Registry.Invitations) >= maxInvitations {
		return result{}, problem.New(problem.WrongState, "a session has at most %d invitations", maxInvitations).Try("use a link for several people")
	}
	if len(a.Roles) == 0 {
		return result{}, problem.Field("args.roles", "the link has no role").Try("give at least one")
	}
	given, err := c.roles(a.Roles)
	if err != nil {
		return result{}, err
	}
	if !a.Person.IsZero() {
		p, ok := c.s.Registry.Persons[a.Person]
		switch {
		case !ok:
			return result{}, problem.New(problem.NotFound, "there is no person %s", a.Person).On("args.person").Try("name a person of this session")
		case p.Erased:
			return result{}, problem.New(problem.WrongState, "the person was erased").On("args.person").Try("add them anew")
		case a.Applicant.IsZero() && slices.Contains(given, events.Speaker):
			// Whoever invites a delegate means the organisation that is theirs.
			a.Applicant = p.Applicant
		}
		if a.Applicant != p.Applicant && !a.Applicant.IsZero() {
			return result{}, problem.Field("args.applicant", "the person speaks for another organisation").Try("leave the applicant out")
		}
	}
	if err := c.speaksFor(given, a.Applicant); err != nil {
		return result{}, err
	}
	if a.Expires <= 0 {
		return result{}, problem.Field("args.expires", "the link needs a time at which it expires").Try("give milliseconds since 1970, at most 400 days ahead")
	}
	return facts(&events.InvitationIssued{
		Invitation: ids.Derive[ids.Invitation](c.ID, 0), Roles: given, Person: a.Person, Applicant: a.Applicant, Expires: a.Expires,
	})
}

// revokeInvitation ends a link; like giving, taking away goes downwards.
func revokeInvitation(c call) (result, error) {
	a, err := decode(c, command.InvitationRef{})
	if err != nil {
		return result{}, err
	}
	link, ok := c.s.Registry.Invitations[a.Invitation]
	switch {
	case !ok:
		return result{}, problem.New(problem.NotFound, "there is no invitation %s", a.Invitation).On("args.invitation").Try("name an invitation of this session")
	case link.Revoked:
		return result{}, unchanged("the invitation")
	}
	for _, role := range link.Roles {
		if !mayGive(c.Actor, role) {
			return result{}, problem.New(problem.Forbidden, "a link of the role %s is not yours to end", role).On("args.invitation").Try("ask the organiser")
		}
	}
	return facts(&events.InvitationRevoked{Invitation: a.Invitation})
}

// makeCode notes that a one-time code is made for a link. Whether the link has
// expired is asked by the gateway, which lets nobody in with one that has.
func makeCode(c call) (result, error) {
	a, err := decode(c, command.InvitationRef{})
	if err != nil {
		return result{}, err
	}
	link, ok := c.s.Registry.Invitations[a.Invitation]
	switch {
	case !ok:
		return result{}, problem.New(problem.NotFound, "there is no invitation %s", a.Invitation).On("args.invitation").Try("name an invitation of this session")
	case link.Revoked:
		return result{}, problem.New(problem.WrongState, "this link was withdrawn").On("args.invitation").Try("make a new link and hand it over")
	case !session.ByCode(link.Roles):
		return result{}, problem.New(problem.Forbidden, "a link that can run the session has no code").On("args.invitation").Try("make a new link and hand it over")
	}
	return facts(&events.JoinCodeMade{Invitation: a.Invitation})
}
