package api

import (
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// AudioSubprotocol is the websocket subprotocol of the audio door.
const AudioSubprotocol = "fairfloor.audio.v1"

// Types of the frames of the live transcript.
const (
	FrameCaption = "caption" // server: finals and what became of them
	FramePartial = "partial" // both: what is being said; the latest wins
	FrameTracks  = "tracks"  // client: other tracks on an open connection
)

// Limits of the live transcript.
const (
	// MaxTracks is how many tracks one connection may follow.
	MaxTracks = 16
	// PartialsPerSecond is the most partials of one track in a second.
	PartialsPerSecond = 4
)

// States of a segment.
const (
	SegmentPartial   = "partial"
	SegmentFinal     = "final"
	SegmentCorrected = "corrected"
	SegmentRedacted  = "redacted"
	SegmentRetracted = "retracted"
)

// Segment is one caption as clients get it. The same id replaces what came
// before under it. Times are session time in ms since 1970.
type Segment struct {
	Track string `json:"track" doc:"BCP 47 tag of the track"`
	// Seq is gapless in a track over finals, corrections, redactions and
	// retractions; a partial has none.
	Seq   uint64      `json:"seq,omitempty"`
	ID    ids.Segment `json:"segment_id"`
	Rev   int64       `json:"rev" doc:"Revision, from 1"`
	State string      `json:"state" enum:"partial,final,corrected,redacted,retracted"`
	// Text is empty for a segment that was redacted or retracted.
	Text  string `json:"text"`
	Words []Word `json:"words,omitempty" doc:"Single words, where the source times them"`
	// Start and End are when it was spoken, as well as TimeBasis knows.
	Start     clock.Instant `json:"start_ms"`
	End       clock.Instant `json:"end_ms"`
	TimeBasis string        `json:"time_basis" doc:"audio, source or arrival"`
	Turn      ids.Turn      `json:"turn,omitzero"`
	Entry     ids.Entry     `json:"entry,omitzero"`
	Speaker   Said          `json:"speaker"`
	// SpeakerBasis says how the speaker is known: from the floor, a chevron in the
	// text, the source or an editor.
	SpeakerBasis string     `json:"speaker_basis,omitempty" doc:"floor, chevron, source or editor"`
	Source       ids.Source `json:"source_id"`
	SourceKind   string     `json:"source_kind" doc:"typed, push, engine or script"`
	// Prepared marks the holder's own statement text, Edited a text that was changed.
	Prepared bool `json:"prepared,omitempty"`
	Edited   bool `json:"edited,omitempty"`
	// Of names the original of a translation; Stale says that it was changed since.
	Of         *events.Revision `json:"of,omitempty"`
	Stale      bool             `json:"stale,omitempty"`
	Confidence float64          `json:"confidence,omitempty" doc:"0 to 1, of engines that tell it"`
	CapturedAt clock.Instant    `json:"captured_at,omitempty"`
	ReceivedAt clock.Instant    `json:"received_at"`
}

// Said is who said something.
type Said struct {
	Participant ids.Applicant `json:"participant,omitzero" doc:"The applicant for whom they spoke"`
	Label       string        `json:"label"`
	Chair       bool          `json:"chair,omitempty"`
}

// Word is one word of a segment.
type Word struct {
	Text       string        `json:"text"`
	Start      clock.Instant `json:"start_ms"`
	End        clock.Instant `json:"end_ms"`
	Confidence float64       `json:"confidence,omitempty"`
}

// CaptionFrame takes a client's transcript of a track from one seq to another.
// Segments are in order of seq; those that were replaced by a later revision
// within the step are left out, so a hole between their numbers is no gap.
type CaptionFrame struct {
	Type  string `json:"type"`
	Track string `json:"track"`
	// From is the seq after which the frame begins: applied only when it is not
	// above the client's own. Seq is where the client stands afterwards.
	From     uint64    `json:"from"`
	Seq      uint64    `json:"seq"`
	Segments []Segment `json:"segments"`
}

// PartialFrame is what is being said in a track, whole each time.
type PartialFrame struct {
	Type    string  `json:"type"`
	Track   string  `json:"track"`
	Segment Segment `json:"segment"`
}

// PartialWish is the frame `partial` of a source: a captioner's keystrokes.
type PartialWish struct {
	Type    string        `json:"type"`
	Track   string        `json:"track"`
	Source  ids.Source    `json:"source"`
	Epoch   uint64        `json:"epoch"`
	Segment ids.Segment   `json:"segment"`
	Rev     int64         `json:"rev"`
	Text    string        `json:"text"`
	Start   clock.Instant `json:"start_ms,omitempty"`
}

// TracksFrame says which tracks a client follows from now on, and from which
// seq of each it is missing what came; a track without one is sent from its
// beginning.
type TracksFrame struct {
	Type          string            `json:"type"`
	Tracks        []string          `json:"tracks"`
	CaptionsSince map[string]uint64 `json:"captions_since,omitempty"`
}

// TrackView is one language of the transcript and how it stands.
type TrackView struct {
	Track string `json:"track"`
	// State is idle (nobody writes it), live, held (the turn is in another language
	// than its source hears) or interrupted (the floor is held and no captions come).
	State string `json:"state"`
	// HeldBecause is the language of the turn for which the track is held.
	HeldBecause string `json:"held_because,omitempty"`
	// Since is when the captions stopped that are missing.
	Since  clock.Instant    `json:"missing_since,omitempty"`
	Source *TrackSourceView `json:"source,omitempty"`
	// Epoch counts the changes of hands.
	Epoch uint64 `json:"epoch"`
}

// TrackSourceView says what writes a track.
type TrackSourceView struct {
	ID       ids.Source        `json:"id"`
	Kind     events.SourceKind `json:"kind"`
	Label    string            `json:"label,omitempty"`
	Language string            `json:"language"`
}

// SourceView is something that writes a track or waits to. What changes with
// every caption is not in it.
type SourceView struct {
	ID        ids.Source        `json:"id"`
	Track     string            `json:"track"`
	Kind      events.SourceKind `json:"kind"`
	Label     string            `json:"label,omitempty"`
	Language  string            `json:"language"`
	Hears     events.Hears      `json:"hears,omitempty"`
	LatencyMS int64             `json:"latency_ms,omitempty"`
	Rank      int64             `json:"rank"`
	Turn      ids.Turn          `json:"turn,omitzero"`
	// By is the actor that opened it, an id; it alone writes with it.
	By string `json:"by"`
	// Active says that it has its track; otherwise it waits.
	Active bool `json:"active"`
	// Missing counts the numbers of a push source that never came; MissingAt is
	// when that was last seen.
	Missing   int64         `json:"missing,omitempty"`
	MissingAt clock.Instant `json:"missing_at,omitempty"`
}

// GlossaryView names the glossary in force: another digest is another list.
type GlossaryView struct {
	Terms  int64  `json:"terms"`
	Digest string `json:"digest"`
}

// CorrectionView is a speaker's wish that their words read otherwise.
type CorrectionView struct {
	ID         ids.Correction `json:"id"`
	Segment    ids.Segment    `json:"segment"`
	Rev        int64          `json:"rev"`
	Applicant  ids.Applicant  `json:"applicant"`
	At         clock.Instant  `json:"at"`
	AnsweredAt clock.Instant  `json:"answered_at,omitempty"`
	Accepted   bool           `json:"accepted,omitempty"`
}

// RelayView is an outgoing caption address; the address itself is a secret.
type RelayView struct {
	ID    ids.Relay        `json:"id"`
	Track string           `json:"track"`
	Form  events.RelayForm `json:"target"`
	Host  string           `json:"host"`
	// Failing is set while the target takes nothing; Status is its last HTTP
	// status, 0 for no answer.
	Failing bool  `json:"failing,omitempty"`
	Status  int64 `json:"status,omitempty"`
}
