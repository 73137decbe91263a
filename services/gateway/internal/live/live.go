// Package live is the websocket of a session: the view, and every change of it,
// to everybody who follows; commands and their receipts the other way
// (live-sync.md).
//
// Guarantee:
//
//   - A view is encoded, and a patch framed, once for each audience; all its
//     connections are sent the same bytes, the chair's first.
//   - A patch starts where the client stands, or a snapshot is sent instead: a
//     client that resumes, falls behind or changes its gateway ends with the
//     same view as everybody else.
//   - Nobody waits for anybody: what a socket does not take at once waits for
//     that client alone, within bounds. State that does not fit is replaced by
//     one fresh snapshot; receipts are never dropped, the connection is given up
//     instead.
//   - Captions reach each reader of a track in the order of their seq, each once
//     and none missing; a slow reader's wait in the transcript, not here.
//   - Identity comes from the token in the first frame alone, and ends within
//     five seconds of the token's expiry or revocation.
//   - Whatever a client sends is answered by a frame that says what was wrong,
//     or by nothing; it never stops the process, another client, or the fan-out.
//   - What is said in several tracks while sockets are written to goes out together,
//     in one write for each reader.
//   - A connection that does nothing is one goroutine with the smallest stack, and
//     less than 8 kB in all (services/fairfloor/bench).
//   - Close leaves no goroutine behind.
package live

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/presence"
	"github.com/fairfloor/fairfloor/pkg/snapshot"
	"github.com/fairfloor/fairfloor/pkg/token"
	"github.com/fairfloor/fairfloor/services/gateway/internal/captions"
	"github.com/fairfloor/fairfloor/services/gateway/internal/follow"
	"github.com/fairfloor/fairfloor/services/gateway/internal/view"
)

// Asker sends commands to their services; *ask.Asker is one.
type Asker interface {
	Do(ctx context.Context, s ids.Session, actor events.Actor, frame api.CommandFrame) (command.Receipt, error)
	Noted(ctx context.Context, s ids.Session, verb string, id ids.Command, args any) error
	// Partial hands a captioner's keystrokes to the transcript's service.
	Partial(ctx context.Context, s ids.Session, actor events.Actor, wish api.PartialWish) error
}

// Config is what a Server is made of. Follower, Asker and Tokens must be set.
type Config struct {
	Follower *follow.Follower
	Asker    Asker
	Tokens   *token.Authority
	// Captions are the live transcripts; nil has none but the facts of the log.
	Captions *captions.Hub
	// Names gives people's names; nil knows nobody.
	Names view.Names
	// Presence holds who is connected; nil keeps it in this process.
	Presence presence.Store
	// Snapshots holds views that any gateway showed lately; nil keeps none.
	Snapshots snapshot.Store
	// Clock is the source of session time; nil is the machine's.
	Clock clock.Clock
	// Origins are allowed besides the server's own host, such as
	// "https://meeting.example.org"; "*" allows every origin.
	Origins []string
	// Address gives whom the limit per address counts; nil takes the peer's.
	Address func(*http.Request) string
	// MaxSockets and MaxPerAddress bound the connections; zero means
	// DefaultSockets and api.SocketsPerAddress.
	MaxSockets, MaxPerAddress int
	// Beat is how often a line that says nothing is told that it lives, in I/O time;
	// zero means api.BeatSeconds, which clients count on. Less is for tests that let
	// hours pass in a minute.
	Beat       time.Duration
	Logger     *slog.Logger
	Registerer prometheus.Registerer
}

// DefaultSockets is how many connections one gateway takes; a process has
// 20,000 file handles on the machines that this is made for.
const DefaultSockets = 18_000

// Times of the server's housekeeping, in I/O time.
const (
	beatEvery    = api.BeatSeconds * time.Second
	pingEvery    = 20 * time.Second
	readWithin   = 60 * time.Second
	byeWithin    = time.Second
	feedLinger   = time.Minute
	checkEvery   = time.Second
	presenceCall = 2 * time.Second
)

// Server serves live connections. Use New, Run or Close.
type Server struct {
	config   Config
	log      *slog.Logger
	metrics  *metrics
	upgrader websocket.Upgrader

	// work outlives the requests: the context of everything that is sent.
	work context.Context
	stop context.CancelFunc
	all  sync.WaitGroup
	// ownCaptions is set when nobody else ends the transcripts.
	ownCaptions bool
	asks        sync.WaitGroup // commands that are under way

	mu      sync.Mutex
	closed  bool
	open    int // admitted, upgraded or not
	conns   map[*conn]struct{}
	perAddr map[string]int
	feeds   map[ids.Session]*feed
}

