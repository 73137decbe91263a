package events

import (
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// What the booth and the technician say, and the private notes of the chair's
// side. Timing writes troubles and the end of interpretation, for they stop
// clocks; the queue writes what became of microphones, for they follow the
// floor; the registry writes that there is a note.

// Trouble is what the booth reports.
type Trouble string

// The troubles. Only lost interpretation stops clocks.
const (
	SpeakTooFast       Trouble = "slow_down"
	NoSound            Trouble = "no_sound"
	InterpretationLost Trouble = "interpretation_lost"
)

// TroubleReported says that the booth has a trouble. While interpretation is
// lost no turn's clock runs, whoever has the floor.
type TroubleReported struct {
	Trouble Trouble       `json:"trouble"`
	At      clock.Instant `json:"reported_at"`
	// Language is the booth's, BCP 47; empty for all of them.
	Language string `json:"language,omitempty"`
	// Turn is whose holder is asked to slow down, and Until how long they are shown it.
	Turn  ids.Turn      `json:"turn,omitzero"`
	Until clock.Instant `json:"until,omitempty"`
}

// TroubleCleared ends one: it is over, or the chair goes on without.
type TroubleCleared struct {
	Trouble Trouble       `json:"trouble"`
	At      clock.Instant `json:"cleared_at"`
}

// InterpretationEndSet says when the interpreters' working hours end.
type InterpretationEndSet struct {
	End clock.Instant `json:"end"`
}

// InterpretationAsked is the chair's side asking the interpreters to stay until then.
type InterpretationAsked struct {
	Until clock.Instant `json:"until"`
}

// InterpretationAnswered is their answer; when they agreed, Until is the end.
type InterpretationAnswered struct {
	Until  clock.Instant `json:"until"`
	Agreed bool          `json:"agreed"`
}

// MicrophoneConfirmed is the technician's word that the microphone which the
// floor calls for is on. Seq is the change's number in the session.
type MicrophoneConfirmed struct {
	Seq int64 `json:"microphone_seq"`
}

// TallyNoted says what the tally hook's target made of a change of the floor.
type TallyNoted struct {
	Seq       int64 `json:"microphone_seq"`
	Delivered bool  `json:"delivered"`
	// Status is the target's HTTP status, zero when it could not be reached.
	Status int64 `json:"status,omitempty"`
}

// NoteWritten is a private note between the chair and the secretariat. Its words
// lie in the store that can forget.
type NoteWritten struct {
	Note NoteRef `json:"note"`
}

// NoteRemoved has a note's words erased.
type NoteRemoved struct {
	Note ids.Note `json:"note"`
}

// Type names the event in the log.
func (*TroubleReported) Type() string { return "trouble_reported" }

// Type names the event in the log.
func (*TroubleCleared) Type() string { return "trouble_cleared" }

// Type names the event in the log.
func (*InterpretationEndSet) Type() string { return "interpretation_end_set" }

// Type names the event in the log.
func (*InterpretationAsked) Type() string { return "interpretation_asked" }

// Type names the event in the log.
func (*InterpretationAnswered) Type() string { return "interpretation_answered" }

// Type names the event in the log.
func (*MicrophoneConfirmed) Type() string { return "microphone_confirmed" }

// Type names the event in the log.
func (*TallyNoted) Type() string { return "tally_noted" }

// Type names the event in the log.
func (*NoteWritten) Type() string { return "note_written" }

// Type names the event in the log.
func (*NoteRemoved) Type() string { return "note_removed" }
