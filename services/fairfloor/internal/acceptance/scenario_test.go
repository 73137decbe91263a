package acceptance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/proof"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// states gives what move, merge, split and swap expect of entries.
func states(view *api.View, all ...ids.Entry) *command.Expect {
	said := map[ids.Entry]string{}
	for _, id := range all {
		said[id] = string(view.Entries[id].State)
	}
	return &command.Expect{Entries: said}
}

// "Fold of the log = state": every act of a session once through the API, and at
// the end three independent folds agree: the gateway's view, the program
// started anew on the same folder, and this test's own fold of the exported log.
func TestEveryActOnceAndTheFoldOfTheLogIsTheState(t *testing.T) {
	s := start(t, setup{applicants: 9, listOpen: true, gated: true})
	chair := s.as(events.Chair, 0)
	do := func(verb string, expect *command.Expect, args any) command.Receipt {
		t.Helper()
		r := s.askAs(chair, verb, expect, args, "because the chair said so")
		s.quiet()
		return r
	}
	own := func(i int, verb string, args any) command.Receipt {
		t.Helper()
		r := s.askAs(s.as(events.Speaker, i), verb, nil, args, "")
		s.quiet()
		return r
	}
	list := func(want ...int) {
		t.Helper()
		got := s.view().Lists[s.part]
		if len(got) != len(want) {
			t.Fatalf("%d entries wait, want %d", len(got), len(want))
		}
		for i, id := range got {
			if s.view().Entries[id].Applicant != s.applicants[want[i]] {
				t.Fatalf("place %d is %s, want applicant %d", i+1, s.view().Entries[id].Organisation, want[i])
			}
		}
	}
	var e []ids.Entry
	for i := range 8 {
		e = append(e, made[ids.Entry](t, own(i, "join", command.Join{Part: s.part}), "entry"))
	}
	list(0, 1, 2, 3, 4, 5, 6, 7)

	// The list.
	own(0, "defer", command.EntryRef{Entry: e[0]})
	list(1, 2, 0, 3, 4, 5, 6, 7)
	swap := made[ids.Swap](t, own(1, "propose_swap", command.ProposeSwap{Entry: e[1], With: e[2]}), "swap")
	own(2, "accept_swap", command.SwapRef{Swap: swap})
	list(2, 1, 0, 3, 4, 5, 6, 7)
	swap = made[ids.Swap](t, own(3, "propose_swap", command.ProposeSwap{Entry: e[3], With: e[4]}), "swap")
	own(4, "decline_swap", command.SwapRef{Swap: swap})
	do("swap", states(s.view(), e[2], e[0]), command.ProposeSwap{Entry: e[2], With: e[0]})
	list(0, 1, 2, 3, 4, 5, 6, 7)
	do("move", states(s.view(), e[7], e[3]), command.Move{Entry: e[7], Before: e[3]})
	list(0, 1, 2, 7, 3, 4, 5, 6)
	do("merge", states(s.view(), e[5], e[6]), command.Merge{Lead: e[5], Members: []ids.Entry{e[6]}})
	list(0, 1, 2, 7, 3, 4, 5)
	do("split", states(s.view(), e[5]), command.EntryRef{Entry: e[5]})
	list(0, 1, 2, 7, 3, 4, 5, 6)
	person := made[ids.Person](t, s.ask("add_person", nil, command.AddPerson{
		Applicant: s.applicants[1], Roles: []events.Role{events.Speaker}, Value: &command.PersonValue{Name: "A. Colleague"},
	}), "person")
	own(1, "hand_over", command.HandOver{Entry: e[1], Delegate: person})
	own(0, "check_in", command.EntryRef{Entry: e[0]})
	do("note_presence", nil, command.NotePresence{Entry: e[1], Basis: events.InRoom})
	own(6, "report_absent", command.EntryRef{Entry: e[6]})
	do("excuse", nil, command.EntryRef{Entry: e[6]})
	do("to_standby", nil, command.EntryRef{Entry: e[6]})
	own(6, "return", command.EntryRef{Entry: e[6]})
	list(0, 1, 2, 6, 7, 3, 4, 5)
	own(6, "withdraw", command.EntryRef{Entry: e[6]})
	do("close_list", nil, command.CloseList{Part: s.part})
	list(0, 1, 2, 7, 3, 4, 5)

	// The floor.
	s.pass(600_000)
	do("start_session", nil, command.None{})
	s.pass(195_000)
	begin := func(id ids.Turn) {
		t.Helper()
		s.pass(5_000)
		do("begin", turn(id), command.Begin{Turn: id})
	}
	first := s.next(chair)
	begin(first)
	s.pass(20_000)
	do("prompt", turn(first), command.PromptArgs{Turn: first, Kind: events.PleaseConclude})
	do("extend_turn", turn(first), command.ExtendTurn{Turn: first, ByMS: 15_000})
	do("pause_turn", turn(first), command.TurnRef{Turn: first})
	s.pass(7_000)
	do("resume_turn", turn(first), command.TurnRef{Turn: first})
	point := made[ids.Entry](t, own(3, "raise_point", command.RaisePoint{}), "entry")
	do("admit_point", nil, command.EntryRef{Entry: point})
	s.pass(31_000)
	do("rule", nil, command.Rule{Entry: point, Ruling: events.Dismissed})
	refused := made[ids.Entry](t, own(4, "raise_point", command.RaisePoint{}), "entry")
	do("refuse_point", nil, command.EntryRef{Entry: refused})
	s.pass(3_000)
	if paused := s.view().Turns[first].PausedMS; paused < 37_900 || paused > 38_100 {
		t.Errorf("the turn was paused for %d ms, want 38 s", paused)
	}
	own(0, "yield", command.TurnRef{Turn: first})
	if used := s.view().Turns[first].UsedMS; used < 22_900 || used > 23_100 {
		t.Errorf("the first turn used %d ms, want 23 s without the pauses", used)
	}

	// Undo: the wrong end is taken back, the turn goes on as it stood.
	second := s.next(chair)
	begin(second)
	s.pass(10_000)
	ended := do("end", turn(second), command.TurnRef{Turn: second})
	s.pass(4_000)
	do("undo", &command.Expect{Act: &ended.CommandID}, command.ActRef{Act: ended.CommandID})
	if v := s.view(); v.Floor.Turn != second || !v.Turns[second].EndedAt.IsZero() {
		t.Errorf("after the undo %s has the floor, want %s", v.Floor.Turn, second)
	}
	// Somebody else is speaking: no second is lost.
	begun := s.view().Turns[second].BegunAt
	do("reassign", turn(second), command.Reassign{Turn: second, Entry: e[3]})
	if v := s.view(); v.Turns[second].Entry != e[3] || v.Turns[second].BegunAt != begun || v.Entries[e[1]].State != session.Waiting {
		t.Errorf("after the reassignment: %+v, former holder %s", v.Turns[second], v.Entries[e[1]].State)
	}
	s.pass(20_000)
	do("end", turn(second), command.TurnRef{Turn: second})
	// A no-show, and back; a silent one, two places back; the floor withdrawn.
	third := s.next(chair)
	away := s.view().Turns[third].Entry
	s.pass(21_000)
	do("no_show", turn(third), command.TurnRef{Turn: third})
	s.ask("return", nil, command.EntryRef{Entry: away})
	fourth := s.next(chair)
	s.pass(21_000)
	do("step_back", turn(fourth), command.TurnRef{Turn: fourth})
	fifth := s.next(chair)
	begin(fifth)
	s.pass(15_000)
	do("withdraw_floor", turn(fifth), command.TurnRef{Turn: fifth})
	// By name, with a suspension in it.
	named := s.view().Lists[s.part][1]
	free := ids.Turn{}
	sixth := made[ids.Turn](t, do("give", &command.Expect{Turn: &free, Entry: &named}, command.EntryRef{Entry: named}), "turn")
	begin(sixth)
	do("suspend", nil, command.None{})
	s.pass(60_000)
	do("resume_session", nil, command.None{})
	s.pass(10_000)
	do("end", turn(sixth), command.TurnRef{Turn: sixth})

	// Corrections: a past turn's end, and a turn held while nobody looked.
	was := s.view().Turns[first]
	do("correct_turn", nil, command.CorrectTurn{Turn: first, EndedAt: was.EndedAt.Add(-1_000)})
	from := s.now()
	s.pass(30_000)
	absent := s.view().Lists[s.part][0]
	do("enter_turn", nil, command.EnterTurn{Entry: absent, BegunAt: from.Add(1_000), EndedAt: from.Add(25_000)})
	do("extend_session", nil, command.ExtendSession{ByMS: 600_000})
	s.ask("join", nil, command.Join{Part: s.part, Applicant: s.applicants[8]})
	s.quiet()
	adjourn := func() {
		t.Helper()
		do("adjourn", &command.Expect{Plan: s.view().Plan.Digest}, command.None{})
	}
	adjourn()
	if left := s.view().Session.NotReached; len(left) == 0 {
		t.Error("nobody is not reached, and some still waited")
	}
	s.pass(60_000)
	do("undo_adjournment", nil, command.None{})
	adjourn()
	s.quiet()

	view, log := s.view(), s.export()
	if findings := proof.Check(log, nil, view.Session.PublicKey); len(findings) > 0 {
		t.Fatalf("the exported log: %v", findings)
	}
	compare(t, view, fold(t, log))
	checkOneHolder(t, view)
	for _, c := range s.commits(log) {
		if c.Reason != nil && c.Reason.Digest.IsZero() {
			t.Errorf("%s names a reason without a digest", c.Verb)
		}
	}
	// The program started anew folds its folder to the same bytes.
	before := s.raw()
	s.restart()
	if after := s.raw(); !bytes.Equal(before, after) {
		t.Errorf("after a restart the view is another one:\n%s", firstDifference(indent(before), indent(after)))
	}
}

