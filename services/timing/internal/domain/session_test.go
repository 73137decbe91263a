package domain_test

import (
	"slices"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
	"github.com/fairfloor/fairfloor/services/timing/internal/domain"
)

// commits are the stored commits of timing with a verb.
func (w *world) commits(verb string) []*events.Commit {
	w.t.Helper()
	var all []*events.Commit
	for _, stored := range w.Stored {
		var c events.Commit
		if err := c.UnmarshalJSON(stored.Body); err != nil {
			w.t.Fatalf("a stored commit: %v", err)
		}
		if stored.Meta.Context == events.Timing && c.Verb == verb {
			all = append(all, &c)
		}
	}
	return all
}

// marked are the instants of the turn's and the session's marks, in order.
func (w *world) marked() (marks []events.Mark, dues []clock.Instant) {
	for _, c := range w.commits("mark") {
		switch e := c.Events[0].(type) {
		case *events.TurnMarked:
			marks, dues = append(marks, e.Mark), append(dues, e.Due)
		case *events.SessionMarked:
			marks, dues = append(marks, e.Mark), append(dues, e.Due)
		}
	}
	return marks, dues
}

func TestListCloseAnnounces(t *testing.T) {
	w := before(t)
	all := w.commits("announce")
	if len(all) != 1 {
		t.Fatalf("%d announcements, want 1", len(all))
	}
	a := w.State.Timing.Announced[sessiontest.Item]
	// Three in 90 minutes may all have the maximum.
	if a.GuaranteeMS != 180_000 || a.LevelMS != 180_000 || a.Entries != 3 {
		t.Errorf("announced %+v", a.AllotmentsAnnounced)
	}
	if all[0].Cause == nil || all[0].Cause.Subject != events.Subject(events.Queue, w.State.ID) || all[0].Actor.ID != "system/timing" {
		t.Errorf("the announcement's cause is %+v, its actor %s", all[0].Cause, all[0].Actor.ID)
	}
	for i, id := range w.State.Queue.List(sessiontest.Item).Order {
		told := w.State.Timing.Etas[id]
		if len(told) != 1 || told[0].Places != i+1 || told[0].AllotmentMS != 180_000 || told[0].Low > told[0].Middle || told[0].Middle > told[0].High {
			t.Errorf("place %d was told %+v", i+1, told)
		}
	}
	// Opened and closed again with more entries: announced anew, never less promised.
	w.queue("open_list", &events.ListStateChanged{Part: sessiontest.Item, State: events.ListOpen})
	for i := range 40 {
		w.queue("join", &events.EntryJoined{Entry: ids.Named[ids.Entry](w.State.ID, string(rune('a'+i))), Part: sessiontest.Item, Applicant: sessiontest.Applicant(0), Kind: events.Statement, Place: 4 + i})
	}
	w.queue("close_list", &events.ListStateChanged{Part: sessiontest.Item, State: events.ListClosed})
	if again := w.State.Timing.Announced[sessiontest.Item]; again.Entries != 43 || again.GuaranteeMS < a.GuaranteeMS {
		t.Errorf("announced again: %+v", again.AllotmentsAnnounced)
	}
}

func TestStartsAreToldAtFiveThreeAndOne(t *testing.T) {
	w := planned(t, 8, oneItem)
	entries := w.join(sessiontest.Item, 8)
	w.until(w.State.Registry.PlannedStart)
	w.do(chair, "start_session", nil)
	w.wait(195_000)
	for range 7 {
		w.hear(sessiontest.Item, 8_000, 900_000)
	}
	var places []int
	for _, told := range w.State.Timing.Etas[entries[7]] {
		places = append(places, told.Places)
	}
	if !slices.Equal(places, []int{8, 5, 3, 1}) {
		t.Errorf("the eighth was told its start at places %v, want 8, 5, 3 and 1", places)
	}
	// What was announced at place 3 is what the turn opens with (decisions.md 14).
	told := w.State.Timing.Etas[entries[7]]
	turn := w.hear(sessiontest.Item, 8_000, 900_000)
	if allotted, _ := w.State.Allotted(turn); allotted != told[2].AllotmentMS {
		t.Errorf("opened with %d ms, told %d at place 3", allotted, told[2].AllotmentMS)
	}
}

