package transcript

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/captions"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// texts are the lines that a track shows.
func (w *world) texts(s *Service, track string) []string {
	w.t.Helper()
	var all []string
	for _, l := range w.read(s, track) {
		if l.State != session.CaptionRetracted {
			all = append(all, l.Text)
		}
	}
	return all
}

// pushed opens a push source on a running session.
func pushed(t *testing.T) (*world, *Service, ids.Source) {
	w := newWorld(t)
	s, _ := w.transcript("one", Settings{})
	return w, s, w.open(captioner, events.PushSource, "en", 0)
}

func TestPushCRAndLFAndCRLFEndALine(t *testing.T) {
	w, s, source := pushed(t)
	for i, body := range []string{"one\rtwo\nthree\r\nfour\r", "\nfive", " and on\r\n"} {
		w.must(w.post(source, int64(i+1), body))
	}
	if got, want := w.texts(s, "en"), []string{"one", "two", "three", "four", "five and on"}; !reflect.DeepEqual(got, want) {
		t.Errorf("the lines are %q, want %q", got, want)
	}
}

func TestPushARepeatedSeqDoesNothing(t *testing.T) {
	w, s, source := pushed(t)
	w.must(w.post(source, 7, "one\n"))
	for _, seq := range []int64{7, 6, 0} {
		w.refused(w.post(source, seq, "again\n"), problem.Already)
	}
	w.must(w.post(source, 8, "two\n"))
	if got, want := w.texts(s, "en"), []string{"one", "two"}; !reflect.DeepEqual(got, want) {
		t.Errorf("the lines are %q, want %q", got, want)
	}
	w.refused(w.post(source, -1, "x"), problem.Invalid)
}

func TestPushAGapIsAcceptedAndAnAlarm(t *testing.T) {
	w, s, source := pushed(t)
	w.must(w.post(source, 1, "one\n"))
	w.must(w.post(source, 5, "five\n"))
	if got, want := w.texts(s, "en"), []string{"one", "five"}; !reflect.DeepEqual(got, want) {
		t.Errorf("the lines are %q, want %q", got, want)
	}
	w.state(s, func(state *session.State) {
		if from := state.Transcript.Sources[source]; from.Missing != 3 || from.MissingAt.IsZero() || from.PostSeq != 5 {
			t.Errorf("the source is %+v", from)
		}
	})
}

func TestPushBackspacesReachAcrossPostsAndFinals(t *testing.T) {
	w, s, source := pushed(t)
	w.must(w.post(source, 1, "The queen of Norwa\n"))
	w.must(w.post(source, 2, "\by spoke.\nNext l"))
	w.must(w.post(source, 3, "\b\b\b\b\b\blast line €é\b\b.\n"))
	if got, want := w.texts(s, "en"), []string{"The queen of Norway spoke.", "last line ."}; !reflect.DeepEqual(got, want) {
		t.Errorf("the lines are %q, want %q", got, want)
	}
	// Across a final it is a correction, which shows.
	if got := w.read(s, "en")[0].State; got != session.CaptionCorrected {
		t.Errorf("the first line is %s", got)
	}
	// Everything deleted is a retraction.
	w.must(w.post(source, 4, strings.Repeat("\b", len("last line ."))+"\b\n"))
	if got := w.read(s, "en"); got[1].State != session.CaptionRetracted {
		t.Errorf("the second line is %+v", got[1])
	}
}

func TestPushBeforeTheStartAndAfterAdjournmentIsRefused(t *testing.T) {
	w, _, source := pushed(t)
	w.write(events.Timing, "adjourn", chair, &events.SessionAdjourned{AdjournedAt: clock.Of(time.Now())})
	until(t, 20*time.Millisecond)
	w.refused(w.post(source, 1, "too late\n"), problem.WrongState)
	w.sid = ids.New[ids.Session]()
	now := clock.Of(time.Now())
	w.write(events.Registry, "create_session", chair, &events.SessionCreated{Title: "Early", PlannedStart: now, HardEnd: now.Add(60_000), Zone: "UTC"})
	until(t, 20*time.Millisecond)
	early := w.open(captioner, events.PushSource, "en", 0)
	if got := w.refusal(w.post(early, 1, "too early\n"), problem.WrongState); !strings.Contains(got.Detail, "not started") {
		t.Errorf("it says %q", got.Detail)
	}
	if found := w.files("too early"); len(found) > 0 {
		t.Errorf("refused words are in %v", found)
	}
}

