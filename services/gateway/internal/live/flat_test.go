package live_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
)

// What may be there more after many connections than before them: the noise of
// a server that goes on, and of the runtime, however many connections there were.
const (
	moreGoroutines = 50
	moreHandles    = 50
	moreHeap       = 2 << 20
)

// use is what a process holds.
type use struct {
	goroutines, handles int
	heap                uint64
}

func inUse(t *testing.T) use {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	// Twice: what has a finaliser, and pools, are freed one collection later.
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return use{runtime.NumGoroutine(), len(files), m.HeapAlloc}
}

func (u use) within(before use) bool {
	return u.goroutines <= before.goroutines+moreGoroutines && u.handles <= before.handles+moreHandles && u.heap <= before.heap+moreHeap
}

// TestGoroutinesMemoryAndFileHandlesAreFlatOver10000ConnectsAndDisconnects: of
// clients that get their view and leave, every second one without a word, nothing
// is left; 1,000 of them in the short run.
func TestGoroutinesMemoryAndFileHandlesAreFlatOver10000ConnectsAndDisconnects(t *testing.T) {
	n := 1000
	if os.Getenv("FAIRFLOOR_LONG") != "" {
		n = 10_000
	}
	s := open(t, 3, 3, nil)
	// The first ones fill pools, tables and the ring of patches.
	s.comeAndGo(t, 200)
	before := inUse(t)
	s.comeAndGo(t, n)
	after := inUse(t)
	for end := time.Now().Add(time.Minute); !after.within(before) && time.Now().Before(end); after = inUse(t) {
		// Goroutines of the last ones, such as those that take them out of presence.
		time.Sleep(50 * time.Millisecond)
	}
	if !after.within(before) {
		t.Errorf("after %d connections %+v, before them %+v", n, after, before)
	}
	t.Logf("%d connections: %+v, then %+v", n, before, after)
}

// comeAndGo lets n clients connect, some at a time, see the view, and leave; it
// returns when the server has seen all of them go.
func (s *stack) comeAndGo(t *testing.T, n int) {
	t.Helper()
	const atOnce = 25
	var all sync.WaitGroup
	for part := range atOnce {
		all.Go(func() {
			for i := range n / atOnce {
				c := &client{t: t, ws: s.dial(s.web)}
				c.send(api.Hello{Type: api.FrameHello})
				c.until(api.FrameMe)
				if (part+i)%2 == 0 {
					// As a phone in a tunnel: no close frame.
					c.ws.NetConn().Close()
				} else {
					_ = c.ws.WriteControl(8, []byte{3, 232}, time.Now().Add(10*time.Second))
					c.ws.Close()
				}
			}
		})
	}
	all.Wait()
	for end := time.Now().Add(time.Minute); s.server.Sockets() > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d connections are still open", s.server.Sockets())
		}
	}
}

// TestAConnectionKeepsNothingOfItsRequest: while it is open, the request by which
// it came is collected, and with it the HTTP server's buffers.
func TestAConnectionKeepsNothingOfItsRequest(t *testing.T) {
	s := open(t, 1, 1, nil)
	collected := make(chan struct{})
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		runtime.AddCleanup(r, func(done chan struct{}) { close(done) }, collected)
		s.server.Serve(w, r, s.session)
	}))
	t.Cleanup(web.Close)
	c := s.joinAt(web, api.Hello{})
	c.until(api.FrameMe)
	for end := time.Now().Add(time.Minute); ; {
		runtime.GC()
		select {
		case <-collected:
		case <-time.After(10 * time.Millisecond):
			if time.Now().After(end) {
				t.Fatal("an open connection keeps the request that it came by")
			}
			continue
		}
		break
	}
	// It is open still.
	c.reach(s.change(1))
}
