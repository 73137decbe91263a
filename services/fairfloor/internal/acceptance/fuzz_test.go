package acceptance

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// seeds gives every verb with empty and with odd arguments, and bodies that
// broke other programs.
func seeds(add func(text string)) {
	for _, verb := range command.Verbs() {
		args, err := json.Marshal(verb.Args())
		if err != nil {
			panic(err) // a fault of the table
		}
		add(string(frameOf(verb.Name, string(args))))
		add(string(frameOf(verb.Name, `{"entry":"","turn":null}`, `"expect":{"turn":"","entry":"","plan":""}`)))
	}
	for _, text := range []string{
		"", "null", "[]", "{}", `"x"`, "0", "{", `{"id":`, `{"id":"","verb":"next"}`, `{"type":"hello"}`, `{"type":"clock","client_ms":1e400}`,
		`{"type":"clock","client_ms":-1}`, `{"type":"checkin","entry":"x"}`, `{"type":"command","id":null,"verb":null,"args":null,"expect":null}`,
		`{"verb":"next","verb":"adjourn"}`, `{"VERB":"next"}`, "\ufeff{}", "{}\x00", `{"verb":"\ud800"}`, strings.Repeat(`{"a":`, 5000),
		strings.Repeat("[", 9999), `{"args":` + strings.Repeat("9", 5000) + `}`,
	} {
		add(text)
	}
}

// bystander is a token that may do nothing that changes a session.
func (s *stand) bystander() string { return s.sign(s.claims(events.Observer)) }

// FuzzHTTPCommand throws bodies at POST .../commands of a running Fairfloor: each
// gets a receipt or problem details, never a fault of the program, and what the
// sender may not do changes nothing.
func FuzzHTTPCommand(f *testing.F) {
	s := start(f, setup{applicants: 2})
	text := s.bystander()
	before := s.heads()
	seeds(func(text string) { f.Add([]byte(text)) })
	f.Fuzz(func(t *testing.T, body []byte) {
		s := s.in(t)
		a := s.post(text, body)
		switch {
		case a.problem == nil:
			t.Fatalf("%q was accepted: %+v", body, a.receipt)
		case a.problem.Status() >= 500:
			t.Fatalf("%q is answered with %v", body, a.problem)
		case a.problem.Detail == "" || a.problem.Do == "":
			t.Fatalf("%q is refused without a sentence or a way on: %+v", body, a.problem)
		}
		if after := s.heads(); after != before {
			t.Fatalf("%q changed the log", body)
		}
	})
}

// FuzzWebsocketFrame throws frames at a live connection: each is answered, or the
// connection ended with a goodbye; the program serves on.
func FuzzWebsocketFrame(f *testing.F) {
	s := start(f, setup{applicants: 2})
	text := s.bystander()
	before := s.heads()
	seeds(func(text string) {
		f.Add([]byte(text), false)
		f.Add(framed([]byte(text)), false)
	})
	f.Add([]byte{0xff, 0x00}, true)
	f.Fuzz(func(t *testing.T, frame []byte, binary bool) {
		s := s.in(t)
		w := s.dial()
		defer func() { _ = w.Close() }()
		hello, err := json.Marshal(api.Hello{Type: api.FrameHello, Token: text})
		if err != nil {
			t.Fatal(err)
		}
		kind := websocket.TextMessage
		if binary {
			kind = websocket.BinaryMessage
		}
		// The probe after the frame is answered when the frame was dealt with.
		for _, message := range []struct {
			kind int
			raw  []byte
		}{{websocket.TextMessage, hello}, {kind, frame}, {websocket.TextMessage, []byte(`{"type":"clock","client_ms":424242}`)}} {
			if err := w.WriteMessage(message.kind, message.raw); err != nil {
				t.Fatal(err)
			}
		}
		_ = w.SetReadDeadline(time.Now().Add(time.Minute))
		for {
			_, raw, err := w.ReadMessage()
			if websocket.IsCloseError(err, websocket.ClosePolicyViolation, websocket.CloseMessageTooBig) {
				break
			}
			if err != nil {
				t.Fatalf("%q ended the line without a goodbye: %v", frame, err)
			}
			var got struct {
				Type     string            `json:"type"`
				ClientMS float64           `json:"client_ms"`
				Problem  map[string]any    `json:"problem"`
				Outcome  command.Outcome   `json:"outcome"`
				Made     map[string]string `json:"made"`
			}
			if err := json.Unmarshal(raw, &got); err != nil {
				t.Fatalf("%q is answered with %q", frame, raw)
			}
			if got.Type == api.FrameReceipt && got.Outcome != command.RefusedBy {
				t.Fatalf("%q was accepted: %s", frame, raw)
			}
			if got.Problem != nil && (got.Problem["status"].(float64) >= 500 || got.Problem["do"] == nil) {
				t.Fatalf("%q is answered with %s", frame, raw)
			}
			if got.Type == api.FrameClock && got.ClientMS == 424242 {
				break
			}
		}
		if after := s.heads(); after != before {
			t.Fatalf("%q changed the log", frame)
		}
	})
}

// FuzzStaffCommand sends what a fuzzer makes of verb and arguments as the whole
// chair's side at once: whatever is accepted folds, and the log checks.
func FuzzStaffCommand(f *testing.F) {
	s := start(f, setup{applicants: 3, listOpen: true})
	text := s.sign(s.claims(events.Chair, events.Secretariat, events.Organiser))
	entry := s.join(0)
	for _, verb := range command.Verbs() {
		f.Add(verb.Name, fmt.Sprintf(`{"entry":%q,"part":%q,"applicant":%q}`, entry, s.part, s.applicants[1]))
		f.Add(verb.Name, fmt.Sprintf(`{"part":%q}`, s.part))
		f.Add(verb.Name, `{}`)
	}
	f.Fuzz(func(t *testing.T, verb, args string) {
		s := s.in(t)
		body, err := json.Marshal(map[string]any{"id": ids.New[ids.Command](), "verb": verb, "args": json.RawMessage(`{}`), "reason": "fuzz"})
		if err != nil {
			t.Fatal(err)
		}
		body = []byte(strings.Replace(string(body), `"args":{}`, `"args":`+args, 1))
		a := s.post(text, body)
		if a.problem != nil && a.problem.Status() >= 500 {
			t.Fatalf("%s %s: %v", verb, args, a.problem)
		}
		s.quiet()
		if err := s.app.Process.Check(); err != nil {
			t.Fatalf("%s %s: the program is not ready: %v", verb, args, err)
		}
	})
}
