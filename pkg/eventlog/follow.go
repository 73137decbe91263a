package eventlog

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// Message is one commit as it is in the log.
type Message struct {
	Stream   string
	Subject  string
	Context  events.Context
	Session  ids.Session
	Sequence uint64
	// Hash is the hash of the stored body.
	Hash events.Hash
	// Stored is the server's time of storing.
	Stored time.Time
	Header nats.Header
	Body   []byte
	Commit *events.Commit
}

// Follower hands every message of every stream to its handler: first what is
// stored, then what comes. Messages of refused sessions are left out from the
// first one that fails its check.
//
// The handler is called from one goroutine for each stream, so a session's
// messages come one after the other. It must not wait for the Follower.
type Follower struct {
	log    *Log
	name   string
	tail   bool
	handle func(*Message)
	ready  chan struct{}
	// streams gives what is known of each stream; the map does not change after New.
	streams map[string]*following
	waiting atomic.Int64
}

// following is one stream as one follower sees it.
type following struct {
	f      *Follower
	stream string
	// mu covers delivery: position, chain and the handler's calls.
	mu       sync.Mutex
	position uint64
	// generation makes a stopped consumer's late messages void.
	generation uint64
	chain      *chain
	moved      chan struct{}
	target     uint64
	caughtUp   bool
	inbox      *inbox
	atStart    atomic.Uint64
	// fetching is held by whoever reads what is waited for from the leader.
	fetching sync.Mutex
}

// NewFollower makes a follower by ordered consumers, one for each stream: what
// services use. Nothing starts before Run, but the log's Activity counts the
// follower as behind from here on, so that nobody settles before it began.
func (l *Log) NewFollower(name string, handle func(*Message)) *Follower {
	return l.newFollower(name, false, handle)
}

// NewTail makes a follower that reads what is stored with ordered consumers and
// then takes what the server publishes again over core NATS, which is quicker
// and costs the server nothing: what gateways use. It finds gaps by the
// contiguous stream sequence and fetches what is missing.
func (l *Log) NewTail(name string, handle func(*Message)) *Follower {
	return l.newFollower(name, true, handle)
}

func (l *Log) newFollower(name string, tail bool, handle func(*Message)) *Follower {
	f := &Follower{log: l, name: name, tail: tail, handle: handle, ready: make(chan struct{}), streams: map[string]*following{}}
	for _, stream := range l.Streams() {
		f.streams[stream] = &following{
			f: f, stream: stream, moved: make(chan struct{}), inbox: newInbox(),
			chain: newChain(stream, l.incarnations[stream], l.options.Witness.of(stream), l.Refuse),
		}
		l.activity.passed(f, stream, 0)
	}
	f.waiting.Store(int64(len(f.streams)))
	if len(f.streams) == 0 {
		close(f.ready)
	}
	return f
}

// Name is the follower's name for package run.
func (f *Follower) Name() string { return f.name }

// Run follows until ctx is done, which is no error.
func (f *Follower) Run(ctx context.Context) error {
	defer f.log.activity.leave(f)
	if f.tail {
		stop, err := f.listen()
		if err != nil {
			return err
		}
		defer stop()
	}
	var all sync.WaitGroup
	for _, s := range f.streams {
		all.Go(func() { s.run(ctx) })
	}
	all.Wait()
	// Where every stream is lost there is nothing to read, and no end of it either.
	<-ctx.Done()
	return nil
}

// Ready is closed when every stream was read to the last sequence that it had at
// the start, and checked.
func (f *Follower) Ready() <-chan struct{} { return f.ready }

// Progress gives the messages read and the messages to read at the start.
func (f *Follower) Progress() (done, total uint64) {
	for _, s := range f.streams {
		s.mu.Lock()
		done += min(s.position, s.atStart.Load())
		s.mu.Unlock()
		total += s.atStart.Load()
	}
	return done, total
}

// Check says that the follower is not ready yet, or nil.
func (f *Follower) Check() error {
	select {
	case <-f.ready:
		return nil
	default:
		done, total := f.Progress()
		return fmt.Errorf("reading the log: %d of %d messages", done, total)
	}
}

// Position is the last sequence of a session's stream that was handed on.
func (f *Follower) Position(s ids.Session) uint64 {
	if following := f.streams[events.Stream(s)]; following != nil {
		following.mu.Lock()
		defer following.mu.Unlock()
		return following.position
	}
	return 0
}

