// Package fairness computes, at every handover, who will be given how many
// seconds, what each can rely on, and when each will speak.
//
// It guarantees: it is pure (no clock, no randomness, no I/O) and integer, so
// the same situation gives the same bytes on every processor; the running
// turn is never reduced; no guarantee shrinks; nobody who is expected is
// dropped silently (a situation that does not fit says how many are not
// reached); allotments are whole seconds, and what they are expected to use
// never passes what there is unless the minimums alone do; and an Engine that
// has seen a list of the same length allocates no memory.
//
// The one entry point of timing, gateway, planner, simulator and verifier is
// [Compute] (or [Engine.Compute]); situation.go describes what goes in and
// what comes out. The rules are fairness.md and decisions.md 13 to 27. The
// sub-packages hold the parts that stand on their own: allocate, estimate,
// eta, order, apportion, lot, credit, measures, plan, simulate.
package fairness

import (
	"github.com/fairfloor/fairfloor/pkg/fairness/allocate"
	"github.com/fairfloor/fairfloor/pkg/fairness/estimate"
	"github.com/fairfloor/fairfloor/pkg/fairness/eta"
)

// bounds are one entry's limits in a computation.
type bounds struct {
	min, low, high int64 // m_i, the least after promises, the most
	present        bool  // counts: its chance is not zero
}

// Compute is Engine.Compute with memory of its own.
func Compute(s Situation) (Plan, error) {
	var e Engine
	var p Plan
	err := e.Compute(&s, &p)
	return p, err
}

// Compute fills p from s, keeping p's memory. It refuses a situation that has
// no meaning with a problem.Error that names the field.
func (e *Engine) Compute(s *Situation, p *Plan) error {
	if err := s.check(); err != nil {
		return err
	}
	e.prepare(s, p)
	b := e.budget(s, p)
	if err := e.fill(s, p, &b); err != nil {
		return err
	}
	e.offer(s, p, &b)
	e.next(s, p, &b)
	e.reach(s, p, &b)
	e.forecast(s, p, &b)
	bar(s, p, &b)
	return nil
}

// frame is what the steps of one computation share. Durations in ms.
type frame struct {
	base     int64 // when the next handover begins
	limit    int64 // T_end - C
	n        int64 // entries that count
	weight   int64 // sum of their weights
	lows     int64 // sum of their least shares
	mins     int64 // sum of their minimums
	h, u     int64 // mean handover, use ratio in ppm
	silence  int64 // mean cost per turn of calls without an answer
	pause    int64 // mean interruption per turn
	beyond   int64 // interruptions to expect beyond the reserve
	margin   int64 // kept from the level and the next speaker, not from promises
	spread   int64 // 3*sqrt(n)*sigma_h
	reserve  int64 // R(n)
	standby  int64 // kept for standby
	access   int64 // access allowances beyond what the reserve holds
	strict   int64 // handovers that strict mode sets aside for deferrals
	shortage bool  // the least shares do not fit beside the margin
	alarm    bool  // nor without it
}

// prepare sets sizes and each entry's bounds.
func (e *Engine) prepare(s *Situation, p *Plan) {
	n := len(s.Entries)
	if cap(e.claims) < n {
		e.claims = make([]allocate.Claim, n, n+n/4)
		e.shares = make([]int64, n, n+n/4)
		e.bounds = make([]bounds, n, n+n/4)
	}
	e.claims, e.shares, e.bounds = e.claims[:n], e.shares[:n], e.bounds[:n]
	offers := p.Offers
	if offers == nil || cap(offers) < n {
		offers = make([]Offer, n, n+n/4)
	}
	*p = Plan{Rule: RuleVersion, Offers: offers[:n]}
	for i := range s.Entries {
		e.bounds[i] = s.bounds(&s.Entries[i])
	}
}

// bounds are the least and the most that an entry can be given.
func (s *Situation) bounds(entry *Entry) bounds {
	weight := int64(entry.Weight)
	request := entry.RequestMS
	if request == 0 {
		request = allocate.MostMS
	}
	// m_i = min(m, r_i); of a joint statement the sum of the members'.
	least := min(weight*s.MinimumMS, request)
	low := max(least, min(entry.GuaranteeMS, request))
	high := request
	if s.GrowthPPM > 0 && entry.AnnouncedMS > 0 {
		high = min(high, entry.AnnouncedMS*s.GrowthPPM/estimate.Whole)
	}
	return bounds{min: least, low: low, high: max(high, low), present: entry.ChancePPM > 0}
}

