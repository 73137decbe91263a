package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// unwrap reads the problem inside a refused receipt.
func unwrap(raw json.RawMessage) error {
	var p problem.Error
	if err := json.Unmarshal(raw, &p); err != nil {
		return problem.From(err)
	}
	return &p
}

// operation fills what all operations share.
func operation(id, method, path, summary string, tags ...string) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: "/api/v1" + path, Summary: summary, Tags: tags,
		MaxBodyBytes: bodyLimit, Security: []map[string][]string{{"token": {}}},
	}
}

// Brief is a session in a list.
type Brief struct {
	Session      ids.Session   `json:"session"`
	Title        string        `json:"title"`
	Code         string        `json:"code"`
	Phase        session.Phase `json:"phase"`
	PlannedStart clock.Instant `json:"planned_start" doc:"ms since 1970"`
	HardEnd      clock.Instant `json:"hard_end" doc:"ms since 1970"`
	Zone         string        `json:"zone"`
	Public       bool          `json:"public" doc:"Whether visitors may follow it"`
	// Consultation is what the session belongs to.
	Consultation ids.Consultation `json:"consultation"`
	Applications bool             `json:"applications" doc:"Whether anybody may apply by the public form"`
	Languages    []string         `json:"languages" doc:"Languages of the session, BCP 47"`
}

func brief(state *session.State) Brief {
	r := &state.Registry
	return Brief{
		Session: state.ID, Title: r.Title, Code: r.Code, Phase: state.Timing.Phase, PlannedStart: r.PlannedStart,
		HardEnd: state.HardEnd(), Zone: r.Zone, Public: r.Modalities.PublicLive, Consultation: r.Consultation,
		Applications: r.Modalities.OpenApplications && state.Timing.Phase != session.Adjourned && !r.Sealed,
		Languages:    append([]string{}, r.Languages...),
	}
}

type body[T any] struct{ Body T }

// InSession names the session and its bearer; the framework fills exported structs only.
type InSession struct {
	Bearer
	Session ids.Session `path:"session" doc:"The session's id"`
}

// NewSession is the body of POST /sessions: the session's id is made here
// unless the client names one, so that a repeated request makes no second.
type NewSession struct {
	ID      ids.Command `json:"id,omitempty" doc:"The command's id (UUIDv7); the same id again makes no second session"`
	Session ids.Session `json:"session,omitempty" doc:"The session's id (UUIDv7); made here when left out"`
	command.CreateSession
}

// Created answers POST /sessions.
type Created struct {
	Session ids.Session     `json:"session"`
	Code    string          `json:"code"`
	Receipt command.Receipt `json:"receipt"`
}

