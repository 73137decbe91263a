package stage_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fairfloor/fairfloor/services/fairfloor/internal/stage"
)

// programs is where what the tests run is built.
var programs string

func TestMain(m *testing.M) {
	if code, ok := helper(); ok {
		os.Exit(code)
	}
	var err error
	if programs, err = os.MkdirTemp("", "fairfloor-stage-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	_ = os.RemoveAll(programs)
	os.Exit(code)
}

// buildWithin bounds the build, and spare is what is left of `go test`'s own time
// when nothing is waited for any more: its panic would tell nothing of the cause.
const (
	buildWithin = 8 * time.Minute
	spare       = 30 * time.Second
)

// patience is a limit, or less where `go test` gives less time.
func patience(t *testing.T, limit time.Duration) time.Duration {
	t.Helper()
	if end, ok := t.Deadline(); ok {
		return min(limit, time.Until(end)-spare)
	}
	return limit
}

// inTime is the test's context, which ends before `go test` does.
func inTime(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience(t, time.Hour))
	t.Cleanup(cancel)
	return ctx
}

// build builds every program that a stage runs, once.
var build = sync.OnceValues(func() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), buildWithin)
	defer cancel()
	// While one works on this package: a folder in which all of them are.
	if given := os.Getenv("STAGE_PROGRAMS"); given != "" {
		return given, nil
	}
	args := []string{"build", "-o", programs + "/", "./fairfloor/cmd/nats"}
	for _, service := range []string{stage.Registry, stage.Queue, stage.Timing, stage.Transcript, stage.Gateway} {
		args = append(args, "./"+service+"/cmd/"+service)
	}
	binary := filepath.Join(programs, "fairfloor")
	if given := os.Getenv("FAIRFLOOR_BIN"); given != "" {
		if err := os.Symlink(given, binary); err != nil {
			return "", err
		}
	} else {
		args = append(args, "./fairfloor/cmd/fairfloor")
	}
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = "../../.."
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building: %w\n%s", err, out)
	}
	return programs, nil
})

// open opens a stage that ends with the test.
func open(t *testing.T, o stage.Options) *stage.Stage {
	t.Helper()
	folder, err := build()
	if err != nil {
		t.Fatal(err)
	}
	o.Binary, o.Dir = filepath.Join(folder, "fairfloor"), t.TempDir()
	begin := time.Now()
	s, err := stage.Open(inTime(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s, loop %t, namespaces %t: open in %s", o.Kind, o.Loop, o.Namespaces, time.Since(begin).Round(time.Millisecond))
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// long reports whether the large counts are asked for.
func long() bool { return os.Getenv("FAIRFLOOR_LONG") != "" }

// must ends the test on an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
