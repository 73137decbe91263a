package natsembed

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// errNoSpace is the system's "no space left".
const errNoSpace = windows.ERROR_DISK_FULL

// locked is the byte that stands for the lock. It lies behind the process id, which
// others must be able to read: Windows keeps them from reading what is locked.
const locked = 1 << 20

// tryLock takes the lock of an open file, which the system gives back when the
// process ends; the error is errHeld when another has it.
func tryLock(lock *os.File) error {
	at := &windows.Overlapped{Offset: locked}
	err := windows.LockFileEx(windows.Handle(lock.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return errHeld
	}
	return err
}

// freeBytes is what may still be written on the disk of a folder by this process.
func freeBytes(folder string) (uint64, error) {
	path, err := windows.UTF16PtrFromString(folder)
	if err != nil {
		return 0, err
	}
	var free uint64
	err = windows.GetDiskFreeSpaceEx(path, &free, nil, nil)
	return free, err
}
