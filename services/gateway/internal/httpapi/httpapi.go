// Package httpapi is the HTTP API under /api/v1: REST with JSON, described by
// the OpenAPI 3.1 document that it serves itself, with refusals as RFC 9457
// problem details.
//
// Guarantee: identity comes from the bearer token alone; every refusal is a
// problem.Error with a code of the closed set; bodies are bounded; nothing is
// decided here: commands go through the same door as the websocket's.
package httpapi

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/joincode"
	"github.com/fairfloor/fairfloor/pkg/people"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/ratelimit"
	"github.com/fairfloor/fairfloor/pkg/retention"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/token"
	"github.com/fairfloor/fairfloor/pkg/words"
	"github.com/fairfloor/fairfloor/services/gateway/internal/captions"
)

// Sessions is what the API needs of the gateway's fold.
type Sessions interface {
	// Read calls f with a session's state under its lock.
	Read(s ids.Session, f func(*session.State)) error
	// Sessions lists every session of the log; ByCode finds one by its code.
	Sessions() []ids.Session
	// Consultations lists the subjects that are a consultation's own, which
	// ReadConsultation reads.
	Consultations() []ids.Session
	ReadConsultation(s ids.Session, f func(*session.State)) error
	ByCode(code string) (ids.Session, bool)
	// Reach makes sure that a session that is not known is none.
	Reach(s ids.Session, timeout time.Duration) error
	// Wait returns when the fold is at or past seq.
	Wait(ctx context.Context, s ids.Session, seq uint64, timeout time.Duration) error
}

// Asker sends commands to their services.
type Asker interface {
	Do(ctx context.Context, s ids.Session, actor events.Actor, frame api.CommandFrame) (command.Receipt, error)
}

// Config is what the API is made of.
type Config struct {
	Sessions Sessions
	Asker    Asker
	Tokens   *token.Authority
	// View gives a session's encoded view and cursor for an audience.
	View func(s ids.Session, audience api.Audience) ([]byte, api.Cursor, error)
	// Text gives the words of a statement text.
	Text func(ctx context.Context, s ids.Session, text ids.Text) (string, error)
	// Log gives the raw bodies of a session's commits, for export.
	Log func(ctx context.Context, s ids.Session, write func(subject string, seq uint64, body []byte) error) error
	// Captions are the live transcripts.
	Captions *captions.Hub
	// Glossary gives the terms of a session's glossary, Wish the words that a
	// speaker asks for in a correction.
	Glossary func(ids.Session) ([]words.Term, error)
	Wish     func(ids.Session, ids.Correction) (string, error)
	// Note gives the words of a note, empty when it was erased; Person what is known of somebody.
	Note   func(ctx context.Context, s ids.Session, note events.NoteRef) (string, error)
	Person func(ctx context.Context, s ids.Session, person ids.Person, digest events.Hash) (people.Person, error)
	// Secret gives the secret of a session's personal codes.
	Secret func(ids.Session) [32]byte
	// Limits counts wrong codes, applications and rehearsals, of all gateways where
	// it can; nil counts those of this one.
	Limits *ratelimit.Limiter
	// JoinCodes are the one-time codes, of all gateways; nil keeps those of this one.
	JoinCodes joincode.Store
	// Retention are the deployment's settings, for whoever asks what is kept until when.
	Retention retention.Settings
	// Devices tells delegates' devices where they stand.
	Devices Devices
	// Polling is the way round broken websockets.
	Polling Polling
	// Base is the public address for links, such as https://host/path; empty
	// takes it from the request.
	Base    string
	Version string
	Logger  *slog.Logger
}

// server is the API with its configuration.
type server struct {
	Config
	api    huma.API
	studio studio
}

// bodyLimit bounds an ordinary request body, in bytes; an import may be larger.
const bodyLimit, importLimit = 320 << 10, 1 << 20

// waitForView is how long an answer waits for the view to reach its commit.
const waitForView = 5 * time.Second

// Mount registers the API on mux and returns its OpenAPI document's JSON.
func Mount(mux *http.ServeMux, config Config) ([]byte, error) {
	settings := huma.DefaultConfig("Fairfloor", config.Version)
	settings.OpenAPIPath, settings.DocsPath, settings.SchemasPath = "", "", ""
	settings.CreateHooks = nil // no $schema members: the document is served once
	settings.Info.Description = "Live consultations: who may speak, in what order, for how long, and what was said."
	settings.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", BearerFormat: "JWS", Description: "A signed link's token (EdDSA)"},
	}
	if config.Limits == nil {
		config.Limits = ratelimit.New(nil, nil)
	}
	if config.JoinCodes == nil {
		config.JoinCodes = joincode.NewMemory(0)
	}
	s := &server{Config: config, api: humago.New(mux, settings)}
	s.studio.limits = config.Limits
	s.sessions()
	s.consultations()
	s.planning()
	s.commands()
	s.people()
	s.notes()
	s.retention()
	s.devices()
	s.applications()
	s.codes()
	s.exports()
	s.record()
	s.trail()
	s.updates()
	s.transcript()
	s.aids()
	s.push(mux)
	document, err := s.document()
	if err != nil {
		return nil, err
	}
	mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.oai.openapi+json;version=3.1")
		_, _ = w.Write(document)
	})
	return document, nil
}

// Refusal is a problem as the body of an HTTP answer.
type Refusal struct{ problem *problem.Error }

// Error is the problem's code and detail.
func (r Refusal) Error() string { return r.problem.Error() }

// MarshalJSON writes problem details.
func (r Refusal) MarshalJSON() ([]byte, error) { return r.problem.MarshalJSON() }

