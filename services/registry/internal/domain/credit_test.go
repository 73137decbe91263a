package domain_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
	"github.com/fairfloor/fairfloor/services/registry/internal/domain"
)

// The registry itself, the chair, and a session of the series.
var (
	program       = events.ByService(events.Registry)
	presiding     = sessiontest.Staff(events.Chair)
	linkedSession = sessiontest.ID[ids.Session]("linked")
	consultation  = sessiontest.ID[ids.Consultation]("consultation")
)

// series is a consultation that carries credit over, with two sessions.
func series(t sessiontest.TB) *sessiontest.Log {
	l := sessiontest.Empty(t)
	l.Append(events.Registry, organiser, "create_consultation", &events.ConsultationCreated{Consultation: consultation, Title: "Series", CarryOver: true})
	for _, name := range []string{"linked", "second"} {
		l.Append(events.Registry, program, "link_session", &events.ConsultationSessionAdded{Session: sessiontest.ID[ids.Session](name)})
	}
	return l
}

// brought is what a consultation brings to a session at a version: some ms to
// each of the organisations 0, 1, ...
func brought(version uint64, ms ...int64) command.BringCredit {
	b := command.BringCredit{Consultation: consultation, Version: version}
	for i, v := range ms {
		b.Credits = append(b.Credits, events.OrganisationCredit{Organisation: fmt.Sprintf("Organisation %d", i), CreditMS: v})
	}
	return b
}

// meeting is a running session of a series in which n statements wait, with the
// credit that was brought.
type meeting struct {
	*sessiontest.Log
	t     sessiontest.TB
	turns int
}

func meet(t sessiontest.TB, n int, credits ...int64) *meeting {
	m := &meeting{Log: sessiontest.Empty(t), t: t}
	m.Sample(n, func(c *events.SessionCreated) { c.ClockMode = "gated" })
	do(t, m.Log, program, "bring_credit", brought(7, credits...))
	for i := range n {
		m.queue("join", &events.EntryJoined{Entry: entryOf(i), Part: sessiontest.Item, Applicant: sessiontest.Applicant(i), Kind: events.Statement, Place: i + 1})
	}
	m.StartAt(sessiontest.Item)
	return m
}

func (m *meeting) queue(verb string, all ...events.Event) {
	m.Append(events.Queue, presiding, verb, all...)
}

// speaks holds a turn of so many ms of an allotment.
func (m *meeting) speaks(i int, allottedMS, usedMS int64, how events.TurnEnd) ids.Turn {
	m.turns++
	turn := sessiontest.ID[ids.Turn](fmt.Sprint("turn ", m.turns))
	m.queue("next", &events.FloorGiven{Turn: turn, Entry: entryOf(i), GivenAt: m.Now})
	m.Append(events.Timing, events.ByService(events.Timing), "open_turn", &events.TurnOpened{Turn: turn, AllottedMS: allottedMS})
	begun := m.Now
	m.queue("begin", &events.TurnBegun{Turn: turn, BegunAt: begun, Basis: events.ByChair})
	m.Now = begun.Add(usedMS)
	m.queue("end", &events.TurnEnded{Turn: turn, EndedAt: m.Now, How: how})
	return turn
}

func (m *meeting) adjourn() {
	m.Append(events.Timing, presiding, "adjourn", &events.SessionAdjourned{AdjournedAt: m.Now})
}

// reckon lets the time come and gives the organisations' reckonings by number.
func (m *meeting) reckon() map[int]events.CreditRow {
	m.t.Helper()
	m.Now = max(m.Now, m.State.Timing.AdjournedAt.Add(domain.ReckonAfterMS))
	for _, d := range domain.Due(m.State) {
		if d.Request.Verb == "reckon_credit" && d.At <= m.Now {
			r := d.Request
			if _, err := m.Do(events.Registry, domain.Decide, &r); err != nil {
				m.t.Fatalf("%v", err)
			}
		}
	}
	if m.State.Registry.Reckoned == nil {
		return nil
	}
	rows := map[int]events.CreditRow{}
	for _, row := range m.State.Registry.Reckoned.Rows {
		var i int
		if _, err := fmt.Sscanf(row.Organisation, "Organisation %d", &i); err != nil {
			m.t.Fatalf("%v", err)
		}
		rows[i] = row
	}
	return rows
}

