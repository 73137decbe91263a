package events

import (
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// ListState is the state of a part's list of speakers.
type ListState string

// The list states. A closing list closes at its time, by a timer's fact.
const (
	ListDraft   ListState = "draft"
	ListOpen    ListState = "open"
	ListClosing ListState = "closing"
	ListClosed  ListState = "closed"
)

// Basis says how something is known: that a turn began, or that somebody is there.
type Basis string

// Bases of a turn's begin (decisions.md 13).
const (
	ByChair   Basis = "chair"
	BySelf    Basis = "self"
	ByAudio   Basis = "audio"
	ByCaption Basis = "caption"
	Assumed   Basis = "assumed"
)

// Bases of presence (decisions.md 17).
const (
	InRoom       Basis = "room"
	InConference Basis = "conference"
	ByCheckIn    Basis = "check_in"
	Seen         Basis = "seen"
)

// TurnEnd says how a turn ended.
type TurnEnd string

// The ends of a turn.
const (
	Yielded   TurnEnd = "yielded"   // the holder said they are done
	Ended     TurnEnd = "ended"     // the chair ended it
	Withdrawn TurnEnd = "withdrawn" // the chair took the floor away
	Followed  TurnEnd = "followed"  // the chair gave the floor to the next
	AtLimit   TurnEnd = "limit"     // hard mode, after the grace
	NotHere   TurnEnd = "no_show"   // never begun: the entry went to standby
	SteppedBk TurnEnd = "stepped_back"
	Adjourned TurnEnd = "adjourned"
)

// ListStateChanged opens, closes or re-opens a list; ClosesAt is set for ListClosing.
type ListStateChanged struct {
	Part     ids.Part      `json:"part"`
	State    ListState     `json:"state"`
	ClosesAt clock.Instant `json:"closes_at,omitempty"`
}

// EntryJoined puts an applicant on a list. Place counts from 1 at that moment.
type EntryJoined struct {
	Entry       ids.Entry     `json:"entry"`
	Part        ids.Part      `json:"part"`
	Applicant   ids.Applicant `json:"applicant"`
	Delegate    ids.Person    `json:"delegate,omitzero"`
	Kind        EntryKind     `json:"kind"`
	RequestedMS int64         `json:"requested_ms,omitempty"`
	Language    string        `json:"language,omitempty"`
	// Turn is the turn that a question or a point of order is about.
	Turn  ids.Turn `json:"turn,omitzero"`
	Place int      `json:"place"`
	// Late is set when the list was closed already and the chair let them in.
	Late bool `json:"late,omitempty"`
	// Stance is on which side the statement is, for the rule "for and against in turn".
	Stance Stance `json:"stance,omitempty"`
}

// Stance says on which side of the question a statement is.
type Stance string

// The stances; empty is neither.
const (
	For     Stance = "for"
	Against Stance = "against"
)

// Stances lists the stances.
func Stances() []Stance { return []Stance{For, Against} }

// EntryWithdrawn takes an entry off the list for good.
type EntryWithdrawn struct {
	Entry ids.Entry `json:"entry"`
}

// EntryDeferred moves an entry back by Places, at the wish of its speaker.
type EntryDeferred struct {
	Entry  ids.Entry `json:"entry"`
	Places int       `json:"places"`
}

// EntryMoved is the chair's relative move; exactly one of Before, After is set.
type EntryMoved struct {
	Entry  ids.Entry `json:"entry"`
	Before ids.Entry `json:"before,omitzero"`
	After  ids.Entry `json:"after,omitzero"`
}

// SwapProposed asks With's speaker to exchange places with Entry's.
type SwapProposed struct {
	Swap  ids.Swap  `json:"swap"`
	Entry ids.Entry `json:"entry"`
	With  ids.Entry `json:"with"`
}

// SwapDeclined ends a proposal without an exchange.
type SwapDeclined struct {
	Swap ids.Swap `json:"swap"`
}

// EntriesSwapped exchanges the places of two waiting entries.
type EntriesSwapped struct {
	Swap  ids.Swap  `json:"swap,omitzero"`
	Entry ids.Entry `json:"entry"`
	With  ids.Entry `json:"with"`
}

// EntryHandedOver gives the entry to a colleague of the same organisation.
type EntryHandedOver struct {
	Entry    ids.Entry  `json:"entry"`
	Delegate ids.Person `json:"delegate"`
}

// EntriesMerged makes one joint statement of several entries: it stands at the
// place of Lead, and every name is kept.
type EntriesMerged struct {
	Lead    ids.Entry   `json:"lead"`
	Members []ids.Entry `json:"members"` // without Lead, in list order
}

// EntrySplit undoes a merge; the members return behind Lead in their order.
type EntrySplit struct {
	Lead    ids.Entry   `json:"lead"`
	Members []ids.Entry `json:"members"`
}

// CheckedIn says that the speaker is ready.
type CheckedIn struct {
	Entry ids.Entry `json:"entry"`
}

// PresenceNoted says on what basis somebody is known to be there.
type PresenceNoted struct {
	Entry ids.Entry `json:"entry"`
	Basis Basis     `json:"basis"`
}

// AbsenceReported says that somebody told the chair's side that they are away.
type AbsenceReported struct {
	Entry ids.Entry `json:"entry"`
}

// Excused keeps an absent applicant's credit.
type Excused struct {
	Entry ids.Entry `json:"entry"`
}

// FloorGiven gives the floor to an entry. When a turn was running it ends in
// the same commit by a TurnEnded before this event.
type FloorGiven struct {
	Turn    ids.Turn      `json:"turn"`
	Entry   ids.Entry     `json:"entry"`
	GivenAt clock.Instant `json:"given_at"`
	// Named is set when the chair named the entry instead of taking the next.
	Named bool `json:"named,omitempty"`
	// Act names this act for undo and for what happened since.
	Act ids.Command `json:"act"`
}

// TurnBegun is the first word; BegunAt may lie before the commit, never before GivenAt.
type TurnBegun struct {
	Turn    ids.Turn      `json:"turn"`
	BegunAt clock.Instant `json:"begun_at"`
	Basis   Basis         `json:"basis"`
}

// TurnEnded ends a turn. After NotHere the entry is on standby; after
// SteppedBk it waits two places further back.
type TurnEnded struct {
	Turn    ids.Turn      `json:"turn"`
	EndedAt clock.Instant `json:"ended_at"`
	How     TurnEnd       `json:"how"`
	Act     ids.Command   `json:"act"`
	// Back is the number of places for SteppedBk.
	Back int `json:"back,omitempty"`
}

// EntryToStandby puts a waiting entry (reported absent) on standby.
type EntryToStandby struct {
	Entry ids.Entry `json:"entry"`
}

// EntryReturned brings an entry back from standby to a place (1-based).
type EntryReturned struct {
	Entry ids.Entry `json:"entry"`
	Place int       `json:"place"`
}

// PointRaised is a point of order that waits for the chair.
type PointRaised struct {
	Entry     ids.Entry     `json:"entry"`
	Part      ids.Part      `json:"part"`
	Applicant ids.Applicant `json:"applicant"`
	Delegate  ids.Person    `json:"delegate,omitzero"`
	// Turn is the turn it interrupts; none when the floor is free.
	Turn ids.Turn `json:"turn,omitzero"`
}

// PointAdmitted lets the raiser speak. The holder keeps the floor, suspended
// (decisions.md 16).
type PointAdmitted struct {
	Entry ids.Entry `json:"entry"`
	// Suspended is the turn that pauses; none when the floor was free.
	Suspended ids.Turn `json:"suspended,omitzero"`
}

// PointRefused ends a raised point without hearing it.
type PointRefused struct {
	Entry ids.Entry `json:"entry"`
}

// Ruling is the chair's answer to a point of order.
type Ruling string

// The rulings.
const (
	Upheld    Ruling = "upheld"
	Dismissed Ruling = "dismissed"
	Noted     Ruling = "noted"
)

// PointRuled ends an admitted point; the suspended turn goes on.
type PointRuled struct {
	Entry   ids.Entry `json:"entry"`
	Ruling  Ruling    `json:"ruling"`
	Resumed ids.Turn  `json:"resumed,omitzero"`
}

// ActUndone reverses the last floor act (decisions.md 15).
type ActUndone struct {
	// Undone is the command that is reversed.
	Undone ids.Command `json:"undone"`
	// Voided is the turn that the act had started, if it had.
	Voided ids.Turn `json:"voided,omitzero"`
	// Resumed is the turn that the act had ended, if it had; PressedAt is when.
	Resumed   ids.Turn      `json:"resumed,omitzero"`
	PressedAt clock.Instant `json:"pressed_at,omitempty"`
	// GapMS, from the press to the undo, is charged to the reserve.
	GapMS int64 `json:"gap_ms,omitempty"`
}

// TurnReassigned says that someone else is speaking: the running turn goes to
// another entry without losing a second. From returns to place 1.
type TurnReassigned struct {
	Turn ids.Turn  `json:"turn"`
	From ids.Entry `json:"from"`
	To   ids.Entry `json:"to"`
}

// TurnCorrected corrects a past turn. Unset fields stay as they were.
type TurnCorrected struct {
	Turn    ids.Turn      `json:"turn"`
	Entry   ids.Entry     `json:"entry,omitzero"`
	BegunAt clock.Instant `json:"begun_at,omitempty"`
	EndedAt clock.Instant `json:"ended_at,omitempty"`
}

// TurnEntered records a turn that was held while the system was down.
type TurnEntered struct {
	Turn       ids.Turn      `json:"turn"`
	Entry      ids.Entry     `json:"entry"`
	BegunAt    clock.Instant `json:"begun_at"`
	EndedAt    clock.Instant `json:"ended_at"`
	AllottedMS int64         `json:"allotted_ms,omitempty"`
}

// PromptKind is a private word from the chair's side to the holder.
type PromptKind string

// The prompts.
const (
	PleaseConclude PromptKind = "please_conclude"
	YouAreMuted    PromptKind = "you_are_muted"
	SlowDown       PromptKind = "slow_down"
)

// HolderPrompted shows the holder a private word until Until.
type HolderPrompted struct {
	Prompt ids.Prompt    `json:"prompt"`
	Turn   ids.Turn      `json:"turn"`
	Kind   PromptKind    `json:"kind"`
	Until  clock.Instant `json:"until"`
}

func (*ListStateChanged) Type() string { return "list_state_changed" }
func (*EntryJoined) Type() string      { return "entry_joined" }
func (*EntryWithdrawn) Type() string   { return "entry_withdrawn" }
func (*EntryDeferred) Type() string    { return "entry_deferred" }
func (*EntryMoved) Type() string       { return "entry_moved" }
func (*SwapProposed) Type() string     { return "swap_proposed" }
func (*SwapDeclined) Type() string     { return "swap_declined" }
func (*EntriesSwapped) Type() string   { return "entries_swapped" }
func (*EntryHandedOver) Type() string  { return "entry_handed_over" }
func (*EntriesMerged) Type() string    { return "entries_merged" }
func (*EntrySplit) Type() string       { return "entry_split" }
func (*CheckedIn) Type() string        { return "checked_in" }
func (*PresenceNoted) Type() string    { return "presence_noted" }
func (*AbsenceReported) Type() string  { return "absence_reported" }
func (*Excused) Type() string          { return "excused" }
func (*FloorGiven) Type() string       { return "floor_given" }
func (*TurnBegun) Type() string        { return "turn_begun" }
func (*TurnEnded) Type() string        { return "turn_ended" }
func (*EntryToStandby) Type() string   { return "entry_to_standby" }
func (*EntryReturned) Type() string    { return "entry_returned" }
func (*PointRaised) Type() string      { return "point_raised" }
func (*PointAdmitted) Type() string    { return "point_admitted" }
func (*PointRefused) Type() string     { return "point_refused" }
func (*PointRuled) Type() string       { return "point_ruled" }
func (*ActUndone) Type() string        { return "act_undone" }
func (*TurnReassigned) Type() string   { return "turn_reassigned" }
func (*TurnCorrected) Type() string    { return "turn_corrected" }
func (*TurnEntered) Type() string      { return "turn_entered" }
func (*HolderPrompted) Type() string   { return "holder_prompted" }

// queueTypes makes an empty value of each type that the queue context writes.
var queueTypes = []func() Event{
	func() Event { return &ListStateChanged{} },
	func() Event { return &EntryJoined{} },
	func() Event { return &EntryWithdrawn{} },
	func() Event { return &EntryDeferred{} },
	func() Event { return &EntryMoved{} },
	func() Event { return &SwapProposed{} },
	func() Event { return &SwapDeclined{} },
	func() Event { return &EntriesSwapped{} },
	func() Event { return &EntryHandedOver{} },
	func() Event { return &EntriesMerged{} },
	func() Event { return &EntrySplit{} },
	func() Event { return &CheckedIn{} },
	func() Event { return &PresenceNoted{} },
	func() Event { return &AbsenceReported{} },
	func() Event { return &Excused{} },
	func() Event { return &FloorGiven{} },
	func() Event { return &TurnBegun{} },
	func() Event { return &TurnEnded{} },
	func() Event { return &EntryToStandby{} },
	func() Event { return &EntryReturned{} },
	func() Event { return &EntriesSetAside{} },
	func() Event { return &EntriesCalledBack{} },
	func() Event { return &PointRaised{} },
	func() Event { return &PointAdmitted{} },
	func() Event { return &PointRefused{} },
	func() Event { return &PointRuled{} },
	func() Event { return &ActUndone{} },
	func() Event { return &TurnReassigned{} },
	func() Event { return &TurnCorrected{} },
	func() Event { return &TurnEntered{} },
	func() Event { return &HolderPrompted{} },
	func() Event { return &MicrophoneConfirmed{} },
	func() Event { return &TallyNoted{} },
	func() Event { return &ListOrdered{} },
}
