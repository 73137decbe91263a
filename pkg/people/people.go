// Package people is the store that can forget: names of persons, contacts,
// access needs, free texts and statement texts (event-log.md 15).
//
// Guarantee: the log holds of a value only its digest, SHA-256 of a random salt
// and the value, and the salt lies with the value. A value is given out only
// when it matches the digest that the caller read from the log. Erase overwrites
// value and salt: after it no file of the store holds them, the log's chain
// still checks, and nothing brings them back, not even a late repetition of the
// command that wrote them. A value that the log came to replace is overwritten
// by Settle; what no commit ever named, or what a crash left, by Sweep.
//
// The order of writing is: Put (value first, decisions.md 33), then the commit
// with the digest, then Settle. Between the first two the old value is still the
// one that the log names, so a refused command loses nothing.
//
// Stream PEOPLE keeps all messages of a subject: with one message per subject
// the server leaves overwritten text in its files. At R3 erased text stays in
// the Raft logs for some minutes, and on a stopped node until it is back; and
// what a disk or a file system keeps of overwritten blocks is beyond a program.
//
// A service that uses the store needs the permission to publish person.>,
// note.>, text.> and $JS.API.STREAM.{CREATE,INFO,MSG.GET,MSG.DELETE}.PEOPLE, and
// to make consumers on PEOPLE.
package people

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// Stream is the name of the stream.
const Stream = "PEOPLE"

// attempts bounds how often a writing is tried again after a conflict. Two
// writers of one key are rare; a dozen at once are not.
const attempts = 12

// ErrErased is in the error of Get for a key that was erased.
var ErrErased = errors.New("erased")

// errConflict says that somebody else wrote to the key meanwhile.
var errConflict = errors.New("people: written meanwhile")

// Config says how the store is kept.
type Config struct {
	// Replicas is the number of copies, 1, 3 or 5; zero means 1. It counts only
	// when the stream is made.
	Replicas int
	// Now is I/O time, for the age of orphans; nil means time.Now.
	Now func() time.Time
}

// Store writes, reads and forgets. It is safe for concurrent use.
type Store struct {
	js     jetstream.JetStream
	stream jetstream.Stream
	now    func() time.Time

	mu     sync.Mutex
	caches map[*Cache]struct{}
}

// Open makes the stream when it is missing, and refuses one whose settings
// would keep erased text or lose live text.
func Open(ctx context.Context, js jetstream.JetStream, config Config) (*Store, error) {
	if config.Now == nil {
		config.Now = time.Now
	}
	stream, err := js.Stream(ctx, Stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		// Several processes may do this at once: the same settings are no error.
		stream, err = js.CreateStream(ctx, settings(max(1, config.Replicas)))
	}
	if err != nil {
		return nil, unavailable("open the stream "+Stream, err)
	}
	if err := checkSettings(stream.CachedInfo().Config); err != nil {
		return nil, err
	}
	return &Store{js: js, stream: stream, now: config.Now, caches: map[*Cache]struct{}{}}, nil
}

// settings are those of a new stream.
func settings(replicas int) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: Stream, Description: "what can be forgotten: persons, notes, statement texts",
		Subjects: []string{string(Persons) + ".*.*", string(Notes) + ".*.*", string(Texts) + ".*.*"},
		Storage:  jetstream.FileStorage, Retention: jetstream.LimitsPolicy, Discard: jetstream.DiscardNew,
		Replicas: replicas, DenyPurge: true,
		// A record is its value, at most 64 remembered commands and some names.
		MaxMsgSize: MaxValue + 16*1024,
	}
}

// checkSettings compares what matters for keeping and forgetting.
func checkSettings(c jetstream.StreamConfig) error {
	wrong := ""
	switch {
	case c.DenyDelete:
		wrong = "deny_delete is set, so nothing could be erased"
	case c.AllowDirect:
		wrong = "allow_direct is set, so a stale copy could answer"
	case c.MaxMsgsPerSubject > 0:
		wrong = "max_msgs_per_subject is set, so overwritten text would stay in the files"
	case c.MaxAge > 0 || c.MaxMsgs > 0 || c.Retention != jetstream.LimitsPolicy:
		wrong = "messages end by age, number or reading, so live text would be lost"
	case c.Storage != jetstream.FileStorage:
		wrong = "it is kept in memory, so live text would be lost"
	case c.Mirror != nil || len(c.Sources) > 0 || c.RePublish != nil:
		wrong = "its messages are copied elsewhere, where they would not be erased"
	default:
		return nil
	}
	return fmt.Errorf("people: the stream %s cannot be used: %s; set it back with `nats stream edit %s`", Stream, wrong, Stream)
}

// NoteID gives the id of the note that comes with a command.
func NoteID(command ids.Command) ids.Note { return ids.Named[ids.Note](command, "note") }

// PutPerson stores a value of a person's record and gives its digest for the
// commit. Repeated with the same command it writes nothing and gives the same
// digest; with the same command and another value it is refused (id_reused).
// A record that was erased is refused (wrong_state).
func (s *Store) PutPerson(ctx context.Context, session ids.Session, id ids.Person, command ids.Command, p Person) (events.Hash, error) {
	return put(ctx, s, PersonKey(session, id), command, p)
}

