package fairnesscli

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fairfloor/fairfloor/pkg/fairness/apportion"
	"github.com/fairfloor/fairfloor/pkg/fairness/eta"
	"github.com/fairfloor/fairfloor/pkg/fairness/lot"
	"github.com/fairfloor/fairfloor/pkg/fairness/measures"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

func apportionCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "apportion",
		Short:   "give seats to groups in proportion to their votes",
		Long:    `Reads {"group": votes} from standard input.`,
		Example: `  echo '{"CS":26,"PS":12,"AC":9,"TC":6}' | fairfloor apportion --seats 32 --order --json`,
	}
	method := c.Flags().String("method", string(apportion.SainteLague), "sainte-lague, dhondt or largest-remainder")
	seats := c.Flags().Int("seats", 0, "how many seats there are")
	order := c.Flags().Bool("order", false, "print the whole sequence")
	asJSON := c.Flags().Bool("json", false, "write JSON")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := needs(c, "seats"); err != nil {
			return err
		}
		var in map[string]json.Number
		if err := decode(c.InOrStdin(), &in); err != nil {
			return err
		}
		groups := make([]apportion.Group, 0, len(in))
		for name, n := range in {
			votes, err := integer(n, "votes."+name)
			if err != nil {
				return err
			}
			groups = append(groups, apportion.Group{Name: name, Votes: votes})
		}
		slices.SortFunc(groups, func(a, b apportion.Group) int { return strings.Compare(a.Name, b.Name) })
		r, err := apportion.Apportion(apportion.Method(*method), groups, *seats)
		if err != nil {
			return err
		}
		return writeSeats(c, *method, groups, r, *order, *asJSON)
	}
	return c
}

func writeSeats(c *cobra.Command, method string, groups []apportion.Group, r apportion.Result, order, asJSON bool) error {
	names := make([]string, len(r.Sequence))
	for i, g := range r.Sequence {
		names[i] = groups[g].Name
	}
	if asJSON {
		out := struct {
			Method string         `json:"method"`
			Seats  map[string]int `json:"seats"`
			Order  []string       `json:"order,omitzero"` // also of no seats, if asked for
		}{Method: method, Seats: map[string]int{}}
		for i, g := range groups {
			out.Seats[g.Name] = r.Seats[i]
		}
		if order {
			out.Order = names
		}
		return encode(c, out)
	}
	for i, g := range groups {
		say(c.OutOrStdout(), "%6d  %s\n", r.Seats[i], g.Name)
	}
	if order {
		say(c.OutOrStdout(), "%s\n", strings.Join(names, " "))
	}
	return nil
}

func measuresCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "measures",
		Short:   "say how evenly values are shared",
		Long:    `Reads {"values":[...], "entitlements":[...]} from standard input; entitlements may be left out.`,
		Example: `  echo '{"values":[1,3,5]}' | fairfloor measures --json`,
	}
	asJSON := c.Flags().Bool("json", false, "write JSON")
	c.RunE = func(c *cobra.Command, _ []string) error {
		var in struct {
			Values       []*float64 `json:"values"`
			Entitlements []*float64 `json:"entitlements"`
		}
		if err := decode(c.InOrStdin(), &in); err != nil {
			return err
		}
		values, err := amounts("values", in.Values)
		if err != nil {
			return err
		}
		entitlements, err := amounts("entitlements", in.Entitlements)
		if err != nil {
			return err
		}
		switch {
		case len(values) == 0:
			return problem.Field("values", "there are no values").Try("give at least one")
		case len(entitlements) > 0 && len(entitlements) != len(values):
			return problem.Field("entitlements", "%d entitlements for %d values", len(entitlements), len(values))
		}
		out := map[string]any{
			"n": len(values), "jain": round(measures.Jain(values), 12), "gini": round(measures.Gini(values), 12),
			"theil": round(measures.Theil(values), 12), "shortest": slices.Min(values), "longest": slices.Max(values),
		}
		if len(entitlements) > 0 {
			out["jain_entitlement"] = round(measures.Jain(measures.Ratios(values, entitlements)), 12)
		}
		if *asJSON {
			return encode(c, out)
		}
		for _, name := range []string{"n", "jain", "jain_entitlement", "gini", "theil", "shortest", "longest"} {
			if v, ok := out[name]; ok {
				say(c.OutOrStdout(), "%-17s %v\n", name, v)
			}
		}
		return nil
	}
	return c
}

