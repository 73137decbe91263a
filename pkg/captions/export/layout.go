package export

import (
	"strings"
	"unicode"

	"github.com/rivo/uniseg"

	"github.com/fairfloor/fairfloor/pkg/api"
)

// The shape of a caption: the usual one for broadcast (32 columns is a row of CEA-608).
const (
	// Columns is the width of a line; Chinese characters and emoji take two.
	Columns = 32
	// Rows is the number of lines of a caption.
	Rows = 2
	// msPerColumn is the reading time when the source told no end: some 17 characters a second.
	msPerColumn = 60
	// leastMS is the shortest time a caption is meant to stand, unless the next one needs the place.
	leastMS = 1_000
	// noteMS is how long the note stands at the start of a format without comments.
	noteMS = 4_000
)

// cue is one caption of a file for players; times in ms from 0:00.
type cue struct {
	from, to int64
	voice    string // the speaker; empty when nobody knows
	rows     []string
}

// cues lays the segments out. With inline, the speaker's name stands in the
// text whenever it changes, and the note is the first caption.
func (b book) cues(inline bool) []cue {
	type block struct {
		from, to int64 // as spoken
		voice    string
		rows     []string
	}
	var blocks []block
	if inline {
		blocks = append(blocks, block{to: noteMS, rows: wrap(b.note)})
	}
	before := ""
	for _, s := range b.segments {
		text := s.Text
		if inline && s.Speaker.Label != "" && s.Speaker.Label != before {
			text = prefixed(s.Speaker.Label, text)
		}
		before = s.Speaker.Label
		from := max(s.Start.Sub(b.zero), 0)
		// The end is the source's, unless nobody could read the text by then.
		to := max(s.End.Sub(b.zero), from+max(leastMS, int64(uniseg.StringWidth(text))*msPerColumn))
		blocks = append(blocks, block{from: from, to: to, voice: s.Speaker.Label, rows: wrap(text)})
	}
	// Each caption gets at least 1 ms and ends where the next begins.
	var out []cue
	free := int64(0)
	for i := range blocks {
		n := int64((len(blocks[i].rows) + Rows - 1) / Rows)
		from := max(blocks[i].from, free)
		to := max(blocks[i].to, from+n)
		if i+1 < len(blocks) {
			to = min(to, max(blocks[i+1].from, from+n))
		}
		free = to
		out = append(out, shared(cue{from: from, to: to, voice: blocks[i].voice, rows: blocks[i].rows})...)
	}
	return out
}

// shared parts a caption of many rows into several, each with its part of the
// time by the width of its text and at least 1 ms.
func shared(c cue) []cue {
	var out []cue
	var widths []int64
	total := int64(0)
	for rows := c.rows; len(rows) > 0; {
		n := min(Rows, len(rows))
		w := int64(max(uniseg.StringWidth(strings.Join(rows[:n], "")), 1))
		out = append(out, cue{voice: c.voice, rows: rows[:n]})
		widths = append(widths, w)
		total += w
		rows = rows[n:]
	}
	// The first ms of each is set aside, so that none is empty.
	span, passed, from := c.to-c.from-int64(len(out)), int64(0), c.from
	for i := range out {
		passed += widths[i]
		out[i].from = from
		out[i].to = c.from + span*passed/total + int64(i) + 1
		from = out[i].to
	}
	return out
}

// wrap breaks a text into lines of at most Columns: where UAX #14 allows a
// break (after blanks, between Chinese characters but not before their
// punctuation), and inside a word only when it is wider than a line.
func wrap(text string) []string {
	var rows []string
	row, width := "", 0
	end := func() {
		if kept := strings.Trim(row, " "); kept != "" {
			rows = append(rows, kept)
		}
		row, width = "", 0
	}
	for state := -1; text != ""; {
		var segment string
		segment, text, _, state = uniseg.FirstLineSegmentInString(text, state)
		// A blank at the end may hang over the edge.
		if w := uniseg.StringWidth(strings.TrimRight(segment, " ")); width+w > Columns {
			end()
			if w > Columns {
				segment = pieces(segment, func(full string) { row = full; end() })
			}
		}
		row += segment
		width = uniseg.StringWidth(row)
	}
	end()
	return rows
}

// pieces gives out what fills whole lines of a word that is wider than one, and returns the rest.
func pieces(word string, full func(string)) string {
	row, width := "", 0
	for state := -1; word != ""; {
		var cluster string
		var w int
		cluster, word, w, state = uniseg.FirstGraphemeClusterInString(word, state)
		if row != "" && width+w > Columns {
			full(row)
			row, width = "", 0
		}
		row += cluster
		width += w
	}
	return row
}

// Isolates of the bidirectional algorithm (UAX #9), around a name.
const (
	firstStrongIsolate = "\u2068"
	popIsolate         = "\u2069"
)

// prefixed puts the speaker before the text. A name of the other direction is
// isolated: else it would turn the whole line around.
func prefixed(label, text string) string {
	if rightToLeft(label) != rightToLeft(text) {
		label = firstStrongIsolate + label + popIsolate
	}
	return label + ": " + text
}

// rightToLeft looks at the first letter, as players do.
func rightToLeft(text string) bool {
	for _, r := range text {
		if unicode.IsLetter(r) {
			return unicode.In(r, unicode.Arabic, unicode.Hebrew, unicode.Syriac, unicode.Thaana, unicode.Nko, unicode.Adlam)
		}
	}
	return false
}

// turn is a stretch of one speaker, for readers.
type turn struct {
	first    api.Segment
	segments []api.Segment
}

// turns groups what follows one another with the same turn, speaker and kind of text.
func (b book) turns() []turn {
	var out []turn
	for _, s := range b.segments {
		if n := len(out) - 1; n >= 0 {
			f := out[n].first
			if f.Turn == s.Turn && f.Speaker == s.Speaker && f.Prepared == s.Prepared {
				out[n].segments = append(out[n].segments, s)
				continue
			}
		}
		out = append(out, turn{first: s, segments: []api.Segment{s}})
	}
	return out
}

// text joins the segments' texts. Chinese and Japanese put no blank between sentences.
func (t turn) text(each func(api.Segment) string) string {
	var out strings.Builder
	for i, s := range t.segments {
		if i > 0 && !(solidEnd(t.segments[i-1].Text) && !edited(t.segments[i-1])) {
			out.WriteByte(' ')
		}
		out.WriteString(each(s))
	}
	return out.String()
}

func solidEnd(text string) bool {
	last := []rune(text)
	r := last[len(last)-1]
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) || strings.ContainsRune("。！？，、；：）」』", r)
}

func edited(s api.Segment) bool { return s.Edited || s.State == api.SegmentCorrected }
