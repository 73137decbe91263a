package api

import (
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// Types of the frames of a microphone's line, besides hello, problem and bye.
const (
	AudioReady = "ready" // server: the source is open, sound is taken
	AudioLevel = "level" // server: how loud it is
	AudioState = "state" // server: what happens to the sound
	AudioLost  = "lost"  // server: what was not heard, or could not be sent
	AudioEnd   = "end"   // client: no more sound comes
)

// AudioSampleRate is that of the sound, in Hz; samples are 16 bits, little-endian, mono.
const AudioSampleRate = 16000

// AudioHello is a microphone's first frame.
type AudioHello struct {
	Type  string `json:"type"`
	Token string `json:"token"`
	Track string `json:"track"`
	// Language is what is spoken; the track's when empty.
	Language string `json:"language,omitempty"`
	// Source names the one that was given before, after a broken line.
	Source ids.Source `json:"source,omitzero"`
	// SampleRate is 16000.
	SampleRate int `json:"sample_rate"`
	// StartMS is when the first sample was taken, session time; the time of its
	// arrival when zero.
	StartMS clock.Instant `json:"start_ms,omitempty"`
	Label   string        `json:"label,omitempty"`
}

// AudioFrame is a frame of the server: what becomes of a microphone's sound.
type AudioFrame struct {
	// Type is ready, level, state, lost, problem or bye.
	Type   string     `json:"type"`
	Source ids.Source `json:"source,omitzero"`
	Epoch  uint64     `json:"epoch,omitempty"`
	// RMS is the loudness of what came lately, 0 to 1.
	RMS float64 `json:"rms,omitempty"`
	// State says what happens to the sound: heard, held (another language is
	// spoken), waiting (somebody else has the track) or down (no engine answers).
	State string `json:"state,omitempty"`
	// Because is the language for which it is held, or why no engine answers.
	Because string `json:"because,omitempty"`
	// From and To say what was lost.
	From    clock.Instant  `json:"from_ms,omitempty"`
	To      clock.Instant  `json:"to_ms,omitempty"`
	Text    string         `json:"text,omitempty"`
	Problem *problem.Error `json:"problem,omitempty"`
	Reason  string         `json:"reason,omitempty"`
}

// AudioStop is a microphone's last frame.
type AudioStop struct {
	Type string `json:"type"`
}
