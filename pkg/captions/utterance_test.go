package captions_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/clipperhouse/uax29/v2/graphemes"
	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/captions"
)

func cutUp(pieces []captions.Utterance) string {
	var out []string
	for _, p := range pieces {
		out = append(out, fmt.Sprintf("%d-%d %s", p.StartMS, p.EndMS, p.Text))
	}
	return strings.Join(out, " | ")
}

func TestSplitUtterance(t *testing.T) {
	t.Parallel()
	word := func(text string, start, end int64) captions.Word {
		return captions.Word{Text: text, StartMS: start, EndMS: end}
	}
	for _, c := range []struct {
		name string
		u    captions.Utterance
		max  int64
		want string
	}{
		{"short enough", captions.Utterance{Text: "Thank you.", StartMS: 5, EndMS: 12_005}, 12_000, "5-12005 Thank you."},
		{"no limit", captions.Utterance{Text: "a b", EndMS: 99_000}, 0, "0-99000 a b"},
		{"one word stays whole", captions.Utterance{Text: "Oh.", EndMS: 99_000}, 12_000, "0-99000 Oh."},
		{"nothing but time", captions.Utterance{EndMS: 99_000}, 12_000, "0-99000 "},
		{"after a sentence", captions.Utterance{Text: "We agree. We thank all of you.", EndMS: 3_000}, 2_000, "0-1000 We agree. | 1000-3000 We thank all of you."},
		{"after a clause", captions.Utterance{Text: "If we agree, we thank all of you", EndMS: 3_200}, 2_000, "0-1300 If we agree, | 1300-3200 we thank all of you"},
		{"a full stop too early is passed by", captions.Utterance{Text: "No. we thank all of you then", EndMS: 2_800}, 2_000, "0-2000 No. we thank all of | 2000-2800 you then"},
		{"by the times of words", captions.Utterance{
			Text: "one two three", StartMS: 100, EndMS: 9_000,
			Words: []captions.Word{word("one", 200, 400), word("two", 500, 700), word("three", 8_000, 8_900)},
		}, 4_000, "100-700 one two | 8000-9000 three"},
		{"words that are not in the text do not count", captions.Utterance{
			Text: "one two", EndMS: 7_000, Words: []captions.Word{word("uno", 0, 6_500), word("dos", 6_600, 7_000)},
		}, 4_000, "0-4000 one | 4000-7000 two"},
		{"a hyphen is no place to cut", captions.Utterance{Text: "well-known co-chairs", EndMS: 2_000}, 1_200, "0-1100 well-known | 1100-2000 co-chairs"},
		{"Chinese has no blanks", captions.Utterance{Text: "谢谢主席。我们同意。", EndMS: 10_000}, 6_000, "0-5000 谢谢主席。 | 5000-10000 我们同意。"},
		{"Arabic", captions.Utterance{Text: "شكراً، سيدي الرئيس", EndMS: 1_800}, 1_300, "0-700 شكراً، | 700-1800 سيدي الرئيس"},
		{"quotes after the full stop", captions.Utterance{Text: "He said “yes.” We go on", EndMS: 2_300}, 1_800, "0-1500 He said “yes.” | 1500-2300 We go on"},
		{"punctuation first", captions.Utterance{Text: "— and so we go", EndMS: 1_400}, 1_000, "0-900 — and so | 900-1400 we go"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := cutUp(captions.Split(c.u, c.max)); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestSplitKeepsWordsWithTheirPiece(t *testing.T) {
	t.Parallel()
	u := captions.Utterance{Text: "one two three four", EndMS: 24_000}
	for i, w := range strings.Fields(u.Text) {
		u.Words = append(u.Words, captions.Word{Text: w, StartMS: int64(i) * 6_000, EndMS: int64(i)*6_000 + 5_000, Confidence: 0.9})
	}
	var got []captions.Word
	pieces := captions.Split(u, captions.MaxUtteranceMS)
	for _, p := range pieces {
		var texts []string
		for _, w := range p.Words {
			texts = append(texts, w.Text)
		}
		if strings.Join(texts, " ") != p.Text {
			t.Errorf("%q has the words %q", p.Text, texts)
		}
		got = append(got, p.Words...)
	}
	if len(pieces) != 2 || !slices.Equal(got, u.Words) {
		t.Errorf("%d pieces, words %v", len(pieces), got)
	}
}

func TestSplitLosesNothingAndKeepsWithinTheTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := strings.TrimSpace(strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{
			"a", "word ", "and ", "so. ", "then, ", "well-known ", "谢谢", "。", "الرئيس ", "👩‍👩‍👧 ", "é", "e\u0301", "🇫🇷 ", "10:30 ", "\"Yes!\" ", " ", "— ",
		}), 0, 60).Draw(t, "pieces"), ""))
		u := captions.Utterance{Text: text, StartMS: 1_000, EndMS: 1_000 + rapid.Int64Range(0, 60_000).Draw(t, "ms")}
		max := rapid.Int64Range(500, 15_000).Draw(t, "max")
		pieces := captions.Split(u, max)
		now := u.StartMS
		var joined strings.Builder
		for _, p := range pieces {
			if p.StartMS < now || p.EndMS < p.StartMS {
				t.Fatalf("out of time: %s", cutUp(pieces))
			}
			if p.EndMS-p.StartMS > max+1 && len(words(p.Text)) > 1 {
				t.Fatalf("%d ms for %q, %d allowed", p.EndMS-p.StartMS, p.Text, max)
			}
			now = p.EndMS
			joined.WriteString(p.Text)
		}
		if now != u.EndMS || pieces[0].StartMS != u.StartMS {
			t.Fatalf("%d to %d: %s", u.StartMS, u.EndMS, cutUp(pieces))
		}
		if got, want := clusters(joined.String()), clusters(text); !slices.Equal(got, want) {
			t.Fatalf("%q became %s", text, cutUp(pieces))
		}
	})
}

// words gives the fields in which there is something to say.
func words(text string) []string {
	return slices.DeleteFunc(strings.Fields(text), func(w string) bool { return strings.Trim(w, "。—") == "" })
}

// clusters gives what a reader sees as characters, without the blanks.
func clusters(text string) []string {
	var out []string
	it := graphemes.FromString(text)
	for it.Next() {
		if strings.TrimSpace(it.Value()) != "" {
			out = append(out, it.Value())
		}
	}
	return out
}
