package problem

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text is a sentence of a refusal in English, with the verbs of package fmt
// where its arguments stand. It is a type of its own so that every such sentence
// is a constant that can be found in the source: the catalogues of translations
// are held to them (services/gateway/internal/said).
type Text string

// Sentence is what a refusal says as the pages need it to say it in the
// reader's language: which sentence, and what stands in it.
type Sentence struct {
	// Key names the sentence in the catalogues: Text.Key.
	Key string `json:"key"`
	// Args are what its verbs stand for, in order: a number (float64), a text
	// (string), words of the program's own (Words), or another Sentence.
	Args []any `json:"args,omitempty"`
}

// Words are names of the program's own, such as roles and kinds, which have a
// translation each. A value of a named string type counts as one.
type Words []string

// String lists them.
func (w Words) String() string { return strings.Join(w, ", ") }

// MarshalJSON sets them apart from a text.
func (w Words) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string][]string{"words": w})
}

// Phrase is a part of a sentence that has a sentence of its own.
type Phrase struct {
	English  string
	Sentence Sentence
}

// Say makes a phrase, to be the argument of a text.
func Say(text Text, args ...any) Phrase {
	english, said := say(text, args)
	return Phrase{English: english, Sentence: said}
}

// UnmarshalJSON reads a sentence as it is written, words and sentences inside
// of it too.
func (s *Sentence) UnmarshalJSON(data []byte) error {
	var w struct {
		Key  string            `json:"key"`
		Args []json.RawMessage `json:"args"`
	}
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	*s = Sentence{Key: w.Key}
	for _, raw := range w.Args {
		var number float64
		var text string
		var inner struct {
			Words Words  `json:"words"`
			Key   string `json:"key"`
		}
		switch {
		case json.Unmarshal(raw, &number) == nil:
			s.Args = append(s.Args, number)
		case json.Unmarshal(raw, &text) == nil:
			s.Args = append(s.Args, text)
		case json.Unmarshal(raw, &inner) != nil:
			return fmt.Errorf("an argument of %q is neither number, text, words nor sentence", w.Key)
		case inner.Key != "":
			var said Sentence
			if err := json.Unmarshal(raw, &said); err != nil {
				return err
			}
			s.Args = append(s.Args, said)
		default:
			s.Args = append(s.Args, inner.Words)
		}
	}
	return nil
}

// MaxKey is the length of the longest key, in bytes.
const MaxKey = 80

// Key is the name of the sentence in the catalogues: its words in lower case
// with "x" for each argument. Two sentences with one key are a fault that the
// catalogues' test finds.
func (t Text) Key() string {
	var b strings.Builder
	gap := false
	for _, piece := range t.pieces() {
		word := piece.literal
		if piece.verb != "" {
			word = " x "
		}
		for _, r := range strings.ToLower(word) {
			if r >= utf8.RuneSelf || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
				gap = b.Len() > 0
				continue
			}
			if gap {
				b.WriteByte('_')
				gap = false
			}
			b.WriteRune(r)
		}
	}
	key := b.String()
	return strings.TrimRight(key[:min(len(key), MaxKey)], "_")
}

// Verbs are the verbs of the text in order, such as "%d" and "%.40q".
func (t Text) Verbs() []string {
	var verbs []string
	for _, piece := range t.pieces() {
		if piece.verb != "" {
			verbs = append(verbs, piece.verb)
		}
	}
	return verbs
}

// Template is the text with {{a}}, {{b}}, … where its arguments stand, as the
// catalogues hold it. The quotes of a %q belong to the sentence.
func (t Text) Template() string {
	var b strings.Builder
	name := 'a'
	for _, piece := range t.pieces() {
		b.WriteString(piece.literal)
		if piece.verb == "" {
			continue
		}
		form := "{{%c}}"
		if strings.HasSuffix(piece.verb, "q") {
			form = "“{{%c}}”"
		}
		fmt.Fprintf(&b, form, name)
		name++
	}
	return b.String()
}

// piece is a run of plain text, or one verb.
type piece struct{ literal, verb string }

// pieces cuts a text at its verbs; "%%" is the plain "%".
func (t Text) pieces() []piece {
	var all []piece
	rest := string(t)
	for rest != "" {
		at := strings.IndexByte(rest, '%')
		if at < 0 {
			return append(all, piece{literal: rest})
		}
		if at > 0 {
			all = append(all, piece{literal: rest[:at]})
		}
		end := at + 1
		for end < len(rest) && strings.IndexByte("+-# 0123456789.", rest[end]) >= 0 {
			end++
		}
		if end == len(rest) {
			return append(all, piece{literal: rest[at:]})
		}
		if rest[end] == '%' {
			all = append(all, piece{literal: "%"})
		} else {
			all = append(all, piece{verb: rest[at : end+1]})
		}
		rest = rest[end+1:]
	}
	return all
}

// say gives a text with its arguments in English, and as a sentence.
func say(text Text, args []any) (string, Sentence) {
	said := Sentence{Key: text.Key()}
	shown := make([]any, len(args))
	verbs := text.Verbs()
	for i, arg := range args {
		switch inner := arg.(type) {
		case *Error:
			shown[i] = inner.Detail
			said.Args = append(said.Args, inner.Why)
			continue
		case Phrase:
			shown[i] = inner.English
			said.Args = append(said.Args, inner.Sentence)
			continue
		}
		verb := "%v"
		if i < len(verbs) {
			verb = verbs[i]
		}
		shown[i] = arg
		said.Args = append(said.Args, value(verb, arg))
	}
	return fmt.Sprintf(string(text), shown...), said
}

// value is an argument as it travels: what is written as a decimal number is
// one, so that each reader sees the digits of their own language; all else is
// the text that stands in English, without a %q's quotes.
func value(verb string, arg any) any {
	v := reflect.ValueOf(arg)
	if words, ok := arg.(Words); ok {
		return words
	}
	if v.Kind() == reflect.String && v.Type() != reflect.TypeFor[string]() {
		return Words{v.String()}
	}
	if strings.IndexByte("dgfv", verb[len(verb)-1]) >= 0 {
		switch {
		case v.CanInt():
			return float64(v.Int())
		case v.CanUint():
			return float64(v.Uint())
		case v.CanFloat():
			return v.Float()
		}
	}
	if plain, ok := strings.CutSuffix(verb, "q"); ok {
		verb = plain + "s"
	}
	return fmt.Sprintf(verb, arg)
}
