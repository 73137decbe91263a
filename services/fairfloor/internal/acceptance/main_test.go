package acceptance

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/nats-io/nats-server/v2/server/ats"
	"go.uber.org/goleak"
)

// folder holds what the tests build; it is removed at the end.
var folder string

// program gives fairfloor as it is shipped, built once: without the race detector.
var program = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("FAIRFLOOR_BIN"); path != "" {
		return path, nil
	}
	path := filepath.Join(folder, "fairfloor")
	return path, run("go", "build", "-o", path, "github.com/fairfloor/fairfloor/services/fairfloor/cmd/fairfloor")
})

// run runs a command; its error holds what the command said.
func run(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil { //nolint:gosec // the go command and our own tests
		return fmt.Errorf("%s %v: %w\n%s", name, args, err, out)
	}
	return nil
}

// TestMain checks that what the tests started is gone when they are over.
func TestMain(m *testing.M) {
	ats.Register()
	var err error
	if folder, err = os.MkdirTemp("", "fairfloor-acceptance-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(folder)
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	if code == 0 {
		if err := goleak.Find(goleak.IgnoreTopFunction("github.com/nats-io/nats-server/v2/server/ats.Register.func1")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}