func TestATurnsMarks(t *testing.T) {
	w := under(t)
	turn := w.next(sessiontest.Item)
	called := w.Now
	w.wait(25_000)
	if marks, dues := w.marked(); !slices.Equal(marks, []events.Mark{events.MarkSilent}) || dues[0] != turn.GivenAt.Add(20_000) {
		t.Fatalf("marked %v at %v, want silent 20 s after %s", marks, dues, called)
	}
	w.begin(turn)
	w.wait(190_000)
	marks, dues := w.marked()
	begun := turn.BegunAt
	if !slices.Equal(marks[1:], []events.Mark{events.MarkWarning, events.MarkExpired, events.MarkGrace}) ||
		!slices.Equal(dues[1:], []clock.Instant{begun.Add(150_000), begun.Add(180_000), begun.Add(185_000)}) {
		t.Fatalf("marked %v at %v, want a warning 30 s before the limit, the limit and the grace's end", marks[1:], dues[1:])
	}
	// More time is a new limit: it is warned of, reached and passed once more.
	w.do(chair, "extend_turn", command.ExtendTurn{Turn: turn.ID, ByMS: 60_000})
	w.wait(60_000)
	marks, dues = w.marked()
	if n := len(marks); n != 7 || !slices.Equal(dues[4:], []clock.Instant{begun.Add(210_000), begun.Add(240_000), begun.Add(245_000)}) {
		t.Errorf("after the extension marked %v at %v", marks[4:], dues[4:])
	}
	w.wait(600_000)
	if marks, _ := w.marked(); len(marks) != 7 {
		t.Errorf("marked again without cause: %v", marks)
	}
}

func TestAWarningIsAFifthOfAShortTurn(t *testing.T) {
	w := planned(t, 3, func(c *events.SessionCreated) { oneItem(c); c.Modalities.MaximumMS = 60_000 })
	w.join(sessiontest.Item, 3)
	w.until(w.State.Registry.PlannedStart)
	w.do(chair, "start_session", nil)
	w.wait(195_000)
	turn := w.next(sessiontest.Item)
	w.begin(turn)
	w.wait(59_000)
	if marks, dues := w.marked(); !slices.Equal(marks, []events.Mark{events.MarkWarning}) || dues[0] != turn.BegunAt.Add(48_000) {
		t.Errorf("marked %v at %v, want a warning 12 s before the limit", marks, dues)
	}
}

func TestNobodyIsMarkedSilentWithoutEvidence(t *testing.T) {
	w := planned(t, 3, func(c *events.SessionCreated) { oneItem(c); c.Modalities.Evidence = events.EvidenceNone })
	w.join(sessiontest.Item, 3)
	w.until(w.State.Registry.PlannedStart)
	w.do(chair, "start_session", nil)
	w.wait(195_000)
	w.next(sessiontest.Item)
	w.wait(60_000)
	if marks, _ := w.marked(); len(marks) != 0 {
		t.Errorf("marked %v where nobody can say when a turn begins", marks)
	}
}

