package session

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// Window is the stretch of session time that a part has, as it stands now.
type Window struct {
	// From is when it started, or is expected to start.
	From clock.Instant
	// Until is when its last turn should be over. What an earlier part did not
	// use lies before From, so it is this part's.
	Until clock.Instant
	// End is Until for a part that others with a list follow, and the
	// session's hard end for the last one; what lies between Until and End is
	// the closing's.
	End clock.Instant
	// Last says that no other part with a list follows.
	Last bool
}

// minuteMS is a minute in ms.
const minuteMS = 60_000

// Window gives a part's stretch by the cumulative schedule: it ends at the
// session's start plus the planned minutes up to and with it, later by what
// the session stood suspended or was extended by, so that what one part leaves
// over flows on to the next. The last part with a list has all that is left
// until the closing. When the hard end leaves less than what is planned, the
// parts still to come share the shortage in proportion to their minutes. False
// when the session has no such part.
func (s *State) Window(part ids.Part) (Window, bool) {
	_, at, ok := s.Registry.Part(part)
	if !ok {
		return Window{}, false
	}
	parts := s.Registry.Parts
	var before, rest int64
	for _, p := range parts[:at] {
		before += p.Minutes * minuteMS
	}
	own, limit := parts[at].Minutes*minuteMS, s.HardEnd()
	if at <= s.lastList() {
		// What stands behind the last list is kept free for the closing.
		limit = limit.Add(-s.ClosingMS())
		for _, p := range parts[at+1 : s.lastList()+1] {
			rest += p.Minutes * minuteMS
		}
	}
	w := Window{Last: at == s.lastList(), From: s.Start().Add(before + s.shift())}
	switch left := limit.Sub(w.From); {
	case w.Last, left <= 0:
		w.Until = limit
	case left < own+rest:
		w.Until = w.From.Add(own * left / (own + rest))
	default:
		w.Until = w.From.Add(own)
	}
	if ran := s.Timing.Parts[part]; ran != nil {
		w.From = ran.StartedAt
	}
	w.End = w.Until
	if w.Last {
		w.End = s.HardEnd()
	}
	return w, true
}

// shift is how much later than planned the parts end: what was lost by
// suspension, or what the hard end was moved by if that is more. An extension
// that makes up for a suspension counts once.
func (s *State) shift() int64 {
	var lost int64
	for _, span := range s.Timing.Suspensions {
		to := span.To
		if to.IsZero() {
			to = max(span.From, s.At)
		}
		lost += to.Sub(span.From)
	}
	extended := s.HardEnd().Sub(s.Registry.HardEnd)
	return max(lost, extended, 0)
}

// ClosingMS is what is kept free at the hard end, C: the parts without a list
// behind the last one with a list, and what the modalities keep for the closing
// unless one of those parts is the closing. At HardEnd - ClosingMS the chair is
// told to close.
func (s *State) ClosingMS() int64 {
	kept := s.Registry.Modalities.ClosingMS
	for _, p := range s.Registry.Parts[s.lastList()+1:] {
		if p.Kind == events.Closing {
			kept = 0
		}
	}
	for _, p := range s.Registry.Parts[s.lastList()+1:] {
		kept += p.Minutes * minuteMS
	}
	return kept
}

// lastList is the index of the last part with a list, or -1.
func (s *State) lastList() int {
	for i := len(s.Registry.Parts) - 1; i >= 0; i-- {
		if s.Registry.Parts[i].HasList {
			return i
		}
	}
	return -1
}

// hasPart reports whether the agenda has a part of a kind.
func (s *State) hasPart(kind events.PartKind) bool {
	return slices.ContainsFunc(s.Registry.Parts, func(p events.Part) bool { return p.Kind == kind })
}

// lists counts the parts with a list.
func (s *State) lists() int {
	n := 0
	for _, p := range s.Registry.Parts {
		if p.HasList {
			n++
		}
	}
	return n
}