// New makes a server and starts its housekeeping; Close ends it.
func New(c Config) (*Server, error) {
	if c.Follower == nil || c.Asker == nil || c.Tokens == nil {
		return nil, errors.New("live: a follower, an asker and tokens are needed")
	}
	if c.Names == nil {
		c.Names = view.NoNames
	}
	if c.Presence == nil {
		c.Presence = presence.NewMemory(0)
	}
	if c.Clock == nil {
		c.Clock = clock.Real{}
	}
	if c.Address == nil {
		c.Address = peer
	}
	if c.MaxSockets == 0 {
		c.MaxSockets = DefaultSockets
	}
	if c.Beat <= 0 {
		c.Beat = beatEvery
	}
	if c.MaxPerAddress == 0 {
		c.MaxPerAddress = api.SocketsPerAddress
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	s := &Server{
		config: c, log: c.Logger, conns: map[*conn]struct{}{}, perAddr: map[string]int{}, feeds: map[ids.Session]*feed{},
		upgrader: websocket.Upgrader{
			WriteBufferPool: &sync.Pool{}, Subprotocols: []string{api.Subprotocol},
			CheckOrigin: func(*http.Request) bool { return true }, // asked before, with a clearer answer
		},
	}
	var err error
	if s.config.Captions == nil {
		if s.config.Captions, err = captions.New(captions.Config{Sessions: c.Follower, Logger: c.Logger}); err != nil {
			return nil, err
		}
		s.ownCaptions = true
	}
	if s.metrics, err = newMetrics(c.Registerer); err != nil {
		return nil, err
	}
	s.work, s.stop = context.WithCancel(context.Background())
	c.Follower.OnChange(s.changed)
	s.all.Go(s.keepHouse)
	return s, nil
}

// changed wakes the feed of a session whose state changed. It is called from
// the fold and does not wait.
func (s *Server) changed(session ids.Session) {
	s.mu.Lock()
	f := s.feeds[session]
	s.mu.Unlock()
	if f != nil {
		f.wake()
	}
}

// enter gives a session's feed, started when it is the first time, and counts
// one user of it; nil once the server is closed.
func (s *Server) enter(session ids.Session) *feed {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	f := s.feeds[session]
	if f == nil {
		f = newFeed(s, session)
		s.feeds[session] = f
		s.all.Go(f.run)
	}
	f.users++
	return f
}

// exit ends one use of a feed.
func (s *Server) exit(f *feed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.users--
	f.unused = time.Now()
}

// snapshotOfFeeds lists the feeds, and ends those that nobody has used for long.
func (s *Server) snapshotOfFeeds(now time.Time) []*feed {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*feed, 0, len(s.feeds))
	for session, f := range s.feeds {
		if f.users == 0 && now.Sub(f.unused) > feedLinger {
			delete(s.feeds, session)
			f.end()
			continue
		}
		all = append(all, f)
	}
	return all
}

// tick is how often the house is kept: five times in a beat.
func (s *Server) tick() time.Duration { return s.config.Beat / 5 }

// keepHouse sends beats and pings, ends what has expired and keeps presence.
func (s *Server) keepHouse() {
	ticker := time.NewTicker(s.tick())
	defer ticker.Stop()
	var checked, pinged, renewed time.Time
	for {
		select {
		case <-s.work.Done():
			return
		case <-ticker.C:
		}
		// A tick that comes late is judged by now, not by when it was due.
		now := time.Now()
		feeds := s.snapshotOfFeeds(now)
		check, ping, renew := now.Sub(checked) >= checkEvery, now.Sub(pinged) >= pingEvery, now.Sub(renewed) >= presence.Renewal
		for _, f := range feeds {
			f.beat(now)
			if check {
				f.checkTokens(now)
				f.keepPresence(renew)
			}
			if ping {
				f.ping()
			}
		}
		if check {
			checked = now
		}
		if ping {
			pinged = now
		}
		if renew {
			renewed = now
		}
	}
}

// Close says goodbye to every connection and returns when nothing of the server
// runs any more; when ctx is done first, connections are cut.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	conns := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		conns = append(conns, c)
	}
	s.mu.Unlock()
	for _, c := range conns {
		c.bye("the server restarts", closeGoingAway, 500)
	}
	gone := make(chan struct{})
	go func() {
		s.awaitConns()
		s.asks.Wait()
		s.stop()
		s.endFeeds()
		s.all.Wait()
		if s.ownCaptions {
			s.config.Captions.Close()
		}
		close(gone)
	}()
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		for _, c := range conns {
			c.abort(ctx.Err())
		}
		s.stop()
		<-gone
		return ctx.Err()
	}
}

// awaitConns returns when no connection is left; each ends by itself within
// byeWithin of its goodbye.
func (s *Server) awaitConns() {
	for {
		s.mu.Lock()
		var one *conn
		for c := range s.conns {
			one = c
			break
		}
		s.mu.Unlock()
		if one == nil {
			return
		}
		<-one.gone
	}
}

func (s *Server) endFeeds() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for session, f := range s.feeds {
		delete(s.feeds, session)
		f.end()
	}
}

// Sockets is how many connections are open.
func (s *Server) Sockets() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

// Settled reports whether everything that the log says has been handed to the
// sockets and nothing waits there: for rehearsals on a gated clock, besides the
// log's own Activity, in which the fan-out takes part.
func (s *Server) Settled() bool {
	s.mu.Lock()
	conns := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		conns = append(conns, c)
	}
	feeds := make([]*feed, 0, len(s.feeds))
	for _, f := range s.feeds {
		feeds = append(feeds, f)
	}
	s.mu.Unlock()
	for _, f := range feeds {
		if f.pending() {
			return false
		}
	}
	for _, c := range conns {
		if !c.idle() {
			return false
		}
	}
	return true
}
