package live

import (
	"encoding/binary"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/services/gateway/internal/wire"
)

// Close codes of RFC 6455 that the server sends.
const (
	closeGoingAway = 1001
	closePolicy    = 1008
	closeTooBig    = 1009
	closeTryLater  = 1013
)

// text frames a JSON message. Only our own types come here, and they all have JSON.
func text(message any) []byte {
	payload, err := json.Marshal(message)
	if err != nil {
		panic("live: a frame without JSON: " + err.Error())
	}
	return wire.Frame(wire.Text, payload)
}

// closing frames a close with its code and a reason of at most 123 bytes.
func closing(code uint16, reason string) []byte {
	if len(reason) > 123 {
		reason = strings.ToValidUTF8(reason[:123], "")
	}
	return wire.Frame(wire.Close, append(binary.BigEndian.AppendUint16(nil, code), reason...))
}

// snapshotMessage writes api.Snapshot around an encoded view without reading it again.
func snapshotMessage(at api.Cursor, seq uint64, audience api.Audience, view json.RawMessage) *wire.Message {
	payload := make([]byte, 0, len(view)+256)
	payload = append(payload, `{"type":"snapshot","at":`...)
	payload = strconv.AppendQuote(payload, string(at))
	payload = append(payload, `,"seq":`...)
	payload = strconv.AppendUint(payload, seq, 10)
	payload = append(payload, `,"audience":`...)
	payload = strconv.AppendQuote(payload, string(audience))
	payload = append(payload, `,"view":`...)
	payload = append(payload, view...)
	return wire.New(append(payload, '}'))
}

// patchMessage writes api.Patch around an encoded patch. Without one it only
// moves the cursor.
func patchMessage(from, to api.Cursor, seq uint64, patch json.RawMessage) *wire.Message {
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
	return wire.New(append(payload, '}'))
}
