package faults_test

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
)

// root is the repository's, seen from this package's folder.
const root = "../../../.."

// binaries is where what the tests run is built.
var binaries string

func TestMain(m *testing.M) {
	var err error
	if binaries, err = os.MkdirTemp("", "fairfloor-faults-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if code == 0 {
		// What the tests themselves leave behind would hide what the clients do.
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	_ = os.RemoveAll(binaries)
	os.Exit(code)
}

// build gives the path of a program, which is built when it is first asked for:
// from the repository, or from a module that it requires.
func build(t *testing.T, pkg string) string {
	t.Helper()
	builds.Lock()
	once, ok := builds.of[pkg]
	if !ok {
		path := filepath.Join(binaries, fmt.Sprintf("%d-%s", len(builds.of), filepath.Base(pkg)))
		once = sync.OnceValues(func() (string, error) {
			ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
			defer cancel()
			command := exec.CommandContext(ctx, "go", "build", "-o", path, pkg)
			command.Dir = filepath.Join(root, "services")
			out, err := command.CombinedOutput()
			if err != nil {
				return "", fmt.Errorf("building %s: %w\n%s", pkg, err, out)
			}
			return path, nil
		})
		builds.of[pkg] = once
	}
	builds.Unlock()
	path, err := once()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var builds = struct {
	sync.Mutex
	of map[string]func() (string, error)
}{of: map[string]func() (string, error){}}

// fairfloor gives the one binary.
func fairfloor(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("FAIRFLOOR_BIN"); path != "" {
		return path
	}
	return build(t, "./fairfloor/cmd/fairfloor")
}

// long reports whether the large counts are asked for.
func long() bool { return os.Getenv("FAIRFLOOR_LONG") != "" }
