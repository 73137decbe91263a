package fairnesscli

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"

	"github.com/spf13/cobra"

	"github.com/fairfloor/fairfloor/pkg/fairness/allocate"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// allocateInput is what allocate reads. Weights may be fractions here; a
// weight left out is one, a minimum left out zero, a maximum left out 24 hours.
type allocateInput struct {
	CapacityMS *json.Number `json:"capacity_ms"`
	Entries    []struct {
		ID     string       `json:"id"`
		Weight *json.Number `json:"weight"`
		MinMS  json.Number  `json:"min_ms"`
		MaxMS  *json.Number `json:"max_ms"`
		Group  string       `json:"group"`
	} `json:"entries"`
	GroupCapsMS map[string]json.Number `json:"group_caps_ms"`
}

// allocateOutput is what allocate writes.
type allocateOutput struct {
	Feasible   bool             `json:"feasible"`
	LevelMS    int64            `json:"level_ms"`
	TotalMS    int64            `json:"total_ms"`
	Full       bool             `json:"full"`
	Allotments map[string]int64 `json:"allotments"`
}

// infeasibleOutput says what is missing.
type infeasibleOutput struct {
	Feasible   bool   `json:"feasible"`
	CapacityMS int64  `json:"capacity_ms"`
	NeededMS   int64  `json:"needed_ms"`
	MissingMS  int64  `json:"missing_ms"`
	Group      string `json:"group,omitempty"`
	Reason     string `json:"reason"`
}

func allocateCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "allocate",
		Short: "divide a capacity by weighted max-min fairness",
		Long: `Reads {"capacity_ms", "entries":[{"id","weight","min_ms","max_ms","group"}], "group_caps_ms":{}}
from standard input and divides the capacity by weighted max-min fairness.`,
		Example: `  echo '{"capacity_ms":10000,"entries":[{"id":"a","max_ms":2000},{"id":"b","max_ms":9000}]}' | fairfloor allocate --json`,
	}
	asJSON := c.Flags().Bool("json", false, "write JSON")
	c.RunE = func(c *cobra.Command, _ []string) error {
		var in allocateInput
		if err := decode(c.InOrStdin(), &in); err != nil {
			return err
		}
		capacity, claims, groups, caps, err := in.claims()
		if err != nil {
			return err
		}
		var filler allocate.Filler
		shares := make([]int64, len(claims))
		level, err := filler.Fill(capacity, claims, caps, shares)
		var short *allocate.Infeasible
		if errors.As(err, &short) {
			return writeInfeasible(c, *asJSON, short, groups)
		}
		if err != nil {
			return err
		}
		out := allocateOutput{Feasible: true, LevelMS: level.MS(), Full: level.Full, Allotments: make(map[string]int64, len(claims))}
		for i, share := range shares {
			out.Allotments[in.Entries[i].ID] = share
			out.TotalMS += share
		}
		if *asJSON {
			return encode(c, out)
		}
		say(c.OutOrStdout(), "level %d ms, %d of %d ms given\n", out.LevelMS, out.TotalMS, capacity)
		for i, share := range shares {
			say(c.OutOrStdout(), "%10d ms  %s\n", share, in.Entries[i].ID)
		}
		return nil
	}
	return c
}

// writeInfeasible answers that the minimums do not fit: an answer, not an
// error.
func writeInfeasible(c *cobra.Command, asJSON bool, short *allocate.Infeasible, groups []string) error {
	out := infeasibleOutput{CapacityMS: short.CapacityMS, NeededMS: short.NeededMS, MissingMS: short.NeededMS - short.CapacityMS}
	out.Reason = "the minimums do not fit the capacity"
	if short.Group != allocate.NoGroup {
		out.Group = groups[short.Group]
		out.Reason = "the minimums of the group do not fit its cap"
	}
	if asJSON {
		return encode(c, out)
	}
	_, err := fmt.Fprintf(c.OutOrStdout(), "infeasible: %s %s: %d ms needed, %d ms there, %d ms missing\n",
		out.Reason, out.Group, out.NeededMS, out.CapacityMS, out.MissingMS)
	return err
}

// claims checks the input and puts it into the allocator's terms.
func (in *allocateInput) claims() (capacity int64, claims []allocate.Claim, groups []string, caps []int64, err error) {
	if in.CapacityMS == nil {
		return 0, nil, nil, nil, problem.Field("capacity_ms", "the capacity is missing")
	}
	if capacity, err = duration(*in.CapacityMS, "capacity_ms"); err != nil {
		return 0, nil, nil, nil, err
	}
	for g := range in.GroupCapsMS {
		groups = append(groups, g)
	}
	slices.Sort(groups)
	index := make(map[string]int32, len(groups))
	for i, g := range groups {
		most, err := duration(in.GroupCapsMS[g], "group_caps_ms."+g)
		if err != nil {
			return 0, nil, nil, nil, err
		}
		index[g] = int32(i)
		caps = append(caps, most)
	}
	seen := make(map[string]bool, len(in.Entries))
	claims = make([]allocate.Claim, len(in.Entries))
	for i := range in.Entries {
		e := &in.Entries[i]
		at := func(name string) string { return fmt.Sprintf("entries[%d].%s", i, name) }
		if e.ID == "" || seen[e.ID] {
			return 0, nil, nil, nil, problem.Field(at("id"), "%q is empty or stands there twice", e.ID)
		}
		seen[e.ID] = true
		c := allocate.Claim{Weight: allocate.Whole, MaxMS: allocate.MostMS, Chance: allocate.Whole, Group: allocate.NoGroup}
		if e.Weight != nil {
			if c.Weight, err = weight(*e.Weight, at("weight")); err != nil {
				return 0, nil, nil, nil, err
			}
		}
		if e.MinMS != "" {
			if c.MinMS, err = duration(e.MinMS, at("min_ms")); err != nil {
				return 0, nil, nil, nil, err
			}
		}
		if e.MaxMS != nil {
			if c.MaxMS, err = duration(*e.MaxMS, at("max_ms")); err != nil {
				return 0, nil, nil, nil, err
			}
		}
		if g, ok := index[e.Group]; ok && e.Group != "" {
			c.Group = g
		}
		claims[i] = c
	}
	return capacity, claims, groups, caps, nil
}

// duration reads milliseconds between 0 and 24 hours.
func duration(n json.Number, field string) (int64, error) {
	v, err := integer(n, field)
	if err != nil {
		return 0, err
	}
	if v < 0 || v > allocate.MostMS {
		return 0, problem.Field(field, "%d ms is not between 0 and 24 hours", v).Try("give whole milliseconds between 0 and 86400000")
	}
	return v, nil
}

// weight reads a weight in parts per million, rounded half up, exactly: 0.1 as
// binary floating point is not a tenth.
func weight(n json.Number, field string) (int64, error) {
	bad := func() (int64, error) {
		return 0, problem.Field(field, "%s is not between 0.000001 and 1000", n).Try("give a positive weight")
	}
	if f, err := n.Float64(); err != nil || !(f > 0 && f <= 1000) || math.IsInf(f, 0) {
		return bad()
	}
	r, ok := new(big.Rat).SetString(n.String())
	if !ok {
		return bad()
	}
	r.Mul(r, big.NewRat(allocate.Whole, 1)).Add(r, big.NewRat(1, 2))
	ppm := new(big.Int).Quo(r.Num(), r.Denom())
	if !ppm.IsInt64() || ppm.Int64() < 1 {
		return bad()
	}
	return ppm.Int64(), nil
}
