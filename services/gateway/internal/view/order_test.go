package view_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
	"github.com/fairfloor/fairfloor/services/gateway/internal/view"
)

// TestTheRuleInForceIsPublishedInPlainWordsWithItsInputs to everybody, at each
// step of the drawing; and not where the session is closed to the public.
func TestTheRuleInForceIsPublishedInPlainWordsWithItsInputs(t *testing.T) {
	l := sessiontest.Empty(t)
	l.Sample(2, func(c *events.SessionCreated) { c.Modalities.Order = session.OrderSainteLague })
	entries := []ids.Entry{sessiontest.ID[ids.Entry]("one"), sessiontest.ID[ids.Entry]("two")}
	for i, id := range entries {
		l.Append(events.Queue, sessiontest.Staff(events.Chair), "join", &events.EntryJoined{
			Entry: id, Part: sessiontest.Item, Applicant: sessiontest.Applicant(i), Kind: events.Statement, Place: i + 1,
		})
	}
	public := func() (*api.OrderView, *api.InputView) {
		t.Helper()
		raw, err := view.Build(l.State, view.NoNames).Encode(api.ForPublic)
		if err != nil {
			t.Fatal(err)
		}
		var out api.View
		if err := json.Unmarshal(raw, &out); err != nil {
			t.Fatal(err)
		}
		if out.Parts[sessiontest.Opening].Order != nil {
			t.Error("a part without a list has an order")
		}
		return out.Parts[sessiontest.Item].Order, out.Entries[entries[0]].Input
	}
	o, in := public()
	if o.Rule != "sainte_lague" || o.Fixed || !strings.Contains(o.Words, "in proportion") || in != nil || o.Commitment != "" {
		t.Errorf("before the drawing: %+v, %+v", o, in)
	}
	digest := events.HashBody([]byte("code"))
	l.Append(events.Registry, sessiontest.Staff(events.Chair), "commit_lot", &events.LotCommitted{
		Part: sessiontest.Item, Commitment: digest, Source: "a lottery", Labels: events.LabelOrganisation,
	})
	if o, in = public(); o.Commitment != digest.String() || o.Source != "a lottery" || in != nil || !o.FixedAt.IsZero() {
		t.Errorf("committed: %+v, %+v", o, in)
	}
	l.Append(events.Registry, sessiontest.Staff(events.Chair), "fix_list", &events.ListFixed{Part: sessiontest.Item, Rule: "sainte_lague", Inputs: []events.OrderInput{
		{Entry: entries[0], Label: "Organisation 0", Group: "g", Region: "r", Category: "c", FirstTime: true, CreditMS: 7, Remote: true, Joined: 1},
		{Entry: entries[1], Label: "Organisation 1", Joined: 2},
	}})
	want := api.InputView{Label: "Organisation 0", Group: "g", Region: "r", Category: "c", FirstTime: true, CreditMS: 7}
	if o, in = public(); o.FixedAt.IsZero() || o.Fixed || o.Code != "" || in == nil || *in != want {
		t.Errorf("fixed: %+v, %+v", o, in)
	}
	l.Append(events.Registry, sessiontest.Staff(events.Chair), "draw_lot", &events.LotRevealed{Part: sessiontest.Item, Code: digest, Randomness: "1 2 3"},
		&events.LotDrawn{Part: sessiontest.Item, Positions: []events.LotPosition{{Entry: entries[0], Position: digest}}})
	want.Lot = digest.String()
	if o, in = public(); o.Code != digest.String() || o.Randomness != "1 2 3" || o.DrawnAt.IsZero() || o.Fixed || *in != want {
		t.Errorf("drawn: %+v, %+v", o, in)
	}
	l.Append(events.Queue, events.ByService(events.Queue), "order_list", &events.ListOrdered{
		Part: sessiontest.Item, Rule: "sainte_lague", Order: []ids.Entry{entries[1], entries[0]}, Kept: 1,
	})
	if o, _ = public(); !o.Fixed || o.Kept != 1 {
		t.Errorf("ordered: %+v", o)
	}
	// Where the public sees the frame alone, it sees the rule and nobody's inputs.
	closed := session.DefaultModalities()
	closed.Publication, closed.Order = "participants_only", session.OrderSainteLague
	l.Append(events.Registry, sessiontest.Staff(events.Chair), "change_session", &events.SessionChanged{Title: "Closed", Modalities: closed})
	if o, in = public(); o == nil || o.Rule != "sainte_lague" || in != nil {
		t.Errorf("closed to the public: %+v, %+v", o, in)
	}
}

// TestTheOrderOfJoiningSaysSo and is never a draft.
func TestTheOrderOfJoiningSaysSo(t *testing.T) {
	l := sessiontest.Empty(t)
	l.Sample(1, nil)
	o := view.Build(l.State, view.NoNames).Parts[sessiontest.Item].Order
	if o.Rule != "list" || !o.Fixed || !strings.Contains(o.Words, "order in which they joined") || o.Source != "" {
		t.Errorf("the order is %+v", o)
	}
}
