package vosk

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// heard feeds an utterance with answers as an engine writes them, 1 s apart, and gives the events.
func heard(t *testing.T, u *utterance, line *timeline, answers ...string) []Event {
	t.Helper()
	var out []Event
	for _, text := range answers {
		var a answer
		if err := json.Unmarshal([]byte(text), &a); err != nil {
			t.Fatal(err)
		}
		line.add(line.at(line.length), 1_000)
		out = append(out, u.hear(a, line, line.at(line.length), ids.New[ids.Segment]).events...)
	}
	return out
}

func TestAnswersOfEngines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		answers []string
		want    string
	}{
		{"empty and unchanged partials are dropped", []string{`{"partial":""}`, `{"partial":"a"}`, `{"partial":"a"}`, `{"partial":" a "}`}, "partial 1 1500-2000 a"},
		{"an empty final is nothing", []string{`{"text":""}`, `{"partial":""}`, `{"text":""}`}, ""},
		{"an empty final takes back what was shown", []string{`{"partial":"a"}`, `{"text":""}`, `{"partial":"b"}`}, "partial 1 500-1000 a\nwithdrawn 1 500-2000 \npartial 2 2500-3000 b"},
		{"a final without partials", []string{`{"text":"a b"}`}, "final 1 500-1000 a b"},
		{"a final without times of words", []string{`{"partial":"a"}`, `{"text":"a b"}`}, "partial 1 500-1000 a\nfinal 1 500-2000 a b"},
		{"the engine times its partials", []string{`{"partial":""}`, `{"partial":"a","partial_result":[{"word":"a","start":1.2,"end":1.4,"conf":1}]}`}, "partial 1 1200-2000 a"},
		{"an acknowledgement is no answer", []string{`{}`, `{"result":[]}`}, ""},
		{"times beyond the stream, and backwards", []string{`{"text":"a b c","result":[{"word":"a","start":-5,"end":99,"conf":7},{"word":"b","start":1e300,"end":0},{"word":"c","start":0.1,"end":0.2,"conf":-1}]}`}, "final 1 0-1000 a b c"},
		{"two words in one", []string{`{"text":"of the chair","result":[{"word":"of the","start":0.1,"end":0.3,"conf":0.5},{"word":"chair","start":0.4,"end":0.9,"conf":0.5}]}`}, "final 1 100-900 of the chair"},
		{"a result that does not fit its text", []string{`{"text":"a b","result":[{"word":"a","start":0.1,"end":0.3}]}`}, "final 1 500-1000 a b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			// Zero is the beginning of the stream, as of session time.
			if got := say(heard(t, &utterance{}, &timeline{anchors: []anchor{{}}}, c.answers...)); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestALongUtteranceGoesOnAfterItsSplit(t *testing.T) {
	t.Parallel()
	u, line := &utterance{}, &timeline{anchors: []anchor{{}}}
	words := strings.Fields("a b c d e f g h i j k l m n o p")
	var answers []string
	for i := range words {
		answers = append(answers, `{"partial":"`+strings.Join(words[:i+1], " ")+`"}`)
	}
	// In the end the engine has changed its mind about words that were final: these stay, and none comes twice.
	answers = append(answers, `{"text":"a be c dd e f g h i j k l m n o p q"}`)
	got := heard(t, u, line, answers...)
	if finals(got) != "a b c d e f g h i j k | l m n o p q" {
		t.Errorf("%s", say(got))
	}
	if u.given != nil || !u.segment.IsZero() {
		t.Errorf("something is left: %+v", u)
	}
}

func TestAfterFindsWhatWasGiven(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		given, said string
		want        int
	}{
		{"", "a b", 0},
		{"a b", "a b c", 2},
		{"a b", "a x c", 2},
		{"a b", "a b", 2},
		{"a b", "", 0},
		{"a b", "a", 1},
		{"a b c", "a bc d", 2},
		{"ab c", "a b c d", 3},
		{"a a a", "a a a a", 3},
		{"x y", "p q r", 2},
		{"谢谢", "谢 谢 主席", 2},
		{"abc", "a bzzzzz", 1},
		{"abc", "ab xyzxyz", 1},
	} {
		if got := after(strings.Fields(c.given), strings.Fields(c.said)); got != c.want {
			t.Errorf("%q in %q: %d, want %d", c.given, c.said, got, c.want)
		}
	}
	// Half an hour without a pause, with one word changed long ago, is quick all the same.
	long := strings.Fields(strings.Repeat("some words that go on and on ", 700))
	changed := slices.Clone(long)
	changed[7] = "other"
	began := time.Now()
	if got := after(long, append(changed, "and", "more")); got != len(long) {
		t.Errorf("%d of %d", got, len(long))
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
	rapid.Check(t, func(t *rapid.T) {
		one := rapid.SampledFrom([]string{"a", "b", "c"})
		given, rest := rapid.SliceOfN(one, 0, 30).Draw(t, "given"), rapid.SliceOfN(one, 0, 10).Draw(t, "rest")
		if got := after(given, slices.Concat(given, rest)); got != len(given) {
			t.Fatalf("%d of %d", got, len(given))
		}
		if got := after(given, rest); got < 0 || got > len(rest) {
			t.Fatalf("%d of %d", got, len(rest))
		}
	})
}

func TestTimeline(t *testing.T) {
	t.Parallel()
	line := &timeline{}
	if line.at(5) != 0 {
		t.Error("an empty line has a time")
	}
	line.add(1_000, 100)
	line.add(1_120, 100) // 20 ms late: a busy source
	line.add(5_000, 100) // a hole
	line.add(4_000, 100) // a clock that was set back
	for position, want := range map[int64]clock.Instant{0: 1_000, 100: 1_100, 199: 1_199, 200: 5_000, 250: 5_050, 300: 4_000, 400: 4_100, -10: 990} {
		if got := line.at(position); got != want {
			t.Errorf("%d: %d, want %d", position, got, want)
		}
	}
	for s, want := range map[float64]clock.Instant{0: 1_000, 0.25: 5_050, -1: 1_000, 1e9: 4_100, math.Inf(1): 4_100, math.Inf(-1): 1_000} {
		if got := line.seconds(s); got != want {
			t.Errorf("%g s: %d, want %d", s, got, want)
		}
	}
	if line.seconds(math.NaN()) != 1_000 {
		t.Error("no number is no time")
	}
}

// Whatever an engine answers, segments stay in order: a final ends its segment, and none comes back.
func FuzzAnswers(f *testing.F) {
	f.Add(`{"partial":"a"}`, `{"partial":"a b"}`, `{"text":"a b","result":[{"word":"a","start":0,"end":1}]}`)
	f.Add(`{"partial":""}`, `{"text":""}`, `{}`)
	f.Fuzz(func(t *testing.T, one, two, three string) {
		u, line := &utterance{}, &timeline{}
		ended := map[ids.Segment]bool{}
		now := clock.Instant(0)
		for _, text := range []string{one, two, three, one, two, three} {
			var a answer
			if json.Unmarshal([]byte(text), &a) != nil {
				continue
			}
			now = now.Add(7_000)
			line.add(now, 7_000)
			for _, e := range u.hear(a, line, line.at(line.length), ids.New[ids.Segment]).events {
				if e.Segment.IsZero() || ended[e.Segment] || e.End < e.Start || (e.Text == "") != (e.Kind == Withdrawn) {
					t.Fatalf("%+v", e)
				}
				ended[e.Segment] = e.Kind != Partial
			}
		}
	})
}
