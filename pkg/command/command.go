// Package command holds what clients may ask for: the request that travels to
// a service, the receipt that comes back, and the closed table of verbs with
// their arguments, who may use them, and what they must expect.
//
// Guarantee: gateway, services, client, documents and tests read the one table;
// a verb that is not in it does not exist. A request's id is its idempotency
// key together with the actor's id (decisions.md 3).
package command

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// Expect is what a command's sender believed when they acted. Which members a
// verb needs stands in the table (decisions.md 4); a command whose expectation
// no longer holds is refused with what happened since.
type Expect struct {
	// Turn is the running turn; present and empty means "nobody has the floor".
	Turn *ids.Turn `json:"turn,omitempty"`
	// Entry is the entry on the button of next and give.
	Entry *ids.Entry `json:"entry,omitempty"`
	// Act is the act that undo is to reverse.
	Act *ids.Command `json:"act,omitempty"`
	// Entries gives the states of the entries that move, merge, split and swap name.
	Entries map[ids.Entry]string `json:"entries,omitempty"`
	// Plan is the digest of the plan that was shown.
	Plan string `json:"plan,omitempty"`
}

// Request is one command on its way to a service. Actor comes from the token,
// never from the client's own words.
type Request struct {
	ID      ids.Command     `json:"id"`
	Session ids.Session     `json:"session"`
	Verb    string          `json:"verb"`
	Actor   events.Actor    `json:"actor"`
	Expect  *Expect         `json:"expect,omitempty"`
	Args    json.RawMessage `json:"args,omitempty"`
	// Reason is the note that the gateway stored for the free text in the
	// command's reason.
	Reason *events.NoteRef `json:"reason,omitempty"`
	// Cause and CausedAt are set on reactions only, by the service itself.
	Cause    *events.Cause `json:"-"`
	CausedAt clock.Instant `json:"-"`
	// Prepared is what a service's Prepare hook made of the arguments for its own
	// decision. It is no part of what was asked, so not of the Digest.
	Prepared any `json:"-"`
}

// Key is the idempotency key: actor and command id.
type Key struct {
	Actor   string
	Command ids.Command
}

// Key gives the request's idempotency key.
func (r *Request) Key() Key { return Key{r.Actor.ID, r.ID} }

// Digest is the hash of what was asked: verb, expectation, arguments, reason.
// Arguments are compacted first, so white space makes no other command.
func (r *Request) Digest() events.Hash {
	var args bytes.Buffer
	if len(r.Args) > 0 && json.Compact(&args, r.Args) != nil {
		args.Reset()
		args.Write(r.Args)
	}
	expect, _ := json.Marshal(r.Expect)
	reason, _ := json.Marshal(r.Reason)
	return sha256.Sum256(bytes.Join([][]byte{[]byte(r.Verb), expect, args.Bytes(), reason}, []byte{0}))
}

// Decision is what a service's domain decided: at least one event.
type Decision struct {
	Events []events.Event
	// OnBehalf is the applicant for whom the chair's side acted.
	OnBehalf ids.Applicant
}

// Deadline is something that a service does by itself: its domain derives it
// from the state, its shell does it.
type Deadline struct {
	// At is session time: when a timer is due; for a reaction its cause's time.
	At clock.Instant
	// Request has a deterministic id and the actor events.ByService. A reaction's
	// has Cause and CausedAt.
	Request Request
	// Timer is false for a reaction, which is done at once.
	Timer bool
}

// Outcome says what became of a command.
type Outcome string

// The outcomes.
const (
	Accepted  Outcome = "accepted"
	Duplicate Outcome = "duplicate" // accepted before; this is the first receipt again
	RefusedBy Outcome = "refused"   // Problem says why; nothing changed
)

// Receipt answers a command.
type Receipt struct {
	CommandID ids.Command `json:"command_id"`
	Outcome   Outcome     `json:"outcome"`
	// Seq is the commit's sequence in the session's stream; Incarnation names the stream's life.
	Seq         uint64 `json:"seq,omitempty"`
	Incarnation string `json:"incarnation,omitempty"`
	// Subject, Version and Hash are the head of the subject after the commit.
	Subject string        `json:"subject,omitempty"`
	Version uint64        `json:"version,omitempty"`
	Hash    events.Hash   `json:"hash,omitzero"`
	At      clock.Instant `json:"at,omitempty"`
	// Place is the place on the list that a join got, from 1.
	Place int `json:"place,omitempty"`
	// Made holds what the command made, by name: "entry", "applicant", "turn" and so on.
	Made map[string]string `json:"made,omitempty"`
	// Signature is Ed25519 over Signed by the session's key, in base64url; see Verify.
	Signature string `json:"signature,omitempty"`
	// Problem is set when the command was refused (problem details, RFC 9457).
	Problem json.RawMessage `json:"problem,omitempty"`
}

// Signed is the text that the signature covers, line by line.
func (r *Receipt) Signed() []byte {
	made := make([]string, 0, len(r.Made))
	for name, id := range r.Made {
		made = append(made, name+"="+id)
	}
	slices.Sort(made)
	return fmt.Appendf(nil, "fairfloor.receipt.v1\n%s\n%s\n%d\n%s\n%d\n%s\n%d\n%d\n%s\n",
		r.CommandID, r.Subject, r.Seq, r.Incarnation, r.Version, r.Hash, r.At, r.Place, strings.Join(made, ","))
}

// Sign signs the receipt with the session's key.
func (r *Receipt) Sign(key ed25519.PrivateKey) {
	r.Signature = base64.RawURLEncoding.EncodeToString(ed25519.Sign(key, r.Signed()))
}

// Verify reports whether the session's key signed the receipt.
func (r *Receipt) Verify(key ed25519.PublicKey) bool {
	signature, err := base64.RawURLEncoding.DecodeString(r.Signature)
	return err == nil && len(key) == ed25519.PublicKeySize && ed25519.Verify(key, r.Signed(), signature)
}