// raw is the organiser's view as bytes.
func (s *stand) raw() []byte {
	s.t.Helper()
	var raw []byte
	s.must(s.organiser.Do(s.ctx, http.MethodGet, s.path(""), nil, &raw))
	return raw
}

func indent(raw []byte) []byte {
	var out bytes.Buffer
	_ = json.Indent(&out, raw, "", " ")
	return out.Bytes()
}

// fold folds an exported log.
func fold(t *testing.T, log *proof.Log) *session.State {
	t.Helper()
	var state *session.State
	for _, line := range log.Lines {
		c, id, err := events.ParseSubject(line.Subject)
		if err != nil {
			t.Fatal(err)
		}
		if state == nil {
			state = session.New(id)
		}
		commit := &events.Commit{}
		if err := json.Unmarshal([]byte(line.Body), commit); err != nil {
			t.Fatal(err)
		}
		if err := state.Apply(commit, session.Meta{Context: c, Sequence: line.Seq, Hash: events.HashBody([]byte(line.Body))}); err != nil {
			t.Fatal(err)
		}
	}
	return state
}

// compare holds the view against a fold, field by field.
func compare(t *testing.T, view *api.View, state *session.State) {
	t.Helper()
	same := func(what string, got, want any) {
		t.Helper()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: the view says %v, the fold of the log %v", what, got, want)
		}
	}
	q, timing := &state.Queue, &state.Timing
	same("phase", view.Session.Phase, timing.Phase)
	same("hard end", view.Session.HardEnd, state.HardEnd())
	same("adjourned at", view.Session.AdjournedAt, timing.AdjournedAt)
	same("not reached", view.Session.NotReached, timing.NotReached)
	same("entries", len(view.Entries), len(q.Entries))
	same("order of turns", view.TurnOrder, q.TurnOrder)
	for part, shown := range view.Lists {
		// Those whom an adjournment left unheard keep their order: it may be undone.
		if order := q.List(part).Order; len(shown)+len(order) > 0 {
			same("list", shown, order)
		}
	}
	for id, shown := range view.Entries {
		e := q.Entries[id]
		if e == nil {
			t.Errorf("entry %s is not in the log", id)
			continue
		}
		same("state of "+shown.Organisation, shown.State, state.EntryState(e))
		same("deferrals of "+shown.Organisation, shown.Deferrals, e.Deferrals)
		same("applicant of "+shown.Organisation, shown.Applicant, e.Applicant)
		same("delegate of "+shown.Organisation, shown.Delegate, e.Delegate)
	}
	for id, shown := range view.Turns {
		turn := q.Turns[id]
		if turn == nil {
			t.Errorf("turn %s is not in the log", id)
			continue
		}
		what := fmt.Sprintf("turn %d, ", slices.Index(view.TurnOrder, id)+1)
		same(what+"entry", shown.Entry, turn.Entry)
		same(what+"begin", shown.BegunAt, turn.BegunAt)
		same(what+"end", shown.EndedAt, turn.EndedAt)
		same(what+"void", shown.Void, turn.Void)
		if allotted, open := state.Allotted(turn); open {
			same(what+"allotted", shown.AllottedMS+shown.AddedMS, allotted)
		}
		if !turn.EndedAt.IsZero() && turn.Stands() {
			same(what+"used", shown.UsedMS, state.Used(turn, state.At))
		}
	}
}

