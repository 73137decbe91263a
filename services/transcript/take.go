package transcript

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/fairfloor/fairfloor/pkg/captions"
	"github.com/fairfloor/fairfloor/pkg/captions/relay"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/forget"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/words"
	"github.com/fairfloor/fairfloor/services/transcript/internal/domain"
)

// takeCaption takes the words of finals.
func takeCaption(s *Service, r *command.Request) (any, func(*session.State) (*work, error), error) {
	var a command.Caption
	if err := r.Read(&a); err != nil {
		return nil, nil, err
	}
	said := make([]command.CaptionSegment, len(a.Segments))
	copy(said, a.Segments)
	for i := range a.Segments {
		raw, err := json.Marshal([]any{said[i].Text, said[i].Words})
		if err != nil {
			return nil, nil, err
		}
		a.Segments[i].Text, a.Segments[i].Words, a.Segments[i].Fingerprint = "", nil, s.fingerprint(r.Session, raw)
	}
	return a, func(state *session.State) (*work, error) {
		w := &work{prepared: &domain.Prepared{}}
		var written []written
		for i, seg := range said {
			pieces, err := s.cut(state, seg)
			if err != nil {
				return nil, at(fmt.Sprintf("segments[%d]", i), err)
			}
			written = append(written, pieces...)
		}
		s.voices(state, a.Source, written, w)
		return w, nil
	}, nil
}

// at puts a refusal under a field of the arguments.
func at(field string, err error) error {
	p := problem.From(err)
	moved := *p
	moved.Field = strings.TrimSuffix("args."+field+"."+p.Field, ".")
	return &moved
}

// written is a piece on its way with its words.
type written struct {
	domain.Piece
	words words.Caption
	name  string
}

// cut makes pieces of a final: one for each speaker that its marks or, where the
// words have their times in the sound, the floor's history tell apart.
func (s *Service) cut(state *session.State, seg command.CaptionSegment) ([]written, error) {
	base := domain.Piece{
		Segment: seg.Segment, Rev: seg.Rev, Start: seg.Start, End: seg.End, Time: seg.TimeBasis,
		Confidence: int64(seg.Confidence * 1000), Of: seg.Of, CapturedAt: seg.CapturedAt,
	}
	timed := make([]words.Word, 0, len(seg.Words))
	for _, word := range seg.Words {
		timed = append(timed, words.Word(word))
	}
	if state.Transcript.Segments[seg.Segment] != nil {
		base.Gone = strings.TrimSpace(seg.Text) == ""
		return []written{{Piece: base, words: words.Caption{Text: strings.TrimSpace(seg.Text), Words: timed}}}, nil
	}
	said := captions.Speakers(seg.Text)
	if len(said) == 1 && !said[0].Change && base.Time == events.ByAudioTime && len(timed) > 0 {
		return byFloor(state.FloorHistory(), base, seg.Text, timed), nil
	}
	all := pieces(state, base, said, func(name string) events.Attribution { return s.who(state, name) })
	if len(all) == 0 {
		return nil, problem.Field("text", "the text is empty").Try("send what was said")
	}
	if len(all) == 1 {
		all[0].words.Words = timed
	}
	return all, nil
}

// pieces makes a piece of each speaker's words. The first keeps the segment's id,
// the others have ids that follow from it.
func pieces(_ *session.State, base domain.Piece, said []captions.Said, who func(string) events.Attribution) []written {
	var all []written
	changed := false
	for _, one := range said {
		changed = changed || one.Change
		if one.Text == "" {
			continue // the mark stands for what follows
		}
		p := base
		p.Segment = partID(base.Segment, len(all))
		p.Change, p.Named = changed, one.Name != ""
		if p.Named {
			p.Who = who(one.Name)
		}
		changed = false
		all = append(all, written{Piece: p, words: words.Caption{Text: one.Text}, name: one.Name})
	}
	return all
}

// partID is the id of the n-th part of a final, from 0.
func partID(segment ids.Segment, n int) ids.Segment {
	if n == 0 {
		return segment
	}
	return ids.Named[ids.Segment](segment, fmt.Sprintf("part/%d", n))
}

// byFloor cuts a final at the words between which the floor changed hands.
func byFloor(floor session.FloorHistory, base domain.Piece, text string, timed []words.Word) []written {
	var groups [][]words.Word
	for i, word := range timed {
		if i == 0 || floor.At(word.Start, word.End) != floor.At(timed[i-1].Start, timed[i-1].End) {
			groups = append(groups, nil)
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], word)
	}
	if len(groups) == 1 {
		return []written{{Piece: base, words: words.Caption{Text: strings.TrimSpace(text), Words: timed}}}
	}
	all := make([]written, 0, len(groups))
	for i, group := range groups {
		p := base
		p.Segment, p.Start, p.End = partID(base.Segment, i), group[0].Start, group[len(group)-1].End
		spoken := make([]string, 0, len(group))
		for _, word := range group {
			spoken = append(spoken, word.Text)
		}
		all = append(all, written{Piece: p, words: words.Caption{Text: strings.Join(spoken, " "), Words: group}})
	}
	return all
}

