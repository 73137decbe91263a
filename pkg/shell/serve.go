package shell

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// serve subscribes to the context's commands, in the queue group of its replicas.
func (sh *Shell) serve() (micro.Service, error) {
	name := sh.Name()
	served, err := micro.AddService(sh.log.Conn(), micro.Config{
		Name: name, Version: "1.0.0", Description: "Commands of the context " + name, QueueGroup: name,
	})
	if err != nil {
		return nil, err
	}
	if err := served.AddEndpoint("commands", micro.HandlerFunc(sh.take), micro.WithEndpointSubject("cmd."+name+".*.*")); err != nil {
		return nil, errors.Join(err, served.Stop())
	}
	return served, nil
}

// take puts a command in its session's line. It runs in the endpoint's one
// goroutine, so it must not wait.
func (sh *Shell) take(message micro.Request) {
	started := time.Now()
	request := &command.Request{}
	ctx := propagation.TraceContext{}.Extract(sh.work, eventlog.Carrier(message.Headers()))
	err := sh.read(message, request)
	ctx, span := sh.tracer.Start(ctx, sh.Name()+"."+request.Verb, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
		attribute.String("session", request.Session.String()), attribute.String("command", request.ID.String())))
	answer := func(receipt *command.Receipt, err error) {
		outcome := sh.answer(message, request, receipt, err)
		if err != nil {
			span.SetStatus(codes.Error, string(problem.From(err).Code))
		}
		span.End()
		sh.metrics.commands.WithLabelValues(sh.verb(request.Verb), outcome).Inc()
		sh.metrics.duration.Observe(time.Since(started).Seconds())
	}
	if err == nil {
		err = sh.enqueue(job{ctx: ctx, request: request, answer: answer})
	}
	if err != nil {
		answer(nil, err)
	}
}

// read reads a command and checks that it is what its subject says. Who acts
// comes from the gateway's token; the name of a service is nobody's to take.
func (sh *Shell) read(message micro.Request, request *command.Request) error {
	if err := json.Unmarshal(message.Data(), request); err != nil {
		return problem.New(problem.Malformed, "the command is not readable: %v", err).Try("send a JSON object as the API's document describes it")
	}
	fields := strings.Split(message.Subject(), ".")
	switch {
	case len(fields) != 4 || fields[2] != request.Session.String():
		return problem.Field("session", "the command names session %s and was sent to %s", request.Session, message.Subject())
	case fields[3] != request.Verb:
		return problem.Field("verb", "the command's verb is %q and it was sent to %s", request.Verb, message.Subject())
	case request.Session.IsZero():
		return problem.Field("session", "a command needs a session")
	case request.ID.IsZero():
		return problem.Field("id", "a command needs an id").Try("make a UUIDv7 for each new command")
	case request.Actor.ID == "":
		return problem.New(problem.Unauthorised, "a command needs an actor")
	case strings.HasPrefix(request.Actor.ID, "system/"):
		return problem.New(problem.Forbidden, "a service's own name cannot be used from outside").On("actor.id")
	}
	return nil
}

// answer sends the receipt, or the refusal with the error headers of micro, and
// gives the outcome's name for metrics.
func (sh *Shell) answer(message micro.Request, request *command.Request, receipt *command.Receipt, err error) string {
	if err == nil {
		body, err := json.Marshal(receipt)
		sh.send(message, nil, body, err, request)
		return string(receipt.Outcome)
	}
	refusal := problem.From(err)
	if refusal.Code == problem.Internal {
		sh.lines.Error("a command failed", "session", request.Session, "command", request.ID, "verb", request.Verb, "error", err)
	}
	refused := &command.Receipt{CommandID: request.ID, Outcome: command.RefusedBy}
	var body []byte
	if refused.Problem, err = json.Marshal(refusal); err == nil {
		body, err = json.Marshal(refused)
	}
	// A header's value is one line; what is behind it stands in the body anyway.
	sh.send(message, nats.Header{
		micro.ErrorCodeHeader: {strconv.Itoa(refusal.Status())},
		micro.ErrorHeader:     {string(refusal.Code) + ": " + refusal.Title()},
	}, body, err, request)
	return string(refusal.Code)
}

// send answers a message; an answer that cannot be written or sent is noted, and
// the client repeats its command. It does not use micro's own Respond and Error:
// they write to the request, which micro reads as soon as the handler has
// returned, and that is long before a command is done.
func (sh *Shell) send(message micro.Request, header nats.Header, body []byte, err error, request *command.Request) {
	if err == nil {
		err = sh.log.Conn().PublishMsg(&nats.Msg{Subject: message.Reply(), Header: header, Data: body})
	}
	if err != nil {
		sh.lines.Warn("an answer was not sent", "session", request.Session, "command", request.ID, "error", err)
	}
}

// verb bounds a metric's labels to the table: anybody can make up a verb.
func (sh *Shell) verb(name string) string {
	if _, ok := command.Lookup(name); ok {
		return name
	}
	return "other"
}

