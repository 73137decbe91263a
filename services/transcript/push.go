package transcript

import (
	"strconv"

	"github.com/fairfloor/fairfloor/pkg/captions"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/forget"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/words"
	"github.com/fairfloor/fairfloor/services/transcript/internal/domain"
)

// takePost takes the words of a post. They are folded onto the source's tail, and
// a line that was open when the floor changed hands is ended before them.
func takePost(s *Service, r *command.Request) (any, func(*session.State) (*work, error), error) {
	var a command.Push
	if err := r.Read(&a); err != nil {
		return nil, nil, err
	}
	body, err := a.Post()
	if err != nil {
		return nil, nil, err
	}
	a.Body, a.Packed, a.Fingerprint = "", nil, s.fingerprint(r.Session, body)
	return a, func(state *session.State) (*work, error) {
		return s.fold(state, a.Source, body, false)
	}, nil
}

// takeEnd ends the open line of a source.
func takeEnd(s *Service, r *command.Request) (any, func(*session.State) (*work, error), error) {
	var a command.SourceRef
	if err := r.Read(&a); err != nil {
		return nil, nil, err
	}
	return a, func(state *session.State) (*work, error) {
		return s.fold(state, a.Source, nil, true)
	}, nil
}

// tail reads what a push source may still change.
func (s *Service) tail(state *session.State, source *session.CaptionSource) (words.Tail, error) {
	if source.Tail.IsZero() {
		return words.Tail{}, nil
	}
	tail, kept := forget.Lookup[words.Tail](s.words, words.TailKey(state.ID, source.Source), source.Tail)
	if kept != forget.Kept {
		return tail, behind()
	}
	return tail, nil
}

// fold folds a post onto a source's tail, or ends its open line.
func (s *Service) fold(state *session.State, id ids.Source, body []byte, end bool) (*work, error) {
	w := &work{prepared: &domain.Prepared{Tails: map[ids.Source]domain.Tail{}}}
	source := state.Transcript.Sources[id]
	if source == nil {
		return w, nil // the decision says so
	}
	w.prepared.Seen = domain.StateOf(source)
	tail, err := s.tail(state, source)
	if err != nil {
		return nil, err
	}
	now := max(state.Clock().Session(s.clock.Now()), state.At)
	var lines []captions.Line
	was, _ := tail.Running()
	ended := false
	moved := state.FloorHistory().Changes(source.Open.Add(-source.LatencyMS), now.Add(-source.LatencyMS))
	if end || !source.Open.IsZero() && moved {
		var pushed captions.Pushed
		tail.Tail, pushed = tail.End()
		lines, ended = pushed.Lines, true
	}
	if !end {
		next, pushed, err := tail.Push(body)
		if err != nil {
			return nil, under(err)
		}
		tail.Tail = next
		lines = merge(lines, pushed.Lines)
	}
	var all []written
	for _, line := range lines {
		all = append(all, s.line(state, source, line, line.Number == was.Number, ended)...)
	}
	s.voices(state, id, all, w)
	s.putTail(state, w, id, tail)
	return w, nil
}

// merge joins what two steps did to lines: the later text, and a line that became
// final in the first and was changed in the second is still new.
func merge(first, second []captions.Line) []captions.Line {
	all := append([]captions.Line(nil), first...)
	for _, line := range second {
		known := false
		for i := range all {
			if all[i].Number != line.Number {
				continue
			}
			known = true
			was := all[i].Change
			all[i] = line
			if was == captions.Final && line.Change == captions.Corrected {
				all[i].Change = captions.Final
			}
		}
		if !known {
			all = append(all, line)
		}
	}
	return all
}

// putTail keeps a source's tail.
func (s *Service) putTail(state *session.State, w *work, id ids.Source, tail words.Tail) {
	_, open := tail.Running()
	if w.prepared.Tails == nil {
		w.prepared.Tails = map[ids.Source]domain.Tail{}
	}
	w.keep(words.TailKey(state.ID, id), tail, func(d events.Hash) {
		w.prepared.Tails[id] = domain.Tail{Digest: d, Open: open}
	})
}

// lineID is the segment of a line of a push source.
func lineID(source ids.Source, number int64) ids.Segment {
	return ids.Named[ids.Segment](source, "line/"+strconv.FormatInt(number, 10))
}

// line makes pieces of what became of a line. A line that was final before may
// have been cut in others than it is now.
func (s *Service) line(state *session.State, source *session.CaptionSource, line captions.Line, open, ended bool) []written {
	if line.Change == captions.Open {
		return nil // shown as a partial, kept in the tail
	}
	base := domain.Piece{Segment: lineID(source.Source, line.Number), Line: line.Number}
	if open && !source.Open.IsZero() {
		base.Time, base.Start = events.BySourceTime, source.Open
		if ended {
			base.End = max(source.Open, source.AliveAt)
		}
	}
	var said []captions.Said
	if line.Change != captions.Retracted {
		said = captions.Speakers(line.Text)
	}
	all := pieces(state, base, said, func(name string) events.Attribution { return s.who(state, name) })
	for n := len(all); ; n++ {
		id := partID(base.Segment, n)
		if state.Transcript.Segments[id] == nil {
			break
		}
		gone := base
		gone.Segment, gone.Gone = id, true
		all = append(all, written{Piece: gone})
	}
	changed := all[:0]
	for _, one := range all {
		if before := state.Transcript.Segments[one.Segment]; before != nil && !one.Gone {
			kept, _ := words.Revision(s.words, state.ID, one.Segment, before.Digest)
			if kept.Text == one.words.Text && !before.Gone() {
				continue
			}
		}
		changed = append(changed, one)
	}
	return changed
}

// cutTails takes segments' lines out of the tails of their sources.
func (s *Service) cutTails(state *session.State, w *work, segments ...ids.Segment) error {
	tails := map[ids.Source]words.Tail{}
	var order []ids.Source
	for _, id := range segments {
		seg := state.Transcript.Segments[id]
		if seg == nil || seg.Line == 0 {
			continue
		}
		source := state.Transcript.Sources[seg.Source]
		tail, read := tails[source.Source]
		if !read {
			if source.Tail.IsZero() {
				continue
			}
			var err error
			if tail, err = s.tail(state, source); err != nil {
				return err
			}
			order = append(order, source.Source)
		}
		tail.Tail = tail.Forget(seg.Line)
		tails[source.Source] = tail
	}
	for _, id := range order {
		s.putTail(state, w, id, tails[id])
	}
	return nil
}

// running gives the line that a push source has open, for showing.
func (s *Service) running(state *session.State, source *session.CaptionSource) (id ids.Segment, text string, since clock.Instant) {
	tail, err := s.tail(state, source)
	if err != nil {
		return ids.Segment{}, "", 0
	}
	line, open := tail.Running()
	if !open || line.Change != captions.Open {
		return ids.Segment{}, "", 0
	}
	return lineID(source.Source, line.Number), line.Text, source.Open
}
