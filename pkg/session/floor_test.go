package session_test

import (
	"slices"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

func TestFoldOfATurn(t *testing.T) {
	f := fold(t, 4)
	given := f.Now
	act := f.give(1, 2)
	is(t, "the floor", f.State.Queue.Turn, tn(1))
	is(t, "the running turn", f.State.Queue.Running(), f.turn(1))
	is(t, "the place that it had", f.turn(1).Place, 3)
	is(t, "given", f.turn(1).GivenAt, given)
	is(t, "the cause of its opening", f.turn(1).GivenSeq, uint64(len(f.Stored)))
	is(t, "the act", f.turn(1).Act, act)
	is(t, "it stands before the first word", f.turn(1).Stands(), false)
	is(t, "the entry", f.entry(2).State, session.OnFloor)
	inOrder(t, f, 0, 1, 3)
	is(t, "undo", *f.State.Queue.Undo, session.Undoable{Act: act, Verb: "give", PressedAt: f.State.At, Started: tn(1)})

	f.do(&events.AbsenceReported{Entry: en(2)})
	f.begin(1)
	is(t, "it stands", f.turn(1).Stands(), true)
	is(t, "who speaks is absent", f.entry(2).Absent, false)
	f.do(&events.HolderPrompted{Prompt: sessiontest.ID[ids.Prompt]("p"), Turn: tn(1), Kind: events.SlowDown, Until: f.Now.Add(10_000)})
	is(t, "the prompt", f.State.Queue.Prompt.Turn, tn(1))

	// The next one ends it in the same commit.
	followed := &events.TurnEnded{Turn: tn(1), EndedAt: f.Now, How: events.Followed}
	act = f.give(2, 0, followed)
	is(t, "ended", f.turn(1).EndedAt, followed.EndedAt)
	is(t, "spoken", f.entry(2).State, session.Spoken)
	is(t, "the prompt is over", f.State.Queue.Prompt == nil, true)
	is(t, "undo knows both", *f.State.Queue.Undo, session.Undoable{Act: act, Verb: "give", PressedAt: f.State.At, Started: tn(2), Ended: tn(1)})
	is(t, "the last end", f.State.Queue.LastEnd, followed.EndedAt)
	f.SameAgain()
}

func TestFoldOfEnds(t *testing.T) {
	rows := map[string]struct {
		how        events.TurnEnd
		back       int
		begun      bool
		state      session.EntryState
		order      []int
		noShows    int
		deferrals  int
		absent     bool
		givenEntry int
	}{
		"yielded":                         {how: events.Yielded, begun: true, state: session.Spoken, order: []int{1, 2, 3, 4}},
		"ended":                           {how: events.Ended, begun: true, state: session.Spoken, order: []int{1, 2, 3, 4}},
		"withdrawn":                       {how: events.Withdrawn, begun: true, state: session.Spoken, order: []int{1, 2, 3, 4}},
		"at the limit":                    {how: events.AtLimit, begun: true, state: session.Spoken, order: []int{1, 2, 3, 4}},
		"adjourned":                       {how: events.Adjourned, begun: true, state: session.Spoken, order: []int{1, 2, 3, 4}},
		"adjourned before the first word": {how: events.Adjourned, state: session.Waiting, order: []int{0, 1, 2, 3, 4}},
		"not here":                        {how: events.NotHere, state: session.Standby, order: []int{1, 2, 3, 4}, noShows: 1, absent: true},
		"stepped back":                    {how: events.SteppedBk, back: 2, state: session.Waiting, order: []int{1, 2, 0, 3, 4}, noShows: 1, deferrals: 1},
		"stepped back, named":             {how: events.SteppedBk, back: 2, state: session.Waiting, order: []int{0, 1, 3, 4, 2}, noShows: 1, deferrals: 1, givenEntry: 2},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			f := fold(t, 5)
			f.give(1, row.givenEntry)
			if row.begun {
				f.begin(1)
			}
			before := f.State.Queue.Undo
			f.end(1, row.how, row.back)
			e := f.entry(row.givenEntry)
			is(t, "state", e.State, row.state)
			is(t, "silences", e.NoShows, row.noShows)
			is(t, "deferrals", e.Deferrals, row.deferrals)
			is(t, "absent", e.Absent, row.absent)
			is(t, "the floor", f.State.Queue.Turn, ids.Turn{})
			is(t, "the undo is of this act", f.State.Queue.Undo == before, false)
			inOrder(t, f, row.order...)
			f.SameAgain()
		})
	}
}

