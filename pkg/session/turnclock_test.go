package session_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

// at is an instant of the sample sessions, in seconds after the log's start.
func at(s int64) clock.Instant { return sessiontest.Start.Add(s * 1000) }

// span is a closed stretch, or an open one when to is zero.
func span(from, to int64, cause events.PauseCause) session.Span {
	out := session.Span{From: at(from), Cause: cause}
	if to > 0 {
		out.To = at(to)
	}
	return out
}

// theTurn is the turn of the tables below: called at 100 s, begun at 110 s,
// allotted 60 s.
var theTurn = sessiontest.ID[ids.Turn]("the turn")

// spoken is a state with that turn, changed as a case wants it.
func spoken(change func(*session.State, *session.Turn, *session.TurnClock)) (*session.State, *session.Turn) {
	s := session.New(sessiontest.ID[ids.Session]("session"))
	s.Registry.Modalities = sessiontest.Modalities()
	s.Registry.PlannedStart, s.Registry.HardEnd = at(0), at(5400)
	s.Timing.Phase, s.Timing.StartedAt = session.Running, at(0)
	t := &session.Turn{ID: theTurn, GivenAt: at(100), BegunAt: at(110), Basis: events.ByChair}
	tc := &session.TurnClock{AllottedMS: 60_000, GuaranteeMS: 50_000, OpenedAt: at(100), Marks: map[events.Mark]int{}}
	s.Queue.Turns[theTurn], s.Queue.TurnOrder, s.Queue.Turn = t, []ids.Turn{theTurn}, theTurn
	s.Timing.Turns[theTurn] = tc
	if change != nil {
		change(s, t, tc)
	}
	return s, t
}