// Commands are idempotent by their id: over HTTP by Idempotency-Key too, and
// across the two doors; another body under the same id is refused (decisions.md 3).
func TestReplaysGetTheFirstReceiptAndAnotherBodyIsRefused(t *testing.T) {
	s := start(t, setup{applicants: 4, listOpen: true})
	staff := s.sign(s.claims(events.Secretariat))
	id := ids.New[ids.Command]()
	body := func(applicant int, space string) []byte {
		return []byte(fmt.Sprintf(`{"id":%q,%s"verb":"join","args":{"part":%q,%s"applicant":%q}}`, id, space, s.part, space, s.applicants[applicant]))
	}
	first := s.post(staff, body(0, ""))
	if first.receipt == nil || first.receipt.Outcome != command.Accepted || first.receipt.Place != 1 {
		t.Fatalf("the first: %+v %v", first.receipt, first.problem)
	}
	before := s.heads()
	for _, d := range s.doors() {
		for _, space := range []string{"", "  "} {
			again := d.send(staff, body(0, space))
			if again.receipt == nil {
				t.Fatalf("%s, replay: %v", d.name, again.problem)
			}
			want := *first.receipt
			want.Outcome = command.Duplicate
			if !reflect.DeepEqual(*again.receipt, want) {
				t.Errorf("%s, replay: %+v, want the first receipt marked duplicate %+v", d.name, *again.receipt, want)
			}
		}
		refused(t, d.name+", the same id with another body", d.send(staff, body(1, "")), "*", problem.Reused)
	}
	// What a command makes is named after its id, so nobody else may use it.
	second := s.claims(events.Secretariat)
	second.Subject = "test/second"
	refused(t, "another actor with the same id", s.post(s.sign(second), body(0, "")), "id", problem.Reused)

	// Idempotency-Key is the command's id.
	key := ids.New[ids.Command]()
	for i, want := range []command.Outcome{command.Accepted, command.Duplicate} {
		if got := s.keyed(staff, key.String(), fmt.Sprintf(`{"verb":"join","args":{"part":%q,"applicant":%q}}`, s.part, s.applicants[2])); got.receipt == nil || got.receipt.Outcome != want || got.receipt.CommandID != key {
			t.Errorf("request %d with the key: %+v %v", i+1, got.receipt, got.problem)
		}
	}
	refused(t, "the key with another body", s.keyed(staff, key.String(), fmt.Sprintf(`{"verb":"join","args":{"part":%q,"applicant":%q}}`, s.part, s.applicants[3])), "*", problem.Reused)
	refused(t, "a key that is no id", s.keyed(staff, "abc", `{"verb":"start_session"}`), "header.Idempotency-Key", problem.Invalid)
	refused(t, "key and body that differ", s.keyed(staff, key.String(), string(body(3, ""))), "header.Idempotency-Key", problem.Invalid)
	if got := len(s.view().Lists[s.part]); got != 2 {
		t.Errorf("%d entries, want 2; heads before: %s", got, before)
	}
	// The memory of ids is in the log: it outlives the process.
	s.restart()
	if again := s.post(staff, body(0, "")); again.receipt == nil || again.receipt.Outcome != command.Duplicate || again.receipt.Hash != first.receipt.Hash {
		t.Errorf("a replay after a restart: %+v %v", again.receipt, again.problem)
	}
	// An invitation that is asked for twice with one key is one invitation.
	var links [2]api.Invitation
	args := command.Invite{Roles: []events.Role{events.Observer}, Expires: s.link(command.Invite{Roles: []events.Role{events.Observer}}).Expires}
	raw, err := json.Marshal(args)
	s.must(err)
	invitation := ids.New[ids.Command]().String()
	for i := range links {
		request, err := http.NewRequestWithContext(s.ctx, http.MethodPost, s.app.URL()+s.path("/invitations"), bytes.NewReader(raw))
		s.must(err)
		request.Header = http.Header{"Authorization": {"Bearer " + staff}, "Content-Type": {"application/json"}, "Idempotency-Key": {invitation}}
		response, err := http.DefaultClient.Do(request)
		s.must(err)
		s.must(errors.Join(json.NewDecoder(response.Body).Decode(&links[i]), response.Body.Close()))
	}
	if links[0].Invitation != links[1].Invitation || links[0].Invitation.IsZero() {
		t.Errorf("one key made the invitations %s and %s", links[0].Invitation, links[1].Invitation)
	}
}

