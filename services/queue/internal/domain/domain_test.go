package domain_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
	"github.com/fairfloor/fairfloor/services/queue/internal/domain"
)

// queueVerbs are the rows of the table that are this service's.
func queueVerbs() []command.Verb {
	var mine []command.Verb
	for _, v := range command.Verbs() {
		if v.Context == events.Queue {
			mine = append(mine, v)
		}
	}
	return mine
}

// TestEveryVerbByEveryRole asks for each verb by each role, with arguments that
// name nothing: who may not is refused for that, and everybody else for what is
// missing. A verb without a rule would panic.
func TestEveryVerbByEveryRole(t *testing.T) {
	s := started(t, 3, 2, nil)
	for _, v := range queueVerbs() {
		for _, role := range append(events.Roles(), events.System) {
			by := events.Actor{ID: "token/" + string(role), Roles: []events.Role{role}}
			r := reasoned(ask(by, v.Name, v.Args()))
			r.ID, r.Session = s.Command(), s.State.ID
			_, err := domain.Decide(s.State, r, s.Now)
			var p *problem.Error
			if !errors.As(err, &p) {
				t.Fatalf("%s of nothing by %s gave %v", v.Name, role, err)
			}
			forbidden := p.Code == problem.Forbidden && p.Field == "verb"
			if forbidden == v.Allows([]events.Role{role}) {
				t.Errorf("%s by %s: %v", v.Name, role, p)
			}
			if p.Do == "" || p.Code == problem.Internal {
				t.Errorf("%s by %s is refused with %v and nothing to do", v.Name, role, p)
			}
		}
	}
}

func TestUnreadableArgumentsAreRefusedByEveryVerb(t *testing.T) {
	s := started(t, 3, 2, nil)
	for _, v := range queueVerbs() {
		by := chair
		if v.Allows([]events.Role{events.System}) && !v.Allows(chair.Roles) {
			by = program
		}
		for _, args := range []string{`{`, `[]`, `"x"`, `{"unheard_of":true}`, `{} {}`, "\xff"} {
			r := reasoned(&command.Request{ID: s.Command(), Session: s.State.ID, Verb: v.Name, Actor: by, Args: []byte(args)})
			if _, err := domain.Decide(s.State, r, s.Now); !problem.Is(err, problem.Malformed) {
				t.Errorf("%s %s: %v", v.Name, args, err)
			}
		}
	}
}

func TestASessionThatTakesNothing(t *testing.T) {
	empty := session.New(sessiontest.ID[ids.Session]("none"))
	if _, err := domain.Decide(empty, ask(chair, "next", nil), sessiontest.Start); !problem.Is(err, problem.NotFound) {
		t.Errorf("a session that does not exist answers %v", err)
	}
	over := started(t, 6, 3, nil)
	over.speaks()
	over.adjourn()
	ended := started(t, 6, 3, nil)
	ended.adjourn()
	ended.Append(events.Registry, secretariat, "seal", &events.SessionSealed{})
	// The microphones go off after the end, and that is told and confirmed as any change is.
	later := map[string]bool{
		"correct_turn": true, "enter_turn": true, "excuse": true, "rule": true, "refuse_point": true, "end_with_session": true,
		"confirm_microphone": true, "note_tally": true,
	}
	for _, v := range queueVerbs() {
		by := chair
		if !v.Allows(chair.Roles) {
			by = program
		}
		r := reasoned(ask(by, v.Name, v.Args()))
		over.Now++
		_, err := domain.Decide(over.State, r, over.Now)
		var p *problem.Error
		if !errors.As(err, &p) {
			t.Fatalf("%s after the adjournment: %v", v.Name, err)
		}
		stopped := p.Code == problem.WrongState && strings.Contains(p.Detail, "adjourned")
		if stopped == later[v.Name] {
			t.Errorf("%s after the adjournment: %v", v.Name, p)
		}
		if _, err := domain.Decide(ended.State, r, ended.Now); !problem.Is(err, problem.Sealed) {
			t.Errorf("%s in a sealed session: %v", v.Name, err)
		}
	}
}