func TestUsedLimitAndCountdown(t *testing.T) {
	type change = func(*session.State, *session.Turn, *session.TurnClock)
	for name, c := range map[string]struct {
		change change
		now    int64
		used   int64 // s
		limit  int64 // s; zero for none
		paused int64 // s before the present standstill
		since  int64 // s; zero when it runs
		cause  events.PauseCause
	}{
		"runs":         {nil, 130, 20, 170, 0, 0, ""},
		"in overtime":  {nil, 180, 70, 170, 0, 0, ""},
		"before begun": {func(_ *session.State, t *session.Turn, _ *session.TurnClock) { t.BegunAt = 0 }, 130, 0, 0, 0, 0, ""},
		"no clock yet": {func(s *session.State, _ *session.Turn, _ *session.TurnClock) { delete(s.Timing.Turns, theTurn) }, 130, 20, 0, 0, 0, ""},
		"ended":        {func(_ *session.State, t *session.Turn, _ *session.TurnClock) { t.EndedAt = at(140) }, 190, 30, 0, 0, 0, ""},
		"seen earlier": {func(_ *session.State, t *session.Turn, _ *session.TurnClock) { t.EndedAt = at(140) }, 120, 10, 0, 0, 0, ""},
		"undone":       {func(_ *session.State, t *session.Turn, _ *session.TurnClock) { t.Void = true }, 130, 0, 0, 0, 0, ""},
		"extended":     {func(_ *session.State, _ *session.Turn, tc *session.TurnClock) { tc.AddedMS = 15_000 }, 130, 20, 185, 0, 0, ""},
		"paused before": {func(_ *session.State, _ *session.Turn, tc *session.TurnClock) {
			tc.Pauses = []session.Span{span(115, 120, events.PausedByChair)}
		}, 130, 15, 175, 5, 0, ""},
		"paused now": {
			func(_ *session.State, _ *session.Turn, tc *session.TurnClock) {
				tc.Pauses = []session.Span{span(115, 0, events.PausedByLostLine)}
			}, 130, 5, 0, 0, 115, events.PausedByLostLine,
		},
		"paused before it began, and still": {
			func(_ *session.State, _ *session.Turn, tc *session.TurnClock) {
				tc.Pauses = []session.Span{span(105, 0, events.PausedByChair)}
			}, 130, 0, 0, 0, 110, events.PausedByChair,
		},
		"paused only before it began": {
			func(_ *session.State, _ *session.Turn, tc *session.TurnClock) {
				tc.Pauses = []session.Span{span(101, 108, events.PausedByChair)}
			}, 130, 20, 170, 0, 0, "",
		},
		"paused in overtime": {
			// The limit was reached before the pause, and no pause moves it.
			func(_ *session.State, _ *session.Turn, tc *session.TurnClock) {
				tc.Pauses = []session.Span{span(175, 0, events.PausedByChair)}
			}, 190, 65, 170, 0, 175, events.PausedByChair,
		},
		"point of order, not yet followed": {
			func(s *session.State, _ *session.Turn, _ *session.TurnClock) {
				s.Queue.PointSpans = []session.Span{span(120, 0, "")}
				s.Queue.Point = &session.Point{Suspended: theTurn, At: at(120)}
			}, 150, 10, 0, 0, 120, events.PausedByPoint,
		},
		"point and pause overlap": {
			func(s *session.State, _ *session.Turn, tc *session.TurnClock) {
				s.Queue.PointSpans = []session.Span{span(120, 130, "")}
				tc.Pauses = []session.Span{span(120, 130, events.PausedByPoint), span(128, 135, events.PausedByChair)}
			}, 140, 15, 185, 15, 0, "",
		},
		"suspension": {
			func(s *session.State, _ *session.Turn, _ *session.TurnClock) {
				s.Timing.Suspensions = []session.Span{span(112, 122, events.PausedBySuspension)}
			}, 132, 12, 180, 10, 0, "",
		},
		"suspension goes on": {
			func(s *session.State, _ *session.Turn, tc *session.TurnClock) {
				s.Timing.Phase = session.Suspended
				s.Timing.Suspensions = []session.Span{span(112, 0, events.PausedBySuspension)}
				tc.Pauses = []session.Span{span(112, 0, events.PausedBySuspension)}
			}, 132, 2, 0, 0, 112, events.PausedBySuspension,
		},
		"ended and resumed by undo": {
			// The gap between the wrong end and its undoing is nobody's.
			func(_ *session.State, t *session.Turn, _ *session.TurnClock) {
				t.Gaps = []session.Span{span(130, 137, "")}
			}, 140, 23, 177, 7, 0, "",
		},
		"gap beside a suspension": {
			func(s *session.State, t *session.Turn, _ *session.TurnClock) {
				t.Gaps = []session.Span{span(130, 137, "")}
				s.Timing.Suspensions = []session.Span{span(135, 140, events.PausedBySuspension)}
			}, 150, 30, 180, 10, 0, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, turn := spoken(c.change)
			if used := s.Used(turn, at(c.now)); used != c.used*1000 {
				t.Errorf("used %d ms, want %d s", used, c.used)
			}
			limit, ok := s.Limit(turn)
			if ok != (c.limit > 0) || ok && limit != at(c.limit) {
				t.Errorf("limit %s (%v), want %s", limit, ok, at(c.limit))
			}
			down, ok := s.Countdown(turn)
			since := clock.Instant(0)
			if c.since > 0 {
				since = at(c.since)
			}
			if !ok || down.PausedMS != c.paused*1000 && turn.EndedAt.IsZero() || down.PausedSince != since || down.Cause != c.cause {
				t.Errorf("countdown %+v, want %d s paused, since %s, %q", down, c.paused, since, c.cause)
			}
			if !turn.Stands() || !turn.EndedAt.IsZero() || !down.Open {
				return
			}
			// What a client derives from the facts is what the services derive.
			now := at(c.now)
			if !down.PausedSince.IsZero() {
				now = down.PausedSince
			}
			left := down.AllottedMS + down.AddedMS - (now.Sub(down.BegunAt) - down.PausedMS)
			if want := s.Remaining(turn, at(c.now)); left != want {
				t.Errorf("a client shows %d ms, the services %d ms", left, want)
			}
		})
	}
}