// mostAmount keeps sums of squares of a million amounts finite.
const mostAmount = 1e15

// amounts refuses null, negative and enormous numbers, naming the place.
func amounts(field string, in []*float64) ([]float64, error) {
	out := make([]float64, len(in))
	for i, v := range in {
		at := fmt.Sprintf("%s[%d]", field, i)
		switch {
		case v == nil:
			return nil, problem.Field(at, "it is null").Try("give a number, or leave it out")
		case *v < 0:
			return nil, problem.Field(at, "%v is negative", *v)
		case *v > mostAmount:
			return nil, problem.Field(at, "%v is more than %v", *v, mostAmount)
		}
		out[i] = *v
	}
	return out, nil
}

func lotCommand() *cobra.Command {
	c := &cobra.Command{Use: "lot", Short: "draw lots that anybody can check (draft-thomson-elegy-vrs)"}
	c.AddCommand(lotCommitCommand(), lotDrawCommand())
	return c
}

func lotCommitCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "commit", Short: "make a chain of one-time codes from a secret",
		Long: "Writes H^length first: publish that. Reveal the next one at the first draw, and so on downwards.",
	}
	secret := c.Flags().String("secret", "", "the secret")
	length := c.Flags().Int("length", 0, "how long the chain is")
	asJSON := c.Flags().Bool("json", false, "write JSON")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := needs(c, "secret", "length"); err != nil {
			return err
		}
		chain, err := lot.Chain([]byte(*secret), *length)
		if err != nil {
			return err
		}
		codes := make([]string, len(chain))
		for k := range chain {
			codes[len(chain)-1-k] = chain[k].String()
		}
		if *asJSON {
			return encode(c, struct {
				Length      int      `json:"length"`
				Commitment  string   `json:"commitment"`
				Commitments []string `json:"commitments"`
			}{*length, codes[0], codes})
		}
		out := bufio.NewWriter(c.OutOrStdout())
		for k, code := range codes {
			say(out, "%6d  %s\n", len(codes)-k, code)
		}
		return out.Flush()
	}
	return c
}

func lotDrawCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "draw", Short: "draw the order of labels",
		Long: "Reads labels, one a line or a JSON array, from a file, or from standard input when the file is -.",
	}
	code := c.Flags().String("code", "", "the revealed one-time code, in hexadecimal digits")
	commitment := c.Flags().String("commitment", "", "what was committed to; the code is checked against it")
	randomness := c.Flags().String("randomness", "", "the bytes that were published after the list was fixed")
	inHex := c.Flags().Bool("randomness-hex", false, "the randomness is given in hexadecimal digits")
	labels := c.Flags().String("labels", "", "the file of the labels")
	asJSON := c.Flags().Bool("json", false, "write JSON")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := needs(c, "code", "randomness", "labels"); err != nil {
			return err
		}
		revealed, err := lot.ParseCode(*code)
		if err != nil {
			return err
		}
		if *commitment != "" {
			committed, err := lot.ParseCode(*commitment)
			if err != nil {
				return problem.Field("commitment", "a commitment is 64 hexadecimal digits")
			}
			if !lot.Reveals(committed, revealed) {
				return problem.Field("code", "the code is not the one that was committed to").Try("ask for the right code; do not use this draw")
			}
		}
		bytes := []byte(*randomness)
		if *inHex {
			if bytes, err = hex.DecodeString(*randomness); err != nil {
				return problem.Field("randomness", "not hexadecimal digits")
			}
		}
		draw, err := lot.NewDraw(revealed, bytes)
		if err != nil {
			return err
		}
		names, err := readLabels(c, *labels)
		if err != nil {
			return err
		}
		order, err := draw.Order(names)
		if err != nil {
			return err
		}
		return writeOrder(c, order, *asJSON)
	}
	return c
}

