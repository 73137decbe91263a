package gateway

import (
	"crypto/tls"
	"errors"
	"net/http"
	"slices"

	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/ratelimit"
	"github.com/fairfloor/fairfloor/services/gateway/internal/ask"
	"github.com/fairfloor/fairfloor/services/gateway/internal/follow"
	"github.com/fairfloor/fairfloor/services/gateway/internal/httpapi"
	"github.com/fairfloor/fairfloor/services/gateway/internal/pages"
	"github.com/fairfloor/fairfloor/services/gateway/internal/signin"
)

// door is where staff sign in at their organisation's identity provider; nil
// where the settings name none.
func (g *Gateway) door(asker *ask.Asker, limits *ratelimit.Limiter) (*signin.Door, error) {
	if !g.settings.SignIn.On() {
		return nil, nil
	}
	transport, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return nil, errors.New("sign-in: the standard transport is another")
	}
	transport = transport.Clone()
	if g.settings.SignIn.Roots != "" {
		roots, err := certificates("oidc-roots", g.settings.SignIn.Roots)
		if err != nil {
			return nil, err
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	return signin.New(signin.Config{
		Settings: g.settings.SignIn, Base: g.URL(), Sealing: g.process.Keys.Secret("sign-in", ids.Session{}), Transport: transport,
		Ready: g.follower.Ready(), Sessions: own{g.follower}, Asker: asker, Tokens: g.authority, Page: httpapi.PageFor, Pages: pages.Names,
		Limits: limits, Logger: g.process.Logger,
	})
}

// own is the deployment's own sessions: the identity provider is its operator's,
// and lets nobody into those of another organisation.
type own struct{ *follow.Follower }

// Sessions lists the deployment's own.
func (o own) Sessions() []ids.Session {
	return slices.DeleteFunc(o.Follower.Sessions(), o.others)
}

// ByCode finds one of the deployment's own.
func (o own) ByCode(code string) (ids.Session, bool) {
	id, ok := o.Follower.ByCode(code)
	return id, ok && !o.others(id)
}

// others reports whether a session is another organisation's.
func (o own) others(id ids.Session) bool {
	of, _ := o.Owner(id)
	return !of.IsZero()
}
