package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/fairness"
	"github.com/fairfloor/fairfloor/pkg/fairness/order"
	"github.com/fairfloor/fairfloor/pkg/fairness/simulate"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/ratelimit"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/token"
	door "github.com/fairfloor/fairfloor/services/gateway/internal/ask"
)

// Planned is a session that is being planned: what the meter and the rehearsal
// are asked about. Nothing of it is stored.
type Planned struct {
	// Modalities are read over the defaults: what is left out is as usual.
	Modalities json.RawMessage    `json:"modalities,omitempty" doc:"The rules; defaults where left out"`
	Parts      []command.PartArgs `json:"parts,omitempty" doc:"The agenda; one item as long as the session when left out"`
	Minutes    int64              `json:"minutes" doc:"From the start to the hard end, 1 to 1440"`
}

// Question asks what a planned session would bring to so many speakers.
type Question struct {
	Planned
	Speakers int `json:"speakers" doc:"How many will speak on each list, 0 to 2000"`
}

// Rehearsed asks for a planned session with simulated speakers.
type Rehearsed struct {
	Planned
	Speakers int     `json:"speakers" doc:"How many apply, 1 to 500"`
	Absent   float64 `json:"absent,omitempty" doc:"Part of them that is not there when called, 0 to 1; half of those come late"`
	Seed     uint64  `json:"seed,omitempty" doc:"The same seed gives the same people"`
	Part     int     `json:"part,omitempty" doc:"Index of the part whose list is rehearsed; the first list when that part has none"`
}

// Step is a line of a rehearsal's answer: how far it is, or in the last line
// what came of it, or why it was stopped.
type Step struct {
	Done   int                 `json:"done" doc:"Sessions played so far"`
	Of     int                 `json:"of"`
	Result *simulate.Rehearsal `json:"result,omitempty"`
	// Problem says why there is no result.
	Problem *problem.Error `json:"problem,omitempty"`
}

var stepType = reflect.TypeFor[Step]()

// rules reads modalities strictly over the defaults and checks them as a new
// session's are. An unknown member is an error: it is most likely a slip, and
// would silently be a default.
func rules(raw json.RawMessage) (events.Modalities, error) {
	m := session.DefaultModalities()
	if len(bytes.TrimSpace(raw)) == 0 {
		return m, nil
	}
	m.Rights = nil // a matrix that is given replaces the default one
	if err := door.Decode(raw, &m); err != nil {
		return m, err
	}
	return session.CheckModalities(m)
}

// agenda gives parts as a session has them.
func agenda(parts []command.PartArgs) []events.Part {
	all := make([]events.Part, len(parts))
	for i, p := range parts {
		all[i] = events.Part{Kind: p.Kind, Title: p.Title, Minutes: p.Minutes, LimitMS: p.LimitMS, HasList: p.HasList}
	}
	return all
}

// The bounds of rehearsals, in I/O time: simulating takes a processor that
// running sessions need.
const (
	rehearsalsPerMinute = 30
	rehearsalsAtOnce    = 10
	rehearsalWithin     = 20 * time.Second
	// progressEvery is how often progress is told.
	progressEvery = 250 * time.Millisecond
)

// studio lets one rehearsal be played at a time, and so many a minute for
// everybody together.
type studio struct {
	busy   sync.Mutex
	limits *ratelimit.Limiter
}

// rehearsing bounds the rehearsals of everybody at all gateways.
var rehearsing = ratelimit.Rate{Name: "rehearsals", Every: time.Minute / rehearsalsPerMinute, Burst: rehearsalsAtOnce}

// enter takes the studio, which leave gives back, or says when to come again.
func (s *studio) enter(ctx context.Context) (leave func(), err error) {
	if !s.busy.TryLock() {
		p := problem.New(problem.Busy, "another rehearsal is being played").Try("try again in a few seconds")
		p.RetryAfterMS = 2000
		return nil, p
	}
	if wait := s.limits.Take(ctx, rehearsing, ""); wait > 0 {
		s.busy.Unlock()
		p := problem.New(problem.TooMany, "%d rehearsals a minute are played", rehearsalsPerMinute).Try("wait a moment")
		p.RetryAfterMS = ratelimit.Millis(wait)
		return nil, p
	}
	return s.busy.Unlock, nil
}

// planner identifies a bearer who may plan: somebody with a staff role, in any
// session or in all of them.
func (s *server) planner(b Bearer) (token.Claims, error) {
	claims, err := s.identify(b)
	if err != nil {
		return claims, err
	}
	if !claims.Actor().Has(staffRoles...) {
		return claims, problem.New(problem.Forbidden, "this needs one of the roles %v", staffRoles).On("header.Authorization").
			Try("ask the secretariat for a link with that role")
	}
	return claims, nil
}

