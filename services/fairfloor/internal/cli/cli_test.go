package cli

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/keys"
	"github.com/fairfloor/fairfloor/pkg/settings"
	"github.com/fairfloor/fairfloor/services/fairfloor/internal/app"
)

// fairfloor runs a command line and gives exit code, stdout and stderr.
func fairfloor(stdin string, args ...string) (code int, out, errors string) {
	var stdout, stderr bytes.Buffer
	code = Main(args, strings.NewReader(stdin), &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func TestVersion(t *testing.T) {
	code, out, _ := fairfloor("", "version")
	if code != 0 || strings.TrimSpace(out) == "" || strings.TrimSpace(out) != Version() {
		t.Errorf("version ended with %d and %q", code, out)
	}
}

// TestConfigPrintsEverySetting: with value, default and meaning; the
// environment counts, and a flag counts more.
func TestConfigPrintsEverySetting(t *testing.T) {
	t.Setenv("FAIRFLOOR_DATA", "/srv/floor")
	t.Setenv("FAIRFLOOR_LOG_LEVEL", "warn")
	code, out, errors := fairfloor("", "config", "--log-level", "debug")
	if code != 0 || errors != "" {
		t.Fatalf("it ended with %d: %s", code, errors)
	}
	var s app.Settings
	for _, row := range settings.Rows(&s) {
		line := regexp.MustCompile(`(?m)^--` + regexp.QuoteMeta(row.Flag) + ` .*$`).FindString(out)
		if !strings.Contains(line, row.Variable) || !strings.Contains(line, row.Meaning) || row.Meaning == "" {
			t.Errorf("the line of %s is %q", row.Flag, line)
		}
	}
	for _, want := range []string{
		`--data\s+FAIRFLOOR_DATA\s+/srv/floor\s+\.data\s`, `--log-level\s+FAIRFLOOR_LOG_LEVEL\s+debug\s+info\s`,
	} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("no line is as %s:\n%s", want, out)
		}
	}
}

// TestWrongSettingsNameFlagOrVariable: exit code 2, nothing is done.
func TestWrongSettingsNameFlagOrVariable(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "data")
	cases := map[string]struct {
		args     []string
		variable [2]string
		want     []string
	}{
		"a number in the environment": {[]string{"serve"}, [2]string{"FAIRFLOOR_REPLICAS", "three"}, []string{"FAIRFLOOR_REPLICAS", `"three"`, "not a whole number"}},
		"a number in a flag":          {[]string{"serve", "--commands-per-second", "many"}, [2]string{}, []string{"--commands-per-second", `"many"`, "not a whole number"}},
		"an unknown flag":             {[]string{"serve", "--colour", "red"}, [2]string{}, []string{"--colour"}},
		"a certificate without key":   {[]string{"serve", "--tls-cert", "x.pem"}, [2]string{}, []string{"tls-cert", "tls-key"}},
		"two kinds of certificates":   {[]string{"serve", "--tls-cert", "x.pem", "--tls-key", "y.pem", "--acme", "floor.example"}, [2]string{}, []string{"tls-cert", "acme"}},
		"minutes out of range":        {[]string{"serve", "--sample-minutes", "4"}, [2]string{}, []string{"sample-minutes", "4", "5 and 600"}},
		"a truth value":               {[]string{"serve"}, [2]string{"FAIRFLOOR_SAMPLE", "perhaps"}, []string{"FAIRFLOOR_SAMPLE", "neither true nor false"}},
		"an unknown command":          {[]string{"serf"}, [2]string{}, []string{"serf"}},
		"an argument too many":        {[]string{"version", "of", "what"}, [2]string{}, []string{"of"}},
		"no address":                  {[]string{"health", "--address", "here"}, [2]string{}, []string{"address", `"here"`, "host:port"}},
		"no session":                  {[]string{"import", "--session", "tuesday", "x.csv"}, [2]string{}, []string{"session", `"tuesday"`}},
		"no token file":               {[]string{"import", "--session", ids.New[ids.Session]().String(), "x.csv"}, [2]string{}, []string{"token-file"}},
		"a cluster nowhere":           {[]string{"cluster"}, [2]string{}, []string{"out"}},
		"a node that is a path":       {[]string{"cluster", "--out", folder, "--nodes", "a,../b"}, [2]string{}, []string{"nodes", `"../b"`}},
		"no log":                      {[]string{"verify-log", filepath.Join(folder, "none.ndjson")}, [2]string{}, []string{"none.ndjson"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Setenv("FAIRFLOOR_DATA", folder)
			if c.variable[0] != "" {
				t.Setenv(c.variable[0], c.variable[1])
			}
			code, out, errors := fairfloor("", c.args...)
			if code != 2 || out != "" {
				t.Errorf("it ended with %d and wrote %q", code, out)
			}
			for _, want := range c.want {
				if !strings.Contains(errors, want) {
					t.Errorf("%q does not name %s", errors, want)
				}
			}
			if _, err := os.Stat(folder); !os.IsNotExist(err) {
				t.Errorf("the data folder was touched: %v", err)
			}
		})
	}
}

