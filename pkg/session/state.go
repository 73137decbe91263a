// Package session is the one fold of a session's log: what registry, queue and
// timing wrote becomes one State, and everything that is derived from it (used
// seconds, places, the plan) is computed here, for services, gateway, record
// and verifier alike.
//
// Guarantee: Apply is pure but for the State it changes: no clock, no
// randomness, no I/O, so the same log gives the same State everywhere. Each
// context's part of the State is changed by that context's commits alone, so
// the order in which two contexts' commits arrive does not matter. A commit
// that does not follow its predecessor (version, hash) is an error and changes
// nothing. A State is not safe for concurrent use; its owner holds a lock.
package session

import (
	"fmt"
	"time"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// Head is where a subject stands.
type Head struct {
	// Sequence is the last commit's sequence in the stream; Version counts the subject's commits.
	Sequence, Version uint64
	Hash              events.Hash
	At                clock.Instant
}

// Done is what is remembered of an accepted command for the session's life,
// so that a repeated one gets its first receipt again.
type Done struct {
	Context           events.Context
	Sequence, Version uint64
	Hash              events.Hash
	At                clock.Instant
	Place             int
	Made              map[string]string
	// Request is the digest of the command: another body with the same id is refused.
	Request events.Hash
}

// Meta is what the stream says of a commit.
type Meta struct {
	Context events.Context
	// Sequence is the stream sequence; Hash is the hash of the stored body.
	Sequence uint64
	Hash     events.Hash
}

// State is a session as folded from its log.
type State struct {
	ID ids.Session
	// Incarnation is set by the owner before the first commit; when it is, the
	// first commit's prev_hash is checked against it.
	Incarnation string
	Heads       map[events.Context]Head
	// Sequence is the highest folded stream sequence, At the last commit's time.
	Sequence uint64
	// ViewSequence is that of the last commit which was more than captions: the
	// view is the same at every position from there to Sequence.
	// ViewAt is that commit's time; what the view expects of the future, it expects
	// as of then.
	ViewSequence uint64
	ViewAt       clock.Instant
	At           clock.Instant
	Done         map[command.Key]Done
	// actors holds who used a command's id; see UsedByAnother.
	actors map[ids.Command]string

	Registry Registry
	Queue    Queue
	Timing   Timing
	// Transcript holds facts about captions; their words lie in the store that can forget.
	Transcript Transcript
}

// New makes the State of a session of which nothing is known yet.
func New(id ids.Session) *State {
	return &State{
		ID:       id,
		Heads:    map[events.Context]Head{},
		Done:     map[command.Key]Done{},
		actors:   map[ids.Command]string{},
		Registry: newRegistry(),
		Queue:    newQueue(),
		Timing:   newTiming(),

		Transcript: newTranscript(),
	}
}

// Exists reports whether the session was created.
func (s *State) Exists() bool { return s.Registry.Created }

// Clock is the session's mapping from the process clock to session time.
func (s *State) Clock() clock.Mapping { return s.Registry.Clock }

// Reading gives session time at an instant of the process clock and its speed,
// in thousandths of the wall clock's: what a client needs to go on counting by
// itself. A gated clock stands between two instants, so its speed is 0.
func (s *State) Reading(wall time.Time) (now clock.Instant, speedPermille int64) {
	now, speedPermille = s.Clock().Session(wall), s.Clock().SpeedPermille
	switch {
	case s.Registry.ClockMode == "gated":
		speedPermille = 0
	case speedPermille == 0:
		speedPermille = 1000
	}
	return now, speedPermille
}

// Apply folds one commit. One that was folded already is ignored; one that
// does not follow the subject's head, or that holds an event that cannot be,
// is an error which names subject and version.
func (s *State) Apply(c *events.Commit, m Meta) error {
	head := s.Heads[m.Context]
	if m.Sequence <= head.Sequence && head.Version > 0 {
		return nil
	}
	subject := events.Subject(m.Context, s.ID)
	if c.Version != head.Version+1 {
		return fmt.Errorf("%s: version %d follows %d: a commit is missing or doubled", subject, c.Version, head.Version)
	}
	if head.Version > 0 && c.PrevHash != head.Hash {
		return fmt.Errorf("%s: version %d names another predecessor than the stored version %d", subject, c.Version, head.Version)
	}
	if head.Version == 0 && s.Incarnation != "" && c.PrevHash != events.FirstHash(subject, s.Incarnation) {
		return fmt.Errorf("%s: version 1 does not begin this stream", subject)
	}
	shown := !s.captionOnly(c, m)
	for i, e := range c.Events {
		if err := s.event(c, m, e); err != nil {
			return fmt.Errorf("%s: version %d, event %d (%s): %w", subject, c.Version, i, e.Type(), err)
		}
	}
	if m.Context == events.Queue {
		s.Queue.switchMicrophone(c.At)
	}
	s.Heads[m.Context] = Head{Sequence: m.Sequence, Version: c.Version, Hash: m.Hash, At: c.At}
	s.Sequence = max(s.Sequence, m.Sequence)
	s.At = max(s.At, c.At)
	if shown {
		s.ViewSequence, s.ViewAt = max(s.ViewSequence, m.Sequence), max(s.ViewAt, c.At)
	}
	made, place := command.Made(c.Events)
	s.Done[command.Key{Actor: c.Actor.ID, Command: c.Command}] = Done{
		Context: m.Context, Sequence: m.Sequence, Version: c.Version, Hash: m.Hash,
		At: c.At, Place: place, Made: made, Request: c.Request,
	}
	// Of two actors whose commands were on their way to two contexts at once, the
	// same one is kept in whatever order they are folded.
	if by, used := s.actors[c.Command]; !used || c.Actor.ID < by {
		s.actors[c.Command] = c.Actor.ID
	}
	return nil
}

// UsedByAnother refuses a request whose id somebody else's command has in this
// session. The key of a command is (actor, id), but what it makes (an entry, a
// turn, a person) is named by the id alone, so a second one would overwrite it.
// A service's own requests are never refused: they make nothing, their ids can be
// foretold, and nobody may keep a timer from firing by using its id first.
func (s *State) UsedByAnother(r *command.Request) error {
	if by, used := s.actors[r.ID]; !used || by == r.Actor.ID || r.Actor.Has(events.System) {
		return nil
	}
	return problem.New(problem.Reused, "the id %s was used by somebody else", r.ID).On("id").
		Try("make a new UUIDv7 for each command")
}

// event hands one event to its context's part of the State.
func (s *State) event(c *events.Commit, m Meta, e events.Event) error {
	switch m.Context {
	case events.Registry:
		if ended, ok := e.(*events.RetentionEnded); ok && ended.Kept == events.KeptTranscript {
			s.Transcript.forget(c.At)
		}
		return s.Registry.apply(c, e)
	case events.Queue:
		return s.Queue.apply(c, m, e)
	case events.Timing:
		return s.Timing.apply(c, e)
	case events.Transcript:
		return s.Transcript.apply(c, e)
	default:
		return fmt.Errorf("context %q has no part in a session's state", m.Context)
	}
}

// errMissing says that an event names something that the log never made.
func errMissing(what string, id fmt.Stringer) error {
	return fmt.Errorf("%s %s is not in the log", what, id)
}
