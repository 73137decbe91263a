// Package first writes what a page shows before its scripts are there: into the
// page's HTML, as the gateway sends it.
//
// Guarantee: on a slow line the live page can be read after one round trip,
// where the modalities let everybody follow; what is written is the public
// view, whoever asks, and no more than the page itself shows next; a session
// that is not public gives away nothing but what its code gives anyway; a
// browser without script is led to the plain page; nothing here is a script
// (content security policy), and every name is escaped.
//
// What the page will ask for is named as well (modulepreload), so that the
// browser fetches the texts of its language together with the scripts, and the
// session's short description lies in the page, so that it need not be asked for.
package first

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/language"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
)

const (
	// app is where a page's scripts put the page; the first paint stands before it.
	app = `<div id="app"></div>`
	// LanguageCookie holds the language that the reader chose on a page. It is
	// the only thing that a page says of its reader, and names nobody.
	LanguageCookie = "fairfloor_language"
	// listed is how many of those who wait are shown, as on the live page.
	listed = 5
	// spoken is how much of the captions is written, in bytes: a screen of a phone.
	spoken = 900
	// fresh is for how long a session's first paint serves everybody who asks: a
	// hall that opens the page at once costs one view a second, not thousands.
	fresh = time.Second
)

//go:embed first.html
var source string

var layout = template.Must(template.New("first").Parse(source))

// noScript leads a browser without script to the plain page.
var noScript = map[string]string{
	"ar": "هذه الصفحة تحتاج إلى البرمجة النصية. افتح الصفحة البسيطة التي لا تحتاج إليها.",
	"zh": "本页面需要启用脚本。请打开无需脚本的简易页面。",
	"en": "This page needs scripts. Open the plain page, which needs none.",
	"fr": "Cette page a besoin de scripts. Ouvrir la page simple, qui n’en a pas besoin.",
	"ru": "Для этой страницы нужны скрипты. Откройте простую страницу, которой они не нужны.",
	"es": "Esta página necesita scripts. Abrir la página sencilla, que no los necesita.",
}

// Config is what first paints are made of.
type Config struct {
	// ByCode finds a session by its six characters.
	ByCode func(code string) (ids.Session, bool)
	// Look gives the public view of a session.
	Look func(s ids.Session) (api.View, error)
	// Captions gives the finals of a track as everybody may read them; nil where there are none.
	Captions func(s ids.Session, track string) []api.Segment
	// Brief gives what a session's code tells whoever has it.
	Brief func(s ids.Session) (any, error)
	// SignIn reports whether staff may sign in at their organisation's provider.
	SignIn bool
	// Now is I/O time.
	Now    func() time.Time
	Logger *slog.Logger
}

// built is what the pages' build wrote for the gateway (vite.pages.ts).
type built struct {
	// Texts by language and key; Load are the files of texts by page and language.
	Texts map[string]map[string]string   `json:"texts"`
	Load  map[string]map[string][]string `json:"load"`
}

// Writer fills pages.
type Writer struct {
	Config
	built built

	mu    sync.Mutex
	known map[string]kept
}

// kept is a first paint that serves for a moment.
type kept struct {
	at   time.Time
	html []byte
}

// New reads what the build left in files. Pages that were built without it are
// served as they are.
func New(files fs.FS, c Config) (*Writer, error) {
	w := &Writer{Config: c, known: map[string]kept{}}
	raw, err := fs.ReadFile(files, "first.json")
	if errors.Is(err, fs.ErrNotExist) {
		return w, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &w.built)
	}
	if err != nil {
		return nil, fmt.Errorf("first.json of the pages: %w", err)
	}
	return w, nil
}

// doc is what the template shows.
type doc struct {
	T                   map[string]string
	Title, Phase, State string
	Holder, Labels      string
	Turn                bool
	Track, Said         string
	Captions            []caption
	Silent              string
	Waiting             []string
	Listed              bool
}

type caption struct{ Who, Text string }

// Fill gives a page with what it can show at once. A page of which nothing is
// known comes back as it was.
func (w *Writer) Fill(name string, page []byte, r *http.Request) []byte {
	tongue := choose(r)
	code := r.PathValue("code")
	id, known := ids.Session{}, false
	if code != "" {
		id, known = w.ByCode(code)
	}
	var head, before bytes.Buffer
	for _, file := range w.built.Load[name][tongue] {
		fmt.Fprintf(&head, `<link rel="modulepreload" crossorigin href="%s">`, template.HTMLEscapeString(file))
	}
	var more string
	if w.SignIn {
		more = " data-sign-in"
	}
	if known {
		if name != "index" {
			// Relative, so that a path in front of ours (a proxy's) stays.
			fmt.Fprintf(&before, `<noscript><p class="note"><a href="plain?lang=%s">%s</a></p></noscript>`, tongue, noScript[tongue])
		}
		if brief, err := w.Brief(id); err == nil {
			if raw, err := json.Marshal(brief); err == nil {
				more += fmt.Sprintf(` data-brief="%s"`, template.HTMLEscapeString(string(raw)))
			}
		}
		if name == "live" {
			before.Write(w.paint(id, tongue))
		}
	}
	page = bytes.Replace(page, []byte("</head>"), append(head.Bytes(), "</head>"...), 1)
	page = bytes.Replace(page, []byte(app), fmt.Appendf(before.Bytes(), `<div id="app"%s></div>`, more), 1)
	if _, ok := w.built.Texts[tongue]; ok {
		page = bytes.Replace(page, []byte(`<html lang="en" dir="ltr">`), fmt.Appendf(nil, `<html lang="%s" dir="%s">`, tongue, direction(tongue)), 1)
	}
	return page
}

// direction is in which a language is written.
func direction(tongue string) string {
	if tongue == "ar" {
		return "rtl"
	}
	return "ltr"
}

