package session

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// turn gives a turn that the log has made.
func (q *Queue) turn(id ids.Turn) (*Turn, error) {
	t, ok := q.Turns[id]
	if !ok {
		return nil, errMissing("turn", id)
	}
	return t, nil
}

// floor folds the events about turns.
func (q *Queue) floor(c *events.Commit, m Meta, event events.Event) error {
	switch e := event.(type) {
	case *events.FloorGiven:
		return q.given(c, m, e)
	case *events.TurnBegun:
		t, err := q.turn(e.Turn)
		if err != nil {
			return err
		}
		t.BegunAt, t.Basis = e.BegunAt, e.Basis
		// Who speaks is there, whatever was reported.
		if entry := q.Entries[t.Entry]; entry != nil {
			entry.Absent = false
		}
	case *events.TurnEnded:
		return q.ended(c, e)
	case *events.ActUndone:
		return q.undone(c, e)
	case *events.TurnReassigned:
		return q.reassigned(e)
	case *events.TurnCorrected:
		return q.corrected(e)
	case *events.TurnEntered:
		entry, err := q.entry(e.Entry)
		if err != nil {
			return err
		}
		q.remove(entry)
		q.dropSwaps(e.Entry)
		entry.State, entry.Absent = Spoken, false
		q.Turns[e.Turn] = &Turn{
			ID: e.Turn, Entry: e.Entry, Part: entry.Part, GivenAt: e.BegunAt, GivenSeq: m.Sequence, BegunAt: e.BegunAt,
			Basis: events.ByChair, EndedAt: e.EndedAt, How: events.Ended, Entered: true, AllottedMS: e.AllottedMS, Act: c.Command,
		}
		// Turns entered afterwards stand where they were held.
		at := slices.IndexFunc(q.TurnOrder, func(id ids.Turn) bool { return q.Turns[id].GivenAt > e.BegunAt })
		if at < 0 {
			at = len(q.TurnOrder)
		}
		q.TurnOrder = slices.Insert(q.TurnOrder, at, e.Turn)
		q.settle(e.Turn)
	}
	return nil
}

// given makes a turn and what an undo of it needs.
func (q *Queue) given(c *events.Commit, m Meta, e *events.FloorGiven) error {
	entry, err := q.entry(e.Entry)
	if err != nil {
		return err
	}
	place := q.remove(entry)
	entry.State = OnFloor
	q.dropSwaps(e.Entry)
	q.Turns[e.Turn] = &Turn{
		ID: e.Turn, Entry: e.Entry, Part: entry.Part, GivenAt: e.GivenAt, GivenSeq: m.Sequence,
		Place: place, Act: e.Act,
	}
	q.TurnOrder = append(q.TurnOrder, e.Turn)
	q.Turn, q.Prompt = e.Turn, nil
	undo := &Undoable{Act: e.Act, Verb: c.Verb, PressedAt: c.At, Started: e.Turn}
	// The turn that this act ended is in the same commit, just before.
	if q.Undo != nil && q.Undo.Act == e.Act {
		undo.Ended = q.Undo.Ended
	}
	q.Undo = undo
	return nil
}

// ended ends a turn and says where its entry goes: off the list for good when it
// was held, and back to a place of its own when nobody heard a word.
func (q *Queue) ended(c *events.Commit, e *events.TurnEnded) error {
	t, err := q.turn(e.Turn)
	if err != nil {
		return err
	}
	entry, err := q.entry(t.Entry)
	if err != nil {
		return err
	}
	t.EndedAt, t.How, t.WasAbsent = e.EndedAt, e.How, entry.Absent
	switch e.How {
	case events.NotHere:
		entry.State, entry.Absent = Standby, true
		entry.NoShows++
	case events.SteppedBk:
		entry.Deferrals++
		entry.NoShows++
		// Back from the place that they had: being called out of turn and saying
		// nothing gains nobody a place.
		q.insert(entry, max(1, t.Place)+e.Back)
	case events.Adjourned:
		if t.BegunAt.IsZero() {
			// Called, and the session ended before the first word: they were not
			// reached, and wait where they did.
			q.insert(entry, t.Place)
			break
		}
		entry.State = Spoken
	default:
		entry.State = Spoken
	}
	if q.Turn == e.Turn {
		q.Turn, q.Prompt = ids.Turn{}, nil
		q.LastEnd = e.EndedAt
	}
	q.Undo = &Undoable{Act: e.Act, Verb: c.Verb, PressedAt: c.At, Ended: e.Turn}
	return nil
}

