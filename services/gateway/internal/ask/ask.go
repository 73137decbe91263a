// Package ask sends commands to the services that decide them, for HTTP and
// websocket alike.
//
// Guarantee: a command reaches its service only when its id, verb, roles, size
// and arguments are what the table of package command says, and its sender is
// within the rate; otherwise nothing was sent and the problem names the field
// and what to do. What was sent is sent again with the same id until a service
// answers or 10 s are over, and the end is then told honestly: "unknown, send
// the same id again" (decisions.md 31). A free-text reason never travels with
// the command: it is stored where it can be forgotten, and its note goes along.
package ask

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"
	"unicode/utf8"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/ratelimit"
	"github.com/fairfloor/fairfloor/pkg/shell"
)

// MaxReason is the longest free-text reason, in characters.
const MaxReason = 2000

// CommandsPerSession is the usual bound of a session's delegates and observers
// together: 500 joins at once fit (decisions.md 6).
const CommandsPerSession = 500

// Notes stores a free text where it can be forgotten, under an id derived from
// the command's: the same command again gets the same note.
type Notes func(ctx context.Context, s ids.Session, actor events.Actor, c ids.Command, text string) (events.NoteRef, error)

// Config is what an Asker needs. Conn must be set.
type Config struct {
	Conn *nats.Conn
	// Notes stores reasons; nil refuses commands that come with one.
	Notes Notes
	// PerSecond is how many commands one token may send in a second; zero is
	// api.CommandsPerSecond, a negative number no limit (rehearsals on a gated clock).
	PerSecond int
	// PerSession is how many commands a session takes in a second from delegates
	// and observers together; zero is CommandsPerSession, a negative number no limit.
	PerSession int
	// Limits counts the commands of each token and session, of all gateways where it can; nil
	// counts those of this one.
	Limits     *ratelimit.Limiter
	Logger     *slog.Logger
	Tracer     trace.TracerProvider
	Registerer prometheus.Registerer
}

// Asker sends commands. It is safe for concurrent use.
type Asker struct {
	config  Config
	tracer  trace.Tracer
	seconds *prometheus.HistogramVec
}

// New makes an asker. The error is the registerer's.
func New(c Config) (*Asker, error) {
	if c.Conn == nil {
		return nil, errors.New("ask: a connection is needed")
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Tracer == nil {
		c.Tracer = noop.NewTracerProvider()
	}
	if c.PerSecond == 0 {
		c.PerSecond = api.CommandsPerSecond
	}
	if c.PerSession == 0 {
		c.PerSession = CommandsPerSession
	}
	if c.Limits == nil {
		c.Limits = ratelimit.New(nil, nil)
	}
	a := &Asker{
		config: c, tracer: c.Tracer.Tracer("fairfloor/gateway"),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "fairfloor_gateway_command_seconds", Help: "Time from a client's command to its answer, by outcome.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"outcome"}),
	}
	if c.Registerer != nil {
		if err := c.Registerer.Register(a.seconds); err != nil {
			return nil, fmt.Errorf("ask: %w", err)
		}
	}
	return a, nil
}

// Do sends one command of an actor, whose identity comes from a token, and
// waits for its receipt. A refusal by the service is a receipt with the outcome
// refused. The error is always a *problem.Error: either nothing was sent, or
// nobody knows (Busy, Unknown) and the same command may be sent again.
func (a *Asker) Do(ctx context.Context, s ids.Session, actor events.Actor, frame api.CommandFrame) (command.Receipt, error) {
	started := time.Now()
	receipt, err := a.do(ctx, s, actor, frame)
	outcome := string(receipt.Outcome)
	if err != nil {
		outcome = string(problem.From(err).Code)
	}
	a.seconds.WithLabelValues(outcome).Observe(time.Since(started).Seconds())
	return receipt, err
}

// countedKey marks a context; see Counted.
type countedKey struct{}

// Counted says that the commands of a context are parts of a request that was
// counted already, such as the delegates of an import: one request of one link,
// whose size is bounded elsewhere, does not use up a second's allowance.
func Counted(ctx context.Context) context.Context { return context.WithValue(ctx, countedKey{}, true) }

func (a *Asker) do(ctx context.Context, s ids.Session, actor events.Actor, frame api.CommandFrame) (command.Receipt, error) {
	if ctx.Value(countedKey{}) == nil {
		if err := a.allow(ctx, actor); err != nil {
			return command.Receipt{}, err
		}
	}
	request, verb, err := check(s, actor, frame)
	if err != nil {
		return command.Receipt{}, err
	}
	if ctx.Value(countedKey{}) == nil {
		// Only what the actor may send counts: strangers cannot use up a session's share.
		if err := a.share(ctx, s, actor); err != nil {
			return command.Receipt{}, err
		}
	}
	ctx, span := a.tracer.Start(ctx, "gateway."+verb.Name, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("session", s.String()), attribute.String("command", frame.ID.String())))
	defer span.End()
	if frame.Reason != "" {
		if request.Reason, err = a.note(ctx, s, actor, frame); err != nil {
			span.SetStatus(codes.Error, string(problem.From(err).Code))
			return command.Receipt{}, problem.From(err)
		}
	}
	receipt, err := shell.Ask(ctx, a.config.Conn, verb.Context, request)
	if err == nil {
		return *receipt, nil
	}
	refusal := problem.From(err)
	span.SetStatus(codes.Error, string(refusal.Code))
	switch refusal.Code {
	case problem.Busy, problem.Unknown:
		return command.Receipt{}, refusal
	case problem.Internal:
		a.config.Logger.Error("a command failed", "session", s.String(), "command", frame.ID.String(), "verb", verb.Name, "error", err)
		return command.Receipt{}, refusal
	}
	body, err := json.Marshal(refusal)
	if err != nil {
		return command.Receipt{}, problem.From(err)
	}
	return command.Receipt{CommandID: frame.ID, Outcome: command.RefusedBy, Problem: body}, nil
}