// budget finds what there is to share.
func (e *Engine) budget(s *Situation, p *Plan) frame {
	f := frame{limit: s.HardEndMS - s.ClosingMS}
	f.base = max(s.NowMS, s.EarliestMS, s.RunningEndMS)
	var access, missing int64
	for i := range s.Entries {
		if !e.bounds[i].present {
			continue
		}
		f.n++
		f.weight += int64(s.Entries[i].Weight)
		missing += estimate.Whole - s.Entries[i].ChancePPM
		f.lows += e.bounds[i].low
		f.mins += e.bounds[i].min
		access += s.Entries[i].Access.extra(e.bounds[i].low)
	}
	f.h = s.Handover.MS(s.HandoverMostMS)
	f.u = s.Use.Clipped(s.mostUse())
	f.reserve = s.reserve(f.n)
	each := s.MinimumMS + s.GraceMS + f.h
	// Half of those who are not there come back, as their chance says; the cap
	// below keeps a minimum for all who are on standby.
	var back int64
	if s.HardEndMS-s.NowMS > StandbyUntilMS {
		f.standby = int64(s.Standby) * each
		back = (f.standby + missing*each/estimate.Whole) * ChanceReportedAbsent / estimate.Whole
	}
	f.access = max(0, access-f.reserve)
	if s.Strict {
		f.strict = max(0, MarginDeferrals-int64(s.Deferrals)) * s.HandoverMostMS
	}
	p.UsePPM, p.HandoverMS, p.ReserveMS = f.u, f.h, f.reserve
	f.silence = estimate.Silence{Turns: s.Use.Turns, Calls: int64(s.Deferrals)}.MS(s.HandoverMostMS)
	// Interruptions to expect beyond what the reserve still holds for them.
	f.pause = s.Pause.MS(s.Reserve.InitialMS, int64(s.Reserve.Entries), s.Use.Turns)
	f.beyond = max(0, f.n*f.pause-(f.reserve-s.Reserve.KeptMS))
	// Of what the cap sets aside for the spread of what is to come, the level
	// sets aside half: otherwise every bad surprise falls on the last ones
	// (measured: without it the last ten are offered 4 % less than the first).
	f.spread = estimate.Sqrt(9 * f.n * s.HandoverSigmaMS * s.HandoverSigmaMS)
	f.margin = s.margin(&f)
	p.CapacityMS = f.limit - f.reserve - f.base - f.n*(f.h+f.silence) - f.spread/2 - f.beyond - f.margin - back - f.access
	return f
}

// mostUse is the clip of the use ratio. Where the floor ends after the grace
// nobody uses more than allotment and grace; where it does not, turns do
// overrun, and reckoning that they do not would starve the end of the list.
func (s *Situation) mostUse() int64 {
	if s.AtLimit == Hard {
		return estimate.MostUsePPM(s.GraceMS, max(s.MinimumMS, 1_000))
	}
	return estimate.UseMostPPM
}

// reserve is R = Rmin + max(0, R0*n/N - spent), all of it while the list is
// open.
func (s *Situation) reserve(n int64) int64 {
	initial := s.Reserve.InitialMS
	if all := int64(s.Reserve.Entries); all > 0 && s.ListClosed {
		initial = initial * min(n, all) / all
	}
	return s.Reserve.KeptMS + max(0, initial-s.Reserve.SpentMS)
}

// extra is what an access allowance adds to an allotment.
func (a Access) extra(allotmentMS int64) int64 {
	if a.FactorPPM > 0 {
		return allotmentMS * (a.FactorPPM - estimate.Whole) / estimate.Whole
	}
	return a.AddMS
}

// fill finds the level and each entry's share of the capacity.
func (e *Engine) fill(s *Situation, p *Plan, f *frame) error {
	for i := range s.Entries {
		entry, b := &s.Entries[i], e.bounds[i]
		c := allocate.Claim{
			Weight: int64(entry.Weight) * allocate.Whole, MinMS: b.low, MaxMS: b.high,
			Chance: entry.ChancePPM, Group: allocate.NoGroup,
		}
		if len(s.GroupCapsMS) > 0 && entry.Group >= 0 {
			c.Group = int32(entry.Group)
		}
		// What was announced at place 3 is set aside as it is.
		if s.Mode == Individual && entry.FrozenMS > 0 {
			c.MinMS = max(min(entry.FrozenMS, b.high), b.low)
			c.MaxMS = c.MinMS
		}
		e.claims[i] = c
	}
	caps := e.groupCaps(s)
	capacity := max(0, p.CapacityMS) * estimate.Whole / f.u
	level, err := e.filler.FillDown(min(capacity, allocate.MostCapacityMS), e.claims, caps, e.shares)
	if _, short := err.(*allocate.Infeasible); short { //nolint:errorlint // FillDown gives it bare, and errors.As allocates in the hot path
		// Frozen allotments are the first to give way, down to the guarantee.
		for i := range e.claims {
			e.claims[i].MinMS = e.bounds[i].low
		}
		level, err = e.filler.FillDown(min(capacity, allocate.MostCapacityMS), e.claims, caps, e.shares)
	}
	if _, short := err.(*allocate.Infeasible); short { //nolint:errorlint // FillDown gives it bare, and errors.As allocates in the hot path
		f.shortage = true
		var needed int64
		for i := range e.shares {
			e.shares[i] = e.bounds[i].low
			needed += expected(e.bounds[i].low, s.Entries[i].ChancePPM, f.u)
		}
		// The margin is the first to give way, without an alarm.
		f.alarm = needed > p.CapacityMS+f.margin
		return nil
	}
	if err != nil {
		return err
	}
	p.LevelMS, p.Full = level.MS(), level.Full
	return nil
}

