package session

import (
	"fmt"
	"slices"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/fairness/lot"
	"github.com/fairfloor/fairfloor/pkg/fairness/order"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// The ordering rules of the modalities. All but OrderByList begin with the
// order of joining as a draft, and are in force once the list was closed and
// fixed and the lot was drawn.
const (
	// OrderByList is the order of joining, as changed by published acts of the
	// chair's side.
	OrderByList = "list"
	// OrderSainteLague nests group, region and person.
	OrderSainteLague = "sainte_lague"
	// OrderByLot is the lot alone.
	OrderByLot = "lot"
	// OrderByCategory takes the categories one after the other.
	OrderByCategory = "categories"
	// OrderRoomRemote takes those in the room and those remote in turn.
	OrderRoomRemote = "room_remote"
	// OrderForAgainst takes those for and those against in turn.
	OrderForAgainst = "for_against"
	// OrderFirstCome is first come, first served, fixed when the list closes: what
	// was moved before then counts for nothing.
	OrderFirstCome = "first_come"
	// OrderBySecretariat is the secretariat's own list.
	OrderBySecretariat = "secretariat"
)

// Orders lists the ordering rules.
func Orders() []string {
	return []string{
		OrderByList, OrderSainteLague, OrderByLot, OrderByCategory, OrderRoomRemote, OrderForAgainst, OrderFirstCome, OrderBySecretariat,
	}
}

// DrawsLot reports whether a rule needs a lot: the others look at nothing that
// chance could decide.
func DrawsLot(rule string) bool {
	return rule != OrderByList && rule != OrderFirstCome && rule != OrderBySecretariat
}

// orderRules are the rules of package order by their names in the modalities.
var orderRules = map[string]order.Rule{
	OrderByList: order.FirstCome, OrderSainteLague: order.SainteLague, OrderByLot: order.PlainLot,
	OrderByCategory: order.Categories, OrderRoomRemote: order.RoomRemote, OrderForAgainst: order.ForAgainst,
	OrderFirstCome: order.FirstCome, OrderBySecretariat: order.Secretariat,
}

// OrderWords says an ordering rule in plain words.
func OrderWords(rule string, categories []string) string {
	const later = " Whoever joins after the list is fixed speaks at the end of it. The first three places are not changed automatically."
	switch rule {
	case OrderByList:
		return "Speakers take the floor in the order in which they joined the list. Every change of it by the chair's side is shown with its reason."
	case OrderFirstCome:
		return "First come, first served: speakers take the floor in the order in which they joined the list, which is fixed when it closes." + later
	case OrderBySecretariat:
		return "The secretariat sets the order by a list of its own, which is published before it is fixed. " +
			"Those who are not on it follow in the order in which they joined." + later
	case OrderByLot:
		return "The lot alone decides the order, and anybody can draw it again." + later
	}
	return order.Options{Rule: orderRules[rule], Categories: categories}.Explain()
}

// Lot is the drawing of lots for one part's list, or, where the rule draws none,
// the fixing of the list alone.
type Lot struct {
	// LotCommitted names the part alone where no lot is drawn; CommittedAt is zero then.
	events.LotCommitted
	CommittedAt clock.Instant
	// Fixed is nil until the list was fixed.
	Fixed   *events.ListFixed
	FixedAt clock.Instant
	// Code and Randomness are set when the lot was drawn, at DrawnAt.
	Code       events.Hash
	Randomness string
	DrawnAt    clock.Instant
	Positions  map[ids.Entry]events.Hash
}

// Drawn reports whether the lot was drawn.
func (l *Lot) Drawn() bool { return l != nil && !l.DrawnAt.IsZero() }

// Ready gives the instant from which the list can be put in its order: when its
// lot was drawn, or when it was fixed by a rule that draws none. ok is false
// before that.
func (l *Lot) Ready() (at clock.Instant, ok bool) {
	switch {
	case l.Drawn():
		return l.DrawnAt, true
	case l != nil && l.Fixed != nil && !DrawsLot(l.Fixed.Rule):
		return l.FixedAt, true
	default:
		return 0, false
	}
}

// Check draws a drawn lot again and says what differs: the code that does not
// open the commitment, or the first position that does not follow from code,
// randomness and label. The fold takes what the log says; this is for those who
// do not trust it.
func (l *Lot) Check() error {
	if !l.Drawn() {
		return nil
	}
	if l.Fixed == nil || len(l.Positions) != len(l.Fixed.Inputs) {
		return fmt.Errorf("the lot of part %s has %d positions, which are not those of its fixed list", l.Part, len(l.Positions))
	}
	if !lot.Reveals(lot.Code(l.Commitment), lot.Code(l.Code)) {
		return fmt.Errorf("the code %s does not open the commitment %s", l.Code, l.Commitment)
	}
	draw, err := lot.NewDraw(lot.Code(l.Code), []byte(l.Randomness))
	if err != nil {
		return err
	}
	for i := range l.Fixed.Inputs {
		in := &l.Fixed.Inputs[i]
		if want := events.Hash(draw.Position(in.Label)); l.Positions[in.Entry] != want {
			return fmt.Errorf("%q was drawn at %s, and code and randomness give %s", in.Label, l.Positions[in.Entry], want)
		}
	}
	return nil
}

// lot folds the facts of the drawing of lots.
func (r *Registry) lot(c *events.Commit, event events.Event) error {
	if e, ok := event.(*events.LotCommitted); ok {
		r.Lots[e.Part] = &Lot{LotCommitted: *e, CommittedAt: c.At}
		return nil
	}
	if e, ok := event.(*events.ListSet); ok {
		r.OwnLists[e.Part] = e.Entries
		return nil
	}
	var part ids.Part
	switch e := event.(type) {
	case *events.ListFixed:
		part = e.Part
		if r.Lots[part] == nil && !DrawsLot(e.Rule) {
			r.Lots[part] = &Lot{LotCommitted: events.LotCommitted{Part: part}}
		}
	case *events.LotRevealed:
		part = e.Part
	case *events.LotDrawn:
		part = e.Part
	}
	begun, ok := r.Lots[part]
	if !ok {
		return errMissing("commitment for part", part)
	}
	switch e := event.(type) {
	case *events.ListFixed:
		begun.Fixed, begun.FixedAt = e, c.At
	case *events.LotRevealed:
		begun.Code, begun.Randomness = e.Code, e.Randomness
	case *events.LotDrawn:
		begun.DrawnAt = c.At
		begun.Positions = make(map[ids.Entry]events.Hash, len(e.Positions))
		for _, p := range e.Positions {
			begun.Positions[p.Entry] = p.Position
		}
	}
	return nil
}

// Ordered says how a list was put in the order of its rule.
type Ordered struct {
	Rule string
	At   clock.Instant
	// Kept is how many places at the head stayed as they were.
	Kept int
	// Order is what the rule gave then.
	Order []ids.Entry
	// Late are the statements of those who joined after the list was fixed, in
	// order of joining, whatever became of them: a key never changes.
	Late []ids.Entry
}

// ordered folds the order of a list. It must hold exactly those who wait: an
// order that loses or invents somebody is a fault.
func (q *Queue) ordered(c *events.Commit, e *events.ListOrdered) error {
	l := q.list(e.Part)
	before, after := slices.Clone(l.Order), slices.Clone(e.Order)
	slices.SortFunc(before, ids.Entry.Compare)
	slices.SortFunc(after, ids.Entry.Compare)
	if !slices.Equal(before, after) {
		return fmt.Errorf("the order of part %s is not one of the %d entries that wait", e.Part, len(l.Order))
	}
	l.Order = slices.Clone(e.Order)
	l.Ordered = &Ordered{Rule: e.Rule, At: c.At, Kept: e.Kept, Order: e.Order, Late: slices.Clone(e.Late)}
	return nil
}

// late notes a statement that joined an ordered list.
func (q *Queue) late(e *Entry) {
	if l := q.list(e.Part); l.Ordered != nil && e.Kind == events.Statement {
		l.Ordered.Late = append(l.Ordered.Late, e.ID)
	}
}

// Latecomer is a statement that joined after its list was fixed.
type Latecomer struct {
	Entry     ids.Entry
	Applicant ids.Applicant
	Stance    events.Stance
}

// Arrange computes the order of a part's list from what the log says: the
// fixed inputs, the lot, and those who joined later, in order of joining. Places
// come back for all of them, whether they still wait or not; the error is that
// of package order, or that nothing was drawn.
func (s *State) Arrange(part ids.Part, late []Latecomer) ([]order.Place, error) {
	drawn := s.Registry.Lots[part]
	if _, ready := drawn.Ready(); !ready {
		return nil, fmt.Errorf("the order of part %s is not ready: its list is not fixed, or its lot not drawn", part)
	}
	members := make([]order.Member, 0, len(drawn.Fixed.Inputs)+len(late))
	last := int64(0)
	for i := range drawn.Fixed.Inputs {
		in := &drawn.Fixed.Inputs[i]
		last = max(last, in.Joined)
		members = append(members, order.Member{
			ID: in.Entry.String(), Group: in.Group, Region: in.Region, Category: in.Category, FirstTime: in.FirstTime,
			CreditMS: in.CreditMS, Lot: drawn.Positions[in.Entry].String(), Joined: in.Joined, Remote: in.Remote,
			Stance: side(in.Stance), Rank: int(in.Rank),
		})
	}
	for i, l := range late {
		m := order.Member{ID: l.Entry.String(), Joined: last + int64(i) + 1, Late: true, Stance: side(l.Stance)}
		if a := s.Registry.Applicants[l.Applicant]; a != nil {
			m.Group, m.Region, m.Category, m.Remote = a.Group, a.Region, a.Category, a.Remote
		}
		members = append(members, m)
	}
	return order.Arrange(members, order.Options{Rule: orderRules[drawn.Fixed.Rule], Categories: drawn.Fixed.Categories})
}

// side is a stance as package order counts it.
func side(stance events.Stance) int {
	switch stance {
	case events.For:
		return 1
	case events.Against:
		return -1
	default:
		return 0
	}
}

// Latecomers are those who joined a part's list after it was fixed, once it is
// in its order.
func (s *State) Latecomers(part ids.Part) []Latecomer {
	ordered := s.Queue.List(part).Ordered
	if ordered == nil {
		return nil
	}
	all := make([]Latecomer, 0, len(ordered.Late))
	for _, id := range ordered.Late {
		e := s.Queue.Entries[id]
		all = append(all, Latecomer{id, e.Applicant, e.Stance})
	}
	return all
}

// OrderSettled reports whether the order of a part's list is more than a draft:
// by its rule, because it was put in it, or because the part is being called. Until
// then nobody is told a start that the lot would change.
func (s *State) OrderSettled(part ids.Part) bool {
	return s.Registry.Modalities.Order == OrderByList || s.Queue.List(part).Ordered != nil || s.Timing.Parts[part] != nil
}
