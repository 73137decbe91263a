package fairness_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/fairness"
)

// TestUnusedTimeFlowsOnByTheRule of the session's parts.
func TestUnusedTimeFlowsOnByTheRule(t *testing.T) {
	const minute = int64(60_000)
	const start = 1_000 * minute
	plan := func() []fairness.Part {
		return []fairness.Part{{PlannedMS: 10 * minute}, {PlannedMS: 40 * minute}, {PlannedMS: 20 * minute}, {PlannedMS: 20 * minute}}
	}
	for _, c := range []struct {
		name  string
		flow  fairness.Flow
		after int64 // minutes at which the first part ended; 0 has not begun
		want  string
	}{
		{"as planned", fairness.FlowNext, 0, "[0-10 10-50 50-70 70-90]"},
		{"to the next", fairness.FlowNext, 4, "[0-4 4-50 50-70 70-90]"},
		{"shared", fairness.FlowShared, 2, "[0-2 2-46 46-68 68-90]"},
		{"to the last", fairness.FlowLast, 4, "[0-4 4-44 44-64 64-90]"},
		{"the next pays for a longer one", fairness.FlowNext, 15, "[0-15 15-50 50-70 70-90]"},
		{"all pay for a longer one", fairness.FlowShared, 18, "[0-18 18-54 54-72 72-90]"},
		{"the last pays for a longer one", fairness.FlowLast, 15, "[0-15 15-55 55-75 75-90]"},
		{"hardly anything is left", fairness.FlowNext, 80, "[0-80 80-80 80-90 90-90]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			parts := plan()
			now := start
			if c.after > 0 {
				now = start + c.after*minute
				parts[0].StartedMS, parts[0].EndedMS = start, now
			}
			windows, err := fairness.Windows(parts, now, start+90*minute, c.flow)
			if err != nil {
				t.Fatal(err)
			}
			got := make([]string, len(windows))
			for i, w := range windows {
				got[i] = fmt.Sprintf("%d-%d", (w.StartMS-start)/minute, (w.EndMS-start)/minute)
			}
			if fmt.Sprint(got) != c.want {
				t.Errorf("windows %v, want %s", got, c.want)
			}
		})
	}
}

// TestWindowsFollowEachOther to the hard end, whatever happened.
func TestWindowsFollowEachOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const start = int64(1_700_000_000_000)
		n := rapid.IntRange(1, 6).Draw(t, "n")
		ended := rapid.IntRange(0, n-1).Draw(t, "ended")
		at := start
		parts := make([]fairness.Part, n)
		for i := range parts {
			parts[i].PlannedMS = rapid.Int64Range(0, 3_600_000).Draw(t, "planned")
			if i < ended {
				parts[i].StartedMS = at
				at += rapid.Int64Range(1, 3_600_000).Draw(t, "took")
				parts[i].EndedMS = at
			}
		}
		end := start + rapid.Int64Range(0, 6*3_600_000).Draw(t, "length")
		flow := rapid.SampledFrom([]fairness.Flow{"", fairness.FlowNext, fairness.FlowShared, fairness.FlowLast}).Draw(t, "flow")
		windows, err := fairness.Windows(parts, at, end, flow)
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range windows {
			if w.EndMS < w.StartMS || i > 0 && w.StartMS != windows[i-1].EndMS {
				t.Fatalf("windows %v", windows)
			}
		}
		if last := windows[n-1].EndMS; last != max(end, at) {
			t.Fatalf("the last one ends at %d, want %d", last, max(end, at))
		}
	})
	if _, err := fairness.Windows([]fairness.Part{{PlannedMS: -1}}, 0, 10, ""); err == nil {
		t.Error("a negative length was accepted")
	}
	if _, err := fairness.Windows(nil, 0, 10, "sideways"); err == nil {
		t.Error("another rule was accepted")
	}
	if w, err := fairness.Windows([]fairness.Part{{StartedMS: 1, EndedMS: 5}}, 7, 10, ""); err != nil || w[0].EndMS != 5 {
		t.Errorf("all parts over: %v, %v", w, err)
	}
}
