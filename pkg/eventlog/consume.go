package eventlog

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// stallAfter is how long a consumer may bring nothing although there is more,
	// before the leader is asked for the next message itself.
	stallAfter = time.Second
	// idleConsumer is how long the server keeps a consumer whose client is gone.
	idleConsumer = 30 * time.Second
	// restartWait and restartMost bound the wait before a consumer is made anew. The
	// library's own back-off starts at 1 s and reaches 10 s, longer than an election takes.
	restartWait = 100 * time.Millisecond
	restartMost = time.Second
)

// run follows one stream until ctx is done.
func (s *following) run(ctx context.Context) {
	wait := restartWait
	for !s.begin(ctx) {
		if !pause(ctx, wait) {
			return
		}
		wait = min(2*wait, restartMost)
	}
	wait = restartWait
	for ctx.Err() == nil {
		if s.f.tail && !s.behind() {
			s.live(ctx)
			continue
		}
		before := s.at()
		if err := s.consume(ctx); err == nil {
			wait = restartWait
			continue
		} else if ctx.Err() == nil {
			s.f.log.metrics.restarts.Inc()
			s.f.log.log.Warn("consumer is made anew", "follower", s.f.name, "stream", s.stream, "position", s.at(), "error", err)
		}
		if s.at() > before {
			wait = restartWait
		}
		if !pause(ctx, wait) {
			return
		}
		wait = min(2*wait, restartMost)
	}
}

// pause waits and reports false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// begin asks how far the start has to read.
func (s *following) begin(ctx context.Context) bool {
	last, err := s.f.log.LastOf(ctx, s.stream)
	if err != nil {
		if ctx.Err() == nil {
			s.f.log.log.Warn("the stream does not answer", "stream", s.stream, "error", err)
		}
		return false
	}
	s.atStart.Store(last)
	s.aim(last)
	if last == 0 {
		s.settle(0)
	}
	return true
}

// aim sets a sequence that is known to be stored.
func (s *following) aim(sequence uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.target = max(s.target, sequence)
}

func (s *following) at() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.position
}

func (s *following) behind() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.position < s.target
}

// consume runs one ordered consumer from the position on. It returns nil when a
// tail has what it needs or when ctx is done, and an error when the consumer is
// to be made anew.
func (s *following) consume(ctx context.Context) error {
	from, mine := s.claim()
	consumer, err := s.f.log.js.OrderedConsumer(ctx, s.stream, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: from,
		InactiveThreshold: idleConsumer, MaxResetAttempts: 1,
	})
	if err != nil {
		return err
	}
	// The server takes 500 ms to 30 s; outside of it no consumer would ever be made.
	beat := min(max(s.f.log.options.Heartbeat, 500*time.Millisecond), 30*time.Second)
	fault := make(chan error, 1)
	running, err := consumer.Consume(func(msg jetstream.Msg) { s.receive(mine, msg) },
		jetstream.PullHeartbeat(beat), jetstream.PullExpiry(max(4*beat, time.Second)),
		jetstream.ConsumeErrHandler(func(_ jetstream.ConsumeContext, err error) {
			select {
			case fault <- err:
			default:
			}
		}))
	if err != nil {
		return err
	}
	err = s.supervise(ctx, fault)
	s.claim()
	if err != nil {
		// Stop waits for the library's own attempt to make the consumer anew, which
		// takes up to 10 s while there is no leader; nobody has to wait for that.
		go running.Stop()
		return err
	}
	running.Stop()
	s.dismiss(consumer)
	return nil
}

// claim voids the messages of every consumer before and gives the next sequence
// and the new consumer's generation.
func (s *following) claim() (from, generation uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.generation++
	return s.position + 1, s.generation
}

// dismiss removes a consumer that is not needed any more, so that restarts and
// tails do not fill the server's limit with idle ones.
func (s *following) dismiss(consumer jetstream.Consumer) {
	info := consumer.CachedInfo()
	if info == nil || !s.f.log.conn.IsConnected() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := s.f.log.js.DeleteConsumer(ctx, s.stream, info.Name); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		s.f.log.log.Debug("consumer not removed", "stream", s.stream, "error", err)
	}
}

// receive takes one message of the consumer's.
func (s *following) receive(generation uint64, msg jetstream.Msg) {
	meta, err := msg.Metadata()
	if err != nil {
		s.f.log.log.Error("a message without its place", "stream", s.stream, "error", err)
		return
	}
	s.mu.Lock()
	if generation == s.generation && meta.Sequence.Stream > s.position {
		s.deliver(meta.Sequence.Stream, msg.Subject(), meta.Timestamp, msg.Headers(), msg.Data())
	}
	s.mu.Unlock()
	s.started()
}

// started ends the start once its last sequence was read.
func (s *following) started() {
	if last := s.atStart.Load(); s.at() >= last {
		s.settle(last)
	}
}

// fetchMost is how many messages are read one by one; more are the consumer's.
const fetchMost = 32

// fetch reads what somebody waits for from the leader itself, up to a sequence: a
// consumer whose server went away is missed only when its heartbeat is, a second
// or two later. What the consumer brings then is there already. It stops at the
// first message that cannot be read, which is for the consumer to explain.
func (s *following) fetch(ctx context.Context, sequence uint64) {
	if !s.fetching.TryLock() {
		return // somebody else does it
	}
	defer s.fetching.Unlock()
	s.mu.Lock()
	next, started := s.position+1, s.caughtUp
	s.mu.Unlock()
	if !started || next+fetchMost <= sequence {
		return
	}
	for ; next <= sequence; next++ {
		raw, err := s.f.log.get(ctx, s.stream, getRequest{Sequence: next})
		if err != nil {
			return
		}
		s.mu.Lock()
		if raw.Sequence == s.position+1 {
			s.deliver(raw.Sequence, raw.Subject, raw.Stored, raw.Header, raw.Body)
		}
		s.mu.Unlock()
	}
}

// errStalled says that a consumer brings nothing although there is more.
var errStalled = errors.New("the consumer stands still")

// supervise watches a running consumer.
func (s *following) supervise(ctx context.Context, fault <-chan error) error {
	tick := time.NewTimer(stallAfter)
	defer tick.Stop()
	seen, stalls := s.at(), 0
	for {
		s.mu.Lock()
		moved, enough := s.moved, s.f.tail && s.caughtUp && s.position >= s.target
		s.mu.Unlock()
		if enough {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case err := <-fault:
			return err
		case <-s.inbox.signal:
			// Somebody waits for a sequence, or live messages came; both are looked at above.
		case <-moved:
			if !s.behind() {
				seen, stalls = s.at(), 0
			}
		case <-tick.C:
			tick.Reset(stallAfter)
			if at := s.at(); at != seen || !s.behind() {
				seen, stalls = at, 0
				continue
			}
			if stalls++; s.probe(ctx, stalls > 1) {
				return errStalled
			}
		}
	}
}

// probe asks the leader for the message after the position and reports whether
// the consumer must be made anew. When sure is true and the leader says that the
// message is not readable, it and those behind it that are not either are
// skipped. One answer is not enough: a leader that was just elected may be behind.
func (s *following) probe(ctx context.Context, sure bool) bool {
	s.mu.Lock()
	next, target := s.position+1, s.target
	s.mu.Unlock()
	for first := next; next <= target; next++ {
		_, err := s.f.log.get(ctx, s.stream, getRequest{Sequence: next})
		if err == nil {
			if next > first {
				s.skip(next - 1)
				s.started()
			}
			return true
		}
		if !errors.Is(err, ErrNoMessage) || !sure {
			return false
		}
	}
	s.skip(target)
	s.started()
	return true
}
