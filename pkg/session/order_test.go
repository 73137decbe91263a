package session_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/fairness/lot"
	"github.com/fairfloor/fairfloor/pkg/fairness/order"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

// drawnList is a list of three whose lot was drawn; spoil may change the draw.
func drawnList(t *testing.T, spoil func(*events.LotRevealed, *events.LotDrawn)) *folding {
	t.Helper()
	f := fold(t, 3)
	chain, err := lot.Chain([]byte("secret"), 2)
	if err != nil {
		t.Fatal(err)
	}
	draw, err := lot.NewDraw(chain[0], []byte("123"))
	if err != nil {
		t.Fatal(err)
	}
	fixed := &events.ListFixed{Part: sessiontest.Item, Rule: session.OrderByLot}
	drawn := &events.LotDrawn{Part: sessiontest.Item}
	for i, label := range []string{"one", "two", "three"} {
		fixed.Inputs = append(fixed.Inputs, events.OrderInput{Entry: en(i), Label: label, Joined: int64(i) + 1})
		drawn.Positions = append(drawn.Positions, events.LotPosition{Entry: en(i), Position: events.Hash(draw.Position(label))})
	}
	revealed := &events.LotRevealed{Part: sessiontest.Item, Code: events.Hash(chain[0]), Randomness: "123"}
	if spoil != nil {
		spoil(revealed, drawn)
	}
	by := sessiontest.Staff(events.Chair)
	f.Append(events.Registry, by, "commit_lot", &events.LotCommitted{Part: sessiontest.Item, Commitment: events.Hash(chain[1]), Source: "x"})
	f.Append(events.Registry, by, "fix_list", fixed)
	f.Append(events.Registry, by, "draw_lot", revealed, drawn)
	return f
}

// TestALotIsDrawnAgain: what was not drawn so is told.
func TestALotIsDrawnAgain(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*events.LotRevealed, *events.LotDrawn)
		says  string
	}{
		"as drawn":         {nil, ""},
		"another code":     {func(r *events.LotRevealed, _ *events.LotDrawn) { r.Code[0] ^= 1 }, "does not open"},
		"other randomness": {func(r *events.LotRevealed, _ *events.LotDrawn) { r.Randomness = "124" }, `"one" was drawn at`},
		"no randomness":    {func(r *events.LotRevealed, _ *events.LotDrawn) { r.Randomness = "" }, "randomness"},
		"exchanged places": {func(_ *events.LotRevealed, d *events.LotDrawn) {
			p := d.Positions
			p[1].Position, p[2].Position = p[2].Position, p[1].Position
		}, `"two" was drawn at`},
		"a position too few": {func(_ *events.LotRevealed, d *events.LotDrawn) { d.Positions = d.Positions[:2] }, "2 positions"},
	} {
		err := drawnList(t, c.spoil).State.Registry.Lots[sessiontest.Item].Check()
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var none *session.Lot
	if none.Check() != nil || none.Drawn() {
		t.Error("a lot that was never begun is drawn")
	}
}

// TestFoldOfAnOrder: it is taken when it holds exactly those who wait, and then
// notes who comes late.
func TestFoldOfAnOrder(t *testing.T) {
	f := drawnList(t, nil)
	for name, wrong := range map[string][]ids.Entry{
		"one too few": {en(0), en(1)}, "one twice": {en(0), en(1), en(1)}, "a stranger": {en(0), en(1), en(7)}, "one too many": {en(0), en(1), en(2), en(7)},
	} {
		err := f.Commit(events.Queue, &events.Commit{
			Command: f.Command(), Verb: "order_list", Actor: events.ByService(events.Queue),
			Events: []events.Event{&events.ListOrdered{Part: sessiontest.Item, Rule: session.OrderByLot, Order: wrong}},
		})
		if err == nil || !strings.Contains(err.Error(), "list_ordered") {
			t.Errorf("%s: %v", name, err)
		}
	}
	inOrder(t, f, 0, 1, 2)
	if f.State.Latecomers(sessiontest.Item) != nil {
		t.Error("a list that is not in its order has latecomers")
	}
	f.do(&events.ListOrdered{Part: sessiontest.Item, Rule: session.OrderByLot, Order: []ids.Entry{en(2), en(0), en(1)}, Kept: 1})
	f.do(&events.EntryJoined{Entry: en(3), Part: sessiontest.Item, Applicant: sessiontest.Applicant(0), Kind: events.Statement, Place: 4})
	f.do(&events.EntryJoined{Entry: en(4), Part: sessiontest.Item, Applicant: sessiontest.Applicant(1), Kind: events.Question, Place: 1})
	inOrder(t, f, 4, 2, 0, 1, 3)
	late := f.State.Latecomers(sessiontest.Item)
	if len(late) != 1 || late[0].Entry != en(3) || f.State.Queue.List(sessiontest.Item).Ordered.Kept != 1 {
		t.Errorf("late are %v", late)
	}
	f.SameAgain()
}

// TestArrangeNeedsADrawnLot and puts latecomers behind.
func TestArrangeNeedsADrawnLot(t *testing.T) {
	if _, err := fold(t, 2).State.Arrange(sessiontest.Item, nil); err == nil {
		t.Error("a list was arranged without a lot")
	}
	f := drawnList(t, nil)
	places, err := f.State.Arrange(sessiontest.Item, []session.Latecomer{{Entry: en(9), Applicant: sessiontest.Applicant(0)}})
	if err != nil || len(places) != 4 || places[3].ID != en(9).String() || !places[3].Late {
		t.Errorf("the places are %+v (%v)", places, err)
	}
	positions := f.State.Registry.Lots[sessiontest.Item].Positions
	if !slices.IsSortedFunc(places[:3], func(a, b order.Place) int { return strings.Compare(a.Lot, b.Lot) }) || len(positions) != 3 {
		t.Error("the plain lot is not in the order of its positions")
	}
}

// TestEveryRuleHasWords, and they differ.
func TestEveryRuleHasWords(t *testing.T) {
	said := map[string]string{}
	for _, rule := range session.Orders() {
		words := session.OrderWords(rule, []string{"state"})
		if other, twice := said[words]; words == "" || twice {
			t.Errorf("%s says %q, as %s does", rule, words, other)
		}
		said[words] = rule
		m := session.DefaultModalities()
		m.Order = rule
		if got, err := session.CheckModalities(m); err != nil || got.Order != rule {
			t.Errorf("%s is refused: %v", rule, err)
		}
	}
}
