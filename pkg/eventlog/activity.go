package eventlog

import (
	"context"
	"sync"
)

// Activity knows whether anything is going on in a process: work that was begun
// and not ended, and messages that were stored and that a follower has not yet
// handed on. Rehearsals and virtual-time tests wait for its quiet before they
// move the clock (decisions.md 8). It is safe for concurrent use.
type Activity struct {
	mu        sync.Mutex
	busy      int
	last      map[string]uint64
	positions map[place]uint64
	changed   chan struct{}
}

// place is one follower's place in one stream.
type place struct {
	follower *Follower
	stream   string
}

// NewActivity makes one in which nothing goes on.
func NewActivity() *Activity {
	return &Activity{last: map[string]uint64{}, positions: map[place]uint64{}, changed: make(chan struct{})}
}

// Begin says that something is being done, until the function that it returns is
// called. That function may be called more than once.
func (a *Activity) Begin() func() {
	a.mu.Lock()
	a.busy++
	a.mu.Unlock()
	return sync.OnceFunc(func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.busy--
		a.tell()
	})
}

// Settled waits until nothing is being done and every follower has handed on
// every message that is known to be stored. It waits for notifications and
// never polls. What is on its way through the server is not seen: whoever sent
// a command waits for its receipt first.
func (a *Activity) Settled(ctx context.Context) error {
	for {
		a.mu.Lock()
		quiet, changed := a.quiet(), a.changed
		a.mu.Unlock()
		if quiet {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// quiet is called with the lock held. Work and places are looked at under one
// lock: a handler begins its work before its message counts as handed on.
func (a *Activity) quiet() bool {
	if a.busy > 0 {
		return false
	}
	for p, at := range a.positions {
		if at < a.last[p.stream] {
			return false
		}
	}
	return true
}

// tell wakes everybody who waits; it is called with the lock held.
func (a *Activity) tell() {
	close(a.changed)
	a.changed = make(chan struct{})
}

// stored notes that a stream has a message with this sequence.
func (a *Activity) stored(stream string, sequence uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if sequence > a.last[stream] {
		a.last[stream] = sequence
	}
}

// passed notes that a follower has handed on everything up to a sequence.
func (a *Activity) passed(f *Follower, stream string, sequence uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.positions[place{f, stream}] = sequence
	if sequence > a.last[stream] {
		a.last[stream] = sequence
	}
	a.tell()
}

// leave forgets a follower that has stopped.
func (a *Activity) leave(f *Follower) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for p := range a.positions {
		if p.follower == f {
			delete(a.positions, p)
		}
	}
	a.tell()
}
