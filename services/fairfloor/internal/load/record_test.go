package load

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestPercentilesAreByNearestRank: as many hundredths of the times as it says are
// at most the percentile, and it is one of them.
func TestPercentilesAreByNearestRank(t *testing.T) {
	for _, c := range []struct {
		n                  int
		p50, p95, p99, max float64
	}{{1, 1, 1, 1, 1}, {2, 1, 2, 2, 2}, {100, 50, 95, 99, 100}, {101, 51, 96, 100, 101}, {1000, 500, 950, 990, 1000}} {
		times := make([]time.Duration, c.n)
		for i := range times {
			times[c.n-1-i] = time.Duration(i+1) * time.Millisecond
		}
		if got, want := Summarise("x", times), (Summary{"x", c.n, c.p50, c.p95, c.p99, c.max}); got != want {
			t.Errorf("%d: %+v, want %+v", c.n, got, want)
		}
	}
	if got := Summarise("x", nil); got != (Summary{Kind: "x"}) {
		t.Errorf("of nothing: %+v", got)
	}
}

// TestDelaysCountEveryActOnce: for any acts and any views, each act either has the
// time to the first view at or past it, or is missing.
func TestDelaysCountEveryActOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		zero := time.Now()
		seqs := rapid.SliceOfDistinct(rapid.Uint64Range(1, 60), rapid.ID[uint64])
		var all []act
		taken := &acts{}
		for _, seq := range seqs.Draw(rt, "acts") {
			a := act{seq, zero.Add(time.Duration(seq) * time.Second)}
			all = append(all, a)
			taken.add(a.seq, a.sent, 0)
		}
		var arrivals []arrival
		views := seqs.Draw(rt, "views")
		slices.Sort(views)
		for i, seq := range views {
			arrivals = append(arrivals, arrival{seq, zero.Add(time.Duration(1000+i) * time.Second)})
		}
		times, missing := delays(taken.sorted(), arrivals)
		if len(times)+missing != len(all) {
			rt.Fatalf("%d times and %d missing of %d", len(times), missing, len(all))
		}
		slices.SortFunc(all, func(a, b act) int { return int(a.seq) - int(b.seq) })
		for i, a := range all {
			at := slices.IndexFunc(arrivals, func(v arrival) bool { return v.seq >= a.seq })
			if (at < 0) != (i >= len(times)) {
				rt.Fatalf("act %d: view %d, times %v", a.seq, at, times)
			}
			if at >= 0 && times[i] != arrivals[at].came.Sub(a.sent) {
				rt.Fatalf("act %d took %s", a.seq, times[i])
			}
		}
	})
}

