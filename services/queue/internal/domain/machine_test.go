package domain_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

// machine drives whole sessions with whatever may be asked, sensible or not.
type machine struct {
	*stage
	t *rapid.T
	// accepted are the entries that were let on a list, and must never be lost.
	accepted map[ids.Entry]bool
	// picks counts the draws, so that small numbers do not always mean the same.
	picks uint64
}

// pick draws one of n evenly. What rapid draws itself leans to the first of
// everything, and sessions would hardly ever get beyond their beginning.
func (m *machine) pick(n int, what string) int {
	m.picks++
	drawn := rapid.Uint64().Draw(m.t, what) + m.picks*0x9e3779b97f4a7c15
	drawn = (drawn ^ drawn>>30) * 0xbf58476d1ce4e5b9
	drawn = (drawn ^ drawn>>27) * 0x94d049bb133111eb
	return int((drawn ^ drawn>>31) % uint64(n))
}

func pickFrom[T any](m *machine, all []T, what string) T { return all[m.pick(len(all), what)] }

// people who ask in the machine.
func (m *machine) actor() events.Actor {
	if m.pick(3, "a delegate") == 0 {
		return delegate(m.pick(7, "of"))
	}
	return pickFrom(m, []events.Actor{chair, secretariat, chair, secretariat, viceChair, organiser, technician, observer}, "actor")
}

func (m *machine) anEntry() ids.Entry {
	known := append([]ids.Entry{sessiontest.ID[ids.Entry]("unknown")}, m.State.Queue.EntryOrder...)
	if m.turn() != nil && m.pick(4, "the holder") == 0 {
		return m.turn().Entry
	}
	// The later ones are more often still of interest.
	return known[len(known)-1-m.pick(len(known), "entry from the end")]
}

// fitting is mostly an entry that a verb suits.
func (m *machine) fitting(suits func(*session.Entry) bool) ids.Entry {
	var all []ids.Entry
	for _, id := range m.State.Queue.EntryOrder {
		if suits(m.State.Queue.Entries[id]) {
			all = append(all, id)
		}
	}
	if len(all) == 0 || m.pick(5, "any") == 0 {
		return m.anEntry()
	}
	return pickFrom(m, all, "fitting entry")
}

func (m *machine) waits() ids.Entry {
	return m.fitting(func(e *session.Entry) bool { return e.State == session.Waiting && e.Part == item })
}

func (m *machine) aTurn() ids.Turn {
	order := m.State.Queue.TurnOrder
	if len(order) == 0 || m.pick(4, "the running turn") > 0 {
		return m.State.Queue.Turn
	}
	return pickFrom(m, order, "turn")
}

func (m *machine) past() ids.Turn {
	var over []ids.Turn
	for _, id := range m.State.Queue.TurnOrder {
		if t := m.State.Queue.Turns[id]; t.Stands() && !t.EndedAt.IsZero() {
			over = append(over, id)
		}
	}
	if len(over) == 0 {
		return m.aTurn()
	}
	return pickFrom(m, over, "past turn")
}

func (m *machine) aTime() clock.Instant {
	if rapid.Bool().Draw(m.t, "no time") {
		return 0
	}
	return m.Now.Add(int64(m.pick(201_000, "ago") - 200_000))
}

func (m *machine) aPart() ids.Part {
	return pickFrom(m, []ids.Part{item, item, item, sessiontest.Questions, sessiontest.Opening}, "part")
}

