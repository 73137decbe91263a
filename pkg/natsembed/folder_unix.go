//go:build unix

package natsembed

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// errNoSpace is the system's "no space left".
const errNoSpace = unix.ENOSPC

// tryLock takes the lock of an open file, which the kernel gives back when the
// process ends; the error is errHeld when another has it.
func tryLock(lock *os.File) error {
	err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return errHeld
	}
	return err
}

// freeBytes is what may still be written on the disk of a folder by this process.
func freeBytes(folder string) (uint64, error) {
	var disk unix.Statfs_t
	if err := unix.Statfs(folder, &disk); err != nil {
		return 0, err
	}
	return disk.Bavail * uint64(disk.Bsize), nil
}
