package web_test

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/services/gateway/web"
)

// TestPagesAreBuilt fails on a clone whose pages were never built, so that CI
// cannot pass with a gateway that has nothing to serve.
func TestPagesAreBuilt(t *testing.T) {
	t.Parallel()
	if !web.Built() {
		t.Fatal("dist/ holds no index.html: run ./scripts/web, then test again")
	}
}

// Every script and style that a page names is in the same build.
func TestPagesNameOnlyFilesOfTheBuild(t *testing.T) {
	t.Parallel()
	for _, name := range pages(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refs := references(read(t, name))
			if len(refs) == 0 {
				t.Error("names no script and no style")
			}
			for _, ref := range refs {
				if !strings.HasPrefix(ref, "/") {
					t.Errorf("%q is not an absolute path; a page served at /s/CODE/chair would not find it", ref)
					continue
				}
				if _, err := fs.Stat(web.FS(), strings.TrimPrefix(ref, "/")); err != nil {
					t.Errorf("%q is not in the build: %v", ref, err)
				}
			}
		})
	}
}

// No page makes a third-party request (screens.md), and none carries a script
// in its text, so the gateway can forbid both by a content security policy.
func TestPagesAskNobodyElse(t *testing.T) {
	t.Parallel()
	inline := regexp.MustCompile(`(?s)<script\b[^>]*>\s*\S.*?</script>`)
	for _, name := range pages(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := read(t, name)
			for _, ref := range references(text) {
				if strings.Contains(ref, "//") {
					t.Errorf("%q goes to another host", ref)
				}
			}
			if found := inline.FindString(text); found != "" {
				t.Errorf("inline script: %q", found)
			}
		})
	}
}

// pages lists the *.html files of the build.
func pages(t *testing.T) []string {
	t.Helper()
	names, err := fs.Glob(web.FS(), "*.html")
	if err != nil {
		t.Fatal(err)
	}
	if len(names) == 0 {
		t.Fatal("the build has no page: run ./scripts/web")
	}
	return names
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := fs.ReadFile(web.FS(), name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// references returns what the src and href attributes of an HTML text name.
func references(html string) []string {
	attribute := regexp.MustCompile(`\b(?:src|href)="([^"#]+)"`)
	var refs []string
	for _, match := range attribute.FindAllStringSubmatch(html, -1) {
		refs = append(refs, match[1])
	}
	return refs
}
