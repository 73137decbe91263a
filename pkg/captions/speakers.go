package captions

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Said is a stretch of a captioner's text that one speaker said.
type Said struct {
	// Change tells that the captioner marked a change of speaker before it.
	Change bool
	// Name is who speaks, when the mark named somebody: ">> NAME:". It is as
	// typed; the caller looks it up among those of the session.
	Name string
	// Text is what was said, without mark and name; empty when the mark stands
	// at the end of the line and the words come with the next one.
	Text string
}

// Bounds of a name after a mark: longer ones are sentences with a colon.
const (
	longestName  = 80 // bytes of UTF-8
	wordsInAName = 8
)

// Speakers parts a line at its marks of a change of speaker: ">>" (CEA-608
// practice for live captions in English), written by some keyboards as "＞＞",
// "≫" or "》". Three or more ">" are a new subject there; whoever speaks on it
// is announced the same way, so they count as a change too. A text without a
// mark is one Said; a text of nothing is none.
func Speakers(line string) []Said {
	var out []Said
	change := false
	for {
		at, size := mark(line)
		if at < 0 {
			break
		}
		out = said(out, change, line[:at])
		change, line = true, line[at+size:]
	}
	return said(out, change, line)
}

func said(out []Said, change bool, text string) []Said {
	text = strings.TrimSpace(text)
	if text == "" && !change {
		return out
	}
	s := Said{Change: change, Text: text}
	if change {
		s.Name, s.Text = name(text)
	}
	return append(out, s)
}

// mark finds the first mark: its offset and length, or -1.
func mark(line string) (at, size int) {
	for i, r := range line {
		switch r {
		case '≫', '》':
			return i, utf8.RuneLen(r) + run(line[i+utf8.RuneLen(r):], r)
		case '>', '＞':
			n := utf8.RuneLen(r) + run(line[i+utf8.RuneLen(r):], r)
			// A single one is a sign of comparison or an arrow.
			if n > utf8.RuneLen(r) {
				return i, n
			}
		}
	}
	return -1, 0
}

// run gives the bytes of further r at the start of text.
func run(text string, r rune) int {
	return len(text) - len(strings.TrimLeft(text, string(r)))
}

// name parts "NAME: text". What stands before the first colon is a name when
// it is short, has no sentence in it, and each of its longer words begins with
// a capital letter or has none (Arabic, Chinese): ">> He asked: why?" names nobody.
func name(text string) (who, rest string) {
	at := strings.IndexAny(text, ":：")
	if at <= 0 || at > longestName {
		return "", text
	}
	_, size := utf8.DecodeRuneInString(text[at:])
	who, rest = strings.TrimSpace(text[:at]), text[at+size:]
	// 10:30 is a time; a full-width colon needs no blank after it.
	if first, _ := utf8.DecodeRuneInString(rest); size == 1 && rest != "" && !unicode.IsSpace(first) && !unicode.Is(unicode.Han, first) {
		return "", text
	}
	words := strings.Fields(who)
	if len(words) == 0 || len(words) > wordsInAName || strings.ContainsAny(who, "?!;,،؟？！；，。<>\"") || !titled(words) {
		return "", text
	}
	return who, strings.TrimSpace(rest)
}

func titled(words []string) bool {
	for i, w := range words {
		if strings.HasPrefix(w, "(") {
			continue // a remark, such as "(online)"
		}
		first, _ := utf8.DecodeRuneInString(strings.TrimLeft(w, "-'’"))
		// Small words of names (de la, van der, of the) stand inside, never first or last.
		particle := i > 0 && i < len(words)-1 && utf8.RuneCountInString(w) <= 3
		if unicode.IsLower(first) && !particle {
			return false
		}
		// A full stop inside is that of an abbreviation (Ms., H.E.) or ends a sentence.
		if i < len(words)-1 && strings.HasSuffix(w, ".") && utf8.RuneCountInString(w) > 5 {
			return false
		}
	}
	return true
}
