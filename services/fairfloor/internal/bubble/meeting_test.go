package bubble

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing/synctest"
	"time"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
	"github.com/fairfloor/fairfloor/pkg/shell"
)

// The people of the chair's side. Two of them may press at the same time.
var (
	chair  = sessiontest.Staff(events.Chair)
	vice   = sessiontest.Staff(events.ViceChair)
	office = sessiontest.Staff(events.Secretariat)
)

// reporter is what a meeting needs of a test; *testing.T and *rapid.T have it.
type reporter interface {
	Helper()
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// meeting is one session with the clients that take part in it.
type meeting struct {
	t     reporter
	stack *stack
	id    ids.Session
	// item is the part whose list is spoken from.
	item ids.Part
	// delegates are those of the accepted applicants, in order of application.
	delegates []events.Actor
	// accepted are the receipts of all commands that were accepted.
	accepted []*command.Receipt
	sent     int
}

// now is session time.
func now() clock.Instant { return clock.Of(time.Now()) }

// sleep lets time go by and everything that is due come to rest.
func sleep(ms int64) {
	time.Sleep(time.Duration(ms) * time.Millisecond)
	synctest.Wait()
}

// look reads the state of a replica of the queue when everything is at rest.
func (m *meeting) look(read func(*session.State)) {
	m.t.Helper()
	synctest.Wait()
	if !m.stack.running[events.Queue][0].View(m.id, read) {
		m.t.Fatalf("the queue does not know the session")
	}
}

// request makes a command with what its sender sees on the screen.
func (m *meeting) request(by events.Actor, verb string, args any, seen *command.Expect) *command.Request {
	r := sessiontest.Request(by, verb, args)
	r.ID, r.Session, r.Expect = ids.New[ids.Command](), m.id, seen
	if v, ok := command.Lookup(verb); ok && v.Reason {
		sessiontest.Because(r, "a reason")
	}
	return r
}

// answer is what one sending of a command got.
type answer struct {
	receipt *command.Receipt
	err     error
}

func (m *meeting) ask(r *command.Request) answer {
	v, _ := command.Lookup(r.Verb)
	receipt, err := shell.Ask(context.Background(), m.stack.conn, v.Context, r)
	return answer{receipt, err}
}

// twice sends a command two times, in turn one after the other and both at once,
// and holds the answers to each other: one acceptance, and the same receipt
// again as a duplicate; or two refusals.
func (m *meeting) twice(r *command.Request) (*command.Receipt, error) {
	m.t.Helper()
	var answers [2]answer
	if m.sent++; m.sent%2 == 0 {
		for i := range answers {
			answers[i] = m.ask(r)
		}
	} else {
		var both sync.WaitGroup
		for i := range answers {
			both.Go(func() { answers[i] = m.ask(r) })
		}
		both.Wait()
	}
	receipt, err := m.judge(r, answers, false)
	synctest.Wait()
	return receipt, err
}

// judge holds the answers to one command to each other. contested says that
// other commands were on their way, so that what was refused first may have been
// possible a moment later.
func (m *meeting) judge(r *command.Request, answers [2]answer, contested bool) (*command.Receipt, error) {
	m.t.Helper()
	var first, again *command.Receipt
	var refusal error
	for _, a := range answers {
		var p *problem.Error
		switch {
		case a.err == nil && a.receipt.Outcome == command.Accepted && first == nil:
			first = a.receipt
		case a.err == nil && a.receipt.Outcome == command.Duplicate && again == nil:
			again = a.receipt
		case a.err == nil:
			m.t.Errorf("%s was answered with %s twice", r.Verb, a.receipt.Outcome)
		case !errors.As(a.err, &p) || p.Status() >= 500:
			m.t.Errorf("%s failed: %v", r.Verb, a.err)
		default:
			if was := problem.From(refusal); refusal != nil && was.Code != p.Code && !contested {
				m.t.Errorf("%s was refused with %s and with %s", r.Verb, was.Code, p.Code)
			}
			refusal = a.err
		}
	}
	if first == nil {
		if again != nil {
			m.t.Errorf("%s is a duplicate of nothing", r.Verb)
		}
		return nil, refusal
	}
	m.accepted = append(m.accepted, first)
	if again == nil {
		if !contested {
			m.t.Errorf("%s was accepted once and refused once: %v", r.Verb, refusal)
		}
		return first, nil
	}
	same := *again
	same.Outcome = command.Accepted
	if !reflect.DeepEqual(&same, first) {
		m.t.Errorf("%s: the second receipt is %+v, the first %+v", r.Verb, again, first)
	}
	return first, nil
}

// together sends several commands at the same instant, each twice, while
// something else may happen, and gives what became of each.
func (m *meeting) together(meanwhile func(), all ...*command.Request) []answer {
	m.t.Helper()
	got := make([][2]answer, len(all))
	var every sync.WaitGroup
	every.Go(meanwhile)
	for i, r := range all {
		for j := range got[i] {
			every.Go(func() { got[i][j] = m.ask(r) })
		}
	}
	every.Wait()
	synctest.Wait()
	out := make([]answer, len(all))
	for i, r := range all {
		out[i].receipt, out[i].err = m.judge(r, got[i], true)
	}
	return out
}

// must sends a command that has to be accepted, with the expectations of
// somebody who sees what is.
func (m *meeting) must(by events.Actor, verb string, args any) *command.Receipt {
	m.t.Helper()
	receipt, err := m.twice(m.request(by, verb, args, m.seen(verb, args)))
	if err != nil {
		m.t.Fatalf("%s: %v", verb, err)
	}
	return receipt
}

// seen is what somebody expects who sees the session as it is.
func (m *meeting) seen(verb string, args any) *command.Expect {
	v, _ := command.Lookup(verb)
	if v.Expect == command.NoExpectation || v.Context == events.Registry {
		return nil
	}
	expect := &command.Expect{}
	m.look(func(s *session.State) {
		turn := s.Queue.Turn
		switch v.Expect {
		case command.ExpectNext:
			entry := ids.Entry{}
			if order := s.Queue.List(s.Timing.Part).Order; len(order) > 0 {
				entry = order[0]
			}
			if named, ok := args.(command.EntryRef); ok {
				entry = named.Entry
			}
			expect.Turn, expect.Entry = &turn, &entry
		case command.ExpectTurn:
			expect.Turn = &turn
		case command.ExpectAct:
			act := args.(command.ActRef).Act
			expect.Act = &act
		case command.ExpectEntries:
			expect.Entries = map[ids.Entry]string{}
			for id, e := range s.Queue.Entries {
				expect.Entries[id] = string(e.State)
			}
		case command.ExpectPlan:
			expect.Plan = s.PlanDigest()
		}
	})
	return expect
}

// agenda says how a session is made.
type agenda struct {
	minutes    int64
	applicants int
	modalities func(*events.Modalities)
	// consultation is one that was made before; a new one when it is left out.
	consultation ids.Consultation
}

// open makes a session with an opening and an item with a list, its applicants,
// and the actors who speak for them.
func (s *stack) open(t reporter, a agenda) *meeting {
	t.Helper()
	m := &meeting{t: t, stack: s, id: ids.New[ids.Session]()}
	modalities := session.DefaultModalities()
	if a.modalities != nil {
		a.modalities(&modalities)
	}
	start := now().Add(3 * 60_000)
	m.must(office, "create_session", command.CreateSession{
		Title: "Whole session", Consultation: a.consultation, PlannedStart: start, HardEnd: start.Add(a.minutes * 60_000), Zone: "Europe/Zurich",
		Modalities: &modalities, Parts: []command.PartArgs{
			{Kind: events.Opening, Title: "Opening", Minutes: 3},
			{Kind: events.Item, Title: "Item", Minutes: max(1, a.minutes-3), HasList: true},
		},
	})
	for i := range a.applicants {
		r := m.must(office, "apply", command.Apply{
			Organisation: fmt.Sprintf("Organisation %02d", i), Category: "state", Group: "civil_society", Language: "en", Accept: i%2 == 0,
		})
		applicant := ids.MustParse[ids.Applicant](r.Made["applicant"])
		if i%2 == 1 {
			m.must(office, "accept", command.ApplicantRef{Applicant: applicant})
		}
		m.delegates = append(m.delegates, events.Actor{
			ID: fmt.Sprintf("token/delegate-%d", i), Roles: []events.Role{events.Speaker}, Applicant: applicant,
		})
	}
	m.look(func(st *session.State) { m.item = st.Registry.Parts[1].ID })
	return m
}

// of gives the delegate to whom an entry belongs.
func (m *meeting) of(entry ids.Entry) events.Actor {
	var by events.Actor
	m.look(func(s *session.State) {
		for _, d := range m.delegates {
			if e := s.Queue.Entries[entry]; e != nil && e.Applicant == d.Applicant {
				by = d
			}
		}
	})
	return by
}
