package events

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// The facts of the transcript hold no words: those lie in the store that can
// forget (package words), and a fact names them by a salted digest. Every fact
// about a segment has the next seq of its track, so a track's seq is gapless
// over finals, corrections, attributions, retractions and redactions.

// SourceKind says what captions come from.
type SourceKind string

// The kinds of source (transcripts.md).
const (
	TypedSource  SourceKind = "typed"  // a captioner at the desk
	PushSource   SourceKind = "push"   // a captioner's tool that posts to a caption URL
	EngineSource SourceKind = "engine" // a speech engine
	ScriptSource SourceKind = "script" // the holder's own statement, by the prompter
)

// SourceKinds lists the kinds of source.
func SourceKinds() []SourceKind {
	return []SourceKind{TypedSource, PushSource, EngineSource, ScriptSource}
}

// Human reports whether somebody listens and writes.
func (k SourceKind) Human() bool { return k == TypedSource || k == PushSource }

// Rank orders the kinds for a track: a human before the script before a machine.
func (k SourceKind) Rank() int64 {
	switch {
	case k.Human():
		return 300
	case k == ScriptSource:
		return 200
	default:
		return 100
	}
}

// Hears says what a source listens to.
type Hears string

// What a source listens to. One that hears the floor is held while the turn's
// language is not its own (the language guard).
const (
	HearsFloor          Hears = "floor"
	HearsInterpretation Hears = "interpretation"
)

// TimeBasis says how it is known when a segment was spoken.
type TimeBasis string

// The bases of time.
const (
	ByAudioTime  TimeBasis = "audio"   // the place in the sound
	BySourceTime TimeBasis = "source"  // when it was written, less the source's latency
	ByArrival    TimeBasis = "arrival" // when it came, less the source's latency
)

// SpeakerBasis says how the speaker of a segment is known.
type SpeakerBasis string

// The bases of a speaker.
const (
	ByFloor   SpeakerBasis = "floor"   // who had the floor when it was spoken
	ByChevron SpeakerBasis = "chevron" // the captioner wrote >> NAME: or >>
	BySource  SpeakerBasis = "source"  // the source is one speaker's own
	ByEditor  SpeakerBasis = "editor"  // somebody attributed it afterwards
)

// Attribution says whose words a segment holds. With a turn they are those of the
// entry that the turn has now, whatever is corrected later; otherwise those of an
// applicant, of the chair, or of somebody whose label lies with the words.
type Attribution struct {
	Basis     SpeakerBasis  `json:"basis"`
	Turn      ids.Turn      `json:"turn,omitzero"`
	Applicant ids.Applicant `json:"applicant,omitzero"`
	Chair     bool          `json:"chair,omitempty"`
}

// Revision names a revision of a segment.
type Revision struct {
	Segment ids.Segment `json:"segment"`
	Rev     int64       `json:"rev"`
}

// SourceOpened makes a source known. Label names a desk or a service, never a person.
type SourceOpened struct {
	Source    ids.Source `json:"source"`
	Track     string     `json:"track"`
	Kind      SourceKind `json:"kind"`
	Label     string     `json:"label,omitempty"`
	Language  string     `json:"language"`
	Hears     Hears      `json:"hears,omitempty"`
	LatencyMS int64      `json:"latency_ms,omitempty"`
	Rank      int64      `json:"rank"`
	// Turn is set for a script: the source ends with it.
	Turn ids.Turn `json:"turn,omitzero"`
}

// SourceChanged gives a source's settings anew; they count from here on.
type SourceChanged struct {
	Source    ids.Source `json:"source"`
	Label     string     `json:"label,omitempty"`
	Language  string     `json:"language"`
	Hears     Hears      `json:"hears,omitempty"`
	LatencyMS int64      `json:"latency_ms,omitempty"`
}

// SourceRenewed keeps a silent source's lease.
type SourceRenewed struct {
	Source ids.Source `json:"source"`
}

// SourceClosed ends a source for good.
type SourceClosed struct {
	Source ids.Source `json:"source"`
}

// Taking says why a track changed hands.
type Taking string

// The ways in which a track changes hands.
const (
	TakenFree     Taking = "free"     // nobody had it, or who had it was gone
	TakenOutranks Taking = "outranks" // a human before a machine
	TakenOver     Taking = "takeover" // somebody decided it
	TakenBack     Taking = "back"     // who had it let go, and this one waited
)

// TrackTaken makes a source the one that writes a track. Epoch counts the changes
// of hands of a track: what comes with an older one is refused.
type TrackTaken struct {
	Track  string     `json:"track"`
	Source ids.Source `json:"source"`
	From   ids.Source `json:"from,omitzero"`
	Epoch  uint64     `json:"epoch"`
	How    Taking     `json:"how"`
}

// TrackReleased leaves a track without a source.
type TrackReleased struct {
	Track  string     `json:"track"`
	Source ids.Source `json:"source"`
	Epoch  uint64     `json:"epoch"`
}