// undone reverses the last floor act (decisions.md 15). The given entry
// returns to the place it had: 1 after next, its own after a named giving.
func (q *Queue) undone(c *events.Commit, e *events.ActUndone) error {
	if !e.Voided.IsZero() {
		t, err := q.turn(e.Voided)
		if err != nil {
			return err
		}
		entry, err := q.entry(t.Entry)
		if err != nil {
			return err
		}
		t.Void = true
		if t.EndedAt.IsZero() {
			t.EndedAt = c.At
		}
		q.remove(entry)
		q.insert(entry, t.Place)
		if q.Turn == e.Voided {
			q.Turn = ids.Turn{}
		}
	}
	if !e.Resumed.IsZero() {
		t, err := q.turn(e.Resumed)
		if err != nil {
			return err
		}
		entry, err := q.entry(t.Entry)
		if err != nil {
			return err
		}
		switch t.How {
		case events.NotHere:
			entry.NoShows--
			entry.Absent = t.WasAbsent
		case events.SteppedBk:
			entry.NoShows--
			entry.Deferrals--
		}
		q.remove(entry)
		q.dropSwaps(entry.ID)
		entry.State = OnFloor
		// Also of a turn that had not begun: the time to its first word, and a first
		// word that is assumed, do not run while somebody thought it over.
		t.Gaps = append(t.Gaps, Span{From: t.EndedAt, To: c.At})
		t.EndedAt, t.How = 0, ""
		q.Turn = t.ID
	}
	q.GapMS += e.GapMS
	q.Undo, q.Prompt = nil, nil
	return nil
}

// reassigned exchanges the holder of the running turn. Its times stay as they
// are: not a second is lost.
func (q *Queue) reassigned(e *events.TurnReassigned) error {
	t, err := q.turn(e.Turn)
	if err != nil {
		return err
	}
	from, err := q.entry(e.From)
	if err != nil {
		return err
	}
	to, err := q.entry(e.To)
	if err != nil {
		return err
	}
	if place := q.remove(to); place > 0 {
		// Where it stands with From, who goes to the front, before it again.
		t.Place = place + 1
	}
	to.State, to.Absent = OnFloor, false
	q.insert(from, 1)
	t.Entry = e.To
	q.dropSwaps(e.To)
	// A word to the one who was thought to speak is not for the one who does.
	q.Undo, q.Prompt = nil, nil
	return nil
}

// corrected puts a past turn right. Unset members of the event change nothing.
func (q *Queue) corrected(e *events.TurnCorrected) error {
	t, err := q.turn(e.Turn)
	if err != nil {
		return err
	}
	if !e.Entry.IsZero() && e.Entry != t.Entry {
		to, err := q.entry(e.Entry)
		if err != nil {
			return err
		}
		from, err := q.entry(t.Entry)
		if err != nil {
			return err
		}
		// Who did not speak waits again, unless another turn of theirs stands;
		// who did has spoken.
		q.remove(to)
		q.dropSwaps(to.ID)
		to.State, to.Absent = Spoken, false
		t.Entry = e.Entry
		if !q.spokeElsewhere(from.ID) {
			q.insert(from, 1)
		}
	}
	if !e.BegunAt.IsZero() {
		t.BegunAt = e.BegunAt
		t.GivenAt = min(t.GivenAt, e.BegunAt)
	}
	if !e.EndedAt.IsZero() {
		if q.LastEnd == t.EndedAt {
			q.LastEnd = e.EndedAt
		}
		t.EndedAt = e.EndedAt
	}
	q.settle(e.Turn)
	t.Corrected++
	return nil
}

// settle ends the undo of the last act when a turn was put right by hand that
// the act had ended, or that lies after it: it is not resumed as it was, and
// nobody is resumed over it.
func (q *Queue) settle(turn ids.Turn) {
	if q.Undo != nil && (q.Undo.Ended == turn || q.Turns[turn].EndedAt > q.Undo.PressedAt) {
		q.Undo = nil
	}
}

// spokeElsewhere reports whether a turn that stands belongs to the entry.
func (q *Queue) spokeElsewhere(id ids.Entry) bool {
	for _, t := range q.Turns {
		if t.Entry == id && t.Stands() {
			return true
		}
	}
	return false
}

// point folds the events about points of order.
func (q *Queue) point(c *events.Commit, m Meta, event events.Event) error {
	switch e := event.(type) {
	case *events.PointRaised:
		q.Entries[e.Entry] = &Entry{
			ID: e.Entry, Part: e.Part, Applicant: e.Applicant, Delegate: e.Delegate, Kind: events.PointOfOrder,
			Turn: e.Turn, State: Raised, JoinedAt: c.At, JoinSeq: m.Sequence,
		}
		q.EntryOrder = append(q.EntryOrder, e.Entry)
		q.Raised = append(q.Raised, e.Entry)
	case *events.PointAdmitted:
		entry, err := q.entry(e.Entry)
		if err != nil {
			return err
		}
		entry.State = Admitted
		q.Raised = slices.DeleteFunc(q.Raised, func(r ids.Entry) bool { return r == e.Entry })
		q.Point = &Point{Entry: e.Entry, Suspended: e.Suspended, At: c.At, Seq: m.Sequence}
		q.PointSpans = append(q.PointSpans, Span{From: c.At})
		q.Undo = nil
	case *events.PointRefused:
		entry, err := q.entry(e.Entry)
		if err != nil {
			return err
		}
		entry.State = Refused
		q.Raised = slices.DeleteFunc(q.Raised, func(r ids.Entry) bool { return r == e.Entry })
	case *events.PointRuled:
		entry, err := q.entry(e.Entry)
		if err != nil {
			return err
		}
		entry.State, entry.Ruling = Spoken, e.Ruling
		q.Point = nil
		if n := len(q.PointSpans); n > 0 {
			q.PointSpans[n-1].To = c.At
		}
	}
	return nil
}
