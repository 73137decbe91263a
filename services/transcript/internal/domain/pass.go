package domain

import (
	"fmt"
	"slices"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// ScriptID is the source of a statement text that is passed in a turn.
func ScriptID(turn ids.Turn, text ids.Text) ids.Source {
	return ids.Named[ids.Source](turn, "script/"+text.String())
}

// SentenceID is the segment of a sentence of a text, by its number from 1.
func SentenceID(turn ids.Turn, text ids.Text, sentence int64) ids.Segment {
	return ids.Named[ids.Segment](turn, fmt.Sprintf("sentence/%s/%d", text, sentence))
}

// Translations gives the texts that are filed for the same applicant and part as
// one in other languages, the latest of each, in the order of filing.
func Translations(s *session.State, text ids.Text) []*session.Text {
	original, ok := s.Registry.Texts[text]
	if !ok {
		return nil
	}
	var all []*session.Text
	for _, id := range s.Registry.TextOrder {
		t := s.Registry.Texts[id]
		if t.Applicant != original.Applicant || t.Part != original.Part || session.SameLanguage(t.Language, original.Language) {
			continue
		}
		all = slices.DeleteFunc(all, func(o *session.Text) bool { return session.SameLanguage(o.Language, t.Language) })
		all = append(all, t)
	}
	return all
}

// Passable refuses a pass that may not be: of a text that is not the holder's, by
// somebody else than its owner or those who write captions, before the call.
func Passable(s *session.State, r *command.Request, a command.Pass) error {
	turn := s.Queue.Turns[a.Turn]
	text, filed := s.Registry.Texts[a.Text]
	switch {
	case turn == nil:
		return problem.New(problem.NotFound, "there is no turn %s in this session", a.Turn).On("args.turn").Try("name the turn that has the floor")
	case s.Queue.Turn != a.Turn:
		return problem.New(problem.Stale, "the turn does not have the floor").On("args.turn").Try("wait until you are called")
	case !filed:
		return problem.New(problem.NotFound, "there is no text %s in this session", a.Text).On("args.text").Try("file the statement first")
	case len(a.Sentences) == 0 && len(a.Skipped) == 0:
		return problem.Field("args.sentences", "nothing is passed").Try("send the numbers of sentences, from 1")
	case len(a.Sentences) > maxSegments:
		return problem.Field("args.sentences", "there are %d sentences, more than %d", len(a.Sentences), maxSegments).Try("pass them as they are spoken")
	}
	d := &deciding{s: s, t: &s.Transcript, r: r}
	if !d.speaksIn(a.Turn, text.Applicant) {
		return problem.New(problem.Forbidden, "the text is not the holder's").On("args.text").Try("pass the text of whoever has the floor")
	}
	if !d.editor() && !r.Actor.Has(events.Interpreter) && r.Actor.Applicant != text.Applicant {
		return problem.New(problem.Forbidden, "this is another organisation's statement").On("args.text").Try("pass your own")
	}
	return nil
}

// pass publishes sentences of the holder's statement on the tracks that a script
// may write: those that nobody writes, or a machine. What a captioner writes wins.
func (d *deciding) pass() error {
	a, err := read[command.Pass](d)
	if err != nil {
		return err
	}
	if err := d.open(false); err != nil {
		return err
	}
	if err := Passable(d.s, d.r, a); err != nil {
		return err
	}
	if d.prepared == nil {
		return problem.New(problem.Internal, "the words were not read")
	}
	passed := &events.SentencesPassed{Turn: a.Turn, Text: a.Text}
	already := d.t.Passed[a.Turn]
	for _, n := range a.Sentences {
		if already == nil || already.Text != a.Text || !slices.Contains(already.Sentences, n) {
			passed.Sentences = append(passed.Sentences, n)
		}
	}
	for _, n := range a.Skipped {
		if already == nil || already.Text != a.Text || !slices.Contains(already.Skipped, n) {
			passed.Skipped = append(passed.Skipped, n)
		}
	}
	if len(passed.Sentences) == 0 && len(passed.Skipped) == 0 {
		return problem.New(problem.Already, "all of it was passed").On("args.sentences").Try("go on with the next sentence")
	}
	open, refused := map[string]*session.CaptionSource{}, 0
	for _, p := range d.prepared.Pieces {
		if d.t.Segments[p.Segment] != nil || !slices.Contains(passed.Sentences, p.Sentence) && p.Of == nil {
			continue
		}
		s, tried := open[p.Track]
		if !tried {
			s = d.script(a.Turn, p)
			open[p.Track] = s
		}
		if s == nil {
			refused++
			continue
		}
		if p.Of != nil && d.t.Segments[p.Of.Segment] == nil && !d.adds(p.Of.Segment) {
			p.Of = nil // the original's track is a captioner's: there is no such segment
		}
		p.Start, p.End, p.Time = d.now, d.now, events.ByArrival
		d.written(s, p, events.Attribution{Basis: events.BySource, Turn: a.Turn})
	}
	if refused > 0 && len(d.facts) == 0 {
		return problem.New(problem.WrongState, "a captioner writes the track: what is spoken wins").On("args.turn").
			Try("go on speaking; ask the captioner to release the track if the text should be shown")
	}
	d.add(passed)
	return nil
}

// adds reports whether this decision writes a segment.
func (d *deciding) adds(id ids.Segment) bool {
	for _, e := range d.facts {
		if w, ok := e.(*events.CaptionWritten); ok && w.Segment == id {
			return true
		}
	}
	return false
}

// script gives the script's source for a piece's track with the track in its
// hands, or nil when it may not have it.
func (d *deciding) script(turn ids.Turn, p Piece) *session.CaptionSource {
	id := ScriptID(turn, p.Text)
	if s := d.t.Sources[id]; s != nil {
		t := d.t.Tracks[s.Track]
		if t.Source == id {
			return s
		}
		if active := d.t.Sources[t.Source]; s.Closed || !d.gone(active) && active.Rank >= s.Rank {
			return nil
		}
		d.add(&events.TrackTaken{Track: t.Tag, Source: id, From: t.Source, Epoch: t.Epoch + 1, How: events.TakenFree})
		return s
	}
	opened := &events.SourceOpened{
		Source: id, Track: p.Track, Kind: events.ScriptSource, Language: p.Language, Rank: events.ScriptSource.Rank(), Turn: turn,
	}
	if t := d.t.Tracks[p.Track]; t == nil && len(d.t.TrackOrder) >= maxTracks {
		return nil
	}
	before := len(d.facts)
	d.add(opened)
	if !d.claim(opened) {
		d.facts = d.facts[:before]
		return nil
	}
	return &session.CaptionSource{SourceOpened: *opened}
}
