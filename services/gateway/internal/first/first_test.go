package first

import (
	"errors"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
)

const page = `<html lang="en" dir="ltr"><head></head><body><div id="app"></div></body></html>`

const built1 = `{"texts":{"en":{"floor.has":"Has the floor","floor.called":"Called","floor.free":"Nobody has the floor","floor.not_started":"Not yet",
"floor.point":"Point of order","captions.title":"Captions","captions.none":"There are none.","captions.waiting":"No words yet.","captions.chair":"Chair",
"captions.redacted":"[removed]","captions.unknown":"Speaker","live.next":"Next speakers","list.empty":"Nobody waits.","line.loading":"Connecting…","phase.running":"Running"},
"ar":{"floor.has":"له الكلمة","live.next":"المتكلمون التالون"}},
"load":{"live":{"en":["/assets/common-1.js"],"ar":["/assets/common-2.js"]}}}`

// hall is a session that the tests change.
type hall struct {
	id     ids.Session
	view   api.View
	said   []api.Segment
	looked int
	now    time.Time
	broken error
}

func newHall() *hall {
	h := &hall{id: ids.New[ids.Session](), now: time.Unix(1_000_000, 0)}
	h.view = api.View{
		Session: api.SessionView{ID: h.id, Title: "Consultation <b>on</b> rules", Phase: session.Running},
		Entries: map[ids.Entry]api.EntryView{}, Parts: map[ids.Part]*api.PartView{}, Lists: map[ids.Part][]ids.Entry{},
		Turns: map[ids.Turn]*api.TurnView{}, Tracks: map[string]api.TrackView{},
	}
	h.view.Session.Modalities.PublicLive = true
	return h
}

// enter adds an entry of an organisation.
func (h *hall) enter(organisation string) ids.Entry {
	id := ids.New[ids.Entry]()
	h.view.Entries[id] = api.EntryView{ID: id, Organisation: organisation, Group: "academia", Region: "unspecified"}
	return id
}

// give gives an entry the floor.
func (h *hall) give(entry ids.Entry, begun clock.Instant) {
	turn := ids.New[ids.Turn]()
	h.view.Turns[turn] = &api.TurnView{ID: turn, Entry: entry, BegunAt: begun}
	h.view.Floor.Turn = turn
}

func (h *hall) writer(t *testing.T) *Writer {
	t.Helper()
	w, err := New(fstest.MapFS{"first.json": {Data: []byte(built1)}}, Config{
		ByCode: func(code string) (ids.Session, bool) { return h.id, code == "ABC123" },
		Look:   func(ids.Session) (api.View, error) { h.looked++; return h.view, h.broken },
		Captions: func(_ ids.Session, track string) []api.Segment {
			if track != "en" {
				return nil
			}
			return h.said
		},
		Brief:  func(ids.Session) (any, error) { return map[string]string{"title": h.view.Session.Title}, nil },
		Now:    func() time.Time { return h.now },
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// show gives the page as a browser of a language gets it.
func show(w *Writer, name, code, accept string) string {
	r := httptest.NewRequest(http.MethodGet, "/s/"+code+"/"+name, nil)
	r.SetPathValue("code", code)
	r.Header.Set("Accept-Language", accept)
	return string(w.Fill(name, []byte(page), r))
}

func TestTheFirstPaintShowsTheFloorTheListAndTheLastWords(t *testing.T) {
	h := newHall()
	part := ids.New[ids.Part]()
	h.view.Agenda, h.view.Parts[part] = []ids.Part{part}, &api.PartView{ID: part, HasList: true}
	for _, name := range []string{"First", "Second", "Third", "Fourth", "Fifth", "Sixth"} {
		h.view.Lists[part] = append(h.view.Lists[part], h.enter(name))
	}
	h.give(h.enter("Company & Sons"), 5)
	h.view.Tracks["en"] = api.TrackView{}
	h.said = []api.Segment{
		{State: "final", Text: "It begins.", Speaker: api.Said{Chair: true, Label: "Chair"}},
		{State: api.SegmentRetracted, Text: "taken back"},
		{State: "final", Text: "One.", Speaker: api.Said{Label: "Company & Sons"}},
		{State: api.SegmentRedacted, Speaker: api.Said{Label: "Company & Sons"}},
	}
	got := show(h.writer(t), "live", "ABC123", "en")
	for _, wanted := range []string{
		"Has the floor", "Company &amp; Sons", "academia", "Running", "<li><bdi>Fifth</bdi></li>", "Consultation &lt;b&gt;on&lt;/b&gt; rules",
		"It begins.", "One. [removed]", `lang="en"`, "Connecting…", `href="/assets/common-1.js"`, `data-brief="`, `<noscript>`, `href="plain?lang=en"`,
	} {
		if !strings.Contains(got, wanted) {
			t.Errorf("the first paint lacks %q:\n%s", wanted, got)
		}
	}
	for _, unwanted := range []string{"Sixth", "taken back", "unspecified", "<b>", "<script"} {
		if strings.Contains(got, unwanted) {
			t.Errorf("the first paint has %q:\n%s", unwanted, got)
		}
	}
}

func TestEveryStateOfTheFloorIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		change func(h *hall)
		wanted string
	}{
		"called":      {func(h *hall) { h.give(h.enter("A"), 0) }, "Called"},
		"speaking":    {func(h *hall) { h.give(h.enter("A"), 7) }, "Has the floor"},
		"free":        {func(*hall) {}, "Nobody has the floor"},
		"not started": {func(h *hall) { h.view.Session.Phase = session.Planned }, "Not yet"},
		"a point":     {func(h *hall) { h.give(h.enter("A"), 7); h.view.Floor.Point = h.enter("B") }, "Point of order"},
		"no track":    {func(*hall) {}, "There are none."},
		"no words":    {func(h *hall) { h.view.Tracks["fr"] = api.TrackView{} }, "No words yet."},
		"nobody":      {func(*hall) {}, "Nobody waits."},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHall()
			c.change(h)
			if got := show(h.writer(t), "live", "ABC123", "en"); !strings.Contains(got, c.wanted) {
				t.Errorf("no %q in %s", c.wanted, got)
			}
		})
	}
}

