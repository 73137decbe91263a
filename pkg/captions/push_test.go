package captions_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/captions"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// said writes the outcome of a post in one line, so that a table can be read.
func said(p captions.Pushed) string {
	var out []string
	for _, l := range p.Lines {
		out = append(out, fmt.Sprintf("%s %d %q", l.Change, l.Number, l.Text))
	}
	if p.Ignored > 0 {
		out = append(out, fmt.Sprintf("ignored %d", p.Ignored))
	}
	return strings.Join(out, "; ")
}

func TestPushLineDiscipline(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		posts []string
		want  []string
	}{
		{"LF ends a line", []string{"Thank you.\n"}, []string{`final 1 "Thank you."`}},
		{"CR ends a line", []string{"Thank you.\r"}, []string{`final 1 "Thank you."`}},
		{"CRLF ends one line, not two", []string{"One.\r\nTwo.\r\n"}, []string{`final 1 "One."; final 2 "Two."`}},
		{"CRLF across two posts is one end", []string{"One.\r", "\nTwo.\n"}, []string{`final 1 "One."`, `final 2 "Two."`}},
		{"LFCR is two ends, the line between is empty", []string{"One.\n\rTwo.\n"}, []string{`final 1 "One."; final 3 "Two."`}},
		{"empty lines are nobody's words", []string{"\n\r\n  \n"}, []string{``}},
		{
			"no end: open, then more, then the end",
			[]string{"The dele", "gation", " agrees.\n"},
			[]string{`open 1 "The dele"`, `open 1 "The delegation"`, `final 1 "The delegation agrees."`},
		},
		{"an end alone makes the open line final", []string{"Agreed.", "\n"}, []string{`open 1 "Agreed."`, `final 1 "Agreed."`}},
		{"a post of nothing", []string{"", "\ufeff"}, []string{``, ``}},
		{"backspaces in one post", []string{"helo\blo\n"}, []string{`final 1 "hello"`}},
		{"backspaces into an earlier post", []string{"The chiar", "\b\b\bair\n"}, []string{`open 1 "The chiar"`, `final 1 "The chair"`}},
		{
			"a backspace takes a whole multi-byte character",
			[]string{"café\be\n", "感謝\b谢\n", "ok 👍\bno\n"},
			[]string{`final 1 "cafe"`, `final 2 "感谢"`, `final 3 "ok no"`},
		},
		{"a combining accent is a character of its own", []string{"cafe\u0301\b\n"}, []string{`final 1 "cafe"`}},
		{"across a final is its correction", []string{"Mr Smyth.\n", "\b\b\b\b\bith.\n"}, []string{`final 1 "Mr Smyth."`, `corrected 1 "Mr Smith."`}},
		{"across CRLF the end counts one", []string{"abc\r\n", "\b\bC\r\n"}, []string{`final 1 "abc"`, `corrected 1 "abC"`}},
		{"across two finals", []string{"one\ntwo\n", "\b\b\b\b\b\bNE\n"}, []string{`final 1 "one"; final 2 "two"`, `corrected 1 "onNE"; retracted 2 ""`}},
		{"only the end deleted and put back changes nothing", []string{"one\n", "\b\n"}, []string{`final 1 "one"`, ``}},
		{"the end deleted, then written on", []string{"one\n", "\b two", "\n"}, []string{`final 1 "one"`, `corrected 1 "one two"`, ``}},
		{"all of a final deleted", []string{"one\n", "\b\b\b\b"}, []string{`final 1 "one"`, `retracted 1 ""`}},
		{"a retracted line's number does not come back", []string{"one\n", "\b\b\b\b", "two\n"}, []string{`final 1 "one"`, `retracted 1 ""`, `final 2 "two"`}},
		{"nor when blanks were left on it", []string{"  one\n", "\b\b\b\b", "two\n"}, []string{`final 1 "one"`, `retracted 1 ""`, `final 2 "two"`}},
		{"an open line deleted is cleared", []string{"one", "\b\b\b"}, []string{`open 1 "one"`, `open 1 ""`}},
		{"an open second line deleted into the first", []string{"one\ntw", "\b\b\b!\n"}, []string{`final 1 "one"; open 2 "tw"`, `corrected 1 "one!"; open 2 ""`}},
		{"backspaces before the beginning", []string{"\b\ba\b\b\b"}, []string{`ignored 4`}},
		{"backspaces through an empty line", []string{"a\n\n", "\b\b\bA\n"}, []string{`final 1 "a"`, `corrected 1 "A"`}},
		{"TAB and the Unicode separators are blanks", []string{"a\tb\u2028c\u2029d\n"}, []string{`final 1 "a b c d"`}},
		{"controls are left out", []string{"a\x00b\x1b[c\x7f\u0085\x07\n"}, []string{`final 1 "ab[c"`}},
		{"a control inside CRLF does not part it", []string{"a\r\x00\nb\n"}, []string{`final 1 "a"; final 2 "b"`}},
		{"a BOM inside is kept as sent", []string{"\ufeffa\ufeffb\n"}, []string{"final 1 \"a\\ufeffb\""}},
		{"right to left and Chinese", []string{"شكراً سيدي الرئيس.\n谢谢主席。\n"}, []string{`final 1 "شكراً سيدي الرئيس."; final 2 "谢谢主席。"`}},
		{"blanks around are not words", []string{"  hello  \n"}, []string{`final 1 "hello"`}},
		{"a blank at the end of a post is kept for the next", []string{"hello ", "world\n"}, []string{`open 1 "hello"`, `final 1 "hello world"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var tail captions.Tail
			for i, body := range c.posts {
				next, pushed, err := tail.Push([]byte(body))
				if err != nil {
					t.Fatal(err)
				}
				if got := said(pushed); got != c.want[i] {
					t.Errorf("post %d %q:\n got %s\nwant %s", i+1, body, got, c.want[i])
				}
				tail = next
			}
		})
	}
}

func TestPushRefuses(t *testing.T) {
	t.Parallel()
	tail, _ := must(t, captions.Tail{}, "kept ")
	for name, c := range map[string]struct {
		body string
		code problem.Code
		says string
	}{
		"Latin-1":                    {"caf\xe9\n", problem.Malformed, "byte 3 of the body (0xe9) is not UTF-8"},
		"UTF-16":                     {"\xff\xfeh\x00", problem.Malformed, "byte 0"},
		"a character cut in two":     {"caf\xc3", problem.Malformed, "byte 3"},
		"a surrogate":                {"\xed\xa0\x80", problem.Malformed, "byte 0"},
		"one byte more than allowed": {strings.Repeat("a", captions.MaxBody+1), problem.TooLarge, "1048577 bytes, 1048576 are allowed"},
	} {
		after, pushed, err := tail.Push([]byte(c.body))
		refusal := problem.From(err)
		if err == nil || refusal.Code != c.code || !strings.Contains(refusal.Detail, c.says) || refusal.Field != "body" || refusal.Do == "" {
			t.Errorf("%s: %v", name, err)
		}
		if len(pushed.Lines) > 0 || text(t, after) != text(t, tail) {
			t.Errorf("%s: the refused post left a trace", name)
		}
	}
	// The replacement character itself is good UTF-8.
	if _, pushed := must(t, tail, "\ufffd\n"); said(pushed) != `final 1 "kept `+"\ufffd"+`"` {
		t.Error(said(pushed))
	}
}

func TestPushTakesAWholeMebibyte(t *testing.T) {
	t.Parallel()
	words := strings.Repeat("seven ten ", captions.MaxBody/10)
	_, pushed := must(t, captions.Tail{}, words)
	characters := 0
	for i, l := range pushed.Lines {
		if n := utf8.RuneCountInString(l.Text); n > captions.MaxLine {
			t.Fatalf("line %d has %d characters", l.Number, n)
		}
		if i < len(pushed.Lines)-1 && !strings.HasSuffix(l.Text, "seven") && !strings.HasSuffix(l.Text, "ten") {
			t.Fatalf("line %d is cut inside a word: …%q", l.Number, l.Text[len(l.Text)-8:])
		}
		characters += strings.Count(l.Text, "seven") + strings.Count(l.Text, "ten")
	}
	if want := strings.Count(words, "seven") + strings.Count(words, "ten"); characters != want {
		t.Errorf("%d words of %d", characters, want)
	}
	// Nothing but backspaces is quick too, and says how many were for nothing.
	tail, _ := must(t, captions.Tail{}, "gone")
	_, pushed = must(t, tail, strings.Repeat("\b", captions.MaxBody))
	if said(pushed) != fmt.Sprintf(`open 1 ""; ignored %d`, captions.MaxBody-4) {
		t.Error(said(pushed))
	}
}

func TestPushLongLineKeepsACharacterWhole(t *testing.T) {
	t.Parallel()
	// No blank to cut at, and a base letter with its accent over the thousandth character.
	body := strings.Repeat("汉", captions.MaxLine-1) + "e\u0301漢"
	_, pushed := must(t, captions.Tail{}, body)
	if len(pushed.Lines) != 2 || !strings.HasSuffix(pushed.Lines[0].Text, "e\u0301") || pushed.Lines[1].Text != "漢" {
		t.Errorf("cut into %d lines: %s", len(pushed.Lines), said(pushed)[:60])
	}
	// A stream of accents without end is no reason for a line without end.
	_, pushed = must(t, captions.Tail{}, "e"+strings.Repeat("\u0301", 5*captions.MaxLine))
	if len(pushed.Lines) != 5 {
		t.Errorf("%d lines", len(pushed.Lines))
	}
	// A backspace goes through our own end as if it were not there.
	tail, _ := must(t, captions.Tail{}, strings.Repeat("a", captions.MaxLine)+"b")
	_, pushed = must(t, tail, "\b\bX\n")
	if len(pushed.Lines) != 2 || !strings.HasSuffix(pushed.Lines[0].Text, "aX") || pushed.Lines[0].Change != captions.Corrected {
		t.Errorf("%d lines, the first %s", len(pushed.Lines), pushed.Lines[0].Change)
	}
}

func TestPushEndAndRunning(t *testing.T) {
	t.Parallel()
	tail, _ := must(t, captions.Tail{}, "one\nthe floor chan")
	if l, ok := tail.Running(); !ok || l != (captions.Line{Number: 2, Text: "the floor chan", Change: captions.Open}) {
		t.Errorf("%+v %v", l, ok)
	}
	tail, pushed := tail.End()
	if said(pushed) != `final 2 "the floor chan"` {
		t.Error(said(pushed))
	}
	if _, ok := tail.Running(); ok {
		t.Error("a line runs after its end")
	}
	// Ending twice, or with only blanks on the line, does nothing.
	tail, pushed = tail.End()
	if said(pushed) != "" {
		t.Error(said(pushed))
	}
	tail, pushed = must(t, tail, " ")
	if _, ok := tail.Running(); ok || said(pushed) != "" {
		t.Error("a blank line runs")
	}
	tail, pushed = tail.End()
	if said(pushed) != "" {
		t.Error(said(pushed))
	}
	// The blank goes with one backspace, our own end with none.
	tail, pushed = must(t, tail, "\b\bn\n")
	if said(pushed) != "" {
		t.Error(said(pushed))
	}
	tail, pushed = must(t, tail, "\bged")
	if said(pushed) != `corrected 2 "the floor changed"` {
		t.Error(said(pushed))
	}
	if l, ok := tail.Running(); !ok || l.Change != captions.Corrected {
		t.Errorf("%+v %v", l, ok)
	}
}

func TestPushForgetsWordsAndStopsThere(t *testing.T) {
	t.Parallel()
	tail, _ := must(t, captions.Tail{}, "one\nsecret\nthree\n")
	tail = tail.Forget(2)
	if stored := text(t, tail); strings.Contains(stored, "secret") || strings.Contains(stored, "one") {
		t.Errorf("still there: %s", stored)
	}
	_, pushed := must(t, tail, strings.Repeat("\b", 9)+"4\n")
	if said(pushed) != `retracted 3 ""; final 4 "4"; ignored 3` {
		t.Error(said(pushed))
	}
	// A number beyond the last forgets all, and numbers go on.
	_, pushed = must(t, tail.Forget(99), "next\n")
	if said(pushed) != `final 4 "next"` {
		t.Error(said(pushed))
	}
}

func TestPushReachIsBounded(t *testing.T) {
	t.Parallel()
	var tail captions.Tail
	for i := range 500 {
		tail, _ = must(t, tail, fmt.Sprintf("line %d of a long session\n", i))
	}
	if size := len(text(t, tail)); size > 4*captions.Reach {
		t.Errorf("the tail has grown to %d bytes", size)
	}
	_, pushed := must(t, tail, strings.Repeat("\b", 3*captions.Reach))
	if pushed.Ignored < 2*captions.Reach || pushed.Ignored > 2*captions.Reach+500 {
		t.Errorf("%d backspaces were ignored", pushed.Ignored)
	}
	for range 500 {
		tail, _ = must(t, tail, "\n")
	}
	if size := len(text(t, tail)); size > 4*captions.Reach {
		t.Errorf("empty lines let the tail grow to %d bytes", size)
	}
}

// A Tail is a value: an attempt that is refused by the log later leaves no trace.
func TestPushLeavesTheOlderTailAlone(t *testing.T) {
	t.Parallel()
	tail, _ := must(t, captions.Tail{}, "one\ntwo")
	before := text(t, tail)
	must(t, tail, "\b\b\b\b\bX\n")
	tail.End()
	tail.Forget(1)
	if after := text(t, tail); after != before {
		t.Errorf("%s became %s", before, after)
	}
}

// stream draws what a captioner's program may send.
func stream() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{
			"a", "b ", "é", "e\u0301", "谢", "ش", "👍🏽", "\b", "\b\b", "\b\b\b\b", "\n", "\r", "\r\n", " ", ". ",
		}), 0, 40).Draw(t, "pieces"), "")
	})
}

// reads applies what the posts gave, as a viewer does, and gives the lines with text.
func reads(lines map[int64]string, p captions.Pushed) {
	for _, l := range p.Lines {
		lines[l.Number] = l.Text
		if l.Text == "" {
			delete(lines, l.Number)
		}
	}
}

func inOrder(lines map[int64]string) []string {
	var numbers []int64
	for n := range lines {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	var out []string
	for _, n := range numbers {
		out = append(out, lines[n])
	}
	return out
}

// model is the rule in its plainest form: one buffer of characters over the whole stream.
func model(all string) []string {
	var buffer []rune
	cr := false
	for _, r := range all {
		switch {
		case r == '\n' && cr:
		case r == '\r' || r == '\n':
			buffer = append(buffer, '\n')
		case r == '\b':
			if len(buffer) > 0 {
				buffer = buffer[:len(buffer)-1]
			}
		default:
			buffer = append(buffer, r)
		}
		cr = r == '\r'
	}
	var out []string
	for l := range strings.SplitSeq(string(buffer), "\n") {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}

func TestPushIsAnEditBufferHoweverTheTextIsCut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all := stream().Draw(t, "stream")
		var tail captions.Tail
		lines := map[int64]string{}
		final := map[int64]bool{}
		retracted := map[int64]bool{}
		rest := []rune(all)
		for len(rest) > 0 {
			n := rapid.IntRange(1, len(rest)).Draw(t, "post")
			next, pushed, err := tail.Push([]byte(string(rest[:n])))
			if err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
			reads(lines, pushed)
			for _, l := range pushed.Lines {
				if retracted[l.Number] {
					t.Fatalf("line %d came back to life", l.Number)
				}
				if final[l.Number] == (l.Change == captions.Final || l.Change == captions.Open) {
					t.Fatalf("line %d is %s, and was it final before: %v", l.Number, l.Change, final[l.Number])
				}
				final[l.Number] = l.Change == captions.Final || l.Change == captions.Corrected
				retracted[l.Number] = l.Change == captions.Retracted
			}
			if !slices.IsSortedFunc(pushed.Lines, func(a, b captions.Line) int { return int(a.Number - b.Number) }) {
				t.Fatalf("out of order: %s", said(pushed))
			}
			// Kept and read back between posts, as a service that restarts does.
			stored, err := json.Marshal(next)
			if err != nil {
				t.Fatal(err)
			}
			tail = captions.Tail{}
			if err := json.Unmarshal(stored, &tail); err != nil {
				t.Fatal(err)
			}
		}
		if got, want := inOrder(lines), model(all); !slices.Equal(got, want) {
			t.Fatalf("%q\n got %q\nwant %q", all, got, want)
		}
	})
}

func FuzzPush(f *testing.F) {
	for _, seed := range []string{"", "a\r\n\bb", "\b\b\b", "é\b\n", "caf\xe9", "one\ntwo\b\b\b\b\b\n", "\ufeff\x00\x1b", "👩‍👩‍👧\b\b"} {
		f.Add([]byte(seed), []byte(seed))
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		lines := map[int64]string{}
		var tail captions.Tail
		for _, body := range [][]byte{first, second} {
			next, pushed, err := tail.Push(body)
			if (err != nil) != (!utf8.Valid(body) || len(body) > captions.MaxBody) {
				t.Fatalf("%q: %v", body, err)
			}
			for _, l := range pushed.Lines {
				if !utf8.ValidString(l.Text) || strings.ContainsAny(l.Text, "\r\n\b\t\x00") || utf8.RuneCountInString(l.Text) > captions.MaxLine+32 {
					t.Fatalf("line %d: %q", l.Number, l.Text)
				}
				if (l.Change == captions.Retracted && l.Text != "") || (l.Text == "" && l.Change != captions.Retracted && l.Change != captions.Open) {
					t.Fatalf("line %d: %s with %q", l.Number, l.Change, l.Text)
				}
			}
			reads(lines, pushed)
			tail = next
		}
	})
}

func must(t *testing.T, tail captions.Tail, body string) (captions.Tail, captions.Pushed) {
	t.Helper()
	next, pushed, err := tail.Push([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return next, pushed
}

func text(t *testing.T, tail captions.Tail) string {
	t.Helper()
	stored, err := json.Marshal(tail)
	if err != nil {
		t.Fatal(err)
	}
	return string(stored)
}
