package session

import (
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
)

// HardEnd is the end of the room or the interpretation: what the chair set in
// session, or else what the registry says.
func (s *State) HardEnd() clock.Instant {
	if !s.Timing.HardEnd.IsZero() {
		return s.Timing.HardEnd
	}
	return s.Registry.HardEnd
}

// Minimum is the least ms of a statement in force.
func (s *State) Minimum() int64 {
	if s.Timing.MinimumMS > 0 {
		return s.Timing.MinimumMS
	}
	return s.Registry.Modalities.MinimumMS
}

// Start is when the session's time began to count: when it was started, or
// before that when it is planned to start.
func (s *State) Start() clock.Instant {
	if !s.Timing.StartedAt.IsZero() {
		return s.Timing.StartedAt
	}
	return s.Registry.PlannedStart
}

// standstills are the stretches in which no turn's clock runs, whoever has the
// floor: suspensions, points of order that are being heard, and lost
// interpretation. They are read
// from the facts themselves, so a turn's clock is right even before timing's
// reaction to them is in the log.
func (s *State) standstills() stretches {
	all := make([]stretch, 0, len(s.Timing.Suspensions)+len(s.Queue.PointSpans)+len(s.Timing.Booth.Lost))
	for _, span := range s.Timing.Suspensions {
		all = append(all, of(span))
	}
	for _, span := range s.Queue.PointSpans {
		all = append(all, of(span))
	}
	for _, span := range s.Timing.Booth.Lost {
		all = append(all, of(span))
	}
	return merged(all)
}

// stops are the stretches in which this turn's clock does not run: the
// session's standstills, its own pauses, and the gaps of undone acts.
func (s *State) stops(t *Turn, still stretches) stretches {
	tc := s.Timing.Turns[t.ID]
	if len(t.Gaps) == 0 && (tc == nil || len(tc.Pauses) == 0) {
		return still
	}
	all := append(make([]stretch, 0, len(still)+len(t.Gaps)+4), still...)
	for _, span := range t.Gaps {
		all = append(all, of(span))
	}
	if tc != nil {
		for _, span := range tc.Pauses {
			all = append(all, of(span))
		}
	}
	return merged(all)
}

// Used gives the ms of speaking time of a turn up to now: from its first word
// to its end, less every stretch in which its clock stood. A turn that has not
// begun, or that was undone, has used nothing (decisions.md 15).
func (s *State) Used(t *Turn, now clock.Instant) int64 {
	if t == nil || !t.Stands() {
		return 0
	}
	return s.used(t, s.stops(t, s.standstills()), now)
}

func (s *State) used(t *Turn, stops stretches, now clock.Instant) int64 {
	if !t.Stands() {
		return 0
	}
	end := now
	if !t.EndedAt.IsZero() {
		end = min(end, t.EndedAt)
	}
	if end <= t.BegunAt {
		return 0
	}
	return end.Sub(t.BegunAt) - stops.within(t.BegunAt, end)
}

// Allotted gives the ms that a turn may use, with what the chair added; false
// when its clock is not open yet.
func (s *State) Allotted(t *Turn) (int64, bool) {
	if t == nil {
		return 0, false
	}
	if t.Entered {
		return t.AllottedMS, t.AllottedMS > 0
	}
	tc, ok := s.Timing.Turns[t.ID]
	if !ok {
		return 0, false
	}
	return tc.AllottedMS + tc.AddedMS, true
}

// Remaining gives the ms that are left of a turn; negative in overtime, and
// zero when its clock is not open yet.
func (s *State) Remaining(t *Turn, now clock.Instant) int64 {
	allotted, ok := s.Allotted(t)
	if !ok {
		return 0
	}
	return allotted - s.Used(t, now)
}

// Limit is the instant at which the turn reaches, or reached, zero if nothing
// changes. ok is false while that cannot be said: it has not begun, its clock
// is not open or stands still before the limit, it is over, or it was undone.
func (s *State) Limit(t *Turn) (at clock.Instant, ok bool) {
	allotted, ok := s.Allotted(t)
	if !ok {
		return 0, false
	}
	return s.LimitOf(t, allotted)
}

// LimitOf is Limit for ms of speaking time other than what is allotted: the
// warning before it, the grace after it.
func (s *State) LimitOf(t *Turn, ms int64) (at clock.Instant, ok bool) {
	if t == nil || !t.Stands() || !t.EndedAt.IsZero() {
		return 0, false
	}
	return s.stops(t, s.standstills()).after(t.BegunAt, ms)
}

// SilentAt is the instant at which a called speaker has been silent for the
// longest handover (h_max); standstills do not count. ok is false when the
// turn began, is over, or the clock stands.
func (s *State) SilentAt(t *Turn) (at clock.Instant, ok bool) {
	if t == nil || t.Void || !t.BegunAt.IsZero() || !t.EndedAt.IsZero() {
		return 0, false
	}
	return s.stops(t, s.standstills()).after(t.GivenAt, s.Registry.Modalities.MaxHandoverMS)
}

// Countdown is everything from which a client derives a turn's countdown:
// left = AllottedMS + AddedMS - (now - BegunAt - PausedMS), where now is
// PausedSince while that is set. Nothing else is ever sent (architecture.md).
type Countdown struct {
	GivenAt clock.Instant `json:"given_at"`
	// BegunAt is zero until the first word: "called".
	BegunAt clock.Instant `json:"begun_at,omitempty"`
	// Open says that the allotment is known; until then there is no number.
	Open       bool  `json:"open"`
	AllottedMS int64 `json:"allotted_ms"`
	AddedMS    int64 `json:"added_ms"`
	// PausedMS is how long the clock stood since BegunAt, without the present standstill.
	PausedMS int64 `json:"paused_ms"`
	// PausedSince is since when it stands still; zero when it runs.
	PausedSince clock.Instant `json:"paused_since,omitempty"`
	// Cause says why it stands still; empty when it runs.
	Cause events.PauseCause `json:"cause,omitempty"`
}

// Countdown gives the facts of a turn's clock; false for none.
func (s *State) Countdown(t *Turn) (Countdown, bool) {
	if t == nil {
		return Countdown{}, false
	}
	c := Countdown{GivenAt: t.GivenAt, BegunAt: t.BegunAt}
	tc, open := s.Timing.Turns[t.ID]
	if open {
		c.Open, c.AllottedMS, c.AddedMS = true, tc.AllottedMS, tc.AddedMS
	}
	stops := s.stops(t, s.standstills())
	if n := len(stops); n > 0 && stops[n-1].to == forever && t.EndedAt.IsZero() {
		c.PausedSince, c.Cause = stops[n-1].from, s.cause(tc)
		stops = stops[:n-1]
	}
	if t.BegunAt.IsZero() {
		return c, true
	}
	// A begin that was noted late may lie inside the present standstill.
	if !c.PausedSince.IsZero() {
		c.PausedSince = max(c.PausedSince, t.BegunAt)
	}
	end := t.EndedAt
	if end.IsZero() {
		end = forever
	}
	c.PausedMS = stops.within(t.BegunAt, end)
	return c, true
}

// cause says why a clock stands: the reason that must go away last comes first.
func (s *State) cause(tc *TurnClock) events.PauseCause {
	switch {
	case s.Timing.Phase == Suspended:
		return events.PausedBySuspension
	case s.Queue.Point != nil:
		return events.PausedByPoint
	case !s.Timing.Booth.LostSince().IsZero():
		return events.PausedByInterpretation
	}
	if tc != nil {
		if p := tc.Paused(); p != nil {
			return p.Cause
		}
	}
	return events.PausedByChair
}
