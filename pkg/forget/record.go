package forget

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// saltSize is the length of a value's salt in bytes.
const saltSize = 32

// maxPast bounds how many earlier commands of a key are remembered.
const maxPast = 64

// Kind is what a key names; it is the first word of its subject.
type Kind string

// Key names one thing in the store. Keys are ids only and may be logged.
type Key struct {
	Kind    Kind
	Session ids.Session
	// ID is the UUID of the thing, in text form.
	ID string
}

// String gives the key's subject, such as "person.<session>.<person>".
func (k Key) String() string { return string(k.Kind) + "." + k.Session.String() + "." + k.ID }

// check refuses a key with a missing id, whose subject would be another one's, or
// of a kind that the store does not hold.
func (s *Store) check(k Key) error {
	if k.Session.IsZero() || k.ID == "" {
		return fmt.Errorf("%s: the key %s names no session or no id", s.config.Name, k)
	}
	if s.config.Kinds[k.Kind] == nil {
		return fmt.Errorf("%s: %q is not a kind of this store", s.config.Name, k.Kind)
	}
	return nil
}

// parseKey reads a subject.
func (s *Store) parseKey(subject string) (Key, error) {
	parts := strings.Split(subject, ".")
	if len(parts) != 3 || s.config.Kinds[Kind(parts[0])] == nil {
		return Key{}, fmt.Errorf("%s: %q is not the subject of a key", s.config.Name, subject)
	}
	session, err := ids.Parse[ids.Session](parts[1])
	if err != nil {
		return Key{}, fmt.Errorf("%s: subject %q: %w", s.config.Name, subject, err)
	}
	return Key{Kind(parts[0]), session, parts[2]}, nil
}

// record is the body of a message: a value, or a mark that ends values.
type record struct {
	V int `json:"v"`
	// Command wrote Value; Digest is SHA-256(Salt || Value).
	Command ids.Command     `json:"command,omitzero"`
	Salt    []byte          `json:"salt,omitempty"`
	Value   json.RawMessage `json:"value,omitempty"`
	Digest  events.Hash     `json:"digest,omitzero"`
	// Mark, when set, makes this record a mark and not a value.
	Mark *mark `json:"mark,omitempty"`
	// Past remembers what earlier commands wrote, so that a late repetition gets
	// its first answer and does not bring an old value back.
	Past []past `json:"past,omitempty"`
}

// recordVersion is the only version of record that is read.
const recordVersion = 1

// mark says that of the values before it only those with the digests in Keep
// are still alive.
type mark struct {
	Keep []events.Hash `json:"keep,omitempty"`
	// Erased says that the key is closed for ever.
	Erased bool `json:"erased,omitempty"`
}

// past is one earlier command and the digest of what it wrote.
type past struct {
	Command ids.Command `json:"command"`
	Digest  events.Hash `json:"digest"`
}

// newRecord salts and digests a value.
func newRecord(command ids.Command, raw json.RawMessage, earlier []past) record {
	r := record{V: recordVersion, Command: command, Salt: make([]byte, saltSize), Value: raw, Past: earlier}
	// crypto/rand.Read never fails: it ends the program instead (Go 1.24).
	_, _ = rand.Read(r.Salt)
	r.Digest = digest(r.Salt, raw)
	return r
}

// digest is what the log holds of a value. Without the salt it tells nothing,
// not even of a value that can be guessed.
func digest(salt, raw []byte) events.Hash {
	return sha256.Sum256(slices.Concat(salt, raw))
}

// parseRecord reads a message's body and checks the digest.
func parseRecord(body []byte) (record, error) {
	var r record
	if err := json.Unmarshal(body, &r); err != nil {
		// The library's own words could quote the value.
		return record{}, errors.New("the record cannot be read")
	}
	if r.V != recordVersion {
		return record{}, fmt.Errorf("the record has version %d, this program reads %d", r.V, recordVersion)
	}
	if r.Mark == nil && (len(r.Salt) != saltSize || digest(r.Salt, r.Value) != r.Digest) {
		return record{}, errors.New("the value does not match its digest")
	}
	return r, nil
}

// entry is one message of a key.
type entry struct {
	seq uint64
	at  time.Time
	record
	// fault is set when the body cannot be read; such an entry counts as a value
	// that nobody can have, so that erasing still reaches it.
	fault error
}

// history is what the store holds of one key, in order.
type history struct {
	entries []entry
	// last is the sequence of the last message: the guard of the next one.
	last uint64
	// marked is the sequence of the last mark, 0 for none.
	marked uint64
	mark   mark
}

// add appends the next message.
func (h *history) add(e entry) {
	h.entries = append(h.entries, e)
	h.last = e.seq
	if e.Mark != nil {
		h.marked, h.mark = e.seq, *e.Mark
	}
}

// alive reports whether an entry's value may still be given out.
func (h *history) alive(e entry) bool {
	return e.Mark == nil && e.fault == nil && (e.seq > h.marked || slices.Contains(h.mark.Keep, e.Digest))
}

// dead lists the sequences that are to be deleted: ended values, values that
// cannot be read and lie before a mark, and all marks but the last.
func (h *history) dead() []uint64 {
	var all []uint64
	for _, e := range h.entries {
		if e.seq < h.marked && !h.alive(e) {
			all = append(all, e.seq)
		}
	}
	return all
}

// find gives the live value with a digest.
func (h *history) find(d events.Hash) (entry, bool) {
	for _, e := range h.entries {
		if h.alive(e) && e.Digest == d {
			return e, true
		}
	}
	return entry{}, false
}

// past lists what is remembered of earlier commands, the newest last.
func (h *history) past() []past {
	var all []past
	for _, e := range h.entries {
		for _, p := range e.Past {
			if !slices.Contains(all, p) {
				all = append(all, p)
			}
		}
		if e.Mark == nil && e.fault == nil {
			if p := (past{e.Command, e.Digest}); !slices.Contains(all, p) {
				all = append(all, p)
			}
		}
	}
	return all[max(0, len(all)-maxPast):]
}

// written gives the digest that a command wrote, and whether the value is the same
// as raw; a value that is gone cannot be compared and counts as the same.
func (h *history) written(command ids.Command, raw []byte) (d events.Hash, known, same bool) {
	for _, e := range h.entries {
		if e.Mark == nil && e.fault == nil && e.Command == command {
			return e.Digest, true, bytes.Equal(e.Value, raw)
		}
	}
	for _, p := range h.past() {
		if p.Command == command {
			return p.Digest, true, true
		}
	}
	return events.Hash{}, false, false
}

// history reads all messages of a key from the stream's leader.
func (s *Store) history(ctx context.Context, key Key) (history, error) {
	var h history
	err := s.each(ctx, key.String(), func(_ string, e entry) { h.add(e) })
	return h, err
}

// each calls do for every message whose subject matches, in order.
func (s *Store) each(ctx context.Context, subject string, do func(subject string, e entry)) error {
	for next := uint64(1); ; {
		// The stream forbids direct gets, so the leader answers: a replica behind
		// it could hide what must be erased.
		message, err := s.stream.GetMsg(ctx, next, jetstream.WithGetMsgSubject(subject))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil
		}
		if err != nil {
			return s.unavailable("read "+subject, err)
		}
		r, fault := parseRecord(message.Data)
		do(message.Subject, entry{seq: message.Sequence, at: message.Time, record: r, fault: fault})
		next = message.Sequence + 1
	}
}
