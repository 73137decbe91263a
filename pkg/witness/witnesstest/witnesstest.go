// Package witnesstest is the contract that every witness.Store must pass.
//
// It guarantees that what Run accepts behaves as package witness says.
package witnesstest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/witness"
)

// Head makes a head of a subject.
func Head(subject string, version uint64) eventlog.Head {
	return eventlog.Head{Subject: subject, Sequence: 3 * version, Version: version, Hash: events.HashBody(fmt.Append(nil, subject, version))}
}

// Run runs the contract. open gives two views of one and the same empty store,
// as two processes would have them.
func Run(t *testing.T, open func(t *testing.T) (witness.Store, witness.Store)) {
	t.Helper()
	for name, run := range map[string]func(*testing.T, witness.Store, witness.Store){
		"a new store knows nothing":                 empty,
		"what one notes the other knows":            told,
		"the highest version stays":                 highest,
		"many at once leave the highest of each":    many,
		"nothing is noted without heads":            none,
		"a thousand subjects are known in one look": thousand,
	} {
		t.Run(name, func(t *testing.T) {
			one, two := open(t)
			run(t, one, two)
		})
	}
}

// Note notes, or fails the test.
func Note(t *testing.T, s witness.Store, heads ...eventlog.Head) {
	t.Helper()
	if err := s.Note(context.Background(), heads...); err != nil {
		t.Fatalf("note: %v", err)
	}
}

// Want compares what a store knows.
func Want(t *testing.T, s witness.Store, want ...eventlog.Head) {
	t.Helper()
	got, err := s.Heads(context.Background())
	if err != nil {
		t.Fatalf("heads: %v", err)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("it knows %d heads %v, want %d %v", len(got), got, len(want), want)
	}
}

func empty(t *testing.T, one, _ witness.Store) { Want(t, one) }

func none(t *testing.T, one, two witness.Store) {
	Note(t, one)
	Want(t, two)
}

func told(t *testing.T, one, two witness.Store) {
	Note(t, one, Head("evt.queue.a", 2), Head("evt.timing.a", 7))
	Note(t, two, Head("evt.queue.b", 1))
	for _, s := range []witness.Store{one, two} {
		Want(t, s, Head("evt.queue.a", 2), Head("evt.queue.b", 1), Head("evt.timing.a", 7))
	}
}

func highest(t *testing.T, one, two witness.Store) {
	// The same version as another commit is a fork, of which the first stays.
	fork := Head("evt.queue.a", 9)
	fork.Hash = events.HashBody([]byte("another"))
	for i, h := range []eventlog.Head{Head("evt.queue.a", 5), Head("evt.queue.a", 4), Head("evt.queue.a", 9), fork, Head("evt.queue.a", 1)} {
		Note(t, []witness.Store{one, two}[i%2], h)
	}
	Want(t, one, Head("evt.queue.a", 9))
}

func many(t *testing.T, one, two witness.Store) {
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			s := one
			if i%2 == 1 {
				s = two
			}
			if err := s.Note(context.Background(), Head("evt.queue.a", uint64(i+1)), Head("evt.queue.b", uint64(41-i))); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	Want(t, two, Head("evt.queue.a", 40), Head("evt.queue.b", 41))
}

func thousand(t *testing.T, one, two witness.Store) {
	var heads []eventlog.Head
	for i := range 1000 {
		heads = append(heads, Head(fmt.Sprintf("evt.queue.%04d", i), uint64(i+1)))
	}
	Note(t, one, heads...)
	Want(t, two, heads...)
}
