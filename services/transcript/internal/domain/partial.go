package domain

import (
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// Said is when something is being said, and by whom.
type Said struct {
	Start, End, Now clock.Instant
	Time            events.TimeBasis
	Who             events.Attribution
}

// Partial judges what a source is writing as its final would be judged: it must
// have the track, with its present epoch, and is held by the language guard. A
// segment that was begun before the floor changed hands is to be ended first.
func Partial(s *session.State, by events.Actor, source ids.Source, epoch uint64, p Piece, now clock.Instant) (Said, error) {
	d := &deciding{s: s, t: &s.Transcript, r: &command.Request{Actor: by}, now: now, floor: s.FloorHistory()}
	if !s.Exists() {
		return Said{}, problem.New(problem.NotFound, "there is no session %s", s.ID).On("session")
	}
	from, err := d.writes(source, "", epoch)
	if err != nil {
		return Said{}, err
	}
	if err := d.open(true); err != nil {
		return Said{}, err
	}
	said := d.said(from, p)
	if language := s.Held(from, d.floor.At(said.End, said.End).Turn); language != "" {
		return Said{}, problem.New(problem.WrongState, "the source hears the floor and writes %s, and the turn is in %s: it is held", from.Language, language).On("source")
	}
	if d.floor.Changes(said.Start, said.End) {
		return Said{}, problem.New(problem.WrongState, "the floor changed hands since the segment was begun").On("segment").
			Try("send it as a final, and what follows as another segment")
	}
	return said, nil
}

// Opened says when and by whom a push source's open line is being said.
func Opened(s *session.State, source ids.Source, since, now clock.Instant) Said {
	d := &deciding{s: s, t: &s.Transcript, now: now, floor: s.FloorHistory()}
	return d.said(s.Transcript.Sources[source], Piece{Time: events.BySourceTime, Start: since})
}

func (d *deciding) said(from *session.CaptionSource, p Piece) Said {
	out := Said{Now: d.now, Time: p.Time}
	if out.Time == "" {
		out.Time = events.ByArrival
	}
	out.Start, out.End = d.spoken(from, p)
	p.Start, p.End = out.Start, out.End
	out.Who, _ = d.voice(p, d.lastOf(from))
	return out
}
