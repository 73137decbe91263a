package eventlog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// ErrNoMessage says that there is no message for what a read asked for.
var ErrNoMessage = errors.New("no such message in the stream")

// Raw is one stored message as it is.
type Raw struct {
	Stream   string
	Subject  string
	Sequence uint64
	// Stored is the server's time of storing.
	Stored time.Time
	Header nats.Header
	Body   []byte
}

// getRequest asks the stream's leader for one message (JetStream API, STREAM.MSG.GET).
// The direct reads of the library may be answered by a copy that is behind
// (event-log.md 6), and this one may not.
type getRequest struct {
	Sequence      uint64 `json:"seq,omitempty"`
	LastBySubject string `json:"last_by_subj,omitempty"`
	NextBySubject string `json:"next_by_subj,omitempty"`
}

// get reads one message from the leader. Its error wraps ErrNoMessage when the
// server says that there is none.
func (l *Log) get(ctx context.Context, stream string, r getRequest) (*Raw, error) {
	request, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, l.options.AppendWithin)
	defer cancel()
	answer, _, err := insist(ctx, weighRead, func(ctx context.Context) (*nats.Msg, error) {
		return l.conn.RequestWithContext(ctx, "$JS.API.STREAM.MSG.GET."+stream, request)
	})
	if err != nil {
		return nil, fmt.Errorf("reading from the leader of %s: %w", stream, err)
	}
	var reply struct {
		Error   *jetstream.APIError `json:"error"`
		Message *struct {
			Subject  string    `json:"subject"`
			Sequence uint64    `json:"seq"`
			Header   []byte    `json:"hdrs"`
			Data     []byte    `json:"data"`
			Time     time.Time `json:"time"`
		} `json:"message"`
	}
	if err := json.Unmarshal(answer.Data, &reply); err != nil {
		return nil, fmt.Errorf("reading from the leader of %s: %w", stream, err)
	}
	if reply.Error != nil && reply.Error.ErrorCode == jetstream.JSErrCodeMessageNotFound {
		return nil, fmt.Errorf("%s: %w", stream, ErrNoMessage)
	}
	if reply.Error != nil {
		return nil, fmt.Errorf("reading from the leader of %s: %w", stream, reply.Error)
	}
	if reply.Message == nil {
		return nil, fmt.Errorf("reading from the leader of %s: an answer without a message", stream)
	}
	raw := &Raw{
		Stream: stream, Subject: reply.Message.Subject, Sequence: reply.Message.Sequence,
		Stored: reply.Message.Time, Body: reply.Message.Data,
	}
	if len(reply.Message.Header) > 0 {
		if raw.Header, err = nats.DecodeHeadersMsg(reply.Message.Header); err != nil {
			return nil, fmt.Errorf("sequence %d of %s: headers: %w", raw.Sequence, stream, err)
		}
	}
	return raw, nil
}

// weighRead says how much the end of an attempt to read says: any answer is one.
func weighRead(err error) weight {
	switch {
	case err == nil:
		return certain
	case errors.Is(err, nats.ErrNoResponders):
		return nobody
	default:
		return perhaps
	}
}

// Last asks the leader for the sequence of the last message on a session's
// subject; 0 means that there is none.
func (l *Log) Last(ctx context.Context, s ids.Session, c events.Context) (uint64, error) {
	raw, err := l.get(ctx, events.Stream(s), getRequest{LastBySubject: events.Subject(c, s)})
	if errors.Is(err, ErrNoMessage) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return raw.Sequence, nil
}

// LastOf asks the leader for a stream's last sequence.
func (l *Log) LastOf(ctx context.Context, stream string) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, l.options.AppendWithin)
	defer cancel()
	s, err := l.js.Stream(ctx, stream)
	if err != nil {
		return 0, fmt.Errorf("asking for the end of %s: %w", stream, err)
	}
	last := s.CachedInfo().State.LastSeq
	l.activity.stored(stream, last)
	return last, nil
}

// Read gives every stored message of a session in stream order, as bytes, for
// exports and proofs. It reads from the leader. A message that cannot be read
// ends it with an error that names its stream and says after which sequence.
func (l *Log) Read(ctx context.Context, s ids.Session) ([]Raw, error) {
	stream, filter := events.Stream(s), "evt.*."+s.String()
	var all []Raw
	next := uint64(1)
	for {
		raw, err := l.get(ctx, stream, getRequest{Sequence: next, NextBySubject: filter})
		if errors.Is(err, ErrNoMessage) {
			return all, nil
		}
		if err != nil {
			return all, fmt.Errorf("session %s, from sequence %d on: %w", s, next, err)
		}
		all = append(all, *raw)
		next = raw.Sequence + 1
	}
}

// Offset is how far this process' clock is from the one that stamps messages.
type Offset struct {
	// Ahead is positive when this process' clock is ahead.
	Ahead time.Duration
	// Within is the uncertainty: half of the time that the answer took.
	Within time.Duration
}

// offsetCertain is far below the 50 ms from which a difference is noted, so a
// quick answer is not asked for twice more.
const offsetCertain = time.Millisecond

// MeasureOffset compares this process' clock with that of a stream's leader,
// which stamps the messages (decisions.md 9). It takes the quickest of three
// answers, or the first that is certain to offsetCertain.
func (l *Log) MeasureOffset(ctx context.Context) (Offset, error) {
	streams := l.Streams()
	if len(streams) == 0 {
		return Offset{}, fmt.Errorf("there is no stream to compare the clock with")
	}
	best := Offset{Within: -1}
	for range 3 {
		sent, wall := time.Now(), l.options.Now()
		stream, err := l.js.Stream(ctx, streams[0])
		if err != nil {
			return Offset{}, fmt.Errorf("comparing the clock: %w", err)
		}
		// The difference of two readings of one clock is monotonic; the comparison
		// with the server's must use the wall, as the process has it.
		half := time.Since(sent) / 2
		if stamp := stream.CachedInfo().TimeStamp; best.Within < 0 || half < best.Within {
			best = Offset{Ahead: wall.Add(half).Round(0).Sub(stamp), Within: half}
		}
		if best.Within <= offsetCertain {
			break
		}
	}
	return best, nil
}