// groupCaps are the caps, each at least what its members have been promised.
func (e *Engine) groupCaps(s *Situation) []int64 {
	if len(s.GroupCapsMS) == 0 {
		return nil
	}
	if cap(e.caps) < len(s.GroupCapsMS) {
		e.caps = make([]int64, len(s.GroupCapsMS))
	}
	e.caps = e.caps[:len(s.GroupCapsMS)]
	clear(e.caps)
	for i := range e.claims {
		if c := &e.claims[i]; c.Group != allocate.NoGroup {
			// Rounded up, so that the promises fit to the millisecond.
			e.caps[c.Group] += (c.Chance*c.MinMS + allocate.Whole - 1) / allocate.Whole
		}
	}
	for g, most := range s.GroupCapsMS {
		if most < 0 {
			e.caps[g] = -1
			continue
		}
		e.caps[g] = min(max(e.caps[g], most), allocate.MostCapacityMS)
	}
	return e.caps
}

// offer turns shares into whole seconds by the rule of the mode.
func (e *Engine) offer(s *Situation, p *Plan, f *frame) {
	p.GuaranteeMS = s.guarantee(f)
	uniform := s.Mode != Individual && s.Mode != Fixed && s.UniformMS > 0
	for i := range s.Entries {
		entry, b := &s.Entries[i], e.bounds[i]
		share := e.shares[i]
		switch {
		case s.Mode == Fixed:
			share = min(int64(entry.Weight)*s.FixedMS, max(b.high, b.low))
			if entry.RequestMS > 0 {
				share = min(share, entry.RequestMS)
			}
		case uniform:
			share = max(b.low, min(int64(entry.Weight)*s.UniformMS, b.high))
			if g := e.claims[i].Group; g != allocate.NoGroup && s.GroupCapsMS[g] >= 0 {
				// A group with a budget has no more than its fill.
				share = min(share, max(b.low, e.shares[i]))
			}
		}
		o := &p.Offers[i]
		*o = Offer{ID: entry.ID, Place: i + 1, GuaranteeMS: entry.GuaranteeMS}
		o.AllotmentMS = max(wholeSeconds(share), min(share, b.low))
		o.Cut = s.Mode == Individual && entry.FrozenMS > o.AllotmentMS
		if s.RaiseGuarantees && s.ListClosed && s.Mode != Fixed {
			o.GuaranteeMS = max(o.GuaranteeMS, wholeSeconds(min(int64(entry.Weight)*p.GuaranteeMS, b.high)))
			o.AllotmentMS = max(o.AllotmentMS, o.GuaranteeMS)
		}
	}
	if uniform && !f.shortage && !p.Full {
		if to := wholeSeconds(p.LevelMS); to >= s.UniformMS+StepMS {
			p.RaiseToMS = to
		}
	}
}

// wholeSeconds rounds down.
func wholeSeconds(ms int64) int64 { return ms - ms%1_000 }

// next caps the allotment of the next speaker, so that whatever happens
// within the bounds nobody behind falls below their guarantee. Where the cap
// is below the speaker's own guarantee the guarantee wins, with an alarm
// (decisions.md 21).
func (e *Engine) next(s *Situation, p *Plan, f *frame) {
	at := -1
	for i := range e.bounds {
		if e.bounds[i].present {
			at = i
			break
		}
	}
	if at < 0 {
		return
	}
	others := f.n - 1
	need := e.needs(s, f) - e.need(s, f, at)
	handovers := others * s.HandoverMostMS
	firstWord := f.base + s.HandoverMostMS
	if !s.Strict {
		firstWord = f.base + f.h
		handovers = min(handovers, others*f.h+f.spread)
	}
	p.CapMS = f.limit - f.reserve - f.beyond - f.standby - f.access - f.strict - firstWord -
		need - handovers - s.GraceMS
	if !s.Strict && others > 0 {
		p.CapMS -= s.HandoverMostMS // one call without an answer
	}
	o := &p.Offers[at]
	floor := max(e.bounds[at].low, o.GuaranteeMS)
	// A margin that is not whole is no alarm: promises do not count on it.
	p.GuaranteeAtRisk = f.alarm || s.Mode != Fixed && p.CapMS < floor
	p.CapMS -= f.margin
	if s.Mode == Fixed || p.CapMS >= o.AllotmentMS {
		return
	}
	capped := max(wholeSeconds(max(p.CapMS, 0)), floor)
	if capped < o.AllotmentMS {
		// Only a number that stood is lowered; an expected one just adapts.
		o.Cut = s.Entries[at].FrozenMS > capped || s.Mode != Individual && s.UniformMS > 0
		o.AllotmentMS = capped
	}
}

