package live

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of one connection's backlog.
const (
	// stateBytes and stateFrames are how much of state may wait before it is
	// replaced by one fresh snapshot.
	stateBytes  = 64 << 10
	stateFrames = 64
	// keptBytes and keptFrames are how much of what is never dropped may wait
	// before the connection is given up. The rate of commands bounds it anyway.
	keptBytes  = 128 << 10
	keptFrames = 512
	// writeWithin is how long chunkBytes may take: who reads less in so long is gone.
	writeWithin = 30 * time.Second
	chunkBytes  = 32 << 10
)

// kind says what may become of a frame that has to wait.
type kind uint8

const (
	// kept frames are never dropped: receipts, problems, control frames.
	kept kind = iota
	// state frames are dropped together and replaced by a snapshot.
	state
	// finals are captions. They never wait here: a socket with a backlog fetches
	// them by their seq when it has written what waits.
	finals
	// The others have one place each, partials one for each track: the latest wins.
	personal
	presences
	clocks
	beats
	partials
)

// item is one frame that waits.
type item struct {
	kind  kind
	frame []byte
	// slot tells places of one kind apart.
	slot string
}

// errSlow says that a connection was given up because even what may not be
// dropped did not fit.
var errSlow = errors.New("the client does not read what it has asked for")

// socket writes frames to one connection and never makes its caller wait. What
// the kernel does not take at once is written by a goroutine that lives only
// while there is a backlog. All writes of a connection, those of the websocket
// library included, pass through here under one lock, so frames never mix.
type socket struct {
	net.Conn
	direct *nonblocking // nil: every write goes by the goroutine
	// refill gives a fresh snapshot for a stale connection and notes that it was
	// given; it is called with the lock held, and gives nil when there is none.
	refill func() []byte
	// fetch gives the next captions that this client has not been sent, framed, or
	// nil; it is called with the lock held and counts them as sent.
	fetch func() []byte
	done  func() // called once a flushing goroutine has ended
	begun func()

	// written is when something was last sent, in Unix ns.
	written atomic.Int64

	mu       sync.Mutex
	queue    []item
	bytes    [2]int // waiting: of kept frames, of the others
	frames   [2]int
	flushing bool
	// stale is set when state was dropped: a snapshot follows the backlog.
	stale bool
	// last is set when the close frame was queued: nothing follows it.
	last    bool
	failure error
}

func newSocket(conn net.Conn, begun, done func()) *socket {
	tune(conn)
	return &socket{Conn: conn, direct: newNonblocking(conn), begun: begun, done: done}
}

// Write takes the bytes of the websocket library: the answer to the upgrade and
// whole control frames. They are copied, because it reuses its buffers.
func (s *socket) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure != nil {
		return 0, s.failure
	}
	s.send(item{kind: kept, frame: append([]byte{}, p...)})
	return len(p), nil
}

// SetWriteDeadline is not the library's to set: a backlog has its own deadline.
func (s *socket) SetWriteDeadline(time.Time) error { return nil }

// SetDeadline sets the reader's part alone.
func (s *socket) SetDeadline(t time.Time) error { return s.SetReadDeadline(t) }

// put sends a frame. It never waits.
func (s *socket) put(k kind, frame []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.send(item{kind: k, frame: frame})
}

// more says that there may be captions to fetch. With a backlog the goroutine
// that writes it fetches them, so that a slow client's captions wait in the
// transcript and nowhere else.
func (s *socket) more() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fetchAll()
}

// fetchAll sends captions until there are none or one has to wait; the lock is held.
func (s *socket) fetchAll() {
	for s.fetch != nil && !s.flushing && s.failure == nil && !s.last {
		frame := s.fetch()
		if frame == nil {
			return
		}
		s.send(item{kind: finals, frame: frame})
	}
}

// send writes or queues a frame; the lock is held.
func (s *socket) send(i item) { s.sendTogether(i.frame, i) }

// sendTogether writes frames, whose bytes are whole, at once, or queues each as
// what it is; the lock is held.
func (s *socket) sendTogether(whole []byte, frames ...item) {
	if s.failure != nil || s.last {
		return
	}
	s.written.Store(time.Now().UnixNano())
	if s.flushing {
		for _, i := range frames {
			s.wait(i)
		}
		return
	}
	n := 0
	if s.direct != nil {
		var err error
		if n, err = s.direct.write(whole); err != nil {
			s.fail(err)
			return
		}
		if n == len(whole) {
			return
		}
	}
	if n > 0 {
		// The rest of a frame that was begun has to follow, whatever its kind is.
		s.push(item{kind: kept, frame: whole[n:]})
	} else {
		for _, i := range frames {
			s.push(i)
		}
	}
	s.flushing = true
	s.begun()
	go s.flush()
}