// TestClusterMakesItsFilesOnce and leaves them alone afterwards.
func TestClusterMakesItsFilesOnce(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "secrets")
	for _, want := range []string{": made; ", ": made before"} {
		if code, out, errors := fairfloor("", "cluster", "--out", folder, "--nodes", "a, b", "--keys", filepath.Join(folder, "keys", "keys.json"), "--redis-access", filepath.Join(folder, "redis")); code != 0 || !strings.Contains(out, want) {
			t.Fatalf("it ended with %d: %s%s", code, out, errors)
		}
	}
	for _, name := range []string{"a/nats.conf", "b/tls.key", "queue/nats.nk", "gateway/ca.crt", "keys/keys.json", "redis/password", "redis/users.acl"} {
		if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
			t.Error(err)
		}
	}
}

// TestHealthSaysReadyOrWhyNot: exit code 0 for ready alone.
func TestHealthSaysReadyOrWhyNot(t *testing.T) {
	cases := map[string]struct {
		status int
		body   string
		code   int
		want   string
	}{
		"ready":          {200, `{"status":"ready"}`, 0, "ready"},
		"not ready":      {503, `{"status":"not ready","reason":"queue: reads the log"}`, 1, "not ready: queue: reads the log"},
		"somebody else":  {200, `<html>`, 1, "does not answer as Fairfloor does"},
		"an empty error": {500, ``, 1, "does not answer as Fairfloor does"},
	}
	for name, c := range cases {
		answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/readyz" {
				t.Errorf("%s: it asked for %s", name, r.URL.Path)
			}
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte(c.body))
		})
		for kind, server := range map[string]*httptest.Server{"http": httptest.NewServer(answer), "https": httptest.NewTLSServer(answer)} {
			args := []string{"health", "--address", server.Listener.Addr().String()}
			if kind == "https" {
				args = append(args, "--tls")
			}
			code, out, errors := fairfloor("", args...)
			if code != c.code || !strings.Contains(out+errors, c.want) {
				t.Errorf("%s over %s: it ended with %d and said %q %q", name, kind, code, out, errors)
			}
			server.Close()
		}
	}
	if code, _, errors := fairfloor("", "health", "--address", "127.0.0.1:1"); code != 1 || !strings.Contains(errors, "nobody answers at 127.0.0.1:1") {
		t.Errorf("nobody: it ended with %d and said %q", code, errors)
	}
}

