package record

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

// Each line of "Bad and edge input" of fairness.md, on the services' own
// domains together; the allocation's part of them is in package fairness, and
// what needs a real log (two presses, a restart) is in packages queue and
// bubble too. Every record that comes of one must verify.

// planned is a session of so many minutes with an open list.
func planned(t *testing.T, minutes int64, change func(*events.Modalities)) (*chronicle, ids.Part) {
	t.Helper()
	c := &chronicle{t: t, state: session.New(ids.New[ids.Session]()), now: start - 600_000}
	modalities := session.DefaultModalities()
	if change != nil {
		change(&modalities)
	}
	c.do(desk, "create_session", nil, command.CreateSession{
		Title: "Edge", PlannedStart: instant(start), HardEnd: instant(start + minutes*60_000), Zone: "UTC", Modalities: &modalities,
	})
	part := c.state.Registry.Parts[0].ID
	c.do(desk, "open_list", nil, command.PartRef{Part: part})
	return c, part
}

// enter lets an organisation apply and join.
func (c *chronicle) enter(part ids.Part, a command.Apply) ids.Entry {
	c.t.Helper()
	a.Accept = true
	applicant := ids.MustParse[ids.Applicant](c.do(desk, "apply", nil, a)["applicant"])
	return ids.MustParse[ids.Entry](c.do(desk, "join", nil, command.Join{Part: part, Applicant: applicant})["entry"])
}

// refused decides a request that must be refused, with what to do.
func (c *chronicle) refused(roles []events.Role, verb string, expect *command.Expect, args any) *problem.Error {
	c.t.Helper()
	raw, err := json.Marshal(args)
	if err != nil {
		c.t.Fatal(err)
	}
	row, _ := command.Lookup(verb)
	r := &command.Request{ID: ids.New[ids.Command](), Session: c.state.ID, Verb: verb, Expect: expect, Args: raw, Actor: events.Actor{ID: "person/test", Roles: roles}}
	if row.Reason {
		r.Reason = &events.NoteRef{ID: ids.New[ids.Note]()}
	}
	_, err = c.service(row.Context).Decide(c.state, r, max(instant(c.now), c.state.At+1))
	if err == nil {
		c.t.Errorf("%s %s is accepted", verb, raw)
		return &problem.Error{}
	}
	p := problem.From(err)
	if p.Detail == "" || p.Code == problem.Internal {
		c.t.Errorf("%s %s: %v", verb, raw, p)
	}
	return p
}

// opens starts the session and lets the chair open it.
func (c *chronicle) opens() {
	c.t.Helper()
	c.now = max(c.now, start)
	c.do(chair, "start_session", nil, command.None{})
	c.wait(200)
}

// button is what the chair sees on the primary control.
func (c *chronicle) button(part ids.Part) *command.Expect {
	turn, entry := c.state.Queue.Turn, ids.Entry{}
	if order := c.state.Queue.List(part).Order; len(order) > 0 {
		entry = order[0]
	}
	return &command.Expect{Turn: &turn, Entry: &entry}
}

// calls gives the floor to the next, who begins.
func (c *chronicle) calls(part ids.Part) ids.Turn {
	c.t.Helper()
	turn := ids.MustParse[ids.Turn](c.do(chair, "next", c.button(part), command.None{})["turn"])
	c.wait(5)
	c.do(chair, "begin", &command.Expect{Turn: &turn}, command.Begin{Turn: turn})
	return turn
}

// ends ends the turn and adjourns; the record must verify.
func (c *chronicle) ends() *Record {
	c.t.Helper()
	if turn := c.state.Queue.Turn; !turn.IsZero() {
		c.do(chair, "end", &command.Expect{Turn: &turn}, command.TurnRef{Turn: turn})
	}
	c.do(chair, "adjourn", &command.Expect{Plan: c.state.PlanDigest()}, command.None{})
	r := built(c.t, c.lines)
	for _, d := range Verify(r) {
		c.t.Errorf("the record differs: %s", d)
	}
	return r
}