// keyed posts a body with the header Idempotency-Key.
func (s *stand) keyed(bearer, key, body string) answered {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.ctx, http.MethodPost, s.app.URL()+s.path("/commands"), bytes.NewReader([]byte(body)))
	s.must(err)
	request.Header = http.Header{"Authorization": {"Bearer " + bearer}, "Content-Type": {"application/json"}, "Idempotency-Key": {key}}
	return s.answer(request)
}

// "Every act of a delegate can be done by the secretariat on their behalf, and is
// logged so": a session that nobody but the secretariat touches.
func TestTheSecretariatActsOnEverybodysBehalfAndEachCommitSaysSo(t *testing.T) {
	s := start(t, setup{applicants: 4, listOpen: true, gated: true})
	desk := s.as(events.Secretariat, 0)
	var all []ids.Entry
	for i := range s.applicants {
		all = append(all, made[ids.Entry](t, s.askAs(desk, "join", nil, command.Join{Part: s.part, Applicant: s.applicants[i]}, ""), "entry"))
	}
	s.askAs(desk, "defer", nil, command.EntryRef{Entry: all[0]}, "")
	s.askAs(desk, "check_in", nil, command.EntryRef{Entry: all[1]}, "")
	s.askAs(desk, "start_session", nil, command.None{}, "")
	for range s.applicants {
		s.pass(5_000)
		on := s.next(desk)
		s.askAs(desk, "begin", turn(on), command.Begin{Turn: on}, "")
		s.pass(30_000)
		s.askAs(desk, "yield", turn(on), command.TurnRef{Turn: on}, "")
		s.quiet()
	}
	for id, e := range s.view().Entries {
		if e.State != session.Spoken {
			t.Errorf("entry %s is %s", id, e.State)
		}
	}
	own := map[string]int{}
	for _, c := range s.commits(s.export()) {
		switch c.Verb {
		case "join", "defer", "check_in", "yield":
			own[c.Verb]++
			if c.OnBehalf.IsZero() || !c.Actor.Has(events.Secretariat) {
				t.Errorf("%s by %s does not say on whose behalf", c.Verb, c.Actor.ID)
			}
		}
	}
	if own["join"] != 4 || own["yield"] != 4 || own["defer"] != 1 || own["check_in"] != 1 {
		t.Errorf("acts on behalf: %v", own)
	}
}

