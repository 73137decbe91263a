package session

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"maps"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/fairness"
	"github.com/fairfloor/fairfloor/pkg/fairness/estimate"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// EntryPlan is what one entry of a list is told.
type EntryPlan struct {
	Entry ids.Entry `json:"entry"`
	// Place counts from 1; zero on standby.
	Place int `json:"place"`
	// AllotmentMS is what it would be given now, GuaranteeMS what it was promised.
	AllotmentMS int64 `json:"allotment_ms"`
	GuaranteeMS int64 `json:"guarantee_ms"`
	// Reached says whether it is expected to be called before the end.
	Reached bool `json:"reached"`
	// HasETA says that Low, Middle and High are set: when its first word is
	// expected. Who will not be called, or is not there, has none.
	HasETA bool          `json:"has_eta"`
	Low    clock.Instant `json:"low,omitempty"`
	Middle clock.Instant `json:"middle,omitempty"`
	High   clock.Instant `json:"high,omitempty"`
	// Cut says that a number which the entry had been told was lowered,
	// because otherwise somebody would not be reached.
	Cut bool `json:"cut,omitempty"`
	// Announce says that the number is new to the entry, or differs by 5 s or
	// more from what it was last told: smaller changes stay unsaid.
	Announce bool `json:"announce,omitempty"`
}

// View is the plan of one part's list, as PlanOf computes it.
type View struct {
	Part ids.Part      `json:"part"`
	At   clock.Instant `json:"at"`
	// Base is from when forecasts count: when what is running is expected to end.
	Base clock.Instant `json:"base"`
	// Until is when the part's last turn should be over.
	Until clock.Instant `json:"until"`
	// Entries are those waiting in list order, then those on standby.
	Entries []EntryPlan `json:"entries"`
	// Waiting counts those on the list, Standby those on standby.
	Waiting int `json:"waiting"`
	Standby int `json:"standby"`
	// Fits says that everybody who is expected can be heard with the minimum,
	// Guaranteed that this holds even in the worst case; NotReached is K.
	Fits       bool `json:"fits"`
	Guaranteed bool `json:"guaranteed"`
	NotReached int  `json:"not_reached"`
	// LevelMS is the equal share of the remaining time for weight 1.
	LevelMS int64 `json:"level_ms"`
	// GuaranteeMS is what is promised: announced once the list was closed,
	// what could be promised now before that.
	GuaranteeMS int64 `json:"guarantee_ms"`
	// AnnouncedMS is the level that was announced; zero before the list closed.
	AnnouncedMS int64 `json:"announced_ms"`
	// UniformMS is the one number in force in the mode uniform, zero before the
	// list closed and in other modes.
	UniformMS int64 `json:"uniform_ms,omitempty"`
	// RaiseToMS is a number "for everyone remaining" to propose to the chair,
	// at least 5 s above the number in force; zero for none.
	RaiseToMS int64 `json:"raise_to_ms"`
	// AtRisk is an alarm: a promise may not be kept.
	AtRisk bool `json:"at_risk"`
	// MinimumMS is the least in force; UsePPM, HandoverMS and ReserveMS are
	// what was reckoned with.
	MinimumMS  int64 `json:"minimum_ms"`
	UsePPM     int64 `json:"use_ppm"`
	HandoverMS int64 `json:"handover_ms"`
	ReserveMS  int64 `json:"reserve_ms"`
	// EndsAt is when the last one expected would finish.
	EndsAt clock.Instant `json:"ends_at"`
	// Budget is the bar: elapsed, running, reserved, promised, free or short.
	Budget fairness.Budget `json:"budget"`
	// Digest names what expect.plan names; see State.PlanDigest.
	Digest string `json:"digest"`
	// Fault says why nothing could be computed; then only Waiting, Standby and
	// the entries' places are set.
	Fault error `json:"-"`
}

