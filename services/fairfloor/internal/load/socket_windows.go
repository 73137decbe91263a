package load

import "syscall"

// receiveBuffer sets the kernel's receive buffer of a socket, in bytes.
func receiveBuffer(fd uintptr, size int) error {
	return syscall.SetsockoptInt(syscall.Handle(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, size)
}