func bucket(k kind) int {
	if k == kept {
		return 0
	}
	return 1
}

func (s *socket) push(i item) {
	s.queue = append(s.queue, i)
	s.bytes[bucket(i.kind)] += len(i.frame)
	s.frames[bucket(i.kind)]++
}

// wait queues a frame behind a backlog, within the bounds.
func (s *socket) wait(i item) {
	switch i.kind {
	case kept:
		if s.bytes[0]+len(i.frame) > keptBytes || s.frames[0] >= keptFrames {
			s.fail(errSlow)
			return
		}
	case state:
		if s.stale {
			return
		}
		if s.bytes[1]+len(i.frame) > stateBytes || s.frames[1] >= stateFrames {
			s.dropState()
			return
		}
	default:
		for at := range s.queue {
			if s.queue[at].kind == i.kind && s.queue[at].slot == i.slot {
				s.bytes[1] += len(i.frame) - len(s.queue[at].frame)
				s.queue[at] = i
				return
			}
		}
	}
	s.push(i)
}

// dropState replaces what waits of state by the promise of a snapshot.
func (s *socket) dropState() {
	s.stale = true
	left := s.queue[:0]
	s.bytes, s.frames = [2]int{}, [2]int{}
	for _, i := range s.queue {
		if i.kind != state {
			left = append(left, i)
			s.bytes[bucket(i.kind)] += len(i.frame)
			s.frames[bucket(i.kind)]++
		}
	}
	clear(s.queue[len(left):])
	s.queue = left
}

// flush writes the backlog, everything that waits in one write, until there is
// none or the connection fails.
func (s *socket) flush() {
	defer s.done()
	for {
		batch := s.take()
		for len(batch) > 0 {
			_ = s.Conn.SetWriteDeadline(time.Now().Add(writeWithin))
			chunk := cut(&batch)
			if _, err := chunk.WriteTo(s.Conn); err != nil {
				s.mu.Lock()
				s.fail(err)
				s.flushing = false
				s.mu.Unlock()
				return
			}
		}
		if batch == nil {
			return
		}
	}
}

// cut takes the first chunkBytes off a batch, so that the deadline measures
// progress and not the size of a snapshot.
func cut(batch *net.Buffers) net.Buffers {
	room := chunkBytes
	for i, frame := range *batch {
		if len(frame) <= room {
			room -= len(frame)
			continue
		}
		chunk := append((*batch)[:i:i], frame[:room])
		(*batch)[i] = frame[room:]
		*batch = (*batch)[i:]
		return chunk
	}
	chunk := *batch
	*batch = net.Buffers{}
	return chunk
}

// take gives what waits, or nil when the goroutine is not needed any more.
func (s *socket) take() net.Buffers {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure == nil && len(s.queue) == 0 && s.stale && !s.last {
		if frame := s.refill(); frame != nil {
			s.stale = false
			s.push(item{kind: state, frame: frame})
		}
	}
	if s.failure == nil && s.fetch != nil && !s.last {
		// One frame for each write: captions and everything else take turns.
		if frame := s.fetch(); frame != nil {
			s.push(item{kind: finals, frame: frame})
		}
	}
	if s.failure != nil || len(s.queue) == 0 {
		s.flushing, s.queue = false, nil
		_ = s.Conn.SetWriteDeadline(time.Time{})
		return nil
	}
	batch := make(net.Buffers, 0, len(s.queue))
	for _, i := range s.queue {
		batch = append(batch, i.frame)
	}
	if s.direct == nil && len(batch) > 1 {
		// TLS would make a record and a write of each.
		batch = net.Buffers{join(batch)}
	}
	s.queue, s.bytes, s.frames = nil, [2]int{}, [2]int{}
	return batch
}

// join copies frames together; of one there is nothing to copy.
func join(frames [][]byte) []byte {
	if len(frames) == 1 {
		return frames[0]
	}
	n := 0
	for _, f := range frames {
		n += len(f)
	}
	out := make([]byte, 0, n)
	for _, f := range frames {
		out = append(out, f...)
	}
	return out
}

// fail gives the connection up; the lock is held. Its reader ends by the
// closing and clears up.
func (s *socket) fail(err error) {
	if s.failure != nil {
		return
	}
	s.failure, s.queue, s.stale = err, nil, false
	_ = s.Conn.Close()
}

// abort gives the connection up.
func (s *socket) abort(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail(err)
}

// finish queues the last frames; nothing is sent after them.
func (s *socket) finish(frames ...[]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last {
		return
	}
	s.dropState()
	s.stale = false
	s.send(item{kind: kept, frame: join(frames)})
	s.last = true
}

// broken gives why the connection was given up, or nil.
func (s *socket) broken() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failure
}

// waiting gives the bytes that wait here, for tests and metrics.
func (s *socket) waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes[0] + s.bytes[1]
}
