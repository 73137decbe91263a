package sphinx

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// parrot is a recogniser that says how many samples it was given; a negative
// one ends the utterance. The real one is heard in package speechtest.
type parrot struct {
	samples int
	streams int
	broken  bool
}

func (p *parrot) Hear(samples []int16) (Heard, error) {
	if p.broken {
		return Heard{}, errors.New("broken")
	}
	p.samples += len(samples)
	if len(samples) > 0 && samples[0] < 0 {
		return p.heard(), nil
	}
	return Heard{Text: fmt.Sprintf(" %d  so far ", p.samples)}, nil
}

func (p *parrot) heard() Heard {
	h := Heard{Final: true, Text: fmt.Sprintf("%d", p.samples)}
	if p.samples > 0 {
		h.Words = []Word{{Text: h.Text, Start: 0, End: 0.5, Confidence: 0.25}}
	} else {
		h.Text = ""
	}
	p.samples = 0
	return h
}

func (p *parrot) End() (Heard, error) {
	p.streams++
	if p.broken {
		return Heard{}, errors.New("broken")
	}
	return p.heard(), nil
}

func serving(t *testing.T, open func() (Recogniser, error)) (*Server, func() *websocket.Conn) {
	t.Helper()
	server := &Server{Open: open}
	web := httptest.NewServer(server)
	t.Cleanup(web.Close)
	return server, func() *websocket.Conn {
		socket, response, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(web.URL, "http"), nil)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		t.Cleanup(func() { socket.Close() })
		return socket
	}
}

// ask sends one message and gives its one answer, or why the connection ended.
func ask(t *testing.T, socket *websocket.Conn, kind int, message string) string {
	t.Helper()
	if err := socket.WriteMessage(kind, []byte(message)); err != nil {
		t.Fatal(err)
	}
	return next(t, socket)
}

func next(t *testing.T, socket *websocket.Conn) string {
	t.Helper()
	if err := socket.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	_, answer, err := socket.ReadMessage()
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(answer))
}

func TestEachMessageHasOneAnswer(t *testing.T) {
	t.Parallel()
	p := &parrot{}
	_, dial := serving(t, func() (Recogniser, error) { return p, nil })
	for range 2 {
		socket := dial()
		if err := socket.WriteMessage(websocket.TextMessage, []byte(`{"config":{"sample_rate":16000,"words":1}}`)); err != nil {
			t.Fatal(err)
		}
		for _, c := range [][2]string{
			{"\x01\x00\x02\x00", `{"partial":"2 so far"}`},
			{"", `{"partial":"2 so far"}`},
			{"\xff\xff\x00\x00\x00\x00", `{"result":[{"word":"5","start":0,"end":0.5,"conf":0.25}],"text":"5"}`},
			{"\x01\x00", `{"partial":"1 so far"}`},
		} {
			if got := ask(t, socket, websocket.BinaryMessage, c[0]); got != c[1] {
				t.Errorf("%q: %s", c[0], got)
			}
		}
		if got := ask(t, socket, websocket.TextMessage, `{"eof" : 1}`); got != `{"result":[{"word":"1","start":0,"end":0.5,"conf":0.25}],"text":"1"}` {
			t.Errorf("the end: %s", got)
		}
		if got := next(t, socket); !strings.Contains(got, "close") {
			t.Errorf("after the end: %s", got)
		}
	}
}

func TestAClientThatDoesNotSpeakTheProtocolIsTold(t *testing.T) {
	t.Parallel()
	_, dial := serving(t, func() (Recogniser, error) { return &parrot{}, nil })
	for message, want := range map[string]string{
		"hello":                           "neither a config nor the end",
		`{"eof":0}`:                       "neither a config nor the end",
		`{"config":{"sample_rate":8000}}`: "the sample rate is 16000 Hz only",
	} {
		if got := ask(t, dial(), websocket.TextMessage, message); !strings.Contains(got, want) {
			t.Errorf("%s: %s", message, got)
		}
	}
	if got := ask(t, dial(), websocket.BinaryMessage, "\x01\x00\x02"); !strings.Contains(got, "half a sample") {
		t.Errorf("%s", got)
	}
}

func TestRecognisersAreUsedAgainUnlessTheyBreak(t *testing.T) {
	t.Parallel()
	opened := make(chan *parrot, 10)
	server, dial := serving(t, func() (Recogniser, error) {
		p := &parrot{broken: len(opened) > 0}
		opened <- p
		return p, nil
	})
	if err := server.Warm(); err != nil {
		t.Fatal(err)
	}
	first := dial()
	if got := ask(t, first, websocket.BinaryMessage, "\x01\x00"); got != `{"partial":"1 so far"}` || len(opened) != 1 {
		t.Fatalf("%s, %d opened", got, len(opened))
	}
	// A second stream at the same time has another, and that one breaks.
	if got := ask(t, dial(), websocket.BinaryMessage, "\x01\x00"); !strings.Contains(got, "close") || len(opened) != 2 {
		t.Fatalf("%s, %d opened", got, len(opened))
	}
	if got := ask(t, first, websocket.TextMessage, `{"eof":1}`); !strings.Contains(got, `"text":"1"`) {
		t.Fatal(got)
	}
	next(t, first) // closed: the recogniser is free
	for range 100 {
		server.mu.Lock()
		idle := len(server.idle)
		server.mu.Unlock()
		if idle == 1 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if got := ask(t, dial(), websocket.BinaryMessage, "\x01\x00"); got != `{"partial":"1 so far"}` || len(opened) != 2 {
		t.Errorf("%s, %d opened", got, len(opened))
	}
}

func TestNoRecogniser(t *testing.T) {
	t.Parallel()
	server, dial := serving(t, func() (Recogniser, error) { return nil, errors.New("no model") })
	if err := server.Warm(); err == nil {
		t.Error("warmed with nothing")
	}
	if got := next(t, dial()); !strings.Contains(got, "no recogniser") {
		t.Errorf("%s", got)
	}
}
