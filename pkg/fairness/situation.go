package fairness

import (
	"github.com/fairfloor/fairfloor/pkg/fairness/allocate"
	"github.com/fairfloor/fairfloor/pkg/fairness/estimate"
	"github.com/fairfloor/fairfloor/pkg/fairness/eta"
)

// RuleVersion is logged with each result. verify recomputes with the rule of
// that version; a change of any result needs a new one.
const RuleVersion = 1

// Mode is how the time of one entry depends on that of the others.
type Mode string

const (
	// Uniform is one number for all ordinary entries (times the weight of a
	// joint statement); a request only lowers one's own. The default.
	Uniform Mode = "uniform"
	// Individual counts requests and weights in full and adapts at every
	// handover.
	Individual Mode = "individual"
	// Fixed gives Situation.FixedMS and never adapts.
	Fixed Mode = "fixed"
)

// AtLimit is what happens when an allotment is used up.
type AtLimit string

const (
	// Gavel offers the chair "Thank X, give the floor to Y". The default.
	Gavel AtLimit = "gavel"
	// Soft only turns red.
	Soft AtLimit = "soft"
	// Hard ends the floor after the grace.
	Hard AtLimit = "hard"
)

// The defaults of fairness.md and decisions.md 19 to 21, in milliseconds.
const (
	DefaultGraceMS         int64 = 5_000
	DefaultHandoverMostMS  int64 = 20_000
	DefaultHandoverSigmaMS int64 = 6_000
	DefaultReserveMS       int64 = 60_000
	DefaultReserveKeptMS   int64 = 45_000
	DefaultGrowthPPM       int64 = 1_100_000
	DefaultMinimumMS       int64 = 60_000
	DefaultClosingMS       int64 = 60_000
	// StandbyUntilMS before the hard end the standby reserve is released.
	StandbyUntilMS int64 = 15 * 60_000
	// StepMS is the least change that is announced, the step of a uniform
	// raise and the unit to which a guarantee is rounded down.
	StepMS int64 = 5_000
	// FrozenPlaces are closed to automatic reordering, and their allotments
	// are announced.
	FrozenPlaces = 3
	// MarginEntries and MarginDeferrals are what a guarantee allows for.
	MarginEntries   = 2
	MarginDeferrals = 4
	// MostWeight is the greatest weight of a joint statement.
	MostWeight = 4
	// MostEntries is how many entries are understood.
	MostEntries = 100_000
)

// The chances that an entry speaks when called, in parts per million
// (fairness.md, Allocation; decisions.md 17: from the log only).
const (
	// ChancePresent: in the room, in the conference, checked in or seen.
	ChancePresent = estimate.Whole
	// ChanceUnknown: nothing is known; replace by estimate.Show once learned.
	ChanceUnknown = estimate.ShowPriorPPM
	// ChanceReportedAbsent: reported absent and expected back.
	ChanceReportedAbsent = estimate.ReportedAbsentPPM
	// ChanceNone: excused, withdrawn or on standby.
	ChanceNone int64 = 0
)

// Reserve is the reserve for interruptions: kept + max(0, initial*n/N - spent).
type Reserve struct {
	// InitialMS is R0, released as people speak (default 60 s).
	InitialMS int64 `json:"initial_ms"`
	// KeptMS is Rmin, kept to the end (default 45 s).
	KeptMS int64 `json:"kept_ms"`
	// SpentMS is what interruptions, the chair's own time, undone gaps,
	// pauses for lost speakers and used access allowances have cost so far.
	SpentMS int64 `json:"spent_ms"`
	// Entries is N, the entries waiting when the list was closed; zero while
	// it is open, and then the whole of R0 is kept.
	Entries int `json:"entries"`
}

// Access is a private access allowance, granted in advance and charged to
// the reserve. At most one of the two is set.
type Access struct {
	// AddMS is added to the allotment.
	AddMS int64 `json:"add_ms,omitempty"`
	// FactorPPM multiplies the allotment: 1,500,000 is half as much again.
	// Zero is no factor; otherwise 1,000,000 to 4,000,000.
	FactorPPM int64 `json:"factor_ppm,omitempty"`
}

// Entry is one waiting entry, in the order of the list.
type Entry struct {
	// ID is carried through to the plan and never looked at.
	ID string `json:"id"`
	// Weight is the number of organisations in a joint statement, 1 to 4.
	Weight int `json:"weight"`
	// RequestMS is what was asked for, the most that is given. For a joint
	// statement the sum of its members' requests. Zero is no limit.
	RequestMS int64 `json:"request_ms"`
	// GuaranteeMS is what has been promised so far; zero before the list
	// closes. It never shrinks by itself.
	GuaranteeMS int64 `json:"guarantee_ms"`
	// AnnouncedMS is the allotment announced when the list closed (zero before
	// then); growth is limited to Situation.GrowthPPM of it.
	AnnouncedMS int64 `json:"announced_ms"`
	// FrozenMS is the allotment announced at place 3, zero before that. It may
	// still be cut to the guarantee when otherwise somebody is not reached.
	FrozenMS int64 `json:"frozen_ms"`
	// ToldMS is the number this entry was last told, for calm announcements;
	// zero when none was.
	ToldMS int64 `json:"told_ms"`
	// ChancePPM that the entry speaks when called, see the Chance constants.
	ChancePPM int64 `json:"chance_ppm"`
	// Access is the private allowance.
	Access Access `json:"access"`
	// Group is an index into Situation.GroupCapsMS, or -1. Looked at only when
	// there are caps.
	Group int `json:"group"`
}

