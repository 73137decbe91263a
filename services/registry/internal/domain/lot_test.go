package domain_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/fairness/lot"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

// The published example of draft-thomson-elegy-vrs: chain[9] is H^10, the
// commitment, and chain[8] the code that is revealed.
var (
	example    = must(lot.Chain([]byte("totally not a bikeshed"), 10))
	randomness = strings.Repeat("1.2.3.4.5.6./", 3)
	commitment = command.CommitLot{Part: sessiontest.Item, Source: "The lottery of 16 December", Commitment: example[9].String()}
	draw       = command.DrawLot{Part: sessiontest.Item, Code: example[8].String(), Randomness: randomness}
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func entryOf(n int) ids.Entry { return sessiontest.ID[ids.Entry](fmt.Sprintf("entry %d", n)) }

// closedList is a session with the rule Sainte-Lague and a closed list of three
// statements; a question and a statement that was withdrawn stand beside them.
func closedList(t sessiontest.TB) *sessiontest.Log {
	return listOf(t, "Organisation 0", "Organisation 1", "Organisation 2")
}

func listOf(t sessiontest.TB, organisations ...string) *sessiontest.Log {
	l := sessiontest.Empty(t)
	l.Sample(0, func(c *events.SessionCreated) {
		c.Modalities.OpenApplications, c.ClockMode = true, "gated"
		c.Modalities.Order, c.Modalities.OrderCategories = session.OrderSainteLague, []string{"state"}
	})
	for i, name := range organisations {
		l.Accepted(i, func(a *events.ApplicantApplied) { a.Organisation, a.FirstTime, a.Remote = name, i == 1, i == 2 })
		l.Append(events.Queue, sessiontest.Staff(events.Chair), "join", &events.EntryJoined{
			Entry: entryOf(i), Part: sessiontest.Item, Applicant: sessiontest.Applicant(i), Kind: events.Statement, Place: i + 1,
		})
	}
	l.Append(events.Queue, sessiontest.Staff(events.Chair), "join",
		&events.EntryJoined{Entry: entryOf(100), Part: sessiontest.Item, Applicant: sessiontest.Applicant(0), Kind: events.Question, Place: 1},
		&events.EntryJoined{Entry: entryOf(101), Part: sessiontest.Item, Applicant: sessiontest.Applicant(1), Kind: events.Statement, Place: 1},
		&events.EntryWithdrawn{Entry: entryOf(101)},
		&events.ListStateChanged{Part: sessiontest.Item, State: events.ListClosed})
	return l
}

func committed(t sessiontest.TB) *sessiontest.Log {
	l := closedList(t)
	do(t, l, organiser, "commit_lot", commitment)
	return l
}

func fixed(t sessiontest.TB) *sessiontest.Log {
	l := committed(t)
	do(t, l, organiser, "fix_list", command.PartRef{Part: sessiontest.Item})
	return l
}

// TestPublishedVRSExampleThroughTheCeremony: the draft's own secret and
// randomness give, by commands alone, the draft's own order of its labels.
func TestPublishedVRSExampleThroughTheCeremony(t *testing.T) {
	labels := []string{"blue", "lightpink", "mediumvioletred", "lavenderblush", "bisque", "darkgoldenrod"}
	l := listOf(t, labels...)
	do(t, l, organiser, "commit_lot", commitment)
	if c := l.State.Registry.Lots[sessiontest.Item].Commitment.String(); !strings.HasPrefix(c, "950ea08d") || !strings.HasSuffix(c, "c488") {
		t.Errorf("the commitment is %s", c)
	}
	do(t, l, organiser, "fix_list", command.PartRef{Part: sessiontest.Item})
	d := do(t, l, organiser, "draw_lot", draw)
	drawn := d.Events[1].(*events.LotDrawn)
	var got []string
	for _, p := range drawn.Positions {
		got = append(got, labels[indexOf(p.Entry, len(labels))])
	}
	want := []string{"lavenderblush", "blue", "darkgoldenrod", "mediumvioletred", "bisque", "lightpink"}
	if !slices.Equal(got, want) {
		t.Errorf("the order is %v, not %v", got, want)
	}
	if first := drawn.Positions[0].Position.String(); !strings.HasPrefix(first, "002ed527ae0a44a8") {
		t.Errorf("the first position is %s", first)
	}
	l.SameAgain()
}

func indexOf(e ids.Entry, n int) int {
	for i := range n {
		if entryOf(i) == e {
			return i
		}
	}
	return -1
}

// TestTheFixedListHoldsEveryInput: who waits, what of each the rule looks at,
// and nothing of anybody else; what changes later changes nothing of it.
func TestTheFixedListHoldsEveryInput(t *testing.T) {
	l := fixed(t)
	f := l.State.Registry.Lots[sessiontest.Item].Fixed
	want := &events.ListFixed{Part: sessiontest.Item, Rule: "sainte_lague", Inputs: []events.OrderInput{
		{Entry: entryOf(0), Label: "Organisation 0", Group: "civil_society", Region: "unspecified", Category: "state", Joined: 1},
		{Entry: entryOf(1), Label: "Organisation 1", Group: "civil_society", Region: "unspecified", Category: "stakeholder", FirstTime: true, Joined: 2},
		{Entry: entryOf(2), Label: "Organisation 2", Group: "civil_society", Region: "unspecified", Category: "stakeholder", Remote: true, Joined: 3},
	}}
	if !reflect.DeepEqual(f, want) {
		t.Errorf("fixed is %+v, not %+v", f, want)
	}
	do(t, l, organiser, "change_application", map[string]any{"applicant": sessiontest.Applicant(0), "group": "academia", "organisation": "Renamed"})
	if got := l.State.Registry.Lots[sessiontest.Item].Fixed.Inputs[0]; got.Group != "civil_society" || got.Label != "Organisation 0" {
		t.Errorf("a later change reached the fixed list: %+v", got)
	}
	// The rule can no longer be changed, anything else can.
	refuse(t, l, organiser, "change_session", map[string]any{"modalities": map[string]any{"order": "lot"}}, problem.WrongState, "args.modalities.order")
	do(t, l, organiser, "change_session", map[string]any{"modalities": map[string]any{"grace_ms": 6_000}})
}

// TestTheLotCanBeRecomputedFromTheLogAlone with nothing but HMAC and a sort.
func TestTheLotCanBeRecomputedFromTheLogAlone(t *testing.T) {
	l := committed(t)
	do(t, l, organiser, "commit_lot", command.CommitLot{Part: sessiontest.Item, Source: "drand round 7", Labels: events.LabelEntry, Commitment: example[9].String()})
	do(t, l, organiser, "fix_list", command.PartRef{Part: sessiontest.Item})
	do(t, l, organiser, "draw_lot", draw)
	drawn := l.State.Registry.Lots[sessiontest.Item]
	if sum := sha256.Sum256(drawn.Code[:]); events.Hash(sum) != drawn.Commitment {
		t.Fatal("the code does not open the commitment")
	}
	mac := func(key, text []byte) []byte {
		m := hmac.New(sha256.New, key)
		m.Write(text)
		return m.Sum(nil)
	}
	key := mac(drawn.Code[:], []byte(drawn.Randomness))
	for _, in := range drawn.Fixed.Inputs {
		if in.Label != in.Entry.String() {
			t.Errorf("the label of %s is %q", in.Entry, in.Label)
		}
		if want := hex.EncodeToString(mac(key, append([]byte(in.Label), 1))); drawn.Positions[in.Entry].String() != want {
			t.Errorf("%s stands at %s, not %s", in.Label, drawn.Positions[in.Entry], want)
		}
	}
}

// TestCategoriesAreFixedWithTheList: their sequence is an input of that rule.
func TestCategoriesAreFixedWithTheList(t *testing.T) {
	l := closedList(t)
	do(t, l, organiser, "change_session", map[string]any{"modalities": map[string]any{"order": "categories", "order_categories": []string{" State", "stakeholder"}}})
	do(t, l, organiser, "commit_lot", commitment)
	do(t, l, organiser, "fix_list", command.PartRef{Part: sessiontest.Item})
	if f := l.State.Registry.Lots[sessiontest.Item].Fixed; f.Rule != "categories" || !slices.Equal(f.Categories, []string{"state", "stakeholder"}) {
		t.Errorf("fixed is %+v", f)
	}
}

// TestTheCeremonyRefuses each step out of its turn, and every bad argument.
func TestTheCeremonyRefuses(t *testing.T) {
	item := command.PartRef{Part: sessiontest.Item}
	listOrder := func(t sessiontest.TB) *sessiontest.Log { return stage(t) }
	drawnLot := func(t sessiontest.TB) *sessiontest.Log {
		l := fixed(t)
		do(t, l, organiser, "draw_lot", draw)
		return l
	}
	twins := func(t sessiontest.TB) *sessiontest.Log {
		l := listOf(t, "Twin", "Twin")
		do(t, l, organiser, "commit_lot", commitment)
		return l
	}
	nobody := func(t sessiontest.TB) *sessiontest.Log {
		l := listOf(t)
		do(t, l, organiser, "commit_lot", commitment)
		return l
	}
	reopened := func(t sessiontest.TB) *sessiontest.Log {
		l := committed(t)
		l.Append(events.Queue, sessiontest.Staff(events.Chair), "open_list", &events.ListStateChanged{Part: sessiontest.Item, State: events.ListOpen})
		return l
	}
	over := func(t sessiontest.TB) *sessiontest.Log {
		l := fixed(t)
		l.StartAt(sessiontest.Item)
		l.Append(events.Timing, sessiontest.Staff(events.Chair), "adjourn", &events.SessionAdjourned{AdjournedAt: l.Now})
		return l
	}
	commit := func(change func(*command.CommitLot)) command.CommitLot {
		a := commitment
		change(&a)
		return a
	}
	reveal := func(change func(*command.DrawLot)) command.DrawLot {
		a := draw
		change(&a)
		return a
	}
	for name, c := range map[string]struct {
		on    func(sessiontest.TB) *sessiontest.Log
		verb  string
		args  any
		code  problem.Code
		field string
	}{
		"a lot for the order of joining":   {listOrder, "commit_lot", commitment, problem.WrongState, "args.part"},
		"no part":                          {closedList, "commit_lot", commit(func(a *command.CommitLot) { a.Part = ids.Part{} }), problem.Invalid, "args.part"},
		"an unknown part":                  {closedList, "commit_lot", commit(func(a *command.CommitLot) { a.Part = sessiontest.ID[ids.Part]("x") }), problem.NotFound, "args.part"},
		"a part without a list":            {closedList, "commit_lot", commit(func(a *command.CommitLot) { a.Part = sessiontest.Opening }), problem.Invalid, "args.part"},
		"no source":                        {closedList, "commit_lot", commit(func(a *command.CommitLot) { a.Source = " \t" }), problem.Invalid, "args.source"},
		"a source that is no text":         {closedList, "commit_lot", commit(func(a *command.CommitLot) { a.Source = "a\x00" }), problem.Invalid, "args.source"},
		"a source without end":             {closedList, "commit_lot", commit(func(a *command.CommitLot) { a.Source = strings.Repeat("é", 301) }), problem.Invalid, "args.source"},
		"a label rule that is none":        {closedList, "commit_lot", commit(func(a *command.CommitLot) { a.Labels = "colour" }), problem.Invalid, "args.labels"},
		"a commitment that is none":        {closedList, "commit_lot", commit(func(a *command.CommitLot) { a.Commitment = "950ea08d" }), problem.Invalid, "args.commitment"},
		"no commitment":                    {closedList, "commit_lot", commit(func(a *command.CommitLot) { a.Commitment = "" }), problem.Invalid, "args.commitment"},
		"the same commitment":              {committed, "commit_lot", commitment, problem.Already, ""},
		"another commitment, fixed":        {fixed, "commit_lot", commit(func(a *command.CommitLot) { a.Source = "another" }), problem.WrongState, "args.part"},
		"fixing without a commitment":      {closedList, "fix_list", item, problem.WrongState, "args.part"},
		"fixing an open list":              {reopened, "fix_list", item, problem.WrongState, "args.part"},
		"fixing twice":                     {fixed, "fix_list", item, problem.Already, ""},
		"fixing nobody":                    {nobody, "fix_list", item, problem.WrongState, "args.part"},
		"one label twice":                  {twins, "fix_list", item, problem.WrongState, "args.part"},
		"drawing before fixing":            {committed, "draw_lot", draw, problem.WrongState, "args.part"},
		"drawing without anything":         {closedList, "draw_lot", draw, problem.WrongState, "args.part"},
		"drawing twice":                    {drawnLot, "draw_lot", draw, problem.Already, "args.part"},
		"another code":                     {fixed, "draw_lot", reveal(func(a *command.DrawLot) { a.Code = example[7].String() }), problem.Invalid, "args.code"},
		"the commitment itself":            {fixed, "draw_lot", reveal(func(a *command.DrawLot) { a.Code = example[9].String() }), problem.Invalid, "args.code"},
		"a code that is none":              {fixed, "draw_lot", reveal(func(a *command.DrawLot) { a.Code = "code" }), problem.Invalid, "args.code"},
		"no code":                          {fixed, "draw_lot", reveal(func(a *command.DrawLot) { a.Code = "" }), problem.Invalid, "args.code"},
		"no randomness":                    {fixed, "draw_lot", reveal(func(a *command.DrawLot) { a.Randomness = "" }), problem.Invalid, "args.randomness"},
		"too much randomness":              {fixed, "draw_lot", reveal(func(a *command.DrawLot) { a.Randomness = strings.Repeat("a", 4097) }), problem.Invalid, "args.randomness"},
		"drawing after the adjournment":    {over, "draw_lot", draw, problem.WrongState, ""},
		"committing after the adjournment": {over, "commit_lot", commitment, problem.WrongState, ""},
	} {
		t.Run(name, func(t *testing.T) { refuse(t, c.on(t), organiser, c.verb, c.args, c.code, c.field) })
	}
}

// TestAnotherSourceReplacesTheFirstUntilTheListIsFixed: and the log shows both.
func TestAnotherSourceReplacesTheFirstUntilTheListIsFixed(t *testing.T) {
	l := committed(t)
	do(t, l, sessiontest.Staff(events.Secretariat), "commit_lot", command.CommitLot{Part: sessiontest.Item, Source: "drand", Commitment: example[8].String()})
	got := l.State.Registry.Lots[sessiontest.Item]
	if got.Source != "drand" || got.Commitment.String() != example[8].String() || got.Labels != events.LabelOrganisation {
		t.Errorf("committed to %+v", got)
	}
	l.SameAgain()
}

// TestAListThatDoesNotFitIntoOneCommitIsRefused rather than written in part.
func TestAListThatDoesNotFitIntoOneCommitIsRefused(t *testing.T) {
	l := listOf(t, "Only")
	long := strings.Repeat("x", 1<<20)
	l.Append(events.Registry, organiser, "change_application", &events.ApplicantChanged{ApplicantApplied: events.ApplicantApplied{
		Applicant: sessiontest.Applicant(0), Organisation: "Only", Group: long,
	}})
	do(t, l, organiser, "commit_lot", commitment)
	refuse(t, l, organiser, "fix_list", command.PartRef{Part: sessiontest.Item}, problem.TooLarge, "args.part")
}

// ownList is a closed list of a session whose rule is the secretariat's own list.
func ownList(t sessiontest.TB) *sessiontest.Log { return ruledList(t, session.OrderBySecretariat) }

func ruledList(t sessiontest.TB, rule string) *sessiontest.Log {
	l := closedList(t)
	m := l.State.Registry.Modalities
	m.Order = rule
	l.Append(events.Registry, organiser, "change_session", &events.SessionChanged{
		Title: "Own", PlannedStart: l.State.Registry.PlannedStart, HardEnd: l.State.Registry.HardEnd, Zone: "UTC", Languages: []string{"en"}, Modalities: m,
	})
	return l
}

// TestTheSecretariatsOwnListIsSetByOneCommand, as often as they like until the
// list is fixed; its places are published as the rule's inputs.
func TestTheSecretariatsOwnListIsSetByOneCommand(t *testing.T) {
	l := ownList(t)
	set := func(entries ...ids.Entry) command.SetOrder {
		return command.SetOrder{Part: sessiontest.Item, Entries: entries}
	}
	do(t, l, organiser, "set_order", set(entryOf(0)))
	do(t, l, organiser, "set_order", set(entryOf(2), entryOf(0)))
	refuse(t, l, organiser, "set_order", set(entryOf(2), entryOf(0)), problem.Already, "")
	refuse(t, l, organiser, "set_order", set(), problem.Invalid, "args.entries")
	refuse(t, l, organiser, "set_order", set(entryOf(0), entryOf(0)), problem.Invalid, "args.entries")
	refuse(t, l, organiser, "set_order", set(entryOf(55)), problem.NotFound, "args.entries")
	refuse(t, l, organiser, "set_order", set(entryOf(100)), problem.WrongState, "args.entries") // a question
	refuse(t, l, organiser, "set_order", set(entryOf(101)), problem.WrongState, "args.entries") // withdrawn
	refuse(t, l, organiser, "commit_lot", commitment, problem.WrongState, "args.part")
	do(t, l, organiser, "fix_list", command.PartRef{Part: sessiontest.Item})
	var ranks []int64
	for _, in := range l.State.Registry.Lots[sessiontest.Item].Fixed.Inputs {
		ranks = append(ranks, in.Rank)
	}
	if !slices.Equal(ranks, []int64{2, 0, 1}) {
		t.Errorf("the ranks are %v", ranks)
	}
	refuse(t, l, organiser, "set_order", set(entryOf(1)), problem.WrongState, "args.part")
	refuse(t, l, organiser, "fix_list", command.PartRef{Part: sessiontest.Item}, problem.Already, "")
	refuse(t, l, organiser, "draw_lot", draw, problem.WrongState, "args.part")
	refuse(t, closedList(t), organiser, "set_order", set(entryOf(0)), problem.WrongState, "args.part")
	l.SameAgain()
}

// TestARuleWithoutALotIsFixedWithoutACommitment, and one with a lot is not.
func TestARuleWithoutALotIsFixedWithoutACommitment(t *testing.T) {
	for _, rule := range session.Orders()[1:] {
		l := ruledList(t, rule)
		if session.DrawsLot(rule) {
			refuse(t, l, organiser, "fix_list", command.PartRef{Part: sessiontest.Item}, problem.WrongState, "args.part")
			continue
		}
		do(t, l, organiser, "fix_list", command.PartRef{Part: sessiontest.Item})
		if at, ready := l.State.Registry.Lots[sessiontest.Item].Ready(); !ready || at != l.State.At {
			t.Errorf("%s: ready %v at %s", rule, ready, at)
		}
	}
}
