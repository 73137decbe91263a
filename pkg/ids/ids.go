// Package ids holds the typed identifiers of Fairfloor.
//
// Guarantee: an identifier of one kind cannot be passed where another kind is
// expected (the compiler refuses it), every identifier is a UUID in lower-case
// RFC 9562 text form on the wire, and an identifier made inside a decision is
// a function of the command that made it, so that replicas agree on it.
package ids

import (
	"fmt"
	"strconv"

	"github.com/google/uuid"
)

// ID is an identifier of the kind K. The zero value means "none" and is
// written as an empty string.
type ID[K any] struct{ value uuid.UUID }

// Any is the constraint of every identifier type: New[ids.Turn]() makes a Turn.
type Any interface{ ~struct{ value uuid.UUID } }

// plain is the one underlying type of all identifiers.
type plain struct{ value uuid.UUID }

// The kinds exist only to be different types; they are never instantiated.
type (
	consultation struct{}
	session      struct{}
	part         struct{}
	applicant    struct{}
	person       struct{}
	entry        struct{}
	turn         struct{}
	command      struct{}
	invitation   struct{}
	text         struct{}
	note         struct{}
	swap         struct{}
	prompt       struct{}
	segment      struct{}
	source       struct{}
	relay        struct{}
	correction   struct{}
)

// The identifiers, one for each thing of the table of terms.
type (
	// Consultation names a series of sessions on one subject.
	Consultation = ID[consultation]
	// Session names one meeting.
	Session = ID[session]
	// Part names a stretch of a session with its own list of speakers.
	Part = ID[part]
	// Applicant names an organisation that asked to take the floor.
	Applicant = ID[applicant]
	// Person names a human being whose name lies only in the store that can forget.
	Person = ID[person]
	// Entry names one place on a list of speakers.
	Entry = ID[entry]
	// Turn names one holding of the floor.
	Turn = ID[turn]
	// Command names one wish of a client; it is also the idempotency key.
	Command = ID[command]
	// Invitation names a signed link; it is the token's jti.
	Invitation = ID[invitation]
	// Text names a written statement.
	Text = ID[text]
	// Note names a free text (a reason, a contact) in the store that can forget.
	Note = ID[note]
	// Swap names an exchange of places that one side proposed.
	Swap = ID[swap]
	// Prompt names a private word from the chair's side to the holder.
	Prompt = ID[prompt]
	// Segment names one caption of a track, through all its revisions.
	Segment = ID[segment]
	// Source names what feeds a track: a captioner, a pushing tool, an engine, a script.
	Source = ID[source]
	// Relay names an outgoing caption address to which a track is forwarded.
	Relay = ID[relay]
	// Correction names a speaker's wish that their own words be corrected.
	Correction = ID[correction]
)

// New makes an identifier from outside a decision: a UUIDv7 (RFC 9562, 5.7),
// which sorts by the time at which it was made. It must not be called inside a
// decision; use Derive there.
func New[T Any]() T {
	// NewV7 fails only when the system's source of randomness does, and nothing
	// that this program does is safe then.
	return T(plain{uuid.Must(uuid.NewV7())})
}

// Derive makes the index-th identifier that the command's decision needs: a
// UUIDv5 of command and index (decisions.md 3), equal on every replica.
func Derive[T Any](from Command, index int) T {
	return T(plain{uuid.NewSHA1(from.value, []byte(strconv.Itoa(index)))})
}

// Named makes an identifier from a parent of any kind and a name, a UUIDv5.
// Reactions use it: cause subject, cause sequence and reaction name the same
// command on every replica.
func Named[T Any, P any](parent ID[P], name string) T {
	return T(plain{uuid.NewSHA1(parent.value, []byte(name))})
}

// Parse reads the text form. An empty text is the zero identifier.
func Parse[T Any](text string) (T, error) {
	if text == "" {
		return T(plain{}), nil
	}
	// uuid.Parse also takes urn: and brace forms; one form on the wire keeps
	// subjects and keys comparable byte by byte.
	if len(text) != 36 {
		return T(plain{}), fmt.Errorf("%q is not a UUID of the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", clip(text))
	}
	value, err := uuid.Parse(text)
	if err != nil {
		return T(plain{}), fmt.Errorf("%q is not a UUID of the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", clip(text))
	}
	return T(plain{value}), nil
}

// MustParse is Parse for texts that the program itself wrote; it panics on others.
func MustParse[T Any](text string) T {
	id, err := Parse[T](text)
	if err != nil {
		panic(err)
	}
	return id
}

// clip bounds what an error repeats of a caller's text.
func clip(text string) string {
	if len(text) > 48 {
		return text[:48] + "…"
	}
	return text
}

// IsZero reports whether the identifier is "none"; encoding/json's omitzero asks it.
func (id ID[K]) IsZero() bool { return id.value == uuid.Nil }

// String gives the text form, empty for the zero identifier.
func (id ID[K]) String() string {
	if id.IsZero() {
		return ""
	}
	return id.value.String()
}

// Bytes gives the 16 bytes, for hashing and ordering.
func (id ID[K]) Bytes() [16]byte { return id.value }

// Compare orders identifiers by their bytes: -1, 0 or 1. For UUIDv7 that is
// the order in which they were made.
func (id ID[K]) Compare(other ID[K]) int {
	for i := range id.value {
		if id.value[i] != other.value[i] {
			if id.value[i] < other.value[i] {
				return -1
			}
			return 1
		}
	}
	return 0
}

// MarshalText writes the text form.
func (id ID[K]) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads the text form; the error says what was wrong.
func (id *ID[K]) UnmarshalText(text []byte) error {
	parsed, err := Parse[ID[K]](string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}
