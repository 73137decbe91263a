package session

import (
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
)

// forget folds the end of a class's retention: nothing of it is shown any more.
// That there was somebody, a text or a caption stays, as the log stays.
func (r *Registry) forget(at clock.Instant, kept events.Kept) {
	r.Ended[kept] = at
	if kept != events.KeptPeople {
		return
	}
	for _, p := range r.Persons {
		p.Erased = true
	}
	for i := range r.Notes {
		r.Notes[i].Removed = true
	}
}

// forget makes of every segment one that was redacted, and takes back every other
// digest of words, so that nobody asks the store for them.
func (t *Transcript) forget(at clock.Instant) {
	for _, s := range t.Segments {
		s.State, s.Digest, s.Revisions, s.ChangedAt = CaptionRedacted, events.Hash{}, nil, at
	}
	for _, r := range t.Requests {
		r.Digest = events.Hash{}
	}
	for _, s := range t.Sources {
		s.Tail = events.Hash{}
	}
	for _, r := range t.Relays {
		r.Removed = true
	}
	t.Glossary, t.Terms = events.Hash{}, 0
}