func TestEdgeNobodyApplied(t *testing.T) {
	c, part := planned(t, 30, nil)
	plan := session.PlanOf(c.state, part, c.state.At)
	if !plan.Fits || plan.Waiting != 0 || plan.NotReached != 0 || plan.Fault != nil {
		t.Errorf("the plan of nobody: %+v", plan)
	}
	c.do(desk, "close_list", nil, command.CloseList{Part: part})
	c.opens()
	if p := c.refused(chair, "next", c.button(part), command.None{}); p.Code != problem.WrongState || p.Do == "" {
		t.Errorf("next of nobody: %v", p)
	}
	if r := c.ends(); r.Figures.Heard != 0 || r.Figures.NotReached != 0 || len(r.Turns) != 0 {
		t.Errorf("the figures of nobody: %+v", r.Figures)
	}
}

func TestEdgeOneApplied(t *testing.T) {
	c, part := planned(t, 30, func(m *events.Modalities) { m.Order = session.OrderSainteLague })
	c.do(desk, "commit_lot", nil, command.CommitLot{Part: part, Source: "a lottery", Commitment: code.commitment})
	only := c.enter(part, command.Apply{Organisation: "Only"})
	c.do(desk, "close_list", nil, command.CloseList{Part: part})
	c.do(desk, "fix_list", nil, command.PartRef{Part: part})
	c.do(desk, "draw_lot", nil, command.DrawLot{Part: part, Randomness: "1", Code: code.code})
	c.wait(1)
	if list := c.state.Queue.List(part); list.Ordered == nil || !slices.Equal(list.Order, []ids.Entry{only}) {
		t.Errorf("the list of one is %+v", list)
	}
	c.opens()
	c.calls(part)
	c.wait(50)
	if r := c.ends(); r.Figures.Heard != 1 || r.Figures.JainSeconds != 1 || r.Turns[0].OfferedMS != session.DefaultModalities().MaximumMS {
		t.Errorf("the figures of one: %+v, %+v", r.Figures, r.Turns)
	}
}

func TestEdgeAnEndInThePastOrMovedBeforeNow(t *testing.T) {
	c := &chronicle{t: t, state: session.New(ids.New[ids.Session]()), now: start}
	at := func(from, to clock.Instant) command.CreateSession {
		return command.CreateSession{Title: "Edge", PlannedStart: from, HardEnd: to, Zone: "UTC"}
	}
	for name, args := range map[string]command.CreateSession{
		"before its start": at(instant(start), instant(start-1)), "at its start": at(instant(start), instant(start)),
		"before the year 2000": at(instant(start), 1), "overflowing": at(instant(start), math.MaxInt64), "of 24 hours and 1 ms": at(instant(start), instant(start+86_400_001)),
	} {
		if p := c.refused(desk, "create_session", nil, args); p.Code != problem.Invalid || p.Field != "args.hard_end" {
			t.Errorf("an end %s: %v", name, p)
		}
	}
	c, part := planned(t, 30, nil)
	c.opens()
	for name, args := range map[string]command.ExtendSession{
		"now": {HardEnd: instant(c.now)}, "before now": {HardEnd: instant(c.now - 1)}, "in the distant past": {HardEnd: 1}, "an overflowing one": {HardEnd: math.MaxInt64},
	} {
		if p := c.refused(chair, "extend_session", nil, args); p.Code != problem.Invalid || p.Field != "args.hard_end" {
			t.Errorf("an end moved to %s: %v", name, p)
		}
	}
	if p := c.refused(desk, "close_list", nil, command.CloseList{Part: part, At: instant(start)}); p.Code != problem.Invalid || p.Field != "args.at" {
		t.Errorf("a list that was to close in the past: %v", p)
	}
}

