package token

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/keys"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// start is when the tests' tokens are issued.
var start = time.Date(2026, 3, 9, 10, 0, 0, 0, time.UTC)

// desk is an authority with a clock that the test moves.
type desk struct {
	*Authority
	keys    *keys.Set
	now     time.Time
	revoked map[ids.Invitation]bool
}

func newDesk() *desk {
	d := &desk{keys: keys.Ephemeral(), now: start, revoked: map[ids.Invitation]bool{}}
	d.Authority = New(Config{
		Keys: d.keys, Now: func() time.Time { return d.now },
		Revoked: func(_ ids.Session, id ids.Invitation) bool { return d.revoked[id] },
	})
	return d
}

// delegate gives the claims of an ordinary speaker's link.
func delegate() Claims {
	return Claims{
		Subject: "person/" + ids.New[ids.Person]().String(), Session: ids.New[ids.Session](),
		Roles: []events.Role{events.Speaker}, Entry: ids.New[ids.Entry](), Applicant: ids.New[ids.Applicant](),
		Person: ids.New[ids.Person](), Audience: ForParticipant,
		NotBefore: start, Expires: start.Add(time.Hour), ID: ids.New[ids.Invitation](),
	}
}

func issue(t *testing.T, d *desk, c Claims) string {
	t.Helper()
	text, err := d.Issue(c)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// forge signs any payload with any algorithm, as somebody else might.
func forge(t *testing.T, alg jose.SignatureAlgorithm, key any, kid string, options *jose.SignerOptions, payload string) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, options)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestVerifyGivesWhatWasIssued(t *testing.T) {
	d := newDesk()
	want := delegate()
	got, err := d.Verify(issue(t, d, want))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v, %v, want %+v", got, err, want)
	}
	actor := got.Actor()
	if actor.ID != want.Subject || actor.Applicant != want.Applicant || actor.Person != want.Person || !actor.Has(events.Speaker) || actor.Staff() {
		t.Errorf("actor %+v", actor)
	}
	// The actor is the caller's own: it must not reach into the claims.
	actor.Roles[0] = events.Chair
	if got.Roles[0] != events.Speaker {
		t.Error("the actor shares its roles with the claims")
	}
	if !got.Covers(want.Session) || got.Covers(ids.New[ids.Session]()) || got.Anonymous() {
		t.Errorf("a delegate's token covers the wrong sessions or is anonymous: %+v", got)
	}
}

func TestIssueFillsIn(t *testing.T) {
	d := newDesk()
	d.now = start.Add(700 * time.Millisecond)
	got, err := d.Verify(issue(t, d, Claims{Subject: "bootstrap", Roles: []events.Role{events.Organiser}, Expires: start.Add(time.Hour)}))
	if err != nil {
		t.Fatal(err)
	}
	if got.ID.IsZero() || got.Audience != ForChair || !got.NotBefore.Equal(start) {
		t.Errorf("filled in: %+v", got)
	}
	if !got.Covers(ids.New[ids.Session]()) {
		t.Error("an organiser's token without a session does not cover every session")
	}
}

