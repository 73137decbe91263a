package forget

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// OrphanAge is how long a value that no commit names is kept (decisions.md 33).
const OrphanAge = 24 * time.Hour

// Erasure says what was done.
type Erasure struct {
	Key Key
	// Sequences are the messages that were overwritten; empty when there were none left.
	Sequences []uint64
	// Mark is the sequence of the mark that closes the key.
	Mark uint64
	// Replicas is the number of copies. With more than one the copies follow within
	// minutes, as each server clears its Raft log.
	Replicas int
}

// Report says what a sweep did.
type Report struct {
	// Keys counts the keys that were looked at, Messages their messages.
	Keys, Messages int
	// Swept lists the keys of which something was overwritten.
	Swept []Key
	// Unreadable lists the keys with a record that cannot be read.
	Unreadable []Key
}

// Settle says that the log now names digest for the key, and overwrites every
// value before it. Values after it stay: a later command may be about to name
// them. It may be called again at any time; a digest that was settled and
// replaced since is no error.
func (s *Store) Settle(ctx context.Context, key Key, digest events.Hash) error {
	return s.retry(ctx, key, func(h history) error {
		e, ok := h.find(digest)
		if !ok {
			known := slices.ContainsFunc(h.past(), func(p past) bool { return p.Digest == digest })
			if known || h.mark.Erased {
				return s.clear(ctx, key, h)
			}
			return problem.New(problem.NotFound, "the store does not hold what the log names")
		}
		keep, more := []events.Hash{}, false
		for _, other := range h.entries {
			if other.seq >= e.seq && h.alive(other) {
				keep = append(keep, other.Digest)
			} else if h.alive(other) || other.fault != nil {
				more = true
			}
		}
		if !more {
			return s.clear(ctx, key, h)
		}
		_, err := s.forget(ctx, key, h, mark{Keep: keep})
		return err
	})
}

// Erase overwrites every value of a key with its salt and closes the key for
// ever. A key that was never written is closed too: a value on its way to it is
// refused when it comes. Repeating it finishes what was interrupted.
func (s *Store) Erase(ctx context.Context, key Key) (Erasure, error) {
	done := Erasure{Key: key}
	err := s.retry(ctx, key, func(h history) error {
		// What is overwritten: all there is, but the closing mark of an earlier call.
		done.Sequences = nil
		for _, e := range h.entries {
			if e.seq != h.last || !h.mark.Erased {
				done.Sequences = append(done.Sequences, e.seq)
			}
		}
		if h.mark.Erased {
			done.Mark = h.marked
			return s.clear(ctx, key, h)
		}
		var err error
		done.Mark, err = s.forget(ctx, key, h, mark{Erased: true})
		return err
	})
	if err != nil {
		return Erasure{}, err
	}
	done.Replicas = s.stream.CachedInfo().Config.Replicas
	return done, nil
}

// EraseAll erases every key of a kind that a session has, and tells how many it
// found to be erased. What a crash in the middle left is found by the next call;
// a key that was closed before costs one question.
func (s *Store) EraseAll(ctx context.Context, session ids.Session, kind Kind) (int, error) {
	all := Key{Kind: kind, Session: session, ID: "*"}
	if err := s.check(all); err != nil {
		return 0, err
	}
	info, err := s.stream.Info(ctx, jetstream.WithSubjectFilter(all.String()))
	if err != nil {
		return 0, s.unavailable("list "+all.String(), err)
	}
	erased := 0
	for _, subject := range slices.Sorted(maps.Keys(info.State.Subjects)) {
		key, err := s.parseKey(subject)
		if err != nil {
			continue // not written by this package
		}
		if info.State.Subjects[subject] == 1 {
			last, err := s.history(ctx, key)
			if err != nil {
				return erased, err
			}
			if last.mark.Erased && len(last.dead()) == 0 {
				continue
			}
		}
		if _, err := s.Erase(ctx, key); err != nil {
			return erased, err
		}
		erased++
	}
	return erased, nil
}

// Sweep overwrites values older than older that the log does not name, and
// finishes every Settle or Erase that was interrupted. committed reports whether
// the log names this digest for the key now; it must know the whole log. A key
// that is left without a value is closed, so that a command that was under way
// all that time cannot bring it back.
func (s *Store) Sweep(ctx context.Context, older time.Duration, committed func(Key, events.Hash) bool) (Report, error) {
	all, report := map[Key]*history{}, Report{}
	err := s.each(ctx, ">", func(subject string, e entry) {
		key, err := s.parseKey(subject)
		if err != nil {
			return // not written by this package; the stream's subjects leave room for nothing else but bad ids
		}
		if all[key] == nil {
			all[key] = &history{}
		}
		if e.fault != nil {
			report.Unreadable = append(report.Unreadable, key)
		}
		// Values are not needed here, and all of them together may not fit.
		e.Value, e.Salt = nil, nil
		all[key].add(e)
		report.Messages++
	})
	if err != nil {
		return report, err
	}
	report.Keys = len(all)
	faults := []error{}
	for _, key := range slices.SortedFunc(maps.Keys(all), func(a, b Key) int { return a.compare(b) }) {
		did, err := s.sweep(ctx, key, *all[key], older, committed)
		if did && err == nil {
			report.Swept = append(report.Swept, key)
		}
		// A key that somebody writes just now is not abandoned; the next sweep sees it.
		if err != nil && !errors.Is(err, errConflict) {
			faults = append(faults, err)
		}
	}
	return report, errors.Join(faults...)
}

// sweep looks at one key.
func (s *Store) sweep(ctx context.Context, key Key, h history, older time.Duration, committed func(Key, events.Hash) bool) (bool, error) {
	keep, orphans := []events.Hash{}, 0
	for _, e := range h.entries {
		switch {
		case !h.alive(e):
		case s.now().Sub(e.at) >= older && !committed(key, e.Digest):
			orphans++
		default:
			keep = append(keep, e.Digest)
		}
	}
	if orphans == 0 {
		return len(h.dead()) > 0, s.clear(ctx, key, h)
	}
	_, err := s.forget(ctx, key, h, mark{Keep: keep, Erased: len(keep) == 0})
	return true, err
}

// forget writes a mark and overwrites what it ends. The mark comes first: when
// the process dies in between, the values are dead already for every reader, and
// Sweep finishes.
func (s *Store) forget(ctx context.Context, key Key, h history, m mark) (uint64, error) {
	r := record{V: recordVersion, Mark: &m}
	if !m.Erased {
		r.Past = h.past()
	}
	if err := s.write(ctx, key, h.last, r); err != nil {
		return 0, err
	}
	after, err := s.history(ctx, key)
	if err != nil {
		return 0, err
	}
	return after.marked, s.clear(ctx, key, after)
}

// clear overwrites the dead messages of a key and looks whether they are gone.
func (s *Store) clear(ctx context.Context, key Key, h history) error {
	dead := h.dead()
	if len(dead) == 0 {
		return nil
	}
	var faults []error
	for _, seq := range dead {
		if err := s.stream.SecureDeleteMsg(ctx, seq); err != nil {
			faults = append(faults, err)
		}
	}
	// Another process may have deleted some of them at the same time, which the
	// server reports as a failure; what counts is what is left.
	after, err := s.history(ctx, key)
	if err != nil {
		return err
	}
	if left := after.dead(); len(left) > 0 {
		return s.unavailable(fmt.Sprintf("overwrite %d messages of %s", len(left), key), errors.Join(faults...))
	}
	return nil
}
