package client

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// script is a server that speaks the protocol as a test wants: each connection
// gets its number and runs the test's own side. Resuming against the real
// gateway is tested where it runs (services/fairfloor/internal/acceptance).
type script struct {
	t      *testing.T
	web    *httptest.Server
	key    ed25519.PrivateKey
	public string
	mu     sync.Mutex
	count  int
	busy   sync.WaitGroup
}

// line is the server's side of one connection.
type line struct {
	*websocket.Conn
	t     *testing.T
	hello api.Hello
}

// serve starts a script; each runs for each connection, from 1, after hello.
func serve(t *testing.T, each func(n int, l *line)) *script {
	t.Helper()
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &script{t: t, key: key, public: base64.RawURLEncoding.EncodeToString(public)}
	upgrader := websocket.Upgrader{Subprotocols: []string{api.Subprotocol}, EnableCompression: true}
	s.web = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		s.busy.Add(1)
		defer s.busy.Done()
		defer func() { _ = conn.Close() }()
		l := &line{Conn: conn, t: t}
		if conn.ReadJSON(&l.hello) != nil {
			return
		}
		s.mu.Lock()
		s.count++
		n := s.count
		s.mu.Unlock()
		each(n, l)
	}))
	t.Cleanup(func() {
		s.web.Close()
		s.busy.Wait()
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	})
	return s
}

func (l *line) send(frames ...any) {
	for _, f := range frames {
		if err := l.WriteJSON(f); err != nil {
			return // the client left, which its own side of the test sees
		}
	}
}

// hold reads and answers clocks until the client goes; commands go to f.
func (l *line) hold(f func(api.CommandFrame)) {
	for {
		_, raw, err := l.ReadMessage()
		if err != nil {
			return
		}
		var frame api.CommandFrame
		_ = json.Unmarshal(raw, &frame)
		switch frame.Type {
		case api.FrameClock:
			var c api.ClockFrame
			_ = json.Unmarshal(raw, &c)
			now := time.Now().UnixMilli()
			c.ReceivedMS, c.SentMS, c.SessionMS, c.SpeedPermille = now, now, now, 1000
			l.send(c)
		case api.FrameCommand:
			if f != nil {
				f(frame)
			}
		}
	}
}

// view is a small view with the script's key.
func (s *script) view(title string) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(`{"session":{"title":%q,"public_key":%q},"standby":[]}`, title, s.public))
}

func (s *script) snapshot(at api.Cursor, seq uint64, title string) api.Snapshot {
	return api.Snapshot{Type: api.FrameSnapshot, At: at, Seq: seq, Audience: api.ForPublic, View: s.view(title)}
}

func patch(from, to api.Cursor, seq uint64, change string) api.Patch {
	return api.Patch{Type: api.FramePatch, From: from, To: to, Seq: seq, Patch: json.RawMessage(change)}
}

func (s *script) receipt(id ids.Command, seq uint64) api.ReceiptFrame {
	r := command.Receipt{CommandID: id, Outcome: command.Accepted, Seq: seq, Subject: "evt.queue.x", Version: seq}
	r.Sign(s.key)
	return api.ReceiptFrame{Type: api.FrameReceipt, Receipt: r}
}

// dial connects to the script, with short waits between connections.
func (s *script) dial(change ...func(*Options)) (*Live, error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	s.t.Cleanup(cancel)
	o := Options{Base: s.web.URL, Session: ids.New[ids.Session](), Token: "token", FirstBackoff: time.Millisecond, MostBackoff: 4 * time.Millisecond}
	for _, f := range change {
		f(&o)
	}
	l, err := Dial(ctx, o)
	if err == nil {
		s.t.Cleanup(l.Close)
	}
	return l, err
}

func (s *script) mustDial(change ...func(*Options)) *Live {
	s.t.Helper()
	l, err := s.dial(change...)
	if err != nil {
		s.t.Fatal(err)
	}
	return l
}

func wait(t *testing.T, l *Live, condition func(*Locked) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := l.Wait(ctx, condition); err != nil {
		t.Fatal(err)
	}
}

