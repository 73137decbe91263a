package fairness

import (
	"strconv"

	"github.com/fairfloor/fairfloor/pkg/fairness/allocate"
	"github.com/fairfloor/fairfloor/pkg/fairness/estimate"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// Theorem is the least that everybody can be offered whatever happens within
// its bounds: if N(m+g+h_max) + D*h_max <= available, everybody speaks, is
// offered at least m, and the session ends on time (fairness.md, Guarantee).
type Theorem struct {
	// AvailableMS is T - opening - C - R.
	AvailableMS int64
	// Entries is N, Deferrals is D.
	Entries, Deferrals int64
	// Weights is the sum of the weights of all entries; zero means Entries.
	Weights int64
	// GraceMS is g, HandoverMostMS is h_max.
	GraceMS, HandoverMostMS int64
}

// MinimumMS is the greatest m for which the theorem holds, in ms per unit of
// weight; zero when there is none.
func (t Theorem) MinimumMS() int64 {
	weights := t.Weights
	if weights == 0 {
		weights = t.Entries
	}
	if weights <= 0 {
		return max(0, t.AvailableMS)
	}
	left := t.AvailableMS - t.Deferrals*t.HandoverMostMS - t.Entries*(t.GraceMS+t.HandoverMostMS)
	return max(0, left) / weights
}

// Holds says whether everybody can be offered m.
func (t Theorem) Holds(minimumMS int64) bool {
	weights := max(t.Weights, t.Entries)
	return weights*minimumMS+t.Entries*(t.GraceMS+t.HandoverMostMS)+t.Deferrals*t.HandoverMostMS <= t.AvailableMS
}

// Most is how many entries fit with a minimum, of weight one each.
func (t Theorem) Most(minimumMS int64) int64 {
	per := minimumMS + t.GraceMS + t.HandoverMostMS
	if per <= 0 {
		return 0
	}
	return max(0, t.AvailableMS-t.Deferrals*t.HandoverMostMS) / per
}

// Guarantee is the number that is published: the theorem's m for N+2 entries
// and four deferrals, rounded down to 5 s (decisions.md 19). In modes gavel
// and soft it is conditional: "if turns end at their limit".
func (t Theorem) Guarantee() int64 {
	weights := max(t.Weights, t.Entries)
	t.Entries += MarginEntries
	t.Weights = weights + MarginEntries
	t.Deferrals = MarginDeferrals
	m := t.MinimumMS()
	return m - m%StepMS
}

// guarantee is what could be promised to weight one now.
func (s *Situation) guarantee(f *frame) int64 {
	if f.n == 0 {
		return 0
	}
	return Theorem{
		AvailableMS: f.limit - f.reserve - max(f.base, s.LatestMS) - f.standby - f.access,
		Entries:     f.n, Weights: f.weight,
		GraceMS: s.GraceMS, HandoverMostMS: s.HandoverMostMS,
	}.Guarantee()
}

// Admits says whether a late applicant of weight one can join the tail of the
// list while every guarantee still holds by the theorem; otherwise offer
// standby (decisions.md 19).
func (s *Situation) Admits() bool {
	var lows, n int64
	for i := range s.Entries {
		if s.Entries[i].ChancePPM == 0 {
			continue
		}
		n++
		lows += s.bounds(&s.Entries[i]).low
	}
	n++
	lows += s.MinimumMS
	base := max(s.NowMS, s.EarliestMS, s.LatestMS, s.RunningEndMS)
	deferrals := max(0, MarginDeferrals-int64(s.Deferrals))
	need := lows + n*(s.GraceMS+s.HandoverMostMS) + deferrals*s.HandoverMostMS
	return need <= s.HardEndMS-s.ClosingMS-s.reserve(n)-base
}

// Turn is the running turn, for ExpectedEnd. Instants in Unix ms.
type Turn struct {
	// GivenMS and BegunMS are when it was called and the first word was said;
	// BegunMS is zero before that.
	GivenMS, BegunMS int64
	// AllottedMS is the allotment with what was added and any access allowance.
	AllottedMS int64
	// PausedMS is how long its clock has stood still; PausedAtMS is since when
	// it stands still now, zero when it runs.
	PausedMS, PausedAtMS int64
}

// ExpectedEnd is when the running turn is expected to end, as turns have been
// so far in this session; never before now. A turn that already passed its
// expected length is reckoned to end at its next likely moment: now.
func (s *Situation) ExpectedEnd(t Turn) int64 {
	begun := t.BegunMS
	if begun == 0 {
		begun = max(t.GivenMS+s.Handover.MS(s.HandoverMostMS), s.NowMS)
	}
	paused := t.PausedMS
	if t.PausedAtMS > 0 {
		paused += max(0, s.NowMS-t.PausedAtMS)
	}
	length := t.AllottedMS * s.Use.Clipped(s.mostUse()) / estimate.Whole
	return max(s.NowMS, begun+paused+length)
}

// check refuses a situation without meaning, naming the field.
func (s *Situation) check() error {
	if len(s.Entries) > MostEntries {
		return problem.Field("entries", "%d entries are more than the %d that are understood", len(s.Entries), MostEntries)
	}
	if s.HardEndMS <= s.StartMS {
		return problem.Field("hard_end_ms", "the end is not after the start").Try("give an end after the start")
	}
	if s.HardEndMS-s.StartMS > allocate.MostMS {
		return problem.Field("hard_end_ms", "the session is longer than 24 hours").Try("divide it into sessions")
	}
	if s.StartMS < 0 || s.NowMS < 0 || s.NowMS-s.HardEndMS > allocate.MostMS || s.StartMS-s.NowMS > 10*366*allocate.MostMS {
		return problem.Field("now_ms", "the instant is out of range")
	}
	for _, d := range [...]struct {
		field string
		ms    int64
	}{
		{"closing_ms", s.ClosingMS},
		{"minimum_ms", s.MinimumMS},
		{"fixed_ms", s.FixedMS},
		{"uniform_ms", s.UniformMS},
		{"grace_ms", s.GraceMS},
		{"handover_most_ms", s.HandoverMostMS},
		{"handover_sigma_ms", s.HandoverSigmaMS},
		{"reserve.initial_ms", s.Reserve.InitialMS},
		{"reserve.kept_ms", s.Reserve.KeptMS},
		{"reserve.spent_ms", s.Reserve.SpentMS},
	} {
		if d.ms < 0 || d.ms > allocate.MostMS {
			return problem.Field(d.field, "%d ms is not between 0 and 24 hours", d.ms).Try("give a duration between 0 and 24 hours")
		}
	}
	switch {
	case s.EarliestMS < 0 || s.EarliestMS > s.HardEndMS+allocate.MostMS:
		return problem.Field("earliest_ms", "the instant is out of range")
	case s.LatestMS < 0 || s.LatestMS > s.HardEndMS+allocate.MostMS:
		return problem.Field("latest_ms", "the instant is out of range")
	case s.RunningEndMS < 0 || s.RunningEndMS > s.HardEndMS+allocate.MostMS:
		return problem.Field("running_end_ms", "the instant is out of range")
	case s.Mode != "" && s.Mode != Uniform && s.Mode != Individual && s.Mode != Fixed:
		return problem.Field("mode", "%q is not uniform, individual or fixed", s.Mode)
	case s.AtLimit != "" && s.AtLimit != Gavel && s.AtLimit != Soft && s.AtLimit != Hard:
		return problem.Field("at_limit", "%q is not gavel, soft or hard", s.AtLimit)
	case s.Mode == Fixed && s.FixedMS == 0:
		return problem.Field("fixed_ms", "a fixed limit needs its seconds")
	case s.GrowthPPM != 0 && (s.GrowthPPM < estimate.Whole || s.GrowthPPM > 100*estimate.Whole):
		return problem.Field("growth_ppm", "%d is not between 1 and 100, in parts per million", s.GrowthPPM)
	case s.Standby < 0 || s.Standby > MostEntries:
		return problem.Field("standby", "%d is not between 0 and %d", s.Standby, MostEntries)
	case s.Deferrals < 0:
		return problem.Field("deferrals", "%d is negative", s.Deferrals)
	case s.Use.Turns < 0 || s.Use.SumPPM < 0 || s.Handover.Count < 0 || s.Handover.SumMS < 0 || s.Pause.SumMS < 0:
		return problem.Field("use", "counts and sums are not negative")
	case s.Reserve.Entries < 0:
		return problem.Field("reserve.entries", "%d is negative", s.Reserve.Entries)
	}
	for i := range s.Entries {
		if err := s.checkEntry(i); err != nil {
			return err
		}
	}
	return nil
}

// checkEntry refuses one entry.
func (s *Situation) checkEntry(i int) error {
	e := &s.Entries[i]
	fault := func(name string, detail problem.Text, value int64) error {
		return problem.Field(path(i, name), detail, value)
	}
	const durations = "%d ms is not between 0 and 24 hours"
	switch {
	case e.Weight < 1 || e.Weight > MostWeight:
		return fault("weight", "%d is not between 1 and 4", int64(e.Weight))
	case e.RequestMS < 0 || e.RequestMS > allocate.MostMS:
		return fault("request_ms", durations, e.RequestMS)
	case e.GuaranteeMS < 0 || e.GuaranteeMS > allocate.MostMS:
		return fault("guarantee_ms", durations, e.GuaranteeMS)
	case e.AnnouncedMS < 0 || e.AnnouncedMS > allocate.MostMS:
		return fault("announced_ms", durations, e.AnnouncedMS)
	case e.FrozenMS < 0 || e.FrozenMS > allocate.MostMS:
		return fault("frozen_ms", durations, e.FrozenMS)
	case e.ToldMS < 0 || e.ToldMS > allocate.MostMS:
		return fault("told_ms", durations, e.ToldMS)
	case e.ChancePPM < 0 || e.ChancePPM > estimate.Whole:
		return fault("chance_ppm", "%d is not between 0 and 1,000,000", e.ChancePPM)
	case e.Access.AddMS < 0 || e.Access.AddMS > allocate.MostMS:
		return fault("access.add_ms", durations, e.Access.AddMS)
	case e.Access.FactorPPM != 0 && (e.Access.FactorPPM < estimate.Whole || e.Access.FactorPPM > 4*estimate.Whole):
		return fault("access.factor_ppm", "%d is not between 1 and 4, in parts per million", e.Access.FactorPPM)
	case e.Access.FactorPPM != 0 && e.Access.AddMS != 0:
		return fault("access", "seconds and a factor of %d cannot both be set", e.Access.FactorPPM)
	case len(s.GroupCapsMS) > 0 && (e.Group < -1 || e.Group >= len(s.GroupCapsMS)):
		return fault("group", "%d is not a group with a cap", int64(e.Group))
	}
	return nil
}

// path is the path of an entry's field.
func path(i int, name string) string { return "entries[" + strconv.Itoa(i) + "]." + name }
