package transcript

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/people"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
	"github.com/fairfloor/fairfloor/pkg/words"
	"github.com/fairfloor/fairfloor/services/transcript/internal/domain"
)

// The words of these tests stand nowhere else.
const (
	secret  = "the zygote quarrels with obsidian"
	mended  = "the zygote quarrels with basalt"
	another = "a wholly ordinary sentence about libraries"
)

func TestFinalsAreInTheStoreAndNotInTheLog(t *testing.T) {
	w := newWorld(t)
	s, stop := w.transcript("one", Settings{})
	source := w.open(captioner, events.TypedSource, "en", 0)
	segment := ids.New[ids.Segment]()
	first := w.caption(captioner, source, 1, segment, 1, secret)
	receipt := w.must(first)
	// Lost answers: the same command again is the same receipt, and writes nothing.
	again := *first
	if twice := w.must(&again); twice.Outcome != command.Duplicate || twice.Version != receipt.Version {
		t.Errorf("the repetition got %+v", twice)
	}
	other := w.caption(captioner, source, 1, segment, 1, another)
	other.ID = first.ID
	w.refused(other, problem.Reused)
	// The same final under another id is nothing new.
	w.refused(w.caption(captioner, source, 1, segment, 1, secret), problem.Already)
	if got, want := w.read(s, "en"), []line{{Text: secret, Whose: "chair", State: session.CaptionFinal}}; !reflect.DeepEqual(got, want) {
		t.Errorf("the track reads %+v", got)
	}
	all, err := s.log.Read(t.Context(), w.sid)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		if strings.Contains(string(m.Body), "zygote") {
			t.Errorf("the log holds words: %s", m.Body)
		}
	}
	// Acknowledged is on the disk: another process reads the same.
	stop()
	s, _ = w.transcript("two", Settings{})
	if got := w.read(s, "en"); len(got) != 1 || got[0].Text != secret {
		t.Errorf("after a restart the track reads %+v", got)
	}
}

func TestCorrectionsAreNeverSilent(t *testing.T) {
	w := newWorld(t)
	s, _ := w.transcript("one", Settings{})
	source := w.open(captioner, events.TypedSource, "en", 0)
	segment := ids.New[ids.Segment]()
	w.must(w.caption(captioner, source, 1, segment, 1, secret))
	w.must(w.caption(captioner, source, 1, segment, 2, another))
	correct := w.request(chair, "correct", command.Correct{Segment: segment, Rev: 2, Text: mended})
	w.must(correct)
	w.refused(w.request(chair, "correct", command.Correct{Segment: segment, Rev: 2, Text: "too late"}), problem.Stale)
	w.refused(w.request(sessiontest.Delegate(0), "correct", command.Correct{Segment: segment, Rev: 3, Text: "not mine"}), problem.Forbidden)
	w.refused(w.request(chair, "correct", command.Correct{Segment: segment, Rev: 3, Text: "  "}), problem.Invalid)
	if got := w.read(s, "en"); got[0].Text != mended || got[0].State != session.CaptionCorrected {
		t.Errorf("it reads %+v", got)
	}
	// The history is kept: every revision with who made it and when.
	w.state(s, func(state *session.State) {
		seg := state.Transcript.Segments[segment]
		want := []string{secret, another, mended}
		if !seg.Edited || len(seg.Revisions) != len(want) {
			t.Fatalf("the segment is %+v", seg)
		}
		for i, r := range seg.Revisions {
			said, kept := words.Revision(s.words, w.sid, segment, r.Digest)
			if said.Text != want[i] || r.Rev != int64(i+1) || r.At.IsZero() || r.Own != (i < 2) {
				t.Errorf("revision %d is %+v: %q, %s", i, r, said.Text, kept)
			}
		}
		if seg.Revisions[2].By != chair.ID {
			t.Errorf("the last revision is by %s", seg.Revisions[2].By)
		}
	})
}

