package signin

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Bounds of what the provider is waited for, and of what it may send.
const (
	answerTime = 10 * time.Second
	answerSize = 1 << 20
	// restTime is how long one that was away is not asked again.
	restTime = 3 * time.Second
)

// Errors of the provider's answers, for which the reader can do different things.
var (
	errAway      = errors.New("the identity provider does not answer as it should")
	errUntrusted = errors.New("the identity provider's answer cannot be trusted")
)

// provider is the identity provider. It is looked up at the first sign-in, not
// at the start, so that we start without it.
type provider struct {
	issuer, client, secret, back string
	scopes                       []string
	http                         *http.Client
	now                          func() time.Time

	mu    sync.Mutex
	found *oidc.Provider
	// failed is why it was not found at the last try, which was at tried.
	failed error
	tried  time.Time
}

func newProvider(c Config, secret string) *provider {
	transport := c.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	scopes := slices.Clone(c.Scopes)
	if !slices.Contains(scopes, oidc.ScopeOpenID) {
		scopes = append(scopes, oidc.ScopeOpenID)
	}
	return &provider{
		issuer: c.Issuer, client: c.ClientID, secret: secret, back: c.Base + Callback, scopes: scopes, now: c.Now,
		http: &http.Client{
			Timeout: answerTime, Transport: bounded{transport},
			// A secret is sent to the address that the provider names, and to no other.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// bounded cuts answers off that are longer than any of a provider.
type bounded struct{ http.RoundTripper }

// RoundTrip is the transport's, with a bounded body.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		answer.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(answer.Body, answerSize), answer.Body}
	}
	return answer, err
}

// discover gives the provider (OpenID Connect Discovery 1.0). Many who ask at
// once ask it once; after a failure it is left in peace for a moment.
func (p *provider) discover(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	if p.failed != nil && p.now().Sub(p.tried) < restTime {
		return nil, p.failed
	}
	// One who leaves meanwhile does not spoil it for the others.
	found, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.http), p.issuer)
	if err == nil {
		err = p.safe(found)
	}
	if err != nil {
		p.failed, p.tried = fmt.Errorf("%w: %w", errAway, err), p.now()
		return nil, p.failed
	}
	p.found, p.failed = found, nil
	return found, nil
}

// safe refuses a provider of https whose own addresses are not.
func (p *provider) safe(found *oidc.Provider) error {
	var also struct {
		Keys string `json:"jwks_uri"`
	}
	if err := found.Claims(&also); err != nil {
		return err
	}
	all := []string{found.Endpoint().AuthURL, found.Endpoint().TokenURL, also.Keys}
	if user := found.UserInfoEndpoint(); user != "" {
		all = append(all, user)
	}
	for _, one := range all {
		at, err := url.Parse(one)
		if err != nil || at.Host == "" || at.Scheme != "https" && !(at.Scheme == "http" && local(at.Hostname())) {
			return fmt.Errorf("it names the address %.100q, which is none of https", one)
		}
	}
	return nil
}

func (p *provider) oauth(found *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{ClientID: p.client, ClientSecret: p.secret, Endpoint: found.Endpoint(), RedirectURL: p.back, Scopes: p.scopes}
}

// ask gives the provider's address at which somebody proves who they are.
func (p *provider) ask(ctx context.Context, f flow) (string, error) {
	found, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	return p.oauth(found).AuthCodeURL(f.State, oidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier)), nil
}

// redeem gives what the provider says of whoever brought a code. enough reports
// whether the ID token says all that is wanted; otherwise it is asked for more.
func (p *provider) redeem(ctx context.Context, f flow, code string, enough func(claims) bool) (claims, error) {
	found, err := p.discover(ctx)
	if err != nil {
		return nil, err
	}
	ctx = oidc.ClientContext(ctx, p.http)
	answer, err := p.oauth(found).Exchange(ctx, code, oauth2.VerifierOption(f.Verifier))
	if refused := (*oauth2.RetrieveError)(nil); errors.As(err, &refused) && refused.ErrorCode == "invalid_grant" {
		// A code that was used, is too old, or is another browser's.
		return nil, fmt.Errorf("%w: %s", errStale, refused.ErrorCode)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errAway, plain(err))
	}
	said, err := p.verify(ctx, found, answer, f)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUntrusted, err)
	}
	if enough(said) || found.UserInfoEndpoint() == "" {
		return said, nil
	}
	more, err := found.UserInfo(ctx, oauth2.StaticTokenSource(answer))
	if err != nil {
		// Its text is not repeated: it may hold the provider's answer, which names people.
		return nil, fmt.Errorf("%w: UserInfo failed", errAway)
	}
	// Core 1.0, 5.3.2: another person's answer is not to be used.
	if more.Subject != said["sub"] {
		return nil, fmt.Errorf("%w: it tells of somebody else", errUntrusted)
	}
	var further claims
	if err := more.Claims(&further); err != nil {
		return nil, fmt.Errorf("%w: %w", errUntrusted, err)
	}
	if signed, ok := said["email"].(string); ok {
		if asked, _ := further["email"].(string); !strings.EqualFold(signed, asked) {
			// It verified another address than the signed one.
			delete(further, "email_verified")
		}
	}
	for name, value := range further {
		// What is signed stands.
		if _, ok := said[name]; !ok {
			said[name] = value
		}
	}
	return said, nil
}

// verify gives the claims of an ID token: signed by the provider, of this
// issuer, for us, not expired (go-oidc), and an answer to our very question.
func (p *provider) verify(ctx context.Context, found *oidc.Provider, answer *oauth2.Token, f flow) (claims, error) {
	raw, ok := answer.Extra("id_token").(string)
	if !ok {
		return nil, errors.New("there is no ID token")
	}
	id, err := found.Verifier(&oidc.Config{ClientID: p.client, Now: p.now}).Verify(ctx, raw)
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(f.Nonce)) != 1 {
		return nil, errors.New("the ID token answers another question")
	}
	var said claims
	if err := id.Claims(&said); err != nil {
		return nil, err
	}
	// Core 1.0, 3.1.3.7, 4 and 5: one for several must name us as the one it was made for.
	if azp, there := said["azp"]; id.Subject == "" || (there || len(id.Audience) > 1) && azp != p.client {
		return nil, errors.New("the ID token was made for another")
	}
	return said, nil
}

// plain leaves out of an error what the provider wrote: it may name people.
func plain(err error) error {
	if refused := (*oauth2.RetrieveError)(nil); errors.As(err, &refused) {
		return fmt.Errorf("the token endpoint answers %d %.40s", refused.Response.StatusCode, refused.ErrorCode)
	}
	return err
}

// local reports whether a host is this machine.
func local(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

// readSecret reads the client's secret; no file is none.
func readSecret(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("oidc-client-secret-file: %w", err)
	}
	secret := strings.TrimSpace(string(text))
	if secret == "" {
		return "", fmt.Errorf("oidc-client-secret-file: %s is empty", file)
	}
	return secret, nil
}

// address is where a request comes from, as limits count it.
func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
