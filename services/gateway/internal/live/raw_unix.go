//go:build unix

package live

import (
	"errors"
	"net"
	"syscall"
)

// nonblocking writes to a socket without ever waiting for it, and waits for what
// comes on it without reading.
type nonblocking struct {
	raw  syscall.RawConn
	buf  []byte
	n    int
	err  error
	try  func(fd uintptr) bool
	look func(fd uintptr) bool
}

// newNonblocking gives nil for what is no plain socket, such as TLS.
func newNonblocking(conn net.Conn) *nonblocking {
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return nil
	}
	w := &nonblocking{raw: raw}
	w.try, w.look = w.attempt, arrived // made once: a closure for each write would be garbage
	return w
}

// await returns when there is something to read, the line has ended or the read
// deadline has passed. Its caller's stack is shallow, as deep in the websocket
// library it is not, and a goroutine that waits costs what its stack holds: with
// this half of an idle connection's memory is saved.
func (w *nonblocking) await() error { return w.raw.Read(w.look) }

// arrived looks without taking: the runtime forgets that it saw a socket ready
// each time that somebody begins to wait for it.
func arrived(fd uintptr) bool {
	var one [1]byte
	for {
		_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		if !errors.Is(err, syscall.EINTR) {
			// Any other error is the reader's to find.
			return !errors.Is(err, syscall.EAGAIN)
		}
	}
}

// attempt always says that it is done, so that the runtime does not wait.
func (w *nonblocking) attempt(fd uintptr) bool {
	for {
		w.n, w.err = syscall.Write(int(fd), w.buf)
		if !errors.Is(w.err, syscall.EINTR) {
			return true
		}
	}
}

// write writes what the kernel takes at once: possibly less, possibly nothing,
// which is no error.
func (w *nonblocking) write(p []byte) (int, error) {
	w.buf = p
	err := w.raw.Write(w.try)
	w.buf = nil
	switch {
	case err != nil:
		return 0, err
	case errors.Is(w.err, syscall.EAGAIN):
		return 0, nil
	case w.err != nil:
		return 0, w.err
	default:
		return max(w.n, 0), nil
	}
}
