package session

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// Trouble is one that the booth has now.
type Trouble struct {
	events.TroubleReported
	// By is the role that reported it.
	By events.Role
}

// Booth is what timing knows of the interpretation.
type Booth struct {
	Troubles map[events.Trouble]*Trouble
	// Lost are the stretches in which interpretation was lost: no turn's clock runs.
	Lost []Span
	// End is when the interpreters' hours end, zero when nobody said; Asked is a
	// request for longer that is open, Declined the last one that was declined.
	End, Asked, Declined clock.Instant
}

// LostSince is since when interpretation is lost, zero when it is not.
func (b *Booth) LostSince() clock.Instant {
	if n := len(b.Lost); n > 0 && b.Lost[n-1].To.IsZero() {
		return b.Lost[n-1].From
	}
	return 0
}

// restore ends the stretch in which interpretation is lost.
func (b *Booth) restore(at clock.Instant) {
	if !b.LostSince().IsZero() {
		b.Lost[len(b.Lost)-1].To = at
	}
	delete(b.Troubles, events.InterpretationLost)
}

// booth folds what the booth said; false when the event is about something else.
func (t *Timing) booth(c *events.Commit, event events.Event) bool {
	b := &t.Booth
	switch e := event.(type) {
	case *events.TroubleReported:
		by := events.Role("")
		if len(c.Actor.Roles) > 0 {
			by = c.Actor.Roles[0]
		}
		b.Troubles[e.Trouble] = &Trouble{*e, by}
		if e.Trouble == events.InterpretationLost && b.LostSince().IsZero() {
			b.Lost = append(b.Lost, Span{From: e.At, Cause: events.PausedByInterpretation})
		}
	case *events.TroubleCleared:
		if e.Trouble == events.InterpretationLost {
			b.restore(e.At)
		}
		delete(b.Troubles, e.Trouble)
	case *events.InterpretationEndSet:
		t.interpretedUntil(e.End)
	case *events.InterpretationAsked:
		b.Asked, b.Declined = e.Until, 0
	case *events.InterpretationAnswered:
		b.Asked, b.Declined = 0, e.Until
		if e.Agreed {
			t.interpretedUntil(e.Until)
		}
	default:
		return false
	}
	return true
}

// interpretedUntil sets the end of interpretation: what timers noted of another
// end is no longer so, and what was asked is settled.
func (t *Timing) interpretedUntil(end clock.Instant) {
	t.Booth.End, t.Booth.Asked, t.Booth.Declined = end, 0, 0
	delete(t.Marks, events.MarkInterpretationSoon)
	delete(t.Marks, events.MarkInterpretationEnd)
}

// Microphone is whose microphone the floor calls for. It is a state, not a
// history: the newest change is what counts for a switch.
type Microphone struct {
	// Seq counts the changes of the session from 1; zero before the first.
	Seq int64
	// Turn has the floor, none when it is free. Entry speaks: the turn's, or
	// whoever raised the point of order that is being heard.
	Turn  ids.Turn
	Entry ids.Entry
	At    clock.Instant
	// ConfirmedAt is when the technician confirmed it, zero until then.
	ConfirmedAt clock.Instant
	// NotedAt is when the hook's target last was heard of, zero for not at all.
	NotedAt   clock.Instant
	Delivered bool
	Status    int64
}

// wanted gives the turn and the entry whose microphone the floor calls for.
func (q *Queue) wanted() (turn ids.Turn, entry ids.Entry) {
	if t := q.Turns[q.Turn]; t != nil {
		turn, entry = t.ID, t.Entry
	}
	if q.Point != nil {
		entry = q.Point.Entry
	}
	return turn, entry
}

// switchMicrophone counts a change of whose microphone the floor calls for. It
// is asked once for each commit: what happens in one commit is one change.
func (q *Queue) switchMicrophone(at clock.Instant) {
	turn, entry := q.wanted()
	if m := &q.Microphone; m.Turn != turn || m.Entry != entry {
		*m = Microphone{Seq: m.Seq + 1, Turn: turn, Entry: entry, At: at}
	}
}

// microphone folds what became of a change; of one that is over nothing is kept.
func (q *Queue) microphone(c *events.Commit, event events.Event) {
	m := &q.Microphone
	switch e := event.(type) {
	case *events.MicrophoneConfirmed:
		if e.Seq == m.Seq {
			m.ConfirmedAt = c.At
		}
	case *events.TallyNoted:
		// A delivery stands, whatever another replica could not do.
		if e.Seq == m.Seq && !m.Delivered {
			m.NotedAt, m.Delivered, m.Status = c.At, e.Delivered, e.Status
		}
	}
}

// PrivateNote is a note between the chair and the secretariat.
type PrivateNote struct {
	events.NoteRef
	At clock.Instant
	// By is the role that wrote it.
	By      events.Role
	Removed bool
}

// note folds the private notes.
func (r *Registry) note(c *events.Commit, event events.Event) error {
	switch e := event.(type) {
	case *events.NoteWritten:
		by := events.Role("")
		if len(c.Actor.Roles) > 0 {
			by = c.Actor.Roles[0]
		}
		r.Notes = append(r.Notes, PrivateNote{NoteRef: e.Note, At: c.At, By: by})
	case *events.NoteRemoved:
		i := slices.IndexFunc(r.Notes, func(n PrivateNote) bool { return n.ID == e.Note })
		if i < 0 {
			return errMissing("note", e.Note)
		}
		r.Notes[i].Removed = true
	}
	return nil
}
