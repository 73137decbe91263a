package bubble

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// undeadlined keeps rapid from asking for the test's deadline, which is in
// another time than the bubble's.
type undeadlined struct{ testing.TB }

// picture is what somebody sees who is about to act.
type picture struct {
	turn  ids.Turn
	begun bool
	phase session.Phase
	list  []ids.Entry
	at    map[session.EntryState][]ids.Entry
	joint []ids.Entry
	swap  []ids.Swap
	undo  ids.Command
}

func (m *meeting) picture() picture {
	p := picture{at: map[session.EntryState][]ids.Entry{}}
	m.look(func(s *session.State) {
		p.turn, p.phase = s.Queue.Turn, s.Timing.Phase
		if t := s.Queue.Running(); t != nil {
			p.begun = !t.BegunAt.IsZero()
		}
		p.list = slices.Clone(s.Queue.List(m.item).Order)
		for _, id := range s.Queue.EntryOrder {
			e := s.Queue.Entries[id]
			p.at[e.State] = append(p.at[e.State], id)
			if len(e.Members) > 0 {
				p.joint = append(p.joint, id)
			}
		}
		for id := range s.Queue.Swaps {
			p.swap = append(p.swap, id)
		}
		slices.SortFunc(p.swap, ids.Swap.Compare)
		if s.Queue.Undo != nil {
			p.undo = s.Queue.Undo.Act
		}
	})
	return p
}

// acts are what somebody of the chair's side or a delegate may do. Each is drawn
// from what is seen, so that most are possible, and some are not.
var acts = []string{
	"next", "next", "next", "next", "begin", "begin", "begin", "begin", "begin", "yield", "end", "end", "withdraw_floor",
	"step_back", "no_show", "give", "undo", "undo", "reassign", "join", "withdraw", "defer", "check_in", "report_absent",
	"to_standby", "return", "return", "propose_swap", "accept_swap", "decline_swap", "swap", "move", "merge", "split",
	"raise_point", "raise_point", "admit_point", "admit_point", "refuse_point", "rule", "rule", "prompt",
	"suspend", "resume_session", "resume_session", "extend_turn", "pause_turn", "resume_turn", "extend_session",
	"close_list", "open_list", "start_part", "set_minimum", "announce", "adjourn", "undo_adjournment",
}

// likely are acts that make sense where the session stands.
func likely(p picture) []string {
	var all []string
	switch {
	case p.phase == session.Adjourned:
		return []string{"undo_adjournment"}
	case p.phase == session.Suspended:
		all = []string{"resume_session", "resume_session", "join", "extend_session"}
	case len(p.at[session.Admitted]) > 0:
		all = []string{"rule", "rule", "suspend", "defer"}
	case p.turn.IsZero():
		all = []string{"next", "next", "next", "give", "undo", "swap", "move", "merge"}
	case !p.begun:
		all = []string{"begin", "begin", "begin", "begin", "no_show", "step_back", "undo", "reassign", "raise_point"}
	default:
		all = []string{
			"next", "next", "end", "yield", "withdraw_floor", "undo", "reassign", "raise_point", "pause_turn", "resume_turn",
			"suspend", "extend_turn", "prompt",
		}
	}
	if len(p.at[session.Raised]) > 0 {
		all = append(all, "admit_point", "admit_point", "admit_point", "refuse_point")
	}
	if len(p.at[session.Standby]) > 0 {
		all = append(all, "return", "return")
	}
	if len(p.swap) > 0 {
		all = append(all, "accept_swap")
	}
	return all
}

// floorActs each release the floor or give it: of those that saw the same turn,
// one at most can happen.
var floorActs = []string{"next", "give", "yield", "end", "withdraw_floor", "step_back", "no_show"}

