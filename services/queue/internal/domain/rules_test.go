package domain_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
	"github.com/fairfloor/fairfloor/services/queue/internal/domain"
)

// TestFirstComeFirstServedIsLiveInQueue: fixed at the close of the list, what was
// moved before then counts for nothing, and no lot is waited for.
func TestFirstComeFirstServedIsLiveInQueue(t *testing.T) {
	s := ruled(t, session.OrderFirstCome, []applicantOf{{group: "a"}, {group: "b"}, {group: "a"}, {group: "b"}}, 3)
	moved, anchor := s.mine(2), s.mine(0)
	s.must(s.seeing(reasoned(ask(chair, "move", command.Move{Entry: moved, Before: anchor})), moved, anchor))
	same(t, "the draft", s.order(), []int{2, 0, 1})
	s.fix()
	e := s.react()
	same(t, "the order", s.order(), []int{0, 1, 2})
	same(t, "the rule", e.Rule, session.OrderFirstCome)
	s.must(ask(secretariat, "join", command.Join{Part: sessiontest.Item, Applicant: applicant(3)}))
	same(t, "with a latecomer", s.order(), []int{0, 1, 2, 3})
	same(t, "what is still due", len(domain.Due(s.State)), 0)
	s.SameAgain()
}

// TestTheSecretariatsOwnListIsLiveInQueue: those on it in its order, the others
// behind in the order of joining.
func TestTheSecretariatsOwnListIsLiveInQueue(t *testing.T) {
	s := ruled(t, session.OrderBySecretariat, make([]applicantOf, 6), 5)
	s.ranks = map[ids.Entry]int64{s.mine(4): 1, s.mine(1): 2}
	s.fix()
	s.react()
	same(t, "the order", s.order(), []int{4, 1, 0, 2, 3})
	s.must(ask(secretariat, "join", command.Join{Part: sessiontest.Item, Applicant: applicant(5)}))
	same(t, "with a latecomer", s.order(), []int{4, 1, 0, 2, 3, 5})
	s.SameAgain()
}

// TestForAndAgainstInTurnIsLiveInQueue, those who are neither behind; a latecomer
// joins the tail of their own side.
func TestForAndAgainstInTurnIsLiveInQueue(t *testing.T) {
	all := []applicantOf{{stance: events.For}, {}, {stance: events.For}, {stance: events.Against}, {stance: events.For}, {stance: events.Against}, {stance: events.Against}}
	s := ruled(t, session.OrderForAgainst, all, 6)
	s.ordered()
	stances := func() (out []events.Stance) {
		for _, id := range s.State.Queue.List(sessiontest.Item).Order {
			out = append(out, s.State.Queue.Entries[id].Stance)
		}
		return out
	}
	want := []events.Stance{events.For, events.Against, events.For, events.Against, events.For, ""}
	same(t, "the sides", stances(), want)
	s.must(ask(secretariat, "join", command.Join{Part: sessiontest.Item, Applicant: applicant(6), Stance: events.Against}))
	same(t, "with a latecomer", stances(), append(want, events.Against))
	s.SameAgain()
}

// TestAStanceIsForOrAgainstAndOfAStatementAlone.
func TestAStanceIsForOrAgainstAndOfAStatementAlone(t *testing.T) {
	s := started(t, 4, 1, nil)
	s.refused(ask(delegate(1), "join", command.Join{Part: sessiontest.Item, Stance: "perhaps"}), problem.Invalid, "stance")
	s.speaks()
	s.refused(ask(delegate(1), "join", command.Join{Part: sessiontest.Item, Kind: events.Question, Stance: events.For}), problem.Invalid, "stance")
	s.must(ask(delegate(1), "join", command.Join{Part: sessiontest.Item, Stance: events.For}))
	same(t, "the stance", s.entry(1).Stance, events.For)
}

// TestTheRuleInForceIsSaidInPlainWords, each rule in its own.
func TestTheRuleInForceIsSaidInPlainWords(t *testing.T) {
	seen := map[string]string{}
	for _, rule := range session.Orders() {
		words := session.OrderWords(rule, []string{"states", "others"})
		if len(words) < 60 || !strings.HasSuffix(words, ".") || strings.Contains(words, "_") || seen[words] != "" {
			t.Errorf("%s says %q, as %s does", rule, words, seen[words])
		}
		seen[words] = rule
	}
}

