package simulate

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestTry(t *testing.T) {
	names := os.Getenv("SCEN")
	if names == "" {
		names = "oewg-2021"
	}
	n := 500
	fmt.Sscan(os.Getenv("N"), &n)
	for _, name := range strings.Fields(names) {
		s, _ := Named(name)
		fmt.Println(name)
		for _, p := range policies() {
			if q := os.Getenv("POL"); q != "" && !strings.Contains(" "+q+" ", " "+p.Name+" ") {
				continue
			}
			f, err := Run(context.Background(), s, p, Options{Sessions: n, Seed: 7})
			if err != nil {
				t.Fatal(err)
			}
			fmt.Printf("%-38s heard %.1f/%.1f all %.4f J off %.4f ent %.4f sec %.3f short %.0f long %.0f f10 %.1f l10 %.1f cut %.2f eta0 %.0f/%.0f eta5 %.0f/%.0f cov %.3f over %.0f/%.0f no %.3f broken %.3f\n", p.Name, f.HeardMean, f.PresentMean, f.AllPresentHeard, f.JainOffered, f.JainEntitlement, f.JainSeconds, f.ShortestOfferedS, f.LongestOfferedS, f.FirstTenOfferedS, f.LastTenOfferedS, f.CutShare, f.ETAStartMAE, f.ETAStartP95, f.ETA5MAE, f.ETA5P95, f.ETA90Coverage, f.OverrunMeanS, f.OverrunP95S, f.NoOverrunShare, f.PromisesBroken)
		}
	}
}