// Ask sends a command to its context and waits for the receipt, as gateways do.
// While nobody answers, or a replica says "not now", it sends the same id again,
// for 10 s (decisions.md 31). The error of a refused command is a *problem.Error;
// after the 10 s it is Unknown when the command may have been taken.
func Ask(ctx context.Context, conn *nats.Conn, to events.Context, request *command.Request) (*command.Receipt, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("writing the command: %w", err)
	}
	message := &nats.Msg{Subject: events.CommandSubject(to, request.Session, request.Verb), Data: body, Header: nats.Header{}}
	propagation.TraceContext{}.Inject(ctx, eventlog.Carrier(message.Header))
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	type reply struct {
		message *nats.Msg
		err     error
	}
	replies, open := make(chan reply), 0
	// An attempt is waited for to the end, whatever is asked meanwhile: who took the
	// command first may be slow, and the only one to answer.
	attempt := func() {
		open++
		go func() {
			m, err := conn.RequestMsgWithContext(ctx, message)
			select {
			case replies <- reply{m, err}:
			case <-ctx.Done():
			}
		}()
	}
	attempt()
	wait, patience, maybe := firstWait, firstPatience, false
	again := time.NewTimer(patience)
	defer again.Stop()
	var last error
	var kept *answered
	var enough <-chan time.Time
	for {
		select {
		case r := <-replies:
			open--
			if r.err == nil {
				receipt, err := readReceipt(r.message)
				if !problem.Is(err, problem.Busy) && !problem.Is(err, problem.Unknown) {
					kept = better(kept, &answered{receipt, err})
					if open == 0 || kept.rank() == saysYes {
						return kept.receipt, kept.err
					}
					if enough == nil {
						enough = time.After(othersWithin)
					}
					continue
				}
				last, maybe = err, maybe || problem.Is(err, problem.Unknown)
			} else {
				// Without a responder nobody got it; anything else leaves that open.
				last, maybe = nil, maybe || !errors.Is(r.err, nats.ErrNoResponders)
			}
			if kept != nil && open == 0 {
				return kept.receipt, kept.err
			}
			again.Reset(max(wait, retryAfter(last)))
			// Somebody answers: the next one is given its time anew.
			wait, patience = min(2*wait, mostWait), firstPatience
		case <-again.C:
			if kept == nil {
				attempt()
				again.Reset(patience)
				patience = min(2*patience, askFor)
			}
		case <-enough:
			return kept.receipt, kept.err
		case <-ctx.Done():
			if kept != nil {
				return kept.receipt, kept.err
			}
			return nil, unanswered(last, maybe || open > 0)
		}
	}
}

// answered is how one attempt ended. Two replicas may answer the same command, one
// that was slow and the one that was asked past it: what one did is a duplicate to
// the other, or forbidden by now, and the first of the two answers is not the true one.
type answered struct {
	receipt *command.Receipt
	err     error
}

// The ranks of answers, the one to believe last.
const (
	saysNo = iota
	saysDone
	saysYes
)

func (a *answered) rank() int {
	switch {
	case a.err != nil:
		return saysNo
	case a.receipt.Outcome != command.Accepted:
		return saysDone
	default:
		return saysYes
	}
}

// better gives the answer to believe; of two alike the first.
func better(a, b *answered) *answered {
	if a == nil || b.rank() > a.rank() {
		return b
	}
	return a
}

// How long Ask asks in all, and after how long it asks once more while the first
// replica is silent: one that was killed with the message in its hands never
// answers, and another one should within a second (issue 6). Each time it waits
// twice as long, so that a log that is slow is not made slower by asking. The
// others have othersWithin to say something better than what one has said.
const (
	askFor        = 10 * time.Second
	firstPatience = 400 * time.Millisecond
	othersWithin  = 300 * time.Millisecond
)

// retryAfter is how long a refusal asks to wait.
func retryAfter(err error) time.Duration {
	if err == nil {
		return 0
	}
	return time.Duration(problem.From(err).RetryAfterMS) * time.Millisecond
}

// unanswered is what Ask says in the end.
func unanswered(last error, maybe bool) error {
	switch {
	case maybe:
		p := problem.New(problem.Unknown, "nobody said whether the command was taken").Try("send the same command with the same id again")
		p.RetryAfterMS = 1000
		return p
	case last != nil:
		return last
	default:
		return busy("no service answers at present", 1000)
	}
}

// readReceipt reads an answer; a refused receipt is an error.
func readReceipt(reply *nats.Msg) (*command.Receipt, error) {
	receipt := &command.Receipt{}
	if err := json.Unmarshal(reply.Data, receipt); err != nil {
		return nil, fmt.Errorf("the service's answer is not readable: %w", err)
	}
	if receipt.Outcome != command.RefusedBy {
		return receipt, nil
	}
	refusal := &problem.Error{}
	if err := json.Unmarshal(receipt.Problem, refusal); err != nil {
		return nil, fmt.Errorf("the service's refusal is not readable: %w", err)
	}
	return nil, refusal
}
