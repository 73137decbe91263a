package events

import "github.com/fairfloor/fairfloor/pkg/ids"

// LabelRule says what is drawn for each entry of a fixed list.
type LabelRule string

// The label rules.
const (
	// LabelOrganisation draws the organisation's name as the list shows it.
	LabelOrganisation LabelRule = "organisation"
	// LabelEntry draws the entry's identifier.
	LabelEntry LabelRule = "entry"
)

// LabelRules lists the label rules.
func LabelRules() []LabelRule { return []LabelRule{LabelOrganisation, LabelEntry} }

// LotCommitted begins the drawing of a part's list (fairness.md, the lot):
// whoever holds the one-time code can no longer change it, and the randomness
// is named before anybody can know it.
type LotCommitted struct {
	Part ids.Part `json:"part"`
	// Commitment is the SHA-256 of the one-time code: the next link of its hash chain.
	Commitment Hash `json:"commitment"`
	// Source names the randomness in words for everybody, such as a drand round.
	Source string    `json:"source"`
	Labels LabelRule `json:"labels"`
}

// ListFixed fixes whose order is drawn, and every input that the ordering rule
// looks at, so that they are public before the draw and nothing that changes
// afterwards changes the order.
type ListFixed struct {
	Part ids.Part `json:"part"`
	// Rule is the ordering rule of the modalities; Categories is its sequence.
	Rule       string       `json:"rule"`
	Categories []string     `json:"categories,omitempty"`
	Inputs     []OrderInput `json:"inputs"`
}

// OrderInput is what the ordering rule looks at of one entry.
type OrderInput struct {
	Entry ids.Entry `json:"entry"`
	// Label is what is drawn for the entry; each stands once.
	Label     string `json:"label"`
	Group     string `json:"group"`
	Region    string `json:"region"`
	Category  string `json:"category"`
	FirstTime bool   `json:"first_time,omitempty"`
	// CreditMS is what was carried over, in ms.
	CreditMS int64 `json:"credit_ms,omitempty"`
	Remote   bool  `json:"remote,omitempty"`
	// Stance is on which side the statement is; Rank is the place on the
	// secretariat's own list, from 1, zero for those who are not on it.
	Stance Stance `json:"stance,omitempty"`
	Rank   int64  `json:"rank,omitempty"`
	// Joined counts the entries of the session in the order of joining, from 1.
	Joined int64 `json:"joined"`
}

// ListSet is the secretariat's own list for a part, for the rule of that name:
// the entries in the order in which they are to speak. A later one replaces it,
// until the list is fixed.
type ListSet struct {
	Part    ids.Part    `json:"part"`
	Entries []ids.Entry `json:"entries"`
}

// LotRevealed opens the commitment and gives the randomness, which is drawn
// with as the bytes of its UTF-8 form.
type LotRevealed struct {
	Part       ids.Part `json:"part"`
	Code       Hash     `json:"code"`
	Randomness string   `json:"randomness"`
}

// LotDrawn gives each entry its position: HMAC-SHA256(PRK, label || 0x01) with
// PRK = HMAC-SHA256(code, randomness) (draft-thomson-elegy-vrs).
type LotDrawn struct {
	Part ids.Part `json:"part"`
	// Positions stand in the order of the lot.
	Positions []LotPosition `json:"positions"`
}

// LotPosition is one entry's position.
type LotPosition struct {
	Entry    ids.Entry `json:"entry"`
	Position Hash      `json:"position"`
}

// ListOrdered puts the waiting entries of a part in the order of its rule, as
// computed from the fixed inputs and the lot alone. The queue writes it once.
type ListOrdered struct {
	Part ids.Part `json:"part"`
	Rule string   `json:"rule"`
	// Order holds every waiting entry, next first.
	Order []ids.Entry `json:"order"`
	// Late are those who joined after the list was fixed, in order of joining.
	Late []ids.Entry `json:"late,omitempty"`
	// Kept is how many places at the head stayed as they were, because the part
	// was being called already.
	Kept int `json:"kept,omitempty"`
}

func (*LotCommitted) Type() string { return "lot_committed" }
func (*ListFixed) Type() string    { return "list_fixed" }
func (*ListSet) Type() string      { return "list_set" }
func (*LotRevealed) Type() string  { return "lot_revealed" }
func (*LotDrawn) Type() string     { return "lot_drawn" }
func (*ListOrdered) Type() string  { return "list_ordered" }