func TestRefusedClaims(t *testing.T) {
	for _, c := range []struct {
		name, field string
		change      func(*Claims)
	}{
		{"no subject", "sub", func(c *Claims) { c.Subject = "" }},
		{"a long subject", "sub", func(c *Claims) { c.Subject = strings.Repeat("x", MaxSubject+1) }},
		{"a name as subject", "sub", func(c *Claims) { c.Subject = "Zoë Müller" }},
		{"a line feed in the subject", "sub", func(c *Claims) { c.Subject = "a\nb" }},
		{"a dot in the subject", "sub", func(c *Claims) { c.Subject = "a.b" }},
		{"a service's subject", "sub", func(c *Claims) { c.Subject = events.ByService(events.Queue).ID }},
		{"no role", "roles", func(c *Claims) { c.Roles = nil }},
		{"an unknown role", "roles", func(c *Claims) { c.Roles = []events.Role{"king"} }},
		{"the system's role", "roles", func(c *Claims) { c.Roles = []events.Role{events.System} }},
		{"a role twice", "roles", func(c *Claims) { c.Roles = []events.Role{events.Chair, events.Chair} }},
		{"a speaker for every session", "session", func(c *Claims) { c.Session = ids.Session{} }},
		{"an organiser and chair for every session", "session", func(c *Claims) {
			c.Session, c.Roles = ids.Session{}, []events.Role{events.Organiser, events.Chair}
		}},
		{"a wider audience than the role's", "audience", func(c *Claims) { c.Audience = ForBooth }},
		{"an unknown audience", "audience", func(c *Claims) { c.Audience = "everybody" }},
		{"no expiry", "exp", func(c *Claims) { c.Expires = time.Time{} }},
		{"an expiry before the begin", "exp", func(c *Claims) { c.NotBefore = c.Expires }},
		{"an expiry within the same second", "exp", func(c *Claims) { c.Expires = c.NotBefore.Add(999 * time.Millisecond) }},
		{"a life of years", "exp", func(c *Claims) { c.Expires = start.Add(MaxLifetime + time.Second) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			claims := delegate()
			c.change(&claims)
			_, err := newDesk().Issue(claims)
			if e := problem.From(err); err == nil || e.Code != problem.Invalid || e.Field != c.field || e.Detail == "" {
				t.Fatalf("issued or refused with %v, want invalid %s", err, c.field)
			}
		})
	}
}

