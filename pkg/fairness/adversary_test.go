package fairness_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/fairness"
)

// adversary decides, within the theorem's bounds, what each turn does: how
// long the handover takes (at most h_max), how much is used (at most allotment
// and grace), whether the one called stays silent (D = 4 times), and how long
// an interruption lasts. Those from any moment on take together at most what
// the reserve held at that moment: it is released as people speak.
type adversary struct {
	name      string
	handover  func(turn, left int) int64
	used      func(turn, left int, offeredMS int64) int64
	silent    func(turn, left int) bool
	interrupt func(turn, left int) int64
}

// adversaries each go for one weakness, when so many entries are left. Most
// are worst at the end, when nothing is left to give; some lull the estimators
// before.
func adversaries(turning int) []adversary {
	const worst, quick, grace = fairness.DefaultHandoverMostMS, int64(0), fairness.DefaultGraceMS
	never := func(int, int) bool { return false }
	nothing := func(int, int) int64 { return 0 }
	always := func(int, int) int64 { return worst }
	full := func(_, _ int, offered int64) int64 { return offered + grace }
	return []adversary{
		{"always the worst", always, full, func(turn, _ int) bool { return turn < 4 }, func(int, int) int64 { return 105_000 }},
		{"the worst at the end", always, full, func(_, left int) bool { return left <= 5 }, func(_, left int) int64 {
			if left > 3 {
				return 0
			}
			return 105_000
		}},
		{
			"lulls the estimators, then turns", func(_, left int) int64 {
				if left > turning {
					return quick
				}
				return worst
			}, func(_, left int, offered int64) int64 {
				if left > turning {
					return offered / 2
				}
				return offered + grace
			}, func(_, left int) bool { return left <= turning }, func(_, left int) int64 {
				if left > min(4, turning) {
					return 0
				}
				return 105_000
			},
		},
		{"says nothing, so that all grow, then turns", always, func(_, left int, offered int64) int64 {
			if left > turning {
				return 0
			}
			return offered + grace
		}, func(_, left int) bool { return left == 2 }, nothing},
		{"small interruptions all the time", always, full, never, func(int, int) int64 { return 3_000 }},
		{"the reserve on the last turn but one", always, full, never, func(_, left int) int64 {
			if left != 1 {
				return 0
			}
			return 105_000
		}},
	}
}

// TestTheTheoremsGuaranteeHoldsUnderEveryAdversary within its bounds: in
// strict mode, where the floor ends after the grace, nobody is offered less
// than was promised when the list closed, nobody is left, and the closing
// begins on time; with individual allotments and with one number that the
// chair raises whenever it is proposed; for the number that is published, with
// the late applicants that were admitted, and for the bare theorem, which has
// no second to spare.
func TestTheTheoremsGuaranteeHoldsUnderEveryAdversary(t *testing.T) {
	for i, a := range adversaries(0) {
		for _, mode := range []fairness.Mode{fairness.Individual, fairness.Uniform} {
			t.Run(a.name+", "+string(mode), func(t *testing.T) {
				rapid.Check(t, func(t *rapid.T) {
					against(t, adversaries(rapid.IntRange(1, 12).Draw(t, "turning"))[i], mode)
				})
			})
		}
	}
}

// against plays one session.
func against(t *rapid.T, a adversary, mode fairness.Mode) {
	const start = int64(1_700_000_000_000)
	n := rapid.OneOf(rapid.IntRange(1, 60), rapid.IntRange(1, 8)).Draw(t, "n")
	s := fairness.NewSituation(start, start, start+rapid.Int64Range(8, 150).Draw(t, "minutes")*60_000)
	s.Mode, s.AtLimit, s.Strict, s.MinimumMS = mode, fairness.Hard, true, 0
	s.EarliestMS, s.LatestMS = start+195_000, start+240_000
	s.ListClosed, s.RaiseGuarantees, s.Reserve.Entries = true, true, n
	if rapid.Bool().Draw(t, "without a reserve") {
		s.Reserve.InitialMS, s.Reserve.KeptMS = 0, 0
	}
	entry := func(id string) fairness.Entry {
		return fairness.Entry{ID: id, Weight: 1, RequestMS: 600_000, ChancePPM: fairness.ChancePresent}
	}
	for i := range n {
		s.Entries = append(s.Entries, entry(fmt.Sprint(i)))
	}
	p, err := fairness.Compute(s)
	if err != nil {
		t.Fatal(err)
	}
	promised, late := p.GuaranteeMS, rapid.IntRange(0, 2).Draw(t, "late")
	if rapid.Bool().Draw(t, "bare") {
		bare := fairness.Theorem{
			AvailableMS: s.HardEndMS - s.ClosingMS - s.LatestMS - s.Reserve.InitialMS - s.Reserve.KeptMS,
			Entries:     int64(n), Deferrals: fairness.MarginDeferrals, GraceMS: s.GraceMS, HandoverMostMS: s.HandoverMostMS,
		}
		promised, late = bare.MinimumMS()/1000*1000, 0
	}
	if promised = min(promised, 600_000); promised == 0 {
		return // nothing was promised, so nothing can be broken
	}
	s.RaiseGuarantees = false
	if rapid.Bool().Draw(t, "minimum") {
		s.MinimumMS = promised
	}
	for i := range s.Entries {
		s.Entries[i].GuaranteeMS, s.Entries[i].AnnouncedMS = promised, max(promised, p.Offers[i].AllotmentMS)
	}
	if mode == fairness.Uniform {
		s.UniformMS = promised
	}
	s.NowMS = start + 240_000
	deferrals, held := fairness.MarginDeferrals, s.Reserve.InitialMS+s.Reserve.KeptMS
	for turn := 0; len(s.Entries) > 0; turn++ {
		if late > 0 && turn >= n/2 && s.Admits() {
			late--
			s.Entries = append(s.Entries, entry("late"))
			s.Entries[len(s.Entries)-1].GuaranteeMS = s.MinimumMS // what it was admitted with
		}
		left := len(s.Entries)
		if deferrals > 0 && left > 1 && a.silent(turn, left) {
			deferrals--
			s.Deferrals++
			s.NowMS += s.HandoverMostMS
			s.Entries = append(s.Entries[1:], s.Entries[0])
			continue
		}
		if p, err = fairness.Compute(s); err != nil {
			t.Fatal(err)
		}
		if mode == fairness.Uniform && p.RaiseToMS > 0 {
			s.UniformMS = p.RaiseToMS
			if p, err = fairness.Compute(s); err != nil {
				t.Fatal(err)
			}
		}
		offered, own := p.Offers[0].AllotmentMS, s.Entries[0].GuaranteeMS
		if offered < own || p.Offers[0].GuaranteeMS < own {
			t.Fatalf("turn %d of %d was offered %d and guaranteed %d, promised %d", turn, n, offered, p.Offers[0].GuaranteeMS, own)
		}
		handover, used := a.handover(turn, left), a.used(turn, left, offered)
		s.NowMS += handover + used
		s.Use, s.Handover = s.Use.Add(used, offered), s.Handover.Add(handover)
		held = min(held, p.ReserveMS)
		if stop := min(held, a.interrupt(turn, left)); stop > 0 {
			held -= stop
			s.NowMS += stop
			s.Reserve.SpentMS += stop
			s.Pause = s.Pause.Add(stop)
		}
		s.Entries = s.Entries[1:]
	}
	if limit := s.HardEndMS - s.ClosingMS; s.NowMS > limit {
		t.Fatalf("%d entries: the last one ended %d ms after the closing should begin", n, s.NowMS-limit)
	}
}
