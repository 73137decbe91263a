package transcript

import (
	"testing"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/people"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

// file files a statement for the n-th applicant.
func (w *world) file(n int, language, content string) ids.Text {
	w.t.Helper()
	text := ids.New[ids.Text]()
	digest, err := w.people.PutText(w.t.Context(), w.sid, text, ids.New[ids.Command](), people.StatementText{Text: content})
	if err != nil {
		w.t.Fatal(err)
	}
	w.write(events.Registry, "file_text", chair, &events.TextFiled{
		Text: text, Applicant: sessiontest.Applicant(n), Language: language, Visibility: events.BoothOnly, Words: 10, Digest: digest,
	})
	return text
}

const (
	french  = "Madame la Présidente, merci. Nous parlons des nénuphars.\n\nUn paragraphe de trop.\n\nPour conclure, merci."
	english = "Madam Chair, thank you. We speak of water lilies.\n\nOne paragraph too many.\n\nTo conclude, thank you."
)

// pass passes sentences as the n-th applicant's delegate.
func (w *world) pass(n int, text ids.Text, sentences, skipped []int64) *command.Request {
	return w.request(sessiontest.Delegate(n), "pass", command.Pass{Turn: turnOf(n), Text: text, Sentences: sentences, Skipped: skipped})
}

func plain(lines []line) []string {
	var all []string
	for _, l := range lines {
		all = append(all, l.Text)
	}
	return all
}

// A French statement through the prompter: what is passed is what is shown, word
// for word, a skipped paragraph is not, and its translation feeds its own track.
func TestAStatementIsFollowedSentenceBySentence(t *testing.T) {
	w := newWorld(t)
	s, _ := w.transcript("one", Settings{})
	text := w.file(1, "fr", french)
	w.file(1, "en", english)
	w.give(1)
	w.refused(w.request(sessiontest.Delegate(0), "pass", command.Pass{Turn: turnOf(1), Text: text, Sentences: []int64{1}}), problem.Forbidden)
	w.refused(w.pass(1, text, []int64{9}, nil), problem.Invalid)
	w.refused(w.pass(1, text, nil, nil), problem.Invalid)
	if w.read(s, "fr") != nil {
		t.Fatal("something is shown before a sentence was passed")
	}
	w.must(w.pass(1, text, []int64{1}, nil))
	w.must(w.pass(1, text, []int64{1, 2}, nil))
	w.must(w.pass(1, text, nil, []int64{2}))
	w.must(w.pass(1, text, []int64{4}, nil))
	w.refused(w.pass(1, text, []int64{1, 4}, nil), problem.Already)
	want := map[string][]string{
		"fr": {"Madame la Présidente, merci.", "Nous parlons des nénuphars.", "Pour conclure, merci."},
		"en": {"Madam Chair, thank you.", "We speak of water lilies.", "To conclude, thank you."},
	}
	for track, lines := range want {
		got := w.read(s, track)
		if len(got) != len(lines) {
			t.Fatalf("track %s reads %+v", track, got)
		}
		for i, l := range got {
			if l.Text != lines[i] || l.Whose != "Sénégal" {
				t.Errorf("track %s reads %+v, want %q", track, l, lines[i])
			}
		}
	}
	w.state(s, func(state *session.State) {
		for _, seg := range state.Transcript.Segments {
			if !seg.Prepared || seg.Kind != events.ScriptSource || seg.Track == "en" && (seg.Of == nil || seg.Of.Rev != 1) {
				t.Errorf("a sentence is %+v", seg.CaptionWritten)
			}
		}
		passed := state.Transcript.Passed[turnOf(1)]
		if len(passed.Sentences) != 3 || len(passed.Skipped) != 1 || passed.Skipped[0] != 2 {
			t.Errorf("as delivered: %+v", passed)
		}
	})
	// What was not passed is in nobody's reach: not in the store of captions, not in the log.
	for _, body := range w.bodies(s) {
		if contains(body, "trop") || contains(body, "nénuphars") {
			t.Errorf("the log holds words: %s", body)
		}
	}
}

// "A captioner takes over in the middle", and what is spoken wins; the script has
// its track back when the captioner lets go, and loses it with the turn.
func TestACaptionerTakesOverInTheMiddle(t *testing.T) {
	w := newWorld(t)
	s, _ := w.transcript("one", Settings{})
	text := w.file(1, "fr", french)
	w.file(1, "en", english)
	w.give(1)
	w.must(w.pass(1, text, []int64{1}, nil))
	human := w.open(captioner, events.TypedSource, "fr", 0)
	w.must(w.caption(captioner, human, 2, ids.New[ids.Segment](), 1, "ce qui est dit vraiment"))
	// The translation goes on, the original is the captioner's.
	w.must(w.pass(1, text, []int64{2}, nil))
	if got := plain(w.read(s, "fr")); len(got) != 2 || got[1] != "ce qui est dit vraiment" {
		t.Errorf("the track reads %q", got)
	}
	if got := plain(w.read(s, "en")); len(got) != 2 {
		t.Errorf("the translation reads %q", got)
	}
	other := w.open(captioner, events.TypedSource, "en", 0)
	w.refused(w.pass(1, text, []int64{3}, nil), problem.WrongState)
	w.must(w.request(captioner, "release_track", command.TrackSource{Track: "fr", Source: human}))
	w.must(w.pass(1, text, []int64{4}, nil))
	if got := plain(w.read(s, "fr")); len(got) != 3 || got[2] != "Pour conclure, merci." {
		t.Errorf("the track reads %q", got)
	}
	w.write(events.Queue, "end", chair, &events.TurnEnded{Turn: turnOf(1), EndedAt: w.now(), How: events.Ended, Act: ids.New[ids.Command]()})
	w.eventually("the script ends with its turn", func() bool {
		over := true
		w.state(s, func(state *session.State) {
			for _, source := range state.Transcript.Sources {
				over = over && (source.Kind != events.ScriptSource || source.Closed)
			}
			over = over && state.Transcript.Tracks["fr"].Source == human && state.Transcript.Tracks["en"].Source == other
		})
		return over
	})
	w.refused(w.pass(1, text, []int64{3}, nil), problem.Stale)
}
