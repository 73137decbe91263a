package rehearse_test

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/services/fairfloor/internal/cli"
	"github.com/fairfloor/fairfloor/services/fairfloor/internal/rehearse"
)

// run rehearses through the command line and gives --json, the report and the
// exported log, line by line.
func run(t *testing.T, flags ...string) ([]byte, *rehearse.Report, []string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "log.ndjson")
	var out, errors bytes.Buffer
	if code := cli.Main(append([]string{"rehearse", "--json", "--record=" + file}, flags...), strings.NewReader(""), &out, &errors); code != 0 {
		t.Fatalf("exit code %d: %s", code, errors.String())
	}
	var report rehearse.Report
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), &report, strings.Split(strings.TrimSpace(string(raw)), "\n")
}

// verify checks an exported log as `fairfloor verify` does, and gives its answer.
func verify(t *testing.T, lines []string) (answer string, ok bool) {
	t.Helper()
	folder := t.TempDir()
	log, record := filepath.Join(folder, "log.ndjson"), filepath.Join(folder, "record.json")
	must(t, os.WriteFile(log, []byte(strings.Join(lines, "\n")), 0o600))
	var out, errors bytes.Buffer
	if code := cli.Main([]string{"record", "--json", "--log=" + log}, strings.NewReader(""), &out, &errors); code != 0 {
		t.Fatalf("record: exit code %d: %s", code, errors.String())
	}
	must(t, os.WriteFile(record, out.Bytes(), 0o600))
	out.Reset()
	code := cli.Main([]string{"verify", record}, strings.NewReader(""), &out, &errors)
	return out.String(), code == 0
}

// input is an entry of list_fixed, as a stranger reads it.
type input struct {
	Entry     string `json:"entry"`
	Label     string `json:"label"`
	Group     string `json:"group"`
	Region    string `json:"region"`
	FirstTime bool   `json:"first_time"`
	CreditMS  int64  `json:"credit_ms"`
	Stance    string `json:"stance"`
	lot       string
}

// ceremony is what a stranger reads in an exported log about the order.
type ceremony struct {
	Commitment string  `json:"commitment"`
	Source     string  `json:"source"`
	Code       string  `json:"code"`
	Randomness string  `json:"randomness"`
	Rule       string  `json:"rule"`
	Inputs     []input `json:"inputs"`
	// written is the order that the program wrote, called the one in which the
	// floor was given, happened the names of the facts in their order.
	written, called []string
	happened        []string
}

