package eventlog

import (
	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the log's own. Names and units follow Prometheus' conventions.
type metrics struct {
	appends  *prometheus.CounterVec
	duration prometheus.Histogram
	refused  prometheus.Gauge
	position *prometheus.GaugeVec
	restarts prometheus.Counter
}

// newMetrics registers them, unless registerer is nil. A process that opens the
// log under one name twice is told so by the registerer.
func newMetrics(registerer prometheus.Registerer, name string) (*metrics, error) {
	labels := prometheus.Labels{"log": name}
	m := &metrics{
		appends: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "fairfloor_log_appends_total", Help: "Appends to the log by outcome.", ConstLabels: labels,
		}, []string{"outcome"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "fairfloor_log_append_seconds", Help: "Time from sending an append to its outcome.", ConstLabels: labels,
			Buckets: prometheus.ExponentialBuckets(0.00025, 2, 15),
		}),
		refused: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "fairfloor_log_refused_sessions", Help: "Sessions whose stored log does not check.", ConstLabels: labels,
		}),
		position: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "fairfloor_log_position", Help: "Last stream sequence that was folded.", ConstLabels: labels,
		}, []string{"follower", "stream"}),
		restarts: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "fairfloor_log_consumer_restarts_total", Help: "Consumers made anew after a fault.", ConstLabels: labels,
		}),
	}
	if registerer == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.appends, m.duration, m.refused, m.position, m.restarts} {
		if err := registerer.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}
