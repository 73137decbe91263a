package domain_test

import (
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
	"github.com/fairfloor/fairfloor/services/timing/internal/domain"
)

// try sends a command that may be refused, but never for a fault of ours.
func (w *world) try(verb string, args any) {
	w.t.Helper()
	_, err := w.Do(events.Timing, domain.Decide, w.ask(chair, verb, args))
	var p *problem.Error
	if err != nil && (!errors.As(err, &p) || p.Status() >= 500 && p.Code != problem.Busy) {
		w.t.Fatalf("%s %+v: %v", verb, args, err)
	}
	w.settle()
}

// floor writes a random act of the queue that is possible now.
func (w *world) floor(t *rapid.T, act string) {
	q := &w.State.Queue
	running, order := q.Running(), q.List(sessiontest.Item).Order
	live := w.State.Timing.Phase == session.Running || w.State.Timing.Phase == session.Suspended
	switch {
	case !live:
	case act == "next" && len(order) > 0 && q.Point == nil && (running == nil || !running.BegunAt.IsZero()):
		w.next(sessiontest.Item)
	case running != nil && act == "begin" && running.BegunAt.IsZero():
		w.begin(running)
	case running != nil && act == "end" && q.Point == nil:
		w.end()
	case running != nil && act == "no_show" && running.BegunAt.IsZero() && q.Point == nil:
		w.queue("no_show", &events.TurnEnded{Turn: running.ID, EndedAt: w.Now, How: events.NotHere, Act: w.Command()})
	case running != nil && act == "step_back" && running.BegunAt.IsZero() && q.Point == nil:
		w.queue("step_back", &events.TurnEnded{Turn: running.ID, EndedAt: w.Now, How: events.SteppedBk, Back: 2, Act: w.Command()})
	case act == "undo" && q.Undo != nil && q.Point == nil:
		undo := q.Undo
		w.queue("undo", &events.ActUndone{Undone: undo.Act, Voided: undo.Started, Resumed: undo.Ended, PressedAt: undo.PressedAt, GapMS: w.Now.Sub(undo.PressedAt)})
	case act == "point" && q.Point == nil:
		w.raise(fmt.Sprintf("point %d", w.Now))
	case act == "point":
		w.rule()
	case act == "join":
		w.queue("join", &events.EntryJoined{
			Entry: ids.Named[ids.Entry](w.State.ID, fmt.Sprint(w.Now)), Part: sessiontest.Item, Applicant: sessiontest.Applicant(0),
			Kind: events.Statement, Place: len(order) + 1, Late: true, RequestedMS: rapid.SampledFrom([]int64{0, 45_000, 90_000}).Draw(t, "request"),
		})
	case act == "withdraw" && len(order) > 1:
		w.queue("withdraw", &events.EntryWithdrawn{Entry: order[len(order)-1]})
	case act == "reopen":
		w.queue("open_list", &events.ListStateChanged{Part: sessiontest.Item, State: events.ListOpen})
		w.queue("close_list", &events.ListStateChanged{Part: sessiontest.Item, State: events.ListClosed})
	}
}

// TestWhateverHappens drives a session through random acts of the floor, of
// the chair and of time. Every reaction that is due is accepted and then no
// longer due (settle holds that), each fact of a timer is written once, no
// promise shrinks by itself, the running turn is never reduced, the sum of the
// offers is within the budget, nobody is opened with less than was promised, and
// time is conserved to the millisecond.
func TestWhateverHappens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mode := rapid.SampledFrom([]string{"uniform", "individual", "fixed"}).Draw(t, "mode")
		w := planned(t, 8, func(c *events.SessionCreated) { oneItem(c); c.Modalities.Allotment = mode })
		w.join(sessiontest.Item, 8)
		w.until(w.State.Registry.PlannedStart)
		w.do(chair, "start_session", nil)
		promised := w.State.Timing.Announced[sessiontest.Item].GuaranteeMS
		for range rapid.IntRange(1, 20).Draw(t, "acts") {
			w.wait(rapid.Int64Range(0, 120_000).Draw(t, "ms"))
			turn := w.State.Queue.Turn
			allotted, _ := w.State.Allotted(w.State.Queue.Running())
			uniform := w.State.Timing.Announced[sessiontest.Item].UniformMS
			switch act := rapid.SampledFrom([]string{
				"next", "next", "next", "begin", "begin", "end", "no_show", "step_back", "undo", "point", "point", "join", "withdraw", "reopen",
				"suspend", "resume_session", "pause_turn", "resume_turn", "extend_turn", "extend_session", "adjourn", "undo_adjournment",
				"set_minimum", "announce",
			}).Draw(t, "act"); act {
			case "suspend", "resume_session", "adjourn", "undo_adjournment":
				w.try(act, nil)
			case "pause_turn":
				cause := rapid.SampledFrom([]events.PauseCause{"", events.PausedByChair, events.PausedByLostLine}).Draw(t, "cause")
				w.try(act, command.PauseTurn{Turn: w.State.Queue.Turn, Cause: cause})
			case "resume_turn":
				w.try(act, command.TurnRef{Turn: turn})
			case "extend_turn":
				w.try(act, command.ExtendTurn{Turn: turn, ByMS: 30_000})
			case "extend_session":
				w.try(act, command.ExtendSession{ByMS: rapid.Int64Range(-3_000_000, 3_000_000).Draw(t, "by")})
			case "set_minimum":
				w.try(act, command.SetMinimum{MinimumMS: rapid.SampledFrom([]int64{30_000, 45_000, 60_000}).Draw(t, "minimum")})
			case "announce":
				w.try(act, command.Announce{Part: sessiontest.Item})
			default:
				w.floor(t, act)
			}
			promised = w.sound(promised)
			if now, open := w.State.Allotted(w.State.Queue.Turns[turn]); open && now < allotted {
				t.Fatalf("the running turn of %d ms was reduced to %d", allotted, now)
			}
			if now := w.State.Timing.Announced[sessiontest.Item].UniformMS; now < uniform || (now > 0) != (mode == "uniform") {
				t.Fatalf("%s: the number in force went from %d to %d ms", mode, uniform, now)
			}
		}
		noted := map[string]bool{}
		for _, c := range w.commits("mark") {
			fact, err := events.Encode(c.Events[0])
			if err != nil || noted[string(fact)] {
				t.Fatalf("noted twice: %s (%v)", fact, err)
			}
			noted[string(fact)] = true
		}
		w.SameAgain()
	})
}

