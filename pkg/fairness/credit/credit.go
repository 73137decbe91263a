// Package credit carries fairness over from one session of a consultation to
// the next.
//
// It guarantees that only time which the system took away earns credit:
// speaking short by choice earns nothing, and credit is never negative nor
// more than one slot (fairness.md, Carry-over). It is a modality, off unless
// the consultation's modalities say otherwise.
package credit

// Outcome is how an entry's session ended.
type Outcome string

const (
	// Spoke: had its turn and ended it itself, or at its own limit.
	Spoke Outcome = "spoke"
	// Curtailed: the turn was cut below what was entitled by the system.
	Curtailed Outcome = "curtailed"
	// NotReached: was there and waiting when the session ended.
	NotReached Outcome = "not_reached"
	// Absent: did not speak when called and was not excused.
	Absent Outcome = "absent"
	// Excused: absent, excused by the secretariat.
	Excused Outcome = "excused"
)

// Session is what one session did to one organisation. Durations in ms.
type Session struct {
	Outcome Outcome
	// EntitledMS is min(request, level); UsedMS is what was used.
	EntitledMS, UsedMS int64
	// SlotMS is one slot of the session, the most that can be carried.
	SlotMS int64
}

// Next is the credit after a session: half of the former credit and what the
// system withheld, between zero and one slot. Absence forfeits it; an excused
// absence leaves it as it was.
func Next(creditMS int64, s Session) int64 {
	slot := max(s.SlotMS, 0)
	switch s.Outcome {
	case Absent:
		return 0
	case Excused:
		return min(max(creditMS, 0), slot)
	case NotReached, Curtailed:
		return min(max(creditMS/2+s.EntitledMS-s.UsedMS, 0), slot)
	default:
		return min(max(creditMS/2, 0), slot)
	}
}