// Noted sends a command of the gateway itself: not limited, and answered to
// nobody. Already being so is what it wanted.
func (a *Asker) Noted(ctx context.Context, s ids.Session, verb string, id ids.Command, args any) error {
	raw, err := json.Marshal(args)
	if err != nil {
		return fmt.Errorf("%s: %w", verb, err)
	}
	v, ok := command.Lookup(verb)
	if !ok {
		return fmt.Errorf("there is no command %q", verb)
	}
	_, err = shell.Ask(ctx, a.config.Conn, v.Context, &command.Request{ID: id, Session: s, Verb: verb, Actor: Gateway(), Args: raw})
	if problem.Is(err, problem.Already) {
		return nil
	}
	return err
}

// Gateway is the actor of what the gateway itself notes. No token can carry the
// role, and no service's own name is taken.
func Gateway() events.Actor { return events.Actor{ID: "gateway", Roles: []events.Role{events.System}} }

// note stores the reason.
func (a *Asker) note(ctx context.Context, s ids.Session, actor events.Actor, frame api.CommandFrame) (*events.NoteRef, error) {
	if a.config.Notes == nil {
		return nil, problem.New(problem.Busy, "reasons cannot be stored at present").On("reason").Try("send the same command with the same id again")
	}
	ref, err := a.config.Notes(ctx, s, actor, frame.ID, frame.Reason)
	if err != nil {
		return nil, err
	}
	return &ref, nil
}

// check makes the request of a frame, or says what is wrong with it. It looks
// at no state.
func check(s ids.Session, actor events.Actor, frame api.CommandFrame) (*command.Request, command.Verb, error) {
	if frame.ID.IsZero() {
		return nil, command.Verb{}, problem.Field("id", "a command needs an id").Try("make a UUIDv7 for each new command, and keep it for sending it again")
	}
	// Versions 5 are derived by services; one from outside could stand in their way.
	if raw := frame.ID.Bytes(); raw[6]>>4 != 7 && raw[6]>>4 != 4 {
		return nil, command.Verb{}, problem.Field("id", "the id is a UUID of version %d", raw[6]>>4).Try("make a UUIDv7 for each new command")
	}
	verb, ok := command.Lookup(frame.Verb)
	if !ok {
		return nil, verb, problem.Field("verb", "there is no command %.40q", frame.Verb).Try("use a verb of the table in /openapi.json")
	}
	request := &command.Request{ID: frame.ID, Session: s, Verb: verb.Name, Actor: actor, Expect: frame.Expect, Args: frame.Args}
	if n := utf8.RuneCountInString(frame.Reason); n > MaxReason {
		return nil, verb, problem.Field("reason", "the reason has %d characters; at most %d are kept", n, MaxReason).Try("say it shorter")
	}
	if frame.Reason != "" {
		// Admit asks whether there is a reason; the note is stored after the checks.
		request.Reason = &events.NoteRef{}
	}
	if _, err := command.Admit(request, verb.Context); err != nil {
		return nil, verb, err
	}
	request.Reason = nil
	if err := request.Read(verb.Args()); err != nil {
		return nil, verb, err
	}
	return request, verb, nil
}