// PutNote stores the free text that comes with a command; see PutPerson.
func (s *Store) PutNote(ctx context.Context, session ids.Session, command ids.Command, n Note) (events.NoteRef, error) {
	id := NoteID(command)
	d, err := put(ctx, s, NoteKey(session, id), command, n)
	if err != nil {
		return events.NoteRef{}, err
	}
	return events.NoteRef{ID: id, Digest: d}, nil
}

// PutText stores a statement's text; see PutPerson.
func (s *Store) PutText(ctx context.Context, session ids.Session, id ids.Text, command ids.Command, t StatementText) (events.Hash, error) {
	return put(ctx, s, TextKey(session, id), command, t)
}

// GetPerson reads the person's record that the log names by digest. The error
// holds a not_found problem when it is not there, and ErrErased when it was erased.
func (s *Store) GetPerson(ctx context.Context, session ids.Session, id ids.Person, digest events.Hash) (Person, error) {
	return get[Person](ctx, s, PersonKey(session, id), digest)
}

// GetNote reads a note; see GetPerson.
func (s *Store) GetNote(ctx context.Context, session ids.Session, ref events.NoteRef) (Note, error) {
	return get[Note](ctx, s, NoteKey(session, ref.ID), ref.Digest)
}

// GetText reads a statement's text; see GetPerson.
func (s *Store) GetText(ctx context.Context, session ids.Session, id ids.Text, digest events.Hash) (StatementText, error) {
	return get[StatementText](ctx, s, TextKey(session, id), digest)
}

// put checks and stores a value.
func put[T value](ctx context.Context, s *Store, key Key, command ids.Command, v T) (events.Hash, error) {
	if err := v.Check(); err != nil {
		return events.Hash{}, err
	}
	if command.IsZero() {
		return events.Hash{}, problem.Field("id", "the command has no id")
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return events.Hash{}, err
	}
	if len(raw) > MaxValue {
		return events.Hash{}, problem.New(problem.TooLarge, "the text has %d bytes; %d are allowed", len(raw), MaxValue).Try("shorten it")
	}
	var d events.Hash
	err = s.retry(ctx, key, func(h history) error {
		if h.mark.Erased {
			return problem.New(problem.WrongState, "this was erased and cannot be written again").Try("make a new one")
		}
		earlier, known, same := h.written(command, raw)
		if known && !same {
			return problem.New(problem.Reused, "the command's id was used with another text").Try("send it with a new id")
		}
		if known {
			d = earlier
			return nil
		}
		r := newRecord(command, raw, h.past())
		d = r.Digest
		return s.write(ctx, key, h.last, r)
	})
	if err != nil {
		return events.Hash{}, err
	}
	return d, nil
}

// get reads the live value with a digest.
func get[T value](ctx context.Context, s *Store, key Key, d events.Hash) (T, error) {
	var v T
	if err := key.check(); err != nil {
		return v, err
	}
	h, err := s.history(ctx, key)
	if err != nil {
		return v, err
	}
	e, ok := h.find(d)
	switch {
	case h.mark.Erased:
		return v, fmt.Errorf("people: %s: %w: %w", key, ErrErased, problem.New(problem.NotFound, "this was erased"))
	case !ok:
		return v, fmt.Errorf("people: %s: %w", key, problem.New(problem.NotFound, "the store does not hold what the log names"))
	}
	if err := json.Unmarshal(e.Value, &v); err != nil {
		return v, fmt.Errorf("people: %s: the value cannot be read", key)
	}
	return v, nil
}

// retry reads a key's history and lets do write once, again after each conflict.
func (s *Store) retry(ctx context.Context, key Key, do func(history) error) error {
	if err := key.check(); err != nil {
		return err
	}
	var err error
	for range attempts {
		var h history
		if h, err = s.history(ctx, key); err != nil {
			return err
		}
		if err = do(h); !errors.Is(err, errConflict) {
			return err
		}
	}
	return unavailable("write "+key.String(), err)
}

// write appends a record, guarded by the key's last sequence. A time-out is
// unknown, and so a conflict: the next reading shows whether it arrived.
func (s *Store) write(ctx context.Context, key Key, last uint64, r record) error {
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	ack, err := s.js.Publish(ctx, key.String(), body, jetstream.WithExpectStream(Stream), jetstream.WithExpectLastSequencePerSubject(last))
	if err == nil {
		s.fold(key, ack.Sequence, r)
		return nil
	}
	var api *jetstream.APIError
	if errors.As(err, &api) {
		switch api.ErrorCode {
		case 10071, 10158, 10164: // wrong last sequence; at R3 also: one is under way (event-log.md 3)
			return errConflict
		}
	}
	if ctx.Err() == nil && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, jetstream.ErrNoStreamResponse)) {
		return errConflict
	}
	return unavailable("write "+key.String(), err)
}

// fold shows a record to this process's caches at once, so that who wrote it reads it.
func (s *Store) fold(key Key, seq uint64, r record) {
	s.mu.Lock()
	caches := slices.Collect(maps.Keys(s.caches))
	s.mu.Unlock()
	for _, c := range caches {
		c.apply(key, entry{seq: seq, record: r})
	}
}

// unavailable says that the store did not answer; what was asked may be asked
// again with the same id.
func unavailable(what string, cause error) error {
	shown := problem.New(problem.Busy, "the store of names and texts does not answer").Try("repeat with the same id")
	shown.RetryAfterMS = 500
	return fmt.Errorf("people: %s: %w: %w", what, shown, cause)
}
