package export

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// Marks that a reader of a text file sees; on pages they are badges.
const (
	markPrepared = "prepared text"
	markEdited   = "[edited]"
)

// since writes a time for readers, from 0:00 of the document.
func (b book) since(at clock.Instant) string {
	s := max(at.Sub(b.zero), 0) / 1_000
	return fmt.Sprintf("%d:%02d:%02d", s/3_600, s/60%60, s%60)
}

func (b book) text(out *bytes.Buffer) {
	if b.title != "" {
		out.WriteString(b.title + "\n\n")
	}
	out.WriteString(b.note + "\n")
	for _, t := range b.turns() {
		fmt.Fprintf(out, "\n[%s]", b.since(t.first.Start))
		if t.first.Speaker.Label != "" {
			out.WriteString(" " + t.first.Speaker.Label)
		}
		if t.first.Prepared {
			out.WriteString(" (" + markPrepared + ")")
		}
		out.WriteString("\n" + t.text(func(s api.Segment) string {
			if edited(s) {
				return s.Text + " " + markEdited
			}
			return s.Text
		}) + "\n")
	}
}

func (b book) markdown(out *bytes.Buffer) {
	if b.title != "" {
		out.WriteString("# " + escapeMarkdown(b.title) + "\n\n")
	}
	out.WriteString("> " + escapeMarkdown(b.note) + "\n")
	for _, t := range b.turns() {
		out.WriteString("\n## " + b.since(t.first.Start))
		if t.first.Speaker.Label != "" {
			out.WriteString(" " + escapeMarkdown(t.first.Speaker.Label))
		}
		out.WriteString("\n\n")
		if t.first.Prepared {
			out.WriteString("*" + markPrepared + "*\n\n")
		}
		// Escaped as a whole, because "1." begins a list only where the paragraph begins.
		out.WriteString(escapeMarkdown(t.text(func(s api.Segment) string {
			if edited(s) {
				return s.Text + " " + markEdited
			}
			return s.Text
		})) + "\n")
	}
}

var (
	// A backslash before any ASCII punctuation makes it a plain character (CommonMark 2.4).
	inlineMarks = regexp.MustCompile("[\\\\`*_{}\\[\\]<>#|~&!]")
	blockMark   = regexp.MustCompile(`^([-+=:]|\d+[.)])`)
)

// escapeMarkdown makes a text mean nothing but itself.
func escapeMarkdown(text string) string {
	text = inlineMarks.ReplaceAllString(text, `\$0`)
	return blockMark.ReplaceAllStringFunc(text, func(mark string) string {
		return mark[:len(mark)-1] + `\` + mark[len(mark)-1:]
	})
}

// record is the JSON form.
type record struct {
	Title    string `json:"title,omitempty"`
	Language string `json:"language"`
	// Note is the same as in every other form.
	Note   string        `json:"note"`
	ZeroMS clock.Instant `json:"zero_ms"`
	// Segments are in the order of speech, each with its revisions from the first.
	Segments []history `json:"segments"`
}

type history struct {
	Segment   ids.Segment   `json:"segment_id"`
	State     string        `json:"state"`
	Revisions []api.Segment `json:"revisions"`
}

// record gathers the revisions. Those before a redaction or retraction have
// their words taken out here too, whatever the caller handed over.
func (doc Document) record(b book) record {
	r := record{Title: b.title, Language: b.language, Note: b.note, ZeroMS: b.zero, Segments: []history{}}
	revisions := map[ids.Segment][]api.Segment{}
	for _, s := range doc.Segments {
		if s.State != api.SegmentPartial {
			revisions[s.ID] = append(revisions[s.ID], s)
		}
	}
	last := latest(doc.Segments)
	slices.SortStableFunc(last, spoken)
	for _, l := range last {
		h := history{Segment: l.ID, State: l.State, Revisions: revisions[l.ID]}
		for i := range h.Revisions {
			if gone(l) {
				h.Revisions[i].Text, h.Revisions[i].Words = "", nil
			}
			h.Revisions[i].Text = strings.ToValidUTF8(h.Revisions[i].Text, "\ufffd")
		}
		slices.SortStableFunc(h.Revisions, func(x, y api.Segment) int { return cmp.Compare(x.Rev, y.Rev) })
		r.Segments = append(r.Segments, h)
	}
	return r
}
