package fairnesscli_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/fairfloor/fairfloor/services/fairfloor/internal/fairnesscli"
)

// run executes one command line as the main program would.
func run(t testing.TB, stdin string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	root := &cobra.Command{Use: "fairfloor", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(fairnesscli.Commands()...)
	var out, errs bytes.Buffer
	root.SetIn(strings.NewReader(stdin))
	root.SetOut(&out)
	root.SetErr(&errs)
	root.SetArgs(args)
	err = root.Execute()
	return out.String(), errs.String(), err
}

// object runs a command and decodes the one JSON object it must write.
func object(t testing.TB, stdin string, args ...string) map[string]any {
	t.Helper()
	out, _, err := run(t, stdin, append(args, "--json")...)
	if err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	d := json.NewDecoder(strings.NewReader(out))
	var v map[string]any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v wrote %q: %v", args, out, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		t.Fatalf("%v wrote more than one value", args)
	}
	return v
}

func near(t *testing.T, name string, got any, want, within float64) {
	t.Helper()
	v, ok := got.(float64)
	if !ok || math.Abs(v-want) > within {
		t.Errorf("%s is %v, want %v", name, got, want)
	}
}

// TestPlanOf16December2021 is the case to beat: 53 in 90 minutes.
func TestPlanOf16December2021(t *testing.T) {
	v := object(t, "", "plan", "--applicants", "53", "--minutes", "90")
	if v["fits"] != true {
		t.Error("53 in 90 minutes do not fit 60 s")
	}
	near(t, "slot_s", v["slot_s"], 84.09, .1)
	near(t, "guaranteed_s", v["guaranteed_s"], 60, 0)
	near(t, "slot_with_one_more_s", v["slot_with_one_more_s"], 82.33, .1)
	near(t, "missing_minutes", v["missing_minutes"], 31.7, .1)
	if ladder := v["ladder"].([]any); len(ladder) != 0 {
		t.Errorf("a ladder of %d rungs although everybody fits", len(ladder))
	}
}

// TestMostThatFit of fairness.md: 58, 71 and 90 with a minimum of 60, 45, 30 s.
func TestMostThatFit(t *testing.T) {
	for minimum, most := range map[string]float64{"60": 58, "45": 71, "30": 90} {
		v := object(t, "", "plan", "--applicants", "53", "--minutes", "90", "--minimum", minimum)
		near(t, "most with "+minimum, v["most_with_minimum"], most, 0)
	}
}

// TestPlanOfAHundredIsALadderNeverSilence.
func TestPlanOfAHundredIsALadderNeverSilence(t *testing.T) {
	v := object(t, "", "plan", "--applicants", "100", "--minutes", "90", "--group", "CS=49", "--group", "PS=23", "--group", "AC=17", "--group", "TC=11")
	if v["fits"] != false {
		t.Fatal("100 fit 90 minutes")
	}
	near(t, "not_reached", v["not_reached"], 42, 0)
	rungs := map[string]map[string]any{}
	for _, r := range v["ladder"].([]any) {
		r := r.(map[string]any)
		rungs[r["rung"].(string)] = r
		if r["heard"].(float64)+r["set_aside"].(float64) != 100 {
			t.Errorf("%s: %v heard, %v set aside", r["rung"], r["heard"], r["set_aside"])
		}
		if len(r["says"].(string)) < 30 {
			t.Errorf("%s says %q", r["rung"], r["says"])
		}
	}
	if len(rungs) != 5 {
		t.Fatalf("%d rungs", len(rungs))
	}
	if r := rungs["lower_minimum"]; r["everyone_heard"] != true || r["minimum_s"].(float64) != 20 {
		t.Errorf("lower the minimum: %v", r)
	}
	if r := rungs["extend"]; r["everyone_heard"] != true || r["extend_minutes"].(float64) != 59 {
		t.Errorf("extend: %v", r)
	}
	seats := 0.
	for _, s := range rungs["apportion"]["seats"].(map[string]any) {
		seats += s.(float64)
	}
	if seats != 58 || rungs["apportion"]["credit_s"].(float64) <= 0 {
		t.Errorf("apportion: %v", rungs["apportion"])
	}
}

