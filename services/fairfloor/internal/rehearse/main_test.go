package rehearse_test

import (
	"net/http"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
)

// TestMain ends with a look for goroutines that a rehearsal left behind.
func TestMain(m *testing.M) {
	logtest.Main(m, http.DefaultTransport.(*http.Transport).CloseIdleConnections)
}
