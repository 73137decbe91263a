package domain_test

import (
	"slices"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/services/queue/internal/domain"
)

// The turn protocol of fairness.md, sentence by sentence.

func automatic(c *events.SessionCreated) { c.Modalities.Automatic = true }

// moving lists what the queue would do by itself that moves somebody.
func moving(s *stage) (verbs []string) {
	for _, d := range domain.Due(s.State) {
		switch d.Request.Verb {
		case "close_list", "order_list", "assume_begun", "end_at_limit", "end_with_session":
		default:
			verbs = append(verbs, d.Request.Verb)
		}
	}
	return verbs
}

// TestCheckInByTheDelegateOrTheSecretariatOnTheirBehalf.
func TestCheckInByTheDelegateOrTheSecretariatOnTheirBehalf(t *testing.T) {
	s := started(t, 6, 6, nil)
	d := s.must(ask(delegate(3), "check_in", command.EntryRef{Entry: s.mine(3)}))
	same(t, "by the delegate, on behalf of", d.OnBehalf.IsZero(), true)
	d = s.must(ask(secretariat, "check_in", command.EntryRef{Entry: s.mine(5)}))
	same(t, "by the secretariat, on behalf of", d.OnBehalf, applicant(5))
	for _, i := range []int{3, 5} {
		if e := s.entry(i); !e.CheckedIn || e.Presence != events.ByCheckIn {
			t.Errorf("%d is %+v", i, e)
		}
	}
	s.refused(ask(delegate(1), "check_in", command.EntryRef{Entry: s.mine(2)}), problem.Forbidden, "entry")
	same(t, "nobody moved", s.order(), []int{0, 1, 2, 3, 4, 5})
}

// TestSilenceIsProposedTwoPlacesBackTwiceThenStandbyAndOneKeyConfirms: nothing
// happens by itself, and each press is one step of the same key.
func TestSilenceIsProposedTwoPlacesBackTwiceThenStandbyAndOneKeyConfirms(t *testing.T) {
	s := started(t, 6, 6, nil)
	for n, want := range [][]int{{1, 2, 0, 3, 4, 5}, {3, 4, 0, 5}, nil} {
		for s.State.Queue.Entries[s.head()].Applicant != applicant(0) {
			s.speaks()
			s.must(s.onTurn(chair, "end"))
		}
		s.must(s.next(chair))
		s.Now += 60_000
		if verbs := moving(s); len(verbs) > 0 {
			t.Errorf("by itself the queue would %v", verbs)
		}
		s.must(s.onTurn(chair, "step_back"))
		if want == nil {
			same(t, "the third time", s.entry(0).State, session.Standby)
			break
		}
		same(t, "the list", s.order(), want)
		same(t, "deferrals", s.entry(0).Deferrals, n+1)
	}
	s.SameAgain()
}

// TestReportedAbsentGoesToStandbyAndReturnsToTheNextPlaceOnce; the next time it is
// the end of the list.
func TestReportedAbsentGoesToStandbyAndReturnsToTheNextPlaceOnce(t *testing.T) {
	s := started(t, 6, 6, nil)
	s.must(ask(secretariat, "report_absent", command.EntryRef{Entry: s.mine(0)}))
	same(t, "reported, and nobody moved", s.order(), []int{0, 1, 2, 3, 4, 5})
	s.must(s.next(chair))
	s.Now += 20_000
	s.must(s.onTurn(chair, "step_back"))
	same(t, "the one key", s.entry(0).State, session.Standby)
	s.must(ask(delegate(0), "return", command.EntryRef{Entry: s.mine(0)}))
	same(t, "back at the next place", s.order(), []int{1, 2, 3, 0, 4, 5})
	s.must(ask(chair, "to_standby", command.EntryRef{Entry: s.mine(0)}))
	s.must(ask(delegate(0), "return", command.EntryRef{Entry: s.mine(0)}))
	same(t, "the second time", s.order(), []int{1, 2, 3, 4, 5, 0})
}

// TestAutomaticModeMovesSilentSpeakersOnlyWhereTheModalitiesSaySo, not before the
// longest wait is over, and never over a chair who undid it.
func TestAutomaticModeMovesSilentSpeakersOnlyWhereTheModalitiesSaySo(t *testing.T) {
	s := started(t, 6, 6, automatic)
	s.must(s.next(chair))
	given := s.turn().GivenAt
	due := domain.Due(s.State)
	if len(due) != 1 || due[0].Request.Verb != "step_back" || !due[0].Timer || due[0].At != given.Add(20_000) {
		t.Fatalf("due is %+v", due)
	}
	r := due[0].Request
	s.refused(&r, problem.WrongState, "")
	s.Now = given.Add(20_000)
	r = due[0].Request
	s.must(&r)
	same(t, "two places back", s.order(), []int{1, 2, 0, 3, 4, 5})
	s.must(s.undo())
	same(t, "after the undo", s.State.Queue.Entries[s.turn().Entry].Applicant, applicant(0))
	same(t, "the chair is not overruled", len(moving(s)), 0)
	s.SameAgain()
	for name, c := range map[string]struct {
		change func(*events.SessionCreated)
		act    func(*stage)
	}{
		"by default":       {nil, func(*stage) {}},
		"without evidence": {func(c *events.SessionCreated) { automatic(c); unevidenced(c) }, func(*stage) {}},
		"once they began":  {automatic, func(s *stage) { s.must(s.onTurn(chair, "begin")) }},
		"in a suspension":  {automatic, (*stage).suspend},
	} {
		other := started(t, 6, 6, c.change)
		other.must(other.next(chair))
		c.act(other)
		if verbs := moving(other); len(verbs) > 0 {
			t.Errorf("%s the queue would %v", name, verbs)
		}
	}
	// The chair's own key does the same, at any time.
	manual := started(t, 6, 6, automatic)
	manual.must(manual.next(chair))
	manual.must(manual.onTurn(chair, "step_back"))
	same(t, "by the chair", manual.order(), []int{1, 2, 0, 3, 4, 5})
}

// TestNobodyIsMovedByALostLine: what a device or a line does is noted as presence
// at most, and moves nobody, neither on the list nor from the floor.
func TestNobodyIsMovedByALostLine(t *testing.T) {
	for _, change := range []func(*events.SessionCreated){nil, automatic} {
		s := started(t, 6, 6, change)
		turn := s.speaks()
		s.opened(120_000)
		before := s.order()
		s.Append(events.Timing, chair, "pause_turn", &events.TurnPaused{Turn: turn, At: s.Now, Cause: events.PausedByLostLine})
		s.Now += 600_000
		s.must(ask(program, "note_presence", command.NotePresence{Entry: s.mine(2), Basis: events.Seen}))
		if verbs := moving(s); len(verbs) > 0 {
			t.Errorf("by itself the queue would %v", verbs)
		}
		same(t, "the floor", s.State.Queue.Turn, turn)
		if !slices.Equal(s.order(), before) {
			t.Errorf("the list is %v, not %v", s.order(), before)
		}
	}
}