// draw makes a random command of a verb.
func (m *meeting) draw(t *rapid.T, by events.Actor, verb string) *command.Request {
	p := m.picture()
	one := func(all ...ids.Entry) ids.Entry {
		if len(all) == 0 {
			all = append(p.list, ids.New[ids.Entry]())
		}
		return all[rapid.IntRange(0, len(all)-1).Draw(t, "which")]
	}
	delegate := m.delegates[rapid.IntRange(0, len(m.delegates)-1).Draw(t, "delegate")]
	var args any = command.None{}
	switch verb {
	case "begin":
		args = command.Begin{Turn: p.turn}
	case "yield", "end", "withdraw_floor", "step_back", "no_show", "pause_turn", "resume_turn":
		args = command.TurnRef{Turn: p.turn}
	case "give", "withdraw", "defer", "check_in", "report_absent", "to_standby":
		args = command.EntryRef{Entry: one(p.list...)}
	case "split":
		args = command.EntryRef{Entry: one(p.joint...)}
	case "return":
		args = command.EntryRef{Entry: one(p.at[session.Standby]...)}
	case "admit_point", "refuse_point":
		args = command.EntryRef{Entry: one(p.at[session.Raised]...)}
	case "rule":
		args = command.Rule{Entry: one(p.at[session.Admitted]...), Ruling: events.Noted}
	case "undo":
		args = command.ActRef{Act: p.undo}
	case "reassign":
		args = command.Reassign{Turn: p.turn, Entry: one(append(p.list, p.at[session.Standby]...)...)}
	case "join":
		args = command.Join{Part: m.item, Applicant: delegate.Applicant, Kind: rapid.SampledFrom([]events.EntryKind{
			events.Statement, events.Statement, events.Question, events.RightOfReply,
		}).Draw(t, "kind")}
	case "propose_swap", "swap":
		args = command.ProposeSwap{Entry: one(p.list...), With: one(p.list...)}
	case "accept_swap", "decline_swap":
		ref := command.SwapRef{Swap: ids.New[ids.Swap]()}
		if len(p.swap) > 0 {
			ref.Swap = p.swap[0]
		}
		args = ref
	case "move":
		args = command.Move{Entry: one(p.list...), After: one(p.list...)}
	case "merge":
		args = command.Merge{Lead: one(p.list...), Members: []ids.Entry{one(p.list...)}}
	case "raise_point":
		by, args = delegate, command.RaisePoint{}
	case "prompt":
		args = command.PromptArgs{Turn: p.turn, Kind: events.SlowDown}
	case "extend_turn":
		args = command.ExtendTurn{Turn: p.turn, ByMS: 10_000}
	case "extend_session":
		args = command.ExtendSession{ByMS: 60_000}
	case "close_list":
		args = command.CloseList{Part: m.item, At: rapid.SampledFrom([]clock.Instant{0, now().Add(20_000)}).Draw(t, "closes")}
	case "open_list", "start_part":
		args = command.PartRef{Part: m.item}
	case "set_minimum":
		args = command.SetMinimum{MinimumMS: 30_000}
	case "announce":
		args = command.Announce{Part: m.item}
	}
	return m.request(by, verb, args, m.seen(verb, args))
}

// contest lets two chairs act at the same instant on what both see, while a
// replica may go; of two acts that take the floor away from the same turn or
// give it, one happens.
func (m *meeting) contest(t *rapid.T) {
	verbs := [2]string{}
	var requests []*command.Request
	for i, by := range []events.Actor{chair, vice} {
		verbs[i] = rapid.SampledFrom(append(acts, floorActs...)).Draw(t, "contested")
		requests = append(requests, m.draw(t, by, verbs[i]))
	}
	meanwhile, goes := func() {}, rapid.IntRange(0, 5).Draw(t, "goes") == 0
	of := rapid.SampledFrom([]events.Context{events.Queue, events.Timing}).Draw(t, "of")
	if goes {
		meanwhile = m.stack.retire(of)
	}
	answers := m.together(meanwhile, requests...)
	if goes {
		m.stack.start(of)
	}
	if slices.Contains(floorActs, verbs[0]) && slices.Contains(floorActs, verbs[1]) && answers[0].err == nil && answers[1].err == nil {
		t.Errorf("%s and %s of the same turn were both accepted", verbs[0], verbs[1])
	}
}