// TestDelegatesActForTheirOwn asks every verb of a delegate's for somebody
// else's entry, then by the secretariat, which is noted as on their behalf.
func TestDelegatesActForTheirOwn(t *testing.T) {
	type own struct {
		before func(*stage)
		args   func(*stage) any
		on     string
	}
	entry := func(s *stage) any { return command.EntryRef{Entry: s.mine(1)} }
	rows := map[string]own{
		"join":        {nil, func(*stage) any { return command.Join{Part: sessiontest.Item, Applicant: applicant(7)} }, "applicant"},
		"withdraw":    {nil, entry, "entry"},
		"defer":       {nil, entry, "entry"},
		"check_in":    {nil, entry, "entry"},
		"raise_point": {nil, func(*stage) any { return command.RaisePoint{Applicant: applicant(6)} }, "applicant"},
		"hand_over": {func(s *stage) {
			s.Append(events.Registry, secretariat, "add_person", &events.PersonAdded{Person: sessiontest.Person(70), Applicant: applicant(1)})
		}, func(s *stage) any { return command.HandOver{Entry: s.mine(1), Delegate: sessiontest.Person(70)} }, "entry"},
		"report_absent": {nil, entry, "entry"},
		"return":        {func(s *stage) { s.must(ask(chair, "to_standby", command.EntryRef{Entry: s.mine(1)})) }, entry, "entry"},
		"propose_swap":  {nil, func(s *stage) any { return command.ProposeSwap{Entry: s.mine(1), With: s.mine(2)} }, "entry"},
		"accept_swap":   {proposal, answer, "swap"},
		"decline_swap":  {proposal, answer, "swap"},
		"yield": {
			func(s *stage) { s.must(s.give(chair, s.mine(1))); s.must(s.onTurn(chair, "begin")) },
			func(s *stage) any { return command.TurnRef{Turn: s.State.Queue.Turn} }, "turn",
		},
	}
	for _, v := range queueVerbs() {
		if _, ok := rows[v.Name]; v.Own != ok {
			t.Errorf("%s is own: %t in the table; tested here: %t", v.Name, v.Own, ok)
		}
	}
	whose := map[string]int{"join": 7, "raise_point": 6}
	for verb, row := range rows {
		t.Run(verb, func(t *testing.T) {
			s := started(t, 9, 6, nil)
			if row.before != nil {
				row.before(s)
			}
			args := row.args(s)
			s.refused(ask(delegate(5), verb, args), problem.Forbidden, row.on)
			s.refused(ask(events.Actor{ID: "token/lost", Roles: []events.Role{events.Speaker}}, verb, args), problem.Forbidden, row.on)
			r := ask(secretariat, verb, args)
			if verb == "yield" {
				r = s.onTurn(secretariat, "yield")
			}
			want := 1
			if n, ok := whose[verb]; ok {
				want = n
			}
			d := s.must(r)
			if d.OnBehalf != applicant(want) || len(s.Stored) == 0 {
				t.Errorf("the secretariat acted on behalf of %s, not %s", d.OnBehalf, applicant(want))
			}
			s.SameAgain()
		})
		t.Run(verb+" by themselves", func(t *testing.T) {
			s := started(t, 9, 6, nil)
			if row.before != nil {
				row.before(s)
			}
			by := delegate(1)
			if n, ok := whose[verb]; ok {
				by = delegate(n)
			}
			if d := s.must(ask(by, verb, row.args(s))); !d.OnBehalf.IsZero() {
				t.Errorf("a delegate acted on behalf of %s", d.OnBehalf)
			}
		})
	}
}

// proposal lets 4 ask 1 for an exchange.
func proposal(s *stage) {
	s.must(ask(delegate(4), "propose_swap", command.ProposeSwap{Entry: s.mine(4), With: s.mine(1)}))
}

func answer(s *stage) any {
	for id := range s.State.Queue.Swaps {
		return command.SwapRef{Swap: id}
	}
	return command.SwapRef{}
}

// TestIdentityComesFromTheActor: a token that is both the secretariat's and a
// delegate's acts for its own organisation on nobody's behalf.
func TestIdentityComesFromTheActor(t *testing.T) {
	s := started(t, 9, 2, nil)
	both := delegate(7)
	both.Roles = append(both.Roles, events.Secretariat)
	if d := s.must(ask(both, "join", command.Join{Part: sessiontest.Item})); !d.OnBehalf.IsZero() {
		t.Errorf("it acted on behalf of %s", d.OnBehalf)
	}
	if d := s.must(ask(both, "defer", command.EntryRef{Entry: s.mine(0)})); d.OnBehalf != applicant(0) {
		t.Errorf("it acted on behalf of %q", d.OnBehalf)
	}
	follower := delegate(1)
	follower.Roles = []events.Role{events.Observer}
	s.refused(ask(follower, "defer", command.EntryRef{Entry: s.mine(1)}), problem.Forbidden, "verb")
}
