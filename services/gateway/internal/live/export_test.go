package live

import (
	"runtime"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/services/gateway/internal/captions"
)

// SentAt gives when something was last sent to an audience's connections, the
// first and the last of them, in Unix ns.
func (s *Server) SentAt(session ids.Session, audience api.Audience) (first, last int64) {
	s.mu.Lock()
	f := s.feeds[session]
	s.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.channels[audience].conns {
		at := c.written.Load()
		if first == 0 || at < first {
			first = at
		}
		last = max(last, at)
	}
	return first, last
}

// Waiting gives the bytes that wait for a session's connections.
func (s *Server) Waiting(session ids.Session) int {
	s.mu.Lock()
	f := s.feeds[session]
	s.mu.Unlock()
	waiting := 0
	for _, c := range f.everybody() {
		waiting += c.waiting()
	}
	return waiting
}

// Behind says whether a connection of the session has so much waiting that a
// snapshot takes its place.
func (s *Server) Behind(session ids.Session) bool {
	s.mu.Lock()
	f := s.feeds[session]
	s.mu.Unlock()
	for _, c := range f.everybody() {
		c.socket.mu.Lock()
		stale := c.socket.stale
		c.socket.mu.Unlock()
		if stale {
			return true
		}
	}
	return false
}

// Say hands what is being said in a track to a session's readers.
func (s *Server) Say(session ids.Session, p captions.Partial) {
	s.mu.Lock()
	f := s.feeds[session]
	s.mu.Unlock()
	f.Partial(p)
}

// Spoken returns when what was being said is handed to everybody who reads it.
func (s *Server) Spoken(session ids.Session) {
	s.mu.Lock()
	f := s.feeds[session]
	s.mu.Unlock()
	for {
		f.mu.Lock()
		over := !f.speaking && len(f.said) == 0
		f.mu.Unlock()
		if over {
			return
		}
		runtime.Gosched()
	}
}