// needs sums what those expected need when they are given the least.
func (e *Engine) needs(s *Situation, f *frame) int64 {
	var sum int64
	for i := range e.bounds {
		if e.bounds[i].present {
			sum += e.need(s, f, i)
		}
	}
	return sum
}

// need is what one entry uses when it is given the least: that and the grace
// where turns end there. Under a gavel a text that was written for more is
// shortened by half of the difference (measured in the simulator).
func (e *Engine) need(s *Situation, f *frame, i int) int64 {
	low := e.bounds[i].low
	need := low + s.GraceMS
	if s.AtLimit != Hard {
		need = max(need, low*f.u/estimate.Whole)
	}
	if s.AtLimit != Hard && s.Mode != Individual && s.UniformMS > 0 {
		told := min(int64(s.Entries[i].Weight)*s.UniformMS, e.bounds[i].high)
		need = max(need, low+(told*f.u/estimate.Whole-low)/2)
	}
	return need
}

// reach says who is reached when everybody is given the least that they can
// be given.
func (e *Engine) reach(s *Situation, p *Plan, f *frame) {
	least := f.lows
	if s.Mode == Fixed {
		least = 0
		for i := range p.Offers {
			if e.bounds[i].present {
				least += p.Offers[i].AllotmentMS
			}
		}
	}
	room := f.limit - f.reserve - f.base - f.standby - f.access
	late := max(0, s.LatestMS-f.base) // promises count from the longest opening
	p.Guaranteed = least+f.n*(s.GraceMS+s.HandoverMostMS) <= room-late
	var spent int64
	for i := range s.Entries {
		o := &p.Offers[i]
		if !e.bounds[i].present {
			continue
		}
		share := e.bounds[i].low
		if s.Mode == Fixed {
			share = o.AllotmentMS
		}
		// A promise needs the worst case no more than a plan does: what counts
		// here is what is expected.
		spent += f.h + expected(share, s.Entries[i].ChancePPM, f.u)
		o.Reached = spent <= room
		if !o.Reached {
			p.NotReached++
		}
	}
	p.Fits = p.NotReached == 0
}

// expected is chance times use ratio times a share.
func expected(shareMS, chancePPM, usePPM int64) int64 {
	return shareMS * usePPM / estimate.Whole * chancePPM / estimate.Whole
}

// forecast rolls the allotments out in the mean, and makes ranges of it.
func (e *Engine) forecast(s *Situation, p *Plan, f *frame) {
	calibration := s.Calibration
	if calibration == nil {
		calibration = eta.Shipped(s.AtLimit == Hard)
	}
	at, lead := f.base, 0
	for i := range s.Entries {
		entry, o := &s.Entries[i], &p.Offers[i]
		o.AccessMS = entry.Access.extra(o.AllotmentMS)
		o.Freeze = s.ListClosed && i < FrozenPlaces && entry.FrozenMS == 0
		o.Announce = s.ListClosed && (entry.ToldMS == 0 || abs(o.AllotmentMS-entry.ToldMS) >= StepMS)
		if !e.bounds[i].present {
			continue
		}
		lead++
		if lead > 5 {
			at += f.silence
		}
		o.HasETA = o.Reached
		if o.HasETA {
			o.Start = calibration.Range(f.base, at+f.h, lead)
		}
		at += f.h + expected(o.AllotmentMS+o.AccessMS, entry.ChancePPM, f.u)
		// Somebody who is not there costs the longest wait before the next.
		at += s.HandoverMostMS * (estimate.Whole - entry.ChancePPM) / estimate.Whole
	}
	p.EndMS = at
}

// abs is the size of a difference.
func abs(v int64) int64 { return max(v, -v) }

// bar divides the session into the parts of the budget bar.
func bar(s *Situation, p *Plan, f *frame) {
	now := max(s.StartMS, min(s.NowMS, s.HardEndMS))
	base := max(now, f.base)
	b := &p.Budget
	b.ElapsedMS = now - s.StartMS
	b.RunningMS = base - now
	b.ReservedMS = s.ClosingMS + f.reserve + f.standby + f.access
	b.PromisedMS = f.lows + f.n*f.h
	free := s.HardEndMS - base - b.ReservedMS - b.PromisedMS
	b.FreeMS, b.ShortMS = max(0, free), max(0, -free)
}
