package acceptance

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// browser is one without script: it follows links, keeps cookies, sends forms.
type browser struct {
	t       *testing.T
	address string
	client  *http.Client
	body    string
}

// do sends a request and keeps the page that comes of it.
func (b *browser) do(r *http.Request) int {
	b.t.Helper()
	answer, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if len(raw) >= 15_000 || bytes.Contains(raw, []byte("<script")) {
		b.t.Errorf("a page of %d bytes, or with a script", len(raw))
	}
	b.body = string(raw)
	return answer.StatusCode
}

func (b *browser) get(query string) int {
	b.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, b.address+query, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(r)
}

func (b *browser) send(form url.Values) int {
	b.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, b.address, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(r)
}

var (
	formOf = regexp.MustCompile(`(?s)<form .*?</form>`)
	hidden = regexp.MustCompile(`name="(\w+)" value="([^"]*)"`)
)

// press sends the form of the page that has a button with this verb.
func (b *browser) press(verb string) int {
	b.t.Helper()
	form := b.form(verb)
	if form == nil {
		b.t.Fatalf("no button for %s on the page:\n%s", verb, b.body)
	}
	return b.send(form)
}

func (b *browser) form(verb string) url.Values {
	for _, text := range formOf.FindAllString(b.body, -1) {
		if !strings.Contains(text, `value="`+verb+`"`) {
			continue
		}
		form := url.Values{}
		for _, field := range hidden.FindAllStringSubmatch(text, -1) {
			form.Set(field[1], field[2])
		}
		form.Set("do", verb)
		return form
	}
	return nil
}

// bufferingProxy breaks what proxies break: it takes the upgrade out of every
// request and gives an answer on only when it has the whole of it.
func bufferingProxy(t *testing.T, to string) *httptest.Server {
	t.Helper()
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Header.Del("Upgrade")
			r.Out.Header.Del("Connection")
		},
		ModifyResponse: func(r *http.Response) error {
			raw, err := io.ReadAll(r.Body)
			if err != nil {
				return err
			}
			r.Body = io.NopCloser(bytes.NewReader(raw))
			return nil
		},
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return server
}

// TestThePlainPageWorksWithoutScriptAndThroughABufferingProxy: a delegate joins,
// checks in, steps back, speaks and sees it, with forms alone; what is sent
// twice acts once; an organisation's name cannot do anything to the page.
func TestThePlainPageWorksWithoutScriptAndThroughABufferingProxy(t *testing.T) {
	s := start(t, setup{applicants: 12, listOpen: true, gated: true})
	hostile := `<script>alert(1)</script>"><img src=x>`
	evil := s.ask("apply", nil, command.Apply{Organisation: hostile, Accept: true})
	s.ask("join", nil, command.Join{Part: s.part, Applicant: made[ids.Applicant](t, evil, "applicant")})
	for i := 1; i < 4; i++ {
		s.join(i)
	}
	jar, err := cookiejar.New(nil)
	s.must(err)
	b := &browser{t: t, address: bufferingProxy(t, s.app.URL()).URL + "/s/" + s.view().Session.Code + "/plain", client: &http.Client{Jar: jar}}
	if status := b.get(""); status != http.StatusOK || b.form("join") != nil || !strings.Contains(b.body, "&lt;script&gt;") {
		t.Fatalf("a visitor's page: %d\n%s", status, b.body)
	}
	link := s.link(command.Invite{Roles: []events.Role{events.Speaker}, Applicant: s.applicants[0]})
	if status := b.send(url.Values{"do": {"enter"}, "link": {link.URL}}); status != http.StatusOK {
		t.Fatalf("signing in: %d\n%s", status, b.body)
	}
	if b.press("join"); !strings.Contains(b.body, "You are on the list of speakers.") || !strings.Contains(b.body, `<dd class="n">5</dd>`) {
		t.Fatalf("after joining:\n%s", b.body)
	}
	before := s.heads()
	if b.press("check_in"); !strings.Contains(b.body, "You are checked in.") || b.form("check_in") != nil {
		t.Fatalf("after checking in:\n%s", b.body)
	}
	if before == s.heads() {
		t.Fatal("nothing was written")
	}
	// Twice, as an impatient finger or a reload does it.
	withdraw := b.form("withdraw")
	if b.send(withdraw); !strings.Contains(b.body, "You have left the list.") {
		t.Fatalf("after withdrawing:\n%s", b.body)
	}
	before = s.heads()
	if status := b.send(withdraw); status != http.StatusOK || before != s.heads() {
		t.Errorf("the same form again: %d, written: %v", status, before != s.heads())
	}
	b.press("join")
	s.ask("close_list", nil, command.CloseList{Part: s.part})
	chair := s.as(events.Chair, 0)
	s.askAs(chair, "start_session", nil, command.None{}, "")
	s.pass(60_000)
	for range 5 {
		id := s.next(chair)
		s.askAs(chair, "begin", turn(id), command.Begin{Turn: id}, "")
		s.pass(20_000)
		if b.get(""); strings.Contains(b.body, "You have the floor.") {
			break
		}
	}
	if !strings.Contains(b.body, "You have the floor.") || !strings.Contains(b.body, "Time left") {
		t.Fatalf("when they speak:\n%s", b.body)
	}
	if b.press("yield"); !strings.Contains(b.body, "You have spoken. Thank you.") {
		t.Fatalf("after yielding:\n%s", b.body)
	}
	var spoken int
	for _, e := range s.view().Entries {
		if e.Applicant == s.applicants[0] && e.State == session.Spoken {
			spoken++
		}
	}
	if spoken != 1 {
		t.Errorf("%d of their entries have spoken", spoken)
	}
	if b.press("leave"); b.form("yield") != nil || !strings.Contains(b.body, `name="link"`) {
		t.Errorf("after forgetting the link:\n%s", b.body)
	}
}