// overdue is an adjourned session that carries credit, whose reckoning is due.
func overdue(t sessiontest.TB) *sessiontest.Log {
	m := meet(t, 2)
	m.adjourn()
	m.Now = m.Now.Add(domain.ReckonAfterMS)
	// The table of roles sends no arguments, so the adjournment is at zero.
	m.Append(events.Timing, presiding, "adjourn", &events.SessionAdjourned{})
	return m.Log
}

// TestCreditIsHalfOfTheFormerAndWhatTheSystemWithheld, for each way in which a
// session can end for an organisation.
func TestCreditIsHalfOfTheFormerAndWhatTheSystemWithheld(t *testing.T) {
	m := meet(t, 8, 0, 40_000, 0, 0, 40_000, 40_000, 40_000, 20_000)
	m.speaks(0, 100_000, 100_000, events.Ended)   // all of it
	m.speaks(1, 100_000, 20_000, events.Yielded)  // short by choice
	m.speaks(2, 100_000, 40_000, events.AtLimit)  // cut by the system
	m.speaks(3, 30_000, 30_000, events.Withdrawn) // used all that was offered, which was too little
	m.queue("report_absent", &events.AbsenceReported{Entry: entryOf(4)})
	m.queue("report_absent", &events.AbsenceReported{Entry: entryOf(5)}, &events.Excused{Entry: entryOf(5)})
	m.queue("withdraw", &events.EntryWithdrawn{Entry: entryOf(6)}) // in time: no part of the session
	m.adjourn()                                                    // 7 still waits
	rows := m.reckon()
	// 190 s were used by 4, and 7 was there too: a level of 38 s.
	for i, want := range map[int]events.CreditRow{
		0: {Outcome: "spoke", EntitledMS: 38_000, UsedMS: 100_000, CreditMS: 0},
		1: {Outcome: "spoke", BeforeMS: 40_000, EntitledMS: 38_000, UsedMS: 20_000, CreditMS: 20_000},
		2: {Outcome: "spoke", EntitledMS: 38_000, UsedMS: 40_000, CreditMS: 0},
		3: {Outcome: "curtailed", EntitledMS: 38_000, UsedMS: 30_000, CreditMS: 8_000},
		4: {Outcome: "absent", BeforeMS: 40_000, CreditMS: 0},
		5: {Outcome: "excused", BeforeMS: 40_000, CreditMS: 38_000},
		7: {Outcome: "not_reached", BeforeMS: 20_000, EntitledMS: 38_000, CreditMS: 38_000},
	} {
		want.Organisation, want.SlotMS = fmt.Sprint("Organisation ", i), 38_000
		if rows[i] != want {
			t.Errorf("%d: %+v, want %+v", i, rows[i], want)
		}
	}
	if _, there := rows[6]; there || len(rows) != 7 {
		t.Errorf("%d rows, %+v", len(rows), rows[6])
	}
	m.SameAgain()
}

// TestAnApplicantRefusedInTheLastMinuteKeepsCredit: one who is on the list, but
// came too late to be reached, loses nothing and earns nothing.
func TestAnApplicantRefusedInTheLastMinuteKeepsCredit(t *testing.T) {
	m := meet(t, 3, 0, 30_000, 30_000)
	m.queue("withdraw", &events.EntryWithdrawn{Entry: entryOf(1)}, &events.EntryWithdrawn{Entry: entryOf(2)})
	late := sessiontest.ID[ids.Entry]("late")
	m.queue("join", &events.EntryJoined{Entry: late, Part: sessiontest.Item, Applicant: sessiontest.Applicant(1), Kind: events.Statement, Late: true},
		&events.EntryToStandby{Entry: late})
	m.speaks(0, 60_000, 60_000, events.Ended)
	m.adjourn()
	rows := m.reckon()
	if r := rows[1]; r.Outcome != "excused" || r.CreditMS != 30_000 {
		t.Errorf("who was refused has %+v", r)
	}
	// Applicant 2 was refused before they had an entry: there is no row, and what
	// they have stays on the consultation's subject.
	if _, there := rows[2]; there {
		t.Errorf("there is a row: %+v", rows[2])
	}
	credits := domain.Credits([]*events.CreditCarried{
		{AdjournedAt: 1, Rows: []events.CreditRow{{Organisation: "Organisation 2", Outcome: "not_reached", EntitledMS: 30_000, SlotMS: 30_000}}},
		{AdjournedAt: 2, Rows: m.State.Registry.Reckoned.Rows},
	})
	if !slices.Contains(credits, events.OrganisationCredit{Organisation: "Organisation 2", CreditMS: 30_000}) {
		t.Errorf("the credits are %v", credits)
	}
}

