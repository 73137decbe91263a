package simulate

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/fairness"
	"github.com/fairfloor/fairfloor/pkg/fairness/estimate"
	"github.com/fairfloor/fairfloor/pkg/fairness/eta"
	"github.com/fairfloor/fairfloor/pkg/fairness/measures"
	"github.com/fairfloor/fairfloor/pkg/fairness/order"
)

// player is one applicant's state in a session being played.
type player struct {
	announcedMS, guaranteeMS, frozenMS int64
	missed, back                       int // calls not answered, times moved back
	checkedIn                          bool
	calledMS                           int64 // first call, zero before
	standby                            bool

	begunMS, offeredMS, usedMS int64 // begunMS is zero until heard
	givenMS, endedMS           int64 // of the turn that was held, with its interruptions
	cut                        bool
	forecast                   [3]eta.Range // at list close, at 5 places, at 3 places
	has                        [3]bool
}

// The moments at which an ETA is logged as given.
const (
	atClose = iota
	atFive
	atThree
)

// game plays one session. Its memory is used again for the next.
type game struct {
	scenario *Scenario
	policy   *Policy
	table    *eta.Calibration
	learn    func(lead int, residual int64)

	engine    fairness.Engine
	plan      fairness.Plan
	situation fairness.Situation
	fortune   fortune
	players   []player
	list      []int
	spoken    []int
	given     []pending
	turns     []measures.Turn
	show      estimate.Show
	nowMS     int64
	endedMS   int64 // when the last turn (or the opening) ended
	interrupt int   // how many interruptions have happened
	// promisedMS is the guarantee given when the list closed.
	promisedMS int64
}

// pending is a forecast waiting for its outcome, for learning.
type pending struct {
	who, lead        int
	baseMS, forecast int64
}

// begin prepares a session.
func (g *game) begin(seed uint64, session int) error {
	g.fortune = g.scenario.draw(seed, session)
	list, err := g.fortune.arrange(g.scenario.Groups, g.policy.Rule)
	if err != nil {
		return err
	}
	g.list = list
	g.players = slices.Grow(g.players[:0], len(list))[:len(list)]
	clear(g.players)
	g.spoken, g.given = g.spoken[:0], g.given[:0]
	g.show = estimate.Show{}
	g.interrupt = 0
	g.nowMS = startMS
	entries := g.situation.Entries[:0]
	g.situation = g.scenario.situation()
	s := &g.situation
	s.Entries = entries
	s.Calibration = g.table
	if g.table == nil && !g.policy.Protocol {
		s.Calibration = &uncorrected
	}
	s.Strict = g.policy.Strict
	s.Mode = g.policy.Mode
	switch g.policy.Ending {
	case Cut:
		s.AtLimit = fairness.Hard
	case Gavelled:
		s.AtLimit = fairness.Gavel
	case Never:
		s.AtLimit = fairness.Soft
	}
	if g.policy.MinimumS >= 0 {
		s.MinimumMS = g.policy.MinimumS * 1000
	}
	if g.policy.rules != nil {
		g.policy.rules.apply(s)
	}
	s.ListClosed = true
	s.Reserve.Entries = len(list)
	if !g.policy.Protocol {
		s.GrowthPPM = 0
		s.LatestMS = 0
	}
	return g.closeList()
}

// uncorrected is for policies that nobody learned from: the shipped widths
// around the bare forecast.
var uncorrected = func() eta.Calibration {
	c := *eta.Shipped(false)
	c.Name += "-uncorrected"
	for b := range c.Buckets {
		c.Buckets[b].Mid = 0
	}
	return c
}()

// closeList announces what is announced when the list closes.
func (g *game) closeList() error {
	s := &g.situation
	if g.policy.Mode == fairness.Fixed {
		s.FixedMS = g.policy.SlotS * 1000
		if s.FixedMS == 0 {
			// The equal split: plain arithmetic with the reserve, once.
			s.FixedMS = g.split(s.EarliestMS, s.Reserve.InitialMS+s.Reserve.KeptMS, estimate.HandoverPriorMS)
		}
	}
	s.RaiseGuarantees = g.policy.Protocol
	if err := g.compute(); err != nil {
		return err
	}
	s.RaiseGuarantees = false
	if g.policy.Protocol {
		most := g.plan.GuaranteeMS
		if g.scenario.PromiseMostS > 0 {
			most = min(most, g.scenario.PromiseMostS*1000)
		}
		g.promisedMS = max(most, fairness.StepMS)
		for k, who := range g.list {
			p := &g.players[who]
			p.announcedMS = g.plan.Offers[k].AllotmentMS
			p.guaranteeMS = min(g.plan.Offers[k].GuaranteeMS, most)
		}
		if s.Mode == fairness.Uniform {
			s.UniformMS = most
			if err := g.compute(); err != nil {
				return err
			}
			g.confirm()
		}
		if err := g.compute(); err != nil {
			return err
		}
	}
	g.note(atClose, func(int) bool { return true })
	g.forecast(s.EarliestMS)
	return nil
}

// naiveLeastMS is the least that a chair who divides what is left still gives:
// in less nobody says anything.
const naiveLeastMS = 20_000

