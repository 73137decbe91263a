package load

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/fairfloor/fairfloor/pkg/client"
)

// Report is what the load brought.
type Report struct {
	Sessions   int     `json:"sessions"`
	Observers  int     `json:"observers"`
	Speakers   int     `json:"speakers"`
	Captioners int     `json:"captioners"`
	Proxy      bool    `json:"proxy"`
	DurationS  float64 `json:"duration_s"`
	// Latencies are those of healthy observers, and of who sends; Troubled those
	// of the slow and the broken.
	Latencies []Summary `json:"latencies"`
	Troubled  []Summary `json:"troubled"`
	// Fsync is the raw write beside the load, where one was asked for.
	Fsync *Summary `json:"fsync,omitempty"`
	// Commands were accepted in the measured time; Refused were refused, or not
	// sent because the same speaker's last one had no receipt yet.
	Commands int `json:"commands"`
	Refused  int `json:"refused"`
	// Deliveries are frames that clients read.
	Deliveries          int64   `json:"deliveries"`
	DeliveriesPerSecond float64 `json:"deliveries_per_s"`
	BytesPerSecond      float64 `json:"bytes_per_s"`
	// Lost counts changes that a client's view never reached, and clients that were
	// not live in the end; Doubled and Missing finals that came twice, or not.
	Lost    int `json:"lost"`
	Doubled int `json:"doubled"`
	Missing int `json:"missing"`
	// WrongViews counts whole views that differed from a fresh one in the end.
	WrongViews int `json:"wrong_views"`
	// ComparedViews is how many were compared.
	ComparedViews int `json:"compared_views"`
	// BacklogBytes is the most that had waited for a stalled client, on the whole way.
	BacklogBytes int64 `json:"backlog_bytes"`
	// Server is nil when nobody said how to look at it.
	Server *Server `json:"server,omitempty"`
}

// Server is what the server used in the measured time.
type Server struct {
	CPUSeconds float64 `json:"cpu_s"`
	// CPUMicros is the CPU time of each delivery, in microseconds.
	CPUMicros   float64 `json:"cpu_us_per_delivery"`
	MemoryBytes int64   `json:"memory_bytes"`
	Handles     int64   `json:"open_files,omitempty"`
	Goroutines  int64   `json:"goroutines,omitempty"`
}

// measured takes the figures of the measured time.
func (rep *Report) measured(r *run, took time.Duration, frames, bytes int64, before, after Reading) {
	rep.Sessions, rep.Proxy, rep.DurationS = r.Sessions, r.Proxy, took.Seconds()
	rep.Observers, rep.Speakers, rep.Captioners = r.Sessions*r.Observers, r.Sessions*r.Speakers, r.Sessions*r.Captioners
	rep.Deliveries = frames
	rep.DeliveriesPerSecond, rep.BytesPerSecond = float64(frames)/took.Seconds(), float64(bytes)/took.Seconds()
	if after.Memory == 0 {
		return
	}
	cpu := after.CPU - before.CPU
	rep.Server = &Server{CPUSeconds: cpu.Seconds(), MemoryBytes: after.Memory, Handles: after.Handles, Goroutines: after.Routines}
	if frames > 0 {
		rep.Server.CPUMicros = float64(cpu.Microseconds()) / float64(frames)
	}
}

// judge waits until everybody has what was sent, and counts who has not.
func (r *run) judge() error {
	ctx, cancel := context.WithTimeout(r.ctx, settleWithin)
	defer cancel()
	for _, s := range r.shows {
		position := s.position.Load()
		for _, o := range s.observers {
			if o.live.WaitSeq(ctx, position) != nil {
				r.report.Lost++
				continue
			}
			for _, w := range s.writers {
				if o.live.Wait(ctx, func(l *client.Locked) bool { return l.CaptionSeq(w.track) >= uint64(w.finals) }) != nil {
					r.report.Missing++
				}
				t := o.live.Transcript(w.track)
				r.report.Doubled += t.Doubles
				if t.Finals < w.finals {
					r.report.Missing += w.finals - t.Finals
				}
			}
		}
	}
	if err := r.ctx.Err(); err != nil {
		return err
	}
	r.summarise()
	return r.compare()
}

