package stage

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// prefix begins the names of all that a stage makes; the process' id and a number follow.
const prefix = "ffstage-"

var owned = regexp.MustCompile(`(?:^|/)` + prefix + `(\d+)-\d+(?:-[a-z0-9-]+)?(?:/|$)`)

// owner gives the id of the process whose stage made what bears a name, or a path
// with such a name in it.
func owner(name string) (pid int, ok bool) {
	found := owned.FindStringSubmatch(name)
	if found == nil {
		return 0, false
	}
	pid, err := strconv.Atoi(found[1])
	return pid, err == nil
}

// orphaned reports whether what bears a name was made by a process that is no more.
func orphaned(name string) bool {
	pid, ok := owner(name)
	return ok && !alive(pid)
}

// sweep removes what stages of dead processes left: mounts, whose loop devices end
// with them, namespaces, and folders in the system's place for temporary ones.
func sweep() error {
	var failed error
	for _, mount := range mounts() {
		if orphaned(mount) {
			failed = errors.Join(failed, command(context.Background(), "", "umount", "-l", mount))
		}
	}
	spaces, err := os.ReadDir(spaceFolder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		failed = errors.Join(failed, err)
	}
	for _, space := range spaces {
		if orphaned(space.Name()) {
			failed = errors.Join(failed, command(context.Background(), "", "ip", "netns", "delete", space.Name()))
		}
	}
	folders, err := filepath.Glob(filepath.Join(os.TempDir(), prefix+"*"))
	failed = errors.Join(failed, err)
	for _, folder := range folders {
		if orphaned(folder) {
			failed = errors.Join(failed, os.RemoveAll(folder))
		}
	}
	return failed
}

// spaceFolder is where iproute2 keeps the namespaces that have names.
const spaceFolder = "/run/netns"

// mounts lists the places of all mounts (proc_pid_mountinfo(5): the fifth field);
// none where there is no such list.
func mounts() []string {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	var all []string
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 4 {
			all = append(all, fields[4])
		}
	}
	return all
}