// GetStatus is the HTTP status (huma.StatusError).
func (r Refusal) GetStatus() int { return r.problem.Status() }

// ContentType is RFC 9457's.
func (r Refusal) ContentType(string) string { return "application/problem+json" }

// refuse makes an answer of an error; nil stays nil.
func refuse(err error) error {
	if err == nil {
		return nil
	}
	return Refusal{problem.From(err)}
}

func init() {
	// huma's own refusals (a body that is not JSON, a field of the wrong type)
	// become ours; its hook is a package variable.
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return Refusal{fromHuma(status, message, errs)}
	}
}

// fromHuma turns a refusal of the framework into one of the closed set, naming
// the first field at fault.
func fromHuma(status int, message string, errs []error) *problem.Error {
	code := problem.Malformed
	switch {
	case status == http.StatusUnprocessableEntity:
		code = problem.Invalid
	case status == http.StatusRequestEntityTooLarge:
		code = problem.TooLarge
	case status == http.StatusNotFound:
		code = problem.NotFound
	case status == http.StatusRequestTimeout, status == http.StatusServiceUnavailable:
		code = problem.Busy
	case status >= 500:
		return problem.From(nil)
	}
	p := problem.New(code, "%s", message)
	for _, err := range errs {
		if detailer, ok := err.(huma.ErrorDetailer); ok {
			d := detailer.ErrorDetail()
			p.Field = strings.TrimPrefix(strings.TrimPrefix(d.Location, "body"), ".")
			p.Detail = d.Message
			break
		}
	}
	return p.Try("correct the request by /openapi.json and send it again")
}

// Bearer is the authorisation header of every operation that needs one.
type Bearer struct {
	Authorization string `header:"Authorization" doc:"Bearer and the token of a signed link"`
}

// identify gives the token's claims; without one, a visitor's, who is nobody.
func (s *server) identify(b Bearer) (token.Claims, error) {
	text, ok := strings.CutPrefix(b.Authorization, "Bearer ")
	if !ok || text == "" {
		return token.Claims{}, problem.New(problem.Unauthorised, "the request has no bearer token").
			On("header.Authorization").Try("send the token of your link: Authorization: Bearer TOKEN")
	}
	return s.Tokens.Verify(text)
}

// enter identifies the bearer and checks that the token is for the session, and
// that there is one: who may not know of it and who asks for none hear the same.
func (s *server) enter(b Bearer, id ids.Session) (token.Claims, error) {
	claims, err := s.approach(b, id)
	if err != nil {
		return claims, err
	}
	return claims, s.Sessions.Read(id, func(*session.State) {})
}

// approach is enter for a session that may still have to be made.
func (s *server) approach(b Bearer, id ids.Session) (token.Claims, error) {
	claims, err := s.identify(b)
	if err != nil {
		return claims, err
	}
	if claims.Covers(id) {
		if err := s.Sessions.Reach(id, waitForView); err != nil {
			return claims, err
		}
	}
	return claims, s.Tokens.Admit(claims, id)
}

// sees reports whether a session is listed for a bearer.
func (s *server) sees(claims token.Claims, id ids.Session) bool {
	return s.Tokens.Admit(claims, id) == nil
}

// enterAs is enter for staff with one of the roles.
func (s *server) enterAs(b Bearer, id ids.Session, roles ...events.Role) (token.Claims, error) {
	claims, err := s.enter(b, id)
	if err != nil {
		return claims, err
	}
	if !claims.Actor().Has(roles...) {
		return claims, problem.New(problem.Forbidden, "this needs one of the roles %v", roles).On("header.Authorization").
			Try("ask the secretariat for a link with that role")
	}
	return claims, nil
}

// look gives whom a reading request is for: the token's bearer, or a visitor
// where the modalities let observers follow without a login.
func (s *server) look(b Bearer, id ids.Session) (token.Claims, error) {
	if b.Authorization != "" {
		return s.enter(b, id)
	}
	public := false
	if err := s.Sessions.Read(id, func(state *session.State) { public = state.Registry.Modalities.PublicLive }); err != nil {
		return token.Claims{}, err
	}
	if !public {
		return token.Claims{}, problem.New(problem.Unauthorised, "this session is not open to visitors").
			On("header.Authorization").Try("open the link that you were given")
	}
	return token.Claims{Session: id, Roles: []events.Role{events.Observer}, Audience: token.ForPublic}, nil
}

// staffRoles may act for others and see the whole log.
var staffRoles = []events.Role{events.Chair, events.ViceChair, events.Secretariat, events.Organiser}

// do sends a command and waits until the view has reached it. A refusal by the
// service becomes the answer's problem.
func (s *server) do(ctx context.Context, id ids.Session, actor events.Actor, frame api.CommandFrame) (command.Receipt, error) {
	receipt, err := s.Asker.Do(ctx, id, actor, frame)
	if err != nil {
		return receipt, err
	}
	if len(receipt.Problem) > 0 {
		return receipt, unwrap(receipt.Problem)
	}
	// A later GET must show what was acknowledged. When the fold is slow the
	// receipt is still true, so it is given all the same.
	if err := s.Sessions.Wait(ctx, id, receipt.Seq, waitForView); err != nil {
		s.Logger.Warn("the view is behind an acknowledged command", "session", id.String(), "seq", receipt.Seq)
	}
	return receipt, nil
}

// Refuse writes a refusal outside of the framework's handlers.
func Refuse(w http.ResponseWriter, err error) {
	p := problem.From(err)
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status())
	_ = json.NewEncoder(w).Encode(p)
}