func (f *folding) undo() {
	u := f.State.Queue.Undo
	f.do(&events.ActUndone{Undone: u.Act, Voided: u.Started, Resumed: u.Ended, PressedAt: u.PressedAt, GapMS: f.Now.Sub(u.PressedAt)})
}

func TestFoldOfUndo(t *testing.T) {
	t.Run("a giving", func(t *testing.T) {
		f := fold(t, 4)
		f.give(1, 2)
		f.Now += 5_000
		f.undo()
		inOrder(t, f, 0, 1, 2, 3)
		is(t, "void", f.turn(1).Void, true)
		is(t, "it is over", f.turn(1).EndedAt, f.State.At)
		is(t, "the floor", f.State.Queue.Turn, ids.Turn{})
		is(t, "the gap", f.State.Queue.GapMS, 5_001)
		is(t, "undo", f.State.Queue.Undo == nil, true)
		f.SameAgain()
	})
	t.Run("a handover", func(t *testing.T) {
		f := fold(t, 4)
		f.give(1, 0)
		f.begin(1)
		pressed := f.Now
		f.give(2, 1, &events.TurnEnded{Turn: tn(1), EndedAt: pressed, How: events.Followed})
		f.begin(2)
		f.Now += 4_000
		f.undo()
		inOrder(t, f, 1, 2, 3)
		is(t, "the former turn goes on", f.State.Queue.Turn, tn(1))
		is(t, "it has not ended", f.turn(1).EndedAt, clock.Instant(0))
		is(t, "how", f.turn(1).How, events.TurnEnd(""))
		if want := []session.Span{{From: pressed, To: f.State.At}}; !slices.Equal(f.turn(1).Gaps, want) {
			t.Errorf("the gap is %v, not %v", f.turn(1).Gaps, want)
		}
		is(t, "void turns count nowhere", f.turn(2).Stands(), false)
		f.SameAgain()
	})
	t.Run("a no-show of one reported absent", func(t *testing.T) {
		f := fold(t, 4)
		f.do(&events.AbsenceReported{Entry: en(0)})
		f.give(1, 0)
		f.end(1, events.NotHere, 0)
		f.Now += 7_000
		f.undo()
		is(t, "still reported", f.entry(0).Absent, true)
		is(t, "silences", f.entry(0).NoShows, 0)
		is(t, "state", f.entry(0).State, session.OnFloor)
		// The silence does not run in the gap, and no first word is assumed in it.
		if want := []session.Span{{From: f.State.At - 7_001, To: f.State.At}}; !slices.Equal(f.turn(1).Gaps, want) {
			t.Errorf("the gap is %v, not %v", f.turn(1).Gaps, want)
		}
		silent, _ := f.State.SilentAt(f.turn(1))
		is(t, "silent at", silent, f.turn(1).GivenAt.Add(20_000+7_001))
		f.State.Registry.Modalities.Evidence = events.EvidenceNone
		if at, ok := f.State.AssumedBegin(f.turn(1)); !ok || at <= f.State.At {
			t.Errorf("the first word is assumed at %s (%v), before the undo at %s", at, ok, f.State.At)
		}
		f.State.Registry.Modalities.Evidence = events.EvidenceKeyed
		f.SameAgain()
	})
	t.Run("two places back", func(t *testing.T) {
		f := fold(t, 4)
		f.give(1, 0)
		f.end(1, events.SteppedBk, 2)
		f.do(&events.SwapProposed{Swap: aSwap, Entry: en(0), With: en(1)})
		f.undo()
		inOrder(t, f, 1, 2, 3)
		is(t, "silences", f.entry(0).NoShows, 0)
		is(t, "deferrals", f.entry(0).Deferrals, 0)
		is(t, "proposals of one who holds", len(f.State.Queue.Swaps), 0)
		f.SameAgain()
	})
}

