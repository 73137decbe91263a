package events

import "github.com/fairfloor/fairfloor/pkg/ids"

// AsideHow says why entries were set aside: a rung of the ladder (fairness.md).
type AsideHow string

// The ways of setting entries aside.
const (
	// ToSecondSession leaves the end of the list to a second session.
	ToSecondSession AsideHow = "second_session"
	// ByApportionment gives the places that fit to the groups by Sainte-Laguë; the
	// rest file a written statement.
	ByApportionment AsideHow = "apportion"
)

// AsideHows lists the ways of setting entries aside.
func AsideHows() []AsideHow { return []AsideHow{ToSecondSession, ByApportionment} }

// EntriesSetAside is the chair's choice of a rung that does not hear everybody
// in this session. Who is set aside keeps full credit, and can be called back.
type EntriesSetAside struct {
	Part ids.Part `json:"part"`
	How  AsideHow `json:"how"`
	// Places is how many of those who waited speak in this session.
	Places int `json:"places"`
	// CreditMS is what each of them was entitled to, in ms.
	CreditMS int64        `json:"credit_ms"`
	Entries  []AsideEntry `json:"entries"`
}

// AsideEntry is one entry with the place (from 1) that it had on the list.
type AsideEntry struct {
	Entry ids.Entry `json:"entry"`
	Place int       `json:"place"`
}

// EntriesCalledBack takes everything back that was set aside on a list: each
// entry returns to the place that it had.
type EntriesCalledBack struct {
	Part    ids.Part    `json:"part"`
	Entries []ids.Entry `json:"entries"`
}

// ReservesUsed is the chair's choice to give the reserve for interruptions and
// for standby to those who wait.
type ReservesUsed struct{}

// ReservesKept takes that choice back.
type ReservesKept struct{}

func (*EntriesSetAside) Type() string   { return "entries_set_aside" }
func (*EntriesCalledBack) Type() string { return "entries_called_back" }
func (*ReservesUsed) Type() string      { return "reserves_used" }
func (*ReservesKept) Type() string      { return "reserves_kept" }
