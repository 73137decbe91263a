// Package wire makes the websocket frames of messages that go to many: each is
// framed once (RFC 6455) and compressed at most once (RFC 7692), however many
// connections it goes to, and its bytes are shared by all of them.
package wire

import (
	"bytes"
	"encoding/binary"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/klauspost/compress/flate"
)

// Opcodes of RFC 6455, 5.2, that a server sends.
const (
	Text  = 0x1
	Close = 0x8
	Ping  = 0x9
	Pong  = 0xA
)

// packed is RSV1, which marks a compressed message (RFC 7692, 6).
const packed = 0x40

// WorthPacking is the length in bytes from which a message is compressed. What
// is shorter goes in one packet as it is, and would cost time and spare none.
const WorthPacking = 1024

// Frame makes the one frame of a message: final, unmasked as a server's are.
// A frame's bytes may be shared, so nobody may change them.
func Frame(opcode byte, payload []byte) []byte {
	frame := make([]byte, 0, len(payload)+10)
	frame = append(frame, 0x80|opcode)
	switch n := len(payload); {
	case n < 126:
		frame = append(frame, byte(n))
	case n <= 0xffff:
		frame = binary.BigEndian.AppendUint16(append(frame, 126), uint16(n))
	default:
		frame = binary.BigEndian.AppendUint64(append(frame, 127), uint64(n))
	}
	return append(frame, payload...)
}

// Message is one text message on its way to many. It is made of its payload,
// which nobody may change; its frames are made when they are first needed. It is
// safe for concurrent use.
type Message struct {
	payload       []byte
	plain, packed once
}

type once struct {
	sync.Once
	frame []byte
}

// New makes a message.
func New(payload []byte) *Message { return &Message{payload: payload} }

// Payload is what the message says, for who does not write it to a websocket.
func (m *Message) Payload() []byte { return m.payload }

// Frame gives the message's frame: compressed for a connection that agreed to it,
// where that makes it shorter.
func (m *Message) Frame(packs bool) []byte {
	if packs && len(m.payload) >= WorthPacking {
		m.packed.Do(func() {
			if short := pack(m.payload); len(short) < len(m.payload) {
				m.packed.frame = Frame(Text|packed, short)
			}
		})
		if m.packed.frame != nil {
			return m.packed.frame
		}
	}
	m.plain.Do(func() { m.plain.frame = Frame(Text, m.payload) })
	return m.plain.frame
}

// A compressor holds some 100 kB, and few are at work at once.
var compressors = sync.Pool{New: func() any {
	c, err := flate.NewWriter(io.Discard, flate.BestSpeed)
	if err != nil {
		panic("wire: " + err.Error()) // the level is a constant
	}
	return c
}}

// pack compresses a payload on its own: no context is taken over from a message
// to the next (RFC 7692, 7.1.1), or one result could not serve all connections.
func pack(payload []byte) []byte {
	var out bytes.Buffer
	c, _ := compressors.Get().(*flate.Writer)
	defer compressors.Put(c)
	c.Reset(&out)
	// A buffer takes everything, so neither of the two can fail.
	_, _ = c.Write(payload)
	_ = c.Flush()
	// The empty block at the end is not sent (RFC 7692, 7.2.1).
	return bytes.TrimSuffix(out.Bytes(), []byte{0, 0, 0xff, 0xff})
}

// Offered reports whether a client asks for compression that Message can give: the
// extension without a bound on the server's window, which each message uses whole.
func Offered(h http.Header) bool {
	for _, line := range h.Values("Sec-WebSocket-Extensions") {
		for offer := range strings.SplitSeq(line, ",") {
			name, bounds, _ := strings.Cut(offer, ";")
			if strings.TrimSpace(name) == "permessage-deflate" {
				// The first offer is the one that the websocket library accepts.
				return !strings.Contains(bounds, "server_max_window_bits")
			}
		}
	}
	return false
}
