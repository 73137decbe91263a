package fairnesscli_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/services/fairfloor/internal/fairnesscli"
)

// compact runs a command with --json and gives its answer on one line.
func compact(t testing.TB, stdin string, args ...string) string {
	t.Helper()
	v := object(t, stdin, args...)
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// refused runs a command that must be refused as a field error with exit code
// 2, writing nothing itself.
func refused(t *testing.T, says, stdin string, args ...string) {
	t.Helper()
	out, errs, err := run(t, stdin, args...)
	var typed *fairnesscli.Error
	if !errors.As(err, &typed) || typed.ExitCode() != 2 || out != "" || errs != "" {
		t.Fatalf("answer %v, wrote %q %q", err, out, errs)
	}
	if !strings.Contains(err.Error(), says) {
		t.Errorf("answer %q does not say %q", err, says)
	}
}

// TestAllocateOddInput: what an entry may leave out, fractions as weights,
// caps, minimums that do not fit, and what has no meaning.
func TestAllocateOddInput(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"nobody", `{"capacity_ms":1000,"entries":[]}`, `{"allotments":{},"feasible":true,"full":true,"level_ms":0,"total_ms":0}`},
		{"no entries at all", `{"capacity_ms":1000}`, `{"allotments":{},"feasible":true,"full":true,"level_ms":0,"total_ms":0}`},
		{"one", `{"capacity_ms":1000,"entries":[{"id":"a"}]}`, `{"allotments":{"a":1000},"feasible":true,"full":false,"level_ms":1000,"total_ms":1000}`},
		{"nothing to share", `{"capacity_ms":0,"entries":[{"id":"a"},{"id":"b"}]}`, `{"allotments":{"a":0,"b":0},"feasible":true,"full":false,"level_ms":0,"total_ms":0}`},
		{"a maximum of nothing", `{"capacity_ms":1000,"entries":[{"id":"a","max_ms":0}]}`, `{"allotments":{"a":0},"feasible":true,"full":true,"level_ms":0,"total_ms":0}`},
		{"nulls are left out", `{"capacity_ms":1000,"entries":[{"id":"a","weight":null,"max_ms":null,"group":null}],"group_caps_ms":null}`, `{"allotments":{"a":1000},"feasible":true,"full":false,"level_ms":1000,"total_ms":1000}`},
		{"whole numbers in other clothes", `{"capacity_ms":1e3,"entries":[{"id":"a","max_ms":1000.0}]}`, `{"allotments":{"a":1000},"feasible":true,"full":true,"level_ms":1000,"total_ms":1000}`},
		{"thirds", `{"capacity_ms":1000,"entries":[{"id":"a"},{"id":"b"},{"id":"c"}]}`, `{"allotments":{"a":334,"b":333,"c":333},"feasible":true,"full":false,"level_ms":333,"total_ms":1000}`},
		{"weights of a tenth and a fifth", `{"capacity_ms":900,"entries":[{"id":"a","weight":0.1},{"id":"b","weight":0.2}]}`, `{"allotments":{"a":300,"b":600},"feasible":true,"full":false,"level_ms":3000,"total_ms":900}`},
		{"Keshav, weights 2.5, 4, 0.5, 1", `{"capacity_ms":16000,"entries":[{"id":"a","weight":2.5,"max_ms":4000},{"id":"b","weight":4,"max_ms":2000},{"id":"c","weight":0.5,"max_ms":10000},{"id":"d","weight":1,"max_ms":4000}]}`, `{"allotments":{"a":4000,"b":2000,"c":6000,"d":4000},"feasible":true,"full":false,"level_ms":12000,"total_ms":16000}`},
		{"a cap, and a group without one", `{"capacity_ms":1000,"entries":[{"id":"a","group":"x"},{"id":"b","group":"y"}],"group_caps_ms":{"x":100,"z":5}}`, `{"allotments":{"a":100,"b":900},"feasible":true,"full":false,"level_ms":900,"total_ms":1000}`},
		{"a cap of nothing", `{"capacity_ms":1000,"entries":[{"id":"a","group":"x"},{"id":"b"}],"group_caps_ms":{"x":0}}`, `{"allotments":{"a":0,"b":1000},"feasible":true,"full":false,"level_ms":1000,"total_ms":1000}`},
		{"minimums that do not fit", `{"capacity_ms":100,"entries":[{"id":"a","min_ms":60},{"id":"b","min_ms":60}]}`, `{"capacity_ms":100,"feasible":false,"missing_ms":20,"needed_ms":120,"reason":"the minimums do not fit the capacity"}`},
		{"minimums that do not fit a cap", `{"capacity_ms":1000,"entries":[{"id":"a","min_ms":60,"group":"x"}],"group_caps_ms":{"x":50}}`, `{"capacity_ms":50,"feasible":false,"group":"x","missing_ms":10,"needed_ms":60,"reason":"the minimums of the group do not fit its cap"}`},
		{"24 hours exactly", `{"capacity_ms":86400000,"entries":[{"id":"a","max_ms":86400000}]}`, `{"allotments":{"a":86400000},"feasible":true,"full":true,"level_ms":86400000,"total_ms":86400000}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := compact(t, c.in, "allocate"); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
	for _, c := range []struct{ says, in string }{
		{"empty", "  \n"},
		{"capacity_ms", `{}`},
		{"capacity_ms", `{"capacity_ms":86400001}`},
		{"JSON", `{"capacity_ms":NaN}`},
		{"JSON", `[]`},
		{"JSON", `{"capacity_ms":1,`},
		{"wieght", `{"capacity_ms":1,"entries":[{"id":"a","wieght":2}]}`},
		{"twice", `{"capacity_ms":1,"capacity_ms":2}`},
		{"twice", `{"capacity_ms":1,"entries":[{"id":"a","min_ms":1,"min_ms":2}]}`},
		{`"g"`, `{"capacity_ms":1,"group_caps_ms":{"g":1,"g":2}}`},
		{"entries[0].id", `{"capacity_ms":1,"entries":[{}]}`},
		{"entries[2].id", `{"capacity_ms":1,"entries":[{"id":"a"},{"id":"b"},{"id":"a"}]}`},
		{"entries[0].weight", `{"capacity_ms":1,"entries":[{"id":"a","weight":0.0000001}]}`},
		{"entries[0].weight", `{"capacity_ms":1,"entries":[{"id":"a","weight":1e400}]}`},
		{"entries[0].weight", `{"capacity_ms":1,"entries":[{"id":"a","weight":1000.5}]}`},
		{"entries[0].min_ms", `{"capacity_ms":1,"entries":[{"id":"a","min_ms":-1}]}`},
		{"entries[0].max_ms", `{"capacity_ms":1,"entries":[{"id":"a","max_ms":9223372036854775808}]}`},
		{"entries[0].max_ms", `{"capacity_ms":1,"entries":[{"id":"a","max_ms":1.5}]}`},
		{"group_caps_ms.g", `{"capacity_ms":1,"group_caps_ms":{"g":null}}`},
	} {
		refused(t, c.says, c.in, "allocate", "--json")
	}
}

// TestAllocateTenThousandEntries, with and without caps: the sum is exact.
func TestAllocateTenThousandEntries(t *testing.T) {
	for _, caps := range []string{`{}`, `{"g0":1000000,"g1":500001}`} {
		var b strings.Builder
		b.WriteString(`{"capacity_ms":5400000,"group_caps_ms":` + caps + `,"entries":[`)
		for i := range 10_000 {
			fmt.Fprintf(&b, `{"id":"e%d","weight":%d.5,"max_ms":%d,"group":"g%d"},`, i, i%4, 300+i, i%3)
		}
		v := object(t, strings.TrimSuffix(b.String(), ",")+"]}", "allocate")
		var sum float64
		for _, ms := range v["allotments"].(map[string]any) {
			sum += ms.(float64)
		}
		if sum != 5_400_000 || v["total_ms"] != sum {
			t.Errorf("with caps %s the allotments sum to %v, total %v", caps, sum, v["total_ms"])
		}
	}
}

// TestApportionTiesAndEdges: equal votes go by group id, a larger group before
// a smaller one; no seats are an answer, no votes are not.
func TestApportionTiesAndEdges(t *testing.T) {
	for _, c := range []struct {
		method, votes, seats, want string
	}{
		{"dhondt", `{"a":10,"b":10,"c":10}`, "2", `{"method":"dhondt","order":["a","b"],"seats":{"a":1,"b":1,"c":0}}`},
		{"sainte-lague", `{"c":10,"b":10,"a":10}`, "4", `{"method":"sainte-lague","order":["a","b","c","a"],"seats":{"a":2,"b":1,"c":1}}`},
		// 30/3 = 10/1: the larger group first.
		{"sainte-lague", `{"small":10,"large":30}`, "2", `{"method":"sainte-lague","order":["large","large"],"seats":{"large":2,"small":0}}`},
		// 20/2 = 10/1.
		{"dhondt", `{"small":10,"large":20}`, "2", `{"method":"dhondt","order":["large","large"],"seats":{"large":2,"small":0}}`},
		// Quotas 1.5 and 1.5: one seat each, and the last by name.
		{"largest-remainder", `{"b":50,"a":50}`, "3", `{"method":"largest-remainder","order":["a","b","a"],"seats":{"a":2,"b":1}}`},
		// Hare's example (47/16/15.8/12/6.1/3.1 of 100, ten seats).
		{"largest-remainder", `{"yellows":47000,"whites":16000,"reds":15900,"greens":12000,"blues":6000,"pinks":3100}`, "10", ""},
		{"sainte-lague", `{"a":1,"b":2}`, "0", `{"method":"sainte-lague","order":[],"seats":{"a":0,"b":0}}`},
		{"largest-remainder", `{"a":1,"b":2}`, "0", `{"method":"largest-remainder","order":[],"seats":{"a":0,"b":0}}`},
		{"dhondt", `{"a":0,"b":2}`, "3", `{"method":"dhondt","order":["b","b","b"],"seats":{"a":0,"b":3}}`},
		// More seats than votes.
		{"sainte-lague", `{"a":1}`, "5", `{"method":"sainte-lague","order":["a","a","a","a","a"],"seats":{"a":5}}`},
	} {
		got := object(t, c.votes, "apportion", "--method", c.method, "--seats", c.seats, "--order")
		if c.want == "" {
			// Published: yellows 5, whites 2, reds 1, greens 1, blues 1, pinks 0.
			for g, want := range map[string]float64{"yellows": 5, "whites": 2, "reds": 1, "greens": 1, "blues": 1, "pinks": 0} {
				near(t, "largest remainder: "+g, got["seats"].(map[string]any)[g], want, 0)
			}
			continue
		}
		if text := compact(t, c.votes, "apportion", "--method", c.method, "--seats", c.seats, "--order"); text != c.want {
			t.Errorf("%s of %s: %s, want %s", c.method, c.votes, text, c.want)
		}
	}
	for _, c := range [][4]string{
		{"votes", `{}`, "2", "dhondt"},
		{"votes", `{"a":0}`, "2", "dhondt"},
		{"twice", `{"a":1,"a":2}`, "2", "dhondt"},
		{"seats", `{"a":1}`, "-1", "sainte-lague"},
		{"seats", `{"a":1}`, "1000001", "sainte-lague"},
		{"votes", `{"a":9223372036854775807,"b":1}`, "2", "sainte-lague"},
		{"JSON", `{"a":"many"}`, "2", "sainte-lague"},
		{"JSON", `[1,2]`, "2", "sainte-lague"},
	} {
		refused(t, c[0], c[1], "apportion", "--seats", c[2], "--method", c[3], "--json")
	}
}

// TestMeasuresEdges: one value, none but nothing, equal ones, and numbers that
// cannot be compared.
func TestMeasuresEdges(t *testing.T) {
	for _, c := range []struct {
		in                                   string
		jain, gini, theil, shortest, longest float64
	}{
		{`{"values":[5]}`, 1, 0, 0, 5, 5},
		{`{"values":[0,0,0]}`, 1, 0, 0, 0, 0},
		{`{"values":[7,7,7,7]}`, 1, 0, 0, 7, 7},
		{`{"values":[1,0,0,0]}`, .25, .75, math.Log(4), 0, 1},
		{`{"values":[1,4,5]}`, .7937, .26667, .155264, 1, 5},
		{`{"values":[1e15,1e15]}`, 1, 0, 0, 1e15, 1e15},
		{`{"values":[0.5,1.5]}`, .8, .25, .5 * (.5*math.Log(.5) + 1.5*math.Log(1.5)), .5, 1.5},
	} {
		v := object(t, c.in, "measures")
		near(t, c.in+" jain", v["jain"], c.jain, 1e-4)
		near(t, c.in+" gini", v["gini"], c.gini, 1e-4)
		near(t, c.in+" theil", v["theil"], c.theil, 1e-5)
		near(t, c.in+" shortest", v["shortest"], c.shortest, 0)
		near(t, c.in+" longest", v["longest"], c.longest, 0)
	}
	for _, c := range [][2]string{
		{"values[1]", `{"values":[1,null]}`},
		{"values[1]", `{"values":[1,1e308]}`},
		{"values[0]", `{"values":[-0.5]}`},
		{"entitlements[0]", `{"values":[1],"entitlements":[-1]}`},
		{"JSON", `{"values":[1e400]}`},
		{"JSON", `{"values":["1"]}`},
		{"valuse", `{"valuse":[1]}`},
		{"values", `{}`},
	} {
		refused(t, c[0], c[1], "measures", "--json")
	}
}

// TestLotEdges: a chain of one is one commitment, and the position of a label
// is what thirty lines of anybody's code say.
func TestLotEdges(t *testing.T) {
	sum := sha256.Sum256([]byte("secret"))
	if got, want := compact(t, "", "lot", "commit", "--secret", "secret", "--length", "1"),
		fmt.Sprintf(`{"commitment":"%x","commitments":["%x"],"length":1}`, sum, sum); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	v := object(t, "", "lot", "commit", "--secret", "secret", "--length", "5")
	codes := v["commitments"].([]any)
	for k := 1; k < len(codes); k++ {
		code, err := hex.DecodeString(codes[k].(string))
		if err != nil {
			t.Fatal(err)
		}
		if h := sha256.Sum256(code); hex.EncodeToString(h[:]) != codes[k-1] {
			t.Errorf("code %d does not open commitment %d", k, k-1)
		}
	}
	code, err := hex.DecodeString(codes[1].(string))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, code)
	mac.Write([]byte("a lottery"))
	prk := mac.Sum(nil)
	names := []string{"Ålesund", "with space", "a", "b"}
	type drawn struct{ hash, label string }
	var want []drawn
	for _, name := range names {
		mac := hmac.New(sha256.New, prk)
		mac.Write(append([]byte(name), 1))
		want = append(want, drawn{hex.EncodeToString(mac.Sum(nil)), name})
	}
	slices.SortFunc(want, func(a, b drawn) int { return strings.Compare(a.hash, b.hash) })
	labels, err := json.Marshal(names)
	if err != nil {
		t.Fatal(err)
	}
	v = object(t, string(labels), "lot", "draw", "--code", strings.ToUpper(codes[1].(string)), "--randomness", "a lottery", "--labels", "-")
	for k, p := range v["order"].([]any) {
		p := p.(map[string]any)
		if p["hash"] != want[k].hash || p["label"] != want[k].label {
			t.Errorf("place %d: %v, want %+v", k+1, p, want[k])
		}
	}
	refused(t, "length", "", "lot", "commit", "--secret", "s", "--length", "-1")
	refused(t, "length", "", "lot", "commit", "--secret", "s", "--length", "1000001")
	refused(t, "secret", "", "lot", "commit", "--secret=", "--length", "3")
	refused(t, "randomness", "a", "lot", "draw", "--code", codes[1].(string), "--randomness=", "--labels", "-")
	refused(t, "randomness", "a", "lot", "draw", "--code", codes[1].(string), "--randomness", "xyz", "--randomness-hex", "--labels", "-")
}

// TestPlanEdges: nobody, one, no time, ten thousand; the numbers are asked for
// in the units of their names, and what is no length of time is refused.
func TestPlanEdges(t *testing.T) {
	for _, c := range []struct {
		args                             string
		fits                             bool
		slot, guaranteed, oneMore, rungs float64
	}{
		{"--applicants 0 --minutes 90", true, 5040, 0, 5029, 0},
		{"--applicants 1 --minutes 90", true, 5029, 1610, 2509, 0},
		{"--applicants 53 --minutes 0.5", false, 0, 0, 0, 5},
		{"--applicants 10000 --minutes 90", false, 0, 0, 0, 5},
		{"--applicants 100000 --minutes 1440", false, 0, 0, 0, 5},
		{"--applicants 53 --minutes 90 --minimum 0", true, 84.094, 60, 82.333, 0},
		{"--applicants 10 --minutes 30 --opening 60 --closing 30 --reserve 0 --handover 5 --handover-most 10 --grace 2", true, 166, 125, 150.454, 0},
	} {
		began := time.Now()
		v := object(t, "", append([]string{"plan"}, strings.Fields(c.args)...)...)
		if took := time.Since(began); took > time.Second {
			t.Errorf("%s took %v", c.args, took)
		}
		if v["fits"] != c.fits {
			t.Errorf("%s: fits %v", c.args, v["fits"])
		}
		near(t, c.args+": slot_s", v["slot_s"], c.slot, .001)
		near(t, c.args+": guaranteed_s", v["guaranteed_s"], c.guaranteed, 0)
		near(t, c.args+": slot_with_one_more_s", v["slot_with_one_more_s"], c.oneMore, .001)
		if rungs := v["ladder"].([]any); float64(len(rungs)) != c.rungs {
			t.Errorf("%s: %d rungs", c.args, len(rungs))
		}
	}
	for _, c := range [][2]string{
		{"applicants", "--applicants 100001 --minutes 90"},
		{"applicants", "--applicants 2.5 --minutes 90"},
		{"applicants", "--applicants 99999999999999999999 --minutes 90"},
		{"minutes", "--applicants 53 --minutes -90"},
		{"minutes", "--applicants 53 --minutes Inf"},
		{"minutes", "--applicants 53 --minutes 1440.1"},
		{"minimum", "--applicants 53 --minutes 90 --minimum 86401"},
		{"wanted", "--applicants 53 --minutes 90 --wanted NaN"},
		{"grace", "--applicants 53 --minutes 90 --grace -1"},
		{"name=size", "--applicants 3 --minutes 90 --group =3"},
		{"size", "--applicants 3 --minutes 90 --group a=-3"},
	} {
		refused(t, c[0], "", append([]string{"plan", "--json"}, strings.Fields(c[1])...)...)
	}
}

// TestEtaBacktestOnOtherFiles through the command: another order of columns,
// quotes and line ends give the same figures; bad rows name their line.
func TestEtaBacktestOnOtherFiles(t *testing.T) {
	text, err := os.ReadFile("testdata/debates.csv")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	want := compact(t, "", "eta", "backtest", "--data", "testdata/debates.csv", "--lead", "3")
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	turned, quoted := make([]string, len(lines)), make([]string, len(lines))
	for i, line := range lines {
		cells := strings.Split(line, ",")
		quoted[i] = `"` + strings.Join(cells, `","`) + `"`
		slices.Reverse(cells)
		turned[i] = strings.Join(cells, ",")
	}
	for name, file := range map[string]string{
		"columns turned round": write("turned.csv", strings.Join(turned, "\n")),
		"quotes, CRLF, blanks": write("quoted.csv", "\ufeff"+strings.Join(quoted, "\r\n\r\n")+"\r\n"),
	} {
		if got := compact(t, "", "eta", "backtest", "--data", file, "--lead", "3"); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	refused(t, "header", "", "eta", "backtest", "--data", write("empty.csv", ""), "--json")
	refused(t, "gross_s", "", "eta", "backtest", "--data", write("missing.csv", "sitting,start,limit_s\n"), "--json")
	refused(t, "line 3", "", "eta", "backtest", "--data", write("bad.csv", lines[0]+"\n"+lines[1]+"\n"+strings.Replace(lines[2], "300", "-5", 1)+"\n"), "--json")
	refused(t, "20", "", "eta", "backtest", "--data", write("few.csv", strings.Join(lines[:30], "\n")), "--json")
	refused(t, "lead", "", "eta", "backtest", "--data", "testdata/debates.csv", "--lead", "26", "--json")
	refused(t, "lead", "", "eta", "backtest", "--data", "testdata/debates.csv", "--lead", "-1", "--json")
}

// TestSimulateOddInput: files that say something else than they seem to, and
// numbers of sessions and seeds without meaning.
func TestSimulateOddInput(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	for _, c := range [][2]string{
		{"sessions", "--sessions -1"},
		{"sessions", "--sessions 10000001"},
		{"seed", "--seed -1"},
		{"policy", "--policy full,"},
		{"twice", "--scenario " + write("twice.json", `{"minutes":30,"minutes":90}`)},
		{"follows", "--scenario " + write("two.json", `{} {}`)},
		{"empty", "--scenario " + write("nothing.json", "")},
		{"minutes", "--scenario " + write("late.json", `{"minutes":1441}`)},
		{"absent_share", "--scenario " + write("absent.json", `{"absent_share":2}`)},
		{"groups", "--scenario " + write("many.json", `{"groups":[{"name":"a","size":10001}]}`)},
		{"requests_s", "--scenario " + write("requests.json", `{"requests_s":[]}`)},
	} {
		refused(t, c[0], "", append([]string{"simulate", "--json", "--sessions", "2"}, strings.Fields(c[1])...)...)
	}
	v := object(t, "", "simulate", "--scenario", write("none.json", `{"groups":[]}`), "--sessions", "3", "--policy", "default")
	for _, f := range v["policies"].(map[string]any) {
		near(t, "heard of nobody", f.(map[string]any)["heard_mean"], 0, 0)
		near(t, "all of nobody", f.(map[string]any)["all_present_heard"], 1, 0)
	}
}

// TestPlanOfAHundredEachRungExactly: what each rung of the ladder does to
// everybody, reckoned by hand. 90 minutes less the longest opening (240 s),
// closing (60 s) and reserve (105 s) leave 4,995 s for promises, and with the
// expected opening (195 s) 5,040 s for slots.
func TestPlanOfAHundredEachRungExactly(t *testing.T) {
	began := time.Now()
	v := object(t, "", "plan", "--applicants", "100", "--minutes", "90", "--group", "CS=49", "--group", "PS=23", "--group", "AC=17", "--group", "TC=11")
	if took := time.Since(began); took > time.Second {
		t.Errorf("the ladder took %v", took)
	}
	type effect struct {
		everyone                                               bool
		heard, minimum, slot, guaranteed, extend, used, credit float64
		seats                                                  string
	}
	want := []struct {
		rung string
		effect
	}{
		// (4,995 - 100 x 25) / 100 = 24.95, rounded down to 5 s; 5,040/100 - 11;
		// (4,995 - 80 - 102 x 25) / 102 = 23.2.
		{"lower_minimum", effect{true, 100, 20, 39.4, 20, 0, 0, 0, ""}},
		// 5,100/85 = 60; 5,145/60 - 11; (5,100 - 80 - 62 x 25) / 62 = 55.97.
		{"use_reserves", effect{false, 60, 60, 74.75, 55, 0, 105, 0, "map[AC:10 CS:29 PS:14 TC:7]"}},
		// 100 x 85 - 4,995 = 3,505 s; 8,580/100 - 11; (8,535 - 80 - 2,550) / 102 = 57.9.
		{"extend", effect{true, 100, 60, 74.8, 55, 59, 0, 0, ""}},
		// 5,040/50 - 11; (4,995 - 80 - 52 x 25) / 52 = 69.5. All four quotients
		// are equal at a half of each group; the two larger ones go up.
		{"second_session", effect{true, 50, 60, 89.8, 65, 0, 0, 89.8, "map[AC:8 CS:25 PS:12 TC:5]"}},
		// 4,995/85 = 58.8; 5,040/58 - 11; (4,995 - 80 - 60 x 25) / 60 = 56.9;
		// 49/1.71 rounds to 29, 23/1.71 to 13, 17/1.71 to 10, 11/1.71 to 6.
		{"apportion", effect{false, 58, 60, 75.896, 55, 0, 0, 75.896, "map[AC:10 CS:29 PS:13 TC:6]"}},
	}
	ladder := v["ladder"].([]any)
	if len(ladder) != len(want) {
		t.Fatalf("%d rungs", len(ladder))
	}
	for i, w := range want {
		r := ladder[i].(map[string]any)
		number := func(key string) float64 { return r[key].(float64) }
		seats := ""
		if r["seats"] != nil {
			seats = fmt.Sprint(r["seats"])
		}
		got := effect{
			r["everyone_heard"].(bool), number("heard"), number("minimum_s"), number("slot_s"), number("guaranteed_s"),
			number("extend_minutes"), number("reserves_used_s"), number("credit_s"), seats,
		}
		if r["rung"] != w.rung || got != w.effect || number("set_aside") != 100-w.heard {
			t.Errorf("rung %v: %+v, want %s: %+v", r["rung"], got, w.rung, w.effect)
		}
	}
}
