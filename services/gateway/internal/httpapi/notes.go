package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// notesShown is the most private notes in an answer, the latest.
const notesShown = 100

// PrivateNote is one private note with its words.
type PrivateNote struct {
	ID   ids.Note      `json:"id"`
	At   clock.Instant `json:"at"`
	By   events.Role   `json:"by" doc:"The role that wrote it"`
	Text string        `json:"text"`
}

// PrivateNotes are the latest of a session, in order of writing.
type PrivateNotes struct {
	Notes []PrivateNote `json:"notes" nullable:"false"`
}

// privately may read and write private notes: those who sit at the podium.
var privately = []events.Role{events.Chair, events.ViceChair, events.Secretariat}

func (s *server) notes() {
	huma.Register(s.api, operation("notes", http.MethodGet, "/sessions/{session}/notes", "The private notes of the chair and the secretariat", "people"),
		func(ctx context.Context, in *struct{ InSession }) (*body[PrivateNotes], error) {
			if _, err := s.enterAs(in.Bearer, in.Session, privately...); err != nil {
				return nil, refuse(err)
			}
			var kept []session.PrivateNote
			err := s.Sessions.Read(in.Session, func(state *session.State) {
				for _, n := range state.Registry.Notes {
					if !n.Removed {
						kept = append(kept, n)
					}
				}
			})
			if err != nil {
				return nil, refuse(err)
			}
			out := &body[PrivateNotes]{PrivateNotes{Notes: []PrivateNote{}}}
			for _, n := range kept[max(0, len(kept)-notesShown):] {
				text, err := s.Note(ctx, in.Session, n.NoteRef)
				if err != nil {
					return nil, refuse(err)
				}
				if text == "" {
					continue // erased between the two looks
				}
				out.Body.Notes = append(out.Body.Notes, PrivateNote{ID: n.ID, At: n.At, By: n.By, Text: text})
			}
			return out, nil
		})
}