func TestFoldOfReassigning(t *testing.T) {
	f := fold(t, 4)
	f.give(1, 0)
	f.begin(1)
	begun := f.turn(1).BegunAt
	f.do(&events.SwapProposed{Swap: aSwap, Entry: en(2), With: en(1)})
	f.do(&events.TurnReassigned{Turn: tn(1), From: en(0), To: en(2)})
	inOrder(t, f, 0, 1, 3)
	is(t, "the holder", f.turn(1).Entry, en(2))
	is(t, "state", f.entry(2).State, session.OnFloor)
	is(t, "not a second is lost", f.turn(1).BegunAt, begun)
	is(t, "undo", f.State.Queue.Undo == nil, true)
	is(t, "proposals", len(f.State.Queue.Swaps), 0)
	f.SameAgain()
}

// threeSpoke makes three turns of 0, 1 and 2.
func threeSpoke(t *testing.T) *folding {
	f := fold(t, 5)
	for i := range 3 {
		f.give(i, i)
		f.begin(i)
		f.Now += 10_000
		f.end(i, events.Ended, 0)
		f.Now += 1_000
	}
	return f
}

func TestFoldOfCorrections(t *testing.T) {
	t.Run("times", func(t *testing.T) {
		f := threeSpoke(t)
		begun, ended := f.turn(1).GivenAt-500, f.turn(1).EndedAt-2_000
		f.do(&events.TurnCorrected{Turn: tn(1), BegunAt: begun, EndedAt: ended})
		is(t, "begun", f.turn(1).BegunAt, begun)
		is(t, "given, not after", f.turn(1).GivenAt, begun)
		is(t, "ended", f.turn(1).EndedAt, ended)
		is(t, "corrected", f.turn(1).Corrected, 1)
		is(t, "the undo of another turn's end", f.State.Queue.Undo == nil, false)
		f.SameAgain()
	})
	t.Run("the end of the last one", func(t *testing.T) {
		f := threeSpoke(t)
		f.do(&events.TurnCorrected{Turn: tn(2), EndedAt: f.turn(2).EndedAt - 3_000})
		is(t, "the last end", f.State.Queue.LastEnd, f.turn(2).EndedAt)
		is(t, "undo", f.State.Queue.Undo == nil, true)
		f.SameAgain()
	})
	t.Run("the holder", func(t *testing.T) {
		f := threeSpoke(t)
		f.do(&events.TurnCorrected{Turn: tn(1), Entry: en(4)})
		inOrder(t, f, 1, 3)
		is(t, "who did", f.entry(4).State, session.Spoken)
		is(t, "who did not", f.entry(1).State, session.Waiting)
		f.do(&events.TurnCorrected{Turn: tn(2), Entry: en(4)})
		inOrder(t, f, 2, 1, 3)
		f.do(&events.TurnCorrected{Turn: tn(1), Entry: en(1)})
		inOrder(t, f, 2, 3)
		is(t, "who has another turn", f.entry(4).State, session.Spoken)
		f.SameAgain()
	})
}

func TestFoldOfTurnsEnteredAfterwards(t *testing.T) {
	f := threeSpoke(t)
	between := f.turn(1).EndedAt + 10
	f.do(&events.TurnEntered{Turn: tn(8), Entry: en(3), BegunAt: between, EndedAt: between + 500, AllottedMS: 60_000})
	if want := []ids.Turn{tn(0), tn(1), tn(8), tn(2)}; !slices.Equal(f.State.Queue.TurnOrder, want) {
		t.Errorf("the order of turns is %v, not %v", f.State.Queue.TurnOrder, want)
	}
	is(t, "stands", f.turn(8).Stands(), true)
	is(t, "entered", f.turn(8).Entered, true)
	is(t, "the entry", f.entry(3).State, session.Spoken)
	is(t, "an older turn leaves the undo alone", f.State.Queue.Undo == nil, false)
	inOrder(t, f, 4)
	last := f.Now
	f.do(&events.TurnEntered{Turn: tn(9), Entry: en(4), BegunAt: last, EndedAt: last + 500})
	is(t, "a newer one ends it", f.State.Queue.Undo == nil, true)
	is(t, "at the end", f.State.Queue.TurnOrder[4], tn(9))
	f.SameAgain()
}

