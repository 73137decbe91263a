package keys

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// On Windows who may read a file is said by the access list that it inherits from
// its folder, and the mode that Go shows says nothing of it. So rights are not
// checked here: keep the folder of the keys closed to others (deploy/README.md).

func checkFolder(string, fs.FileInfo) error     { return nil }
func checkPassphrase(string, fs.FileInfo) error { return nil }
func checkOwner(string, fs.FileInfo) error      { return nil }

// inode is unknown: size and time tell one version of the file from the next.
func inode(fs.FileInfo) uint64 { return 0 }

// openNoLink opens a file for reading; the error is errLink for a symbolic link.
// Making one takes a right of its own on Windows, so the moment between the look
// and the opening is left to whoever has that.
func openNoLink(path string) (*os.File, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		return nil, errLink
	}
	return os.Open(path)
}

// lockFolder waits until no other process replaces files of the folder. A folder
// cannot be locked on Windows; a file in it stands for it.
func lockFolder(path string) (unlock func(), err error) {
	lock, err := os.OpenFile(filepath.Join(path, ".keys.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := windows.LockFileEx(windows.Handle(lock.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, &windows.Overlapped{}); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return func() { _ = lock.Close() }, nil // closing gives the lock back
}

// syncFolder does nothing: NTFS keeps names in its journal, and a folder cannot be flushed.
func syncFolder(string) error { return nil }
