package stage

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The signals of stopping, going on and ending.
const (
	sigStop = syscall.SIGSTOP
	sigCont = syscall.SIGCONT
	sigTerm = syscall.SIGTERM
)

// supported says what is missing for what was asked.
func supported(o Options) error {
	var needed []string
	if o.Namespaces {
		needed = append(needed, "ip")
	}
	if o.Loop {
		needed = append(needed, "mkfs.ext4", "mount", "umount")
	}
	if len(needed) > 0 && os.Geteuid() != 0 {
		return errors.New("networks and disks of the stage's own need root")
	}
	if o.Kind == Cluster {
		needed = append(needed, "redis-server")
	}
	for _, program := range needed {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("%s is not installed (Debian's packages: iproute2, e2fsprogs, mount, redis-server)", program)
		}
	}
	return nil
}

// alive reports whether there is a process with this id.
func alive(pid int) bool {
	err := unix.Kill(pid, 0)
	return err == nil || errors.Is(err, unix.EPERM)
}

// stands reports whether every thread of a process is stopped, or there is none
// (proc(5), the state in stat).
func stands(pid int) bool {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil {
		return false
	}
	for _, thread := range threads {
		stat, err := os.ReadFile(thread) //nolint:gosec // a path under /proc that was just listed
		// Behind the name, which may hold anything, brackets too.
		if at := bytes.LastIndexByte(stat, ')'); err == nil && at >= 0 && !bytes.HasPrefix(stat[at:], []byte(") T")) {
			return false
		}
	}
	return true
}

// endWithParent has the process killed when the thread that starts it ends.
func endWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

// shutdownNow is the request of FS_IOC_SHUTDOWN, and shutdownNoFlush its argument
// (Linux, include/uapi/linux/fs.h and fs/ext4/ext4.h): the file system stops at
// once and writes nothing more, not even its log. xfstests test crashes by it.
const (
	shutdownNow     = 0x8004587d
	shutdownNoFlush = 2
)

// cutPower stops a mounted file system without writing anything more to its device.
func cutPower(mount string) error {
	folder, err := os.Open(mount)
	if err != nil {
		return err
	}
	defer func() { _ = folder.Close() }()
	argument := uint32(shutdownNoFlush)
	_, _, fault := unix.Syscall(unix.SYS_IOCTL, folder.Fd(), shutdownNow, uintptr(unsafe.Pointer(&argument)))
	runtime.KeepAlive(&argument)
	if fault != 0 {
		return fault
	}
	return nil
}

// occupy makes a file of all that is free.
func occupy(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	// Steps that halve when there is no room: the last is one block.
	end := int64(0)
	for step := int64(diskSize); step >= 4096; {
		err := unix.Fallocate(int(file.Fd()), 0, end, step)
		switch {
		case err == nil:
			end += step
		case errors.Is(err, unix.ENOSPC):
			step /= 2
		case !errors.Is(err, unix.EINTR):
			return err
		}
	}
	return file.Sync()
}

// within runs do in the network behind a link, on this goroutine's thread, which
// must be locked to it and is back in its own network afterwards.
func (l *link) within(do func() error) error {
	if l == nil {
		return do()
	}
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	defer func() { _ = home.Close() }()
	space, err := os.Open(filepath.Join(spaceFolder, l.space))
	if err != nil {
		return err
	}
	defer func() { _ = space.Close() }()
	if err := unix.Setns(int(space.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("entering %s: %w", l.space, err)
	}
	err = do()
	if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back != nil {
		return errors.Join(err, fmt.Errorf("%w: %w", errLost, back))
	}
	return err
}

// errLost says that a thread could not leave a network again.
var errLost = errors.New("a thread is left in a network of the stage")

// visit is within from any goroutine. A thread that does not find back is given up.
func (l *link) visit(do func() error) error {
	runtime.LockOSThread()
	err := l.within(do)
	if !errors.Is(err, errLost) {
		runtime.UnlockOSThread()
	}
	return err
}
