package simulate

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/fairfloor/fairfloor/pkg/fairness"
	"github.com/fairfloor/fairfloor/pkg/fairness/order"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// Rules are a session's own modalities, in place of one of the policies of the
// table: what Rehearse plays. Durations in ms, with the meaning and bounds of
// the modalities.
type Rules struct {
	Order order.Rule
	Mode  fairness.Mode
	// AtLimit says what ends turns; under a gavel seven of ten overruns are ended.
	AtLimit                  fairness.AtLimit
	Strict                   bool
	MinimumMS, MaximumMS     int64
	GraceMS, HandoverMostMS  int64
	OpeningMS, ClosingMS     int64
	ReserveMS, ReserveKeptMS int64
	Minutes, Applicants      int
	AbsentShare              float64
	Sessions                 int
}

// RehearsedTurn is one turn of the session that is watched. Instants are ms
// since the planned start.
type RehearsedTurn struct {
	Place     int    `json:"place" doc:"Place of speaking, from 1"`
	Group     string `json:"group" doc:"Name of the made-up stakeholder group"`
	Remote    bool   `json:"remote,omitempty" doc:"Takes part over the conference"`
	CalledMS  int64  `json:"called_ms" doc:"When the floor was given, ms since the planned start"`
	BegunMS   int64  `json:"begun_ms" doc:"The first word"`
	EndedMS   int64  `json:"ended_ms" doc:"The end, interruptions included"`
	OfferedMS int64  `json:"offered_ms"`
	UsedMS    int64  `json:"used_ms" doc:"Speaking time without interruptions"`
	Cut       bool   `json:"cut,omitempty" doc:"Somebody else ended it"`
}

// Rehearsal is one session played, turn by turn, and the figures of many.
type Rehearsal struct {
	Applied int `json:"applied"`
	Present int `json:"present" doc:"Who was there when called, or came in time"`
	Heard   int `json:"heard"`
	// Turns are in the order of speaking.
	Turns       []RehearsedTurn `json:"turns"`
	GuaranteeMS int64           `json:"guarantee_ms" doc:"What was promised when the list closed; 0 for nothing"`
	ShortestMS  int64           `json:"shortest_ms" doc:"The shortest offer among those heard"`
	LongestMS   int64           `json:"longest_ms"`
	Cut         int             `json:"cut" doc:"Turns that somebody else ended"`
	Jain        float64         `json:"jain" doc:"Jain's index of the offers of those present, 1 is equal"`
	EndedMS     int64           `json:"ended_ms" doc:"The end of the last turn, ms since the planned start"`
	LimitMS     int64           `json:"limit_ms" doc:"When the closing has to begin, ms since the planned start"`
	// Many are the means over further sessions, each with other people.
	Many Figures `json:"many"`
}

// MostRehearsed is how many speakers a rehearsal has at most, and
// MostRehearsals how many sessions: a few seconds of one processor.
const (
	MostRehearsed  = 500
	MostRehearsals = 500
)

// Check refuses rules that cannot be played, naming the field.
func (r *Rules) Check() error {
	switch {
	case r.Applicants < 1 || r.Applicants > MostRehearsed:
		return problem.Field("applicants", "%d is not between 1 and %d", r.Applicants, MostRehearsed).Try("rehearse with fewer speakers")
	case r.Minutes < 1 || r.Minutes > 24*60:
		return problem.Field("minutes", "%d is not between 1 and 1440", r.Minutes).Try("give the session's length in minutes")
	case !(r.AbsentShare >= 0 && r.AbsentShare <= 1): // also refuses what is not a number
		return problem.Field("absent_share", "%v is not between 0 and 1", r.AbsentShare).Try("give the part of the speakers who are not there when called")
	case r.Sessions < 1 || r.Sessions > MostRehearsals:
		return problem.Field("sessions", "%d is not between 1 and %d", r.Sessions, MostRehearsals).Try("play fewer sessions")
	case r.OpeningMS+r.ClosingMS >= int64(r.Minutes)*60_000:
		return problem.Field("opening_ms", "opening and closing leave no time for speakers").Try("shorten them, or make the session longer")
	}
	return nil
}

