package domain

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// raisePoint raises a point of order: at any time while the session runs, also
// when nobody has the floor.
func (d *deciding) raisePoint() ([]events.Event, error) {
	args, err := read[command.RaisePoint](d)
	if err != nil {
		return nil, err
	}
	a, err := d.applicant(args.Applicant)
	if err != nil {
		return nil, err
	}
	if err := d.right(a, events.PointOfOrder); err != nil {
		return nil, err
	}
	if err := d.running(); err != nil {
		return nil, err
	}
	part := d.s.Timing.Part
	if t := d.q.Running(); t != nil {
		if d.q.Entries[t.Entry].Applicant == a.Applicant {
			return nil, problem.New(problem.WrongState, "%s has the floor", a.Organisation).On("args.applicant").
				Try("say it now; nobody needs to be interrupted")
		}
		part = t.Part
	}
	if part.IsZero() {
		p, err := d.current()
		if err != nil {
			return nil, err
		}
		part = p.ID
	}
	// One open point for each applicant; the order of the list is not touched.
	made := 0
	for _, id := range d.q.EntryOrder {
		e := d.q.Entries[id]
		if e.Applicant != a.Applicant || e.Kind != events.PointOfOrder {
			continue
		}
		made++
		if e.State == session.Raised || e.State == session.Admitted {
			return nil, problem.New(problem.Already, "a point of order of %s is open", a.Organisation).On("args.applicant").
				Try("wait for the chair, or withdraw it")
		}
	}
	if made >= maxPerApplicant || len(d.q.Entries) >= maxEntries {
		return nil, problem.New(problem.WrongState, "%s has raised %d points of order in this session", a.Organisation, made).On("args.applicant").
			Try("speak to the chair")
	}
	delegate, err := d.delegate(ids.Person{}, a.Applicant, "args.delegate")
	if err != nil {
		return nil, err
	}
	return one(&events.PointRaised{
		Entry: ids.Derive[ids.Entry](d.r.ID, 0), Part: part, Applicant: a.Applicant, Delegate: delegate, Turn: d.q.Turn,
	}), nil
}

// admitPoint lets the raiser speak. The holder keeps the floor, suspended: who
// raises a point of order speaks, but does not hold (decisions.md 16).
func (d *deciding) admitPoint() ([]events.Event, error) {
	args, err := read[command.EntryRef](d)
	if err != nil {
		return nil, err
	}
	e, err := d.point(args.Entry, session.Raised)
	if err != nil {
		return nil, err
	}
	if err := d.running(); err != nil {
		return nil, err
	}
	// One at a time: nobody raises a point of order on a point of order.
	if err := d.unheard(); err != nil {
		return nil, err
	}
	return one(&events.PointAdmitted{Entry: e.ID, Suspended: d.q.Turn}), nil
}

// refusePoint ends a raised point without hearing it; also after the session, so
// that nothing stays open in the record.
func (d *deciding) refusePoint() ([]events.Event, error) {
	args, err := read[command.EntryRef](d)
	if err != nil {
		return nil, err
	}
	e, err := d.point(args.Entry, session.Raised)
	if err != nil {
		return nil, err
	}
	return one(&events.PointRefused{Entry: e.ID}), nil
}

// rule answers the point that is being heard; the suspended turn goes on.
func (d *deciding) rule() ([]events.Event, error) {
	args, err := read[command.Rule](d)
	if err != nil {
		return nil, err
	}
	e, err := d.point(args.Entry, session.Admitted)
	if err != nil {
		return nil, err
	}
	if !slices.Contains([]events.Ruling{events.Upheld, events.Dismissed, events.Noted}, args.Ruling) {
		return nil, problem.Field("args.ruling", "%.40q is not a ruling", string(args.Ruling)).Try("use upheld, dismissed or noted")
	}
	// The session may have been adjourned meanwhile, and the turn be over.
	ruled := &events.PointRuled{Entry: e.ID, Ruling: args.Ruling}
	if d.q.Point != nil && d.q.Point.Suspended == d.q.Turn {
		ruled.Resumed = d.q.Turn
	}
	return one(ruled), nil
}

// point gives a point of order in a state.
func (d *deciding) point(id ids.Entry, state session.EntryState) (*session.Entry, error) {
	e, err := d.entry(id, "args.entry")
	if err != nil {
		return nil, err
	}
	if e.Kind != events.PointOfOrder {
		return nil, problem.Field("args.entry", "the entry of %s is a %s, not a point of order", d.speaker(e), e.Kind).
			Try("name a point of order")
	}
	if e.State == session.Spoken {
		return nil, problem.New(problem.Already, "the point of order of %s was ruled on (%s)", d.speaker(e), e.Ruling).On("args.entry").
			Try("nothing needs to be done")
	}
	return d.inState(e.ID, "args.entry", state)
}
