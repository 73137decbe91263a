// Package events holds what the log says: the commit envelope, the closed set
// of event types of each context, and the subjects that they are written to.
//
// Guarantee: an event is written and read in one form everywhere; an unknown
// type or version is an error, never skipped in silence; a commit carries the
// hash of the one before it on its subject, so the log shows when it was
// changed (event-log.md). The log carries ids, not people: names, contacts and
// free text are notes and persons in the store that can forget.
package events

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// Version is the version of the envelope that this program writes and reads.
const Version = 1

// Context is one of the bounded contexts that write to the log.
type Context string

// The contexts, each the only writer of its subject.
const (
	Registry   Context = "registry"
	Queue      Context = "queue"
	Timing     Context = "timing"
	Transcript Context = "transcript"
)

// Role is what a token lets its bearer act as (architecture.md).
type Role string

// The roles. System is never in a token: it marks reactions and timers.
const (
	Organiser   Role = "organiser"
	Chair       Role = "chair"
	ViceChair   Role = "vice_chair"
	Secretariat Role = "secretariat"
	Speaker     Role = "speaker"
	Captioner   Role = "captioner"
	Interpreter Role = "interpreter"
	Technician  Role = "technician"
	Observer    Role = "observer"
	System      Role = "system"
)

// Roles lists every role that a token may carry.
func Roles() []Role {
	return []Role{Organiser, Chair, ViceChair, Secretariat, Speaker, Captioner, Interpreter, Technician, Observer}
}

// Actor is who did it, taken from the token alone.
type Actor struct {
	// ID is the token's subject, or "system/<service>" for a reaction or timer.
	ID string `json:"id"`
	// Roles are the token's roles for this session.
	Roles []Role `json:"roles"`
	// Applicant is the organisation for which a delegate acts.
	Applicant ids.Applicant `json:"applicant,omitzero"`
	// Person is the bearer's own record in the store that can forget.
	Person ids.Person `json:"person,omitzero"`
	// Organisation is whose sessions the token is for; left out for the deployment's own.
	Organisation ids.Organisation `json:"organisation,omitzero"`
}

// Has reports whether the actor has one of the roles.
func (a Actor) Has(roles ...Role) bool {
	return slices.ContainsFunc(roles, func(r Role) bool { return slices.Contains(a.Roles, r) })
}

// Staff reports whether the actor may act for others: chair, vice-chair,
// secretariat or organiser.
func (a Actor) Staff() bool { return a.Has(Chair, ViceChair, Secretariat, Organiser) }

// ByService is the actor of a service's own reactions and timers.
func ByService(c Context) Actor { return Actor{ID: "system/" + string(c), Roles: []Role{System}} }

// Hash is a SHA-256, written in lower-case hexadecimal.
type Hash [sha256.Size]byte

// String gives the hexadecimal form.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// IsZero reports whether the hash is unset.
func (h Hash) IsZero() bool { return h == Hash{} }

// MarshalText writes the hexadecimal form.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads the hexadecimal form.
func (h *Hash) UnmarshalText(text []byte) error {
	raw, err := hex.DecodeString(string(text))
	if err != nil || len(raw) != len(h) {
		return fmt.Errorf("a hash is %d hexadecimal digits", 2*len(h))
	}
	copy(h[:], raw)
	return nil
}

// HashBody is the hash of a stored message body: what the next commit on the
// subject names as prev_hash.
func HashBody(body []byte) Hash { return sha256.Sum256(body) }

// FirstHash is the prev_hash of a subject's first commit: SHA-256 of subject
// and the stream's incarnation (decisions.md 32).
func FirstHash(subject, incarnation string) Hash {
	return sha256.Sum256([]byte(subject + "\n" + incarnation))
}

// Cause names the message that a reaction answers.
type Cause struct {
	Subject string `json:"subject"`
	// Sequence is the cause's sequence in the stream.
	Sequence uint64 `json:"sequence"`
	// Reaction names what is done about it, such as "turn_opened".
	Reaction string `json:"reaction"`
}

