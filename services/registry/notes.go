package registry

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go/micro"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/notes"
	"github.com/fairfloor/fairfloor/pkg/people"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// maxNotes bounds how many notes are written at the same time; more have to ask again.
const maxNotes = 64

// serveNotes keeps and erases free texts until ctx is done.
func (s *Service) serveNotes(ctx context.Context) error {
	service, err := micro.AddService(s.conn, micro.Config{
		Name: "registry-notes", Version: "1.0.0", Description: "Free texts, kept where they can be forgotten", QueueGroup: "registry",
	})
	if err != nil {
		return err
	}
	// A note in work is finished when ctx ends; the handler itself must not wait,
	// for the endpoint has one goroutine.
	work := context.WithoutCancel(ctx)
	slots := make(chan struct{}, maxNotes)
	var running sync.WaitGroup
	handler := micro.HandlerFunc(func(r micro.Request) {
		select {
		case slots <- struct{}{}:
		default:
			s.answer(r, notes.Answer{Problem: problem.New(problem.Busy, "too many notes at once").Try("ask again")})
			return
		}
		running.Go(func() {
			defer func() { <-slots }()
			defer s.log.Activity().Begin()()
			bounded, cancel := context.WithTimeout(work, prepareFor)
			defer cancel()
			ref, err := s.note(bounded, r.Subject(), r.Data())
			if err != nil {
				s.answer(r, notes.Answer{Problem: problem.From(err)})
				return
			}
			s.answer(r, notes.Answer{Note: ref})
		})
	})
	if err := service.AddEndpoint("notes", handler, micro.WithEndpointSubject(notes.Subjects)); err != nil {
		return errors.Join(err, service.Stop())
	}
	<-ctx.Done()
	err = service.Stop()
	if flush := s.conn.FlushTimeout(time.Second); flush != nil {
		s.lines.Warn("notes on their way may get no answer", "error", flush)
	}
	running.Wait()
	return err
}

// answer sends an answer; one that is not sent is asked for again.
func (s *Service) answer(r micro.Request, a notes.Answer) {
	if err := r.RespondJSON(a); err != nil {
		s.lines.Warn("an answer about a note was not sent", "error", err)
	}
}

// note keeps or erases a free text.
func (s *Service) note(ctx context.Context, subject string, data []byte) (events.NoteRef, error) {
	id, act, err := notes.ParseSubject(subject)
	if err != nil {
		return events.NoteRef{}, err
	}
	// Only the gateway can send here (NATS permissions); it has checked the token.
	var request notes.Request
	if json.Unmarshal(data, &request) != nil {
		// What the library says might repeat the text.
		return events.NoteRef{}, problem.New(problem.Malformed, "the request for a note cannot be read").Try("send a JSON object")
	}
	if err := s.exists(ctx, id); err != nil {
		return events.NoteRef{}, err
	}
	switch act {
	case notes.Keep:
		if request.Actor.ID == "" || request.Command.IsZero() {
			return events.NoteRef{}, problem.New(problem.Malformed, "a note needs an actor and a command").Try("send both")
		}
		return s.people.PutNote(ctx, id, request.Command, people.Note{Text: request.Text})
	case notes.Erase:
		if !request.Actor.Staff() {
			return events.NoteRef{}, problem.New(problem.Forbidden, "notes are the chair's side's to erase").Try("ask the secretariat")
		}
		// The log keeps the note's digest: it shows that there was a reason, and no
		// longer which.
		if request.Note.IsZero() {
			return events.NoteRef{}, problem.Field("note", "the note is missing").Try("name the note")
		}
		_, err := s.people.Erase(ctx, people.NoteKey(id, request.Note))
		return events.NoteRef{ID: request.Note}, err
	default:
		return events.NoteRef{}, problem.New(problem.NotFound, "%q is neither %s nor %s", act, notes.Keep, notes.Erase)
	}
}

// exists checks that there is such a session: texts for ids that somebody made
// up must not fill the store.
func (s *Service) exists(ctx context.Context, id ids.Session) error {
	there := false
	look := func(state *session.State) { there = state.Exists() }
	if s.shell.View(id, look); there {
		return nil
	}
	if _, err := s.shell.Current(ctx, id, look); err != nil {
		return err
	}
	if !there {
		return problem.New(problem.NotFound, "there is no session %s", id).On("session").Try("check the link")
	}
	return nil
}
