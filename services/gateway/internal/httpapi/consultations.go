package httpapi

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/services/gateway/internal/calendar"
)

// Consultation is a consultation in a list.
type Consultation struct {
	Consultation ids.Consultation `json:"consultation"`
	Title        string           `json:"title"`
	CarryOver    bool             `json:"carry_over" doc:"Whether credit is carried from one session to the next"`
	Sessions     []ids.Session    `json:"sessions" doc:"Its sessions, in the order in which they were added"`
}

// subject is the subject of a consultation's own log: the same UUID.
func subject(id ids.Consultation) ids.Session { return ids.MustParse[ids.Session](id.String()) }

func (s *server) consultations() {
	huma.Register(s.api, operation("list-consultations", http.MethodGet, "/consultations", "Consultations whose sessions the bearer may see", "sessions"),
		func(_ context.Context, in *struct{ Bearer }) (*body[[]Consultation], error) {
			claims, err := s.identify(in.Bearer)
			if err != nil {
				return nil, refuse(err)
			}
			all := []Consultation{}
			for _, id := range s.Sessions.Consultations() {
				// One whose log is refused is left out; asked for by id it says why.
				_ = s.Sessions.ReadConsultation(id, func(state *session.State) {
					series := state.Registry.Series
					// All sessions of a consultation are of its organisation.
					if state.Registry.Organisation != claims.Organisation {
						return
					}
					if !slices.ContainsFunc(series.Sessions, claims.Covers) && !claims.Covers(id) {
						return
					}
					one := Consultation{Consultation: series.ID, Title: series.Title, CarryOver: series.CarryOver, Sessions: []ids.Session{}}
					for _, of := range series.Sessions {
						if claims.Covers(of) {
							one.Sessions = append(one.Sessions, of)
						}
					}
					all = append(all, one)
				})
			}
			slices.SortFunc(all, func(a, b Consultation) int { return strings.Compare(a.Consultation.String(), b.Consultation.String()) })
			return &body[[]Consultation]{all}, nil
		})

	feed := operation("calendar", http.MethodGet, "/consultations/{consultation}/calendar.ics",
		"The consultation's sessions as a calendar feed (iCalendar): without a token those that are open to visitors", "sessions")
	feed.Security = []map[string][]string{{}, {"token": {}}}
	feed.Responses = map[string]*huma.Response{"200": {
		Description: "An event for each session (RFC 5545), times in UTC",
		Content:     map[string]*huma.MediaType{"text/calendar": {Schema: &huma.Schema{Type: "string"}}},
	}}
	huma.Register(s.api, feed, func(_ context.Context, in *struct {
		Bearer
		Consultation ids.Consultation `path:"consultation" doc:"The consultation's id"`
	},
	) (*huma.StreamResponse, error) {
		title, sessions, err := s.calendar(in.Bearer, in.Consultation)
		if err != nil {
			return nil, refuse(err)
		}
		var text bytes.Buffer
		if err := calendar.Write(&text, title, sessions); err != nil {
			return nil, refuse(err)
		}
		return &huma.StreamResponse{Body: func(out huma.Context) {
			out.SetHeader("Content-Type", calendar.MediaType)
			out.SetHeader("Content-Disposition", `inline; filename="fairfloor.ics"`)
			out.SetHeader("Cache-Control", "no-cache")
			_, _ = out.BodyWriter().Write(text.Bytes())
		}}, nil
	})
}

// calendar gives what the bearer, or without a token anybody, may know of a
// consultation's sessions: as the sessions' own pages would show it to them.
func (s *server) calendar(b Bearer, id ids.Consultation) (title string, sessions []calendar.Session, err error) {
	may := func(ids.Session) bool { return false }
	if b.Authorization != "" {
		claims, err := s.identify(b)
		if err != nil {
			return "", nil, err
		}
		may = func(one ids.Session) bool { return s.sees(claims, one) }
	}
	missing := problem.New(problem.NotFound, "there is no such consultation that is open to you").On("path.consultation").
		Try("check the address; a consultation without a session that visitors may follow has a feed for its organisers only")
	var of []ids.Session
	err = s.Sessions.ReadConsultation(subject(id), func(state *session.State) {
		title, of = state.Registry.Series.Title, slices.Clone(state.Registry.Series.Sessions)
	})
	if err != nil {
		return "", nil, missing
	}
	for _, one := range of {
		// Before the session is read: whose it is stands under the same lock, and a
		// reader that asks for it once more waits for ever for a fold between the two.
		mine := may(one)
		err := s.Sessions.Read(one, func(state *session.State) {
			if state.Exists() && (mine || state.Registry.Modalities.PublicLive) {
				sessions = append(sessions, s.event(state))
			}
		})
		if err != nil {
			return "", nil, err
		}
	}
	if len(sessions) == 0 {
		// Also the title of a consultation is not for everybody.
		return "", nil, missing
	}
	slices.SortStableFunc(sessions, func(a, b calendar.Session) int { return a.Start.Compare(b.Start) })
	return title, sessions, nil
}

// event is a session as its feed has it.
func (s *server) event(state *session.State) calendar.Session {
	r, t := &state.Registry, &state.Timing
	out := calendar.Session{
		ID: state.ID, Title: r.Title, Start: r.PlannedStart.Time(), End: state.HardEnd().Time(),
		Revision: r.Revision + t.Extended, Revised: max(r.RevisedAt, t.ExtendedAt).Time(), URL: s.Base + "/s/" + r.Code,
	}
	for _, part := range r.Parts {
		out.Agenda = append(out.Agenda, calendar.Item{Title: part.Title, Minutes: part.Minutes})
	}
	return out
}
