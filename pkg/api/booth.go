package api

import (
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// BoothView is what the interpreters and the technician say, and what they are
// asked. Times are session time in ms since 1970.
type BoothView struct {
	// Troubles are those of now.
	Troubles map[events.Trouble]TroubleView `json:"troubles"`
	// InterpretationEnd is when the interpreters' hours end; none when nobody said.
	InterpretationEnd clock.Instant `json:"interpretation_end,omitempty"`
	// EndSoon and EndOver are set once a timer noted ten minutes before it, and it.
	EndSoon bool `json:"end_soon,omitempty"`
	EndOver bool `json:"end_over,omitempty"`
	// Asked is until when the chair's side asks them to stay; Declined is what they
	// last declined.
	Asked      clock.Instant  `json:"asked,omitempty"`
	Declined   clock.Instant  `json:"declined,omitempty"`
	Microphone MicrophoneView `json:"microphone"`
}

// TroubleView is one trouble of the booth.
type TroubleView struct {
	Since clock.Instant `json:"since"`
	// Language is the booth's; empty for all of them.
	Language string `json:"language,omitempty"`
	// By is the role that reported it.
	By events.Role `json:"by"`
	// Turn and Until are set for slow_down: whose holder is shown it, and how long.
	Turn  ids.Turn      `json:"turn,omitzero"`
	Until clock.Instant `json:"until,omitempty"`
}

// TallyState says what became of the newest change at the tally hook's target.
type TallyState string

// The states. None is "not heard of": no hook is set up, or it is on its way.
const (
	TallyDelivered TallyState = "delivered"
	TallyFailing   TallyState = "failing"
)

// MicrophoneView is whose microphone the floor calls for: the speaker's, who is
// the holder or raised the point of order that is being heard, or nobody's.
type MicrophoneView struct {
	// Seq numbers the changes from 1; zero before the first.
	Seq   int64         `json:"seq"`
	Entry ids.Entry     `json:"entry,omitzero"`
	Since clock.Instant `json:"since,omitempty"`
	// ConfirmedAt is when the technician confirmed it.
	ConfirmedAt clock.Instant `json:"confirmed_at,omitempty"`
	Tally       TallyState    `json:"tally,omitempty"`
	// Status is the target's HTTP status while it fails; zero when it cannot be reached.
	Status int64 `json:"status,omitempty"`
}

// NoteView says that there is a private note between the chair and the
// secretariat; its words are a request of their own.
type NoteView struct {
	ID ids.Note      `json:"id"`
	At clock.Instant `json:"at"`
	// By is the role that wrote it.
	By events.Role `json:"by"`
}
