package plain

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/keys"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/token"
)

var now = clock.Of(time.Date(2021, 12, 16, 14, 30, 0, 0, time.UTC))

// stage is the page over a view of the test's own.
type stage struct {
	*httptest.Server
	tokens  *token.Authority
	session ids.Session
	view    api.View
	me      api.Me
	said    []api.Segment
	asked   []api.CommandFrame
	answer  error
}

func open(t *testing.T) *stage {
	t.Helper()
	s := &stage{session: ids.New[ids.Session](), tokens: token.New(token.Config{Keys: keys.Ephemeral(), Now: time.Now})}
	part := ids.New[ids.Part]()
	s.view = api.View{
		Session: api.SessionView{ID: s.session, Title: "Sample", Phase: session.Running, Zone: "Europe/Zurich", Part: part, PlannedStart: now, HardEnd: now.Add(3_600_000)},
		Parts:   map[ids.Part]*api.PartView{part: {ID: part, Title: "Item 1", HasList: true, List: events.ListOpen}},
		Agenda:  []ids.Part{part}, Entries: map[ids.Entry]api.EntryView{}, Lists: map[ids.Part][]ids.Entry{},
		Turns: map[ids.Turn]*api.TurnView{}, Applicants: map[ids.Applicant]api.ApplicantView{},
	}
	s.view.Session.Modalities.PublicLive = true
	mux := http.NewServeMux()
	Mount(mux, Config{
		ByCode: func(code string) (ids.Session, bool) { return s.session, code == "ABC234" },
		Tokens: s.tokens, Logger: slog.New(slog.DiscardHandler),
		Look: func(ids.Session, events.Actor, api.Audience) (api.View, api.Me, error) { return s.view, s.me, nil },
		Now:  func(ids.Session) clock.Instant { return now },
		Do: func(_ context.Context, _ ids.Session, _ events.Actor, f api.CommandFrame) (command.Receipt, error) {
			s.asked = append(s.asked, f)
			return command.Receipt{}, s.answer
		},
		Tracks:     func(*api.View) []string { return []string{"ar", "en"} },
		Transcript: func(ids.Session, api.Audience, string) []api.Segment { return s.said },
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// waiting puts n entries on the list, the first one of them the reader's.
func (s *stage) waiting(n int, name func(int) string) {
	part := s.view.Session.Part
	for i := range n {
		at := now.Add(int64(i) * 100_000)
		e := api.EntryView{
			ID: ids.New[ids.Entry](), Part: part, Organisation: name(i), Kind: events.Statement, State: session.Waiting, Place: i + 1, Reached: true,
			GuaranteeMS: 60_000, AllotmentMS: 84_000, Start: &api.RangeView{Low: at.Add(60_000), Middle: at.Add(90_000), High: at.Add(300_000)},
		}
		s.view.Entries[e.ID] = e
		s.view.Lists[part] = append(s.view.Lists[part], e.ID)
	}
	if n > 0 {
		s.me.Entries = s.view.Lists[part][:1]
	}
}

// get asks as a browser without script does; link is the token, if any.
func (s *stage) get(t *testing.T, query, link string, header ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, s.URL+"/s/ABC234/plain"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s.do(t, r, link, header...)
}

func (s *stage) post(t *testing.T, form, link string, header ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, s.URL+"/s/ABC234/plain", strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.do(t, r, link, header...)
}

func (s *stage) do(t *testing.T, r *http.Request, link string, header ...string) (int, string) {
	t.Helper()
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	if link != "" {
		r.AddCookie(&http.Cookie{Name: cookieName("ABC234"), Value: link})
	}
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

// link is a delegate's token.
func (s *stage) link(t *testing.T, of ids.Session, lifetime time.Duration) string {
	t.Helper()
	text, err := s.tokens.Issue(token.Claims{
		Subject: "invitation/1", Session: of, Roles: []events.Role{events.Speaker}, Applicant: ids.New[ids.Applicant](),
		Audience: token.ForParticipant, Expires: time.Now().Add(lifetime), ID: ids.New[ids.Invitation](),
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestEveryTextIsThereInEveryLanguage(t *testing.T) {
	if len(catalogue) != len(tags) || len(tags) != 6 {
		t.Fatalf("%d languages are in the catalogue, %d on the page", len(catalogue), len(tags))
	}
	for tag, w := range catalogue {
		v := reflect.ValueOf(*w)
		for i := range v.NumField() {
			text := v.Field(i).String()
			if strings.TrimSpace(text) == "" || strings.TrimSpace(text) != text {
				t.Errorf("%s: %s is %q", tag, v.Type().Field(i).Name, text)
			}
			if english := reflect.ValueOf(english).Field(i).String(); strings.Count(text, "{") != strings.Count(english, "{") {
				t.Errorf("%s: %s lost a place holder: %q", tag, v.Type().Field(i).Name, text)
			}
		}
		if !strings.Contains(w.Between, "{low}") || !strings.Contains(w.Between, "{high}") {
			t.Errorf("%s: %q", tag, w.Between)
		}
	}
}

func TestTheLanguageIsTheOneAskedForOrTheBrowsersOrEnglish(t *testing.T) {
	for _, c := range []struct{ query, accept, want string }{
		{"", "", "en"},
		{"?lang=ar", "fr", "ar"},
		{"?lang=xx", "fr-CH, en;q=0.5", "fr"},
		{"", "zh-Hant-TW", "zh"},
		{"", "de, ru;q=0.3", "ru"},
		{"", "es-419", "es"},
		{"", "tlh", "en"},
		{"", "\x00;;;", "en"},
	} {
		r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/s/A/plain"+c.query, nil)
		r.Header.Set("Accept-Language", c.accept)
		if got := choose(r); got != c.want {
			t.Errorf("%q with %q: %s, want %s", c.query, c.accept, got, c.want)
		}
	}
}

// TestEveryPageIsLessThan15kBAndParses: with the longest names and texts that
// can be, in all languages, whatever page of the list is asked for.
func TestEveryPageIsLessThan15kBAndParses(t *testing.T) {
	s := open(t)
	s.waiting(500, func(i int) string { return strings.Repeat("منظمة & <b>", 27) + fmt.Sprint(i) })
	s.view.Session.Title = strings.Repeat("會", 200)
	for i := range 300 {
		s.said = append(s.said, api.Segment{Seq: uint64(i + 1), State: api.SegmentFinal, Text: strings.Repeat("<é", 10+i), Speaker: api.Said{Label: strings.Repeat("д", 300)}, Start: now})
	}
	link := s.link(t, s.session, time.Hour)
	for _, tag := range tags {
		for _, query := range []string{"&page=1", "&page=13", "&page=25", "&page=99", "&page=-1&earlier=20", "&every=30&track=ar"} {
			status, body := s.get(t, "?lang="+tag+query, link)
			if status != http.StatusOK || len(body) >= MaxBytes {
				t.Errorf("%s%s: %d with %d bytes", tag, query, status, len(body))
			}
			if _, err := html.Parse(strings.NewReader(body)); err != nil {
				t.Errorf("%s%s: %v", tag, query, err)
			}
			for _, bad := range []string{"<script", "javascript:", "src=", "http://", "https://", "onclick"} {
				if strings.Contains(body, bad) {
					t.Errorf("%s%s holds %q", tag, query, bad)
				}
			}
			if strings.Contains(body, "منظمة & <b>") {
				t.Errorf("%s%s: a name is not escaped", tag, query)
			}
		}
	}
}

func TestReloadingByItselfIsAskedForAndBounded(t *testing.T) {
	s := open(t)
	for query, want := range map[string]bool{"": false, "?every=30": true, "?every=1": false, "?every=99999": false, "?every=x": false} {
		if _, body := s.get(t, query, ""); strings.Contains(body, `http-equiv="refresh"`) != want {
			t.Errorf("%q: reloads by itself: %v", query, !want)
		}
	}
}

func TestArabicReadsRightToLeft(t *testing.T) {
	s := open(t)
	if _, body := s.get(t, "?lang=ar", ""); !strings.Contains(body, `<html lang="ar" dir="rtl">`) || !strings.Contains(body, "قائمة المتكلمين") {
		t.Error(body[:300])
	}
}

// TestNumbersAreWrittenAsTheOtherPagesWriteThem: by Intl, Arabic has its own
// digits in the countries that have them, and nowhere else.
func TestNumbersAreWrittenAsTheOtherPagesWriteThem(t *testing.T) {
	s := open(t)
	s.waiting(25, func(i int) string { return fmt.Sprintf("Organisation %d", i+700) })
	s.said = []api.Segment{{Seq: 1, State: api.SegmentFinal, Text: "Article 51", Start: now}}
	link := s.link(t, s.session, time.Hour)
	for _, c := range []struct {
		lang, accept string
		want, not    []string
	}{
		{"ar", "", []string{"14:30", "list-style:decimal"}, []string{"١"}},
		{"ar", "ar-EG", []string{"١٤:٣٠", "٢٥", "تحديث كل ٣٠ ثانية", "list-style:arabic-indic", `<dd class="n">١</dd>`}, []string{"14:30", ">25<"}},
		{"ar", "en-GB, ar-EG;q=0.5", []string{"١٤:٣٠"}, []string{"14:30"}},
		{"ar", "ar-MA", []string{"14:30", "list-style:decimal"}, []string{"١"}},
		{"en", "ar-EG", []string{"14:30", "list-style:decimal"}, []string{"١"}},
		{"ar", ";;;q=ar-EG", []string{"14:30"}, []string{"١"}},
	} {
		_, body := s.get(t, "?lang="+c.lang, link, "Accept-Language", c.accept)
		// What people wrote, and addresses, stay as they are.
		for _, want := range append(c.want, "Organisation 700", "Article 51", "page=2#", `<li value="2">`, "every=30") {
			if !strings.Contains(body, want) {
				t.Errorf("%s for %q: no %q", c.lang, c.accept, want)
			}
		}
		for _, not := range c.not {
			if strings.Contains(body, not) {
				t.Errorf("%s for %q: %q is there", c.lang, c.accept, not)
			}
		}
	}
}

func TestALinkThatIsWrongOpensNothingAndSaysWhatToDo(t *testing.T) {
	s := open(t)
	s.view.Session.Modalities.PublicLive = false
	s.waiting(3, func(int) string { return "Organisation" })
	good, other := s.link(t, s.session, time.Hour), s.link(t, ids.New[ids.Session](), time.Hour)
	for name, link := range map[string]string{"none": "", "junk": "a.b.c", "another session's": other} {
		status, body := s.get(t, "", link)
		if strings.Contains(body, "Organisation") || !strings.Contains(body, `name="link"`) {
			t.Errorf("%s: %d shows the list, or no way in", name, status)
		}
		if link != "" && (status != http.StatusUnauthorized || !strings.Contains(body, english.LinkEndedDo)) {
			t.Errorf("%s: %d without what to do", name, status)
		}
		if status, _ := s.post(t, "do=check_in&entry="+s.me.Entries[0].String()+"&id="+ids.New[ids.Command]().String(), link); status != http.StatusUnauthorized {
			t.Errorf("%s: a form is answered with %d", name, status)
		}
		if status, body := s.post(t, "do=enter&link="+link, ""); status != http.StatusUnprocessableEntity || !strings.Contains(body, "role=\"alert\"") {
			t.Errorf("%s: signing in is answered with %d", name, status)
		}
	}
	if len(s.asked) != 0 {
		t.Errorf("asked %+v", s.asked)
	}
	if status, body := s.get(t, "", good); status != http.StatusOK || !strings.Contains(body, "Organisation") {
		t.Errorf("the right link: %d", status)
	}
	if status, _ := s.post(t, "do=enter&link=https://example.org/s/ABC234/speaker%23"+good, ""); status != http.StatusSeeOther {
		t.Errorf("a whole pasted link: %d", status)
	}
}

func TestAFormOfAnotherSiteIsRefused(t *testing.T) {
	s := open(t)
	s.waiting(1, func(int) string { return "Organisation" })
	link := s.link(t, s.session, time.Hour)
	form := "do=withdraw&entry=" + s.me.Entries[0].String() + "&id=" + ids.New[ids.Command]().String()
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example"}, {"Sec-Fetch-Site", "same-site"}} {
		if status, _ := s.post(t, form, link, header...); status != http.StatusForbidden {
			t.Errorf("%v: %d", header, status)
		}
	}
	if len(s.asked) != 0 {
		t.Fatalf("asked %+v", s.asked)
	}
	if status, _ := s.post(t, form, link, "Sec-Fetch-Site", "same-origin"); status != http.StatusSeeOther || len(s.asked) != 1 {
		t.Errorf("our own: %d, asked %d", status, len(s.asked))
	}
}

func TestEachFormAsksForItsVerbWithItsOwnId(t *testing.T) {
	s := open(t)
	link := s.link(t, s.session, time.Hour)
	entry, turn, part := ids.New[ids.Entry]().String(), ids.New[ids.Turn]().String(), s.view.Session.Part.String()
	for verb, want := range map[string]string{
		"check_in": `{"entry":"` + entry + `"}`, "defer": `{"entry":"` + entry + `"}`, "withdraw": `{"entry":"` + entry + `"}`, "return": `{"entry":"` + entry + `"}`,
		"begin": `{"basis":"self","turn":"` + turn + `"}`, "yield": `{"turn":"` + turn + `"}`, "join": `{"part":"` + part + `"}`,
	} {
		s.asked = nil
		id := ids.New[ids.Command]()
		status, _ := s.post(t, "do="+verb+"&entry="+entry+"&turn="+turn+"&part="+part+"&id="+id.String(), link)
		if status != http.StatusSeeOther || len(s.asked) != 1 || s.asked[0].ID != id || s.asked[0].Verb != verb || string(s.asked[0].Args) != want {
			t.Errorf("%s: %d, asked %+v", verb, status, s.asked)
		}
	}
	for _, bad := range []string{"", "do=adjourn&id=" + ids.New[ids.Command]().String(), "do=check_in&id=7", "do=check_in", "%zz", "do=enter&link=" + strings.Repeat("a", maxForm)} {
		s.asked = nil
		if status, body := s.post(t, bad, link); status < 400 || len(s.asked) != 0 || !strings.Contains(body, `role="alert"`) {
			t.Errorf("%.30q: %d, asked %+v", bad, status, s.asked)
		}
	}
	closed := problem.New(problem.WrongState, "the list is closed").Try("ask the secretariat")
	s.answer = closed
	if status, body := s.post(t, "do=join&part="+part+"&id="+ids.New[ids.Command]().String(), link); status != closed.Status() ||
		!strings.Contains(body, "the list is closed") || !strings.Contains(body, "ask the secretariat") {
		t.Errorf("a refusal is answered with %d: %s", status, body)
	}
}

func TestACodeThatNoSessionHasIsSaidInWords(t *testing.T) {
	s := open(t)
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, s.URL+"/s/NOBODY/plain", nil)
	if err != nil {
		t.Fatal(err)
	}
	if status, body := s.do(t, r, ""); status != http.StatusNotFound || !strings.Contains(body, english.NoSessionDo) {
		t.Errorf("%d: %s", status, body)
	}
}

// TestStartsAreRangesThatMoveWithALateTurn: what the running turn took beyond
// its expected end delays everybody behind it.
func TestStartsAreRangesThatMoveWithALateTurn(t *testing.T) {
	e := &api.EntryView{Reached: true, Start: &api.RangeView{Low: now.Add(720_000), High: now.Add(950_000)}}
	for late, want := range map[int64]string{0: "in 12 to 16 min", 60_000: "in 13 to 17 min"} {
		if got := english.start(e, now, late); got != want {
			t.Errorf("%d ms late: %q, want %q", late, got, want)
		}
	}
	if got := english.start(&api.EntryView{}, now, 0); got != english.NotReached {
		t.Errorf("not reached: %q", got)
	}
	s := open(t)
	s.waiting(2, func(int) string { return "Organisation" })
	turn := &api.TurnView{ID: ids.New[ids.Turn](), Entry: s.me.Entries[0], BegunAt: now.Add(-90_000), AllottedMS: 60_000}
	s.view.Turns[turn.ID], s.view.Floor = turn, api.FloorView{Turn: turn.ID, ExpectedEnd: now.Add(-30_000)}
	if late := shift(&s.view, now); late != 30_000 {
		t.Errorf("late by %d", late)
	}
	if _, body := s.get(t, "", s.link(t, s.session, time.Hour)); !strings.Contains(body, "−0:30") || !strings.Contains(body, english.YouHaveFloor) {
		t.Errorf("the holder's page: %s", body)
	}
}

// TestPagesOfATranscriptLeaveNothingOut: going back by "earlier" shows every
// caption once, however long the texts are.
func TestPagesOfATranscriptLeaveNothingOut(t *testing.T) {
	s := open(t)
	rapid.Check(t, func(r *rapid.T) {
		s.said = nil
		for i := range rapid.IntRange(0, 60).Draw(r, "captions") {
			s.said = append(s.said, api.Segment{State: api.SegmentFinal, Text: fmt.Sprintf("(%d)", i) + strings.Repeat("x", rapid.IntRange(0, 2500).Draw(r, "length"))})
		}
		p := &page{Config{Transcript: func(ids.Session, api.Audience, string) []api.Segment { return s.said }, Tracks: func(*api.View) []string { return []string{"en"} }}}
		left, steps := len(s.said), 0
		for from := 0; left > 0; steps++ {
			d := &doc{}
			p.captions(visit{language: "en", words: &english}, &s.view, d, "en", from)
			for i := len(d.Captions) - 1; i >= 0; i-- {
				left--
				if !strings.HasPrefix(d.Captions[i].Text, fmt.Sprintf("(%d)", left)) {
					r.Fatalf("caption %d is %.10q", left, d.Captions[i].Text)
				}
			}
			if from = d.Earlier; from != left || steps > len(s.said) {
				r.Fatalf("earlier is %d, want %d", from, left)
			}
		}
	})
}

// TestEveryStateOfAPageRenders: whatever a view holds, the document is whole.
func TestEveryStateOfAPageRenders(t *testing.T) {
	for _, state := range []session.EntryState{
		session.Waiting, session.OnFloor, session.Spoken, session.Standby, session.Merged, session.Gone,
		session.Raised, session.Admitted, session.Refused, session.NotReached,
	} {
		for _, phase := range []session.Phase{session.Planned, session.Running, session.Suspended, session.Adjourned} {
			s := open(t)
			s.waiting(1, func(int) string { return "Organisation" })
			e := s.view.Entries[s.me.Entries[0]]
			e.State = state
			s.view.Entries[e.ID], s.view.Session.Phase = e, phase
			s.me.Notice = &api.Notice{Kind: api.NoticeNext}
			_, body := s.get(t, "", s.link(t, s.session, time.Hour))
			if !strings.HasSuffix(strings.TrimSpace(body), "</html>") || !bytes.Contains([]byte(body), []byte(english.MyPlace)) {
				t.Errorf("%s in a session that is %s: %s", state, phase, body)
			}
		}
	}
}
