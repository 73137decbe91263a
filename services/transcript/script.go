package transcript

import (
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/people"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/script"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/words"
	"github.com/fairfloor/fairfloor/services/transcript/internal/domain"
)

// takePass reads the sentences that are passed out of the filed statement, and
// those of its translations that belong to them.
func takePass(s *Service, r *command.Request) (any, func(*session.State) (*work, error), error) {
	var a command.Pass
	if err := r.Read(&a); err != nil {
		return nil, nil, err
	}
	return a, func(state *session.State) (*work, error) {
		w := &work{prepared: &domain.Prepared{}}
		if err := domain.Passable(state, r, a); err != nil {
			return nil, err
		}
		text := state.Registry.Texts[a.Text]
		original, err := s.statement(state, text)
		if err != nil {
			return nil, err
		}
		if err := numbered("args.sentences", a.Sentences, len(original.Sentences)); err != nil {
			return nil, err
		}
		if err := numbered("args.skipped", a.Skipped, len(original.Paragraphs)); err != nil {
			return nil, err
		}
		for _, n := range a.Sentences {
			s.sentence(state, w, a.Turn, text, n, original, nil)
		}
		for _, other := range domain.Translations(state, a.Text) {
			translation, err := s.statement(state, other)
			if err != nil {
				return nil, err
			}
			belongs := script.Align(original, translation)
			for _, n := range a.Sentences {
				of := &events.Revision{Segment: domain.SentenceID(a.Turn, a.Text, n), Rev: 1}
				for _, m := range belongs[n-1] {
					s.sentence(state, w, a.Turn, other, int64(m), translation, of)
				}
			}
		}
		return w, nil
	}, nil
}

// statement reads a statement's text.
func (s *Service) statement(state *session.State, text *session.Text) (script.Statement, error) {
	value, kept := s.names.Text(state.ID, text.Text, text.Digest)
	if kept != people.Kept {
		return script.Statement{}, behind()
	}
	return script.Read(value.Text, text.Language), nil
}

// numbered checks numbers from 1.
func numbered(field string, all []int64, most int) error {
	for _, n := range all {
		if n < 1 || n > int64(most) {
			return problem.Field(field, "there is no number %d; the text has %d", n, most).Try("read the text again")
		}
	}
	return nil
}

// sentence adds a sentence to the work, unless it was passed before.
func (s *Service) sentence(state *session.State, w *work, turn ids.Turn, text *session.Text, n int64, from script.Statement, of *events.Revision) {
	id := domain.SentenceID(turn, text.Text, n)
	if state.Transcript.Segments[id] != nil {
		return
	}
	at := len(w.prepared.Pieces)
	w.prepared.Pieces = append(w.prepared.Pieces, domain.Piece{
		Track: text.Language, Language: text.Language, Segment: id, Text: text.Text, Sentence: n, Of: of,
	})
	w.keep(words.CaptionKey(state.ID, id), words.Caption{Text: from.Sentences[n-1].Text}, func(d events.Hash) {
		w.prepared.Pieces[at].Digest = d
	})
}
