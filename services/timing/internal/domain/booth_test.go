package domain_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

var interpreter = sessiontest.Staff(events.Interpreter)

// trouble and over are what the booth presses.
func trouble(of events.Trouble) any { return command.ReportTrouble{Trouble: of, Language: "fr"} }
func over(of events.Trouble) any    { return command.ClearTrouble{Trouble: of} }

// silenced is a turn in which interpretation was lost.
func silenced(t sessiontest.TB) *world {
	w := speaking(t)
	w.do(interpreter, "report_trouble", trouble(events.InterpretationLost))
	return w
}

// interpreted is a session whose interpreters announced an end, asked one in
// which they were asked to stay longer.
func interpreted(t sessiontest.TB) *world {
	w := speaking(t)
	w.do(interpreter, "set_interpretation_end", command.InterpretationEnd{End: w.Now.Add(1_800_000)})
	return w
}

func asked(t sessiontest.TB) *world {
	w := interpreted(t)
	w.do(chair, "ask_interpretation", command.AskInterpretation{Until: w.State.Timing.Booth.End.Add(900_000)})
	return w
}

// "interpretation lost (pauses the clock, alarms the chair)": not a millisecond
// of it is the speaker's; it is charged to the reserve.
func TestLostInterpretationPausesTheClockAndGivesTheTimeBack(t *testing.T) {
	w := speaking(t)
	turn := w.State.Queue.Running()
	w.wait(10_000)
	used, spent := w.State.Used(turn, w.Now), w.State.ReserveSpent(w.State.Timing.StartedAt, w.Now)
	d := w.do(interpreter, "report_trouble", trouble(events.InterpretationLost))
	if len(d.Events) != 2 {
		t.Fatalf("reported and paused in one commit, not %+v", d.Events)
	}
	at := w.Now
	w.wait(47_000)
	c, _ := w.State.Countdown(turn)
	if c.Cause != events.PausedByInterpretation || c.PausedSince.IsZero() {
		t.Errorf("the clock shows %+v", c)
	}
	if limit, ok := w.State.Limit(turn); ok {
		t.Errorf("a clock that stands has the limit %s", limit)
	}
	// The chair's key cannot let it go on by itself.
	refused(t, w, w.ask(chair, "resume_turn", command.TurnRef{Turn: turn.ID}), problem.WrongState, "")
	refused(t, w, w.ask(chair, "pause_turn", command.PauseTurn{Turn: turn.ID}), problem.Already, "")
	refused(t, w, w.ask(interpreter, "report_trouble", trouble(events.InterpretationLost)), problem.Already, "args.trouble")
	w.do(interpreter, "clear_trouble", over(events.InterpretationLost))
	lost := w.Now.Sub(at)
	w.wait(5_000)
	if ms := w.State.Used(turn, w.Now) - used; ms < 5_000 || ms > 5_020 {
		t.Errorf("%d ms were used, want the 5 s since interpretation came back", ms)
	}
	if ms := w.State.ReserveSpent(w.State.Timing.StartedAt, w.Now) - spent; ms < lost-20 || ms > lost+20 {
		t.Errorf("%d ms were charged to the reserve, want %d", ms, lost)
	}
	refused(t, w, w.ask(interpreter, "clear_trouble", over(events.InterpretationLost)), problem.Already, "args.trouble")
	w.SameAgain()
}

func TestATurnThatIsGivenWhileInterpretationIsLostDoesNotRun(t *testing.T) {
	w := silenced(t)
	turn := w.next(sessiontest.Item)
	w.begin(turn)
	w.wait(30_000)
	if ms := w.State.Used(turn, w.Now); ms != 0 {
		t.Fatalf("%d ms of a turn ran without interpretation", ms)
	}
	// The chair goes on without it.
	w.do(chair, "clear_trouble", over(events.InterpretationLost))
	w.wait(4_000)
	if ms := w.State.Used(turn, w.Now); ms < 4_000 || ms > 4_020 {
		t.Errorf("%d ms ran, want 4 s", ms)
	}
	w.SameAgain()
}

