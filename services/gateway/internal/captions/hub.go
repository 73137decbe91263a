// Package captions keeps the live transcript of every session that somebody
// reads, as it is sent: the facts of the log joined with their words.
//
// Guarantee:
//
//   - A track is sent in the order of its seq, each seq once, none missing: a
//     reader who says where they stand is led on from there by frames that each
//     begin where the last one ended, whatever was lost or restarted between.
//   - A final is sent when its words are here, and not before; what comes after
//     it waits.
//   - Words that were replaced, redacted or retracted are in no frame that is
//     made from then on: a step that a later one replaced is left out.
//   - A frame is encoded once for all who stand at the same place.
//   - Who may read is the session's publication; nothing here knows a text before
//     it was passed, because the log does not.
package captions

import (
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/roster"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// partials is the subject of what is being said: live.partial.<session>.<track>.
const partials = "live.partial."

// lingers is how long a transcript that nobody reads is kept.
const lingers = 5 * time.Minute

// Sessions is what the hub needs of the gateway's fold.
type Sessions interface {
	Read(s ids.Session, look func(*session.State)) error
	OnCaption(watch func(ids.Session))
	Activity() *eventlog.Activity
}

// Words gives what was said in a revision by the digest that the log names;
// false while it has not arrived. What was erased is nothing, and has arrived.
type Words func(s ids.Session, segment ids.Segment, digest events.Hash) (Said, bool)

// Config is what a Hub is made of.
type Config struct {
	Sessions Sessions
	Words    Words
	// Conn brings partials; nil brings none.
	Conn   *nats.Conn
	Logger *slog.Logger
}

// Hub holds the transcripts. It is safe for concurrent use.
type Hub struct {
	config Config
	stop   func()

	mu    sync.Mutex
	books map[ids.Session]*Book
	// filling are the sessions that have something new, in the order in which it came.
	dirty   map[ids.Session]func()
	streams int
	signal  chan struct{}
	ended   chan struct{}
	once    sync.Once
	running sync.WaitGroup
}

// New makes a hub; Close ends it.
func New(c Config) (*Hub, error) {
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Words == nil {
		c.Words = func(ids.Session, ids.Segment, events.Hash) (Said, bool) { return Said{}, false }
	}
	h := &Hub{
		config: c, books: map[ids.Session]*Book{}, dirty: map[ids.Session]func(){},
		signal: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	if c.Conn != nil {
		subscription, err := c.Conn.Subscribe(partials+">", h.receive)
		if err != nil {
			return nil, err
		}
		h.stop = func() { _ = subscription.Unsubscribe() }
	}
	c.Sessions.OnCaption(h.Changed)
	h.running.Go(h.run)
	return h, nil
}

// Close ends the hub's goroutine and its subscription.
func (h *Hub) Close() {
	if h.stop != nil {
		h.stop()
	}
	h.once.Do(func() { close(h.ended) })
	h.running.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, end := range h.dirty {
		end()
	}
	h.dirty = nil
}

// Ended is closed when the hub ends: streams of text end with it.
func (h *Hub) Ended() <-chan struct{} { return h.ended }

// Changed says that a session's transcript or words may have changed. It does
// not wait: the work is done in the hub's own goroutine, and the clock of a
// rehearsal waits for it.
func (h *Hub) Changed(s ids.Session) {
	h.mu.Lock()
	if h.dirty == nil || h.books[s] == nil || h.dirty[s] != nil {
		h.mu.Unlock()
		return
	}
	h.dirty[s] = h.config.Sessions.Activity().Begin()
	h.mu.Unlock()
	select {
	case h.signal <- struct{}{}:
	default:
	}
}

// Erased says that words of a segment were erased in the store: what was read of
// them is read anew.
func (h *Hub) Erased(s ids.Session, segment ids.Segment) {
	if b := h.known(s); b != nil {
		b.mu.Lock()
		b.erased = append(b.erased, segment)
		b.mu.Unlock()
	}
	h.Changed(s)
}

// run fills the books that have something new.
func (h *Hub) run() {
	for {
		select {
		case <-h.ended:
			return
		case <-h.signal:
		}
		for s, end := range h.taken() {
			if b := h.known(s); b != nil {
				b.fill()
			}
			end()
		}
		h.clean(time.Now())
	}
}

func (h *Hub) taken() map[ids.Session]func() {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := h.dirty
	if all != nil {
		h.dirty = map[ids.Session]func(){}
	}
	return all
}

func (h *Hub) known(s ids.Session) *Book {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.books[s]
}

// Of gives a session's transcript, read from the fold when it is the first time.
func (h *Hub) Of(s ids.Session) *Book {
	h.mu.Lock()
	b := h.books[s]
	if b == nil {
		b = &Book{hub: h, session: s, tracks: map[string]*track{}, watchers: map[*watching]struct{}{}}
		h.books[s] = b
	}
	h.mu.Unlock()
	b.touch()
	// Also for one that is known: who asks after a receipt finds what it says.
	b.fill()
	return b
}

// clean forgets the transcripts that nobody has read for a while.
func (h *Hub) clean(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for s, b := range h.books {
		if b.idle(now.Add(-lingers)) {
			delete(h.books, s)
		}
	}
}

// receive takes a partial. Nothing is kept of it.
func (h *Hub) receive(m *nats.Msg) {
	name, _, ok := strings.Cut(strings.TrimPrefix(m.Subject, partials), ".")
	if !ok {
		return
	}
	s, err := ids.Parse[ids.Session](name)
	if err != nil {
		return
	}
	b := h.known(s)
	if b == nil {
		return
	}
	var segment api.Segment
	if err := json.Unmarshal(m.Data, &segment); err != nil {
		h.config.Logger.Warn("a partial cannot be read", "session", name, "error", err)
		return
	}
	b.partial(segment)
}

// ValidTrack reports whether a text is the tag of a language in its usual form
// (BCP 47), which is also safe in a subject and in a path.
func ValidTrack(tag string) bool {
	canonical, ok := roster.Language(tag)
	return ok && canonical == tag
}

// MaxStreams is how many streams of text a gateway serves at once; each is a
// connection with a goroutine.
const MaxStreams = 500

// Enter counts a stream of text; leave ends it. Beyond MaxStreams it is a problem.
func (h *Hub) Enter() (leave func(), err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.streams >= MaxStreams {
		p := problem.New(problem.TooMany, "%d readers have a stream of text open; this server takes no more", MaxStreams).
			Try("read over the websocket, or ask again later")
		p.RetryAfterMS = 5000
		return nil, p
	}
	h.streams++
	return sync.OnceFunc(func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.streams--
	}), nil
}
