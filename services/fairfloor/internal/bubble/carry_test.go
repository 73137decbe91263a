package bubble

import (
	"slices"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/proof"
	"github.com/fairfloor/fairfloor/pkg/session"
	published "github.com/fairfloor/fairfloor/services/fairfloor/internal/record"
)

// consult makes a consultation that carries credit over.
func (s *stack) consult(t reporter) *meeting {
	t.Helper()
	m := &meeting{t: t, stack: s, id: ids.New[ids.Session]()}
	m.must(office, "create_consultation", command.CreateConsultation{Title: "Series", CarryOver: true})
	return m
}

// credits is what the registry says that each organisation carries over.
func (m *meeting) credits() map[string]int64 {
	m.t.Helper()
	all := map[string]int64{}
	sleep(0)
	m.stack.running[events.Registry][0].View(m.id, func(s *session.State) {
		for _, c := range s.Registry.Series.Credits {
			all[c.Organisation] = c.CreditMS
		}
	})
	return all
}

// gathered opens the list, lets everybody join and closes it.
func (m *meeting) gathered() (entries []ids.Entry) {
	m.t.Helper()
	m.must(office, "open_list", command.PartRef{Part: m.item})
	for _, d := range m.delegates {
		entries = append(entries, ids.MustParse[ids.Entry](m.must(d, "join", command.Join{Part: m.item}).Made["entry"]))
	}
	m.must(office, "close_list", command.CloseList{Part: m.item})
	return entries
}

// begins starts the session and its item.
func (m *meeting) begins() {
	m.t.Helper()
	m.must(chair, "start_session", command.None{})
	sleep(180_000)
	m.must(chair, "start_part", command.PartRef{Part: m.item})
}

// holds gives the floor to the next, who speaks for so many ms.
func (m *meeting) holds(ms int64) ids.Turn {
	m.t.Helper()
	turn := ids.MustParse[ids.Turn](m.must(chair, "next", command.None{}).Made["turn"])
	sleep(5_000)
	m.must(chair, "begin", command.Begin{Turn: turn})
	sleep(ms)
	m.must(chair, "end", command.TurnRef{Turn: turn})
	return turn
}

// verified makes the session's record and verifies it.
func (m *meeting) verified() *published.Record {
	m.t.Helper()
	raw, _, err := m.stack.raw(m.id)
	if err != nil {
		m.t.Fatalf("%v", err)
	}
	lines := make([]proof.Line, 0, len(raw))
	for _, r := range raw {
		lines = append(lines, proof.Line{Subject: r.Subject, Seq: r.Sequence, Body: string(r.Body)})
	}
	r, err := published.Build(lines)
	if err != nil {
		m.t.Fatalf("%v", err)
	}
	for _, d := range published.Verify(r) {
		m.t.Errorf("the record differs: %s", d)
	}
	return r
}

// TestCarryOverAcrossAConsultationsSessions in the running system, three
// replicas of each service and every command sent twice: what the first session
// withheld stands, once, among the inputs of the second one's order, through an
// adjournment that was undone and a correction; and both records verify.
func TestCarryOverAcrossAConsultationsSessions(t *testing.T) {
	logtest.Bubble(t, func(t *testing.T) {
		s := newStack(t, builders())
		series := s.consult(t)
		consultation := ids.MustParse[ids.Consultation](series.id.String())
		first := s.open(t, agenda{minutes: 10, applicants: 6, consultation: consultation})
		entries := first.gathered()
		first.begins()
		// 0 and, after the adjournment was undone, 1 speak; 2 is not reached, 3 is
		// reported absent, 4 as well but excused, 5 withdraws.
		turn := first.holds(80_000)
		first.must(office, "report_absent", command.EntryRef{Entry: entries[3]})
		first.must(office, "report_absent", command.EntryRef{Entry: entries[4]})
		first.must(office, "excuse", command.EntryRef{Entry: entries[4]})
		first.must(first.of(entries[5]), "withdraw", command.EntryRef{Entry: entries[5]})
		first.must(chair, "adjourn", command.None{})
		sleep(9 * 60_000)
		if got := series.credits(); len(got) != 0 {
			t.Errorf("while the adjournment can be undone the credits are %v", got)
		}
		first.must(chair, "undo_adjournment", command.None{})
		first.holds(40_000)
		first.must(chair, "adjourn", command.None{})
		sleep(10*60_000 + 10)
		// 120 s used by two, and one who was not reached: 40 s each.
		if got := series.credits(); len(got) != 1 || got["Organisation 02"] != 40_000 {
			t.Errorf("after the first session the credits are %v", got)
		}
		// The second session knows at once; a correction of the first reaches it too.
		second := s.open(t, agenda{minutes: 20, applicants: 6, consultation: consultation, modalities: func(m *events.Modalities) { m.Order = session.OrderSainteLague }})
		ended := int64(0)
		first.look(func(st *session.State) { ended = int64(st.Queue.Turns[turn].EndedAt) })
		first.must(chair, "correct_turn", map[string]any{"turn": turn, "ended_at": ended - 30_000})
		if got := series.credits(); got["Organisation 02"] != 30_000 {
			t.Errorf("after the correction the credits are %v", got)
		}
		second.must(office, "commit_lot", command.CommitLot{Part: second.item, Source: "a lottery"})
		own := second.gathered()
		second.must(office, "fix_list", command.PartRef{Part: second.item})
		second.must(office, "draw_lot", command.DrawLot{Part: second.item, Randomness: "1 2 3"})
		second.look(func(st *session.State) {
			for i, in := range st.Registry.Lots[second.item].Fixed.Inputs {
				if want := map[int]int64{2: 30_000}[i]; in.CreditMS != want {
					t.Errorf("the credit among the inputs of %s is %d, not %d", in.Label, in.CreditMS, want)
				}
			}
			if order := st.Queue.List(second.item).Order; len(order) != 6 || order[0] != own[2] {
				t.Errorf("who carries credit does not come first: %v", order)
			}
		})
		second.begins()
		for range 6 {
			second.holds(60_000)
		}
		second.must(chair, "adjourn", command.None{})
		sleep(10*60_000 + 10)
		if got := series.credits(); len(got) != 1 || got["Organisation 02"] != 15_000 {
			t.Errorf("once they were heard the credits are %v", got)
		}
		// Sealing writes nothing twice, and every replica says the same.
		first.must(office, "seal", command.None{})
		sleep(0)
		for _, r := range s.running[events.Registry] {
			r.View(series.id, func(st *session.State) {
				if n := len(st.Registry.Series.Carried); n != 2 {
					t.Errorf("%s knows %d reckonings", r.name, n)
				}
			})
		}
		rows := first.verified().Credit
		at := slices.IndexFunc(rows, func(r events.CreditRow) bool { return r.Organisation == "Organisation 02" })
		if at < 0 || rows[at].CreditMS != 30_000 || rows[at].Outcome != "not_reached" {
			t.Errorf("the first record says %+v", rows)
		}
		if rows := second.verified().Credit; len(rows) != 6 || rows[2].BeforeMS != 30_000 || rows[2].CreditMS != 15_000 {
			t.Errorf("the second record says %+v", rows)
		}
	})
}
