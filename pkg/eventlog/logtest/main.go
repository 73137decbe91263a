package logtest

import (
	"fmt"
	"os"
	"testing"

	"github.com/nats-io/nats-server/v2/server/ats"
	"go.uber.org/goleak"
)

// Main runs the tests of a package that opens logs, and ends with a look for
// goroutines that they left behind, after last. It keeps nats-server's
// access-time goroutine, which never ends, out of the bubbles of synctest.
func Main(m *testing.M, last ...func()) {
	ats.Register()
	code := m.Run()
	for _, end := range last {
		end()
	}
	if code == 0 {
		if err := goleak.Find(goleak.IgnoreTopFunction("github.com/nats-io/nats-server/v2/server/ats.Register.func1")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}