// TestAJointStatementIsReckonedForEachOfItsOrganisations with its part of the time.
func TestAJointStatementIsReckonedForEachOfItsOrganisations(t *testing.T) {
	m := meet(t, 3)
	m.queue("merge", &events.EntriesMerged{Lead: entryOf(0), Members: []ids.Entry{entryOf(1)}})
	m.speaks(0, 120_000, 90_000, events.Ended)
	m.adjourn()
	rows := m.reckon()
	for i := range 2 {
		if r := rows[i]; r.Outcome != "spoke" || r.UsedMS != 45_000 || r.EntitledMS != 30_000 {
			t.Errorf("%d has %+v", i, r)
		}
	}
	if r := rows[2]; r.Outcome != "not_reached" || r.CreditMS != 30_000 {
		t.Errorf("who was not reached has %+v", r)
	}
}

// TestWhoWasSetAsideCarriesFullCredit, also when they were absent or spoke for
// nobody else: it was the session that had no room for them.
func TestWhoWasSetAsideCarriesFullCredit(t *testing.T) {
	m := meet(t, 3, 0, 10_000)
	m.queue("report_absent", &events.AbsenceReported{Entry: entryOf(2)})
	m.queue("set_aside", &events.EntriesSetAside{
		Part: sessiontest.Item, How: events.ToSecondSession, Places: 1, CreditMS: 60_000,
		Entries: []events.AsideEntry{{Entry: entryOf(1), Place: 2}, {Entry: entryOf(2), Place: 3}},
	})
	m.speaks(0, 60_000, 50_000, events.Ended)
	m.adjourn()
	rows := m.reckon()
	for i := 1; i < 3; i++ {
		if r := rows[i]; r.Outcome != "not_reached" || r.CreditMS != 60_000 || r.UsedMS != 0 {
			t.Errorf("%d was set aside and has %+v", i, r)
		}
	}
	if r := rows[0]; r.Outcome != "spoke" || r.EntitledMS != 50_000 || r.CreditMS != 0 {
		t.Errorf("who spoke has %+v", r)
	}
}

// TestUndoOfAnAdjournmentDoesNotDoubleCredit, and nothing is reckoned while the
// adjournment can be undone.
func TestUndoOfAnAdjournmentDoesNotDoubleCredit(t *testing.T) {
	m := meet(t, 2)
	m.speaks(0, 60_000, 60_000, events.Ended)
	m.adjourn()
	for _, d := range domain.Due(m.State) {
		if d.At < m.State.Timing.AdjournedAt.Add(10*60_000) || !d.Timer {
			t.Errorf("%s is due at %s", d.Request.Verb, d.At)
		}
	}
	early := sessiontest.Request(program, "reckon_credit", command.ReckonCredit{AdjournedAt: m.State.Timing.AdjournedAt})
	if _, err := m.Do(events.Registry, domain.Decide, early); !problem.Is(err, problem.WrongState) {
		t.Errorf("too early: %v", err)
	}
	first := m.State.Timing.AdjournedAt
	m.Append(events.Timing, presiding, "undo_adjournment", &events.AdjournmentUndone{})
	if due := domain.Due(m.State); len(due) != 0 {
		t.Errorf("after the undo %d things are due", len(due))
	}
	m.speaks(1, 60_000, 60_000, events.Ended)
	m.adjourn()
	if r := m.reckon()[1]; r.Outcome != "spoke" || r.CreditMS != 0 || m.State.Registry.Reckoned.AdjournedAt == first {
		t.Errorf("after the undo they spoke, and have %+v", r)
	}
	// On the consultation's subject a session counts once, however often it comes.
	l := series(t)
	row := func(entitled int64) []events.CreditRow {
		return []events.CreditRow{{Organisation: "Organisation 1", Outcome: "not_reached", EntitledMS: entitled, SlotMS: 60_000}}
	}
	for _, c := range []struct {
		session    string
		at, amount int64
		want       int64
	}{{"linked", 10, 60_000, 60_000}, {"linked", 20, 20_000, 20_000}, {"second", 30, 10_000, 20_000}, {"linked", 20, 40_000, 30_000}} {
		do(t, l, program, "carry_credit", command.CarryCredit{
			From: sessiontest.ID[ids.Session](c.session), AdjournedAt: clock.Instant(c.at), Rows: row(c.amount),
		})
		if got := l.State.Registry.Series.Credits; len(got) != 1 || got[0].CreditMS != c.want {
			t.Errorf("after %+v: %v", c, got)
		}
	}
	refuse(t, l, program, "carry_credit", command.CarryCredit{From: linkedSession, AdjournedAt: 20, Rows: row(40_000)}, problem.Already, "")
	refuse(t, l, program, "carry_credit", command.CarryCredit{From: sessiontest.ID[ids.Session]("stranger")}, problem.NotFound, "args.from")
	l.SameAgain()
}

