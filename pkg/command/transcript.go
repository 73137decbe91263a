package command

import (
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// The verbs of the transcript and their arguments. What holds words (Text,
// Words, Body, URL, Terms) travels to the service only: it takes them out of
// the arguments, keeps them where they can be forgotten, and leaves a
// Fingerprint, which tells a repeated command from another one and nothing else.

// The groups of roles of the transcript.
var (
	writers = append([]events.Role{events.Captioner, events.Interpreter, events.Technician}, staff...)
	sayers  = append([]events.Role{events.Captioner, events.Interpreter, events.Technician, events.Speaker}, staff...)
	editors = append([]events.Role{events.Captioner}, staff...)
	askers  = append([]events.Role{events.Speaker}, editors...)
)

// transcriptTable holds the verbs of the transcript.
var transcriptTable = []Verb{
	{Name: "open_source", Context: events.Transcript, Roles: writers, Args: args[OpenSource](), Summary: "Make a source of captions known; it takes its track when nobody of its rank has it"},
	{Name: "change_source", Context: events.Transcript, Roles: writers, Args: args[ChangeSource](), Summary: "Change a source's latency, language or label"},
	{Name: "renew_source", Context: events.Transcript, Roles: writers, Args: args[SourceRef](), Summary: "Say that a silent source is still there"},
	{Name: "close_source", Context: events.Transcript, Roles: sayers, Args: args[SourceRef](), Summary: "End a source; one that waits takes its track"},
	{Name: "take_track", Context: events.Transcript, Roles: sayers, Args: args[TrackSource](), Summary: "Take a track over for a source"},
	{Name: "release_track", Context: events.Transcript, Roles: sayers, Args: args[TrackSource](), Summary: "Let a track go; a source that waits takes it"},
	{Name: "caption", Context: events.Transcript, Roles: writers, Args: args[Caption](), Summary: "Write finals, or corrections of the source's own"},
	{Name: "push", Context: events.Transcript, Roles: writers, Args: args[Push](), Summary: "Take one post of the caption-push form"},
	{Name: "pass", Context: events.Transcript, Roles: sayers, Args: args[Pass](), Summary: "Publish sentences of the holder's statement as they are spoken"},
	{Name: "retract", Context: events.Transcript, Roles: editors, Args: args[SegmentRef](), Summary: "Take a segment back"},
	{Name: "correct", Context: events.Transcript, Roles: editors, Args: args[Correct](), Summary: "Correct a segment; the earlier revisions are kept"},
	{Name: "attribute", Context: events.Transcript, Roles: editors, Args: args[Attribute](), Summary: "Say whose words a segment holds"},
	{Name: "redact", Context: events.Transcript, Roles: editors, Reason: true, Args: args[SegmentRef](), Summary: "Remove a segment's words for good, with a reason"},
	{Name: "request_correction", Context: events.Transcript, Roles: askers, Own: true, Args: args[Correct](), Summary: "Ask for a correction of one's own words, for 7 days"},
	{Name: "answer_correction", Context: events.Transcript, Roles: editors, Args: args[AnswerCorrection](), Summary: "Accept or decline a request for a correction"},
	{Name: "set_glossary", Context: events.Transcript, Roles: editors, Args: args[SetGlossary](), Summary: "Set the list of names and terms"},
	{Name: "add_relay", Context: events.Transcript, Roles: editors, Args: args[AddRelay](), Summary: "Forward a track to an outgoing caption URL"},
	{Name: "remove_relay", Context: events.Transcript, Roles: editors, Args: args[RelayRef](), Summary: "End a relay"},

	// What the service does by itself.
	{Name: "follow_floor", Context: events.Transcript, Roles: system, Args: args[None](), Summary: "Attribute segments anew after the floor's history changed"},
	{Name: "end_scripts", Context: events.Transcript, Roles: system, Args: args[None](), Summary: "End the script of a turn that is over"},
	{Name: "hand_track", Context: events.Transcript, Roles: system, Args: args[TrackRef](), Summary: "Give a track whose source is gone to one that waits"},
	{Name: "note_missing", Context: events.Transcript, Roles: system, Args: args[TrackRef](), Summary: "Note that the floor is held and no captions come"},
	{Name: "end_line", Context: events.Transcript, Roles: system, Args: args[SourceRef](), Summary: "End a pushed line that nobody goes on with"},
	{Name: "note_relay", Context: events.Transcript, Roles: system, Args: args[NoteRelay](), Summary: "Note what a relay's target has taken"},
}

// OpenSource makes a source known.
type OpenSource struct {
	Track     string            `json:"track" doc:"BCP 47 tag of the track"`
	Kind      events.SourceKind `json:"kind" enum:"typed,push,engine"`
	Label     string            `json:"label,omitempty" doc:"Name of the desk or service (never a person's), at most 60 characters"`
	Language  string            `json:"language,omitempty" doc:"What it writes, BCP 47; the track's when left out"`
	Hears     events.Hears      `json:"hears,omitempty" enum:"floor,interpretation" doc:"What it listens to; floor for an engine. One that hears the floor is held while the turn's language is another"`
	LatencyMS *int64            `json:"latency_ms,omitempty" doc:"How long after the word it writes, 0 to 60000; 4000 for a human and 0 for an engine when left out"`
	Priority  int64             `json:"priority,omitempty" doc:"-99 to 99 within the kind's rank: a human before a machine"`
}

// ChangeSource changes what is given.
type ChangeSource struct {
	Source    ids.Source    `json:"source"`
	Label     *string       `json:"label,omitempty"`
	Language  *string       `json:"language,omitempty"`
	Hears     *events.Hears `json:"hears,omitempty" enum:"floor,interpretation"`
	LatencyMS *int64        `json:"latency_ms,omitempty" doc:"0 to 60000"`
}

// SourceRef names a source.
type SourceRef struct {
	Source ids.Source `json:"source"`
}

// TrackSource names a track and the source that takes or releases it.
type TrackSource struct {
	Track  string     `json:"track"`
	Source ids.Source `json:"source"`
}

// TrackRef names a track.
type TrackRef struct {
	Track string `json:"track"`
}

// Caption writes segments of a source.
type Caption struct {
	Track    string           `json:"track"`
	Source   ids.Source       `json:"source"`
	Epoch    uint64           `json:"epoch" doc:"The track's, as it was when the source took it; an older one is refused"`
	Segments []CaptionSegment `json:"segments" doc:"1 to 64, in order"`
}

// CaptionSegment is one final, or with a revision over 1 perhaps a correction of
// one that the source wrote.
type CaptionSegment struct {
	Segment ids.Segment `json:"segment" doc:"A UUID made by the source; the same id replaces"`
	Rev     int64       `json:"rev,omitempty" doc:"From 1; 1 when left out"`
	// Text and Words are present on the way to the service only.
	Text        string           `json:"text,omitempty" doc:"1 to 1,000 characters; >> at its beginning marks another speaker, >> NAME: says who"`
	Words       []CaptionWord    `json:"words,omitempty" doc:"The single words, where the source times them"`
	Start       clock.Instant    `json:"start_ms,omitempty" doc:"When it was spoken or written (time_basis), session time"`
	End         clock.Instant    `json:"end_ms,omitempty"`
	TimeBasis   events.TimeBasis `json:"time_basis,omitempty" enum:"audio,source,arrival" doc:"What start_ms and end_ms are; arrival when left out"`
	Confidence  float64          `json:"confidence,omitempty" doc:"0 to 1"`
	Of          *events.Revision `json:"of,omitempty" doc:"For a translation: the original segment and revision"`
	CapturedAt  clock.Instant    `json:"captured_at,omitempty"`
	Fingerprint string           `json:"fingerprint,omitempty" doc:"Set by the service"`
}

// CaptionWord is one word with its time.
type CaptionWord struct {
	Text       string        `json:"text"`
	Start      clock.Instant `json:"start_ms"`
	End        clock.Instant `json:"end_ms"`
	Confidence float64       `json:"confidence,omitempty"`
}

// Push is one post of the caption-push form.
type Push struct {
	Source   ids.Source `json:"source"`
	Seq      int64      `json:"source_seq" doc:"The source's own number, from 0: one that came already does nothing"`
	Language string     `json:"language,omitempty"`
	// Body is present on the way to the service only.
	Body string `json:"body,omitempty" doc:"The post, UTF-8, at most 1 MiB with its escapes"`
	// Packed is the post where body would not fit; see Post.
	Packed      []byte `json:"packed,omitempty" doc:"In place of body: the post deflated (RFC 1951), in base64"`
	Fingerprint string `json:"fingerprint,omitempty" doc:"Set by the service"`
}

// Pass publishes sentences of the holder's statement.
type Pass struct {
	Turn      ids.Turn `json:"turn" doc:"The holder's turn"`
	Text      ids.Text `json:"text" doc:"The statement; translations filed for the same applicant and part feed their own tracks"`
	Sentences []int64  `json:"sentences,omitempty" doc:"Numbers of the sentences that were spoken, from 1"`
	Skipped   []int64  `json:"skipped,omitempty" doc:"Numbers of the paragraphs that are left out, from 1"`
}

// SegmentRef names a revision of a segment.
type SegmentRef struct {
	Segment ids.Segment `json:"segment"`
	Rev     int64       `json:"rev" doc:"The revision that was seen; another one meanwhile is a refusal"`
}

// Correct gives a segment another text, or asks for it.
type Correct struct {
	Segment ids.Segment `json:"segment"`
	Rev     int64       `json:"rev" doc:"The revision that was seen; another one meanwhile is a refusal"`
	// Text is present on the way to the service only.
	Text        string `json:"text,omitempty" doc:"1 to 1,000 characters"`
	Fingerprint string `json:"fingerprint,omitempty" doc:"Set by the service"`
}

// Attribute says whose words a segment holds: exactly one of turn, applicant and chair.
type Attribute struct {
	Segment   ids.Segment   `json:"segment"`
	Rev       int64         `json:"rev"`
	Turn      ids.Turn      `json:"turn,omitzero"`
	Applicant ids.Applicant `json:"applicant,omitzero"`
	Chair     bool          `json:"chair,omitempty"`
}

// AnswerCorrection answers a request.
type AnswerCorrection struct {
	Request ids.Correction `json:"request"`
	Accept  bool           `json:"accept"`
}

// Term is one entry of the glossary.
type Term struct {
	Wrong string `json:"wrong,omitempty" doc:"How it is often misheard"`
	Right string `json:"right" doc:"How it is written, 1 to 200 characters"`
	Note  string `json:"note,omitempty"`
}

// SetGlossary replaces the glossary.
type SetGlossary struct {
	// Terms is present on the way to the service only.
	Terms       []Term `json:"terms,omitempty" doc:"At most 2,000"`
	Fingerprint string `json:"fingerprint,omitempty" doc:"Set by the service"`
}

// AddRelay forwards a track.
type AddRelay struct {
	Track string           `json:"track"`
	Form  events.RelayForm `json:"target" enum:"zoom,youtube"`
	// URL is present on the way to the service only.
	URL         string `json:"url,omitempty" doc:"The outgoing caption URL, on a host that the operator allows"`
	Fingerprint string `json:"fingerprint,omitempty" doc:"Set by the service"`
}

// RelayRef names a relay.
type RelayRef struct {
	Relay ids.Relay `json:"relay"`
}

// NoteRelay is a relay's bookkeeping; only the service itself uses it.
type NoteRelay struct {
	Relay   ids.Relay `json:"relay"`
	Post    int64     `json:"post,omitempty"`
	Through uint64    `json:"through,omitempty"`
	Failing bool      `json:"failing,omitempty"`
	Status  int64     `json:"status,omitempty"`
}
