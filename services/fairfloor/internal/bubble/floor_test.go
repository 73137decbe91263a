package bubble

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// hold is a stretch in which one turn had the floor; a turn that an undo brought
// back has several.
type hold struct {
	turn     ids.Turn
	from, to clock.Instant
	open     bool
}

// held is what is known of a turn.
type held struct {
	given, begun clock.Instant
	void         bool
	pauses       []clockSpan
}

// floor follows who has it.
type floor struct {
	holds []*hold
	turns map[ids.Turn]*held
}

// current gives the open hold, or nil.
func (f *floor) current() *hold {
	for _, h := range f.holds {
		if h.open {
			return h
		}
	}
	return nil
}

func (f *floor) event(a *auditor, c *events.Commit, event events.Event) {
	switch e := event.(type) {
	case *events.FloorGiven:
		if h := f.current(); h != nil {
			a.faultf("holder: the floor is given to turn %s while turn %s has it", e.Turn, h.turn)
		}
		if f.turns == nil {
			f.turns = map[ids.Turn]*held{}
		}
		f.turns[e.Turn] = &held{given: e.GivenAt}
		f.holds = append(f.holds, &hold{turn: e.Turn, from: e.GivenAt, open: true})
	case *events.TurnBegun:
		t := f.known(a, e.Turn)
		if !t.begun.IsZero() {
			a.faultf("holder: turn %s begins twice", e.Turn)
		}
		if h := f.current(); h == nil || h.turn != e.Turn || e.BegunAt < t.given {
			a.faultf("holder: turn %s begins without the floor", e.Turn)
		}
		t.begun = e.BegunAt
	case *events.TurnEnded:
		f.release(a, e.Turn, e.EndedAt)
	case *events.ActUndone:
		if !e.Voided.IsZero() {
			f.release(a, e.Voided, c.At)
			f.known(a, e.Voided).void = true
		}
		if !e.Resumed.IsZero() {
			if h := f.current(); h != nil {
				a.faultf("holder: turn %s goes on while turn %s has the floor", e.Resumed, h.turn)
			}
			f.known(a, e.Resumed)
			f.holds = append(f.holds, &hold{turn: e.Resumed, from: c.At, open: true})
		}
	case *events.TurnReassigned:
		if h := f.current(); h == nil || h.turn != e.Turn {
			a.faultf("holder: turn %s is reassigned without the floor", e.Turn)
		}
	case *events.TurnOpened:
		if e.Paused {
			t := f.known(a, e.Turn)
			t.pauses = append(t.pauses, clockSpan{from: c.At, open: true})
		}
	case *events.TurnPaused:
		t := f.known(a, e.Turn)
		t.pauses = append(t.pauses, clockSpan{from: e.At, open: true})
	case *events.TurnResumed:
		t := f.known(a, e.Turn)
		if n := len(t.pauses); n == 0 || !t.pauses[n-1].open {
			a.faultf("time: turn %s is resumed and was not paused", e.Turn)
			return
		}
		t.pauses[len(t.pauses)-1].close(e.At)
	}
}

// known gives a turn; one that was never given is a fault.
func (f *floor) known(a *auditor, id ids.Turn) *held {
	t := f.turns[id]
	if t == nil {
		a.faultf("holder: turn %s was never given", id)
		t = &held{}
	}
	return t
}

// release ends the open hold of a turn.
func (f *floor) release(a *auditor, turn ids.Turn, at clock.Instant) {
	h := f.current()
	for _, other := range f.holds {
		if other.open && other.turn == turn {
			h = other
		}
	}
	if h == nil || h.turn != turn {
		a.faultf("holder: turn %s ends and does not have the floor", turn)
		return
	}
	if at < h.from {
		a.faultf("time: turn %s ends at %s, before it was given at %s", turn, at, h.from)
	}
	h.open, h.to = false, at
}

// check holds any two stretches to each other: nobody ever had the floor while
// another did.
func (f *floor) check(a *auditor) {
	sorted := slices.Clone(f.holds)
	slices.SortStableFunc(sorted, func(x, y *hold) int { return int(x.from.Sub(y.from)) })
	for i, h := range sorted[:max(0, len(sorted)-1)] {
		if next := sorted[i+1]; h.open || h.to > next.from {
			a.faultf("holder: turn %s has the floor until %s and turn %s from %s", h.turn, h.to, next.turn, next.from)
		}
	}
}
