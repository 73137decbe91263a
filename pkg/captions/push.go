package captions

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fairfloor/fairfloor/pkg/problem"
)

// Change says what became of a line.
type Change string

// The changes. A caller that gives segments revisions adds 1 for each after the first.
const (
	// Open is a line that has no end yet: a partial. With an empty text what was shown of it is gone.
	Open Change = "open"
	// Final is a line that ended, for the first time.
	Final Change = "final"
	// Corrected is a line that was final and now reads otherwise.
	Corrected Change = "corrected"
	// Retracted is a line that was final and of which nothing is left.
	Retracted Change = "retracted"
)

// Line is one line of a push source as one post left it.
type Line struct {
	// Number counts the source's lines from 1. A number is never used for a
	// second line, so a segment's id can be derived from it.
	Number int64
	// Text is the whole line, without the blanks around it; empty when Change is
	// Retracted, and when an open line was deleted.
	Text string
	// Change says what to do with it.
	Change Change
}

// Pushed is what one post did.
type Pushed struct {
	// Lines holds the lines that changed, by Number, each once.
	Lines []Line
	// Ignored is the number of backspaces that found nothing they may delete:
	// before the first character, or beyond Reach.
	Ignored int
}

// Tail is the end of what a push source has sent: as much as a backspace can
// still reach. The zero Tail has had nothing.
//
// The posts of a source are one stream of characters, and a Tail is the edit
// buffer behind it: CR, LF and CRLF end a line, also when the CR is the last
// character of one post and the LF the first of the next; a line's end is one
// character; 0x08 deletes the character before it, be it a line's end or in an
// earlier post. A character is a code point, as captioning software counts
// them: é sent as one code point goes with one backspace, sent as e and a
// combining accent it takes two. So it does not matter how a source cuts its
// text into posts.
//
// A Tail holds words. Its JSON has to lie where words can be deleted.
type Tail struct {
	next  int64
	lines []line
	cr    bool
}

// ending says how a line ended.
type ending int

const (
	running ending = iota // not ended
	soft                  // ended by us, for length or for time: no character of the stream
	hard                  // ended by CR, LF or CRLF
)

type line struct {
	number int64
	text   []rune
	end    ending
	final  bool // it was given as Final before
	void   bool // it was Retracted: its number must not come back to life
}

// shown is a line's text as others see it.
func (l line) shown() string { return strings.TrimSpace(string(l.text)) }

// Push takes in one post. The error is a *problem.Error: too_large for a body
// over MaxBody, malformed for one that is not UTF-8; the Tail is then unchanged.
//
// TAB and the separators U+2028 and U+2029 become blanks; other control
// characters, and a byte order mark at the start of the body, are left out.
func (t Tail) Push(body []byte) (Tail, Pushed, error) {
	if len(body) > MaxBody {
		return t, Pushed{}, problem.New(problem.TooLarge, "the body has %d bytes, %d are allowed", len(body), MaxBody).
			On("body").Try("send the text in several posts")
	}
	if at := invalid(body); at >= 0 {
		return t, Pushed{}, problem.New(problem.Malformed, "byte %d of the body (%#02x) is not UTF-8", at, body[at]).
			On("body").Try("set the captioning software to send UTF-8, and each character whole in one post")
	}
	e := t.edit()
	for _, r := range strings.TrimPrefix(string(body), "\ufeff") {
		e.take(r)
	}
	next, pushed := e.close()
	return next, pushed, nil
}

// invalid gives the offset of the first byte that is not UTF-8, or -1.
func invalid(body []byte) int {
	for at := 0; at < len(body); {
		r, size := utf8.DecodeRune(body[at:])
		if r == utf8.RuneError && size <= 1 {
			return at
		}
		at += size
	}
	return -1
}

// End ends the open line, as a change of the floor or a silent source does. A
// backspace that comes later reaches through this end as if it were not there.
func (t Tail) End() (Tail, Pushed) {
	e := t.edit()
	if last := e.last(); last != nil && last.end == running && last.shown() != "" {
		last.end = soft
	}
	return e.close()
}

// Forget drops the words of a line, and of those before it: after a redaction,
// because they must be nowhere; after an editor's correction, because a
// backspace would undo it. Backspaces stop there and are counted as ignored.
func (t Tail) Forget(number int64) Tail {
	t.lines = slices.Clone(slices.DeleteFunc(slices.Clone(t.lines), func(l line) bool { return l.number <= number }))
	return t
}

// Running gives the line that has no end yet, and false when there is none or
// nothing is on it.
func (t Tail) Running() (Line, bool) {
	if len(t.lines) == 0 {
		return Line{}, false
	}
	last := t.lines[len(t.lines)-1]
	if last.end != running || last.shown() == "" {
		return Line{}, false
	}
	change := Open
	if last.final {
		change = Corrected
	}
	return Line{Number: last.number, Text: last.shown(), Change: change}, true
}

// editor is a Tail being changed, with what the lines were before.
type editor struct {
	tail    Tail
	before  map[int64]string
	gone    []line
	ignored int
}

// edit copies the tail, so that a Tail is a value: an older one stays as it was.
func (t Tail) edit() *editor {
	e := &editor{tail: t, before: map[int64]string{}}
	e.tail.lines = make([]line, len(t.lines))
	for i, l := range t.lines {
		e.before[l.number] = l.shown()
		l.text = slices.Clone(l.text)
		e.tail.lines[i] = l
	}
	return e
}

func (e *editor) last() *line {
	if len(e.tail.lines) == 0 {
		return nil
	}
	return &e.tail.lines[len(e.tail.lines)-1]
}