func TestVerifyRefuses(t *testing.T) {
	d := newDesk()
	good := delegate()
	text := issue(t, d, good)
	parts := strings.Split(text, ".")
	kid, key, _ := d.keys.TokenSigner(ids.Organisation{})
	body, err := json.Marshal(good)
	if err != nil {
		t.Fatal(err)
	}
	public, stranger, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ours, _, _ := d.keys.TokenKey(kid)
	encode := base64.RawURLEncoding.EncodeToString
	edit := func(member, value string) string {
		var all map[string]any
		if err := json.Unmarshal(body, &all); err != nil {
			t.Fatal(err)
		}
		if value == "" {
			delete(all, member)
		} else {
			all[member] = json.RawMessage(value)
		}
		changed, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		return forge(t, jose.EdDSA, key, kid, nil, string(changed))
	}
	for _, c := range []struct {
		name string
		text string
		want Reason
		set  func()
	}{
		{name: "nothing", want: Missing},
		{name: "too long", text: strings.Repeat("A", MaxSize+1), want: Oversized},
		{name: "a word", text: "letmein", want: Malformed},
		{name: "two parts", text: parts[0] + "." + parts[1], want: Malformed},
		{name: "four parts", text: text + "." + parts[2], want: Malformed},
		{name: "an empty signature", text: parts[0] + "." + parts[1] + ".", want: Malformed},
		{name: "padding", text: text + "=", want: Malformed},
		{name: "a line feed in the middle", text: parts[0] + "." + parts[1][:8] + "\n" + parts[1][8:] + "." + parts[2], want: Malformed},
		{name: "white space around", text: " " + text, want: Malformed},
		{name: "JSON serialisation", text: `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`, want: Malformed},
		{name: "a header that is no JSON", text: encode([]byte("hello")) + "." + parts[1] + "." + parts[2], want: Malformed},
		{name: "algorithm none", text: encode([]byte(`{"alg":"none","kid":"`+kid+`"}`)) + "." + parts[1] + "." + parts[2], want: Algorithm},
		{name: "RS256", text: forge(t, jose.RS256, rsaKey, kid, nil, string(body)), want: Algorithm},
		{name: "HS256 with our public key as the secret", text: confused(kid, ours, body), want: Algorithm},
		{name: "an unknown kid", text: forge(t, jose.EdDSA, key, "NOBODY", nil, string(body)), want: UnknownID},
		{name: "no kid", text: forge(t, jose.EdDSA, key, "", nil, string(body)), want: UnknownID},
		{name: "a stranger's key under our kid", text: forge(t, jose.EdDSA, stranger, kid, nil, string(body)), want: Signature},
		{name: "a stranger's key that the token brings along", want: Signature, text: forge(t, jose.EdDSA, stranger, kid,
			(&jose.SignerOptions{}).WithHeader("jwk", jose.JSONWebKey{Key: public}), string(body))},
		{name: "another's signature", text: parts[0] + "." + parts[1] + "." + strings.Split(issue(t, d, delegate()), ".")[2], want: Signature},
		{name: "another role in the body", text: parts[0] + "." + encode([]byte(strings.Replace(string(body), "speaker", "chair", 1))) + "." + parts[2], want: Signature},
		{name: "a critical header that we do not know", want: Signature, text: forge(t, jose.EdDSA, key, kid,
			(&jose.SignerOptions{}).WithHeader("crit", []string{"moon"}).WithHeader("moon", "full"), string(body))},
		{name: "a body that is no JSON", text: forge(t, jose.EdDSA, key, kid, nil, "hello"), want: Malformed},
		{name: "two bodies", text: forge(t, jose.EdDSA, key, kid, nil, string(body)+string(body)), want: Malformed},
		{name: "a claim that we do not know", text: edit("only_on_mondays", "true"), want: Malformed},
		{name: "no jti", text: edit("jti", ""), want: Malformed},
		{name: "no audience", text: edit("audience", ""), want: Malformed},
		{name: "no expiry", text: edit("exp", ""), want: Malformed},
		{name: "an expiry that is a text", text: edit("exp", `"tomorrow"`), want: Malformed},
		{name: "a session that is no UUID", text: edit("session", `"all"`), want: Malformed},
		{name: "signed by us, for a service", text: edit("sub", `"system/queue"`), want: Malformed},
		{name: "signed by us, with too wide an audience", text: edit("audience", `"chair"`), want: Malformed},
		{name: "ten seconds and a bit too early", text: text, want: Early, set: func() { d.now = start.Add(-leeway - time.Millisecond) }},
		{name: "in the second of its expiry", text: text, want: Expired, set: func() { d.now = good.Expires }},
		{name: "revoked", text: text, want: Revoked, set: func() { d.revoked[good.ID] = true }},
	} {
		t.Run(c.name, func(t *testing.T) {
			d.now, d.revoked = start, map[ids.Invitation]bool{}
			if c.set != nil {
				c.set()
			}
			claims, err := d.Verify(c.text)
			var refusal *Refusal
			if !errors.As(err, &refusal) || refusal.Reason != c.want {
				t.Fatalf("%+v, %v; want %s", claims, err, c.want)
			}
			if !reflect.DeepEqual(claims, Claims{}) {
				t.Errorf("a refused token gave claims: %+v", claims)
			}
			shown := problem.From(err)
			if shown.Code != problem.Unauthorised || shown.Detail == "" || shown.Do == "" || shown.Field != "token" {
				t.Errorf("shown: %+v", shown)
			}
			if len(c.text) > 40 && strings.Contains(err.Error(), c.text[len(c.text)-20:]) {
				t.Error("the refusal repeats the token")
			}
		})
	}
}