func TestEdgeNegativeOverflowingAndTooLongDurationsAreFieldErrors(t *testing.T) {
	c, part := planned(t, 30, nil)
	c.enter(part, command.Apply{Organisation: "One"})
	c.do(desk, "close_list", nil, command.CloseList{Part: part})
	c.opens()
	turn := c.calls(part)
	plan, on := &command.Expect{Plan: c.state.PlanDigest()}, &command.Expect{Turn: &turn}
	for _, ms := range []int64{-1, math.MinInt64, math.MaxInt64, 86_400_001} {
		for _, d := range []struct {
			verb   string
			expect *command.Expect
			args   any
			field  string
		}{
			{"apply", nil, command.Apply{Organisation: "Two", RequestedMS: ms}, "args.requested_ms"},
			{"join", nil, command.Join{Part: part, Applicant: c.state.Registry.ApplicantOrder[0], RequestedMS: ms}, "args.requested_ms"},
			{"extend_turn", on, command.ExtendTurn{Turn: turn, ByMS: ms}, "args.by_ms"},
			{"extend_session", plan, command.ExtendSession{ByMS: ms}, "args.by_ms"},
			{"set_minimum", plan, command.SetMinimum{MinimumMS: ms}, "args.minimum_ms"},
			{"change_session", nil, map[string]any{"modalities": map[string]any{"minimum_ms": ms}}, "args.modalities.minimum_ms"},
			{"change_session", nil, map[string]any{"modalities": map[string]any{"grace_ms": ms}}, "args.modalities.grace_ms"},
			{"change_session", nil, map[string]any{"modalities": map[string]any{"opening_ms": ms}}, "args.modalities.opening_ms"},
			{"change_session", nil, map[string]any{"modalities": map[string]any{"reply_ms": ms}}, "args.modalities.reply_ms"},
			{"add_part", nil, command.PartArgs{Kind: events.Item, Title: "Long", Minutes: ms, HasList: true}, "args.minutes"},
		} {
			// One ms less is an end before now or no minute at all: shorter is a matter of its own.
			if d.verb == "extend_session" && ms == -1 {
				continue
			}
			if p := c.refused(chair, d.verb, d.expect, d.args); p.Code != problem.Invalid || p.Field != d.field {
				t.Errorf("%s with %d: %v, not on %s", d.verb, ms, p, d.field)
			}
		}
	}
}

func TestEdgeWeightsOutside1To4AreRefused(t *testing.T) {
	// A weight cannot be sent: it comes of merging alone, and is at most 4.
	for _, members := range []int{0, 1, 3, 4, 9} {
		c, part := planned(t, 60, func(m *events.Modalities) { m.Allotment = "individual" })
		var all []ids.Entry
		for i := range members + 2 {
			all = append(all, c.enter(part, command.Apply{Organisation: fmt.Sprint("Organisation ", i), RequestedMS: 60_000}))
		}
		states := map[ids.Entry]string{}
		for _, id := range all {
			states[id] = "waiting"
		}
		if members > 0 {
			c.do(chair, "merge", &command.Expect{Entries: states}, command.Merge{Lead: all[0], Members: all[1 : members+1]})
		}
		if w := c.state.Queue.Entries[all[0]].Weight(); w != int64(min(4, members+1)) {
			t.Errorf("of %d organisations the weight is %d", members+1, w)
		}
		for _, weight := range []int{0, -1, 5} {
			if p := c.refused(chair, "join", nil, map[string]any{"part": part, "weight": weight}); p.Code != problem.Malformed || p.Field != "args.weight" {
				t.Errorf("a weight of %d: %v", weight, p)
			}
		}
	}
}

func TestEdgeARequestUnderTheFloorIsOfferedTheRequest(t *testing.T) {
	c, part := planned(t, 30, nil) // a minimum of 60 s
	c.enter(part, command.Apply{Organisation: "Short", RequestedMS: 30_000})
	c.enter(part, command.Apply{Organisation: "Long", RequestedMS: 120_000})
	c.do(desk, "close_list", nil, command.CloseList{Part: part})
	c.opens()
	c.calls(part)
	c.wait(25)
	if r := c.ends(); r.Turns[0].OfferedMS != 30_000 || r.Turns[0].GuaranteeMS != 30_000 || r.Figures.PromisesBroken != 0 {
		t.Errorf("offered %+v, %+v", r.Turns[0], r.Figures)
	}
}

