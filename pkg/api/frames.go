package api

import (
	"encoding/json"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// Subprotocol is the websocket subprotocol (RFC 6455) of this protocol version.
const Subprotocol = "fairfloor.v1.json"

// Limits of the protocol.
const (
	// MaxFrame is the largest frame, in bytes, that a client may send.
	MaxFrame = 300 << 10
	// HelloSeconds is how long a client has to say hello, in s.
	HelloSeconds = 5
	// BeatSeconds is the longest silence of a live connection, in s;
	// StaleSeconds is when a client must say that it is stale.
	BeatSeconds, StaleSeconds = 1, 3
	// CommandsPerSecond is the rate of commands for one token.
	CommandsPerSecond = 20
	// SocketsPerAddress fits a conference behind one address (decisions.md 30).
	SocketsPerAddress = 2000
)

// Types of frames.
const (
	FrameHello    = "hello"    // client: first frame
	FrameCommand  = "command"  // client
	FrameClock    = "clock"    // both
	FrameCheckIn  = "checkin"  // client: short for the command check_in
	FrameSnapshot = "snapshot" // server
	FramePatch    = "patch"    // server
	FrameMe       = "me"       // server: the personal part changed
	FramePresence = "presence" // server: who has an open connection
	FrameReceipt  = "receipt"  // server
	FrameBeat     = "beat"     // server
	FrameProblem  = "problem"  // server: a frame could not be used
	FrameBye      = "bye"      // server: last frame before closing
)

// Cursor is an opaque position in a session's log.
type Cursor string

// Hello is the first frame of a client.
type Hello struct {
	Type string `json:"type"`
	// Token is the signed token; empty asks for a visitor's view where the modalities allow it.
	Token string `json:"token"`
	// Since is the cursor up to which the client knows the view.
	Since Cursor `json:"since,omitempty"`
	// Audience narrows the view; it never widens it.
	Audience Audience `json:"audience,omitempty"`
	// Tracks are those whose captions are wanted, and CaptionsSince the seq up to
	// which the client has each; see TracksFrame.
	Tracks        []string          `json:"tracks,omitempty"`
	CaptionsSince map[string]uint64 `json:"captions_since,omitempty"`
}

// CommandFrame asks for something. It is also the body of POST .../commands.
type CommandFrame struct {
	Type string `json:"type,omitempty"`
	// ID is a UUIDv7 made by the client: the same id again gets the first receipt.
	ID     ids.Command     `json:"id"`
	Verb   string          `json:"verb"`
	Expect *command.Expect `json:"expect,omitempty"`
	Args   json.RawMessage `json:"args,omitempty"`
	// Reason is free text, at most 2,000 characters, kept in the store that can forget.
	Reason string `json:"reason,omitempty"`
}

// ClockFrame measures the offset: the client fills ClientMS, the server the
// rest. Session time is SessionMS at the server's wall time SentMS and runs at
// SpeedPermille thousandths of the wall clock.
type ClockFrame struct {
	Type          string  `json:"type"`
	ClientMS      float64 `json:"client_ms"`
	ReceivedMS    int64   `json:"received_ms,omitempty"`
	SentMS        int64   `json:"sent_ms,omitempty"`
	SessionMS     int64   `json:"session_ms,omitempty"`
	SpeedPermille int64   `json:"speed_permille,omitempty"`
}

// CheckIn is short for the command check_in with a fresh id.
type CheckIn struct {
	Type  string      `json:"type"`
	ID    ids.Command `json:"id"`
	Entry ids.Entry   `json:"entry"`
}

// Snapshot is the whole view.
type Snapshot struct {
	Type     string          `json:"type"`
	At       Cursor          `json:"at"`
	Seq      uint64          `json:"seq"`
	Audience Audience        `json:"audience"`
	View     json.RawMessage `json:"view"`
}

// Patch takes the view from one cursor to another. It is applied only when
// From is the client's own.
type Patch struct {
	Type  string          `json:"type"`
	From  Cursor          `json:"from"`
	To    Cursor          `json:"to"`
	Seq   uint64          `json:"seq"`
	Patch json.RawMessage `json:"patch"` // RFC 7396
}

// MeFrame is the personal part, whole.
type MeFrame struct {
	Type string `json:"type"`
	Me
}

// Presence says which entries' speakers have an open connection. It colours a
// dot and nothing else; Known is false while it cannot be told.
type Presence struct {
	Type      string      `json:"type"`
	Known     bool        `json:"known"`
	Connected []ids.Entry `json:"connected"`
	Observers int         `json:"observers"`
}

// ReceiptFrame answers a command.
type ReceiptFrame struct {
	Type string `json:"type"`
	command.Receipt
	// Head is the session's log as far as this gateway has folded it.
	At Cursor `json:"at_cursor,omitempty"`
}

// Beat goes out each second when nothing else did.
type Beat struct {
	Type  string `json:"type"`
	LogMS int64  `json:"log_ms"`
	Seq   uint64 `json:"seq"`
}

// ProblemFrame says that a frame could not be used; ID is the command's when it had one.
type ProblemFrame struct {
	Type    string         `json:"type"`
	ID      ids.Command    `json:"id,omitzero"`
	Problem *problem.Error `json:"problem"`
}

// Bye is the last frame before the server closes.
type Bye struct {
	Type         string `json:"type"`
	Reason       string `json:"reason"`
	RetryAfterMS int64  `json:"retry_after_ms,omitempty"`
}

// Invitation is a signed link, shown once.
type Invitation struct {
	Invitation ids.Invitation `json:"invitation"`
	Roles      []events.Role  `json:"roles"`
	// URL is the link: /s/<code>#<token>, on the page of the first role.
	URL     string `json:"url"`
	Token   string `json:"token"`
	Expires int64  `json:"expires"`
	// Code is a code of six characters that opens the link from the first page;
	// none for links of those who run the session.
	Code string `json:"code,omitempty"`
}