// stand starts everything in this process and makes an empty session.
func stand(t *testing.T) (a *app.App, organiser client.HTTP, id ids.Session, tokenFile string) {
	t.Helper()
	var s app.Settings
	defaults(&s)
	s.Process.Data, s.Process.LogLevel, s.Gateway.Address = t.TempDir(), "error", "127.0.0.1:0"
	a, err := app.Start(t.Context(), s, app.Options{Keys: keys.Ephemeral()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Stop(); err != nil {
			t.Error(err)
		}
	})
	token, err := a.Organiser("test")
	if err != nil {
		t.Fatal(err)
	}
	tokenFile = filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(tokenFile, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	organiser, id = client.HTTP{Base: a.URL(), Token: token}, ids.New[ids.Session]()
	start := clock.Instant(1_900_000_000_000)
	if _, err := organiser.Command(t.Context(), id, "create_session", nil, command.CreateSession{
		Title: "From the command line", PlannedStart: start, HardEnd: start.Add(5_400_000), Zone: "UTC",
	}, ""); err != nil {
		t.Fatal(err)
	}
	return a, organiser, id, tokenFile
}

// TestImportAndVerifyLog imports a file by the command line, exports the log and
// checks it, with receipts and without, whole and changed.
func TestImportAndVerifyLog(t *testing.T) {
	a, organiser, id, token := stand(t)
	csv := "organisation,group,region\nAlpha,academia,WEOG\nBeta,private sector,GRULAC\n,academia,WEOG\nAlpha,academia,WEOG\n"
	importing := func(stdin string, args ...string) (int, string, string) {
		return fairfloor(stdin, append([]string{"import", "--server", a.URL(), "--token-file", token, "--session", id.String()}, args...)...)
	}
	file := filepath.Join(t.TempDir(), "applicants.csv")
	if err := os.WriteFile(file, []byte(csv), 0o600); err != nil {
		t.Fatal(err)
	}
	var view struct {
		Applicants map[string]any `json:"applicants"`
	}
	count := func() int {
		t.Helper()
		view.Applicants = nil
		if err := organiser.Do(t.Context(), http.MethodGet, "/api/v1/sessions/"+id.String(), nil, &view); err != nil {
			t.Fatal(err)
		}
		return len(view.Applicants)
	}
	code, out, errors := importing("", "--preview", file)
	if code != 0 || errors != "" || !strings.Contains(out, "2 accepted, 1 duplicates, 1 with errors") || count() != 0 {
		t.Fatalf("the preview ended with %d, %d stored:\n%s%s", code, count(), out, errors)
	}
	// The report names line and field.
	if !regexp.MustCompile(`(?m)^4\s.*organisation`).MatchString(out) {
		t.Errorf("the report does not say what is wrong with line 4:\n%s", out)
	}
	if code, out, errors = importing(csv, "--accept", "-"); code != 0 || count() != 2 {
		t.Fatalf("the import ended with %d, %d stored:\n%s%s", code, count(), out, errors)
	}
	if code, out, _ = importing("", "--accept", file); code != 0 || !strings.Contains(out, "0 accepted") || count() != 2 {
		t.Errorf("the same file again ended with %d, %d stored:\n%s", code, count(), out)
	}
	if code, _, errors = importing("no header at all", "-"); code != 1 || errors == "" {
		t.Errorf("a file without a header ended with %d: %s", code, errors)
	}

	receipt, err := organiser.Command(t.Context(), id, "change_session", nil, command.ChangeSession{Title: new("Another title")}, "")
	if err != nil {
		t.Fatal(err)
	}
	var raw []byte
	if err := organiser.Do(t.Context(), http.MethodGet, "/api/v1/sessions/"+id.String()+"/log", nil, &raw); err != nil {
		t.Fatal(err)
	}
	checkLog(t, raw, receipt)
}

// checkLog checks an exported log by the command line, whole and changed.
func checkLog(t *testing.T, raw []byte, receipt command.Receipt) {
	t.Helper()
	folder := t.TempDir()
	log, kept := filepath.Join(folder, "log.ndjson"), filepath.Join(folder, "receipts.json")
	write := func(path string, raw []byte) {
		t.Helper()
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	one, err := json.Marshal(receipt)
	if err != nil {
		t.Fatal(err)
	}
	write(log, raw)
	for name, form := range map[string]string{"one": string(one), "an array": "[" + string(one) + "]", "one a line": string(one) + "\n" + string(one)} {
		write(kept, []byte(form))
		code, out, errors := fairfloor("", "verify-log", "--receipts", kept, log)
		if code != 0 || !strings.Contains(out, "commits check") {
			t.Errorf("%s: it ended with %d:\n%s%s", name, code, out, errors)
		}
	}
	lines := bytes.SplitAfter(bytes.TrimSpace(raw), []byte("\n"))
	for name, changed := range map[string]struct {
		log  []byte
		code int
		want string
	}{
		"a changed word":  {bytes.Replace(raw, []byte("Another title"), []byte("Another rule!"), 1), 1, receipt.CommandID.String()},
		"the end is gone": {bytes.Join(lines[:len(lines)-1], nil), 1, "an act is missing"},
		"a missing line":  {bytes.Join(append(append([][]byte{}, lines[:1]...), lines[2:]...), nil), 1, "version"},
		"no log":          {[]byte("hello"), 2, "line 1"},
		"nothing":         {nil, 2, "empty"},
	} {
		write(log, changed.log)
		write(kept, one)
		code, out, errors := fairfloor("", "verify-log", "--receipts", kept, log)
		if code != changed.code || !strings.Contains(out+errors, changed.want) {
			t.Errorf("%s: it ended with %d and does not say %q:\n%s%s", name, code, changed.want, out, errors)
		}
	}
	write(log, raw)
	write(kept, []byte("[{"))
	if code, _, errors := fairfloor("", "verify-log", "--receipts", kept, log); code != 2 || !strings.Contains(errors, kept) {
		t.Errorf("a broken file of receipts: it ended with %d: %s", code, errors)
	}
}

// TestDocumentsArePrinted: what they say is checked by parsers that are not ours.
func TestDocumentsArePrinted(t *testing.T) {
	for name, field := range map[string]string{"openapi": "openapi", "asyncapi": "asyncapi"} {
		code, out, _ := fairfloor("", name)
		var document map[string]any
		if err := json.Unmarshal([]byte(out), &document); code != 0 || err != nil || document[field] == nil {
			t.Errorf("%s ended with %d: %v", name, code, err)
		}
	}
}
