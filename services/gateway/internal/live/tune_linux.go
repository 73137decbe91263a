package live

import (
	"net"

	"golang.org/x/sys/unix"
)

// unsent is how many bytes that the other side has not room for the kernel may
// keep, in bytes. Without it a dead client hides 3.9 MB there, and the latest
// state waits behind it (live-sync.md).
const unsent = 16 << 10

// tune bounds what waits in the kernel. What the kernel refuses is left as it
// is: it costs memory, not correctness.
func tune(conn net.Conn) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, unsent)
	})
}
