package domain

import (
	"fmt"
	"slices"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// caption writes a source's finals and its corrections of them.
func (d *deciding) caption() error {
	a, err := read[command.Caption](d)
	if err != nil {
		return err
	}
	s, err := d.writes(a.Source, a.Track, a.Epoch)
	if err != nil {
		return err
	}
	if err := d.open(true); err != nil {
		return err
	}
	if n := len(a.Segments); n == 0 || n > maxSegments {
		return problem.Field("args.segments", "there are %d segments, not 1 to %d", n, maxSegments).Try("send them in several commands")
	}
	for i, seg := range a.Segments {
		if err := d.checkSegment(fmt.Sprintf("args.segments[%d]", i), seg); err != nil {
			return err
		}
	}
	if d.prepared == nil {
		return problem.New(problem.Internal, "the words were not taken out")
	}
	return d.write(s, d.prepared.Pieces)
}

// checkSegment checks what a source says about a segment.
func (d *deciding) checkSegment(field string, a command.CaptionSegment) error {
	switch {
	case a.Segment.IsZero():
		return problem.Field(field+".segment", "the segment has no id").Try("make a UUIDv7 for each new segment")
	case a.Rev < 0:
		return problem.Field(field+".rev", "%d is no revision", a.Rev).Try("count from 1")
	case a.Confidence < 0 || a.Confidence > 1:
		return problem.Field(field+".confidence", "%g is not between 0 and 1", a.Confidence).Try("leave it out")
	}
	switch a.TimeBasis {
	case "", events.ByArrival:
		return nil
	case events.ByAudioTime, events.BySourceTime:
	default:
		return problem.Field(field+".time_basis", "%q is none of audio, source and arrival", clip(string(a.TimeBasis))).Try("leave it out")
	}
	switch {
	case a.Start.IsZero() || a.End < a.Start:
		return problem.Field(field+".start_ms", "the times %d to %d are no stretch of session time", a.Start, a.End).Try("send milliseconds since 1970 by the session's clock")
	case a.End > d.now.Add(aheadMS):
		return problem.Field(field+".end_ms", "%s lies in the future", a.End).Try("measure the offset to the server's clock")
	}
	return nil
}

// write makes facts of pieces. Pieces of a turn in another language than the
// source hears are left out; when nothing is left, the refusal says why.
func (d *deciding) write(s *session.CaptionSource, pieces []Piece) error {
	held := ""
	last := d.lastOf(s)
	for _, p := range pieces {
		if d.t.Segments[p.Segment] != nil {
			if err := d.rewrite(s, p); err != nil {
				return err
			}
			continue
		}
		if p.Gone {
			continue
		}
		p.Start, p.End = d.spoken(s, p)
		who, _ := d.voice(p, last)
		if language := d.s.Held(s, d.floor.At(p.Start, p.End).Turn); language != "" {
			held = language
			continue
		}
		last = &lastSaid{who: who, base: d.floor.At(p.Start, p.End)}
		d.written(s, p, who)
	}
	switch {
	case len(d.facts) > 0:
		return nil
	case held != "":
		return problem.New(problem.WrongState, "the source hears the floor and writes %s, and the turn is in %s: it is held", s.Language, held).
			On("args.source").Try("wait for a turn in its language, or let it hear the interpretation")
	}
	return problem.New(problem.Already, "nothing of it is new").Try("nothing needs to be done")
}

// written adds a new segment.
func (d *deciding) written(s *session.CaptionSource, p Piece, who events.Attribution) {
	t := d.t.Tracks[s.Track]
	basis := p.Time
	if basis == "" {
		basis = events.ByArrival
	}
	fact := &events.CaptionWritten{
		Track: s.Track, Seq: d.seq(s.Track), Segment: p.Segment, Rev: max(1, p.Rev), Digest: p.Digest, Source: s.Source,
		Start: p.Start, End: p.End, Time: basis, Speaker: who, Of: p.Of, Confidence: p.Confidence, Line: p.Line,
		CapturedAt: p.CapturedAt, Prepared: p.Sentence > 0, Sentence: p.Sentence,
	}
	fact.Epoch = d.epoch(s.Track)
	fact.Resumes = t != nil && !t.MissingSince.IsZero() && !d.wrote(s.Track)
	if !d.begun() {
		fact.Begins = d.begins(s, p, who)
	}
	d.add(fact)
}

// epoch gives a track's epoch after what was decided so far.
func (d *deciding) epoch(track string) uint64 {
	for _, e := range slices.Backward(d.facts) {
		if taken, ok := e.(*events.TrackTaken); ok && taken.Track == track {
			return taken.Epoch
		}
	}
	if t := d.t.Tracks[track]; t != nil {
		return t.Epoch
	}
	return 0
}

// begun reports whether this decision has a turn's first words already.
func (d *deciding) begun() bool {
	for _, e := range d.facts {
		if w, ok := e.(*events.CaptionWritten); ok && !w.Begins.IsZero() {
			return true
		}
	}
	return false
}

// wrote reports whether this decision has words for a track already.
func (d *deciding) wrote(track string) bool {
	for _, e := range d.facts {
		if w, ok := e.(*events.CaptionWritten); ok && w.Track == track {
			return true
		}
	}
	return false
}

// rewrite is a source's change of a segment that it wrote.
func (d *deciding) rewrite(s *session.CaptionSource, p Piece) error {
	seg := d.t.Segments[p.Segment]
	switch {
	case seg.Source != s.Source:
		return problem.New(problem.Reused, "the segment %s is another source's", p.Segment).On("args.segments").Try("make a UUIDv7 for each new segment; correct others' with the command correct")
	case seg.State == session.CaptionRedacted:
		// What was redacted is gone for its source too; what it does to it is nothing.
		return nil
	case p.Gone && seg.State == session.CaptionRetracted:
		return nil
	case p.Gone:
		d.add(&events.CaptionRetracted{Track: seg.Track, Seq: d.seq(seg.Track), Segment: seg.Segment})
		d.stale(seg)
		return nil
	case p.Line == 0 && p.Rev <= seg.Rev:
		// A final that came already, or one that an editor was quicker to correct.
		if p.Rev == seg.Rev && len(seg.Revisions) > 0 && seg.Revisions[len(seg.Revisions)-1].By == d.r.Actor.ID {
			return nil
		}
		return problem.New(problem.Stale, "the segment is at revision %d already", seg.Rev).On("args.segments").Try("look at its present text and correct that")
	}
	d.add(&events.CaptionCorrected{Track: seg.Track, Seq: d.seq(seg.Track), Segment: seg.Segment, Rev: seg.Rev + 1, Digest: p.Digest, Own: true})
	d.stale(seg)
	return nil
}

// stale marks the translations of a segment that was changed.
func (d *deciding) stale(seg *session.Segment) {
	for _, id := range seg.Translations {
		if t := d.t.Segments[id]; !t.Stale && !t.Gone() {
			d.add(&events.CaptionStaled{Track: t.Track, Seq: d.seq(t.Track), Segment: id})
		}
	}
}

// retract takes a segment back; its words are kept for those who edit.
func (d *deciding) retract() error {
	a, err := read[command.SegmentRef](d)
	if err != nil {
		return err
	}
	seg, err := d.segment(a.Segment, a.Rev)
	if err != nil {
		return err
	}
	if seg.State == session.CaptionRetracted {
		return problem.New(problem.Already, "the segment was taken back").On("args.segment").Try("nothing needs to be done")
	}
	d.add(&events.CaptionRetracted{Track: seg.Track, Seq: d.seq(seg.Track), Segment: seg.Segment})
	d.stale(seg)
	return nil
}

// correct gives a segment another text. The earlier ones are kept.
func (d *deciding) correct() error {
	a, err := read[command.Correct](d)
	if err != nil {
		return err
	}
	seg, err := d.segment(a.Segment, a.Rev)
	if err != nil {
		return err
	}
	return d.corrected(seg, ids.Correction{})
}

// corrected adds the next revision of a segment.
func (d *deciding) corrected(seg *session.Segment, request ids.Correction) error {
	if d.prepared == nil || d.prepared.Digest.IsZero() {
		return problem.New(problem.Internal, "the words were not taken out")
	}
	d.add(&events.CaptionCorrected{
		Track: seg.Track, Seq: d.seq(seg.Track), Segment: seg.Segment, Rev: seg.Rev + 1, Digest: d.prepared.Digest,
		Own: d.t.Sources[seg.Source].By == d.r.Actor.ID, Request: request,
	})
	d.stale(seg)
	d.cutTail(seg.Source)
	return nil
}

// cutTail says that words were taken out of a push source's tail: a backspace
// must not bring back what an editor changed.
func (d *deciding) cutTail(source ids.Source) {
	if tail, cut := d.prepared.Tails[source]; cut {
		d.add(&events.TailCut{Source: source, Tail: tail.Digest})
	}
}

// attribute says whose words a segment holds.
func (d *deciding) attribute() error {
	a, err := read[command.Attribute](d)
	if err != nil {
		return err
	}
	seg, err := d.segment(a.Segment, a.Rev)
	if err != nil {
		return err
	}
	to, given := events.Attribution{Basis: events.ByEditor, Turn: a.Turn, Applicant: a.Applicant, Chair: a.Chair}, 0
	if a.Chair {
		given++
	}
	if !a.Turn.IsZero() {
		given++
		if d.s.Queue.Turns[a.Turn] == nil {
			return problem.New(problem.NotFound, "there is no turn %s in this session", a.Turn).On("args.turn").Try("name one of its turns")
		}
	}
	if !a.Applicant.IsZero() {
		given++
		if d.s.Registry.Applicants[a.Applicant] == nil {
			return problem.New(problem.NotFound, "there is no applicant %s in this session", a.Applicant).On("args.applicant").Try("name one of its applicants")
		}
	}
	switch {
	case given != 1:
		return problem.Field("args.turn", "exactly one of turn, applicant and chair says whose words these are").Try("send one of them")
	case to == seg.Speaker:
		return problem.New(problem.Already, "the words are theirs already").On("args.segment").Try("nothing needs to be done")
	}
	d.add(&events.CaptionAttributed{Track: seg.Track, Seq: d.seq(seg.Track), Segment: seg.Segment, Speaker: to})
	return nil
}

// redact removes the words of a segment and of its translations.
func (d *deciding) redact() error {
	a, err := read[command.SegmentRef](d)
	if err != nil {
		return err
	}
	seg, err := d.segment(a.Segment, a.Rev)
	if err != nil {
		return err
	}
	if d.prepared == nil {
		return problem.New(problem.Internal, "the words were not taken out")
	}
	for _, one := range Redacts(d.s, seg.Segment) {
		s := d.t.Segments[one]
		d.add(&events.CaptionRedacted{Track: s.Track, Seq: d.seq(s.Track), Segment: one})
		d.cutTail(s.Source)
	}
	return nil
}

// Redacts lists what a redaction of a segment removes: the segment and all that
// was translated from it.
func Redacts(s *session.State, id ids.Segment) []ids.Segment {
	seg := s.Transcript.Segments[id]
	if seg == nil || seg.State == session.CaptionRedacted {
		return nil
	}
	all := []ids.Segment{id}
	for _, t := range seg.Translations {
		all = append(all, Redacts(s, t)...)
	}
	return all
}

// noteMissing notes that the floor is held and no captions come.
func (d *deciding) noteMissing() error {
	a, err := read[command.TrackRef](d)
	if err != nil {
		return err
	}
	due := d.s.MissingDue(a.Track)
	if due.IsZero() || d.now < due {
		return problem.New(problem.WrongState, "captions come, or nobody holds the floor").On("args.track")
	}
	d.add(&events.CaptionsMissing{Track: a.Track, Since: missingSince(due)})
	return nil
}

// missingSince is when the silence began that is noted at an instant.
func missingSince(due clock.Instant) clock.Instant { return due.Add(-session.MissingMS) }