func TestAPointOfOrderAMillisecondBeforeTheLimitWins(t *testing.T) {
	w := speaking(t)
	turn := w.State.Queue.Running()
	limit, _ := w.State.Limit(turn)
	// A replica armed the timer; the point is admitted a millisecond before it.
	armed := slices.DeleteFunc(domain.Due(w.State), func(d command.Deadline) bool { return d.At != limit })
	if len(armed) != 1 {
		t.Fatalf("%d timers at the limit, want 1", len(armed))
	}
	w.until(limit.Add(-2))
	point := sessiontest.ID[ids.Entry]("point")
	w.Append(events.Queue, chair, "raise_point", &events.PointRaised{Entry: point, Part: sessiontest.Item, Applicant: sessiontest.Applicant(0), Turn: turn.ID})
	w.Now = limit.Add(-1)
	w.Append(events.Queue, chair, "admit_point", &events.PointAdmitted{Entry: point, Suspended: turn.ID})
	if _, err := domain.Decide(w.State, &armed[0].Request, limit); err == nil {
		t.Fatal("the turn expired although a point of order was admitted before")
	}
	w.settle()
	w.wait(45_000)
	if left := w.State.Remaining(turn, w.Now); left != 1 {
		t.Errorf("%d ms left in the interruption, want the one that was left", left)
	}
	w.rule()
	pauses := w.State.Timing.Turns[turn.ID].Pauses
	if len(pauses) != 1 || pauses[0].From != limit.Add(-1) || pauses[0].Cause != events.PausedByPoint || pauses[0].To != w.State.Queue.PointSpans[0].To {
		t.Errorf("paused %+v, want from the admission to the ruling %+v", pauses, w.State.Queue.PointSpans)
	}
	w.wait(10)
	marks, dues := w.marked()
	if n := len(marks); marks[n-1] != events.MarkExpired || dues[n-1] != pauses[0].To.Add(1) {
		t.Errorf("marked %v at %v, want expired 1 ms after the ruling", marks, dues)
	}
}

func TestSuspensionsAndPointsStopTheClock(t *testing.T) {
	for name, c := range map[string]struct {
		acts []func(*world)
		// used is what the turn has used 10 s after the last act, in s, of the 10 before.
		used int64
	}{
		"suspended and resumed":           {[]func(*world){(*world).suspend, (*world).resume}, 20},
		"a point inside a suspension":     {[]func(*world){(*world).suspend, (*world).interrupt, (*world).rule, (*world).resume}, 20},
		"a suspension inside a point":     {[]func(*world){(*world).interrupt, (*world).suspend, (*world).resume, (*world).rule}, 20},
		"a point outlasts the suspension": {[]func(*world){(*world).suspend, (*world).interrupt, (*world).resume, (*world).rule}, 20},
		"a suspension outlasts the point": {[]func(*world){(*world).interrupt, (*world).suspend, (*world).rule, (*world).resume}, 20},
		"still suspended":                 {[]func(*world){(*world).suspend}, 10},
		"still interrupted":               {[]func(*world){(*world).interrupt}, 10},
		"the chair's pause stays":         {[]func(*world){(*world).pause, (*world).suspend, (*world).resume}, 10},
		"the chair's pause in a point":    {[]func(*world){(*world).pause, (*world).interrupt, (*world).rule}, 10},
		"the chair's pause ends":          {[]func(*world){(*world).pause, (*world).suspend, (*world).resume, (*world).goOn}, 20},
		"paused twice":                    {[]func(*world){(*world).pause, (*world).goOn, (*world).pause, (*world).goOn}, 30},
	} {
		t.Run(name, func(t *testing.T) {
			w := speaking(t)
			turn := w.State.Queue.Running()
			w.until(turn.BegunAt.Add(10_000))
			for i, act := range c.acts {
				if i > 0 {
					w.wait(10_000)
				}
				act(w)
			}
			last := w.State.At
			w.until(last.Add(10_000))
			// Commits are a millisecond apart; no more than that may be lost.
			if used := w.State.Used(turn, w.Now); used < c.used*1000 || used > c.used*1000+8 {
				t.Errorf("used %d ms, want %d s", used, c.used)
			}
			w.SameAgain()
		})
	}
}

func (w *world) suspend() { w.do(chair, "suspend", nil) }
func (w *world) resume()  { w.do(chair, "resume_session", nil) }
func (w *world) pause() {
	w.do(chair, "pause_turn", command.TurnRef{Turn: w.State.Queue.Turn})
}

