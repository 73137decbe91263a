package natsembed

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// lockName is the file in the folder whose lock says "in use".
const lockName = "LOCK"

// errHeld says that another process has the lock.
var errHeld = errors.New("the lock is held")

// claim makes the folder, checks that it can be used and locks it. The lock is
// the kernel's and ends with the process, however that ends: a killed process
// leaves nothing that somebody would have to remove.
func claim(folder string, minFree uint64) (*os.File, error) {
	if folder == "" {
		return nil, fmt.Errorf("%w: no folder is named", ErrNotWritable)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotWritable, err)
	}
	lock, err := os.OpenFile(filepath.Join(folder, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotWritable, err)
	}
	if err := seize(lock, folder); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	if err := check(lock, folder, minFree); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// seize takes the lock or says who holds it.
func seize(lock *os.File, folder string) error {
	err := tryLock(lock)
	if err == nil {
		return nil
	}
	if !errors.Is(err, errHeld) {
		return fmt.Errorf("%w: locking %s: %w", ErrNotWritable, folder, err)
	}
	holder, _ := io.ReadAll(io.LimitReader(lock, 32))
	who := strings.TrimSpace(string(holder))
	if who == "" {
		who = "unknown"
	}
	return fmt.Errorf("%w: %s is held by process %s; stop it, or name another folder", ErrLocked, folder, who)
}

// check measures the free space and writes the process id into the lock file,
// which shows at once whether the disk takes a write.
func check(lock *os.File, folder string, minFree uint64) error {
	free, err := freeBytes(folder)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrNotWritable, folder, err)
	}
	if free < minFree {
		return fmt.Errorf("%w: %s has %d MB free and needs %d MB; free some space, or name another folder",
			ErrFull, folder, free>>20, minFree>>20)
	}
	err = lock.Truncate(0)
	if err == nil {
		_, err = lock.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0)
	}
	if err == nil {
		err = lock.Sync()
	}
	if errors.Is(err, errNoSpace) {
		return fmt.Errorf("%w: %s: %w", ErrFull, folder, err)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotWritable, err)
	}
	return nil
}

// Unfinish removes what a server that was killed was about to put in the place of
// a block file, anywhere in its folder: the server never does. Each is a
// copy of the block, which is whole, so nothing is lost; left there, words that
// are erased from the block later would stay in it for ever.
func Unfinish(store string) error {
	return filepath.WalkDir(store, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case entry.Type().IsRegular() && strings.HasSuffix(path, ".blk.tmp"):
			return os.Remove(path)
		default:
			return nil
		}
	})
}
