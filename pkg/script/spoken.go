package script

import (
	"slices"
	"strings"
	"unicode"

	"github.com/clipperhouse/uax29/v2/words"
	"golang.org/x/text/unicode/norm"
)

// Words gives the words of a text as one hears them: no punctuation, no
// capitals, no vowel marks of Arabic, each Chinese character for itself.
func Words(text string) []string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '’' || r == 'ʼ':
			return '\''
		case r == '\u0640', r >= '\u064b' && r <= '\u0652', r == '\u0670':
			return -1 // tatweel and short vowels, which writers leave out at will
		}
		return unicode.ToLower(r)
	}, norm.NFKC.String(text))
	var out []string
	it := words.FromString(text)
	for it.Next() {
		if spoken(it.Value()) {
			out = append(out, it.Value())
		}
	}
	return out
}

// Errors counts how a recognised text differs from what was said.
type Errors struct {
	// Words is the number of words that were said.
	Words                          int
	Substituted, Inserted, Deleted int
}

// Rate is the word error rate: errors for each word that was said. It may be over 1.
func (e Errors) Rate() float64 {
	return float64(e.Substituted+e.Inserted+e.Deleted) / float64(max(e.Words, 1))
}

// Compare counts the word errors of what was heard against what was said, by
// the fewest edits (Levenshtein) over Words.
func Compare(said, heard string) Errors {
	a, b := Words(said), Words(heard)
	previous, row := make([]Errors, len(b)+1), make([]Errors, len(b)+1)
	for j := range previous {
		previous[j] = Errors{Inserted: j}
	}
	total := func(e Errors) int { return e.Substituted + e.Inserted + e.Deleted }
	for i := range a {
		row[0] = Errors{Deleted: i + 1}
		for j := range b {
			best := previous[j]
			if a[i] != b[j] {
				best.Substituted++
			}
			if e := previous[j+1]; total(e)+1 < total(best) {
				best = e
				best.Deleted++
			}
			if e := row[j]; total(e)+1 < total(best) {
				best = e
				best.Inserted++
			}
			row[j+1] = best
		}
		previous, row = row, previous
	}
	out := previous[len(b)]
	out.Words = len(a)
	return out
}

// Place is where in a statement somebody was heard.
type Place struct {
	// Done holds the numbers of the sentences that were heard, ascending: most of their words, in their order.
	Done []int
	// At is the number of the last sentence of which anything was heard.
	At int
	// Share is the part of what was heard that is in the text, 0 to 1.
	Share float64
}

// Bounds of following.
const (
	// window is how many sentences ahead one looks: further ones were not skipped to in one breath.
	window = 15
	// leastHeard words have to be in a row of the text before a place is believed;
	// "thank you chair" stands at both ends of every statement.
	leastHeard = 3
	// leastShare of a sentence's words make it heard: engines get a third of the words wrong.
	leastShare = 0.55
	// mostHeard bounds the words that are looked for: a minute and a half of speech.
	mostHeard = 200
)

// Locate finds what somebody said in the sentences from the number from on: by
// the best local alignment of the words (Smith and Waterman 1981: a word alike
// counts 2, one too many, missing or another -1). False when it is not there,
// so that what a captioner hears wins over the script.
func (s Statement) Locate(heard string, from int) (Place, bool) {
	said := Words(heard)
	// Of a long one the end tells where the speaker is.
	said = said[max(len(said)-mostHeard, 0):]
	var text []string
	var number []int
	for _, sentence := range s.Sentences[min(max(from-1, 0), len(s.Sentences)):] {
		if sentence.Number >= max(from, 1)+window {
			break
		}
		for _, w := range Words(sentence.Text) {
			text, number = append(text, w), append(number, sentence.Number)
		}
	}
	alike := localAlignment(said, text)
	need := min(leastHeard, len(said))
	if len(alike) < need || len(alike) == 0 || 2*len(alike) < len(said) {
		return Place{}, false
	}
	p := Place{At: number[alike[len(alike)-1]], Share: float64(len(alike)) / float64(len(said))}
	count := map[int]int{}
	for _, at := range alike {
		count[number[at]]++
	}
	for n := number[alike[0]]; n <= p.At; n++ {
		words := 0
		for _, of := range number {
			if of == n {
				words++
			}
		}
		if words > 0 && float64(count[n]) >= leastShare*float64(words) {
			p.Done = append(p.Done, n)
		}
	}
	return p, true
}

// localAlignment gives the places in the text of the words that are alike in
// the best local alignment, ascending. Of equal ones it takes the earliest.
func localAlignment(said, text []string) []int {
	score := make([][]int, len(said)+1)
	for i := range score {
		score[i] = make([]int, len(text)+1)
	}
	best, bi, bj := 0, 0, 0
	for i, a := range said {
		for j, b := range text {
			value := -1
			if a == b {
				value = 2
			}
			score[i+1][j+1] = max(0, score[i][j]+value, score[i][j+1]-1, score[i+1][j]-1)
			if score[i+1][j+1] > best {
				best, bi, bj = score[i+1][j+1], i+1, j+1
			}
		}
	}
	var out []int
	for i, j := bi, bj; i > 0 && j > 0 && score[i][j] > 0; {
		switch {
		case said[i-1] == text[j-1] && score[i][j] == score[i-1][j-1]+2:
			out = append(out, j-1)
			i, j = i-1, j-1
		case score[i][j] == score[i-1][j]-1:
			i--
		case score[i][j] == score[i][j-1]-1:
			j--
		default:
			i, j = i-1, j-1
		}
	}
	slices.Reverse(out)
	return out
}
