package live

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts what operators look at.
type metrics struct {
	sockets prometheus.Gauge
	fanOut  *prometheus.HistogramVec
	joined  *prometheus.CounterVec
	refused *prometheus.CounterVec
	ahead   prometheus.Counter
	lagging prometheus.Counter
}

func newMetrics(r prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		sockets: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "fairfloor_live_sockets", Help: "Open websockets.",
		}),
		fanOut: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "fairfloor_live_fanout_seconds", Help: "Time from a change of the state to its last socket, by audience.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1},
		}, []string{"audience"}),
		joined: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "fairfloor_live_joined_total", Help: "Connections that got a view, by how: snapshot or resume.",
		}, []string{"how"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "fairfloor_live_problems_total", Help: "Frames and connections that were refused, by the problem's code.",
		}, []string{"code"}),
		ahead: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "fairfloor_live_cursor_ahead_total",
			Help: "Clients whose cursor is ahead of the log or of another life of it. Above zero, the log has lost something.",
		}),
		lagging: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "fairfloor_live_fresh_snapshots_total", Help: "Snapshots that replaced the backlog of a slow client.",
		}),
	}
	if r == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.sockets, m.fanOut, m.joined, m.refused, m.ahead, m.lagging} {
		if err := r.Register(c); err != nil {
			return nil, fmt.Errorf("live: %w", err)
		}
	}
	return m, nil
}