// TestCorrectionsBeforeSealingAreCounted, each time anew, and what is sealed
// before its reckoning was due is reckoned with the seal.
func TestCorrectionsBeforeSealingAreCounted(t *testing.T) {
	m := meet(t, 2)
	turn := m.speaks(0, 60_000, 60_000, events.Ended)
	m.adjourn()
	if r := m.reckon()[1]; r.EntitledMS != 30_000 {
		t.Fatalf("before the correction: %+v", r)
	}
	if due := domain.Due(m.State); len(due) != 1 || due[0].Request.Verb != "seal" {
		t.Errorf("due is %+v", due)
	}
	ended := m.State.Queue.Turns[turn].EndedAt
	m.queue("correct_turn", &events.TurnCorrected{Turn: turn, EndedAt: ended.Add(-20_000)})
	if r := m.reckon()[1]; r.EntitledMS != 20_000 || r.CreditMS != 20_000 {
		t.Errorf("after the correction: %+v", r)
	}
	// Corrected back: what was written once can be written again.
	m.queue("correct_turn", &events.TurnCorrected{Turn: turn, EndedAt: ended})
	if r := m.reckon()[1]; r.EntitledMS != 30_000 {
		t.Errorf("corrected back: %+v", r)
	}
	// An excuse that comes late, and the seal at once.
	m.queue("excuse", &events.Excused{Entry: entryOf(1)})
	d := do(t, m.Log, organiser, "seal", nil)
	reckoned, ok := d.Events[0].(*events.CreditReckoned)
	if _, sealed := d.Events[len(d.Events)-1].(*events.SessionSealed); !ok || !sealed || reckoned.Rows[1].Outcome != "excused" {
		t.Errorf("the seal is %+v", d.Events)
	}
	// A session that carries nothing over is sealed without.
	if d := do(t, adjourned(t), organiser, "seal", nil); len(d.Events) != 1 {
		t.Errorf("a seal without carry-over has %d facts", len(d.Events))
	}
}

// TestFixListTakesTheCarriedCredit, however the name is written now; what comes
// after the list was fixed changes no input.
func TestFixListTakesTheCarriedCredit(t *testing.T) {
	l := listOf(t, "ORGANISATION  0", "Organisation 1", "Organisation 2")
	do(t, l, program, "bring_credit", brought(3, 11_000, 0, 22_000))
	do(t, l, organiser, "commit_lot", commitment)
	do(t, l, organiser, "fix_list", command.PartRef{Part: sessiontest.Item})
	credits := func() (all []int64) {
		for _, in := range l.State.Registry.Lots[sessiontest.Item].Fixed.Inputs {
			all = append(all, in.CreditMS)
		}
		return all
	}
	if got := credits(); !slices.Equal(got, []int64{11_000, 0, 22_000}) {
		t.Errorf("the inputs' credits are %v", got)
	}
	refuse(t, l, program, "bring_credit", brought(3, 1), problem.Already, "")
	refuse(t, l, program, "bring_credit", command.BringCredit{Consultation: sessiontest.ID[ids.Consultation]("x"), Version: 9}, problem.Invalid, "args.consultation")
	do(t, l, program, "bring_credit", brought(4, 99_000))
	if got := credits(); !slices.Equal(got, []int64{11_000, 0, 22_000}) {
		t.Errorf("after another credit came: %v", got)
	}
}

