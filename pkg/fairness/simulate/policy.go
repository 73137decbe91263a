package simulate

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/fairness"
	"github.com/fairfloor/fairfloor/pkg/fairness/order"
)

// Ending is what really happens when an allotment is used up, whatever the
// modalities say.
type Ending string

const (
	// Cut ends the floor after the grace.
	Cut Ending = "hard"
	// Gavelled ends most overruns within some seconds.
	Gavelled Ending = "gavel"
	// Never ends nothing.
	Never Ending = "never"
)

// Policy is a way of running a session.
type Policy struct {
	// Name is what the command line calls it, Title says it in words.
	Name, Title string
	Rule        order.Rule
	Mode        fairness.Mode
	Ending      Ending
	// SlotS is the time of everybody in mode fixed; zero is an equal split,
	// announced once.
	SlotS int64
	// Requests says that what people ask for counts.
	Requests bool
	// Written says that texts are written to length.
	Written bool
	// Protocol says that there are guarantees, check-ins, deferrals, standby
	// and returns; without it who is absent goes to the end on return.
	Protocol bool
	// Confirm says that the chair confirms every uniform raise at once.
	Confirm bool
	// Strict is the provable guarantee.
	Strict bool
	// Naive divides what is left equally at each handover, learning nothing and
	// reckoning with half of the handovers.
	Naive bool
	// Hands says that the chair picks between the first two raised hands.
	Hands bool
	// MinimumS replaces the scenario's minimum when not negative.
	MinimumS int64
	// Full marks the policies of the design, for tables and pictures.
	Full bool
	// rules are a session's own, in place of the scenario's bounds; see Rehearse.
	rules *Rules
}

// policies in the order of the table of fairness.md, then the full policy
// under every ending, mode and kind of text.
func policies() []Policy {
	const scenario = -1
	list := []Policy{
		{Name: "first-come-2min", Title: "first come, 2 min soft (16 Dec 2021)", Rule: order.FirstCome, Mode: fairness.Fixed, SlotS: 120, Ending: Never},
		{Name: "first-come-3min", Title: "first come, 3 min soft", Rule: order.FirstCome, Mode: fairness.Fixed, SlotS: 180, Ending: Never},
		{Name: "raised-hands", Title: "raised hands, no limit", Rule: order.FirstCome, Mode: fairness.Fixed, SlotS: 3600, Ending: Never, Requests: true, Hands: true},
		{Name: "equal-split-soft", Title: "equal split announced once, soft", Rule: order.FirstCome, Mode: fairness.Fixed, Ending: Never},
		{Name: "equal-split-hard", Title: "equal split announced once, hard", Rule: order.FirstCome, Mode: fairness.Fixed, Ending: Cut},
		{Name: "adaptive-equal-soft", Title: "adaptive equal, soft", Rule: order.FirstCome, Mode: fairness.Fixed, Ending: Never, Naive: true},
	}
	for i := range list {
		list[i].MinimumS = 0
	}
	list = append(list, Policy{
		Name: "full", Title: "in full: individual, hard", Rule: order.SainteLague, Mode: fairness.Individual, Ending: Cut,
		Requests: true, Protocol: true, MinimumS: scenario, Full: true,
	})
	for _, mode := range []fairness.Mode{fairness.Individual, fairness.Uniform} {
		for _, ending := range []Ending{Cut, Gavelled, Never} {
			for _, written := range []bool{false, true} {
				p := Policy{
					Rule: order.SainteLague, Mode: mode, Ending: ending, Requests: true, Written: written,
					Protocol: true, Confirm: true, MinimumS: scenario, Full: true,
				}
				texts := "measured"
				if written {
					texts = "written"
				}
				p.Name = string(mode) + "-" + string(ending) + "-" + texts
				p.Title = string(mode) + ", " + string(ending) + ", texts " + texts
				if p.Name == "individual-hard-measured" {
					continue // that is "full"
				}
				list = append(list, p)
			}
		}
	}
	for _, written := range []bool{false, true} {
		p, _ := find(list, "uniform-gavel-measured")
		if written {
			p, _ = find(list, "uniform-gavel-written")
		}
		p.Name, p.Title, p.Confirm = p.Name+"-never-raised", p.Title+", chair never raises", false
		list = append(list, p)
	}
	strict, _ := find(list, "full")
	strict.Name, strict.Title, strict.Strict = "full-strict", "in full, strict", true
	return append(list, strict)
}

func find(list []Policy, name string) (Policy, bool) {
	i := slices.IndexFunc(list, func(p Policy) bool { return p.Name == name })
	if i < 0 {
		return Policy{}, false
	}
	return list[i], true
}

// DefaultPolicy is the policy of the default modalities: uniform, gavel, texts
// written to length.
const DefaultPolicy = "uniform-gavel-written"

// Policies are all policies, in the order of the table.
func Policies() []Policy { return policies() }

// Find gives a policy by its name; "default" is DefaultPolicy.
func Find(name string) (Policy, bool) {
	if name == "default" {
		name = DefaultPolicy
	}
	return find(policies(), name)
}
