package captions_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/captions"
)

func TestSpeakers(t *testing.T) {
	t.Parallel()
	same := func(text string) captions.Said { return captions.Said{Text: text} }
	next := func(text string) captions.Said { return captions.Said{Change: true, Text: text} }
	named := func(name, text string) captions.Said { return captions.Said{Change: true, Name: name, Text: text} }
	for _, c := range []struct {
		line string
		want []captions.Said
	}{
		{"", nil},
		{"   ", nil},
		{"no mark: a colon alone names nobody", []captions.Said{same("no mark: a colon alone names nobody")}},
		{">> Thank you.", []captions.Said{next("Thank you.")}},
		{">>", []captions.Said{next("")}},
		{">>Thank you.", []captions.Said{next("Thank you.")}},
		{">>> And now the news.", []captions.Said{next("And now the news.")}},
		{">> THE CHAIR: Thank you.", []captions.Said{named("THE CHAIR", "Thank you.")}},
		{">> THE CHAIR:", []captions.Said{named("THE CHAIR", "")}},
		{">> Ms. O'Brien: Yes.", []captions.Said{named("Ms. O'Brien", "Yes.")}},
		{">> H.E. Mr. de la Cruz: Yes.", []captions.Said{named("H.E. Mr. de la Cruz", "Yes.")}},
		{">> SPEAKER 2: Yes.", []captions.Said{named("SPEAKER 2", "Yes.")}},
		{">> Access Now (online): Yes.", []captions.Said{named("Access Now (online)", "Yes.")}},
		{"and so on. >> MR DIOP: Yes. >> No.", []captions.Said{same("and so on."), named("MR DIOP", "Yes."), next("No.")}},
		{">> >> Twice.", []captions.Said{next(""), next("Twice.")}},
		{">> I say this: we must act.", []captions.Said{next("I say this: we must act.")}},
		{">> At 10:30 we break.", []captions.Said{next("At 10:30 we break.")}},
		{">> Really? Yes: we do.", []captions.Said{next("Really? Yes: we do.")}},
		{">> We agreed. Chair: go on.", []captions.Said{next("We agreed. Chair: go on.")}},
		{">> : nobody", []captions.Said{next(": nobody")}},
		{">> " + strings.Repeat("Very Long ", 9) + "Name: x", []captions.Said{next(strings.Repeat("Very Long ", 9) + "Name: x")}},
		{"a > b and 3 -> 4", []captions.Said{same("a > b and 3 -> 4")}},
		{"＞＞ 主席：谢谢。", []captions.Said{named("主席", "谢谢。")}},
		{"≫ Le Président : Merci.", []captions.Said{named("Le Président", "Merci.")}},
		{"》谢谢主席。", []captions.Said{next("谢谢主席。")}},
		{">> السيد ديوب: شكراً.", []captions.Said{named("السيد ديوب", "شكراً.")}},
		{">> <script>: no", []captions.Said{next("<script>: no")}},
	} {
		if got := captions.Speakers(c.line); !slices.Equal(got, c.want) {
			t.Errorf("%q:\n got %+v\nwant %+v", c.line, got, c.want)
		}
	}
}

// Nothing but marks, a name's colon and blanks is taken away.
func TestSpeakersLoseNoWord(t *testing.T) {
	t.Parallel()
	strip := func(s string) string {
		return strings.Map(func(r rune) rune {
			if strings.ContainsRune(">＞≫》:： \t\n\v\f\r\u0085\u00a0\u2000\u2001\u2028\u2029\u3000", r) {
				return -1
			}
			return r
		}, s)
	}
	rapid.Check(t, func(t *rapid.T) {
		line := strings.Join(rapid.SliceOf(rapid.SampledFrom([]string{
			">>", ">", "＞＞", "》", "MR X", ":", "：", " ", "yes.", "谢谢", "الرئيس", "Chair", "10:30", "é",
		})).Draw(t, "line"), "")
		var kept strings.Builder
		for i, s := range captions.Speakers(line) {
			if i > 0 && !s.Change {
				t.Fatalf("%q: a stretch begins without a mark", line)
			}
			if s.Name != "" && !s.Change || !utf8.ValidString(s.Text) {
				t.Fatalf("%q: %+v", line, s)
			}
			kept.WriteString(s.Name + s.Text)
		}
		if strip(kept.String()) != strip(line) {
			t.Fatalf("%q became %q", line, kept.String())
		}
	})
}