// args makes arguments for a verb.
func (m *machine) args(verb string) any {
	kind := func() events.EntryKind {
		return pickFrom(m, append(events.EntryKinds(), "", events.Statement), "kind")
	}
	switch verb {
	case "open_list":
		return command.PartRef{Part: m.aPart()}
	case "close_list":
		at := clock.Instant(0)
		if rapid.Bool().Draw(m.t, "later") {
			at = m.Now.Add(30_000)
		}
		return command.CloseList{Part: m.aPart(), At: at}
	case "set_aside":
		return command.SetAside{Part: item, How: pickFrom(m, events.AsideHows(), "how"), Places: int64(1 + m.pick(4, "places"))}
	case "call_back":
		return command.PartRef{Part: item}
	case "join":
		j := command.Join{Part: m.aPart(), Kind: kind()}
		if rapid.Bool().Draw(m.t, "named") {
			j.Applicant = applicant(m.pick(9, "applicant"))
		}
		return j
	case "propose_swap", "swap":
		return command.ProposeSwap{Entry: m.waits(), With: m.waits()}
	case "accept_swap", "decline_swap":
		return m.aSwap()
	case "hand_over":
		args := command.HandOver{Entry: m.waits(), Delegate: sessiontest.Person(m.pick(7, "person"))}
		for i := range 7 {
			if e := m.State.Queue.Entries[args.Entry]; e != nil && e.Applicant == applicant(i) {
				args.Delegate = sessiontest.Person(i + 10*m.pick(2, "colleague"))
			}
		}
		return args
	case "move":
		args := command.Move{Entry: m.waits(), Before: m.waits()}
		if rapid.Bool().Draw(m.t, "after") {
			args.Before, args.After = ids.Entry{}, args.Before
		}
		return args
	case "merge":
		return command.Merge{Lead: m.waits(), Members: []ids.Entry{m.waits(), m.waits()}[:1+m.pick(2, "members")]}
	case "note_presence":
		return command.NotePresence{Entry: m.anEntry(), Basis: pickFrom(m, []events.Basis{events.InRoom, events.Seen, events.ByCheckIn}, "basis")}
	case "next":
		return command.None{}
	case "begin":
		b := command.Begin{Turn: m.State.Queue.Turn}
		if m.pick(4, "some time ago") == 0 {
			b.At = m.aTime()
		}
		return b
	case "yield", "end", "withdraw_floor", "step_back", "no_show", "assume_begun", "end_at_limit", "end_with_session":
		return command.TurnRef{Turn: m.aTurn()}
	case "raise_point":
		return command.RaisePoint{}
	case "split":
		return command.EntryRef{Entry: m.fitting(func(e *session.Entry) bool { return len(e.Members) > 0 })}
	case "return":
		return command.EntryRef{Entry: m.fitting(func(e *session.Entry) bool { return e.State == session.Standby })}
	case "rule":
		return command.Rule{Entry: m.point(), Ruling: events.Noted}
	case "admit_point", "refuse_point":
		return command.EntryRef{Entry: m.point()}
	case "undo":
		return command.ActRef{Act: m.anAct()}
	case "reassign":
		return command.Reassign{Turn: m.aTurn(), Entry: m.anEntry()}
	case "correct_turn":
		c := command.CorrectTurn{Turn: m.past(), BegunAt: m.aTime(), EndedAt: m.aTime()}
		if rapid.Bool().Draw(m.t, "another") {
			c.Entry = m.anEntry()
		}
		return c
	case "enter_turn":
		return command.EnterTurn{Entry: m.anEntry(), BegunAt: m.aTime(), EndedAt: m.aTime()}
	case "confirm_microphone":
		return command.ConfirmMicrophone{Seq: m.State.Queue.Microphone.Seq - rapid.SampledFrom([]int64{0, 0, 1}).Draw(m.t, "late")}
	case "prompt":
		return command.PromptArgs{Turn: m.aTurn(), Kind: events.SlowDown}
	default:
		return command.EntryRef{Entry: m.anEntry()}
	}
}

func (m *machine) aSwap() command.SwapRef {
	all := []ids.Swap{{}}
	for id := range m.State.Queue.Swaps {
		all = append(all, id)
	}
	slices.SortFunc(all, ids.Swap.Compare)
	return command.SwapRef{Swap: pickFrom(m, all, "swap")}
}

func (m *machine) point() ids.Entry {
	q := &m.State.Queue
	if q.Point != nil && rapid.Bool().Draw(m.t, "the one that is heard") {
		return q.Point.Entry
	}
	if len(q.Raised) > 0 {
		return pickFrom(m, q.Raised, "point")
	}
	return m.anEntry()
}

func (m *machine) anAct() ids.Command {
	if u := m.State.Queue.Undo; u != nil {
		return u.Act
	}
	return sessiontest.ID[ids.Command]("no act")
}

// request is anything that somebody might ask; mostly they see what is so.
func (m *machine) request(verb string, by events.Actor) *command.Request {
	r := reasoned(ask(by, verb, m.args(verb)))
	if m.pick(10, "sees nothing") == 0 {
		return r
	}
	turn, head, act := m.State.Queue.Turn, m.head(), m.anAct()
	r.Expect = &command.Expect{Turn: &turn, Entry: &head, Act: &act, Entries: map[ids.Entry]string{}}
	if verb == "set_aside" || verb == "call_back" {
		r.Expect.Plan = m.State.PlanDigest()
	}
	if verb == "give" {
		var named command.EntryRef
		if err := json.Unmarshal(r.Args, &named); err != nil {
			m.t.Fatal(err)
		}
		r.Expect.Entry = &named.Entry
	}
	if slices.Contains([]string{"swap", "move", "merge", "split"}, verb) {
		for id, e := range m.State.Queue.Entries {
			r.Expect.Entries[id] = string(e.State)
		}
	}
	if m.pick(20, "sees what was") == 0 {
		old := sessiontest.ID[ids.Turn]("old")
		r.Expect.Turn = &old
	}
	return r
}

