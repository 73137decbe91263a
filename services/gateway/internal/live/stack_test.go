package live_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/keys"
	"github.com/fairfloor/fairfloor/pkg/presence"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
	"github.com/fairfloor/fairfloor/pkg/shell"
	"github.com/fairfloor/fairfloor/pkg/token"
	"github.com/fairfloor/fairfloor/services/gateway/internal/ask"
	"github.com/fairfloor/fairfloor/services/gateway/internal/follow"
	"github.com/fairfloor/fairfloor/services/gateway/internal/live"
)

func TestMain(m *testing.M) { logtest.Main(m) }

// stack is a gateway's live side over a real log, with a queue behind it that
// decides what the tests need by the real shell.
type stack struct {
	t        testing.TB
	store    *logtest.Store
	log      *eventlog.Log
	follower *follow.Follower
	asker    *ask.Asker
	tokens   *token.Authority
	presence presence.Store
	server   *live.Server
	web      *httptest.Server
	metrics  *prometheus.Registry
	session  ids.Session
	// dialled counts the connections: every second one offers compression.
	dialled atomic.Int64

	mu   sync.Mutex
	last clock.Instant
}

// open starts a stack with a session of n applicants, whose first ones wait.
func open(t testing.TB, applicants, waiting int, change func(*live.Config)) *stack {
	t.Helper()
	s := &stack{t: t, store: logtest.Open(t), session: ids.New[ids.Session](), metrics: prometheus.NewRegistry(), presence: presence.NewMemory(0)}
	s.log = s.store.Log(eventlog.Options{Name: "gateway"})
	ctx, cancel := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	queue, err := shell.New(shell.Config{Service: shell.Service{Context: events.Queue, Decide: decide}, Log: s.log, Logger: logtest.Logger(t)})
	if err != nil {
		t.Fatal(err)
	}
	s.follower = follow.New(follow.Config{Log: s.log, Logger: logtest.Logger(t)})
	s.tokens = token.New(token.Config{Keys: keys.Ephemeral(), Revoked: s.follower.Revoked})
	s.asker, err = ask.New(ask.Config{Conn: s.store.Connect("ask"), PerSecond: -1, Logger: logtest.Logger(t)})
	if err != nil {
		t.Fatal(err)
	}
	for _, run := range []func(context.Context) error{queue.Run, s.follower.Run} {
		parts.Go(func() {
			if err := run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	<-s.follower.Ready()
	<-queue.Ready()
	s.server, s.web = s.gateway(change)
	t.Cleanup(func() {
		s.close(s.server, s.web)
		cancel()
		parts.Wait()
	})
	s.sample(applicants, waiting)
	return s
}

// gateway starts another live server over the same log.
func (s *stack) gateway(change func(*live.Config)) (*live.Server, *httptest.Server) {
	s.t.Helper()
	c := live.Config{
		Follower: s.follower, Asker: s.asker, Tokens: s.tokens, Presence: s.presence, Registerer: prometheus.NewRegistry(),
		Logger: logtest.Logger(s.t),
	}
	if s.server == nil {
		c.Registerer = s.metrics
	}
	if change != nil {
		change(&c)
	}
	server, err := live.New(c)
	if err != nil {
		s.t.Fatal(err)
	}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, err := ids.Parse[ids.Session](strings.TrimPrefix(r.URL.Path, "/"))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		server.Serve(w, r, session)
	}))
	return server, web
}

func (s *stack) close(server *live.Server, web *httptest.Server) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := server.Close(ctx); err != nil {
		s.t.Errorf("closing: %v", err)
	}
	web.Close()
}

// decide is the little of the queue that these tests need.
func decide(s *session.State, r *command.Request, _ clock.Instant) (command.Decision, error) {
	verb, err := command.Admit(r, events.Queue)
	if err != nil {
		return command.Decision{}, err
	}
	args := verb.Args()
	if err := r.Read(args); err != nil {
		return command.Decision{}, err
	}
	var e events.Event
	switch args := args.(type) {
	case *command.Join:
		e = &events.EntryJoined{
			Entry: ids.Derive[ids.Entry](r.ID, 0), Part: args.Part, Applicant: r.Actor.Applicant, Kind: events.Statement,
			Place: len(s.Queue.List(args.Part).Order) + 1,
		}
	case *command.EntryRef:
		entry, ok := s.Queue.Entries[args.Entry]
		if !ok {
			return command.Decision{}, problem.New(problem.NotFound, "there is no such entry").On("args.entry")
		}
		if entry.CheckedIn {
			return command.Decision{}, problem.New(problem.Already, "checked in already").On("args.entry")
		}
		e = &events.CheckedIn{Entry: args.Entry}
	case *command.NotePresence:
		e = &events.PresenceNoted{Entry: args.Entry, Basis: args.Basis}
	default:
		return command.Decision{}, problem.New(problem.WrongState, "these tests have no %s", r.Verb)
	}
	return command.Decision{Events: []events.Event{e}}, nil
}

