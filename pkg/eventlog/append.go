package eventlog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel/propagation"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// Kind is what became of an append: one of the constants below and nothing else.
type Kind string

// The kinds of outcome.
const (
	// Stored: the message is in the log at Sequence.
	Stored Kind = "stored"
	// Conflict: the subject's head is another one; catch up and decide again.
	// The same message stored earlier counts as a conflict too: what is stored
	// may have been decided differently.
	Conflict Kind = "conflict"
	// Busy: the guard cannot be checked now; send the same bytes with the same expectation again.
	Busy Kind = "busy"
	// NotSent: no leader got it; send it again.
	NotSent Kind = "not_sent"
	// Unknown: nobody answered in time; catch up by a leader read and look for the command's id.
	Unknown Kind = "unknown"
	// Failed: the server refused to store it for a reason that repeating does not
	// cure, such as a full disk or a session that is refused; Err says which.
	Failed Kind = "failed"
)

// Server error codes (nats-server/server/errors.json) that tell the outcomes apart.
const (
	codeWrongLastSequence         = 10071
	codeWrongLastSequenceConstant = 10164
	codeInProcess                 = 10158
	codeNoPeers                   = 10005
	codeNotAvailable              = 10008
	codeNotLeader                 = 10009
	codeStoreFailed               = 10077
	codeInsufficientResources     = 10023
	codeStorageExceeded           = 10047
)

// Outcome is the answer to one append.
type Outcome struct {
	Kind Kind
	// Sequence is the message's sequence in the stream, when it is Stored.
	Sequence uint64
	// Hash is the hash of the body that was sent.
	Hash events.Hash
	// Err says more about every kind but Stored.
	Err error
}

// Append sends one commit of a context to a session's subject, guarded by the
// sequence of the last message on that subject (0: there is none), and says what
// became of it. The commit's version and prev_hash must fit that message. The
// span in ctx goes along as traceparent; a cancelled ctx does not take back what
// was sent, so the append waits for its outcome up to Options.AppendWithin.
func (l *Log) Append(ctx context.Context, s ids.Session, c events.Context, commit *events.Commit, expected uint64) Outcome {
	defer l.activity.Begin()()
	started := time.Now()
	out := l.append(ctx, s, c, commit, expected)
	l.metrics.duration.Observe(time.Since(started).Seconds())
	l.metrics.appends.WithLabelValues(string(out.Kind)).Inc()
	return out
}

func (l *Log) append(ctx context.Context, s ids.Session, c events.Context, commit *events.Commit, expected uint64) Outcome {
	if refused := l.Refusal(s); refused != nil {
		return Outcome{Kind: Failed, Err: refused}
	}
	body, err := json.Marshal(commit)
	if err != nil {
		return Outcome{Kind: Failed, Err: fmt.Errorf("encoding the commit: %w", err)}
	}
	if size := int64(len(body)); size > l.conn.MaxPayload()-headerRoom && l.conn.MaxPayload() > 0 {
		return Outcome{Kind: Failed, Err: problem.New(problem.TooLarge, "the act makes %d bytes of facts and %d are allowed", size, l.conn.MaxPayload()-headerRoom).
			Try("split it into smaller acts")}
	}
	subject, stream := events.Subject(c, s), events.Stream(s)
	msg := &nats.Msg{Subject: PublishSubject(c, s), Data: body, Header: header(subject, stream, commit, expected)}
	propagation.TraceContext{}.Inject(ctx, Carrier(msg.Header))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.options.AppendWithin)
	defer cancel()
	// No silent second attempt inside the library: what is repeated is decided here.
	// The guard and the message id let at most one of several attempts be stored.
	ack, attempts, err := insist(ctx, weighAppend, func(ctx context.Context) (*jetstream.PubAck, error) {
		return l.js.PublishMsg(ctx, msg, jetstream.WithRetryAttempts(0))
	})
	out := Outcome{Hash: events.HashBody(body)}
	switch {
	case err != nil:
		out.Kind, out.Err = classify(err), err
	case ack.Duplicate:
		out.Kind, out.Err = Conflict, fmt.Errorf("%s: stored before at sequence %d", commit.Command, ack.Sequence)
	default:
		out.Kind, out.Sequence = Stored, ack.Sequence
	}
	if out.Kind == Conflict && attempts > 1 {
		// An attempt of which nobody told may be what the next one conflicts with.
		if sequence, mine := l.follows(ctx, stream, subject, expected, out.Hash); mine {
			out = Outcome{Kind: Stored, Sequence: sequence, Hash: out.Hash}
		}
	}
	if out.Kind == Stored {
		l.activity.stored(stream, out.Sequence)
		l.options.Witness.Note(Head{Subject: subject, Sequence: out.Sequence, Version: commit.Version, Hash: out.Hash})
	}
	return out
}

// follows asks the leader whether what follows on a subject after a sequence has
// exactly these bytes, and gives its sequence.
func (l *Log) follows(ctx context.Context, stream, subject string, after uint64, hash events.Hash) (sequence uint64, mine bool) {
	raw, err := l.get(ctx, stream, getRequest{Sequence: after + 1, NextBySubject: subject})
	if err != nil {
		return 0, false
	}
	return raw.Sequence, events.HashBody(raw.Body) == hash
}

// weighAppend says how much the end of an attempt to append says. A refusal to
// store leaves open what became of the attempts before it.
func weighAppend(err error) weight {
	if err == nil {
		return certain
	}
	switch classify(err) {
	case Conflict:
		return certain
	case Busy, NotSent:
		return nobody
	default:
		return perhaps
	}
}

// headerRoom is what the headers and the subject may take of the server's limit
// for a message, in bytes.
const headerRoom = 4096

// header gives the guard, the window against doubles, and the CloudEvents
// attributes (CloudEvents 1.0, NATS binding) that let other tools read the log.
func header(subject, stream string, commit *events.Commit, expected uint64) nats.Header {
	return nats.Header{
		jetstream.MsgIDHeader:               {subject + "/" + commit.Actor.ID + "/" + commit.Command.String()},
		jetstream.ExpectedStreamHeader:      {stream},
		jetstream.ExpectedLastSubjSeqHeader: {strconv.FormatUint(expected, 10)},
		"ce-specversion":                    {"1.0"},
		"ce-id":                             {commit.Command.String()},
		"ce-source":                         {"urn:fairfloor:" + subject},
		"ce-type":                           {"fairfloor.commit." + commit.Verb},
		"ce-time":                           {commit.At.String()},
		"content-type":                      {"application/json"},
	}
}

// classify maps what the library and the server say to the closed set. What is
// not known here is Unknown, never a success and never "not stored".
func classify(err error) Kind {
	var api *jetstream.APIError
	if errors.As(err, &api) {
		switch api.ErrorCode {
		case codeWrongLastSequence:
			return Conflict
		case codeWrongLastSequenceConstant, codeInProcess:
			return Busy
		case codeNotAvailable:
			return NotSent
		case codeStoreFailed, codeInsufficientResources, codeStorageExceeded:
			return Failed
		}
		if api.Code >= 400 && api.Code < 500 {
			// A refusal of the message itself, such as another stream than expected.
			return Failed
		}
		return Unknown
	}
	if errors.Is(err, jetstream.ErrNoStreamResponse) || errors.Is(err, nats.ErrNoResponders) {
		return NotSent
	}
	return Unknown
}