// step asks, and follows what was decided.
func (m *machine) step(verb string, by events.Actor) {
	r := m.request(verb, by)
	var before floorState
	if slices.Contains(theFloor, verb) {
		before = m.floor()
	}
	undoable := m.State.Queue.Undo
	d, err := m.decide(r)
	if err != nil {
		var p *problem.Error
		if !errors.As(err, &p) || p.Code == problem.Internal || p.Do == "" {
			m.t.Fatalf("%s %s is refused with %v", verb, r.Args, err)
		}
		return
	}
	for _, e := range d.Events {
		if joined, ok := e.(*events.EntryJoined); ok {
			m.accepted[joined.Entry] = true
			if got := m.State.Queue.Place(joined.Entry); got != joined.Place {
				m.t.Fatalf("the receipt says place %d, the list %d", joined.Place, got)
			}
		}
		if given, ok := e.(*events.FloorGiven); ok && rapid.Bool().Draw(m.t, "opened") {
			m.opened(60_000)
			_ = given
		}
	}
	u := m.State.Queue.Undo
	if u == nil || u == undoable || u.Act != r.ID || m.State.Timing.Phase != session.Running || !rapid.Bool().Draw(m.t, "undone at once") {
		return
	}
	m.must(m.undo())
	if after := m.floor(); !reflect.DeepEqual(after, before) {
		m.t.Fatalf("%s and its undo left\n%+v\nnot\n%+v", verb, after, before)
	}
}

// check holds after every step.
func (m *machine) check(t *rapid.T) {
	m.t, m.stage.t = t, t
	q := &m.State.Queue
	open, standing := []ids.Turn{}, []*session.Turn{}
	for _, id := range q.TurnOrder {
		turn := q.Turns[id]
		if turn.EndedAt.IsZero() {
			open = append(open, id)
		}
		if turn.Stands() {
			standing = append(standing, turn)
		}
	}
	if len(open) > 1 || len(open) == 1 && open[0] != q.Turn || len(open) == 0 && !q.Turn.IsZero() {
		t.Fatalf("open turns are %v, and %q has the floor", open, q.Turn)
	}
	slices.SortFunc(standing, func(a, b *session.Turn) int { return int(a.BegunAt - b.BegunAt) })
	for i := 1; i < len(standing); i++ {
		if end := standing[i-1].EndedAt; end.IsZero() || end > standing[i].BegunAt {
			t.Fatalf("two turns overlap: %+v and %+v", standing[i-1], standing[i])
		}
	}
	m.checkPlaces(t)
	for _, swap := range q.Swaps {
		if q.Entries[swap.Entry].State != session.Waiting || q.Entries[swap.With].State != session.Waiting {
			t.Fatalf("a proposal names an entry that does not wait: %+v", swap)
		}
	}
	if q.Point != nil && q.Entries[q.Point.Entry].State != session.Admitted {
		t.Fatalf("the point that is heard is %s", q.Entries[q.Point.Entry].State)
	}
}

// checkPlaces: every accepted entry is in exactly one state and, when it waits,
// at exactly one place.
func (m *machine) checkPlaces(t *rapid.T) {
	q := &m.State.Queue
	seen := map[ids.Entry]int{}
	for part, list := range q.Lists {
		for _, id := range list.Order {
			seen[id]++
			if e := q.Entries[id]; e.State != session.Waiting || e.Part != part {
				t.Fatalf("an entry on a list is %s, of part %s", e.State, e.Part)
			}
		}
	}
	led := map[ids.Entry]ids.Entry{}
	for id, e := range q.Entries {
		for _, member := range e.Members {
			if _, twice := led[member]; twice {
				t.Fatalf("an entry is part of two joint statements")
			}
			led[member] = id
		}
	}
	for id, e := range q.Entries {
		if (e.State == session.Waiting) != (seen[id] == 1) || seen[id] > 1 {
			t.Fatalf("an entry that is %s stands on lists %d times", e.State, seen[id])
		}
		if holds := m.turn() != nil && m.turn().Entry == id; holds != (e.State == session.OnFloor) {
			t.Fatalf("an entry is %s, and has the floor: %t", e.State, holds)
		}
		if lead, member := led[id]; member != (e.State == session.Merged) || member && lead != e.MergedInto {
			t.Fatalf("an entry is %s, led by %q, and says %q", e.State, lead, e.MergedInto)
		}
		if (e.Aside != nil) != (e.State == session.SetAside) {
			t.Fatalf("an entry is %s, and set aside: %+v", e.State, e.Aside)
		}
		if slices.Contains(q.Raised, id) != (e.State == session.Raised) {
			t.Fatalf("a point is %s, and waits for the chair: %t", e.State, slices.Contains(q.Raised, id))
		}
	}
	for id := range m.accepted {
		if q.Entries[id] == nil {
			t.Fatalf("entry %s is lost", id)
		}
	}
}