// RFC 7396, appendix A: every example whose target and patch are objects.
func TestMergeDoesWhatRFC7396Says(t *testing.T) {
	for _, c := range []struct{ target, patch, want string }{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`{"e":null}`, `{"a":1}`, `{"e":null,"a":1}`},
		{`{"a":"foo"}`, `{"a":{"bar":null}}`, `{"a":{}}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
	} {
		var target, change, want map[string]any
		if err := errors.Join(json.Unmarshal([]byte(c.target), &target), json.Unmarshal([]byte(c.patch), &change), json.Unmarshal([]byte(c.want), &want)); err != nil {
			t.Fatal(err)
		}
		if merge(target, change); !reflect.DeepEqual(target, want) {
			t.Errorf("%s with %s: %v, want %s", c.target, c.patch, target, c.want)
		}
	}
}

// A merge patch applied twice is applied once, and no null is ever left by one.
func TestMergeIsIdempotentAndLeavesNoNull(t *testing.T) {
	leaf := rapid.OneOf(rapid.Just[any](nil), rapid.Just[any]("x"), rapid.Just[any](1.0), rapid.Just[any]([]any{"y"}))
	objects := rapid.Deferred(func() *rapid.Generator[map[string]any] {
		return rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "c"}), rapid.OneOf(leaf, rapid.Just[any](map[string]any{"d": nil, "e": 2.0})), 0, 3)
	})
	rapid.Check(t, func(t *rapid.T) {
		change := objects.Draw(t, "change")
		doc := map[string]any{"a": map[string]any{"d": "old"}, "b": "old"}
		merge(doc, change)
		once, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(once), "null") {
			t.Fatalf("a null was left: %s", once)
		}
		merge(doc, change)
		if twice, _ := json.Marshal(doc); string(twice) != string(once) {
			t.Fatalf("once %s, twice %s", once, twice)
		}
	})
}

func TestTypeOf(t *testing.T) {
	for text, want := range map[string]string{
		`{"type":"patch","from":"a"}`: "patch", `{ "type" : "beat" }`: "beat", `{"seq":1,"type":"clock"}`: "clock", `{}`: "",
		`{"type":"p\u0061tch"}`: "patch", `{"type":"p\"q"}`: `p"q`,
	} {
		if got, err := typeOf([]byte(text)); got != want || err != nil {
			t.Errorf("%s: %q %v, want %q", text, got, err, want)
		}
	}
	for _, bad := range []string{"", "[]", "nonsense", `{"type":7}`} {
		if got, err := typeOf([]byte(bad)); err == nil {
			t.Errorf("%q: %q", bad, got)
		}
	}
}

func TestAPatchFromAnotherCursorLeadsToASnapshot(t *testing.T) {
	var s *script
	hellos := make(chan api.Hello, 10)
	s = serve(t, func(n int, l *line) {
		hellos <- l.hello
		if n == 1 {
			l.send(s.snapshot("c1", 1, "one"), patch("c1", "c2", 2, `{"session":{"title":"two"}}`), patch("c7", "c8", 8, `{"session":{"title":"wrong"}}`))
			l.hold(nil)
			return
		}
		l.send(s.snapshot("c9", 9, "nine"))
		l.hold(nil)
	})
	l := s.mustDial()
	wait(t, l, func(l *Locked) bool { return l.Seq() == 9 })
	view, err := l.View()
	if err != nil || view.Session.Title != "nine" {
		t.Errorf("%+v %v", view, err)
	}
	if first, second := <-hellos, <-hellos; first.Since != "" || second.Since != "" || second.Token != "token" {
		t.Errorf("hello %+v, then %+v: the second must not resume where it failed", first, second)
	}
	if stats := l.Stats(); stats.Patches != 1 || stats.Snapshots != 2 || stats.Reconnects != 1 {
		t.Errorf("%+v", stats)
	}
}

func TestReconnectResumesAtTheCursorAndNeedsNoSnapshot(t *testing.T) {
	var s *script
	since := make(chan api.Cursor, 10)
	s = serve(t, func(n int, l *line) {
		since <- l.hello.Since
		if n == 1 {
			l.send(s.snapshot("c1", 1, "one"), patch("c1", "c2", 2, `{"session":{"title":"two"}}`))
			return // the line breaks
		}
		l.send(patch("c2", "c3", 3, `{"session":{"title":"three"}}`))
		l.hold(nil)
	})
	l := s.mustDial()
	wait(t, l, func(l *Locked) bool { return l.Seq() == 3 && l.Connected() })
	<-since
	if got := <-since; got != "c2" {
		t.Errorf("resumed at %q, want c2", got)
	}
	if view, _ := l.View(); view.Session.Title != "three" || l.Stats().Snapshots != 1 {
		t.Errorf("title %q, %d snapshots", view.Session.Title, l.Stats().Snapshots)
	}
}