// append writes one commit by hand, as its service would.
func (s *stack) append(c events.Context, all ...events.Event) uint64 {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for range 100 {
		var head session.Head
		at := clock.Of(time.Now())
		if err := s.follower.Read(s.session, func(st *session.State) { head, at = st.Heads[c], max(at, st.At+1) }); err != nil && !problem.Is(err, problem.NotFound) {
			s.t.Fatal(err)
		}
		previous := head.Hash
		if head.Version == 0 {
			previous = events.FirstHash(events.Subject(c, s.session), s.log.Incarnation(s.session))
		}
		s.last = max(s.last+1, at)
		out := s.log.Append(context.Background(), s.session, c, &events.Commit{
			V: events.Version, Command: ids.New[ids.Command](), Verb: "test", Actor: events.ByService(c), At: s.last,
			Version: head.Version + 1, PrevHash: previous, Events: all,
		}, head.Sequence)
		switch out.Kind {
		case eventlog.Stored:
			s.await(out.Sequence)
			return out.Sequence
		case eventlog.Conflict:
			// The queue wrote meanwhile.
			if _, err := s.log.Last(context.Background(), s.session, c); err != nil {
				s.t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		default:
			s.t.Fatalf("append: %s: %v", out.Kind, out.Err)
		}
	}
	s.t.Fatal("append: conflicts without end")
	return 0
}

func (s *stack) await(seq uint64) {
	s.t.Helper()
	if err := s.follower.Wait(context.Background(), s.session, seq, 10*time.Second); err != nil {
		s.t.Fatal(err)
	}
}

func entry(n int) ids.Entry { return sessiontest.ID[ids.Entry](fmt.Sprintf("entry %d", n)) }

// sample writes the session.
func (s *stack) sample(applicants, waiting int) {
	m := sessiontest.Modalities()
	m.PublicLive = true
	start := clock.Of(time.Now()).Add(-60_000)
	s.append(events.Registry, &events.SessionCreated{
		Title: "Live", PlannedStart: start, HardEnd: start + 90*60_000, Zone: "UTC", Languages: []string{"en"},
		Modalities: m, Code: "LIVE22", Parts: []events.Part{{ID: sessiontest.Item, Kind: events.Item, Title: "Item", Minutes: 90, HasList: true}},
	})
	var all []events.Event
	for i := range applicants {
		all = append(all, &events.ApplicantApplied{Applicant: sessiontest.Applicant(i), Organisation: fmt.Sprintf("Organisation %d", i)},
			&events.ApplicantAccepted{Applicant: sessiontest.Applicant(i)})
	}
	if len(all) > 0 {
		s.append(events.Registry, all...)
	}
	all = []events.Event{&events.ListStateChanged{Part: sessiontest.Item, State: events.ListOpen}}
	for i := range waiting {
		all = append(all, &events.EntryJoined{Entry: entry(i), Part: sessiontest.Item, Applicant: sessiontest.Applicant(i), Kind: events.Statement, Place: i + 1})
	}
	s.append(events.Queue, all...)
	s.append(events.Timing, &events.SessionStarted{StartedAt: start}, &events.PartStarted{Part: sessiontest.Item, StartedAt: start})
}

// change writes something that every audience sees.
func (s *stack) change(n int) uint64 {
	s.t.Helper()
	return s.append(events.Timing, &events.MinimumChanged{MinimumMS: int64(10_000 + n)})
}

// token issues a link; n is the applicant of a speaker.
func (s *stack) token(role events.Role, n int) string {
	s.t.Helper()
	claims := token.Claims{Subject: fmt.Sprintf("token/%s-%d", role, n), Session: s.session, Roles: []events.Role{role}, Expires: time.Now().Add(time.Hour)}
	if role == events.Speaker {
		claims.Applicant = sessiontest.Applicant(n)
	}
	text, err := s.tokens.Issue(claims)
	if err != nil {
		s.t.Fatal(err)
	}
	return text
}

// client is a plain websocket client that applies what it is sent.
type client struct {
	t    testing.TB
	ws   *websocket.Conn
	doc  []byte
	at   api.Cursor
	seq  uint64
	me   *api.MeFrame
	seen []string // types in order
	// end is when the test gives up: beats keep a connection alive for ever.
	end time.Time
}

func (c *client) deadline() time.Time {
	if c.end.IsZero() {
		c.end = time.Now().Add(time.Minute)
	}
	return c.end
}

// dial opens a socket without saying hello.
func (s *stack) dial(web *httptest.Server) *websocket.Conn {
	s.t.Helper()
	return s.dialAs(web, s.dialled.Add(1)%2 == 0)
}

// dialAs opens a connection that takes compressed messages, or does not.
func (s *stack) dialAs(web *httptest.Server, packs bool) *websocket.Conn {
	s.t.Helper()
	d := websocket.Dialer{Subprotocols: []string{api.Subprotocol}, HandshakeTimeout: 10 * time.Second, EnableCompression: packs}
	ws, answer, err := d.Dial("ws"+strings.TrimPrefix(web.URL, "http")+"/"+s.session.String(), nil) //nolint:bodyclose // gorilla's dialer has read it
	if err != nil {
		s.t.Fatalf("dial: %v (%v)", err, answer)
	}
	return ws
}

// joinNarrow is join of a client whose kernel takes next to nothing that it
// does not read.
func (s *stack) joinNarrow(hello api.Hello) *client {
	s.t.Helper()
	network := &net.Dialer{Control: func(_, _ string, raw syscall.RawConn) (err error) {
		failed := raw.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096) })
		return errors.Join(failed, err)
	}}
	d := websocket.Dialer{Subprotocols: []string{api.Subprotocol}, NetDialContext: network.DialContext}
	ws, _, err := d.Dial("ws"+strings.TrimPrefix(s.web.URL, "http")+"/"+s.session.String(), nil) //nolint:bodyclose // gorilla's dialer has read it
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { ws.Close() })
	c := &client{t: s.t, ws: ws}
	hello.Type = api.FrameHello
	c.send(hello)
	return c
}

