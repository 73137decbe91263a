package domain_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/fairness/lot"
	"github.com/fairfloor/fairfloor/pkg/fairness/measures"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
	"github.com/fairfloor/fairfloor/services/queue/internal/domain"
)

// applicantOf is what a test says of an applicant, for its list's rule.
type applicantOf struct {
	group, region, category string
	first, remote           bool
	stance                  events.Stance
}

// ruled is a planned session with a rule, whose applicants all joined the list
// in their order; late ones may join when the list is closed.
func ruled(t sessiontest.TB, rule string, all []applicantOf, joined int) *stage {
	s := &stage{Log: sessiontest.Empty(t), t: t}
	s.Sample(0, func(c *events.SessionCreated) { c.Modalities.Order = rule })
	for i, a := range all {
		s.Accepted(i, func(e *events.ApplicantApplied) {
			e.Group, e.Region, e.FirstTime, e.Remote = a.group, a.region, a.first, a.remote
			if a.category != "" {
				e.Category = a.category
			}
		})
	}
	s.must(ask(chair, "open_list", command.PartRef{Part: sessiontest.Item}))
	for i := range joined {
		s.must(ask(delegate(i), "join", command.Join{Part: sessiontest.Item, Stance: all[i].stance}))
	}
	return s
}

// fix writes what the registry does: it fixes the waiting statements. draw
// draws their lot; the draft's own code and randomness do for every test.
func (s *stage) fix() {
	s.must(ask(chair, "close_list", command.CloseList{Part: sessiontest.Item}))
	f := &events.ListFixed{Part: sessiontest.Item, Rule: s.State.Registry.Modalities.Order, Categories: s.State.Registry.Modalities.OrderCategories}
	for i, id := range s.State.Queue.EntryOrder {
		e := s.State.Queue.Entries[id]
		if e.Part != sessiontest.Item || e.Kind != events.Statement || e.State != session.Waiting {
			continue
		}
		a := s.State.Registry.Applicants[e.Applicant]
		f.Inputs = append(f.Inputs, events.OrderInput{
			Entry: id, Label: a.Organisation, Group: a.Group, Region: a.Region, Category: a.Category,
			FirstTime: a.FirstTime, Remote: a.Remote, Joined: int64(i) + 1, Stance: e.Stance, Rank: s.ranks[id],
		})
	}
	if !session.DrawsLot(f.Rule) {
		s.Append(events.Registry, chair, "fix_list", f)
		return
	}
	s.Append(events.Registry, chair, "commit_lot", &events.LotCommitted{Part: sessiontest.Item, Commitment: events.Hash(s.chain()[1]), Source: "a lottery"})
	s.Append(events.Registry, chair, "fix_list", f)
}

func (s *stage) chain() []lot.Code {
	chain, err := lot.Chain([]byte("totally not a bikeshed"), 2)
	if err != nil {
		s.t.Fatalf("%v", err)
	}
	return chain
}

func (s *stage) draw() {
	if !session.DrawsLot(s.State.Registry.Modalities.Order) {
		return
	}
	code := s.chain()[0]
	d, err := lot.NewDraw(code, []byte("the lottery's numbers"))
	if err != nil {
		s.t.Fatalf("%v", err)
	}
	drawn := &events.LotDrawn{Part: sessiontest.Item}
	for _, in := range s.State.Registry.Lots[sessiontest.Item].Fixed.Inputs {
		drawn.Positions = append(drawn.Positions, events.LotPosition{Entry: in.Entry, Position: events.Hash(d.Position(in.Label))})
	}
	s.Append(events.Registry, chair, "draw_lot", &events.LotRevealed{Part: sessiontest.Item, Code: events.Hash(code), Randomness: "the lottery's numbers"}, drawn)
}

// react does the one thing that the queue has to do by itself.
func (s *stage) react() *events.ListOrdered {
	due := domain.Due(s.State)
	at, _ := s.State.Registry.Lots[sessiontest.Item].Ready()
	if len(due) != 1 || due[0].Request.Verb != "order_list" || due[0].At != at {
		s.t.Fatalf("due is %+v", due)
	}
	r := due[0].Request
	return s.must(&r).Events[0].(*events.ListOrdered)
}

// ordered fixes the list, draws and lets the queue put it in order.
func (s *stage) ordered() *events.ListOrdered {
	s.fix()
	s.draw()
	return s.react()
}

// groups are those of the list's entries, next first.
func (s *stage) groups() []string {
	var all []string
	for _, id := range s.State.Queue.List(sessiontest.Item).Order {
		all = append(all, s.State.Registry.Applicants[s.State.Queue.Entries[id].Applicant].Group)
	}
	return all
}

