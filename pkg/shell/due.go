package shell

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// retryReaction is how long a reaction waits that the log did not take.
const retryReaction = 500 * time.Millisecond

// react does what is due in a room, in the order of the deadlines, and arms the
// timer for what comes next. After each commit everything is derived anew.
func (sh *Shell) react(r *room) {
	read := false
	for sh.log.Refusal(r.session) == nil {
		due, now, next := sh.due(r)
		if len(due) == 0 {
			sh.arm(r, next)
			return
		}
		d := due[0]
		if d.Timer && !read {
			// What the foreign contexts wrote before the deadline counts, however late
			// it reaches this replica: a point of order 1 ms before the end wins.
			if sh.readForeign(r) != nil {
				sh.again(r)
				return
			}
			read = true
			continue
		}
		if !sh.perform(r, d, now) {
			return
		}
		read = false
	}
	r.disarm()
}

// due gives what must be done now and the instant of the next timer, 0 for none.
func (sh *Shell) due(r *room) (due []Deadline, now, next clock.Instant) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if len(r.state.Heads) == 0 {
		return nil, 0, 0
	}
	now = sh.now(r.state)
	sound := sh.sound.Load()
	for _, d := range sh.service.Due(r.state) {
		if _, done := r.state.Done[d.Request.Key()]; done {
			continue
		}
		switch {
		case d.Timer && !sound:
			// A clock that is off would end somebody's time early (decisions.md 9);
			// another replica does it.
		case d.Timer && d.At > now:
			if next == 0 || d.At < next {
				next = d.At
			}
		case !r.wasRefused(d.Request.ID, r.state.Sequence):
			due = append(due, d)
		}
	}
	slices.SortFunc(due, func(a, b Deadline) int {
		return cmp.Or(cmp.Compare(a.At, b.At), a.Request.ID.Compare(b.Request.ID))
	})
	return due, now, next
}

// wasRefused reports whether the domain refused a deadline in this same state.
func (r *room) wasRefused(id ids.Command, sequence uint64) bool {
	r.line.Lock()
	defer r.line.Unlock()
	at, refused := r.refused[id]
	return refused && at == sequence
}

// readForeign brings the state to what the leader has of the foreign contexts.
func (sh *Shell) readForeign(r *room) error {
	ctx, cancel := context.WithTimeout(sh.work, sh.config.Retry)
	defer cancel()
	_, err := sh.follower.CatchUp(ctx, r.session, foreign(sh.service.Context)...)
	return err
}

// perform does one deadline and reports whether to go on with the next. A
// refusal is kept until the state changes, so that it does not repeat at once.
func (sh *Shell) perform(r *room, d Deadline, now clock.Instant) bool {
	kind := "reaction"
	if d.Timer {
		kind = "timer"
		sh.metrics.lateness.Observe(float64(now.Sub(d.At)) / 1000)
	}
	receipt, err := sh.process(sh.work, r, &d.Request)
	switch {
	case err == nil:
		sh.metrics.reactions.WithLabelValues(kind, string(receipt.Outcome)).Inc()
		return true
	case problem.Is(err, problem.Busy) || problem.Is(err, problem.Unknown):
		sh.metrics.reactions.WithLabelValues(kind, "busy").Inc()
		sh.again(r)
		return false
	}
	sequence, still := sh.stillDue(r, &d)
	if !still {
		// What it was derived from is over: another replica was first, or a leader read
		// brought what came before it. That is how rivals do nothing twice, and no fault.
		sh.metrics.reactions.WithLabelValues(kind, "overtaken").Inc()
		return true
	}
	sh.metrics.reactions.WithLabelValues(kind, "refused").Inc()
	sh.lines.Warn("refused to itself", "session", r.session, "kind", kind, "verb", d.Request.Verb, "command", d.Request.ID, "error", err)
	r.line.Lock()
	r.refused[d.Request.ID] = sequence
	r.line.Unlock()
	return true
}

// stillDue reports whether the state asks for a deadline even now, and gives the
// state's sequence. A domain that asks for what it refuses contradicts itself.
func (sh *Shell) stillDue(r *room, d *Deadline) (sequence uint64, still bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.state.Sequence, slices.ContainsFunc(sh.service.Due(r.state), func(one Deadline) bool {
		return one.Request.ID == d.Request.ID
	})
}

// again looks at the room once more a little later, by I/O time.
func (sh *Shell) again(r *room) {
	if sh.work.Err() == nil && !sh.draining.Load() {
		time.AfterFunc(retryReaction, func() { sh.touch(r) })
	}
}

// arm sets the room's timer to the next deadline.
func (sh *Shell) arm(r *room, next clock.Instant) {
	r.mu.RLock()
	mapping := r.state.Clock()
	r.mu.RUnlock()
	r.line.Lock()
	defer r.line.Unlock()
	if r.timer != nil && r.armed == next && r.mapping == mapping {
		return
	}
	if r.timer != nil {
		r.timer.Stop()
		r.timer = nil
	}
	r.armed, r.mapping = next, mapping
	if next == 0 || sh.draining.Load() {
		return
	}
	r.timer = sh.clock.AfterFunc(mapping.Wall(sh.clock.Now(), next), func() {
		r.line.Lock()
		r.armed = 0
		r.line.Unlock()
		sh.touch(r)
	})
}

// Limits of the difference between this process' clock and the log's (decisions.md 9).
const (
	offsetNoted = 50 * time.Millisecond
	offsetWrong = 250 * time.Millisecond
	offsetEvery = 5 * time.Second
)

// watchClock compares the process' clock with the log's until ctx is done.
func (sh *Shell) watchClock(ctx context.Context) {
	tick := time.NewTicker(offsetEvery)
	defer tick.Stop()
	for {
		sh.compareClock(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// compareClock measures once. A measurement that fails changes nothing: the log
// is away then, and nothing can be written anyway.
func (sh *Shell) compareClock(ctx context.Context) {
	measured, err := sh.log.MeasureOffset(ctx)
	if err != nil {
		if ctx.Err() == nil {
			sh.lines.Warn("the clock cannot be compared with the log's", "error", err)
		}
		return
	}
	sh.judge(measured.Ahead, measured.Within)
}

// judge takes one measurement. Only what is certain counts against the clock.
func (sh *Shell) judge(ahead, within time.Duration) {
	sh.metrics.offset.Set(ahead.Seconds())
	sh.offset.Store(int64(ahead))
	certain := max(ahead, -ahead) - within
	if certain > offsetNoted {
		sh.metrics.offsetNoted.Inc()
	}
	sound := certain <= offsetWrong
	// A process begins without having measured, and arms no timer until it has: a
	// clock that is off from the start is to be said as much as one that goes off.
	first := !sh.measured.Swap(true)
	changed := sh.sound.Swap(sound) != sound
	switch {
	case !sound && (first || changed):
		sh.lines.Error("the clock is off; no timer is armed", "ahead", ahead, "within", within)
	case sound && changed && !first:
		sh.lines.Info("the clock is right again", "ahead", ahead, "within", within)
	}
	if changed && sh.open.Load() {
		sh.touchAll()
	}
}
