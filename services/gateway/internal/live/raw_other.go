//go:build !unix

package live

import "net"

// nonblocking does not exist here: every write goes by the connection's writer.
type nonblocking struct{}

func newNonblocking(net.Conn) *nonblocking { return nil }

func (*nonblocking) write([]byte) (int, error) { return 0, nil }

func (*nonblocking) await() error { return nil }
