package events

import (
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// Carry-over from one session of a consultation to the next (fairness.md).
// Each session reckons up what it did to each organisation, on its own subject;
// the consultation's subject keeps one reckoning for each session and one credit
// for each organisation; and what came of it is brought to the sessions ahead.

// OrganisationCredit is what an organisation carries into its next session.
type OrganisationCredit struct {
	Organisation string `json:"organisation"`
	// CreditMS is between zero and one slot, in ms.
	CreditMS int64 `json:"credit_ms"`
}

// CreditBrought says, on a session's subject, what the organisations carry into
// it. A later one replaces it until the session is adjourned; that there is one
// at all says that the consultation carries credit over.
type CreditBrought struct {
	Consultation ids.Consultation `json:"consultation"`
	// Version is that of the consultation's subject from which it was read.
	Version uint64 `json:"version"`
	// Credits leaves out those who carry nothing.
	Credits []OrganisationCredit `json:"credits"`
}

// CreditReckoned says, on a session's subject, what the session did to each
// organisation. A later one replaces it: after a correction, or after an
// adjournment that was undone.
type CreditReckoned struct {
	AdjournedAt clock.Instant `json:"adjourned_at"`
	Rows        []CreditRow   `json:"rows"`
}

// CreditRow is one organisation's reckoning, in ms.
type CreditRow struct {
	Organisation string `json:"organisation"`
	// BeforeMS was carried into the session.
	BeforeMS int64 `json:"before_ms,omitempty"`
	// Outcome is "spoke", "curtailed", "not_reached", "absent" or "excused"; the
	// last one also stands for those who came too late to be let in.
	Outcome string `json:"outcome"`
	// EntitledMS is the least of the request and the level of a fair filling of
	// the time used; SlotMS is that level, the most that can be carried.
	EntitledMS int64 `json:"entitled_ms"`
	UsedMS     int64 `json:"used_ms"`
	SlotMS     int64 `json:"slot_ms"`
	// CreditMS is carried on.
	CreditMS int64 `json:"credit_ms"`
}

// CreditCarried takes a session's reckoning over, on the consultation's subject.
// A later one of the same session replaces it, so nothing counts twice.
type CreditCarried struct {
	Session     ids.Session   `json:"session"`
	AdjournedAt clock.Instant `json:"adjourned_at"`
	Rows        []CreditRow   `json:"rows"`
	// Credits is what each organisation carries after all sessions in the order
	// of their adjournment; those who carry nothing are left out.
	Credits []OrganisationCredit `json:"credits"`
}

func (*CreditBrought) Type() string  { return "credit_brought" }
func (*CreditReckoned) Type() string { return "credit_reckoned" }
func (*CreditCarried) Type() string  { return "credit_carried" }
