package live

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/token"
	"github.com/fairfloor/fairfloor/services/gateway/internal/ask"
	"github.com/fairfloor/fairfloor/services/gateway/internal/view"
)

// behind is how long a gateway waits for its own log before it says "not now"
// to a client that knows more (decisions.md 28).
const behind = time.Second

// head is what every client frame has.
type head struct {
	Type string      `json:"type"`
	ID   ids.Command `json:"id"`
}

// headOf reads type and id of a frame, as far as they can be read.
func headOf(data []byte) (head, *problem.Error) {
	var h head
	var loose struct {
		Type json.RawMessage `json:"type"`
		ID   json.RawMessage `json:"id"`
	}
	first := json.NewDecoder(bytes.NewReader(data))
	if err := first.Decode(&loose); err != nil {
		// Decode says better what is wrong with it.
		return h, problem.From(ask.Decode(data, &loose))
	}
	if _, err := first.Token(); !errors.Is(err, io.EOF) {
		return h, problem.New(problem.Malformed, "something stands after the frame's object").Try("send one JSON object in each message")
	}
	if loose.Type == nil {
		return h, problem.New(problem.Malformed, "the frame has no type").On("type").Try("send a type that /asyncapi.json names")
	}
	if json.Unmarshal(loose.Type, &h.Type) != nil {
		return h, problem.New(problem.Malformed, "the type is not a text").On("type").Try("send a type that /asyncapi.json names")
	}
	// An id that cannot be read is complained of by the frame's own type.
	_ = json.Unmarshal(loose.ID, &h.ID)
	return h, nil
}

// hello takes the first frame: who it is, what they may see, and from where on.
func (c *conn) hello(data []byte) *problem.Error {
	h, refused := headOf(data)
	if refused != nil {
		return refused
	}
	if h.Type != api.FrameHello {
		return problem.New(problem.Unauthorised, "the first frame must be hello").On("type").Try(`send {"type":"hello","token":"…"} first`)
	}
	var hello api.Hello
	if err := ask.Decode(data, &hello); err != nil {
		return problem.From(err)
	}
	if refused := c.identify(hello.Token); refused != nil {
		return refused
	}
	audience, err := c.claims.Audience.Narrow(hello.Audience)
	if err != nil {
		return problem.From(err)
	}
	c.audience = audience
	if refused := c.resume(hello.Since); refused != nil {
		return refused
	}
	if c.feed = c.server.enter(c.session); c.feed == nil {
		return notNow(problem.Busy, "the server restarts", 1000)
	}
	c.socket.mu.Lock()
	c.refill, c.fetch = c.fresh, c.captions
	c.socket.mu.Unlock()
	if refused := c.follow(hello.Tracks, hello.CaptionsSince); refused != nil {
		c.server.exit(c.feed)
		return refused
	}
	c.feed.join(c)
	c.present()
	return nil
}

// identify gives the connection its claims, from the token alone.
func (c *conn) identify(text string) *problem.Error {
	var public bool
	err := c.server.config.Follower.Read(c.session, func(s *session.State) { public = s.Registry.Modalities.PublicLive })
	if err != nil {
		return problem.From(err)
	}
	if text == "" {
		if !public {
			return problem.New(problem.Unauthorised, "this session is not open to visitors").On("token").Try("open the link that you were given")
		}
		c.claims = visitor(c.session, c.id)
		return nil
	}
	claims, err := c.server.config.Tokens.Enter(text, c.session)
	if err != nil {
		return problem.From(err)
	}
	c.claims, c.kid = claims, token.KeyID(text)
	return nil
}

// resume looks at the client's cursor. One that is ahead of the log means that
// the log has lost something: the client gets everything anew, and the operator
// an alarm.
func (c *conn) resume(since api.Cursor) *problem.Error {
	if since == "" {
		return nil
	}
	incarnation, seq, ok := view.ParseCursor(since)
	if !ok {
		// A cursor of another version of the program: a snapshot serves.
		return nil
	}
	f := c.server.config.Follower
	if incarnation != f.Incarnation(c.session) {
		c.alarm("a client's cursor is of another life of the log", since)
		return nil
	}
	if seq > f.Position(c.session) {
		if err := f.Wait(c.server.work, c.session, seq, behind); err != nil {
			ctx, cancel := context.WithTimeout(c.server.work, behind)
			defer cancel()
			last, err := f.Last(ctx, c.session)
			if err != nil || last >= seq {
				return notNow(problem.Busy, "this server has not read the log as far as you have", 1000)
			}
			c.alarm("a client's cursor is ahead of the log", since)
			return nil
		}
	}
	c.since, c.sinceSeq = since, min(seq, c.head())
	return nil
}

// head is the session's own last position: a stage never has a higher one.
func (c *conn) head() uint64 {
	var seq uint64
	_ = c.server.config.Follower.Read(c.session, func(s *session.State) { seq = s.ViewSequence })
	return seq
}

// alarm tells the operator that somebody knows more than the log.
func (c *conn) alarm(what string, since api.Cursor) {
	c.server.metrics.ahead.Inc()
	c.server.log.Error(what, "session", c.session.String(), "cursor", string(since), "incarnation", c.server.config.Follower.Incarnation(c.session))
}

// present tells the others that the connection is open.
func (c *conn) present() {
	s, session, member := c.server, c.session, c.member()
	s.all.Go(func() {
		ctx, cancel := context.WithTimeout(s.work, presenceCall)
		defer cancel()
		if err := s.config.Presence.Hold(ctx, session, member); err != nil {
			s.log.Debug("a connection is not shown as present", "session", session.String(), "error", err)
		}
		select {
		case <-c.gone:
			// It left while the store was asked; the leave may have come first.
			s.absent(session, member.Connection)
		default:
		}
	})
}