// PlanOf computes the plan of a part's list at an instant: a function of the
// State and the instant alone. Gateways call it with the time of the last
// commit, so that all make the same bytes. A part that is over, or a session
// that was adjourned, reaches nobody who still waits.
func PlanOf(s *State, part ids.Part, at clock.Instant) View {
	v := View{Part: part, At: at, MinimumMS: s.Minimum(), Digest: s.PlanDigest()}
	waiting := s.Queue.List(part).Order
	v.Waiting = len(waiting)
	v.Entries = make([]EntryPlan, len(waiting), len(waiting)+4)
	for i, id := range waiting {
		v.Entries[i] = EntryPlan{Entry: id, Place: i + 1}
	}
	for _, id := range s.Queue.EntryOrder {
		if e := s.Queue.Entries[id]; e.Part == part && e.State == Standby {
			v.Standby++
			v.Entries = append(v.Entries, EntryPlan{Entry: id})
		}
	}
	if a := s.Timing.Announced[part]; a != nil {
		v.AnnouncedMS, v.GuaranteeMS, v.UniformMS = a.LevelMS, a.GuaranteeMS, a.UniformMS
	}
	w, ok := s.Window(part)
	if !ok {
		v.Fault = errMissing("part", part)
		return v
	}
	v.Until = w.Until
	if s.over(part) {
		v.NotReached = v.Waiting
		return v
	}
	situation := s.situation(w, part, at, waiting)
	if situation.HardEndMS <= situation.StartMS {
		// The schedule has no room for this part at all.
		v.NotReached, v.Budget.ShortMS = v.Waiting, situation.StartMS-situation.HardEndMS
		return v
	}
	var engine fairness.Engine
	var p fairness.Plan
	if v.Fault = engine.Compute(&situation, &p); v.Fault != nil {
		return v
	}
	v.fill(&p)
	v.Base = clock.Instant(situation.StartMS + p.Budget.ElapsedMS + p.Budget.RunningMS)
	if situation.ListClosed && v.AnnouncedMS > 0 && p.Fits {
		v.RaiseToMS = raise(&engine, situation, v.AnnouncedMS, &p)
	}
	return v
}

// over reports whether nobody of the part is called any more.
func (s *State) over(part ids.Part) bool {
	ran := s.Timing.Parts[part]
	return s.Timing.Phase == Adjourned || ran != nil && !ran.EndedAt.IsZero()
}

// fill takes over what the engine computed.
func (v *View) fill(p *fairness.Plan) {
	v.Fits, v.Guaranteed, v.NotReached, v.AtRisk = p.Fits, p.Guaranteed, p.NotReached, p.GuaranteeAtRisk
	v.LevelMS, v.UsePPM, v.HandoverMS, v.ReserveMS = p.LevelMS, p.UsePPM, p.HandoverMS, p.ReserveMS
	v.EndsAt, v.Budget = clock.Instant(p.EndMS), p.Budget
	if v.AnnouncedMS == 0 {
		v.GuaranteeMS = p.GuaranteeMS
	}
	var last EntryPlan
	for i := range p.Offers {
		o, e := &p.Offers[i], &v.Entries[i]
		e.AllotmentMS, e.GuaranteeMS, e.Reached, e.HasETA, e.Cut = o.AllotmentMS, o.GuaranteeMS, o.Reached, o.HasETA, o.Cut
		e.Announce = o.Announce
		if o.HasETA {
			// Nobody is shown an earlier start than those before them: the widths of
			// the ranges change from one bucket of places to the next.
			e.Low = max(clock.Instant(o.Start.LowMS), last.Low)
			e.Middle = max(clock.Instant(o.Start.MidMS), last.Middle)
			e.High = max(clock.Instant(o.Start.HighMS), last.High)
			last = *e
		}
	}
}

// raise finds the number for everyone remaining that the chair may confirm.
// Uniform: up to the level, which grows to 1.10 of what was likely at list
// close, as in the simulator. Individual: the level without the growth cap,
// which a confirmed raise moves. Fixed: none, for it never adapts.
func raise(engine *fairness.Engine, situation fairness.Situation, announced int64, p *fairness.Plan) int64 {
	level, inForce := p.LevelMS, announced
	switch situation.Mode {
	case fairness.Fixed:
		return 0
	case fairness.Uniform:
		if inForce = situation.UniformMS; p.Full {
			// Everybody could have the most that they can be given.
			situation.UniformMS = dayMS
			level = widest(engine, &situation)
		}
	default:
		if p.Full && situation.GrowthPPM > 0 {
			situation.GrowthPPM = 0
			level = widest(engine, &situation)
		}
	}
	if level -= level % 1_000; level < inForce+fairness.StepMS {
		return 0
	}
	return level
}

// widest is the level of a changed situation, or the longest offer in it where
// everybody can have all that they may have; zero when it has no meaning.
func widest(engine *fairness.Engine, situation *fairness.Situation) int64 {
	var free fairness.Plan
	switch err := engine.Compute(situation, &free); {
	case err != nil:
		return 0
	case free.Full:
		return most(situation, &free)
	}
	return free.LevelMS
}

