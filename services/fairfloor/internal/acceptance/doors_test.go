package acceptance

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/token"
)

// answered is what a door said.
type answered struct {
	status  int // HTTP alone
	receipt *command.Receipt
	problem *problem.Error
}

// door is one of the two ways in: a token, a command's body, an answer.
type door struct {
	name string
	send func(token string, body []byte) answered
}

// doors gives both.
func (s *stand) doors() []door {
	return []door{{"HTTP", s.post}, {"websocket", s.speak}}
}

// post sends a body to POST .../commands.
func (s *stand) post(bearer string, body []byte) answered {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.ctx, http.MethodPost, s.app.URL()+s.path("/commands"), bytes.NewReader(body))
	s.must(err)
	request.Header.Set("Content-Type", "application/json")
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	return s.answer(request)
}

// answer sends a request and reads a receipt or problem details.
func (s *stand) answer(request *http.Request) answered {
	s.t.Helper()
	response, err := http.DefaultClient.Do(request)
	s.must(err)
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	s.must(err)
	a := answered{status: response.StatusCode}
	if response.StatusCode < 300 {
		a.receipt = &command.Receipt{}
		s.must(json.Unmarshal(raw, a.receipt))
		return a
	}
	if kind := response.Header.Get("Content-Type"); kind != "application/problem+json" {
		s.t.Errorf("%s %s: %d is answered as %q: %.200s", request.Method, request.URL.Path, response.StatusCode, kind, raw)
	}
	a.problem = &problem.Error{}
	if err := json.Unmarshal(raw, a.problem); err != nil {
		s.t.Fatalf("problem details that are none: %v: %.200s", err, raw)
	}
	if a.problem.Status() != response.StatusCode {
		s.t.Errorf("the code %s is answered with status %d", a.problem.Code, response.StatusCode)
	}
	return a
}

// speak opens a websocket, says hello and sends a command frame as it is.
func (s *stand) speak(bearer string, body []byte) answered {
	s.t.Helper()
	w := s.dial()
	defer func() { _ = w.Close() }()
	hello, err := json.Marshal(api.Hello{Type: api.FrameHello, Token: bearer})
	s.must(err)
	s.must(w.WriteMessage(websocket.TextMessage, hello))
	if a := s.hear(w, api.FrameSnapshot); a.problem != nil {
		return a
	}
	s.must(w.WriteMessage(websocket.TextMessage, framed(body)))
	return s.hear(w, api.FrameReceipt)
}

// framed makes a command frame of a command's body, where it is an object.
func framed(body []byte) []byte {
	if rest, ok := bytes.CutPrefix(bytes.TrimSpace(body), []byte("{")); ok {
		comma := ","
		if bytes.HasPrefix(bytes.TrimSpace(rest), []byte("}")) {
			comma = ""
		}
		return append([]byte(`{"type":"command"`+comma), rest...)
	}
	return body
}

// dial opens a bare websocket.
func (s *stand) dial() *websocket.Conn {
	s.t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{api.Subprotocol}, HandshakeTimeout: 30 * time.Second}
	w, response, err := dialer.DialContext(s.ctx, "ws"+strings.TrimPrefix(s.app.URL(), "http")+s.path("/live"), nil)
	s.must(err)
	_ = response.Body.Close()
	return w
}

// hear reads frames until one of the wanted type, or a problem.
func (s *stand) hear(w *websocket.Conn, wanted string) answered {
	s.t.Helper()
	_ = w.SetReadDeadline(time.Now().Add(time.Minute))
	for {
		_, raw, err := w.ReadMessage()
		if err != nil {
			s.t.Fatalf("the line ended before %s or a problem came: %v", wanted, err)
		}
		var frame struct {
			Type    string          `json:"type"`
			Problem json.RawMessage `json:"problem"`
		}
		s.must(json.Unmarshal(raw, &frame))
		if len(frame.Problem) > 0 {
			a := answered{problem: &problem.Error{}}
			s.must(json.Unmarshal(frame.Problem, a.problem))
			return a
		}
		if frame.Type == wanted {
			a := answered{}
			if wanted == api.FrameReceipt {
				a.receipt = &command.Receipt{}
				s.must(json.Unmarshal(raw, a.receipt))
			}
			return a
		}
	}
}

