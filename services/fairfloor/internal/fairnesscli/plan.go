package fairnesscli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fairfloor/fairfloor/pkg/fairness/apportion"
	"github.com/fairfloor/fairfloor/pkg/fairness/plan"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// planOutput is what plan writes.
type planOutput struct {
	Applicants         int64   `json:"applicants"`
	Minutes            float64 `json:"minutes"`
	MinimumS           float64 `json:"minimum_s"`
	WantedS            float64 `json:"wanted_s"`
	Fits               bool    `json:"fits"`
	SlotS              float64 `json:"slot_s"`
	GuaranteedS        float64 `json:"guaranteed_s"`
	SlotWithOneMoreS   float64 `json:"slot_with_one_more_s"`
	MissingMinutes     float64 `json:"missing_minutes"`
	MostWithMinimum    int64   `json:"most_with_minimum"`
	NotReached         int64   `json:"not_reached"`
	GuaranteeCondition string  `json:"guarantee_condition"`
	Ladder             []rung  `json:"ladder"`
}

// rung is one rung of the ladder.
type rung struct {
	Rung          plan.Kind      `json:"rung"`
	Says          string         `json:"says"`
	EveryoneHeard bool           `json:"everyone_heard"`
	Heard         int64          `json:"heard"`
	SetAside      int64          `json:"set_aside"`
	MinimumS      float64        `json:"minimum_s"`
	SlotS         float64        `json:"slot_s"`
	GuaranteedS   float64        `json:"guaranteed_s"`
	ExtendMinutes float64        `json:"extend_minutes"`
	ReservesS     float64        `json:"reserves_used_s"`
	CreditS       float64        `json:"credit_s"`
	Seats         map[string]int `json:"seats,omitempty"`
}

func planCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "plan",
		Short:   "say whether everybody will be heard, and what to do if not",
		Example: "  fairfloor plan --applicants 53 --minutes 90 --json",
	}
	f := c.Flags()
	applicants := f.Int64("applicants", 0, "how many apply")
	minutes := f.Float64("minutes", 0, "minutes from the planned start to the hard end")
	asJSON := f.Bool("json", false, "write JSON")
	groups := f.StringArray("group", nil, "a stakeholder group with its size, name=size; may be repeated")
	q := plan.NewQuestion(0, 0)
	inSeconds := []struct {
		name, usage string
		value       *float64
		into        *int64
	}{
		{"minimum", "the least seconds offered to each", nil, &q.MinimumMS},
		{"wanted", "the seconds that each would like", nil, &q.WantedMS},
		{"opening", "seconds of the opening", nil, &q.OpeningMS},
		{"opening-most", "seconds of the longest opening reckoned with, from which promises count", nil, &q.OpeningMostMS},
		{"closing", "seconds of the closing", nil, &q.ClosingMS},
		{"reserve", "seconds kept for interruptions", nil, &q.ReserveMS},
		{"handover", "seconds between one turn and the next", nil, &q.HandoverMS},
		{"handover-most", "the longest seconds between two turns", nil, &q.HandoverMostMS},
		{"grace", "seconds after the limit", nil, &q.GraceMS},
	}
	for i := range inSeconds {
		d := &inSeconds[i]
		d.value = f.Float64(d.name, seconds(*d.into), d.usage)
	}
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := needs(c, "applicants", "minutes"); err != nil {
			return err
		}
		q := q // a command may be run twice in one process
		into := []*int64{&q.MinimumMS, &q.WantedMS, &q.OpeningMS, &q.OpeningMostMS, &q.ClosingMS, &q.ReserveMS, &q.HandoverMS, &q.HandoverMostMS, &q.GraceMS}
		for i, d := range inSeconds {
			v, err := millis(*d.value, 1, d.name)
			if err != nil {
				return err
			}
			*into[i] = v
		}
		// Who names an opening means that one, not a longer one.
		if f.Changed("opening") && !f.Changed("opening-most") {
			q.OpeningMostMS = q.OpeningMS
		}
		q.Applicants = *applicants
		var err error
		if q.LengthMS, err = millis(*minutes, 60, "minutes"); err != nil {
			return err
		}
		if q.Groups, err = parseGroups(*groups); err != nil {
			return err
		}
		a, err := plan.Plan(q)
		if err != nil {
			return err
		}
		out := describe(q, a)
		if *asJSON {
			return encode(c, out)
		}
		return writePlan(c, out)
	}
	return c
}