// TestUseOfAServerIsReadFromProcAndFromMetrics: both tell of a process that works,
// and say what is wrong when they cannot.
func TestUseOfAServerIsReadFromProcAndFromMetrics(t *testing.T) {
	before, err := Process(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	after := before
	for sum, end := 0, time.Now().Add(time.Minute); after.CPU < before.CPU+100*time.Millisecond; {
		for i := range 10_000_000 {
			sum += i
		}
		if after, err = Process(os.Getpid()); err != nil || time.Now().After(end) || sum == 0 {
			t.Fatalf("%+v, then %+v: %v", before, after, err)
		}
	}
	if after.Memory < 1<<20 || after.Handles < 3 {
		t.Errorf("%+v", after)
	}
	if _, err := Process(1 << 30); err == nil || !strings.Contains(err.Error(), "pid") {
		t.Errorf("a process that is not: %v", err)
	}
	answers := map[string]string{
		"/good": "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 2.5\n# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes 1e+08\n" +
			"# TYPE process_open_fds gauge\nprocess_open_fds 12\n# TYPE go_goroutines gauge\ngo_goroutines 34\n",
		"/other": "# TYPE up gauge\nup 1\n",
		"/bad":   "{not metrics",
	}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := answers[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = fmt.Fprint(w, body)
	}))
	defer web.Close()
	got, err := metrics(t.Context(), web.URL+"/good")
	if want := (Reading{2500 * time.Millisecond, 100_000_000, 12, 34}); err != nil || got != want {
		t.Errorf("%+v, want %+v: %v", got, want, err)
	}
	for _, path := range []string{"/other", "/bad", "/none"} {
		if _, err := metrics(t.Context(), web.URL+path); err == nil || !strings.Contains(err.Error(), "metrics") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestProxyKeepsBackAndLosesNothing: a byte comes late, many come at once, and
// the other way nothing is kept back.
func TestProxyKeepsBackAndLosesNothing(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p, base, err := startProxy("http://" + l.Addr().String() + "/sub")
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	if !strings.HasSuffix(base, "/sub") {
		t.Errorf("the proxy is at %s", base)
	}
	near, err := net.Dial("tcp", p.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	begun := time.Now()
	for _, half := range []string{"hel", "lo"} {
		if _, err := far.Write([]byte(half)); err != nil {
			t.Fatal(err)
		}
	}
	got := make([]byte, 64<<10)
	if _, err := readFull(near, got[:5]); err != nil || string(got[:5]) != "hello" {
		t.Fatalf("%q: %v", got[:5], err)
	}
	if took := time.Since(begun); took < proxyEvery/2 {
		t.Errorf("it came after %s", took)
	}
	// More than the buffer, in one go.
	big := strings.Repeat("0123456789", 5000)
	sent := make(chan error, 1)
	go func() { _, err := far.Write([]byte(big)); sent <- err }()
	if _, err := readFull(near, got[:len(big)]); err != nil || string(got[:len(big)]) != big {
		t.Fatalf("%d bytes differ: %v", len(big), err)
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	if _, err := near.Write([]byte("back")); err != nil {
		t.Fatal(err)
	}
	if _, err := readFull(far, got[:4]); err != nil || string(got[:4]) != "back" {
		t.Fatalf("%q: %v", got[:4], err)
	}
	// The end of one side is the end of the other.
	far.Close()
	if _, err := readFull(near, got[:1]); err == nil {
		t.Error("the line outlived the server's end")
	}
}

func readFull(c net.Conn, p []byte) (int, error) {
	_ = c.SetReadDeadline(time.Now().Add(time.Minute))
	n := 0
	for n < len(p) {
		more, err := c.Read(p[n:])
		if n += more; err != nil {
			return n, err
		}
	}
	return n, nil
}

// TestSourcesSpreadOverTheLoopback: no address is that of more connections than a
// server takes from one, and elsewhere the machine's own is used.
func TestSourcesSpreadOverTheLoopback(t *testing.T) {
	count := map[string]int{}
	for n := range int64(20_000) {
		count[source("127.0.0.1:80", n).String()]++
	}
	for address, n := range count {
		if n > perSource {
			t.Errorf("%d from %s", n, address)
		}
	}
	for _, elsewhere := range []string{"192.0.2.1:80", "[::1]:80", "example.org:80"} {
		if got := source(elsewhere, 1); got != nil {
			t.Errorf("%s is reached from %s", elsewhere, got)
		}
	}
}

// TestEachStopsAtTheFirstFailure: what is left is not begun, and the failure is told.
func TestEachStopsAtTheFirstFailure(t *testing.T) {
	seen := make([]bool, 1000)
	if err := each(len(seen), func(i int) error { seen[i] = true; return nil }); err != nil || slices.Contains(seen, false) {
		t.Errorf("not all were done: %v", err)
	}
	if err := each(1000, func(i int) error {
		if i == 3 {
			return context.Canceled
		}
		return nil
	}); err == nil {
		t.Error("the failure was lost")
	}
	if err := each(0, func(int) error { return context.Canceled }); err != nil {
		t.Errorf("of nothing: %v", err)
	}
}
