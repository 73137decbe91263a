package stage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// diskSize is the size of a member's disk in bytes. The image is sparse.
const diskSize = 1 << 30

// fill is the file that takes what is free.
const fill = "filled-by-a-test"

// disk is an ext4 on a loop device over an image, mounted at a member's folder.
type disk struct {
	image, mount string
	attached     bool
}

// make makes the file system and mounts it.
func (d *disk) make(ctx context.Context) error {
	image, err := os.Create(d.image)
	if err != nil {
		return err
	}
	err = errors.Join(image.Truncate(diskSize), image.Close())
	if err != nil {
		return err
	}
	// No blocks for root alone: the members are root, and a full disk is to be full.
	if err := command(ctx, "", "mkfs.ext4", "-q", "-F", "-m", "0", "-J", "size=16", "-E", "nodiscard,lazy_itable_init=1,lazy_journal_init=1", d.image); err != nil {
		return err
	}
	if err := d.attach(ctx); err != nil {
		return err
	}
	return os.Remove(filepath.Join(d.mount, "lost+found"))
}

// attach mounts the disk, unless it is. The journal is replayed here.
func (d *disk) attach(ctx context.Context) error {
	if d.attached {
		return nil
	}
	if err := command(ctx, "", "mount", "-o", "loop,noatime", d.image, d.mount); err != nil {
		return err
	}
	d.attached = true
	return nil
}

// cut takes the disk's power: whatever has not been written to the device by now
// is never written (cutPower), and the system forgets it with the mount.
func (d *disk) cut() error {
	if !d.attached {
		return nil
	}
	if err := cutPower(d.mount); err != nil {
		return fmt.Errorf("cutting the power of %s: %w", d.mount, err)
	}
	return d.close()
}

// busyWithin bounds the wait for a disk that someone still has open: a process
// that this one starts has all its files until it becomes another program.
const (
	busyWithin = 5 * time.Second
	busyEvery  = 50 * time.Millisecond
)

// close unmounts the disk, which frees its loop device.
func (d *disk) close() error {
	if !d.attached {
		return nil
	}
	for limit := time.Now().Add(busyWithin); ; time.Sleep(busyEvery) {
		err := command(context.Background(), "", "umount", d.mount)
		if err == nil {
			d.attached = false
			return nil
		}
		if !strings.Contains(err.Error(), "busy") || time.Now().After(limit) {
			return err
		}
	}
}

// PowerCut takes the power of members, all at the same time, and gives it back:
// each is killed, its disk loses what was not yet written to it, and it starts
// again on what is left, at once with the others. What stays is what was brought
// to the device, by fsync or by the system of its own accord (ext4 writes what
// nobody asked for after some 30 s): a real disk may lose more, namely what it
// has in a cache of its own and was not told to flush. The error wraps ErrNotReady
// when a member does not come up on what is left.
func (s *Stage) PowerCut(ctx context.Context, names ...string) error {
	if err := s.PowerOff(names...); err != nil {
		return err
	}
	return s.Start(ctx, names...)
}

// PowerOff is the first half of PowerCut; Start is the other.
func (s *Stage) PowerOff(names ...string) error {
	return s.each(names, func(m *member) error {
		if m.disk == nil {
			return ErrLoop
		}
		m.end()
		return m.disk.cut()
	})
}

// Fill takes all that is free on a member's disk, to the last block.
func (s *Stage) Fill(names ...string) error {
	return s.each(names, func(m *member) error {
		if m.disk == nil {
			return ErrLoop
		}
		return occupy(filepath.Join(m.disk.mount, fill))
	})
}

// Free gives it back. A member that stopped writing for want of space may have to
// be started again (deploy/playbooks say so of NATS).
func (s *Stage) Free(names ...string) error {
	return s.each(names, func(m *member) error {
		if m.disk == nil {
			return ErrLoop
		}
		return os.Remove(filepath.Join(m.disk.mount, fill))
	})
}

// command runs a program of the system; its error has what the program says.
func command(ctx context.Context, input, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	var out bytes.Buffer
	// What it says is read here too, and not only by people.
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader([]byte(input)), &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %v: %w: %s", name, args, err, bytes.TrimSpace(out.Bytes()))
	}
	return nil
}
