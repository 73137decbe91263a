package signin

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/events"
)

// TestStaffSignInAtTheirProvider: whom the rules name gets a link with exactly
// the roles that they give, whether the provider tells of groups in the ID token
// or only when asked.
func TestStaffSignInAtTheirProvider(t *testing.T) {
	for _, sparse := range []bool{false, true} {
		h := build(t, sparse, nil)
		for _, c := range []struct {
			person, query, page string
			roles               []events.Role
		}{
			{"olga", "", "/organiser", []events.Role{events.Organiser}},
			{"olga", "?session=K7M2QX&page=organiser", "/s/K7M2QX/organiser", []events.Role{events.Organiser}},
			{"carl", "", "/s/K7M2QX/page-of-chair", []events.Role{events.Chair}},
			{"carl", "?session=k7m2qx&page=chair", "/s/K7M2QX/chair", []events.Role{events.Chair}},
			{"sam", "?session=K7M2QX", "/s/K7M2QX/page-of-secretariat", []events.Role{events.Secretariat, events.Technician}},
			{"sam", "?session=GONE00", "/s/GONE00/page-of-secretariat", []events.Role{events.Secretariat, events.Technician}},
			{"tess", "", "/s/BBBBBB/page-of-captioner", []events.Role{events.Captioner}},
		} {
			t.Run(fmt.Sprintf("sparse=%v %s %s", sparse, c.person, c.query), func(t *testing.T) {
				before := len(h.invited)
				page, got := h.claimsOf(t, h.browser().signIn(c.query, c.person))
				if page != c.page || !slices.Equal(got.Roles, c.roles) {
					t.Errorf("%s as %v, wanted %s as %v", page, got.Roles, c.page, c.roles)
				}
				if left := time.Until(got.Expires); left < 59*time.Minute || left > time.Hour {
					t.Errorf("it is good for %s", left)
				}
				if got.Subject != h.pseudonym(c.person) || strings.Contains(got.Subject, c.person) {
					t.Errorf("the subject is %s", got.Subject)
				}
				if c.page == "/organiser" {
					if !got.Session.IsZero() || len(h.invited) != before {
						t.Errorf("the deployment's organiser is noted in a session: %+v", got)
					}
					return
				}
				id, _ := h.ByCode(c.page[3:9])
				if got.Session != id || len(h.invited) != before+1 || !slices.Equal(h.invited[before].Roles, c.roles) || h.actors[before].ID != got.Subject {
					t.Errorf("the invitation %+v by %+v is not the link's %+v", h.invited, h.actors, got)
				}
			})
		}
		// Two sessions are open to the secretariat: they choose, the earlier first.
		to := h.browser().signIn("", "sam")
		if h.outcome(to) != Choose || !strings.Contains(to, "sessions="+url.QueryEscape("K7M2QX,BBBBBB")) {
			t.Errorf("the secretariat is led to %s", to)
		}
		said := h.lines.String()
		for _, p := range people {
			said = strings.ReplaceAll(said, h.pseudonym(p.ID), "") // whose letters may be any
		}
		for _, secret := range []string{"olga", "carl", "code=", "eyJ", "secret"} {
			if strings.Contains(said, secret) || strings.Contains(strings.ToLower(said), secret) {
				t.Errorf("a log line holds %q:\n%s", secret, h.lines.String())
			}
		}
	}
}

// TestWhomNoRuleNamesGetsNothing: no role by default, none by an address that
// nobody verified, none in another session, and the page says why.
func TestWhomNoRuleNamesGetsNothing(t *testing.T) {
	h := build(t, false, nil)
	for _, c := range []struct {
		person, query string
		want          Outcome
	}{
		{"nina", "", Unmapped},
		{"nina", "?session=K7M2QX", Unmapped},
		{"carl", "?session=BBBBBB", Unmapped},
		{"tess", "?session=K7M2QX", Unmapped},
		{"paul", "", Unverified},
		{"paul", "?session=K7M2QX", Unverified},
		{"olga", "?session=ZZZZZZ", NoSession},
	} {
		if to := h.browser().signIn(c.query, c.person); h.outcome(to) != c.want || strings.Contains(to, "#") {
			t.Errorf("%s %s is led to %s, wanted %s", c.person, c.query, to, c.want)
		}
	}
	if len(h.invited) != 0 {
		t.Errorf("invitations were made: %+v", h.invited)
	}
	// Who is taken out of the file is out at the next sign-in, without a restart.
	h.Rules = file(t, `{"rules": [{"claim": "groups", "value": "nobody", "roles": ["organiser"]}]}`)
	if to := h.browser().signIn("", "olga"); h.outcome(to) != Unmapped {
		t.Errorf("who is no longer named is led to %s", to)
	}
	h.Rules = file(t, `{"rules": [`)
	if to := h.browser().signIn("", "olga"); h.outcome(to) != Unavailable {
		t.Errorf("with a damaged file one is led to %s", to)
	}
}

