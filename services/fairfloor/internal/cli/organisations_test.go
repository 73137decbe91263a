package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/keys"
	"github.com/fairfloor/fairfloor/pkg/token"
)

// deployment makes a key file and gives its path, and what the program that holds
// it open thinks of tokens.
func deployment(t *testing.T) (path string, desk *token.Authority) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "keys.json")
	set, err := keys.Open(path, keys.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return path, token.New(token.Config{Keys: set})
}

// ran runs a command that must succeed, and gives what it printed.
func ran(t *testing.T, args ...string) string {
	t.Helper()
	code, out, said := fairfloor("", args...)
	if code != 0 {
		t.Fatalf("fairfloor %s ended with %d: %s", strings.Join(args, " "), code, said)
	}
	return strings.TrimSpace(out)
}

// reopen is the deployment as a process that starts now sees it.
func reopen(t *testing.T, path string) *token.Authority {
	t.Helper()
	set, err := keys.Open(path, keys.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return token.New(token.Config{Keys: set})
}

// TestSignedTokensWithRotationAndRevocationByTheCommandLine: keys are rotated and
// retired for one organisation without the others.
func TestSignedTokensWithRotationAndRevocationByTheCommandLine(t *testing.T) {
	path, _ := deployment(t)
	keep := []string{"--keys", path}
	link := func(of string) string {
		address := ran(t, append([]string{"link", "--organisation", of, "--public-url", "https://example.org/"}, keep...)...)
		text, ok := strings.CutPrefix(address, "https://example.org/organiser#")
		if !ok {
			t.Fatalf("the link is %s", address)
		}
		return text
	}
	good := func(text string, of string, want bool) {
		t.Helper()
		claims, err := reopen(t, path).Verify(text)
		if (err == nil) != want || want && claims.Organisation.String() != of {
			t.Errorf("a link of %q: %+v, %v; want good: %v", of, claims, err, want)
		}
	}
	first := ran(t, append([]string{"keys", "rotate", "--organisation", "alpha"}, keep...)...)
	ran(t, append([]string{"keys", "rotate", "--organisation", "beta"}, keep...)...)
	own, alpha, beta := link(""), link("alpha"), link("beta")
	second := ran(t, append([]string{"keys", "rotate", "--organisation", "alpha"}, keep...)...)
	fresh := link("alpha")
	for text, of := range map[string]string{own: "", alpha: "alpha", beta: "beta", fresh: "alpha"} {
		good(text, of, true)
	}
	if listed := ran(t, append([]string{"keys", "list"}, keep...)...); strings.Count(listed, "alpha") != 2 || !strings.Contains(listed, "beta") ||
		!strings.Contains(listed, first) || !strings.Contains(listed, second) {
		t.Errorf("listed are\n%s", listed)
	}
	ran(t, append([]string{"keys", "retire", first}, keep...)...)
	good(alpha, "alpha", false)
	for text, of := range map[string]string{own: "", beta: "beta", fresh: "alpha"} {
		good(text, of, true)
	}
	ran(t, append([]string{"keys", "retire", "--organisation", "alpha"}, keep...)...)
	good(fresh, "alpha", false)
	good(own, "", true)
	good(beta, "beta", true)
}

// TestKeysAndLinksSayWhatIsWrong before anything is changed.
func TestKeysAndLinksSayWhatIsWrong(t *testing.T) {
	path, desk := deployment(t)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text, err := desk.Issue(token.ForOrganiser("x", ids.Organisation{}, farAhead()))
	if err != nil {
		t.Fatal(err)
	}
	signing := token.KeyID(text)
	elsewhere := filepath.Join(t.TempDir(), "none.json")
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no key file":              {[]string{"keys", "rotate", "--keys", elsewhere}, 1, "--keys"},
		"no key file for a link":   {[]string{"link", "--keys", elsewhere}, 1, "--keys"},
		"a name that is none":      {[]string{"keys", "rotate", "--keys", path, "--organisation", "U N"}, 2, "organisation"},
		"neither key nor name":     {[]string{"keys", "retire", "--keys", path}, 2, "either"},
		"both key and name":        {[]string{"keys", "retire", "ABC", "--keys", path, "--organisation", "alpha"}, 2, "either"},
		"an unknown key":           {[]string{"keys", "retire", "ABC", "--keys", path}, 1, "no token key"},
		"the key that signs":       {[]string{"keys", "retire", signing, "--keys", path}, 1, "rotate first"},
		"an unknown organisation":  {[]string{"keys", "retire", "--organisation", "alpha", "--keys", path}, 1, "has no key"},
		"a link of one without":    {[]string{"link", "--organisation", "alpha", "--keys", path}, 1, "keys rotate --organisation alpha"},
		"a link for too many days": {[]string{"link", "--days", "401", "--keys", path}, 2, "days"},
		"a name with a space":      {[]string{"link", "--name", "a b", "--keys", path}, 1, "subject"},
	} {
		if code, _, said := fairfloor("", c.args...); code != c.code || !strings.Contains(said, c.want) {
			t.Errorf("%s: it ended with %d: %s", name, code, said)
		}
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the key file was changed: %v", err)
	}
	if _, err := os.Stat(elsewhere); !os.IsNotExist(err) {
		t.Errorf("a key file was made: %v", err)
	}
}

// farAhead is when a link of these tests ends.
func farAhead() time.Time { return time.Now().Add(time.Hour) }
