// Package signin lets staff in by their organisation's identity provider
// (OpenID Connect Core 1.0, authorisation code flow with PKCE), beside the
// links, which go on working as they are.
//
// Guarantee: the provider says who somebody is and never what they may do: that
// is the operator's file of rules, and whom no rule names gets nothing. What
// they get is the product's own token, as a link's: short-lived, in the address's
// fragment, and for a session noted in its log, so that it is in the audit trail
// and can be withdrawn. An answer counts only in the browser that asked, once,
// within some minutes: state, nonce and PKCE's verifier lie in a sealed cookie,
// so that any gateway can finish what another began. Nobody is led to an address
// that came with the request. A provider that is away stops nothing else.
package signin

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/ratelimit"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/token"
)

// Bounds of the lifetime of what a sign-in gives.
const (
	MinLifetime = 5 * time.Minute
	MaxLifetime = 7 * 24 * time.Hour
)

// Where it begins, and where the provider sends people back to.
const (
	Path     = "/sign-in"
	Callback = Path + "/callback"
)

// Settings are those of signing in. All are empty when it is off.
type Settings struct {
	Issuer   string        `flag:"oidc-issuer" default:"" doc:"Identity provider (OpenID Connect) by which staff may sign in: its issuer, such as https://login.example.org/realms/staff; off when empty"`
	ClientID string        `flag:"oidc-client-id" default:"" doc:"What we are called at the identity provider"`
	Secret   string        `flag:"oidc-client-secret-file" default:"" doc:"File with the secret for oidc-client-id; none for a public client, which PKCE alone protects"`
	Rules    string        `flag:"oidc-roles" default:"" doc:"File (JSON) that says which claims give which roles in which sessions; whom it does not name gets nothing"`
	Scopes   []string      `flag:"oidc-scopes" default:"openid,email,profile" doc:"What is asked of the identity provider, comma separated; some give groups only when asked for"`
	Roots    string        `flag:"oidc-roots" default:"" doc:"Certificates (PEM) by which the identity provider is trusted, for one of your own; the system's when empty"`
	Lifetime time.Duration `flag:"oidc-lifetime" default:"8h" doc:"How long a sign-in is good for, 5m to 168h"`
}

// On reports whether staff can sign in.
func (s *Settings) On() bool { return s.Issuer != "" }

// Check says which settings do not go together.
func (s *Settings) Check() error {
	if !s.On() {
		if s.ClientID != "" || s.Secret != "" || s.Rules != "" {
			return errors.New("oidc-issuer: the other settings of oidc are given, and it is not")
		}
		return nil
	}
	at, err := url.Parse(s.Issuer)
	switch {
	case err != nil || at.Host == "" || at.User != nil || at.RawQuery != "" || at.Fragment != "" || at.Scheme != "https" && at.Scheme != "http":
		return errors.New("oidc-issuer: give the issuer as the provider writes it, such as https://login.example.org")
	case at.Scheme == "http" && !local(at.Hostname()):
		return errors.New("oidc-issuer: http is for a provider on this machine alone; give an https address")
	case s.ClientID == "":
		return errors.New("oidc-client-id: say what we are called at the provider")
	case s.Rules == "":
		return errors.New("oidc-roles: name the file that says who gets which role; without it nobody would get any")
	case s.Lifetime < MinLifetime || s.Lifetime > MaxLifetime:
		return fmt.Errorf("oidc-lifetime: %s is not between %s and %s", s.Lifetime, MinLifetime, MaxLifetime)
	}
	return nil
}

// Sessions is what signing in needs of the gateway's fold.
type Sessions interface {
	Read(s ids.Session, f func(*session.State)) error
	Sessions() []ids.Session
	ByCode(code string) (ids.Session, bool)
}

// Asker sends commands to their services.
type Asker interface {
	Do(ctx context.Context, s ids.Session, actor events.Actor, frame api.CommandFrame) (command.Receipt, error)
}

// Config is what a Door is made of.
type Config struct {
	Settings
	// Base is the public address, such as https://host/path, without a slash at its end.
	Base string
	// Sealing seals cookies and makes pseudonyms; all gateways of a deployment have the same.
	Sealing [32]byte
	// Transport reaches the provider; nil is one that trusts the system's certificates.
	Transport http.RoundTripper
	// Ready is closed when the log is folded: before, no session is known.
	Ready    <-chan struct{}
	Sessions Sessions
	Asker    Asker
	Tokens   *token.Authority
	// Page gives the page of somebody with these roles; Pages are all that there are.
	Page  func([]events.Role) string
	Pages []string
	// Limits counts tries from each address, of all gateways where it can.
	Limits *ratelimit.Limiter
	// Now is I/O time; nil means time.Now.
	Now    func() time.Time
	Logger *slog.Logger
}

// Door is where staff sign in. It is safe for concurrent use.
type Door struct {
	Config
	provider *provider
	seal     seal
}

// New makes a door. The provider is not asked for anything yet; the secret and
// the rules must be readable and right.
func New(c Config) (*Door, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if _, err := ReadRules(c.Rules); err != nil {
		return nil, err
	}
	secret, err := readSecret(c.Secret)
	if err != nil {
		return nil, err
	}
	sealed, err := newSeal(c.Sealing, strings.HasPrefix(c.Base, "https://"))
	if err != nil {
		return nil, err
	}
	return &Door{Config: c, provider: newProvider(c, secret), seal: sealed}, nil
}

// Mount serves the door's two addresses.
func (d *Door) Mount(mux *http.ServeMux) {
	mux.HandleFunc("GET "+Path, d.begin)
	mux.HandleFunc("GET "+Callback, d.finish)
}

// pseudonym is the id by which the log knows somebody: the same at each
// sign-in, and without the deployment's key nobody's name or address.
func (d *Door) pseudonym(subject string) string {
	mac := hmac.New(sha256.New, d.Sealing[:])
	// Lengths are unambiguous: an issuer holds no zero byte.
	mac.Write([]byte("subject\x00" + d.Issuer + "\x00" + subject))
	return "sign-in/" + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}
