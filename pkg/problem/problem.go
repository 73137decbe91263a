// Package problem is the closed set of refusals that Fairfloor gives.
//
// Guarantee: every refusal has a stable code from the table here, an HTTP status,
// a sentence that says what was wrong, the field where there is one, and a
// sentence that says what to do; both come in English and as a [Sentence] that
// the pages say in the reader's language. The gateway writes it as RFC 9457 problem
// details or inside a receipt; nothing else is ever shown to a client.
package problem

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Code is one of the constants below.
type Code string

// The codes. Their HTTP status and title stand in the table below them.
const (
	Malformed    Code = "malformed"      // not readable as what it should be
	Invalid      Code = "invalid"        // readable, but a field's value is not allowed
	Unauthorised Code = "unauthorised"   // no token, or one that is not ours, has expired or was revoked
	Forbidden    Code = "forbidden"      // the token's roles or the modalities do not allow it
	NotFound     Code = "not_found"      // what it names does not exist
	Stale        Code = "stale"          // what the command expects is no longer so
	Reused       Code = "id_reused"      // the command's id was used for another body
	WrongState   Code = "wrong_state"    // not possible in the present state
	Already      Code = "already"        // it is so already
	TooLarge     Code = "too_large"      // over a limit of size
	TooMany      Code = "too_many"       // over a limit of rate or number
	Busy         Code = "busy"           // not now: repeat with the same id
	Unknown      Code = "unknown"        // nobody knows whether it happened: repeat with the same id
	Sealed       Code = "sealed"         // the session is sealed
	Refused      Code = "log_refused"    // the stored log fails its check; nothing is written to it
	Internal     Code = "internal_error" // a fault of the program
)

// kinds gives each code its HTTP status and title.
var kinds = map[Code]struct {
	status int
	title  string
}{
	Malformed:    {400, "The request cannot be read"},
	Invalid:      {422, "A value is not allowed"},
	Unauthorised: {401, "The token is missing or not valid"},
	Forbidden:    {403, "This is not yours to do"},
	NotFound:     {404, "There is no such thing"},
	Stale:        {409, "Something changed meanwhile"},
	Reused:       {409, "This id was used for another command"},
	WrongState:   {409, "This is not possible now"},
	Already:      {409, "This is so already"},
	TooLarge:     {413, "The request is too large"},
	TooMany:      {429, "Too many requests"},
	Busy:         {503, "Not now"},
	Unknown:      {504, "The outcome is not known"},
	Sealed:       {409, "The session is sealed"},
	Refused:      {503, "The stored log does not check"},
	Internal:     {500, "A fault in the program"},
}

// Codes lists every code, for documents and for tests that each has a kind.
func Codes() []Code {
	return []Code{
		Malformed, Invalid, Unauthorised, Forbidden, NotFound, Stale, Reused, WrongState,
		Already, TooLarge, TooMany, Busy, Unknown, Sealed, Refused, Internal,
	}
}

// Error is one refusal. Its JSON is a problem details object (RFC 9457).
type Error struct {
	Code Code
	// Detail says what was wrong, in a sentence for people.
	Detail string
	// Field is the path of the field at fault, such as "args.by_ms"; empty when none is.
	Field string
	// Do says what to do about it.
	Do string
	// Why is Detail, and How is Do, as the pages say them in the reader's language.
	Why, How Sentence
	// Since holds what happened since the state that a stale command expected, at most 20 acts.
	Since any
	// RetryAfterMS is how long to wait before repeating, in ms; zero when repeating does not help.
	RetryAfterMS int64
}

// New makes a refusal with a code and a formatted detail.
func New(code Code, detail Text, args ...any) *Error {
	e := &Error{Code: code}
	e.Detail, e.Why = say(detail, args)
	return e
}

// Field makes an Invalid refusal about one field.
func Field(field string, detail Text, args ...any) *Error {
	return New(Invalid, detail, args...).On(field)
}

// On names the field at fault.
func (e *Error) On(field string) *Error { e.Field = field; return e }

// Try says what to do, with the arguments of do.
func (e *Error) Try(do Text, args ...any) *Error {
	e.Do, e.How = say(do, args)
	return e
}

// Status is the HTTP status of the code; 500 for a code that is not in the table.
func (e *Error) Status() int {
	if kind, ok := kinds[e.Code]; ok {
		return kind.status
	}
	return 500
}

// Title is the code's short sentence.
func (e *Error) Title() string { return kinds[e.Code].title }

// Error gives the code and the detail.
func (e *Error) Error() string {
	if e.Field != "" {
		return fmt.Sprintf("%s: %s: %s", e.Code, e.Field, e.Detail)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Detail)
}

// wire is the JSON form: the members of RFC 9457 and our extensions.
type wire struct {
	Type         string   `json:"type"`
	Title        string   `json:"title"`
	Status       int      `json:"status"`
	Detail       string   `json:"detail,omitempty"`
	Code         Code     `json:"code"`
	Field        string   `json:"field,omitempty"`
	Do           string   `json:"do,omitempty"`
	Why          Sentence `json:"why,omitzero"`
	How          Sentence `json:"how,omitzero"`
	Since        any      `json:"since,omitempty"`
	RetryAfterMS int64    `json:"retry_after_ms,omitempty"`
}

// MarshalJSON writes problem details.
func (e *Error) MarshalJSON() ([]byte, error) {
	return json.Marshal(wire{
		Type: "urn:fairfloor:problem:" + string(e.Code), Title: e.Title(), Status: e.Status(), Detail: e.Detail,
		Code: e.Code, Field: e.Field, Do: e.Do, Why: e.Why, How: e.How, Since: e.Since, RetryAfterMS: e.RetryAfterMS,
	})
}

// UnmarshalJSON reads problem details; Since stays generic JSON.
func (e *Error) UnmarshalJSON(data []byte) error {
	var w wire
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	*e = Error{
		Code: w.Code, Detail: w.Detail, Field: w.Field, Do: w.Do, Why: w.Why, How: w.How, Since: w.Since, RetryAfterMS: w.RetryAfterMS,
	}
	return nil
}

// From gives the refusal inside err. An error that holds none becomes Internal
// with a neutral detail: what a library said may hold names or paths.
func From(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return New(Internal, "something failed inside the program").Try("repeat with the same id; if it fails again, tell the operator the time")
}

// Is reports whether err holds a refusal with this code.
func Is(err error, code Code) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}
