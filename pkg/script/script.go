// Package script reads the text of a statement as a prompter needs it:
// paragraphs with their marks, numbered sentences, how long they take to
// speak, which paragraphs would go to fit a time, which sentences of a
// translation belong to which of the original, and which sentence somebody has
// reached who is heard speaking.
//
// Guarantee: everything is a function of the text and its language, so that
// the page, the gateway and the transcript number sentences alike. The
// sentences, put together, are the text without its marks and its blanks at
// line ends; none is longer than MaxSentence.
package script

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/sentences"
	"golang.org/x/text/language"

	"github.com/fairfloor/fairfloor/pkg/captions"
)

// MaxSentence is the most characters of a sentence; a longer one is cut after
// a clause or a word. A sentence is shown and passed as one.
const MaxSentence = 400

// Mark is what the author says about a paragraph.
type Mark string

// The marks. A paragraph begins with "[must]" or "[may drop]", in any of the
// six languages below, also in round or Chinese brackets.
const (
	Plain   Mark = ""
	Must    Mark = "must"
	MayDrop Mark = "may_drop"
)

// Statement is a text that was read.
type Statement struct {
	// Language is the BCP 47 tag that it was read by.
	Language   string
	Paragraphs []Paragraph
	Sentences  []Sentence
}

// Paragraph is one paragraph.
type Paragraph struct {
	// Number counts from 1.
	Number int
	Mark   Mark
	// First and Last are the numbers of its sentences.
	First, Last int
	// LengthMS is how long it takes at the language's Pace, in ms.
	LengthMS int64
}

// Sentence is one sentence.
type Sentence struct {
	// Number counts from 1 through the whole text.
	Number int
	// Paragraph is the number of its paragraph.
	Paragraph int
	Text      string
	// LengthMS is how long it takes at the language's Pace, in ms.
	LengthMS int64
}

// LengthMS is how long the whole text takes at the language's Pace, in ms.
func (s Statement) LengthMS() int64 {
	total := int64(0)
	for _, p := range s.Paragraphs {
		total += p.LengthMS
	}
	return total
}

// Read reads a text in a language. Paragraphs are parted by empty lines; in a
// text without any, a line that ends a sentence ends its paragraph. A
// paragraph without a letter or digit is none.
func Read(text, languageTag string) Statement {
	s := Statement{Language: languageTag}
	pace := PaceOf(languageTag)
	for _, block := range blocks(text) {
		mark, rest := marked(block)
		parts := split(rest, languageTag)
		if len(parts) == 0 {
			continue
		}
		p := Paragraph{Number: len(s.Paragraphs) + 1, Mark: mark, First: len(s.Sentences) + 1}
		for _, part := range parts {
			length := pace.LengthMS(part)
			p.LengthMS += length
			s.Sentences = append(s.Sentences, Sentence{Number: len(s.Sentences) + 1, Paragraph: p.Number, Text: part, LengthMS: length})
		}
		p.Last = len(s.Sentences)
		s.Paragraphs = append(s.Paragraphs, p)
	}
	return s
}

var emptyLine = regexp.MustCompile(`\n[\t\f\v\p{Zs}]*(?:\n[\t\f\v\p{Zs}]*)+`)

// blocks parts a text into paragraphs, each on one line.
func blocks(text string) []string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2029", "\n\n", "\u2028", "\n", "\u0085", "\n").Replace(strings.ToValidUTF8(text, "\ufffd"))
	text = strings.TrimPrefix(strings.TrimSpace(text), "\ufeff")
	parts := emptyLine.Split(text, -1)
	if len(parts) > 1 {
		for i, p := range parts {
			parts[i] = oneLine(p)
		}
		return parts
	}
	var out []string
	open := ""
	for l := range strings.SplitSeq(text, "\n") {
		l = oneLine(l)
		if mark, _ := marked(l); mark != Plain && open != "" {
			out, open = append(out, open), ""
		}
		open = strings.TrimSpace(open + " " + l)
		if ends(l) {
			out, open = append(out, open), ""
		}
	}
	return append(out, open)
}

// oneLine takes controls out and makes runs of blanks and breaks one blank. A
// blank that must not be broken, as before a French colon, stays.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t', r == '\v', r == '\f':
			return ' '
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, text)
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\u3000' }), " ")
}

// ends reports whether a line ends a sentence.
func ends(line string) bool {
	line = strings.TrimRight(line, "\"'”’»)]）」』】 ")
	last, _ := utf8.DecodeLastRuneInString(line)
	return line != "" && strings.ContainsRune(".!?…:。！？：؟۔।", last)
}

// markWords are what authors write, by language.
var markWords = map[string]Mark{
	"must": Must, "may drop": MayDrop, "may_drop": MayDrop, "optional": MayDrop,
	"obligatoire": Must, "facultatif": MayDrop,
	"obligatorio": Must, "opcional": MayDrop,
	"обязательно": Must, "можно опустить": MayDrop,
	"إلزامي": Must, "اختياري": MayDrop,
	"必读": Must, "可略": MayDrop,
}