// of53 are the applicants of December 2021: 26, 12, 9 and 6 in four groups, who
// joined group by group, the worst order there is.
func of53() []applicantOf {
	var all []applicantOf
	for _, g := range []struct {
		name string
		n    int
	}{{"TC", 6}, {"AC", 9}, {"PS", 12}, {"CS", 26}} {
		for i := range g.n {
			all = append(all, applicantOf{group: g.name, region: fmt.Sprint("region ", i%5), first: i%4 == 0})
		}
	}
	return all
}

// TestOrderNestedSainteLagueIsLiveInQueue: the list of December 2021, which
// joined group by group, begins as published once its lot is drawn, and no
// prefix of it is more than .679 of a slot from proportion.
func TestOrderNestedSainteLagueIsLiveInQueue(t *testing.T) {
	s := ruled(t, session.OrderSainteLague, of53(), 53)
	same(t, "the draft", s.groups()[:7], []string{"TC", "TC", "TC", "TC", "TC", "TC", "AC"})
	s.ordered()
	same(t, "the beginning", strings.Join(s.groups()[:15], " "), "CS PS AC CS TC CS PS CS AC CS PS CS CS TC AC")
	sizes, index := []int64{26, 12, 9, 6}, map[string]int{"CS": 0, "PS": 1, "AC": 2, "TC": 3}
	var sequence []int
	count := map[string]int{}
	for i, g := range s.groups() {
		sequence = append(sequence, index[g])
		if i < 32 {
			count[g]++
		}
	}
	if worst := measures.PrefixError(sizes, sequence); worst < .678 || worst > .6795 {
		t.Errorf("the largest prefix error is %.4f", worst)
	}
	same(t, "32 places", count, map[string]int{"CS": 16, "PS": 7, "AC": 5, "TC": 4})
	// Inside a group the regions take turns, and newcomers come first.
	firsts := map[string]bool{}
	for _, id := range s.State.Queue.List(sessiontest.Item).Order {
		a := s.State.Registry.Applicants[s.State.Queue.Entries[id].Applicant]
		if cell := a.Group + a.Region; !a.FirstTime {
			firsts[cell] = true
		} else if firsts[cell] {
			t.Errorf("a first-time speaker of %s stands behind another one", cell)
		}
	}
	s.SameAgain()
}

// TestEachRule gives the order that its words say.
func TestEachRule(t *testing.T) {
	all := []applicantOf{
		{group: "a", category: "stakeholder"},
		{group: "a", category: "stakeholder", remote: true},
		{group: "a", category: "state"},
		{group: "b", category: "stakeholder", remote: true},
		{group: "a", category: "stakeholder"},
		{group: "b", category: "state"},
	}
	property := func(s *stage, of func(*session.Applicant) string) string {
		var text []string
		for _, id := range s.State.Queue.List(sessiontest.Item).Order {
			text = append(text, of(s.State.Registry.Applicants[s.State.Queue.Entries[id].Applicant]))
		}
		return strings.Join(text, " ")
	}
	for rule, c := range map[string]struct {
		of   func(*session.Applicant) string
		want string
	}{
		session.OrderSainteLague: {func(a *session.Applicant) string { return a.Group }, "a b a a b a"},
		session.OrderByCategory:  {func(a *session.Applicant) string { return a.Category }, "stakeholder stakeholder stakeholder stakeholder state state"},
		session.OrderRoomRemote:  {func(a *session.Applicant) string { return fmt.Sprint(a.Remote) }, "false true false true false false"},
	} {
		s := ruled(t, rule, all, len(all))
		same(t, rule+" says", s.ordered().Rule, rule)
		same(t, rule, property(s, c.of), c.want)
	}
	// The plain lot: the positions ascend, and nothing else counts.
	s := ruled(t, session.OrderByLot, all, len(all))
	s.ordered()
	positions := s.State.Registry.Lots[sessiontest.Item].Positions
	if !slices.IsSortedFunc(s.State.Queue.List(sessiontest.Item).Order, func(a, b ids.Entry) int {
		return strings.Compare(positions[a].String(), positions[b].String())
	}) {
		t.Error("the plain lot is not in the order of its positions")
	}
}

