package live

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
	"golang.org/x/time/rate"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/presence"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/token"
	"github.com/fairfloor/fairfloor/services/gateway/internal/view"
	"github.com/fairfloor/fairfloor/services/gateway/internal/wire"
)

// Bounds of what one connection may send.
const (
	// badFrames is how many frames that cannot be used close the connection.
	badFrames = 20
	// framesPerSecond and framesBurst bound frames of any kind.
	framesPerSecond, framesBurst = 50, 100
	// commandsWaiting is how many commands may wait for the one that is under way.
	commandsWaiting = 64
)

// conn is one client.
type conn struct {
	*socket
	server  *Server
	ws      *websocket.Conn
	id      string
	session ids.Session
	address string
	in      *bufio.Reader // what has come and was not taken yet
	packs   bool          // it takes compressed messages
	gone    chan struct{} // closed when nothing of the connection is left

	// Set by hello and not changed afterwards.
	claims   token.Claims
	kid      string // the key that signed the token, empty for a visitor
	audience api.Audience
	since    api.Cursor
	sinceSeq uint64
	feed     *feed

	// version is the stage that the client has, or will have when its backlog is
	// written; zero before the first one. It is covered by the socket's lock.
	version uint64
	// offsets are the tracks that the client follows and where it stands in each;
	// the socket's lock covers them.
	offsets []offset

	// me and told belong to the feed's goroutine.
	me, told []byte

	// ending is set once the goodbye was sent; what comes then is not read.
	ending atomic.Bool
	bad    int
	pace   *rate.Limiter

	commands struct {
		sync.Mutex
		waiting []api.CommandFrame
		working bool
	}
	// partials holds the newest keystrokes that wait for the ones on their way.
	partials struct {
		sync.Mutex
		waiting *api.PartialWish
		working bool
	}
}

// delegate reports whether the connection has a personal part that changes.
func (c *conn) delegate() bool { return isDelegate(c.claims.Actor()) }

// member is the connection as presence knows it.
func (c *conn) member() presence.Member {
	m := presence.Member{Connection: c.id}
	if c.delegate() {
		m.Applicant, m.Entry = c.claims.Applicant, c.claims.Entry
	}
	return m
}

// read serves a new connection: hello, then frames, until the line ends.
func (c *conn) read() {
	if !c.greet() {
		c.end()
		return
	}
	c.serve(nil, false)
}

// wait is the goroutine of a connection that does nothing. Its stack is the
// dearest part of an idle connection, so it is a fresh one and calls nothing
// deep: what comes is served by another. One of the two lives at any time.
func (c *conn) wait() {
	err := c.await()
	go c.serve(err, true)
}

// serve takes what has come, or the end of waiting, and goes back to waiting.
func (c *conn) serve(waited error, due bool) {
	for due || c.direct == nil || c.in.Buffered() > 0 {
		c.listen()
		if !c.take(waited) {
			c.leave()
			c.end()
			return
		}
		waited, due = nil, false
	}
	go c.wait()
}

// end clears up when nothing more will come.
func (c *conn) end() {
	c.abort(io.EOF)
	c.server.forget(c)
}

// greet reads the hello. It reports whether the client may stay.
func (c *conn) greet() bool {
	c.ws.SetPongHandler(func(string) error { c.listen(); return nil })
	c.pace = rate.NewLimiter(framesPerSecond, framesBurst)
	_ = c.SetReadDeadline(time.Now().Add(api.HelloSeconds * time.Second))
	data, err := c.next()
	var slow interface{ Timeout() bool }
	switch {
	case errors.As(err, &slow) && slow.Timeout() || errors.Is(err, os.ErrDeadlineExceeded):
		// Not a refusal of who it is: on a bad network a hello may be late, and the next one comes.
		late := problem.New(problem.Busy, "no hello came within %d s", api.HelloSeconds).On("type").Try(`send {"type":"hello","token":"…"} first`)
		late.RetryAfterMS = 500
		c.refuse(late, closeTryLater)
		return false
	case err != nil && c.refusal(err) == nil:
		return false
	case err != nil:
		c.refuse(c.refusal(err), closePolicy)
		c.drain()
		return false
	}
	if refused := c.hello(data); refused != nil {
		code := uint16(closePolicy)
		if refused.Code == problem.Busy || refused.Code == problem.Refused || refused.Code == problem.NotFound {
			code = closeTryLater
		}
		c.refuse(refused, code)
		c.drain()
		return false
	}
	return true
}

