package domain_test

import (
	"testing"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

// "microphones follow the floor": each change of who speaks is one change, with
// a number of its own; what leaves the speaker the same is none.
func TestMicrophonesFollowTheFloor(t *testing.T) {
	s := started(t, 4, 3, nil)
	mic := &s.State.Queue.Microphone
	if mic.Seq != 0 {
		t.Fatalf("before anybody spoke: %+v", mic)
	}
	s.must(s.next(chair))
	first := s.State.Queue.Running()
	if mic.Seq != 1 || mic.Entry != first.Entry || mic.Turn != first.ID || mic.At.IsZero() {
		t.Fatalf("after the first was called: %+v", mic)
	}
	s.must(s.onTurn(chair, "begin"))
	if mic.Seq != 1 {
		t.Errorf("a first word is no change: %+v", mic)
	}
	// One act that ends a turn and gives the next is one change.
	s.must(s.next(chair))
	second := s.State.Queue.Running()
	if mic.Seq != 2 || mic.Entry != second.Entry {
		t.Errorf("after next: %+v", mic)
	}
	// Whoever raised a point of order speaks, and the holder again after the ruling.
	s.must(s.onTurn(chair, "begin"))
	s.must(ask(chair, "raise_point", command.RaisePoint{Applicant: applicant(3)}))
	point := s.State.Queue.Raised[0]
	s.must(ask(chair, "admit_point", command.EntryRef{Entry: point}))
	if mic.Seq != 3 || mic.Entry != point || mic.Turn != second.ID {
		t.Errorf("while a point of order is heard: %+v", mic)
	}
	s.must(ask(chair, "rule", command.Rule{Entry: point, Ruling: events.Noted}))
	if mic.Seq != 4 || mic.Entry != second.Entry {
		t.Errorf("after the ruling: %+v", mic)
	}
	s.must(s.onTurn(chair, "end"))
	if mic.Seq != 5 || !mic.Entry.IsZero() || !mic.Turn.IsZero() {
		t.Errorf("when the floor is free: %+v", mic)
	}
	s.SameAgain()
}

// "confirmed by the technician": of the change on the screen alone.
func TestTheTechnicianConfirmsTheChangeOnTheScreen(t *testing.T) {
	s := started(t, 3, 3, nil)
	confirm := func(seq int64) *command.Request {
		return ask(technician, "confirm_microphone", command.ConfirmMicrophone{Seq: seq})
	}
	s.refused(confirm(0), problem.Invalid, "args.seq")
	s.must(s.next(chair))
	s.refused(confirm(2), problem.Stale, "args.seq")
	s.must(confirm(1))
	if s.State.Queue.Microphone.ConfirmedAt.IsZero() {
		t.Error("it is not confirmed")
	}
	s.refused(confirm(1), problem.Already, "args.seq")
	s.must(s.onTurn(chair, "begin"))
	s.must(s.next(chair))
	if !s.State.Queue.Microphone.ConfirmedAt.IsZero() {
		t.Error("the next speaker's microphone was confirmed before it was called for")
	}
	s.refused(confirm(1), problem.Stale, "args.seq")
	s.refused(ask(sessiontest.Staff(events.Interpreter), "confirm_microphone", command.ConfirmMicrophone{Seq: 2}), problem.Forbidden, "verb")
	s.SameAgain()
}

// What the hook's target made of it is noted once, and a delivery stands.
func TestWhatTheTallyTargetMadeOfAChange(t *testing.T) {
	s := started(t, 3, 3, nil)
	note := func(seq int64, delivered bool, status int64) *command.Request {
		return ask(program, "note_tally", command.NoteTally{Seq: seq, Delivered: delivered, Status: status})
	}
	mic := &s.State.Queue.Microphone
	s.refused(note(0, true, 200), problem.Stale, "args.seq")
	s.must(s.next(chair))
	acts := len(s.State.Queue.Acts)
	s.must(note(1, false, 0))
	s.refused(note(1, false, 0), problem.Already, "args.seq")
	s.must(note(1, false, 503))
	if mic.Delivered || mic.Status != 503 || mic.NotedAt.IsZero() {
		t.Errorf("failing: %+v", mic)
	}
	s.must(note(1, true, 204))
	s.refused(note(1, false, 500), problem.Already, "args.seq")
	if !mic.Delivered || mic.Status != 204 {
		t.Errorf("delivered: %+v", mic)
	}
	if len(s.State.Queue.Acts) != acts {
		t.Error("a switch of the room is told as an act on the floor")
	}
	s.SameAgain()
}
