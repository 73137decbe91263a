package httpapi

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/retention"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// Keeping says how long what can be forgotten of a session is kept.
type Keeping struct {
	Session ids.Session `json:"session"`
	Title   string      `json:"title"`
	Code    string      `json:"code"`
	// AdjournedAt is left out of a session that is not: nothing of it goes by itself.
	AdjournedAt clock.Instant    `json:"adjourned_at,omitempty" doc:"When the session was adjourned, ms since 1970; without it nothing goes by itself"`
	Sealed      bool             `json:"sealed"`
	Stays       []retention.Stay `json:"stays" nullable:"false"`
}

// unset is a query's number that leaves a setting as the deployment has it.
const unset = -1

// Instead are days to reckon with in place of the deployment's own: a rehearsal of
// other settings, which changes nothing.
type Instead struct {
	People     int64 `query:"people" default:"-1" minimum:"-1" doc:"Reckon with so many days instead; 0 for no end, -1 as it is set"`
	Statements int64 `query:"statements" default:"-1" minimum:"-1" doc:"Reckon with so many days instead; 0 for no end, -1 as it is set"`
	Transcript int64 `query:"transcript" default:"-1" minimum:"-1" doc:"Reckon with so many days instead; 0 for no end, -1 as it is set"`
}

// over gives the settings with what is to be put in their place.
func (i Instead) over(set retention.Settings) (retention.Settings, error) {
	for days, into := range map[*int64]*int64{&i.People: &set.People, &i.Statements: &set.Statements, &i.Transcript: &set.Transcript} {
		if *days != unset {
			*into = *days
		}
	}
	if set.Check() != nil {
		return set, problem.Field("query", "days are 0, or between %d and %d", retention.LeastDays, retention.MostDays).
			Try("give whole days after the adjournment")
	}
	return set, nil
}

// office may see what is kept of the deployment's sessions.
var office = []events.Role{events.Organiser, events.Secretariat}

// retention says what is kept until when. Who erases it is the registry and the
// transcript; nothing here does.
func (s *server) retention() {
	one := operation("session-retention", http.MethodGet, "/sessions/{session}/retention", "How long names, statements and words of the session are kept", "people")
	huma.Register(s.api, one, func(_ context.Context, in *struct{ InSession }) (*body[Keeping], error) {
		if _, err := s.enterAs(in.Bearer, in.Session, staffRoles...); err != nil {
			return nil, refuse(err)
		}
		out := &body[Keeping]{}
		err := s.Sessions.Read(in.Session, func(state *session.State) { out.Body = keeping(state, s.Retention) })
		return out, refuse(err)
	})

	all := operation("retention", http.MethodGet, "/retention", "What would be erased of each session, and when; changes nothing", "people")
	all.Description = "With days in the query it reckons with those instead of the deployment's settings: a dry run."
	huma.Register(s.api, all, func(_ context.Context, in *struct {
		Bearer
		Instead
	},
	) (*body[[]Keeping], error) {
		claims, err := s.identify(in.Bearer)
		if err != nil {
			return nil, refuse(err)
		}
		if !claims.Actor().Has(office...) {
			return nil, refuse(problem.New(problem.Forbidden, "this needs one of the roles %v", office).On("header.Authorization").
				Try("ask the secretariat for a link with that role"))
		}
		set, err := in.over(s.Retention)
		if err != nil {
			return nil, refuse(err)
		}
		rows := []Keeping{}
		for _, id := range s.Sessions.Sessions() {
			if !s.sees(claims, id) {
				continue
			}
			// A session whose log is refused is left out; asked for by id it says why.
			_ = s.Sessions.Read(id, func(state *session.State) {
				if state.Exists() {
					rows = append(rows, keeping(state, set))
				}
			})
		}
		slices.SortFunc(rows, func(a, b Keeping) int { return a.Session.Compare(b.Session) })
		return &body[[]Keeping]{rows}, nil
	})
}

func keeping(state *session.State, set retention.Settings) Keeping {
	r := &state.Registry
	out := Keeping{Session: state.ID, Title: r.Title, Code: r.Code, Sealed: r.Sealed, Stays: set.Of(state)}
	if state.Timing.Phase == session.Adjourned {
		out.AdjournedAt = state.Timing.AdjournedAt
	}
	return out
}
