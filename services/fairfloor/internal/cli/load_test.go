package cli

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/services/fairfloor/internal/load"
)

// TestLoadByTheCommandLine puts a little load on a running server and reads both
// forms of the report; what cannot be is refused before anything is made.
func TestLoadByTheCommandLine(t *testing.T) {
	a, _, _, token := stand(t)
	line := func(more ...string) []string {
		return append([]string{
			"load", "--server", a.URL(), "--token-file", token, "--observers", "4", "--speakers", "2",
			"--duration", "1s", "--ramp", "0s", "--changes", "8", "--whole", "9",
		}, more...)
	}
	code, out, errors := fairfloor("", line()...)
	if code != 0 || !strings.Contains(out, "deliveries/s") || !strings.Contains(out, "wrong in the end 0 of 4") {
		t.Errorf("it ended with %d:\n%s%s", code, out, errors)
	}
	var report load.Report
	code, out, errors = fairfloor("", line("--json", "--stalled", "1")...)
	if err := json.Unmarshal([]byte(out), &report); code != 0 || err != nil || report.Observers != 4 || report.ComparedViews != 3 || report.Commands == 0 {
		t.Errorf("it ended with %d, %v:\n%s%s", code, err, out, errors)
	}
	if code, _, errors = fairfloor("", line("--observers", "-1")...); code != 2 || !strings.Contains(errors, "observers") {
		t.Errorf("no number of observers: it ended with %d: %s", code, errors)
	}
	if code, _, errors = fairfloor("", line("--token-file", token+".none")...); code != 2 || !strings.Contains(errors, "token") {
		t.Errorf("no token: it ended with %d: %s", code, errors)
	}
	if err := os.WriteFile(token, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errors = fairfloor("", line()...); code != 1 || errors == "" {
		t.Errorf("a token that is none: it ended with %d: %s", code, errors)
	}
}
