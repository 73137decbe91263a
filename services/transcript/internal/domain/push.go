package domain

import (
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/roster"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// StateOf is what the next post of a push source is folded onto.
func StateOf(s *session.CaptionSource) PushState { return PushState{Tail: s.Tail, PostSeq: s.PostSeq} }

// push takes one post. A number that came already does nothing; numbers that
// were left out are taken for lost, and noted.
func (d *deciding) push() error {
	a, err := read[command.Push](d)
	if err != nil {
		return err
	}
	if err := d.open(false); err != nil {
		return err
	}
	t := d.t.Tracks[""]
	if s := d.t.Sources[a.Source]; s != nil {
		t = d.t.Tracks[s.Track]
	}
	epoch := uint64(0)
	if t != nil {
		epoch = t.Epoch // a tool that posts to an address knows of no epoch; who has the track is asked all the same
	}
	s, err := d.writes(a.Source, "", epoch)
	if err != nil {
		return err
	}
	switch {
	case s.Kind != events.PushSource:
		return problem.Field("args.source", "the source is of kind %s", s.Kind).Try("open a source of kind push")
	case a.Seq < 0:
		return problem.Field("args.source_seq", "%d is no number of a post", a.Seq).Try("count from 0 or 1")
	case a.Seq <= s.PostSeq:
		return problem.New(problem.Already, "post %d came already; the last one is %d", a.Seq, s.PostSeq).On("args.source_seq").Try("go on with the next number")
	}
	if a.Language != "" {
		if tag, ok := roster.Language(a.Language); !ok || !session.SameLanguage(tag, s.Language) {
			return problem.Field("args.language", "the post is in %q and the source writes %s", clip(a.Language), s.Language).Try("use the address of the other language's source, or change the source's language")
		}
	}
	tail, err := d.tailOf(s)
	if err != nil {
		return err
	}
	taken := &events.PostTaken{Source: s.Source, PostSeq: a.Seq, Tail: tail.Digest, Open: d.opened(s, tail)}
	if s.PostSeq >= 0 {
		taken.Missing = a.Seq - s.PostSeq - 1
	}
	d.add(taken)
	// The post is taken even when the language guard holds its words back.
	if len(d.prepared.Pieces) == 0 {
		return nil
	}
	if err := d.write(s, d.prepared.Pieces); err != nil && len(d.facts) == 0 {
		return err
	}
	return nil
}

// tailOf gives the source's tail after the command, when what it rests on has
// not changed since it was prepared.
func (d *deciding) tailOf(s *session.CaptionSource) (Tail, error) {
	if d.prepared == nil {
		return Tail{}, problem.New(problem.Internal, "the words were not taken out")
	}
	tail, ok := d.prepared.Tails[s.Source]
	if !ok || d.prepared.Seen != StateOf(s) {
		p := problem.New(problem.Busy, "another post came in between").Try("send the same command with the same id again")
		p.RetryAfterMS = 5
		return Tail{}, p
	}
	return tail, nil
}

// opened is when the line that is open after the command was begun, zero when none is.
func (d *deciding) opened(s *session.CaptionSource, tail Tail) clock.Instant {
	switch {
	case !tail.Open:
		return 0
	case s.Open.IsZero() || len(d.prepared.Pieces) > 0:
		return d.now
	default:
		return s.Open
	}
}

// endLine ends the open line of a push source that nobody goes on with. It may be
// one that has lost its track since: what was acknowledged is not lost.
func (d *deciding) endLine() error {
	a, err := read[command.SourceRef](d)
	if err != nil {
		return err
	}
	s, ok := d.t.Sources[a.Source]
	if !ok || s.Open.IsZero() {
		return problem.New(problem.WrongState, "no line is open").On("args.source")
	}
	tail, err := d.tailOf(s)
	if err != nil {
		return err
	}
	d.add(&events.PostTaken{Source: s.Source, Tail: tail.Digest})
	for _, p := range d.prepared.Pieces {
		if d.t.Segments[p.Segment] != nil {
			if err := d.rewrite(s, p); err != nil {
				return err
			}
			continue
		}
		p.Start, p.End = d.spoken(s, p)
		who, _ := d.voice(p, d.lastOf(s))
		d.written(s, p, who)
	}
	return nil
}
