package domain

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/fairness/order"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// back is how many places a wish or a silence costs (fairness.md, the turn).
const back = 2

// returnPlace is where those who come back from standby enter (decisions.md 18).
const returnPlace = 4

// The order is made here and nowhere else. A list is in the order of joining,
// until the registry has fixed it and, where the rule draws one, drawn its lot:
// then orderList puts it, once, in the order of its rule. Whoever joins later goes behind their group, and nobody
// else's order changes by it. What people do (moves, swaps, deferrals) stands.

// place says where, from 1, a new entry goes by the order of joining.
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

// orderList puts a list that is ready in the order of its rule: the questions stay at
// the front and the rights of reply at the end. The order is a function of the
// fixed inputs and the lot (session.State.Arrange), so anybody can repeat it.
// Once the part is being called its first places are closed to it
// (decisions.md 18).
func (d *deciding) orderList() ([]events.Event, error) {
	args, err := read[command.PartRef](d)
	if err != nil {
		return nil, err
	}
	p, err := d.part(args.Part)
	if err != nil {
		return nil, err
	}
	list := d.q.List(p.ID)
	if list.Ordered != nil {
		return nil, problem.New(problem.Already, "the list of %q is in its order", p.Title).On("args.part").Try("nothing needs to be done")
	}
	lot := d.s.Registry.Lots[p.ID]
	if _, ready := lot.Ready(); !ready {
		return nil, d.notDue()
	}
	late := d.latecomers(lot.Fixed, p.ID)
	places, err := d.s.Arrange(p.ID, late)
	if err != nil {
		return nil, problem.New(problem.Internal, "the order cannot be computed: %s", err.Error()).Try("tell the operator")
	}
	ordered := &events.ListOrdered{Part: p.ID, Rule: lot.Fixed.Rule, Order: d.arranged(list.Order, places)}
	if d.s.Timing.Parts[p.ID] != nil {
		ordered.Kept = min(order.Frozen, len(list.Order))
		ordered.Order = order.Reorder(list.Order, ordered.Order, order.Frozen)
	}
	for _, l := range late {
		ordered.Late = append(ordered.Late, l.Entry)
	}
	return one(ordered), nil
}

// latecomers are the statements that still count and joined after the list was
// fixed, or before it and came back since, in order of joining.
func (d *deciding) latecomers(fixed *events.ListFixed, part ids.Part) []session.Latecomer {
	known := make(map[ids.Entry]bool, len(fixed.Inputs))
	for i := range fixed.Inputs {
		known[fixed.Inputs[i].Entry] = true
	}
	var late []session.Latecomer
	for _, id := range d.q.EntryOrder {
		e := d.q.Entries[id]
		waits := e.State == session.Waiting || e.State == session.Standby
		if e.Part == part && e.Kind == events.Statement && waits && !known[id] {
			late = append(late, session.Latecomer{Entry: id, Applicant: e.Applicant, Stance: e.Stance})
		}
	}
	return late
}

// arranged puts the statements of a list in the order of places; everything
// else keeps where it stands.
func (d *deciding) arranged(list []ids.Entry, places []order.Place) []ids.Entry {
	rank := ranks(places)
	out := slices.Clone(list)
	var at []int
	var statements []ids.Entry
	for i, id := range out {
		if _, placed := rank[id]; placed && d.q.Entries[id].Kind == events.Statement {
			at, statements = append(at, i), append(statements, id)
		}
	}
	slices.SortStableFunc(statements, func(a, b ids.Entry) int { return rank[a] - rank[b] })
	for i, id := range statements {
		out[at[i]] = id
	}
	return out
}

// ranks numbers the entries of an arrangement from 0.
func ranks(places []order.Place) map[ids.Entry]int {
	rank := make(map[ids.Entry]int, len(places))
	for i := range places {
		rank[ids.MustParse[ids.Entry](places[i].ID)] = i
	}
	return rank
}

// behindTheirGroup is the place of a statement that joins a list which is in the
// order of its rule: the tail of its own group, behind everybody whom the rule
// puts before it, and never among the first places (decisions.md 18, 23). A list
// without such an order gives it the place that it has.
func (d *deciding) behindTheirGroup(joined *events.EntryJoined) int {
	list := d.q.List(joined.Part)
	if list.Ordered == nil {
		return joined.Place
	}
	late := append(d.s.Latecomers(joined.Part), session.Latecomer{Entry: joined.Entry, Applicant: joined.Applicant, Stance: joined.Stance})
	places, err := d.s.Arrange(joined.Part, late)
	if err != nil {
		return joined.Place // the end of the list loses nobody
	}
	rank := ranks(places)
	at := joined.Place - 1
	for at > order.Frozen {
		before, placed := rank[list.Order[at-1]]
		if !placed || before < rank[joined.Entry] {
			break
		}
		at--
	}
	return at + 1
}
