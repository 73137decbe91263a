// Package audio is the door for a microphone: a websocket that takes sound from
// a browser and gives it to the operator's speech engine, whose words become
// captions.
//
// Guarantee:
//
//   - Sound is forwarded and never stored; when the connection ends, what is left
//     of it is gone.
//   - The engine writes with a source of its own, under the epoch of its track:
//     while somebody else has the track, or the turn is in another language than
//     the engine hears, it is given no sound, and the page is told why.
//   - A final is sent again with the same id until the log has it, in the order of
//     speech. What could not be heard or sent is said, with its times.
//   - Who may send sound is decided by the token: whoever writes captions, the
//     chair's side, and a speaker while they have the floor.
package audio

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/token"
)

// Bounds of the door.
const (
	// MaxConnections is how many microphones one gateway serves: each has an engine
	// at work.
	MaxConnections = 32
	// maxChunk is the largest piece of sound, in bytes: two seconds.
	maxChunk = 64 << 10
	// silence is how long nothing may come before the line is given up.
	silence = 15 * time.Second
	// perSecond and burst bound the sound of a connection, in bytes: three times
	// real time, and what a page has kept while its line was down.
	perSecond, burst = 96_000, 1 << 20
)

// Sessions is what the door needs of the gateway's fold.
type Sessions interface {
	Read(s ids.Session, look func(*session.State)) error
	Wait(ctx context.Context, s ids.Session, seq uint64, timeout time.Duration) error
}

// Asker sends commands and partials to their services.
type Asker interface {
	Do(ctx context.Context, s ids.Session, actor events.Actor, frame api.CommandFrame) (command.Receipt, error)
	Partial(ctx context.Context, s ids.Session, actor events.Actor, wish api.PartialWish) error
}

// Config is what the door is made of.
type Config struct {
	Sessions Sessions
	Asker    Asker
	Tokens   *token.Authority
	// Engines gives the address of the engine for a language, such as
	// "en": "ws://127.0.0.1:2700".
	Engines map[string]string
	// Clock is the source of session time; nil is the machine's.
	Clock clock.Clock
	// Allowed says whether pages of the request's origin may connect.
	Allowed func(*http.Request) bool
	// Phrases gives names and terms for engines that take a list; nil has none.
	Phrases func(ids.Session) []string
	Logger  *slog.Logger
}

// Server serves microphones. Close ends it.
type Server struct {
	config   Config
	upgrader websocket.Upgrader
	work     context.Context
	stop     context.CancelFunc
	all      sync.WaitGroup

	mu    sync.Mutex
	open  int
	ended bool
	// parted are sources whose line broke; each is closed unless it comes back.
	parted map[ids.Source]context.CancelFunc
}

// New makes a server.
func New(c Config) *Server {
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Clock == nil {
		c.Clock = clock.Real{}
	}
	if c.Allowed == nil {
		c.Allowed = func(*http.Request) bool { return true }
	}
	s := &Server{config: c, parted: map[ids.Source]context.CancelFunc{}, upgrader: websocket.Upgrader{
		ReadBufferSize: 8 << 10, WriteBufferSize: 1 << 10, Subprotocols: []string{api.AudioSubprotocol},
		CheckOrigin: func(*http.Request) bool { return true }, // asked before, with a clearer answer
	}}
	s.work, s.stop = context.WithCancel(context.Background())
	return s
}

// Close says goodbye to every microphone and returns when nothing of the server
// runs any more.
func (s *Server) Close() {
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	s.stop()
	s.all.Wait()
}

// Serve takes a request for a session's microphone, until it ends.
func (s *Server) Serve(w http.ResponseWriter, r *http.Request, id ids.Session) {
	if refused := s.acceptable(r); refused != nil {
		write(w, refused)
		return
	}
	if refused := s.enter(); refused != nil {
		write(w, refused)
		return
	}
	defer s.leave()
	ws, err := s.upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = ws.Close() }()
	ws.SetReadLimit(maxChunk)
	(&line{server: s, ws: ws, session: id}).serve()
}

// acceptable says why a request cannot become a microphone, or nil.
func (s *Server) acceptable(r *http.Request) *problem.Error {
	switch {
	case r.URL.Query().Has("token") || r.URL.Query().Has("access_token"):
		return problem.Field("query.token", "a token in the address is written into logs on its way").
			Try("connect without it and send it in the first frame: hello {token}")
	case !websocket.IsWebSocketUpgrade(r) || !slices.Contains(websocket.Subprotocols(r), api.AudioSubprotocol):
		return problem.New(problem.Malformed, "this address speaks the websocket subprotocol %s", api.AudioSubprotocol).
			Try("connect with a websocket and offer that subprotocol")
	case !s.config.Allowed(r):
		return problem.New(problem.Forbidden, "pages of this origin may not connect").On("header.Origin").
			Try("open Fairfloor at its own address, or ask the operator to allow the origin")
	}
	return nil
}

func (s *Server) enter() *problem.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := problem.New(problem.Busy, "this server takes no more microphones").Try("connect again later")
	p.RetryAfterMS = 5000
	if s.ended || s.open >= MaxConnections {
		return p
	}
	s.open++
	s.all.Add(1)
	return nil
}

func (s *Server) leave() {
	s.mu.Lock()
	s.open--
	s.mu.Unlock()
	s.all.Done()
}

// write answers a request with problem details.
func write(w http.ResponseWriter, p *problem.Error) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status())
	_ = json.NewEncoder(w).Encode(p)
}

// engine gives the engine for a language: by its tag, or by the language alone.
func (s *Server) engine(language string) (string, error) {
	if url, ok := s.config.Engines[language]; ok {
		return url, nil
	}
	for tag, url := range s.config.Engines {
		if session.SameLanguage(tag, language) {
			return url, nil
		}
	}
	return "", problem.New(problem.NotFound, "no speech engine for %s is set up", language).On("language").
		Try("start the gateway with --engines %s=ws://ADDRESS, or have somebody type the captions", language)
}

// whose gives the actor that writes for the bearer of a token, and the turn to
// which they are bound; only writers are bound to none.
func whose(state *session.State, claims token.Claims) (events.Actor, ids.Turn, error) {
	actor := claims.Actor()
	if actor.Staff() || actor.Has(events.Captioner, events.Interpreter, events.Technician) {
		return actor, ids.Turn{}, nil
	}
	turn := state.Queue.Running()
	if actor.Has(events.Speaker) && !actor.Applicant.IsZero() && turn != nil {
		if _, applicant := state.Spoken(events.Attribution{Turn: turn.ID}); applicant == actor.Applicant {
			// The words are the service's, not theirs: it writes as a technician would.
			return events.Actor{ID: "audio/" + turn.ID.String(), Roles: []events.Role{events.Technician}}, turn.ID, nil
		}
	}
	return actor, ids.Turn{}, problem.New(problem.Forbidden, "your microphone is not forwarded: you do not have the floor").
		On("token").Try("wait until you are called, or open the link of the captions desk")
}

var errEnded = errors.New("audio: the line ended")