// split divides what is left equally among those waiting, in whole seconds.
func (g *game) split(fromMS, reserveMS, handoverMS int64) int64 {
	each := (g.limit()-reserveMS-fromMS)/int64(max(1, len(g.list))) - handoverMS
	return max(1_000, each-each%1_000)
}

// confirm lets the chair confirm a raise.
func (g *game) confirm() {
	if g.policy.Confirm && g.plan.RaiseToMS > 0 {
		g.situation.UniformMS = g.plan.RaiseToMS
	}
}

// note remembers the forecasts given at one moment to the places chosen.
func (g *game) note(moment int, place func(k int) bool) {
	for k, who := range g.list {
		p := &g.players[who]
		if o := &g.plan.Offers[k]; place(k) && o.HasETA && !p.has[moment] && p.missed == 0 {
			p.forecast[moment], p.has[moment] = o.Start, true
		}
	}
}

// compute runs the engine on the present list.
func (g *game) compute() error {
	s := &g.situation
	s.NowMS = g.nowMS
	s.Entries = s.Entries[:0]
	s.Standby = 0
	for i := range g.players {
		if g.players[i].standby {
			s.Standby++
		}
	}
	for _, who := range g.list {
		p, h := &g.players[who], &g.fortune.people[who]
		e := fairness.Entry{
			ID: h.id, Weight: 1, GuaranteeMS: p.guaranteeMS, AnnouncedMS: p.announcedMS,
			FrozenMS: p.frozenMS, ChancePPM: g.chance(who), Group: -1,
		}
		if g.policy.Requests {
			e.RequestMS = h.requestMS
		}
		s.Entries = append(s.Entries, e)
	}
	return g.engine.Compute(s, &g.plan)
}

// chance is what the log knows of somebody.
func (g *game) chance(who int) int64 {
	p, h := &g.players[who], &g.fortune.people[who]
	switch {
	case p.checkedIn:
		return fairness.ChancePresent
	case p.missed > 0:
		return fairness.ChanceReportedAbsent
	case g.policy.Protocol && h.seen:
		return fairness.ChancePresent
	default:
		return g.show.PPM()
	}
}

// there says whether somebody would answer a call now.
func (g *game) there(who int) bool {
	p, h := &g.players[who], &g.fortune.people[who]
	if !h.absent {
		return true
	}
	return h.lateMS >= 0 && p.calledMS > 0 && g.nowMS >= p.calledMS+h.lateMS
}

// limit is when the closing must begin.
func (g *game) limit() int64 { return g.situation.HardEndMS - g.situation.ClosingMS }

// play runs the session to its end.
func (g *game) play() error {
	g.nowMS = startMS + g.scenario.StartLateS*1000 + g.fortune.openingMS
	g.endedMS = g.nowMS
	for {
		g.returns()
		if len(g.list) == 0 && !g.wait() {
			return nil
		}
		if g.nowMS >= g.limit() && !g.policy.Protocol {
			return nil // who follows no protocol stops when the closing begins
		}
		g.deck()
		if g.policy.Naive {
			g.situation.FixedMS = max(naiveLeastMS, g.split(g.nowMS, 0, estimate.HandoverPriorMS/2))
		}
		if err := g.compute(); err != nil {
			return err
		}
		if g.situation.Mode == fairness.Uniform && g.policy.Protocol {
			before := g.situation.UniformMS
			if g.confirm(); g.situation.UniformMS != before {
				if err := g.compute(); err != nil {
					return err
				}
			}
		}
		if err := g.ladder(); err != nil {
			return err
		}
		g.freeze()
		if !g.call() {
			return nil
		}
	}
}

// ladder lets the chair lower the minimum, in steps and never below what was
// promised, as soon as the plan says that otherwise somebody is not reached.
func (g *game) ladder() error {
	s := &g.situation
	for g.policy.Protocol && (!g.plan.Fits || g.plan.GuaranteeAtRisk) && s.MinimumMS-fairness.StepMS >= g.promisedMS {
		s.MinimumMS -= fairness.StepMS
		if err := g.compute(); err != nil {
			return err
		}
	}
	return nil
}

// returns brings back those on standby who have come.
func (g *game) returns() {
	for who := range g.players {
		p := &g.players[who]
		if !p.standby || !g.there(who) {
			continue
		}
		p.standby = false
		p.checkedIn = true
		if !g.policy.Protocol {
			g.list = append(g.list, who)
			continue
		}
		if list, err := order.Return(g.list, who); err == nil {
			g.list = list
		}
	}
}

// wait lets time pass until somebody on standby comes, if there is time for it.
func (g *game) wait() bool {
	next := int64(-1)
	for who := range g.players {
		p, h := &g.players[who], &g.fortune.people[who]
		if p.standby && h.lateMS >= 0 && (next < 0 || p.calledMS+h.lateMS < next) {
			next = p.calledMS + h.lateMS
		}
	}
	if next < 0 || next+lastCallMS > g.limit() {
		return false
	}
	g.nowMS = max(g.nowMS, next)
	g.endedMS = g.nowMS // nobody was there to hand over to
	g.returns()
	return len(g.list) > 0
}

