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
	w := Window{Last: at == s.lastList()}
	limit := s.HardEnd()
	if at <= s.lastList() {
		limit = limit.Add(-s.ClosingMS())
	}
	from, until := s.schedule(at)
	w.From, w.Until = from, min(until, limit)
	if w.Last {
		w.Until = limit
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

// schedule gives when the part at an index is planned to begin and to end, as
// suspensions, extensions and the hard end leave it. A suspension moves all that
// follows; what the session was extended by is the first list's, from where it
// flows on: no opening is longer for it, and no list begins later. What the
// modalities keep for the closing is not planned: it is the last list's to give.
func (s *State) schedule(at int) (from, until clock.Instant) {
	lost, extra := s.shift()
	parts, from := s.Registry.Parts, s.Start().Add(lost)
	var rest int64
	for _, p := range parts {
		rest += p.Minutes * minuteMS
	}
	for _, p := range parts[:at+1] {
		if until > from {
			from = until
		}
		own := p.Minutes * minuteMS
		if left := max(0, s.HardEnd().Sub(from)-extra); left < rest {
			own = own * left / rest
		}
		rest -= p.Minutes * minuteMS
		until = from.Add(own)
		if p.HasList {
			until, extra = until.Add(extra), 0
		}
	}
	return from, until
}

// shift is what was lost by suspension, and what the hard end was moved later by
// beyond that: an extension that makes up for a suspension counts once.
func (s *State) shift() (lostMS, extraMS int64) {
	for _, span := range s.Timing.Suspensions {
		to := span.To
		if to.IsZero() {
			to = max(span.From, s.At)
		}
		lostMS += to.Sub(span.From)
	}
	return lostMS, max(0, s.HardEnd().Sub(s.Registry.HardEnd)-lostMS)
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
	return kept + s.tailMS()
}

// tailMS is the planned length of the parts behind the last one with a list.
func (s *State) tailMS() int64 {
	var ms int64
	for _, p := range s.Registry.Parts[s.lastList()+1:] {
		ms += p.Minutes * minuteMS
	}
	return ms
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
