package people

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParagraphs(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
		words      int64
	}{
		{"nothing", "", nil, 0},
		{"white space", " \n\t\n ", nil, 0},
		{"one", "Thank you, Chair.", []string{"Thank you, Chair."}, 3},
		{"two", "One.\n\nTwo.", []string{"One.", "Two."}, 2},
		{"line feeds of another system", "One.\r\n\r\nTwo.\r\n", []string{"One.", "Two."}, 2},
		{"lines of one paragraph", "One\ntwo.", []string{"One\ntwo."}, 2},
		{"many empty lines", "\n\nOne.\n \n\t\n\nTwo.\n\n", []string{"One.", "Two."}, 2},
		{"a script without spaces", "主席先生，\n\n谢谢。", []string{"主席先生，", "谢谢。"}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := StatementText{Text: c.text}
			if got := text.Paragraphs(); !slices.Equal(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
			if got := text.Words(); got != c.words {
				t.Errorf("%d words, want %d", got, c.words)
			}
		})
	}
}

func TestParagraphsLoseNoWord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := StatementText{Text: rapid.StringMatching(`([a-zäß語]{1,5}|[ \t]|\n|\r\n){0,60}`).Draw(t, "text")}
		joined := strings.Join(text.Paragraphs(), "\n\n")
		if got, want := strings.Fields(joined), strings.Fields(text.Text); !slices.Equal(got, want) {
			t.Fatalf("words %q, want %q", got, want)
		}
		if again := (StatementText{Text: joined}).Paragraphs(); !slices.Equal(again, text.Paragraphs()) {
			t.Fatalf("split again: %q, want %q", again, text.Paragraphs())
		}
	})
}

func TestAllowedNames(t *testing.T) {
	for _, name := range []string{"Ada", "Nguyễn Thị Minh Khai", "محمد بن سلمان", "O'Neill-Łukasiewicz, Jr.", "می\u200cخواهم", "👩\u200d⚖️"} {
		if err := (Person{Name: name, Email: "a.b+c@example.org"}).Check(); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestAnAccessAllowanceIsInWholeSecondsAndBounded(t *testing.T) {
	for name, c := range map[string]struct {
		p              Person
		allotted, want int64
	}{
		"none":                  {Person{}, 60_000, 0},
		"seconds":               {Person{AccessSeconds: 20}, 60_000, 20_000},
		"a factor":              {Person{AccessPercent: 150}, 61_000, 30_000},
		"both":                  {Person{AccessSeconds: 5, AccessPercent: 125}, 60_000, 20_000},
		"a factor of one":       {Person{AccessPercent: 100}, 60_000, 0},
		"never beyond ten min.": {Person{AccessSeconds: 600, AccessPercent: 300}, 600_000, 600_000},
	} {
		if got := c.p.Access(c.allotted); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	for percent, good := range map[int64]bool{0: true, 100: true, 300: true, 1: false, 99: false, 301: false, -50: false} {
		if err := (Person{Name: "A", AccessPercent: percent}).Check(); (err == nil) != good {
			t.Errorf("%d %%: %v", percent, err)
		}
	}
}
