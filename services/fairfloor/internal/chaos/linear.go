package chaos

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/fairfloor/fairfloor/pkg/ids"
)

// act is one command or reading, as the model of an append-only log sees it. Nth is
// which recorded command of the subject it was, from 1; of a reading, how many of
// them it held.
type act struct {
	read bool
	nth  int
	name string
}

// model is a log to which one thing after the other is appended, and which is read
// whole. Its state is how many of the recorded commands it holds; commits of the
// services themselves lie between them and are nobody's command.
func model(first int) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return first },
		Step: func(state, input, _ any) (bool, any) {
			have, one := state.(int), input.(act)
			if one.read {
				return one.nth == have, have
			}
			return one.nth == have+1, one.nth
		},
		DescribeOperation: func(input, _ any) string { return fmt.Sprintf("%+v", input) },
	}
}

const (
	// chunk is about how many operations are put to porcupine at once: its memory grows
	// with their square. A history is cut only where nothing is under way.
	chunk = 2000
	// undecided is after how long the search is given up; a log's history takes ms.
	undecided = time.Minute
)

// linear puts the history of each subject to porcupine: there must be one order of all
// commands that agrees with the log's versions, and in which whatever was
// acknowledged before something else was sent comes before it.
func (c *checker) linear() error {
	recorded := map[ids.Command]bool{}
	for i := range c.Commands {
		recorded[c.Commands[i].ID] = true
	}
	// nth counts, for each subject, the recorded commands up to a version.
	nth, counts := map[key]int{}, map[string]int{}
	for _, line := range c.lines {
		if line.commit.Cause == nil && recorded[line.commit.Command] {
			counts[line.Subject]++
		}
		nth[key{line.Subject, line.commit.Version}] = counts[line.Subject]
	}
	all := map[string][]porcupine.Operation{}
	add := func(subject string, call, back time.Duration, one act) {
		all[subject] = append(all[subject], porcupine.Operation{Input: one, Call: int64(call), Return: int64(back)})
	}
	for i := range c.Commands {
		one := &c.Commands[i]
		switch one.Outcome {
		case Acknowledged:
			r := one.Receipts[0]
			// What is lost is said elsewhere, and has no place in any order.
			if n, known := nth[key{r.Subject, r.Version}]; known {
				add(r.Subject, one.Call, one.Return, act{nth: n, name: one.Verb + " " + one.ID.String()})
			}
		case Unknown:
			// One that is not in the log changes nothing, whenever it might have happened.
			for _, at := range c.of[one.ID] {
				line := c.lines[at]
				add(line.Subject, one.Call, math.MaxInt64, act{nth: nth[key{line.Subject, line.commit.Version}], name: one.Verb + " " + one.ID.String()})
			}
		case Refused:
		}
	}
	if c.Strict {
		for _, r := range c.Reads {
			for subject, head := range r.Heads {
				if n, known := nth[key{subject, head.Version}]; known && n > 0 {
					add(subject, r.Call, r.Return, act{read: true, nth: n, name: fmt.Sprintf("reading up to version %d", head.Version)})
				}
			}
		}
	}
	for _, subject := range slices.Sorted(maps.Keys(all)) {
		c.ordered(subject, all[subject])
	}
	return nil
}

// ordered checks one subject's history.
func (c *checker) ordered(subject string, history []porcupine.Operation) {
	bound(history)
	slices.SortStableFunc(history, func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
	have := 0
	for from := 0; from < len(history); {
		to, latest := from, int64(math.MinInt64)
		for to < len(history) && (to-from < chunk || history[to].Call <= latest) {
			latest = max(latest, history[to].Return)
			to++
		}
		result, info := porcupine.CheckOperationsVerbose(model(have), history[from:to], undecided)
		if result != porcupine.Ok {
			c.say(Unordered, "%s: %s", subject, explain(result, history[from:to], info))
			return
		}
		for _, one := range history[from:to] {
			have = max(have, one.Input.(act).nth)
		}
		from = to
	}
}

// bound gives an unknown command that did happen its latest end: when the first of
// those behind it was acknowledged, it had happened.
func bound(history []porcupine.Operation) {
	byPlace := slices.Clone(history)
	slices.SortStableFunc(byPlace, func(a, b porcupine.Operation) int {
		return cmp.Compare(a.Input.(act).nth, b.Input.(act).nth)
	})
	ends, earliest := map[int]int64{}, int64(math.MaxInt64)
	for i := len(byPlace) - 1; i >= 0; i-- {
		one := byPlace[i].Input.(act)
		if _, known := ends[one.nth]; !known {
			ends[one.nth] = earliest
		}
		if byPlace[i].Return != math.MaxInt64 {
			earliest = min(earliest, byPlace[i].Return)
		}
	}
	for i := range history {
		if history[i].Return == math.MaxInt64 {
			history[i].Return = max(history[i].Call, ends[history[i].Input.(act).nth])
		}
	}
}

// explain names the first operation that no order could take in.
func explain(result porcupine.CheckResult, history []porcupine.Operation, info porcupine.LinearizationInfo) string {
	if result == porcupine.Unknown {
		return fmt.Sprintf("not decided within %s for %d operations", undecided, len(history))
	}
	longest := map[string]bool{}
	for _, partition := range info.PartialLinearizationsOperations() {
		for _, order := range partition {
			if len(order) > len(longest) {
				longest = map[string]bool{}
				for _, one := range order {
					longest[one.Input.(act).name] = true
				}
			}
		}
	}
	for _, one := range history {
		if name := one.Input.(act).name; !longest[name] {
			return fmt.Sprintf("no order takes in %s, number %d of the recorded commands, sent at %s and answered at %s",
				name, one.Input.(act).nth, time.Duration(one.Call).Round(time.Millisecond), time.Duration(one.Return).Round(time.Millisecond))
		}
	}
	return "no order was found"
}
