package record

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/fairness/lot"
)

// exampleCode is the one-time code of draft-thomson-elegy-vrs, and its commitment.
func exampleCode() (e struct{ code, commitment string }) {
	chain, err := lot.Chain([]byte("totally not a bikeshed"), 10)
	if err != nil {
		panic(err)
	}
	e.code, e.commitment = chain[8].String(), chain[9].String()
	return e
}

// TestA30LineIndependentScriptGivesTheSameOrder from a real record: Python's
// standard library, no line of ours.
func TestA30LineIndependentScriptGivesTheSameOrder(t *testing.T) {
	script := filepath.Join("testdata", "order.py")
	source, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(source), "\n"); n > 30 {
		t.Errorf("the script has %d lines", n)
	}
	run := func(r *Record) (string, error) {
		text, err := r.JSON()
		if err != nil {
			t.Fatal(err)
		}
		python := exec.Command("python3", script)
		python.Stdin = strings.NewReader(string(text))
		out, err := python.CombinedOutput()
		return string(out), err
	}
	out, err := run(built(t, drawn(t).lines))
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var order []string
	if err := json.Unmarshal([]byte(out), &order); err != nil || len(order) != 6 {
		t.Errorf("the script says %q", out)
	}
	for name, change := range map[string]func(*Record){
		"another order":      func(r *Record) { swapped(r.Lists[0].Order) },
		"another position":   func(r *Record) { r.Lists[0].Inputs[0].Position = strings.Repeat("0", 64) },
		"another randomness": func(r *Record) { r.Lists[0].Randomness = "7 11 17" },
		"another commitment": func(r *Record) { r.Lists[0].Commitment = strings.Repeat("0", 64) },
		"another credit":     func(r *Record) { r.Lists[0].Inputs[5].CreditMS = 99_000 },
	} {
		r := built(t, drawn(t).lines)
		change(r)
		if out, err := run(r); err == nil {
			t.Errorf("%s: the script agrees: %s", name, out)
		}
	}
}
