package eventlog

import (
	"fmt"
	"slices"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// chain checks one stream as it is read: each subject's versions and hashes,
// and the stream's own sequence, which has no holes because nothing is ever
// deleted. It belongs to one goroutine.
type chain struct {
	stream, incarnation string
	heads               map[string]Head
	// witnessed gives what the witness knows of the commit at its own version,
	// to be compared when that version passes.
	witnessed map[string]Head
	// lost counts the sequences that are not in the stream any more; explained
	// counts those of them whose subject is known.
	lost, explained uint64
	gaps            []string
	refuse          func(Refusal)
}

func newChain(stream, incarnation string, witnessed []Head, refuse func(Refusal)) *chain {
	c := &chain{
		stream: stream, incarnation: incarnation, heads: map[string]Head{}, witnessed: map[string]Head{}, refuse: refuse,
	}
	for _, h := range witnessed {
		c.witnessed[h.Subject] = h
	}
	return c
}

// gap notes that the sequences from first to last cannot be read.
func (c *chain) gap(first, last uint64) {
	c.lost += last - first + 1
	if first == last {
		c.gaps = append(c.gaps, fmt.Sprint(first))
	} else {
		c.gaps = append(c.gaps, fmt.Sprintf("%d to %d", first, last))
	}
}

// check checks a message whose commit could be read and reports whether it
// follows on the one before it on its subject.
func (c *chain) check(m *Message) bool {
	head := c.heads[m.Subject]
	want := head.Hash
	if head.Version == 0 {
		want = events.FirstHash(m.Subject, c.incarnation)
	}
	next := Head{Subject: m.Subject, Sequence: m.Sequence, Version: m.Commit.Version, Hash: m.Hash}
	reason := ""
	switch {
	case next.Version > head.Version+1:
		reason = fmt.Sprintf("versions %d to %d before sequence %d are missing", head.Version+1, next.Version-1, m.Sequence)
		c.explained += next.Version - head.Version - 1
	case next.Version != head.Version+1:
		reason = fmt.Sprintf("sequence %d is version %d where version %d should follow", m.Sequence, next.Version, head.Version+1)
	case m.Commit.PrevHash != want:
		reason = fmt.Sprintf("version %d (sequence %d) names another commit before it than the one that is stored: one of the two was changed",
			next.Version, m.Sequence)
	default:
		if seen, ok := c.witnessed[m.Subject]; ok && seen.Version == next.Version && seen != next {
			reason = fmt.Sprintf("version %d is another commit (sequence %d, hash %s) than the one that the witness saw (sequence %d, hash %s)",
				next.Version, next.Sequence, next.Hash, seen.Sequence, seen.Hash)
		}
	}
	if reason != "" {
		c.refuse(Refusal{Session: m.Session, Subject: m.Subject, Good: head, Missing: reason})
		// From here on the rest is followed as it is: the gap is counted once, and
		// the session is refused already.
		c.heads[m.Subject] = next
		return false
	}
	c.heads[m.Subject] = next
	return true
}

// unreadable notes a message whose body is no commit.
func (c *chain) unreadable(m *Message, err error) {
	c.refuse(Refusal{
		Session: m.Session, Subject: m.Subject, Good: c.heads[m.Subject],
		Missing: fmt.Sprintf("sequence %d cannot be read: %v", m.Sequence, err),
	})
	c.explained++
	// The next commit's version tells that this one is missing, which is known already.
	head := c.heads[m.Subject]
	head.Version++
	c.heads[m.Subject] = head
}

// settle is called when the start has read the stream to its last sequence: it
// compares with the witness and accounts for what is missing. It gives the
// number of subjects of which the witness knows less than the log.
func (c *chain) settle(last uint64) (behind int) {
	for _, seen := range c.witnessed {
		head := c.heads[seen.Subject]
		if head.Version >= seen.Version {
			continue
		}
		// What the witness saw beyond the stream's end is none of the holes inside it.
		if seen.Sequence <= last {
			c.explained += seen.Version - head.Version
		}
		_, s, err := events.ParseSubject(seen.Subject)
		if err != nil {
			continue
		}
		c.refuse(Refusal{Session: s, Subject: seen.Subject, Good: head, Missing: fmt.Sprintf(
			"versions %d to %d, up to sequence %d, are missing: the witness saw them, and stream %s ends at sequence %d",
			head.Version+1, seen.Version, seen.Sequence, c.stream, last)})
	}
	for subject, head := range c.heads {
		if c.witnessed[subject].Version < head.Version {
			behind++
		}
	}
	if c.lost > c.explained {
		c.suspectAll()
	}
	return behind
}

// suspectAll refuses every session of which it is not proven that the missing
// messages were not its own: those with a subject whose head no witness confirms.
func (c *chain) suspectAll() {
	suspects := map[ids.Session]Head{}
	for subject, head := range c.heads {
		_, s, err := events.ParseSubject(subject)
		if err != nil || c.witnessed[subject].Version >= head.Version {
			continue
		}
		suspects[s] = head
	}
	for s, head := range suspects {
		c.refuse(Refusal{Session: s, Subject: head.Subject, Good: head, Missing: fmt.Sprintf(
			"of stream %s the sequences %v cannot be read, and no witness proves that none of them belongs to this session", c.stream, c.gaps)})
	}
}

// describe names the gaps for a log line.
func (c *chain) describe() []string { return slices.Clone(c.gaps) }