// confused is the classic confusion of algorithms: an HMAC whose secret is the
// public key that everybody knows.
func confused(kid string, public ed25519.PublicKey, body []byte) string {
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"HS256","kid":"`+kid+`"}`)) + "." + encode(body)
	mac := hmac.New(sha256.New, public)
	_, _ = mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil))
}

func TestValidUntilTheLastMoment(t *testing.T) {
	d := newDesk()
	c := delegate()
	text := issue(t, d, c)
	for _, now := range []time.Time{start.Add(-leeway), start, c.Expires.Add(-time.Nanosecond)} {
		d.now = now
		if _, err := d.Verify(text); err != nil {
			t.Errorf("at %v: %v", now, err)
		}
	}
}

func TestRotationKeepsLinksAlive(t *testing.T) {
	d := newDesk()
	old := issue(t, d, delegate())
	kid, _, _ := d.keys.TokenSigner(ids.Organisation{})
	if _, err := d.keys.RotateToken(ids.Organisation{}); err != nil {
		t.Fatal(err)
	}
	fresh := issue(t, d, delegate())
	for _, text := range []string{old, fresh} {
		if _, err := d.Verify(text); err != nil {
			t.Errorf("after the rotation: %v", err)
		}
	}
	if err := d.keys.RemoveToken(kid); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Verify(fresh); err != nil {
		t.Errorf("the new key's token after the removal of the old: %v", err)
	}
	var refusal *Refusal
	if _, err := d.Verify(old); !errors.As(err, &refusal) || refusal.Reason != UnknownID {
		t.Errorf("the removed key's token: %v", err)
	}
}

func TestVisitors(t *testing.T) {
	d := newDesk()
	session := ids.New[ids.Session]()
	text, issued, err := d.Visitor(session, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	got, err := d.Verify(text)
	if err != nil || !reflect.DeepEqual(got, issued) {
		t.Fatalf("%+v, %v; want %+v", got, err, issued)
	}
	if !got.Anonymous() || got.Audience != ForPublic || !slices.Equal(got.Roles, []events.Role{events.Observer}) || got.Session != session {
		t.Errorf("a visitor may: %+v", got)
	}
	_, twin, err := d.Visitor(session, time.Hour)
	if err != nil || twin.Subject == got.Subject || twin.ID == got.ID {
		t.Errorf("two visitors are one: %+v, %v", twin, err)
	}
	if _, _, err := d.Visitor(session, 0); err == nil {
		t.Error("a visitor got a token without a life")
	}
	if _, _, err := d.Visitor(ids.Session{}, time.Hour); err == nil {
		t.Error("a visitor got a token for every session")
	}
}

func TestTheLongestTokenIsAccepted(t *testing.T) {
	d := newDesk()
	c := delegate()
	c.Subject, c.Roles, c.Audience = strings.Repeat("x", MaxSubject), events.Roles(), ForChair
	text := issue(t, d, c)
	if _, err := d.Verify(text); err != nil {
		t.Fatalf("%d bytes: %v", len(text), err)
	}
	if len(text) > 1100 {
		t.Errorf("the longest token has %d bytes and no longer fits a QR code well", len(text))
	}
}

func TestEveryReasonHasItsText(t *testing.T) {
	if len(Reasons()) != len(refusals) {
		t.Errorf("%d reasons, %d texts", len(Reasons()), len(refusals))
	}
	for _, reason := range Reasons() {
		if text := refusals[reason]; text.detail == "" || text.do == "" {
			t.Errorf("%s has no text", reason)
		}
	}
}

func TestNewNeedsKeys(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("an authority without keys was made")
		}
	}()
	New(Config{})
}

func TestAudiences(t *testing.T) {
	for _, c := range []struct {
		roles  []events.Role
		widest Audience
	}{
		{nil, ForPublic},
		{[]events.Role{events.Observer}, ForPublic},
		{[]events.Role{"king"}, ForPublic},
		{[]events.Role{events.Speaker}, ForParticipant},
		{[]events.Role{events.Observer, events.Interpreter}, ForBooth},
		{[]events.Role{events.Captioner}, ForBooth},
		{[]events.Role{events.Technician}, ForBooth},
		{[]events.Role{events.Speaker, events.ViceChair}, ForChair},
		{[]events.Role{events.Secretariat}, ForChair},
		{[]events.Role{events.Organiser}, ForChair},
	} {
		if got := WidestFor(c.roles...); got != c.widest {
			t.Errorf("%v: %s, want %s", c.roles, got, c.widest)
		}
	}
	for i, a := range Audiences() {
		for j, b := range Audiences() {
			if a.Includes(b) != (i <= j) {
				t.Errorf("%s includes %s = %v", a, b, a.Includes(b))
			}
			got, err := a.Narrow(b)
			if i <= j && (err != nil || got != b) {
				t.Errorf("%s to %s: %s, %v", a, b, got, err)
			}
			if i > j && (got != "" || !problem.Is(err, problem.Forbidden)) {
				t.Errorf("%s to %s: %s, %v; want forbidden", a, b, got, err)
			}
		}
		if got, err := a.Narrow(""); err != nil || got != a {
			t.Errorf("%s without a wish: %s, %v", a, got, err)
		}
		if _, err := a.Narrow("all"); !problem.Is(err, problem.Invalid) {
			t.Errorf("%s to an unknown audience: %v", a, err)
		}
		if a.Includes("all") || Audience("all").Includes(a) {
			t.Errorf("an unknown audience is included in %s or includes it", a)
		}
	}
}

func TestClaimsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		roles := rapid.SliceOfNDistinct(rapid.SampledFrom(events.Roles()), 1, 9, rapid.ID).Draw(t, "roles")
		seconds := rapid.Int64Range(0, 1<<40)
		want := Claims{
			Subject: rapid.StringMatching(`[A-Za-z0-9_:/-]{1,128}`).Draw(t, "sub"), Session: ids.New[ids.Session](), Roles: roles,
			Audience: WidestFor(roles...), NotBefore: time.Unix(seconds.Draw(t, "nbf"), 0).UTC(), Expires: time.Unix(seconds.Draw(t, "exp"), 0).UTC(),
			ID: ids.New[ids.Invitation](),
		}
		if rapid.Bool().Draw(t, "delegate") {
			want.Entry, want.Applicant, want.Person = ids.New[ids.Entry](), ids.New[ids.Applicant](), ids.New[ids.Person]()
		}
		raw, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got Claims
		if err := json.Unmarshal(raw, &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v, %v; want %+v", got, err, want)
		}
	})
}

// FuzzVerify checks that nothing but the issued text itself is accepted, and
// that no text makes Verify panic.
func FuzzVerify(f *testing.F) {
	d := newDesk()
	text, err := d.Issue(delegate())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add("")
	f.Add("..")
	f.Add(text[:len(text)-1])
	f.Add(text[:len(text)-1] + "_")
	f.Add(strings.ToLower(text))
	f.Add(strings.Replace(text, ".", "..", 1))
	f.Add(`{"payload":"e30","signatures":[]}`)
	f.Add(base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"EdDSA","kid":"A","crit":["b64"],"b64":false}`)) + ".e30.AA")
	f.Fuzz(func(t *testing.T, other string) {
		claims, err := d.Verify(other)
		if err == nil && other != text {
			t.Fatalf("%q was accepted with %+v", other, claims)
		}
		var refusal *Refusal
		if err != nil && (!errors.As(err, &refusal) || !slices.Contains(Reasons(), refusal.Reason)) {
			t.Fatalf("%q was refused with %v", other, err)
		}
	})
}

