package said

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/constant"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/tools/go/packages"

	"github.com/fairfloor/fairfloor/pkg/problem"
)

var update = flag.Bool("update", false, "write English anew from the source; then translate what does not compile in the web app")

const (
	folder    = "../../web/src/i18n/refusals"
	textsType = "github.com/fairfloor/fairfloor/pkg/problem.Text"
)

// use is a text where it stands in the source.
type use struct {
	text problem.Text
	at   string
	// args is how many arguments it is given there, -1 where that is not seen.
	args int
}

// inSource finds every constant of the type problem.Text in the program, by the
// types of the compiler: a text that reaches a refusal in any way is found. The
// command line's own refusals never reach a page.
func inSource(t *testing.T) (uses []use) {
	t.Helper()
	loaded, err := packages.Load(&packages.Config{
		Dir:  "../../../..",
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedImports,
	}, "./pkg/...", "./services/...")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range loaded {
		if strings.Contains(p.PkgPath, "/services/fairfloor/") {
			continue
		}
		for _, err := range p.Errors {
			t.Fatalf("%s: %v", p.PkgPath, err)
		}
		constants := func(e ast.Expr) (problem.Text, bool) {
			value := p.TypesInfo.Types[e]
			if value.Value == nil || value.Type == nil || value.Type.String() != textsType {
				return "", false
			}
			return problem.Text(constant.StringVal(value.Value)), true
		}
		for _, file := range p.Syntax {
			given := map[ast.Expr]int{}
			ast.Inspect(file, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok && !call.Ellipsis.IsValid() {
					for i, arg := range call.Args {
						// The arguments of a text come after it, and its calls end with them.
						given[arg] = len(call.Args) - i - 1
					}
				}
				e, ok := n.(ast.Expr)
				if !ok {
					return true
				}
				text, ok := constants(e)
				if !ok {
					return true
				}
				args := -1
				if n, ok := given[e]; ok {
					args = n
				}
				uses = append(uses, use{text: text, at: p.Fset.Position(e.Pos()).String(), args: args})
				return false
			})
		}
	}
	return uses
}

// technical reads the keys that only a program can meet.
func technical(t *testing.T) []string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(folder, "technical.json"))
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	if err := json.Unmarshal(raw, &keys); err != nil {
		t.Fatal(err)
	}
	return keys
}

func write(t *testing.T, name string, v any) {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name), b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Every refusal of the source carries a key that the catalogues know, or one of
// those that only a program meets; English is the source's own text. Issue 5:
// "a missing translation is a build error": the web app's types are made of en.json.
func TestEveryRefusalHasASentence(t *testing.T) {
	found := map[string]problem.Text{}
	where := map[string]string{}
	for _, u := range inSource(t) {
		key := u.text.Key()
		if twin, ok := found[key]; ok && !strings.EqualFold(bareOf(twin.Template()), bareOf(u.text.Template())) {
			t.Errorf("%s: %q and %q have one key, %s", u.at, twin, u.text, key)
		}
		if _, ok := found[key]; !ok {
			found[key], where[key] = u.text, u.at
		}
		// Where the arguments are seen beside the text, there are as many as verbs.
		if verbs := len(u.text.Verbs()); verbs > 0 && u.args == 0 {
			t.Errorf("%s: %q has %d verbs and no arguments", u.at, u.text, verbs)
		}
	}
	if len(found) < 500 {
		t.Fatalf("only %d texts were found", len(found))
	}
	aside := technical(t)
	english, err := read("en.json")
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		aside = slices.DeleteFunc(aside, func(key string) bool { _, ok := found[key]; return !ok })
		fresh := maps.Clone(english)
		maps.DeleteFunc(fresh, func(key, _ string) bool {
			_, ok := found[strings.TrimPrefix(key, "text.")]
			return strings.HasPrefix(key, "text.") && !ok
		})
		for key, text := range found {
			if !slices.Contains(aside, key) {
				fresh["text."+key] = text.Template()
			}
		}
		for _, code := range problem.Codes() {
			fresh["code."+string(code)] = problem.New(code, "").Title()
		}
		write(t, "technical.json", aside)
		write(t, "en.json", fresh)
		for _, language := range Languages() {
			texts, err := read(language + ".json")
			if err != nil {
				t.Fatal(err)
			}
			maps.DeleteFunc(texts, func(key, _ string) bool { _, ok := fresh[key]; return !ok })
			if language != "en" {
				write(t, language+".json", texts)
			}
		}
		return
	}
	for key, text := range found {
		said, ok := english["text."+key]
		switch {
		case slices.Contains(aside, key) && ok:
			t.Errorf("%s is in en.json and in technical.json", key)
		case !slices.Contains(aside, key) && !ok:
			t.Errorf("%s: %q has no sentence: go test ./services/gateway/internal/said -update, then translate", where[key], text)
		case ok && !strings.EqualFold(bareOf(said), bareOf(text.Template())):
			t.Errorf("%s is %q in en.json and %q in the source", key, said, text.Template())
		}
	}
	for _, key := range aside {
		if _, ok := found[key]; !ok {
			t.Errorf("technical.json names %s, which is nowhere in the source", key)
		}
	}
	for key := range english {
		if name, ok := strings.CutPrefix(key, "text."); ok && found[name] == "" {
			t.Errorf("en.json has %s, which is nowhere in the source", name)
		}
	}
}

// bareOf is a template without quotes, which do not tell two sentences apart.
func bareOf(template string) string {
	return strings.NewReplacer("“", "", "”", "", `"`, "").Replace(template)
}

var placeholder = regexp.MustCompile(`{{[a-z]}}`)

// Each language has each sentence, filled with nothing that English is not filled with.
func TestEveryLanguageHasEverySentence(t *testing.T) {
	english, err := read("en.json")
	if err != nil {
		t.Fatal(err)
	}
	script := map[string]*unicode.RangeTable{"ar": unicode.Arabic, "zh": unicode.Han, "ru": unicode.Cyrillic}
	for _, language := range Languages() {
		texts, err := read(language + ".json")
		if err != nil {
			t.Fatal(err)
		}
		for key := range english {
			text, ok := texts[key]
			if !ok || strings.TrimSpace(text) != text || text == "" {
				t.Errorf("%s: %s is %q", language, key, text)
				continue
			}
			for _, one := range placeholder.FindAllString(text, -1) {
				if !strings.Contains(english[key], one) {
					t.Errorf("%s: %s is filled with %s, which English does not have", language, key, one)
				}
			}
			if left := placeholder.ReplaceAllString(text, ""); strings.ContainsAny(left, "{}<>|%") && !strings.Contains(english[key], "%") {
				t.Errorf("%s: %s is %q", language, key, text)
			}
			if table := script[language]; table != nil && !strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(table, r) }) {
				t.Errorf("%s: %s is not in the language's script: %q", language, key, text)
			}
		}
		for key := range texts {
			if _, ok := english[key]; !ok {
				t.Errorf("%s: nobody needs %s", language, key)
			}
		}
		for _, code := range problem.Codes() {
			if texts["code."+string(code)] == "" {
				t.Errorf("%s: the code %s has no sentence", language, code)
			}
		}
	}
}
