// Package vosk sends speech to a speech engine that speaks the vosk-server
// websocket protocol (https://alphacephei.com/vosk/server) and turns its
// answers into segments of a transcript.
//
// The protocol: a text message {"config": {"sample_rate": 16000, "words": 1}},
// then binary messages of 16-bit little-endian mono PCM, each answered by one
// text message, {"partial": "…"} or {"text": "…", "result": [{"word", "start",
// "end", "conf"}]} with times in seconds since the connection's first sample,
// and {"eof" : 1} for the end, which is answered by the last result.
//
// Guarantee: a segment keeps its id from its first partial to its final, and
// times are those at which the audio was captured, though connections come and
// go. When the engine's connection breaks, the audio since the last final is
// sent again over the next one, as far as the buffer reaches back; what was
// dropped is said, with its times. No call blocks the source of the audio.
// When Run returns, none of its goroutines is left.
package vosk

import (
	"net/url"
	"sync"
	"time"

	"github.com/fairfloor/fairfloor/pkg/captions"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// SampleRate is what browsers of ours send and engines are trained on, in Hz.
const SampleRate = 16_000

// bytesPerMS is the size of a millisecond of audio at SampleRate, 16 bits, mono.
const bytesPerMS = SampleRate / 1_000 * 2

// Kind says what an Event tells.
type Kind string

// The kinds.
const (
	// Partial is what is being said, whole; the next one of the same segment replaces it.
	Partial Kind = "partial"
	// Final is what was said; the segment does not change any more.
	Final Kind = "final"
	// Withdrawn takes back the partials of a segment: the engine heard nothing after all.
	Withdrawn Kind = "withdrawn"
	// Lost is audio that no engine heard: Start to End.
	Lost Kind = "lost"
	// Up is a connection that stands, Down one that does not, with the Reason.
	Up   Kind = "up"
	Down Kind = "down"
)

// Event is one thing that the caller hears of.
type Event struct {
	Kind Kind
	// Segment is set for Partial, Final and Withdrawn.
	Segment ids.Segment
	Text    string
	// Words have times when the engine gives them, in session ms.
	Words []captions.Word
	// Start and End are session times. Those of a partial are estimates unless
	// the engine times its partials.
	Start, End clock.Instant
	// Confidence is the mean of the words', 0 to 1; zero when the engine does not tell.
	Confidence float64
	// Reason says why the connection is down, without the engine's address.
	Reason string
}

// Config says where the engine is.
type Config struct {
	// URL is the engine's, such as ws://127.0.0.1:2700.
	URL string
	// Phrases are words to listen for (the glossary), for engines that take a list.
	Phrases []string
	// Buffer is how much audio is kept while the engine is away or slow; zero is DefaultBuffer.
	Buffer time.Duration
	// Patience is how long the engine may take to answer before the connection
	// is given up, in I/O time; zero is DefaultPatience.
	Patience time.Duration
	// Wait is how long to wait before the second connection, in I/O time; it doubles up to 5 s. Zero is DefaultWait.
	Wait time.Duration
}

// Defaults of Config.
const (
	// DefaultBuffer holds one utterance of the longest length and the time of a reconnect.
	DefaultBuffer = 15 * time.Second
	// DefaultPatience is twice what a loaded engine needs for a second of speech.
	DefaultPatience = 10 * time.Second
	// DefaultWait lets an engine that was restarted come back.
	DefaultWait = 200 * time.Millisecond
)

// Client is one stream of audio to one engine. Its methods may be called by
// any goroutine; Run is called once.
type Client struct {
	config Config
	wake   chan struct{} // something changed under mu

	mu     sync.Mutex
	kept   []chunk // audio since the last final, oldest first
	next   int     // the first of kept that this connection has not been sent
	held   int64   // ms of audio in kept
	lost   span    // audio dropped before an engine had it, not yet told
	closed bool
}

// chunk is one piece of audio as it came.
type chunk struct {
	at  clock.Instant
	pcm []byte
}

func (c chunk) ms() int64 { return int64(len(c.pcm)) / bytesPerMS }

type span struct{ from, to clock.Instant }

// New checks the configuration. The error is a *problem.Error about the field "engine".
func New(config Config) (*Client, error) {
	u, err := url.Parse(config.URL)
	if err != nil || u.Host == "" || (u.Scheme != "ws" && u.Scheme != "wss") {
		return nil, problem.Field("engine", "this is not the address of a speech engine").Try("give it as ws://host:port or wss://host:port")
	}
	if config.Buffer <= 0 {
		config.Buffer = DefaultBuffer
	}
	if config.Patience <= 0 {
		config.Patience = DefaultPatience
	}
	if config.Wait <= 0 {
		config.Wait = DefaultWait
	}
	return &Client{config: config, wake: make(chan struct{}, 1)}, nil
}

// Write takes in audio that was captured from the instant at on: 16-bit
// little-endian mono PCM at SampleRate, best 20 to 200 ms of it. It does not
// block; when the buffer is full the oldest audio goes, and a Lost event says
// which. Audio after Close is ignored, as is half a sample at the end.
func (c *Client) Write(at clock.Instant, pcm []byte) {
	pcm = pcm[:len(pcm)&^1]
	if len(pcm) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	piece := chunk{at: at, pcm: append([]byte(nil), pcm...)}
	c.kept = append(c.kept, piece)
	c.held += piece.ms()
	for c.held > c.config.Buffer.Milliseconds() && len(c.kept) > 1 {
		c.dropFirst()
	}
	c.notify()
}

// dropFirst forgets the oldest audio, and notes it as lost when no engine has it.
func (c *Client) dropFirst() {
	first := c.kept[0]
	c.kept = c.kept[1:]
	c.held -= first.ms()
	if c.next > 0 {
		c.next--
		return
	}
	if c.lost == (span{}) {
		c.lost.from = first.at
	}
	c.lost.to = first.at.Add(first.ms())
}

// Close tells that no more audio comes: Run sends what it has, waits for the
// last final and returns.
func (c *Client) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.notify()
}

// notify wakes Run; mu is held.
func (c *Client) notify() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// heard forgets audio that needs not be sent again: all but the last ms of what was sent.
func (c *Client) heard(unless int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	back := int64(0)
	keep := c.next
	for keep > 0 && back < unless {
		keep--
		back += c.kept[keep].ms()
	}
	for range keep {
		c.held -= c.kept[0].ms()
		c.kept = c.kept[1:]
	}
	c.next -= keep
}

// again marks all audio that is kept as not sent: the connection is gone.
func (c *Client) again() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next = 0
}

// take gives the next audio to send and whether the end has come after it.
func (c *Client) take() (piece chunk, some, end bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next < len(c.kept) {
		piece = c.kept[c.next]
		c.next++
		return piece, true, false
	}
	return chunk{}, false, c.closed
}

// gap gives what was lost since the last call.
func (c *Client) gap() span {
	c.mu.Lock()
	defer c.mu.Unlock()
	lost := c.lost
	c.lost = span{}
	return lost
}