func TestSilentAt(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*session.State, *session.Turn, *session.TurnClock)
		want   int64
	}{
		"called":           {func(_ *session.State, t *session.Turn, _ *session.TurnClock) { t.BegunAt = 0 }, 120},
		"begun":            {nil, 0},
		"undone":           {func(_ *session.State, t *session.Turn, _ *session.TurnClock) { t.BegunAt, t.Void = 0, true }, 0},
		"ended unanswered": {func(_ *session.State, t *session.Turn, _ *session.TurnClock) { t.BegunAt, t.EndedAt = 0, at(115) }, 0},
		"a point meanwhile": {func(s *session.State, t *session.Turn, _ *session.TurnClock) {
			t.BegunAt = 0
			s.Queue.PointSpans = []session.Span{span(105, 135, "")}
		}, 150},
		"suspended meanwhile": {func(s *session.State, t *session.Turn, _ *session.TurnClock) {
			t.BegunAt = 0
			s.Timing.Suspensions = []session.Span{span(105, 0, events.PausedBySuspension)}
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s, turn := spoken(c.change)
			got, ok := s.SilentAt(turn)
			if ok != (c.want > 0) || ok && got != at(c.want) {
				t.Errorf("silent at %s (%v), want %s", got, ok, at(c.want))
			}
		})
	}
}

func TestNoTurnHasNoClock(t *testing.T) {
	s, _ := spoken(nil)
	if _, ok := s.Countdown(nil); ok {
		t.Error("a countdown of no turn")
	}
	if _, ok := s.Limit(nil); ok || s.Used(nil, at(1)) != 0 || s.Remaining(nil, at(1)) != 0 {
		t.Error("a limit, used or remaining time of no turn")
	}
	entered := &session.Turn{ID: sessiontest.ID[ids.Turn]("entered"), GivenAt: at(200), BegunAt: at(200), EndedAt: at(290), Entered: true, AllottedMS: 80_000}
	if ms, ok := s.Allotted(entered); !ok || ms != 80_000 || s.Used(entered, at(400)) != 90_000 {
		t.Errorf("a turn entered afterwards: %d ms allotted (%v), %d used", ms, ok, s.Used(entered, at(400)))
	}
}

