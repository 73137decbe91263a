package session

import (
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/fairness"
)

// AssumedBegin is the instant at which a called turn is assumed to begin where
// there is no evidence of it: the call plus the learned handover (decisions.md
// 13); standstills do not count. ok is false where begins are keyed, when the
// turn began, is over, or the clock stands.
func (s *State) AssumedBegin(t *Turn) (at clock.Instant, ok bool) {
	if t == nil || t.Void || !t.BegunAt.IsZero() || !t.EndedAt.IsZero() || s.Registry.Modalities.Evidence != events.EvidenceNone {
		return 0, false
	}
	var learned fairness.Situation
	s.learn(&learned)
	return s.stops(t, s.standstills()).after(t.GivenAt, learned.Handover.MS(s.Registry.Modalities.MaxHandoverMS))
}