func TestFoldOfPointsOfOrder(t *testing.T) {
	f := fold(t, 4)
	f.give(1, 0)
	f.begin(1)
	for _, n := range []int{10, 11, 12} {
		f.do(&events.PointRaised{Entry: en(n), Part: sessiontest.Item, Applicant: sessiontest.Applicant(3), Turn: tn(1)})
	}
	is(t, "raised", len(f.State.Queue.Raised), 3)
	is(t, "no place on the list", f.State.Queue.Place(en(10)), 0)
	f.do(&events.PointRefused{Entry: en(11)})
	f.do(&events.EntryWithdrawn{Entry: en(12)})
	admitted := f.Now
	f.do(&events.PointAdmitted{Entry: en(10), Suspended: tn(1)})
	is(t, "who still waits for the chair", len(f.State.Queue.Raised), 0)
	is(t, "refused", f.entry(11).State, session.Refused)
	is(t, "withdrawn", f.entry(12).State, session.Gone)
	is(t, "the raiser speaks", *f.State.Queue.Point, session.Point{Entry: en(10), Suspended: tn(1), At: admitted, Seq: uint64(len(f.Stored))})
	is(t, "the holder holds", f.State.Queue.Turn, tn(1))
	is(t, "the open stretch", f.State.Queue.PointSpans[0], session.Span{From: admitted})
	is(t, "undo", f.State.Queue.Undo == nil, true)
	f.Now += 20_000
	f.do(&events.PointRuled{Entry: en(10), Ruling: events.Dismissed, Resumed: tn(1)})
	is(t, "the closed stretch", f.State.Queue.PointSpans[0], session.Span{From: admitted, To: f.State.At})
	is(t, "the ruling", f.entry(10).Ruling, events.Dismissed)
	is(t, "nobody is heard", f.State.Queue.Point == nil, true)
	f.SameAgain()
}

func TestActsTellWhatHappenedSince(t *testing.T) {
	f := fold(t, 6)
	f.give(1, 0)
	first := f.State.Queue.Acts[len(f.State.Queue.Acts)-1]
	is(t, "the act of giving is about the entry", first.Entry, en(0))
	f.begin(1)
	f.do(&events.EntryDeferred{Entry: en(1), Places: 2})
	act := f.give(2, 2, &events.TurnEnded{Turn: tn(1), EndedAt: f.Now, How: events.Followed})
	f.do(&events.EntriesSwapped{Entry: en(4), With: en(5)})
	f.end(2, events.NotHere, 0)

	verbs := func(acts []session.Act) []string {
		var all []string
		for _, a := range acts {
			all = append(all, a.Verb)
		}
		return all
	}
	q := &f.State.Queue
	for name, row := range map[string]struct{ got, want []string }{
		"since the first turn":     {verbs(q.SinceTurn(tn(1))), []string{"turn_begun", "entry_deferred", "give", "entries_swapped", "end"}},
		"since the second":         {verbs(q.SinceTurn(tn(2))), []string{"entries_swapped", "end"}},
		"since the floor was free": {verbs(q.SinceTurn(ids.Turn{})), nil},
		"since an act":             {verbs(q.SinceAct(act)), []string{"entries_swapped", "end"}},
		"about an entry":           {verbs(q.SinceEntries(en(1))), []string{"entry_joined", "entry_deferred"}},
		"about two":                {verbs(q.SinceEntries(en(1), en(2))), []string{"entry_joined", "entry_joined", "entry_deferred", "give", "end"}},
	} {
		if !slices.Equal(row.got, row.want) {
			t.Errorf("%s: %v, not %v", name, row.got, row.want)
		}
	}
	// Two events of one commit are one act, about the entry that it was done for.
	i := slices.IndexFunc(q.Acts, func(a session.Act) bool { return a.Command == act })
	is(t, "a handover is about who follows", q.Acts[i].Entry, en(2))
	is(t, "and once", q.Acts[i+1].Verb, "entries_swapped")

	for range 300 {
		f.do(&events.CheckedIn{Entry: en(1)})
	}
	is(t, "acts told", len(q.SinceTurn(tn(77))), 20)
	is(t, "the last is the latest", q.SinceTurn(tn(77))[19], q.Acts[len(q.Acts)-1])
	is(t, "acts kept", len(q.Acts), 256)
	f.SameAgain()
}