// within checks that what individual entries are offered is within the budget,
// to a second each, and that nobody is shown a start before those ahead of them.
func (w *world) within(v *session.View) {
	w.t.Helper()
	var offers, waiting int64
	var last session.EntryPlan
	for _, e := range v.Entries {
		if e.Place == 0 {
			continue
		}
		waiting++
		offers += e.AllotmentMS * v.UsePPM / 1_000_000
		if e.HasETA {
			if e.Low < last.Low || e.Middle < last.Middle || e.High < last.High {
				w.t.Fatalf("place %d is to start in %d to %d, the one before in %d to %d", e.Place, e.Low, e.High, last.Low, last.High)
			}
			last = e
		}
	}
	room := v.Budget.PromisedMS + v.Budget.FreeMS - waiting*v.HandoverMS
	// Those of whom nothing is known (who joined late) count with their chance.
	if w.State.Registry.Modalities.Allotment == "individual" && v.Budget.FreeMS > 0 && offers*93/100 > room+waiting*1_000 {
		w.t.Fatalf("%d ms are offered of %d: %+v", offers, room, v.Budget)
	}
}

// sound checks what must hold after every act, and gives what is promised now.
func (w *world) sound(before int64) int64 {
	w.t.Helper()
	s := w.State
	a := s.Timing.Announced[sessiontest.Item]
	if a.GuaranteeMS < before {
		w.t.Fatalf("the promise of %d ms shrank to %d", before, a.GuaranteeMS)
	}
	view := session.PlanOf(s, sessiontest.Item, s.At)
	if view.Fault != nil {
		w.t.Fatalf("no plan: %v", view.Fault)
	}
	for _, e := range view.Entries {
		if e.Place > 0 && !(s.Timing.Phase == session.Adjourned) && e.AllotmentMS < e.GuaranteeMS && view.Budget.ShortMS == 0 {
			w.t.Fatalf("place %d is offered %d ms of %d promised", e.Place, e.AllotmentMS, e.GuaranteeMS)
		}
	}
	w.within(&view)
	var used int64
	for _, id := range s.Queue.TurnOrder {
		tc := s.Timing.Turns[id]
		if tc == nil && !s.Queue.Turns[id].Void {
			w.t.Fatalf("turn %s has no clock", id)
		}
		if tc != nil && tc.AllottedMS < tc.GuaranteeMS {
			w.t.Fatalf("opened with %d ms of %d promised", tc.AllottedMS, tc.GuaranteeMS)
		}
		used += s.Used(s.Queue.Turns[id], w.Now)
	}
	account := s.Account(w.Now)
	end := w.Now
	if !s.Timing.AdjournedAt.IsZero() {
		end = min(end, s.Timing.AdjournedAt)
	} else if used != account.SpeakingMS {
		w.t.Fatalf("turns used %d ms, the account says %d", used, account.SpeakingMS)
	}
	if account.TotalMS() != end.Sub(s.Timing.StartedAt) {
		w.t.Fatalf("%+v sums to %d of %d ms", account, account.TotalMS(), end.Sub(s.Timing.StartedAt))
	}
	seen := map[ids.Command]bool{}
	for _, d := range domain.Due(s) {
		if seen[d.Request.ID] || !d.Timer {
			w.t.Fatalf("due twice, or a reaction that is left: %+v", d)
		}
		seen[d.Request.ID] = true
	}
	return a.GuaranteeMS
}
