package live

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/services/gateway/internal/captions"
	"github.com/fairfloor/fairfloor/services/gateway/internal/view"
	"github.com/fairfloor/fairfloor/services/gateway/internal/wire"
)

// Bounds of a ring of patches, for each audience.
const (
	ringFrames = 512
	ringBytes  = 1 << 20
	// restMost bounds the rest after a build.
	restMost = 50 * time.Millisecond
)

// feed is one session's fan-out. One goroutine builds the view after changes,
// however many came meanwhile, and hands the patches to the sockets.
type feed struct {
	server  *Server
	session ids.Session
	signal  chan struct{}
	ended   chan struct{}
	once    sync.Once

	// users and unused are the server's, under its lock.
	users  int
	unused time.Time

	// book is the session's transcript, and unwatch ends its calls to the feed.
	book    *captions.Book
	unwatch func()

	// encoder is the goroutine's own.
	encoder view.Encoder

	// mu covers what follows; it is never held while a socket is written to.
	mu       sync.Mutex
	dirty    bool
	busy     bool
	settle   func() // ends the activity that the dirt began
	channels map[api.Audience]*channel
	// delegates are those of the connections that have a personal part of their own.
	delegates map[*conn]struct{}
	// readers are the connections that follow a track of the transcript, and listed is
	// their list while nobody comes or goes. said is what is being said, and waits;
	// speaking is set while a goroutine hands it out.
	readers  map[*conn]struct{}
	listed   []*conn
	said     []captions.Partial
	speaking bool
	own      map[ids.Applicant][]ids.Entry
	presence []byte
	asking   bool // a presence call is under way
	sharing  bool // views will be put into the store
	seen     map[ids.Entry]bool
}

// channel is one audience of a feed.
type channel struct {
	current atomic.Pointer[stage]
	conns   map[*conn]struct{}
	listed  []*conn // conns as a list, while nobody comes or goes
	ring    []patch
	bytes   int
	version uint64
	// recalled are former views that clients came back with, the newest last; shared
	// is the last view that was put where other gateways find it.
	recalled []*recalled
	shared   api.Cursor
}

// stage is an encoded view that is being shown.
type stage struct {
	version  uint64
	audience api.Audience
	cursor   api.Cursor
	seq      uint64
	encoded  *view.Encoded
	once     sync.Once
	message  *wire.Message
}

// snapshot is the stage's message, made when it is first needed.
func (s *stage) snapshot() *wire.Message {
	s.once.Do(func() { s.message = snapshotMessage(s.cursor, s.seq, s.audience, s.encoded.JSON) })
	return s.message
}

// patch takes a client from one stage to the next.
type patch struct {
	from, to api.Cursor
	message  *wire.Message
}

func newFeed(s *Server, session ids.Session) *feed {
	f := &feed{
		server: s, session: session, signal: make(chan struct{}, 1), ended: make(chan struct{}),
		channels: map[api.Audience]*channel{}, delegates: map[*conn]struct{}{}, readers: map[*conn]struct{}{}, seen: map[ids.Entry]bool{}, settle: func() {},
	}
	for _, a := range api.Audiences() {
		f.channels[a] = &channel{conns: map[*conn]struct{}{}}
	}
	f.book = s.config.Captions.Of(session)
	f.unwatch = f.book.Watch(f)
	return f
}

// wake says that the view may have changed.
func (f *feed) wake() {
	f.mu.Lock()
	if !f.dirty {
		f.dirty = true
		f.settle = f.server.config.Follower.Activity().Begin()
	}
	f.mu.Unlock()
	select {
	case f.signal <- struct{}{}:
	default:
	}
}

// end stops the feed's goroutine.
func (f *feed) end() {
	f.once.Do(func() {
		f.unwatch()
		f.mu.Lock()
		defer f.mu.Unlock()
		close(f.ended)
	})
}

// pending reports whether a change has not been fanned out.
func (f *feed) pending() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dirty || f.busy
}

// run builds and fans out until the feed or the server ends.
func (f *feed) run() {
	defer f.clean()
	for {
		select {
		case <-f.ended:
			return
		case <-f.server.work.Done():
			return
		case <-f.signal:
		}
		begun := time.Now()
		f.turn()
		// Half of the time is left to the fold and to others, so that a burst is
		// folded into few builds instead of starving what feeds it.
		if rest := min(time.Since(begun), restMost); rest > time.Millisecond {
			timer := time.NewTimer(rest)
			select {
			case <-timer.C:
			case <-f.ended:
				timer.Stop()
				return
			}
		}
	}
}

// clean ends the activity of a feed that nobody will turn any more.
func (f *feed) clean() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dirty = false
	f.settle()
}

