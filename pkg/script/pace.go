package script

import (
	"strings"
	"unicode"

	"golang.org/x/text/language"
)

// Pace is how fast a language is spoken so that interpreters can follow.
type Pace struct {
	// PerMinute is a number of words, or of characters where Characters is set.
	PerMinute int
	// Characters tells that the language is written without blanks between words.
	Characters bool
	// Source says where the number is from.
	Source string
}

// Sources of the numbers.
const (
	sourceLi = "Li, Changshuan: Coping Strategies for Fast Delivery in Simultaneous Interpretation, JoSTrans 13 (2010): " +
		"100 to 120 words a minute for English, 150 to 180 syllables for Chinese; AIIC advises about 100 words"
	sourceUpper = "the upper end of the range for English, as AIIC's advice makes no difference between languages"
	sourceLower = "the lower end of the range for English: words carry their articles, prepositions or cases, and are longer"
)

var paces = map[string]Pace{
	"en": {PerMinute: 120, Source: sourceLi},
	"zh": {PerMinute: 180, Characters: true, Source: sourceLi},
	"fr": {PerMinute: 120, Source: sourceUpper},
	"es": {PerMinute: 120, Source: sourceUpper},
	"ru": {PerMinute: 100, Source: sourceLower},
	"ar": {PerMinute: 100, Source: sourceLower},
}

// PaceOf gives the pace of a language; of one that is not among the official
// languages of the United Nations, AIIC's 100 words a minute.
func PaceOf(languageTag string) Pace {
	base, _ := language.Make(languageTag).Base()
	if p, ok := paces[base.String()]; ok {
		return p
	}
	return Pace{PerMinute: 100, Source: sourceLi}
}

// Count gives what of a text is counted: words, or characters that are spoken.
// In a language of characters a word of another script counts as two, the
// usual length of a Chinese word, and a number by its digits.
func (p Pace) Count(text string) int {
	if !p.Characters {
		n := 0
		for word := range strings.FieldsSeq(text) {
			if spoken(word) {
				n++
			}
		}
		return n
	}
	n, inside := 0, false
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Han, r), unicode.IsNumber(r):
			n, inside = n+1, false
		case unicode.IsLetter(r):
			if !inside {
				n += 2
			}
			inside = true
		default:
			inside = inside && (r == '\'' || r == '-')
		}
	}
	return n
}

// LengthMS is how long a text takes, in ms.
func (p Pace) LengthMS(text string) int64 {
	return int64(p.Count(text)) * 60_000 / int64(p.PerMinute)
}

// Cut says what to leave out to fit a time.
type Cut struct {
	// Drop holds the numbers of the paragraphs that go, ascending.
	Drop []int
	// LengthMS is how long the rest takes.
	LengthMS int64
	// Fits is false when what must be said alone is too long.
	Fits bool
}

// Fit chooses the paragraphs that go so that the rest takes at most ms: first
// those that may be dropped, then the unmarked ones, each from the last to the
// first, since what matters is said first; never one that must be said. A
// paragraph that went and still fits in the end comes back.
func (s Statement) Fit(ms int64) Cut {
	gone := map[int]bool{}
	length := s.LengthMS()
	for _, mark := range []Mark{MayDrop, Plain} {
		for i := len(s.Paragraphs) - 1; i >= 0 && length > ms; i-- {
			if p := s.Paragraphs[i]; p.Mark == mark {
				gone[p.Number] = true
				length -= p.LengthMS
			}
		}
	}
	for _, mark := range []Mark{Plain, MayDrop} {
		for _, p := range s.Paragraphs {
			if p.Mark == mark && gone[p.Number] && length+p.LengthMS <= ms {
				delete(gone, p.Number)
				length += p.LengthMS
			}
		}
	}
	out := Cut{LengthMS: length, Fits: length <= ms}
	for _, p := range s.Paragraphs {
		if gone[p.Number] {
			out.Drop = append(out.Drop, p.Number)
		}
	}
	return out
}
