package load

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/client"
)

// manner is how an observer behaves.
type manner int

const (
	healthy manner = iota
	slow
	broken
	stalled
)

// Manners of those that do not behave.
const (
	// slowBytes each slowEvery is what a slow client reads: 40 kB/s, a poor phone line.
	slowBytes, slowEvery = 4 << 10, 100 * time.Millisecond
	// narrow is the receive buffer, in bytes, of those that do not read in time, so
	// that what they leave waits with the server and not on this side.
	narrow = 4 << 10
	// breakEvery is how often a broken client's line is lost.
	breakEvery = 2 * time.Second
)

// observer is one client that watches.
type observer struct {
	live   *client.Live
	manner manner
	whole  bool
	line   *line // of those that read badly, the present one
	took   time.Duration
	// resumed is how long the storm kept them away, zero when it never ended.
	resumed time.Duration

	// The goroutine that reads writes these; they are read once it has ended or, in
	// the case of the mutex's, at any time.
	mu       sync.Mutex
	arrivals []arrival
	partials []time.Duration
	finals   []time.Duration
	backlog  int64
}

// line is a connection that reads as badly as it is told to.
type line struct {
	net.Conn
	manner manner
	hold   *gate
	read   atomic.Int64
}

// gate is closed for who must not read; it opens once and for all.
type gate struct {
	mu     sync.Mutex
	closed chan struct{} // nil: open
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = make(chan struct{})
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed != nil {
		close(g.closed)
		g.closed = nil
	}
}

func (g *gate) pass() {
	g.mu.Lock()
	closed := g.closed
	g.mu.Unlock()
	if closed != nil {
		<-closed
	}
}

// Read reads in the line's manner.
func (l *line) Read(p []byte) (int, error) {
	switch l.manner {
	case slow:
		time.Sleep(slowEvery)
		p = p[:min(len(p), slowBytes)]
	case stalled:
		l.hold.pass()
	}
	n, err := l.Conn.Read(p)
	l.read.Add(int64(n))
	return n, err
}

// SetReadDeadline is not set: who reads late by intention must not give up for it.
func (l *line) SetReadDeadline(time.Time) error { return nil }

// perSource is how many connections come from one address of the loopback: a
// server takes api.SocketsPerAddress of them, and this is one machine's way to
// be several conferences.
const perSource = api.SocketsPerAddress / 2

// source gives the n-th connection its own address, where the server's is on the
// loopback; anywhere else the machine has the address that it has.
func source(address string, n int64) net.Addr {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !to.Addr().Is4() || !to.Addr().IsLoopback() {
		return nil
	}
	return &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+n/perSource%250))}
}

// dialer gives an observer's way to the network.
func (r *run) dialer(o *observer, hold *gate) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		d := net.Dialer{LocalAddr: source(address, r.dialled.Add(1))}
		if o.manner == slow || o.manner == stalled {
			d.Control = func(_, _ string, raw syscall.RawConn) (err error) {
				failed := raw.Control(func(fd uintptr) { err = receiveBuffer(fd, narrow) })
				return errors.Join(failed, err)
			}
		}
		conn, err := d.DialContext(ctx, network, address)
		if err != nil || o.manner == healthy || o.manner == broken {
			return conn, err
		}
		l := &line{Conn: conn, manner: o.manner, hold: hold}
		o.mu.Lock()
		o.line = l
		o.mu.Unlock()
		return l, nil
	}
}

// join connects an observer and waits for its first view.
func (r *run) join(s *show, o *observer) error {
	begun := time.Now()
	live, err := client.Dial(r.ctx, client.Options{
		Base: s.base, Session: s.session, Token: s.watching, Tracks: s.tracks, Skim: !o.whole,
		Dial: r.dialer(o, &s.hold), FirstBackoff: 50 * time.Millisecond, MostBackoff: 2 * time.Second,
		OnView: func(seq uint64, came time.Time) {
			o.mu.Lock()
			o.arrivals = append(o.arrivals, arrival{seq, came})
			o.mu.Unlock()
		},
		OnPartial: func(p api.Segment, came time.Time) { r.heard(s, o, &o.partials, p, came) },
		OnCaption: func(p api.Segment, came time.Time) { r.heard(s, o, &o.finals, p, came) },
	})
	if err != nil {
		return err
	}
	o.live, o.took = live, time.Since(begun)
	return nil
}

// heard notes how long a caption was on its way. A client that resumes is sent
// what it missed, which is late by its line and counts all the same.
func (r *run) heard(s *show, o *observer, into *[]time.Duration, p api.Segment, came time.Time) {
	if !r.measuring.Load() {
		return
	}
	w := s.writer(p.Track)
	number, _, _ := strings.Cut(p.Text, " ")
	n, err := strconv.Atoi(number)
	if w == nil || err != nil {
		return
	}
	if sent, known := w.sentAt(n); known {
		o.mu.Lock()
		*into = append(*into, came.Sub(sent))
		o.mu.Unlock()
	}
}

// disturb lets the broken lose their lines and the stalled stall, until the
// load ends; then it counts what had waited for the stalled.
func (s *show) disturb(ctx context.Context) {
	s.hold.close()
	tick := time.NewTicker(breakEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			s.drain()
			return
		case <-tick.C:
			for _, o := range s.observers {
				if o.manner == broken {
					o.live.Drop()
				}
			}
		}
	}
}

// drain lets the stalled read again, and counts what each has to read until it
// stands where everybody stood: its backlog, in the server, in the kernels and
// on the way.
func (s *show) drain() {
	position := s.position.Load()
	var all sync.WaitGroup
	for _, o := range s.observers {
		if o.manner != stalled {
			continue
		}
		o.mu.Lock()
		l := o.line
		o.mu.Unlock()
		before := l.read.Load()
		all.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), settleWithin)
			defer cancel()
			lost := o.live.Stats().Reconnects
			_ = o.live.Wait(ctx, func(live *client.Locked) bool { return live.Seq() >= position || live.Reconnects() > lost })
			o.backlog = l.read.Load() - before
		})
	}
	s.hold.open()
	all.Wait()
}

// host gives the address's host and port, with the port that the scheme means.
func host(base string) (string, error) {
	u, err := url.Parse(base)
	if err != nil {
		return "", err
	}
	if u.Port() != "" {
		return u.Host, nil
	}
	return net.JoinHostPort(u.Hostname(), map[string]string{"https": "443"}[u.Scheme]+map[string]string{"http": "80"}[u.Scheme]), nil
}