// Opened is what a called turn's clock is opened with: the plan as it stood
// before the floor was given (decisions.md 14), at the instant of the giving.
// ok is false when nothing could be computed; the guarantee or the minimum is
// then given.
func (s *State) Opened(t *Turn) (allottedMS, guaranteeMS int64, ok bool) {
	entry := s.Queue.Entries[t.Entry]
	if entry == nil {
		return s.Minimum(), 0, false
	}
	guaranteeMS = s.guaranteeOf(entry)
	least := max(guaranteeMS, min(s.Minimum(), s.request(entry)))
	w, found := s.Window(t.Part)
	if !found {
		return least, guaranteeMS, false
	}
	order := s.Queue.List(t.Part).Order
	waiting := append(append(make([]ids.Entry, 0, len(order)+1), t.Entry), order...)
	situation := s.situation(w, t.Part, t.GivenAt, waiting)
	situation.RunningEndMS, situation.EarliestMS = 0, 0
	situation.Entries[0].ChancePPM = fairness.ChancePresent
	var engine fairness.Engine
	var p fairness.Plan
	if situation.HardEndMS <= situation.StartMS || engine.Compute(&situation, &p) != nil {
		return least, guaranteeMS, false
	}
	return max(p.Offers[0].AllotmentMS, least), guaranteeMS, true
}

// Announcing is the announcement that the closing of a list calls for: the
// guarantee by the theorem, never less than one given before, the expected
// level, and the numbers of those who asked for less or speak for several.
func (s *State) Announcing(part ids.Part, at clock.Instant) events.AllotmentsAnnounced {
	a := events.AllotmentsAnnounced{Part: part}
	if before := s.Timing.Announced[part]; before != nil {
		a.GuaranteeMS = before.GuaranteeMS
	}
	p, expected := s.announced(&a, at)
	longest := s.most(part)
	if longest == 0 {
		longest = dayMS
	}
	// Nobody is promised more than may be given.
	a.GuaranteeMS = max(a.GuaranteeMS, min(p.GuaranteeMS, longest))
	a.LevelMS = max(expected, a.GuaranteeMS, min(s.Minimum(), longest))
	if s.uniform() {
		// "Write for 1:00": what is promised, and never less than the minimum, which
		// everybody is offered as long as there is time for it.
		a.UniformMS = max(a.GuaranteeMS, min(s.Minimum(), longest))
		if before := s.Timing.Announced[part]; before != nil {
			a.UniformMS = max(a.UniformMS, min(before.UniformMS, a.LevelMS))
		}
	}
	s.apart(&a, func(i int) int64 { return p.Offers[i].AllotmentMS }, len(p.Offers))
	return a
}

// uniform reports whether one number holds for all ordinary entries.
func (s *State) uniform() bool { return s.Registry.Modalities.Allotment == string(fairness.Uniform) }

// InForce is the number that ordinary entries of a part write their texts for:
// the uniform one, or else the announced level; zero before the list closed.
func (s *State) InForce(part ids.Part) int64 {
	a := s.Timing.Announced[part]
	switch {
	case a == nil:
		return 0
	case a.UniformMS > 0:
		return a.UniformMS
	}
	return a.LevelMS
}

// Raising is the announcement of a number for everyone remaining that the
// chair confirmed. The guarantee stays as it was, or rises where raise is set:
// only while the last act cannot be undone any more (decisions.md 15). What was
// likely at list close stays where one number holds for all: growth is limited
// by it (decisions.md 21).
func (s *State) Raising(part ids.Part, levelMS int64, raiseGuarantee bool, at clock.Instant) events.AllotmentsAnnounced {
	a := events.AllotmentsAnnounced{Part: part, LevelMS: levelMS}
	before := s.Timing.Announced[part]
	if before != nil {
		a.GuaranteeMS = before.GuaranteeMS
	}
	p, _ := s.announced(&a, at)
	if raiseGuarantee {
		a.GuaranteeMS = max(a.GuaranteeMS, min(p.GuaranteeMS, levelMS))
	}
	if s.uniform() && before != nil {
		a.LevelMS, a.UniformMS, a.Announced = before.LevelMS, levelMS, maps.Clone(before.Announced)
		return a
	}
	order := s.Queue.List(part).Order
	s.apart(&a, func(i int) int64 {
		e := s.Queue.Entries[order[i]]
		own := levelMS * e.Weight()
		if most := s.request(e); most > 0 {
			own = min(own, most)
		}
		return own
	}, len(order))
	return a
}

// announced computes the part anew, as if nothing had been announced yet, and
// notes what it was computed with. When nothing can be computed the plan is
// empty and the level zero: then the minimum is announced.
func (s *State) announced(a *events.AllotmentsAnnounced, at clock.Instant) (p fairness.Plan, levelMS int64) {
	list := s.Queue.List(a.Part)
	a.Entries, a.HandoverMS, a.UsePPM = list.AtClose, estimate.HandoverPriorMS, estimate.UsePriorPPM
	w, ok := s.Window(a.Part)
	if !ok {
		return p, 0
	}
	situation := s.situation(w, a.Part, at, list.Order)
	for i := range situation.Entries {
		situation.Entries[i].AnnouncedMS, situation.Entries[i].FrozenMS = 0, 0
	}
	situation.UniformMS = 0
	var engine fairness.Engine
	if situation.HardEndMS <= situation.StartMS || engine.Compute(&situation, &p) != nil {
		return fairness.Plan{}, 0
	}
	a.UsePPM, a.HandoverMS = p.UsePPM, p.HandoverMS
	return p, level(&situation, &p)
}

