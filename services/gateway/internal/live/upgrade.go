package live

import (
	"bufio"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/websocket"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/services/gateway/internal/wire"
)

// Serve takes a request for a session's websocket. It returns after the
// upgrade; the connection lives on without the request's goroutine. A refusal
// before the upgrade is problem details (RFC 9457).
func (s *Server) Serve(w http.ResponseWriter, r *http.Request, session ids.Session) {
	if refused := s.acceptable(r); refused != nil {
		s.refuse(w, refused)
		return
	}
	c := &conn{server: s, id: uuid.NewString(), session: session, address: s.config.Address(r), gone: make(chan struct{})}
	if refused := s.admit(c); refused != nil {
		s.refuse(w, refused)
		return
	}
	taken := &takeover{ResponseWriter: w, conn: c}
	upgrader := s.upgrader
	c.packs = wire.Offered(r.Header)
	upgrader.EnableCompression = c.packs
	ws, err := upgrader.Upgrade(taken, r, nil)
	if err != nil {
		if c.socket != nil {
			c.abort(err)
		}
		s.forget(c)
		return
	}
	c.ws = ws
	s.mu.Lock()
	s.conns[c] = struct{}{}
	closed := s.closed
	s.mu.Unlock()
	if closed {
		// It came while Close was listing the others.
		c.bye("the server restarts", closeGoingAway, 500)
	}
	go c.read()
}

// takeover puts the socket between the websocket library and the network.
type takeover struct {
	http.ResponseWriter
	conn *conn
}

// Hijack takes the connection over, through whatever wraps the writer.
func (t *takeover) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	plain, buffered, err := http.NewResponseController(t.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	// What the HTTP server set for requests does not hold for a live connection.
	_ = plain.SetDeadline(time.Time{})
	// The socket lives on: through t it would keep the request with its headers and
	// the HTTP server's two buffers, 11 kB for every connection.
	all := &t.conn.server.all
	t.conn.socket = newSocket(plain, func() { all.Add(1) }, all.Done)
	if buffered.Reader.Buffered() == 0 {
		// The library takes this one for its own, and the connection sees what is in it.
		t.conn.in = bufio.NewReaderSize(t.conn.socket, readBuffer)
		buffered = bufio.NewReadWriter(t.conn.in, buffered.Writer)
	}
	return t.conn.socket, buffered, nil
}

// readBuffer is the size of a connection's buffer in bytes: what a client sends is
// short, and a longer message is read in parts. The library takes no smaller one than 257.
const readBuffer = 272

// acceptable says why a request cannot become a live connection, or nil.
func (s *Server) acceptable(r *http.Request) *problem.Error {
	if r.URL.Query().Has("token") || r.URL.Query().Has("access_token") {
		return problem.Field("query.token", "a token in the address is written into logs on its way").
			Try("connect without it and send it in the first frame: hello {token}")
	}
	if !websocket.IsWebSocketUpgrade(r) {
		return problem.New(problem.Malformed, "this address speaks the websocket protocol").
			Try("connect with a websocket, subprotocol %s, or GET the session's view", api.Subprotocol)
	}
	if !slices.Contains(websocket.Subprotocols(r), api.Subprotocol) {
		return problem.New(problem.Malformed, "the subprotocol %s was not offered", api.Subprotocol).On("header.Sec-WebSocket-Protocol").
			Try("offer %s", api.Subprotocol)
	}
	if !s.Allowed(r) {
		return problem.New(problem.Forbidden, "pages of this origin may not connect").On("header.Origin").
			Try("open Fairfloor at its own address, or ask the operator to allow the origin")
	}
	return nil
}

// Allowed reports whether pages of the request's origin may connect. It keeps other sites' pages from acting with a visitor's browser.
// What is no browser sends no origin.
func (s *Server) Allowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || slices.Contains(s.config.Origins, "*") || slices.Contains(s.config.Origins, origin) {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}

// peer is the address of the other side, without its port.
func peer(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// admit counts a connection, within the limits; Close waits for it from here on.
func (s *Server) admit(c *conn) *problem.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return notNow(problem.Busy, "the server restarts", 1000)
	case s.open >= s.config.MaxSockets:
		return notNow(problem.Busy, "this server has as many connections as it can serve", 5000)
	case s.perAddr[c.address] >= s.config.MaxPerAddress:
		return notNow(problem.TooMany, "there are too many connections from this address", 5000)
	}
	s.open++
	s.perAddr[c.address]++
	s.all.Add(1)
	s.metrics.sockets.Set(float64(s.open))
	return nil
}

// forget uncounts a connection.
func (s *Server) forget(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	s.open--
	if s.perAddr[c.address]--; s.perAddr[c.address] <= 0 {
		delete(s.perAddr, c.address)
	}
	s.metrics.sockets.Set(float64(s.open))
	close(c.gone)
	s.all.Done()
}

func notNow(code problem.Code, detail problem.Text, afterMS int64) *problem.Error {
	p := problem.New(code, detail).Try("connect again later")
	p.RetryAfterMS = afterMS
	return p
}

// refuse answers a request with problem details.
func (s *Server) refuse(w http.ResponseWriter, p *problem.Error) {
	s.metrics.refused.WithLabelValues(string(p.Code)).Inc()
	body, err := json.Marshal(p)
	if err != nil {
		http.Error(w, p.Title(), p.Status())
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status())
	_, _ = w.Write(body)
}
