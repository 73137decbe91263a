package stage

import (
	"context"
	"io"
	"net"
	"sync"
	"time"
)

// doorWithin bounds the wait for a gateway behind a door: behind a partition
// nobody refuses.
const doorWithin = 5 * time.Second

// door is an address of 127.0.0.1 at which a gateway in a network of its own is
// reached: it carries bytes, and closes a connection when either side does.
type door struct {
	stage    *Stage
	to       *member
	listener net.Listener

	mu    sync.Mutex
	open  map[net.Conn]bool // nil once it is closed
	all   sync.WaitGroup
	abort context.CancelFunc
}

func (s *Stage) openDoor(to *member) (*door, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	d := &door{stage: s, to: to, listener: listener, open: map[net.Conn]bool{}, abort: cancel}
	d.all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			d.all.Go(func() { d.carry(ctx, conn) })
		}
	})
	return d, nil
}

func (d *door) address() string { return d.listener.Addr().String() }

// hold remembers a connection; false when the door is closed.
func (d *door) hold(conn net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.open == nil {
		_ = conn.Close()
		return false
	}
	d.open[conn] = true
	return true
}

func (d *door) drop(conn net.Conn) {
	d.mu.Lock()
	delete(d.open, conn)
	d.mu.Unlock()
	_ = conn.Close()
}

func (d *door) carry(ctx context.Context, from net.Conn) {
	if !d.hold(from) {
		return
	}
	defer d.drop(from)
	dialling, cancel := context.WithTimeout(ctx, doorWithin)
	to, err := d.stage.dial(dialling, d.to, net.JoinHostPort(d.to.address, servePort))
	cancel()
	if err != nil || !d.hold(to) {
		return
	}
	defer d.drop(to)
	var back sync.WaitGroup
	back.Go(func() { pour(from, to) })
	pour(to, from)
	back.Wait()
}

// pour carries bytes one way until their source ends. An orderly end is passed on
// as one, a broken connection breaks the other too.
func pour(to, from net.Conn) {
	_, err := io.Copy(to, from)
	if half, ok := to.(*net.TCPConn); ok && err == nil {
		if half.CloseWrite() == nil {
			return
		}
	}
	_ = to.Close()
	_ = from.Close()
}

// close ends the door with all connections through it.
func (d *door) close() {
	d.abort()
	_ = d.listener.Close()
	d.mu.Lock()
	for conn := range d.open {
		_ = conn.Close()
	}
	d.open = nil
	d.mu.Unlock()
	d.all.Wait()
}