func (w *world) goOn() {
	w.do(chair, "resume_turn", command.TurnRef{Turn: w.State.Queue.Turn})
}
func (w *world) interrupt() { w.raise("point") }

func TestAGiveThatSlipsIntoASuspensionOpensPaused(t *testing.T) {
	w := under(t)
	w.do(chair, "suspend", nil)
	turn := w.next(sessiontest.Item)
	tc := w.State.Timing.Turns[turn.ID]
	if p := tc.Paused(); p == nil || p.Cause != events.PausedBySuspension {
		t.Fatalf("opened %+v, want paused", tc)
	}
	w.wait(60_000)
	if marks, _ := w.marked(); len(marks) != 0 {
		t.Errorf("marked %v in a suspension", marks)
	}
	w.do(chair, "resume_session", nil)
	if tc.Paused() != nil {
		t.Error("the turn stays paused after the suspension")
	}
	w.begin(turn)
	w.wait(5_000)
	if used := w.State.Used(turn, w.Now); used < 5_000 || used > 5_003 {
		t.Errorf("used %d ms, want 5 s", used)
	}
}

func TestUndoneTurns(t *testing.T) {
	w := speaking(t)
	first := w.State.Queue.Running()
	w.wait(10_000)
	pressed := w.Now
	used := w.State.Used(first, pressed)
	second := w.next(sessiontest.Item)
	w.wait(3_000)
	undo := w.State.Queue.Undo
	w.queue("undo", &events.ActUndone{Undone: undo.Act, Voided: second.ID, Resumed: first.ID, PressedAt: undo.PressedAt, GapMS: w.Now.Sub(undo.PressedAt)})
	if now := w.State.Used(first, w.State.At); now != used {
		t.Errorf("the turn resumes with %d ms used, had %d at the press", now, used)
	}
	if w.State.Used(second, w.Now) != 0 {
		t.Error("a void turn used time")
	}
	if spent := w.State.ReserveSpent(w.State.Timing.StartedAt, w.Now); spent < 3_000 || spent > 3_010 {
		t.Errorf("%d ms charged to the reserve, want the 3 s gap", spent)
	}
	w.wait(10_000)
	if got := w.State.Used(first, w.Now); got < used+10_000 || got > used+10_005 {
		t.Errorf("used %d ms 10 s later, want %d", got, used+10_000)
	}
}

func TestATurnThatAnUndoBringsBackRunsAgain(t *testing.T) {
	for name, c := range map[string]struct {
		before, between []func(*world)
		// used is by how much the turn's used time grew 10 s after the undo.
		used int64
	}{
		"ended in a suspension, back after it":       {[]func(*world){(*world).suspend, (*world).end}, []func(*world){(*world).resume}, 10_000},
		"ended before a suspension, back within":     {[]func(*world){(*world).end}, []func(*world){(*world).suspend}, 0},
		"ended and back in the same suspension":      {[]func(*world){(*world).suspend, (*world).end}, nil, 0},
		"ended, a suspension passed, and back":       {[]func(*world){(*world).end}, []func(*world){(*world).suspend, (*world).resume}, 10_000},
		"paused by the chair, ended, back as it was": {[]func(*world){(*world).pause, (*world).end}, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := speaking(t)
			turn := w.State.Queue.Running()
			for _, act := range slices.Concat(c.before, c.between) {
				w.wait(2_000)
				act(w)
			}
			w.wait(2_000)
			undo := w.State.Queue.Undo
			w.queue("undo", &events.ActUndone{Undone: undo.Act, Resumed: turn.ID, PressedAt: undo.PressedAt, GapMS: w.Now.Sub(undo.PressedAt)})
			was := w.State.Used(turn, w.Now)
			w.wait(10_000)
			if grew := w.State.Used(turn, w.Now) - was; grew != c.used {
				t.Errorf("used %d ms more in 10 s, want %d; pauses %+v", grew, c.used, w.State.Timing.Turns[turn.ID].Pauses)
			}
			if _, ok := w.State.Limit(turn); ok != (c.used > 0) {
				t.Errorf("has a limit: %v", ok)
			}
			w.SameAgain()
		})
	}
}

