package record

import (
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// List is how a part's list was ordered. With Code, Randomness and Inputs
// anybody can draw the lot and compute the order again: a script of thirty
// lines does it in this package's tests.
type List struct {
	Part  ids.Part `json:"part"`
	Title string   `json:"title"`
	Rule  string   `json:"rule"`
	Words string   `json:"words"`
	// Categories is the sequence of the rule "categories".
	Categories []string `json:"categories,omitempty"`
	// Commitment, Source and Labels were published before the list was fixed.
	Commitment string           `json:"commitment,omitempty"`
	Source     string           `json:"source,omitempty"`
	Labels     events.LabelRule `json:"labels,omitempty"`
	FixedAt    clock.Instant    `json:"fixed_at_ms,omitempty"`
	Inputs     []Input          `json:"inputs,omitempty"`
	Code       string           `json:"code,omitempty"`
	Randomness string           `json:"randomness,omitempty"`
	DrawnAt    clock.Instant    `json:"drawn_at_ms,omitempty"`
	// Order is what the rule gave, at OrderedAt; Kept places at its head stayed as
	// they were. Late joined after the list was fixed, in order of joining.
	Order     []ids.Entry   `json:"order,omitempty"`
	OrderedAt clock.Instant `json:"ordered_at_ms,omitempty"`
	Kept      int           `json:"kept,omitempty"`
	Late      []ids.Entry   `json:"late,omitempty"`
}

// Input is what the rule looked at of one entry, with its drawn position.
type Input struct {
	events.OrderInput
	Position string `json:"position,omitempty"`
}

// lists says of each list how it was ordered.
func lists(s *session.State) []List {
	all := []List{}
	for _, p := range s.Registry.Parts {
		if !p.HasList {
			continue
		}
		l := List{Part: p.ID, Title: p.Title, Rule: s.Registry.Modalities.Order}
		if lot := s.Registry.Lots[p.ID]; lot != nil {
			l.drawn(lot)
		}
		if ordered := s.Queue.List(p.ID).Ordered; ordered != nil {
			l.Order, l.OrderedAt, l.Kept, l.Late = ordered.Order, ordered.At, ordered.Kept, ordered.Late
		}
		l.Words = session.OrderWords(l.Rule, l.Categories)
		all = append(all, l)
	}
	return all
}

// drawn fills in how far the drawing came.
func (l *List) drawn(lot *session.Lot) {
	if !lot.CommittedAt.IsZero() {
		l.Commitment, l.Source, l.Labels = lot.Commitment.String(), lot.Source, lot.Labels
	}
	if lot.Fixed == nil {
		return
	}
	l.Rule, l.Categories, l.FixedAt = lot.Fixed.Rule, lot.Fixed.Categories, lot.FixedAt
	if lot.Drawn() {
		l.Code, l.Randomness, l.DrawnAt = lot.Code.String(), lot.Randomness, lot.DrawnAt
	}
	for i := range lot.Fixed.Inputs {
		in := Input{OrderInput: lot.Fixed.Inputs[i]}
		if position, drawn := lot.Positions[in.Entry]; drawn {
			in.Position = position.String()
		}
		l.Inputs = append(l.Inputs, in)
	}
}