// refused checks that an answer is a clear refusal: a code among the wanted, a
// sentence, what to do, and the field where one is wanted.
func refused(t *testing.T, what string, a answered, field string, codes ...problem.Code) {
	t.Helper()
	if a.problem == nil {
		t.Errorf("%s: was accepted: %+v", what, a.receipt)
		return
	}
	known := false
	for _, c := range codes {
		known = known || a.problem.Code == c
	}
	if !known {
		t.Errorf("%s: %v, want %v", what, a.problem, codes)
	}
	if a.problem.Detail == "" || a.problem.Do == "" {
		t.Errorf("%s: no sentence or nothing to do: %+v", what, a.problem)
	}
	// The services name an argument with the prefix of its place, a reader of frames a member without.
	if got := strings.TrimPrefix(a.problem.Field, "args."); field == "*" && got == "" || field != "*" && got != field {
		t.Errorf("%s: the field is %q, want %q (%s)", what, a.problem.Field, field, a.problem.Detail)
	}
}

// frameOf makes a command's body.
func frameOf(verb string, args string, more ...string) []byte {
	body := fmt.Sprintf(`{"id":%q,"verb":%q,"args":%s`, ids.New[ids.Command](), verb, args)
	for _, m := range more {
		body += "," + m
	}
	return []byte(body + "}")
}

// claims are those of an organiser's token for this session.
func (s *stand) claims(roles ...events.Role) token.Claims {
	return token.Claims{
		Subject: "test/claims", Session: s.session, Roles: roles, Expires: time.Now().Add(time.Hour), ID: ids.New[ids.Invitation](),
	}
}

func (s *stand) sign(c token.Claims) string {
	s.t.Helper()
	text, err := s.app.Gateway.Authority().Issue(c)
	s.must(err)
	return text
}