func (s *server) sessions() {
	huma.Register(s.api, operation("create-session", http.MethodPost, "/sessions", "Make a session", "sessions"),
		func(ctx context.Context, in *struct {
			Bearer
			Key  string `header:"Idempotency-Key" doc:"The command's id"`
			Body NewSession
		},
		) (*body[Created], error) {
			if in.Body.Session.IsZero() {
				in.Body.Session = ids.New[ids.Session]()
			}
			claims, err := s.approach(in.Bearer, in.Body.Session)
			if err != nil {
				return nil, refuse(err)
			}
			frame, err := frameOf("create_session", in.Body.ID, in.Key, in.Body.CreateSession, "")
			if err != nil {
				return nil, refuse(err)
			}
			receipt, err := s.do(ctx, in.Body.Session, claims.Actor(), frame)
			if err != nil {
				return nil, refuse(err)
			}
			out := &body[Created]{Body: Created{Session: in.Body.Session, Receipt: receipt}}
			err = s.Sessions.Read(in.Body.Session, func(state *session.State) { out.Body.Code = state.Registry.Code })
			return out, refuse(err)
		})

	huma.Register(s.api, operation("list-sessions", http.MethodGet, "/sessions", "Sessions that the bearer may see", "sessions"),
		func(_ context.Context, in *struct{ Bearer }) (*body[[]Brief], error) {
			claims, err := s.identify(in.Bearer)
			if err != nil {
				return nil, refuse(err)
			}
			all := []Brief{}
			for _, id := range s.Sessions.Sessions() {
				if !s.sees(claims, id) {
					continue
				}
				// A session whose log is refused is left out of the list; asked for by id it says why.
				_ = s.Sessions.Read(id, func(state *session.State) {
					if state.Exists() {
						all = append(all, brief(state))
					}
				})
			}
			slices.SortFunc(all, func(a, b Brief) int { return int(a.PlannedStart - b.PlannedStart) })
			return &body[[]Brief]{all}, nil
		})

	huma.Register(s.api, operation("session-by-code", http.MethodGet, "/codes/{code}", "A session by its six-character code", "sessions"),
		func(_ context.Context, in *struct {
			Code string `path:"code" maxLength:"12"`
		},
		) (*body[Brief], error) {
			id, ok := s.Sessions.ByCode(in.Code)
			if !ok {
				return nil, refuse(problem.New(problem.NotFound, "no session has this code").On("path.code").Try("check the six characters"))
			}
			out := &body[Brief]{}
			err := s.Sessions.Read(id, func(state *session.State) { out.Body = brief(state) })
			return out, refuse(err)
		})

	huma.Register(s.api, operation("view", http.MethodGet, "/sessions/{session}", "The session's view, for the token's audience", "sessions"),
		func(_ context.Context, in *struct {
			InSession
			Audience api.Audience `query:"audience" enum:"chair,booth,participant,public" doc:"Narrows the view"`
		}) (*struct {
			Cursor string `header:"ETag" doc:"The view's cursor"`
			Body   *api.View
		}, error,
		) {
			claims, err := s.look(in.Bearer, in.Session)
			if err != nil {
				return nil, refuse(err)
			}
			audience, err := claims.Audience.Narrow(in.Audience)
			if err != nil {
				return nil, refuse(err)
			}
			raw, cursor, err := s.View(in.Session, audience)
			if err != nil {
				return nil, refuse(err)
			}
			out := &struct {
				Cursor string `header:"ETag" doc:"The view's cursor"`
				Body   *api.View
			}{Cursor: `"` + string(cursor) + `"`, Body: &api.View{}}
			return out, refuse(json.Unmarshal(raw, out.Body))
		})

	huma.Register(s.api, operation("heads", http.MethodGet, "/sessions/{session}/heads", "Where the session's log stands, and the key that signs receipts", "proof"),
		func(_ context.Context, in *InSession) (*body[Heads], error) {
			if _, err := s.look(in.Bearer, in.Session); err != nil {
				return nil, refuse(err)
			}
			out := &body[Heads]{Body: Heads{Heads: []Head{}}}
			err := s.Sessions.Read(in.Session, func(state *session.State) {
				out.Body.View = state.ViewSequence
				out.Body.Sequence, out.Body.Incarnation, out.Body.PublicKey = state.Sequence, state.Incarnation, state.Registry.PublicKey
				for _, c := range []events.Context{events.Registry, events.Queue, events.Timing, events.Transcript} {
					if h, ok := state.Heads[c]; ok {
						out.Body.Heads = append(out.Body.Heads, Head{events.Subject(c, state.ID), h.Sequence, h.Version, h.Hash, h.At})
					}
				}
			})
			return out, refuse(err)
		})
}

// Heads is where a session's log stands.
type Heads struct {
	// Sequence is the stream sequence up to which this gateway has folded.
	Sequence uint64 `json:"sequence"`
	// View is that of the last commit which was more than captions: the view does
	// not change from there to Sequence.
	View        uint64 `json:"view"`
	Incarnation string `json:"incarnation"`
	PublicKey   string `json:"public_key"`
	Heads       []Head `json:"heads"`
}

// Head is where one subject stands.
type Head struct {
	Subject  string        `json:"subject"`
	Sequence uint64        `json:"sequence"`
	Version  uint64        `json:"version"`
	Hash     events.Hash   `json:"hash"`
	At       clock.Instant `json:"at"`
}

// frameOf makes a command of a request's body; its id is the body's, or the
// Idempotency-Key header's, or new.
func frameOf(verb string, id ids.Command, key string, args any, reason string) (api.CommandFrame, error) {
	if key != "" {
		named, err := ids.Parse[ids.Command](key)
		if err != nil {
			return api.CommandFrame{}, problem.New(problem.Invalid, "%s", err).On("header.Idempotency-Key").Try("send a UUIDv7, or leave it out")
		}
		if !id.IsZero() && id != named {
			return api.CommandFrame{}, problem.New(problem.Invalid, "the header and the body name different command ids").
				On("header.Idempotency-Key").Try("send one of the two")
		}
		id = named
	}
	if id.IsZero() {
		id = ids.New[ids.Command]()
	}
	raw, err := json.Marshal(args)
	return api.CommandFrame{ID: id, Verb: verb, Args: raw, Reason: reason}, err
}
