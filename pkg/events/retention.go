package events

// Kept is a class of what can be forgotten, by how long it stays.
type Kept string

// The classes.
const (
	// KeptPeople are persons (names, contacts, access needs) and free texts given
	// with acts, such as reasons and private notes.
	KeptPeople Kept = "people"
	// KeptStatements are the written statements.
	KeptStatements Kept = "statements"
	// KeptTranscript is every word of the transcript, with its revisions, the wishes
	// for corrections, the glossary and the addresses of relays.
	KeptTranscript Kept = "transcript"
)

// AllKept lists the classes.
func AllKept() []Kept { return []Kept{KeptPeople, KeptStatements, KeptTranscript} }

// RetentionEnded says that a class of what could be forgotten is forgotten, for
// the whole of a sealed session: the values are overwritten once this is in the
// log (event-log.md 15), and the digests that it holds of them say nothing.
type RetentionEnded struct {
	Kept Kept `json:"kept"`
	// Days is the setting that was followed: whole days of session time after the
	// adjournment.
	Days int64 `json:"days"`
}

// Type is the event's name in the log.
func (*RetentionEnded) Type() string { return "retention_ended" }
