// Package export writes a track of a transcript as a file: WebVTT, SRT and
// TTML for players, plain text and Markdown for readers, JSON for programs.
//
// Guarantee: each file is well formed whatever was said (a text may hold "-->",
// "&" or "<script>"), holds every word of the latest revision of each segment
// and none of a segment that was redacted or retracted, not even those of its
// earlier revisions, and carries the note that it is an unofficial aid and may
// be incomplete. The same segments give the same bytes. Captions have at most
// two lines of 32 columns, stand one after another without overlap, and are
// never cut inside what a reader sees as one character.
//
// The three formats for players are written here and not by a library:
// github.com/asticode/go-astisub v0.34 prints "&amp;" literally into SRT,
// drops the voice from SRT and TTML, does not escape it nor "-->" in WebVTT, and
// knows the names of 15 languages only. It reads what we write in the tests.
package export

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/language"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// Format is a kind of file, named as its suffix.
type Format string

// The formats.
const (
	WebVTT   Format = "vtt"  // W3C WebVTT, with voice tags
	SRT      Format = "srt"  // SubRip; the speaker stands before the text
	TTML     Format = "ttml" // W3C TTML1 with a region, agents and the speaker before the text
	Text     Format = "txt"  // by turn
	Markdown Format = "md"   // by turn (CommonMark)
	JSON     Format = "json" // with every revision
)

// Formats lists them all.
func Formats() []Format { return []Format{WebVTT, SRT, TTML, Text, Markdown, JSON} }

// ParseFormat reads a format's name; the refusal names the field "format".
func ParseFormat(name string) (Format, error) {
	f := Format(strings.ToLower(strings.TrimPrefix(name, ".")))
	if !slices.Contains(Formats(), f) {
		return "", problem.Field("format", "there is no export as %q", name).Try("use one of vtt, srt, ttml, txt, md, json")
	}
	return f, nil
}

// ContentType is the media type for HTTP.
func (f Format) ContentType() string {
	return map[Format]string{
		WebVTT: "text/vtt; charset=utf-8", SRT: "application/x-subrip; charset=utf-8", TTML: "application/ttml+xml; charset=utf-8",
		Text: "text/plain; charset=utf-8", Markdown: "text/markdown; charset=utf-8", JSON: "application/json",
	}[f]
}

// Document is what is exported.
type Document struct {
	// Title is the session's, for people; it may be empty.
	Title string
	// Language is the track's BCP 47 tag; it decides the language of the note.
	Language string
	// Zero is the session time that files for players call 0:00: when the
	// session, or its recording, began. Zero itself: the first segment's.
	Zero clock.Instant
	// Segments holds the track's segments in any order, with as many revisions
	// of each as there are; partials are left out.
	Segments []api.Segment
}

// Write writes the document. A document without a word is a valid file with the note alone.
func Write(w io.Writer, f Format, doc Document) error {
	out := &bytes.Buffer{}
	b := doc.book()
	switch f {
	case WebVTT:
		b.vtt(out)
	case SRT:
		b.srt(out)
	case TTML:
		b.ttml(out)
	case Text:
		b.text(out)
	case Markdown:
		b.markdown(out)
	case JSON:
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(doc.record(b)); err != nil {
			return fmt.Errorf("export: write JSON: %w", err)
		}
	default:
		return problem.Field("format", "there is no export as %q", f).Try("use one of vtt, srt, ttml, txt, md, json")
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("export: write %s: %w", f, err)
	}
	return nil
}

// book is the document as it reads: one revision of each segment, in the order of speech.
type book struct {
	title, language, note string
	zero                  clock.Instant
	segments              []api.Segment
}

func (doc Document) book() book {
	b := book{title: plain(doc.Title), language: tag(doc.Language), note: Note(doc.Language), zero: doc.Zero}
	for _, s := range latest(doc.Segments) {
		s.Text, s.Speaker.Label = plain(s.Text), plain(s.Speaker.Label)
		if readable(s) {
			b.segments = append(b.segments, s)
		}
	}
	slices.SortStableFunc(b.segments, spoken)
	if b.zero == 0 && len(b.segments) > 0 {
		b.zero = b.segments[0].Start
	}
	return b
}

// spoken orders by when it was said.
func spoken(x, y api.Segment) int {
	return cmp.Or(cmp.Compare(x.Start, y.Start), cmp.Compare(x.Seq, y.Seq))
}

// latest gives the last revision of each segment, by the order of their first appearance.
func latest(segments []api.Segment) []api.Segment {
	at := map[ids.Segment]int{}
	var out []api.Segment
	for _, s := range segments {
		if s.State == api.SegmentPartial {
			continue
		}
		i, seen := at[s.ID]
		switch {
		case !seen:
			at[s.ID] = len(out)
			out = append(out, s)
		case cmp.Or(cmp.Compare(s.Rev, out[i].Rev), cmp.Compare(s.Seq, out[i].Seq)) > 0:
			out[i] = s
		}
	}
	return out
}

func gone(s api.Segment) bool {
	return s.State == api.SegmentRedacted || s.State == api.SegmentRetracted
}

func readable(s api.Segment) bool { return !gone(s) && s.Text != "" }

// plain makes one line of a text: breaks and tabs are blanks, runs of blanks
// are one, and controls, which XML does not allow, are gone. Other blanks, such
// as the narrow one before a French colon, stay as they are.
func plain(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\u2028', r == '\u2029', r == '\u0085', r >= '\t' && r <= '\r':
			return ' '
		case unicode.IsControl(r), r == '\ufffe', r == '\uffff':
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd"))
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == ' ' }), " ")
}

// tag gives the well-formed tag that files name the language by; "und" is BCP 47's for a tag that says nothing.
func tag(name string) string {
	t, err := language.Parse(name)
	if err != nil {
		return "und"
	}
	return t.String()
}

// notes are in the official languages of the United Nations.
var notes = map[string]string{
	"en": "Unofficial aid to understanding: these captions were made live and may be incomplete or wrong. They are not a record of the session.",
	"fr": "Aide non officielle à la compréhension : ces sous-titres ont été faits en direct et peuvent être incomplets ou erronés. Ils ne constituent pas un compte rendu de la séance.",
	"es": "Ayuda no oficial para la comprensión: estos subtítulos se hicieron en directo y pueden estar incompletos o contener errores. No son un acta de la sesión.",
	"ru": "Неофициальное вспомогательное средство: эти субтитры созданы в прямом эфире и могут быть неполными или неточными. Они не являются протоколом заседания.",
	"ar": "وسيلة غير رسمية للمساعدة على الفهم: أُعدّ هذا النص مباشرة أثناء الجلسة وقد يكون ناقصاً أو غير دقيق، وهو ليس محضراً للجلسة.",
	"zh": "非正式辅助资料：本字幕为现场制作，可能不完整或有误，不是会议记录。",
}

// Note is the sentence that every export and page carries, in the language of
// the tag where we have it, else in English.
func Note(languageTag string) string {
	base, _ := language.Make(languageTag).Base()
	if note, ok := notes[base.String()]; ok {
		return note
	}
	return notes["en"]
}
