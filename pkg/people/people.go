// Package people keeps names of persons, contacts, access needs, free texts and
// statement texts where they can be forgotten (event-log.md 15).
//
// Guarantee: that of package forget, in the stream PEOPLE: the log holds of each
// value a salted digest only, a value is given out only when it matches what the
// log names, and what is erased is in no file of the store.
//
// A service that uses it needs the permission to publish person.>, note.>,
// text.> and $JS.API.STREAM.{CREATE,INFO,MSG.GET,MSG.DELETE}.PEOPLE, and to make
// consumers on PEOPLE.
package people

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/forget"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// Stream is the name of the stream.
const Stream = "PEOPLE"

// The kinds.
const (
	Persons Kind = "person"
	Notes   Kind = "note"
	Texts   Kind = "text"
)

// These are the same in every store that can forget; see package forget.
type (
	// Kind tells persons, notes and texts apart.
	Kind = forget.Kind
	// Key names one value.
	Key = forget.Key
	// State is what a cache knows of a value.
	State = forget.State
	// Change is a value that arrived or was erased.
	Change = forget.Change
	// WatchConfig says what a cache holds.
	WatchConfig = forget.WatchConfig
	// Erasure is what became of an erased value, node by node.
	Erasure = forget.Erasure
	// Report is what a sweep found.
	Report = forget.Report
)

// What a cache knows of a value, and how long an orphan is kept; see package forget.
const (
	Kept      = forget.Kept
	Erased    = forget.Erased
	Missing   = forget.Missing
	OrphanAge = forget.OrphanAge
)

// ErrErased is in the error of Get for a key that was erased.
var ErrErased = forget.ErrErased

// Kinds lists the kinds.
func Kinds() []Kind { return []Kind{Persons, Notes, Texts} }

// PersonKey names a person's record.
func PersonKey(s ids.Session, p ids.Person) Key {
	return Key{Kind: Persons, Session: s, ID: p.String()}
}

// NoteKey names a note.
func NoteKey(s ids.Session, n ids.Note) Key { return Key{Kind: Notes, Session: s, ID: n.String()} }

// TextKey names a statement text.
func TextKey(s ids.Session, t ids.Text) Key { return Key{Kind: Texts, Session: s, ID: t.String()} }

// Config says how the store is kept.
type Config struct {
	// Replicas is the number of copies, 1, 3 or 5; zero means 1. It counts only
	// when the stream is made.
	Replicas int
	// Now is I/O time, for the age of orphans; nil means time.Now.
	Now func() time.Time
}

// Store writes, reads and forgets. It is safe for concurrent use.
type Store struct{ *forget.Store }

// Cache is a process's copy of the store, kept up to date. It is safe for
// concurrent use.
type Cache struct{ *forget.Cache }

// Open makes the stream when it is missing, and refuses one whose settings
// would keep erased text or lose live text.
func Open(ctx context.Context, js jetstream.JetStream, config Config) (*Store, error) {
	s, err := forget.Open(ctx, js, forget.Config{
		Stream: Stream, Name: "people", Description: "what can be forgotten: persons, notes, statement texts",
		Shown:    "the store of names and texts",
		Kinds:    map[Kind]forget.Decode{Persons: forget.As[Person], Notes: forget.As[Note], Texts: forget.As[StatementText]},
		MaxValue: MaxValue, Replicas: config.Replicas, Now: config.Now,
	})
	if err != nil {
		return nil, err
	}
	return &Store{s}, nil
}

// Watch makes a cache and returns when it holds what the stream held at the
// call. It lives until ctx ends or Close is called.
func (s *Store) Watch(ctx context.Context, config WatchConfig) (*Cache, error) {
	c, err := s.Store.Watch(ctx, config)
	if err != nil {
		return nil, err
	}
	return &Cache{c}, nil
}

// NoteID gives the id of the note that comes with a command.
func NoteID(command ids.Command) ids.Note { return ids.Named[ids.Note](command, "note") }

// PutPerson stores a value of a person's record and gives its digest for the
// commit. Repeated with the same command it writes nothing and gives the same
// digest; with the same command and another value it is refused (id_reused).
// A record that was erased is refused (wrong_state).
func (s *Store) PutPerson(ctx context.Context, session ids.Session, id ids.Person, command ids.Command, p Person) (events.Hash, error) {
	return s.Put(ctx, PersonKey(session, id), command, p)
}

// PutNote stores the free text that comes with a command; see PutPerson.
func (s *Store) PutNote(ctx context.Context, session ids.Session, command ids.Command, n Note) (events.NoteRef, error) {
	id := NoteID(command)
	d, err := s.Put(ctx, NoteKey(session, id), command, n)
	if err != nil {
		return events.NoteRef{}, err
	}
	return events.NoteRef{ID: id, Digest: d}, nil
}

// PutText stores a statement's text; see PutPerson.
func (s *Store) PutText(ctx context.Context, session ids.Session, id ids.Text, command ids.Command, t StatementText) (events.Hash, error) {
	return s.Put(ctx, TextKey(session, id), command, t)
}

// GetPerson reads the person's record that the log names by digest. The error
// holds a not_found problem when it is not there, and ErrErased when it was erased.
func (s *Store) GetPerson(ctx context.Context, session ids.Session, id ids.Person, digest events.Hash) (Person, error) {
	return forget.Get[Person](ctx, s.Store, PersonKey(session, id), digest)
}

// GetNote reads a note; see GetPerson.
func (s *Store) GetNote(ctx context.Context, session ids.Session, ref events.NoteRef) (Note, error) {
	return forget.Get[Note](ctx, s.Store, NoteKey(session, ref.ID), ref.Digest)
}

// GetText reads a statement's text; see GetPerson.
func (s *Store) GetText(ctx context.Context, session ids.Session, id ids.Text, digest events.Hash) (StatementText, error) {
	return forget.Get[StatementText](ctx, s.Store, TextKey(session, id), digest)
}

// Person gives a person's record by the digest that the log names.
func (c *Cache) Person(session ids.Session, id ids.Person, digest events.Hash) (Person, State) {
	return forget.Lookup[Person](c.Cache, PersonKey(session, id), digest)
}

// Note gives a note.
func (c *Cache) Note(session ids.Session, ref events.NoteRef) (Note, State) {
	return forget.Lookup[Note](c.Cache, NoteKey(session, ref.ID), ref.Digest)
}

// Text gives a statement's text.
func (c *Cache) Text(session ids.Session, id ids.Text, digest events.Hash) (StatementText, State) {
	return forget.Lookup[StatementText](c.Cache, TextKey(session, id), digest)
}
