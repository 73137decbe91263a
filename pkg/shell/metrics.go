package shell

import (
	"github.com/prometheus/client_golang/prometheus"
)

// metrics are one shell's. The label service tells shells of one process apart.
type metrics struct {
	commands    *prometheus.CounterVec
	duration    prometheus.Histogram
	waiting     prometheus.Gauge
	conflicts   prometheus.Counter
	reactions   *prometheus.CounterVec
	lateness    prometheus.Histogram
	offset      prometheus.Gauge
	offsetNoted prometheus.Counter
}

func newMetrics(registerer prometheus.Registerer, service string) (*metrics, error) {
	labels := prometheus.Labels{"service": service}
	m := &metrics{
		commands: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "fairfloor_commands_total", Help: "Commands by verb and outcome.", ConstLabels: labels,
		}, []string{"verb", "outcome"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "fairfloor_command_seconds", Help: "Time from taking a command to its answer.", ConstLabels: labels,
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 15),
		}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "fairfloor_commands_waiting", Help: "Commands that wait in their sessions' lines.", ConstLabels: labels,
		}),
		conflicts: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "fairfloor_conflicts_total", Help: "Appends that another replica preceded.", ConstLabels: labels,
		}),
		reactions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "fairfloor_reactions_total", Help: "Reactions and timers by outcome.", ConstLabels: labels,
		}, []string{"kind", "outcome"}),
		lateness: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "fairfloor_timer_late_seconds", Help: "Session time from a deadline to its decision.", ConstLabels: labels,
			Buckets: prometheus.ExponentialBuckets(0.001, 2, 15),
		}),
		offset: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "fairfloor_clock_ahead_seconds", Help: "This process' clock ahead of the log's.", ConstLabels: labels,
		}),
		offsetNoted: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "fairfloor_clock_off_total", Help: "Measurements that found the clock more than 50 ms off.", ConstLabels: labels,
		}),
	}
	if registerer == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{
		m.commands, m.duration, m.waiting, m.conflicts, m.reactions, m.lateness, m.offset, m.offsetNoted,
	} {
		if err := registerer.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}
