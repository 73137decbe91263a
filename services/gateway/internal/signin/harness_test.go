package signin

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/keys"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/ratelimit"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/token"
	"github.com/fairfloor/fairfloor/services/gateway/internal/signin/idp"
)

// people are those of the tests' provider.
var people = []idp.Person{
	{ID: "olga", Email: "olga@example.org", Verified: true, Groups: []string{"staff", "organisers"}},
	{ID: "carl", Email: "Carl@Example.org", Verified: true},
	{ID: "sam", Email: "sam@example.org", Verified: true, Groups: []string{"secretariat"}},
	{ID: "tess", Email: "tess@example.org", Verified: true, Groups: []string{"captioners"}},
	{ID: "paul", Email: "paul@example.org", Groups: []string{"staff"}},
	{ID: "nina", Email: "nina@example.org", Verified: true, Groups: []string{"staff"}},
}

// rules are those of the tests.
const rules = `{"rules": [
	{"claim": "groups", "value": "organisers", "roles": ["organiser"]},
	{"claim": "email", "value": "carl@example.org", "roles": ["chair"], "sessions": ["K7M2QX"]},
	{"claim": "email", "value": "paul@example.org", "roles": ["chair"], "sessions": ["K7M2QX"]},
	{"claim": "groups", "value": "secretariat", "roles": ["secretariat", "technician"], "sessions": ["*"]},
	{"claim": "groups", "value": "captioners", "roles": ["captioner"], "sessions": ["BBBBBB"]}
]}`

// fold holds the sessions; it takes invitations and remembers them.
type fold struct {
	mu      sync.Mutex
	states  map[ids.Session]*session.State
	invited []command.Invite
	actors  []events.Actor
}

func newFold() *fold {
	f := &fold{states: map[ids.Session]*session.State{}}
	for i, code := range []string{"BBBBBB", "K7M2QX", "GONE00"} {
		s := session.New(ids.New[ids.Session]())
		s.Registry.Created, s.Registry.Code, s.Registry.Title = true, code, "Session "+code
		s.Registry.PlannedStart = clock.Instant(1_000_000 - i)
		if code == "GONE00" {
			s.Timing.Phase = session.Adjourned
		}
		f.states[s.ID] = s
	}
	return f
}

func (f *fold) Read(id ids.Session, look func(*session.State)) error {
	s := f.states[id]
	if s == nil {
		return problem.New(problem.NotFound, "there is no such session")
	}
	look(s)
	return nil
}

func (f *fold) Sessions() (all []ids.Session) {
	for id := range f.states {
		all = append(all, id)
	}
	return all
}

func (f *fold) ByCode(code string) (ids.Session, bool) {
	for id, s := range f.states {
		if strings.EqualFold(s.Registry.Code, code) {
			return id, true
		}
	}
	return ids.Session{}, false
}

func (f *fold) Do(_ context.Context, _ ids.Session, actor events.Actor, frame api.CommandFrame) (command.Receipt, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var args command.Invite
	if err := json.Unmarshal(frame.Args, &args); err != nil || frame.Verb != "invite" {
		return command.Receipt{}, problem.New(problem.Malformed, "not an invitation: %v", err)
	}
	f.invited, f.actors = append(f.invited, args), append(f.actors, actor)
	return command.Receipt{Made: map[string]string{"invitation": ids.Derive[ids.Invitation](frame.ID, 0).String()}}, nil
}

// house is a door beside a provider, each on a port of its own.
type house struct {
	*Door
	*fold
	t        *testing.T
	provider *idp.Provider
	issuer   *httptest.Server
	server   *httptest.Server
	lines    bytes.Buffer
	// now may be moved by a test before anybody comes.
	now func() time.Time
}