// TestNothingIsOrderedBeforeTheLotIsDrawn: the draft is the order of joining,
// the reaction is refused until there is a lot, and comes once.
func TestNothingIsOrderedBeforeTheLotIsDrawn(t *testing.T) {
	all := []applicantOf{{group: "a"}, {group: "a"}, {group: "b"}, {group: "b"}}
	reaction := ask(program, "order_list", command.PartRef{Part: sessiontest.Item})
	s := ruled(t, session.OrderSainteLague, all, 4)
	same(t, "the draft", s.order(), []int{0, 1, 2, 3})
	s.refused(reaction, problem.WrongState, "")
	s.fix()
	same(t, "what is due", len(domain.Due(s.State)), 0)
	s.refused(ask(program, "order_list", command.PartRef{Part: sessiontest.Item}), problem.WrongState, "")
	s.draw()
	s.refused(ask(chair, "order_list", command.PartRef{Part: sessiontest.Item}), problem.Forbidden, "verb")
	s.react()
	same(t, "what is still due", len(domain.Due(s.State)), 0)
	s.refused(ask(program, "order_list", command.PartRef{Part: sessiontest.Item}), problem.Already, "part")
	// With the order of joining nothing of all this happens.
	plain := ruled(t, session.OrderByList, all, 4)
	plain.must(ask(chair, "close_list", command.CloseList{Part: sessiontest.Item}))
	same(t, "what is due by the order of joining", len(domain.Due(plain.State)), 0)
	same(t, "the order of joining", plain.order(), []int{0, 1, 2, 3})
}

// TestALateApplicantJoinsTheTailOfTheirOwnGroup: behind everybody fixed, and
// among the late by the key of their group (decisions.md 23).
func TestALateApplicantJoinsTheTailOfTheirOwnGroup(t *testing.T) {
	all := []applicantOf{{group: "a"}, {group: "a"}, {group: "a"}, {group: "b"}, {group: "b"}, {group: "c"}}
	// Their keys: a 7/6, b 5/4, c 3/2, so c's latecomer, though the first to come, is the last.
	all = append(all, applicantOf{group: "c"}, applicantOf{group: "b"}, applicantOf{group: "a"}, applicantOf{group: "a"})
	s := ruled(t, session.OrderSainteLague, all, 6)
	s.ordered()
	fixed := s.order()
	for i := 6; i < 10; i++ {
		s.must(ask(secretariat, "join", command.Join{Part: sessiontest.Item, Applicant: applicant(i)}))
	}
	// a's second has 9/6, which ties with c's 3/2: the larger group goes first.
	same(t, "the order", s.order(), append(slices.Clone(fixed), 8, 7, 9, 6))
	s.SameAgain()
	// Those who leave and join again gain nothing.
	last := fixed[0]
	s.must(ask(secretariat, "withdraw", command.EntryRef{Entry: s.mine(last)}))
	s.must(ask(secretariat, "join", command.Join{Part: sessiontest.Item, Applicant: applicant(last)}))
	if at := slices.Index(s.order(), last); at < 5 {
		t.Errorf("who left and joined again stands at place %d of %d", at+1, len(s.order()))
	}
}

// TestCategoriesKeepTheirLatecomers: whoever comes late joins the tail of their
// category, not of the whole list, and never the first three places.
func TestCategoriesKeepTheirLatecomers(t *testing.T) {
	all := []applicantOf{
		{group: "a", category: "stakeholder"},
		{group: "a", category: "stakeholder"},
		{group: "a", category: "state"},
		{group: "a", category: "state"},
		{group: "a", category: "stakeholder"},
		{group: "a", category: "stakeholder"},
	}
	s := ruled(t, session.OrderByCategory, all, 4)
	s.ordered()
	before := s.order()
	s.must(ask(secretariat, "join", command.Join{Part: sessiontest.Item, Applicant: applicant(4)}))
	same(t, "the order", s.order(), slices.Insert(slices.Clone(before), 3, 4))
	s.must(ask(secretariat, "join", command.Join{Part: sessiontest.Item, Applicant: applicant(5)}))
	same(t, "the order", s.order(), slices.Insert(slices.Clone(before), 3, 4, 5))
}

// TestPlaces1To3AreClosedToAutomaticReordering once the part is being called:
// a lot that is drawn then orders the others.
func TestPlaces1To3AreClosedToAutomaticReordering(t *testing.T) {
	s := ruled(t, session.OrderSainteLague, of53(), 53)
	s.StartAt(sessiontest.Item)
	before := s.order()
	e := s.ordered()
	same(t, "kept", e.Kept, 3)
	same(t, "places 1 to 3", s.order()[:3], before[:3])
	if slices.Equal(s.order(), before) {
		t.Error("nothing was put in order")
	}
	same(t, "everybody", len(s.order()), 53)
	// Before the start nobody was told a place, and the whole list is drawn.
	same(t, "kept before the start", ruled(t, session.OrderSainteLague, of53(), 53).ordered().Kept, 0)
}

