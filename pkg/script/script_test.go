package script

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func sentencesOf(s Statement) []string {
	var out []string
	for _, sentence := range s.Sentences {
		out = append(out, sentence.Text)
	}
	return out
}

func TestSentences(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		language, text string
		want           []string
	}{
		{"en", "", nil},
		{"en", " \n\n — \n", nil},
		{"en", "Thank you, Chair. We agree.", []string{"Thank you, Chair.", "We agree."}},
		{"en", "No end", []string{"No end"}},
		{"en", "Thank you, Mr. Chair. Dr. J. Smith and H.E. Ms. Diop agree.", []string{"Thank you, Mr. Chair.", "Dr. J. Smith and H.E. Ms. Diop agree."}},
		{"en", "It grew by 3.5 per cent (see A/75/816). Why? Because!", []string{"It grew by 3.5 per cent (see A/75/816).", "Why?", "Because!"}},
		{"en", "We say no. Then we act.", []string{"We say no.", "Then we act."}},
		{"en", "They said “we will.” And they did…", []string{"They said “we will.”", "And they did…"}},
		{"en", "1. The first point. 2. The second.", []string{"1. The first point.", "2. The second."}},
		{"en", "Networks, servers, etc. The list is long.", []string{"Networks, servers, etc.", "The list is long."}},
		{"en", "It was me and I. We left.", []string{"It was me and I.", "We left."}},
		{"en", "Yes. — ", []string{"Yes. —"}},
		{"fr", "Merci, M. le Président. Nous avons une demande\u00a0: agir\u00a0! Est-ce possible\u202f?", []string{"Merci, M. le Président.", "Nous avons une demande\u00a0: agir\u00a0!", "Est-ce possible\u202f?"}},
		{"es", "Gracias, Sra. Presidenta. ¿Qué pedimos? ¡Claridad!", []string{"Gracias, Sra. Presidenta.", "¿Qué pedimos?", "¡Claridad!"}},
		{"ru", "Спасибо, г-н Председатель. Мы согласны, т.е. Группа согласна. Почему?", []string{"Спасибо, г-н Председатель.", "Мы согласны, т.е. Группа согласна.", "Почему?"}},
		{"ar", "شكراً سيدي الرئيس. هل نتفق؟ نعم، نتفق.", []string{"شكراً سيدي الرئيس.", "هل نتفق؟", "نعم، نتفق."}},
		{"zh", "谢谢主席。我们同意吗？同意！他说：“好。”我们继续。", []string{"谢谢主席。", "我们同意吗？", "同意！", "他说：“好。”", "我们继续。"}},
	} {
		if got := sentencesOf(Read(c.text, c.language)); !slices.Equal(got, c.want) {
			t.Errorf("%s %q:\n got %q\nwant %q", c.language, c.text, got, c.want)
		}
	}
}

func TestParagraphsAndMarks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{"empty lines part", "One.\n\nTwo. Three.\n \t\n\nFour.", "1:1-1 2:2-3 3:4-4"},
		{"lines of a mail are one paragraph", "We are\r\nhere. And\r\nthere.\r\n\r\nTwo.", "1:1-2 2:3-3"},
		{"without empty lines a line that ends a sentence ends its paragraph", "One is\nlong.\nTwo.\nThree", "1:1-1 2:2-2 3:3-3"},
		{"marks", "[must] One.\n\n[May Drop] Two.\n\nThree.\n\n(optional): Four.\n\n*must* Five.", "1:1-1must 2:2-2may_drop 3:3-3 4:4-4may_drop 5:5-5must"},
		{"a mark begins a paragraph", "One\n[may drop] Two", "1:1-1 2:2-2may_drop"},
		{"marks in the six languages", "[obligatoire] A.\n\n[opcional] B.\n\n[можно опустить] C.\n\n[إلزامي] D.\n\n【可略】E。", "1:1-1must 2:2-2may_drop 3:3-3may_drop 4:4-4must 5:5-5may_drop"},
		{"other brackets are text", "[sic] One.\n\n(A) Two.", "1:1-1 2:2-2"},
		{"a mark of nothing is nothing", "[must]\n\nOne.", "1:1-1"},
		{"Unicode separators", "One.\u2029Two.\u2028Three.", "1:1-1 2:2-3"},
	} {
		var got []string
		for _, p := range Read(c.text, "en").Paragraphs {
			got = append(got, fmt.Sprintf("%d:%d-%d%s", p.Number, p.First, p.Last, p.Mark))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %s, want %s", c.name, strings.Join(got, " "), c.want)
		}
	}
	if got := sentencesOf(Read("【必读】谢谢。", "zh")); !slices.Equal(got, []string{"谢谢。"}) {
		t.Errorf("the mark is spoken: %q", got)
	}
}