// lastCallMS before the closing is the latest that somebody can come back and
// count as present.
const lastCallMS = 120_000

// deck lets those at the first five places check in.
func (g *game) deck() {
	if !g.policy.Protocol {
		return
	}
	for _, who := range g.list[:min(5, len(g.list))] {
		if g.fortune.people[who].checksIn && g.there(who) {
			g.players[who].checkedIn = true
		}
	}
}

// freeze announces the allotments of places 1 to 3 and the ETAs given.
func (g *game) freeze() {
	for k, who := range g.list {
		o := &g.plan.Offers[k]
		if g.policy.Protocol && (o.Freeze || o.Cut) {
			g.players[who].frozenMS = o.AllotmentMS
		}
	}
	g.forecast(g.nowMS)
	g.note(atFive, func(k int) bool { return k == 4 })
	g.note(atThree, func(k int) bool { return k == 2 })
}

// forecast keeps all forecasts for learning.
func (g *game) forecast(baseMS int64) {
	if g.learn == nil {
		return
	}
	for k, who := range g.list {
		if o := &g.plan.Offers[k]; o.HasETA && g.players[who].missed == 0 {
			g.given = append(g.given, pending{who, k + 1, baseMS, o.Start.MidMS})
		}
	}
}

// call gives the floor to the next one. It answers false when the session is
// adjourned instead.
func (g *game) call() bool {
	at := 0
	if g.policy.Hands {
		at = int(g.fortune.people[g.list[0]].pick * float64(min(2, len(g.list))))
	}
	who := g.list[at]
	p, h := &g.players[who], &g.fortune.people[who]
	offered := g.plan.Offers[at].AllotmentMS
	if !g.inTime(offered) {
		return false
	}
	if p.calledMS == 0 {
		p.calledMS = g.nowMS
		if !p.checkedIn && !h.seen {
			g.show.Calls++
			if !h.absent {
				g.show.Answered++
			}
		}
	}
	if !g.there(who) {
		g.silence(at)
		return true
	}
	g.list = slices.Delete(g.list, at, at+1)
	told := offered
	if p.frozenMS > 0 {
		told = max(told, p.frozenMS)
	}
	if g.policy.Hands {
		told = h.requestMS
	}
	p.begunMS = g.nowMS + h.handoverMS[min(p.missed, len(h.handoverMS)-1)]
	p.offeredMS = offered
	p.usedMS, p.cut = g.speak(h, told, offered)
	g.spoken = append(g.spoken, who)
	end := p.begunMS + p.usedMS + h.audioMS
	g.stopped(h.audioMS)
	for ; g.interrupt < len(g.fortune.interruption) && g.fortune.interruption[g.interrupt].atMS < end; g.interrupt++ {
		end += g.fortune.interruption[g.interrupt].forMS
		g.stopped(g.fortune.interruption[g.interrupt].forMS)
	}
	g.situation.Use = g.situation.Use.Add(p.usedMS, offered)
	g.situation.Handover = g.situation.Handover.Add(p.begunMS - g.nowMS)
	p.givenMS, p.endedMS = g.nowMS, end
	g.nowMS, g.endedMS = end, end
	return true
}

// inTime says whether a turn can still be given (decisions.md 12): where the
// limit ends turns, none whose limit lies beyond the hard end; under a gavel
// none that could only begin after it.
func (g *game) inTime(offeredMS int64) bool {
	begin, end := g.nowMS+g.plan.HandoverMS, g.situation.HardEndMS
	if g.policy.Ending == Cut {
		return begin+offeredMS <= end
	}
	return !g.policy.Protocol || begin < end
}

// stopped charges an interruption to the reserve.
func (g *game) stopped(ms int64) {
	g.situation.Reserve.SpentMS += ms
	g.situation.Pause = g.situation.Pause.Add(ms)
}

// speak says how long a turn lasts and whether it was ended by somebody else.
// The text was prepared for the number last told.
func (g *game) speak(h *person, toldMS, offeredMS int64) (usedMS int64, cut bool) {
	ratio := h.measured
	if g.policy.Written {
		ratio = h.written
	}
	text := int64(ratio * float64(toldMS))
	most := text
	switch {
	case g.policy.Ending == Cut:
		most = offeredMS + g.situation.GraceMS
	case g.policy.Ending == Gavelled && h.gavelMS >= 0:
		most = offeredMS + g.situation.GraceMS + h.gavelMS
	}
	return min(text, most), text > most
}

// silence is a call without an answer: two places back, twice, then standby.
func (g *game) silence(at int) {
	who := g.list[at]
	p := &g.players[who]
	g.nowMS += g.situation.HandoverMostMS
	p.missed++
	p.checkedIn = false
	p.frozenMS = 0
	g.situation.Deferrals++
	if g.policy.Protocol && p.back < order.MostBack {
		if list, err := order.Back(g.list, who, 2); err == nil {
			p.back++
			g.list = list
			return
		}
	}
	g.list = slices.Delete(g.list, at, at+1)
	p.standby = true
}