func TestASpeakerAsksForACorrectionOfTheirOwnWords(t *testing.T) {
	w := newWorld(t)
	s, _ := w.transcript("one", Settings{})
	source := w.open(captioner, events.TypedSource, "en", 0)
	w.give(0)
	w.begin(0)
	segment, other := ids.New[ids.Segment](), ids.New[ids.Segment]()
	w.must(w.caption(captioner, source, 1, segment, 1, secret))
	w.must(w.caption(captioner, source, 1, other, 1, ">> PERU: "+another))
	wish := func(by events.Actor, id ids.Segment) *command.Request {
		return w.request(by, "request_correction", command.Correct{Segment: id, Rev: 1, Text: mended})
	}
	w.refused(wish(sessiontest.Delegate(1), segment), problem.Forbidden)
	w.refused(wish(sessiontest.Delegate(0), other), problem.Forbidden)
	made := w.must(wish(sessiontest.Delegate(0), segment))
	request := ids.MustParse[ids.Correction](made.Made["request"])
	if got := w.read(s, "en")[0].Text; got != secret {
		t.Errorf("a wish alone changed it to %q", got)
	}
	answer := w.request(captioner, "answer_correction", command.AnswerCorrection{Request: request, Accept: true})
	w.must(answer)
	w.refused(w.request(chair, "answer_correction", command.AnswerCorrection{Request: request}), problem.Already)
	if got := w.read(s, "en")[0].Text; got != mended {
		t.Errorf("the accepted wish reads %q", got)
	}
	declined := w.must(w.request(sessiontest.Delegate(3), "request_correction", command.Correct{Segment: other, Rev: 1, Text: secret}))
	w.must(w.request(chair, "answer_correction", command.AnswerCorrection{Request: ids.MustParse[ids.Correction](declined.Made["request"])}))
	if got := w.read(s, "en")[1].Text; got != another {
		t.Errorf("the declined wish reads %q", got)
	}
}

// "A redacted sentence is nowhere": not in the store's files, whichever revision,
// wish, pushed tail or translation had it, and not after a restart.
func TestARedactedSentenceIsNowhere(t *testing.T) {
	w := newWorld(t)
	s, stop := w.transcript("one", Settings{})
	typed := w.open(captioner, events.TypedSource, "en", 0)
	segment, translated := ids.New[ids.Segment](), ids.New[ids.Segment]()
	w.give(0)
	w.begin(0)
	w.must(w.caption(captioner, typed, 1, segment, 1, "zygote one "+secret))
	w.must(w.caption(captioner, typed, 1, segment, 2, "zygote two "+secret))
	w.must(w.request(chair, "correct", command.Correct{Segment: segment, Rev: 2, Text: "zygote three " + secret}))
	w.must(w.request(sessiontest.Delegate(0), "request_correction", command.Correct{Segment: segment, Rev: 3, Text: "zygote four"}))
	french := w.open(captioner, events.TypedSource, "fr", 0)
	args := command.Caption{Source: french, Epoch: 1, Segments: []command.CaptionSegment{{
		Segment: translated, Text: "zygote cinq", Of: &events.Revision{Segment: segment, Rev: 3},
	}}}
	w.must(w.request(captioner, "caption", args))
	pushed := w.open(captioner, events.PushSource, "es", 0)
	w.must(w.post(pushed, 1, "un zygote seis\n"))
	w.must(w.post(pushed, 2, "y otra l"))
	var line ids.Segment
	w.state(s, func(state *session.State) { line = state.Transcript.Sources[pushed].Last })
	if len(w.files("zygote")) == 0 {
		t.Fatal("the words were never on the disk: the test proves nothing")
	}
	because := func(id ids.Segment, rev int64) *command.Request {
		r := w.request(chair, "redact", command.SegmentRef{Segment: id, Rev: rev})
		return sessiontest.Because(r, "personal data of a third person")
	}
	w.refused(w.request(chair, "redact", command.SegmentRef{Segment: segment, Rev: 3}), problem.Invalid)
	w.must(because(segment, 3))
	w.must(because(line, 1))
	settled(t, s)
	check := func(when string) {
		t.Helper()
		for _, text := range []string{"zygote", "obsidian"} {
			if found := w.files(text); len(found) > 0 {
				t.Errorf("%s: %q is in %v", when, text, found)
			}
		}
		for _, track := range []string{"en", "fr", "es"} {
			for _, l := range w.read(s, track) {
				if l.State != session.CaptionRedacted || l.Text != "" {
					t.Errorf("%s: track %s reads %+v", when, track, l)
				}
			}
		}
	}
	check("after the redaction")
	// Nothing brings it back: not a late repetition, a backspace, or its source.
	w.refused(w.caption(captioner, typed, 1, segment, 4, "zygote again"), problem.Already)
	w.refused(w.request(chair, "correct", command.Correct{Segment: segment, Rev: 3, Text: "zygote again"}), problem.WrongState)
	w.must(w.post(pushed, 3, strings.Repeat("\b", 40)+"\n"))
	check("after what might bring it back")
	// Who, when and why are known.
	w.state(s, func(state *session.State) {
		if seg := state.Transcript.Segments[segment]; seg.ChangedAt.IsZero() || len(seg.Revisions) != 0 {
			t.Errorf("the segment is %+v", seg)
		}
	})
	stop()
	w.conn.Close()
	s, _ = w.transcript("two", Settings{})
	if w.conn, _ = w.server.Connect(); w.conn == nil {
		t.Fatal("no connection")
	}
	check("after a restart")
}