// summarise makes the latencies of every kind.
func (r *run) summarise() {
	well, badly := map[string][]time.Duration{}, map[string][]time.Duration{}
	for _, s := range r.shows {
		all := s.acts.sorted()
		r.report.Commands += len(all)
		r.report.Refused += s.acts.refused
		well[Receipts] = append(well[Receipts], s.acts.receipts...)
		for _, w := range s.writers {
			r.report.Refused += w.refused
		}
		for _, o := range s.observers {
			into := well
			if o.manner != healthy {
				into = badly
			}
			o.mu.Lock()
			if o.manner != stalled {
				times, missing := delays(all, o.arrivals)
				into[Views] = append(into[Views], times...)
				r.report.Lost += missing
				into[Partials] = append(into[Partials], o.partials...)
				into[Finals] = append(into[Finals], o.finals...)
			}
			o.mu.Unlock()
			into[Joins] = append(into[Joins], o.took)
			if r.Storm && o.manner == healthy {
				if o.resumed == 0 {
					r.report.Lost++
				} else {
					well[Resumes] = append(well[Resumes], o.resumed)
				}
			}
			r.report.BacklogBytes = max(r.report.BacklogBytes, o.backlog)
		}
	}
	for _, kind := range []string{Receipts, Views, Partials, Finals, Joins, Resumes} {
		if times := well[kind]; len(times) > 0 {
			r.report.Latencies = append(r.report.Latencies, Summarise(kind, times))
		}
		if times := badly[kind]; len(times) > 0 {
			r.report.Troubled = append(r.report.Troubled, Summarise(kind, times))
		}
	}
}

// compare looks whether those who kept the whole view have the one that a client
// who comes now is given.
func (r *run) compare() error {
	var wrong, compared atomic.Int64
	err := each(len(r.shows), func(i int) error {
		s := r.shows[i]
		if !slices.ContainsFunc(s.observers, func(o *observer) bool { return o.whole }) {
			return nil
		}
		fresh := &observer{whole: true}
		if err := r.join(s, fresh); err != nil {
			return err
		}
		defer fresh.live.Close()
		var all sync.WaitGroup
		for _, o := range s.observers {
			if o.whole {
				compared.Add(1)
				all.Go(func() {
					if !r.agree(fresh.live, o.live) {
						wrong.Add(1)
					}
				})
			}
		}
		all.Wait()
		return nil
	})
	r.report.WrongViews, r.report.ComparedViews = int(wrong.Load()), int(compared.Load())
	return err
}

// agree waits, not long, until two views are equal: a service's reaction may
// still be on its way to one of them.
func (r *run) agree(one, other *client.Live) bool {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	end := time.Now().Add(settleWithin)
	for {
		a, failed := one.JSON()
		b, err := other.JSON()
		if failed == nil && err == nil && string(a) == string(b) {
			return true
		}
		select {
		case <-tick.C:
		case <-r.ctx.Done():
			return false
		}
		if time.Now().After(end) {
			return false
		}
	}
}

// Latency gives the summary of a kind, empty when there was none of it.
func (rep *Report) Latency(kind string) Summary {
	for _, s := range rep.Latencies {
		if s.Kind == kind {
			return s
		}
	}
	return Summary{Kind: kind}
}

// Sound says what a server may never do under load, nil when it did none of it.
func (rep *Report) Sound() error {
	if rep.Lost+rep.Doubled+rep.Missing+rep.WrongViews == 0 {
		return nil
	}
	return fmt.Errorf("%d lost, %d captions doubled, %d missing, %d of %d views wrong in the end",
		rep.Lost, rep.Doubled, rep.Missing, rep.WrongViews, rep.ComparedViews)
}

// Table writes the report for people.
func (rep *Report) Table(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(t, "kind\tcount\tp50\tp95\tp99\tmax\t")
	row := func(s Summary, note string) {
		_, _ = fmt.Fprintf(t, "%s%s\t%d\t%.1f ms\t%.1f ms\t%.1f ms\t%.1f ms\t\n", s.Kind, note, s.Count, s.P50, s.P95, s.P99, s.Max)
	}
	for _, s := range rep.Latencies {
		row(s, "")
	}
	for _, s := range rep.Troubled {
		row(s, ", slow and broken")
	}
	if rep.Fsync != nil {
		row(*rep.Fsync, ", raw")
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, `
%d sessions, %d observers, %d speakers, %d captioners, %.1f s%s
%d commands accepted, %d refused or not sent
%.0f deliveries/s, %.1f kB/s
lost %d, captions doubled %d, missing %d, views wrong in the end %d of %d
`, rep.Sessions, rep.Observers, rep.Speakers, rep.Captioners, rep.DurationS, map[bool]string{true: ", through a buffering proxy"}[rep.Proxy],
		rep.Commands, rep.Refused, rep.DeliveriesPerSecond, rep.BytesPerSecond/1000,
		rep.Lost, rep.Doubled, rep.Missing, rep.WrongViews, rep.ComparedViews)
	if err == nil && rep.BacklogBytes > 0 {
		_, err = fmt.Fprintf(w, "most that waited for a stalled client: %.1f kB\n", float64(rep.BacklogBytes)/1000)
	}
	if err == nil && rep.Server != nil {
		_, err = fmt.Fprintf(w, "server: %.2f s of CPU, %.2f us for each delivery, %.1f MB, %d open files\n",
			rep.Server.CPUSeconds, rep.Server.CPUMicros, float64(rep.Server.MemoryBytes)/1e6, rep.Server.Handles)
	}
	return err
}
