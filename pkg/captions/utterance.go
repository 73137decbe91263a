package captions

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/words"
)

// Word is one word that an engine timed.
type Word struct {
	Text           string
	StartMS, EndMS int64
	// Confidence is 0 to 1; zero when the engine does not tell.
	Confidence float64
}

// Utterance is what a speaker said in one go, with the times at which it was
// said, in ms of any one clock. EndMS is not before StartMS.
type Utterance struct {
	Text           string
	Words          []Word
	StartMS, EndMS int64
}

// Split cuts an utterance into pieces of at most maxMS: after a sentence, else
// after a clause, else after a word, each time at the last place in the second
// half of what is allowed. Where Words are found in the text in their order,
// their times count; otherwise the time is shared out by the number of
// characters. Only blanks at the cuts are dropped. A single word that runs
// longer than maxMS stays whole.
func Split(u Utterance, maxMS int64) []Utterance {
	if maxMS <= 0 || u.EndMS-u.StartMS <= maxMS {
		return []Utterance{u}
	}
	pieces := tokens(u)
	if len(pieces) < 2 {
		return []Utterance{u}
	}
	var out []Utterance
	for first := 0; first < len(pieces); {
		last := cut(pieces, first, maxMS)
		out = append(out, piece(u, pieces[first:last+1]))
		first = last + 1
	}
	// The sum of the pieces is the utterance: no time is lost at its ends.
	out[0].StartMS, out[len(out)-1].EndMS = u.StartMS, u.EndMS
	return out
}

// token is a word with its punctuation and the blanks that follow it.
type token struct {
	from, to   int // bytes of the text
	start, end int64
	words      []Word
	rank       int // how good a place its end is to cut
}

// Ranks of a place to cut.
const (
	afterWord = iota
	afterClause
	afterSentence
)

// cut gives the last token of the piece that begins with the first one.
func cut(pieces []token, first int, maxMS int64) int {
	from := pieces[first].start
	last := first
	for last+1 < len(pieces) && pieces[last+1].end-from <= maxMS {
		last++
	}
	if last == len(pieces)-1 {
		return last
	}
	best := last
	for i := last; i >= first && pieces[i].end-from >= maxMS/2; i-- {
		if pieces[i].rank > pieces[best].rank {
			best = i
		}
	}
	return best
}

func piece(u Utterance, part []token) Utterance {
	p := Utterance{
		Text:    strings.TrimSpace(u.Text[part[0].from:part[len(part)-1].to]),
		StartMS: part[0].start, EndMS: part[len(part)-1].end,
	}
	for _, t := range part {
		p.Words = append(p.Words, t.words...)
	}
	return p
}

// tokens parts the text at the word boundaries of UAX #29, which know Chinese
// and emoji, and gives each token its time.
func tokens(u Utterance) []token {
	var out []token
	it := words.FromString(u.Text)
	for it.Next() {
		value := it.Value()
		// What is only punctuation yet, such as an opening quote, belongs to the word that follows.
		if n := len(out) - 1; n >= 0 && (!parted(u.Text[:it.Start()], value) || !spoken(u.Text[out[n].from:out[n].to])) {
			out[n].to = it.End()
			continue
		}
		out = append(out, token{from: it.Start(), to: it.End()})
	}
	for i := range out {
		out[i].rank = rank(u.Text[out[i].from:out[i].to])
	}
	if !timed(out, u) {
		share(out, u)
	}
	return out
}

// parted reports whether value begins another word than the text before it
// ends with: there is a blank between them, or one of them is of a script that
// writes none. "well-known" is one word.
func parted(before, value string) bool {
	last, _ := utf8.DecodeLastRuneInString(before)
	first, _ := utf8.DecodeRuneInString(value)
	if !spoken(value) {
		return unicode.IsSpace(last) && !unicode.IsSpace(first)
	}
	return unicode.IsSpace(last) || solid(last) || solid(first)
}

// solid are the letters and signs of scripts without blanks between words.
func solid(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) ||
		strings.ContainsRune("。！？，、；：）」』", r)
}

// spoken reports whether there is anything in it that one says.
func spoken(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsSymbol(r) || unicode.Is(unicode.M, r)
	})
}

// rank looks at the last sign of a token.
func rank(text string) int {
	text = strings.TrimRight(strings.TrimSpace(text), "\"'”’»)]）」』")
	last, _ := utf8.DecodeLastRuneInString(text)
	switch {
	case strings.ContainsRune(".!?…。！？؟۔।", last):
		return afterSentence
	case strings.ContainsRune(",;:—–、，；：،؛", last):
		return afterClause
	default:
		return afterWord
	}
}

// timed gives the tokens the times of the words, and reports whether every
// word was found in the text where it should be.
func timed(out []token, u Utterance) bool {
	if len(u.Words) == 0 {
		return false
	}
	at, in := 0, 0
	for _, w := range u.Words {
		found := strings.Index(u.Text[at:], w.Text)
		if found < 0 || w.Text == "" {
			return false
		}
		begins := at + found
		at = begins + len(w.Text)
		for out[in].to <= begins {
			in++
		}
		if len(out[in].words) == 0 {
			out[in].start = w.StartMS
		}
		out[in].words = append(out[in].words, w)
		out[in].end = max(w.EndMS, w.StartMS)
	}
	// What no word timed follows at once on what is before it.
	now := u.StartMS
	for i := range out {
		if len(out[i].words) == 0 {
			out[i].start, out[i].end = now, now
		}
		out[i].start = max(out[i].start, now)
		out[i].end = max(out[i].end, out[i].start)
		now = out[i].end
	}
	return true
}

// share gives each token its part of the time by its number of characters.
func share(out []token, u Utterance) {
	total := int64(0)
	for _, t := range out {
		total += int64(utf8.RuneCountInString(u.Text[t.from:t.to]))
	}
	passed := int64(0)
	for i := range out {
		out[i].words = nil
		out[i].start = u.StartMS + (u.EndMS-u.StartMS)*passed/total
		passed += int64(utf8.RuneCountInString(u.Text[out[i].from:out[i].to]))
		out[i].end = u.StartMS + (u.EndMS-u.StartMS)*passed/total
	}
}