var bracketed = regexp.MustCompile(`^\s*(?:\[([^\[\]]{2,20})\]|\(([^()]{2,20})\)|【([^【】]{2,20})】|（([^（）]{2,20})）|\*([^*]{2,20})\*)[\s:：-]*`)

// marked takes the mark from the beginning of a paragraph.
func marked(paragraph string) (Mark, string) {
	found := bracketed.FindStringSubmatch(paragraph)
	if found == nil {
		return Plain, paragraph
	}
	mark, known := markWords[strings.ToLower(strings.TrimSpace(strings.Join(found[1:], "")))]
	if !known {
		return Plain, paragraph
	}
	return mark, paragraph[len(found[0]):]
}

// split parts a paragraph into sentences: by UAX #29, then joined again where
// that breaks after an abbreviation or a number of a list.
func split(paragraph, languageTag string) []string {
	short := abbreviations(languageTag)
	var out []string
	open := ""
	it := sentences.FromString(paragraph)
	for it.Next() {
		open += it.Value()
		if !spoken(open) || abbreviated(open, short) {
			continue
		}
		out, open = append(out, cut(strings.TrimSpace(open))...), ""
	}
	open = strings.TrimSpace(open)
	switch {
	case spoken(open):
		out = append(out, cut(open)...)
	case open != "" && len(out) > 0:
		// Signs alone at the end, such as a dash, belong to the sentence before.
		out[len(out)-1] += " " + open
	}
	return out
}

// cut parts a sentence that is too long, by the rule that splits long utterances: a character is a millisecond there.
func cut(sentence string) []string {
	if utf8.RuneCountInString(sentence) <= MaxSentence {
		return []string{sentence}
	}
	var out []string
	for _, piece := range captions.Split(captions.Utterance{Text: sentence, EndMS: int64(utf8.RuneCountInString(sentence))}, MaxSentence) {
		// One word without end stays whole there, and is cut here.
		for text := piece.Text; text != ""; {
			at := 0
			for i := range text {
				if at++; at > MaxSentence {
					out, text = append(out, text[:i]), text[i:]
					break
				}
			}
			if at <= MaxSentence {
				out, text = append(out, text), ""
			}
		}
	}
	return out
}

func spoken(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) })
}

// abbreviated reports whether a text ends with an abbreviation, an initial
// ("J.") or the number of a list ("3."), after which its sentence goes on.
func abbreviated(text string, short map[string]bool) bool {
	trimmed := strings.TrimRight(text, " \u00a0\u202f")
	if !strings.HasSuffix(trimmed, ".") || trimmed == text {
		// Without a blank after it, UAX #29 did not break because of the full stop.
		return false
	}
	trimmed = strings.TrimSuffix(trimmed, ".")
	at := strings.LastIndexFunc(trimmed, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("(\"«“'’", r) })
	_, size := utf8.DecodeRuneInString(trimmed[max(at, 0):])
	last := trimmed
	if at >= 0 {
		last = trimmed[at+size:]
	}
	if short[last] {
		return true
	}
	first, _ := utf8.DecodeRuneInString(last)
	if utf8.RuneCountInString(last) == 1 && unicode.IsUpper(first) {
		return last != "I" // an initial; "I." ends a sentence
	}
	// A number alone at the beginning is that of a list.
	return strings.TrimSpace(trimmed) == last && !strings.ContainsFunc(last, func(r rune) bool { return !unicode.IsDigit(r) && r != '.' })
}

// shortened are abbreviations that stand before something, by language. Those
// that may end a sentence (etc., No., г., art. in small letters) are left out:
// two sentences in one are worse to follow than one in two.
var shortened = map[string]string{
	"en": "Mr Mrs Ms Mx Dr Prof St H.E Art Arts Para Paras Sec Vol Fig Amb Gen Hon Rev Sen Gov Capt Col Lt Jr Sr U.S U.N e.g i.e cf vs approx",
	"fr": "M MM Mme Pr Me Ste S.E p.ex c.-à-d vol par",
	"es": "Sra Sres Srta Dra Excmo Excma Ud Uds Núm núm S.E EE.UU p.ej pág párr",
	"ru": "т.е ст стр пп рис см ср им проф акад ул",
	"ar": "د أ م",
}

func abbreviations(languageTag string) map[string]bool {
	base, _ := language.Make(languageTag).Base()
	out := map[string]bool{}
	// English ones stand in many texts: names and documents keep theirs.
	for _, list := range []string{shortened["en"], shortened[base.String()]} {
		for word := range strings.FieldsSeq(list) {
			out[word] = true
		}
	}
	return out
}
