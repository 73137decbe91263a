//go:build !linux

package live

import "net"

// tune bounds what waits in the kernel for a client that does not read, in bytes.
func tune(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(32 << 10)
	}
}
