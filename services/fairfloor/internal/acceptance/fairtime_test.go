package acceptance

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/services/fairfloor/internal/cli"
)

// fairfloor runs the program in this process.
func fairfloor(args ...string) (code int, out, errors string) {
	var o, e bytes.Buffer
	code = cli.Main(args, strings.NewReader(""), &o, &e)
	return code, o.String(), e.String()
}

// verifies makes the record of an exported log and verifies it.
func verifies(t *testing.T, log string) {
	t.Helper()
	code, record, errors := fairfloor("record", "--log", log, "--json")
	if code != 0 {
		t.Fatalf("record: exit code %d: %s", code, errors)
	}
	file := filepath.Join(t.TempDir(), "record.json")
	if err := os.WriteFile(file, []byte(record), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, errors := fairfloor("verify", file); code != 0 {
		t.Errorf("verify on its record finds something (exit code %d):\n%s%s", code, out, errors)
	}
}

// "In the running system: a rehearsal with no-shows, late joiners, dropped
// lines, a point of order and a 5-minute interruption ends on time with all
// present heard, and verify on its record finds nothing."
func TestRehearsalWithNoShowsLateJoinersDroppedLinesAPointOfOrderAndAFiveMinuteInterruptionEndsOnTime(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "log.ndjson")
	raw, report := rehearsal(t,
		"--applicants=22", "--minutes=45", "--no-shows=0.2", "--late-joiners=3", "--drops=6", "--points=1", "--interruption=300",
		"--order=sainte_lague", "--seed=5", "--record", log)
	if report.Present >= 22 || report.Present < 12 || report.Spoke < report.Present || report.NotReached > 22-report.Present {
		t.Errorf("%d of %d present spoke, %d not reached; some of 22 should be away", report.Spoke, report.Present, report.NotReached)
	}
	for organisation, turns := range heard(report) {
		if turns != 1 {
			t.Errorf("%s spoke %d times", organisation, turns)
		}
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	for _, fact := range []string{"session_suspended", "session_resumed", "point_admitted", "entry_to_standby", `\"late\":true`, "allotments_announced"} {
		if !bytes.Contains(text, []byte(fact)) {
			t.Errorf("the log tells of no %s", fact)
		}
	}
	if report.ShortestS < 60 || report.JainOffered < .9 {
		t.Errorf("offered %.0f s at least; Jain %.4f", report.ShortestS, report.JainOffered)
	}
	verifies(t, log)
	if len(raw) == 0 {
		t.Error("no report")
	}
}

// "Uniform by default: raised only with the chair's confirmation, never
// lowered": with a chair who never confirms everybody is offered the number
// that was announced when the list closed, to the second.
func TestUniformIsRaisedOnlyWithTheChairsConfirmation(t *testing.T) {
	t.Parallel()
	flags := []string{"--applicants=14", "--minutes=25", "--seed=3"}
	_, never := rehearsal(t, append(flags, "--never-raise")...)
	for _, turn := range never.Turns {
		if turn.OfferedS != never.Turns[0].OfferedS || turn.OfferedS < turn.GuaranteeS {
			t.Errorf("turn %d was offered %.0f s, the first %.0f; promised %.0f", turn.Number, turn.OfferedS, never.Turns[0].OfferedS, turn.GuaranteeS)
		}
	}
	_, raised := rehearsal(t, flags...)
	if raised.ShortestS < never.Turns[0].OfferedS || raised.LongestS < never.LongestS+5 {
		t.Errorf("confirmed at once: offered %.0f to %.0f s; never: %.0f s", raised.ShortestS, raised.LongestS, never.LongestS)
	}
	if never.Spoke != 14 || raised.Spoke != 14 {
		t.Errorf("%d and %d of 14 spoke", never.Spoke, raised.Spoke)
	}
}