// parseGroups reads name=size.
func parseGroups(texts []string) ([]apportion.Group, error) {
	groups := make([]apportion.Group, 0, len(texts))
	for _, text := range texts {
		at := strings.LastIndex(text, "=")
		if at < 1 {
			return nil, problem.Field("group", "%q is not name=size", text)
		}
		size, err := strconv.ParseInt(text[at+1:], 10, 32)
		if err != nil || size < 0 {
			return nil, problem.Field("group", "the size in %q is not a number", text)
		}
		groups = append(groups, apportion.Group{Name: text[:at], Votes: size})
	}
	return groups, nil
}

// describe puts an answer into the terms of the output.
func describe(q plan.Question, a plan.Answer) planOutput {
	out := planOutput{
		Applicants: q.Applicants, Minutes: round(float64(q.LengthMS)/60_000, 3), MinimumS: seconds(q.MinimumMS), WantedS: seconds(q.WantedMS),
		Fits: a.Fits, SlotS: seconds(a.SlotMS), GuaranteedS: seconds(a.GuaranteedMS), SlotWithOneMoreS: seconds(a.SlotWithOneMoreMS),
		MissingMinutes: round(float64(a.MissingMS)/60_000, 3), MostWithMinimum: a.Most, NotReached: a.NotReached,
		GuaranteeCondition: "if turns end at their limit", Ladder: []rung{},
	}
	for _, r := range a.Ladder {
		j := rung{
			Rung: r.Kind, EveryoneHeard: r.Fits, Heard: r.Heard, SetAside: r.SetAside, MinimumS: seconds(r.MinimumMS),
			SlotS: seconds(r.SlotMS), GuaranteedS: seconds(r.GuaranteedMS), ExtendMinutes: round(float64(r.ExtendMS)/60_000, 3),
			ReservesS: seconds(r.ReservesMS), CreditS: seconds(r.CreditMS), Says: says(r),
		}
		if r.Seats != nil {
			j.Seats = map[string]int{}
			for i, g := range q.Groups {
				j.Seats[g.Name] = r.Seats[i]
			}
		}
		out.Ladder = append(out.Ladder, j)
	}
	return out
}

// says is a rung in plain words.
func says(r plan.Rung) string {
	s := func(ms int64) string { return fmt.Sprintf("%.0f s", seconds(ms)) }
	switch r.Kind {
	case plan.LowerMinimum:
		if !r.Fits {
			return "Lowering the minimum is not enough."
		}
		return fmt.Sprintf("Lower the minimum to %s: everybody is heard, each with about %s.", s(r.MinimumMS), s(r.SlotMS))
	case plan.UseReserves:
		return fmt.Sprintf("Use the reserve of %s: %d are heard, %d are not; nothing is left for interruptions.", s(r.ReservesMS), r.Heard, r.SetAside)
	case plan.Extend:
		return fmt.Sprintf("Extend by %.0f minutes: everybody is heard, each with about %s.", seconds(r.ExtendMS)/60, s(r.SlotMS))
	case plan.SecondSession:
		return fmt.Sprintf("Hold a second session: %d are heard now with about %s each, %d then; those carry a credit of %s.", r.Heard, s(r.SlotMS), r.SetAside, s(r.CreditMS))
	default:
		return fmt.Sprintf("Give the %d places that fit to the groups in proportion, by lot inside them: %d file a written statement and carry a credit of %s.", r.Heard, r.SetAside, s(r.CreditMS))
	}
}

func writePlan(c *cobra.Command, out planOutput) error {
	w := c.OutOrStdout()
	if out.Fits {
		say(w, "All %d will be heard", out.Applicants)
	} else {
		say(w, "%d of %d will not be reached", out.NotReached, out.Applicants)
	}
	say(w, " with a minimum of %g s in %g minutes; %d fit.\n", out.MinimumS, out.Minutes, out.MostWithMinimum)
	say(w, "What fits now: %.0f s each; guaranteed %.0f s (%s); with one more %.0f s.\n", out.SlotS, out.GuaranteedS, out.GuaranteeCondition, out.SlotWithOneMoreS)
	if out.MissingMinutes > 0 {
		say(w, "To give everyone %g s, %.1f minutes are missing.\n", out.WantedS, out.MissingMinutes)
	}
	for i, r := range out.Ladder {
		say(w, "%d. %s\n", i+1, r.Says)
	}
	return nil
}