func TestASessionThatIsNotPublicGivesNothingAway(t *testing.T) {
	h := newHall()
	h.view.Session.Modalities.PublicLive = false
	h.give(h.enter("Secret Company"), 5)
	if got := show(h.writer(t), "live", "ABC123", "en"); strings.Contains(got, "Secret Company") || strings.Contains(got, `id="first"`) {
		t.Errorf("it is written all the same: %s", got)
	}
}

func TestWhatIsNotKnownChangesNothing(t *testing.T) {
	h := newHall()
	w := h.writer(t)
	if got := show(w, "live", "XXXXXX", "en"); strings.Contains(got, "first") || strings.Contains(got, "data-brief") {
		t.Errorf("no session has this code: %s", got)
	}
	if got := show(w, "chair", "ABC123", "en"); strings.Contains(got, `id="first"`) {
		t.Errorf("only the live page has a first paint: %s", got)
	}
	h.broken = errors.New("not folded")
	if got := show(w, "live", "ABC123", "en"); strings.Contains(got, `id="first"`) || !strings.Contains(got, `<div id="app"`) {
		t.Errorf("without a view the page comes as it is: %s", got)
	}
	bare, err := New(fstest.MapFS{}, w.Config)
	if err != nil {
		t.Fatal(err)
	}
	if got := show(bare, "live", "XXXXXX", "en"); got != page {
		t.Errorf("pages that were built without first.json were changed: %s", got)
	}
	if _, err := New(fstest.MapFS{"first.json": {Data: []byte("{")}}, w.Config); err == nil {
		t.Error("a broken first.json was taken")
	}
}

func TestTheBriefInThePageIsTheBrief(t *testing.T) {
	got := show(newHall().writer(t), "chair", "ABC123", "en")
	_, rest, _ := strings.Cut(got, `data-brief="`)
	text, _, _ := strings.Cut(rest, `"`)
	if html.UnescapeString(text) != `{"title":"Consultation \u003cb\u003eon\u003c/b\u003e rules"}` {
		t.Errorf("the page carries %q", text)
	}
}

func TestTheLanguageIsThePagesOwnChoice(t *testing.T) {
	for _, c := range []struct{ query, cookie, accept, wanted string }{
		{"", "", "", "en"},
		{"", "", "ar-EG,ar;q=0.9", "ar"},
		{"", "fr", "ar", "fr"},
		{"?lang=ru", "fr", "ar", "ru"},
		{"?lang=xx", "", "zh-TW", "zh"},
		{"?lang=e", "\"", "de", "en"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/s/ABC123/live"+c.query, nil)
		r.Header.Set("Accept-Language", c.accept)
		if c.cookie != "" {
			r.AddCookie(&http.Cookie{Name: LanguageCookie, Value: c.cookie})
		}
		if got := choose(r); got != c.wanted {
			t.Errorf("%+v: %s", c, got)
		}
	}
	if got := show(newHall().writer(t), "live", "ABC123", "ar"); !strings.Contains(got, `<html lang="ar" dir="rtl">`) || !strings.Contains(got, "common-2.js") {
		t.Errorf("the page is not in Arabic: %s", got)
	}
}

func TestAHallThatComesAtOnceCostsOneViewASecond(t *testing.T) {
	h := newHall()
	w := h.writer(t)
	for range 100 {
		show(w, "live", "ABC123", "en")
	}
	if h.looked != 1 {
		t.Errorf("100 requests in a moment took %d views", h.looked)
	}
	h.view.Session.Title, h.now = "Another title", h.now.Add(fresh)
	if got := show(w, "live", "ABC123", "en"); !strings.Contains(got, "Another title") || len(w.known) != 1 {
		t.Errorf("after %v it is not made anew, or the old one is kept: %d", fresh, len(w.known))
	}
}
