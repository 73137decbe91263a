package domain

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// mostNotes is how many private notes a session keeps at once.
const mostNotes = 500

// writeNote keeps a private note. Its words came as the command's reason, so the
// gateway has put them where they can be erased, and what comes here is a digest.
func writeNote(c call) (result, error) {
	var args command.None
	if err := c.Read(&args); err != nil {
		return result{}, err
	}
	kept := 0
	for _, n := range c.s.Registry.Notes {
		if !n.Removed {
			kept++
		}
	}
	switch {
	case c.Reason == nil:
		return result{}, problem.Field("reason", "the note is empty").Try("send its text in reason")
	case kept >= mostNotes:
		return result{}, problem.New(problem.TooLarge, "%d notes are kept, which is the most", kept).On("reason").Try("erase some first")
	}
	return result{facts: []events.Event{&events.NoteWritten{Note: *c.Reason}}}, nil
}

// removeNote has a private note erased.
func removeNote(c call) (result, error) {
	var args command.NoteArgs
	if err := c.Read(&args); err != nil {
		return result{}, err
	}
	i := slices.IndexFunc(c.s.Registry.Notes, func(n session.PrivateNote) bool { return n.ID == args.Note })
	switch {
	case i < 0:
		return result{}, problem.New(problem.NotFound, "there is no note %s", args.Note).On("args.note").Try("name one of the notes that are shown")
	case c.s.Registry.Notes[i].Removed:
		return result{}, problem.New(problem.Already, "the note was erased").On("args.note").Try("read the notes again")
	}
	return result{facts: []events.Event{&events.NoteRemoved{Note: args.Note}}}, nil
}