// join opens a socket and says hello.
func (s *stack) join(hello api.Hello) *client {
	s.t.Helper()
	return s.joinAt(s.web, hello)
}

func (s *stack) joinAt(web *httptest.Server, hello api.Hello) *client {
	s.t.Helper()
	c := &client{t: s.t, ws: s.dial(web)}
	s.t.Cleanup(func() { c.ws.Close() })
	hello.Type = api.FrameHello
	c.send(hello)
	return c
}

func (c *client) send(frame any) {
	c.t.Helper()
	if err := c.ws.WriteJSON(frame); err != nil {
		c.t.Fatalf("send: %v", err)
	}
}

// next reads one frame and applies it when it is about the view.
func (c *client) next() (kind string, raw []byte) {
	c.t.Helper()
	kind, raw, err := c.try()
	if err != nil {
		c.t.Fatalf("after %v: %v", c.seen, err)
	}
	return kind, raw
}

func (c *client) try() (kind string, raw []byte, err error) {
	if err := c.ws.SetReadDeadline(c.deadline()); err != nil {
		return "", nil, err
	}
	_, raw, err = c.ws.ReadMessage()
	if err != nil {
		return "", nil, err
	}
	var head struct{ Type string }
	if err := json.Unmarshal(raw, &head); err != nil {
		return "", nil, fmt.Errorf("%s: %w", raw, err)
	}
	if head.Type != api.FrameBeat {
		c.seen = append(c.seen, head.Type)
	}
	return head.Type, raw, c.apply(head.Type, raw)
}

// until reads until a frame of a type comes.
func (c *client) until(kind string) []byte {
	c.t.Helper()
	for {
		if got, raw := c.next(); got == kind {
			return raw
		}
	}
}

// reach reads until the view is at or past a log position.
func (c *client) reach(seq uint64) {
	c.t.Helper()
	for c.seq < seq {
		c.next()
	}
}

// read decodes a frame.
func read[T any](t testing.TB, raw []byte) T {
	t.Helper()
	var out T
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return out
}

// otherKeys sign tokens that are not ours.
var otherKeys = keys.Ephemeral()
