package session

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/fairness"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// MostForeseen is how many speakers a list can be foreseen with: as many as one
// import may bring.
const MostForeseen = 2_000

// Foresight is what one list of a session that is only planned would bring to
// so many speakers. Lengths are ms.
type Foresight struct {
	// Part is the index of the list's part on the agenda; Title and Minutes are its.
	Part    int    `json:"part" doc:"Index of the part on the agenda, from 0"`
	Title   string `json:"title"`
	Minutes int64  `json:"minutes" doc:"Planned length of the part in minutes"`
	// Speakers is for how many this holds; NotReached of them would not be heard.
	Speakers   int `json:"speakers"`
	NotReached int `json:"not_reached" doc:"How many would not be heard when turns and handovers go as usual"`
	// Fits says that all are heard as things usually go, Guaranteed that they are
	// whatever happens within the bounds of the modalities.
	Fits       bool `json:"fits"`
	Guaranteed bool `json:"guaranteed" doc:"All are heard even when every turn overruns as far as it may"`
	// LevelMS is what each can expect, GuaranteeMS what can be promised, WithOneMoreMS
	// the level with one speaker more.
	LevelMS       int64 `json:"level_ms"`
	GuaranteeMS   int64 `json:"guarantee_ms"`
	WithOneMoreMS int64 `json:"with_one_more_ms"`
	// Most is how many fit; MissingMinutes by how many minutes part and session
	// would have to be longer for all of these speakers, zero where all fit or
	// where even a whole day would be too short.
	Most           int   `json:"most" doc:"How many speakers fit"`
	MissingMinutes int64 `json:"missing_minutes" doc:"By how many minutes part and session would have to be longer; 0 when all fit, or a day is too short"`
	// Budget divides the session: opening, reserved, promised, free or short.
	Budget fairness.Budget `json:"budget"`
}

// Foresee says what each list of a session with these modalities, this agenda
// and this length, in minutes, would bring to so many speakers, all of them
// present. It asks PlanOf, the rule that the session itself will be run by. An
// agenda without parts is one item as long as the session. The problem's field
// stands under "args".
func Foresee(m events.Modalities, agenda []events.Part, minutes int64, speakers int) ([]Foresight, error) {
	m, err := CheckModalities(m)
	switch {
	case err != nil:
		return nil, err
	case minutes < 1 || minutes*minuteMS > dayMS:
		return nil, problem.Field("args.minutes", "%d is not between 1 and 1440", minutes).Try("give the session's length in minutes")
	case speakers < 0 || speakers > MostForeseen:
		return nil, problem.Field("args.speakers", "%d is not between 0 and %d", speakers, MostForeseen).Try("give how many will speak on one list")
	}
	if err := CheckRoom(m, 0, clock.Instant(minutes*minuteMS)); err != nil {
		return nil, err
	}
	if len(agenda) == 0 {
		agenda = []events.Part{{Kind: events.Item, Minutes: minutes, HasList: true}}
	}
	out := []Foresight{}
	for at, part := range agenda {
		if part.HasList {
			out = append(out, foreseen{m, agenda, at}.list(minutes, speakers))
		}
	}
	return out, nil
}

// foreseen is the list of one part of a session that is only planned.
type foreseen struct {
	rules  events.Modalities
	agenda []events.Part
	at     int
}

// list answers for one list.
func (f foreseen) list(minutes int64, speakers int) Foresight {
	v := f.plan(minutes, speakers)
	out := Foresight{
		Part: f.at, Title: f.agenda[f.at].Title, Minutes: f.agenda[f.at].Minutes, Speakers: speakers,
		NotReached: v.NotReached, Fits: v.Fits, Guaranteed: v.Guaranteed, LevelMS: v.offered(), GuaranteeMS: min(v.GuaranteeMS, v.offered()),
		WithOneMoreMS: f.plan(minutes, speakers+1).offered(), Budget: v.Budget,
	}
	// Who fits still fits when somebody leaves or time is added: halving finds both ends.
	out.Most = last(MostForeseen, func(n int) bool { return f.plan(minutes, n).Fits })
	longest := int(dayMS/minuteMS - minutes)
	if short := func(n int) bool { return !f.longer(n).plan(minutes+int64(n), speakers).Fits }; short(0) && !short(longest) {
		out.MissingMinutes = int64(1 + last(longest, short))
	}
	return out
}

// longer is the same list with so many minutes more.
func (f foreseen) longer(minutes int) foreseen {
	f.agenda = slices.Clone(f.agenda)
	f.agenda[f.at].Minutes += int64(minutes)
	return f
}

// offered is what an ordinary speaker can expect: the level, or what the
// longest offer is where nobody is limited by it.
func (v *View) offered() int64 {
	var most int64
	for _, e := range v.Entries {
		most = max(most, e.AllotmentMS)
	}
	if len(v.Entries) == 0 {
		return v.LevelMS
	}
	return most
}

// last is the largest number up to most for which it holds. It must hold for
// zero, and from the first number for which it does not, for none.
func last(most int, holds func(int) bool) int {
	low, step := 0, 1
	// The end is mostly near: steps that double until they pass it, then halving.
	for low+step <= most && holds(low+step) {
		low += step
		step *= 2
	}
	high := min(most, low+step-1)
	for low < high {
		if middle := (low + high + 1) / 2; holds(middle) {
			low = middle
		} else {
			high = middle - 1
		}
	}
	return low
}

// plan is the list's plan at the session's planned start, with so many speakers
// who are all there and ask for no length of their own.
func (f foreseen) plan(minutes int64, speakers int) *View {
	const start = clock.Instant(1_000_000_000_000) // any instant: nothing depends on which
	s := New(ids.Derive[ids.Session](ids.Command{}, 0))
	s.Registry.Created, s.Registry.Modalities = true, f.rules
	s.Registry.PlannedStart, s.Registry.HardEnd = start, start.Add(minutes*minuteMS)
	s.Timing.Phase = Planned
	s.Registry.Parts = make([]events.Part, len(f.agenda))
	for i, part := range f.agenda {
		part.ID = ids.Derive[ids.Part](ids.Command{}, i)
		s.Registry.Parts[i] = part
	}
	part := s.Registry.Parts[f.at].ID
	list := &List{State: events.ListOpen}
	s.Queue.Lists[part] = list
	for i := range speakers {
		id := ids.Derive[ids.Entry](ids.Command{}, i)
		list.Order = append(list.Order, id)
		s.Queue.Entries[id] = &Entry{ID: id, Part: part, Kind: events.Statement, State: Waiting, CheckedIn: true}
		s.Queue.EntryOrder = append(s.Queue.EntryOrder, id)
	}
	v := PlanOf(s, part, start)
	return &v
}