func TestTheSessionsMarksFollowItsEnd(t *testing.T) {
	w := under(t)
	end := w.State.HardEnd()
	w.until(end.Add(-30_000))
	w.do(chair, "extend_session", command.ExtendSession{ByMS: 300_000})
	w.until(end.Add(400_000))
	marks, dues := w.marked()
	if !slices.Equal(marks, []events.Mark{events.MarkCloseNow, events.MarkCloseNow, events.MarkHardEnd}) ||
		!slices.Equal(dues, []clock.Instant{end.Add(-60_000), end.Add(240_000), end.Add(300_000)}) {
		t.Errorf("marked %v at %v", marks, dues)
	}
	// Nothing ends by itself (decisions.md 12).
	if w.State.Timing.Phase != session.Running {
		t.Errorf("the session is %s after its hard end", w.State.Timing.Phase)
	}
}

func TestAdjournAndUndo(t *testing.T) {
	w := speaking(t)
	waiting := slices.Clone(w.State.Queue.List(sessiontest.Item).Order)
	w.do(chair, "adjourn", nil)
	if got := w.State.Timing.NotReached; !slices.Equal(got, waiting) {
		t.Errorf("not reached: %v, want the two who waited", got)
	}
	for _, id := range waiting {
		if state := w.State.EntryState(w.State.Queue.Entries[id]); state != session.NotReached {
			t.Errorf("an entry that waited is %s", state)
		}
	}
	view := session.PlanOf(w.State, sessiontest.Item, w.State.At)
	if view.NotReached != 2 || view.Entries[0].HasETA || view.Entries[0].Reached {
		t.Errorf("the plan of an adjourned session reaches somebody: %+v", view)
	}
	w.wait(599_000)
	if due := domain.Due(w.State); slices.ContainsFunc(due, func(d command.Deadline) bool { return d.Request.Verb != "mark" }) {
		t.Errorf("due after the adjournment: %+v", due)
	}
	w.do(desk, "undo_adjournment", nil)
	if w.State.Timing.Phase != session.Running || w.State.EntryState(w.State.Queue.Entries[waiting[0]]) != session.Waiting {
		t.Errorf("reopened: %s, the next is %s", w.State.Timing.Phase, w.State.EntryState(w.State.Queue.Entries[waiting[0]]))
	}
	account := w.State.Account(w.Now)
	if account.SuspendedMS < 599_000 || account.TotalMS() != w.Now.Sub(w.State.Timing.StartedAt) {
		t.Errorf("the time in which the session was closed is %+v", account)
	}
}

func TestTwoReplicasAskForTheSame(t *testing.T) {
	w := speaking(t)
	again := w.Refold()
	one, two := domain.Due(w.State), domain.Due(again)
	if len(one) == 0 || len(one) != len(two) {
		t.Fatalf("%d and %d deadlines", len(one), len(two))
	}
	for i := range one {
		if one[i].At != two[i].At || one[i].Request.ID != two[i].Request.ID || one[i].Request.Digest() != two[i].Request.Digest() {
			t.Errorf("replicas differ: %+v, %+v", one[i], two[i])
		}
	}
	w.State.Registry.Sealed = true
	if due := domain.Due(w.State); len(due) != 0 {
		t.Errorf("a sealed session is due %+v", due)
	}
}