// take reads the client's next frame, for which it has waited, and does what it
// says. It reports whether others may follow.
func (c *conn) take(waited error) bool {
	data, err := []byte(nil), waited
	if err == nil {
		data, err = c.next()
	}
	if c.ending.Load() {
		if waited == nil {
			c.drain() // else its time has passed in waiting
		}
		return false
	}
	switch refused := c.refusal(err); {
	case err == nil:
		c.frame(data, time.Now())
	case refused == nil:
		return false
	case refused.Code == problem.TooLarge:
		c.refuse(refused, closeTooBig)
		c.drain()
		return false
	default:
		c.complain(ids.Command{}, refused)
	}
	return true
}

// await returns when there is a frame to read or nothing will be. It takes the
// pongs itself: the library would go on waiting behind one, deep in its own calls.
func (c *conn) await() error {
	for {
		c.listen()
		if c.in.Buffered() == 0 {
			if err := c.direct.await(); err != nil {
				return err
			}
		}
		if !c.pong() {
			return nil
		}
	}
}

// pong takes one whole answer to a ping, if that is what comes next. All else, a
// wrong pong too, is the library's to read and judge.
func (c *conn) pong() bool {
	head, err := c.in.Peek(2)
	if err != nil || head[0] != 0x80|wire.Pong || head[1]&0x80 == 0 || head[1]&0x7f > 125 {
		return false
	}
	n := 2 + 4 + int(head[1]&0x7f) // and the mask (RFC 6455, 5.2)
	if _, err := c.in.Peek(n); err != nil {
		return false
	}
	_, err = c.in.Discard(n)
	return err == nil
}

// listen gives the client its time for the next message or pong. Whoever says
// goodbye sets ending before the deadline, so looking at it afterwards never
// leaves a goodbye with the long one.
func (c *conn) listen() {
	_ = c.SetReadDeadline(time.Now().Add(readWithin))
	if c.ending.Load() {
		_ = c.SetReadDeadline(time.Now().Add(byeWithin))
	}
}

// drain waits, not long, until the client has read its goodbye: closing at once
// would reset the connection and lose it.
func (c *conn) drain() {
	_ = c.SetReadDeadline(time.Now().Add(byeWithin))
	for {
		if _, _, err := c.ws.NextReader(); err != nil {
			return
		}
	}
}

// next reads one message, at most api.MaxFrame bytes of it.
func (c *conn) next() ([]byte, error) {
	kind, r, err := c.ws.NextReader()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(r, api.MaxFrame+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) > api.MaxFrame:
		return nil, problem.New(problem.TooLarge, "a message may have %d bytes", api.MaxFrame).Try("send large things over HTTP")
	case kind != websocket.TextMessage:
		return nil, problem.New(problem.Malformed, "the message is binary").Try("send JSON in text messages")
	case !utf8.Valid(data):
		return nil, problem.New(problem.Malformed, "the message is not UTF-8").Try("send JSON in UTF-8")
	}
	return data, nil
}

// refusal gives the problem in err, or nil when the line itself ended.
func (c *conn) refusal(err error) *problem.Error {
	var p *problem.Error
	if errors.As(err, &p) {
		return p
	}
	return nil
}

// leave takes the connection off its feed and out of presence.
func (c *conn) leave() {
	c.feed.leave(c)
	c.server.exit(c.feed)
	s, session, id := c.server, c.session, c.id
	s.all.Go(func() { s.absent(session, id) })
}

// waits reports whether the connection has no view yet.
func (c *conn) waits() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.version == 0
}

// idle reports whether nothing waits to be written.
func (c *conn) idle() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.flushing || c.failure != nil
}

