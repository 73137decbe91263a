package session_test

import (
	"testing"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

func TestWhatIsChargedToTheReserve(t *testing.T) {
	second := sessiontest.ID[ids.Turn]("the second turn")
	// follow adds a second turn, given and begun.
	follow := func(s *session.State, given, begun int64) {
		s.Queue.Turns[second] = &session.Turn{ID: second, GivenAt: at(given), BegunAt: at(begun), Basis: events.ByChair}
		s.Queue.TurnOrder = append(s.Queue.TurnOrder, second)
		s.Timing.Turns[second] = &session.TurnClock{AllottedMS: 60_000, Marks: map[events.Mark]int{}}
	}
	for name, c := range map[string]struct {
		change func(*session.State, *session.Turn, *session.TurnClock)
		now    int64
		spent  int64 // s
	}{
		// Called at 100 s: the opening of 195 s is not over, so nothing is charged before.
		"nothing happened": {nil, 300, 0},
		"handed over at once": {func(s *session.State, t *session.Turn, _ *session.TurnClock) {
			t.EndedAt = at(300)
			follow(s, 300, 312)
		}, 400, 0},
		"a free floor up to the longest handover": {func(s *session.State, t *session.Turn, _ *session.TurnClock) {
			t.EndedAt = at(300)
			follow(s, 320, 325)
		}, 400, 0},
		"the chair speaks for a minute": {func(s *session.State, t *session.Turn, _ *session.TurnClock) {
			t.EndedAt = at(300)
			follow(s, 360, 365)
		}, 400, 40},
		"the chair is still speaking": {func(_ *session.State, t *session.Turn, _ *session.TurnClock) { t.EndedAt = at(300) }, 350, 30},
		"a long opening": {func(s *session.State, t *session.Turn, _ *session.TurnClock) {
			t.GivenAt, t.BegunAt = at(255), at(260)
		}, 300, 40},
		"a break is planned": {func(s *session.State, t *session.Turn, _ *session.TurnClock) {
			t.EndedAt = at(300)
			s.Registry.Parts = []events.Part{{ID: sessiontest.Opening, Kind: events.Break, Minutes: 10}}
			s.Timing.Parts[sessiontest.Opening] = &session.PartClock{StartedAt: at(300)}
		}, 900, 0},
		"a point of order": {func(s *session.State, _ *session.Turn, _ *session.TurnClock) {
			s.Queue.PointSpans = []session.Span{span(120, 165, "")}
		}, 300, 45},
		"a pause by the chair": {func(_ *session.State, _ *session.Turn, tc *session.TurnClock) {
			tc.Pauses = []session.Span{span(120, 130, events.PausedByChair)}
		}, 300, 10},
		"a point is not charged twice for its pause": {func(s *session.State, _ *session.Turn, tc *session.TurnClock) {
			s.Queue.PointSpans = []session.Span{span(120, 165, "")}
			tc.Pauses = []session.Span{span(120, 165, events.PausedByPoint)}
		}, 300, 45},
		"a suspension is the session's": {func(s *session.State, _ *session.Turn, tc *session.TurnClock) {
			s.Timing.Suspensions = []session.Span{span(120, 420, events.PausedBySuspension)}
			tc.Pauses = []session.Span{span(120, 420, events.PausedBySuspension)}
		}, 600, 0},
		"an undone end": {func(_ *session.State, t *session.Turn, _ *session.TurnClock) {
			t.Gaps = []session.Span{span(130, 142, "")}
		}, 300, 12},
		"a turn that was undone": {func(s *session.State, _ *session.Turn, _ *session.TurnClock) {
			follow(s, 200, 205)
			s.Queue.Turns[second].Void, s.Queue.Turns[second].EndedAt = true, at(209)
			s.Queue.Turns[theTurn].Gaps = []session.Span{span(200, 209, "")}
		}, 300, 9},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := spoken(c.change)
			if spent := s.ReserveSpent(at(0), at(c.now)); spent != c.spent*1000 {
				t.Errorf("%d ms charged, want %d s; account %+v", spent, c.spent, s.Account(at(c.now)))
			}
			if a := s.Account(at(c.now)); a.TotalMS() != c.now*1000 {
				t.Errorf("%+v sums to %d of %d s", a, a.TotalMS(), c.now)
			}
			// What lies before a part began is not charged to it.
			if spent := s.ReserveSpent(at(c.now), at(c.now)); spent != 0 {
				t.Errorf("%d ms charged in no time", spent)
			}
		})
	}
}

func TestNothingIsChargedBeforeTheStart(t *testing.T) {
	s := agenda(nil)
	if s.Account(at(100)) != (session.Account{}) || s.ReserveSpent(at(0), at(100)) != 0 {
		t.Error("a session that has not started has an account")
	}
}
