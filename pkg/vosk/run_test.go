package vosk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSpeechBecomesPartialsAndAFinalOfOneSegment(t *testing.T) {
	t.Parallel()
	e := newEngine(t, "thank", "you", "chair")
	l := listen(t, Config{URL: e.url(), Phrases: []string{"Diop"}})
	l.untilKind(Up)
	at := l.speak(1_000_000, quiet, quiet, 1, quiet, 2, 3, quiet, endpoint, quiet)
	l.speak(at, 1, endpoint)
	want := `up
partial 1 1000000-1000300 thank
partial 1 1000000-1000500 thank you
partial 1 1000000-1000600 thank you chair
final 1 1000200-1000600 thank you chair
partial 2 1000800-1001000 thank
final 2 1000900-1001000 thank`
	got := l.end()
	if say(got) != want {
		t.Errorf("got\n%s\nwant\n%s", say(got), want)
	}
	for _, event := range got {
		if event.Kind == Final && (len(event.Words) != len(strings.Fields(event.Text)) || event.Confidence != 0.5) {
			t.Errorf("%+v", event)
		}
	}
	config := decode(t, e.configs[0])["config"]
	if config["sample_rate"] != 16000.0 || config["words"] != 1.0 || fmt.Sprint(config["phrase_list"]) != "[Diop]" {
		t.Errorf("the engine was told %s", e.configs[0])
	}
}

func TestTheEndBringsTheLastFinal(t *testing.T) {
	t.Parallel()
	for _, noEOF := range []bool{false, true} {
		e := newEngine(t, "and", "so")
		e.noEOF = noEOF
		l := listen(t, Config{URL: e.url()})
		l.speak(5_000, 1, 2)
		// Where the engine closes without an answer, the last partial stands.
		if got := l.end(); finals(got) != "and so" {
			t.Errorf("%s", say(got))
		}
		// What comes later is nobody's.
		l.client.Write(9_000, sound(1, 100))
		l.client.Close()
	}
}

func TestADroppedConnectionLosesNoWord(t *testing.T) {
	t.Parallel()
	e := newEngine(t, "one", "two", "three", "four", "five", "six")
	e.breakAfter = []int{3, 2, 6}
	l := listen(t, Config{URL: e.url()})
	at := l.speak(70_000, 1, 2, 3, 4, endpoint)
	l.speak(at, 5, quiet, 6, endpoint)
	got := l.end()
	if finals(got) != "one two three four | five six" {
		t.Errorf("%s", say(got))
	}
	segments := map[ids.Segment]bool{}
	for _, event := range got {
		switch event.Kind {
		case Partial, Final:
			segments[event.Segment] = true
		case Lost:
			t.Errorf("lost %d to %d", event.Start, event.End)
		}
	}
	// The same id before and after the connection broke.
	if len(segments) != 2 {
		t.Errorf("%d segments:\n%s", len(segments), say(got))
	}
	for _, event := range got {
		if event.Kind == Final && event.Text == "five six" && (event.Start != 70_500 || event.End != 70_800) {
			t.Errorf("the second final runs from %d to %d", event.Start, event.End)
		}
	}
}

func TestWhatCouldNotBeSentIsSaid(t *testing.T) {
	t.Parallel()
	e := newEngine(t, "one", "two", "three", "four")
	l := listen(t, Config{URL: e.url(), Buffer: 500 * time.Millisecond})
	l.speak(10_000, 1)
	l.until("first word", func(e Event) bool { return e.Kind == Partial })
	e.set(func(e *engine) { e.refuse = 503 })
	e.cut()
	l.untilKind(Down)
	// The first second goes by while the engine is away, and half of one is kept.
	l.speak(10_100, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3)
	e.set(func(e *engine) { e.refuse = 0 })
	l.until("sign of life", func(e Event) bool { return e.Kind == Lost })
	l.speak(11_100, 4, endpoint)
	got := l.end()
	if finals(got) != "one | three three three three three four" {
		t.Errorf("%s", say(got))
	}
	lost := clock.Instant(0)
	for _, event := range got {
		if event.Kind == Lost {
			if event.Start < 10_000 || event.End < event.Start {
				t.Errorf("lost %d to %d", event.Start, event.End)
			}
			lost = max(lost, event.End)
		}
		if event.Kind == Down && strings.Contains(event.Reason, "127.0.0.1") {
			t.Errorf("the reason tells the address: %s", event.Reason)
		}
	}
	if lost != 10_600 {
		t.Errorf("lost until %d:\n%s", lost, say(got))
	}
}