// TestAllocatePublishedExample is Keshav's.
func TestAllocatePublishedExample(t *testing.T) {
	v := object(t, `{"capacity_ms":10000,"entries":[{"id":"a","max_ms":2000},{"id":"b","max_ms":2600},{"id":"c","max_ms":4000},{"id":"d","max_ms":5000}]}`, "allocate")
	near(t, "level_ms", v["level_ms"], 2700, 0)
	for id, want := range map[string]float64{"a": 2000, "b": 2600, "c": 2700, "d": 2700} {
		near(t, id, v["allotments"].(map[string]any)[id], want, 0)
	}
}

func TestAllocateWeightsCapsAndInfeasibility(t *testing.T) {
	v := object(t, `{"capacity_ms":1000,"entries":[{"id":"a","weight":2.5},{"id":"b","weight":0.5},{"id":"c","weight":1}]}`, "allocate")
	for id, want := range map[string]float64{"a": 625, "b": 125, "c": 250} {
		near(t, id, v["allotments"].(map[string]any)[id], want, 0)
	}
	v = object(t, `{"capacity_ms":100000,"entries":[{"id":"a","group":"g","max_ms":90000},{"id":"b","group":"g","max_ms":90000},{"id":"c","max_ms":60000}],"group_caps_ms":{"g":30001}}`, "allocate")
	for id, want := range map[string]float64{"a": 15001, "b": 15000, "c": 60000} {
		near(t, id, v["allotments"].(map[string]any)[id], want, 0)
	}
	v = object(t, `{"capacity_ms":100,"entries":[{"id":"a","min_ms":60},{"id":"b","min_ms":60}]}`, "allocate")
	if v["feasible"] != false || v["missing_ms"].(float64) != 20 {
		t.Errorf("infeasible: %v", v)
	}
}

func TestApportionPublishedExamples(t *testing.T) {
	const votes = `{"a":6100,"b":5000,"c":900}`
	for method, want := range map[string][3]float64{"sainte-lague": {5, 4, 1}, "dhondt": {6, 4, 0}, "largest-remainder": {5, 4, 1}} {
		v := object(t, votes, "apportion", "--method", method, "--seats", "10")
		for i, g := range []string{"a", "b", "c"} {
			near(t, method+" "+g, v["seats"].(map[string]any)[g], want[i], 0)
		}
	}
	v := object(t, `{"CS":26,"PS":12,"AC":9,"TC":6}`, "apportion", "--seats", "53", "--order")
	var order []string
	for _, g := range v["order"].([]any)[:15] {
		order = append(order, g.(string))
	}
	if got := strings.Join(order, " "); got != "CS PS AC CS TC CS PS CS AC CS PS CS CS TC AC" {
		t.Errorf("order %s", got)
	}
}

func TestMeasuresPublishedExamples(t *testing.T) {
	v := object(t, `{"values":[1,3,5]}`, "measures")
	near(t, "jain", v["jain"], .7714, .0001)
	near(t, "shortest", v["shortest"], 1, 0)
	near(t, "longest", v["longest"], 5, 0)
	v = object(t, `{"values":[30,60,5],"entitlements":[30,60,0]}`, "measures")
	near(t, "jain_entitlement", v["jain_entitlement"], 1, 1e-9)
}

// TestLotPublishedExample of the draft.
func TestLotPublishedExample(t *testing.T) {
	v := object(t, "", "lot", "commit", "--secret", "totally not a bikeshed", "--length", "10")
	codes := v["commitments"].([]any)
	if c := codes[0].(string); len(codes) != 10 || !strings.HasPrefix(c, "950ea08d") || !strings.HasSuffix(c, "c488") || v["commitment"] != c {
		t.Fatalf("commitments %v", codes)
	}
	labels := filepath.Join(t.TempDir(), "labels")
	if err := os.WriteFile(labels, []byte("bisque\r\nblue\n\nlightpink\nlavenderblush\ndarkgoldenrod\nmediumvioletred"), 0o600); err != nil {
		t.Fatal(err)
	}
	v = object(t, "", "lot", "draw", "--code", codes[1].(string), "--commitment", codes[0].(string),
		"--randomness", "1.2.3.4.5.6./1.2.3.4.5.6./1.2.3.4.5.6./", "--labels", labels)
	var order []string
	for _, p := range v["order"].([]any) {
		order = append(order, p.(map[string]any)["label"].(string))
	}
	if got := strings.Join(order, " "); got != "lavenderblush blue darkgoldenrod mediumvioletred bisque lightpink" {
		t.Errorf("order %s", got)
	}
	if h := v["order"].([]any)[0].(map[string]any)["hash"].(string); !strings.HasPrefix(h, "002ed527ae0a44a8") {
		t.Errorf("hash %s", h)
	}
}