// TestWhateverIsAsked is a machine over all verbs: one holder at most, no turns
// that overlap, no place lost, undo restores the exact former order, and the
// fold of the stored log is the state.
func TestWhateverIsAsked(t *testing.T) {
	var verbs []string
	for _, v := range queueVerbs() {
		if !slices.Equal(v.Roles, []events.Role{events.System}) {
			verbs = append(verbs, v.Name)
		}
	}
	did := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		change := rapid.SampledFrom([]func(*events.SessionCreated){nil, hard, unevidenced, crowded}).Draw(t, "modalities")
		m := &machine{stage: started(t, 7, rapid.IntRange(0, 5).Draw(t, "joined"), change), t: t, accepted: map[ids.Entry]bool{}}
		for i := range 7 {
			m.Append(events.Registry, secretariat, "add_person", &events.PersonAdded{Person: sessiontest.Person(10 + i), Applicant: applicant(i)})
		}
		m.Before = func(c *events.Commit) { did[c.Verb]++ }
		for _, id := range m.State.Queue.EntryOrder {
			m.accepted[id] = true
		}
		t.Repeat(map[string]func(*rapid.T){"": m.check, "the session goes on": func(t *rapid.T) {
			m.t, m.stage.t = t, t
			for range 12 {
				m.goOn(verbs)
				m.check(t)
			}
		}})
		m.SameAgain()
	})
	for _, verb := range verbs {
		if did[verb] == 0 {
			t.Errorf("%s was never accepted: the machine does not reach it", verb)
		}
	}
	t.Logf("accepted: %v", fmt.Sprint(did))
}

// crowded has a minimum with which three do not fit.
func crowded(c *events.SessionCreated) {
	c.Modalities.MinimumMS, c.Modalities.MaximumMS = 1_800_000, 3_600_000
}

// theFloor are the verbs that make a session go on.
var theFloor = []string{
	"next", "give", "begin", "begin", "yield", "end", "withdraw_floor", "step_back", "no_show",
	"raise_point", "admit_point", "refuse_point", "rule", "undo", "reassign", "correct_turn", "enter_turn",
}

// goOn lets one thing happen.
func (m *machine) goOn(verbs []string) {
	if phase := m.State.Timing.Phase; phase != session.Running && m.pick(3, "goes on") == 0 {
		if phase == session.Suspended {
			m.resume()
			return
		}
		m.Append(events.Timing, chair, "undo_adjournment", &events.AdjournmentUndone{})
		return
	}
	if len(m.State.Queue.Swaps) > 0 && m.pick(6, "an answer") == 0 {
		m.step(pickFrom(m, []string{"accept_swap", "decline_swap"}, "answer"), secretariat)
		return
	}
	if len(m.State.AsideOf(item)) > 0 && m.pick(4, "back again") == 0 {
		m.step("call_back", chair)
		return
	}
	switch n := m.pick(100, "what happens"); {
	case n < 45:
		m.step(pickFrom(m, verbs, "verb"), m.actor())
	case n < 75:
		m.step(pickFrom(m, theFloor, "floor verb"), pickFrom(m, []events.Actor{chair, chair, secretariat, delegate(0), delegate(3)}, "who"))
	case n < 82:
		if m.State.Queue.List(item).State != events.ListOpen {
			m.step("open_list", chair)
		}
		m.step("join", delegate(m.pick(7, "delegate")))
	case n < 96:
		m.Now = m.Now.Add(int64(1 + m.pick(40_000, "ms")))
		if turn := m.turn(); turn != nil && m.State.Timing.Turns[turn.ID] != nil {
			if limit, ok := m.State.LimitOf(turn, 65_000); ok && m.Now >= limit {
				m.mark(events.MarkGrace, limit)
			}
		}
		m.due()
	case m.State.Timing.Phase != session.Running:
	case n < 99:
		m.suspend()
	default:
		m.adjourn()
		m.due()
	}
}
