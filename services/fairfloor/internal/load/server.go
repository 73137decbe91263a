package load

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Reading is what a server used up to a moment.
type Reading struct {
	// CPU is the time of its processors so far, Memory its resident bytes.
	CPU    time.Duration
	Memory int64
	// Handles and Routines are open files and goroutines, where it tells them.
	Handles, Routines int64
}

// server reads what the server uses, where we were told how.
func (r *run) server() (Reading, error) {
	switch {
	case r.PID != 0:
		return Process(r.PID)
	case r.Metrics != "":
		return metrics(r.ctx, r.Metrics)
	}
	return Reading{}, nil
}

// hertz is the unit of CPU times under /proc; Linux tells programs 100 everywhere.
const hertz = 100

// Process reads the use of a process of this machine from /proc (proc(5)).
func Process(pid int) (Reading, error) {
	folder := filepath.Join("/proc", strconv.Itoa(pid))
	stat, err := os.ReadFile(filepath.Join(folder, "stat"))
	if err != nil {
		return Reading{}, fmt.Errorf("pid: %w", err)
	}
	// The name in brackets may hold spaces; the fields after it are counted from 3.
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 22 {
		return Reading{}, fmt.Errorf("pid: %s/stat has %d fields", folder, len(fields))
	}
	out := Reading{}
	for _, at := range []int{11, 12} { // utime and stime
		ticks, err := strconv.ParseInt(fields[at], 10, 64)
		if err != nil {
			return Reading{}, fmt.Errorf("pid: %w", err)
		}
		out.CPU += time.Duration(ticks) * time.Second / hertz
	}
	pages, err := strconv.ParseInt(fields[21], 10, 64)
	if err != nil {
		return Reading{}, fmt.Errorf("pid: %w", err)
	}
	out.Memory = pages * int64(os.Getpagesize())
	if files, err := os.ReadDir(filepath.Join(folder, "fd")); err == nil {
		out.Handles = int64(len(files))
	}
	return out, nil
}

// metrics reads the use of a server anywhere from its Prometheus endpoint.
func metrics(ctx context.Context, address string) (Reading, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return Reading{}, fmt.Errorf("metrics: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return Reading{}, fmt.Errorf("metrics: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return Reading{}, fmt.Errorf("metrics: %s answered %s", address, response.Status)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(response.Body)
	if err != nil {
		return Reading{}, fmt.Errorf("metrics: %w", err)
	}
	value := func(name string) float64 {
		for _, m := range families[name].GetMetric() {
			return m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetUntyped().GetValue()
		}
		return 0
	}
	out := Reading{
		CPU:    time.Duration(value("process_cpu_seconds_total") * float64(time.Second)),
		Memory: int64(value("process_resident_memory_bytes")), Handles: int64(value("process_open_fds")), Routines: int64(value("go_goroutines")),
	}
	if out.Memory == 0 {
		return Reading{}, fmt.Errorf("metrics: %s tells no process_resident_memory_bytes", address)
	}
	return out, nil
}

// disk measures what bringing one write to the disk costs beside the load.
type disk struct {
	mu    sync.Mutex
	times []time.Duration
	err   error
}

// Bounds of the raw writes: one of the size of a small commit, 20 times a second.
const (
	writeBytes = 1 << 10
	writeEvery = 50 * time.Millisecond
)

// watchDisk writes and syncs until ctx ends, when a folder was named.
func (r *run) watchDisk(ctx context.Context, all *sync.WaitGroup) *disk {
	d := &disk{}
	if r.Fsync == "" {
		return d
	}
	all.Go(func() {
		d.err = d.write(ctx, r.Fsync)
	})
	return d
}

func (d *disk) write(ctx context.Context, folder string) error {
	file, err := os.CreateTemp(folder, "fairfloor-load-fsync-")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	tick := time.NewTicker(writeEvery)
	defer tick.Stop()
	block := make([]byte, writeBytes)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		begun := time.Now()
		if _, err := file.Write(block); err != nil {
			return err
		}
		if err := file.Sync(); err != nil {
			return err
		}
		took := time.Since(begun)
		d.mu.Lock()
		d.times = append(d.times, took)
		d.mu.Unlock()
	}
}

// summary is nil when nothing was measured.
func (d *disk) summary() *Summary {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.times) == 0 {
		return nil
	}
	s := Summarise("fsync", d.times)
	return &s
}