func TestEdgeTheSameOrganisationTwiceIsOneEntryAndBothAreTold(t *testing.T) {
	c, part := planned(t, 30, nil)
	c.enter(part, command.Apply{Organisation: "Società Café"})
	for name, spelling := range map[string]string{
		"case": "SOCIETÀ CAFÉ", "Unicode form": "Societa\u0300 Cafe\u0301", "a look-alike": "Sосietà Саfé", "white space": "  Società\u00a0 Café ", "diacritics": "Societa Cafe",
	} {
		p := c.refused(desk, "apply", nil, command.Apply{Organisation: spelling, Accept: true})
		if p.Code != problem.Already || p.Field != "args.organisation" || !strings.Contains(p.Detail, "Società Café") {
			t.Errorf("%s: %v", name, p)
		}
	}
	// The second device of the first is told its place.
	p := c.refused(desk, "join", nil, command.Join{Part: part, Applicant: c.state.Registry.ApplicantOrder[0]})
	if p.Code != problem.Already || !strings.Contains(p.Detail, "place 1") {
		t.Errorf("joining twice: %v", p)
	}
	if len(c.state.Queue.Entries) != 1 || len(c.state.Registry.Applicants) != 1 {
		t.Errorf("%d entries of %d applicants", len(c.state.Queue.Entries), len(c.state.Registry.Applicants))
	}
}

func TestEdgeAnUnknownGroupIsUnspecifiedAndNeverDropped(t *testing.T) {
	c, part := planned(t, 30, func(m *events.Modalities) { m.Order = session.OrderSainteLague })
	c.do(desk, "commit_lot", nil, command.CommitLot{Part: part, Source: "a lottery", Commitment: code.commitment})
	var all []ids.Entry
	for i, group := range []string{"", "  ", "never heard of", "academia", ""} {
		all = append(all, c.enter(part, command.Apply{Organisation: fmt.Sprint("Organisation ", i), Group: group}))
	}
	c.do(desk, "close_list", nil, command.CloseList{Part: part})
	c.do(desk, "fix_list", nil, command.PartRef{Part: part})
	groups := map[string]int{}
	for _, in := range c.state.Registry.Lots[part].Fixed.Inputs {
		groups[in.Group]++
	}
	if groups["unspecified"] != 3 || groups["never heard of"] != 1 || groups[""] != 0 {
		t.Errorf("the groups are %v", groups)
	}
	c.do(desk, "draw_lot", nil, command.DrawLot{Part: part, Randomness: "1", Code: code.code})
	c.wait(1)
	if order := c.state.Queue.List(part).Order; len(order) != len(all) {
		t.Errorf("%d of %d are on the list", len(order), len(all))
	}
}

func TestEdgeEveryoneIsAbsent(t *testing.T) {
	c, part := planned(t, 30, nil)
	for i := range 3 {
		entry := c.enter(part, command.Apply{Organisation: fmt.Sprint("Organisation ", i)})
		if i < 2 {
			c.do(desk, "report_absent", nil, command.EntryRef{Entry: entry})
		}
	}
	c.do(desk, "close_list", nil, command.CloseList{Part: part})
	c.opens()
	for range 3 {
		turn := ids.MustParse[ids.Turn](c.do(chair, "next", c.button(part), command.None{})["turn"])
		c.wait(20)
		c.do(chair, "no_show", &command.Expect{Turn: &turn}, command.TurnRef{Turn: turn})
	}
	plan := session.PlanOf(c.state, part, c.state.At)
	if plan.Fault != nil || plan.Waiting != 0 || plan.Standby != 3 {
		t.Errorf("with everyone on standby the plan is %+v", plan)
	}
	if p := c.refused(chair, "next", c.button(part), command.None{}); p.Code != problem.WrongState || !strings.Contains(p.Do, "standby") {
		t.Errorf("next: %v", p)
	}
	if r := c.ends(); r.Figures.Heard != 0 || r.Figures.Present != 0 || r.Figures.ServedPPM != 1_000_000 {
		t.Errorf("the figures are %+v", r.Figures)
	}
}