// CaptionWritten is a final: the first revision of a segment that counts.
type CaptionWritten struct {
	Track   string      `json:"track"`
	Seq     uint64      `json:"seq"`
	Segment ids.Segment `json:"segment"`
	Rev     int64       `json:"rev"`
	Digest  Hash        `json:"digest"`
	Source  ids.Source  `json:"source"`
	Epoch   uint64      `json:"epoch"`
	// Start and End are when it was spoken, as well as Time knows.
	Start   clock.Instant `json:"start"`
	End     clock.Instant `json:"end"`
	Time    TimeBasis     `json:"time"`
	Speaker Attribution   `json:"speaker"`
	// Of is the original of a translation.
	Of *Revision `json:"of,omitempty"`
	// Prepared marks a sentence of the holder's own text; Sentence is its number there, from 1.
	Prepared bool  `json:"prepared,omitempty"`
	Sentence int64 `json:"sentence,omitempty"`
	// Confidence is in thousandths, 0 when the source does not tell it.
	Confidence int64 `json:"confidence,omitempty"`
	// Line is the number of the line of a push source.
	Line       int64         `json:"line,omitempty"`
	CapturedAt clock.Instant `json:"captured_at,omitempty"`
	// Begins is the called turn whose first words these are.
	Begins ids.Turn `json:"begins,omitzero"`
	// Resumes is set on the first words after CaptionsMissing.
	Resumes bool `json:"resumes,omitempty"`
}

// CaptionCorrected gives a segment another text; the earlier revisions are kept.
type CaptionCorrected struct {
	Track   string      `json:"track"`
	Seq     uint64      `json:"seq"`
	Segment ids.Segment `json:"segment"`
	Rev     int64       `json:"rev"`
	Digest  Hash        `json:"digest"`
	// Own is set when its own source did it, Request when a speaker asked for it.
	Own     bool           `json:"own,omitempty"`
	Request ids.Correction `json:"request,omitzero"`
}

// CaptionAttributed says anew whose words a segment holds.
type CaptionAttributed struct {
	Track   string      `json:"track"`
	Seq     uint64      `json:"seq"`
	Segment ids.Segment `json:"segment"`
	Speaker Attribution `json:"speaker"`
}

// CaptionRetracted takes a segment back: its source deleted every word of it.
type CaptionRetracted struct {
	Track   string      `json:"track"`
	Seq     uint64      `json:"seq"`
	Segment ids.Segment `json:"segment"`
}

// CaptionRedacted removes the words of every revision of a segment for good. Who
// and why stand in the commit.
type CaptionRedacted struct {
	Track   string      `json:"track"`
	Seq     uint64      `json:"seq"`
	Segment ids.Segment `json:"segment"`
}

// CaptionStaled says that the original of a translated segment was changed since.
type CaptionStaled struct {
	Track   string      `json:"track"`
	Seq     uint64      `json:"seq"`
	Segment ids.Segment `json:"segment"`
}

// PostTaken is one post of a push source. Tail commits to what the source may
// still change by backspaces, which holds words and lies in the store.
type PostTaken struct {
	Source ids.Source `json:"source"`
	// PostSeq is the source's own number; zero for a line that was ended by us.
	PostSeq int64 `json:"post_seq,omitempty"`
	// Missing is how many numbers were left out before it: an alarm.
	Missing int64 `json:"missing,omitempty"`
	Tail    Hash  `json:"tail"`
	// Open is set while a line has no end yet, with when it was begun.
	Open clock.Instant `json:"open,omitempty"`
}

// TailCut says that words were taken out of a push source's tail, after a
// redaction or somebody's correction.
type TailCut struct {
	Source ids.Source `json:"source"`
	Tail   Hash       `json:"tail"`
}

// SentencesPassed says which sentences of the holder's statement were spoken and
// which paragraphs were skipped, by their numbers from 1.
type SentencesPassed struct {
	Turn      ids.Turn `json:"turn"`
	Text      ids.Text `json:"text"`
	Sentences []int64  `json:"sentences,omitempty"`
	Skipped   []int64  `json:"skipped,omitempty"`
}

// CaptionsMissing says that the floor was held and no words came to a track
// since an instant; the next words end it.
type CaptionsMissing struct {
	Track string        `json:"track"`
	Since clock.Instant `json:"since"`
}

// CorrectionRequested is a speaker's wish that their words read otherwise.
type CorrectionRequested struct {
	Request   ids.Correction `json:"request"`
	Segment   ids.Segment    `json:"segment"`
	Rev       int64          `json:"rev"`
	Applicant ids.Applicant  `json:"applicant"`
	Digest    Hash           `json:"digest"`
}

// CorrectionAnswered ends a request.
type CorrectionAnswered struct {
	Request  ids.Correction `json:"request"`
	Accepted bool           `json:"accepted"`
}

// GlossarySet replaces the list of names and terms; they lie in the store.
type GlossarySet struct {
	Digest Hash  `json:"digest"`
	Terms  int64 `json:"terms"`
}

