package eventlog

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// inboxLimit bounds the live messages that wait while the stream is read; more
// are dropped and fetched from the stream like any other gap.
const inboxLimit = 4096

// inbox holds a stream's live messages until its goroutine takes them.
type inbox struct {
	signal chan struct{}
	mu     sync.Mutex
	list   []live
	// recheck is set when messages may have been missed: after a reconnection.
	recheck bool
}

// live is one message that the server published again.
type live struct {
	sequence uint64
	subject  string
	stored   time.Time
	msg      *nats.Msg
}

func newInbox() *inbox { return &inbox{signal: make(chan struct{}, 1)} }

// wake makes the stream's goroutine look around.
func (i *inbox) wake() {
	select {
	case i.signal <- struct{}{}:
	default:
	}
}

func (i *inbox) put(m live) {
	i.mu.Lock()
	if len(i.list) < inboxLimit {
		i.list = append(i.list, m)
	} else {
		i.recheck = true
	}
	i.mu.Unlock()
	i.wake()
}

func (i *inbox) doubt() {
	i.mu.Lock()
	i.recheck = true
	i.mu.Unlock()
	i.wake()
}

func (i *inbox) take() (list []live, recheck bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	list, recheck = i.list, i.recheck
	i.list, i.recheck = nil, false
	return list, recheck
}

// listen takes the live messages of all streams. It is called before the streams
// are read, so that nothing falls between the two.
func (f *Follower) listen() (stop func(), err error) {
	conn := f.log.conn
	sub, err := conn.Subscribe(LiveSubjects, f.hear)
	if err != nil {
		return nil, fmt.Errorf("listening to %s: %w", LiveSubjects, err)
	}
	// No limit of the library's own: the inboxes bound what waits, and a gap there
	// is closed from the stream.
	if err := sub.SetPendingLimits(-1, -1); err != nil {
		return nil, fmt.Errorf("listening to %s: %w", LiveSubjects, err)
	}
	if err := conn.FlushTimeout(f.log.options.AppendWithin); err != nil {
		f.log.log.Warn("listening to live messages is not confirmed", "error", err)
	}
	status := conn.StatusChanged(nats.CONNECTED)
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		for {
			select {
			case _, open := <-status:
				if !open {
					return
				}
				for _, s := range f.streams {
					s.inbox.doubt()
				}
			case <-done:
				return
			}
		}
	}()
	return func() {
		close(done)
		<-gone
		conn.RemoveStatusListener(status)
		if err := sub.Unsubscribe(); err != nil && !conn.IsClosed() {
			f.log.log.Debug("live messages not unsubscribed", "error", err)
		}
	}, nil
}

// hear puts one live message into its stream's inbox.
func (f *Follower) hear(msg *nats.Msg) {
	s := f.streams[msg.Header.Get(jetstream.StreamHeader)]
	if s == nil {
		return
	}
	sequence, err := strconv.ParseUint(msg.Header.Get(jetstream.SequenceHeader), 10, 64)
	if err != nil {
		f.log.log.Error("a live message without its sequence", "stream", s.stream, "error", err)
		return
	}
	stored, err := time.Parse(time.RFC3339Nano, msg.Header.Get(jetstream.TimeStampHeaer))
	if err != nil {
		f.log.log.Error("a live message without its time", "stream", s.stream, "error", err)
		return
	}
	s.inbox.put(live{sequence: sequence, subject: msg.Header.Get(jetstream.SubjectHeader), stored: stored, msg: msg})
}

// live hands on live messages until there is a gap or ctx is done.
func (s *following) live(ctx context.Context) {
	// The last message before a silence has no successor that shows its loss, so
	// the stream is asked from time to time.
	idle := time.NewTicker(10 * s.f.log.options.Heartbeat)
	defer idle.Stop()
	for {
		list, recheck := s.inbox.take()
		s.pass(list)
		if recheck {
			s.recheck(ctx)
		}
		if s.behind() {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-s.inbox.signal:
		case <-idle.C:
			s.recheck(ctx)
			if s.behind() {
				return
			}
		}
	}
}

// pass hands on the messages that follow on the position. Those behind a gap are
// dropped: what closes the gap reads up to the last of them.
func (s *following) pass(list []live) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range list {
		if m.sequence == s.position+1 {
			s.deliver(m.sequence, m.subject, m.stored, m.msg.Header, m.msg.Data)
		}
		s.target = max(s.target, m.sequence)
	}
}

// recheck compares the position with the end of the stream.
func (s *following) recheck(ctx context.Context) {
	last, err := s.f.log.LastOf(ctx, s.stream)
	if err != nil {
		// Nothing is known; the next tick or reconnection asks again.
		if ctx.Err() == nil {
			s.f.log.log.Warn("the end of the stream is not known", "stream", s.stream, "error", err)
		}
		return
	}
	s.aim(last)
}
