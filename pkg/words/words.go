// Package words keeps the words of the live transcript where they can be
// forgotten: captions with all their revisions, what a push source may still
// change, wishes for corrections, the glossary, and the secret addresses of
// relays.
//
// Guarantee: that of package forget, in the stream TRANSCRIPTS: the log holds of
// each revision a salted digest only, and what is erased (a redacted segment) is
// in no file of the store. All revisions of a segment lie under one key, so one
// erasure reaches all of them.
//
// Only the service transcript writes it. A service that uses it needs the
// permission to publish caption.>, tail.>, wish.>, glossary.>, relay.> and
// $JS.API.STREAM.{CREATE,INFO,MSG.GET,MSG.DELETE}.TRANSCRIPTS, and to make
// consumers on TRANSCRIPTS; gateways need the consumers alone.
package words

import (
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/fairfloor/fairfloor/pkg/captions"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/forget"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// Stream is the name of the stream.
const Stream = "TRANSCRIPTS"

// The kinds.
const (
	Captions   forget.Kind = "caption"
	Tails      forget.Kind = "tail"
	Wishes     forget.Kind = "wish"
	Glossaries forget.Kind = "glossary"
	Relays     forget.Kind = "relay"
)

// Limits of the values.
const (
	// MaxValue is the longest stored value, in bytes of its JSON form: a glossary
	// of MaxTerms terms fits.
	MaxValue = 1 << 20
	// MaxText bounds a segment and a wish, in characters.
	MaxText = captions.MaxLine
	// MaxWords bounds the single words of a segment.
	MaxWords = 500
	// MaxTerms bounds a glossary, MaxTerm one of its texts in characters.
	MaxTerms, MaxTerm = 2_000, 200
	// MaxURL bounds the address of a relay, in bytes.
	MaxURL = 2_000
)

// Caption is one revision of a segment.
type Caption struct {
	Text  string `json:"text"`
	Words []Word `json:"words,omitempty"`
	// Label is the name that the captioner wrote before the words, where nobody of
	// that name is known to the session.
	Label string `json:"label,omitempty"`
}

// Word is one word of a caption; times are session time.
type Word struct {
	Text       string        `json:"text"`
	Start      clock.Instant `json:"start_ms"`
	End        clock.Instant `json:"end_ms"`
	Confidence float64       `json:"confidence,omitempty"`
}

// Tail is what a push source may still change.
type Tail struct{ captions.Tail }

// Wish is the text that a speaker asks for.
type Wish struct {
	Text string `json:"text"`
}

// Glossary is the list of names and terms.
type Glossary struct {
	Terms []Term `json:"terms"`
}

// Term is one of them, as it was set.
type Term = command.Term

// Relay is the address of an outgoing caption URL, a secret.
type Relay struct {
	URL string `json:"url"`
}

// Check says what is wrong with a caption, as a problem that names the field.
func (c Caption) Check() error {
	if len(c.Words) > MaxWords {
		return problem.New(problem.TooLarge, "the segment has %d words; %d are allowed", len(c.Words), MaxWords).On("words").Try("send it in several segments")
	}
	return checkText("text", c.Text, MaxText)
}

// Check is nil: what a source pushed was checked when it came.
func (t Tail) Check() error { return nil }

// Check says what is wrong with a wish, as a problem that names the field.
func (w Wish) Check() error { return checkText("text", w.Text, MaxText) }

// Check says what is wrong with a glossary, as a problem that names the field.
func (g Glossary) Check() error {
	if len(g.Terms) > MaxTerms {
		return problem.New(problem.TooLarge, "the list has %d terms; %d are allowed", len(g.Terms), MaxTerms).On("terms").Try("leave out what needs no help")
	}
	for _, t := range g.Terms {
		if err := checkText("terms", t.Right, MaxTerm); err != nil {
			return err
		}
		for _, text := range []string{t.Wrong, t.Note} {
			if text == "" {
				continue
			}
			if err := checkText("terms", text, MaxTerm); err != nil {
				return err
			}
		}
	}
	return nil
}

// Check says what is wrong with an address beyond what the allow-list says.
func (r Relay) Check() error {
	if r.URL == "" || len(r.URL) > MaxURL {
		return problem.Field("url", "the address has %d bytes, not 1 to %d", len(r.URL), MaxURL).Try("paste the address that the conference gives")
	}
	return nil
}

// checkText checks one text. The detail never repeats it.
func checkText(field, text string, limit int) error {
	if !utf8.ValidString(text) {
		return problem.Field(field, "the text is not valid UTF-8").Try("send UTF-8")
	}
	if strings.TrimSpace(text) == "" {
		return problem.Field(field, "the text is empty").Try("write something")
	}
	if n := utf8.RuneCountInString(text); n > limit {
		return problem.New(problem.TooLarge, "the text has %d characters; %d are allowed", n, limit).On(field).Try("send it in several pieces")
	}
	for _, r := range text {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return problem.Field(field, "the text holds the control character U+%04X", r).Try("remove it")
		}
	}
	return nil
}

// CaptionKey names a segment with its revisions.
func CaptionKey(s ids.Session, segment ids.Segment) forget.Key {
	return forget.Key{Kind: Captions, Session: s, ID: segment.String()}
}

// TailKey names what a push source may still change.
func TailKey(s ids.Session, source ids.Source) forget.Key {
	return forget.Key{Kind: Tails, Session: s, ID: source.String()}
}

// WishKey names a wish.
func WishKey(s ids.Session, request ids.Correction) forget.Key {
	return forget.Key{Kind: Wishes, Session: s, ID: request.String()}
}

// GlossaryKey names a session's glossary.
func GlossaryKey(s ids.Session) forget.Key {
	return forget.Key{Kind: Glossaries, Session: s, ID: s.String()}
}

// RelayKey names a relay's address.
func RelayKey(s ids.Session, relay ids.Relay) forget.Key {
	return forget.Key{Kind: Relays, Session: s, ID: relay.String()}
}

// Config says how the store is kept.
type Config struct {
	// Replicas is the number of copies, 1, 3 or 5; zero means 1. It counts only
	// when the stream is made.
	Replicas int
	// Now is I/O time, for the age of orphans; nil means time.Now.
	Now func() time.Time
}

// Open makes the stream when it is missing, and refuses one whose settings
// would keep erased text or lose live text.
func Open(ctx context.Context, js jetstream.JetStream, config Config) (*forget.Store, error) {
	return forget.Open(ctx, js, forget.Config{
		Stream: Stream, Name: "words", Description: "the words of transcripts, which can be forgotten",
		Shown: "the store of captions",
		Kinds: map[forget.Kind]forget.Decode{
			Captions: forget.As[Caption], Tails: forget.As[Tail], Wishes: forget.As[Wish],
			Glossaries: forget.As[Glossary], Relays: forget.As[Relay],
		},
		MaxValue: MaxValue, Replicas: config.Replicas, Now: config.Now,
	})
}

// Revision gives the words of a revision of a segment by the digest that the log names.
func Revision(c *forget.Cache, s ids.Session, segment ids.Segment, digest events.Hash) (Caption, forget.State) {
	return forget.Lookup[Caption](c, CaptionKey(s, segment), digest)
}