// apart notes the entries whose number differs from the level.
func (s *State) apart(a *events.AllotmentsAnnounced, own func(int) int64, n int) {
	order := s.Queue.List(a.Part).Order
	for i := range n {
		if ms := own(i); ms != a.LevelMS {
			if a.Announced == nil {
				a.Announced = map[ids.Entry]int64{}
			}
			a.Announced[order[i]] = ms
		}
	}
}

// level is the number for ordinary entries in whole seconds.
func level(situation *fairness.Situation, p *fairness.Plan) int64 {
	if p.Full {
		return most(situation, p)
	}
	return p.LevelMS - p.LevelMS%1_000
}

// most is the longest offer to a single organisation: it stands for the level
// where everybody has all that they asked for, so that there is none.
func most(situation *fairness.Situation, p *fairness.Plan) int64 {
	var ms int64
	for i := range p.Offers {
		ms = max(ms, p.Offers[i].AllotmentMS/int64(situation.Entries[i].Weight))
	}
	return ms
}

// Admits says whether a late applicant of weight 1 may still join the list
// while every promise holds in the worst case; otherwise offer standby
// (decisions.md 19).
func Admits(s *State, part ids.Part, at clock.Instant) bool {
	w, ok := s.Window(part)
	if !ok || s.over(part) {
		return false
	}
	situation := s.situation(w, part, at, s.Queue.List(part).Order)
	return situation.Admits()
}

// PlanDigest names what a chair acts on when they change the minimum, break a
// guarantee or adjourn (expect.plan): the phase, hard end and minimum, and for
// each list its guarantee and who waits, in order. It changes with these and
// with nothing else, so a plan does not become stale by the passing of time.
func (s *State) PlanDigest() string {
	sum := sha256.New()
	number := func(values ...int64) {
		for _, v := range values {
			var raw [8]byte
			binary.BigEndian.PutUint64(raw[:], uint64(v))
			sum.Write(raw[:])
		}
	}
	sum.Write([]byte(s.Timing.Phase))
	number(int64(s.HardEnd()), s.Minimum())
	if s.Timing.ReservesUsed {
		number(1)
	}
	for _, part := range s.Registry.Parts {
		if !part.HasList {
			continue
		}
		raw := part.ID.Bytes()
		sum.Write(raw[:])
		order := s.Queue.List(part.ID).Order
		number(int64(len(order)))
		for _, id := range order {
			entry := id.Bytes()
			sum.Write(entry[:])
		}
		if a := s.Timing.Announced[part.ID]; a != nil {
			number(a.GuaranteeMS, a.LevelMS, a.UniformMS)
		}
	}
	for _, id := range s.StillWaiting() {
		entry := id.Bytes()
		sum.Write(entry[:])
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// StillWaiting are the entries that an adjournment now would leave unheard: a
// speaker who was called and has not begun, then those waiting, part by part in
// list order, then those on standby. Points of order do not count.
func (s *State) StillWaiting() []ids.Entry {
	all := []ids.Entry{}
	if t := s.Queue.Running(); t != nil && t.BegunAt.IsZero() {
		all = append(all, t.Entry)
	}
	for _, part := range s.Registry.Parts {
		all = append(all, s.Queue.List(part.ID).Order...)
	}
	for _, id := range s.Queue.EntryOrder {
		if s.Queue.Entries[id].State == Standby {
			all = append(all, id)
		}
	}
	return all
}

// NotReached are the entries that the adjournment left unheard; none before it.
// It is what the list and the floor say, not what the adjournment said: a join
// that was accepted at the same instant, before the queue knew of the
// adjournment, belongs to it too, and one whose turn was entered afterwards
// does not.
func (s *State) NotReached() []ids.Entry {
	if s.Timing.Phase != Adjourned {
		return nil
	}
	return s.StillWaiting()
}

// EntryState is where an entry stands for people: as Entry.State, but who still
// waits when the session is adjourned is not reached; see NotReached.
func (s *State) EntryState(e *Entry) EntryState {
	if (e.State == Waiting || e.State == Standby) && s.Timing.Phase == Adjourned {
		return NotReached
	}
	return e.State
}