// paint gives the live page's first paint, or nothing.
func (w *Writer) paint(id ids.Session, tongue string) []byte {
	key, now := id.String()+tongue, w.Now()
	w.mu.Lock()
	last, ok := w.known[key]
	w.mu.Unlock()
	if ok && now.Sub(last.at) < fresh {
		return last.html
	}
	html := w.make(id, tongue)
	w.mu.Lock()
	defer w.mu.Unlock()
	for other, one := range w.known {
		if now.Sub(one.at) >= fresh {
			delete(w.known, other)
		}
	}
	w.known[key] = kept{now, html}
	return html
}

func (w *Writer) make(id ids.Session, tongue string) []byte {
	texts := w.built.Texts[tongue]
	seen, err := w.Look(id)
	if err != nil || texts == nil || !seen.Session.Modalities.PublicLive {
		return nil
	}
	d := document(&seen, texts)
	if w.Captions != nil {
		d.captions(&seen, tongue, func(track string) []api.Segment { return w.Captions(id, track) })
	}
	var out bytes.Buffer
	if err := layout.Execute(&out, d); err != nil {
		// The page itself comes all the same.
		w.Logger.Error("the first paint cannot be written", "session", id.String(), "error", err)
		return nil
	}
	return out.Bytes()
}

// document shows a session as the live page does.
func document(seen *api.View, texts map[string]string) *doc {
	d := &doc{T: texts, Title: seen.Session.Title, Phase: texts["phase."+string(seen.Session.Phase)]}
	turn, point := seen.Turns[seen.Floor.Turn], seen.Floor.Point
	switch {
	case !point.IsZero():
		d.State, d.Holder, d.Turn = texts["floor.point"], seen.Entries[point].Organisation, turn != nil
	case turn != nil:
		entry := seen.Entries[turn.Entry]
		d.State, d.Holder, d.Turn = texts["floor.has"], entry.Organisation, true
		d.Labels = labels(entry)
		if turn.BegunAt.IsZero() {
			d.State = texts["floor.called"]
		}
	default:
		d.State = texts["floor.title"]
		d.Holder = texts[map[session.Phase]string{
			session.Planned: "floor.not_started", session.Suspended: "floor.suspended", session.Adjourned: "floor.adjourned",
		}[seen.Session.Phase]]
		if d.Holder == "" {
			d.Holder = texts["floor.free"]
		}
	}
	d.Listed = seen.Session.Phase != session.Adjourned
	for _, waiting := range seen.Lists[part(seen)] {
		if len(d.Waiting) == listed {
			break
		}
		d.Waiting = append(d.Waiting, seen.Entries[waiting].Organisation)
	}
	return d
}

// labels are an entry's group and region, where it said so.
func labels(entry api.EntryView) string {
	said := slices.DeleteFunc([]string{entry.Group, entry.Region}, func(l string) bool { return l == "" || l == "unspecified" })
	return strings.Join(said, " · ")
}

// part is the one whose list is shown: the running one's, or the next that has one.
func part(seen *api.View) ids.Part {
	at := max(0, slices.Index(seen.Agenda, seen.Session.Part))
	for _, id := range seen.Agenda[min(at, len(seen.Agenda)):] {
		if p := seen.Parts[id]; p != nil && p.HasList {
			return id
		}
	}
	return ids.Part{}
}

// captions writes the end of the track that the reader's page will choose.
func (d *doc) captions(seen *api.View, tongue string, of func(track string) []api.Segment) {
	d.Silent = d.T["captions.none"]
	var tracks []string
	for tag := range seen.Tracks {
		tracks = append(tracks, tag)
	}
	if len(tracks) == 0 {
		return
	}
	slices.Sort(tracks)
	d.Silent, d.Track = d.T["captions.waiting"], tracks[0]
	for _, wish := range append(slices.Clone(seen.Session.Languages), tongue) {
		// The last wish is the strongest.
		if slices.Contains(tracks, wish) {
			d.Track = wish
		}
	}
	size := 0
	for _, s := range slices.Backward(of(d.Track)) {
		if s.State == api.SegmentRetracted {
			continue
		}
		one := caption{Who: s.Speaker.Label, Text: s.Text}
		if s.State == api.SegmentRedacted {
			one.Text = d.T["captions.redacted"]
		}
		switch {
		case s.Speaker.Chair && (one.Who == "" || one.Who == "Chair"):
			one.Who = d.T["captions.chair"]
		case one.Who == "":
			one.Who = d.T["captions.unknown"]
		}
		if size += len(one.Text); size > spoken && len(d.Captions) > 0 {
			break
		}
		if n := len(d.Captions); n > 0 && d.Captions[n-1].Who == one.Who {
			d.Captions[n-1].Text = one.Text + " " + d.Captions[n-1].Text
			continue
		}
		d.Captions = append(d.Captions, one)
	}
	slices.Reverse(d.Captions)
}

var (
	tongues = []language.Tag{language.English, language.Arabic, language.Chinese, language.French, language.Russian, language.Spanish}
	matcher = language.NewMatcher(tongues)
)

// choose gives the language of a page as the page itself will: what the address
// asks for, what was chosen before, what the browser prefers, English.
func choose(r *http.Request) string {
	wishes := []string{r.URL.Query().Get("lang")}
	if cookie, err := r.Cookie(LanguageCookie); err == nil {
		wishes = append(wishes, cookie.Value)
	}
	for _, wish := range wishes {
		if len(wish) > 1 && slices.ContainsFunc(tongues, func(t language.Tag) bool { return t.String() == wish[:2] }) {
			return wish[:2]
		}
	}
	_, index := language.MatchStrings(matcher, r.Header.Get("Accept-Language"))
	return tongues[index].String()
}