func (s *server) planning() {
	huma.Register(s.api, operation("presets", http.MethodGet, "/presets", "Proven modalities with an agenda, to start a session from", "planning"),
		func(_ context.Context, in *struct{ Bearer }) (*body[[]session.Preset], error) {
			if _, err := s.planner(in.Bearer); err != nil {
				return nil, refuse(err)
			}
			return &body[[]session.Preset]{session.Presets()}, nil
		})

	check := operation("check-modalities", http.MethodPost, "/modalities", "Check modalities as a new session's would be, and give their whole written form", "planning")
	check.SkipValidateBody = true // the check below names the field in our own words
	huma.Register(s.api, check,
		func(_ context.Context, in *struct {
			Bearer
			RawBody []byte `contentType:"application/json"`
		},
		) (*body[events.Modalities], error) {
			if _, err := s.planner(in.Bearer); err != nil {
				return nil, refuse(err)
			}
			m, err := rules(in.RawBody)
			return &body[events.Modalities]{m}, refuse(err)
		})

	huma.Register(s.api, operation("foresee", http.MethodPost, "/foresight", "What a planned session would bring to so many speakers, list by list", "planning"),
		func(_ context.Context, in *struct {
			Bearer
			Body Question
		},
		) (*body[[]session.Foresight], error) {
			if _, err := s.planner(in.Bearer); err != nil {
				return nil, refuse(err)
			}
			m, err := rules(in.Body.Modalities)
			if err != nil {
				return nil, refuse(err)
			}
			all, err := session.Foresee(m, agenda(in.Body.Parts), in.Body.Minutes, in.Body.Speakers)
			return &body[[]session.Foresight]{all}, refuse(err)
		})

	rehearse := operation("rehearse", http.MethodPost, "/rehearsals", "Play a planned session with simulated speakers: progress, then the result, a JSON document a line", "planning")
	rehearse.Responses = map[string]*huma.Response{"200": {
		Description: "One step a line; the last one has the result, or the problem that stopped it",
		Content:     map[string]*huma.MediaType{"application/x-ndjson": {Schema: s.api.OpenAPI().Components.Schemas.Schema(stepType, true, "")}},
	}}
	huma.Register(s.api, rehearse,
		func(ctx context.Context, in *struct {
			Bearer
			Body Rehearsed
		},
		) (*huma.StreamResponse, error) {
			if _, err := s.planner(in.Bearer); err != nil {
				return nil, refuse(err)
			}
			play, err := playable(&in.Body)
			if err != nil {
				return nil, refuse(err)
			}
			leave, err := s.studio.enter(ctx)
			if err != nil {
				return nil, refuse(err)
			}
			return &huma.StreamResponse{Body: func(out huma.Context) {
				defer leave()
				out.SetHeader("Content-Type", "application/x-ndjson")
				s.play(ctx, out, play, in.Body.Seed)
			}}, nil
		})
}

// play plays a rehearsal and writes its steps.
func (s *server) play(ctx context.Context, out huma.Context, play simulate.Rules, seed uint64) {
	ctx, cancel := context.WithTimeout(ctx, rehearsalWithin)
	defer cancel()
	control := controller(out.BodyWriter())
	said := time.Now()
	result, err := simulate.Rehearse(ctx, play, seed, func(done, of int) {
		if now := time.Now(); now.Sub(said) >= progressEvery {
			said = now
			if encode(out.BodyWriter(), Step{Done: done, Of: of}) != nil || control.Flush() != nil {
				cancel() // nobody is there to see it
			}
		}
	})
	last := Step{Done: play.Sessions, Of: play.Sessions, Result: result}
	if err != nil {
		// The status is out already; a step without a result says so.
		last = Step{Of: play.Sessions, Problem: problem.From(err)}
	}
	_ = encode(out.BodyWriter(), last)
}

// playable gives a planned session's rules to the simulator: those of the list
// of one part, as long as that part with what the modalities keep.
func playable(in *Rehearsed) (simulate.Rules, error) {
	m, err := rules(in.Modalities)
	if err != nil {
		return simulate.Rules{}, err
	}
	out := simulate.Rules{
		Order: orderOf(m.Order), Mode: fairness.Mode(m.Allotment), AtLimit: fairness.AtLimit(m.Limit), Strict: m.Strict,
		MinimumMS: m.MinimumMS, MaximumMS: m.MaximumMS, GraceMS: m.GraceMS, HandoverMostMS: m.MaxHandoverMS,
		OpeningMS: m.OpeningMS, ClosingMS: m.ClosingMS, ReserveMS: m.ReserveMS, ReserveKeptMS: m.ReserveKeptMS,
		Minutes: int(in.Minutes), Applicants: in.Speakers, AbsentShare: in.Absent, Sessions: sessionsFor(in.Speakers),
	}
	part, ok := rehearsedPart(in)
	if ok && part.LimitMS > 0 {
		out.MaximumMS = part.LimitMS
		out.MinimumMS = min(out.MinimumMS, out.MaximumMS)
	}
	if ok && len(in.Parts) > 1 {
		// Opening and closing are parts of their own, or another list's matter.
		out.Minutes, out.OpeningMS, out.ClosingMS = int(part.Minutes), 0, 0
	}
	return out, out.Check()
}

// rehearsedPart is the part whose list is rehearsed, if there is an agenda.
func rehearsedPart(in *Rehearsed) (command.PartArgs, bool) {
	if in.Part >= 0 && in.Part < len(in.Parts) && in.Parts[in.Part].HasList {
		return in.Parts[in.Part], true
	}
	for _, part := range in.Parts {
		if part.HasList {
			return part, true
		}
	}
	return command.PartArgs{}, false
}

// sessionsFor is how many sessions are played for the figures: 200 of 53
// speakers take less than a second, larger ones are fewer.
func sessionsFor(speakers int) int {
	const most, least, work = 200, 20, 12_000
	return max(least, min(most, work/max(1, speakers)))
}

// orderOf is the simulator's rule for an ordering rule of the modalities. Where
// people write the list themselves it is the order in which they came.
func orderOf(rule string) order.Rule {
	switch rule {
	case session.OrderByLot:
		return order.PlainLot
	case session.OrderByList, session.OrderBySecretariat:
		return order.FirstCome
	default:
		return order.Rule(rule)
	}
}