// read reads the log with nothing but JSON.
func read(t *testing.T, lines []string) *ceremony {
	t.Helper()
	c := &ceremony{}
	for _, line := range lines {
		var stored struct{ Body string }
		var commit struct{ Events []json.RawMessage }
		must(t, json.Unmarshal([]byte(line), &stored))
		must(t, json.Unmarshal([]byte(stored.Body), &commit))
		for _, raw := range commit.Events {
			var fact struct {
				Type, Entry, State string
				Order              []string
			}
			must(t, json.Unmarshal(raw, &fact))
			switch fact.Type {
			case "lot_committed", "list_fixed", "lot_revealed":
				must(t, json.Unmarshal(raw, c))
			case "list_ordered":
				c.written = fact.Order
			case "floor_given":
				c.called = append(c.called, fact.Entry)
				continue
			case "list_state_changed":
				fact.Type = fact.State
			case "lot_drawn":
			default:
				continue
			}
			c.happened = append(c.happened, fact.Type)
		}
	}
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func mac(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

// positions draws the lot again: HMAC-SHA256 with the key that code and
// randomness give.
func (c *ceremony) positions(t *testing.T) {
	t.Helper()
	code, err := hex.DecodeString(c.Code)
	must(t, err)
	if sum := sha256.Sum256(code); hex.EncodeToString(sum[:]) != c.Commitment {
		t.Fatalf("the code %s does not open the commitment %s", c.Code, c.Commitment)
	}
	key := mac(code, c.Randomness)
	for i := range c.Inputs {
		c.Inputs[i].lot = hex.EncodeToString(mac(key, c.Inputs[i].Label+"\x01"))
	}
}

// inTurn gives each class of entries the fractions (2k-1)/(2n) and merges the
// classes by them; the larger class goes first, then the name.
func inTurn(classes map[string][]input) []input {
	type at struct {
		key  *big.Rat
		size int
		name string
		who  input
	}
	var all []at
	for name, members := range classes {
		for k, who := range members {
			all = append(all, at{big.NewRat(int64(2*k+1), int64(2*len(members))), len(members), name, who})
		}
	}
	slices.SortFunc(all, func(a, b at) int {
		return cmp.Or(a.key.Cmp(b.key), cmp.Compare(b.size, a.size), strings.Compare(a.name, b.name))
	})
	var out []input
	for _, a := range all {
		out = append(out, a.who)
	}
	return out
}

// recompute is the rule Sainte-Lague, written once more from its description.
func (c *ceremony) recompute() []string {
	persons := slices.Clone(c.Inputs)
	slices.SortFunc(persons, func(a, b input) int {
		first := map[bool]int{true: 0, false: 1}
		return cmp.Or(first[a.FirstTime]-first[b.FirstTime], cmp.Compare(b.CreditMS, a.CreditMS), strings.Compare(a.lot, b.lot))
	})
	cells := map[string]map[string][]input{}
	for _, p := range persons {
		if cells[p.Group] == nil {
			cells[p.Group] = map[string][]input{}
		}
		cells[p.Group][p.Region] = append(cells[p.Group][p.Region], p)
	}
	groups := map[string][]input{}
	for group, regions := range cells {
		groups[group] = inTurn(regions)
	}
	var order []string
	for _, p := range inTurn(groups) {
		order = append(order, p.Entry)
	}
	return order
}

// TestRehearsalOf53IsCalledInTheOrderThatTheLogAloneGives: the ceremony takes
// place before the start, the floor is given in the drawn order, a stranger
// computes the same order from the exported log with another program, wherever
// it is cut it was proportional, and the same seed gives the same bytes.
func TestRehearsalOf53IsCalledInTheOrderThatTheLogAloneGives(t *testing.T) {
	_, report, lines := run(t, "--order=sainte_lague")
	c := read(t, lines)
	steps := []string{"lot_committed", "open", "closed", "list_fixed", "lot_revealed", "lot_drawn", "list_ordered"}
	if !slices.Equal(c.happened, steps) || c.Rule != "sainte_lague" || c.Source == "" || len(c.Inputs) != 53 {
		t.Fatalf("what happened was %v, by the rule %q, with %d inputs", c.happened, c.Rule, len(c.Inputs))
	}
	c.positions(t)
	want := c.recompute()
	if !slices.Equal(c.written, want) {
		t.Errorf("the list was ordered %v, and the recomputation says %v", c.written, want)
	}
	if !slices.Equal(c.called, want) {
		t.Errorf("the floor was given in the order %v, and the recomputation says %v", c.called, want)
	}
	joined := slices.Clone(c.Inputs)
	if slices.EqualFunc(joined, want, func(in input, entry string) bool { return in.Entry == entry }) {
		t.Error("the order is that of joining: nothing was drawn")
	}
	if report.Spoke != 53 || report.Order != "sainte_lague" || report.PromisesBroken != 0 || report.OverrunS != 0 {
		t.Errorf("%d of 53 spoke by %q, %d promises broken, overrun %.0f s", report.Spoke, report.Order, report.PromisesBroken, report.OverrunS)
	}
	if worst := prefixError(report); fmt.Sprintf("%.4f", worst) != fmt.Sprintf("%.4f", report.GroupPrefixError) || worst > .68 {
		t.Errorf("the largest prefix error is %.4f; the report says %.4f", worst, report.GroupPrefixError)
	}
	if answer, ok := verify(t, lines); !ok {
		t.Errorf("verify finds: %s", answer)
	}
	few := []string{"--order=sainte_lague", "--applicants=9", "--minutes=20"}
	once, _, _ := run(t, few...)
	if again, _, _ := run(t, few...); !bytes.Equal(once, again) {
		t.Error("the same seed gave other bytes")
	}
}

// prefixError is the largest distance of any group from its part at any place.
func prefixError(r *rehearse.Report) float64 {
	total := map[string]float64{}
	for _, turn := range r.Turns {
		total[turn.Group]++
	}
	worst, count := 0., map[string]float64{}
	for i, turn := range r.Turns {
		count[turn.Group]++
		for group, n := range total {
			worst = max(worst, count[group]-n*float64(i+1)/float64(len(r.Turns)), n*float64(i+1)/float64(len(r.Turns))-count[group])
		}
	}
	return worst
}

// TestRehearsalWithEveryRule: the others are drawn and called as well, and the
// order of joining draws nothing.
func TestRehearsalWithEveryRule(t *testing.T) {
	for _, rule := range []string{"list", "lot", "categories", "room_remote", "for_against", "first_come", "secretariat"} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			_, report, lines := run(t, "--order="+rule, "--applicants=6", "--minutes=15")
			c := read(t, lines)
			if report.Order != rule || report.Spoke != 6 {
				t.Errorf("%d of 6 spoke by %q", report.Spoke, report.Order)
			}
			if rule == "list" {
				if len(c.written) != 0 || len(c.Inputs) != 0 || c.Commitment != "" {
					t.Errorf("the order of joining drew a lot: %v", c.happened)
				}
				return
			}
			if c.Rule != rule || len(c.written) != 6 || !slices.Equal(c.called, c.written) {
				t.Errorf("by %q %v was written and %v called", c.Rule, c.written, c.called)
			}
			if answer, ok := verify(t, lines); !ok {
				t.Errorf("verify finds: %s", answer)
			}
			// First come in the order of joining; the secretariat's list, here, the other
			// way round; for and against in turn, then those who are neither.
			for i, in := range c.Inputs {
				stances := []string{"for", "against", ""}
				switch at := slices.Index(c.called, in.Entry); {
				case rule == "first_come" && at != i, rule == "secretariat" && at != len(c.Inputs)-1-i:
					t.Errorf("by %q the one who joined at place %d is called at place %d", rule, i+1, at+1)
				case rule == "for_against" && (in.Stance != stances[i%3] || in.Stance != []string{"for", "against", "for", "against", "", ""}[at]):
					t.Errorf("who is %q is called at place %d", in.Stance, at+1)
				}
			}
			if rule != "lot" {
				return
			}
			c.positions(t)
			slices.SortFunc(c.Inputs, func(a, b input) int { return strings.Compare(a.lot, b.lot) })
			for i, in := range c.Inputs {
				if c.called[i] != in.Entry {
					t.Errorf("place %d of the plain lot is %s, not %s", i+1, c.called[i], in.Entry)
				}
			}
		})
	}
	var out, errors bytes.Buffer
	if code := cli.Main([]string{"rehearse", "--order=alphabet"}, strings.NewReader(""), &out, &errors); code == 0 || !strings.Contains(errors.String(), "order") {
		t.Errorf("an unknown rule: exit code %d, %q", code, errors.String())
	}
}
