package command

import (
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// The verbs of the booth, of the microphones and of the private notes.

// The groups of roles in this table.
var (
	booth    = append([]events.Role{events.Interpreter, events.Technician}, floorKeys...)
	hours    = append([]events.Role{events.Interpreter, events.Technician}, office...)
	switches = append([]events.Role{events.Technician}, floorKeys...)
)

// boothTable holds them.
var boothTable = []Verb{
	{Name: "report_trouble", Context: events.Timing, Roles: booth, Args: args[ReportTrouble](), Summary: "Say that the speaker is too fast, that no sound comes, or that interpretation is lost, which stops the clock"},
	{Name: "clear_trouble", Context: events.Timing, Roles: booth, Args: args[ClearTrouble](), Summary: "Say that a trouble is over, or go on in spite of it: the clock goes on"},
	{Name: "set_interpretation_end", Context: events.Timing, Roles: hours, Args: args[InterpretationEnd](), Summary: "Say when the interpreters' working hours end"},
	{Name: "ask_interpretation", Context: events.Timing, Roles: floorKeys, Args: args[AskInterpretation](), Summary: "Ask the interpreters to stay longer"},
	{Name: "answer_interpretation", Context: events.Timing, Roles: hours, Args: args[AnswerInterpretation](), Summary: "Agree to stay longer, or not"},
	{Name: "confirm_microphone", Context: events.Queue, Roles: switches, Args: args[ConfirmMicrophone](), Summary: "Confirm that the microphone that the floor calls for is on"},
	{Name: "write_note", Context: events.Registry, Roles: floorKeys, Reason: true, Args: args[None](), Summary: "Write a private note between the chair and the secretariat; the text comes as the reason"},
	{Name: "remove_note", Context: events.Registry, Roles: floorKeys, Args: args[NoteArgs](), Summary: "Erase a private note"},

	// What the service does by itself.
	{Name: "note_tally", Context: events.Queue, Roles: system, Args: args[NoteTally](), Summary: "Note what the tally hook's target made of a change of the floor"},
}

// ReportTrouble is what the booth has.
type ReportTrouble struct {
	Trouble  events.Trouble `json:"trouble" enum:"slow_down,no_sound,interpretation_lost"`
	Language string         `json:"language,omitempty" doc:"The booth's language, BCP 47; all of them when left out"`
}

// ClearTrouble names what is over.
type ClearTrouble struct {
	Trouble events.Trouble `json:"trouble" enum:"slow_down,no_sound,interpretation_lost"`
}

// InterpretationEnd is the end of the interpreters' hours.
type InterpretationEnd struct {
	End clock.Instant `json:"end" doc:"ms since 1970, after now and within 24 h of the start"`
}

// AskInterpretation asks for longer hours.
type AskInterpretation struct {
	Until clock.Instant `json:"until" doc:"ms since 1970, later than the announced end"`
}

// AnswerInterpretation answers the request that is open.
type AnswerInterpretation struct {
	Until clock.Instant `json:"until" doc:"What was asked for: a later request meanwhile is a refusal"`
	Agree bool          `json:"agree"`
}

// ConfirmMicrophone names the change that is confirmed.
type ConfirmMicrophone struct {
	Seq int64 `json:"seq" doc:"The number of the change that was on the screen; another one meanwhile is a refusal"`
}

// NoteArgs names a private note.
type NoteArgs struct {
	Note ids.Note `json:"note"`
}

// NoteTally is the tally hook's bookkeeping; only the service itself uses it.
type NoteTally struct {
	Seq       int64 `json:"seq"`
	Delivered bool  `json:"delivered,omitempty"`
	Status    int64 `json:"status,omitempty"`
}
