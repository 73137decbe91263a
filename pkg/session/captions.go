package session

import (
	"slices"
	"strings"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

const (
	// LeaseMS is how long a source keeps its track without a sign of life, in ms
	// of I/O time (decisions.md 7).
	LeaseMS = 60_000
	// MissingMS is how long the floor is held without captions before it is an
	// alarm, in ms (transcripts.md).
	MissingMS = 15_000
)

// hold is a stretch of session time and the turn whose words are spoken in it;
// without a turn they are the chair's.
type hold struct {
	from, to clock.Instant
	turn     ids.Turn
}

// FloorHistory says whose words were spoken when, by the history of the floor as
// it is known now: undone, reassigned and corrected turns included.
type FloorHistory struct{ holds []hold }

// FloorHistory gives the history of the floor. A turn has the words from its
// first one to its end, one that ended at its limit until the next begins; one
// that was undone keeps its own. What is spoken between turns, in a point of
// order, a pause or a suspension is the chair's.
func (s *State) FloorHistory() FloorHistory {
	turns := make([]*Turn, 0, len(s.Queue.TurnOrder))
	for _, id := range s.Queue.TurnOrder {
		if t := s.Queue.Turns[id]; !t.BegunAt.IsZero() {
			turns = append(turns, t)
		}
	}
	slices.SortStableFunc(turns, func(a, b *Turn) int { return int(a.BegunAt - b.BegunAt) })
	var h FloorHistory
	for i, t := range turns {
		to := forever
		switch {
		case t.How == events.AtLimit && !t.Void:
			// Nobody has said that they stopped: the next one's first word does.
			if i+1 < len(turns) {
				to = turns[i+1].BegunAt
			} else if s.Timing.Phase == Adjourned {
				to = max(t.EndedAt, s.Timing.AdjournedAt)
			}
		case !t.EndedAt.IsZero():
			to = t.EndedAt
		}
		h.paint(hold{t.BegunAt, to, t.ID})
	}
	for _, span := range s.Queue.PointSpans {
		h.interrupt(span)
	}
	for _, span := range s.Timing.Suspensions {
		h.interrupt(span)
	}
	for _, span := range s.Timing.Booth.Lost {
		h.interrupt(span)
	}
	for _, t := range turns {
		if clock := s.Timing.Turns[t.ID]; clock != nil {
			for _, span := range clock.Pauses {
				h.interrupt(span)
			}
		}
	}
	return h
}

// interrupt gives a stretch to the chair.
func (h *FloorHistory) interrupt(s Span) {
	piece := of(s)
	h.paint(hold{from: piece.from, to: piece.to})
}

// paint lays a stretch over what was there; what begins later covers.
func (h *FloorHistory) paint(over hold) {
	if over.to <= over.from {
		return
	}
	at := len(h.holds)
	for at > 0 && h.holds[at-1].to > over.from {
		at--
	}
	pieces := []hold{}
	end := at
	for ; end < len(h.holds) && h.holds[end].from < over.to; end++ {
		if p := h.holds[end]; p.from < over.from {
			pieces = append(pieces, hold{p.from, over.from, p.turn})
		}
	}
	pieces = append(pieces, over)
	if end > at {
		if p := h.holds[end-1]; p.to > over.to {
			pieces = append(pieces, hold{over.to, p.to, p.turn})
		}
	}
	h.holds = slices.Replace(h.holds, at, end, pieces...)
}

// At gives whose words were spoken from one instant to another: who had most of
// the time, and of two alike who was first. An empty stretch counts at its beginning.
func (h FloorHistory) At(from, to clock.Instant) events.Attribution {
	if to <= from {
		to = from + 1
	}
	first, _ := slices.BinarySearchFunc(h.holds, from, func(p hold, at clock.Instant) int {
		if p.to <= at {
			return -1
		}
		return 1
	})
	// The chair has what lies in no stretch.
	var most int64
	var whose ids.Turn
	have := map[ids.Turn]int64{}
	at := from
	count := func(turn ids.Turn, until clock.Instant) {
		if until > at {
			have[turn] += until.Sub(at)
			if have[turn] > most {
				most, whose = have[turn], turn
			}
			at = until
		}
	}
	for _, p := range h.holds[first:] {
		if p.from >= to {
			break
		}
		count(ids.Turn{}, min(p.from, to))
		count(p.turn, min(p.to, to))
	}
	count(ids.Turn{}, to)
	return events.Attribution{Basis: events.ByFloor, Turn: whose, Chair: whose.IsZero()}
}

// Changes reports whether the floor changed hands within (from, to].
func (h FloorHistory) Changes(from, to clock.Instant) bool {
	return to > from && h.At(from, from) != h.At(to, to)
}

// TurnLanguage is the language in which a turn is held, empty when nobody said.
func (s *State) TurnLanguage(id ids.Turn) string {
	t := s.Queue.Turns[id]
	if t == nil {
		return ""
	}
	e := s.Queue.Entries[t.Entry]
	if e == nil {
		return ""
	}
	if e.Language != "" {
		return e.Language
	}
	if a := s.Registry.Applicants[e.Applicant]; a != nil {
		return a.Language
	}
	return ""
}

// SameLanguage compares two BCP 47 tags by their language alone: en-GB is English.
func SameLanguage(a, b string) bool {
	base := func(tag string) string {
		tag, _, _ = strings.Cut(strings.ReplaceAll(tag, "_", "-"), "-")
		return strings.ToLower(tag)
	}
	return base(a) == base(b)
}

// Held gives the language for which a source is held while a turn lasts, empty
// when it is not: an English engine on French speech would put nonsense under
// somebody's name (transcripts.md, language guard).
func (s *State) Held(source *CaptionSource, turn ids.Turn) string {
	spoken := s.TurnLanguage(turn)
	if source == nil || source.Hears != events.HearsFloor || spoken == "" || SameLanguage(spoken, source.Language) {
		return ""
	}
	return spoken
}

// LeaseEnds is when a source's lease ends, in session time.
func (s *State) LeaseEnds(source *CaptionSource) clock.Instant {
	speed := s.Registry.Clock.SpeedPermille
	if speed == 0 {
		speed = 1000
	}
	return source.AliveAt.Add(LeaseMS * speed / 1000)
}

// The states of a track, as pages show them.
const (
	TrackIdle        = "idle"        // nobody writes it
	TrackLive        = "live"        // captions come
	TrackHeld        = "held"        // the turn is in another language than its source hears
	TrackInterrupted = "interrupted" // the floor is held and no captions come
)

// TrackState says how a track stands, and for one that is held the turn's language.
func (s *State) TrackState(track string) (state, because string) {
	t := s.Transcript.Tracks[track]
	if t == nil {
		return TrackIdle, ""
	}
	if held := s.Held(s.Transcript.Active(track), s.Queue.Turn); held != "" {
		return TrackHeld, held
	}
	if turn := s.Queue.Running(); turn != nil && !t.MissingSince.IsZero() && t.MissingSince >= turn.BegunAt {
		return TrackInterrupted, ""
	}
	if t.Source.IsZero() {
		return TrackIdle, ""
	}
	return TrackLive, ""
}

// MissingDue is when the silence of a track becomes an alarm: MissingMS after
// the last words, the turn's first one, or the end of its last pause. Zero when
// it cannot: the floor is free, not begun or paused, its source is held by the
// language guard, or the alarm was given.
func (s *State) MissingDue(track string) clock.Instant {
	t, turn := s.Transcript.Tracks[track], s.Queue.Running()
	if t == nil || turn == nil || turn.BegunAt.IsZero() || s.Timing.Phase != Running || s.Queue.Point != nil {
		return 0
	}
	since := max(turn.BegunAt, t.WordsAt, t.TakenAt)
	if clock := s.Timing.Turns[turn.ID]; clock != nil {
		if clock.Paused() != nil {
			return 0
		}
		for _, p := range clock.Pauses {
			since = max(since, p.To)
		}
	}
	for _, gap := range turn.Gaps {
		since = max(since, gap.To)
	}
	if state, _ := s.TrackState(track); state == TrackHeld || state == TrackInterrupted {
		return 0
	}
	return since.Add(MissingMS)
}

// Spoken gives the applicant whose words a segment holds, zero for the chair's
// and for those of somebody who is known by a label alone.
func (s *State) Spoken(a events.Attribution) (ids.Entry, ids.Applicant) {
	if t := s.Queue.Turns[a.Turn]; t != nil {
		if e := s.Queue.Entries[t.Entry]; e != nil {
			return e.ID, e.Applicant
		}
	}
	return ids.Entry{}, a.Applicant
}
