package telemetry

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics is a process's registry of metrics. Labels never hold ids of sessions
// or people: their number is not bounded.
type Metrics struct {
	// Registry takes the collectors of the process's parts.
	Registry *prometheus.Registry
	dropped  prometheus.Counter
}

// NewMetrics makes a registry with the runtime's, the process's and the build's
// own figures, and the name of the service in fairfloor_info.
func NewMetrics(service string) *Metrics {
	m := &Metrics{
		Registry: prometheus.NewRegistry(),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "fairfloor_log_attributes_dropped_total",
			Help: "Attributes that log lines lost because their key or value is not allowed.",
		}),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "fairfloor_info", Help: "Always 1; the label says which service this is.",
		ConstLabels: prometheus.Labels{"service": service},
	})
	info.Set(1)
	m.Registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewBuildInfoCollector(), m.dropped, info,
	)
	return m
}

// Dropped counts lost attributes; it fits LogConfig.Dropped.
func (m *Metrics) Dropped(n int) { m.dropped.Add(float64(n)) }

// Handler serves the metrics in Prometheus' text form. A collector that fails
// costs its own figures, not the whole answer.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.Registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, Registry: m.Registry})
}