// stale sends what somebody saw before somebody else acted.
func (m *meeting) stale(t *rapid.T) {
	old := m.draw(t, vice, rapid.SampledFrom(floorActs).Draw(t, "stale"))
	first := m.draw(t, chair, rapid.SampledFrom(floorActs).Draw(t, "first"))
	if _, err := m.twice(first); err != nil {
		return
	}
	if _, err := m.twice(old); err == nil {
		t.Errorf("%s was accepted after %s of the same turn", old.Verb, first.Verb)
	}
}

// live draws a session and lets it happen.
func (s *stack) live(t *rapid.T, longest int) *meeting {
	m := s.open(t, agenda{
		minutes: 30, applicants: rapid.IntRange(2, 8).Draw(t, "applicants"),
		modalities: func(mod *events.Modalities) {
			mod.Limit = rapid.SampledFrom([]events.LimitMode{events.Gavel, events.Soft, events.Hard}).Draw(t, "limit")
			mod.Evidence = rapid.SampledFrom([]events.Evidence{events.EvidenceKeyed, events.EvidenceKeyed, events.EvidenceNone}).Draw(t, "evidence")
		},
	})
	m.must(office, "open_list", command.PartRef{Part: m.item})
	for _, d := range m.delegates {
		m.must(d, "join", command.Join{Part: m.item})
	}
	m.must(office, "close_list", command.CloseList{Part: m.item})
	m.must(chair, "start_session", command.None{})
	m.must(chair, "start_part", command.PartRef{Part: m.item})
	for range rapid.IntRange(longest/2, longest).Draw(t, "acts") {
		// Small numbers are drawn most.
		switch rapid.IntRange(0, 11).Draw(t, "what") {
		case 10, 11:
			m.contest(t)
		case 9:
			m.stale(t)
		case 3, 5, 7:
			sleep(rapid.SampledFrom([]int64{5_000, 1, 30_000, 700, 20_000, 64_000}).Draw(t, "wait"))
		default:
			by := rapid.SampledFrom([]events.Actor{chair, vice}).Draw(t, "by")
			// A refusal is an answer like another; twice has looked at it.
			from := likely(m.picture())
			if rapid.IntRange(0, 3).Draw(t, "sense") == 3 {
				from = acts
			}
			_, _ = m.twice(m.draw(t, by, rapid.SampledFrom(from).Draw(t, "act")))
		}
	}
	if rapid.IntRange(0, 3).Draw(t, "replace") == 0 {
		s.replace(rapid.SampledFrom(contexts).Draw(t, "of"))
	}
	if p := m.picture(); p.phase != session.Adjourned {
		m.must(chair, "adjourn", command.None{})
	}
	return m
}

// TestRandomSessions draws sessions of 2 to 8 speakers in which anything may
// happen, with two chairs who act at once and on what is over, and holds each of
// them to everything that must be so: one holder at most, time conserved to the
// millisecond, no place lost, and the fold of the log is every replica's state.
func TestRandomSessions(t *testing.T) {
	longest := 30
	if long() {
		longest = 50
	}
	logtest.Bubble(t, func(t *testing.T) {
		s := newStack(t, builders())
		sessions, turns, commands := 0, 0, 0
		rapid.Check(undeadlined{t}, func(t *rapid.T) {
			m := s.live(t, longest)
			a := m.check()
			m.verified()
			sessions, turns, commands = sessions+1, turns+len(a.floor.turns), commands+len(m.accepted)
		})
		t.Logf("%d sessions with %d turns and %d accepted commands", sessions, turns, commands)
		if turns < sessions {
			t.Errorf("%d turns in %d sessions: they show nothing", turns, sessions)
		}
	})
}