func TestEdgeARestartInMidTurnGivesTheSameState(t *testing.T) {
	c := held(t, 3)
	// Whoever starts after any commit, also in the middle of a turn, has the same
	// state, and knows the same to be due.
	running := 0
	state := session.New(c.state.ID)
	commits, err := read(c.lines)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range commits {
		if err := state.Apply(line.Commit, line.Meta); err != nil {
			t.Fatal(err)
		}
		if state.Queue.Running() == nil {
			continue
		}
		running++
		again, err := replay(commits[:i+1])
		if err != nil {
			t.Fatal(err)
		}
		for _, of := range []events.Context{events.Timing, events.Queue, events.Registry} {
			one, _ := json.Marshal(c.service(of).Due(state))
			two, _ := json.Marshal(c.service(of).Due(again))
			if string(one) != string(two) {
				t.Errorf("after line %d %s has due %s, and after a restart %s", i+1, of, one, two)
			}
		}
		was, _ := state.Countdown(state.Queue.Running())
		is, _ := again.Countdown(again.Queue.Running())
		if was != is || state.PlanDigest() != again.PlanDigest() {
			t.Errorf("after line %d the clock is %+v, and after a restart %+v", i+1, was, is)
		}
	}
	if running < 9 {
		t.Fatalf("only %d commits lie in a turn", running)
	}
}

func TestEdgeNextPressedTwiceOrByTwoIsOneStep(t *testing.T) {
	c, part := planned(t, 30, nil)
	for i := range 3 {
		c.enter(part, command.Apply{Organisation: fmt.Sprint("Organisation ", i)})
	}
	c.do(desk, "close_list", nil, command.CloseList{Part: part})
	c.opens()
	seen := c.button(part)
	c.do(chair, "next", seen, command.None{})
	for _, by := range [][]events.Role{chair, {events.ViceChair}} {
		if p := c.refused(by, "next", seen, command.None{}); p.Code != problem.Stale || p.Field != "expect.turn" || p.Since == nil {
			t.Errorf("the second press: %v", p)
		}
	}
	if n := len(c.state.Queue.TurnOrder); n != 1 {
		t.Errorf("%d turns were given", n)
	}
}

func TestEdgeLeavingAndRejoiningDoesNotGainPlaces(t *testing.T) {
	for _, rule := range []string{session.OrderByList, session.OrderSainteLague, session.OrderByLot, session.OrderFirstCome, session.OrderBySecretariat, session.OrderForAgainst} {
		c, part := planned(t, 60, func(m *events.Modalities) { m.Order = rule })
		if session.DrawsLot(rule) {
			c.do(desk, "commit_lot", nil, command.CommitLot{Part: part, Source: "a lottery", Commitment: code.commitment})
		}
		for i := range 6 {
			c.enter(part, command.Apply{Organisation: fmt.Sprint("Organisation ", i), Group: []string{"academia", "civil society"}[i%2]})
		}
		c.do(desk, "close_list", nil, command.CloseList{Part: part})
		if rule != session.OrderByList {
			c.do(desk, "fix_list", nil, command.PartRef{Part: part})
		}
		if session.DrawsLot(rule) {
			c.do(desk, "draw_lot", nil, command.DrawLot{Part: part, Randomness: "1", Code: code.code})
		}
		c.wait(1)
		for place := range 6 {
			leaving := c.state.Queue.List(part).Order[place]
			applicant := c.state.Queue.Entries[leaving].Applicant
			c.do(desk, "withdraw", nil, command.EntryRef{Entry: leaving})
			again := ids.MustParse[ids.Entry](c.do(desk, "join", nil, command.Join{Part: part, Applicant: applicant})["entry"])
			if at := c.state.Queue.Place(again); at < place+1 {
				t.Errorf("%s: who left place %d came back to place %d", rule, place+1, at)
			}
		}
	}
}

