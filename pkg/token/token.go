// Package token issues and checks the signed links by which people take part
// (decisions.md 30).
//
// Guarantee: Verify accepts exactly the texts that Issue made under a key that
// is still valid, between their two times, unless they were revoked; whatever
// else comes is refused with one of a closed set of reasons, each a
// problem.Unauthorised that says what to do. The algorithm is Ed25519 (JWS,
// RFC 7515 and 8037) and nothing else; a token cannot choose it, nor bring its
// own key. Nobody can be given the name of a service. Each organisation of a
// deployment signs with keys of its own, and a token opens nothing of another's
// sessions, of which it is told what it would be of none. Times are I/O time,
// whatever the speed of the session's clock.
package token

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// MaxSize is the longest token in bytes that is looked at. The longest that
// Issue makes has some 900.
const MaxSize = 2048

// leeway is how far ahead the clock of the process that issued a token may be.
// It applies to the begin only; an expired token is expired.
const leeway = 10 * time.Second

// Reason says why a token was refused; a closed set, fit for a metric's label.
type Reason string

// The reasons.
const (
	Missing   Reason = "missing"
	Oversized Reason = "oversized"
	Malformed Reason = "malformed"
	Algorithm Reason = "algorithm"
	UnknownID Reason = "unknown_kid"
	Signature Reason = "signature"
	Early     Reason = "not_yet_valid"
	Expired   Reason = "expired"
	Revoked   Reason = "revoked"
)

// refusals gives each reason's sentence for people, and what they can do.
var refusals = map[Reason]struct{ detail, do problem.Text }{
	Missing:   {"there is no token", "open the link from your invitation again"},
	Oversized: {"the token is longer than any of ours", "open the link from your invitation again"},
	Malformed: {"the token is damaged or incomplete", "copy the whole link from your invitation and open it again"},
	Algorithm: {"the token is signed by another algorithm than ours", "open the link from your invitation again"},
	UnknownID: {"the key that signed the token is no longer in use, or belongs to another server", "ask the organiser for a new link"},
	Signature: {"the token was not signed by this server, or was changed", "copy the whole link from your invitation and open it again"},
	Early:     {"the token is not valid yet", "open it again at the time from which your invitation says it is valid"},
	Expired:   {"the token has expired", "ask the organiser for a new link"},
	Revoked:   {"this link was withdrawn", "ask the organiser for a new link"},
}

// Reasons lists every reason.
func Reasons() []Reason {
	return []Reason{Missing, Oversized, Malformed, Algorithm, UnknownID, Signature, Early, Expired, Revoked}
}

// Refusal is why a token was refused. It unwraps to the *problem.Error that a
// client is shown, which repeats nothing of the token.
type Refusal struct {
	Reason Reason
	shown  *problem.Error
}

// refuse makes a refusal.
func refuse(reason Reason) *Refusal {
	text := refusals[reason]
	return &Refusal{Reason: reason, shown: problem.New(problem.Unauthorised, text.detail).On("token").Try(text.do)}
}

// Error gives the reason and the problem's text.
func (r *Refusal) Error() string { return fmt.Sprintf("token refused (%s): %v", r.Reason, r.shown) }

// Unwrap gives the problem to show.
func (r *Refusal) Unwrap() error { return r.shown }

// Keys is where the signing keys come from; *keys.Set is one.
type Keys interface {
	// TokenSigner gives the key that signs an organisation's tokens now, and its kid.
	TokenSigner(of ids.Organisation) (kid string, key ed25519.PrivateKey, err error)
	// TokenKey gives the public key of a kid and whose tokens it signs, and false for none.
	TokenKey(kid string) (key ed25519.PublicKey, of ids.Organisation, ok bool)
}

