package session

import (
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/fairness"
	"github.com/fairfloor/fairfloor/pkg/fairness/estimate"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// situation says to the fairness engine how a part stands at an instant, with
// the given entries waiting in this order.
func (s *State) situation(w Window, part ids.Part, at clock.Instant, waiting []ids.Entry) fairness.Situation {
	m := &s.Registry.Modalities
	start := s.Start()
	if s.lists() > 1 {
		// With several lists the bar is the part's own.
		start = w.From
	}
	// A session that nobody adjourned is computed as at a day after its end.
	now := max(0, min(int64(at), int64(s.HardEnd())+dayMS))
	list := s.Queue.List(part)
	f := fairness.Situation{
		StartMS: int64(start), NowMS: now, HardEndMS: int64(w.End), ClosingMS: w.End.Sub(w.Until),
		EarliestMS: s.earliest(w, part, now), ListClosed: list.State == events.ListClosed,
		Mode: fairness.Individual, AtLimit: s.atLimit(waiting), Strict: m.Strict,
		MinimumMS: s.Minimum(), GrowthPPM: fairness.DefaultGrowthPPM,
		GraceMS: m.GraceMS, HandoverMostMS: m.MaxHandoverMS, HandoverSigmaMS: fairness.DefaultHandoverSigmaMS,
		Reserve: s.reserve(w, part, clock.Instant(now)), Calibration: s.Timing.Calibration,
	}
	if f.EarliestMS > now {
		// A promise counts from the longest opening: 240 s for one planned with
		// 195 s (fairness.md, behaviour), and others in proportion.
		f.LatestMS = f.EarliestMS + s.openingMS()*(longestOpening-usualOpening)/usualOpening
	}
	switch fairness.Mode(m.Allotment) {
	case fairness.Fixed:
		f.Mode, f.FixedMS, f.GrowthPPM = fairness.Fixed, s.most(part), 0
	case fairness.Uniform:
		f.Mode = fairness.Uniform
		if a := s.Timing.Announced[part]; a != nil {
			f.UniformMS = a.UniformMS
		}
	}
	show := s.learn(&f)
	for _, ms := range s.interruptions(s.reserveFrom(w), clock.Instant(now)) {
		f.Pause = f.Pause.Add(ms)
	}
	f.Deferrals = s.unanswered(part)
	if t := s.Queue.Running(); t != nil {
		f.RunningEndMS = s.expectedEnd(t, &f)
	}
	f.Entries = make([]fairness.Entry, 0, len(waiting))
	for i, id := range waiting {
		f.Entries = append(f.Entries, s.claim(s.Queue.Entries[id], i+1, f.ListClosed, show))
	}
	s.groupCaps(&f, part, waiting)
	for _, id := range s.Queue.EntryOrder {
		e := s.Queue.Entries[id]
		if e.Part != part {
			continue
		}
		if e.State == Standby && !e.Excused && !s.Timing.ReservesUsed {
			f.Standby++
		}
	}
	return f
}

// The opening of a session, in s: the mean that is planned with, and the longest.
const usualOpening, longestOpening = 195, 240

// dayMS is a day in ms.
const dayMS = 24 * 60 * minuteMS

// earliest is the first instant at which a turn of the part can be given, zero
// for at once.
func (s *State) earliest(w Window, part ids.Part, now int64) int64 {
	switch {
	case s.Timing.Parts[part] == nil && s.Timing.Part.IsZero() && s.Timing.StartedAt.IsZero():
		// The session has not started: its opening lies before.
		return max(now, int64(s.Start())) + max(0, w.From.Sub(s.Start())) + s.openingMS()
	case s.Timing.Parts[part] == nil && !s.Timing.Part.IsZero():
		return max(now, int64(w.From))
	case len(s.Queue.TurnOrder) == 0:
		return int64(s.Timing.StartedAt) + s.openingMS()
	}
	return 0
}

// reserve is the part's share of the reserve for interruptions, by planned
// minutes, and what was spent of it since the part began.
func (s *State) reserve(w Window, part ids.Part, now clock.Instant) fairness.Reserve {
	m := &s.Registry.Modalities
	r := fairness.Reserve{InitialMS: m.ReserveMS, KeptMS: m.ReserveKeptMS, Entries: s.Queue.List(part).AtClose}
	if s.Timing.ReservesUsed {
		r.InitialMS, r.KeptMS = 0, 0
	}
	if s.lists() > 1 {
		var own, all int64
		for _, p := range s.Registry.Parts {
			if p.HasList {
				all += p.Minutes
			}
			if p.ID == part {
				own = p.Minutes
			}
		}
		r.InitialMS, r.KeptMS = r.InitialMS*own/max(all, 1), r.KeptMS*own/max(all, 1)
	}
	if !s.Timing.StartedAt.IsZero() {
		r.SpentMS = min(s.ReserveSpent(s.reserveFrom(w), now), dayMS)
	}
	return r
}

// reserveFrom is since when interruptions are the part's to bear.
func (s *State) reserveFrom(w Window) clock.Instant {
	if s.lists() > 1 {
		return w.From
	}
	return s.Timing.StartedAt
}

// unanswered counts the calls of a part's list that nobody answered, also
// those of one entry more than once. An undone call counts nowhere.
func (s *State) unanswered(part ids.Part) int {
	n := 0
	for _, id := range s.Queue.TurnOrder {
		if t := s.Queue.Turns[id]; t.Part == part && !t.Void && t.BegunAt.IsZero() && (t.How == events.SteppedBk || t.How == events.NotHere) {
			n++
		}
	}
	return n
}

// learn sets the estimators from the turns that stand, and gives what is known
// of those who were called without anything being known of them. Void turns
// count nowhere; an assumed begin is no evidence (decisions.md 13 and 15);
// turns entered afterwards have no call.
func (s *State) learn(f *fairness.Situation) estimate.Show {
	still := s.standstills()
	var show estimate.Show
	var last *Turn
	for _, id := range s.Queue.TurnOrder {
		t := s.Queue.Turns[id]
		if t.Void {
			continue
		}
		if e := s.Queue.Entries[t.Entry]; e != nil && !t.Entered && e.Presence == "" && !e.CheckedIn && (t.Stands() || t.How == events.NotHere) {
			show.Calls++
			if t.Stands() {
				show.Answered++
			}
		}
		if t.Stands() && !t.Entered {
			if allotted, open := s.Allotted(t); open && !t.EndedAt.IsZero() && ownLength(t.How) {
				charged := s.charged(t, s.used(t, s.stops(t, still), t.EndedAt))
				f.Use = f.Use.Add(s.used(t, s.stops(t, still), t.EndedAt)-charged, allotted-s.accessOf(t))
			}
			if t.Basis != events.Assumed {
				f.Handover = f.Handover.Add(s.handover(t, last, still))
			}
		}
		if !t.EndedAt.IsZero() {
			last = t
		}
	}
	return show
}

// ownLength reports whether the speaker determined the turn's length.
func ownLength(how events.TurnEnd) bool {
	return how != events.Withdrawn && how != events.Adjourned
}

// handover is the dead time before a turn's first word. What the chair takes
// before the call beyond the longest handover is the chair's own time, charged
// to the reserve and not to the mean.
func (s *State) handover(t, before *Turn, still stretches) int64 {
	ms := t.BegunAt.Sub(t.GivenAt) - still.within(t.GivenAt, t.BegunAt)
	if before != nil && before.Part == t.Part && t.GivenAt > before.EndedAt {
		free := t.GivenAt.Sub(before.EndedAt) - still.within(before.EndedAt, t.GivenAt)
		ms += min(free, s.Registry.Modalities.MaxHandoverMS)
	}
	return ms
}

// expectedEnd is when the running turn is expected to end.
func (s *State) expectedEnd(t *Turn, f *fairness.Situation) int64 {
	c, _ := s.Countdown(t)
	allotted := c.AllottedMS + c.AddedMS
	if !c.Open {
		// The clock follows the call within milliseconds; until then the least counts.
		allotted = s.Minimum()
		if e := s.Queue.Entries[t.Entry]; e != nil {
			allotted = max(allotted, s.guaranteeOf(e))
		}
	}
	return min(f.ExpectedEnd(fairness.Turn{
		GivenMS: int64(c.GivenAt), BegunMS: int64(c.BegunAt), AllottedMS: allotted,
		PausedMS: c.PausedMS, PausedAtMS: int64(c.PausedSince),
	}), int64(s.HardEnd())+dayMS)
}

// claim is one waiting entry as the engine sees it.
func (s *State) claim(e *Entry, place int, closed bool, show estimate.Show) fairness.Entry {
	claim := fairness.Entry{
		Weight: int(e.Weight()), RequestMS: s.request(e), ChancePPM: chance(e, show), Group: -1,
	}
	a := s.Timing.Announced[e.Part]
	if a == nil {
		return claim
	}
	claim.GuaranteeMS, claim.ToldMS = s.guaranteeOf(e), s.told(e)
	claim.AnnouncedMS = s.announcedTo(a, e)
	if claim.RequestMS > 0 {
		claim.AnnouncedMS = min(claim.AnnouncedMS, claim.RequestMS)
	}
	if closed && place <= fairness.FrozenPlaces {
		claim.FrozenMS = s.frozen(e)
	}
	return claim
}

// frozen is the allotment that was announced to an entry at place 3 or less,
// zero for none. One that was told before the last announcement (a raise, say)
// no longer counts.
func (s *State) frozen(e *Entry) int64 {
	a := s.Timing.Announced[e.Part]
	told := s.Timing.Etas[e.ID]
	for i := len(told) - 1; i >= 0; i-- {
		if told[i].Places > fairness.FrozenPlaces {
			return 0
		}
		if told[i].At < a.At {
			return 0
		}
		if told[i].AllotmentMS > 0 {
			return told[i].AllotmentMS
		}
	}
	return 0
}

// told is the number that an entry was last told, zero for none.
func (s *State) told(e *Entry) int64 {
	if told := s.Timing.Etas[e.ID]; len(told) > 0 {
		return told[len(told)-1].AllotmentMS
	}
	return 0
}

// announcedTo is the number that was announced to an entry; to one that was
// joined with others since, the sum of theirs.
func (s *State) announcedTo(a *Announcement, e *Entry) int64 {
	one := func(id ids.Entry) int64 {
		if own, ok := a.Announced[id]; ok {
			return own
		}
		return a.LevelMS
	}
	sum := one(e.ID)
	if sum > a.LevelMS {
		// It spoke for several already when the number was announced.
		return sum
	}
	for _, id := range e.Members {
		sum += one(id)
	}
	return min(sum, e.Weight()*a.LevelMS)
}

// guaranteeOf is what an entry was promised: the part's guarantee for each of
// its organisations, never more than it asked for.
func (s *State) guaranteeOf(e *Entry) int64 {
	a := s.Timing.Announced[e.Part]
	if a == nil {
		return 0
	}
	promised := s.budgeted(e, a.GuaranteeMS) * e.Weight()
	if most := s.request(e); most > 0 {
		promised = min(promised, most)
	}
	return promised
}

// request is the most that an entry may be given: what it asked for, at most
// the maximum in force; for a joint statement the sum of its members', at most
// four times the maximum. Zero is no limit.
func (s *State) request(e *Entry) int64 {
	most := s.most(e.Part)
	one := func(e *Entry) int64 {
		if e.RequestedMS == 0 || most > 0 && e.RequestedMS > most {
			return most
		}
		return e.RequestedMS
	}
	sum := one(e)
	if sum == 0 {
		return 0
	}
	for _, id := range e.Members {
		member := s.Queue.Entries[id]
		if member == nil {
			continue
		}
		own := one(member)
		if own == 0 {
			return 0
		}
		sum += own
	}
	if most > 0 {
		sum = min(sum, e.Weight()*most)
	}
	return sum
}

// most is the longest turn of a part: its own limit, or the session's maximum.
func (s *State) most(part ids.Part) int64 {
	if p, _, ok := s.Registry.Part(part); ok && p.LimitMS > 0 {
		return p.LimitMS
	}
	return s.Registry.Modalities.MaximumMS
}

// chance is how likely an entry speaks when called, from the log alone
// (decisions.md 17).
func chance(e *Entry, show estimate.Show) int64 {
	switch {
	case e.Excused:
		return fairness.ChanceNone
	case e.Absent:
		return fairness.ChanceReportedAbsent
	case e.CheckedIn || e.Presence != "":
		return fairness.ChancePresent
	}
	return show.PPM()
}