// What stops a clock for two reasons goes on when both are gone.
func TestLostInterpretationAmongOtherPauses(t *testing.T) {
	for name, c := range map[string]struct{ stop, goOn func(*world) }{
		"the chair's pause": {
			func(w *world) { w.do(chair, "pause_turn", command.PauseTurn{Turn: w.State.Queue.Turn}) },
			func(w *world) { w.do(chair, "resume_turn", command.TurnRef{Turn: w.State.Queue.Turn}) },
		},
		"a suspension": {
			func(w *world) { w.do(chair, "suspend", nil) },
			func(w *world) { w.do(chair, "resume_session", nil) },
		},
		"a point of order": {func(w *world) { w.raise("in between") }, func(w *world) { w.rule() }},
	} {
		t.Run(name, func(t *testing.T) {
			for _, lostFirst := range []bool{true, false} {
				w := speaking(t)
				turn := w.State.Queue.Running()
				lose := func() { w.do(interpreter, "report_trouble", trouble(events.InterpretationLost)) }
				if lostFirst {
					w.wait(1_000)
					if name == "the chair's pause" {
						continue // a clock that stands cannot be paused again
					}
					lose()
					c.stop(w)
				} else {
					w.wait(1_000)
					c.stop(w)
					lose()
				}
				used := w.State.Used(turn, w.Now)
				w.wait(10_000)
				w.do(interpreter, "clear_trouble", over(events.InterpretationLost))
				w.wait(10_000)
				if ms := w.State.Used(turn, w.Now); ms != used {
					t.Errorf("lost first %t: %d ms ran while %s lasted", lostFirst, ms-used, name)
				}
				c.goOn(w)
				w.wait(10_000)
				if ms := w.State.Used(turn, w.Now) - used; ms < 10_000 || ms > 10_020 {
					t.Errorf("lost first %t: %d ms ran afterwards, want 10 s", lostFirst, ms)
				}
				w.SameAgain()
			}
		})
	}
}

func TestSlowDownAndNoSoundStopNoClock(t *testing.T) {
	w := speaking(t)
	turn := w.State.Queue.Running()
	used := w.State.Used(turn, w.Now)
	from := w.Now
	w.do(interpreter, "report_trouble", trouble(events.NoSound))
	w.do(interpreter, "report_trouble", trouble(events.SpeakTooFast))
	w.wait(5_000)
	// Pressed again it is shown anew.
	w.do(interpreter, "report_trouble", trouble(events.SpeakTooFast))
	now := w.State.Timing.Booth.Troubles[events.SpeakTooFast]
	if now.Turn != turn.ID || now.Until.Sub(now.At) != 20_000 || now.Language != "fr" || now.By != events.Interpreter {
		t.Errorf("slow down is kept as %+v", now)
	}
	if ms := w.State.Used(turn, w.Now) - used; ms != w.Now.Sub(from) {
		t.Errorf("%d of %d ms ran", ms, w.Now.Sub(from))
	}
	w.end()
	refused(t, w, w.ask(interpreter, "report_trouble", trouble(events.SpeakTooFast)), problem.WrongState, "")
	w.SameAgain()
}

func TestTroublesAreChecked(t *testing.T) {
	w := speaking(t)
	refused(t, w, w.ask(interpreter, "report_trouble", command.ReportTrouble{Trouble: "tired"}), problem.Invalid, "args.trouble")
	refused(t, w, w.ask(interpreter, "clear_trouble", command.ClearTrouble{}), problem.Invalid, "args.trouble")
	refused(t, w, w.ask(interpreter, "report_trouble", command.ReportTrouble{Trouble: events.NoSound, Language: "not a tag"}), problem.Invalid, "args.language")
	over := adjourned(t)
	refused(t, over, over.ask(interpreter, "report_trouble", trouble(events.NoSound)), problem.WrongState, "")
}

