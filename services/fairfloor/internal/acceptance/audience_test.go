package acceptance

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// The markers stand in every field that is private: in no letter of what they
// do not belong to may one be found.
const (
	markName   = "Zyxwvut Markername"
	markEmail  = "zyxwvut@marker.example"
	markPhone  = "+41 79 000 99 11"
	markPostal = "Zyxwvutstrasse 99"
	markNeeds  = "zyxwvut-needs"
	markSay    = "ZIX-vut"
	markForm   = "H.E. Zyx"
	markReason = "zyxwvut-reason"
	markText   = "zyxwvut-statement"
)

// markers of what only the store that can forget may hold; the name, form and
// saying of a name are shown to chair and booth besides.
var markers = []string{markName, markEmail, markPhone, markPostal, markNeeds, markSay, markForm, markReason, markText}

// recorder keeps every byte that a websocket was sent.
type recorder struct {
	w    *websocket.Conn
	done chan struct{}
	mu   sync.Mutex
	text strings.Builder
	seq  uint64
	news chan struct{}
}

// record connects and keeps every frame.
func (s *stand) record(bearer string, audience api.Audience) *recorder {
	s.t.Helper()
	r := &recorder{w: s.dial(), done: make(chan struct{}), news: make(chan struct{}, 1)}
	hello, err := json.Marshal(api.Hello{Type: api.FrameHello, Token: bearer, Audience: audience})
	s.must(err)
	s.must(r.w.WriteMessage(websocket.TextMessage, hello))
	go func() {
		defer close(r.done)
		for {
			_, raw, err := r.w.ReadMessage()
			if err != nil {
				return
			}
			var frame struct {
				Type string `json:"type"`
				Seq  uint64 `json:"seq"`
			}
			_ = json.Unmarshal(raw, &frame)
			r.mu.Lock()
			r.text.Write(raw)
			if frame.Type == api.FrameSnapshot || frame.Type == api.FramePatch {
				r.seq = frame.Seq
			}
			r.mu.Unlock()
			select {
			case r.news <- struct{}{}:
			default:
			}
		}
	}()
	s.t.Cleanup(func() {
		_ = r.w.Close()
		<-r.done
	})
	return r
}

// upTo waits until a view of a log position was sent, and gives all so far.
func (r *recorder) upTo(t *testing.T, seq uint64) string {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		r.mu.Lock()
		at, text := r.seq, r.text.String()
		r.mu.Unlock()
		if at >= seq {
			return text
		}
		select {
		case <-r.news:
		case <-r.done:
			t.Fatalf("the line ended: %.300s", text)
		case <-deadline:
			t.Fatalf("the view stands at %d, not %d", at, seq)
		}
	}
}

// read gets a path with a token, whatever the answer.
func (s *stand) read(bearer, path string) (int, string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.ctx, http.MethodGet, s.app.URL()+path, nil)
	s.must(err)
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	response, err := http.DefaultClient.Do(request)
	s.must(err)
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	s.must(err)
	return response.StatusCode, string(raw)
}