func TestEtaBacktest(t *testing.T) {
	v := object(t, "", "eta", "backtest", "--data", "testdata/debates.csv", "--lead", "5")
	for _, key := range []string{"n", "mae_s", "p95_s", "bias_s", "coverage_80", "coverage_90", "coverage_95"} {
		if _, ok := v[key].(float64); !ok {
			t.Errorf("%s is %v", key, v[key])
		}
	}
	if v["n"].(float64) < 200 || v["mae_s"].(float64) > 130 {
		t.Errorf("backtest %v", v)
	}
}

// TestSimulateIsTheSameBytes for the same seed, however many share the work.
func TestSimulateIsTheSameBytes(t *testing.T) {
	picture := filepath.Join(t.TempDir(), "picture.svg")
	args := []string{"simulate", "--sessions", "40", "--seed", "5", "--policy", "full,default,first-come-2min", "--json"}
	one, _, err := run(t, "", append(args, "--workers", "1", "--svg", picture)...)
	if err != nil {
		t.Fatal(err)
	}
	two, _, err := run(t, "", append(args, "--workers", "3")...)
	if err != nil {
		t.Fatal(err)
	}
	if one != two {
		t.Error("two runs differ")
	}
	var v struct {
		Policies map[string]map[string]any
	}
	if err := json.Unmarshal([]byte(one), &v); err != nil || len(v.Policies) != 3 {
		t.Fatalf("%d policies: %v", len(v.Policies), err)
	}
	for _, key := range strings.Fields(`heard_mean heard_p5 present_mean all_present_heard jain_seconds jain_entitlement
		jain_offered gini shortest_offered_s longest_offered_s cut_share eta_start_mae_s eta_start_p95_s eta5_mae_s
		eta5_p95_s eta90_coverage overrun_mean_s overrun_p95_s promises_broken group_prefix_error`) {
		if _, ok := v.Policies["full"][key].(float64); !ok {
			t.Errorf("%s is %v", key, v.Policies["full"][key])
		}
	}
	svg, err := os.ReadFile(picture)
	if err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(svg, new(struct{ XMLName xml.Name })); err != nil {
		t.Errorf("the picture is not XML: %v", err)
	}
}

func TestScenarioFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "scenario.json")
	if err := os.WriteFile(file, []byte(`{"minutes":30,"groups":[{"name":"a","size":4}],"minimum_s":30}`), 0o600); err != nil {
		t.Fatal(err)
	}
	v := object(t, "", "simulate", "--scenario", file, "--sessions", "5", "--policy", "full")
	near(t, "applicants", v["applicants"], 4, 0)
}

