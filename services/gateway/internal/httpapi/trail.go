package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/record"
)

// StaffAct is one act of the chair's side, as the log has it.
type StaffAct struct {
	At           clock.Instant `json:"at" doc:"Session time, ms since 1970"`
	Verb         string        `json:"verb"`
	By           string        `json:"by" doc:"Whose link it was: the subject of its token"`
	Roles        []events.Role `json:"roles"`
	Person       ids.Person    `json:"person,omitzero"`
	OnBehalf     ids.Applicant `json:"on_behalf,omitzero" doc:"For whom it was done"`
	Organisation string        `json:"organisation,omitempty" doc:"The name of that organisation"`
	Reason       string        `json:"reason,omitempty"`
	Erased       bool          `json:"reason_erased,omitempty" doc:"A reason was given, and was erased since"`
	Subject      string        `json:"subject" doc:"Where it stands in the log, with the version"`
	Version      uint64        `json:"version"`
}

// trail gives what the chair's side did, each act with its reason in words: the
// record, which is published, names reasons by their ids alone.
func (s *server) trail() {
	huma.Register(s.api, operation("acts", http.MethodGet, "/sessions/{session}/acts", "The audit trail: every act of the chair's side, with who did it, for whom and why", "proof"),
		func(ctx context.Context, in *InSession) (*kept[[]StaffAct], error) {
			lines, err := s.lines(ctx, in)
			if err != nil {
				return nil, refuse(err)
			}
			commits, err := record.Read(lines)
			if err != nil {
				return nil, refuse(err)
			}
			out, err := s.acts(ctx, in.Session, commits)
			return &kept[[]StaffAct]{"no-store", out}, refuse(err)
		})
}

// acts lists those of the chair's side, the oldest first.
func (s *server) acts(ctx context.Context, id ids.Session, commits []*record.Commit) ([]StaffAct, error) {
	state, err := record.Replay(commits)
	if err != nil {
		return nil, err
	}
	out := []StaffAct{}
	for _, c := range commits {
		if !c.Actor.Staff() {
			continue
		}
		act := StaffAct{
			At: c.At, Verb: c.Verb, By: c.Actor.ID, Roles: c.Actor.Roles, Person: c.Actor.Person,
			OnBehalf: c.OnBehalf, Subject: c.Subject, Version: c.Version,
		}
		if a := state.Registry.Applicants[c.OnBehalf]; a != nil {
			act.Organisation = a.Organisation
		}
		if c.Reason != nil && !noted(c) {
			if act.Reason, err = s.Note(ctx, id, *c.Reason); err != nil {
				return nil, err
			}
			act.Erased = act.Reason == ""
		}
		out = append(out, act)
	}
	return out, nil
}

// noted reports whether a commit's text is a private note, which is no reason
// and which those at the podium read alone.
func noted(c *record.Commit) bool {
	for _, e := range c.Events {
		if _, is := e.(*events.NoteWritten); is {
			return true
		}
	}
	return false
}