// Decisions 29: a table of field and audience, tested by searching every
// surface. Markers in every private field; every surface of the public's and the
// participants' audience, of a visitor and of an observer with a link.
func TestNoSurfaceOfPublicOrParticipantsShowsAPrivateField(t *testing.T) {
	s := start(t, setup{applicants: 4, listOpen: true})
	chair := s.as(events.Chair, 0)
	person := made[ids.Person](t, s.ask("add_person", nil, command.AddPerson{
		Applicant: s.applicants[0], Roles: []events.Role{events.Speaker}, Value: &command.PersonValue{
			Name: markName, FormOfAddress: markForm, Pronunciation: markSay, Email: markEmail, Phone: markPhone, Postal: markPostal,
			AccessNeeds: markNeeds, AccessSeconds: 37,
		},
	}), "person")
	text := made[ids.Text](t, s.ask("file_text", nil, command.FileText{
		Applicant: s.applicants[0], Part: s.part, Language: "en", Visibility: events.OwnerOnly, Content: markText,
	}), "text")

	// Who watches while it happens: snapshots, patches, notices, presence.
	tokens := map[string]string{
		"visitor": "", "observer": s.link(command.Invite{Roles: []events.Role{events.Observer}}).Token,
		"participant": s.speaker(1),
	}
	watching := map[string]*recorder{}
	for name, bearer := range tokens {
		watching[name] = s.record(bearer, "")
	}
	watching["chair, narrowed to public"] = s.record(chair.Token, api.ForPublic)
	wide := s.record(chair.Token, "")

	s.ask("join", nil, command.Join{Part: s.part, Applicant: s.applicants[0], Delegate: person})
	second, third := s.join(1), s.join(2)
	s.askAs(chair, "move", states(s.view(), third, second), command.Move{Entry: third, Before: second}, markReason)
	s.ask0("start_session")
	on := s.next(chair)
	s.askAs(chair, "begin", turn(on), command.Begin{Turn: on}, "")
	s.askAs(chair, "prompt", turn(on), command.PromptArgs{Turn: on, Kind: events.SlowDown}, "")
	s.askAs(chair, "withdraw_floor", turn(on), command.TurnRef{Turn: on}, markReason)
	s.ask("excuse", nil, command.EntryRef{Entry: second})
	r := s.askAs(chair, "adjourn", &command.Expect{Plan: s.view().Plan.Digest}, command.None{}, markReason)
	s.quiet()

	surfaces := map[string]string{}
	for name, w := range watching {
		surfaces["websocket of the "+name] = w.upTo(t, r.Seq)
	}
	for name, bearer := range tokens {
		for _, path := range []string{s.path(""), s.path("/heads"), s.path("/log"), s.path("/texts/" + text.String()), "/api/v1/sessions"} {
			status, body := s.read(bearer, path)
			surfaces[name+", "+path] = body
			switch {
			case strings.HasSuffix(path, "/log") && status != http.StatusForbidden && status != http.StatusUnauthorized:
				t.Errorf("%s: the log's export is answered with %d", name, status)
			case strings.Contains(path, "/texts/") && status != http.StatusForbidden:
				t.Errorf("%s: a text that is its owner's alone is answered with %d", name, status)
			}
		}
		if status, body := s.read(bearer, s.path("?audience=chair")); status < 400 {
			t.Errorf("%s: the chair's audience is answered with %d: %.100s", name, status, body)
		}
	}
	for _, path := range []string{"/metrics", "/openapi.json", "/asyncapi.json", "/healthz", "/readyz", "/api/v1/codes/" + s.view().Session.Code} {
		status, body := s.read("", path)
		if status != http.StatusOK {
			t.Errorf("%s: %d", path, status)
		}
		surfaces[path] = body
	}
	surfaces["the process's log lines"] = s.lines.text()
	for where, body := range surfaces {
		for _, mark := range markers {
			if strings.Contains(body, mark) {
				t.Errorf("%s shows %q", where, mark)
			}
		}
		if strings.HasPrefix(where, "websocket") || strings.HasSuffix(where, s.session.String()) {
			// What stands in ids and numbers alone: who, why, what can be undone.
			for _, field := range []string{`"excused":`, `"undo":`, `"delegate":`, `"presence":"`, `"use_ppm":`, `"digest":"`, `"acts":[{`, `"persons":{"`} {
				if strings.Contains(body, field) && body != "" {
					if field == `"use_ppm":` && strings.Contains(body, `"use_ppm":0`) {
						continue // the field is there and empty
					}
					if field == `"digest":"` && strings.Contains(body, `"digest":""`) {
						continue
					}
					t.Errorf("%s shows the member %s", where, field)
				}
			}
		}
	}
	// The control: the chair's side sees the name, and nobody the contacts.
	control := wide.upTo(t, r.Seq)
	if !strings.Contains(control, markName) || !strings.Contains(control, `"acts":[{`) {
		t.Error("the chair does not see the delegate's name: the search above proves nothing")
	}
	for _, mark := range []string{markEmail, markPhone, markPostal, markNeeds, markText, markReason} {
		if strings.Contains(control, mark) {
			t.Errorf("even the chair's view shows %q", mark)
		}
	}
	if status, body := s.read(s.organiser.Token, s.path("/log")); status != http.StatusOK || containsAny(body, markers) {
		t.Errorf("the log's export: %d, or it holds a private text", status)
	}
}

