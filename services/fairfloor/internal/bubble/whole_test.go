package bubble

import (
	"slices"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// speakers is the number of organisations of the whole session.
const speakers = 53

// whole is the session of 53 speakers as it goes on.
type whole struct {
	*meeting
	entries []ids.Entry
}

// waiting gives the list, next first.
func (w *whole) waiting() []ids.Entry {
	var order []ids.Entry
	w.look(func(s *session.State) { order = slices.Clone(s.Queue.List(w.item).Order) })
	return order
}

// running gives the turn that has the floor.
func (w *whole) running() (turn ids.Turn, entry ids.Entry, left int64) {
	w.look(func(s *session.State) {
		if t := s.Queue.Running(); t != nil {
			turn, entry, left = t.ID, t.Entry, s.Remaining(t, now())
		}
	})
	return turn, entry, left
}

// call gives the floor to the next, who begins after a handover.
func (w *whole) call(handover int64) (ids.Turn, ids.Entry) {
	w.t.Helper()
	w.must(chair, "next", command.None{})
	turn, entry, _ := w.running()
	sleep(handover)
	w.must(w.of(entry), "begin", command.Begin{Turn: turn})
	return turn, entry
}

// speak lets the holder use a share of what is left, in percent.
func (w *whole) speak(percent int64) {
	_, _, left := w.running()
	sleep(left * percent / 100)
}

// TestWholeSessionsInVirtualTime: ninety minutes with 53 speakers and everything
// that happens in a session, on the real server, with three replicas of each
// service of which one of each goes and another comes while somebody speaks, and
// with every command sent twice.
func TestWholeSessionsInVirtualTime(t *testing.T) {
	logtest.Bubble(t, func(t *testing.T) {
		w := &whole{meeting: newStack(t, builders()).open(t, agenda{minutes: 90, applicants: speakers})}
		w.gather(t)
		for n := 0; len(w.waiting()) > 0; n++ {
			if n > 2*speakers {
				t.Fatal("the list does not end")
			}
			w.raise()
			w.turn(n)
		}
		sleep(20_000)
		w.must(chair, "adjourn", command.None{})
		a := w.check()
		// Everything that happened follows from what people asked for and the rules.
		w.verified()

		heard, spoke := a.places.spoke(), 0
		for i, id := range w.entries {
			if !heard[id] {
				t.Errorf("speaker %d was not heard: the entry %s", i, a.places.at[id])
				continue
			}
			spoke++
		}
		if end := w.fold().HardEnd(); a.ledger.adjourned > end {
			t.Errorf("the session ended at %s, after its hard end %s", a.ledger.adjourned, end)
		}
		if length := a.ledger.adjourned.Sub(a.ledger.started); length < 80*60_000 {
			t.Errorf("the session lasted %d ms only", length)
		}
		t.Logf("%d of %d heard; started %s, adjourned %s; %+v", spoke, speakers, a.ledger.started, a.ledger.adjourned, a.ledger.account)
		for name, ms := range map[string]int64{
			"spoken": a.ledger.account.SpeakingMS, "called": a.ledger.account.CalledMS, "paused": a.ledger.account.PausedMS,
			"points of order": a.ledger.account.PointsMS, "undone": a.ledger.account.UndoneMS,
			"suspended": a.ledger.account.SuspendedMS, "free": a.ledger.account.FreeMS,
		} {
			if ms == 0 {
				t.Errorf("no time was %s: the session does not show what it should", name)
			}
		}
	})
}

// raise confirms what the plan proposes for everyone remaining.
func (w *whole) raise() {
	w.t.Helper()
	to := int64(0)
	w.look(func(s *session.State) { to = session.PlanOf(s, w.item, now()).RaiseToMS })
	if to > 0 {
		w.must(chair, "announce", command.Announce{Part: w.item})
	}
}

// gather brings everybody to the list, which closes at a time, and starts.
func (w *whole) gather(t *testing.T) {
	declined := w.must(office, "apply", command.Apply{Organisation: "Late and incomplete", Category: "state"}).Made["applicant"]
	w.must(office, "decline", command.ApplicantRef{Applicant: ids.MustParse[ids.Applicant](declined), Code: events.DeclineReasons()[0]})
	w.must(office, "open_list", command.PartRef{Part: w.item})
	for i, d := range w.delegates {
		by := d
		if i%5 == 0 {
			by = office // on their behalf
		}
		r := w.must(by, "join", command.Join{Part: w.item, Applicant: d.Applicant})
		if r.Place != i+1 {
			t.Errorf("speaker %d got place %d", i, r.Place)
		}
		w.entries = append(w.entries, ids.MustParse[ids.Entry](r.Made["entry"]))
	}
	closes := now().Add(60_000)
	w.must(office, "close_list", command.CloseList{Part: w.item, At: closes})
	sleep(60_000)
	w.look(func(s *session.State) {
		if l := s.Queue.List(w.item); l.State != events.ListClosed || l.AtClose != speakers || s.Timing.Announced[w.item] == nil {
			t.Errorf("at its time the list is %s with %d entries, announced %+v", l.State, l.AtClose, s.Timing.Announced[w.item])
		}
	})
	var planned clock.Instant
	w.look(func(s *session.State) { planned = s.Registry.PlannedStart })
	sleep(planned.Sub(now()))
	w.must(chair, "start_session", command.None{})
	sleep(180_000)
	w.must(chair, "start_part", command.PartRef{Part: w.item})
}

// turn is one turn of the session; some have something that happens in them.
func (w *whole) turn(n int) {
	w.t.Helper()
	list := w.waiting()
	switch n {
	case 3: // nobody there: standby
		w.must(chair, "next", command.None{})
		turn, _, _ := w.running()
		sleep(20_000)
		w.must(chair, "no_show", command.TurnRef{Turn: turn})
		return
	case 5: // not ready: two places back
		w.must(w.of(list[0]), "defer", command.EntryRef{Entry: list[0]})
	case 7: // two exchange places by consent, two others at the chair's word
		r := w.must(w.of(list[1]), "propose_swap", command.ProposeSwap{Entry: list[1], With: list[4]})
		w.must(w.of(list[4]), "accept_swap", command.SwapRef{Swap: ids.MustParse[ids.Swap](r.Made["swap"])})
		w.must(office, "swap", command.ProposeSwap{Entry: list[2], With: list[5]})
		w.must(office, "move", command.Move{Entry: list[6], Before: list[3]})
	case 9: // a joint statement that falls apart again, and one that stays
		w.must(office, "merge", command.Merge{Lead: list[3], Members: []ids.Entry{list[7], list[9]}})
		w.must(office, "split", command.EntryRef{Entry: list[3]})
		w.must(office, "merge", command.Merge{Lead: list[2], Members: []ids.Entry{list[8]}})
	case 22: // called and silent: two places back
		w.must(chair, "next", command.None{})
		turn, _, _ := w.running()
		sleep(20_000)
		w.must(chair, "step_back", command.TurnRef{Turn: turn})
		return
	case 26: // two chairs press next at once: one step
		w.atOnce(list[0])
		return
	case 30:
		w.back()
	}
	turn, entry := w.call(3_000 + int64(n%7)*1_000)
	w.happens(n, turn, entry)
	w.speak(90 + int64(n%3)*5)
	switch turn, entry, _ = w.running(); n % 4 {
	case 0:
		w.must(chair, "end", command.TurnRef{Turn: turn})
	case 1, 2:
		w.must(w.of(entry), "yield", command.TurnRef{Turn: turn})
	default: // the next giving ends it
		if len(w.waiting()) == 0 {
			w.must(chair, "end", command.TurnRef{Turn: turn})
		}
	}
}

// happens is what happens while somebody speaks.
func (w *whole) happens(n int, turn ids.Turn, entry ids.Entry) {
	w.t.Helper()
	ref := command.TurnRef{Turn: turn}
	switch n {
	case 8, 33: // a point of order, heard and ruled on
		by := w.delegates[n+5]
		if w.of(entry).Applicant == by.Applicant {
			by = w.delegates[n+6]
		}
		sleep(10_000)
		r := w.must(by, "raise_point", command.RaisePoint{})
		point := ids.MustParse[ids.Entry](r.Made["entry"])
		sleep(4_000)
		w.must(chair, "admit_point", command.EntryRef{Entry: point})
		sleep(25_000)
		w.must(chair, "rule", command.Rule{Entry: point, Ruling: events.Dismissed})
	case 10: // the line is lost for a while
		sleep(7_000)
		w.must(office, "pause_turn", ref)
		sleep(15_000)
		w.must(office, "resume_turn", ref)
	case 12: // the fire bell
		sleep(9_000)
		w.must(chair, "suspend", command.None{})
		sleep(120_000)
		w.must(chair, "resume_session", command.None{})
		w.must(chair, "extend_session", command.ExtendSession{ByMS: 180_000})
	case 15: // next was pressed too early
		sleep(12_000)
		act := w.must(chair, "next", command.None{}).CommandID
		sleep(5_000)
		w.must(chair, "undo", command.ActRef{Act: act})
		if again, _, _ := w.running(); again != turn {
			w.t.Errorf("after the undo turn %s has the floor, not %s", again, turn)
		}
	case 18:
		w.must(chair, "extend_turn", command.ExtendTurn{Turn: turn, ByMS: 20_000})
		w.must(chair, "prompt", command.PromptArgs{Turn: turn, Kind: events.PleaseConclude})
	case 20: // somebody else is speaking
		sleep(6_000)
		w.must(chair, "reassign", command.Reassign{Turn: turn, Entry: w.waiting()[2]})
	case 25: // one replica of each service goes, another comes
		sleep(10_000)
		for _, c := range contexts {
			w.stack.replace(c)
			sleep(1_000)
		}
	}
}

// atOnce is two chairs who press next at the same instant: one step.
func (w *whole) atOnce(next ids.Entry) {
	w.t.Helper()
	if turn, _, _ := w.running(); !turn.IsZero() {
		w.must(chair, "end", command.TurnRef{Turn: turn})
	}
	seen := w.seen("next", command.None{})
	answers := w.together(func() {}, w.request(chair, "next", command.None{}, seen), w.request(vice, "next", command.None{}, seen))
	if (answers[0].err == nil) == (answers[1].err == nil) {
		w.t.Errorf("two pressed next: %v and %v", answers[0].err, answers[1].err)
	}
	turn, entry, _ := w.running()
	if entry != next {
		w.t.Errorf("two pressed next, and %s has the floor, not %s", entry, next)
	}
	sleep(4_000)
	w.must(chair, "begin", command.Begin{Turn: turn})
	w.speak(90)
	w.must(chair, "end", command.TurnRef{Turn: turn})
}

// back brings those on standby back to the list.
func (w *whole) back() {
	w.t.Helper()
	var all []ids.Entry
	w.look(func(s *session.State) {
		for _, id := range s.Queue.EntryOrder {
			if s.Queue.Entries[id].State == session.Standby {
				all = append(all, id)
			}
		}
	})
	for _, id := range all {
		w.must(w.of(id), "return", command.EntryRef{Entry: id})
	}
}