// "Forged ... and unauthorised commands over HTTP and websocket each get a clear
// error that names the field and what to do, and change nothing." The tokens.
func TestForgedAndUnauthorisedTokensOverBothDoorsChangeNothing(t *testing.T) {
	s := start(t, setup{applicants: 2, listOpen: true, modalities: func(m *events.Modalities) { m.PublicLive = false }})
	good := s.sign(s.claims(events.Secretariat))
	parts := strings.Split(good, ".")
	other := s.claims(events.Secretariat)
	other.Session = ids.New[ids.Session]()
	expired := s.claims(events.Secretariat)
	expired.NotBefore, expired.Expires = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
	early := s.claims(events.Secretariat)
	early.NotBefore = time.Now().Add(30 * time.Minute)
	revoked := s.link(command.Invite{Roles: []events.Role{events.Secretariat}})
	s.ask("revoke_invitation", nil, command.InvitationRef{Invitation: revoked.Invitation})
	var payload map[string]any
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	s.must(err)
	s.must(json.Unmarshal(raw, &payload))
	payload["roles"] = []string{"chair"}
	promoted, err := json.Marshal(payload)
	s.must(err)
	encode := base64.RawURLEncoding.EncodeToString
	stranger := start(t, setup{}) // another server's key
	foreign := stranger.claims(events.Secretariat)
	foreign.Session = s.session

	before := s.heads()
	for name, c := range map[string]struct {
		token string
		code  problem.Code
	}{
		"no token":              {"", problem.Unauthorised},
		"no token at all":       {"nonsense", problem.Unauthorised},
		"forged signature":      {parts[0] + "." + parts[1] + "." + encode(bytes.Repeat([]byte{7}, 64)), problem.Unauthorised},
		"no signature":          {parts[0] + "." + parts[1] + ".", problem.Unauthorised},
		"alg none":              {encode([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".", problem.Unauthorised},
		"alg HS256":             {encode([]byte(`{"alg":"HS256"}`)) + "." + parts[1] + "." + parts[2], problem.Unauthorised},
		"other claims":          {parts[0] + "." + encode(promoted) + "." + parts[2], problem.Unauthorised},
		"expired":               {s.sign(expired), problem.Unauthorised},
		"not yet valid":         {s.sign(early), problem.Unauthorised},
		"revoked":               {revoked.Token, problem.Unauthorised},
		"another server's":      {stranger.sign(foreign), problem.Unauthorised},
		"another session's":     {s.sign(other), problem.Forbidden},
		"longer than any":       {strings.Repeat("A", 4096), problem.Unauthorised},
		"with a key of its own": {encode([]byte(`{"alg":"EdDSA","jwk":{"kty":"OKP","crv":"Ed25519","x":"AAAA"}}`)) + "." + parts[1] + "." + parts[2], problem.Unauthorised},
	} {
		body := frameOf("join", fmt.Sprintf(`{"part":%q,"applicant":%q}`, s.part, s.applicants[0]))
		for _, d := range s.doors() {
			a := d.send(c.token, body)
			refused(t, d.name+", "+name, a, "*", c.code)
		}
	}
	if after := s.heads(); after != before {
		t.Errorf("the log was changed: %s, before %s", after, before)
	}
	// The control: with a good token the same goes through.
	for i, d := range s.doors() {
		if a := d.send(good, frameOf("join", fmt.Sprintf(`{"part":%q,"applicant":%q}`, s.part, s.applicants[i]))); a.receipt == nil || a.receipt.Outcome != command.Accepted {
			t.Errorf("%s with a good token: %+v", d.name, a.problem)
		}
	}
}

// Each role with each verb of the table that it may not use, over both doors.
func TestEachRoleWithEachVerbThatItMayNotUseChangesNothing(t *testing.T) {
	s := start(t, setup{applicants: 2, listOpen: true})
	tokens := map[events.Role]string{}
	for _, role := range events.Roles() {
		c := s.claims(role)
		if role == events.Speaker {
			c.Applicant = s.applicants[0]
		}
		tokens[role] = s.sign(c)
	}
	before := s.heads()
	tried := 0
	// A line that asks for more than can be used is ended, so each takes a part of the table.
	const perLine = 50
	for role, text := range tokens {
		var w *websocket.Conn
		for _, verb := range command.Verbs() {
			if verb.Allows([]events.Role{role}) {
				continue
			}
			if tried%perLine == 0 || w == nil {
				if w != nil {
					_ = w.Close()
				}
				w = s.dial()
				hello, err := json.Marshal(api.Hello{Type: api.FrameHello, Token: text})
				s.must(err)
				s.must(w.WriteMessage(websocket.TextMessage, hello))
				s.hear(w, api.FrameSnapshot)
			}
			tried++
			body := frameOf(verb.Name, "{}", `"expect":{"turn":"","plan":"x"}`, `"reason":"because"`)
			what := fmt.Sprintf("%s as %s", verb.Name, role)
			refused(t, "HTTP, "+what, s.post(text, body), "verb", problem.Forbidden)
			s.must(w.WriteMessage(websocket.TextMessage, framed(body)))
			a := s.hear(w, api.FrameReceipt)
			if a.problem != nil && a.problem.Code == problem.TooMany {
				// Over the frames of one connection in a second: which is refused too.
				continue
			}
			refused(t, "websocket, "+what, a, "verb", problem.Forbidden)
		}
		_ = w.Close()
	}
	if tried < 200 {
		t.Errorf("only %d pairs of role and verb were tried", tried)
	}
	if after := s.heads(); after != before {
		t.Errorf("the log was changed: %s, before %s", after, before)
	}
}
