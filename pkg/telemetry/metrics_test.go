package telemetry

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func TestMetricsAreServed(t *testing.T) {
	m := NewMetrics("queue")
	own := prometheus.NewCounter(prometheus.CounterOpts{Name: "fairfloor_test_total", Help: "A test."})
	m.Registry.MustRegister(own)
	own.Add(3)
	var out strings.Builder
	logger, err := Logger(LogConfig{Writer: &out, Dropped: m.Dropped})
	if err != nil {
		t.Fatal(err)
	}
	logger.Info("said", "name", secret, "email", "ada@example.org")
	server := httptest.NewServer(m.Handler())
	defer server.Close()
	answer, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"fairfloor_test_total 3", "fairfloor_log_attributes_dropped_total 2", `fairfloor_info{service="queue"} 1`,
		"go_goroutines ", "process_open_fds ", "go_build_info",
	} {
		if !strings.Contains(string(body), want) {
			t.Errorf("%q is not served", want)
		}
	}
	// Two services in one process have a registry each.
	if NewMetrics("timing").Registry == m.Registry {
		t.Error("two services share a registry")
	}
}