// Situation is everything that a computation depends on. All instants are
// Unix milliseconds of session time, all durations milliseconds.
type Situation struct {
	// StartMS is when the session's time begins to count (planned start).
	StartMS int64 `json:"start_ms"`
	// NowMS is the instant of the event that caused the computation.
	NowMS int64 `json:"now_ms"`
	// HardEndMS is the end of the room or the interpretation, T_end.
	HardEndMS int64 `json:"hard_end_ms"`
	// ClosingMS is kept free before the hard end, C.
	ClosingMS int64 `json:"closing_ms"`
	// EarliestMS is the first instant at which a turn can be given: planned
	// start + opening before the session starts, the expected end of a
	// suspension while suspended; zero for none.
	EarliestMS int64 `json:"earliest_ms"`
	// LatestMS is the latest instant at which the first turn is reckoned to be
	// given, from which promises count: planned start + the longest opening.
	// Zero is EarliestMS.
	LatestMS int64 `json:"latest_ms"`
	// RunningEndMS is when the running turn is expected to end; zero when the
	// floor is free. ExpectedEnd computes it. The running turn is never cut.
	RunningEndMS int64 `json:"running_end_ms"`
	// ListClosed says that nobody joins any more. Before that nothing is
	// promised.
	ListClosed bool `json:"list_closed"`

	// Mode, AtLimit and Strict are modalities. Empty is uniform and gavel.
	Mode    Mode    `json:"mode"`
	AtLimit AtLimit `json:"at_limit"`
	// Strict caps the next speaker by the longest possible handovers: the
	// provable guarantee, at the price of idle minutes.
	Strict bool `json:"strict"`

	// MinimumMS is m, the least that is offered (a smaller request is offered
	// the request).
	MinimumMS int64 `json:"minimum_ms"`
	// FixedMS is the unchanging time of mode fixed.
	FixedMS int64 `json:"fixed_ms"`
	// UniformMS is the number in force in mode uniform: the guarantee that was
	// announced when the list closed, later what the chair confirmed. Zero
	// before the list is closed: then the level is shown as expected.
	UniformMS int64 `json:"uniform_ms"`
	// GrowthPPM limits an allotment to this part of AnnouncedMS; zero is no
	// limit.
	GrowthPPM int64 `json:"growth_ppm"`
	// GraceMS is g, HandoverMostMS is h_max, HandoverSigmaMS is sigma_h.
	GraceMS         int64 `json:"grace_ms"`
	HandoverMostMS  int64 `json:"handover_most_ms"`
	HandoverSigmaMS int64 `json:"handover_sigma_ms"`

	// Reserve is the reserve for interruptions.
	Reserve Reserve `json:"reserve"`
	// Use and Handover are the estimators.
	Use      estimate.Use      `json:"use"`
	Handover estimate.Handover `json:"handover"`
	// Pause holds the interruptions so far; it may stay empty.
	Pause estimate.Pause `json:"pause"`
	// Deferrals is how many calls had no answer so far.
	Deferrals int `json:"deferrals"`
	// Standby is how many wait on standby: a minimum is kept for each until 15
	// minutes before the end.
	Standby int `json:"standby"`
	// RaiseGuarantees allows guarantees to rise: set it when the list closes
	// and when the last turn can no longer be undone.
	RaiseGuarantees bool `json:"raise_guarantees"`

	// Entries are those waiting, in order, without the holder.
	Entries []Entry `json:"entries"`
	// GroupCapsMS holds a cap of speaking time per group, negative for none. A
	// cap that is less than its members' guarantees and minimums gives way to
	// them: a budget does not take a promise back.
	GroupCapsMS []int64 `json:"group_caps_ms,omitempty"`
	// Calibration makes the ETA ranges; nil is the shipped one.
	Calibration *eta.Calibration `json:"-"`
}

// NewSituation has the default modalities and no entries.
func NewSituation(startMS, nowMS, hardEndMS int64) Situation {
	return Situation{
		StartMS: startMS, NowMS: nowMS, HardEndMS: hardEndMS, ClosingMS: DefaultClosingMS,
		Mode: Uniform, AtLimit: Gavel, MinimumMS: DefaultMinimumMS, GrowthPPM: DefaultGrowthPPM,
		GraceMS: DefaultGraceMS, HandoverMostMS: DefaultHandoverMostMS, HandoverSigmaMS: DefaultHandoverSigmaMS,
		Reserve: Reserve{InitialMS: DefaultReserveMS, KeptMS: DefaultReserveKeptMS},
	}
}

