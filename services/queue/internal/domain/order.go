package domain

import (
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// back is how many places a wish or a silence costs (fairness.md, the turn).
const back = 2

// returnPlace is where those who come back from standby enter (decisions.md 18).
const returnPlace = 4

// place says where, from 1, a new entry goes on a part's list. This is the one
// place in which the order is made: the order of joining here, where another
// ordering rule would look at the modalities and the applicants.
//
//   - A question goes to the front, behind the other questions about that turn.
//   - A right of reply goes to the end: it comes at the end of the item.
//   - A statement goes behind the statements, before the rights of reply.
func place(q *session.Queue, part ids.Part, kind events.EntryKind, turn ids.Turn) int {
	order := q.List(part).Order
	switch kind {
	case events.Question:
		at := 0
		for i, id := range order {
			e := q.Entries[id]
			if e.Kind != events.Question {
				break
			}
			if e.Turn == turn {
				at = i + 1
			}
		}
		return at + 1
	case events.RightOfReply:
		return len(order) + 1
	default:
		at := len(order)
		for at > 0 && q.Entries[order[at-1]].Kind == events.RightOfReply {
			at--
		}
		return at + 1
	}
}

// placeOfReturn says where an entry comes back to: the next place, once, and
// with the order's own rule from the second time on.
func placeOfReturn(q *session.Queue, e *session.Entry) int {
	waiting := len(q.List(e.Part).Order)
	switch {
	case e.Returns > 0:
		return place(q, e.Part, e.Kind, e.Turn)
	case waiting < returnPlace:
		return 1
	default:
		return returnPlace
	}
}
