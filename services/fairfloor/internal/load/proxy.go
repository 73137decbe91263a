package load

import (
	"errors"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of what the proxy keeps back: as a reverse proxy with buffering on, it
// hands on what the server sends only when so much has come, or so late.
const (
	proxyBytes = 16 << 10
	proxyEvery = 100 * time.Millisecond
)

// proxy is a TCP proxy that buffers what comes from the server.
type proxy struct {
	listener net.Listener
	target   string
	all      sync.WaitGroup
	served   atomic.Int64

	mu    sync.Mutex
	conns map[net.Conn]struct{}
	ended bool
}

// startProxy listens on the loopback in front of a server without TLS, and
// gives the address that clients then use.
func startProxy(base string) (*proxy, string, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" {
		return nil, "", errors.Join(errors.New("proxy: it needs a server's address with http://, whose bytes it may keep back"), err)
	}
	target, err := host(base)
	if err != nil {
		return nil, "", err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	p := &proxy{listener: l, target: target, conns: map[net.Conn]struct{}{}}
	p.all.Go(p.accept)
	u.Host = l.Addr().String()
	return p, u.String(), nil
}

func (p *proxy) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.all.Go(func() { p.serve(conn) })
	}
}

// keep remembers a connection, so that close can end it; false when it is too late.
func (p *proxy) keep(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return false
	}
	p.conns[c] = struct{}{}
	return true
}

func (p *proxy) drop(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
	c.Close()
}

// serve is one client's line.
func (p *proxy) serve(near net.Conn) {
	defer p.drop(near)
	d := net.Dialer{LocalAddr: source(p.target, p.served.Add(1))}
	far, err := d.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer p.drop(far)
	if !p.keep(near) || !p.keep(far) {
		return
	}
	var both sync.WaitGroup
	both.Go(func() {
		defer far.Close()
		pass(far, near)
	})
	both.Go(func() {
		defer near.Close()
		holdBack(near, far)
	})
	both.Wait()
}

// pass hands on at once.
func pass(to, from net.Conn) {
	buffer := make([]byte, 4<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// holdBack hands on when the buffer is full or the oldest byte is proxyEvery old.
func holdBack(to, from net.Conn) {
	buffer := make([]byte, proxyBytes)
	n := 0
	var due time.Time
	for {
		_ = from.SetReadDeadline(due)
		more, err := from.Read(buffer[n:])
		if n == 0 && more > 0 {
			due = time.Now().Add(proxyEvery)
		}
		n += more
		var slow net.Error
		late := errors.As(err, &slow) && slow.Timeout()
		if n > 0 && (late || err != nil || n == len(buffer)) {
			if _, failed := to.Write(buffer[:n]); failed != nil {
				return
			}
			n, due = 0, time.Time{}
		}
		if err != nil && !late {
			return
		}
	}
}

func (p *proxy) close() {
	p.mu.Lock()
	p.ended = true
	for c := range p.conns {
		c.Close()
	}
	p.mu.Unlock()
	p.listener.Close()
	p.all.Wait()
}
