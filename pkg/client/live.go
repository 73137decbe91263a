// Package client is the Go client of Fairfloor's public API and websocket, for
// the rehearsal, the tests, the load program and integrators.
//
// Guarantee: a Live keeps one session's view by the written protocol and
// nothing else. It reconnects with back-off and jitter and resumes at its
// cursor; it applies a patch only when it starts at its own cursor; a command is
// sent again with the same id until its receipt is here, the caller's context
// ends, or the server refuses it; it knows when it is stale. Every receipt's
// signature is checked against the session's key.
package client

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// Options say where a Live connects and as whom.
type Options struct {
	// Base is the server's address, such as https://fairfloor.example.org.
	Base    string
	Session ids.Session
	// Token is the signed token; empty asks for a visitor's view.
	Token string
	// Audience narrows the view.
	Audience api.Audience
	// TLS replaces the usual trust for an address with https, for a server with
	// a certificate of its own.
	TLS *tls.Config
	// Dial replaces the network, for tests; nil uses TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Now is the client's own wall clock, which may be wrong; nil is time.Now.
	// It is used for the clock exchange alone, never for time-outs.
	Now func() time.Time
	// OnChange is called after each change of view, personal part or
	// connection, from one goroutine; it must not block.
	OnChange func()
	// Tracks are those of the transcript that are followed from the start.
	Tracks []string
	// OnCaption and OnPartial are told of what comes of the transcript, from the
	// goroutine that reads; they must not block.
	OnCaption, OnPartial Caption
	// OnView is told whenever the view has reached a further log position, with when
	// the frame was read, from the goroutine that reads; it must not block.
	OnView func(seq uint64, came time.Time)
	// Skim keeps nothing of the view but what receipts are checked with: frames are
	// parsed and their cursors followed all the same. It is for thousands of clients
	// in one process; View and JSON then tell nothing.
	Skim bool
	// FirstBackoff and MostBackoff bound the wait between connections;
	// 100 ms and 5 s when zero.
	FirstBackoff, MostBackoff time.Duration
}

// Connection is what a page shows of the line.
type Connection string

// The states of the line.
const (
	Connecting   Connection = "connecting"
	Connected    Connection = "live"
	Reconnecting Connection = "reconnecting"
	Stopped      Connection = "stopped"
)

// Live is one live connection to a session. Its methods are safe for
// concurrent use.
type Live struct {
	options Options
	cancel  context.CancelFunc
	done    chan struct{}

	mu         sync.Mutex
	conn       *websocket.Conn
	connection Connection
	failure    error // why it stopped
	doc        map[string]any
	view       *api.View // decoded from doc when first asked for
	me         api.Me
	presence   api.Presence
	cursor     api.Cursor
	seq        uint64
	audience   api.Audience
	heard      time.Time
	samples    []sample
	exchanges  int // of clocks on the present line
	pending    map[ids.Command]*pending
	changed    chan struct{} // closed and replaced on each change
	stats      Stats
	// tracks are those that are followed, transcripts what has come of each.
	tracks      []string
	transcripts map[string]*Transcript

	writing sync.Mutex
}

// Stats count what a connection received, for tests and the load program.
type Stats struct {
	Snapshots, Patches, Receipts, Beats, Reconnects, Problems, Partials int

	// Frames counts all of them, Bytes their payloads.
	Frames, Bytes int64
}

// pending is a command that waits for its receipt.
type pending struct {
	frame  []byte
	answer chan answer
}

// Dial connects and returns when the first snapshot is here, or with the
// reason why that cannot be. Close must be called in the end.
func Dial(ctx context.Context, options Options) (*Live, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.FirstBackoff == 0 {
		options.FirstBackoff = 100 * time.Millisecond
	}
	if options.MostBackoff == 0 {
		options.MostBackoff = 5 * time.Second
	}
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	l := &Live{
		options: options, cancel: cancel, done: make(chan struct{}),
		connection: Connecting, pending: map[ids.Command]*pending{}, changed: make(chan struct{}),
		tracks: options.Tracks, transcripts: map[string]*Transcript{},
	}
	go l.run(own)
	err := l.Wait(ctx, func(l *Locked) bool { return l.live.doc != nil })
	if err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// Close ends the connection and waits until nothing of it runs any more.
func (l *Live) Close() {
	l.cancel()
	l.mu.Lock()
	if l.conn != nil {
		_ = l.conn.Close()
	}
	l.mu.Unlock()
	<-l.done
}

// Drop cuts the line without a word, as a phone in a tunnel does; the client
// reconnects by itself.
func (l *Live) Drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil {
		_ = l.conn.NetConn().Close()
	}
}

