package wire_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/flate"
	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/services/gateway/internal/wire"
)

// read takes a server's frame apart, as RFC 6455 and RFC 7692 say.
func read(t interface{ Fatalf(string, ...any) }, frame []byte) (head byte, payload []byte) {
	head, n := frame[0], int(frame[1])
	rest := frame[2:]
	switch n {
	case 126:
		n, rest = int(binary.BigEndian.Uint16(rest)), rest[2:]
	case 127:
		n, rest = int(binary.BigEndian.Uint64(rest)), rest[8:]
	}
	if n != len(rest) {
		t.Fatalf("a frame of %d bytes says that it has %d", len(rest), n)
	}
	if head&0x40 == 0 {
		return head, rest
	}
	whole := io.MultiReader(bytes.NewReader(rest), strings.NewReader("\x00\x00\xff\xff\x01\x00\x00\xff\xff"))
	unpacked, err := io.ReadAll(flate.NewReader(whole))
	if err != nil {
		t.Fatalf("unpack: %v", err)
	}
	return head, unpacked
}

// TestAMessageIsReadAsItWasWritten, compressed or not, at every length.
func TestAMessageIsReadAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "part")
		payload := bytes.Repeat(part, rapid.IntRange(0, 300).Draw(t, "times"))
		m := wire.New(payload)
		for _, packs := range []bool{true, false, true} {
			head, got := read(t, m.Frame(packs))
			if !bytes.Equal(got, payload) {
				t.Fatalf("packs %v: %d bytes came as %d", packs, len(payload), len(got))
			}
			if head&^0x40 != 0x80|wire.Text {
				t.Fatalf("the frame begins with %#x", head)
			}
			if short := head&0x40 != 0; short && (!packs || len(payload) < wire.WorthPacking) {
				t.Fatalf("%d bytes were compressed for a client that packs: %v", len(payload), packs)
			}
		}
	})
}

// TestCompressionIsUsedWhereItPays: not for what is short, and not for what grows.
func TestCompressionIsUsedWhereItPays(t *testing.T) {
	view := []byte(strings.Repeat(`{"entry":"0190a1b2","name":"Civil Society Organisation","state":"waiting"},`, 53))
	noise := make([]byte, 4096)
	for i, chance := 0, rand.New(rand.NewPCG(1, 2)); i < len(noise); i++ {
		noise[i] = byte(chance.Uint32())
	}
	for name, c := range map[string]struct {
		payload []byte
		most    int
		packed  bool
	}{
		"a view of 53":           {view, len(view) / 8, true},
		"what is worth it":       {view[:wire.WorthPacking], wire.WorthPacking, true},
		"one byte less":          {view[:wire.WorthPacking-1], wire.WorthPacking + 10, false},
		"what has no repetition": {noise, len(noise) + 10, false},
		"nothing":                {nil, 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			frame := wire.New(c.payload).Frame(true)
			head, got := read(t, frame)
			if !bytes.Equal(got, c.payload) || (head&0x40 != 0) != c.packed || len(frame) > c.most {
				t.Errorf("%d bytes became %d, compressed: %v", len(c.payload), len(frame), head&0x40 != 0)
			}
		})
	}
}

// TestAMessageIsMadeOnce: all who ask at once are given the same bytes.
func TestAMessageIsMadeOnce(t *testing.T) {
	m := wire.New(bytes.Repeat([]byte("who speaks next? "), 100))
	frames := make([][]byte, 16)
	var all sync.WaitGroup
	for i := range frames {
		all.Go(func() { frames[i] = m.Frame(i%2 == 0) })
	}
	all.Wait()
	for i := 2; i < len(frames); i++ {
		if &frames[i][0] != &frames[i-2][0] {
			t.Errorf("frame %d was made anew", i)
		}
	}
	if bytes.Equal(frames[0], frames[1]) {
		t.Error("who does not pack was given what is packed")
	}
}

// TestTheLengthOfAFrame: 7, 16 or 64 bits of it, and no more than are needed.
func TestTheLengthOfAFrame(t *testing.T) {
	for n, head := range map[int]int{0: 2, 125: 2, 126: 4, 1<<16 - 1: 4, 1 << 16: 10} {
		if frame := wire.Frame(wire.Text, make([]byte, n)); len(frame) != n+head {
			t.Errorf("%d bytes are framed into %d", n, len(frame))
		}
	}
}

func TestOffered(t *testing.T) {
	for header, want := range map[string]bool{
		"":                   false,
		"permessage-deflate": true,
		"permessage-deflate; client_max_window_bits":                                                true,
		"x-webkit-deflate-frame, permessage-deflate ; client_max_window_bits=10":                    true,
		"permessage-deflate; server_max_window_bits=10":                                             false,
		"permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate": false,
		"permessage-deflatex":    false,
		"x; permessage-deflate":  false,
		"permessage-bzip2, x, y": false,
	} {
		h := http.Header{}
		h.Add("Sec-WebSocket-Extensions", header)
		if got := wire.Offered(h); got != want {
			t.Errorf("%q: %v", header, got)
		}
	}
}