// absent tells the others that a connection was closed.
func (s *Server) absent(session ids.Session, connection string) {
	// A closing server still takes its connections out.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.work), presenceCall)
	defer cancel()
	if err := s.config.Presence.Leave(ctx, session, connection); err != nil {
		// The lease ends by itself.
		s.log.Debug("a closed connection is still shown as present", "session", session.String(), "error", err)
	}
}

// frame handles one frame after hello.
func (c *conn) frame(data []byte, received time.Time) {
	if !c.pace.AllowN(received, 1) {
		p := problem.New(problem.TooMany, "a connection may send %d frames in a second", framesPerSecond).Try("send less often")
		p.RetryAfterMS = 1000
		c.complain(ids.Command{}, p)
		return
	}
	parsed, id, refused := parse(data)
	if refused != nil {
		c.complain(id, refused)
		return
	}
	switch frame := parsed.(type) {
	case *api.CommandFrame:
		c.enqueue(*frame)
	case *api.ClockFrame:
		c.answerClock(*frame, received)
	case *api.TracksFrame:
		c.change(*frame)
	case *api.PartialWish:
		c.say(*frame)
	}
}

// parse reads a frame that comes after hello: a command (a check-in is one), a
// clock, a choice of tracks or keystrokes. A refusal names the command's id where it could be read.
func parse(data []byte) (any, ids.Command, *problem.Error) {
	h, refused := headOf(data)
	if refused != nil {
		return nil, h.ID, refused
	}
	switch h.Type {
	case api.FrameCommand:
		frame := &api.CommandFrame{}
		if err := ask.Decode(data, frame); err != nil {
			return nil, h.ID, problem.From(err)
		}
		return frame, h.ID, nil
	case api.FrameCheckIn:
		var frame api.CheckIn
		if err := ask.Decode(data, &frame); err != nil {
			return nil, h.ID, problem.From(err)
		}
		args, err := json.Marshal(command.EntryRef{Entry: frame.Entry})
		if err != nil {
			return nil, h.ID, problem.From(err)
		}
		return &api.CommandFrame{ID: frame.ID, Verb: "check_in", Args: args}, h.ID, nil
	case api.FrameClock:
		frame := &api.ClockFrame{}
		if err := ask.Decode(data, frame); err != nil {
			return nil, h.ID, problem.From(err)
		}
		return frame, h.ID, nil
	case api.FrameTracks:
		frame := &api.TracksFrame{}
		if err := ask.Decode(data, frame); err != nil {
			return nil, h.ID, problem.From(err)
		}
		return frame, h.ID, nil
	case api.FramePartial:
		frame := &api.PartialWish{}
		if err := ask.Decode(data, frame); err != nil {
			return nil, h.ID, problem.From(err)
		}
		return frame, h.ID, nil
	case api.FrameHello:
		return nil, h.ID, problem.New(problem.WrongState, "hello was said already").On("type").Try("connect anew for another token or audience")
	default:
		return nil, h.ID, problem.New(problem.Malformed, "there is no frame of this type").On("type").Try("send command, checkin, clock, tracks or partial")
	}
}

// answerClock answers in log time (decisions.md 9).
func (c *conn) answerClock(frame api.ClockFrame, received time.Time) {
	at, speed := c.feed.clock()
	c.put(clocks, text(api.ClockFrame{
		Type: api.FrameClock, ClientMS: frame.ClientMS, ReceivedMS: received.UnixMilli(), SentMS: time.Now().UnixMilli(),
		SessionMS: at, SpeedPermille: speed,
	}))
}

// enqueue puts a command in the connection's line. A client's commands are done
// one after the other, in the order in which it sent them; those of different
// clients side by side.
func (c *conn) enqueue(frame api.CommandFrame) {
	q := &c.commands
	q.Lock()
	defer q.Unlock()
	if len(q.waiting) >= commandsWaiting {
		p := problem.New(problem.TooMany, "%d commands of this connection are waiting", commandsWaiting).
			Try("wait for receipts, then send the same command with the same id again")
		p.RetryAfterMS = 1000
		c.put(kept, text(api.ProblemFrame{Type: api.FrameProblem, ID: frame.ID, Problem: p}))
		return
	}
	q.waiting = append(q.waiting, frame)
	if q.working {
		return
	}
	q.working = true
	c.server.asks.Go(c.work)
}

// work does the connection's commands until none waits. What was begun is
// finished even when the client is gone: it may ask for the receipt elsewhere.
func (c *conn) work() {
	q := &c.commands
	for {
		q.Lock()
		if len(q.waiting) == 0 {
			q.working, q.waiting = false, nil
			q.Unlock()
			return
		}
		frame := q.waiting[0]
		q.waiting = q.waiting[1:]
		q.Unlock()
		receipt, err := c.server.config.Asker.Do(c.server.work, c.session, c.claims.Actor(), frame)
		if err != nil {
			c.put(kept, text(api.ProblemFrame{Type: api.FrameProblem, ID: frame.ID, Problem: problem.From(err)}))
			continue
		}
		out := api.ReceiptFrame{Type: api.FrameReceipt, Receipt: receipt}
		if current := c.feed.channels[c.audience].current.Load(); current != nil {
			out.At = current.cursor
		}
		c.put(kept, text(out))
		if verb, ok := command.Lookup(frame.Verb); ok && verb.Context == events.Transcript {
			c.confirm(receipt.Seq)
		}
	}
}
