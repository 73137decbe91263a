//go:build unix

package keys

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// checkFolder refuses a folder that others may write.
func checkFolder(path string, folder fs.FileInfo) error {
	// Whoever may write the folder may replace the file, whatever its own mode
	// says; the sticky bit (as on /tmp) keeps others from it.
	if folder.Mode().Perm()&0o022 != 0 && folder.Mode()&fs.ModeSticky == 0 {
		return fmt.Errorf("others may write the folder %s (mode %04o), so they could replace the key file: chmod go-w it", path, folder.Mode().Perm())
	}
	return nil
}

// checkPassphrase refuses a passphrase file that the world may read.
func checkPassphrase(path string, info fs.FileInfo) error {
	if info.Mode().Perm()&0o007 != 0 {
		return fmt.Errorf("everybody can read the passphrase file %s (mode %04o): chmod o= it", path, info.Mode().Perm())
	}
	return nil
}

// checkOwner refuses a key file that is not the owner's alone, or another's.
func checkOwner(path string, info fs.FileInfo) error {
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("others can read or change the key file %s (mode %04o): chmod 600 it, and if they may have read it, replace it", path, info.Mode().Perm())
	}
	if system, ok := info.Sys().(*syscall.Stat_t); ok && int(system.Uid) != os.Geteuid() {
		return fmt.Errorf("the key file %s belongs to user %d, not to this process's user %d: chown it", path, system.Uid, os.Geteuid())
	}
	return nil
}

// inode tells a file from the one that took its name.
func inode(info fs.FileInfo) uint64 {
	if system, ok := info.Sys().(*syscall.Stat_t); ok {
		return system.Ino
	}
	return 0
}

// openNoLink opens a file for reading; the error is errLink for a symbolic link.
func openNoLink(path string) (*os.File, error) {
	opened, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, syscall.ELOOP) {
		return nil, errLink
	}
	return opened, err
}

// lockFolder waits until no other process replaces files of the folder. The lock
// is the kernel's and ends with the process, however that ends.
func lockFolder(path string) (unlock func(), err error) {
	folder, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(folder.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, folder.Close())
	}
	return func() { _ = folder.Close() }, nil // closing gives the lock back
}

// syncFolder makes a new name in a folder survive a loss of power.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