// voices gives each piece the label that its words need, when nobody of the
// session has the name, and adds the pieces to the work.
func (s *Service) voices(state *session.State, source ids.Source, all []written, w *work) {
	bare := make([]domain.Piece, 0, len(all))
	for _, one := range all {
		bare = append(bare, one.Piece)
	}
	who, inherited := domain.Voices(state, source, bare, max(state.Clock().Session(s.clock.Now()), state.At))
	label := ""
	if from := state.Transcript.Sources[source]; from != nil {
		if last := state.Transcript.Segments[from.Last]; last != nil {
			before, _ := words.Revision(s.words, state.ID, last.Segment, last.Digest)
			label = before.Label
		}
	}
	first := len(w.prepared.Pieces)
	for i, one := range all {
		switch {
		case one.name != "":
			label = one.name
		case !inherited[i]:
			label = ""
		}
		if nobody := who[i]; nobody.Turn.IsZero() && nobody.Applicant.IsZero() && !nobody.Chair {
			all[i].words.Label = label
		}
		w.prepared.Pieces = append(w.prepared.Pieces, one.Piece)
	}
	for i, one := range all {
		if p := &w.prepared.Pieces[first+i]; !p.Gone {
			w.keep(words.CaptionKey(state.ID, p.Segment), one.words, func(d events.Hash) { p.Digest = d })
		}
	}
}

// takeCorrect takes the text of a correction or of a wish for one.
func takeCorrect(s *Service, r *command.Request) (any, func(*session.State) (*work, error), error) {
	var a command.Correct
	if err := r.Read(&a); err != nil {
		return nil, nil, err
	}
	text := strings.TrimSpace(a.Text)
	a.Text, a.Fingerprint = "", s.fingerprint(r.Session, []byte(text))
	return a, func(state *session.State) (*work, error) {
		w := &work{prepared: &domain.Prepared{}}
		set := func(d events.Hash) { w.prepared.Digest = d }
		if r.Verb == "request_correction" {
			w.keep(words.WishKey(state.ID, domain.CorrectionID(r.ID)), words.Wish{Text: text}, set)
			return w, nil
		}
		return w, s.revise(state, w, a.Segment, text)
	}, nil
}

// revise keeps another text of a segment, with the label that it had, and takes
// the old one out of the reach of its source's backspaces.
func (s *Service) revise(state *session.State, w *work, segment ids.Segment, text string) error {
	next := words.Caption{Text: text}
	if seg := state.Transcript.Segments[segment]; seg != nil {
		before, _ := words.Revision(s.words, state.ID, segment, seg.Digest)
		next.Label = before.Label
		if err := s.cutTails(state, w, segment); err != nil {
			return err
		}
	}
	w.keep(words.CaptionKey(state.ID, segment), next, func(d events.Hash) { w.prepared.Digest = d })
	return nil
}

// takeAnswer reads the text of an accepted wish.
func takeAnswer(s *Service, r *command.Request) (any, func(*session.State) (*work, error), error) {
	var a command.AnswerCorrection
	if err := r.Read(&a); err != nil {
		return nil, nil, err
	}
	return a, func(state *session.State) (*work, error) {
		w := &work{prepared: &domain.Prepared{}}
		request := state.Transcript.Requests[a.Request]
		if request == nil || !a.Accept {
			return w, nil
		}
		wish, kept := forget.Lookup[words.Wish](s.words, words.WishKey(state.ID, a.Request), request.Digest)
		switch kept {
		case forget.Missing:
			return nil, behind()
		case forget.Erased:
			return nil, problem.New(problem.WrongState, "the words of the request were removed").On("args.request").Try("decline it")
		}
		return w, s.revise(state, w, request.Segment, wish.Text)
	}, nil
}

// behind says that the copy of the store has not caught up with the log.
func behind() error {
	p := problem.New(problem.Busy, "the words have not arrived yet").Try("send the same command with the same id again")
	p.RetryAfterMS = 20
	return p
}

// takeRedaction takes the words out of what sources can still change.
func takeRedaction(s *Service, r *command.Request) (any, func(*session.State) (*work, error), error) {
	var a command.SegmentRef
	if err := r.Read(&a); err != nil {
		return nil, nil, err
	}
	return a, func(state *session.State) (*work, error) {
		w := &work{prepared: &domain.Prepared{}}
		return w, s.cutTails(state, w, domain.Redacts(state, a.Segment)...)
	}, nil
}

// takeGlossary takes the terms of a glossary.
func takeGlossary(s *Service, r *command.Request) (any, func(*session.State) (*work, error), error) {
	var a command.SetGlossary
	if err := r.Read(&a); err != nil {
		return nil, nil, err
	}
	raw, err := json.Marshal(a.Terms)
	if err != nil {
		return nil, nil, err
	}
	list := words.Glossary{Terms: a.Terms}
	a.Terms, a.Fingerprint = nil, s.fingerprint(r.Session, raw)
	return a, func(state *session.State) (*work, error) {
		w := &work{prepared: &domain.Prepared{Terms: int64(len(list.Terms))}}
		w.keep(words.GlossaryKey(state.ID), list, func(d events.Hash) { w.prepared.Digest = d })
		return w, nil
	}, nil
}

// takeRelay takes the address of a relay, when the operator allows its host.
func takeRelay(s *Service, r *command.Request) (any, func(*session.State) (*work, error), error) {
	var a command.AddRelay
	if err := r.Read(&a); err != nil {
		return nil, nil, err
	}
	target, err := s.allow.Target(relay.Form(a.Form), a.URL)
	if err != nil {
		return nil, nil, under(err)
	}
	url := strings.TrimSpace(a.URL)
	a.URL, a.Fingerprint = "", s.fingerprint(r.Session, []byte(url))
	return a, func(state *session.State) (*work, error) {
		w := &work{prepared: &domain.Prepared{Host: target.Host()}}
		w.keep(words.RelayKey(state.ID, domain.RelayID(r.ID)), words.Relay{URL: url}, func(d events.Hash) { w.prepared.Digest = d })
		return w, nil
	}, nil
}