// build starts a door and its provider.
func build(t *testing.T, sparse bool, change func(*Config)) *house {
	t.Helper()
	h := &house{t: t, fold: newFold(), now: time.Now}
	h.issuer = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.provider.ServeHTTP(w, r) }))
	t.Cleanup(h.issuer.Close)
	const client, secret = "fairfloor", "the client's secret"
	var err error
	if h.provider, err = idp.New(h.issuer.URL, idp.Options{ClientID: client, Secret: secret, People: people, Sparse: sparse}); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	h.server = httptest.NewServer(mux)
	t.Cleanup(h.server.Close)
	ready := make(chan struct{})
	close(ready)
	c := Config{
		Settings: Settings{
			Issuer: h.issuer.URL, ClientID: client, Secret: file(t, secret+"\n"), Rules: file(t, rules),
			Scopes: []string{"openid", "email", "profile"}, Lifetime: time.Hour,
		},
		Base: h.server.URL, Sealing: [32]byte{1, 2, 3}, Ready: ready, Sessions: h.fold, Asker: h.fold,
		Tokens: token.New(token.Config{Keys: keys.Ephemeral()}), Limits: ratelimit.New(nil, nil),
		Page:   func(roles []events.Role) string { return "page-of-" + string(roles[0]) },
		Pages:  []string{"chair", "organiser"},
		Now:    func() time.Time { return h.now() },
		Logger: slog.New(slog.NewTextHandler(&h.lines, nil)),
	}
	if change != nil {
		change(&c)
	}
	if h.Door, err = New(c); err != nil {
		t.Fatal(err)
	}
	h.Mount(mux)
	return h
}

// file writes a text into a file of its own.
func file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// browser is somebody's: it has cookies, and follows no redirect by itself.
type browser struct {
	*http.Client
	h *house
}

func (h *house) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return &browser{&http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, h}
}

// get asks for an address, and gives where it leads, or the page.
func (b *browser) get(address string) (to, page string) {
	b.h.t.Helper()
	answer, err := b.Get(address)
	if err != nil {
		b.h.t.Fatal(err)
	}
	return b.read(answer)
}

func (b *browser) read(answer *http.Response) (to, page string) {
	b.h.t.Helper()
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		b.h.t.Fatal(err)
	}
	to = answer.Header.Get("Location")
	if at, err := url.Parse(to); to != "" && (err != nil || !at.IsAbs()) {
		to = answer.Request.URL.ResolveReference(at).String()
	}
	return to, string(body)
}

var hidden = regexp.MustCompile(`name="id" value="([^"]+)"`)

// prove goes from our door to the provider's form, and gives the address of our
// callback to which somebody is sent back, which is not yet opened.
func (b *browser) prove(query, person string) string {
	b.h.t.Helper()
	to, _ := b.get(b.h.server.URL + Path + query)
	if !strings.HasPrefix(to, b.h.issuer.URL) {
		return to
	}
	to, _ = b.get(to)
	_, page := b.get(to)
	id := hidden.FindStringSubmatch(page)
	if id == nil {
		b.h.t.Fatalf("the provider shows no form: %s", page)
	}
	answer, err := b.PostForm(b.h.issuer.URL+"/login/username", url.Values{"id": {id[1]}, "username": {person}, "password": {person}})
	if err != nil {
		b.h.t.Fatal(err)
	}
	to, _ = b.read(answer)
	to, page = b.get(to)
	if !strings.HasPrefix(to, b.h.server.URL+Callback+"?") {
		b.h.t.Fatalf("the provider sends back to %q: %s", to, page)
	}
	return to
}

// signIn goes all the way, and gives where it ends.
func (b *browser) signIn(query, person string) string {
	b.h.t.Helper()
	to := b.prove(query, person)
	if strings.HasPrefix(to, b.h.server.URL+Callback) {
		to, _ = b.get(to)
	}
	return to
}

// outcome is what the first page is told; empty when somebody is led elsewhere.
func (h *house) outcome(to string) Outcome {
	h.t.Helper()
	rest, ok := strings.CutPrefix(to, h.server.URL+"/?")
	query, err := url.ParseQuery(rest)
	if !ok || err != nil {
		return ""
	}
	return Outcome(query.Get("sign-in"))
}

// claimsOf gives the page and the claims of a link.
func (h *house) claimsOf(t *testing.T, to string) (page string, c token.Claims) {
	t.Helper()
	page, text, ok := strings.Cut(strings.TrimPrefix(to, h.server.URL), "#")
	if !ok {
		t.Fatalf("%s is no link", to)
	}
	c, err := h.Tokens.Verify(text)
	if err != nil {
		t.Fatal(err)
	}
	return page, c
}
