package domain

import (
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// confirmMicrophone is the technician's word that the microphone that the floor
// calls for is on (off, when the floor is free). What was confirmed is the
// change that was on the screen: a cut floor is not a cut microphone.
func (d *deciding) confirmMicrophone() ([]events.Event, error) {
	args, err := read[command.ConfirmMicrophone](d)
	if err != nil {
		return nil, err
	}
	switch m := &d.q.Microphone; {
	case args.Seq < 1:
		return nil, problem.Field("args.seq", "%d is no change of the floor", args.Seq).Try("send the number that the view shows")
	case args.Seq != m.Seq:
		return nil, problem.New(problem.Stale, "the floor has changed since: change %d is on now", m.Seq).On("args.seq").
			Try("look at whose microphone is called for, and confirm that")
	case !m.ConfirmedAt.IsZero():
		return nil, problem.New(problem.Already, "this was confirmed at %s", m.ConfirmedAt).On("args.seq").
			Try("nothing is to be done until the floor changes")
	}
	return one(&events.MicrophoneConfirmed{Seq: args.Seq}), nil
}

// noteTally notes what the hook's target made of a change. Of one that the next
// change overtook nothing is worth a place in the log.
func (d *deciding) noteTally() ([]events.Event, error) {
	args, err := read[command.NoteTally](d)
	if err != nil {
		return nil, err
	}
	switch m := &d.q.Microphone; {
	case args.Seq < 1 || args.Seq != m.Seq:
		return nil, problem.New(problem.Stale, "the floor has changed since").On("args.seq").Try("tell the target of the newest change")
	case m.Delivered, !args.Delivered && !m.NotedAt.IsZero() && m.Status == args.Status:
		return nil, problem.New(problem.Already, "this is noted").On("args.seq").Try("wait for the next change")
	}
	return one(&events.TallyNoted{Seq: args.Seq, Delivered: args.Delivered, Status: args.Status}), nil
}