// Offer is what one entry is told. Durations in ms, instants in Unix ms.
type Offer struct {
	// ID and Place: Place counts from 1 in the order of the list.
	ID    string `json:"id"`
	Place int    `json:"place"`
	// AllotmentMS is what it would be given now, whole seconds, without any
	// access allowance.
	AllotmentMS int64 `json:"allotment_ms"`
	// AccessMS comes on top. Private: never in a view of others, the record or
	// the measures.
	AccessMS int64 `json:"access_ms"`
	// GuaranteeMS is what is promised: never less than what was.
	GuaranteeMS int64 `json:"guarantee_ms"`
	// Reached says whether it is expected to be called before the end.
	Reached bool `json:"reached"`
	// HasETA says that Start is to be shown. Nobody who will not be called or
	// is not there is given one.
	HasETA bool `json:"has_eta"`
	// Start is when its first word is expected.
	Start eta.Range `json:"start"`
	// Announce says that the allotment is new to the entry or differs by 5 s
	// or more from what it was told: smaller changes stay unsaid.
	Announce bool `json:"announce"`
	// Freeze says that the entry has come to places 1 to 3: announce the
	// allotment and carry it as FrozenMS from now on.
	Freeze bool `json:"freeze"`
	// Cut says that a frozen or uniform allotment was lowered because
	// otherwise somebody would not be reached: tell the entry.
	Cut bool `json:"cut"`
}

// Budget is the bar that shows where the session's time goes. The parts sum
// to HardEndMS - StartMS + ShortMS.
type Budget struct {
	// ElapsedMS is the past.
	ElapsedMS int64 `json:"elapsed_ms"`
	// RunningMS is what the opening, a suspension or the running turn is
	// expected still to take.
	RunningMS int64 `json:"running_ms"`
	// ReservedMS is closing, interruption reserve, standby and access.
	ReservedMS int64 `json:"reserved_ms"`
	// PromisedMS is the guarantees (the minimums while there are none) of all
	// who are expected, with their handovers.
	PromisedMS int64 `json:"promised_ms"`
	// FreeMS is what makes allotments larger than guarantees.
	FreeMS int64 `json:"free_ms"`
	// ShortMS is what is missing; then FreeMS is zero.
	ShortMS int64 `json:"short_ms"`
}

// Plan is the result of a computation.
type Plan struct {
	// Rule is RuleVersion.
	Rule int `json:"rule"`
	// Fits says that everybody expected can be heard with at least the
	// minimum, as turns and handovers have been so far.
	Fits bool `json:"fits"`
	// Guaranteed says that this holds even if every turn uses its grace and
	// every handover takes h_max.
	Guaranteed bool `json:"guaranteed"`
	// NotReached is K, how many at the end of the list will not be reached.
	NotReached int `json:"not_reached"`
	// LevelMS is the level of the max-min fill for weight 1; zero when nothing
	// is left to share above the guarantees and minimums.
	LevelMS int64 `json:"level_ms"`
	// Full says that everybody has what they asked for (or grew to the limit):
	// more time would help nobody.
	Full bool `json:"full"`
	// GuaranteeMS is what could be promised to weight 1 now by the theorem.
	GuaranteeMS int64 `json:"guarantee_ms"`
	// RaiseToMS is a uniform raise to propose to the chair; zero for none.
	RaiseToMS int64 `json:"raise_to_ms"`
	// GuaranteeAtRisk is an alarm: a promise may not be kept.
	GuaranteeAtRisk bool `json:"guarantee_at_risk"`
	// CapMS is the most that the next speaker could be given without anybody
	// behind falling below their guarantee; may be negative.
	CapMS int64 `json:"cap_ms"`
	// CapacityMS is the speaking time to share, after handovers and reserves;
	// may be negative.
	CapacityMS int64 `json:"capacity_ms"`
	// UsePPM, HandoverMS and ReserveMS are what was reckoned with.
	UsePPM     int64 `json:"use_ppm"`
	HandoverMS int64 `json:"handover_ms"`
	ReserveMS  int64 `json:"reserve_ms"`
	// EndMS is when the last one expected would finish.
	EndMS int64 `json:"end_ms"`
	// Budget is the bar.
	Budget Budget `json:"budget"`
	// Offers stand in the order of the entries.
	Offers []Offer `json:"offers"`
}

// Engine keeps the memory that computing needs; see Engine.Compute. The zero
// value is ready. It is not safe for two goroutines at once.
type Engine struct {
	filler allocate.Filler
	claims []allocate.Claim
	shares []int64
	bounds []bounds
	caps   []int64
}