// TestHumanActsStand: what the chair moved stays where it is, and those on
// standby, questions and rights of reply are no matter of the rule.
func TestHumanActsStand(t *testing.T) {
	all := append(of53()[:20], applicantOf{group: "AC"}, applicantOf{group: "PS"})
	s := ruled(t, session.OrderSainteLague, all, 20)
	s.must(ask(chair, "to_standby", command.EntryRef{Entry: s.mine(7)}))
	s.StartAt(sessiontest.Item)
	s.speaks()
	s.join2(3, events.Question)
	s.join2(6, events.RightOfReply)
	question, reply := s.order()[0], s.order()[len(s.order())-1]
	s.ordered()
	same(t, "the question", s.order()[0], question)
	same(t, "the reply", s.order()[len(s.order())-1], reply)
	order := s.State.Queue.List(sessiontest.Item).Order
	moved, anchor := order[len(order)-2], order[4]
	s.must(s.seeing(reasoned(ask(chair, "move", command.Move{Entry: moved, Before: anchor})), moved, anchor))
	after := s.order()
	same(t, "the moved one", s.State.Queue.Place(moved), 5)
	s.must(ask(secretariat, "join", command.Join{Part: sessiontest.Item, Applicant: applicant(20)}))
	joined := s.order()
	same(t, "the others", slices.DeleteFunc(slices.Clone(joined), func(i int) bool { return i == 20 }), after)
	same(t, "the latecomer stands before the reply", slices.Index(joined, 20), len(joined)-2)
	s.must(ask(chair, "return", command.EntryRef{Entry: s.mine(7)}))
	same(t, "who comes back", s.State.Queue.Place(s.mine(7)), 4)
	s.SameAgain()
}

// join2 lets an applicant make an entry of another kind.
func (s *stage) join2(i int, kind events.EntryKind) {
	s.must(ask(delegate(i), "join", command.Join{Part: sessiontest.Item, Kind: kind}))
}

// TestAnOrderNeverReshuffledByALateApplicant is a property: whatever groups
// there are, whoever comes late, and whatever people do in between, a join
// keeps the order of all the others and the first three places, and a
// latecomer without a category of its own stands behind everybody fixed.
func TestAnOrderNeverReshuffledByALateApplicant(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rule := rapid.SampledFrom(session.Orders()[1:]).Draw(rt, "rule")
		anybody := rapid.Custom(func(rt *rapid.T) applicantOf {
			return applicantOf{
				group: rapid.SampledFrom([]string{"a", "b", "c", ""}).Draw(rt, "group"), region: rapid.SampledFrom([]string{"x", "y"}).Draw(rt, "region"),
				category: rapid.SampledFrom([]string{"state", "stakeholder"}).Draw(rt, "category"),
				first:    rapid.Bool().Draw(rt, "first"), remote: rapid.Bool().Draw(rt, "remote"),
			}
		})
		all := rapid.SliceOfN(anybody, 2, 14).Draw(rt, "applicants")
		joined := rapid.IntRange(1, len(all)).Draw(rt, "joined")
		s := ruled(rt, rule, all, joined)
		s.fix()
		early := rapid.IntRange(joined, len(all)).Draw(rt, "before the draw")
		for i := joined; i < early; i++ {
			s.must(ask(secretariat, "join", command.Join{Part: sessiontest.Item, Applicant: applicant(i)}))
		}
		s.draw()
		s.react()
		human := false
		for i := early; i < len(all); i++ {
			before := s.order()
			if len(before) > 1 && rapid.Bool().Draw(rt, "act") {
				human = true
				at := rapid.IntRange(0, len(before)-2).Draw(rt, "whom")
				verb := rapid.SampledFrom([]string{"withdraw", "defer", "check_in"}).Draw(rt, "verb")
				_, _ = s.decide(ask(secretariat, verb, command.EntryRef{Entry: s.mine(before[at])}))
				before = s.order()
			}
			d := s.must(ask(secretariat, "join", command.Join{Part: sessiontest.Item, Applicant: applicant(i)}))
			after := s.order()
			at := slices.Index(after, i)
			if d.Events[0].(*events.EntryJoined).Place != at+1 {
				rt.Fatalf("the receipt says place %d and the list %d", d.Events[0].(*events.EntryJoined).Place, at+1)
			}
			if others := slices.Delete(slices.Clone(after), at, at+1); !slices.Equal(others, before) {
				rt.Fatalf("%d joined late, and %v became %v", i, before, others)
			}
			if at < min(3, len(before)) {
				rt.Fatalf("%d joined late at place %d", i, at+1)
			}
			for _, behind := range after[at+1:] {
				if behind < joined && !human && rule != session.OrderByCategory {
					rt.Fatalf("%d joined late before %d, who is fixed: %v", i, behind, after)
				}
			}
		}
		s.SameAgain()
	})
}