func TestThreePartsASuspensionAndAnExtension(t *testing.T) {
	w := planned(t, 40, func(c *events.SessionCreated) {
		c.Parts[0].Minutes, c.Parts[1].Minutes, c.Parts[2].Minutes = 4, 66, 20
	})
	w.join(sessiontest.Item, 40)
	questions := w.join(sessiontest.Questions, 10)
	w.until(w.State.Registry.PlannedStart)
	w.do(chair, "start_session", nil)
	w.wait(3 * 60_000)
	// The opening left a minute over.
	w.do(chair, "start_part", command.PartRef{Part: sessiontest.Item})
	window, _ := w.State.Window(sessiontest.Item)
	if want := w.State.Timing.StartedAt.Add(70 * 60_000); window.Until != want {
		t.Errorf("the item may last until %s, want %s: what the opening left is the item's", window.Until, want)
	}
	for range 20 {
		w.hear(sessiontest.Item, 9_000, 980_000)
	}
	w.do(chair, "suspend", nil)
	w.wait(300_000)
	w.do(chair, "resume_session", nil)
	w.do(chair, "extend_session", command.ExtendSession{ByMS: 300_000})
	for range 20 {
		w.hear(sessiontest.Item, 9_000, 980_000)
	}
	w.end()
	if len(w.State.Queue.List(sessiontest.Questions).Order) != 10 {
		t.Fatal("the item's turns changed the questions' list")
	}
	if over := w.Now.Sub(w.State.Timing.StartedAt) - 75*60_000; over > 0 {
		t.Errorf("the item ended %d ms after its shifted time", over)
	}
	w.do(chair, "start_part", command.PartRef{Part: sessiontest.Questions})
	left := w.State.HardEnd().Sub(w.Now)
	for range 10 {
		w.hear(sessiontest.Questions, 9_000, 980_000)
	}
	w.end()
	if w.Now > w.State.HardEnd() {
		t.Errorf("ended %d ms after the hard end", w.Now.Sub(w.State.HardEnd()))
	}
	offered := w.offered()
	item, ask := offered[:40], offered[40:]
	t.Logf("item %d..%d ms, questions %d..%d ms of %d ms left", slices.Min(item), slices.Max(item), slices.Min(ask), slices.Max(ask), left)
	if len(offered) != 50 || jain(item) < .98 || jain(ask) < .97 {
		t.Errorf("%d spoke; Jain %.3f and %.3f", len(offered), jain(item), jain(ask))
	}
	for _, id := range questions {
		if w.State.Queue.Entries[id].State != session.Spoken {
			t.Errorf("a question is %s", w.State.Queue.Entries[id].State)
		}
	}
	if account := w.State.Account(w.Now); account.TotalMS() != w.Now.Sub(w.State.Timing.StartedAt) || account.SuspendedMS < 300_000 || account.SuspendedMS > 300_003 {
		t.Errorf("the account is %+v", account)
	}
	w.do(chair, "adjourn", nil)
	w.SameAgain()
}

func TestInterruptedSessionsStillHearEverybody(t *testing.T) {
	w := planned(t, 53, oneItem)
	w.join(sessiontest.Item, 53)
	w.until(w.State.Registry.PlannedStart)
	w.do(chair, "start_session", nil)
	w.wait(195_000)
	for i := range 53 {
		w.hear(sessiontest.Item, 10_000, 1_000_000)
		if i == 20 {
			w.raise("a point of order")
			w.wait(90_000)
			w.rule()
		}
		if i == 30 {
			w.do(chair, "pause_turn", command.TurnRef{Turn: w.State.Queue.Turn})
			w.wait(20_000)
			w.do(chair, "resume_turn", command.TurnRef{Turn: w.State.Queue.Turn})
		}
	}
	w.end()
	offered := w.offered()
	t.Logf("offered %d..%d ms, Jain %.4f, %d s left", slices.Min(offered), slices.Max(offered), jain(offered), w.State.HardEnd().Sub(w.Now)/1000)
	if len(offered) != 53 || w.Now > w.State.HardEnd() || jain(offered) < .98 {
		t.Errorf("%d spoke, %d ms left, Jain %.3f", len(offered), w.State.HardEnd().Sub(w.Now), jain(offered))
	}
	if spent := w.State.ReserveSpent(w.State.Timing.StartedAt, w.Now); spent < 110_000 || spent > 111_000 {
		t.Errorf("%d ms charged to the reserve, want the point and the pause", spent)
	}
}
