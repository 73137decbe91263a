package captions

import (
	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// Said is what the store that can forget holds of a revision.
type Said struct {
	Text string
	// Label is the name that a captioner gave a speaker who is nobody of the list.
	Label string
	Words []api.Word
}

// chairLabel is how the chair's own words are labelled; pages put their
// language's word in its place.
const chairLabel = "Chair"

// take brings the book up to a state and reports whether a reader may find more
// than before. The state's lock and filling are held.
func (b *Book) take(s *session.State) bool {
	publication, over := s.Registry.Modalities.Publication, s.Timing.Phase == session.Adjourned
	b.mu.Lock()
	moved := publication != b.publication || over != b.over
	b.publication, b.over = publication, over
	tracks := make([]*track, 0, len(s.Transcript.TrackOrder))
	for _, tag := range s.Transcript.TrackOrder {
		t := b.tracks[tag]
		if t == nil {
			t = newTrack(tag)
			b.tracks[tag] = t
		}
		tracks = append(tracks, t)
	}
	b.mu.Unlock()
	b.mu.Lock()
	erased := b.erased
	b.erased = nil
	b.mu.Unlock()
	// What the floor's history says of a turn may be corrected at any time.
	floor := s.Heads[events.Queue].Sequence
	for _, t := range tracks {
		moved = b.extend(t, s) || moved
		b.blank(t, s, erased)
		if floor != b.floor {
			b.relabel(t, s)
		}
	}
	b.floor = floor
	return moved
}

// extend adds a track's new steps, joins words that have arrived, and reports
// whether more can be sent.
func (b *Book) extend(t *track, s *session.State) bool {
	steps := s.Transcript.Tracks[t.tag].Steps
	t.mu.Lock()
	defer t.mu.Unlock()
	if int(t.head) == len(steps) {
		return false
	}
	for n := len(t.steps); n < len(steps); n++ {
		t.add(step{segment: api.Segment{ID: steps[n].Segment, Seq: uint64(n + 1)}, waits: true})
	}
	for n := t.head; n < uint64(len(t.steps)); n++ {
		if at := &t.steps[n]; at.waits {
			at.segment, at.waits = b.read(s, at.segment.ID, at.segment.Seq)
		}
	}
	return t.advance()
}

// blank takes out the words that were erased in the store since they were read.
func (b *Book) blank(t *track, s *session.State, erased []ids.Segment) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, id := range erased {
		if n, here := t.newest[id]; here && !t.steps[n].waits {
			if segment, waits := b.read(s, id, t.steps[n].segment.Seq); !waits {
				t.change(n, segment)
			}
		}
	}
}

// relabel looks at the speakers of what was sent already.
func (b *Book) relabel(t *track, s *session.State) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for n := range t.steps {
		at := &t.steps[n]
		fact := s.Transcript.Segments[at.segment.ID]
		if at.replaced || at.waits || fact == nil || fact.Speaker.Turn.IsZero() {
			continue
		}
		said, entry := speaker(s, fact.Speaker, "")
		if said != at.segment.Speaker || entry != at.segment.Entry {
			changed := at.segment
			changed.Speaker, changed.Entry = said, entry
			t.change(n, changed)
		}
	}
}

// read makes a segment of its facts and its words; waits is set while the words
// have not arrived.
func (b *Book) read(s *session.State, id ids.Segment, seq uint64) (out api.Segment, waits bool) {
	fact := s.Transcript.Segments[id]
	var words Said
	if !fact.Gone() {
		arrived := false
		if words, arrived = b.hub.config.Words(b.session, id, fact.Digest); !arrived {
			return api.Segment{ID: id, Seq: seq}, true
		}
	}
	out = api.Segment{
		Track: fact.Track, Seq: seq, ID: id, Rev: fact.Rev, State: string(fact.State), Text: words.Text, Words: words.Words,
		Start: fact.Start, End: fact.End, TimeBasis: string(fact.Time), Turn: fact.Speaker.Turn, SpeakerBasis: string(fact.Speaker.Basis),
		Of: fact.Of, Source: fact.Source, SourceKind: string(fact.Kind), Prepared: fact.Prepared, Edited: fact.Edited, Stale: fact.Stale,
		Confidence: float64(fact.Confidence) / 1000, CapturedAt: fact.CapturedAt, ReceivedAt: fact.ReceivedAt,
	}
	out.Speaker, out.Entry = speaker(s, fact.Speaker, words.Label)
	return out, false
}

// speaker says who a speaker is today: with a turn, whoever had it by the
// floor's history as it stands.
func speaker(s *session.State, who events.Attribution, label string) (api.Said, ids.Entry) {
	entry, applicant := s.Spoken(who)
	switch a := s.Registry.Applicants[applicant]; {
	case who.Chair:
		return api.Said{Label: chairLabel, Chair: true}, entry
	case a != nil:
		return api.Said{Participant: applicant, Label: a.Organisation}, entry
	default:
		return api.Said{Label: label}, entry
	}
}

// History gives the segments with the revisions that they had, for those that
// the store still holds words of. The newest keeps its place at the end of each.
func (b *Book) History(segments []api.Segment) []api.Segment {
	var out []api.Segment
	err := b.hub.config.Sessions.Read(b.session, func(s *session.State) {
		for _, newest := range segments {
			fact := s.Transcript.Segments[newest.ID]
			if fact == nil || fact.Gone() {
				out = append(out, newest)
				continue
			}
			for _, r := range fact.Revisions {
				words, arrived := b.hub.config.Words(b.session, newest.ID, r.Digest)
				if !arrived || r.Rev >= newest.Rev {
					continue
				}
				earlier := newest
				earlier.Rev, earlier.Text, earlier.Words, earlier.ReceivedAt = r.Rev, words.Text, words.Words, r.At
				earlier.State, earlier.Edited = api.SegmentCorrected, r.Rev > 1
				if len(out) == 0 || out[len(out)-1].ID != newest.ID {
					earlier.State = api.SegmentFinal
				}
				out = append(out, earlier)
			}
			out = append(out, newest)
		}
	})
	if err != nil {
		return segments
	}
	return out
}