// TestADelegateReadsTheirOwnRecordAndOfColleaguesTheirNames: in full one's own, of
// those who speak for the same organisation what the chair would say, and of
// everybody else nothing.
func TestADelegateReadsTheirOwnRecordAndOfColleaguesTheirNames(t *testing.T) {
	s := start(t, setup{applicants: 2, listOpen: true})
	known := func(applicant int, name string) ids.Person {
		return made[ids.Person](t, s.ask("add_person", nil, command.AddPerson{
			Applicant: s.applicants[applicant], Roles: []events.Role{events.Speaker},
			Value: &command.PersonValue{Name: name, FormOfAddress: "Dr", Email: "a@invalid.example", AccessNeeds: "a ramp", AccessSeconds: 20},
		}), "person")
	}
	mine, colleague, stranger := known(0, "Own Name"), known(0, "Colleague Name"), known(1, "Stranger Name")
	entry := made[ids.Entry](t, s.ask("join", nil, command.Join{Part: s.part, Applicant: s.applicants[0], Delegate: colleague}), "entry")
	type contact struct {
		Person ids.Person `json:"person"`
		command.PersonValue
		Entries []ids.Entry `json:"entries"`
	}
	seenBy := func(bearer string) map[ids.Person]contact {
		t.Helper()
		status, body := s.read(bearer, s.path("/people"))
		var all []contact
		if err := json.Unmarshal([]byte(body), &all); status != http.StatusOK || err != nil {
			t.Fatalf("%d %s (%v)", status, body, err)
		}
		out := map[ids.Person]contact{}
		for _, one := range all {
			out[one.Person] = one
		}
		return out
	}
	own := seenBy(s.link(command.Invite{Roles: []events.Role{events.Speaker}, Applicant: s.applicants[0], Person: mine}).Token)
	if one := own[mine]; len(own) != 2 || one.Email == "" || one.AccessNeeds == "" || one.AccessSeconds != 20 {
		t.Errorf("a delegate reads of themselves %+v, of %d persons", own[mine], len(own))
	}
	if one := own[colleague]; one.PersonValue != (command.PersonValue{Name: "Colleague Name", FormOfAddress: "Dr"}) || len(one.Entries) != 1 || one.Entries[0] != entry {
		t.Errorf("a delegate reads of a colleague %+v", one)
	}
	// A link of the organisation is no person's: it reads names alone.
	for id, one := range seenBy(s.speaker(0)) {
		if one.Email != "" || one.AccessSeconds != 0 || one.Name == "" || id == stranger {
			t.Errorf("the organisation's link reads %+v", one)
		}
	}
	if all := seenBy(s.organiser.Token); len(all) != 3 || all[stranger].Email == "" {
		t.Errorf("the organiser reads %+v", all)
	}
	for name, bearer := range map[string]string{"a visitor": "", "an observer": s.link(command.Invite{Roles: []events.Role{events.Observer}}).Token} {
		if status, body := s.read(bearer, s.path("/people")); status != http.StatusForbidden && status != http.StatusUnauthorized {
			t.Errorf("%s reads %d %s", name, status, body)
		}
	}
}

func containsAny(text string, all []string) bool {
	for _, one := range all {
		if strings.Contains(text, one) {
			return true
		}
	}
	return false
}