// turn is one build and fan-out.
func (f *feed) turn() {
	f.mu.Lock()
	settle := f.settle
	f.dirty, f.busy, f.settle = false, true, func() {}
	f.mu.Unlock()
	defer settle()
	defer func() {
		f.mu.Lock()
		f.busy = false
		f.mu.Unlock()
	}()
	begun := time.Now()
	var v *view.View
	var seq uint64
	var incarnation string
	err := f.server.config.Follower.Read(f.session, func(s *session.State) {
		v, seq, incarnation = view.Build(s, f.server.config.Names), s.ViewSequence, s.Incarnation
	})
	if err != nil {
		f.refuse(problem.From(err))
		return
	}
	own := v.Own()
	f.mu.Lock()
	f.own = own
	f.mu.Unlock()
	var delegates []*conn
	for i, audience := range api.Audiences() {
		f.show(v, audience, incarnation, seq)
		f.server.metrics.fanOut.WithLabelValues(string(audience)).Observe(time.Since(begun).Seconds())
		if i == 0 {
			// The chair's side is served first, also before what is personal.
			delegates = f.personal(v)
		}
	}
	for _, c := range delegates {
		c.deliverPersonal()
	}
}

// show encodes the view for one audience and hands it to its connections. An
// audience that nobody follows, and whose ring nobody can resume from, costs
// nothing.
func (f *feed) show(v *view.View, audience api.Audience, incarnation string, seq uint64) {
	ch := f.channels[audience]
	before := ch.current.Load()
	f.mu.Lock()
	followed := len(ch.conns) > 0
	f.mu.Unlock()
	if !followed && before == nil {
		return
	}
	encoded, err := f.encoder.Encode(v, audience)
	if err != nil {
		f.server.log.Error("the view cannot be encoded", "session", f.session.String(), "audience", string(audience), "error", err)
		return
	}
	next := &stage{audience: audience, cursor: view.CursorOf(incarnation, seq, audience, encoded.JSON), seq: seq, encoded: encoded}
	var step patch
	if before != nil {
		if before.cursor == next.cursor {
			f.begin(ch)
			return
		}
		step = patch{before.cursor, next.cursor, patchMessage(before.cursor, next.cursor, seq, encoded.Since(before.encoded))}
	}
	f.mu.Lock()
	ch.version++
	next.version = ch.version
	ch.current.Store(next)
	if before != nil {
		ch.remember(step)
	}
	conns := ch.list()
	f.mu.Unlock()
	f.share()
	for _, c := range conns {
		if !c.deliver(next, step.message) {
			f.start(ch, c)
		}
	}
}

// begin gives the stage that did not change to those who wait for a first one.
func (f *feed) begin(ch *channel) {
	f.mu.Lock()
	conns := ch.list()
	f.mu.Unlock()
	for _, c := range conns {
		if c.waits() {
			f.start(ch, c)
		}
	}
}

// start gives a connection its first view: the patches since its cursor, or the
// current snapshot. It reports whether there was one to give.
func (f *feed) start(ch *channel, c *conn) bool {
	f.mu.Lock()
	current := ch.current.Load()
	// A stage from before the client's own cursor would take it backwards.
	if current == nil || current.seq < c.sinceSeq {
		f.mu.Unlock()
		return false
	}
	steps, resumed := ch.since(c.since, current)
	if !resumed {
		steps, resumed = ch.sinceRecalled(c.since, current)
	}
	if !resumed {
		steps = nil
	}
	c.start(current, steps, f.presence)
	f.mu.Unlock()
	f.server.count(resumed)
	return true
}

// list gives the connections, which is not to be changed; the lock is held.
func (ch *channel) list() []*conn {
	if ch.listed == nil {
		ch.listed = make([]*conn, 0, len(ch.conns))
		for c := range ch.conns {
			ch.listed = append(ch.listed, c)
		}
	}
	return ch.listed
}

// remember adds a patch to the ring; the lock is held.
func (ch *channel) remember(p patch) {
	ch.ring = append(ch.ring, p)
	ch.bytes += len(p.message.Payload())
	drop := 0
	for drop < len(ch.ring)-1 && (len(ch.ring)-drop > ringFrames || ch.bytes > ringBytes) {
		ch.bytes -= len(ch.ring[drop].message.Payload())
		drop++
	}
	if drop > 0 {
		ch.ring = append(ch.ring[:0:0], ch.ring[drop:]...)
	}
}

// since gives the messages that take a client from a cursor to the current stage;
// false when the ring has no such boundary or a snapshot is smaller. The lock
// is held.
func (ch *channel) since(at api.Cursor, current *stage) ([]*wire.Message, bool) {
	if at == "" {
		return nil, false
	}
	if at == current.cursor {
		return []*wire.Message{patchMessage(at, at, current.seq, nil)}, true
	}
	bytes := 0
	for i := len(ch.ring) - 1; i >= 0; i-- {
		if bytes += len(ch.ring[i].message.Payload()); bytes > len(current.encoded.JSON) {
			return nil, false
		}
		if ch.ring[i].from == at {
			steps := make([]*wire.Message, 0, len(ch.ring)-i)
			for _, p := range ch.ring[i:] {
				steps = append(steps, p.message)
			}
			return steps, true
		}
	}
	return nil, false
}