// run connects again and again until Close or a final refusal.
func (l *Live) run(ctx context.Context) {
	defer close(l.done)
	defer l.stop(errClosed)
	backoff := l.options.FirstBackoff
	for {
		began := time.Now()
		retryAfter, err := l.once(ctx)
		if ctx.Err() != nil {
			return
		}
		var refused *problem.Error
		if errors.As(err, &refused) && final(refused.Code) {
			l.stop(refused)
			return
		}
		if time.Since(began) > 10*time.Second {
			backoff = l.options.FirstBackoff
		}
		l.mu.Lock()
		l.connection = Reconnecting
		l.stats.Reconnects++
		l.notify()
		l.mu.Unlock()
		wait := max(retryAfter, backoff/2+rand.N(backoff/2+1))
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		backoff = min(2*backoff, l.options.MostBackoff)
	}
}

var errClosed = errors.New("the client was closed")

// final reports whether connecting again cannot help.
func final(code problem.Code) bool {
	return code == problem.Unauthorised || code == problem.Forbidden || code == problem.NotFound
}

// stop keeps the first reason and tells everybody who waits.
func (l *Live) stop(reason error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failure == nil {
		l.failure = reason
	}
	l.connection = Stopped
	for id, p := range l.pending {
		p.answer <- answer{err: l.failure}
		delete(l.pending, id)
	}
	l.notify()
}

// notify is called with the lock held.
func (l *Live) notify() {
	close(l.changed)
	l.changed = make(chan struct{})
	if l.options.OnChange != nil {
		go l.options.OnChange()
	}
}

// address gives the websocket's address.
func (l *Live) address() (string, error) {
	u, err := url.Parse(l.options.Base)
	if err != nil {
		return "", err
	}
	switch u.Scheme {
	case "http":
		u.Scheme = "ws"
	case "https":
		u.Scheme = "wss"
	default:
		return "", fmt.Errorf("the address %q does not start with http:// or https://", l.options.Base)
	}
	u.Path = strings.TrimSuffix(u.Path, "/") + "/api/v1/sessions/" + l.options.Session.String() + "/live"
	return u.String(), nil
}

// once holds one connection until it breaks. It gives how long the server
// asked to wait, and why the connection ended.
func (l *Live) once(ctx context.Context) (time.Duration, error) {
	address, err := l.address()
	if err != nil {
		return 0, problem.Field("base", "%s", err)
	}
	dialer := websocket.Dialer{
		Subprotocols: []string{api.Subprotocol}, NetDialContext: l.options.Dial, TLSClientConfig: l.options.TLS,
		HandshakeTimeout: 10 * time.Second, EnableCompression: true,
		ReadBufferSize: 4096, WriteBufferSize: 1024,
	}
	conn, response, err := dialer.DialContext(ctx, address, nil)
	if response != nil && err != nil {
		defer func() { _ = response.Body.Close() }()
		return 0, refusal(response)
	}
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()

	l.mu.Lock()
	hello := api.Hello{
		Type: api.FrameHello, Token: l.options.Token, Since: l.cursor, Audience: l.options.Audience,
		Tracks: l.tracks, CaptionsSince: l.since(),
	}
	l.mu.Unlock()
	if err := l.writeTo(conn, hello); err != nil {
		return 0, err
	}
	defer func() {
		l.mu.Lock()
		l.conn = nil
		l.mu.Unlock()
	}()
	return l.read(conn)
}

// refusal reads the problem details of a failed upgrade.
func refusal(response *http.Response) error {
	var p problem.Error
	if json.NewDecoder(http.MaxBytesReader(nil, response.Body, 64<<10)).Decode(&p) == nil && p.Code != "" {
		return &p
	}
	return fmt.Errorf("the server answered %s", response.Status)
}

// writeTo writes one frame; one writer at a time.
func (l *Live) writeTo(conn *websocket.Conn, frame any) error {
	raw, ok := frame.([]byte)
	if !ok {
		var err error
		if raw, err = json.Marshal(frame); err != nil {
			return err
		}
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	_ = conn.SetWriteDeadline(time.Now().Add(10 * time.Second))
	return conn.WriteMessage(websocket.TextMessage, raw)
}

// WriteRaw sends bytes as they are, for tests of bad input.
func (l *Live) WriteRaw(raw []byte) error {
	l.mu.Lock()
	conn := l.conn
	l.mu.Unlock()
	if conn == nil {
		return errors.New("not connected")
	}
	return l.writeTo(conn, raw)
}