func TestAnUnfinishedRedactionIsFinishedByTheNextStart(t *testing.T) {
	w := newWorld(t)
	s, stop := w.transcript("one", Settings{})
	source := w.open(captioner, events.TypedSource, "en", 0)
	segment := ids.New[ids.Segment]()
	w.must(w.caption(captioner, source, 1, segment, 1, secret))
	settled(t, s)
	stop()
	// A process that dies between the fact and the store: the fact alone is there.
	scribe := w.process("scribe")
	sh, err := scribe.Shell(Rules(), nil)
	if err != nil {
		t.Fatal(err)
	}
	end := w.run(sh)
	_, err = sh.Do(t.Context(), redactAlone(w, segment))
	if err != nil {
		t.Fatal(err)
	}
	end()
	if err := scribe.Close(); err != nil {
		t.Fatal(err)
	}
	if len(w.files(secret)) == 0 {
		t.Fatal("nothing is left to finish: the test proves nothing")
	}
	s, _ = w.transcript("two", Settings{})
	settled(t, s)
	if found := w.files(secret); len(found) > 0 {
		t.Errorf("the words are in %v", found)
	}
}

func TestNamesInMarksAreLookedUp(t *testing.T) {
	w := newWorld(t)
	person := ids.New[ids.Person]()
	digest, err := w.people.PutPerson(t.Context(), w.sid, person, ids.New[ids.Command](), people.Person{Name: "Dr Rosa Quispe-Mamani"})
	if err != nil {
		t.Fatal(err)
	}
	w.write(events.Registry, "add_person", chair, &events.PersonAdded{Person: person, Applicant: sessiontest.Applicant(3), Roles: []events.Role{events.Speaker}, Digest: digest})
	s, _ := w.transcript("one", Settings{})
	source := w.open(captioner, events.TypedSource, "en", 0)
	w.give(0)
	w.begin(0)
	for _, c := range []struct {
		text string
		want line
	}{
		{"hello from the holder", line{Text: "hello from the holder", Whose: "Norway"}},
		{">> PERU: we agree", line{Text: "we agree", Whose: "Peru"}},
		{">> SENEGAL (online): merci", line{Text: "merci", Whose: "Sénégal"}},
		{">> MS QUISPE-MAMANI: indeed", line{Text: "indeed", Whose: "Peru"}},
		{">> THE CHAIR: thank you", line{Text: "thank you", Whose: "chair"}},
		{">> PRÉSIDENTE: je vous remercie", line{Text: "je vous remercie", Whose: "chair"}},
		{">> MR NOBODY: who knows", line{Text: "who knows", Label: "MR NOBODY"}},
		{">> NORWAY: one. >> PERU: two. >> NIX: tre", line{Text: "one.", Whose: "Norway"}},
	} {
		text, want := c.text, c.want
		t.Run(text, func(t *testing.T) {
			before := len(w.read(s, "en"))
			w.must(w.caption(captioner, source, 1, ids.New[ids.Segment](), 1, text))
			got := w.read(s, "en")[before:]
			want.State = session.CaptionFinal
			if got[0] != want {
				t.Errorf("it reads %+v, want %+v", got[0], want)
			}
			if strings.Count(text, ">>") == 3 {
				rest := []line{{Text: "two.", Whose: "Peru", State: session.CaptionFinal}, {Text: "tre", Label: "NIX", State: session.CaptionFinal}}
				if !reflect.DeepEqual(got[1:], rest) {
					t.Errorf("the others read %+v", got[1:])
				}
				// Whoever is known by a label alone goes on speaking under it.
				w.must(w.caption(captioner, source, 1, ids.New[ids.Segment](), 1, "and on"))
				if last := w.read(s, "en"); last[len(last)-1].Label != "NIX" {
					t.Errorf("the label ended: %+v", last[len(last)-1])
				}
			}
		})
	}
}