// TestAnOrganisationCarriesCreditOnce, under whatever spelling it came.
func TestAnOrganisationCarriesCreditOnce(t *testing.T) {
	rows := func(names ...string) (all []events.CreditRow) {
		for _, n := range names {
			all = append(all, events.CreditRow{Organisation: n, Outcome: "not_reached", EntitledMS: 10_000, SlotMS: 60_000})
		}
		return all
	}
	got := domain.Credits([]*events.CreditCarried{
		{AdjournedAt: 2, Rows: rows("ACCESS  NOW", "Аccess Now Foundation")},
		{AdjournedAt: 1, Rows: rows("Access Now", "Access Now Foundation")},
	})
	want := []events.OrganisationCredit{{Organisation: "Access Now", CreditMS: 15_000}, {Organisation: "Access Now Foundation", CreditMS: 15_000}}
	if !slices.Equal(got, want) {
		t.Errorf("the credits are %v", got)
	}
}

// TestCreditsAreTheSameInWhateverOrderTheyCame: sessions are reckoned in the
// order of their adjournment, and nobody ever carries more than a slot or less
// than nothing.
func TestCreditsAreTheSameInWhateverOrderTheyCame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []*events.CreditCarried
		slot := int64(0)
		for i := range rapid.IntRange(1, 5).Draw(t, "sessions") {
			c := &events.CreditCarried{Session: sessiontest.ID[ids.Session](fmt.Sprint(i)), AdjournedAt: clock.Instant(rapid.IntRange(1, 4).Draw(t, "at"))}
			for o := range 3 {
				if !rapid.Bool().Draw(t, "takes part") {
					continue
				}
				row := events.CreditRow{
					Organisation: fmt.Sprint("Organisation ", o), Outcome: rapid.SampledFrom([]string{"spoke", "curtailed", "not_reached", "absent", "excused"}).Draw(t, "outcome"),
					EntitledMS: rapid.Int64Range(0, 90_000).Draw(t, "entitled"), UsedMS: rapid.Int64Range(0, 90_000).Draw(t, "used"),
					SlotMS: rapid.Int64Range(0, 90_000).Draw(t, "slot"),
				}
				slot = max(slot, row.SlotMS)
				c.Rows = append(c.Rows, row)
			}
			all = append(all, c)
		}
		credits := domain.Credits(all)
		for _, c := range credits {
			if c.CreditMS <= 0 || c.CreditMS > slot {
				t.Fatalf("%+v is not within a slot of %d", c, slot)
			}
		}
		if again := domain.Credits(rapid.Permutation(all).Draw(t, "shuffled")); !reflect.DeepEqual(credits, again) {
			t.Fatalf("%v in another order gives %v", credits, again)
		}
	})
}

// TestCarryAndBringSayWhatTheStatesSay, under ids that every replica makes alike.
func TestCarryAndBringSayWhatTheStatesSay(t *testing.T) {
	m := meet(t, 2)
	if r, err := domain.Carry(m.State); r != nil || err != nil {
		t.Errorf("before the reckoning: %+v, %v", r, err)
	}
	m.adjourn()
	m.reckon()
	one, err := domain.Carry(m.State)
	two, _ := domain.Carry(m.Refold())
	if err != nil || !reflect.DeepEqual(one, two) || one.Session != ids.MustParse[ids.Session](consultation.String()) {
		t.Fatalf("%+v, %+v, %v", one, two, err)
	}
	var args command.CarryCredit
	if err := json.Unmarshal(one.Args, &args); err != nil || args.From != m.State.ID || !reflect.DeepEqual(args.Rows, m.State.Registry.Reckoned.Rows) {
		t.Errorf("%+v, %v", args, err)
	}
	l := series(t)
	bring, err := domain.Bring(l.State, m.State.ID)
	if err != nil || bring.Session != m.State.ID {
		t.Fatalf("%+v, %v", bring, err)
	}
	fresh := stage(t)
	if _, err := fresh.Do(events.Registry, domain.Decide, bring); err != nil {
		t.Fatal(err)
	}
	if c := fresh.State.Registry.Credit; c == nil || c.Version != 3 || len(c.Credits) != 0 {
		t.Errorf("brought is %+v", c)
	}
	// Once a session is over, what it was reckoned with stays.
	refuse(t, m.Log, program, "bring_credit", brought(9, 1), problem.WrongState, "")
	if m.State.Timing.Phase != session.Adjourned {
		t.Error("the session is not adjourned")
	}
}
