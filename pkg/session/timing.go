package session

import (
	"fmt"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/fairness/eta"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// Phase is the state of the session clock.
type Phase string

// The phases.
const (
	Planned   Phase = "planned"
	Running   Phase = "running"
	Suspended Phase = "suspended"
	Adjourned Phase = "adjourned"
)

// TurnClock is timing's side of a turn.
type TurnClock struct {
	AllottedMS, AddedMS, GuaranteeMS int64
	// AccessMS is the part of AddedMS that is a sealed allowance, charged to the
	// reserve and in no figure; Sealed are the commitments to what it was for.
	AccessMS int64
	Sealed   []events.Hash
	OpenedAt clock.Instant
	Pauses   []Span
	// Epoch counts changes of allotment or pause; marks belong to one.
	Epoch int
	Marks map[events.Mark]int
}

// Marked reports whether a timer noted the mark in the present epoch.
func (t *TurnClock) Marked(m events.Mark) bool {
	epoch, ok := t.Marks[m]
	return ok && epoch == t.Epoch
}

// Paused gives the open pause, or nil.
func (t *TurnClock) Paused() *Span {
	if n := len(t.Pauses); n > 0 && t.Pauses[n-1].To.IsZero() {
		return &t.Pauses[n-1]
	}
	return nil
}

// LostLine reports whether the clock stands, or stood, for a lost line.
func (t *TurnClock) LostLine() bool {
	for i := range t.Pauses {
		if t.Pauses[i].Cause == events.PausedByLostLine {
			return true
		}
	}
	return false
}

// PartClock is when a part ran.
type PartClock struct{ StartedAt, EndedAt clock.Instant }

// Announcement is what speakers of a part were promised.
type Announcement struct {
	events.AllotmentsAnnounced
	At clock.Instant
}

// Told is the start and the allotment that an entry was shown, and when.
type Told struct {
	events.EtaGiven
	At clock.Instant
}

// Timing is timing's part of the State.
type Timing struct {
	Phase                  Phase
	StartedAt, AdjournedAt clock.Instant
	// Suspensions are the stretches in which the session clock stood.
	Suspensions []Span
	// HardEnd is zero until it was changed in session; see State.HardEnd. Extended
	// counts how often it was, ExtendedAt is when last.
	HardEnd    clock.Instant
	Extended   int
	ExtendedAt clock.Instant
	// MinimumMS is zero until it was changed in session.
	MinimumMS int64
	Part      ids.Part
	Parts     map[ids.Part]*PartClock
	Turns     map[ids.Turn]*TurnClock
	Announced map[ids.Part]*Announcement
	// Broken counts guarantees that the chair lowered.
	Broken int
	// ReservesUsed says that the chair gave the reserve for interruptions and for
	// standby to those who wait.
	ReservesUsed bool
	Marks        map[events.Mark]clock.Instant
	NotReached   []ids.Entry
	// Etas holds what was shown to each entry at list close and at 5, 3, 1 places.
	Etas map[ids.Entry][]Told
	// Calibration is what was learned of the deployment's own sessions, since when;
	// nil is the shipped table. See State.Calibration.
	Calibration  *eta.Calibration
	CalibratedAt clock.Instant
	Booth        Booth
}

func newTiming() Timing {
	return Timing{
		Phase: Planned, Parts: map[ids.Part]*PartClock{}, Turns: map[ids.Turn]*TurnClock{},
		Announced: map[ids.Part]*Announcement{}, Marks: map[events.Mark]clock.Instant{},
		Etas: map[ids.Entry][]Told{}, Booth: Booth{Troubles: map[events.Trouble]*Trouble{}},
	}
}

func (t *Timing) apply(c *events.Commit, event events.Event) error {
	switch e := event.(type) {
	case *events.SessionStarted:
		t.Phase, t.StartedAt = Running, e.StartedAt
	case *events.SessionSuspended:
		t.Phase = Suspended
		t.Suspensions = append(t.Suspensions, Span{From: e.Since, Cause: events.PausedBySuspension})
	case *events.SessionResumed:
		t.Phase = Running
		t.closeSuspension(e.ResumedAt)
	case *events.SessionExtended:
		t.HardEnd, t.Extended, t.ExtendedAt = e.HardEnd, t.Extended+1, c.At
		delete(t.Marks, events.MarkCloseNow)
		delete(t.Marks, events.MarkHardEnd)
	case *events.SessionAdjourned:
		t.Phase, t.AdjournedAt, t.NotReached = Adjourned, e.AdjournedAt, e.NotReached
		t.closeSuspension(e.AdjournedAt)
		t.Booth.restore(e.AdjournedAt)
	case *events.AdjournmentUndone:
		// Nobody could speak meanwhile: the time counts as a suspension.
		t.Suspensions = append(t.Suspensions, Span{From: t.AdjournedAt, To: c.At, Cause: events.PausedBySuspension})
		t.Phase, t.AdjournedAt, t.NotReached = Running, 0, nil
	case *events.PartStarted:
		t.Part = e.Part
		t.Parts[e.Part] = &PartClock{StartedAt: e.StartedAt}
	case *events.PartEnded:
		p, ok := t.Parts[e.Part]
		if !ok {
			return errMissing("started part", e.Part)
		}
		p.EndedAt = e.EndedAt
		if t.Part == e.Part {
			t.Part = ids.Part{}
		}
	case *events.MinimumChanged:
		t.MinimumMS = e.MinimumMS
	case *events.AllotmentsAnnounced:
		t.Announced[e.Part] = &Announcement{AllotmentsAnnounced: *e, At: c.At}
	case *events.GuaranteeBroken:
		a, ok := t.Announced[e.Part]
		if !ok {
			return errMissing("announcement for part", e.Part)
		}
		a.GuaranteeMS = e.GuaranteeMS
		t.Broken++
	case *events.ReservesUsed:
		t.ReservesUsed = true
	case *events.ReservesKept:
		t.ReservesUsed = false
	case *events.SessionMarked:
		t.Marks[e.Mark] = e.Due
	case *events.EtaCalibrated:
		table, err := calibration(e)
		if err != nil {
			return err
		}
		t.Calibration, t.CalibratedAt = table, c.At
	case *events.EtasGiven:
		for _, g := range e.Given {
			t.Etas[g.Entry] = append(t.Etas[g.Entry], Told{g, c.At})
		}
	case *events.TurnOpened:
		clock := &TurnClock{AllottedMS: e.AllottedMS, GuaranteeMS: e.GuaranteeMS, OpenedAt: c.At, Marks: map[events.Mark]int{}}
		if e.Paused {
			clock.Pauses = []Span{{From: c.At, Cause: events.PausedBySuspension}}
		}
		t.Turns[e.Turn] = clock
	default:
		if t.booth(c, event) {
			return nil
		}
		return t.turn(event)
	}
	return nil
}

// closeSuspension ends the open suspension, if there is one.
func (t *Timing) closeSuspension(at clock.Instant) {
	if n := len(t.Suspensions); n > 0 && t.Suspensions[n-1].To.IsZero() {
		t.Suspensions[n-1].To = at
	}
}

// turn folds the events about the clock of one turn.
func (t *Timing) turn(event events.Event) error {
	var id ids.Turn
	switch e := event.(type) {
	case *events.TurnExtended:
		id = e.Turn
	case *events.TurnPaused:
		id = e.Turn
	case *events.TurnResumed:
		id = e.Turn
	case *events.TurnLengthened:
		id = e.Turn
	case *events.TurnMarked:
		id = e.Turn
	default:
		return fmt.Errorf("not an event of timing")
	}
	clock, ok := t.Turns[id]
	if !ok {
		return errMissing("opened turn", id)
	}
	switch e := event.(type) {
	case *events.TurnExtended:
		clock.AddedMS += e.AddedMS
		clock.Epoch++
	case *events.TurnLengthened:
		clock.AddedMS += e.AddedMS
		clock.AccessMS += e.AddedMS
		clock.Sealed = append(clock.Sealed, e.Commitment)
		clock.Epoch++
	case *events.TurnPaused:
		clock.Pauses = append(clock.Pauses, Span{From: e.At, Cause: e.Cause})
		clock.Epoch++
	case *events.TurnResumed:
		p := clock.Paused()
		if p == nil {
			return fmt.Errorf("turn %s is not paused", id)
		}
		p.To = e.At
		clock.Epoch++
	case *events.TurnMarked:
		clock.Marks[e.Mark] = e.Epoch
	}
	return nil
}
