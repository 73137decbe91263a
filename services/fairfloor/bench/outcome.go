package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
)

// outcome is a scenario's figures of every run, and the median of each.
type outcome struct {
	Name   string    `json:"name"`
	What   string    `json:"what"`
	Runs   []figures `json:"runs"`
	Median figures   `json:"median"`
	Judged []judged  `json:"judged"`
}

// judged is a limit with what was found.
type judged struct {
	Figure string  `json:"figure"`
	Value  float64 `json:"value"`
	Wanted string  `json:"wanted"`
	Held   bool    `json:"held"`
}

// judge takes the medians and holds them against the limits.
func (o *outcome) judge(limits []limit) {
	o.Median = figures{}
	for _, run := range o.Runs {
		for name := range run {
			o.Median[name] = median(o.Runs, name)
		}
	}
	for _, l := range limits {
		value, known := o.Median[l.figure]
		j := judged{Figure: l.figure, Value: value, Wanted: fmt.Sprintf("at most %g", l.most), Held: known && value <= l.most}
		if l.least > 0 {
			j.Wanted, j.Held = fmt.Sprintf("at least %g", l.least), known && value >= l.least
		}
		o.Judged = append(o.Judged, j)
	}
}

// median is the middle one of a figure's values; of an even number the mean of
// the two in the middle. It is no number when the figure is in no run.
func median(runs []figures, name string) float64 {
	var values []float64
	for _, run := range runs {
		if v, here := run[name]; here {
			values = append(values, v)
		}
	}
	slices.Sort(values)
	switch n := len(values); {
	case n == 0:
		return math.NaN()
	case n%2 == 1:
		return values[n/2]
	default:
		return (values[n/2-1] + values[n/2]) / 2
	}
}

// table prints the medians, the ratios side by side, and the verdicts.
func table(w io.Writer, all []outcome) error {
	for _, o := range all {
		if _, err := fmt.Fprintf(w, "\n%s: %s (median of %d)\n", o.Name, o.What, len(o.Runs)); err != nil {
			return err
		}
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, name := range slices.SortedFunc(maps.Keys(o.Median), byKind) {
			_, _ = fmt.Fprintf(t, "  %s\t%.3g\t\n", name, o.Median[name])
		}
		for _, j := range o.Judged {
			_, _ = fmt.Fprintf(t, "  %s %s\t%.3g\t%s\n", map[bool]string{true: "holds:", false: "FAILS:"}[j.Held], j.Figure, j.Value, j.Wanted)
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// byKind puts plain figures before ratios.
func byKind(a, b string) int {
	if x, y := strings.Contains(a, "/"), strings.Contains(b, "/"); x != y {
		if x {
			return 1
		}
		return -1
	}
	return strings.Compare(a, b)
}

// shortfalls names every limit that was not held.
func shortfalls(all []outcome) error {
	var failed []error
	for _, o := range all {
		for _, j := range o.Judged {
			if !j.Held {
				failed = append(failed, fmt.Errorf("%s: %s is %.3g, wanted %s", o.Name, j.Figure, j.Value, j.Wanted))
			}
		}
	}
	return errors.Join(failed...)
}
