package record

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/proof"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// brings is the consultation's word on what is carried into the session.
func (c *chronicle) brings(credits ...events.OrganisationCredit) {
	c.t.Helper()
	raw, err := json.Marshal(command.BringCredit{Consultation: c.state.Registry.Consultation, Version: 3, Credits: credits})
	if err != nil {
		c.t.Fatal(err)
	}
	c.append(events.Registry, &command.Request{
		ID: ids.New[ids.Command](), Session: c.state.ID, Verb: "bring_credit", Actor: events.ByService(events.Registry), Args: raw,
	}, false)
}

// joined lets an organisation apply and join.
func (c *chronicle) joined(part ids.Part, name, group string) {
	c.t.Helper()
	made := c.do(desk, "apply", nil, command.Apply{Organisation: name, Group: group, Accept: true, FirstTime: strings.HasSuffix(name, "C")})
	c.do(desk, "join", nil, command.Join{Part: part, Applicant: ids.MustParse[ids.Applicant](made["applicant"])})
}

// drawn makes a session whose list is in the order of a lot, with credit, a
// latecomer, somebody silent, somebody not reached, and a reckoning.
func drawn(t *testing.T) *chronicle {
	t.Helper()
	c := &chronicle{t: t, state: session.New(ids.New[ids.Session]()), now: start - 600_000}
	modalities := session.DefaultModalities()
	modalities.Order, modalities.Allotment = session.OrderSainteLague, "individual"
	c.do(desk, "create_session", nil, command.CreateSession{
		Title: "Drawn", PlannedStart: instant(start), HardEnd: instant(start + 30*60_000), Zone: "UTC", Modalities: &modalities,
	})
	part := c.state.Registry.Parts[0].ID
	c.brings(events.OrganisationCredit{Organisation: "Organisation B", CreditMS: 40_000})
	c.do(desk, "open_list", nil, command.PartRef{Part: part})
	c.do(desk, "commit_lot", nil, command.CommitLot{Part: part, Source: "a lottery", Commitment: code.commitment})
	for i := range 6 {
		c.joined(part, "Organisation "+string(rune('A'+i)), []string{"civil society", "academia"}[i%2])
	}
	c.do(desk, "close_list", nil, command.CloseList{Part: part})
	c.do(desk, "fix_list", nil, command.PartRef{Part: part})
	c.do(desk, "draw_lot", nil, command.DrawLot{Part: part, Randomness: "7 11 13", Code: code.code})
	c.wait(1)
	c.joined(part, "Organisation Late", "academia")
	c.now = start
	c.do(chair, "start_session", nil, command.None{})
	c.wait(180)
	for i := range 6 {
		var none ids.Turn
		next := c.state.Queue.List(part).Order[0]
		turn := ids.MustParse[ids.Turn](c.do(chair, "next", &command.Expect{Turn: &none, Entry: &next}, command.None{})["turn"])
		if i == 2 {
			c.wait(20)
			c.do(chair, "step_back", &command.Expect{Turn: &turn}, command.TurnRef{Turn: turn})
			continue
		}
		c.wait(6)
		c.do(chair, "begin", &command.Expect{Turn: &turn}, command.Begin{Turn: turn})
		c.wait(30 + int64(i)*5)
		c.do(chair, "end", &command.Expect{Turn: &turn}, command.TurnRef{Turn: turn})
	}
	c.do(chair, "adjourn", &command.Expect{Plan: c.state.PlanDigest()}, command.None{})
	c.now += 11 * 60_000
	c.due()
	if c.state.Registry.Reckoned == nil || len(c.state.NotReached()) == 0 {
		t.Fatalf("the session was not reckoned up, or reached everybody: %+v", c.state.Registry.Reckoned)
	}
	return c
}

// code is the published example's: H^9 opens H^10.
var code = exampleCode()

