package domain

import (
	"math"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// reassign gives the running turn to the one who really speaks, without losing
// a second.
func (d *deciding) reassign() ([]events.Event, error) {
	args, err := read[command.Reassign](d)
	if err != nil {
		return nil, err
	}
	t, from, err := d.onFloorAs(args.Turn)
	if err != nil {
		return nil, err
	}
	if err := d.unheard(); err != nil {
		return nil, err
	}
	if args.Entry == from.ID {
		return nil, problem.New(problem.Already, "%s has the floor", d.speaker(from)).On("args.entry").Try("name who really speaks")
	}
	to, err := d.inState(args.Entry, "args.entry", session.Waiting, session.Standby)
	if err != nil {
		return nil, err
	}
	if to.Part != t.Part {
		return nil, problem.Field("args.entry", "%s is on the list of another part", d.speaker(to)).Try("join them to this part's list first")
	}
	return one(&events.TurnReassigned{Turn: t.ID, From: from.ID, To: to.ID}), nil
}

// correctTurn corrects begin, end or holder of a past turn, until the session is
// sealed. What is not sent stays; what is sent as it was is no correction.
func (d *deciding) correctTurn() ([]events.Event, error) {
	args, err := read[command.CorrectTurn](d)
	if err != nil {
		return nil, err
	}
	t, err := d.past(args.Turn)
	if err != nil {
		return nil, err
	}
	corrected := &events.TurnCorrected{Turn: t.ID}
	if !args.Entry.IsZero() && args.Entry != t.Entry {
		if _, err := d.couldHaveSpoken(args.Entry, t.Part); err != nil {
			return nil, err
		}
		corrected.Entry = args.Entry
	}
	begun, ended := t.BegunAt, t.EndedAt
	if !args.BegunAt.IsZero() && args.BegunAt != begun {
		begun, corrected.BegunAt = args.BegunAt, args.BegunAt
	}
	if !args.EndedAt.IsZero() && args.EndedAt != ended {
		ended, corrected.EndedAt = args.EndedAt, args.EndedAt
	}
	if *corrected == (events.TurnCorrected{Turn: t.ID}) {
		return nil, problem.New(problem.Already, "the turn is logged like this").On("args.turn").Try("send what is to be changed: entry, begun_at or ended_at")
	}
	if corrected.BegunAt.IsZero() && corrected.EndedAt.IsZero() {
		return one(corrected), nil
	}
	if err := d.stretch(t.ID, begun, ended); err != nil {
		return nil, err
	}
	return one(corrected), nil
}

// past gives a turn that is over and stands.
func (d *deciding) past(id ids.Turn) (*session.Turn, error) {
	if id.IsZero() {
		return nil, problem.Field("args.turn", "the turn is missing").Try("send the id of the turn that is to be corrected")
	}
	t, ok := d.q.Turns[id]
	switch {
	case !ok:
		return nil, problem.New(problem.NotFound, "there is no turn %s in this session", id).On("args.turn").Try("name one of the session's turns")
	case t.Void:
		return nil, problem.New(problem.WrongState, "the turn was undone").On("args.turn").Try("record the turn that was held (enter_turn)")
	case t.EndedAt.IsZero():
		return nil, problem.New(problem.WrongState, "the turn has the floor").On("args.turn").
			Try("end it first, or say who is speaking (reassign)")
	case t.BegunAt.IsZero():
		return nil, problem.New(problem.WrongState, "the turn never began").On("args.turn").Try("record the turn that was held (enter_turn)")
	}
	return t, nil
}

// couldHaveSpoken gives an entry that a past turn may belong to: also one that
// has left the list since, and one that has spoken in another turn.
func (d *deciding) couldHaveSpoken(id ids.Entry, part ids.Part) (*session.Entry, error) {
	e, err := d.inState(id, "args.entry", session.Waiting, session.Standby, session.Spoken, session.Gone)
	if err != nil {
		return nil, err
	}
	if e.Kind == events.PointOfOrder {
		return nil, problem.Field("args.entry", "a point of order is no turn").Try("name a statement, question or right of reply")
	}
	if !part.IsZero() && e.Part != part {
		return nil, problem.Field("args.entry", "%s is on the list of another part", d.speaker(e)).Try("name an entry of the turn's part")
	}
	return e, nil
}

// stretch checks the times of a past turn: in order, inside the session, not in
// the future, and over no other turn that stands.
func (d *deciding) stretch(self ids.Turn, begun, ended clock.Instant) error {
	last, what := d.now, "now"
	if at := d.s.Timing.AdjournedAt; !at.IsZero() && at < last {
		last, what = at, "the session's adjournment"
	}
	switch {
	case begun.IsZero():
		return problem.Field("args.begun_at", "the begin is missing").Try("send when the first word was said, in ms since 1970")
	case ended.IsZero():
		return problem.Field("args.ended_at", "the end is missing").Try("send when the last word was said, in ms since 1970")
	case ended <= begun:
		return problem.Field("args.ended_at", "the end at %s does not come after the begin at %s", ended, begun).Try("send an end after the begin")
	case d.s.Timing.StartedAt.IsZero():
		return problem.New(problem.WrongState, "the session has not started").On("args.begun_at").Try("start the session first")
	case begun < d.s.Timing.StartedAt:
		return problem.Field("args.begun_at", "%s lies before the session's start at %s", begun, d.s.Timing.StartedAt).Try("send a time in the session")
	case ended > last:
		return problem.Field("args.ended_at", "%s lies after %s (%s)", ended, what, last).Try("send a time in the past of the session")
	}
	for _, id := range d.q.TurnOrder {
		t := d.q.Turns[id]
		if id == self || !t.Stands() {
			continue
		}
		// The running turn has no end yet; nothing may reach into it.
		until := t.EndedAt
		if until.IsZero() {
			until = clock.Instant(math.MaxInt64)
		}
		if begun < until && t.BegunAt < ended {
			field := "args.begun_at"
			if begun < t.BegunAt {
				field = "args.ended_at"
			}
			return problem.Field(field, "this overlaps turn %s of %s, which began at %s", id, d.speaker(d.q.Entries[t.Entry]), t.BegunAt).
				Try("correct that turn first, or send other times")
		}
	}
	return nil
}

// enterTurn records a turn that was held while the system was down.
func (d *deciding) enterTurn() ([]events.Event, error) {
	args, err := read[command.EnterTurn](d)
	if err != nil {
		return nil, err
	}
	e, err := d.inState(args.Entry, "args.entry", session.Waiting, session.Standby)
	if err != nil {
		return nil, err
	}
	if err := d.stretch(ids.Turn{}, args.BegunAt, args.EndedAt); err != nil {
		return nil, err
	}
	// Nothing was opened for it, so what was announced counts as offered.
	p, _, _ := d.s.Registry.Part(e.Part)
	return one(&events.TurnEntered{
		Turn: ids.Derive[ids.Turn](d.r.ID, 0), Entry: e.ID, BegunAt: args.BegunAt, EndedAt: args.EndedAt, AllottedMS: d.announced(e, p),
	}), nil
}

// announced is what an entry was told it would be given, in ms: the level, or
// its own number where that differs, and at least what was promised.
func (d *deciding) announced(e *session.Entry, p events.Part) int64 {
	promised := d.promised(e, p)
	a := d.s.Timing.Announced[p.ID]
	if a == nil {
		return promised
	}
	if own, ok := a.Announced[e.ID]; ok {
		return max(own, promised)
	}
	return max(a.LevelMS, promised)
}