// TestErrorsAreTypedAndNameTheField: the program ends with exit code 2.
func TestErrorsAreTypedAndNameTheField(t *testing.T) {
	dir := t.TempDir()
	empty, typo := filepath.Join(dir, "empty"), filepath.Join(dir, "typo.json")
	for name, text := range map[string]string{empty: "\n", typo: `{"minuets":90}`} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	code := strings.Repeat("ab", 32)
	for _, c := range []struct {
		stdin, args, says string
	}{
		{"", "plan --minutes 90", "applicants"},
		{"", "plan --applicants 53 --minutes 0", "minutes"},
		{"", "plan --applicants -1 --minutes 90", "applicants"},
		{"", "plan --applicants 53 --minutes 90 --minimum -5", "minimum"},
		{"", "plan --applicants 53 --minutes 1e300", "minutes"},
		{"", "plan --applicants 53 --minutes NaN", "minutes"},
		{"", "plan --applicants many --minutes 90", "applicants"},
		{"", "plan --applicants 3 --minutes 90 --group a=2", "groups"},
		{"", "plan --applicants 3 --minutes 90 --group a", "name=size"},
		{"", "plan 53 90", "unknown command"},
		{"", "allocate", "empty"},
		{"nonsense", "allocate", "JSON"},
		{"{} {}", "allocate", "follows"},
		{`{"entries":[]}`, "allocate", "capacity_ms"},
		{`{"capacity_ms":-1}`, "allocate", "capacity_ms"},
		{`{"capacity_ms":1e30}`, "allocate", "capacity_ms"},
		{`{"capacity_ms":9223372036854775808}`, "allocate", "capacity_ms"},
		{`{"capacity_ms":2.5}`, "allocate", "whole"},
		{`{"capacity_ms":1,"entries":[{"id":"a"},{"id":"a"}]}`, "allocate", "entries[1].id"},
		{`{"capacity_ms":1,"entries":[{"id":"a","weight":0}]}`, "allocate", "entries[0].weight"},
		{`{"capacity_ms":1,"entries":[{"id":"a","weight":-2}]}`, "allocate", "entries[0].weight"},
		{`{"capacity_ms":1,"entries":[{"id":"a","min_ms":5,"max_ms":4}]}`, "allocate", "entries[0].min_ms"},
		{`{"capacity_ms":1,"entries":[{"id":"a","max_ms":86400001}]}`, "allocate", "24 hours"},
		{`{"capacity_ms":1,"group_caps_ms":{"g":-1}}`, "allocate", "group_caps_ms.g"},
		{`{"a":1}`, "apportion", "seats"},
		{`{"a":-1}`, "apportion --seats 2", "votes"},
		{`{"a":1.5}`, "apportion --seats 2", "whole"},
		{`{"a":1}`, "apportion --seats 2 --method borda", "method"},
		{`{"values":[]}`, "measures", "values"},
		{`{"values":[-1]}`, "measures", "negative"},
		{`{"values":[1],"entitlements":[1,2]}`, "measures", "entitlements"},
		{"", "lot", "subcommand"},
		{"", "lot commit --length 10", "secret"},
		{"", "lot commit --secret x --length 0", "length"},
		{"", "lot draw --code " + code + " --randomness r --labels " + empty, "labels"},
		{"", "lot draw --code abc --randomness r --labels " + empty, "code"},
		{"a\nb", "lot draw --code " + code + " --commitment " + code + " --randomness r --labels -", "committed"},
		{"a\na", "lot draw --code " + code + " --randomness r --labels -", "twice"},
		{"", "eta backtest --data /nowhere", "data"},
		{"", "eta backtest --data testdata/debates.csv --lead 0", "lead"},
		{"", "simulate --scenario nowhere", "scenario"},
		{"", "simulate --scenario " + typo, "minuets"},
		{"", "simulate --policy loudest", "policy"},
		{"", "simulate --sessions 0", "sessions"},
		{"", "simulate --loud", "loud"},
	} {
		t.Run(c.args, func(t *testing.T) {
			out, errs, err := run(t, c.stdin, strings.Fields(c.args)...)
			var typed *fairnesscli.Error
			if !errors.As(err, &typed) || typed.ExitCode() != 2 {
				t.Fatalf("answer %v is not an *Error", err)
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("answer %q does not say %q", err, c.says)
			}
			if out != "" || errs != "" {
				t.Errorf("it also wrote %q %q", out, errs)
			}
		})
	}
}

// TestTextForPeople: without --json every command still answers.
func TestTextForPeople(t *testing.T) {
	code := strings.Repeat("ab", 32)
	for args, stdin := range map[string]string{
		"plan --applicants 100 --minutes 90": "",
		"allocate":                           `{"capacity_ms":100,"entries":[{"id":"a"}]}`,
		"apportion --seats 3 --order":        `{"a":2,"b":1}`,
		"measures":                           `{"values":[1,2]}`,
		"lot commit --secret x --length 3":   "",
		"lot draw --code " + code + " --randomness r --labels -": `["a","b"]`,
		"eta backtest --data testdata/debates.csv":               "",
		"simulate --sessions 2 --policy full":                    "",
	} {
		out, _, err := run(t, stdin, strings.Fields(args)...)
		if err != nil || strings.Count(out, "\n") < 1 {
			t.Errorf("%s: %q, %v", args, out, err)
		}
	}
}
