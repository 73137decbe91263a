package session_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

func TestDefaultsAreTheirOwnWrittenForm(t *testing.T) {
	want := session.DefaultModalities()
	got, err := session.CheckModalities(want)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v (%v)", got, err)
	}
	// What cannot be empty gets its default, and the value is the caller's own.
	empty := want
	empty.Rights, empty.Order, empty.Allotment, empty.Limit, empty.Evidence, empty.Publication = nil, "", "", "", "", ""
	if got, err := session.CheckModalities(empty); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v (%v)", got, err)
	}
	want.Rights["*"][0] = "broken"
	if session.DefaultModalities().Rights["*"][0] != events.Statement {
		t.Error("the defaults are shared")
	}
}

func TestCheckModalitiesNamesTheField(t *testing.T) {
	many := map[string][]events.EntryKind{}
	for i := range 51 {
		many[fmt.Sprint("category ", i)] = []events.EntryKind{events.Statement}
	}
	for _, c := range []struct {
		change func(*events.Modalities)
		field  string
	}{
		{func(m *events.Modalities) { m.Order = "alphabet" }, "order"},
		{func(m *events.Modalities) { m.Order = "Sainte_Lague" }, "order"},
		{func(m *events.Modalities) { m.OrderCategories = make([]string, 51) }, "order_categories"},
		{func(m *events.Modalities) { m.OrderCategories = []string{"State", "state "} }, "order_categories"},
		{func(m *events.Modalities) { m.OrderCategories = []string{strings.Repeat("x", 61)} }, "order_categories"},
		{func(m *events.Modalities) { m.Allotment = "generous" }, "allotment"},
		{func(m *events.Modalities) { m.Limit = "shout" }, "limit"},
		{func(m *events.Modalities) { m.Evidence = "hearsay" }, "evidence"},
		{func(m *events.Modalities) { m.Publication = strings.Repeat("x", 500) }, "publication"},
		{func(m *events.Modalities) { m.MinimumMS = 4_999 }, "minimum_ms"},
		{func(m *events.Modalities) { m.MinimumMS = 600_001 }, "minimum_ms"},
		{func(m *events.Modalities) { m.MinimumMS, m.MaximumMS = 60_001, 60_000 }, "minimum_ms"},
		{func(m *events.Modalities) { m.MaximumMS = 3_600_001 }, "maximum_ms"},
		{func(m *events.Modalities) { m.MaximumMS = 0 }, "maximum_ms"},
		{func(m *events.Modalities) { m.GraceMS = -1 }, "grace_ms"},
		{func(m *events.Modalities) { m.MaxHandoverMS = 999 }, "max_handover_ms"},
		{func(m *events.Modalities) { m.OpeningMS = 1 << 62 }, "opening_ms"},
		{func(m *events.Modalities) { m.ClosingMS = -5 }, "closing_ms"},
		{func(m *events.Modalities) { m.ReserveMS = 4*3_600_000 + 1 }, "reserve_ms"},
		{func(m *events.Modalities) { m.ReserveKeptMS = 60_001 }, "reserve_kept_ms"},
		{func(m *events.Modalities) { m.Rights = many }, "rights"},
		{func(m *events.Modalities) { m.Rights = map[string][]events.EntryKind{"*": {}} }, "rights"},
		{func(m *events.Modalities) { m.Rights = map[string][]events.EntryKind{"*": {"dance"}} }, "rights.*"},
		{func(m *events.Modalities) { m.Rights = map[string][]events.EntryKind{" ": {events.Statement}} }, "rights. "},
		{func(m *events.Modalities) { m.Rights = map[string][]events.EntryKind{"a\x00": {events.Statement}} }, "rights.a\x00"},
		{func(m *events.Modalities) {
			m.Rights = map[string][]events.EntryKind{"State": {events.Statement}, "state": {events.Statement}}
		}, "rights.state"},
	} {
		m := session.DefaultModalities()
		c.change(&m)
		_, err := session.CheckModalities(m)
		p := problem.From(err)
		if err == nil || p.Code != problem.Invalid || p.Field != "args.modalities."+c.field || p.Do == "" || len(p.Detail) > 300 {
			t.Errorf("%s: %v", c.field, err)
		}
	}
}

func TestBoundsOfModalitiesAreInside(t *testing.T) {
	for name, change := range map[string]func(*events.Modalities){
		"least": func(m *events.Modalities) {
			m.MinimumMS, m.MaximumMS, m.GraceMS, m.MaxHandoverMS = 5_000, 5_000, 0, 1_000
		},
		"most": func(m *events.Modalities) {
			m.MinimumMS, m.MaximumMS, m.GraceMS, m.MaxHandoverMS = 600_000, 3_600_000, 60_000, 300_000
		},
		"no reserve": func(m *events.Modalities) { m.OpeningMS, m.ClosingMS, m.ReserveMS, m.ReserveKeptMS = 0, 0, 0, 0 },
		"individual": func(m *events.Modalities) {
			m.Allotment, m.Limit, m.Evidence = "individual", events.Hard, events.EvidenceNone
		},
	} {
		m := session.DefaultModalities()
		change(&m)
		if _, err := session.CheckModalities(m); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRightsHaveOneWrittenForm(t *testing.T) {
	m := session.DefaultModalities()
	m.Rights = map[string][]events.EntryKind{" Member  STATE ": {events.Question, events.Statement, events.Question}, "*": nil}
	got, err := session.CheckModalities(m)
	want := map[string][]events.EntryKind{"member state": {events.Question, events.Statement}, "*": {}}
	if err != nil || !reflect.DeepEqual(got.Rights, want) {
		t.Errorf("%v (%v)", got.Rights, err)
	}
}

func TestCheckRoom(t *testing.T) {
	m := session.DefaultModalities()
	kept := m.OpeningMS + m.ClosingMS + m.ReserveMS
	if err := session.CheckRoom(m, 1000, 1001+clock.Instant(kept)); err != nil {
		t.Error(err)
	}
	if err := session.CheckRoom(m, 1000, 1000+clock.Instant(kept)); problem.From(err).Field != "args.modalities.opening_ms" {
		t.Error(err)
	}
}

// TestRepliesAreShorterAndCountedByTheModalities: what is not said is two, the
// first of half the maximum; what cannot be is refused by its field.
func TestRepliesAreShorterAndCountedByTheModalities(t *testing.T) {
	m := session.DefaultModalities()
	if most, ms := session.Replies(&m); most != 2 || ms != m.MaximumMS/2 {
		t.Errorf("by default %d of %d ms", most, ms)
	}
	m.Replies, m.ReplyMS, m.Automatic = 1, 45_000, true
	clean, err := session.CheckModalities(m)
	if most, ms := session.Replies(&clean); err != nil || most != 1 || ms != 45_000 || !clean.Automatic {
		t.Errorf("%v: %d of %d ms", err, most, ms)
	}
	for field, change := range map[string]func(*events.Modalities){
		"args.modalities.replies":  func(m *events.Modalities) { m.Replies = 11 },
		"args.modalities.reply_ms": func(m *events.Modalities) { m.ReplyMS = m.MaximumMS + 1 },
	} {
		bad := session.DefaultModalities()
		change(&bad)
		if _, err := session.CheckModalities(bad); problem.From(err).Field != field || problem.From(err).Do == "" {
			t.Errorf("%s: %v", field, err)
		}
		bad.Replies, bad.ReplyMS = -1, -1
		if _, err := session.CheckModalities(bad); err == nil {
			t.Errorf("%s: less than nothing is accepted", field)
		}
	}
}
