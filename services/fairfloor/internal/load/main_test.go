package load

import (
	"net/http"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/keys"
	"github.com/fairfloor/fairfloor/pkg/settings"
	"github.com/fairfloor/fairfloor/services/fairfloor/internal/app"
)

// TestMain ends with a look for goroutines that a load left behind.
func TestMain(m *testing.M) {
	logtest.Main(m, http.DefaultTransport.(*http.Transport).CloseIdleConnections)
}

// serve starts the real server and gives its address and an organiser's token.
func serve(t *testing.T, change func(*app.Settings)) Config {
	t.Helper()
	var s app.Settings
	for _, row := range settings.Rows(&s) {
		if err := settings.Values(&s)[row.Flag].Set(row.Default); err != nil {
			t.Fatal(err)
		}
	}
	s.Process.Data, s.Process.LogLevel = t.TempDir(), "error"
	s.Gateway.Address, s.Gateway.PerSecond = "127.0.0.1:0", -1
	if change != nil {
		change(&s)
	}
	a, err := app.Start(t.Context(), s, app.Options{Keys: keys.Ephemeral()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Stop(); err != nil {
			t.Error(err)
		}
	})
	token, err := a.Organiser("load")
	if err != nil {
		t.Fatal(err)
	}
	return Config{Base: a.URL(), Organiser: token, Sessions: 1}
}
