package session

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// Act is one act of the chair's side or of a speaker on the list or the floor,
// kept so that a stale command can be told what happened since.
type Act struct {
	Command ids.Command   `json:"command"`
	Verb    string        `json:"verb"`
	At      clock.Instant `json:"at"`
	Seq     uint64        `json:"seq"`
	Turn    ids.Turn      `json:"turn,omitzero"`
	Entry   ids.Entry     `json:"entry,omitzero"`
}

// actsKept bounds the memory of acts; a refusal shows at most 20.
const actsKept = 256

// actsShown is the most acts that a refusal tells of (decisions.md 4).
const actsShown = 20

// note remembers an event as an act. Several events of one commit are one act.
func (q *Queue) note(c *events.Commit, m Meta, e events.Event) {
	act := Act{Command: c.Command, Verb: c.Verb, At: c.At, Seq: m.Sequence, Turn: q.Turn, Entry: q.touched(e)}
	if n := len(q.Acts); n > 0 && q.Acts[n-1].Seq == m.Sequence {
		if act.Entry.IsZero() {
			act.Entry = q.Acts[n-1].Entry
		}
		q.Acts[n-1] = act
		return
	}
	q.Acts = append(q.Acts, act)
	if len(q.Acts) > actsKept {
		q.Acts = slices.Delete(q.Acts, 0, len(q.Acts)-actsKept)
	}
}

// SinceTurn gives the acts after the one that made a turn (none: that freed the
// floor) the current one, the latest 20 at most: what somebody who still sees
// that turn has missed.
func (q *Queue) SinceTurn(turn ids.Turn) []Act {
	after := 0
	for i := len(q.Acts) - 1; i >= 0; i-- {
		if q.Acts[i].Turn != turn {
			continue
		}
		// Back to the first act of this stretch.
		for i > 0 && q.Acts[i-1].Turn == turn {
			i--
		}
		after = i + 1
		break
	}
	return latest(q.Acts[after:])
}

// SinceAct gives the acts after one, the latest 20 at most.
func (q *Queue) SinceAct(act ids.Command) []Act {
	i := slices.IndexFunc(q.Acts, func(a Act) bool { return a.Command == act })
	return latest(q.Acts[i+1:])
}

// SinceEntries gives the acts about any of these entries, the latest 20 at most.
func (q *Queue) SinceEntries(entries ...ids.Entry) []Act {
	var about []Act
	for _, a := range q.Acts {
		if slices.Contains(entries, a.Entry) {
			about = append(about, a)
		}
	}
	return latest(about)
}

// latest gives a copy of the last acts, as many as a refusal shows.
func latest(acts []Act) []Act { return slices.Clone(acts[max(0, len(acts)-actsShown):]) }

// single gives the entry that an event about one entry on the list names.
func single(event events.Event) ids.Entry {
	switch e := event.(type) {
	case *events.EntryWithdrawn:
		return e.Entry
	case *events.EntryDeferred:
		return e.Entry
	case *events.EntryMoved:
		return e.Entry
	case *events.EntryHandedOver:
		return e.Entry
	case *events.CheckedIn:
		return e.Entry
	case *events.PresenceNoted:
		return e.Entry
	case *events.AbsenceReported:
		return e.Entry
	case *events.Excused:
		return e.Entry
	case *events.EntryToStandby:
		return e.Entry
	case *events.EntryReturned:
		return e.Entry
	default:
		return ids.Entry{}
	}
}

// touched gives the entry that an event is about: the first where there are
// several, none where it is about a list or a ruling act.
func (q *Queue) touched(event events.Event) ids.Entry {
	var turn ids.Turn
	switch e := event.(type) {
	case *events.EntryJoined:
		return e.Entry
	case *events.SwapProposed:
		return e.Entry
	case *events.EntriesSwapped:
		return e.Entry
	case *events.EntriesMerged:
		return e.Lead
	case *events.EntrySplit:
		return e.Lead
	case *events.PointRaised:
		return e.Entry
	case *events.PointAdmitted:
		return e.Entry
	case *events.PointRefused:
		return e.Entry
	case *events.PointRuled:
		return e.Entry
	case *events.FloorGiven:
		return e.Entry
	case *events.TurnReassigned:
		return e.To
	case *events.TurnEntered:
		return e.Entry
	case *events.TurnBegun:
		turn = e.Turn
	case *events.TurnEnded:
		turn = e.Turn
	case *events.TurnCorrected:
		turn = e.Turn
	case *events.HolderPrompted:
		turn = e.Turn
	default:
		return single(event)
	}
	if t := q.Turns[turn]; t != nil {
		return t.Entry
	}
	return ids.Entry{}
}
