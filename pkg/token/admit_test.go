package token

import (
	"crypto/ed25519"
	"errors"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/keys"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// house is a deployment with two organisations and a session of each, and one of
// its own.
type house struct {
	*Authority
	alpha, beta           ids.Organisation
	ofAlpha, ofBeta, ours ids.Session
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{ofAlpha: ids.New[ids.Session](), ofBeta: ids.New[ids.Session](), ours: ids.New[ids.Session]()}
	set := keys.Ephemeral()
	for name, of := range map[string]*ids.Organisation{"alpha": &h.alpha, "beta": &h.beta} {
		var err error
		if *of, err = ids.ParseOrganisation(name); err != nil {
			t.Fatal(err)
		}
		if _, err := set.RotateToken(*of); err != nil {
			t.Fatal(err)
		}
	}
	owners := map[ids.Session]ids.Organisation{h.ofAlpha: h.alpha, h.ofBeta: h.beta, h.ours: {}}
	h.Authority = New(Config{Keys: set, Now: func() time.Time { return start }, Owner: func(s ids.Session) (ids.Organisation, bool) {
		of, known := owners[s]
		return of, known
	}})
	return h
}

// TestATokenOpensNothingOfAnotherOrganisation: with a whole deployment's keys at
// hand it is the claims and the key that say whose it is.
func TestATokenOpensNothingOfAnotherOrganisation(t *testing.T) {
	h := newHouse(t)
	unknown := ids.New[ids.Session]()
	chair := func(s ids.Session) Claims {
		return Claims{Subject: "invitation/x", Session: s, Roles: []events.Role{events.Chair}, Expires: start.Add(time.Hour)}
	}
	organiser := func(of ids.Organisation) Claims { return ForOrganiser("x", of, start.Add(time.Hour)) }
	for name, c := range map[string]struct {
		claims  Claims
		session ids.Session
		want    problem.Code
	}{
		"an organiser's, of alpha's own":           {organiser(h.alpha), h.ofAlpha, ""},
		"an organiser's, of beta's":                {organiser(h.alpha), h.ofBeta, problem.NotFound},
		"an organiser's, of the deployment's":      {organiser(h.alpha), h.ours, problem.NotFound},
		"an organiser's, of what is still to be":   {organiser(h.alpha), unknown, ""},
		"the deployment's organiser's, of its own": {organiser(ids.Organisation{}), h.ours, ""},
		"the deployment's organiser's, of alpha's": {organiser(ids.Organisation{}), h.ofAlpha, problem.NotFound},
		"a chair's, of their session":              {chair(h.ofAlpha), h.ofAlpha, ""},
		"a chair's, of another organisation's":     {chair(h.ofAlpha), h.ofBeta, problem.Forbidden},
		"a chair's, of one that is not there":      {chair(h.ofAlpha), unknown, problem.Forbidden},
	} {
		text, err := h.Issue(c.claims)
		if err != nil {
			t.Errorf("%s: not issued: %v", name, err)
			continue
		}
		claims, err := h.Enter(text, c.session)
		switch {
		case c.want == "":
			if err != nil {
				t.Errorf("%s: %v", name, err)
			} else if actor := claims.Actor(); actor.Organisation != claims.Organisation {
				t.Errorf("%s: the actor is of %q, the token of %q", name, actor.Organisation, claims.Organisation)
			}
		case !problem.Is(err, c.want):
			t.Errorf("%s: %v, want %s", name, err, c.want)
		case c.want == problem.NotFound && err.Error() != session.Missing(c.session).Error():
			t.Errorf("%s: %q tells more than that there is none", name, err)
		}
	}
	if _, err := h.Enter("", h.ours); err == nil {
		t.Error("no token entered")
	}
}

// TestALinkIsOfItsSessionsOrganisation whoever makes it: callers need not say.
func TestALinkIsOfItsSessionsOrganisation(t *testing.T) {
	h := newHouse(t)
	text, claims, err := h.Visitor(h.ofBeta, time.Hour)
	if err != nil || claims.Organisation != h.beta {
		t.Fatalf("a visitor's claims %+v, %v", claims, err)
	}
	if got, err := h.Verify(text); err != nil || got.Organisation != h.beta {
		t.Errorf("verified as of %q, %v", got.Organisation, err)
	}
	wrong := Claims{Subject: "x", Session: h.ofBeta, Organisation: h.alpha, Roles: []events.Role{events.Chair}, Expires: start.Add(time.Hour)}
	if text, err := h.Issue(wrong); err == nil {
		t.Errorf("issued for another organisation's session: %s", text)
	}
}

// TestAnOrganisationWithoutAKeyGetsNoLink and says so.
func TestAnOrganisationWithoutAKeyGetsNoLink(t *testing.T) {
	of, err := ids.ParseOrganisation("nobody")
	if err != nil {
		t.Fatal(err)
	}
	if text, err := newHouse(t).Issue(ForOrganiser("x", of, start.Add(time.Hour))); err == nil {
		t.Errorf("issued: %s", text)
	}
}

// lender signs with the key of one organisation, whoever asks.
type lender struct {
	Keys
	of ids.Organisation
}

// TestAKeySignsForItsOrganisationAlone: what another's key signed is refused as
// not signed at all, whatever organisation it names.
func TestAKeySignsForItsOrganisationAlone(t *testing.T) {
	h := newHouse(t)
	for name, c := range map[string]struct{ key, claimed ids.Organisation }{
		"beta's key for alpha":           {h.beta, h.alpha},
		"the deployment's key for alpha": {ids.Organisation{}, h.alpha},
		"alpha's key for the deployment": {h.alpha, ids.Organisation{}},
	} {
		forger := New(Config{Keys: lender{h.config.Keys, c.key}, Now: h.config.Now})
		text, err := forger.Issue(ForOrganiser("mallory", c.claimed, start.Add(time.Hour)))
		if err != nil {
			t.Fatal(err)
		}
		var refused *Refusal
		if _, err := h.Verify(text); !errors.As(err, &refused) || refused.Reason != Signature {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TokenSigner gives the lender's key.
func (l lender) TokenSigner(ids.Organisation) (string, ed25519.PrivateKey, error) {
	return l.Keys.TokenSigner(l.of)
}
