package api

import (
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/fairness/plan"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// PlanView says whether everybody on a list will be heard, and where the time
// goes, as of the cursor: "all N will be heard" where Fits, or else "K will not
// be reached", with the ladder of choices. Lengths are ms.
type PlanView struct {
	// Part is whose list it is.
	Part ids.Part `json:"part,omitzero"`
	// Fits says that everybody expected is heard with at least the minimum, as
	// turns and handovers have been so far; Guaranteed that this holds in the
	// worst case; AtRisk is an alarm: a promise may not be kept.
	Fits       bool `json:"fits"`
	Guaranteed bool `json:"guaranteed,omitempty"`
	AtRisk     bool `json:"at_risk,omitempty"`
	// Waiting are on the list, Standby were not there when called, NotReached is K.
	Waiting    int   `json:"waiting"`
	Standby    int   `json:"standby,omitempty"`
	NotReached int   `json:"not_reached"`
	LevelMS    int64 `json:"level_ms"`
	// GuaranteeMS is what could be promised now.
	GuaranteeMS int64 `json:"guarantee_ms"`
	// SlotMS is what each who waits could expect if nothing had been announced,
	// SlotWithOneMoreMS what it would be with one applicant more. MissingMS is how
	// much longer the session would have to be for everybody's minimum, zero when
	// it fits. Admits says that a late applicant may still join the list.
	SlotMS            int64 `json:"slot_ms"`
	SlotWithOneMoreMS int64 `json:"slot_with_one_more_ms"`
	MissingMS         int64 `json:"missing_ms,omitempty"`
	Admits            bool  `json:"admits,omitempty"`
	// RaiseToMS is a number for everyone remaining, for the chair to confirm with
	// the command announce.
	RaiseToMS int64 `json:"raise_to_ms,omitempty" see:"chair"`
	// ReservesUsed says that the chair gave the reserves to those who wait.
	ReservesUsed bool `json:"reserves_used,omitempty"`
	// Ladder holds the choices, from the mildest; none when it fits.
	Ladder []RungView `json:"ladder,omitempty" see:"chair"`
	// End is when the last one expected would finish.
	End        clock.Instant `json:"end,omitempty"`
	UsePPM     int64         `json:"use_ppm" see:"chair"`
	HandoverMS int64         `json:"handover_ms" see:"chair"`
	Budget     BudgetView    `json:"budget"`
	// Session sums all lists up; only in View.Plan.
	Session *TotalView `json:"session,omitempty"`
	// Digest names this plan in expect.plan.
	Digest string `json:"digest" see:"chair"`
}

// TotalView sums up the lists of all parts that are not over.
type TotalView struct {
	Fits       bool  `json:"fits"`
	Waiting    int   `json:"waiting"`
	Standby    int   `json:"standby"`
	NotReached int   `json:"not_reached"`
	MissingMS  int64 `json:"missing_ms,omitempty"`
}

// BudgetView is the budget bar, in ms.
type BudgetView struct {
	ElapsedMS  int64 `json:"elapsed_ms"`
	RunningMS  int64 `json:"running_ms"`
	ReservedMS int64 `json:"reserved_ms"`
	PromisedMS int64 `json:"promised_ms"`
	FreeMS     int64 `json:"free_ms"`
	ShortMS    int64 `json:"short_ms,omitempty"`
}

// RungView is one choice of the ladder. To choose it is one command: Verb with
// Args, as they stand here, expecting the plan's digest.
type RungView struct {
	Kind plan.Kind `json:"kind"`
	// Fits says that with it everybody is heard, in this session or (for a second
	// session) in the next.
	Fits bool `json:"fits"`
	// Heard speak in this session; Aside file a written statement or speak in the
	// second session, and carry CreditMS each.
	Heard     int           `json:"heard"`
	Aside     int           `json:"aside"`
	MinimumMS int64         `json:"minimum_ms"`
	SlotMS    int64         `json:"slot_ms"`
	ExtendMS  int64         `json:"extend_ms,omitempty"`
	Places    int           `json:"places,omitempty"`
	CreditMS  int64         `json:"credit_ms,omitempty"`
	End       clock.Instant `json:"end,omitempty"`
	Verb      string        `json:"verb"`
	Args      RungArgs      `json:"args"`
	// NeedsReason says that a promise is lowered, which takes a reason.
	NeedsReason bool `json:"needs_reason,omitempty"`
	// Effects are the entries for whom it makes a difference, those with the same
	// together.
	Effects []EffectView `json:"effects"`
}

// RungArgs are the arguments of a rung's command, those of its verb only.
type RungArgs struct {
	Part       ids.Part        `json:"part,omitzero"`
	MinimumMS  int64           `json:"minimum_ms,omitempty"`
	Guarantees bool            `json:"guarantees,omitempty"`
	ByMS       int64           `json:"by_ms,omitempty"`
	How        events.AsideHow `json:"how,omitempty"`
	Places     int             `json:"places,omitempty"`
}

// EffectView is what a rung does to some entries.
type EffectView struct {
	Entries     []ids.Entry `json:"entries"`
	AllotmentMS int64       `json:"allotment_ms"`
	Reached     bool        `json:"reached"`
	Aside       bool        `json:"aside,omitempty"`
}

// AsideView says why an entry is set aside, and with what credit.
type AsideView struct {
	How      events.AsideHow `json:"how"`
	CreditMS int64           `json:"credit_ms"`
}

// MeasuresView reckons up the statements held so far (fairness.md, Measures).
// Jain's index and Gini's are of those heard, rounded to four digits.
type MeasuresView struct {
	Applied         int     `json:"applied"`
	Heard           int     `json:"heard"`
	JainSeconds     float64 `json:"jain_seconds"`
	JainEntitlement float64 `json:"jain_entitlement"`
	JainOffered     float64 `json:"jain_offered"`
	Gini            float64 `json:"gini"`
	ShortestMS      int64   `json:"shortest_ms"`
	LongestMS       int64   `json:"longest_ms"`
	LoosemoreHanby  float64 `json:"loosemore_hanby"`
	// GroupPrefixError is the largest distance of a group from its part of the
	// order so far, in slots.
	GroupPrefixError float64 `json:"group_prefix_error"`
	PromisesBroken   int     `json:"promises_broken"`
	// EtaMAEMS is the mean absolute error of the starts told at five places,
	// EtaCoveragePPM how many of them lay in their range, of EtaCount.
	EtaMAEMS       int64 `json:"eta_mae_ms"`
	EtaCoveragePPM int64 `json:"eta_coverage_ppm"`
	EtaCount       int   `json:"eta_count"`
	// Account says where the time went: chair is the chair's own interventions
	// and answers, charged to the session and to no speaker.
	SpeakingMS int64 `json:"speaking_ms"`
	HandoverMS int64 `json:"handover_ms"`
	PausedMS   int64 `json:"paused_ms"`
	PointsMS   int64 `json:"points_ms"`
	ChairMS    int64 `json:"chair_ms"`
	ReserveMS  int64 `json:"reserve_spent_ms"`
}
