// Package house holds the rules of this repository that no linter knows, as
// code that reads the source tree.
//
// It guarantees that every finding names the file, the rule and the reason, so
// that whoever meets a rule for the first time learns what it is for. Which
// package may import which, and what a domain may not touch, stands in
// .golangci.yml as well; here it is checked for services that do not exist yet.
package house

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Module is the path that every package of this repository begins with.
const Module = "github.com/fairfloor/fairfloor/"

// MaxLines is the most lines a file may have, tests included: what a person
// can hold in mind, and read in one go.
const MaxLines = 600

// Finding is one place where a rule is broken.
type Finding struct {
	// File is the path from the root of the repository, with forward slashes.
	File string
	// Rule is the Name of the rule.
	Rule string
	// What is wrong there.
	What string
}

// Rule is one rule with its reason.
type Rule struct {
	// Name is short and stable, for people to refer to.
	Name string
	// Why is one sentence.
	Why   string
	check func(*Tree) []Finding
}

// Tree is what the rules look at: the Go files of pkg/ and services/, parsed,
// and the length of every source file.
type Tree struct {
	files    []file
	lengths  map[string]int
	lintText string
}

type file struct {
	path   string // from the root
	folder string
	test   bool
	ast    *ast.File
}

// Read parses the tree below root, which is the top of the repository. It
// leaves out what is not ours or not written by hand: node_modules, dist,
// testdata, folders that begin with a dot, and files marked as generated.
func Read(root fs.FS) (*Tree, error) {
	tree := &Tree{lengths: map[string]int{}}
	lint, err := fs.ReadFile(root, ".golangci.yml")
	if err != nil {
		return nil, fmt.Errorf("house: read the lint rules: %w", err)
	}
	tree.lintText = string(lint)
	for _, top := range []string{"pkg", "services"} {
		if err := tree.walk(root, top); err != nil {
			return nil, fmt.Errorf("house: read %s: %w", top, err)
		}
	}
	return tree, nil
}

func (t *Tree) walk(root fs.FS, top string) error {
	return fs.WalkDir(root, top, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		if entry.IsDir() {
			if strings.HasPrefix(base, ".") || slices.Contains([]string{"node_modules", "dist", "testdata"}, base) {
				return fs.SkipDir
			}
			return nil
		}
		if !slices.Contains([]string{".go", ".ts", ".svelte"}, path.Ext(base)) {
			return nil
		}
		source, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		return t.add(name, string(source))
	})
}

// add takes in one source file.
func (t *Tree) add(name, source string) error {
	if path.Ext(name) != ".go" {
		t.lengths[name] = lines(source)
		return nil
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	if ast.IsGenerated(parsed) {
		return nil
	}
	t.lengths[name] = lines(source)
	t.files = append(t.files, file{
		path:   name,
		folder: path.Dir(name),
		test:   strings.HasSuffix(name, "_test.go"),
		ast:    parsed,
	})
	return nil
}

// Files gives the number of Go files in the tree, so that a caller can tell an
// empty reading from a clean one.
func (t *Tree) Files() int { return len(t.files) }

// lines counts as an editor does: a last line without its end counts too.
func lines(source string) int {
	count := strings.Count(source, "\n")
	if source != "" && !strings.HasSuffix(source, "\n") {
		count++
	}
	return count
}

// Check gives what breaks any of the rules, ordered by file, then rule.
func Check(tree *Tree) []Finding {
	var findings []Finding
	for _, rule := range Rules() {
		for _, found := range rule.check(tree) {
			found.Rule = rule.Name
			findings = append(findings, found)
		}
	}
	slices.SortFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.What, b.What))
	})
	return findings
}

// imports gives the import paths of a file.
func (f file) imports() []string {
	var paths []string
	for _, spec := range f.ast.Imports {
		// The parser has accepted it, so it is a valid string literal.
		if unquoted, err := strconv.Unquote(spec.Path.Value); err == nil {
			paths = append(paths, unquoted)
		}
	}
	return paths
}

// service gives the service that a path from the root, or an import path below
// Module, belongs to; "" when it is none.
func service(below string) string {
	rest, found := strings.CutPrefix(below, "services/")
	if !found {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return name
}