// take is the line discipline: one character of the stream.
func (e *editor) take(r rune) {
	afterCR := e.tail.cr
	e.tail.cr = r == '\r'
	switch {
	case r == '\n' && afterCR:
		// The second half of a CRLF.
	case r == '\r', r == '\n':
		e.open().end = hard
	case r == '\b':
		e.back()
	case r == '\t', r == '\u2028', r == '\u2029':
		e.add(' ')
	case unicode.IsControl(r):
		// Bells, escapes and the like mean something to a terminal, nothing to a reader.
		e.tail.cr = afterCR
	default:
		e.add(r)
	}
}

// open gives the running line, and begins one when there is none.
func (e *editor) open() *line {
	last := e.last()
	if last == nil || last.end != running {
		return e.begin(nil)
	}
	if last.void {
		last.number, last.void = e.number(), false
	}
	return last
}

func (e *editor) begin(text []rune) *line {
	e.tail.lines = append(e.tail.lines, line{number: e.number(), text: text})
	return e.last()
}

func (e *editor) number() int64 {
	e.tail.next++
	return e.tail.next
}

func (e *editor) add(r rune) {
	l := e.open()
	if len(l.text) >= MaxLine && (len(l.text) >= MaxLine+overhang || !joins(l.text[len(l.text)-1], r)) {
		l = e.wrap(l)
	}
	l.text = append(l.text, r)
}

// wrap ends a full line after its last blank, if there is one in the second
// half, and begins the next with the rest.
func (e *editor) wrap(l *line) *line {
	l.end = soft
	for at := len(l.text) - 1; at >= MaxLine/2; at-- {
		if l.text[at] == ' ' {
			rest := slices.Clone(l.text[at+1:])
			l.text = l.text[:at+1]
			return e.begin(rest)
		}
	}
	return e.begin(nil)
}

// joins reports whether r belongs to the character before it. It knows marks
// and joiners; a flag or a Hangul syllable cut at a thousandth character is
// put right when the reader's line is laid out.
func joins(before, r rune) bool {
	const zeroWidthJoiner = '\u200d'
	return r == zeroWidthJoiner || before == zeroWidthJoiner || unicode.Is(unicode.M, r)
}

// back deletes one character.
func (e *editor) back() {
	for {
		last := e.last()
		switch {
		case last == nil:
			e.ignored++
			return
		case last.end == hard:
			last.end = running
			return
		case len(last.text) > 0:
			last.end = running
			last.text = last.text[:len(last.text)-1]
			return
		}
		// Nothing on it and no end: the character is on the line before.
		e.gone = append(e.gone, *last)
		e.tail.lines = e.tail.lines[:len(e.tail.lines)-1]
	}
}

// close compares with what was before, and cuts the tail to what may be reached.
func (e *editor) close() (Tail, Pushed) {
	pushed := Pushed{Ignored: e.ignored}
	note := func(l *line, text string) {
		change, changed := l.settle(text, e.before[l.number])
		if changed {
			pushed.Lines = append(pushed.Lines, Line{Number: l.number, Text: text, Change: change})
		}
	}
	for i := range e.gone {
		note(&e.gone[i], "")
	}
	for i := range e.tail.lines {
		note(&e.tail.lines[i], e.tail.lines[i].shown())
	}
	slices.SortFunc(pushed.Lines, func(a, b Line) int { return int(a.Number - b.Number) })
	e.tail.trim()
	return e.tail, pushed
}

// settle says what became of the line between two posts, and keeps it in mind.
func (l *line) settle(text, before string) (Change, bool) {
	switch {
	case l.void:
		return "", false
	case text == "" && l.final:
		l.final, l.void = false, true
		return Retracted, true
	case l.final:
		return Corrected, text != before
	case l.end != running && text != "":
		l.final = true
		return Final, true
	default:
		return Open, text != before
	}
}

// trim drops lines from the front until the rest is within Reach. The last line stays whatever its length.
func (t *Tail) trim() {
	characters, keep := 0, len(t.lines)
	for keep > 0 && len(t.lines)-keep < reachLines {
		characters += len(t.lines[keep-1].text) + 1
		if characters > Reach && keep < len(t.lines) {
			break
		}
		keep--
	}
	t.lines = slices.Clone(t.lines[keep:])
}

// stored is a Tail on disk.
type stored struct {
	Next  int64        `json:"next"`
	CR    bool         `json:"cr,omitempty"`
	Lines []storedLine `json:"lines,omitempty"`
}

type storedLine struct {
	Number int64  `json:"n"`
	Text   string `json:"text,omitempty"`
	End    ending `json:"end,omitempty"`
	Final  bool   `json:"final,omitempty"`
	Void   bool   `json:"void,omitempty"`
}

// MarshalJSON writes all of the tail: what is read back behaves the same.
func (t Tail) MarshalJSON() ([]byte, error) {
	s := stored{Next: t.next, CR: t.cr}
	for _, l := range t.lines {
		s.Lines = append(s.Lines, storedLine{Number: l.number, Text: string(l.text), End: l.end, Final: l.final, Void: l.void})
	}
	return json.Marshal(s)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (t *Tail) UnmarshalJSON(data []byte) error {
	var s stored
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	*t = Tail{next: s.Next, cr: s.CR}
	for _, l := range s.Lines {
		t.lines = append(t.lines, line{number: l.Number, text: []rune(l.Text), end: l.End, final: l.Final, void: l.Void})
	}
	return nil
}
