//go:build unix

package live

import (
	"errors"
	"net"
	"syscall"
)

// nonblocking writes to a socket without ever waiting for it.
type nonblocking struct {
	raw syscall.RawConn
	buf []byte
	n   int
	err error
	try func(fd uintptr) bool
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
	w.try = w.attempt // made once: a closure for each write would be garbage
	return w
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
