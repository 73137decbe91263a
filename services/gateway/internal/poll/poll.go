// Package poll lets clients follow a session where websockets are broken: each
// request waits until the view has moved past the client's cursor, and gets the
// frames that the websocket would have sent (decisions.md 31).
//
// Guarantee: the same view, for the same audience, as on the websocket; an
// answer is never older than the cursor it was asked with; a view is built once
// for all that wait for it; a waiting request costs a goroutine and nothing else,
// and there are at most MaxWaiting of them, MaxPerToken of one token.
package poll

import (
	"context"
	"sync"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// Limits of waiting requests, and the longest wait: below the 30 s after which
// common proxies give up.
const (
	MaxWaiting  = 5000
	MaxPerToken = 4
	MaxWait     = 25 * time.Second
)

// Look gives the encoded view of a session for an audience, and its cursor.
type Look func(s ids.Session, audience api.Audience) ([]byte, api.Cursor, error)

// Hub knows what changed and who waits. Use New.
type Hub struct {
	look Look

	mu       sync.Mutex
	sessions map[ids.Session]*room
	tokens   map[string]int
	waiting  int
}

// room is what is known of a session: the views since its last change.
type room struct {
	changed chan struct{}
	views   map[api.Audience]*view
}

type view struct {
	once   sync.Once
	raw    []byte
	cursor api.Cursor
	err    error
}

// New makes a hub. Its Changed must hear of every change of a session.
func New(look Look) *Hub {
	return &Hub{look: look, sessions: map[ids.Session]*room{}, tokens: map[string]int{}}
}

// Changed wakes those who wait for a session. It does not block.
func (h *Hub) Changed(s ids.Session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r := h.sessions[s]; r != nil {
		close(r.changed)
		delete(h.sessions, s)
	}
}

// Ask is one request.
type Ask struct {
	Session  ids.Session
	Audience api.Audience
	// Token names the link, for the limit.
	Token string
	// Since is the client's cursor; empty when it knows nothing yet.
	Since api.Cursor
	// Wait is the longest wait, 0 to MaxWait; more counts as MaxWait.
	Wait time.Duration
	// Moved, if given, is asked at each change of the session: true ends the wait
	// though the view is the same. What is personal is no part of the view.
	Moved func() bool
}

// Wait gives the view when its cursor is another than the client's, or Moved
// says so, at the latest after the wait. A nil view without an error says that
// nothing has changed. Errors are those of looking, too_many, and the context's.
func (h *Hub) Wait(ctx context.Context, a Ask) ([]byte, api.Cursor, error) {
	if err := h.enter(a.Token); err != nil {
		return nil, "", err
	}
	defer h.leave(a.Token)
	timer := time.NewTimer(min(max(a.Wait, 0), MaxWait))
	defer timer.Stop()
	for {
		v, changed := h.view(a.Session, a.Audience)
		v.once.Do(func() { v.raw, v.cursor, v.err = h.look(a.Session, a.Audience) })
		if v.err != nil {
			h.Changed(a.Session) // an error is not kept: the next one asks again
			return nil, "", v.err
		}
		if v.cursor != a.Since || a.Moved != nil && a.Moved() {
			return v.raw, v.cursor, nil
		}
		select {
		case <-changed:
		case <-timer.C:
			return nil, a.Since, nil
		case <-ctx.Done():
			return nil, "", ctx.Err()
		}
	}
}

// view gives the place of a view, and what is closed when it is out of date. The
// place is taken before the state is looked at, so a change in between is at
// worst looked at twice and never missed.
func (h *Hub) view(s ids.Session, audience api.Audience) (*view, <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.sessions[s]
	if r == nil {
		r = &room{changed: make(chan struct{}), views: map[api.Audience]*view{}}
		h.sessions[s] = r
	}
	v := r.views[audience]
	if v == nil {
		v = &view{}
		r.views[audience] = v
	}
	return v, r.changed
}

func (h *Hub) enter(token string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	var p *problem.Error
	switch {
	case h.tokens[token] >= MaxPerToken:
		p = problem.New(problem.TooMany, "%d requests of this link are waiting already", MaxPerToken).Try("wait for one of them to be answered")
	case h.waiting >= MaxWaiting:
		p = problem.New(problem.TooMany, "%d requests are waiting at this gateway", MaxWaiting).Try("ask again in a moment")
	default:
		h.waiting++
		h.tokens[token]++
		return nil
	}
	p.RetryAfterMS = 1000
	return p
}

func (h *Hub) leave(token string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.waiting--
	if h.tokens[token]--; h.tokens[token] == 0 {
		delete(h.tokens, token)
	}
}