// A command whose line breaks before its receipt is sent again with the same id.
func TestACommandIsSentAgainWithTheSameIDUntilItsReceiptIsHere(t *testing.T) {
	var s *script
	sent := make(chan api.CommandFrame, 10)
	s = serve(t, func(n int, l *line) {
		l.send(s.snapshot(api.Cursor(fmt.Sprint(n)), uint64(n), "x"))
		l.hold(func(frame api.CommandFrame) {
			sent <- frame
			switch n {
			case 1:
				_ = l.Close() // after it was read, before it is answered
			case 2:
				l.send(api.ProblemFrame{Type: api.FrameProblem, ID: frame.ID, Problem: &problem.Error{Code: problem.Busy, RetryAfterMS: 1}})
				_ = l.Close()
			default:
				l.send(s.receipt(frame.ID, 7))
			}
		})
	})
	l := s.mustDial()
	r, err := l.Do(t.Context(), "join", nil, command.Join{})
	if err != nil || r.Seq != 7 {
		t.Fatalf("%+v %v", r, err)
	}
	first, second, third := <-sent, <-sent, <-sent
	if first.ID != second.ID || second.ID != third.ID || first.ID != r.CommandID || first.Verb != "join" {
		t.Errorf("ids %s, %s, %s", first.ID, second.ID, third.ID)
	}
}

func TestRefusalsAndForgedReceiptsAreErrors(t *testing.T) {
	_, strange, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	var s *script
	s = serve(t, func(_ int, l *line) {
		l.send(s.snapshot("c", 1, "x"))
		l.hold(func(frame api.CommandFrame) {
			answer := s.receipt(frame.ID, 2)
			switch frame.Verb {
			case "refused":
				raw, _ := json.Marshal(problem.New(problem.Stale, "no").On("expect.turn").Try("look"))
				answer = api.ReceiptFrame{Type: api.FrameReceipt, Receipt: command.Receipt{CommandID: frame.ID, Outcome: command.RefusedBy, Problem: raw}}
			case "forged":
				answer.Sign(strange)
			case "changed":
				answer.Place = 1
			}
			l.send(api.ReceiptFrame{Type: api.FrameReceipt, Receipt: command.Receipt{CommandID: ids.New[ids.Command]()}}) // somebody else's
			l.send(answer)
		})
	})
	l := s.mustDial()
	var p *problem.Error
	if _, err := l.Do(t.Context(), "refused", nil, command.None{}); !errors.As(err, &p) || p.Code != problem.Stale || p.Field != "expect.turn" || p.Do != "look" {
		t.Errorf("refused: %v", err)
	}
	for _, verb := range []string{"forged", "changed"} {
		if _, err := l.Do(t.Context(), verb, nil, command.None{}); !problem.Is(err, problem.Internal) || !strings.Contains(err.Error(), "not signed") {
			t.Errorf("%s: %v", verb, err)
		}
	}
	if r, err := l.Do(t.Context(), "good", nil, command.None{}); err != nil || r.Outcome != command.Accepted {
		t.Errorf("good: %v", err)
	}
}

func TestFinalRefusalsEndTheClientAndOthersDoNot(t *testing.T) {
	for _, code := range []problem.Code{problem.Unauthorised, problem.Forbidden, problem.NotFound} {
		s := serve(t, func(_ int, l *line) {
			l.send(api.ProblemFrame{Type: api.FrameProblem, Problem: problem.New(code, "no")}, api.Bye{Type: api.FrameBye, Reason: string(code)})
		})
		if _, err := s.dial(); !problem.Is(err, code) {
			t.Errorf("%s: %v", code, err)
		}
	}
	var s *script
	s = serve(t, func(n int, l *line) {
		if n < 3 {
			l.send(api.ProblemFrame{Type: api.FrameProblem, Problem: problem.New(problem.Busy, "not now")}, api.Bye{Type: api.FrameBye, Reason: "busy", RetryAfterMS: 1})
			return
		}
		l.send(s.snapshot("c", 1, "x"))
		l.hold(nil)
	})
	if l := s.mustDial(); l.Stats().Reconnects != 2 {
		t.Errorf("%d reconnects, want 2", l.Stats().Reconnects)
	}
}

// Commands that wait are told when the client is closed or refused for good.
func TestWaitingCommandsEndWithTheClient(t *testing.T) {
	var s *script
	arrived := make(chan struct{})
	s = serve(t, func(_ int, l *line) {
		l.send(s.snapshot("c", 1, "x"))
		l.hold(func(api.CommandFrame) { close(arrived) })
	})
	l := s.mustDial()
	failed := make(chan error, 2)
	go func() {
		_, err := l.Do(context.Background(), "next", nil, command.None{})
		failed <- err
	}()
	go func() { failed <- l.WaitSeq(context.Background(), 99) }()
	<-arrived
	l.Close()
	for range 2 {
		if err := <-failed; !errors.Is(err, errClosed) {
			t.Errorf("%v, want closed", err)
		}
	}
	if _, err := l.Do(t.Context(), "next", nil, command.None{}); !errors.Is(err, errClosed) {
		t.Errorf("after closing: %v", err)
	}
	if state, _ := l.State(); state != Stopped {
		t.Errorf("the line is %s", state)
	}
}

