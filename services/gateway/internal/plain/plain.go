// Package plain is the page without script: /s/CODE/plain, for any browser, a
// text browser, a phone that blocks scripts, and whoever sits behind a proxy
// that breaks websockets or holds answers back.
//
// Guarantee: every answer is one whole document of less than MaxBytes, which
// nothing need be added to; it is a view of the same log, for the same audience,
// as the other pages; a form that is sent twice acts once, since each carries
// its command's id; identity comes from the token alone, which lies in a cookie
// that no script can read and no other site can send. Nothing reloads by itself
// unless the reader asked for it (WCAG 2.2.1).
package plain

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/token"
	"github.com/fairfloor/fairfloor/services/gateway/internal/said"
)

// MaxBytes is more than any page has, uncompressed.
const MaxBytes = 15_000

// maxForm bounds what a form may send, in bytes: a pasted link is the longest.
const maxForm = 16 << 10

// Config is what the page is made of.
type Config struct {
	// ByCode finds a session by its six characters.
	ByCode func(code string) (ids.Session, bool)
	Tokens *token.Authority
	// Look gives the view of a session as an actor's audience sees it, and what is
	// personal to the actor.
	Look func(s ids.Session, actor events.Actor, audience api.Audience) (api.View, api.Me, error)
	// Now is session time.
	Now func(s ids.Session) clock.Instant
	// Do sends a command and returns when the view shows what it did.
	Do func(ctx context.Context, s ids.Session, actor events.Actor, frame api.CommandFrame) (command.Receipt, error)
	// Tracks names the tracks of a session's transcript in a stable order, and
	// Transcript gives the finals of one; nil where there is no transcript.
	Tracks     func(seen *api.View) []string
	Transcript func(s ids.Session, audience api.Audience, track string) []api.Segment
	// Secure says that links begin with https.
	Secure bool
	Logger *slog.Logger
}

// page is the handler with its configuration.
type page struct{ Config }

// Mount serves the page on mux.
func Mount(mux *http.ServeMux, c Config) {
	p := &page{c}
	// A form of another site is refused whatever its cookies (Fetch metadata, or Origin).
	guard := http.NewCrossOriginProtection()
	mux.HandleFunc("GET /s/{code}/plain", p.show)
	mux.Handle("POST /s/{code}/plain", guard.Handler(http.HandlerFunc(p.act)))
}

// visit is one request that found its session.
type visit struct {
	code     string
	session  ids.Session
	claims   token.Claims
	known    bool // the cookie holds a good token
	words    *words
	language string
	numerals numerals
	// refused is shown above everything else.
	refused *problem.Error
	done    string
}

// own is a refusal of the page itself, in the reader's language already.
func own(code problem.Code, why, do string) *problem.Error {
	return &problem.Error{Code: code, Detail: why, Do: do}
}

// enter finds the session and who asks; ok is false when an answer was given.
func (p *page) enter(w http.ResponseWriter, r *http.Request) (v visit, ok bool) {
	v.language = choose(r)
	v.words, v.numerals = catalogue[v.language], numeralsOf(r, v.language)
	v.code = r.PathValue("code")
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.language)
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Cookie, Accept-Language")
	if v.session, ok = p.ByCode(v.code); !ok {
		p.write(w, http.StatusNotFound, nothing(v))
		return v, false
	}
	if cookie, err := r.Cookie(cookieName(v.code)); err == nil {
		claims, err := p.Tokens.Enter(cookie.Value, v.session)
		if err == nil {
			v.claims, v.known = claims, true
		} else {
			v.refused = own(problem.Unauthorised, v.words.LinkEnded, v.words.LinkEndedDo)
		}
	}
	if !v.known {
		v.claims = token.Claims{Session: v.session, Subject: "visitor", Roles: []events.Role{events.Observer}, Audience: token.ForPublic}
	}
	return v, true
}

// show answers a GET.
func (p *page) show(w http.ResponseWriter, r *http.Request) {
	v, ok := p.enter(w, r)
	if !ok {
		return
	}
	v.done = r.URL.Query().Get("done")
	p.render(w, r, http.StatusOK, v)
}

// render shows the session to the visit.
func (p *page) render(w http.ResponseWriter, r *http.Request, status int, v visit) {
	seen, me, err := p.Look(v.session, v.claims.Actor(), v.claims.Audience)
	if err != nil {
		refusal := problem.From(err)
		p.write(w, refusal.Status(), p.alone(v, refusal))
		return
	}
	if !v.known && !seen.Session.Modalities.PublicLive {
		if v.refused != nil {
			status = v.refused.Status()
		}
		p.write(w, status, p.alone(v, v.refused))
		return
	}
	query := r.URL.Query()
	d := document(v, &seen, &me, p.Now(v.session))
	d.Every, _ = strconv.Atoi(query.Get("every"))
	if d.Every < leastReload || d.Every > mostReload {
		d.Every = 0
	}
	listed, _ := strconv.Atoi(query.Get("page"))
	d.list(&seen, listed)
	if p.Transcript != nil {
		earlier, _ := strconv.Atoi(query.Get("earlier"))
		p.captions(v, &seen, d, query.Get("track"), earlier)
	}
	p.write(w, status, d)
}

