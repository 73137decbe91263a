package domain_test

import (
	"testing"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

// lost is a pause for a lost line.
func lost(w *world) any {
	return command.PauseTurn{Turn: w.State.Queue.Turn, Cause: events.PausedByLostLine}
}

// "A speaker lost in mid-turn: the clock pauses for at most h_max, once per
// turn, charged to the reserve."
func TestASpeakerLostInMidTurn(t *testing.T) {
	w := speaking(t)
	turn := w.State.Queue.Running()
	w.wait(10_000)
	used, spent := w.State.Used(turn, w.Now), w.State.ReserveSpent(w.State.Timing.StartedAt, w.Now)
	w.do(chair, "pause_turn", lost(w))
	from := w.State.Timing.Turns[turn.ID].Paused().From
	w.wait(60_000)
	tc := w.State.Timing.Turns[turn.ID]
	if len(tc.Pauses) != 1 || tc.Pauses[0].Cause != events.PausedByLostLine || tc.Pauses[0].To != from.Add(20_000) {
		t.Fatalf("the clock stood %+v, want the longest handover of 20 s, to the millisecond", tc.Pauses)
	}
	if ms := w.State.Used(turn, w.Now) - used; ms < 39_990 || ms > 40_010 {
		t.Errorf("%d ms were used in the minute after the line was lost, want 40 s", ms)
	}
	if ms := w.State.ReserveSpent(w.State.Timing.StartedAt, w.Now) - spent; ms != 20_000 {
		t.Errorf("%d ms were charged to the reserve, want 20 s", ms)
	}
	refused(t, w, w.ask(chair, "pause_turn", lost(w)), problem.Already, "args.cause")
	// At the chair's own word it may stand again.
	w.do(chair, "pause_turn", command.PauseTurn{Turn: turn.ID})
	w.SameAgain()
}

func TestALineThatComesBackEarly(t *testing.T) {
	w := speaking(t)
	turn := w.State.Queue.Running()
	w.do(chair, "pause_turn", lost(w))
	w.wait(5_000)
	w.do(desk, "resume_turn", command.TurnRef{Turn: turn.ID})
	w.wait(60_000)
	if tc := w.State.Timing.Turns[turn.ID]; len(tc.Pauses) != 1 || tc.Pauses[0].To.Sub(tc.Pauses[0].From) > 5_010 {
		t.Errorf("back after 5 s: %+v", tc.Pauses)
	}
	// The next turn has a pause of its own.
	next := w.next(sessiontest.Item)
	w.begin(next)
	w.do(chair, "pause_turn", lost(w))
}

func TestNoLineIsLostBeforeTheFirstWord(t *testing.T) {
	w := under(t)
	w.next(sessiontest.Item)
	refused(t, w, w.ask(chair, "pause_turn", lost(w)), problem.WrongState, "")
	w = speaking(t)
	refused(t, w, w.ask(chair, "pause_turn", command.PauseTurn{Turn: w.State.Queue.Turn, Cause: "suspension"}), problem.Invalid, "args.cause")
}

// "Chair's interventions and answers are clocked and charged to the session,
// never to a speaker."
func TestTheChairsOwnTimeIsChargedToTheSessionNeverToASpeaker(t *testing.T) {
	w := speaking(t)
	turn := w.State.Queue.Running()
	w.wait(10_000)
	used := w.State.Used(turn, w.Now)
	// An intervention in mid-turn, and an answer of a minute and a half afterwards.
	w.do(chair, "pause_turn", command.PauseTurn{Turn: turn.ID, Cause: events.PausedByChair})
	w.wait(30_000)
	w.do(chair, "resume_turn", command.TurnRef{Turn: turn.ID})
	if ms := w.State.Used(turn, w.Now) - used; ms > 10 {
		t.Errorf("%d ms of the chair's intervention were charged to the speaker", ms)
	}
	w.end()
	before := session.MeasuresOf(w.State, w.Now)
	w.wait(90_000)
	next := w.next(sessiontest.Item)
	w.begin(next)
	after := session.MeasuresOf(w.State, w.Now)
	if ms := after.ChairMS - before.ChairMS; ms < 89_990 || ms > 90_020 {
		t.Errorf("the chair's answer is clocked with %d ms, want 90 s", ms)
	}
	// Up to the longest handover it is a handover; the rest is the reserve's.
	if ms := after.ReserveMS - before.ReserveMS; ms < 69_990 || ms > 70_020 {
		t.Errorf("%d ms of the answer are charged to the reserve, want 70 s", ms)
	}
	if before.ReserveMS < 29_990 || before.Account.PausedMS < 29_990 {
		t.Errorf("the intervention of 30 s: %d ms charged, account %+v", before.ReserveMS, before.Account)
	}
	if w.State.Used(next, w.Now) > 10 {
		t.Error("the answer was charged to the next speaker")
	}
}
