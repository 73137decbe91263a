package session

import (
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
)

// Account says where the session's time went, to the millisecond: its parts
// sum to the time since the session was started.
type Account struct {
	// SpeakingMS is the used time of the turns that stand.
	SpeakingMS int64 `json:"speaking_ms"`
	// CalledMS is from the call to the first word (or to the end of a call
	// that nobody answered).
	CalledMS int64 `json:"called_ms"`
	// PausedMS is pauses by the chair, for lost lines and lost interpretation, PointsMS points of
	// order, UndoneMS what undone acts cost, SuspendedMS suspensions.
	PausedMS    int64 `json:"paused_ms"`
	PointsMS    int64 `json:"points_ms"`
	UndoneMS    int64 `json:"undone_ms"`
	SuspendedMS int64 `json:"suspended_ms"`
	// FreeMS is time in which nobody had the floor: opening, the chair's own
	// words, breaks.
	FreeMS int64 `json:"free_ms"`
}

// TotalMS is the sum of the parts.
func (a Account) TotalMS() int64 {
	return a.SpeakingMS + a.CalledMS + a.PausedMS + a.PointsMS + a.UndoneMS + a.SuspendedMS + a.FreeMS
}

// ledger is Account's stretches, each instant in exactly one of them.
type ledger struct{ suspended, undone, points, paused, speaking, called, free stretches }

// Account divides the time from the session's start to now (to its
// adjournment when that came first). Before the start everything is zero.
func (s *State) Account(now clock.Instant) Account {
	l := s.ledger(now)
	return Account{
		SpeakingMS: l.speaking.total(), CalledMS: l.called.total(), PausedMS: l.paused.total(), PointsMS: l.points.total(),
		UndoneMS: l.undone.total(), SuspendedMS: l.suspended.total(), FreeMS: l.free.total(),
	}
}

// ledger sweeps the session once. What stands first in the order speaking,
// suspended, undone, point of order, pause, called, free takes the instant;
// speaking is what Used counts, so the account and the turns agree.
func (s *State) ledger(now clock.Instant) ledger {
	if s.Timing.StartedAt.IsZero() {
		return ledger{}
	}
	start, end := s.Timing.StartedAt, now
	if !s.Timing.AdjournedAt.IsZero() {
		end = min(end, s.Timing.AdjournedAt)
	}
	var suspended, undone, points, paused, speaking, called []stretch
	for _, span := range s.Timing.Suspensions {
		suspended = append(suspended, of(span))
	}
	for _, span := range s.Queue.PointSpans {
		points = append(points, of(span))
	}
	for _, span := range s.Timing.Booth.Lost {
		paused = append(paused, of(span))
	}
	still := s.standstills()
	for _, id := range s.Queue.TurnOrder {
		t := s.Queue.Turns[id]
		over := t.EndedAt
		if over.IsZero() {
			over = forever
		}
		if t.Void {
			undone = append(undone, stretch{t.GivenAt, over})
			continue
		}
		for _, span := range t.Gaps {
			undone = append(undone, of(span))
		}
		if tc := s.Timing.Turns[id]; tc != nil {
			for _, span := range tc.Pauses {
				pause := of(span)
				paused = append(paused, stretch{max(pause.from, t.GivenAt), min(pause.to, over)})
			}
		}
		if t.BegunAt.IsZero() {
			called = append(called, stretch{t.GivenAt, over})
			continue
		}
		called = append(called, stretch{t.GivenAt, t.BegunAt})
		own := stretches{{t.BegunAt, min(over, end)}}
		speaking = append(speaking, own.minus(s.stops(t, still))...)
	}
	var l ledger
	left := merged([]stretch{{start, end}})
	for _, kind := range []struct {
		into *stretches
		all  []stretch
	}{
		{&l.speaking, speaking},
		{&l.suspended, suspended},
		{&l.undone, undone},
		{&l.points, points},
		{&l.paused, paused},
		{&l.called, called},
	} {
		taken := merged(kind.all)
		rest := left.minus(taken)
		*kind.into = left.minus(rest)
		left = rest
	}
	l.free = left
	return l
}

// ReserveSpent gives the ms between from and now that are charged to the
// reserve for interruptions (fairness.md): points of order, pauses by the
// chair and for lost lines, the gaps of undone acts, and the chair's own time,
// which is the floor standing free for longer than the longest handover while
// a part with a list is on, the opening left out; and the used part of sealed
// allowances.
func (s *State) ReserveSpent(from, now clock.Instant) int64 {
	var spent int64
	for _, ms := range s.interruptions(from, now) {
		spent += ms
	}
	for _, id := range s.Queue.TurnOrder {
		// Sealed allowances are no interruption, so the estimator does not learn from them.
		if t := s.Queue.Turns[id]; t.BegunAt >= from && t.BegunAt <= now {
			spent += s.Charged(t, now)
		}
	}
	return spent
}

// interruptions are the ms of each interruption between from and now that
// ReserveSpent charges, kind by kind in order of time.
func (s *State) interruptions(from, now clock.Instant) []int64 {
	l := s.ledger(now)
	var all []int64
	for _, kind := range []stretches{l.points, l.paused, l.undone} {
		for _, piece := range kind.clipped(from, now) {
			all = append(all, piece.to.Sub(piece.from))
		}
	}
	free := l.free.minus(s.planned(now)).clipped(max(from, s.Timing.StartedAt.Add(s.openingMS())), now)
	for _, hole := range free {
		if ms := hole.to.Sub(hole.from) - s.Registry.Modalities.MaxHandoverMS; ms > 0 {
			all = append(all, ms)
		}
	}
	return all
}

// planned are the stretches of parts without a list: there the floor is free
// by plan, and nobody is charged for it.
func (s *State) planned(now clock.Instant) stretches {
	var all []stretch
	for _, p := range s.Registry.Parts {
		ran := s.Timing.Parts[p.ID]
		if p.HasList || ran == nil {
			continue
		}
		end := ran.EndedAt
		if end.IsZero() {
			end = now
		}
		all = append(all, stretch{ran.StartedAt, end})
	}
	return merged(all)
}

// openingMS is what is kept for the opening when no part of the agenda is one.
func (s *State) openingMS() int64 {
	if s.hasPart(events.Opening) {
		return 0
	}
	return s.Registry.Modalities.OpeningMS
}