// Commit is one accepted command: one message, 1..n events.
type Commit struct {
	V int `json:"v"`
	// Command is the client's id, the idempotency key together with the actor.
	Command ids.Command `json:"command"`
	// Verb is the command's name from the table in package command.
	Verb  string `json:"verb"`
	Actor Actor  `json:"actor"`
	// OnBehalf is the applicant for whom somebody of the chair's side acted.
	OnBehalf ids.Applicant `json:"on_behalf,omitzero"`
	// At is session time: the appending replica's clock, at least 1 ms after the
	// session's last commit, or for a reaction the cause's own time.
	At clock.Instant `json:"at"`
	// Version counts the commits on this subject from 1.
	Version uint64 `json:"version"`
	// PrevHash is the hash of the commit before it on this subject.
	PrevHash Hash `json:"prev_hash"`
	// Request is the hash of the command's body: the same id with another body is refused.
	Request Hash `json:"request"`
	// Seen gives the sequences of the foreign subjects that it was decided on.
	Seen map[string]uint64 `json:"seen,omitempty"`
	// Cause is set on reactions only.
	Cause *Cause `json:"cause,omitempty"`
	// Reason is the note (free text, in the store that can forget) given with the command.
	Reason *NoteRef `json:"reason,omitempty"`
	Events []Event  `json:"-"`
}

// NoteRef points to a text in the store that can forget, and commits to it:
// digest is SHA-256(32-byte random salt || text), never of the text alone.
type NoteRef struct {
	ID     ids.Note `json:"id"`
	Digest Hash     `json:"digest"`
}

// Event is one fact. Its type is a closed set; see Types.
type Event interface {
	// Type is the fact's name in the log, such as "floor_given".
	Type() string
}

// wire is Commit with its events still encoded.
type wire struct {
	*bare
	Events []json.RawMessage `json:"events"`
}

// bare has Commit's fields without its methods.
type bare Commit

// MarshalJSON writes the envelope; the bytes are what is stored and hashed. It
// is on the value, so that a commit that is not a pointer keeps its events too.
func (c Commit) MarshalJSON() ([]byte, error) {
	w := wire{bare: (*bare)(&c), Events: make([]json.RawMessage, 0, len(c.Events))}
	for _, e := range c.Events {
		raw, err := Encode(e)
		if err != nil {
			return nil, err
		}
		w.Events = append(w.Events, raw)
	}
	return json.Marshal(w)
}

// UnmarshalJSON reads an envelope of the known version with known events.
func (c *Commit) UnmarshalJSON(data []byte) error {
	w := wire{bare: (*bare)(c)}
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	if c.V != Version {
		return fmt.Errorf("envelope version %d is not %d", c.V, Version)
	}
	c.Events = make([]Event, 0, len(w.Events))
	for _, raw := range w.Events {
		e, err := Decode(raw)
		if err != nil {
			return err
		}
		c.Events = append(c.Events, e)
	}
	return nil
}

// Encode writes one event: its fields with "type" as the first member.
func Encode(e Event) (json.RawMessage, error) {
	fields, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	head := `{"type":"` + e.Type() + `"`
	if string(fields) == "{}" {
		return json.RawMessage(head + "}"), nil
	}
	return json.RawMessage(head + "," + string(fields[1:])), nil
}

// Decode reads one event. An unknown type is an error: a replica that does not
// know a fact must not go on as if it had not happened.
func Decode(raw json.RawMessage) (Event, error) {
	var head struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return nil, err
	}
	make, ok := makers[head.Type]
	if !ok {
		return nil, fmt.Errorf("unknown event type %q", head.Type)
	}
	e := make()
	if err := json.Unmarshal(raw, e); err != nil {
		return nil, fmt.Errorf("event %s: %w", head.Type, err)
	}
	return e, nil
}

// makers gives an empty event for each type; contexts the context that writes it.
var makers, contexts = catalogue()

// catalogue joins the contexts' lists; a name that stands twice is a fault of
// the program that no run should get past.
func catalogue() (map[string]func() Event, map[string]Context) {
	makers, contexts := map[string]func() Event{}, map[string]Context{}
	for c, all := range map[Context][]func() Event{
		Registry: registryTypes, Queue: queueTypes, Timing: timingTypes, Transcript: transcriptTypes,
	} {
		for _, make := range all {
			name := make().Type()
			if _, twice := makers[name]; twice {
				panic("event type stands twice: " + name)
			}
			makers[name], contexts[name] = make, c
		}
	}
	return makers, contexts
}

// Types lists every event type with an empty value and the context that
// writes it, in order of name; documents are generated from it.
func Types() []TypeInfo {
	all := []TypeInfo{}
	for name, make := range makers {
		all = append(all, TypeInfo{Name: name, Context: contexts[name], Empty: make()})
	}
	slices.SortFunc(all, func(a, b TypeInfo) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// TypeInfo is one row of Types.
type TypeInfo struct {
	Name    string
	Context Context
	Empty   Event
}
