package house_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/fairfloor/fairfloor/pkg/internal/house"
)

// TestTheHouseKeepsItsRules reads this repository.
func TestTheHouseKeepsItsRules(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..", "..")
	if _, err := os.Stat(filepath.Join(root, "go.work")); err != nil {
		t.Fatalf("the root of the repository is not at %s: %v", root, err)
	}
	tree, err := house.Read(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	// This package alone has three files; fewer would be a reading of nothing.
	if tree.Files() < 3 {
		t.Fatalf("read %d Go files", tree.Files())
	}
	why := map[string]string{}
	for _, rule := range house.Rules() {
		why[rule.Name] = rule.Why
	}
	for _, found := range house.Check(tree) {
		t.Errorf("%s: %s [%s]\n\t%s", found.File, found.What, found.Rule, why[found.Rule])
	}
}

func TestRulesHaveNamesAndReasons(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, rule := range house.Rules() {
		if seen[rule.Name] {
			t.Errorf("two rules are called %q", rule.Name)
		}
		seen[rule.Name] = true
		if !strings.HasSuffix(rule.Why, ".") {
			t.Errorf("%s: the reason %q is not a sentence", rule.Name, rule.Why)
		}
	}
}

const (
	queueRule = "files: [\"**/services/queue/**\"]\n"
	goodPkg   = "// Package ids keeps ids apart.\npackage ids\n"
	goodMain  = "// Command queue runs the service.\npackage main\n"
)

// Each case is a small repository and the findings it has to give, as
// "file rule"; a rule without a case that breaks it would be a rule that
// nobody has seen fire.
var cases = []struct {
	name string
	lint string
	tree map[string]string
	want []string
}{
	{
		name: "clean", lint: queueRule,
		tree: map[string]string{
			"pkg/ids/ids.go":                  goodPkg,
			"pkg/ids/ids_test.go":             "package ids_test\n",
			"services/queue/queue.go":         "// Package queue holds the list.\npackage queue\nimport _ \"" + house.Module + "pkg/ids\"\n",
			"services/queue/cmd/queue/m.go":   goodMain + "import _ \"" + house.Module + "services/queue\"\n",
			"services/fairfloor/fairfloor.go": "// Package fairfloor is all of it.\npackage fairfloor\nimport _ \"" + house.Module + "services/queue\"\n",
		},
	},
	{
		name: "package comment on another file of the package",
		tree: map[string]string{"pkg/ids/doc.go": goodPkg, "pkg/ids/ids.go": "package ids\n"},
	},
	{
		name: "no package comment",
		tree: map[string]string{"pkg/ids/ids.go": "package ids\n"},
		want: []string{"pkg/ids/ids.go package-comment"},
	},
	{
		name: "package comment set apart by an empty line is none",
		tree: map[string]string{"pkg/ids/ids.go": "// Package ids keeps ids apart.\n\npackage ids\n"},
		want: []string{"pkg/ids/ids.go package-comment"},
	},
	{
		name: "package comment of another package",
		tree: map[string]string{"pkg/ids/ids.go": "// Package idle does nothing.\npackage ids\n"},
		want: []string{"pkg/ids/ids.go package-comment"},
	},
	{
		name: "program described as a package", lint: queueRule,
		tree: map[string]string{"services/queue/cmd/queue/main.go": "// Package main runs.\npackage main\n"},
		want: []string{"services/queue/cmd/queue/main.go package-comment"},
	},
	{
		name: "pkg imports a service",
		tree: map[string]string{"pkg/ids/ids.go": goodPkg + "import _ \"" + house.Module + "services/queue\"\n"},
		want: []string{"pkg/ids/ids.go pkg-knows-no-service"},
	},
	{
		name: "a test of pkg imports a service",
		tree: map[string]string{"pkg/ids/ids.go": goodPkg, "pkg/ids/ids_test.go": "package ids_test\nimport _ \"" + house.Module + "services/queue\"\n"},
		want: []string{"pkg/ids/ids_test.go pkg-knows-no-service"},
	},
	{
		name: "a service imports another", lint: queueRule,
		tree: map[string]string{"services/queue/q.go": "// Package queue holds the list.\npackage queue\nimport _ \"" + house.Module + "services/timing/clocks\"\n"},
		want: []string{"services/queue/q.go services-stand-alone"},
	},
	{
		name: "a service whose name begins like another's", lint: queueRule,
		tree: map[string]string{"services/queue/q.go": "// Package queue holds the list.\npackage queue\nimport _ \"" + house.Module + "services/queued\"\n"},
		want: []string{"services/queue/q.go services-stand-alone"},
	},
	{
		name: "a new service without a lint rule", lint: queueRule,
		tree: map[string]string{"services/booth/booth.go": "// Package booth serves interpreters.\npackage booth\n"},
		want: []string{"services/booth service-has-lint-rule"},
	},
	{
		name: "a name that says nothing",
		tree: map[string]string{"pkg/util/a.go": "// Package util is full.\npackage util\n", "pkg/util/b.go": "package util\n"},
		want: []string{"pkg/util/a.go package-name-says-something"},
	},
	{
		name: "a name of the standard library",
		tree: map[string]string{"pkg/log/log.go": "// Package log appends.\npackage log\n"},
		want: []string{"pkg/log/log.go package-name-is-free"},
	},
	{
		name: "a file of exactly the most lines",
		tree: map[string]string{"pkg/ids/ids.go": goodPkg + strings.Repeat("\n", house.MaxLines-2)},
	},
	{
		name: "a file of one line more, without its end",
		tree: map[string]string{"pkg/ids/ids.go": goodPkg + strings.Repeat("\n", house.MaxLines-2) + "//"},
		want: []string{"pkg/ids/ids.go file-fits-a-head"},
	},
	{
		name: "long pages and tests count, generated and foreign files do not",
		tree: map[string]string{
			"pkg/ids/ids.go":                                goodPkg,
			"pkg/ids/ids_test.go":                           "package ids\n" + strings.Repeat("\n", house.MaxLines),
			"pkg/ids/ids.gen.go":                            "// Code generated by hand. DO NOT EDIT.\n\npackage ids\n" + strings.Repeat("\n", house.MaxLines),
			"pkg/ids/testdata/long.go":                      strings.Repeat("\n", house.MaxLines+1),
			"services/gateway/web/src/Chair.svelte":         strings.Repeat("\n", house.MaxLines+1),
			"services/gateway/web/dist/chair.ts":            strings.Repeat("\n", house.MaxLines+1),
			"services/gateway/web/node_modules/svelte/a.ts": strings.Repeat("\n", house.MaxLines+1),
		},
		want: []string{
			"pkg/ids/ids_test.go file-fits-a-head",
			"services/gateway/web/src/Chair.svelte file-fits-a-head",
		},
	},
	{
		name: "a note to do it later",
		tree: map[string]string{"pkg/ids/ids.go": goodPkg + "\n// TO" + "DO: write it.\nconst mark = \"FIX" + "ME\"\n"},
		want: []string{"pkg/ids/ids.go no-left-overs"},
	},
}

func TestEachRuleFires(t *testing.T) {
	t.Parallel()
	fired := map[string]bool{}
	for _, c := range cases {
		for _, want := range c.want {
			_, rule, _ := strings.Cut(want, " ")
			fired[rule] = true
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, found := range house.Check(read(t, c.lint, c.tree)) {
				if found.What == "" {
					t.Errorf("%s [%s] does not say what is wrong", found.File, found.Rule)
				}
				got = append(got, found.File+" "+found.Rule)
			}
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(c.want, "\n\t"))
			}
		})
	}
	for _, rule := range house.Rules() {
		if !fired[rule.Name] {
			t.Errorf("no case breaks the rule %s", rule.Name)
		}
	}
}

func TestReadNamesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	_, err := house.Read(repository("", map[string]string{"pkg/ids/ids.go": "package\n"}))
	if err == nil || !strings.Contains(err.Error(), "pkg/ids/ids.go") {
		t.Errorf("a file that does not parse: got error %v, want one that names it", err)
	}
	_, err = house.Read(fstest.MapFS{})
	if err == nil || !strings.Contains(err.Error(), ".golangci.yml") {
		t.Errorf("a folder that is not the repository: got error %v, want one that names .golangci.yml", err)
	}
}

// repository lays out a tree in memory, with pkg and services in any case.
func repository(lint string, tree map[string]string) fstest.MapFS {
	files := fstest.MapFS{
		".golangci.yml":   {Data: []byte(lint)},
		"pkg/go.mod":      {},
		"services/go.mod": {},
	}
	for name, source := range tree {
		files[name] = &fstest.MapFile{Data: []byte(source)}
	}
	return files
}

func read(t *testing.T, lint string, tree map[string]string) *house.Tree {
	t.Helper()
	read, err := house.Read(repository(lint, tree))
	if err != nil {
		t.Fatal(err)
	}
	return read
}
