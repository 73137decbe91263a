package token

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// Limits of what a token says. They keep a link short enough for a QR code of
// version 20 or less, and an actor short enough for a message header.
const (
	// MaxSubject is the longest subject in bytes.
	MaxSubject = 128
	// MaxLifetime is the longest time from issue to expiry: a series of
	// consultations over a year, with some room.
	MaxLifetime = 400 * 24 * time.Hour
	// systemPrefix marks the actors of reactions and timers (events.ByService).
	systemPrefix = "system/"
	// visitorPrefix marks people without an invitation.
	visitorPrefix = "visitor/"
	// pushPrefix marks the keys of caption push addresses; see PushKey.
	pushPrefix = "push/"
)

// Claims is what a token says about its bearer.
type Claims struct {
	// Subject is the actor's id in the log: an id, never a name. 1 to MaxSubject
	// of the characters A-Z a-z 0-9 _ - : / and never "system/…".
	Subject string
	// Session is the only session that the token is good for. Zero means every
	// session, which only an organiser may have.
	Session ids.Session
	// Organisation is whose sessions the token is for: that of Session, where it is
	// set. The zero value is the deployment's own.
	Organisation ids.Organisation
	// Roles are the bearer's roles in that session, at least one.
	Roles []events.Role
	// Entry is set on a link that is about one place on a list.
	Entry ids.Entry
	// Applicant is the organisation for which a delegate acts.
	Applicant ids.Applicant
	// Person is the bearer's record in the store that can forget.
	Person ids.Person
	// Audience is the widest view that the bearer may see. The zero value is
	// filled in from the roles by Issue.
	Audience Audience
	// NotBefore and Expires bound the validity in I/O time (decisions.md 7), to
	// the second. A zero NotBefore means from now on.
	NotBefore, Expires time.Time
	// ID names the invitation; the registry revokes by it. A zero ID is filled
	// in by Issue.
	ID ids.Invitation
}

// Actor is who acts when the token's bearer sends a command.
func (c Claims) Actor() events.Actor {
	return events.Actor{ID: c.Subject, Roles: slices.Clone(c.Roles), Applicant: c.Applicant, Person: c.Person, Organisation: c.Organisation}
}

// Covers reports whether the token is good for a session of its organisation.
// Whether the session is one, Admit asks too.
func (c Claims) Covers(s ids.Session) bool {
	return c.Session.IsZero() || c.Session == s
}

// Anonymous reports whether the bearer is a visitor without an invitation.
func (c Claims) Anonymous() bool { return strings.HasPrefix(c.Subject, visitorPrefix) }

// Check says which claim is not allowed, as a problem about its field, or nil.
func (c Claims) Check() error {
	if len(c.Subject) == 0 || len(c.Subject) > MaxSubject {
		return problem.Field("sub", "the subject has %d bytes; 1 to %d are allowed", len(c.Subject), MaxSubject)
	}
	if strings.ContainsFunc(c.Subject, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune("_-:/", r)
	}) {
		// The subject becomes part of the idempotency header of each command.
		return problem.Field("sub", "the subject holds a character other than A-Z a-z 0-9 _ - : /")
	}
	if strings.HasPrefix(c.Subject, systemPrefix) {
		return problem.Field("sub", "subjects that begin with %q are the program's own", systemPrefix)
	}
	if len(c.Roles) == 0 {
		return problem.Field("roles", "a token needs at least one role")
	}
	for i, role := range c.Roles {
		if !slices.Contains(events.Roles(), role) {
			return problem.Field("roles", "%.40q is not a role", string(role))
		}
		if slices.Contains(c.Roles[:i], role) {
			return problem.Field("roles", "the role %q stands twice", string(role))
		}
	}
	if c.Session.IsZero() && !slices.Equal(c.Roles, []events.Role{events.Organiser}) {
		return problem.Field("session", "only an organiser's token may be good for every session")
	}
	if c.Audience != "" && !WidestFor(c.Roles...).Includes(c.Audience) {
		return problem.Field("audience", "the audience %.40q is wider than the roles allow, or does not exist", string(c.Audience))
	}
	if c.Expires.IsZero() || !c.Expires.After(c.NotBefore) {
		return problem.Field("exp", "the token must expire, and after it begins to be valid")
	}
	return nil
}

// wire is the claims' JSON: the registered names of RFC 7519 where there is one.
type wire struct {
	Subject string      `json:"sub"`
	Session ids.Session `json:"session,omitzero"`
	// Organisation is left out for the deployment's own, as it was before there were others.
	Organisation ids.Organisation `json:"organisation,omitzero"`
	Roles        []events.Role    `json:"roles"`
	Entry        ids.Entry        `json:"entry,omitzero"`
	Applicant    ids.Applicant    `json:"applicant,omitzero"`
	Person       ids.Person       `json:"person,omitzero"`
	Audience     Audience         `json:"audience"`
	NotBefore    int64            `json:"nbf"`
	Expires      int64            `json:"exp"`
	ID           ids.Invitation   `json:"jti"`
}

// MarshalJSON writes the claims; times are NumericDate (whole seconds).
func (c Claims) MarshalJSON() ([]byte, error) {
	return json.Marshal(wire{
		Subject: c.Subject, Session: c.Session, Roles: c.Roles, Entry: c.Entry, Applicant: c.Applicant, Person: c.Person,
		Audience: c.Audience, NotBefore: c.NotBefore.Unix(), Expires: c.Expires.Unix(), ID: c.ID, Organisation: c.Organisation,
	})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (c *Claims) UnmarshalJSON(data []byte) error {
	var w wire
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	*c = Claims{
		Subject: w.Subject, Session: w.Session, Roles: w.Roles, Entry: w.Entry, Applicant: w.Applicant, Person: w.Person,
		Audience: w.Audience, NotBefore: time.Unix(w.NotBefore, 0).UTC(), Expires: time.Unix(w.Expires, 0).UTC(), ID: w.ID,
		Organisation: w.Organisation,
	}
	return nil
}