func TestASentenceTooLongIsCut(t *testing.T) {
	t.Parallel()
	long := strings.TrimSpace(strings.Repeat("and so on and so forth, ", 60)) + "."
	got := sentencesOf(Read(long, "en"))
	if len(got) < 4 || strings.Join(got, " ") != long {
		t.Errorf("%d pieces: %q", len(got), got)
	}
	for _, s := range got[:len(got)-1] {
		if !strings.HasSuffix(s, ",") {
			t.Errorf("not cut after a clause: …%q", s[len(s)-20:])
		}
	}
	got = sentencesOf(Read(strings.Repeat("x", 3*MaxSentence+1), "en"))
	if len(got) != 4 {
		t.Errorf("%d pieces of one word", len(got))
	}
}

func TestReadLosesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{
			"word ", "Mr. ", "J. ", "1. ", "end. ", "Why? ", "\n", "\n\n", "\r\n", "谢谢。", "نعم. ", "؟ ", "“", "” ", "— ", "é", "👍🏽 ", "etc. ", "\u00a0", "x\u0301",
			strings.Repeat("long ", 100), "... ", "!!",
		}), 0, 60).Draw(t, "text"), "")
		s := Read(text, rapid.SampledFrom([]string{"en", "fr", "ar", "zh", "ru", "xx", ""}).Draw(t, "language"))
		var got strings.Builder
		for i, sentence := range s.Sentences {
			if sentence.Number != i+1 || sentence.Text != strings.TrimSpace(sentence.Text) || utf8.RuneCountInString(sentence.Text) > MaxSentence+2 {
				t.Fatalf("%+v", sentence)
			}
			got.WriteString(sentence.Text)
		}
		next := 1
		for i, p := range s.Paragraphs {
			if p.Number != i+1 || p.First != next || p.Last < p.First {
				t.Fatalf("%+v after %d", p, next)
			}
			next = p.Last + 1
		}
		if next != len(s.Sentences)+1 {
			t.Fatalf("paragraphs end at %d of %d", next-1, len(s.Sentences))
		}
		if g, w := letters(got.String()), letters(text); g != w {
			t.Fatalf("%q became %q", w, g)
		}
	})
}

func letters(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) {
			return r
		}
		return -1
	}, text)
}

func TestPace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		language, text string
		count          int
		ms             int64
	}{
		{"en", "Thank you — Chair, for 3 minutes.", 6, 3_000},
		{"en-GB", "well-known", 1, 500},
		{"fr", "Merci !", 1, 500},
		{"ru", "Спасибо большое", 2, 1_200},
		{"ar", "شكراً سيدي الرئيس", 3, 1_800},
		{"zh", "谢谢主席。", 4, 1_333},
		{"zh-Hans", "使用 DNS 和 TCP-IP 共 42 次", 11, 3_666},
		{"sw", "asante sana", 2, 1_200},
		{"", "", 0, 0},
	} {
		p := PaceOf(c.language)
		if p.Count(c.text) != c.count || p.LengthMS(c.text) != c.ms || p.Source == "" {
			t.Errorf("%s %q: %d, %d ms", c.language, c.text, p.Count(c.text), p.LengthMS(c.text))
		}
	}
	s := Read("One two three.\n\nFour five. Six.", "en")
	if s.LengthMS() != 3_000 || s.Paragraphs[1].LengthMS != 1_500 || s.Sentences[2].LengthMS != 500 {
		t.Errorf("%+v", s)
	}
}

