package faults_test

import (
	"encoding/json"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// socket opens a websocket of its own, says hello and gives the connection as it
// is: nothing reads it but the test.
func (m *meeting) socket(s *server, token string) *websocket.Conn {
	m.t.Helper()
	dialer := websocket.Dialer{
		Subprotocols: []string{api.Subprotocol}, HandshakeTimeout: patience,
		NetDial: func(network, address string) (net.Conn, error) {
			conn, err := net.Dial(network, address)
			if err == nil {
				// A small window, so that the kernel hides little of what is not read.
				err = conn.(*net.TCPConn).SetReadBuffer(4096)
			}
			return conn, err
		},
	}
	ws, response, err := dialer.DialContext(timeout(m.t), "ws://"+s.address+"/api/v1/sessions/"+m.id.String()+"/live", nil)
	if err != nil {
		m.t.Fatal(err)
	}
	_ = response.Body.Close()
	if err := ws.WriteJSON(api.Hello{Type: api.FrameHello, Token: token}); err != nil {
		m.t.Fatal(err)
	}
	return ws
}

// moves lets the chair move the last of the list to the front, over and over,
// and gives how long a healthy client waited for each change to arrive.
func (m *meeting) moves(chair, healthy *client.Live, n int) []time.Duration {
	m.t.Helper()
	var waits []time.Duration
	for range n {
		list := look(m.t, chair).Lists[m.part]
		front, moved := list[0], list[len(list)-1]
		view := look(m.t, chair)
		states := map[ids.Entry]string{front: string(view.Entries[front].State), moved: string(view.Entries[moved].State)}
		args, err := json.Marshal(command.Move{Entry: moved, Before: front})
		if err != nil {
			m.t.Fatal(err)
		}
		began := time.Now()
		r, err := chair.Send(timeout(m.t), api.CommandFrame{
			ID: ids.New[ids.Command](), Verb: "move", Reason: "a test of slow clients",
			Expect: &command.Expect{Entries: states}, Args: args,
		})
		if err != nil {
			m.t.Fatal(err)
		}
		for _, l := range []*client.Live{healthy, chair} {
			if err := l.WaitSeq(timeout(m.t), r.Seq); err != nil {
				m.t.Fatal(err)
			}
		}
		waits = append(waits, time.Since(began))
	}
	slices.Sort(waits)
	return waits
}

// TestAClientThatStopsReadingDelaysNobodyAndCostsBoundedMemory is the first half
// of the bullet, on the real process; the gateway's own tests have the rest.
func TestAClientThatStopsReadingDelaysNobodyAndCostsBoundedMemory(t *testing.T) {
	const entries, stalled = 120, 25
	changes := 120
	if long() {
		changes = 1000
	}
	s := serve(t, t.TempDir(), "--commands-per-second", "500")
	m := meet(t, s.url(), s.organiser, entries)
	chair := m.chair()
	for i := range entries {
		m.enlist(chair, i)
	}
	healthy := m.join(command.Invite{Roles: []events.Role{events.Observer}})
	alone := m.moves(chair, healthy, changes/4)
	before := s.metric("go_memstats_heap_inuse_bytes")

	token := m.link(command.Invite{Roles: []events.Role{events.Observer}}).Token
	for range stalled {
		ws := m.socket(s, token)
		defer func() { _ = ws.Close() }()
	}
	until(t, "all are connected", func() bool { return s.metric("fairfloor_live_sockets") == stalled+2 })
	bytes := healthy.Stats().Bytes
	beside := m.moves(chair, healthy, changes)
	sent := healthy.Stats().Bytes - bytes
	after := s.metric("go_memstats_heap_inuse_bytes")

	// Not one of the healthy client's changes waited for somebody who does not
	// read: a write that blocks would take as long as the write's time limit, 30 s.
	worst := beside[len(beside)-1]
	if limit := 10*alone[len(alone)-1] + 2*time.Second; worst > limit {
		t.Errorf("beside %d stalled clients a change took %s; alone at most %s", stalled, worst, alone[len(alone)-1])
	}
	// The backlog that nobody reads would be this; what is kept is a small part of it.
	backlog := float64(sent) * stalled
	if grown := after - before; grown > backlog/4+32<<20 {
		t.Errorf("the heap grew by %.1f MB; %d clients left %.1f MB unread", grown/(1<<20), stalled, backlog/(1<<20))
	}
	t.Logf("median %s alone, %s beside %d stalled clients, worst %s; %.1f MB unread, heap %.1f to %.1f MB",
		alone[len(alone)/2], beside[len(beside)/2], stalled, worst, backlog/(1<<20), before/(1<<20), after/(1<<20))
}

// Test200BrokenConnectionsLeaveNoGoroutineBehind is the second half: resets, cut
// lines, half a handshake, a hello that never comes.
func Test200BrokenConnectionsLeaveNoGoroutineBehind(t *testing.T) {
	s := serve(t, t.TempDir())
	m := meet(t, s.url(), s.organiser, 4)
	token := m.link(command.Invite{Roles: []events.Role{events.Observer}}).Token
	// One that lives and dies first, so that what stays for the session is there.
	first := m.dial(client.Options{Token: token})
	first.Close()
	until(t, "the first is gone", func() bool { return s.metric("fairfloor_live_sockets") == 0 })
	before := s.metric("go_goroutines")
	descriptors := s.metric("process_open_fds")

	for i := range 200 {
		switch i % 4 {
		case 0: // reset in the middle of everything
			ws := m.socket(s, token)
			if err := ws.NetConn().(*net.TCPConn).SetLinger(0); err != nil {
				t.Fatal(err)
			}
			_ = ws.NetConn().Close()
		case 1: // the view is there, then the line is cut
			ws := m.socket(s, token)
			if _, _, err := ws.ReadMessage(); err != nil {
				t.Fatal(err)
			}
			_ = ws.NetConn().Close()
		case 2: // half a handshake
			conn, err := net.Dial("tcp", s.address)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Write([]byte("GET /api/v1/sessions/" + m.id.String() + "/live HTTP/1.1\r\nHost: x\r\nUpgrade: webs")); err != nil {
				t.Fatal(err)
			}
			_ = conn.Close()
		case 3: // half a frame
			ws := m.socket(s, token)
			if _, err := ws.NetConn().Write([]byte{0x81, 0xfe, 0x01}); err != nil {
				t.Fatal(err)
			}
			_ = ws.NetConn().Close()
		}
	}
	until(t, "no socket is open", func() bool { return s.metric("fairfloor_live_sockets") == 0 })
	// The metric's own request has goroutines too, in both counts alike; a few
	// come and go with the timers of the server.
	var left float64
	until(t, "no goroutine is left", func() bool {
		left = s.metric("go_goroutines")
		return left <= before+3
	})
	until(t, "no file is left open", func() bool { return s.metric("process_open_fds") <= descriptors+3 })
	t.Logf("%.0f goroutines before, %.0f after 200 broken connections", before, left)
	// And it still serves.
	m.enlist(m.chair(), 0)
}
