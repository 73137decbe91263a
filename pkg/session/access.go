package session

import "github.com/fairfloor/fairfloor/pkg/clock"

// accessOf gives the ms of a turn's sealed allowance.
func (s *State) accessOf(t *Turn) int64 {
	if c := s.Timing.Turns[t.ID]; c != nil {
		return c.AccessMS
	}
	return 0
}

// charged gives the part of what a turn used that its sealed allowance pays:
// what lies beyond the allotment and what the chair added, up to the allowance.
func (s *State) charged(t *Turn, used int64) int64 {
	c := s.Timing.Turns[t.ID]
	if c == nil || c.AccessMS == 0 {
		return 0
	}
	return max(0, min(used-(c.AllottedMS+c.AddedMS-c.AccessMS), c.AccessMS))
}

// Charged gives the ms of a turn up to now that are charged to the reserve and
// not to its speaker: the used part of a sealed allowance (decisions.md 24).
func (s *State) Charged(t *Turn, now clock.Instant) int64 { return s.charged(t, s.Used(t, now)) }

// Reckoned is Used without what is charged to the reserve: what figures, credit
// and the record count, so that an allowance shows in none of them.
func (s *State) Reckoned(t *Turn, now clock.Instant) int64 {
	used := s.Used(t, now)
	return used - s.charged(t, used)
}

// AccessCharged is the sum of Charged over the turns that stand.
func (s *State) AccessCharged(now clock.Instant) (ms int64) {
	for _, id := range s.Queue.TurnOrder {
		ms += s.Charged(s.Queue.Turns[id], now)
	}
	return ms
}
