// Package sessiontest builds sessions for tests: a log in memory, written
// commit by commit as a service would write it, together with its fold.
//
// Guarantee: every commit goes through its stored form (JSON bytes, version,
// hash of the predecessor) before it is folded, so a test that passes here has
// also shown that its events survive the log; Refold folds the stored bytes
// anew. Identifiers and times are functions of names and of the order of calls,
// so a failing test fails the same way twice.
package sessiontest

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// TB is what is needed of a test; *testing.T, *testing.B and *rapid.T have it.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
}

// Start is the session time at which every log begins: the morning of the
// session of December 2021 that the samples are made after.
const Start clock.Instant = 1_639_645_200_000

// root is the parent of all identifiers by name.
var root = ids.MustParse[ids.Session]("00000000-0000-7000-8000-00000000f100")

// ID makes the identifier of a kind that always has this name.
func ID[T ids.Any](name string) T { return ids.Named[T](root, name) }

// Stored is one message of the log.
type Stored struct {
	Meta session.Meta
	// Body are the stored bytes; Meta.Hash is their hash.
	Body []byte
}

// Log is a session's log in memory with its fold. It is not safe for
// concurrent use.
type Log struct {
	// State is the fold of everything appended.
	State *session.State
	// Now is the session time of the next commit; Append moves it on by 1 ms,
	// a test by as much as it likes.
	Now clock.Instant
	// Stored are the messages in stream order.
	Stored []Stored
	// Before, when set, is called with each commit before it is appended.
	Before   func(*events.Commit)
	t        TB
	commands int
}

// Empty makes a log without any commit.
func Empty(t TB) *Log {
	l := &Log{Now: Start, t: t, State: session.New(ID[ids.Session]("session"))}
	l.State.Incarnation = incarnation
	return l
}

const incarnation = "sessiontest"

// Command makes the next command id.
func (l *Log) Command() ids.Command {
	l.commands++
	return ID[ids.Command](fmt.Sprintf("command %d", l.commands))
}

// Append writes one commit of these events; the test ends when the fold
// refuses it.
func (l *Log) Append(c events.Context, by events.Actor, verb string, all ...events.Event) *events.Commit {
	l.t.Helper()
	commit := &events.Commit{Command: l.Command(), Verb: verb, Actor: by, Events: all}
	if err := l.Commit(c, commit); err != nil {
		l.t.Fatalf("%s cannot be folded: %v", verb, err)
	}
	return commit
}

// Commit writes one commit: it fills in what an appending service does
// (envelope version, time when unset, version, hash of the predecessor) and
// folds the stored form. An error is the fold's; nothing is appended then.
func (l *Log) Commit(c events.Context, commit *events.Commit) error {
	if l.Before != nil {
		l.Before(commit)
	}
	head := l.State.Heads[c]
	commit.V, commit.Version, commit.PrevHash = events.Version, head.Version+1, head.Hash
	if head.Version == 0 {
		commit.PrevHash = events.FirstHash(events.Subject(c, l.State.ID), incarnation)
	}
	if commit.At.IsZero() {
		commit.At = l.Now
	}
	body, err := json.Marshal(commit)
	if err != nil {
		return fmt.Errorf("the commit cannot be stored: %w", err)
	}
	message := Stored{
		Meta: session.Meta{Context: c, Sequence: uint64(len(l.Stored)) + 1, Hash: events.HashBody(body)},
		Body: body,
	}
	if err := fold(l.State, message); err != nil {
		return err
	}
	l.Stored = append(l.Stored, message)
	l.Now = max(l.Now, commit.At) + 1
	return nil
}

// fold reads a stored message back and applies it.
func fold(s *session.State, message Stored) error {
	var commit events.Commit
	if err := json.Unmarshal(message.Body, &commit); err != nil {
		return fmt.Errorf("the stored commit cannot be read: %w", err)
	}
	return s.Apply(&commit, message.Meta)
}

// Refold folds the stored messages into a new state.
func (l *Log) Refold() *session.State {
	l.t.Helper()
	s := session.New(l.State.ID)
	s.Incarnation = incarnation
	for i, message := range l.Stored {
		if err := fold(s, message); err != nil {
			l.t.Fatalf("message %d of the stored log cannot be folded: %v", i+1, err)
		}
	}
	return s
}

// SameAgain ends the test when folding the stored log anew gives another state
// than folding it commit by commit did.
func (l *Log) SameAgain() {
	l.t.Helper()
	if again := l.Refold(); !reflect.DeepEqual(l.State, again) {
		l.t.Fatalf("the stored log folds to another state:\n%+v\nnot\n%+v", again, l.State)
	}
}

// Decide is a domain's decision.
type Decide func(*session.State, *command.Request, clock.Instant) (command.Decision, error)

// Do decides a request at Now and appends what was decided, as a service does.
// A missing id or session is filled in. The error is the decision's.
func (l *Log) Do(c events.Context, decide Decide, r *command.Request) (command.Decision, error) {
	l.t.Helper()
	if r.ID.IsZero() {
		r.ID = l.Command()
	}
	if r.Session.IsZero() {
		r.Session = l.State.ID
	}
	decision, err := decide(l.State, r, l.Now)
	if err != nil {
		return decision, err
	}
	if len(decision.Events) == 0 {
		l.t.Fatalf("%s was accepted and decided nothing", r.Verb)
	}
	err = l.Commit(c, &events.Commit{
		Command: r.ID, Verb: r.Verb, Actor: r.Actor, OnBehalf: decision.OnBehalf, At: l.Now,
		Request: r.Digest(), Cause: r.Cause, Reason: r.Reason, Events: decision.Events,
	})
	if err != nil {
		l.t.Fatalf("%s was accepted and cannot be folded: %v", r.Verb, err)
	}
	return decision, nil
}
