package live

import (
	"encoding/binary"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/fairfloor/fairfloor/pkg/api"
)

// Opcodes and close codes of RFC 6455 that the server sends.
const (
	opText  = 0x1
	opClose = 0x8
	opPing  = 0x9
	opPong  = 0xA

	closeGoingAway = 1001
	closePolicy    = 1008
	closeTooBig    = 1009
	closeTryLater  = 1013
)

// framed makes the one frame of a message: final, unmasked as a server's are
// (RFC 6455, 5.2). A frame is made once and its bytes are shared by every
// socket that it goes to, so nobody may change them.
func framed(opcode byte, payload []byte) []byte {
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

// text frames a JSON message. Only our own types come here, and they all have JSON.
func text(message any) []byte {
	payload, err := json.Marshal(message)
	if err != nil {
		panic("live: a frame without JSON: " + err.Error())
	}
	return framed(opText, payload)
}

// closing frames a close with its code and a reason of at most 123 bytes.
func closing(code uint16, reason string) []byte {
	if len(reason) > 123 {
		reason = strings.ToValidUTF8(reason[:123], "")
	}
	return framed(opClose, append(binary.BigEndian.AppendUint16(nil, code), reason...))
}

// snapshotFrame writes api.Snapshot around an encoded view without reading it again.
func snapshotFrame(at api.Cursor, seq uint64, audience api.Audience, view json.RawMessage) []byte {
	payload := make([]byte, 0, len(view)+256)
	payload = append(payload, `{"type":"snapshot","at":`...)
	payload = strconv.AppendQuote(payload, string(at))
	payload = append(payload, `,"seq":`...)
	payload = strconv.AppendUint(payload, seq, 10)
	payload = append(payload, `,"audience":`...)
	payload = strconv.AppendQuote(payload, string(audience))
	payload = append(payload, `,"view":`...)
	payload = append(payload, view...)
	return framed(opText, append(payload, '}'))
}

// patchFrame writes api.Patch around an encoded patch. Without one it only
// moves the cursor.
func patchFrame(from, to api.Cursor, seq uint64, patch json.RawMessage) []byte {
	if patch == nil {
		patch = json.RawMessage("{}")
	}
	payload := make([]byte, 0, len(patch)+320)
	payload = append(payload, `{"type":"patch","from":`...)
	payload = strconv.AppendQuote(payload, string(from))
	payload = append(payload, `,"to":`...)
	payload = strconv.AppendQuote(payload, string(to))
	payload = append(payload, `,"seq":`...)
	payload = strconv.AppendUint(payload, seq, 10)
	payload = append(payload, `,"patch":`...)
	payload = append(payload, patch...)
	return framed(opText, append(payload, '}'))
}
