package shell

import (
	"context"
	"slices"
	"sync"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// room is one session inside the shell: its state, what waits, and its timer.
type room struct {
	session ids.Session

	// mu covers the state: the fold and the worker change it, everybody reads.
	mu    sync.RWMutex
	state *session.State

	// line covers what follows; it is never held while something is decided.
	line    sync.Mutex
	waiting []job
	dirty   bool
	working bool
	gone    bool
	timer   clock.Timer
	armed   clock.Instant
	mapping clock.Mapping
	// refused gives, for a reaction or timer that the domain refused, the stream
	// sequence at which it did: it is tried again when the state has changed.
	refused map[ids.Command]uint64
}

// job is a command that waits, with the way to answer it.
type job struct {
	ctx     context.Context
	request *command.Request
	answer  func(*command.Receipt, error)
}

// room finds or makes the room of a session.
func (sh *Shell) room(s ids.Session) *room {
	sh.mu.RLock()
	r := sh.rooms[s]
	sh.mu.RUnlock()
	if r != nil {
		return r
	}
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if r = sh.rooms[s]; r == nil {
		r = &room{session: s, state: session.New(s), refused: map[ids.Command]uint64{}}
		r.state.Incarnation = sh.log.Incarnation(s)
		sh.rooms[s] = r
	}
	return r
}

// forget removes the room of a session that does not exist: commands for ids
// that somebody made up must not fill the memory. It is called by the worker
// when nothing waits.
func (sh *Shell) forget(r *room) {
	r.mu.RLock()
	exists := len(r.state.Heads) > 0
	r.mu.RUnlock()
	if exists {
		return
	}
	sh.mu.Lock()
	defer sh.mu.Unlock()
	r.mu.RLock()
	defer r.mu.RUnlock()
	r.line.Lock()
	defer r.line.Unlock()
	if len(r.state.Heads) == 0 && !r.working && len(r.waiting) == 0 {
		r.gone = true
		delete(sh.rooms, r.session)
	}
}

// fold takes one commit from the log, of the contexts that the service decides on.
func (sh *Shell) fold(m *eventlog.Message) {
	if !slices.Contains(reads(sh.service.Context), m.Context) {
		return
	}
	r := sh.settle(m.Session, m.Commit, session.Meta{Context: m.Context, Sequence: m.Sequence, Hash: m.Hash})
	if r != nil && sh.open.Load() {
		sh.touch(r)
	}
}

// settle applies one commit to a session's state. A commit that the state does
// not take means that program and log do not fit: the session is refused.
func (sh *Shell) settle(s ids.Session, c *events.Commit, m session.Meta) *room {
	// A room that is being forgotten must not take the commit with it.
	for {
		r := sh.room(s)
		r.mu.Lock()
		r.line.Lock()
		gone := r.gone
		r.line.Unlock()
		if gone {
			r.mu.Unlock()
			continue
		}
		head := r.state.Heads[m.Context]
		err := r.state.Apply(c, m)
		r.mu.Unlock()
		if err != nil {
			subject := events.Subject(m.Context, s)
			sh.log.Refuse(eventlog.Refusal{
				Session: s, Subject: subject,
				Good:    eventlog.Head{Subject: subject, Sequence: head.Sequence, Version: head.Version, Hash: head.Hash},
				Missing: "the next commit cannot be folded: " + err.Error(),
			})
		} else if hook := sh.config.Hooks.of(m.Context == sh.service.Context); hook != nil && sh.open.Load() {
			hook(s, c)
		}
		return r
	}
}

// touch makes the room's worker look for what is due.
func (sh *Shell) touch(r *room) {
	r.line.Lock()
	defer r.line.Unlock()
	r.dirty = true
	sh.start(r)
}

// touchAll does so for every room.
func (sh *Shell) touchAll() {
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	for _, r := range sh.rooms {
		sh.touch(r)
	}
}

// enqueue puts a command in the session's line, or refuses it when the line is full.
func (sh *Shell) enqueue(j job) error {
	for {
		r := sh.room(j.request.Session)
		r.line.Lock()
		if r.gone {
			r.line.Unlock()
			continue
		}
		defer r.line.Unlock()
		if sh.draining.Load() {
			return busy("this replica is shutting down", 200)
		}
		if len(r.waiting) >= sh.config.Waiting {
			return busy("too many commands of this session are waiting", 1000)
		}
		r.waiting = append(r.waiting, j)
		if !sh.start(r) {
			r.waiting = nil
			return busy("this replica is shutting down", 200)
		}
		sh.metrics.waiting.Inc()
		return nil
	}
}

// busy is the answer "not now", with the wait in ms.
func busy(detail problem.Text, retryMS int64) *problem.Error {
	p := problem.New(problem.Busy, detail).Try("send the same command with the same id again")
	p.RetryAfterMS = retryMS
	return p
}

// start starts the room's worker unless it runs, and reports false when no worker
// starts any more. It is called with the line held.
func (sh *Shell) start(r *room) bool {
	if r.working {
		return true
	}
	if !sh.workers.enter() {
		return false
	}
	r.working = true
	// The work is known before whoever caused it goes on, so that nobody takes the
	// moment in between for rest.
	end := sh.log.Activity().Begin()
	go func() {
		defer sh.workers.leave()
		defer end()
		sh.worker(r)
	}()
	return true
}

// crew counts the workers. Unlike a WaitGroup it can be waited for while workers
// start, and lets none start once it was found empty.
type crew struct {
	mu     sync.Mutex
	count  int
	ending bool
	idle   chan struct{}
}

// enter adds a worker unless the crew is dismissed and has gone.
func (c *crew) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ending && c.count == 0 {
		return false
	}
	c.count++
	return true
}

// leave takes a worker away.
func (c *crew) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.count--; c.ending && c.count == 0 {
		close(c.idle)
	}
}

// dismiss gives a channel that is closed when no worker is left. It is called once.
func (c *crew) dismiss() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ending, c.idle = true, make(chan struct{})
	if c.count == 0 {
		close(c.idle)
	}
	return c.idle
}

// worker does what is due and what waits, one after the other, and ends when
// there is nothing. Reactions come first: they are what has already happened.
func (sh *Shell) worker(r *room) {
	for {
		r.line.Lock()
		switch {
		case r.dirty && !sh.draining.Load():
			r.dirty = false
			r.line.Unlock()
			sh.react(r)
		case len(r.waiting) > 0:
			j := r.waiting[0]
			r.waiting[0] = job{}
			r.waiting = r.waiting[1:]
			r.line.Unlock()
			sh.metrics.waiting.Dec()
			j.answer(sh.handle(r, j))
		default:
			r.working, r.waiting = false, nil
			r.line.Unlock()
			sh.forget(r)
			return
		}
	}
}

// disarm stops the room's timer.
func (r *room) disarm() {
	r.line.Lock()
	defer r.line.Unlock()
	if r.timer != nil {
		r.timer.Stop()
		r.timer = nil
	}
	r.armed = 0
}
