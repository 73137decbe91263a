// Package notes asks the registry to keep a free text, such as the reason that a
// chair gives, where it can be forgotten.
//
// Guarantee: the text travels on core NATS to the registry alone, which is the
// one writer of the store; what comes back, and goes into commands and the log,
// is an id with a salted digest. The same command with the same text gets the
// same note again, however often it is asked.
package notes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// The acts.
const (
	Keep  = "keep_note"
	Erase = "erase_note"
)

// Subjects is what the registry serves: keep.registry.<session>.<act>. It is no
// command's subject, because nothing of it is decided or logged.
const Subjects = "keep.registry.*.*"

// Subject is where an act about a session is asked for.
func Subject(s ids.Session, act string) string { return "keep.registry." + s.String() + "." + act }

// ParseSubject gives the session and the act of a subject.
func ParseSubject(subject string) (ids.Session, string, error) {
	fields := strings.Split(subject, ".")
	if len(fields) != 4 || fields[0] != "keep" || fields[1] != "registry" {
		return ids.Session{}, "", problem.New(problem.Malformed, "%q is not keep.registry.<session>.<act>", subject)
	}
	s, err := ids.Parse[ids.Session](fields[2])
	if err != nil || s.IsZero() {
		return s, "", problem.New(problem.Malformed, "the subject names no session").On("session")
	}
	return s, fields[3], nil
}

// Request asks for a note to be kept or erased.
type Request struct {
	Actor events.Actor `json:"actor"`
	// Command is the command that the text belongs to; the note's id is derived from it.
	Command ids.Command `json:"command,omitzero"`
	Text    string      `json:"text,omitempty"`
	// Note is the note to erase.
	Note ids.Note `json:"note,omitzero"`
}

// Answer is the registry's: a note, or why there is none.
type Answer struct {
	Note    events.NoteRef `json:"note"`
	Problem *problem.Error `json:"problem,omitempty"`
}

// How long is asked: in all, and in one attempt; and the wait in between.
const (
	askFor     = 10 * time.Second
	askAttempt = 3 * time.Second
	askWait    = 50 * time.Millisecond
)

// Put keeps a text that goes with a command of a session. The error is a
// *problem.Error: Busy when the registry does not answer within 10 s. It has the
// form that the gateway's asker wants, after its connection is given.
func Put(conn *nats.Conn) func(ctx context.Context, s ids.Session, actor events.Actor, c ids.Command, text string) (events.NoteRef, error) {
	return func(ctx context.Context, s ids.Session, actor events.Actor, c ids.Command, text string) (events.NoteRef, error) {
		return ask(ctx, conn, Subject(s, Keep), Request{Actor: actor, Command: c, Text: text})
	}
}

// Remove erases a note for good; the chair's side may.
func Remove(ctx context.Context, conn *nats.Conn, s ids.Session, actor events.Actor, note ids.Note) error {
	_, err := ask(ctx, conn, Subject(s, Erase), Request{Actor: actor, Note: note})
	return err
}

// ask sends a request until it is answered: both acts may be repeated.
func ask(ctx context.Context, conn *nats.Conn, subject string, request Request) (events.NoteRef, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return events.NoteRef{}, fmt.Errorf("writing the request for a note: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	for {
		attempt, end := context.WithTimeout(ctx, askAttempt)
		reply, err := conn.RequestWithContext(attempt, subject, body)
		end()
		if err == nil {
			var answer Answer
			if json.Unmarshal(reply.Data, &answer) != nil {
				return events.NoteRef{}, errors.New("the registry's answer about a note cannot be read")
			}
			if answer.Problem == nil {
				return answer.Note, nil
			}
			if answer.Problem.Code != problem.Busy {
				return events.NoteRef{}, answer.Problem
			}
		}
		timer := time.NewTimer(askWait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			p := problem.New(problem.Busy, "the registry does not answer at present").Try("send the same command with the same id again")
			p.RetryAfterMS = 1000
			return events.NoteRef{}, p
		}
	}
}