// TestTimeIsConserved drives the log through random acts of queue and timing
// and holds that used time, calls, pauses, points, undone acts, suspensions
// and the free floor sum to the elapsed time, to the millisecond, and that a
// client's countdown is the services'.
func TestTimeIsConserved(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := sessiontest.Empty(t)
		l.Sample(6, nil)
		entries := listed(l, sessiontest.Item, 6)
		l.StartAt(sessiontest.Item)
		begun := l.State.Timing.StartedAt
		chair := sessiontest.Staff(events.Chair)
		queue := func(verb string, all ...events.Event) { l.Append(events.Queue, chair, verb, all...) }
		timing := func(verb string, all ...events.Event) { l.Append(events.Timing, chair, verb, all...) }
		turns := 0
		for range rapid.IntRange(1, 40).Draw(t, "acts") {
			l.Now = l.Now.Add(rapid.Int64Range(0, 90_000).Draw(t, "ms"))
			q, tm := &l.State.Queue, &l.State.Timing
			running := q.Running()
			var clockOf *session.TurnClock
			if running != nil {
				clockOf = tm.Turns[running.ID]
			}
			switch act := rapid.SampledFrom([]string{"next", "begin", "end", "undo", "point", "suspend", "pause", "extend", "part"}).Draw(t, "act"); {
			case act == "next" && len(q.List(sessiontest.Item).Order) > 0 && q.Point == nil && tm.Phase == session.Running:
				turns++
				turn := sessiontest.ID[ids.Turn](fmt.Sprintf("turn %d", turns))
				command := l.Command()
				var all []events.Event
				if running != nil {
					all = append(all, &events.TurnEnded{Turn: running.ID, EndedAt: l.Now, How: events.Followed, Act: command})
				}
				queue("next", append(all, &events.FloorGiven{Turn: turn, Entry: q.List(sessiontest.Item).Order[0], GivenAt: l.Now, Act: command})...)
				timing("open_turn", &events.TurnOpened{Turn: turn, AllottedMS: 60_000})
			case act == "begin" && running != nil && running.BegunAt.IsZero():
				queue("begin", &events.TurnBegun{Turn: running.ID, BegunAt: max(running.GivenAt, l.Now.Add(-500)), Basis: events.ByChair})
			case act == "end" && running != nil:
				queue("end", &events.TurnEnded{Turn: running.ID, EndedAt: l.Now, How: events.Ended, Act: l.Command()})
			case act == "undo" && q.Undo != nil && q.Point == nil:
				queue("undo", &events.ActUndone{
					Undone: q.Undo.Act, Voided: q.Undo.Started, Resumed: q.Undo.Ended,
					PressedAt: q.Undo.PressedAt, GapMS: l.Now.Sub(q.Undo.PressedAt),
				})
			case act == "point" && q.Point == nil:
				point := sessiontest.ID[ids.Entry](fmt.Sprintf("point %d", l.Now))
				queue("raise_point", &events.PointRaised{Entry: point, Part: sessiontest.Item, Applicant: sessiontest.Applicant(0), Turn: q.Turn})
				queue("admit_point", &events.PointAdmitted{Entry: point, Suspended: q.Turn})
			case act == "point":
				queue("rule", &events.PointRuled{Entry: q.Point.Entry, Ruling: events.Noted, Resumed: q.Point.Suspended})
			case act == "suspend" && tm.Phase == session.Running:
				timing("suspend", &events.SessionSuspended{Since: l.Now})
			case act == "suspend":
				timing("resume_session", &events.SessionResumed{ResumedAt: l.Now})
			case act == "pause" && clockOf != nil && clockOf.Paused() == nil:
				timing("pause_turn", &events.TurnPaused{Turn: running.ID, At: l.Now, Cause: events.PausedByChair})
			case act == "pause" && clockOf != nil:
				timing("resume_turn", &events.TurnResumed{Turn: running.ID, At: l.Now})
			case act == "extend" && clockOf != nil:
				timing("extend_turn", &events.TurnExtended{Turn: running.ID, AddedMS: 10_000})
			}
			conserved(t, l, begun)
		}
		l.SameAgain()
		_ = entries
	})
}

// conserved checks the sums at now and at a moment before and after.
func conserved(t *rapid.T, l *sessiontest.Log, begun clock.Instant) {
	s := l.State
	for _, now := range []clock.Instant{l.Now, l.Now.Add(-700), l.Now.Add(12_345)} {
		a := s.Account(now)
		if a.TotalMS() != max(0, now.Sub(begun)) {
			t.Fatalf("%+v sums to %d of %d ms", a, a.TotalMS(), now.Sub(begun))
		}
		var used int64
		for _, id := range s.Queue.TurnOrder {
			ms := s.Used(s.Queue.Turns[id], now)
			if ms < 0 {
				t.Fatalf("turn %s used %d ms", id, ms)
			}
			used += ms
		}
		if used != a.SpeakingMS {
			t.Fatalf("turns used %d ms, the account says %d", used, a.SpeakingMS)
		}
		if spent := s.ReserveSpent(begun, now); spent < a.PointsMS+a.PausedMS+a.UndoneMS || spent > a.TotalMS()-a.SpeakingMS-a.SuspendedMS {
			t.Fatalf("%d ms charged to the reserve, of %+v", spent, a)
		}
	}
	running := s.Queue.Running()
	down, ok := s.Countdown(running)
	if !ok || !down.Open || down.BegunAt.IsZero() {
		return
	}
	now := l.Now
	if !down.PausedSince.IsZero() {
		now = down.PausedSince
	}
	if left := down.AllottedMS + down.AddedMS - (now.Sub(down.BegunAt) - down.PausedMS); left != s.Remaining(running, l.Now) {
		t.Fatalf("a client shows %d ms, the services %d", left, s.Remaining(running, l.Now))
	}
	if limit, ok := s.Limit(running); ok && s.Remaining(running, limit) != 0 && down.PausedSince.IsZero() {
		t.Fatalf("at its limit %s the turn has %d ms", limit, s.Remaining(running, limit))
	}
}