// record builds the record of a log.
func built(t *testing.T, lines []proof.Line) *Record {
	t.Helper()
	r, err := Build(lines)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// forgery changes a fact; want is what a difference must name: the verb of the
// commit, or the member of the record.
type forgery struct {
	change func(events.Event) bool
	want   string
}

// change makes a forgery of one type of fact.
func change[E events.Event](to func(E)) func(events.Event) bool {
	return func(e events.Event) bool {
		found, ok := e.(E)
		if ok {
			to(found)
		}
		return ok
	}
}

// swapped exchanges the first two of a list.
func swapped[T any](all []T) { all[0], all[1] = all[1], all[0] }

// TestVerifyRecomputesAndNamesEachForgery: whoever holds the store can write a
// whole new chain around a changed fact. A clean record says nothing; each
// forgery is found, and named by the commit in which it stands.
func TestVerifyRecomputesAndNamesEachForgery(t *testing.T) {
	c := drawn(t)
	if differences := Verify(built(t, c.lines)); len(differences) > 0 {
		t.Fatalf("the clean record differs: %v", differences)
	}
	for name, f := range map[string]forgery{
		"the order swapped":             {change(func(e *events.ListOrdered) { swapped(e.Order) }), "order_list"},
		"a latecomer left out":          {change(func(e *events.ListFixed) { e.Inputs = e.Inputs[1:] }), "fix_list"},
		"an input's group":              {change(func(e *events.ListFixed) { e.Inputs[0].Group = "state" }), "fix_list"},
		"an input's first time":         {change(func(e *events.ListFixed) { e.Inputs[1].FirstTime = true }), "fix_list"},
		"an input's credit":             {change(func(e *events.ListFixed) { e.Inputs[1].CreditMS = 1 }), "fix_list"},
		"a credit invented":             {change(func(e *events.ListFixed) { e.Inputs[3].CreditMS = 9_000 }), "fix_list"},
		"the rule of the fixed list":    {change(func(e *events.ListFixed) { e.Rule = session.OrderByLot }), "fix_list"},
		"a drawn position":              {change(func(e *events.LotDrawn) { e.Positions[0].Position[0] ^= 1 }), "draw_lot"},
		"two positions exchanged":       {change(func(e *events.LotDrawn) { swapped(e.Positions) }), "draw_lot"},
		"the randomness":                {change(func(e *events.LotRevealed) { e.Randomness = "7 11 17" }), "draw_lot"},
		"the one-time code":             {change(func(e *events.LotRevealed) { e.Code[3] ^= 1 }), "draw_lot"},
		"a latecomer's place":           {late(func(e *events.EntryJoined) { e.Place = 1 }), "join"},
		"an early one's place":          {change(func(e *events.EntryJoined) { e.Place = 5 }), "join"},
		"whose turn it is":              {change(func(e *events.FloorGiven) { e.Entry = c.state.Queue.EntryOrder[5] }), "next"},
		"a turn's end":                  {change(func(e *events.TurnEnded) { e.EndedAt = e.EndedAt.Add(9_000) }), "end"},
		"how far somebody went back":    {stepped(func(e *events.TurnEnded) { e.Back = 5 }), "step_back"},
		"an allotment":                  {change(func(e *events.TurnOpened) { e.AllottedMS += 10_000 }), "open_turn"},
		"a guarantee":                   {change(func(e *events.TurnOpened) { e.GuaranteeMS -= 5_000 }), "open_turn"},
		"an announcement":               {change(func(e *events.AllotmentsAnnounced) { e.GuaranteeMS -= 10_000 }), "announce"},
		"a promised start":              {change(func(e *events.EtasGiven) { e.Given[0].Low -= 60_000 }), "give_etas"},
		"who was not reached":           {change(func(e *events.SessionAdjourned) { e.NotReached = e.NotReached[1:] }), "adjourn"},
		"what was reckoned":             {change(func(e *events.CreditReckoned) { e.Rows[0].CreditMS += 1_000 }), "reckon_credit"},
		"what the session withheld":     {change(func(e *events.CreditReckoned) { e.Rows[1].EntitledMS += 1_000 }), "reckon_credit"},
		"an organisation's own outcome": {change(func(e *events.CreditReckoned) { e.Rows[2].Outcome = "absent" }), "reckon_credit"},
	} {
		t.Run(name, func(t *testing.T) {
			lines := rechain(t, c.lines, f.change)
			differences := judged(lines)
			if !slices.ContainsFunc(differences, func(d Difference) bool { return strings.Contains(d.Where, "("+f.want+")") }) {
				t.Errorf("not named by %s: %v", f.want, differences)
			}
		})
	}
}

// judged verifies the record that is made of a log. A log that does not fold any
// more has no record, and the first commit that cannot be is the difference.
func judged(lines []proof.Line) []Difference {
	r, err := Build(lines)
	if err != nil {
		r = &Record{Version: Version, Log: lines}
	}
	return Verify(r)
}

// late changes the joining of a latecomer.
func late(to func(*events.EntryJoined)) func(events.Event) bool {
	return func(e events.Event) bool {
		joined, ok := e.(*events.EntryJoined)
		if ok = ok && joined.Late; ok {
			to(joined)
		}
		return ok
	}
}

// stepped changes a step back.
func stepped(to func(*events.TurnEnded)) func(events.Event) bool {
	return func(e events.Event) bool {
		ended, ok := e.(*events.TurnEnded)
		if ok = ok && ended.How == events.SteppedBk; ok {
			to(ended)
		}
		return ok
	}
}

// TestVerifyNamesWhatTheRecordStatesOtherwise: each member of the record against
// the log that it carries.
func TestVerifyNamesWhatTheRecordStatesOtherwise(t *testing.T) {
	c := drawn(t)
	for name, f := range map[string]struct {
		change func(*Record)
		want   string
	}{
		"the order":              {func(r *Record) { swapped(r.Lists[0].Order) }, "lists"},
		"an input":               {func(r *Record) { r.Lists[0].Inputs[0].FirstTime = true }, "lists"},
		"a position":             {func(r *Record) { r.Lists[0].Inputs[0].Position = strings.Repeat("0", 64) }, "lists"},
		"the rule's words":       {func(r *Record) { r.Lists[0].Words = "The chair decides." }, "lists"},
		"a latecomer":            {func(r *Record) { r.Lists[0].Late = nil }, "lists"},
		"a turn's use":           {func(r *Record) { r.Turns[1].UsedMS -= 1_000 }, "turns"},
		"a turn's allotment":     {func(r *Record) { r.Turns[1].OfferedMS += 1_000 }, "turns"},
		"a figure":               {func(r *Record) { r.Figures.JainSeconds = 1 }, "figures"},
		"who was not reached":    {func(r *Record) { r.Figures.NotReached = 0 }, "figures"},
		"a credit":               {func(r *Record) { r.Credit[0].CreditMS++ }, "credit"},
		"a promise":              {func(r *Record) { r.Announced[0].LevelMS++ }, "announced"},
		"an applicant left out":  {func(r *Record) { r.Applicants = r.Applicants[1:] }, "applicants"},
		"an entry's state":       {func(r *Record) { r.Entries[0].State = session.Gone }, "entries"},
		"a decision left out":    {func(r *Record) { r.Decisions = r.Decisions[:3] }, "decisions"},
		"the modalities":         {func(r *Record) { r.Rule.MinimumMS = 1_000 }, "rule"},
		"a head":                 {func(r *Record) { r.Heads[1].Version++ }, "heads"},
		"the hard end":           {func(r *Record) { r.HardEnd++ }, "hard_end_ms"},
		"the version of the law": {func(r *Record) { r.RuleVersion++ }, "rule_version"},
	} {
		t.Run(name, func(t *testing.T) {
			r := built(t, c.lines)
			f.change(r)
			differences := Verify(r)
			if len(differences) != 1 || differences[0].Where != f.want || differences[0].What == "" {
				t.Errorf("differences %v, want one in %s", differences, f.want)
			}
		})
	}
}

// TestVerifyNamesARemovedCommit, whichever it is: the chain names the next one
// of its subject, or, at the end of it, the record's own head does.
func TestVerifyNamesARemovedCommit(t *testing.T) {
	c := drawn(t)
	clean := built(t, c.lines)
	for i := 0; i < len(c.lines); i += 3 {
		r := *clean
		r.Log = slices.Delete(slices.Clone(c.lines), i, i+1)
		differences := Verify(&r)
		named := slices.ContainsFunc(differences, func(d Difference) bool {
			return strings.Contains(d.String(), c.lines[i].Subject) || d.Where == "heads"
		})
		if !named {
			t.Errorf("line %d of %s was removed: %v", i, c.lines[i].Subject, differences)
		}
	}
}

// TestASeatGivenOutOfTurnByNameIsNoForgery: a chair may name somebody; the log
// says so.
func TestASeatGivenOutOfTurnByNameIsNoForgery(t *testing.T) {
	c := held(t, 3)
	lines := rechain(t, c.lines, change(func(e *events.FloorGiven) { e.Named = true }))
	if differences := judged(lines); !strings.Contains(fmt.Sprint(differences), "(next)") {
		t.Errorf("a next that says it was a giving by name: %v", differences)
	}
}