// TestAChairsRelativeMoveNeverFailsBecauseSomebodyJoinedMeanwhile, or left, spoke
// or moved, as long as the two still wait: it is a property of any list.
func TestAChairsRelativeMoveNeverFailsBecauseSomebodyJoinedMeanwhile(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := started(rt, 9, 5, nil)
		who, anchor := s.mine(rapid.IntRange(0, 4).Draw(rt, "who")), s.mine(rapid.IntRange(0, 4).Draw(rt, "anchor"))
		if who == anchor {
			return
		}
		after := rapid.Bool().Draw(rt, "after")
		move := command.Move{Entry: who, Before: anchor}
		if after {
			move = command.Move{Entry: who, After: anchor}
		}
		// What the chair saw, before the others act.
		press := s.seeing(reasoned(ask(chair, "move", move)), who, anchor)
		for i := 5; i < 5+rapid.IntRange(0, 4).Draw(rt, "joins"); i++ {
			s.join(i)
		}
		for i := range 5 {
			if e := s.mine(i); e != who && e != anchor && rapid.Bool().Draw(rt, "leaves") {
				s.must(ask(secretariat, "withdraw", command.EntryRef{Entry: e}))
			}
		}
		if rapid.Bool().Draw(rt, "deferred") {
			_, _ = s.decide(ask(secretariat, "defer", command.EntryRef{Entry: who}))
		}
		_, err := s.decide(press)
		if err != nil && problem.From(err).Code != problem.Already {
			rt.Fatalf("the move is refused: %v", err)
		}
		order := s.State.Queue.List(sessiontest.Item).Order
		at, of := slices.Index(order, who), slices.Index(order, anchor)
		if after && at != of+1 || !after && at != of-1 {
			rt.Fatalf("after the move %d stands at %d of %v", at, of, order)
		}
	})
}

// TestRightsOfReplyComeAtTheEndOfTheItemShorterAndCounted.
func TestRightsOfReplyComeAtTheEndOfTheItemShorterAndCounted(t *testing.T) {
	s := started(t, 9, 4, nil) // 0, 3 and 6 are states, which have the right; the maximum is 180 s
	reply := func(i int, ms int64) *command.Request {
		return ask(delegate(i), "join", command.Join{Part: sessiontest.Item, Kind: events.RightOfReply, RequestedMS: ms})
	}
	s.speaks()
	s.must(reply(3, 0))
	same(t, "the first", s.entry(3).RequestedMS, 90_000)
	s.join(5) // a statement goes before it
	kinds := func() (out []events.EntryKind) {
		for _, id := range s.State.Queue.List(sessiontest.Item).Order {
			out = append(out, s.State.Queue.Entries[id].Kind)
		}
		return out
	}
	same(t, "the list", kinds(), []events.EntryKind{events.Statement, events.Statement, events.Statement, events.Statement, events.RightOfReply})
	s.must(reply(6, 40_000))
	same(t, "less was asked for", s.entry(6).RequestedMS, 40_000)
	s.refused(reply(3, 0), problem.Already, "applicant") // one at a time
	for len(s.order()) > 0 {
		s.speaks()
	}
	// 3 replied; their second is half as long, and there is no third.
	s.must(reply(3, 120_000))
	same(t, "the second", s.entry(3).RequestedMS, 45_000)
	s.speaks()
	s.must(s.onTurn(chair, "end"))
	p := s.refused(reply(3, 0), problem.WrongState, "kind")
	if !strings.Contains(p.Detail, "2 rights of reply") {
		t.Errorf("the third: %s", p.Detail)
	}
	// The modalities say otherwise; and who has no such right is told.
	other := started(t, 9, 1, func(c *events.SessionCreated) { c.Modalities.ReplyMS, c.Modalities.Replies = 60_000, 1 })
	other.speaks()
	other.must(reply(3, 0))
	same(t, "by the modalities", other.entry(3).RequestedMS, 60_000)
	other.speaks()
	other.must(other.onTurn(chair, "end"))
	other.refused(reply(3, 0), problem.WrongState, "kind")
	other.refused(reply(1, 0), problem.Forbidden, "kind")
	s.SameAgain()
}

// TestQuestionsToTheHolderComeStraightAfterTheTurn, in the order in which they
// were put, before everybody who waits for a statement.
func TestQuestionsToTheHolderComeStraightAfterTheTurn(t *testing.T) {
	s := started(t, 9, 4, nil)
	s.speaks()
	for _, i := range []int{7, 8} {
		s.must(ask(delegate(i), "join", command.Join{Part: sessiontest.Item, Kind: events.Question}))
	}
	same(t, "the list", s.order(), []int{7, 8, 1, 2, 3})
	s.speaks()
	same(t, "the asker", s.State.Queue.Entries[s.turn().Entry].Applicant, applicant(7))
}

// TestSwapsAreByConsentOfBoth: nothing moves until the other side says yes.
func TestSwapsAreByConsentOfBoth(t *testing.T) {
	s := started(t, 6, 6, nil)
	d := s.must(ask(delegate(1), "propose_swap", command.ProposeSwap{Entry: s.mine(1), With: s.mine(4)}))
	swap := d.Events[0].(*events.SwapProposed).Swap
	same(t, "proposed", s.order(), []int{0, 1, 2, 3, 4, 5})
	s.refused(ask(delegate(1), "accept_swap", command.SwapRef{Swap: swap}), problem.Forbidden, "swap")
	s.must(ask(delegate(4), "accept_swap", command.SwapRef{Swap: swap}))
	same(t, "accepted", s.order(), []int{0, 4, 2, 3, 1, 5})
}
