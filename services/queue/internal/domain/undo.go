package domain

import (
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// undoMS is how long the last floor act can be undone, in ms.
const undoMS = 60_000

// undo reverses the last floor act, and no other (decisions.md 15).
func (d *deciding) undo() ([]events.Event, error) {
	args, err := read[command.ActRef](d)
	if err != nil {
		return nil, err
	}
	expect, must := d.expected()
	if expect.Act == nil && must {
		return nil, problem.Field("expect.act", "undo must say which act it reverses").
			Try("send expect.act: the id of the act that you see as the last one")
	}
	if args.Act.IsZero() {
		return nil, problem.Field("args.act", "the act is missing").Try("send the id of the act that is to be undone")
	}
	last := d.q.Undo
	if last == nil || last.Act != args.Act || expect.Act != nil && *expect.Act != last.Act {
		return nil, d.notUndone(args, expect)
	}
	gap := d.now.Sub(last.PressedAt)
	if gap > undoMS {
		return nil, problem.New(problem.WrongState, "%s was pressed %d s ago; an act can be undone for %d s", last.Verb, gap/1000, undoMS/1000).
			On("args.act").Try("correct the turn instead (correct_turn, reassign)")
	}
	// In a suspended session a turn would go on whose clock cannot.
	if err := d.running(); err != nil {
		return nil, err
	}
	if err := d.resumable(last); err != nil {
		return nil, err
	}
	return one(&events.ActUndone{
		Undone: last.Act, Voided: last.Started, Resumed: last.Ended, PressedAt: last.PressedAt, GapMS: gap,
	}), nil
}

// notUndone says why the named act is not the one that can be undone.
func (d *deciding) notUndone(args command.ActRef, expect command.Expect) *problem.Error {
	if expect.Act != nil && *expect.Act != args.Act {
		return problem.Field("args.act", "act and expect.act name two acts").Try("send the same id in both")
	}
	since := d.q.SinceAct(args.Act)
	p := problem.New(problem.WrongState, "this act cannot be undone (any more)")
	if d.q.Undo != nil {
		p = problem.New(problem.Stale, "this is not the last act on the floor")
	}
	p.Since = since
	return p.On("args.act").Try("only the last act on the floor can be undone, until the next one; correct the turn instead")
}

// resumable checks that the speaker whose turn would go on is where the act
// had left them.
func (d *deciding) resumable(last *session.Undoable) error {
	t := d.q.Turns[last.Ended]
	if t == nil {
		return nil
	}
	e := d.q.Entries[t.Entry]
	// Standby and waiting are where a no-show and two places back leave them; they
	// may have come back from standby since.
	switch e.State {
	case session.Spoken, session.Standby, session.Waiting:
		return nil
	}
	return d.elsewhere(e, "args.act")
}
