package domain

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// withdraw takes an entry off the list. Nobody else may lose a place by it: a
// joint statement whose lead leaves falls apart into its members' entries, and
// a member who leaves is taken out of it.
func (d *deciding) withdraw() ([]events.Event, error) {
	args, err := read[command.EntryRef](d)
	if err != nil {
		return nil, err
	}
	e, err := d.ownIn(args.Entry, session.Waiting, session.Standby, session.Raised, session.Merged, session.SetAside)
	if err != nil {
		if e := d.q.Entries[args.Entry]; e != nil && e.State == session.Gone {
			return nil, problem.New(problem.Already, "the entry of %s has left the list", d.speaker(e)).On("args.entry").Try("nothing needs to be done")
		}
		return nil, err
	}
	var decided []events.Event
	if e.State == session.Merged {
		// While the joint statement is held its members stay named with it.
		lead := d.q.Entries[e.MergedInto]
		if lead.State != session.Waiting && lead.State != session.Standby {
			return nil, d.elsewhere(lead, "args.entry")
		}
		decided = append(decided, &events.EntrySplit{Lead: lead.ID, Members: []ids.Entry{e.ID}})
	} else if len(e.Members) > 0 {
		decided = append(decided, &events.EntrySplit{Lead: e.ID, Members: slices.Clone(e.Members)})
	}
	return append(decided, &events.EntryWithdrawn{Entry: e.ID}), nil
}

// deferEntry moves an entry two places back at the wish of its speaker.
func (d *deciding) deferEntry() ([]events.Event, error) {
	args, err := read[command.EntryRef](d)
	if err != nil {
		return nil, err
	}
	e, err := d.ownIn(args.Entry, session.Waiting)
	if err != nil {
		return nil, err
	}
	behind := len(d.q.List(e.Part).Order) - d.q.Place(e.ID)
	if behind == 0 {
		return nil, problem.New(problem.WrongState, "the entry of %s is at the end of the list already, at place %d", d.speaker(e), d.q.Place(e.ID)).
			On("args.entry").Try("report the absence, withdraw, or ask the secretariat for standby")
	}
	return one(&events.EntryDeferred{Entry: e.ID, Places: min(back, behind)}), nil
}

// checkIn says that the speaker is ready. It ends a reported absence.
func (d *deciding) checkIn() ([]events.Event, error) {
	args, err := read[command.EntryRef](d)
	if err != nil {
		return nil, err
	}
	e, err := d.ownIn(args.Entry, session.Waiting)
	if err != nil {
		return nil, err
	}
	return d.checkedIn(e)
}

// checkedIn is the common end of checking in, by whichever verb it was said.
func (d *deciding) checkedIn(e *session.Entry) ([]events.Event, error) {
	if e.CheckedIn && !e.Absent {
		return nil, problem.New(problem.Already, "%s has checked in, at %s", d.speaker(e), d.standing(e)).On("args.entry").
			Try("nothing needs to be done")
	}
	return one(&events.CheckedIn{Entry: e.ID}), nil
}

// notePresence notes on what basis somebody is there. That a device of theirs
// was seen is noted once (decisions.md 17).
func (d *deciding) notePresence() ([]events.Event, error) {
	args, err := read[command.NotePresence](d)
	if err != nil {
		return nil, err
	}
	e, err := d.inState(args.Entry, "args.entry", session.Waiting, session.Standby, session.OnFloor, session.Merged)
	if err != nil {
		return nil, err
	}
	switch args.Basis {
	case events.ByCheckIn:
		if _, err := d.waiting(e.ID, "args.entry"); err != nil {
			return nil, err
		}
		return d.checkedIn(e)
	case events.InRoom, events.InConference, events.Seen:
	default:
		return nil, problem.Field("args.basis", "%.40q says nothing about presence", string(args.Basis)).
			Try("use room, conference, check_in or seen")
	}
	if args.Basis == events.Seen && e.Presence != "" || e.Presence == args.Basis && !e.Absent {
		return nil, problem.New(problem.Already, "%s is known to be there (%s)", d.speaker(e), e.Presence).On("args.basis").
			Try("nothing needs to be done")
	}
	return one(&events.PresenceNoted{Entry: e.ID, Basis: args.Basis}), nil
}