// scenario is 16 December 2021 (OEWG2021) with the rules' own size and bounds.
func (r *Rules) scenario() Scenario {
	s := OEWG2021()
	s.Name = "rehearsal"
	s.Minutes, s.ClosingS, s.MinimumS, s.AbsentShare = r.Minutes, r.ClosingMS/1000, r.MinimumMS/1000, r.AbsentShare
	s.resize(r.Applicants)
	for i, request := range s.RequestsS {
		s.RequestsS[i] = min(request, max(1, r.MaximumMS/1000))
	}
	if r.Mode == fairness.Fixed {
		s.RequestsS = []int64{max(1, r.MaximumMS/1000)} // nobody is asked
	}
	// The opening keeps its proportions: 150 to 240 s where 195 s are planned.
	planned := float64(r.OpeningMS) / 1000
	s.OpeningLeastS, s.OpeningMostS = planned*150/195, planned*240/195
	most := float64(r.HandoverMostMS) / 1000
	s.HandoverLeastS, s.HandoverMostS = math.Min(s.HandoverLeastS, most), math.Min(s.HandoverMostS, most)
	return s
}

// policy is the rules in the words of the simulator: with guarantees, check-ins
// and a chair who confirms each raise, and texts written to length.
func (r *Rules) policy() Policy {
	p := Policy{
		Name: "rehearsal", Title: "rehearsal", Rule: r.Order, Mode: r.Mode, Strict: r.Strict, Requests: true, Written: true,
		Protocol: true, Confirm: true, MinimumS: -1, Full: true, rules: r,
	}
	switch r.AtLimit {
	case fairness.Hard:
		p.Ending = Cut
	case fairness.Soft:
		p.Ending = Never
	default:
		p.Ending = Gavelled
	}
	if p.Mode == fairness.Fixed {
		p.SlotS = r.MaximumMS / 1000
	}
	return p
}

// apply replaces the default bounds of a situation by the rules' own.
func (r *Rules) apply(s *fairness.Situation) {
	s.GraceMS, s.HandoverMostMS = r.GraceMS, r.HandoverMostMS
	s.Reserve.InitialMS, s.Reserve.KeptMS = r.ReserveMS, r.ReserveKeptMS
	if r.Mode == fairness.Fixed {
		s.GrowthPPM = 0
	}
}

// Rehearse plays the first session of a seed turn by turn, then r.Sessions of
// them for the figures. Same rules, seed and sessions, same result. progress is
// told how many sessions are played; nil is nobody. It ends when ctx does.
func Rehearse(ctx context.Context, r Rules, seed uint64, progress func(done, of int)) (*Rehearsal, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	scenario, policy := r.scenario(), r.policy()
	if err := scenario.Check(); err != nil {
		return nil, err
	}
	g := game{scenario: &scenario, policy: &policy}
	t := newTally(scenario.Applicants())
	played := g.session(seed, 0, t)
	if played.err != nil {
		return nil, fmt.Errorf("playing the session: %w", played.err)
	}
	out := g.rehearsed(played)
	options := Options{Sessions: r.Sessions, Seed: seed, Workers: 1}
	if progress != nil {
		options.Progress = func(done int) { progress(done, r.Sessions) }
	}
	many, err := Run(ctx, scenario, policy, options)
	out.Many = many
	return out, err
}

// rehearsed reads the session that was just played.
func (g *game) rehearsed(o outcome) *Rehearsal {
	out := &Rehearsal{
		Applied: o.Applied, Present: o.Present, Heard: o.Heard, Turns: []RehearsedTurn{}, GuaranteeMS: g.promisedMS,
		ShortestMS: o.ShortestOfferedMS, LongestMS: o.LongestOfferedMS, Cut: o.Cut, Jain: math.Round(o.JainOffered*1e6) / 1e6,
		LimitMS: g.limit() - startMS,
	}
	for k, who := range g.spoken {
		p := &g.players[who]
		out.Turns = append(out.Turns, RehearsedTurn{
			Place: k + 1, Group: g.scenario.Groups[g.fortune.people[who].group].Name, Remote: g.fortune.people[who].remote(), CalledMS: p.givenMS - startMS, BegunMS: p.begunMS - startMS,
			EndedMS: p.endedMS - startMS, OfferedMS: p.offeredMS, UsedMS: p.usedMS, Cut: p.cut,
		})
		out.EndedMS = max(out.EndedMS, p.endedMS-startMS)
	}
	slices.SortStableFunc(out.Turns, func(a, b RehearsedTurn) int { return a.Place - b.Place })
	return out
}
