package domain_test

import (
	"fmt"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
	"github.com/fairfloor/fairfloor/services/registry/internal/domain"
)

// privately is a note of the sample.
var privately = events.NoteRef{ID: sessiontest.ID[ids.Note]("private"), Digest: events.HashBody([]byte("private"))}

// noted is the sample with one private note.
func noted(t sessiontest.TB) *sessiontest.Log {
	l := stage(t)
	l.Append(events.Registry, sessiontest.Staff(events.Chair), "write_note", &events.NoteWritten{Note: privately})
	return l
}

// private reports whether a verb is for the chair and the secretariat alone.
func private(verb string) bool { return verb == "write_note" || verb == "remove_note" }

// "Private notes with the secretariat": the log has a digest of them and says
// who wrote, and an erased one can be told from one that stands.
func TestPrivateNotesAreKeptAsDigestsAndErasedOnce(t *testing.T) {
	l := stage(t)
	do(t, l, sessiontest.Staff(events.Chair), "write_note", nil)
	do(t, l, sessiontest.Staff(events.Secretariat), "write_note", nil)
	notes := l.State.Registry.Notes
	if len(notes) != 2 || notes[0].By != events.Chair || notes[1].By != events.Secretariat || notes[0].Digest.IsZero() || notes[0].At.IsZero() {
		t.Fatalf("two notes are kept as %+v", notes)
	}
	first := command.NoteArgs{Note: notes[0].ID}
	do(t, l, sessiontest.Staff(events.ViceChair), "remove_note", first)
	if notes = l.State.Registry.Notes; !notes[0].Removed || notes[1].Removed {
		t.Errorf("after the first was erased: %+v", notes)
	}
	refuse(t, l, sessiontest.Staff(events.Chair), "remove_note", first, problem.Already, "args.note")
	refuse(t, l, sessiontest.Staff(events.Chair), "remove_note", command.NoteArgs{}, problem.NotFound, "args.note")
	l.SameAgain()
}

func TestAPrivateNoteNeedsATextAndHasABound(t *testing.T) {
	l := stage(t)
	empty := sessiontest.Request(sessiontest.Staff(events.Chair), "write_note", nil)
	if _, err := l.Do(events.Registry, domain.Decide, empty); !problem.Is(err, problem.Invalid) {
		t.Errorf("a note without a text: %v", err)
	}
	for i := range 500 {
		note := events.NoteRef{ID: sessiontest.ID[ids.Note](fmt.Sprint("note ", i)), Digest: events.HashBody([]byte{byte(i)})}
		l.Append(events.Registry, sessiontest.Staff(events.Chair), "write_note", &events.NoteWritten{Note: note})
	}
	refuse(t, l, sessiontest.Staff(events.Chair), "write_note", nil, problem.TooLarge, "reason")
	// What was erased makes room.
	do(t, l, sessiontest.Staff(events.Chair), "remove_note", command.NoteArgs{Note: l.State.Registry.Notes[7].ID})
	do(t, l, sessiontest.Staff(events.Chair), "write_note", nil)
}
