// Package forget is a store that can forget: values in a stream of their own,
// of which the log holds digests only (event-log.md 15). Packages people and
// words are this with values of their own.
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
// The stream keeps all messages of a subject: with one message per subject the
// server leaves overwritten text in its files. At R3 erased text stays in the
// Raft logs for some minutes, and on a stopped node until it is back; and what a
// disk or a file system keeps of overwritten blocks is beyond a program.
//
// A service that uses a store needs the permission to publish <kind>.> of its
// kinds and $JS.API.STREAM.{CREATE,INFO,MSG.GET,MSG.DELETE}.<stream>, and to make
// consumers on the stream.
package forget

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

// attempts bounds how often a writing is tried again after a conflict. Two
// writers of one key are rare; a dozen at once are not.
const attempts = 12

// ErrErased is in the error of Get for a key that was erased.
var ErrErased = errors.New("erased")

// errConflict says that somebody else wrote to the key meanwhile.
var errConflict = errors.New("written meanwhile")

// Config says what a store holds and how it is kept.
type Config struct {
	// Stream is the stream's name; Name is the store's, for errors; Description is for operators.
	Stream, Name, Description string
	// Shown says in an answer to a client what does not answer, such as "the store of names".
	Shown string
	// Kinds are the kinds of value with how each is read.
	Kinds map[Kind]Decode
	// MaxValue is the longest value, in bytes of its JSON form.
	MaxValue int32
	// Replicas is the number of copies, 1, 3 or 5; zero means 1. It counts only
	// when the stream is made.
	Replicas int
	// Now is I/O time, for the age of orphans; nil means time.Now.
	Now func() time.Time
}

// Decode reads a value of a kind. Its error must not repeat the value.
type Decode func(json.RawMessage) (any, error)

// As reads a value of type T; the error does not repeat it.
func As[T any](raw json.RawMessage) (any, error) {
	var v T
	if json.Unmarshal(raw, &v) != nil {
		return v, errors.New("the value cannot be read")
	}
	return v, nil
}

// Store writes, reads and forgets. It is safe for concurrent use.
type Store struct {
	config Config
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
	s := &Store{config: config, js: js, now: config.Now, caches: map[*Cache]struct{}{}}
	var err error
	s.stream, err = js.Stream(ctx, config.Stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		// Several processes may do this at once: the same settings are no error.
		s.stream, err = js.CreateStream(ctx, settings(config))
	}
	if err != nil {
		return nil, s.unavailable("open the stream "+config.Stream, err)
	}
	if err := s.checkSettings(s.stream.CachedInfo().Config); err != nil {
		return nil, err
	}
	return s, nil
}

// Kinds lists the store's kinds, in order.
func (s *Store) Kinds() []Kind { return slices.Sorted(maps.Keys(s.config.Kinds)) }

// settings are those of a new stream.
func settings(c Config) jetstream.StreamConfig {
	var subjects []string
	for _, kind := range slices.Sorted(maps.Keys(c.Kinds)) {
		subjects = append(subjects, string(kind)+".*.*")
	}
	return jetstream.StreamConfig{
		Name: c.Stream, Description: c.Description, Subjects: subjects,
		Storage: jetstream.FileStorage, Retention: jetstream.LimitsPolicy, Discard: jetstream.DiscardNew,
		Replicas: max(1, c.Replicas), DenyPurge: true,
		// A record is its value, at most 64 remembered commands and some names.
		MaxMsgSize: c.MaxValue + 16*1024,
	}
}

// checkSettings compares what matters for keeping and forgetting.
func (s *Store) checkSettings(c jetstream.StreamConfig) error {
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
	stream := s.config.Stream
	return fmt.Errorf("%s: the stream %s cannot be used: %s; set it back with `nats stream edit %s`", s.config.Name, stream, wrong, stream)
}

// Value is what a store holds.
type Value interface {
	// Check says what is wrong, as a problem that names the field, or nil.
	Check() error
}

// Put stores a value and gives its digest for the commit. Repeated with the same
// command it writes nothing and gives the same digest; with the same command and
// another value it is refused (id_reused). A key that was erased is refused
// (wrong_state).
func (s *Store) Put(ctx context.Context, key Key, command ids.Command, v Value) (events.Hash, error) {
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
	if most := s.config.MaxValue; len(raw) > int(most) {
		return events.Hash{}, problem.New(problem.TooLarge, "the text has %d bytes; %d are allowed", len(raw), most).Try("shorten it")
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

// Get reads the live value with a digest, the one that the log names. The error
// holds a not_found problem when it is not there, and ErrErased when it was erased.
func Get[T any](ctx context.Context, s *Store, key Key, d events.Hash) (T, error) {
	var v T
	if err := s.check(key); err != nil {
		return v, err
	}
	h, err := s.history(ctx, key)
	if err != nil {
		return v, err
	}
	e, ok := h.find(d)
	switch {
	case h.mark.Erased:
		return v, fmt.Errorf("%s: %s: %w: %w", s.config.Name, key, ErrErased, problem.New(problem.NotFound, "this was erased"))
	case !ok:
		return v, fmt.Errorf("%s: %s: %w", s.config.Name, key, problem.New(problem.NotFound, "the store does not hold what the log names"))
	}
	if err := json.Unmarshal(e.Value, &v); err != nil {
		return v, fmt.Errorf("%s: %s: the value cannot be read", s.config.Name, key)
	}
	return v, nil
}

// retry reads a key's history and lets do write once, again after each conflict.
func (s *Store) retry(ctx context.Context, key Key, do func(history) error) error {
	if err := s.check(key); err != nil {
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
	return s.unavailable("write "+key.String(), err)
}

// write appends a record, guarded by the key's last sequence. A time-out is
// unknown, and so a conflict: the next reading shows whether it arrived.
func (s *Store) write(ctx context.Context, key Key, last uint64, r record) error {
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	ack, err := s.js.Publish(ctx, key.String(), body, jetstream.WithExpectStream(s.config.Stream), jetstream.WithExpectLastSequencePerSubject(last))
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
	return s.unavailable("write "+key.String(), err)
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
func (s *Store) unavailable(what string, cause error) error {
	shown := problem.New(problem.Busy, "%s does not answer", s.config.Shown).Try("repeat with the same id")
	shown.RetryAfterMS = 500
	return fmt.Errorf("%s: %s: %w: %w", s.config.Name, what, shown, cause)
}