// Config is what an Authority needs.
type Config struct {
	Keys Keys
	// Now is I/O time; nil means time.Now.
	Now func() time.Time
	// Revoked reports whether the registry's log withdrew an invitation; nil
	// means none was. The session is zero for a token that is good for all.
	Revoked func(ids.Session, ids.Invitation) bool
	// Owner gives the organisation that a session belongs to, and false for one that
	// is not known, which nobody is kept from; nil knows none.
	Owner func(ids.Session) (ids.Organisation, bool)
}

// Authority issues and checks tokens. It is safe for concurrent use.
type Authority struct{ config Config }

// New makes an authority. It panics without Keys: that is a fault of the program.
func New(config Config) *Authority {
	if config.Keys == nil {
		panic("token: no keys")
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Revoked == nil {
		config.Revoked = func(ids.Session, ids.Invitation) bool { return false }
	}
	if config.Owner == nil {
		config.Owner = func(ids.Session) (of ids.Organisation, known bool) { return of, false }
	}
	return &Authority{config}
}

// Issue signs claims with the key of their organisation. It fills in what is zero
// of NotBefore (now), Audience (from the roles), ID and, where they are for one
// session, Organisation (the session's), and refuses claims that Check refuses.
// The text is never stored or logged.
func (a *Authority) Issue(claims Claims) (string, error) {
	claims = a.complete(claims)
	if err := claims.Check(); err != nil {
		return "", err
	}
	if of, known := a.config.Owner(claims.Session); known && of != claims.Organisation {
		return "", fmt.Errorf("token: the session %s is not the organisation %q's", claims.Session, claims.Organisation)
	}
	if claims.Expires.Sub(a.config.Now()) > MaxLifetime {
		return "", problem.Field("exp", "a token may live %d days at most", MaxLifetime/(24*time.Hour))
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	kid, key, err := a.config.Keys.TokenSigner(claims.Organisation)
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, nil)
	if err != nil {
		return "", fmt.Errorf("token: signer: %w", err)
	}
	signed, err := signer.Sign(body)
	if err != nil {
		return "", fmt.Errorf("token: sign: %w", err)
	}
	return signed.CompactSerialize()
}

// complete fills in what the caller left to Issue, and cuts the times to the
// whole seconds that a token holds.
func (a *Authority) complete(c Claims) Claims {
	if c.NotBefore.IsZero() {
		c.NotBefore = a.config.Now()
	}
	c.NotBefore = c.NotBefore.UTC().Truncate(time.Second)
	if !c.Expires.IsZero() {
		c.Expires = c.Expires.UTC().Truncate(time.Second)
	}
	if c.Audience == "" {
		c.Audience = WidestFor(c.Roles...)
	}
	if c.ID.IsZero() {
		c.ID = ids.New[ids.Invitation]()
	}
	if of, known := a.config.Owner(c.Session); known && c.Organisation.IsZero() {
		c.Organisation = of
	}
	return c
}

// Visitor signs a token for somebody without an invitation, who only follows
// one public session. Whether a session lets them is the caller's to ask.
func (a *Authority) Visitor(session ids.Session, lifetime time.Duration) (string, Claims, error) {
	id := ids.New[ids.Invitation]()
	claims := a.complete(Claims{
		Subject: visitorPrefix + id.String(), Session: session, Roles: []events.Role{events.Observer},
		Audience: ForPublic, Expires: a.config.Now().Add(lifetime), ID: id,
	})
	text, err := a.Issue(claims)
	return text, claims, err
}

// Verify gives the claims of a token, or a *Refusal.
func (a *Authority) Verify(text string) (Claims, error) {
	claims, reason := a.verify(text)
	if reason != "" {
		return Claims{}, refuse(reason)
	}
	if strings.HasPrefix(claims.Subject, pushPrefix) {
		// It stands in the addresses of other programs: it opens nothing else.
		return Claims{}, refuse(Malformed)
	}
	return claims, nil
}

// PushKey signs the key of a caption push address: whoever has the address may
// push to this one source, and do nothing else. It ends with its source, or at
// expires. The same arguments within the same second give the same key.
func (a *Authority) PushKey(session ids.Session, source ids.Source, from, expires time.Time) (string, error) {
	return a.Issue(Claims{
		Subject: pushPrefix + source.String(), Session: session, Roles: []events.Role{events.Captioner},
		Audience: ForPublic, NotBefore: from, Expires: expires, ID: ids.Named[ids.Invitation](source, "push"),
	})
}

// VerifyPush gives the claims of a push key and the source that it is for, or a
// *Refusal. A person's token is no push key.
func (a *Authority) VerifyPush(text string) (Claims, ids.Source, error) {
	claims, reason := a.verify(text)
	if reason != "" {
		return Claims{}, ids.Source{}, refuse(reason)
	}
	name, ok := strings.CutPrefix(claims.Subject, pushPrefix)
	source, err := ids.Parse[ids.Source](name)
	if !ok || err != nil {
		return Claims{}, ids.Source{}, refuse(Malformed)
	}
	return claims, source, nil
}

// KeyID names the key that signed a token, for InUse; empty for what is no token.
// It says nothing of whether the token is good: that is Verify's.
func KeyID(text string) string {
	parsed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil || len(parsed.Signatures) != 1 {
		return ""
	}
	return parsed.Signatures[0].Protected.KeyID
}

// InUse reports whether tokens of a key are still taken: a connection that was
// opened with one ends when its key is taken out of use.
func (a *Authority) InUse(kid string) bool {
	_, _, known := a.config.Keys.TokenKey(kid)
	return known
}

// verify checks in the order of cost; an empty reason means that all is well.
func (a *Authority) verify(text string) (Claims, Reason) {
	if text == "" {
		return Claims{}, Missing
	}
	if len(text) > MaxSize {
		return Claims{}, Oversized
	}
	if !canonical(text) {
		return Claims{}, Malformed
	}
	parsed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.EdDSA})
	if other := (*jose.ErrUnexpectedSignatureAlgorithm)(nil); errors.As(err, &other) {
		return Claims{}, Algorithm
	}
	if err != nil || len(parsed.Signatures) != 1 {
		return Claims{}, Malformed
	}
	// The key is found by kid alone: a key that the token itself carries is never used.
	key, of, known := a.config.Keys.TokenKey(parsed.Signatures[0].Protected.KeyID)
	if !known {
		return Claims{}, UnknownID
	}
	body, err := parsed.Verify(key)
	if err != nil {
		return Claims{}, Signature
	}
	claims, err := read(body)
	if err != nil {
		return Claims{}, Malformed
	}
	if claims.Organisation != of {
		// Nobody signs for another organisation, whatever they write into a token.
		return Claims{}, Signature
	}
	now := a.config.Now()
	switch {
	case now.Add(leeway).Before(claims.NotBefore):
		return Claims{}, Early
	case !now.Before(claims.Expires):
		return Claims{}, Expired
	case a.config.Revoked(claims.Session, claims.ID):
		return Claims{}, Revoked
	}
	return claims, ""
}

// read parses the signed claims. A claim that this program does not know may
// restrict the token, so it is refused, not skipped.
func read(body []byte) (Claims, error) {
	strict := json.NewDecoder(bytes.NewReader(body))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&wire{}); err != nil {
		return Claims{}, err
	}
	var claims Claims
	if err := json.Unmarshal(body, &claims); err != nil {
		return Claims{}, err
	}
	if claims.ID.IsZero() || claims.Audience == "" {
		return Claims{}, errors.New("a claim is missing")
	}
	return claims, claims.Check()
}

// canonical reports whether the text is three parts in the one base64url form
// of their bytes. Without it the spare bits of a last character make several
// texts of one token, and a text could not serve as its key in a table.
func canonical(text string) bool {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return false
	}
	for _, part := range parts {
		// A decoder of the standard library skips line feeds even when strict.
		if part == "" || strings.ContainsAny(part, "\r\n") {
			return false
		}
		if _, err := base64.RawURLEncoding.Strict().DecodeString(part); err != nil {
			return false
		}
	}
	return true
}
