package live_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"net"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// counted counts what comes over a connection.
type counted struct {
	net.Conn
	bytes int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.bytes += n
	return n, err
}

// joinCounted is join of a client whose bytes are counted.
func (s *stack) joinCounted(packs bool, hello api.Hello) (*client, *counted) {
	s.t.Helper()
	line := &counted{}
	d := websocket.Dialer{
		Subprotocols: []string{api.Subprotocol}, EnableCompression: packs,
		NetDial: func(network, address string) (net.Conn, error) {
			conn, err := net.Dial(network, address)
			line.Conn = conn
			return line, err
		},
	}
	ws, _, err := d.Dial("ws"+strings.TrimPrefix(s.web.URL, "http")+"/"+s.session.String(), nil) //nolint:bodyclose // gorilla's dialer has read it
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { ws.Close() })
	c := &client{t: s.t, ws: ws}
	hello.Type = api.FrameHello
	c.send(hello)
	return c, line
}

// TestACompressedViewIsTheSameInFewerBytes: who offers compression is shown what
// all others are, snapshot and patches and after coming back, in a part of the bytes.
func TestACompressedViewIsTheSameInFewerBytes(t *testing.T) {
	s := open(t, 60, 60, nil)
	packed, few := s.joinCounted(true, api.Hello{})
	plain, many := s.joinCounted(false, api.Hello{})
	for _, c := range []*client{packed, plain} {
		c.until(api.FrameMe)
		s.sees(c, api.ForPublic)
	}
	if few.bytes*3 > many.bytes {
		t.Errorf("%d bytes with compression, %d without", few.bytes, many.bytes)
	}
	var seq uint64
	for n := range 20 {
		seq = s.change(n)
		packed.reach(seq)
	}
	plain.reach(seq)
	s.sees(packed, api.ForPublic)
	s.sees(plain, api.ForPublic)
	again, _ := s.joinCounted(true, api.Hello{Since: plain.at})
	again.doc, again.at, again.seq = plain.doc, plain.at, plain.seq
	again.until(api.FrameMe)
	s.sees(again, api.ForPublic)
}

// TestACompressedCommandIsTaken: what a client packs is read, within the limit
// that holds for what is not packed.
func TestACompressedCommandIsTaken(t *testing.T) {
	s := open(t, 2, 1, nil)
	c := &client{t: t, ws: s.dialAs(s.web, true)}
	t.Cleanup(func() { c.ws.Close() })
	c.ws.EnableWriteCompression(true)
	c.send(api.Hello{Type: api.FrameHello, Token: s.token(events.Chair, 0)})
	c.until(api.FrameMe)
	s.sees(c, api.ForChair)
}

// TestACompressedMessageIsUnpackedUpToTheLimit: a message of a few kB that holds
// 4 MiB is refused like any that is too long.
func TestACompressedMessageIsUnpackedUpToTheLimit(t *testing.T) {
	s := open(t, 1, 1, nil)
	var bomb bytes.Buffer
	w, err := flate.NewWriter(&bomb, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write([]byte(`{"type":"hello","token":"`))
	_, _ = w.Write(bytes.Repeat([]byte("a"), 4<<20))
	_ = w.Flush()
	payload := bytes.TrimSuffix(bomb.Bytes(), []byte{0, 0, 0xff, 0xff})
	// RFC 6455, 5.2: final, RSV1 (RFC 7692), masked with zeroes.
	frame := binary.BigEndian.AppendUint64([]byte{0xc1, 0x80 | 127}, uint64(len(payload)))
	c := &client{t: t, ws: s.dialAs(s.web, true)} // what says no hello has 5 s
	t.Cleanup(func() { c.ws.Close() })
	if _, err := c.ws.NetConn().Write(append(append(frame, 0, 0, 0, 0), payload...)); err != nil {
		t.Fatal(err)
	}
	p, _, code := c.ended()
	if p == nil || p.Code != problem.TooLarge || code == 0 {
		t.Errorf("the answer is %v, and close code %d", p, code)
	}
}