// join adds a connection and gives it its view when there is one; otherwise the
// next turn does.
func (f *feed) join(c *conn) {
	ch := f.channels[c.audience]
	f.recall(ch, c.since)
	f.mu.Lock()
	ch.conns[c], ch.listed = struct{}{}, nil
	if c.delegate() {
		f.delegates[c] = struct{}{}
	}
	f.mu.Unlock()
	if !f.start(ch, c) || c.delegate() {
		f.wake()
	}
}

// leave removes a connection.
func (f *feed) leave(c *conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	ch := f.channels[c.audience]
	delete(ch.conns, c)
	ch.listed = nil
	delete(f.delegates, c)
	delete(f.readers, c)
	f.listed = nil
}

// everybody lists the connections, the chair's first.
func (f *feed) everybody() []*conn {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []*conn
	for _, a := range api.Audiences() {
		all = append(all, f.channels[a].list()...)
	}
	return all
}

// refuse ends every connection of a session that cannot be answered about.
func (f *feed) refuse(p *problem.Error) {
	for _, c := range f.everybody() {
		c.refuse(p, closeTryLater)
	}
}

// personal makes the personal part of every delegate, to be sent after the
// view that it speaks of.
func (f *feed) personal(v *view.View) []*conn {
	f.mu.Lock()
	delegates := make([]*conn, 0, len(f.delegates))
	for c := range f.delegates {
		delegates = append(delegates, c)
	}
	f.mu.Unlock()
	for _, c := range delegates {
		c.prepare(text(api.MeFrame{Type: api.FrameMe, Me: v.Me(view.Viewer{Actor: c.claims.Actor(), Audience: c.audience})}))
		for _, entry := range v.Unseen(c.claims.Applicant) {
			if c.claims.Entry.IsZero() || c.claims.Entry == entry {
				f.see(entry)
			}
		}
	}
	return delegates
}

// reached is the log position up to which everything was handed to the sockets,
// and whether that is all that is folded. When nothing but captions came after
// the view that is shown, it is the log's own.
func (f *feed) reached() (uint64, bool) {
	var shown, viewed, folded uint64
	for _, ch := range f.channels {
		if current := ch.current.Load(); current != nil {
			shown = max(shown, current.seq)
		}
	}
	_ = f.server.config.Follower.Read(f.session, func(s *session.State) { viewed, folded = s.ViewSequence, s.Sequence })
	if shown < viewed {
		return shown, false
	}
	return max(shown, folded), true
}

// clock gives the session's time, and its speed in thousandths of the wall
// clock: zero for a gated clock, which moves when it is told to.
func (f *feed) clock() (now int64, speed int64) {
	_ = f.server.config.Follower.Read(f.session, func(s *session.State) {
		at, per := s.Reading(f.server.config.Clock.Now())
		now, speed = int64(at), per
	})
	return now, speed
}

// beat tells those who have heard nothing for a while that the line is alive.
func (f *feed) beat(now time.Time) {
	var frame []byte
	quiet := now.Add(f.server.tick() - f.server.config.Beat).UnixNano()
	for _, c := range f.everybody() {
		if c.written.Load() > quiet {
			continue
		}
		if frame == nil {
			at, _ := f.clock()
			reached, _ := f.reached()
			frame = text(api.Beat{Type: api.FrameBeat, LogMS: at, Seq: reached})
		}
		c.put(beats, frame)
	}
}

var pingFrame = wire.Frame(wire.Ping, nil)

// ping makes dead lines show themselves.
func (f *feed) ping() {
	for _, c := range f.everybody() {
		c.put(kept, pingFrame)
	}
}

// checkTokens ends the connections whose token has expired or was revoked, or
// whose token's key was taken out of use.
func (f *feed) checkTokens(now time.Time) {
	revoked := map[ids.Invitation]bool{}
	err := f.server.config.Follower.Read(f.session, func(s *session.State) {
		for id, i := range s.Registry.Invitations {
			if i.Revoked {
				revoked[id] = true
			}
		}
	})
	if err != nil {
		f.refuse(problem.From(err))
		return
	}
	retired := map[string]bool{} // by the key's name, looked up once
	for _, c := range f.everybody() {
		if _, looked := retired[c.kid]; !looked {
			retired[c.kid] = c.kid != "" && !f.server.config.Tokens.InUse(c.kid)
		}
		switch {
		case !c.claims.Expires.IsZero() && !now.Before(c.claims.Expires):
			c.refuse(problem.New(problem.Unauthorised, "the link has expired").On("token").Try("ask the organiser for a new link"), closePolicy)
		case revoked[c.claims.ID], c.claims.Session.IsZero() && f.server.config.Follower.Revoked(c.claims.Session, c.claims.ID):
			c.refuse(problem.New(problem.Unauthorised, "this link was withdrawn").On("token").Try("ask the organiser for a new link"), closePolicy)
		case retired[c.kid]:
			c.refuse(problem.New(problem.Unauthorised, "the key that signed the token is no longer in use, or belongs to another server").On("token").
				Try("ask the organiser for a new link"), closePolicy)
		}
	}
}
