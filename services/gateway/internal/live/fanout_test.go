package live_test

import (
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/events"
)

// TestChairIsServedFirst: of one change, the chair's frames are written before
// anybody else's, however many others there are and whenever they came.
func TestChairIsServedFirst(t *testing.T) {
	s := open(t, 60, 60, nil)
	crowd := make([]*client, 30)
	for i := range crowd {
		crowd[i] = s.join(api.Hello{})
		crowd[i].until(api.FrameMe)
	}
	chair := s.join(api.Hello{Token: s.token(events.Chair, 0)})
	chair.until(api.FrameMe)
	deadline := time.Now().Add(40 * time.Second)
	for n, judged := 0, 0; judged < 5; n++ {
		if time.Now().After(deadline) {
			t.Fatal("the machine is too slow to tell a change from a beat")
		}
		begun := time.Now()
		s.change(n)
		if err := s.follower.Activity().Settled(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, chairs := s.server.SentAt(s.session, api.ForChair)
		others, _ := s.server.SentAt(s.session, api.ForPublic)
		if time.Since(begun) > 600*time.Millisecond || others < begun.UnixNano() {
			// What was sent last may be a beat.
			continue
		}
		judged++
		if chairs > others {
			t.Errorf("the chair was served %s after the first of the others", time.Duration(chairs-others))
		}
	}
}

// BenchmarkFanOut1000 is one change to 1,000 sockets over TCP, until the last
// client has read it. The clients are in the same process and only count bytes.
func BenchmarkFanOut1000(b *testing.B) {
	const n = 1000
	s := open(b, 53, 53, nil)
	var total atomic.Int64
	var readers sync.WaitGroup
	before := memory()
	goroutines := runtime.NumGoroutine()
	b.Cleanup(readers.Wait) // after the connections are closed: the last cleanup runs first
	for range n {
		ws := s.dial(s.web)
		if err := ws.WriteJSON(api.Hello{Type: api.FrameHello}); err != nil {
			b.Fatal(err)
		}
		conn := ws.NetConn()
		// The deadline is the benchmark's, not a client's.
		_ = conn.SetReadDeadline(time.Time{})
		readers.Go(func() { count(conn, &total) })
		b.Cleanup(func() { ws.Close() })
	}
	quiet(&total)
	pair, routines := float64(memory()-before)/n, float64(runtime.NumGoroutine()-goroutines)/n
	i := 0
	for b.Loop() {
		i++
		start := total.Load()
		seq := s.change(i)
		// All get the same bytes: a patch of some 500, so the last has come when
		// n times the first has.
		for s.follower.Position(s.session) < seq || total.Load()-start < n*300 {
			runtime.Gosched()
		}
	}
	// Both ends are in this process.
	b.ReportMetric(pair, "B/socket-pair")
	b.ReportMetric(routines, "goroutines/socket-pair")
	last := s.join(api.Hello{})
	last.until(api.FrameSnapshot)
	s.sees(last, api.ForPublic)
}

// count reads until the connection ends.
func count(conn net.Conn, total *atomic.Int64) {
	buffer := make([]byte, 4096)
	for {
		n, err := conn.Read(buffer)
		total.Add(int64(n))
		if err != nil {
			return
		}
	}
}

// quiet waits until nothing has come for a moment.
func quiet(total *atomic.Int64) {
	for last := int64(-1); last != total.Load(); {
		last = total.Load()
		time.Sleep(100 * time.Millisecond)
	}
}
