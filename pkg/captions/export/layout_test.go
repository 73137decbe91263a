package export

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/rivo/uniseg"
	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/api"
)

func TestWrap(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", "", nil},
		{"blanks", "   ", nil},
		{"one line of 32", "12345678901234567890123456789012", []string{"12345678901234567890123456789012"}},
		{"a blank hangs over the edge", "1234567890123456789012345678901 3 5", []string{"1234567890123456789012345678901", "3 5"}},
		{"33 break at the blank", "123456789012345678901234567890 23", []string{"123456789012345678901234567890", "23"}},
		{"a word wider than a line", strings.Repeat("x", 40) + " y", []string{strings.Repeat("x", 32), strings.Repeat("x", 8) + " y"}},
		{"after a hyphen", "an extraordinarily well-considered thing", []string{"an extraordinarily well-", "considered thing"}},
		{"Chinese takes two columns, and no line begins with its full stop", "一二三四五六七八九十一二三四五六。七", []string{"一二三四五六七八九十一二三四五", "六。七"}},
		{"Arabic", "شكراً سيدي الرئيس، ونرحّب بهذه الفرصة للمشاركة", []string{"شكراً سيدي الرئيس، ونرحّب بهذه", "الفرصة للمشاركة"}},
		{"French keeps its colon", "Nous avons une seule demande\u00a0: agir", []string{"Nous avons une seule demande\u00a0:", "agir"}},
		{"a family stays together", strings.Repeat("👩‍👩‍👧‍👦", 17), []string{strings.Repeat("👩‍👩‍👧‍👦", 16), "👩‍👩‍👧‍👦"}},
	} {
		if got := wrap(c.text); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
}

func TestNamesOfTheOtherDirectionDoNotTurnALineAround(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ label, text, want string }{
		{"Chair", "Yes.", "Chair: Yes."},
		{"منظمة", "نعم.", "منظمة: نعم."},
		{"Chair", "نعم.", "\u2068Chair\u2069: نعم."},
		{"منظمة", "Yes.", "\u2068منظمة\u2069: Yes."},
		{"2", "3", "2: 3"},
	} {
		if got := prefixed(c.label, c.text); got != c.want {
			t.Errorf("%q", got)
		}
	}
}

func TestTurnsJoinSentences(t *testing.T) {
	t.Parallel()
	doc := Document{Zero: began, Language: "zh"}
	for i, text := range []string{"谢谢主席。", "我们同意。", "OK.", "再见。"} {
		s := segment(uint64(i+1), "甲", int64(i)*1_000, int64(i)*1_000+500, text)
		if i == 3 {
			s.Edited = true
		}
		doc.Segments = append(doc.Segments, s)
	}
	turns := doc.book().turns()
	if len(turns) != 1 || turns[0].text(func(s api.Segment) string { return s.Text }) != "谢谢主席。我们同意。OK. 再见。" {
		t.Errorf("%+v", turns)
	}
}

// texts draws what anybody may say.
func texts() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{
			"a ", "word ", "well-known ", "& ", "<i> ", "--> ", "谢谢", "。", "شكراً ", "👩‍👩‍👧‍👦", "🇫🇷 ", "e\u0301", "  ", "\n", strings.Repeat("x", 40), "NOTE ", "1. ", "\u00a0:", "“", "” ",
		}), 0, 120).Draw(t, "text"), "")
	})
}

func TestCaptionsKeepEveryWordInTwoLinesOf32OneAfterAnother(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		doc := Document{Zero: began, Language: rapid.SampledFrom([]string{"en", "ar", "zh"}).Draw(t, "language")}
		n := rapid.IntRange(0, 8).Draw(t, "segments")
		for i := range n {
			// Times as sources give them: some all at once, some before the beginning, some without a length.
			from := rapid.Int64Range(-2_000, 5_000).Draw(t, "from")
			s := segment(uint64(i+1), rapid.SampledFrom([]string{"", "Chair", "منظمة", strings.Repeat("Long ", 20)}).Draw(t, "label"),
				from, from+rapid.Int64Range(0, 20_000).Draw(t, "length"), texts().Draw(t, "text"))
			doc.Segments = append(doc.Segments, s)
		}
		b := doc.book()
		for _, inline := range []bool{false, true} {
			var want, got strings.Builder
			before := ""
			if inline {
				want.WriteString(b.note)
			}
			for _, s := range b.segments {
				if inline && s.Speaker.Label != "" && s.Speaker.Label != before {
					want.WriteString(prefixed(s.Speaker.Label, ""))
				}
				before = s.Speaker.Label
				want.WriteString(s.Text)
			}
			now := int64(0)
			for _, c := range b.cues(inline) {
				if c.from < now || c.to <= c.from {
					t.Fatalf("%d to %d after %d", c.from, c.to, now)
				}
				now = c.to
				if len(c.rows) == 0 || len(c.rows) > Rows {
					t.Fatalf("%d lines", len(c.rows))
				}
				for _, row := range c.rows {
					if w := uniseg.StringWidth(row); w > Columns || row != strings.Trim(row, " ") || row == "" {
						t.Fatalf("a line of %d columns: %q", w, row)
					}
					got.WriteString(row)
				}
			}
			// Isolates depend on the text behind the name.
			strip := strings.NewReplacer(firstStrongIsolate, "", popIsolate, "")
			if g, w := dense(strip.Replace(got.String())), dense(strip.Replace(want.String())); g != w {
				t.Fatalf("\n got %q\nwant %q", g, w)
			}
			if g, w := clusters(got.String()), clusters(strings.Join(rowsOf(b.cues(inline)), " ")); g != w {
				t.Fatalf("a character was cut: %d of %d", w, g)
			}
		}
		f := rapid.SampledFrom(Formats()).Draw(t, "format")
		var one, two strings.Builder
		if Write(&one, f, doc) != nil || Write(&two, f, doc) != nil || one.String() != two.String() {
			t.Fatalf("%s is not the same twice", f)
		}
	})
}

func rowsOf(cues []cue) []string {
	var rows []string
	for _, c := range cues {
		rows = append(rows, c.rows...)
	}
	return rows
}

// clusters counts what a reader sees as characters, without blanks: apart or joined, the same number.
func clusters(text string) int {
	return uniseg.GraphemeClusterCount(dense(text))
}

// A session of 90 minutes: some 13,000 words in 1,300 segments.
func BenchmarkWrite(b *testing.B) {
	doc := Document{Zero: began, Language: "en"}
	for i := range 1_300 {
		doc.Segments = append(doc.Segments, segment(uint64(i+1), []string{"Chair", "Access Now"}[i/20%2], int64(i)*4_000, int64(i)*4_000+3_500, strings.Repeat("words ", 10)))
	}
	for _, f := range Formats() {
		b.Run(string(f), func(b *testing.B) {
			for b.Loop() {
				if err := Write(io.Discard, f, doc); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