// write renders a document whole before the first byte leaves.
func (p *page) write(w http.ResponseWriter, status int, d *doc) {
	if d.Refused != nil {
		d.Why, d.How = said.Why(d.Language, d.Refused), said.How(d.Language, d.Refused)
	}
	var body bytes.Buffer
	if err := layout.Execute(&body, d); err != nil {
		p.Logger.Error("the plain page cannot be rendered", "error", err)
		http.Error(w, "Internal error. Reload the page.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes())
}

// acts are what the forms of this page ask for; each takes the entry but join.
var acts = map[string]bool{"check_in": true, "withdraw": true, "defer": true, "return": true, "yield": true, "begin": true, "join": true}

// act answers a POST: it signs in or out, or sends a command, and leads back to
// the page, so that reloading sends nothing again.
func (p *page) act(w http.ResponseWriter, r *http.Request) {
	v, ok := p.enter(w, r)
	if !ok {
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		v.refused = own(problem.TooLarge, v.words.NotRead, v.words.Reload)
		p.render(w, r, http.StatusRequestEntityTooLarge, v)
		return
	}
	switch do := r.PostForm.Get("do"); {
	case do == "enter":
		p.signIn(w, r, v)
	case do == "leave":
		http.SetCookie(w, p.cookie(v.code, "", -1))
		p.back(w, v, "")
	case acts[do]:
		if !v.known {
			v.refused = own(problem.Unauthorised, v.words.NeedLink, v.words.NeedLinkDo)
			p.render(w, r, http.StatusUnauthorized, v)
			return
		}
		if refusal := p.send(r, v, do); refusal != nil {
			v.refused = refusal
			p.render(w, r, refusal.Status(), v)
			return
		}
		p.back(w, v, do)
	default:
		v.refused = own(problem.Invalid, v.words.NotRead, v.words.Reload)
		p.render(w, r, http.StatusUnprocessableEntity, v)
	}
}

// signIn keeps the token of a pasted link.
func (p *page) signIn(w http.ResponseWriter, r *http.Request, v visit) {
	text := strings.TrimSpace(r.PostForm.Get("link"))
	// The whole link, or what stands behind its #.
	if i := strings.LastIndexByte(text, '#'); i >= 0 {
		text = text[i+1:]
	}
	if _, err := p.Tokens.Enter(text, v.session); err != nil {
		v.refused = own(problem.Invalid, v.words.LinkWrong, v.words.LinkEndedDo)
		p.render(w, r, http.StatusUnprocessableEntity, v)
		return
	}
	http.SetCookie(w, p.cookie(v.code, text, 0))
	p.back(w, v, "")
}

// send makes the command of a form; nil when it was accepted.
func (p *page) send(r *http.Request, v visit, verb string) *problem.Error {
	id, err := ids.Parse[ids.Command](r.PostForm.Get("id"))
	if err != nil || id.IsZero() {
		return own(problem.Invalid, v.words.NotRead, v.words.Reload)
	}
	args := map[string]string{}
	frame := api.CommandFrame{ID: id, Verb: verb}
	switch verb {
	case "join":
		if part := r.PostForm.Get("part"); part != "" {
			args["part"] = part
		}
	case "yield", "begin":
		args["turn"] = r.PostForm.Get("turn")
		if verb == "begin" {
			args["basis"] = string(events.BySelf)
		}
	default:
		args["entry"] = r.PostForm.Get("entry")
	}
	if frame.Args, err = json.Marshal(args); err != nil {
		return problem.From(err)
	}
	receipt, err := p.Do(r.Context(), v.session, v.claims.Actor(), frame)
	if err == nil && len(receipt.Problem) > 0 {
		var refusal problem.Error
		if err := json.Unmarshal(receipt.Problem, &refusal); err != nil {
			return problem.From(err)
		}
		if refusal.Code == problem.Reused {
			// A form of a page that was gone back to.
			return own(problem.Reused, v.words.NotRead, v.words.Reload)
		}
		return &refusal
	}
	if err != nil {
		return problem.From(err)
	}
	return nil
}

// back leads to the page again (RFC 9110, 303 See Other).
func (p *page) back(w http.ResponseWriter, v visit, done string) {
	// Relative, so that a path in front of ours (a proxy's) stays.
	target := "plain?lang=" + v.language
	if done != "" {
		target += "&done=" + done
	}
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusSeeOther)
}

func cookieName(code string) string { return "fairfloor_" + strings.ToUpper(code) }

// cookie holds the token for this page of this session alone. It ends with the
// browser, as the other pages' storage does.
func (p *page) cookie(code, value string, age int) *http.Cookie {
	return &http.Cookie{
		Name: cookieName(code), Value: value, Path: "/", MaxAge: age,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: p.Secure,
	}
}