func TestEdgeAnApplicantInTheLastMinuteIsRefusedWithTheReasonAndKeepsCredit(t *testing.T) {
	c, part := planned(t, 8, nil)
	c.brings(events.OrganisationCredit{Organisation: "Late", CreditMS: 25_000}, events.OrganisationCredit{Organisation: "Later", CreditMS: 30_000})
	for i := range 3 {
		c.enter(part, command.Apply{Organisation: fmt.Sprint("Organisation ", i)})
	}
	c.do(desk, "close_list", nil, command.CloseList{Part: part})
	c.opens()
	// A delegate's own wish is refused with the reason and what to do.
	late := ids.MustParse[ids.Applicant](c.do(desk, "apply", nil, command.Apply{Organisation: "Later", Accept: true})["applicant"])
	raw, _ := json.Marshal(command.Join{Part: part})
	_, err := c.service(events.Queue).Decide(c.state, &command.Request{
		ID: ids.New[ids.Command](), Session: c.state.ID, Verb: "join", Args: raw, Actor: events.Actor{ID: "token/late", Roles: []events.Role{events.Speaker}, Applicant: late},
	}, instant(c.now))
	if p := problem.From(err); p.Code != problem.WrongState || !strings.Contains(p.Detail, "closed") || p.Do == "" {
		t.Errorf("the last minute: %v", err)
	}
	// One whom the secretariat adds waits on standby, where no promise is broken.
	if e := c.state.Queue.Entries[c.enter(part, command.Apply{Organisation: "Late"})]; e.State != session.Standby || !e.Late {
		t.Errorf("the late one is %+v", e)
	}
	c.calls(part)
	c.wait(40)
	c.ends()
	c.now += 11 * 60_000
	c.due()
	r := built(t, c.lines)
	at := slices.IndexFunc(r.Credit, func(row events.CreditRow) bool { return row.Organisation == "Late" })
	if at < 0 || r.Credit[at].CreditMS != min(25_000, r.Credit[at].SlotMS) {
		t.Errorf("the credit is %+v", r.Credit)
	}
	// Who was not let in at all is in no row, so the consultation keeps what it has.
	if slices.ContainsFunc(r.Credit, func(row events.CreditRow) bool { return row.Organisation == "Later" }) {
		t.Errorf("who never joined is reckoned: %+v", r.Credit)
	}
}

func TestEdgeTenThousandApplicantsAnAnswerInMillisecondsThatItDoesNotFit(t *testing.T) {
	l := sessiontest.Empty(t)
	l.Sample(1, nil)
	var all []events.Event
	for i := range 10_000 {
		all = append(all, &events.EntryJoined{
			Entry: sessiontest.ID[ids.Entry](fmt.Sprint(i)), Part: sessiontest.Item, Applicant: sessiontest.Applicant(0), Kind: events.Statement, Place: i + 1,
		})
	}
	l.Append(events.Queue, sessiontest.Staff(events.Chair), "join", all...)
	best := time.Hour
	var plan session.View
	for range 5 {
		began := time.Now()
		plan = session.PlanOf(l.State, sessiontest.Item, l.Now)
		best = min(best, time.Since(began))
	}
	if plan.Fits || plan.NotReached < 9_900 || plan.Fault != nil || plan.Budget.ShortMS == 0 {
		t.Errorf("10,000 fit: %+v", plan.Budget)
	}
	// Some tens of ms; the race detector on a machine that eight test processes share
	// takes thirty times as long. Package fairness has the benchmark.
	t.Logf("the answer took %s", best)
	if best > 2*time.Second {
		t.Errorf("the answer took %s", best)
	}
	// One more is refused at once.
	began := time.Now()
	r := sessiontest.Request(sessiontest.Staff(events.Chair), "join", command.Join{Part: sessiontest.Item, Applicant: sessiontest.Applicant(0), Kind: events.Question})
	c := &chronicle{t: t}
	_, err := l.Do(events.Queue, c.service(events.Queue).Decide, r)
	if err == nil || time.Since(began) > 2*time.Second {
		t.Errorf("one more: %v in %s", err, time.Since(began))
	}
}