// A final whose words have times is cut where the floor changed hands.
func TestAChangeOfFloorClosesTheSegment(t *testing.T) {
	w := newWorld(t)
	s, _ := w.transcript("one", Settings{})
	engine := w.open(technician, events.EngineSource, "en", 0)
	w.give(0)
	w.begin(0)
	until(t, 50*time.Millisecond)
	ended := clock.Of(time.Now())
	w.write(events.Queue, "end", chair, &events.TurnEnded{Turn: turnOf(0), EndedAt: ended, How: events.Ended, Act: ids.New[ids.Command]()})
	until(t, 50*time.Millisecond)
	word := func(text string, from clock.Instant) command.CaptionWord {
		return command.CaptionWord{Text: text, Start: from, End: from + 10}
	}
	w.must(w.request(technician, "caption", command.Caption{Source: engine, Epoch: 1, Segments: []command.CaptionSegment{{
		Segment: ids.New[ids.Segment](), Text: "we agree thank you", TimeBasis: events.ByAudioTime, Start: ended - 30, End: ended + 30,
		Words: []command.CaptionWord{word("we", ended-30), word("agree", ended-15), word("thank", ended+5), word("you", ended+20)},
	}}}))
	want := []line{{Text: "we agree", Whose: "Norway", State: session.CaptionFinal}, {Text: "thank you", Whose: "chair", State: session.CaptionFinal}}
	if got := w.read(s, "en"); !reflect.DeepEqual(got, want) {
		t.Errorf("it reads %+v", got)
	}
}

// until lets I/O time pass, which here is session time as well.
func until(t *testing.T, d time.Duration) {
	t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.Context().Done():
	}
}

func TestACaptionTellsTheQueueThatTheTurnBegan(t *testing.T) {
	w := newWorld(t)
	s, _ := w.transcript("one", Settings{})
	source := w.open(captioner, events.TypedSource, "en", 0)
	w.give(0)
	segment := ids.New[ids.Segment]()
	w.must(w.caption(captioner, source, 1, segment, 1, ">> Thank you, Chair."))
	settled(t, s)
	// Another process wrote it: its commit comes when it comes.
	for begun := false; !begun; until(t, 5*time.Millisecond) {
		w.state(s, func(state *session.State) { begun = !state.Queue.Turns[turnOf(0)].BegunAt.IsZero() })
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.begun) != 1 || w.begun[0].Turn != turnOf(0) || w.begun[0].Basis != events.ByCaption {
		t.Fatalf("the queue heard %+v", w.begun)
	}
	w.state(s, func(state *session.State) {
		turn, seg := state.Queue.Turns[turnOf(0)], state.Transcript.Segments[segment]
		if turn.BegunAt != max(seg.Start, turn.GivenAt) || turn.Basis != events.ByCaption || seg.Speaker.Turn != turn.ID {
			t.Errorf("the turn is %+v, the segment is with %+v", turn, seg.Speaker)
		}
	})
}

// redactAlone is a redaction whose process dies before the store is cleaned: the
// shell without the service's hooks writes the fact and nothing else.
func redactAlone(w *world, segment ids.Segment) *command.Request {
	r := sessiontest.Because(w.request(chair, "redact", command.SegmentRef{Segment: segment, Rev: 1}), "personal data")
	r.Prepared = &domain.Prepared{}
	return r
}
