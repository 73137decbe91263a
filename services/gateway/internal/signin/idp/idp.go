// Package idp is an identity provider for tests: the OpenID provider of
// github.com/zitadel/oidc, which is certified, with a form on which people of
// the test's own choosing sign in.
//
// Guarantee: it speaks OpenID Connect as real ones do, PKCE, single codes and
// signatures included, and errs only where a test asks for it. It keeps nothing,
// and is never part of the program: its passwords are the people's own ids.
package idp

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// Person is somebody who has an account.
type Person struct {
	// ID is their subject, their name on the form, and their password.
	ID string `json:"id"`
	// Email is their address, Verified whether the provider has made sure of it.
	Email    string `json:"email,omitempty"`
	Verified bool   `json:"verified,omitempty"`
	// Groups are given as the claim "groups".
	Groups []string `json:"groups,omitempty"`
}

// Options are how the provider is.
type Options struct {
	ClientID, Secret string
	People           []Person
	// Sparse leaves what is known of people out of the ID token, so that it must
	// be asked for (OpenID Connect Core 1.0, 5.3).
	Sparse bool
}

// Provider is the provider. It is safe for concurrent use.
type Provider struct {
	handler http.Handler
	storage *accounts

	mu     sync.Mutex
	tamper func(claims map[string]any)
}

// New makes a provider of an issuer, the address at which it will be served.
func New(issuer string, o Options) (*Provider, error) {
	people := store{}
	for _, p := range o.People {
		people[p.ID] = p
	}
	// Codes go back to any port of this machine, and to no other path.
	to := "http://127.0.0.1/sign-in/callback"
	web := storage.WebClient(o.ClientID, o.Secret, to)
	p := &Provider{storage: &accounts{
		Storage: storage.NewStorageWithClients(people, map[string]*storage.Client{o.ClientID: web}), people: people,
		client: client{web, !o.Sparse},
	}}
	config := &op.Config{CodeMethodS256: true, AuthMethodPost: true, SupportedScopes: []string{"openid", "email", "profile"}}
	_, _ = rand.Read(config.CryptoKey[:]) // never fails
	provider, err := op.NewProvider(config, p.storage, op.StaticIssuer(issuer), op.WithAllowInsecure(), op.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		return nil, fmt.Errorf("idp: %w", err)
	}
	back := op.AuthCallbackURL(provider)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login/username", p.form)
	mux.Handle("POST /login/username", op.NewIssuerInterceptor(provider.IssuerFromRequest).HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.FormValue("id")
		if err := p.storage.CheckUsernamePassword(r.FormValue("username"), r.FormValue("password"), id); err != nil {
			w.WriteHeader(http.StatusForbidden)
			p.form(w, r)
			return
		}
		http.Redirect(w, r, back(r.Context(), id), http.StatusFound)
	}))
	mux.Handle("/", provider)
	p.handler = mux
	return p, nil
}

// Tamper changes the claims of every ID token from now on, which the provider
// then signs; nil ends it.
func (p *Provider) Tamper(change func(claims map[string]any)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tamper = change
}

// ServeHTTP is the provider's HTTP.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	change := p.tamper
	p.mu.Unlock()
	if change == nil || r.Method != http.MethodPost || r.URL.Path != "/oauth/token" {
		p.handler.ServeHTTP(w, r)
		return
	}
	kept := httptest.NewRecorder()
	p.handler.ServeHTTP(kept, r)
	body, err := p.changed(r.Context(), kept.Body.Bytes(), change)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(kept.Code)
	_, _ = w.Write(body)
}

// changed gives a token answer whose ID token has other claims.
func (p *Provider) changed(ctx context.Context, body []byte, change func(map[string]any)) ([]byte, error) {
	var answer, claims map[string]any
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, err
	}
	text, ok := answer["id_token"].(string)
	if !ok {
		return body, nil
	}
	parsed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(parsed.UnsafePayloadWithoutVerification(), &claims); err != nil {
		return nil, err
	}
	change(claims)
	key, err := p.storage.SigningKey(ctx)
	if err != nil {
		return nil, err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: key.SignatureAlgorithm(), Key: jose.JSONWebKey{Key: key.Key(), KeyID: key.ID()}}, nil)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(claims)
	if err != nil {
		return nil, err
	}
	signed, err := signer.Sign(raw)
	if err != nil {
		return nil, err
	}
	if answer["id_token"], err = signed.CompactSerialize(); err != nil {
		return nil, err
	}
	return json.Marshal(answer)
}

// form is where people sign in.
var form = template.Must(template.New("form").Parse(`<!doctype html><html lang="en"><title>Identity provider of the test</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><h1>Identity provider of the test</h1>
<form method="post" action="/login/username"><input type="hidden" name="id" value="{{.}}">
<p><label>Name <input name="username"></label><p><label>Password <input name="password" type="password"></label>
<p><button>Sign in</button></form></html>`))

func (p *Provider) form(w http.ResponseWriter, r *http.Request) {
	id := r.FormValue("authRequestID")
	if id == "" {
		id = r.FormValue("id")
	}
	var page bytes.Buffer
	if err := form.Execute(&page, id); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = io.Copy(w, &page)
}

// client is who may ask, at any port of this machine.
type client struct {
	*storage.Client
	whole bool
}

// IDTokenUserinfoClaimsAssertion reports whether the ID token says all that is known.
func (c client) IDTokenUserinfoClaimsAssertion() bool { return c.whole }

// RedirectURIGlobs are where codes may be sent to (op.HasRedirectGlobs).
func (c client) RedirectURIGlobs() []string { return []string{"http://127.0.0.1:*/sign-in/callback"} }

// PostLogoutRedirectURIGlobs are none.
func (c client) PostLogoutRedirectURIGlobs() []string { return nil }

// accounts is the storage of the library's example, with our people and their groups.
type accounts struct {
	*storage.Storage
	people store
	client client
}

// GetClientByClientID gives the one that may ask.
func (a *accounts) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	if id != a.client.GetID() {
		return nil, fmt.Errorf("there is no client %q", id)
	}
	return a.client, nil
}

// SetUserinfoFromRequest fills an ID token.
func (a *accounts) SetUserinfoFromRequest(ctx context.Context, info *oidc.UserInfo, r op.IDTokenRequest, scopes []string) error {
	if a.client.whole {
		a.groups(info, r.GetSubject())
	}
	return a.Storage.SetUserinfoFromRequest(ctx, info, r, scopes)
}

// SetUserinfoFromToken answers the UserInfo request.
func (a *accounts) SetUserinfoFromToken(ctx context.Context, info *oidc.UserInfo, id, subject, origin string) error {
	a.groups(info, subject)
	return a.Storage.SetUserinfoFromToken(ctx, info, id, subject, origin)
}

func (a *accounts) groups(info *oidc.UserInfo, subject string) {
	if groups := a.people[subject].Groups; len(groups) > 0 {
		info.AppendClaims("groups", groups)
	}
}

// store is the people as the library's example wants them.
type store map[string]Person

// ExampleClientID is nobody's.
func (s store) ExampleClientID() string { return "none" }

// GetUserByUsername gives somebody by the name that they typed.
func (s store) GetUserByUsername(name string) *storage.User { return s.GetUserByID(name) }

// GetUserByID gives somebody by their subject.
func (s store) GetUserByID(id string) *storage.User {
	p, ok := s[strings.ToLower(id)]
	if !ok {
		return nil
	}
	return &storage.User{ID: p.ID, Username: p.ID, Password: p.ID, Email: p.Email, EmailVerified: p.Verified}
}