// start gives the first view: steps that follow on the client's own, or the
// snapshot; and after it, in the same order for everybody, the personal part
// that never changes and who is connected. One that has a view already keeps it.
func (c *conn) start(current *stage, steps []*wire.Message, presence []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.version != 0 {
		return
	}
	c.version = current.version
	if steps == nil {
		steps = []*wire.Message{current.snapshot()}
	}
	frames := make([][]byte, 0, len(steps))
	for _, s := range steps {
		frames = append(frames, s.Frame(c.packs))
	}
	c.send(item{kind: state, frame: join(frames)})
	if !c.delegate() {
		c.send(item{kind: personal, frame: c.static()})
	}
	if presence != nil && c.audience != api.ForPublic {
		c.send(item{kind: presences, frame: presence})
	}
	c.fetchAll()
}

// deliver gives the next stage by its patch, or as a snapshot to a client that
// has missed one. False means that the connection has no view yet.
func (c *conn) deliver(next *stage, patch *wire.Message) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.version == 0:
		return false
	case c.version >= next.version || c.stale:
		// It has this one, or a fresh snapshot will follow its backlog.
	case c.version+1 == next.version && patch != nil:
		c.version = next.version
		c.send(item{kind: state, frame: patch.Frame(c.packs)})
	default:
		c.version = next.version
		c.send(item{kind: state, frame: next.snapshot().Frame(c.packs)})
	}
	return true
}

// fresh is the socket's refill: the newest snapshot for a client whose backlog
// was dropped. The socket's lock is held.
func (c *conn) fresh() []byte {
	current := c.feed.channels[c.audience].current.Load()
	if current == nil {
		return nil
	}
	c.server.metrics.lagging.Inc()
	c.version = current.version
	return current.snapshot().Frame(c.packs)
}

// prepare keeps a new personal part until deliverPersonal.
func (c *conn) prepare(me []byte) { c.me = me }

// deliverPersonal sends the personal part when it changed, to a client that has
// the view that it speaks of.
func (c *conn) deliverPersonal() {
	if c.me == nil || bytes.Equal(c.me, c.told) || c.waits() {
		return
	}
	c.told = c.me
	c.put(personal, c.me)
}

// complain answers a frame that cannot be used. Who sends many of them is shown out.
func (c *conn) complain(id ids.Command, p *problem.Error) {
	c.server.metrics.refused.WithLabelValues(string(p.Code)).Inc()
	c.put(kept, text(api.ProblemFrame{Type: api.FrameProblem, ID: id, Problem: p}))
	if c.bad++; c.bad >= badFrames {
		c.bye("too many frames that cannot be used", closePolicy, 0)
	}
}

// refuse ends the connection with a problem.
func (c *conn) refuse(p *problem.Error, code uint16) {
	if c.ending.Swap(true) {
		return
	}
	c.server.metrics.refused.WithLabelValues(string(p.Code)).Inc()
	c.finish(
		text(api.ProblemFrame{Type: api.FrameProblem, Problem: p}),
		text(api.Bye{Type: api.FrameBye, Reason: string(p.Code), RetryAfterMS: p.RetryAfterMS}),
		closing(code, p.Detail))
	_ = c.SetReadDeadline(time.Now().Add(byeWithin))
}

// bye ends the connection with a reason; afterMS is when to come back, in ms.
func (c *conn) bye(reason string, code uint16, afterMS int64) {
	if c.ending.Swap(true) {
		return
	}
	c.finish(text(api.Bye{Type: api.FrameBye, Reason: reason, RetryAfterMS: afterMS}), closing(code, reason))
	_ = c.SetReadDeadline(time.Now().Add(byeWithin))
}

// visitor is the claims of somebody without a token.
func visitor(session ids.Session, id string) token.Claims {
	return token.Claims{
		Subject: "visitor/" + id, Session: session, Roles: []events.Role{events.Observer}, Audience: token.ForPublic,
	}
}

// static is the personal part of who has none that changes.
func (c *conn) static() []byte {
	return text(api.MeFrame{Type: api.FrameMe, Me: (&view.View{}).Me(view.Viewer{Actor: c.claims.Actor(), Audience: c.audience})})
}