// readLabels reads lines, or a JSON array of strings.
func readLabels(c *cobra.Command, name string) ([]string, error) {
	in := c.InOrStdin()
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, problem.Field("labels", "%v", err)
		}
		defer file.Close()
		in = file
	}
	text, err := io.ReadAll(io.LimitReader(in, mostInput))
	if err != nil {
		return nil, problem.Field("labels", "%v", err)
	}
	var labels []string
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("[")) {
		if err := json.Unmarshal(text, &labels); err != nil {
			return nil, problem.Field("labels", "not a JSON array of strings: %v", err)
		}
		return labels, nil
	}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			labels = append(labels, line)
		}
	}
	if len(labels) == 0 {
		return nil, problem.Field("labels", "there are no labels").Try("give one label a line")
	}
	return labels, nil
}

func writeOrder(c *cobra.Command, order []lot.Drawn, asJSON bool) error {
	type place struct {
		Place int    `json:"place"`
		Label string `json:"label"`
		Hash  string `json:"hash"`
	}
	places := make([]place, len(order))
	for i, d := range order {
		places[i] = place{i + 1, d.Label, d.Position.String()}
	}
	if asJSON {
		return encode(c, map[string]any{"order": places})
	}
	out := bufio.NewWriter(c.OutOrStdout())
	for _, p := range places {
		say(out, "%6d  %s  %s\n", p.Place, p.Hash, p.Label)
	}
	return out.Flush()
}

func etaCommand() *cobra.Command {
	c := &cobra.Command{Use: "eta", Short: "forecast when somebody will speak"}
	backtest := &cobra.Command{
		Use: "backtest", Short: "evaluate the forecasts on past debates",
		Long: "Reads rows with the columns sitting, start, is_government, gross_s and limit_s; evaluates rolling, never looking ahead.",
	}
	data := backtest.Flags().String("data", "", "the file of comma-separated values")
	lead := backtest.Flags().Int("lead", 5, "how many speeches ahead")
	asJSON := backtest.Flags().Bool("json", false, "write JSON")
	backtest.RunE = func(c *cobra.Command, _ []string) error {
		if err := needs(c, "data"); err != nil {
			return err
		}
		file, err := os.Open(*data)
		if err != nil {
			return problem.Field("data", "%v", err)
		}
		defer file.Close()
		speeches, err := eta.ReadSpeeches(file)
		if err != nil {
			return err
		}
		s, err := eta.Backtest(speeches, *lead)
		if err != nil {
			return err
		}
		if *asJSON {
			return encode(c, map[string]any{
				"lead": *lead, "n": s.N, "sittings": s.Sittings, "mae_s": round(s.MeanAbsoluteMS/1000, 3), "p95_s": seconds(s.P95MS),
				"bias_s": round(s.BiasMS/1000, 3), "coverage_80": round(s.Cover80, 6), "coverage_90": round(s.Cover90, 6), "coverage_95": round(s.Cover95, 6),
			})
		}
		_, err = fmt.Fprintf(c.OutOrStdout(),
			"%d forecasts %d places ahead: mean absolute error %.1f s, 95 %% within %.0f s, bias %+.1f s\nranges of 80 %% cover %.1f %%, of 90 %% %.1f %%, of 95 %% %.1f %%\n",
			s.N, *lead, s.MeanAbsoluteMS/1000, seconds(s.P95MS), s.BiasMS/1000, 100*s.Cover80, 100*s.Cover90, 100*s.Cover95)
		return err
	}
	c.AddCommand(backtest)
	return c
}
