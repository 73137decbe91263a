// Package said says refusals in the six languages.
//
// Guarantee: the sentences are the ones that the pages with script say, from the
// same files (services/gateway/web/src/i18n/refusals); a refusal that only a
// program can meet has no sentence of its own there, and is said by its code.
// The package's tests hold the files to every text in the source.
package said

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/services/gateway/web"
)

// Languages are the languages that there is a file for.
func Languages() []string { return []string{"ar", "en", "es", "fr", "ru", "zh"} }

// catalogues are read when the first refusal is said.
var catalogues = sync.OnceValue(func() map[string]map[string]string {
	all := map[string]map[string]string{}
	for _, language := range Languages() {
		texts, err := read(language + ".json")
		if err != nil {
			// The files are embedded; a test reads each.
			texts = map[string]string{}
		}
		all[language] = texts
	}
	return all
})

func read(name string) (map[string]string, error) {
	raw, err := web.Refusals.ReadFile("src/i18n/refusals/" + name)
	if err != nil {
		return nil, err
	}
	texts := map[string]string{}
	return texts, json.Unmarshal(raw, &texts)
}

// Why says what was wrong. A refusal without a sentence is said by its code,
// in English by its detail, which is more exact.
func Why(language string, e *problem.Error) string {
	texts := catalogues()[language]
	if text, ok := sentence(language, texts, e.Why); ok {
		return text
	}
	if text, ok := texts["code."+string(e.Code)]; ok && language != "en" && e.Why.Key != "" {
		return text
	}
	return e.Detail
}

// How says what to do, empty when there is nothing that this reader could do.
func How(language string, e *problem.Error) string {
	if text, ok := sentence(language, catalogues()[language], e.How); ok {
		return text
	}
	if language != "en" && e.How.Key != "" {
		return ""
	}
	return e.Do
}

// sentence fills a sentence of the catalogue.
func sentence(language string, texts map[string]string, s problem.Sentence) (string, bool) {
	if s.Key == bare && len(s.Args) == 1 {
		if inner, ok := s.Args[0].(problem.Sentence); ok {
			return sentence(language, texts, inner)
		}
	}
	text, ok := texts["text."+s.Key]
	if !ok {
		return "", false
	}
	for i, arg := range s.Args {
		text = strings.ReplaceAll(text, fmt.Sprintf("{{%c}}", 'a'+i), argument(language, texts, arg))
	}
	return text, true
}

// bare is the key of a text that is nothing but its argument.
const bare = "x"

// argument is what stands at a place of a sentence.
func argument(language string, texts map[string]string, arg any) string {
	switch arg := arg.(type) {
	case problem.Sentence:
		inner, _ := sentence(language, texts, arg)
		return inner
	case problem.Words:
		out := make([]string, len(arg))
		for i, word := range arg {
			out[i] = Word(language, word)
		}
		return strings.Join(out, separators[language])
	case string:
		if at, err := time.Parse(time.RFC3339, arg); err == nil {
			return at.UTC().Format("15:04") + " UTC"
		}
		if word := Word(language, arg); word != arg {
			return word
		}
		// A name may be in another script: isolated, it turns nothing around it.
		return "\u2068" + arg + "\u2069"
	default:
		return fmt.Sprint(arg)
	}
}

// separators stand between the words of a list.
var separators = map[string]string{"ar": "، ", "en": ", ", "es": ", ", "fr": ", ", "ru": ", ", "zh": "、"}

// Word is a name of the program's own in a language; any other text is as it was.
func Word(language, word string) string {
	key := strings.NewReplacer("-", "_", " ", "_").Replace(word)
	if text, ok := catalogues()[language]["word."+key]; ok {
		return text
	}
	return word
}