// Every text that differs in one character is refused: no two texts are one token.
func TestNoSecondTextOfAToken(t *testing.T) {
	d := newDesk()
	text := issue(t, d, delegate())
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
		c := rapid.SampledFrom([]byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=")).Draw(t, "character")
		changed := text[:at] + string(c) + text[at+1:]
		if _, err := d.Verify(changed); (err == nil) != (changed == text) {
			t.Fatalf("at %d %q: %v", at, string(c), err)
		}
	})
}

// TestAKeyTakenOutOfUseIsKnownByItsName: a connection remembers the key of its
// token, and asks by its name whether it is still in use.
func TestAKeyTakenOutOfUseIsKnownByItsName(t *testing.T) {
	set := keys.Ephemeral()
	a := New(Config{Keys: set})
	text, _, err := a.Visitor(ids.New[ids.Session](), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	kid, _, _ := set.TokenSigner(ids.Organisation{})
	if got := KeyID(text); got != kid {
		t.Errorf("the token's key is %q, signed by %q", got, kid)
	}
	if _, err := set.RotateToken(ids.Organisation{}); err != nil {
		t.Fatal(err)
	}
	if !a.InUse(kid) {
		t.Error("a rotation alone took the old key out of use")
	}
	if err := set.RemoveToken(kid); err != nil {
		t.Fatal(err)
	}
	if a.InUse(kid) || a.InUse("") {
		t.Error("a key that was removed is in use")
	}
	for _, none := range []string{"", "x", "a.b.c", text + "."} {
		if got := KeyID(none); got != "" {
			t.Errorf("%q has the key %q", none, got)
		}
	}
}
