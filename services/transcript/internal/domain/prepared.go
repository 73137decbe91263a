package domain

import (
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// Prepared is what the service made of a command's words before the decision:
// digests of what lies in the store now, and what the words themselves say.
type Prepared struct {
	// Pieces are the segments of caption, push, end_line and pass, in order.
	Pieces []Piece
	// Digest is the one value of correct, request_correction, answer_correction,
	// set_glossary and add_relay.
	Digest events.Hash
	// Tails are push sources' tails after the command, by source.
	Tails map[ids.Source]Tail
	// Terms counts a glossary, Host is that of a relay's address.
	Terms int64
	Host  string
	// Seen is the state of a push source on which the words rest; see PushState.
	Seen PushState
}

// Tail is a push source's tail and whether a line is open.
type Tail struct {
	Digest events.Hash
	Open   bool
}

// PushState is what a post is folded onto: it must not change between preparing
// and deciding.
type PushState struct {
	Tail    events.Hash
	PostSeq int64
}

// Piece is one segment that a source wrote.
type Piece struct {
	Track   string
	Segment ids.Segment
	// Rev is 0 or 1 for a new segment, and for a correction the next revision.
	Rev    int64
	Digest events.Hash
	// Gone is set when its source deleted every word of it.
	Gone       bool
	Start, End clock.Instant
	Time       events.TimeBasis
	Confidence int64
	Of         *events.Revision
	CapturedAt clock.Instant
	// Change is set when the captioner marked a change of speaker before it, Named
	// when the mark named somebody: then Who is whom, or nobody that is known.
	Change, Named bool
	Who           events.Attribution
	Line          int64
	// Text and Sentence are a prompter's.
	Text     ids.Text
	Sentence int64
	Language string
}
