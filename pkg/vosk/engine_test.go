package vosk

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/fairfloor/fairfloor/pkg/clock"
)

// engine is a server of the protocol whose "speech" is easy to make: the first
// sample of a message is a word's number, 0 is silence, -1 the end of an
// utterance. So it hears what was really sent, how often and when.
type engine struct {
	server *httptest.Server

	mu          sync.Mutex
	words       []string
	connections int
	configs     []string
	breakAfter  []int // messages after which each connection breaks; 0 = never
	hang        bool  // takes audio and does not answer
	refuse      int   // HTTP status instead of a connection
	garbage     bool  // answers with something else
	noEOF       bool  // closes instead of answering the end
	open        map[*websocket.Conn]bool
}

func newEngine(t *testing.T, words ...string) *engine {
	t.Helper()
	e := &engine{words: append([]string{""}, words...), open: map[*websocket.Conn]bool{}}
	e.server = httptest.NewServer(e)
	t.Cleanup(func() {
		e.cut()
		e.server.Close()
	})
	return e
}

// cut breaks what is connected.
func (e *engine) cut() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for socket := range e.open {
		socket.Close()
	}
}

func (e *engine) set(change func(*engine)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change(e)
}

func (e *engine) url() string { return "ws" + strings.TrimPrefix(e.server.URL, "http") }

func (e *engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	e.connections++
	number, refuse := e.connections, e.refuse
	e.mu.Unlock()
	if refuse != 0 {
		http.Error(w, "no", refuse)
		return
	}
	var upgrader websocket.Upgrader
	socket, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer socket.Close()
	e.set(func(e *engine) { e.open[socket] = true })
	defer e.set(func(e *engine) { delete(e.open, socket) })
	_, first, err := socket.ReadMessage()
	if err != nil {
		return
	}
	e.set(func(e *engine) { e.configs = append(e.configs, string(first)) })
	e.hear(socket, number)
}

// hear is one connection's recogniser.
func (e *engine) hear(socket *websocket.Conn, number int) {
	var said []word
	samples := 0
	for messages := 1; ; messages++ {
		kind, data, err := socket.ReadMessage()
		if err != nil {
			return
		}
		e.mu.Lock()
		limit := 0
		if number <= len(e.breakAfter) {
			limit = e.breakAfter[number-1]
		}
		hang, garbage, noEOF := e.hang, e.garbage, e.noEOF
		e.mu.Unlock()
		if limit > 0 && messages > limit {
			return
		}
		if hang {
			continue
		}
		if garbage {
			_ = socket.WriteMessage(websocket.TextMessage, []byte("<html>"))
			continue
		}
		begins := float64(samples) / SampleRate
		end := kind == websocket.TextMessage
		if end && (noEOF || string(data) != `{"eof" : 1}`) {
			return
		}
		if !end {
			samples += len(data) / 2
			switch n := int16(binary.LittleEndian.Uint16(data)); {
			case n < 0:
				end = true
			case n > 0:
				said = append(said, word{Word: e.words[n], Start: begins, End: float64(samples) / SampleRate, Confidence: 0.5})
			}
		}
		if err := socket.WriteJSON(reply(&said, end)); err != nil {
			return
		}
	}
}

func reply(said *[]word, end bool) map[string]any {
	var texts []string
	for _, w := range *said {
		texts = append(texts, w.Word)
	}
	text := strings.Join(texts, " ")
	if !end {
		return map[string]any{"partial": text}
	}
	result := *said
	*said = nil
	if text == "" {
		return map[string]any{"text": ""}
	}
	return map[string]any{"text": text, "result": result}
}

// Special samples.
const (
	quiet    = 0
	endpoint = -1
)

// sound makes ms of audio that says the word of that number.
func sound(n, ms int) []byte {
	pcm := make([]byte, ms*bytesPerMS)
	binary.LittleEndian.PutUint16(pcm, uint16(int16(n)))
	return pcm
}

// listener keeps what Run tells.
type listener struct {
	t      *testing.T
	client *Client
	done   chan error

	mu     sync.Mutex
	events []Event
	news   chan struct{}
}

func listen(t *testing.T, config Config) *listener {
	t.Helper()
	client, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{t: t, client: client, done: make(chan error, 1), news: make(chan struct{}, 1)}
	go func() { l.done <- client.Run(t.Context(), l.take) }()
	return l
}

func (l *listener) take(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
	select {
	case l.news <- struct{}{}:
	default:
	}
}

// until waits for an event.
func (l *listener) until(what string, is func(Event) bool) {
	l.t.Helper()
	late := time.After(20 * time.Second)
	for {
		l.mu.Lock()
		found := slices.ContainsFunc(l.events, is)
		l.mu.Unlock()
		if found {
			return
		}
		select {
		case <-l.news:
		case <-late:
			l.t.Fatalf("no %s came: %s", what, l.say())
		}
	}
}

func (l *listener) untilKind(k Kind) {
	l.t.Helper()
	l.until(string(k), func(e Event) bool { return e.Kind == k })
}

// end closes, waits for Run and gives all events.
func (l *listener) end() []Event {
	l.t.Helper()
	l.client.Close()
	select {
	case err := <-l.done:
		if err != nil {
			l.t.Fatal(err)
		}
	case <-time.After(20 * time.Second):
		l.t.Fatalf("Run does not end after Close: %s", l.say())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.events
}

func (l *listener) say() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return say(l.events)
}

// say writes events in short: segments are numbered in the order of their appearance.
func say(events []Event) string {
	var out []string
	names := map[string]int{}
	for _, e := range events {
		if e.Segment.IsZero() {
			switch e.Kind {
			case Lost:
				out = append(out, fmt.Sprintf("lost %d-%d", e.Start, e.End))
			case Down:
				out = append(out, "down: "+e.Reason)
			default:
				out = append(out, string(e.Kind))
			}
			continue
		}
		if names[e.Segment.String()] == 0 {
			names[e.Segment.String()] = len(names) + 1
		}
		out = append(out, fmt.Sprintf("%s %d %d-%d %s", e.Kind, names[e.Segment.String()], e.Start, e.End, e.Text))
	}
	return strings.Join(out, "\n")
}

// finals gives the texts of the finals in order.
func finals(events []Event) string {
	var out []string
	for _, e := range events {
		if e.Kind == Final {
			out = append(out, e.Text)
		}
	}
	return strings.Join(out, " | ")
}

// speak writes a row of words of 100 ms each, from an instant on, and gives the instant after.
func (l *listener) speak(at clock.Instant, words ...int) clock.Instant {
	for _, n := range words {
		l.client.Write(at, sound(n, 100))
		at = at.Add(100)
	}
	return at
}

func decode(t *testing.T, text string) map[string]map[string]any {
	t.Helper()
	var out map[string]map[string]any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}