// "An acknowledged post is never lost", the open line included: it is in the
// store, and a line that nobody goes on with is ended.
func TestAnOpenLineIsEndedWhenNobodyGoesOnWithIt(t *testing.T) {
	w := newWorld(t)
	s, stop := w.transcript("one", Settings{})
	source := w.open(captioner, events.PushSource, "en", 0)
	w.must(w.post(source, 1, "an unfinished line"))
	if got := w.texts(s, "en"); len(got) != 0 {
		t.Errorf("the open line is final: %q", got)
	}
	// The process goes away before the line is ended; the next one finds it.
	stop()
	s, _ = w.transcript("two", Settings{})
	deadline := time.Now().Add(20 * time.Second)
	for len(w.texts(s, "en")) == 0 && time.Now().Before(deadline) {
		until(t, 50*time.Millisecond)
	}
	if got := w.texts(s, "en"); !reflect.DeepEqual(got, []string{"an unfinished line"}) {
		t.Fatalf("the track reads %q", got)
	}
	// A backspace reaches through the end that was set for it.
	w.must(w.post(source, 2, "\b\b\b\bpoem\n"))
	if got := w.texts(s, "en"); !reflect.DeepEqual(got, []string{"an unfinished poem"}) {
		t.Errorf("the track reads %q", got)
	}
}

// "A change of floor closes the open segment": what comes next is another line
// and another speaker's.
func TestAChangeOfFloorEndsThePushedLine(t *testing.T) {
	w, s, source := pushed(t)
	w.give(0)
	w.begin(0)
	until(t, 10*time.Millisecond)
	w.must(w.post(source, 1, "and so we conclude"))
	until(t, 10*time.Millisecond)
	w.write(events.Queue, "end", chair, &events.TurnEnded{Turn: turnOf(0), EndedAt: clock.Of(time.Now()), How: events.Ended, Act: ids.New[ids.Command]()})
	until(t, 30*time.Millisecond)
	w.must(w.post(source, 2, "thank you Norway\n"))
	got := w.read(s, "en")
	want := []line{{Text: "and so we conclude", Whose: "Norway", State: session.CaptionFinal}, {Text: "thank you Norway", Whose: "chair", State: session.CaptionFinal}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("it reads %+v", got)
	}
}

func TestPushMarksPartALine(t *testing.T) {
	w, s, source := pushed(t)
	w.must(w.post(source, 1, ">> NORWAY: we agree. >> PERU: we do not.\n"))
	if got := w.read(s, "en"); len(got) != 2 || got[0].Whose != "Norway" || got[1].Whose != "Peru" || got[1].Text != "we do not." {
		t.Fatalf("it reads %+v", got)
	}
	// The second speaker's words are deleted again, back through the line's end.
	w.must(w.post(source, 2, strings.Repeat("\b", len(">> PERU: we do not.")+1)+"\n"))
	if got := w.read(s, "en"); got[0].Text != "we agree." || got[1].State != session.CaptionRetracted {
		t.Errorf("it reads %+v", got)
	}
}

func TestPushOfAnotherLanguageIsRefused(t *testing.T) {
	w, _, source := pushed(t)
	r := w.request(captioner, "push", command.Push{Source: source, Seq: 1, Language: "fr-FR", Body: "bonjour\n"})
	w.refused(r, problem.Invalid)
	w.must(w.request(captioner, "push", command.Push{Source: source, Seq: 1, Language: "en-US", Body: "hello\n"}))
}

// Whatever posts come, in one replica or another: the track reads as the lines
// that the whole stream of characters makes.
func TestPostsMakeTheLinesOfTheirStream(t *testing.T) {
	w := newWorld(t)
	one, _ := w.transcript("one", Settings{})
	w.transcript("two", Settings{})
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		if n++; n > 12 { // each draw is a real session's work on a disk
			return
		}
		track := fmt.Sprintf("en-x-n%d", n)
		source := w.open(captioner, events.PushSource, track, 0)
		whole := ""
		for seq := range int64(rapid.IntRange(1, 6).Draw(r, "posts")) {
			body := rapid.StringOfN(rapid.SampledFrom([]rune("ab é€\b\b\n\r語 ")), 0, 14, -1).Draw(r, "body")
			whole += body
			w.must(w.post(source, seq, body))
		}
		_, all, err := captions.Tail{}.Push([]byte(whole))
		if err != nil {
			r.Fatal(err)
		}
		var want []string
		for _, l := range all.Lines {
			if l.Change == captions.Final && l.Text != "" {
				want = append(want, l.Text)
			}
		}
		// An open line may have been final once: then it shows what is left of it.
		got := w.texts(one, track)
		if len(got) == len(want)+1 {
			got = got[:len(want)]
		}
		if len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
			r.Fatalf("%q reads %q, want %q", whole, got, want)
		}
	})
}
