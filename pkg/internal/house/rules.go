package house

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Rules gives the rules of the house.
func Rules() []Rule {
	return []Rule{
		{
			Name:  "package-comment",
			Why:   "Whoever opens a package reads first what it guarantees, and only then how.",
			check: packageComments,
		},
		{
			Name:  "pkg-knows-no-service",
			Why:   "pkg is what services and integrators share; a service in it would come along into every binary.",
			check: pkgKnowsNoService,
		},
		{
			Name:  "services-stand-alone",
			Why:   "Services meet in the event log; an import would make two of them one program. Only services/fairfloor holds them all.",
			check: servicesStandAlone,
		},
		{
			Name:  "service-has-lint-rule",
			Why:   "An editor shows a forbidden import at once only when .golangci.yml knows the service.",
			check: servicesAreLinted,
		},
		{
			Name:  "package-name-says-something",
			Why:   "A package named after nothing collects everything; name it after what it does.",
			check: packageNames,
		},
		{
			Name:  "package-name-is-free",
			Why:   "A package with a name of the standard library has to be renamed wherever both are needed.",
			check: shadowedNames,
		},
		{
			Name:  "file-fits-a-head",
			Why:   fmt.Sprintf("More than %d lines are more than one subject; each deserves a file with a name.", MaxLines),
			check: fileLengths,
		},
		{
			Name:  "no-left-overs",
			Why:   "A note to do it later is read by nobody later: do it now, or open an issue.",
			check: leftOvers,
		},
	}
}

// packageComments wants "// Package name …" (or "// Command name …" for a
// program) on one file of every package that is more than tests.
func packageComments(t *Tree) []Finding {
	type state struct {
		name, file string
		comment    string
	}
	packages := map[string]*state{}
	for _, f := range t.files {
		if f.test {
			continue
		}
		seen := packages[f.folder]
		if seen == nil {
			seen = &state{name: f.ast.Name.Name, file: f.path}
			packages[f.folder] = seen
		}
		if f.ast.Doc != nil {
			seen.comment = f.ast.Doc.Text()
		}
	}
	var findings []Finding
	for _, folder := range slices.Sorted(maps.Keys(packages)) {
		p := packages[folder]
		want := "Package " + p.name + " "
		if p.name == "main" {
			want = "Command " + path.Base(folder) + " "
		}
		switch {
		case p.comment == "":
			findings = append(findings, Finding{File: p.file, What: fmt.Sprintf("no file of %s has a package comment", folder)})
		case !strings.HasPrefix(strings.Join(strings.Fields(p.comment), " "), want):
			findings = append(findings, Finding{File: p.file, What: fmt.Sprintf("the package comment does not begin with %q", want)})
		}
	}
	return findings
}

func pkgKnowsNoService(t *Tree) []Finding {
	var findings []Finding
	for _, f := range t.files {
		if !strings.HasPrefix(f.path, "pkg/") {
			continue
		}
		for _, imported := range f.imports() {
			if strings.HasPrefix(imported, Module+"services") {
				findings = append(findings, Finding{File: f.path, What: "imports " + imported})
			}
		}
	}
	return findings
}

// servicesStandAlone holds for tests too: a test that needs two services
// belongs into services/fairfloor, where both are.
func servicesStandAlone(t *Tree) []Finding {
	var findings []Finding
	for _, f := range t.files {
		own := service(f.path)
		if own == "" || own == "fairfloor" {
			continue
		}
		for _, imported := range f.imports() {
			below, ours := strings.CutPrefix(imported, Module)
			if other := service(below); ours && other != "" && other != own {
				findings = append(findings, Finding{File: f.path, What: "imports " + imported})
			}
		}
	}
	return findings
}

func servicesAreLinted(t *Tree) []Finding {
	missing := map[string]Finding{}
	for _, f := range t.files {
		name := service(f.path)
		if name == "" || name == "fairfloor" {
			continue
		}
		if pattern := fmt.Sprintf("**/services/%s/**", name); !strings.Contains(t.lintText, pattern) {
			missing[name] = Finding{
				File: "services/" + name,
				What: fmt.Sprintf("depguard in .golangci.yml has no rule for files %q", pattern),
			}
		}
	}
	return slices.Collect(maps.Values(missing))
}

// vague are names that say where something was put and not what it is.
var vague = []string{
	"base", "common", "core", "global", "globals", "helper", "helpers", "lib", "misc", "models", "shared", "stuff",
	"type", "types", "util", "utils", "utilities",
}

func packageNames(t *Tree) []Finding {
	return namesAmong(t, vague, "says nothing of what it does")
}

// taken are the packages of the standard library that code of this repository
// is likely to need beside its own. Not the whole library: a "list" of
// speakers does not meet container/list.
var taken = []string{
	"bufio", "bytes", "cmp", "context", "embed", "errors", "exec", "expvar", "filepath", "flag", "fmt", "fs", "hash",
	"hex", "html", "http", "httptest", "io", "iter", "json", "log", "maps", "math", "net", "netip", "os", "path",
	"pprof", "rand", "reflect", "regexp", "runtime", "signal", "slices", "slog", "sort", "strconv", "strings", "sync",
	"synctest", "template", "testing", "time", "tls", "unicode", "unsafe", "url", "utf8",
}

func shadowedNames(t *Tree) []Finding {
	return namesAmong(t, taken, "is a package of the standard library")
}

// namesAmong finds each package whose name is in the list, once.
func namesAmong(t *Tree, list []string, what string) []Finding {
	found := map[string]Finding{}
	for _, f := range t.files {
		name := strings.TrimSuffix(f.ast.Name.Name, "_test")
		if _, seen := found[f.folder]; !seen && slices.Contains(list, name) {
			found[f.folder] = Finding{File: f.path, What: fmt.Sprintf("the package name %q %s", name, what)}
		}
	}
	return slices.Collect(maps.Values(found))
}

func fileLengths(t *Tree) []Finding {
	var findings []Finding
	for name, count := range t.lengths {
		if count > MaxLines {
			findings = append(findings, Finding{File: name, What: fmt.Sprintf("has %d lines, %d are allowed", count, MaxLines)})
		}
	}
	return findings
}

// leftOver matches the usual marks in upper case, as words of their own.
var leftOver = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X|HA` + `CK)\b`)

func leftOvers(t *Tree) []Finding {
	var findings []Finding
	for _, f := range t.files {
		for _, group := range f.ast.Comments {
			if mark := leftOver.FindString(group.Text()); mark != "" {
				findings = append(findings, Finding{File: f.path, What: "a comment says " + mark})
			}
		}
	}
	return findings
}