func TestTheSameCommandMayNotWaitTwice(t *testing.T) {
	var s *script
	arrived := make(chan api.CommandFrame, 1)
	release := make(chan struct{})
	s = serve(t, func(_ int, l *line) {
		l.send(s.snapshot("c", 1, "x"))
		l.hold(func(frame api.CommandFrame) {
			arrived <- frame
			<-release
			l.send(s.receipt(frame.ID, 2))
		})
	})
	l := s.mustDial()
	frame := api.CommandFrame{ID: ids.New[ids.Command](), Verb: "next"}
	done := make(chan error, 1)
	go func() {
		_, err := l.Send(context.Background(), frame)
		done <- err
	}()
	<-arrived
	if _, err := l.Send(t.Context(), frame); !problem.Is(err, problem.Already) {
		t.Errorf("the second: %v", err)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := l.Do(ended, "end", nil, command.None{}); !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: %v", err)
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// The best of the last eight exchanges counts, whatever the client's own clock says.
func TestTheClockUsesTheExchangeWithTheLeastRoundTrip(t *testing.T) {
	own := time.UnixMilli(5_000_000)
	good := sample{tripMS: 4, middleMS: 5_000_000, sessionMS: 9_000_000, permille: 1000}
	bad := sample{tripMS: 900, middleMS: 5_000_000, sessionMS: 9_000_700, permille: 1000}
	least, ok := best([]sample{bad, good, bad})
	if !ok || least != good {
		t.Fatalf("%+v", least)
	}
	if got := least.at(own.Add(1500 * time.Millisecond)); got != 9_001_500 {
		t.Errorf("session time %d", got)
	}
	fast := good
	fast.permille = 60_000
	if got := fast.at(own.Add(time.Second)); got != 9_060_000 {
		t.Errorf("at 60x session time is %d", got)
	}
	if _, ok := best(nil); ok {
		t.Error("the best of none")
	}
	var s *script
	s = serve(t, func(_ int, l *line) {
		l.send(s.snapshot("c", 1, "x"))
		l.hold(nil)
	})
	for _, wrong := range []time.Duration{0, 14 * time.Minute, -14 * time.Minute} {
		l := s.mustDial(func(o *Options) { o.Now = func() time.Time { return time.Now().Add(wrong) } })
		wait(t, l, func(l *Locked) bool { return l.Measured() })
		now, ok := l.Now()
		if off := int64(now) - time.Now().UnixMilli(); !ok || off > 100 || off < -100 {
			t.Errorf("a clock wrong by %s: %d ms off", wrong, off)
		}
	}
}

func TestAddressesThatCannotBe(t *testing.T) {
	for _, base := range []string{"ftp://x", "example.org", "http://[::1", ""} {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		_, err := Dial(ctx, Options{Base: base, FirstBackoff: time.Millisecond, MostBackoff: time.Millisecond})
		cancel()
		if err == nil {
			t.Errorf("%q was dialled", base)
		}
	}
}

func TestHTTPGivesProblemsAndRepeatsWhatIsNotNow(t *testing.T) {
	var mu sync.Mutex
	var seen []ids.Command
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		switch r.URL.Path {
		case "/plain":
			http.Error(w, "nothing here", http.StatusTeapot)
		case "/echo":
			_, _ = fmt.Fprintf(w, "%s %s", r.Header.Get("Authorization"), r.Header.Get("Content-Type"))
		default:
			var frame api.CommandFrame
			_ = json.NewDecoder(r.Body).Decode(&frame)
			seen = append(seen, frame.ID)
			if len(seen) < 3 {
				w.WriteHeader(http.StatusServiceUnavailable)
				_ = json.NewEncoder(w).Encode(problem.New(problem.Busy, "not now"))
				return
			}
			_ = json.NewEncoder(w).Encode(command.Receipt{CommandID: frame.ID, Outcome: command.Accepted})
		}
	}))
	t.Cleanup(func() {
		web.Close()
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	})
	h := HTTP{Base: web.URL + "/", Token: "secret"}
	r, err := h.Command(t.Context(), ids.New[ids.Session](), "next", nil, command.None{}, "")
	if err != nil || r.Outcome != command.Accepted || len(seen) != 3 || seen[0] != seen[2] {
		t.Errorf("%+v %v after %v", r, err, seen)
	}
	var echo []byte
	for body, kind := range map[string]string{"a,b\n1,2\n": "text/csv; charset=utf-8", `{"a":1}`: "application/json"} {
		if err := h.Do(t.Context(), http.MethodPost, "/echo", []byte(body), &echo); err != nil || string(echo) != "Bearer secret "+kind {
			t.Errorf("%q: %s %v", body, echo, err)
		}
	}
	if err := h.Do(t.Context(), http.MethodGet, "/plain", nil, nil); err == nil || !strings.Contains(err.Error(), "418") {
		t.Errorf("an answer that is no problem: %v", err)
	}
}
