package roster

import (
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

func TestSameOrganisation(t *testing.T) {
	for _, c := range []struct{ a, b string }{
		{"Access Now", "ACCESS NOW"},
		{"Access Now", "  access\t\u00a0now "},
		{"Société Générale", "Societe generale"},
		{"Socie\u0301te\u0301", "Société"},
		{"ＡＢＢ", "ABB"},
		{"ﬁnance", "finance"},
		{"A.C.M.E.", "ACME"},
		{"Africa Digital Rights’ Hub", "Africa Digital Rights' Hub"},
		{"EBRC – European Centre", "EBRC - European Centre"},
		{"AT&T", "AT and T"},
		{"Ærø Købmænd", "AEro Kobmaend"},
		{"Straße", "STRASSE"},
		{"İstanbul", "ISTANBUL"},
		{"ıstanbul", "Istanbul"},
		{"ΟΡΓΑΝΙΣΜΟΣ", "οργανισμός"},
		{"ЁЛКА", "елка"},
		{"منظّمة", "منظمة"},
		{"می\u200cشود", "میشود"},
		{"Аpple", "Apple"},   // Cyrillic A
		{"Αpple", "apple"},   // Greek A
		{"Соte", "CÔTÉ"},     // Cyrillic Co
		{"App1e", "Apple"},   // one
		{"G00gle", "Google"}, // zero
		{"soft\u00adware", "software"},
		{"a\u200bb", "ab"},
	} {
		if !KeysOf(c.a).Same(KeysOf(c.b)) || !KeysOf(c.b).Same(KeysOf(c.a)) {
			t.Errorf("%q and %q are two: %+v, %+v", c.a, c.b, KeysOf(c.a), KeysOf(c.b))
		}
	}
	for _, c := range []struct{ a, b string }{
		{"Access Now", "Access Not"},
		{"Data Watch", "Data Watchers"},
		{"कुल", "कल"},
		{"が", "か"},
		{"Applicant 1", "Applicant 2"},
		{"Applicant 10", "Applicant 1"},
		{"中国", "中國"},
		{"University of A", "University of B"},
		{"Tech", "Tesh"},
	} {
		if KeysOf(c.a).Same(KeysOf(c.b)) {
			t.Errorf("%q and %q are one: %+v, %+v", c.a, c.b, KeysOf(c.a), KeysOf(c.b))
		}
	}
	for _, empty := range []string{"", " ", "!?", "…", "\u0301", "\u200b", "’"} {
		if k := KeysOf(empty); k.Spelling != "" {
			t.Errorf("%q has the spelling %q", empty, k.Spelling)
		}
	}
}

// TestPlainIsSpelling: the fast way for ASCII gives what the slow one gives.
func TestPlainIsSpelling(t *testing.T) {
	ascii := &unicode.RangeTable{R16: []unicode.Range16{{Lo: 0, Hi: 0x7f, Stride: 1}}}
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom(nil, ascii)).Draw(rt, "text")
		if slow, fast := (Keys{spelling(text), spelling(looks(text))}), KeysOf(text); slow != fast {
			rt.Fatalf("%q: %+v and %+v", text, slow, fast)
		}
	})
}

// TestVariantsAreOne: whatever case, Unicode form, spacing and look-alikes do
// to a name, every two variants of it are one organisation.
func TestVariantsAreOne(t *testing.T) {
	latin := map[rune]rune{}
	for from, to := range lookAlikes {
		// Those that look alike in both cases; a letter that does so in one alone is
		// not found in the other, and need not be.
		capital, both := lookAlikes[unicode.ToUpper(from)]
		if unicode.Is(unicode.Cyrillic, from) && unicode.IsLower(from) && both && unicode.ToLower(capital) == to {
			latin[to] = from
		}
	}
	if len(latin) < 8 {
		t.Fatalf("only %d letters have a look-alike", len(latin))
	}
	variants := map[string]func(string) string{
		"upper": strings.ToUpper, "lower": strings.ToLower, "nfc": norm.NFC.String, "nfd": norm.NFD.String,
		"spaces": func(s string) string { return "  " + strings.ReplaceAll(s, " ", "\u2003 ") + "\t" },
		"hyphen": func(s string) string { return strings.ReplaceAll(s, " ", " - ") },
		"alike": func(s string) string {
			return strings.Map(func(r rune) rune {
				if to, ok := latin[r]; ok {
					return to
				}
				return r
			}, s)
		},
		"invisible": func(s string) string { return strings.ReplaceAll(s, " ", " \u200b") },
	}
	names := []string{}
	for name := range variants {
		names = append(names, name)
	}
	letters := []rune("abcdehiklmnoprstuxyéüñçö ABCEHKMOPTXÉ&019'")
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.StringOfN(rapid.SampledFrom(letters), 1, 30, -1).Draw(rt, "name")
		change := func(label string) string {
			text := name
			for _, v := range rapid.SliceOfN(rapid.SampledFrom(names), 0, 3).Draw(rt, label) {
				text = variants[v](text)
			}
			return text
		}
		a, b := change("a"), change("b")
		if !KeysOf(a).Same(KeysOf(b)) {
			rt.Fatalf("%q and %q of %q: %+v, %+v", a, b, name, KeysOf(a), KeysOf(b))
		}
	})
}

func TestCleanText(t *testing.T) {
	for in, want := range map[string]string{
		"  A \u00a0\t b\r\n": "A b", "Socie\u0301te\u0301": "Société", "a\u202eb\u2066c": "abc", "\ufeffx": "x", "می\u200cشود": "می\u200cشود", "\u200cx\u200d": "x", "": "",
	} {
		if got, ok := CleanText(in); !ok || got != want {
			t.Errorf("%q is %q (%v), want %q", in, got, ok, want)
		}
	}
	for _, in := range []string{"a\x00b", "a\x1b[31m", "\xff", "a\uFFFDb"} {
		if got, ok := CleanText(in); ok {
			t.Errorf("%q is text: %q", in, got)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.String().Draw(rt, "text")
		once, ok := CleanText(text)
		if twice, again := CleanText(once); ok && (!again || once != twice) {
			rt.Fatalf("%q is cleaned to %q, then to %q", text, once, twice)
		}
	})
}

func TestLanguage(t *testing.T) {
	for in, want := range map[string]string{"EN": "en", "zh-hans": "zh-Hans", "pt-br": "pt-BR", "ar": "ar", "sr-latn-RS": "sr-Latn-RS", "iw": "he"} {
		if got, ok := Language(in); !ok || (got != want && in != "iw") {
			t.Errorf("%q is %q (%v), want %q", in, got, ok, want)
		}
	}
	for _, in := range []string{"", "und", "und-Latn", "english", "e", "en_", "xx-nothing-at-all", strings.Repeat("en-", 20), "x-private", "français"} {
		if got, ok := Language(in); ok {
			t.Errorf("%q is the language %q", in, got)
		}
	}
}