func TestAnEngineThatIsNotOne(t *testing.T) {
	t.Parallel()
	for reason, change := range map[string]func(*engine){
		"the engine's address answers 404 and not as a speech engine": func(e *engine) { e.refuse = 404 },
		"the engine sent something that is not its protocol":          func(e *engine) { e.garbage = true },
		"the engine does not answer":                                  func(e *engine) { e.hang = true },
	} {
		e := newEngine(t, "word")
		change(e)
		l := listen(t, Config{URL: e.url(), Patience: 300 * time.Millisecond})
		l.speak(20_000, 1)
		l.until(reason, func(e Event) bool { return e.Kind == Down && e.Reason == reason })
		// It gets better, and nothing was lost.
		e.set(func(e *engine) { e.refuse, e.garbage, e.hang = 0, false, false })
		if got := l.end(); finals(got) != "word" {
			t.Errorf("%s:\n%s", reason, say(got))
		}
	}
	// Nobody there at all, to the end: what was said is lost, and that is said.
	e := newEngine(t)
	e.server.Close()
	l := listen(t, Config{URL: e.url()})
	l.speak(20_000, 1, 1)
	if got := l.end(); !strings.HasSuffix(say(got), "lost 20000-20200") {
		t.Errorf("%s", say(got))
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	e := newEngine(t, "word")
	client, err := New(Config{URL: e.url()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	client.Write(30_000, sound(1, 100))
	var events []Event
	err = client.Run(ctx, func(event Event) {
		events = append(events, event)
		if event.Kind == Partial {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || finals(events) != "word" {
		t.Errorf("%v\n%s", err, say(events))
	}
}

func TestAHoleInTheAudioShowsInTheTimes(t *testing.T) {
	t.Parallel()
	e := newEngine(t, "before", "after")
	l := listen(t, Config{URL: e.url()})
	l.speak(40_000, 1)
	// The line was away for 3 s; and a sample too many or few is no hole.
	l.speak(43_100, 2)
	l.speak(43_230, endpoint)
	got := l.end()
	last := got[len(got)-1]
	if last.Kind != Final || len(last.Words) != 2 || last.Words[0].StartMS != 40_000 || last.Words[1].StartMS != 43_100 || last.End != 43_200 {
		t.Errorf("%s\n%+v", say(got), last.Words)
	}
}

func TestAnUtteranceThatRuns12SecondsIsSplit(t *testing.T) {
	t.Parallel()
	words := []string{}
	for i := range 40 {
		words = append(words, fmt.Sprintf("w%d", i+1))
	}
	e := newEngine(t, words...)
	l := listen(t, Config{URL: e.url(), Buffer: time.Minute})
	at := clock.Instant(50_000)
	for i := range words {
		l.client.Write(at, sound(i+1, 800))
		at = at.Add(800)
	}
	l.speak(at, endpoint)
	got := l.end()
	if spoken := strings.ReplaceAll(finals(got), " | ", " "); spoken != strings.Join(words, " ") {
		t.Errorf("%s", say(got))
	}
	count := 0
	for _, event := range got {
		if event.Kind == Final {
			count++
		}
		if event.End.Sub(event.Start) > 13_000 {
			t.Errorf("%s of %d ms", event.Kind, event.End.Sub(event.Start))
		}
	}
	if count < 3 {
		t.Errorf("%d finals in 32 s:\n%s", count, say(got))
	}
}

func TestWriteNeverBlocksAndTakesWholeSamples(t *testing.T) {
	t.Parallel()
	client, err := New(Config{URL: "ws://127.0.0.1:1", Buffer: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	client.Write(0, nil)
	client.Write(0, []byte{1})
	if len(client.kept) != 0 {
		t.Error("half a sample was kept")
	}
	pcm := sound(1, 100)
	for i := range 1_000 {
		client.Write(clock.Instant(i*100), append(pcm, 7))
	}
	if client.held != 1_000 || client.lost != (span{0, 99_000}) {
		t.Errorf("%d ms are kept, lost %+v", client.held, client.lost)
	}
	// The source may use its buffer again.
	pcm[0] = 9
	if client.kept[0].pcm[0] == 9 {
		t.Error("the audio was not copied")
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "127.0.0.1:2700", "http://127.0.0.1:2700", "ws://", "ws://%zz"} {
		if _, err := New(Config{URL: address}); !problem.Is(err, problem.Invalid) || problem.From(err).Field != "engine" {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// However often the connection breaks, each word is heard once and in order.
func TestEachWordOnceHoweverOftenTheConnectionBreaks(t *testing.T) {
	t.Parallel()
	words := strings.Fields("one two three four five six seven eight nine ten")
	rapid.Check(t, func(r *rapid.T) {
		e := newEngine(t, words...)
		for range rapid.IntRange(0, 2).Draw(r, "breaks") {
			e.breakAfter = append(e.breakAfter, rapid.IntRange(1, 8).Draw(r, "after"))
		}
		l := listen(t, Config{URL: e.url(), Buffer: time.Minute, Wait: time.Millisecond})
		at, want := clock.Instant(1_000), ""
		for i := range words {
			at = l.speak(at, i+1)
			want += words[i]
			switch {
			case rapid.IntRange(0, 3).Draw(r, "endpoint") == 0 && i < len(words)-1:
				at = l.speak(at, endpoint)
				want += " | "
			case i < len(words)-1:
				want += " "
			}
			for range rapid.IntRange(0, 2).Draw(r, "silence") {
				at = l.speak(at, quiet)
			}
		}
		if got := l.end(); finals(got) != want {
			r.Fatalf("want %s\n%s", want, say(got))
		}
	})
}
