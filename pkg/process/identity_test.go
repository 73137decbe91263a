package process_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/keys"
	"github.com/fairfloor/fairfloor/pkg/permit"
	"github.com/fairfloor/fairfloor/pkg/permit/permittest"
	"github.com/fairfloor/fairfloor/pkg/process"
	"github.com/fairfloor/fairfloor/pkg/run"
)

// guarded runs a NATS server that knows each service's key, and gives the
// settings of a process that uses one of them.
func guarded(t *testing.T) func(permit.Service) process.Settings {
	t.Helper()
	folder, url := permittest.Start(t)
	return func(of permit.Service) process.Settings {
		return process.Settings{
			NATS: url, NATSCreds: filepath.Join(folder, string(of), permit.SeedFile), NATSCA: filepath.Join(folder, string(of), permit.CAFile),
			Data: t.TempDir(), Replicas: 1,
		}
	}
}

// TestPermissionErrorsSurfaceAsReadinessFailuresAndNotTimeOuts: at the start the
// process ends with what was denied; later it is not ready any more and says why.
func TestPermissionErrorsSurfaceAsReadinessFailuresAndNotTimeOuts(t *testing.T) {
	settings := guarded(t)
	open := func(name string, of permit.Service) (*process.Process, error) {
		return process.Open(t.Context(), name, settings(of), process.Options{Keys: keys.Ephemeral(), Logger: logtest.Logger(t)})
	}
	// The gateway has no right to hear what comes to queue's own inbox.
	if _, err := open("queue", permit.Gateway); err == nil || !strings.Contains(err.Error(), "denied this service") {
		t.Errorf("it starts with another's key: %v", err)
	}

	p, err := open("queue", permit.Queue)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.People(t.Context()); err == nil || !strings.Contains(err.Error(), "PEOPLE") || !strings.Contains(err.Error(), "denied this service") {
		t.Errorf("queue opens the personal data: %v", err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}

	p, err = open("queue", permit.Queue)
	if err != nil {
		t.Fatal(err)
	}
	p.Add(run.Func("part", func(ctx context.Context) error { <-ctx.Done(); return nil }))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	ops := httptest.NewServer(p.OpsHandler())
	defer ops.Close()
	address := strings.TrimPrefix(ops.URL, "http://")
	wait(t, "it is ready", func() bool {
		status, err := process.Health(t.Context(), address, false)
		return err == nil && status == "ready"
	})
	if err := p.Conn.Publish(events.Subject(events.Registry, ids.New[ids.Session]()), nil); err != nil {
		t.Fatal(err)
	}
	wait(t, "it says what was denied", func() bool {
		_, err := process.Health(t.Context(), address, false)
		return err != nil && strings.Contains(err.Error(), "evt.registry.") && strings.Contains(err.Error(), "pkg/permit")
	})
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// wait polls until a condition holds, for half a minute.
func wait(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// TestAWrongIdentityIsNamed: which setting, and what is wrong with it.
func TestAWrongIdentityIsNamed(t *testing.T) {
	settings := guarded(t)
	broken := filepath.Join(t.TempDir(), "broken")
	if err := os.WriteFile(broken, []byte("SUNSEED"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*process.Settings)
		want   string
	}{
		"no such file":      {func(s *process.Settings) { s.NATSCreds = broken + "-not" }, "--nats-creds"},
		"no seed":           {func(s *process.Settings) { s.NATSCreds = broken }, "not an nkey seed"},
		"no such authority": {func(s *process.Settings) { s.NATSCA = broken + "-not" }, broken},
	} {
		s := settings(permit.Queue)
		c.change(&s)
		if _, err := process.Open(t.Context(), "queue", s, process.Options{Keys: keys.Ephemeral(), Logger: logtest.Logger(t)}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestHealthTellsReadyFromEverythingElse.
func TestHealthTellsReadyFromEverythingElse(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := silent.Addr().String()
	if err := silent.Close(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		status int
		body   string
		want   string
	}{
		"ready":      {http.StatusOK, `{"status":"ready"}`, ""},
		"not ready":  {http.StatusServiceUnavailable, `{"status":"not ready","reason":"log: folding"}`, "log: folding"},
		"no json":    {http.StatusOK, `<html>`, "does not answer as Fairfloor does"},
		"wrong port": {0, "", "nobody answers"},
	} {
		address := gone
		if c.status != 0 {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			}))
			defer s.Close()
			address = s.Listener.Addr().String()
		}
		status, err := process.Health(t.Context(), address, false)
		if c.want == "" && (err != nil || status != "ready") || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %q, %v", name, status, err)
		}
	}
	if _, err := process.Health(t.Context(), "here", false); err == nil || !strings.Contains(err.Error(), `"here"`) {
		t.Errorf("no address: %v", err)
	}
}
