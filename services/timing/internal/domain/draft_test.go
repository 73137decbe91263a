package domain_test

import (
	"slices"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

// TestNobodyIsToldAStartByADraft: a list that is still to be drawn has its
// number announced when it closes, and its starts only when it is in order, or
// when the part is called as it stands.
func TestNobodyIsToldAStartByADraft(t *testing.T) {
	drawn := func(c *events.SessionCreated) { oneItem(c); c.Modalities.Order = session.OrderSainteLague }
	w := planned(t, 6, drawn)
	all := w.join(sessiontest.Item, 6)
	if w.State.Timing.Announced[sessiontest.Item] == nil || len(w.State.Timing.Etas) != 0 {
		t.Fatalf("before the lot %d were told a start", len(w.State.Timing.Etas))
	}
	order := slices.Clone(all)
	slices.Reverse(order)
	w.queue("order_list", &events.ListOrdered{Part: sessiontest.Item, Rule: session.OrderSainteLague, Order: order})
	for i, id := range order {
		if told := w.State.Timing.Etas[id]; len(told) != 1 || told[0].Places != i+1 {
			t.Errorf("the %dth was told %+v", i+1, told)
		}
	}
	w.SameAgain()
	called := planned(t, 6, drawn)
	called.join(sessiontest.Item, 6)
	called.do(chair, "start_session", nil)
	if len(called.State.Timing.Etas) != 6 {
		t.Errorf("of a list that is called undrawn %d of 6 were told", len(called.State.Timing.Etas))
	}
	called.SameAgain()
}