// Await waits until a sequence of a session's stream was handed on.
func (f *Follower) Await(ctx context.Context, s ids.Session, sequence uint64) error {
	following := f.streams[events.Stream(s)]
	if following == nil {
		return fmt.Errorf("stream %s is not there", events.Stream(s))
	}
	late := time.NewTimer(firstPatience)
	defer late.Stop()
	for {
		following.mu.Lock()
		there, moved := following.position >= sequence, following.moved
		if !there {
			following.target = max(following.target, sequence)
		}
		following.mu.Unlock()
		if there {
			return nil
		}
		// A consumer whose leader was killed would notice by its missing heartbeat only.
		following.inbox.wake()
		select {
		case <-moved:
		case <-late.C:
			following.fetch(ctx, sequence)
			late.Reset(mostPatience)
		case <-ctx.Done():
			return fmt.Errorf("waiting for sequence %d of %s: %w", sequence, events.Stream(s), ctx.Err())
		}
	}
}

// CatchUp asks the leader for the last message of a session in each of the
// contexts and waits until all of them were handed on. It gives their sequences.
func (f *Follower) CatchUp(ctx context.Context, s ids.Session, of ...events.Context) (map[events.Context]uint64, error) {
	heads := make(map[events.Context]uint64, len(of))
	last := uint64(0)
	for _, c := range of {
		sequence, err := f.log.Last(ctx, s, c)
		if err != nil {
			return nil, err
		}
		heads[c], last = sequence, max(last, sequence)
	}
	return heads, f.Await(ctx, s, last)
}

// deliver checks one message and hands it on. It is called with the lock held,
// with sequences above the position only.
func (s *following) deliver(sequence uint64, subject string, stored time.Time, header nats.Header, body []byte) {
	if sequence > s.position+1 {
		s.chain.gap(s.position+1, sequence-1)
		s.f.log.log.Error("sequences are missing", "stream", s.stream, "first", s.position+1, "last", sequence-1)
	}
	m := &Message{
		Stream: s.stream, Subject: subject, Sequence: sequence, Hash: events.HashBody(body),
		Stored: stored, Header: header, Body: body, Commit: &events.Commit{},
	}
	var err error
	if m.Context, m.Session, err = events.ParseSubject(subject); err != nil {
		s.f.log.log.Error("a message on an unknown subject", "stream", s.stream, "sequence", sequence, "error", err)
	} else if err = json.Unmarshal(body, m.Commit); err != nil {
		s.chain.unreadable(m, err)
	} else if s.chain.check(m) && !s.f.log.refused(m.Session) {
		s.f.handle(m)
	}
	s.advance(sequence)
}

// advance moves the position and tells those who wait. It is called with the lock held.
func (s *following) advance(sequence uint64) {
	s.position = sequence
	close(s.moved)
	s.moved = make(chan struct{})
	s.f.log.metrics.position.WithLabelValues(s.f.name, s.stream).Set(float64(sequence))
	s.f.log.activity.passed(s.f, s.stream, sequence)
}

// skip leaves out sequences up to last that cannot be read.
func (s *following) skip(last uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last <= s.position {
		return
	}
	s.f.log.log.Error("messages cannot be read", "stream", s.stream, "first", s.position+1, "last", last)
	s.chain.gap(s.position+1, last)
	s.advance(last)
}

// settle ends the start of one stream: what was read is compared with the witness.
func (s *following) settle(last uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.caughtUp {
		return
	}
	s.caughtUp = true
	behind := s.chain.settle(last)
	if behind > 0 && s.f.log.options.Witness != nil {
		s.f.log.log.Warn("the witness is absent or behind", "stream", s.stream, "subjects", behind)
	}
	if gaps := s.chain.describe(); len(gaps) > 0 {
		s.f.log.log.Error("the stream has holes", "stream", s.stream, "sequences", gaps)
	}
	// A tail goes over to live messages from here.
	s.inbox.wake()
	if s.f.waiting.Add(-1) == 0 {
		close(s.f.ready)
	}
}

// refused is Refusal without making the answer.
func (l *Log) refused(s ids.Session) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.refusals[s] != nil
}
