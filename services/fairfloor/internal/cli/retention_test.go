package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/retention"
	"github.com/fairfloor/fairfloor/services/gateway"
)

// TestRetentionSaysWhatWouldGoAndWhen, by the server's settings and by others,
// and changes nothing.
func TestRetentionSaysWhatWouldGoAndWhen(t *testing.T) {
	a, _, id, token := stand(t)
	asking := func(args ...string) (int, string, string) {
		return fairfloor("", append([]string{"retention", "--server", a.URL(), "--token-file", token}, args...)...)
	}
	code, out, errors := asking()
	if code != 0 || errors != "" || strings.Count(out, id.String()) != 3 || strings.Count(out, "when somebody erases it") != 3 {
		t.Fatalf("it ended with %d:\n%s%s", code, out, errors)
	}
	code, out, _ = asking("--people-days", "30", "--transcript-days", "7")
	if code != 0 || !strings.Contains(out, "30 days after the adjournment") || !strings.Contains(out, "7 days after the adjournment") || strings.Count(out, "when somebody erases it") != 1 {
		t.Errorf("with other settings it ended with %d:\n%s", code, out)
	}
	code, out, _ = asking("--json", "--statements-days", "365")
	var all []gateway.Keeping
	if err := json.Unmarshal([]byte(out), &all); code != 0 || err != nil || len(all) != 1 || all[0].Session != id || all[0].Stays[1].Days != 365 || all[0].Stays[0].Days != 0 {
		t.Errorf("as JSON it ended with %d, %v:\n%s", code, err, out)
	}
	if code, out, errors = asking("--people-days", "3"); code != 1 || out != "" || !strings.Contains(errors, "between 7 and 36500") {
		t.Errorf("three days: it ended with %d and said %q %q", code, out, errors)
	}
	if code, _, errors = fairfloor("", "retention", "--token-file", filepath.Join(t.TempDir(), "none")); code != 2 || !strings.Contains(errors, "token-file") {
		t.Errorf("without a token it ended with %d and said %q", code, errors)
	}
	forged := filepath.Join(t.TempDir(), "forged")
	if err := os.WriteFile(forged, []byte("forged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, _ = fairfloor("", "retention", "--server", a.URL(), "--token-file", forged); code != 1 || out != "" {
		t.Errorf("with a forged token it ended with %d and said %q", code, out)
	}
}

// TestGoes has a row for each thing that can be said of a stay.
func TestGoes(t *testing.T) {
	const adjourned, until = clock.Instant(1_900_000_000_000), clock.Instant(1_902_592_000_000)
	for want, c := range map[string]struct {
		adjourned clock.Instant
		stay      retention.Stay
	}{
		"when somebody erases it":       {adjourned, retention.Stay{Kept: events.KeptPeople}},
		"30 days after the adjournment": {0, retention.Stay{Days: 30}},
		"2030-04-16T17:46:40Z":          {adjourned, retention.Stay{Days: 30, Until: until}},
		"erased 2030-04-16T17:46:40Z":   {adjourned, retention.Stay{Days: 30, EndedAt: until}},
	} {
		if got := goes(gateway.Keeping{AdjournedAt: c.adjourned}, c.stay); got != want {
			t.Errorf("it goes %q, want %q", got, want)
		}
	}
}