// "A session of three parts (opening, item with its list, questions) passes
// unused time on; each part's list stands alone."
func TestThreePartsPassUnusedTimeOn(t *testing.T) {
	s := start(t, setup{applicants: 4, gated: true, parts: []command.PartArgs{
		{Kind: events.Opening, Title: "Opening", Minutes: 10},
		{Kind: events.Item, Title: "Statements", Minutes: 60, HasList: true},
		{Kind: events.Questions, Title: "Questions", Minutes: 20, HasList: true, LimitMS: 60_000},
	}})
	view := s.view()
	opening, item, questions := view.Agenda[0], view.Agenda[1], view.Agenda[2]
	for _, part := range []ids.Part{item, questions} {
		s.ask("open_list", nil, command.PartRef{Part: part})
	}
	for i := range s.applicants {
		s.ask("join", nil, command.Join{Part: item, Applicant: s.applicants[i]})
	}
	s.ask("join", nil, command.Join{Part: questions, Applicant: s.applicants[3]})
	s.ask("join", nil, command.Join{Part: questions, Applicant: s.applicants[0]})
	view = s.view()
	if len(view.Lists[item]) != 4 || len(view.Lists[questions]) != 2 || len(view.Lists[opening]) != 0 {
		t.Fatalf("the lists hold %d, %d and %d", len(view.Lists[opening]), len(view.Lists[item]), len(view.Lists[questions]))
	}
	s.pass(600_000)
	chair := s.as(events.Chair, 0)
	s.askAs(chair, "start_session", nil, command.None{}, "")
	s.quiet()
	started := s.view().Session.StartedAt
	planned := s.view().Parts[item].Deadline
	s.pass(4 * 60_000) // of the opening's ten minutes
	s.askAs(chair, "start_part", nil, command.PartRef{Part: item}, "")
	s.quiet()
	if got := s.view().Parts[item].Deadline; got < planned {
		t.Errorf("the item's deadline came forward from %s to %s", planned, got)
	}
	// The six minutes that the opening did not use belong to the item now: it may
	// run to the same instant, 70 minutes after the start.
	if length := s.view().Parts[item].Deadline.Sub(s.now()); length < 66*60_000-1_000 {
		t.Errorf("the item has %d s, want its 60 minutes and 6 that the opening left", length/1000)
	}
	s.part = item
	for range s.applicants {
		on := s.next(chair)
		s.askAs(chair, "begin", turn(on), command.Begin{Turn: on}, "")
		s.pass(60_000)
		s.askAs(chair, "end", turn(on), command.TurnRef{Turn: on}, "")
		s.quiet()
	}
	view = s.view()
	if len(view.Lists[item]) != 0 || len(view.Lists[questions]) != 2 {
		t.Errorf("the item's list holds %d, the questions' %d", len(view.Lists[item]), len(view.Lists[questions]))
	}
	s.askAs(chair, "start_part", nil, command.PartRef{Part: questions}, "")
	s.quiet()
	view = s.view()
	if got := view.Parts[questions].Deadline.Sub(s.now()); got < 80*60_000 {
		t.Errorf("the questions have %d s, want what both parts left", got/1000)
	}
	s.part = questions
	on := s.next(chair)
	view = s.view()
	if got := view.Turns[on].AllottedMS; got > 60_000 || got < 5_000 {
		t.Errorf("a question was offered %d ms; its part's limit is 60 s", got)
	}
	if view.Turns[on].Part != questions || view.Entries[view.Turns[on].Entry].Applicant != s.applicants[3] {
		t.Error("the first of the questions' own list was not called first")
	}
	if started.IsZero() {
		t.Error("the session has no start")
	}
}