// "end of interpretation and its extension": an alarm ten minutes before, one at
// the end, and nothing ends by itself.
func TestTheEndOfInterpretationIsAnAlarmAndItsExtensionAnAgreement(t *testing.T) {
	w := interpreted(t)
	end := w.State.Timing.Booth.End
	marks := w.State.Timing.Marks
	w.until(end.Add(-600_001))
	if _, noted := marks[events.MarkInterpretationSoon]; noted {
		t.Fatal("the alarm came before its time")
	}
	w.until(end.Add(-600_000))
	if marks[events.MarkInterpretationSoon] != end.Add(-600_000) {
		t.Fatalf("ten minutes before the end: %v", marks)
	}
	longer := end.Add(900_000)
	refused(t, w, w.ask(interpreter, "ask_interpretation", command.AskInterpretation{Until: longer}), problem.Forbidden, "verb")
	w.do(chair, "ask_interpretation", command.AskInterpretation{Until: longer})
	refused(t, w, w.ask(chair, "answer_interpretation", command.AnswerInterpretation{Until: longer, Agree: true}), problem.Forbidden, "verb")
	refused(t, w, w.ask(interpreter, "answer_interpretation", command.AnswerInterpretation{Until: end, Agree: true}), problem.Stale, "args.until")
	w.do(interpreter, "answer_interpretation", command.AnswerInterpretation{Until: longer})
	if b := w.State.Timing.Booth; b.End != end || !b.Asked.IsZero() || b.Declined != longer {
		t.Fatalf("declined: %+v", b)
	}
	w.do(chair, "ask_interpretation", command.AskInterpretation{Until: longer})
	w.do(interpreter, "answer_interpretation", command.AnswerInterpretation{Until: longer, Agree: true})
	if b := w.State.Timing.Booth; b.End != longer || !b.Asked.IsZero() {
		t.Fatalf("agreed: %+v", b)
	}
	if _, noted := marks[events.MarkInterpretationSoon]; noted {
		t.Error("the alarm for the earlier end stands")
	}
	w.until(longer)
	if marks[events.MarkInterpretationEnd] != longer || w.State.Queue.Running() == nil {
		t.Errorf("at the end: %v, and the turn %v", marks, w.State.Queue.Running())
	}
	w.SameAgain()
}

func TestTheEndOfInterpretationIsChecked(t *testing.T) {
	w := speaking(t)
	at := func(end clock.Instant) any { return command.InterpretationEnd{End: end} }
	refused(t, w, w.ask(interpreter, "set_interpretation_end", at(w.Now)), problem.Invalid, "args.end")
	refused(t, w, w.ask(interpreter, "set_interpretation_end", at(w.State.Start().Add(86_400_001))), problem.Invalid, "args.end")
	refused(t, w, w.ask(chair, "ask_interpretation", command.AskInterpretation{Until: w.Now.Add(1_000)}), problem.WrongState, "")
	refused(t, w, w.ask(interpreter, "answer_interpretation", command.AnswerInterpretation{Agree: true}), problem.WrongState, "")
	w = interpreted(t)
	refused(t, w, w.ask(interpreter, "set_interpretation_end", at(w.State.Timing.Booth.End)), problem.Already, "args.end")
	refused(t, w, w.ask(chair, "ask_interpretation", command.AskInterpretation{Until: w.State.Timing.Booth.End}), problem.Invalid, "args.until")
	w = asked(t)
	refused(t, w, w.ask(chair, "ask_interpretation", command.AskInterpretation{Until: w.State.Timing.Booth.Asked}), problem.Already, "args.until")
}

// Whatever is lost and restored, and whoever has the floor: no turn's clock runs
// while interpretation is lost, and time is conserved to the millisecond.
func TestNoClockRunsWithoutInterpretation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := speaking(t)
		for range rapid.IntRange(2, 14).Draw(t, "acts") {
			before, lost := w.State.Account(w.Now).SpeakingMS, !w.State.Timing.Booth.LostSince().IsZero()
			w.wait(rapid.Int64Range(1, 40_000).Draw(t, "ms"))
			if ms := w.State.Account(w.Now).SpeakingMS - before; lost && ms != 0 {
				t.Fatalf("%d ms of speaking while interpretation was lost", ms)
			}
			switch act := rapid.SampledFrom([]string{"report_trouble", "clear_trouble", "pause_turn", "resume_turn", "suspend", "resume_session", "next", "begin", "point", "undo"}).Draw(t, "act"); act {
			case "report_trouble":
				w.try(act, trouble(events.InterpretationLost))
			case "clear_trouble":
				w.try(act, over(events.InterpretationLost))
			case "pause_turn":
				w.try(act, command.PauseTurn{Turn: w.State.Queue.Turn})
			case "resume_turn":
				w.try(act, command.TurnRef{Turn: w.State.Queue.Turn})
			case "suspend", "resume_session":
				w.try(act, nil)
			default:
				w.floor(t, act)
			}
			if a := w.State.Account(w.Now); a.TotalMS() != w.Now.Sub(w.State.Timing.StartedAt) {
				t.Fatalf("%+v sums to %d, not %d", a, a.TotalMS(), w.Now.Sub(w.State.Timing.StartedAt))
			}
		}
		w.SameAgain()
	})
}