// TestAnAnswerCountsOnceInTheBrowserThatAsked: state, cookie, code and PKCE's
// verifier are of one sign-in, and of one alone.
func TestAnAnswerCountsOnceInTheBrowserThatAsked(t *testing.T) {
	h := build(t, false, nil)
	with := func(to, name, value string) string {
		at, err := url.Parse(to)
		if err != nil {
			t.Fatal(err)
		}
		query := at.Query()
		query.Set(name, value)
		at.RawQuery = query.Encode()
		return at.String()
	}
	part := func(to, name string) string {
		at, err := url.Parse(to)
		if err != nil {
			t.Fatal(err)
		}
		return at.Query().Get(name)
	}
	refused := func(name string, want Outcome, b *browser, to string) {
		t.Helper()
		if got, _ := b.get(to); h.outcome(got) != want {
			t.Errorf("%s leads to %s, wanted %s", name, got, want)
		}
	}
	b := h.browser()
	refused("another state", Stale, b, with(b.prove("", "olga"), "state", "AAAAAAAAAAAAAAAAAAAAAAAAAA"))
	refused("no state", Stale, b, with(b.prove("", "olga"), "state", ""))
	refused("another browser", Stale, h.browser(), b.prove("", "olga"))
	refused("another provider", Untrusted, b, with(b.prove("", "olga"), "iss", "https://other.example"))
	refused("a code of nobody", Stale, b, with(b.prove("", "olga"), "code", "made-up"))
	refused("no code", Unavailable, b, with(b.prove("", "olga"), "code", ""))
	refused("turned back", Denied, b, with(b.prove("", "olga"), "error", "access_denied"))

	// The code of somebody else's sign-in in mine: PKCE tells them apart, although state and cookie agree.
	theirs, mine := h.browser().prove("", "olga"), b.prove("", "nina")
	refused("an injected code", Stale, b, with(mine, "code", part(theirs, "code")))

	to := b.prove("", "olga")
	here, err := url.Parse(h.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	cookies := b.Jar.Cookies(here)
	if led, _ := b.get(to); !strings.Contains(led, "/organiser#") {
		t.Fatalf("the control is led to %s", led)
	}
	refused("the same answer again", Stale, b, to)
	// The cookie is gone; who kept it has a code that is used.
	b.Jar.SetCookies(here, cookies)
	refused("the same answer and cookie again", Stale, b, to)

	to = b.prove("", "olga")
	cookie := b.Jar.Cookies(here)[0]
	flipped := []byte(cookie.Value)
	flipped[len(flipped)/2] ^= 1
	for name, value := range map[string]string{"changed": string(flipped), "short": "AAAA", "no base64": "%%%"} {
		b.Jar.SetCookies(here, []*http.Cookie{{Name: cookie.Name, Value: value}})
		refused("a cookie that is "+name, Stale, b, to)
	}

	to = b.prove("", "olga")
	h.now = func() time.Time { return time.Now().Add(patience + time.Minute) }
	refused("too late", Stale, b, to)
}

// TestIDTokensOfOthersAreRefused: a token that the provider signed, and that is
// not its answer to us, now, opens nothing.
func TestIDTokensOfOthersAreRefused(t *testing.T) {
	h := build(t, false, nil)
	set := func(name string, value any) func(map[string]any) {
		return func(c map[string]any) { c[name] = value }
	}
	for name, change := range map[string]func(map[string]any){
		"for another client":      set("aud", "another"),
		"for several, named none": func(c map[string]any) { c["aud"] = []string{"fairfloor", "another"}; delete(c, "azp") },
		"made for another":        set("azp", "another"),
		"of another issuer":       set("iss", "https://other.example"),
		"expired":                 set("exp", time.Now().Add(-time.Minute).Unix()),
		"with another nonce":      set("nonce", "AAAAAAAAAAAAAAAAAAAAAAAAAA"),
		"with no nonce":           func(c map[string]any) { delete(c, "nonce") },
		"about nobody":            set("sub", ""),
	} {
		h.provider.Tamper(change)
		if to := h.browser().signIn("", "olga"); h.outcome(to) != Untrusted || strings.Contains(to, "#") {
			t.Errorf("a token %s leads to %s", name, to)
		}
	}
	// The control: the same way of changing tokens changes nothing that matters.
	h.provider.Tamper(set("locale", "fr"))
	if to := h.browser().signIn("", "olga"); !strings.Contains(to, "/organiser#") {
		t.Errorf("a good token leads to %s", to)
	}
	// Somebody else's answer to the second question (UserInfo).
	sparse := build(t, true, nil)
	sparse.provider.Tamper(set("sub", "carl"))
	if to := sparse.browser().signIn("", "olga"); sparse.outcome(to) != Untrusted {
		t.Errorf("two people in one leads to %s", to)
	}
}

// TestNobodyIsLedElsewhere: whatever stands in the request, it leads to the
// provider, or to pages of ours.
func TestNobodyIsLedElsewhere(t *testing.T) {
	h := build(t, false, nil)
	for _, query := range []string{
		"?page=//evil.example", "?page=https://evil.example", "?session=K7M2QX&page=../../evil", "?session=//evil.example",
		"?session=K7M2QX%23evil", "?next=https://evil.example", "?redirect_uri=https://evil.example", "?session=K7M2QX&page=%0d%0aLocation:%20https://evil.example",
	} {
		to := h.browser().signIn(query, "olga")
		page, _, _ := strings.Cut(to, "#") // a token's letters may be any
		if !strings.HasPrefix(to, h.server.URL+"/") || strings.Contains(page, "evil") {
			t.Errorf("%s leads to %s", query, to)
		}
	}
	b := h.browser()
	b.prove("", "olga")
	if to, _ := b.get("http://" + strings.TrimPrefix(h.server.URL, "http://") + Callback + "?error=x&error_uri=https://evil.example&state=https://evil.example"); strings.Contains(to, "evil") {
		t.Errorf("an error leads to %s", to)
	}
}

// TestAProviderThatIsAway: we start without it, say so, and go on once it is back.
func TestAProviderThatIsAway(t *testing.T) {
	away := true
	h := build(t, false, func(c *Config) {
		c.Transport = transport(func(r *http.Request) (*http.Response, error) {
			if away {
				return nil, fmt.Errorf("no route to %s", r.URL.Host)
			}
			return http.DefaultTransport.RoundTrip(r)
		})
	})
	// A machine that stands still between the two would have it asked again.
	still := time.Now()
	h.now = func() time.Time { return still }
	if to := h.browser().signIn("", "olga"); h.outcome(to) != Unavailable {
		t.Errorf("without a provider one is led to %s", to)
	}
	away = false
	if to := h.browser().signIn("", "olga"); h.outcome(to) != Unavailable {
		t.Errorf("it is asked again at once: %s", to)
	}
	h.now = func() time.Time { return time.Now().Add(restTime) }
	if to := h.browser().signIn("", "olga"); !strings.Contains(to, "/organiser#") {
		t.Errorf("once it is back one is led to %s", to)
	}
	// It goes while somebody is on their way.
	b := h.browser()
	to := b.prove("", "olga")
	away = true
	if to, _ = b.get(to); h.outcome(to) != Unavailable {
		t.Errorf("without its tokens one is led to %s", to)
	}
}

// transport is a function as one.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestAProviderThatLeadsElsewhere: its own addresses are of https, an answer that
// sends us on is none, and one without an end is cut.
func TestAProviderThatLeadsElsewhere(t *testing.T) {
	asked := 0
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer elsewhere.Close()
	for name, answer := range map[string]func(w http.ResponseWriter, issuer string){
		"an address of http": func(w http.ResponseWriter, issuer string) {
			_, _ = fmt.Fprintf(w, `{"issuer":%q,"authorization_endpoint":"http://evil.example/","token_endpoint":%q,"jwks_uri":%q}`, issuer, issuer, issuer)
		},
		"a script": func(w http.ResponseWriter, issuer string) {
			_, _ = fmt.Fprintf(w, `{"issuer":%q,"authorization_endpoint":"javascript:alert(1)","token_endpoint":%q,"jwks_uri":%q}`, issuer, issuer, issuer)
		},
		"another issuer": func(w http.ResponseWriter, issuer string) {
			_, _ = fmt.Fprintf(w, `{"issuer":"https://evil.example","authorization_endpoint":%q,"token_endpoint":%q,"jwks_uri":%q}`, issuer, issuer, issuer)
		},
		"a redirect": func(w http.ResponseWriter, _ string) {
			w.Header().Set("Location", elsewhere.URL)
			w.WriteHeader(http.StatusTemporaryRedirect)
		},
		"too much": func(w http.ResponseWriter, issuer string) {
			_, _ = fmt.Fprintf(w, `{"issuer":%q,"authorization_endpoint":%q,"token_endpoint":%q,"more":"%s"}`, issuer, issuer, issuer, strings.Repeat("x", answerSize))
		},
	} {
		var issuer *httptest.Server
		issuer = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			answer(w, issuer.URL)
		}))
		h := build(t, false, func(c *Config) { c.Issuer = issuer.URL })
		if to := h.browser().signIn("", "olga"); h.outcome(to) != Unavailable {
			t.Errorf("%s leads to %s", name, to)
		}
		issuer.Close()
	}
	if asked != 0 {
		t.Errorf("we followed %d times", asked)
	}
}

// TestSignInsAreBoundedByAddress, and wait until sessions are known.
func TestSignInsAreBoundedByAddress(t *testing.T) {
	h := build(t, false, nil)
	b, let, begun := h.browser(), 0, time.Now()
	for range attempts.Burst + 30 {
		if to, _ := b.get(h.server.URL + Path + "?session=ZZZZZZ"); h.outcome(to) == NoSession {
			let++
		} else if h.outcome(to) != Busy {
			t.Fatalf("led to %s", to)
		}
	}
	// One comes back in each second that this takes.
	if most := attempts.Burst + 1 + int(time.Since(begun)/attempts.Every); let < attempts.Burst || let > most {
		t.Errorf("%d of %d were let through", let, attempts.Burst+30)
	}
	early := build(t, false, func(c *Config) { c.Ready = make(chan struct{}) })
	if to := early.browser().signIn("", "olga"); early.outcome(to) != Unavailable {
		t.Errorf("before the log is folded one is led to %s", to)
	}
}
