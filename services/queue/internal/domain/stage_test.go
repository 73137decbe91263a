package domain_test

import (
	"errors"
	"reflect"
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

// The people of the tests.
var (
	chair       = sessiontest.Staff(events.Chair)
	viceChair   = sessiontest.Staff(events.ViceChair)
	secretariat = sessiontest.Staff(events.Secretariat)
	organiser   = sessiontest.Staff(events.Organiser)
	technician  = sessiontest.Staff(events.Technician)
	captioner   = sessiontest.Staff(events.Captioner)
	observer    = sessiontest.Staff(events.Observer)
	program     = events.ByService(events.Queue)
	delegate    = sessiontest.Delegate
	applicant   = sessiontest.Applicant
)

// stage is a session that a test acts on.
type stage struct {
	*sessiontest.Log
	t sessiontest.TB
	// ranks are the places on the secretariat's own list, for tests of that rule.
	ranks map[ids.Entry]int64
}

// planned is a session of n applicants that has not started; its list is a draft.
func planned(t sessiontest.TB, n int, change func(*events.SessionCreated)) *stage {
	s := &stage{Log: sessiontest.Empty(t), t: t}
	s.Sample(n, change)
	return s
}

// started is a running session in whose list the first applicants joined.
func started(t sessiontest.TB, applicants, joined int, change func(*events.SessionCreated)) *stage {
	s := planned(t, applicants, change)
	s.StartAt(sessiontest.Item)
	s.must(ask(chair, "open_list", command.PartRef{Part: sessiontest.Item}))
	for i := range joined {
		s.join(i)
	}
	return s
}

func hard(c *events.SessionCreated) { c.Modalities.Limit = events.Hard }

func unevidenced(c *events.SessionCreated) { c.Modalities.Evidence = events.EvidenceNone }

// ask is a request; reasoned one with a reason.
func ask(by events.Actor, verb string, args any) *command.Request {
	return sessiontest.Request(by, verb, args)
}

func reasoned(r *command.Request) *command.Request { return sessiontest.Because(r, "a reason") }

func (s *stage) decide(r *command.Request) (command.Decision, error) {
	return s.Do(events.Queue, domain.Decide, r)
}

// must does what has to be accepted.
func (s *stage) must(r *command.Request) command.Decision {
	d, err := s.decide(r)
	if err != nil {
		s.t.Fatalf("%s %s is refused: %v", r.Verb, r.Args, err)
	}
	return d
}

// refused does what has to be refused, with what to do, and without a trace. on
// is the field; a bare name is that of an argument.
func (s *stage) refused(r *command.Request, code problem.Code, on string) problem.Error {
	if on != "" && on != "session" && on != "verb" && on != "reason" && !strings.Contains(on, ".") {
		on = "args." + on
	}
	before := len(s.Stored)
	_, err := s.decide(r)
	var p *problem.Error
	switch {
	case !errors.As(err, &p):
		s.t.Fatalf("%s %s is not refused: %v", r.Verb, r.Args, err)
	case p.Code != code || p.Field != on:
		s.t.Fatalf("%s %s is refused with %v (do: %s), not %s on %q", r.Verb, r.Args, p, p.Do, code, on)
	case p.Detail == "" || p.Do == "":
		s.t.Fatalf("%s is refused without a word about why (%q) or what to do (%q)", r.Verb, p.Detail, p.Do)
	case len(s.Stored) != before || !reflect.DeepEqual(s.State, s.Refold()):
		s.t.Fatalf("%s was refused and changed something", r.Verb)
	}
	return *p
}

func (s *stage) join(i int) ids.Entry {
	s.must(ask(delegate(i), "join", command.Join{Part: sessiontest.Item}))
	return s.mine(i)
}

// mine is the last entry that an applicant made.
func (s *stage) mine(i int) ids.Entry {
	var last ids.Entry
	for _, id := range s.State.Queue.EntryOrder {
		if s.State.Queue.Entries[id].Applicant == applicant(i) {
			last = id
		}
	}
	return last
}

func (s *stage) entry(i int) *session.Entry { return s.State.Queue.Entries[s.mine(i)] }

// order is the applicants' numbers in the order of the item's list.
func (s *stage) order() []int {
	order := []int{}
	for _, id := range s.State.Queue.List(sessiontest.Item).Order {
		for i := range len(s.State.Registry.ApplicantOrder) {
			if s.State.Queue.Entries[id].Applicant == applicant(i) {
				order = append(order, i)
			}
		}
	}
	return order
}

func (s *stage) head() ids.Entry {
	if order := s.State.Queue.List(sessiontest.Item).Order; len(order) > 0 {
		return order[0]
	}
	return ids.Entry{}
}

// next is a chair's press of the button that they see now.
func (s *stage) next(by events.Actor) *command.Request {
	return sessiontest.OnButton(sessiontest.OnTurn(ask(by, "next", nil), s.State.Queue.Turn), s.head())
}

func (s *stage) give(by events.Actor, e ids.Entry) *command.Request {
	return sessiontest.OnButton(sessiontest.OnTurn(ask(by, "give", command.EntryRef{Entry: e}), s.State.Queue.Turn), e)
}

// onTurn is a request about the running turn as it is seen now.
func (s *stage) onTurn(by events.Actor, verb string) *command.Request {
	turn := s.State.Queue.Turn
	return sessiontest.OnTurn(ask(by, verb, command.TurnRef{Turn: turn}), turn)
}

// speaks gives the floor to the next and notes the first word.
func (s *stage) speaks() ids.Turn {
	s.must(s.next(chair))
	s.Now += 3_000
	s.must(s.onTurn(chair, "begin"))
	s.Now += 20_000
	return s.State.Queue.Turn
}

func (s *stage) turn() *session.Turn { return s.State.Queue.Running() }

// undo is a press of undo on the last act.
func (s *stage) undo() *command.Request {
	act := ids.Command{}
	if u := s.State.Queue.Undo; u != nil {
		act = u.Act
	}
	r := ask(chair, "undo", command.ActRef{Act: act})
	r.Expect = &command.Expect{Act: &act}
	return r
}

// seeing adds the states of entries as they are now.
func (s *stage) seeing(r *command.Request, entries ...ids.Entry) *command.Request {
	r.Expect = &command.Expect{Entries: map[ids.Entry]string{}}
	for _, id := range entries {
		if e := s.State.Queue.Entries[id]; e != nil {
			r.Expect.Entries[id] = string(e.State)
		}
	}
	return r
}

func (s *stage) suspend() {
	s.Append(events.Timing, chair, "suspend", &events.SessionSuspended{Since: s.Now})
}

func (s *stage) resume() {
	s.Append(events.Timing, chair, "resume_session", &events.SessionResumed{ResumedAt: s.Now})
}

func (s *stage) adjourn() {
	s.Append(events.Timing, chair, "adjourn", &events.SessionAdjourned{AdjournedAt: s.Now, NotReached: s.State.StillWaiting()})
}

// opened is what timing answers to a giving.
func (s *stage) opened(allottedMS int64) {
	s.Append(events.Timing, events.ByService(events.Timing), "open_turn", &events.TurnOpened{
		Turn: s.State.Queue.Turn, AllottedMS: allottedMS, GuaranteeMS: allottedMS,
	})
}

// trial is one row of a table: what happened before, what is asked, and what
// comes of it. An empty code means accepted.
type trial struct {
	before func(*stage)
	ask    func(*stage) *command.Request
	code   problem.Code
	on     string
	after  func(*testing.T, *stage, command.Decision)
}

// try runs a table; each row has a running session of its own, of nine
// applicants, of whom 0 to 5 wait in this order. 0, 3 and 6 are states.
func try(t *testing.T, rows map[string]trial) {
	t.Helper()
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			s := started(t, 9, 6, nil)
			if row.before != nil {
				row.before(s)
			}
			r := row.ask(s)
			if row.code != "" {
				s.refused(r, row.code, row.on)
				return
			}
			d := s.must(r)
			if row.after != nil {
				row.after(t, s, d)
			}
			s.SameAgain()
		})
	}
}

// same ends the test when two values differ.
func same[T any](t sessiontest.TB, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s is %v, not %v", what, got, want)
	}
}
