package vosk

import (
	"math"
	"strings"
	"unicode/utf8"

	"github.com/fairfloor/fairfloor/pkg/captions"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// answer is a message of the engine. A partial has Partial, a final has Text.
type answer struct {
	Partial *string `json:"partial"`
	Text    *string `json:"text"`
	Result  []word  `json:"result"`
	// PartialResult is sent by engines that were asked for partial_words.
	PartialResult []word `json:"partial_result"`
}

type word struct {
	Word       string  `json:"word"`
	Start      float64 `json:"start"`
	End        float64 `json:"end"`
	Confidence float64 `json:"conf"`
}

// anchor says which session time a position of the stream has, in ms from the
// connection's first sample.
type anchor struct {
	position int64
	at       clock.Instant
}

// drift is how far, in ms, the source's clock may be off the sum of its samples
// before a new anchor is set: a muted or broken line leaves a hole of more than that.
const drift = 100

// timeline turns positions of a stream into session time.
type timeline struct {
	anchors []anchor
	length  int64 // ms sent
}

// add notes that audio of so many ms, captured at an instant, comes next.
func (t *timeline) add(at clock.Instant, ms int64) {
	if off := at.Sub(t.at(t.length)); len(t.anchors) == 0 || off > drift || off < -drift {
		t.anchors = append(t.anchors, anchor{position: t.length, at: at})
	}
	t.length += ms
}

func (t *timeline) at(position int64) clock.Instant {
	for i := len(t.anchors) - 1; i >= 0; i-- {
		if a := t.anchors[i]; position >= a.position || i == 0 {
			return a.at.Add(position - a.position)
		}
	}
	return 0
}

// seconds turns the engine's time into session time. Engines are not ours: a
// time that is no number, or beyond the stream, becomes its nearest end.
func (t *timeline) seconds(s float64) clock.Instant {
	if math.IsNaN(s) {
		s = 0
	}
	return t.at(int64(math.Round(min(max(s*1_000, 0), float64(t.length)))))
}

// Times of an utterance, in ms.
const (
	// onset is how long before the first partial somebody began, when the engine does not tell.
	onset = 500
	// unsettled is how many words at the end of a partial the engine may still change.
	unsettled = 2
	// settling is how long those took to say.
	settling = 1_500
	// silence is how much audio is kept when nothing was heard in it: a word may have begun.
	silence = 2_000
)

// utterance follows one utterance of the engine through its partials. It has
// no I/O; the zero utterance has heard nothing.
type utterance struct {
	segment ids.Segment // zero when nothing of it was told
	start   clock.Instant
	text    string   // of the last partial told
	given   []string // words that are finals already, because it ran long
	from    clock.Instant
}

// effect is what an answer leads to.
type effect struct {
	events []Event
	// settled: the audio up to this answer needs not be sent again, but for the last keep ms.
	settled bool
	keep    int64
}

// hear takes in an answer to audio that ends at now.
func (u *utterance) hear(a answer, line *timeline, now clock.Instant, fresh func() ids.Segment) effect {
	switch {
	case a.Text != nil:
		return u.final(a, line, now, fresh)
	case a.Partial != nil:
		return u.partial(a, line, now, fresh)
	default:
		// Some engines acknowledge with an empty object.
		return effect{}
	}
}

func (u *utterance) partial(a answer, line *timeline, now clock.Instant, fresh func() ids.Segment) effect {
	said := strings.Fields(*a.Partial)
	timed := times(a.PartialResult, line)
	skip := after(u.given, said)
	said = said[skip:]
	if len(timed) == skip+len(said) {
		timed = timed[skip:]
	} else {
		timed = nil
	}
	text := strings.Join(said, " ")
	if text == "" && u.segment.IsZero() && len(u.given) == 0 {
		return effect{settled: true, keep: silence}
	}
	if text == "" || text == u.text {
		return effect{}
	}
	if u.segment.IsZero() {
		u.segment, u.start = fresh(), max(now.Add(-onset), u.from, line.at(0))
	}
	if len(timed) > 0 {
		u.start = clock.Instant(timed[0].StartMS)
	}
	if now.Sub(u.start) >= captions.MaxUtteranceMS && len(said) > unsettled {
		return u.split(said, timed, now)
	}
	u.text = text
	return effect{events: []Event{{Kind: Partial, Segment: u.segment, Text: text, Words: timed, Start: u.start, End: max(now, u.start)}}}
}

// split makes a final of what has settled of an utterance that ran long.
func (u *utterance) split(said []string, timed []captions.Word, now clock.Instant) effect {
	n := len(said) - unsettled
	final := Event{Kind: Final, Segment: u.segment, Text: strings.Join(said[:n], " "), Start: u.start, End: max(now.Add(-settling), u.start)}
	if len(timed) > 0 {
		final.Words, final.End = timed[:n], clock.Instant(timed[n-1].EndMS)
	}
	u.given = append(u.given, said[:n]...)
	u.segment, u.text, u.from = ids.Segment{}, "", final.End
	return effect{events: []Event{final}, settled: true, keep: settling}
}

func (u *utterance) final(a answer, line *timeline, now clock.Instant, fresh func() ids.Segment) effect {
	said := strings.Fields(*a.Text)
	timed := times(a.Result, line)
	skip := after(u.given, said)
	said = said[skip:]
	if len(timed) == skip+len(said) {
		timed = timed[skip:]
	} else {
		timed = nil
	}
	out := effect{settled: true}
	segment := u.segment
	start := u.start
	if segment.IsZero() {
		segment, start = fresh(), max(now.Add(-onset), u.from, line.at(0))
	}
	switch whole := (captions.Utterance{Text: strings.Join(said, " "), Words: timed, StartMS: int64(start), EndMS: int64(max(now, start))}); {
	case whole.Text != "":
		if len(timed) > 0 {
			whole.StartMS, whole.EndMS = timed[0].StartMS, max(timed[len(timed)-1].EndMS, timed[0].StartMS)
		}
		for i, piece := range captions.Split(whole, captions.MaxUtteranceMS) {
			if i > 0 {
				segment = fresh()
			}
			out.events = append(out.events, Event{
				Kind: Final, Segment: segment, Text: piece.Text, Words: piece.Words,
				Start: clock.Instant(piece.StartMS), End: clock.Instant(piece.EndMS), Confidence: confidence(piece.Words),
			})
		}
	case !u.segment.IsZero():
		out.events = []Event{{Kind: Withdrawn, Segment: u.segment, Start: u.start, End: max(now, u.start)}}
	}
	*u = utterance{from: now}
	return out
}

// end makes a final of the last partial, because the audio breaks off there.
// The engine, if it goes on, will still have its words in front.
func (u *utterance) end() []Event {
	if u.segment.IsZero() {
		return nil
	}
	said := strings.Fields(u.text)
	last := Event{Kind: Final, Segment: u.segment, Text: u.text, Start: u.start, End: u.start.Add(int64(len(said)) * msPerWord)}
	*u = utterance{from: last.Start, given: append(u.given, said...)}
	return []Event{last}
}

// msPerWord is the pace of speech where nothing tells the time: 150 words a minute.
const msPerWord = 400

// times gives the engine's words their session times, in order.
func times(result []word, line *timeline) []captions.Word {
	var out []captions.Word
	before := int64(math.MinInt64)
	for _, w := range result {
		start := max(int64(line.seconds(w.Start)), before)
		end := max(int64(line.seconds(w.End)), start)
		before = start
		// An engine may give several words as one; the text has them apart.
		for _, text := range strings.Fields(w.Word) {
			out = append(out, captions.Word{Text: text, StartMS: start, EndMS: end, Confidence: min(max(w.Confidence, 0), 1)})
		}
	}
	return out
}

func confidence(words []captions.Word) float64 {
	if len(words) == 0 {
		return 0
	}
	sum := 0.0
	for _, w := range words {
		sum += w.Confidence
	}
	return sum / float64(len(words))
}

// after tells how many of the words said are those that were given before. The
// engine may have changed its mind about them, so it is the length of the
// beginning whose letters are nearest to those that were given (edit distance,
// blind to where words end), and of several the one nearest in length.
func after(given, said []string) int {
	if len(given) == 0 {
		return 0
	}
	a, b := []rune(strings.Join(given, "")), []rune(strings.Join(said, ""))
	// Engines leave old words alone: whole words alike at the beginning are settled, and of a speech
	// without a pause so are those far back.
	same, skipped := 0, 0
	for same < min(len(a), len(b)) && (a[same] == b[same] || same < len(a)-mostCompared) {
		same++
	}
	settled := 0
	for skipped < len(said) {
		n := utf8.RuneCountInString(said[skipped])
		if settled+n > same {
			break
		}
		settled += n
		skipped++
	}
	a, b, said = a[settled:], b[settled:], said[skipped:]
	// distance[j] is that of what was given so far to the first j letters said.
	distance := make([]int, len(b)+1)
	for j := range distance {
		distance[j] = j
	}
	for i, g := range a {
		diagonal := distance[0]
		distance[0] = i + 1
		for j, s := range b {
			change := diagonal
			if g != s {
				change++
			}
			diagonal = distance[j+1]
			distance[j+1] = min(change, diagonal+1, distance[j]+1)
		}
	}
	best, letters, bestLetters := 0, 0, 0
	for j, w := range said {
		letters += utf8.RuneCountInString(w)
		off, offBest := letters-len(a), bestLetters-len(a)
		if d := distance[letters]; d < distance[bestLetters] || d == distance[bestLetters] && off*off < offBest*offBest {
			best, bestLetters = j+1, letters
		}
	}
	return skipped + best
}

// mostCompared bounds the letters that are compared, some minute of speech.
const mostCompared = 1_000
