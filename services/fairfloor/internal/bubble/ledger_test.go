package bubble

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// clockSpan is a stretch of session time, without an end while it is open.
type clockSpan struct {
	from, to clock.Instant
	open     bool
}

func (s *clockSpan) close(at clock.Instant) { s.to, s.open = at, false }

// covers reports whether an instant lies in the stretch.
func (s clockSpan) covers(at clock.Instant) bool { return at >= s.from && (s.open || at < s.to) }

func covered(all []clockSpan, at clock.Instant) bool {
	return slices.ContainsFunc(all, func(s clockSpan) bool { return s.covers(at) })
}

// account has the headings of session.Account, which it is compared with.
type account struct {
	SpeakingMS, CalledMS, PausedMS, PointsMS, UndoneMS, SuspendedMS, FreeMS int64
}

// ledger follows the time: where each millisecond between start and
// adjournment went.
type ledger struct {
	started, adjourned clock.Instant
	suspensions        []clockSpan
	points             []clockSpan

	// What close computes.
	account account
	used    map[ids.Turn]int64
}

func (l *ledger) event(a *auditor, c *events.Commit, event events.Event) {
	ends := func(all []clockSpan, what string, at clock.Instant) {
		if n := len(all); n == 0 || !all[n-1].open {
			a.faultf("time: a %s ends that did not begin", what)
		} else {
			all[n-1].close(at)
		}
	}
	switch e := event.(type) {
	case *events.SessionStarted:
		l.started = e.StartedAt
	case *events.SessionSuspended:
		l.suspensions = append(l.suspensions, clockSpan{from: e.Since, open: true})
	case *events.SessionResumed:
		ends(l.suspensions, "suspension", e.ResumedAt)
	case *events.SessionAdjourned:
		l.adjourned = e.AdjournedAt
		if n := len(l.suspensions); n > 0 && l.suspensions[n-1].open {
			l.suspensions[n-1].close(e.AdjournedAt)
		}
	case *events.AdjournmentUndone:
		l.suspensions = append(l.suspensions, clockSpan{from: l.adjourned, to: c.At})
		l.adjourned = 0
	case *events.PointAdmitted:
		l.points = append(l.points, clockSpan{from: c.At, open: true})
	case *events.PointRuled:
		ends(l.points, "point of order", c.At)
	}
}

// close reckons twice and compares. Once turn by turn, from each turn's own
// facts: what it used, how long it was called, what stood still in it, and the
// holes between turns; overlapping turns or a lost millisecond make this sum
// differ from the length of the session. And once instant by instant, for the
// account that the session itself gives.
func (l *ledger) close(a *auditor) {
	l.used = map[ids.Turn]int64{}
	if l.started.IsZero() || l.adjourned.IsZero() {
		return
	}
	total := l.adjourned.Sub(l.started)
	if sum := l.byTurns(a); sum != total {
		a.faultf("time: the session lasted %d ms, and its turns, handovers, standstills and holes sum to %d", total, sum)
	}
	l.byInstants(a)
	var used int64
	for _, ms := range l.used {
		used += ms
	}
	if used != l.account.SpeakingMS {
		a.faultf("time: the turns used %d ms, and somebody spoke for %d", used, l.account.SpeakingMS)
	}
}

// stood measures how much of a stretch lies in any of the standstills.
func stood(from, to clock.Instant, spans ...[]clockSpan) int64 {
	var inside []clockSpan
	for _, all := range spans {
		for _, s := range all {
			if s.open {
				s.to = to
			}
			if s.from, s.to = max(s.from, from), min(s.to, to); s.from < s.to {
				inside = append(inside, s)
			}
		}
	}
	slices.SortFunc(inside, func(x, y clockSpan) int { return int(x.from.Sub(y.from)) })
	var ms int64
	for _, s := range inside {
		if s.from = max(s.from, from); s.from < s.to {
			ms += s.to.Sub(s.from)
			from = s.to
		}
	}
	return ms
}

// byTurns sums what each turn had, and the holes between them.
func (l *ledger) byTurns(a *auditor) int64 {
	var sum int64
	free := l.started
	for _, h := range a.floor.holds {
		from, to := h.from, h.to
		if h.open {
			to = l.adjourned
		}
		if from < l.started || to > l.adjourned {
			a.faultf("time: turn %s has the floor from %s to %s, outside of the session", h.turn, from, to)
		}
		// A hole counts, an overlap does not: then the sum is too large.
		sum += max(0, from.Sub(free))
		free = to
		t := a.floor.turns[h.turn]
		if t.void {
			sum += to.Sub(from)
			continue
		}
		spoke := max(from, t.begun)
		if t.begun.IsZero() || spoke > to {
			spoke = to
		}
		standing := stood(spoke, to, l.suspensions, l.points, t.pauses)
		used := to.Sub(spoke) - standing
		l.used[h.turn] += used
		// Called, spoken, and stood still while holding.
		sum += spoke.Sub(from) + used + standing
	}
	return sum + max(0, l.adjourned.Sub(free))
}

// byInstants gives each stretch between two changes to exactly one heading, in
// the order in which the account documents them.
func (l *ledger) byInstants(a *auditor) {
	cuts := []clock.Instant{l.started, l.adjourned}
	add := func(all []clockSpan) {
		for _, s := range all {
			cuts = append(cuts, s.from)
			if !s.open {
				cuts = append(cuts, s.to)
			}
		}
	}
	add(l.suspensions)
	add(l.points)
	for _, h := range a.floor.holds {
		cuts = append(cuts, h.from, h.to)
	}
	for _, t := range a.floor.turns {
		add(t.pauses)
		cuts = append(cuts, t.begun)
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	for i, at := range cuts[:len(cuts)-1] {
		if at < l.started || at >= l.adjourned {
			continue
		}
		ms := cuts[i+1].Sub(at)
		*l.heading(a, at) += ms
	}
}

// heading says what an instant counts as.
func (l *ledger) heading(a *auditor, at clock.Instant) *int64 {
	h := holdAt(a.floor.holds, at)
	var t *held
	if h != nil {
		t = a.floor.turns[h.turn]
	}
	still := covered(l.suspensions, at) || covered(l.points, at)
	switch {
	case t != nil && !t.void && !t.begun.IsZero() && at >= t.begun && !still && !covered(t.pauses, at):
		return &l.account.SpeakingMS
	case covered(l.suspensions, at):
		return &l.account.SuspendedMS
	case t != nil && t.void || undoneAt(a, at):
		return &l.account.UndoneMS
	case covered(l.points, at):
		return &l.account.PointsMS
	case t != nil && covered(t.pauses, at):
		return &l.account.PausedMS
	case t != nil:
		return &l.account.CalledMS
	default:
		return &l.account.FreeMS
	}
}

// holdAt gives the turn that had the floor at an instant, or nil.
func holdAt(holds []*hold, at clock.Instant) *hold {
	for _, h := range holds {
		if at >= h.from && (h.open || at < h.to) {
			return h
		}
	}
	return nil
}

// undoneAt reports whether the floor stood free at an instant only because of an
// end that was undone: the same turn had it before and after.
func undoneAt(a *auditor, at clock.Instant) bool {
	var before, after *hold
	for _, h := range a.floor.holds {
		switch {
		case !h.open && h.to <= at:
			before = h
		case h.from <= at:
			return false
		case after == nil:
			after = h
		}
	}
	return before != nil && after != nil && before.turn == after.turn
}
