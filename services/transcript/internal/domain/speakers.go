package domain

import (
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// Voices says, before the decision and by the same rules, whose words pieces of
// a source hold, so that the service can keep a name that nobody of the session
// has with the words. inherited is set for a piece that goes on with the speaker
// of the segment before it.
func Voices(s *session.State, source ids.Source, pieces []Piece, now clock.Instant) (all []events.Attribution, inherited []bool) {
	from := s.Transcript.Sources[source]
	if from == nil {
		return make([]events.Attribution, len(pieces)), make([]bool, len(pieces))
	}
	d := &deciding{s: s, t: &s.Transcript, now: now, floor: s.FloorHistory()}
	last := d.lastOf(from)
	for _, p := range pieces {
		p.Start, p.End = d.spoken(from, p)
		who, goesOn := d.voice(p, last)
		all, inherited = append(all, who), append(inherited, goesOn)
		last = &lastSaid{who: who, base: d.floor.At(p.Start, p.End)}
	}
	return all, inherited
}

// lastSaid is what a source wrote before: whose it was, and whose it would be by
// the floor alone.
type lastSaid struct{ who, base events.Attribution }

// lastOf gives what a source wrote last, or nil.
func (d *deciding) lastOf(s *session.CaptionSource) *lastSaid {
	if last := d.t.Segments[s.Last]; last != nil {
		return &lastSaid{who: last.Speaker, base: d.floor.At(last.Start, last.End)}
	}
	return nil
}

// spoken gives when a piece was spoken: by audio times as they are, otherwise
// when it was written or came, less the source's latency.
func (d *deciding) spoken(s *session.CaptionSource, p Piece) (from, to clock.Instant) {
	from, to = p.Start, p.End
	if to.IsZero() {
		to = d.now
	}
	switch p.Time {
	case events.ByAudioTime:
	case events.BySourceTime:
		from, to = from.Add(-s.LatencyMS), to.Add(-s.LatencyMS)
	default:
		from, to = d.now.Add(-s.LatencyMS), d.now.Add(-s.LatencyMS)
	}
	// Nothing was said before the session, or is said after now.
	from = min(max(from, d.s.Timing.StartedAt), d.now)
	return from, min(max(to, from), d.now)
}

// voice says whose words a piece holds: the name in its mark, the next speaker
// after a bare mark, who was marked before while the floor is with the same, or
// who had the floor.
func (d *deciding) voice(p Piece, last *lastSaid) (who events.Attribution, goesOn bool) {
	base := d.floor.At(p.Start, p.End)
	switch {
	case p.Named:
		return d.named(p.Who, base), false
	case p.Change:
		return d.next(base, last), false
	case last != nil && last.who.Basis == events.ByChevron && last.base == base:
		return last.who, true
	default:
		return base, false
	}
}

// named gives the turn of a named speaker where they have one: the one that the
// floor is with, or else the last one they were given.
func (d *deciding) named(who, base events.Attribution) events.Attribution {
	who.Basis = events.ByChevron
	if who.Applicant.IsZero() {
		return who
	}
	if d.speaksIn(base.Turn, who.Applicant) {
		return events.Attribution{Basis: events.ByChevron, Turn: base.Turn}
	}
	if d.speaksIn(d.s.Queue.Turn, who.Applicant) {
		return events.Attribution{Basis: events.ByChevron, Turn: d.s.Queue.Turn}
	}
	return who
}

// speaksIn reports whether a turn is an applicant's, alone or with others.
func (d *deciding) speaksIn(turn ids.Turn, applicant ids.Applicant) bool {
	t := d.s.Queue.Turns[turn]
	if t == nil {
		return false
	}
	e := d.s.Queue.Entries[t.Entry]
	if e == nil {
		return false
	}
	if e.Applicant == applicant {
		return true
	}
	for _, id := range e.Members {
		if m := d.s.Queue.Entries[id]; m != nil && m.Applicant == applicant {
			return true
		}
	}
	return false
}

// next gives the speaker after a bare mark. Where the floor has moved on by the
// clock, the mark only says so. Otherwise the captioner is ahead of it: after the
// chair comes who was called, after a turn the one that follows it, and the chair
// when none does.
func (d *deciding) next(base events.Attribution, last *lastSaid) events.Attribution {
	to := func(turn ids.Turn) events.Attribution {
		return events.Attribution{Basis: events.ByChevron, Turn: turn, Chair: turn.IsZero()}
	}
	before := events.Attribution{Basis: events.ByFloor, Chair: true}
	if last != nil {
		before = last.who
	}
	if before.Turn != base.Turn && !base.Turn.IsZero() {
		return to(base.Turn)
	}
	if before.Turn.IsZero() {
		// Who was called, or who holds the floor that the chair interrupted.
		return to(d.s.Queue.Turn)
	}
	order := d.s.Queue.TurnOrder
	for i, id := range order {
		if id != before.Turn {
			continue
		}
		for _, following := range order[i+1:] {
			if t := d.s.Queue.Turns[following]; !t.Void {
				return to(following)
			}
		}
	}
	return to(ids.Turn{})
}

// begins gives the called turn whose first words a piece holds, zero for none. A
// mark, a name or the speaker's own script says so; plain words do when they came
// so long after the call that they are no longer the call itself.
func (d *deciding) begins(s *session.CaptionSource, p Piece, who events.Attribution) ids.Turn {
	t := d.s.Queue.Running()
	switch {
	case t == nil || !t.BegunAt.IsZero() || d.s.Timing.Phase != session.Running || d.s.Queue.Point != nil || d.s.Held(s, t.ID) != "":
		return ids.Turn{}
	case who.Turn == t.ID:
		// The captioner says so, who may be quicker than their latency is set to.
		return t.ID
	case who.Basis == events.ByFloor && who.Chair && p.Start >= t.GivenAt.Add(callTailMS):
		return t.ID
	}
	return ids.Turn{}
}

// followFloor attributes anew what the floor's history, as it is known now, gives
// to somebody else.
func (d *deciding) followFloor() error {
	for _, move := range moved(d.s, d.floor) {
		seg := d.t.Segments[move.segment]
		d.add(&events.CaptionAttributed{Track: seg.Track, Seq: d.seq(seg.Track), Segment: seg.Segment, Speaker: move.to})
	}
	if len(d.facts) == 0 {
		return problem.New(problem.WrongState, "every segment is with its speaker")
	}
	return nil
}

// move is a segment whose speaker is another by the floor's history.
type move struct {
	segment ids.Segment
	to      events.Attribution
}

// moved lists them, in the order of the tracks and of writing.
func moved(s *session.State, floor session.FloorHistory) []move {
	var all []move
	for _, tag := range s.Transcript.TrackOrder {
		for _, step := range s.Transcript.Tracks[tag].Steps {
			if step.Type != captionWritten {
				continue
			}
			seg := s.Transcript.Segments[step.Segment]
			if seg.Speaker.Basis != events.ByFloor || seg.State == session.CaptionRedacted {
				continue
			}
			if to := floor.At(seg.Start, seg.End); to != seg.Speaker {
				all = append(all, move{seg.Segment, to})
			}
		}
	}
	return all
}

var captionWritten = (&events.CaptionWritten{}).Type()
