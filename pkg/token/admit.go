package token

import (
	"time"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// ForOrganiser gives the claims of whoever runs an organisation's sessions, those
// that are still to be made among them. name becomes part of the actor's id in
// the log.
func ForOrganiser(name string, of ids.Organisation, expires time.Time) Claims {
	return Claims{
		Subject: "organiser/" + name, Organisation: of, Roles: []events.Role{events.Organiser}, Audience: ForChair,
		Expires: expires, ID: ids.New[ids.Invitation](),
	}
}

// Enter is Verify for a session, into which the claims are admitted.
func (a *Authority) Enter(text string, s ids.Session) (Claims, error) {
	claims, err := a.Verify(text)
	if err != nil {
		return Claims{}, err
	}
	return claims, a.Admit(claims, s)
}

// Admit says why verified claims are not good for a session, or nil. Whoever may
// ask about every session of their organisation learns nothing of another's:
// there is none, for them. Of a session that is not known it says nothing.
func (a *Authority) Admit(claims Claims, s ids.Session) error {
	if !claims.Covers(s) {
		return problem.New(problem.Forbidden, "this token is for another session").On("token").
			Try("open the link that you were given for this session")
	}
	if of, known := a.config.Owner(s); known && of != claims.Organisation {
		return session.Missing(s)
	}
	return nil
}