// reportAbsent notes that somebody is away and expected back. They keep their
// place; only a person moves them (decisions.md 17).
func (d *deciding) reportAbsent() ([]events.Event, error) {
	args, err := read[command.EntryRef](d)
	if err != nil {
		return nil, err
	}
	e, err := d.ownIn(args.Entry, session.Waiting)
	if err != nil {
		return nil, err
	}
	if e.Absent {
		return nil, problem.New(problem.Already, "%s is reported absent already", d.speaker(e)).On("args.entry").Try("check in when they are back")
	}
	return one(&events.AbsenceReported{Entry: e.ID}), nil
}

// excuse keeps an absent applicant's credit; also after the session, when the
// letter comes late.
func (d *deciding) excuse() ([]events.Event, error) {
	args, err := read[command.EntryRef](d)
	if err != nil {
		return nil, err
	}
	e, err := d.inState(args.Entry, "args.entry", session.Waiting, session.Standby, session.Merged, session.Gone)
	if err != nil {
		return nil, err
	}
	if e.Excused {
		return nil, problem.New(problem.Already, "%s is excused", d.speaker(e)).On("args.entry").Try("nothing needs to be done")
	}
	return one(&events.Excused{Entry: e.ID}), nil
}

// toStandby takes an absent speaker's entry off the list, for the time being. A
// joint statement goes there as one.
func (d *deciding) toStandby() ([]events.Event, error) {
	args, err := read[command.EntryRef](d)
	if err != nil {
		return nil, err
	}
	e, err := d.entry(args.Entry, "args.entry")
	if err != nil {
		return nil, err
	}
	if e.State == session.Standby {
		return nil, problem.New(problem.Already, "%s is on standby", d.speaker(e)).On("args.entry").Try("nothing needs to be done")
	}
	if _, err := d.waiting(e.ID, "args.entry"); err != nil {
		return nil, err
	}
	return one(&events.EntryToStandby{Entry: e.ID}), nil
}

// comeBack brings an entry back from standby: to the next place the first
// time, as one who joins from then on.
func (d *deciding) comeBack() ([]events.Event, error) {
	args, err := read[command.EntryRef](d)
	if err != nil {
		return nil, err
	}
	e, err := d.ownIn(args.Entry, session.Standby)
	if err != nil {
		if e := d.q.Entries[args.Entry]; e != nil && e.State == session.Waiting {
			return nil, problem.New(problem.Already, "%s waits on the list, at %s", d.speaker(e), d.standing(e)).On("args.entry").
				Try("nothing needs to be done")
		}
		return nil, err
	}
	return one(&events.EntryReturned{Entry: e.ID, Place: placeOfReturn(d.q, e)}), nil
}

// handOver lets a colleague speak; also when the floor was given already.
func (d *deciding) handOver() ([]events.Event, error) {
	args, err := read[command.HandOver](d)
	if err != nil {
		return nil, err
	}
	e, err := d.ownIn(args.Entry, session.Waiting, session.Standby, session.OnFloor, session.Raised)
	if err != nil {
		return nil, err
	}
	if args.Delegate.IsZero() {
		return nil, problem.Field("args.delegate", "the colleague is missing").Try("name the person who will speak")
	}
	delegate, err := d.delegate(args.Delegate, e.Applicant, "args.delegate")
	if err != nil {
		return nil, err
	}
	if delegate == e.Delegate {
		return nil, problem.New(problem.Already, "this person speaks for %s already", d.speaker(e)).On("args.delegate").Try("nothing needs to be done")
	}
	return one(&events.EntryHandedOver{Entry: e.ID, Delegate: delegate}), nil
}
