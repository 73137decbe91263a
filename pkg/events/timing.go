package events

import (
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// SessionStarted starts the session clock.
type SessionStarted struct {
	StartedAt clock.Instant `json:"started_at"`
}

// SessionSuspended stops the session clock; a running turn pauses with it.
type SessionSuspended struct {
	Since clock.Instant `json:"since"`
}

// SessionResumed lets it run again.
type SessionResumed struct {
	ResumedAt clock.Instant `json:"resumed_at"`
}

// SessionExtended sets another hard end (later or earlier, never before now).
type SessionExtended struct {
	HardEnd clock.Instant `json:"hard_end"`
}

// SessionAdjourned ends the session. NotReached are the entries that were
// still waiting; their texts are filed (decisions.md 12).
type SessionAdjourned struct {
	AdjournedAt clock.Instant `json:"adjourned_at"`
	NotReached  []ids.Entry   `json:"not_reached"`
}

// AdjournmentUndone reopens a session within 10 minutes of its adjournment.
type AdjournmentUndone struct{}

// PartStarted makes a part the current one.
type PartStarted struct {
	Part      ids.Part      `json:"part"`
	StartedAt clock.Instant `json:"started_at"`
}

// PartEnded ends a part; what it did not use flows on.
type PartEnded struct {
	Part    ids.Part      `json:"part"`
	EndedAt clock.Instant `json:"ended_at"`
}

// MinimumChanged sets another minimum for statements: a rung of the ladder.
type MinimumChanged struct {
	MinimumMS int64 `json:"minimum_ms"`
}

// AllotmentsAnnounced is the number that speakers write their texts for.
// It is logged at list close and when the chair confirms a raise.
type AllotmentsAnnounced struct {
	Part ids.Part `json:"part"`
	// GuaranteeMS is promised and never shrinks by itself; LevelMS is expected.
	GuaranteeMS int64 `json:"guarantee_ms"`
	LevelMS     int64 `json:"level_ms"`
	// UniformMS is the one number in force for ordinary entries where the
	// modalities are uniform: at list close what is promised, later what the chair
	// confirmed. Zero in the other modes.
	UniformMS int64 `json:"uniform_ms,omitempty"`
	// Entries counts those for whom it was computed.
	Entries int `json:"entries"`
	// UsePPM and HandoverMS are the learned ratios it was computed with.
	UsePPM     int64 `json:"use_ppm"`
	HandoverMS int64 `json:"handover_ms"`
	// Announced holds the ms of entries that differ from LevelMS.
	Announced map[ids.Entry]int64 `json:"announced,omitempty"`
}

// GuaranteeBroken is a chair's act: somebody's promised seconds were lowered.
type GuaranteeBroken struct {
	Part        ids.Part `json:"part"`
	GuaranteeMS int64    `json:"guarantee_ms"`
}

// TurnOpened gives a turn its allotment: a reaction to FloorGiven.
type TurnOpened struct {
	Turn       ids.Turn `json:"turn"`
	AllottedMS int64    `json:"allotted_ms"`
	// GuaranteeMS is what had been promised to this entry.
	GuaranteeMS int64 `json:"guarantee_ms"`
	// Paused opens it paused: the give slipped in after a suspension (decisions.md 10).
	Paused bool `json:"paused,omitempty"`
}

// TurnExtended adds to the running turn; only the chair does that. Range 1 s to 600 s, in ms.
type TurnExtended struct {
	Turn    ids.Turn `json:"turn"`
	AddedMS int64    `json:"added_ms"`
}

// PauseCause says why a turn's clock stands.
type PauseCause string

// The causes of a pause.
const (
	PausedByChair      PauseCause = "chair"
	PausedByPoint      PauseCause = "point_of_order"
	PausedBySuspension PauseCause = "suspension"
	PausedByLostLine   PauseCause = "lost_line"
	// PausedByInterpretation stands while interpretation is lost.
	PausedByInterpretation PauseCause = "interpretation"
)

// TurnPaused stops a turn's clock at At, which may lie before the commit.
type TurnPaused struct {
	Turn  ids.Turn      `json:"turn"`
	At    clock.Instant `json:"paused_at"`
	Cause PauseCause    `json:"cause"`
}

// TurnResumed lets it run again.
type TurnResumed struct {
	Turn ids.Turn      `json:"turn"`
	At   clock.Instant `json:"resumed_at"`
}

// Mark is a point in a turn that a timer notes.
type Mark string

// The marks: amber (30 s or 20 % left), expired (0), grace over, never begun
// within the longest handover; and of the session: close now, hard end.
const (
	MarkWarning  Mark = "warning"
	MarkExpired  Mark = "expired"
	MarkGrace    Mark = "grace_over"
	MarkSilent   Mark = "silent"
	MarkCloseNow Mark = "close_now"
	MarkHardEnd  Mark = "hard_end"
	// The interpreters' hours end soon, or are over.
	MarkInterpretationSoon Mark = "interpretation_soon"
	MarkInterpretationEnd  Mark = "interpretation_end"
)

// TurnMarked is a timer's fact about a turn. Epoch counts the turn's changes
// of allotment or pause, so that a warning counts once for each limit.
type TurnMarked struct {
	Turn  ids.Turn      `json:"turn"`
	Mark  Mark          `json:"mark"`
	Due   clock.Instant `json:"due"`
	Epoch int           `json:"epoch"`
}

// SessionMarked is a timer's fact about the session.
type SessionMarked struct {
	Mark Mark          `json:"mark"`
	Due  clock.Instant `json:"due"`
}

// EtasGiven logs the start that was shown at list close and at 5, 3, 1 places,
// so that promises can be checked.
type EtasGiven struct {
	Given []EtaGiven `json:"given"`
}

// TurnLengthened adds to a turn at the cost of the reserve. It is how an access
// allowance comes into the log, which says neither why nor for whom it was
// granted: Commitment is a keyed digest of that, which the deployment can open
// for an auditor (decisions.md 24).
type TurnLengthened struct {
	Turn       ids.Turn `json:"turn"`
	AddedMS    int64    `json:"added_ms"`
	Commitment Hash     `json:"commitment"`
}

// EtaCalibrated says by which table the session's expected starts are made from
// here on: learned from the deployment's own finished sessions. It is an input,
// like the shipped table: what is recomputed is computed with it.
type EtaCalibrated struct {
	Name        string `json:"name"`
	CoveragePPM int64  `json:"coverage_ppm"`
	// Sessions is of how many it was learned.
	Sessions int `json:"sessions"`
	// Buckets are those of package eta, by the number of places ahead.
	Buckets []EtaOffsets `json:"buckets"`
}

// EtaOffsets are residual quantiles in parts per million of the mean cycle.
type EtaOffsets struct {
	LowPPM  int64 `json:"low_ppm"`
	MidPPM  int64 `json:"mid_ppm"`
	HighPPM int64 `json:"high_ppm"`
}

// EtaGiven is one entry's shown start: a range with its middle.
type EtaGiven struct {
	Entry  ids.Entry     `json:"entry"`
	Places int           `json:"places"`
	Low    clock.Instant `json:"low"`
	Middle clock.Instant `json:"middle"`
	High   clock.Instant `json:"high"`
	// AllotmentMS is what was announced along with it; at 3 places it is the
	// number that the turn will be opened with (decisions.md 14).
	AllotmentMS int64 `json:"allotment_ms,omitempty"`
	// Base is from when the forecast counted: the expected end of what had to be
	// over before the first of the list.
	Base clock.Instant `json:"base,omitempty"`
}

func (*SessionStarted) Type() string      { return "session_started" }
func (*SessionSuspended) Type() string    { return "session_suspended" }
func (*SessionResumed) Type() string      { return "session_resumed" }
func (*SessionExtended) Type() string     { return "session_extended" }
func (*SessionAdjourned) Type() string    { return "session_adjourned" }
func (*AdjournmentUndone) Type() string   { return "adjournment_undone" }
func (*PartStarted) Type() string         { return "part_started" }
func (*PartEnded) Type() string           { return "part_ended" }
func (*MinimumChanged) Type() string      { return "minimum_changed" }
func (*AllotmentsAnnounced) Type() string { return "allotments_announced" }
func (*GuaranteeBroken) Type() string     { return "guarantee_broken" }
func (*TurnOpened) Type() string          { return "turn_opened" }
func (*TurnExtended) Type() string        { return "turn_extended" }
func (*TurnPaused) Type() string          { return "turn_paused" }
func (*TurnResumed) Type() string         { return "turn_resumed" }
func (*TurnMarked) Type() string          { return "turn_marked" }
func (*SessionMarked) Type() string       { return "session_marked" }
func (*EtaCalibrated) Type() string       { return "eta_calibrated" }

// Type names the event in the log.
func (*TurnLengthened) Type() string { return "turn_lengthened" }
func (*EtasGiven) Type() string      { return "etas_given" }

// timingTypes makes an empty value of each type that the timing context writes.
var timingTypes = []func() Event{
	func() Event { return &SessionStarted{} },
	func() Event { return &SessionSuspended{} },
	func() Event { return &SessionResumed{} },
	func() Event { return &SessionExtended{} },
	func() Event { return &SessionAdjourned{} },
	func() Event { return &AdjournmentUndone{} },
	func() Event { return &PartStarted{} },
	func() Event { return &PartEnded{} },
	func() Event { return &MinimumChanged{} },
	func() Event { return &AllotmentsAnnounced{} },
	func() Event { return &GuaranteeBroken{} },
	func() Event { return &TurnOpened{} },
	func() Event { return &TurnExtended{} },
	func() Event { return &TurnPaused{} },
	func() Event { return &TurnResumed{} },
	func() Event { return &TurnMarked{} },
	func() Event { return &SessionMarked{} },
	func() Event { return &EtasGiven{} },
	func() Event { return &EtaCalibrated{} },
	func() Event { return &TurnLengthened{} },
	func() Event { return &ReservesUsed{} },
	func() Event { return &ReservesKept{} },
	func() Event { return &TroubleReported{} },
	func() Event { return &TroubleCleared{} },
	func() Event { return &InterpretationEndSet{} },
	func() Event { return &InterpretationAsked{} },
	func() Event { return &InterpretationAnswered{} },
}
