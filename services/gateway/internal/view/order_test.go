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

// TestEachRulesOwnInputsAreShown: the secretariat's list while it can be changed,
// ranks and stances once it is fixed, and that no lot is waited for.
func TestEachRulesOwnInputsAreShown(t *testing.T) {
	for _, rule := range session.Orders() {
		l := sessiontest.Empty(t)
		l.Sample(2, func(c *events.SessionCreated) { c.Modalities.Order = rule })
		entries := []ids.Entry{sessiontest.ID[ids.Entry]("one"), sessiontest.ID[ids.Entry]("two")}
		l.Append(events.Queue, sessiontest.Staff(events.Chair), "join",
			&events.EntryJoined{Entry: entries[0], Part: sessiontest.Item, Applicant: sessiontest.Applicant(0), Kind: events.Statement, Stance: events.Against},
			&events.EntryJoined{Entry: entries[1], Part: sessiontest.Item, Applicant: sessiontest.Applicant(1), Kind: events.Statement})
		public := func() api.View {
			raw, err := view.Build(l.State, view.NoNames).Encode(api.ForPublic)
			if err != nil {
				t.Fatal(err)
			}
			var out api.View
			if err := json.Unmarshal(raw, &out); err != nil {
				t.Fatal(err)
			}
			return out
		}
		v := public()
		if o := v.Parts[sessiontest.Item].Order; o.Lot != session.DrawsLot(rule) || o.Credit || o.Own != nil || o.Words == "" {
			t.Errorf("%s: %+v", rule, o)
		}
		if v.Entries[entries[0]].Stance != events.Against || v.Entries[entries[1]].Stance != "" {
			t.Errorf("%s: the stances are not shown", rule)
		}
		if rule != session.OrderBySecretariat && rule != session.OrderForAgainst {
			continue
		}
		l.Append(events.Registry, sessiontest.Staff(events.Secretariat), "set_order", &events.ListSet{Part: sessiontest.Item, Entries: entries[1:]})
		l.Append(events.Registry, events.ByService(events.Registry), "bring_credit", &events.CreditBrought{Version: 1})
		l.Append(events.Registry, sessiontest.Staff(events.Secretariat), "commit_lot", &events.LotCommitted{Part: sessiontest.Item, Source: "a lottery"})
		l.Append(events.Registry, sessiontest.Staff(events.Secretariat), "fix_list", &events.ListFixed{Part: sessiontest.Item, Rule: rule, Inputs: []events.OrderInput{
			{Entry: entries[0], Label: "Organisation 0", Joined: 1, Stance: events.Against, CreditMS: 9}, {Entry: entries[1], Label: "Organisation 1", Joined: 2, Rank: 1},
		}})
		v = public()
		o, in := v.Parts[sessiontest.Item].Order, v.Entries[entries[0]].Input
		if len(o.Own) != 1 || !o.Credit || in.CreditMS != 9 || v.Entries[entries[1]].Input.Rank != 1 {
			t.Errorf("%s: %+v, %+v", rule, o, in)
		}
		if want := map[bool]events.Stance{true: events.Against}[rule == session.OrderForAgainst]; in.Stance != want {
			t.Errorf("%s: the stance among the inputs is %q", rule, in.Stance)
		}
	}
	// A list that is fixed without a lot names no commitment.
	l := sessiontest.Empty(t)
	l.Sample(1, func(c *events.SessionCreated) { c.Modalities.Order = session.OrderFirstCome })
	l.Append(events.Registry, sessiontest.Staff(events.Secretariat), "fix_list", &events.ListFixed{Part: sessiontest.Item, Rule: session.OrderFirstCome})
	if o := view.Build(l.State, view.NoNames).Parts[sessiontest.Item].Order; o.Commitment != "" || o.Source != "" || o.FixedAt.IsZero() {
		t.Errorf("without a lot: %+v", o)
	}
}
