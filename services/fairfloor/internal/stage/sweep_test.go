package stage_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/fairfloor/fairfloor/services/fairfloor/internal/stage"
)

// asHelper is the variable that has this test's own program open a stage, say
// where, and wait for its end.
const asHelper = "STAGE_TEST_HELPER"

// helper opens a stage when it is asked to, and never closes it.
func helper() (code int, ok bool) {
	folder, ok := os.LookupEnv(asHelper)
	if !ok {
		return 0, false
	}
	s, err := stage.Open(context.Background(), stage.Options{
		Kind: stage.Single, Binary: os.Args[1], Dir: folder, Loop: true, Namespaces: true,
	})
	if err != nil {
		fmt.Println(err)
		return 1, true
	}
	fmt.Println("open", s.Folder(stage.Serve))
	select {} // until it is killed
}

// left lists what there is of the stage of a process: processes, mounts, namespaces.
func left(t *testing.T, folder string, pid int) []string {
	t.Helper()
	var all []string
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	must(t, err)
	if strings.Contains(string(mounts), folder) {
		all = append(all, "mount")
	}
	spaces, err := filepath.Glob(fmt.Sprintf("/run/netns/ffstage-%d-*", pid))
	must(t, err)
	if len(spaces) > 0 {
		all = append(all, "namespaces")
	}
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	must(t, err)
	for _, path := range lines {
		// One that ends meanwhile has no line any more.
		if line, err := os.ReadFile(path); err == nil && strings.Contains(string(line), folder) {
			all = append(all, "process")
			break
		}
	}
	return all
}

// TestWhatAKilledStageLeavesIsRemovedByTheNext: its processes end with it, its
// mounts and namespaces with the next Open.
func TestWhatAKilledStageLeavesIsRemovedByTheNext(t *testing.T) {
	programs, err := build()
	must(t, err)
	folder := t.TempDir()
	cmd := exec.CommandContext(inTime(t), os.Args[0], filepath.Join(programs, "fairfloor"))
	cmd.Env = append(os.Environ(), asHelper+"="+folder)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "open ") {
		_ = cmd.Process.Kill()
		t.Fatalf("the other stage does not open: %s, %v", line, err)
	}
	if all := left(t, folder, cmd.Process.Pid); strings.Join(all, " ") != "mount namespaces process" {
		t.Errorf("while it runs there are: %v", all)
	}
	must(t, cmd.Process.Signal(syscall.SIGKILL))
	_ = cmd.Wait()
	// What else remains may be removed meanwhile by another Open on this machine.
	var remains []string
	until(t, "its processes have ended", func() bool {
		remains = left(t, folder, cmd.Process.Pid)
		return !slices.Contains(remains, "process")
	})
	t.Logf("without its processes there are: %v", remains)
	open(t, stage.Options{Kind: stage.Single})
	if all := left(t, folder, cmd.Process.Pid); len(all) > 0 {
		t.Errorf("after another Open there are: %v", all)
	}
}
