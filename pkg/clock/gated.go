package clock

import (
	"sync"
	"time"
)

// Gated is a clock that stands still until Advance moves it. The rehearsal
// moves it to the next due instant when everybody is done with the last one
// (decisions.md 8).
type Gated struct {
	mu     sync.Mutex
	now    time.Time
	timers map[*gatedTimer]struct{}
	armed  uint64
}

type gatedTimer struct {
	clock *Gated
	at    time.Time
	order uint64
	fire  func()
}

// NewGated makes a gated clock that stands at start.
func NewGated(start time.Time) *Gated {
	return &Gated{now: start, timers: map[*gatedTimer]struct{}{}}
}

// Now is where the clock stands.
func (g *Gated) Now() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.now
}

// AfterFunc arms a timer. One that is due already fires at the next Advance,
// never at once: nothing happens while the clock stands.
func (g *Gated) AfterFunc(d time.Duration, f func()) Timer {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.armed++
	t := &gatedTimer{clock: g, at: g.now.Add(max(0, d)), order: g.armed, fire: f}
	g.timers[t] = struct{}{}
	return t
}

// Stop cancels the timer.
func (t *gatedTimer) Stop() bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	_, armed := t.clock.timers[t]
	delete(t.clock.timers, t)
	return armed
}

// Next gives the earliest instant at which a timer is due, and false when none is armed.
func (g *Gated) Next() (time.Time, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t := g.earliest()
	if t == nil {
		return time.Time{}, false
	}
	return t.at, true
}

// earliest is called with the lock held. Timers of the same instant fire in
// the order in which they were armed.
func (g *Gated) earliest() *gatedTimer {
	var first *gatedTimer
	for t := range g.timers {
		if first == nil || t.at.Before(first.at) || t.at.Equal(first.at) && t.order < first.order {
			first = t
		}
	}
	return first
}

// Advance moves the clock to an instant and runs, one after the other in the
// caller's goroutine, the timers that are due by then. The clock stands at each
// timer's own instant while it runs. It never moves back.
func (g *Gated) Advance(to time.Time) {
	for {
		g.mu.Lock()
		t := g.earliest()
		if t == nil || t.at.After(to) {
			if to.After(g.now) {
				g.now = to
			}
			g.mu.Unlock()
			return
		}
		if t.at.After(g.now) {
			g.now = t.at
		}
		delete(g.timers, t)
		g.mu.Unlock()
		t.fire()
	}
}