func TestFit(t *testing.T) {
	t.Parallel()
	// 1 s, 2 s (may drop), 3 s, 1 s (may drop), 4 s (must).
	text := "a a.\n\n[may drop] b b b b.\n\nc c c c c c.\n\n[may drop] d d.\n\n[must] e e e e e e e e."
	for _, c := range []struct {
		ms     int64
		drop   []int
		length int64
		fits   bool
	}{
		{11_000, nil, 11_000, true},
		{10_500, []int{4}, 10_000, true},
		{9_000, []int{2}, 9_000, true}, // 4 went first, and comes back
		{8_000, []int{2, 4}, 8_000, true},
		{7_500, []int{3, 4}, 7_000, true}, // 2 went first, and comes back; 4 does not fit any more
		{5_000, []int{2, 3, 4}, 5_000, true},
		{4_000, []int{1, 2, 3, 4}, 4_000, true},
		{3_000, []int{1, 2, 3, 4}, 4_000, false},
	} {
		got := Read(text, "en").Fit(c.ms)
		if !slices.Equal(got.Drop, c.drop) || got.LengthMS != c.length || got.Fits != c.fits {
			t.Errorf("%d ms: %+v", c.ms, got)
		}
	}
	if got := Read("", "en").Fit(0); !got.Fits || got.Drop != nil {
		t.Errorf("%+v", got)
	}
}

func TestFitKeepsWhatMustBeSaidAndDropsNoMoreThanNeeded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var text strings.Builder
		for range rapid.IntRange(0, 8).Draw(t, "paragraphs") {
			text.WriteString(rapid.SampledFrom([]string{"", "[must] ", "[may drop] "}).Draw(t, "mark"))
			text.WriteString(strings.Repeat("w ", rapid.IntRange(1, 30).Draw(t, "words")) + ".\n\n")
		}
		s := Read(text.String(), "en")
		ms := rapid.Int64Range(0, 100_000).Draw(t, "ms")
		cut := s.Fit(ms)
		length, least := s.LengthMS(), int64(0)
		for _, p := range s.Paragraphs {
			gone := slices.Contains(cut.Drop, p.Number)
			if gone {
				length -= p.LengthMS
			}
			if p.Mark == Must {
				least += p.LengthMS
			}
			if gone && p.Mark == Must || gone && cut.LengthMS+p.LengthMS <= ms {
				t.Fatalf("paragraph %d (%s) went: %+v", p.Number, p.Mark, cut)
			}
		}
		if length != cut.LengthMS || cut.Fits != (least <= ms) || cut.Fits != (length <= ms) {
			t.Fatalf("%d ms: %+v, %d remain, %d must", ms, cut, length, least)
		}
	})
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{"", "[must] One. Two.\n\n[may drop] Three.", "Mr. J. R. 1. 2. ...", "谢谢。\r\r【可略】好", "\xff\xfe", "\ufeff\u2029 . \u2028", english, french} {
		f.Add(seed, "en")
		f.Add(seed, "zh")
	}
	f.Fuzz(func(t *testing.T, text, language string) {
		s := Read(text, language)
		for i, sentence := range s.Sentences {
			if sentence.Number != i+1 || !utf8.ValidString(sentence.Text) || strings.ContainsAny(sentence.Text, "\r\n\t\x00") || utf8.RuneCountInString(sentence.Text) > MaxSentence+2 {
				t.Fatalf("%+v", sentence)
			}
		}
		// What was read reads the same: page, gateway and transcript number alike.
		if again := Read(text, language); !slices.Equal(again.Sentences, s.Sentences) || !slices.Equal(again.Paragraphs, s.Paragraphs) {
			t.Fatal("not the same twice")
		}
		for _, p := range s.Paragraphs {
			if p.LengthMS < 0 || p.First > p.Last {
				t.Fatalf("%+v", p)
			}
		}
		s.Fit(10_000)
		s.Locate(text, 1)
	})
}
