package fairnesscli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"

	"github.com/fairfloor/fairfloor/pkg/fairness/simulate"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

func simulateCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "simulate",
		Short: "play sessions with made-up people under several policies",
		Long: "Plays seeded sessions on the code that runs real ones. Scenarios: " + strings.Join(simulate.Names(), ", ") +
			", or a JSON file that changes oewg-2021.",
		Example: "  fairfloor simulate --scenario oewg-2021 --sessions 10000 --seed 1 --policy all --json",
	}
	f := c.Flags()
	scenario := f.String("scenario", "oewg-2021", "a scenario's name or file")
	sessions := f.Int("sessions", 1000, "how many sessions are played")
	seed := f.Uint64("seed", 1, "the seed; the same seed gives the same figures")
	policy := f.String("policy", "all", "all, or names of policies with commas between; default is "+simulate.DefaultPolicy)
	workers := f.Int("workers", 0, "how many processors share the work; 0 is all")
	picture := f.String("svg", "", "write a picture of offered and used time by place to this file")
	byPlace := f.Bool("by-place", false, "with --json, add the means by place of speaking")
	asJSON := f.Bool("json", false, "write JSON")
	c.RunE = func(c *cobra.Command, _ []string) error {
		s, err := readScenario(*scenario)
		if err != nil {
			return err
		}
		policies, err := choose(*policy)
		if err != nil {
			return err
		}
		results := make([]simulate.Result, 0, len(policies))
		for _, p := range policies {
			bar := newProgress(c.ErrOrStderr(), p.Name, *sessions)
			figures, err := simulate.Run(c.Context(), s, p, simulate.Options{
				Sessions: *sessions, Seed: *seed, Workers: *workers, Progress: bar.show,
			})
			bar.end()
			if err != nil {
				return err
			}
			results = append(results, simulate.Result{Policy: p, Figures: figures})
		}
		if *picture != "" {
			if err := writePicture(*picture, s, results); err != nil {
				return err
			}
		}
		if *asJSON {
			return writeFigures(c, s, *sessions, *seed, results, *byPlace)
		}
		return simulate.WriteTable(c.OutOrStdout(), results)
	}
	return c
}

// readScenario takes a name, or a file that changes the fields it names.
func readScenario(name string) (simulate.Scenario, error) {
	if s, ok := simulate.Named(name); ok {
		return s, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return simulate.Scenario{}, problem.Field("scenario", "%q is neither a scenario nor a file that can be read", name).
			Try("scenarios: %s", strings.Join(simulate.Names(), ", "))
	}
	s := simulate.OEWG2021()
	s.Name = name
	if err := decode(bytes.NewReader(text), &s); err != nil {
		return simulate.Scenario{}, fmt.Errorf("scenario %s: %w", name, err)
	}
	return s, s.Check()
}

// choose finds the policies named.
func choose(text string) ([]simulate.Policy, error) {
	if text == "all" {
		return simulate.Policies(), nil
	}
	var chosen []simulate.Policy
	for name := range strings.SplitSeq(text, ",") {
		p, ok := simulate.Find(strings.TrimSpace(name))
		if !ok {
			names := make([]string, 0)
			for _, p := range simulate.Policies() {
				names = append(names, p.Name)
			}
			return nil, problem.Field("policy", "%q is not a policy", name).Try("policies: all, default, %s", strings.Join(names, ", "))
		}
		chosen = append(chosen, p)
	}
	return chosen, nil
}

// writePicture writes the picture to a file, whole or not at all.
func writePicture(name string, s simulate.Scenario, results []simulate.Result) error {
	if err := os.WriteFile(name, simulate.Picture(s, results), 0o644); err != nil {
		return problem.Field("svg", "%v", err)
	}
	return nil
}

func writeFigures(c *cobra.Command, s simulate.Scenario, sessions int, seed uint64, results []simulate.Result, byPlace bool) error {
	out := struct {
		Scenario   string                      `json:"scenario"`
		Applicants int                         `json:"applicants"`
		Sessions   int                         `json:"sessions"`
		Seed       uint64                      `json:"seed"`
		Policies   map[string]simulate.Figures `json:"policies"`
	}{s.Name, s.Applicants(), sessions, seed, map[string]simulate.Figures{}}
	for _, r := range results {
		if !byPlace {
			r.Figures.Place = nil
		}
		out.Policies[r.Policy.Name] = r.Figures
	}
	return encode(c, out)
}

// progress is a bar on a terminal; elsewhere it is silent.
type progress struct {
	out   io.Writer
	name  string
	total int
	shown atomic.Int64
}

func newProgress(out io.Writer, name string, total int) *progress {
	p := &progress{name: name, total: max(total, 1)}
	if file, ok := out.(*os.File); ok {
		if info, err := file.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			p.out = out
		}
	}
	return p
}

// show draws the bar when another hundredth is done.
func (p *progress) show(done int) {
	part := int64(done) * 100 / int64(p.total)
	if before := p.shown.Load(); p.out != nil && part > before && p.shown.CompareAndSwap(before, part) {
		say(p.out, "\r%-38s [%-50s] %3d %%", p.name, strings.Repeat("=", int(part/2)), part)
	}
}

// end clears the bar's line.
func (p *progress) end() {
	if p.out != nil {
		say(p.out, "\r%*s\r", 98, "")
	}
}