// RelayForm is how an outgoing caption URL takes text.
type RelayForm string

// The forms of outgoing caption URLs.
const (
	RelayZoom    RelayForm = "zoom"
	RelayYouTube RelayForm = "youtube"
)

// RelayForms lists the forms.
func RelayForms() []RelayForm { return []RelayForm{RelayZoom, RelayYouTube} }

// RelayAdded sends a track's finals on, from seq After. The URL is a secret and
// lies in the store; Host alone is shown.
type RelayAdded struct {
	Relay  ids.Relay `json:"relay"`
	Track  string    `json:"track"`
	Form   RelayForm `json:"form"`
	Host   string    `json:"host"`
	Digest Hash      `json:"digest"`
	After  uint64    `json:"after"`
}

// RelayDelivered says that the target has acknowledged the relay's own number.
type RelayDelivered struct {
	Relay ids.Relay `json:"relay"`
	// Post is the relay's own number, gapless from 1; Through is the track's seq that it carried.
	Post    int64  `json:"post"`
	Through uint64 `json:"through"`
	// Recovered is set on the first delivery after RelayFailing.
	Recovered bool `json:"recovered,omitempty"`
}

// RelayFailing says that a target takes nothing: Status is its HTTP status, 0 for
// no answer. The next delivery ends it.
type RelayFailing struct {
	Relay  ids.Relay `json:"relay"`
	Status int64     `json:"status,omitempty"`
}

// RelayRemoved ends a relay.
type RelayRemoved struct {
	Relay ids.Relay `json:"relay"`
}

func (*SourceOpened) Type() string        { return "source_opened" }
func (*SourceChanged) Type() string       { return "source_changed" }
func (*SourceRenewed) Type() string       { return "source_renewed" }
func (*SourceClosed) Type() string        { return "source_closed" }
func (*TrackTaken) Type() string          { return "track_taken" }
func (*TrackReleased) Type() string       { return "track_released" }
func (*CaptionWritten) Type() string      { return "caption_written" }
func (*CaptionCorrected) Type() string    { return "caption_corrected" }
func (*CaptionAttributed) Type() string   { return "caption_attributed" }
func (*CaptionRetracted) Type() string    { return "caption_retracted" }
func (*CaptionRedacted) Type() string     { return "caption_redacted" }
func (*CaptionStaled) Type() string       { return "caption_staled" }
func (*PostTaken) Type() string           { return "post_taken" }
func (*TailCut) Type() string             { return "tail_cut" }
func (*SentencesPassed) Type() string     { return "sentences_passed" }
func (*CaptionsMissing) Type() string     { return "captions_missing" }
func (*CorrectionRequested) Type() string { return "correction_requested" }
func (*CorrectionAnswered) Type() string  { return "correction_answered" }
func (*GlossarySet) Type() string         { return "glossary_set" }
func (*RelayAdded) Type() string          { return "relay_added" }
func (*RelayDelivered) Type() string      { return "relay_delivered" }
func (*RelayFailing) Type() string        { return "relay_failing" }
func (*RelayRemoved) Type() string        { return "relay_removed" }

// transcriptTypes makes an empty value of each type that the transcript context writes.
var transcriptTypes = []func() Event{
	func() Event { return &SourceOpened{} },
	func() Event { return &SourceChanged{} },
	func() Event { return &SourceRenewed{} },
	func() Event { return &SourceClosed{} },
	func() Event { return &TrackTaken{} },
	func() Event { return &TrackReleased{} },
	func() Event { return &CaptionWritten{} },
	func() Event { return &CaptionCorrected{} },
	func() Event { return &CaptionAttributed{} },
	func() Event { return &CaptionRetracted{} },
	func() Event { return &CaptionRedacted{} },
	func() Event { return &CaptionStaled{} },
	func() Event { return &PostTaken{} },
	func() Event { return &TailCut{} },
	func() Event { return &SentencesPassed{} },
	func() Event { return &CaptionsMissing{} },
	func() Event { return &CorrectionRequested{} },
	func() Event { return &CorrectionAnswered{} },
	func() Event { return &GlossarySet{} },
	func() Event { return &RelayAdded{} },
	func() Event { return &RelayDelivered{} },
	func() Event { return &RelayFailing{} },
	func() Event { return &RelayRemoved{} },
}

// CaptionOnly reports whether a commit changes segments and bookkeeping alone:
// nothing that the view of a session shows besides its captions.
func CaptionOnly(c *Commit) bool {
	return !slices.ContainsFunc(c.Events, func(e Event) bool {
		switch e := e.(type) {
		case *CaptionWritten:
			return e.Resumes
		case *PostTaken:
			return e.Missing > 0
		case *RelayDelivered:
			return e.Recovered
		case *CaptionCorrected:
			return !e.Request.IsZero()
		case *CaptionAttributed, *CaptionRetracted, *CaptionRedacted, *CaptionStaled, *TailCut, *SourceRenewed, *SentencesPassed:
			return false
		default:
			return true
		}
	})
}
