package acceptance

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/keys"
	"github.com/fairfloor/fairfloor/pkg/proof"
	"github.com/fairfloor/fairfloor/services/fairfloor/internal/cli"
)

// "Receipts are signed with the session's key; two logs that differ are told
// apart by a kept receipt." Two servers of one operator hold the same session
// under the same key, and tell two clients different things.
func TestReceiptsAreSignedAndTwoLogsThatDifferAreToldApartByAKeptReceipt(t *testing.T) {
	s := start(t, setup{applicants: 3, listOpen: true})
	var kept []command.Receipt
	for i := range s.applicants {
		kept = append(kept, s.ask("join", nil, command.Join{Part: s.part, Applicant: s.applicants[i]}))
	}
	view := s.view()
	key, err := keys.ParsePublic(view.Session.PublicKey)
	s.must(err)
	if view.Session.Fingerprint != keys.Fingerprint(key) {
		t.Errorf("the view shows the fingerprint %s of another key", view.Session.Fingerprint)
	}
	for i, r := range kept {
		if !r.Verify(key) {
			t.Errorf("receipt %d is not signed by the session's key", i)
		}
		changed := r
		changed.Place++
		if changed.Verify(key) {
			t.Errorf("receipt %d can be given another place", i)
		}
	}
	honest := s.export()
	if findings := proof.Check(honest, kept, view.Session.PublicKey); len(findings) > 0 {
		t.Fatalf("the honest log: %v", findings)
	}

	// The operator's other log: the same up to the joins, then another order.
	forked := fork(t, honest, kept[1])
	if findings := proof.Check(forked, nil, view.Session.PublicKey); len(findings) > 0 {
		t.Fatalf("by itself the forked log is a good log, that is the point: %v", findings)
	}
	findings := proof.Check(forked, kept, view.Session.PublicKey)
	if len(findings) == 0 {
		t.Fatal("no kept receipt tells the forked log from the honest one")
	}
	for _, f := range findings {
		if f.Command == "" || !strings.Contains(f.What, "fork") && !strings.Contains(f.What, "missing") && !strings.Contains(f.What, "another command") {
			t.Errorf("finding: %s", f)
		}
	}

	// The command line says the same, by exit code and in words.
	folder := t.TempDir()
	receipts := filepath.Join(folder, "receipts.json")
	raw, err := json.Marshal(kept)
	s.must(err)
	s.must(os.WriteFile(receipts, raw, 0o600))
	for name, log := range map[string]*proof.Log{"honest": honest, "forked": forked} {
		file := filepath.Join(folder, name+".ndjson")
		s.must(os.WriteFile(file, ndjson(t, log), 0o600))
		var out, errs bytes.Buffer
		code := cli.Main([]string{"verify-log", file, "--receipts", receipts, "--key", view.Session.PublicKey}, nil, &out, &errs)
		if (code == 0) != (name == "honest") {
			t.Errorf("verify-log of the %s log: exit code %d, %s%s", name, code, out.String(), errs.String())
		}
	}
}

// fork rewrites a log from the commit of a receipt on: that commit becomes
// another applicant's command, and the chain is made to agree.
func fork(t *testing.T, log *proof.Log, from command.Receipt) *proof.Log {
	t.Helper()
	other := &proof.Log{}
	previous := map[string]events.Hash{}
	changed := map[string]bool{}
	for _, line := range log.Lines {
		var c events.Commit
		if err := json.Unmarshal([]byte(line.Body), &c); err != nil {
			t.Fatal(err)
		}
		if line.Subject == from.Subject && c.Version == from.Version {
			c.Command = ids.New[ids.Command]()
			changed[line.Subject] = true
		}
		if changed[line.Subject] {
			if hash, ok := previous[line.Subject]; ok {
				c.PrevHash = hash
			}
			raw, err := json.Marshal(&c)
			if err != nil {
				t.Fatal(err)
			}
			line.Body = string(raw)
		}
		previous[line.Subject] = events.HashBody([]byte(line.Body))
		other.Lines = append(other.Lines, line)
	}
	return other
}

func ndjson(t *testing.T, log *proof.Log) []byte {
	t.Helper()
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	for _, line := range log.Lines {
		if err := encoder.Encode(line); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}
