package roster

import (
	"golang.org/x/text/language"
)

// Language gives a language tag in its canonical form (BCP 47: "en", "zh-Hant",
// "pt-BR"); false for what is not a tag of a language, "und" among them. Names
// of languages are not tags.
func Language(tag string) (string, bool) {
	if len(tag) > 35 { // RFC 5646, 4.4.1: enough for every registered combination
		return "", false
	}
	parsed, err := language.Parse(tag)
	if err != nil {
		return "", false
	}
	// Raw guesses nothing: Base would call "und" English.
	if base, _, _ := parsed.Raw(); base.String() == "und" {
		return "", false
	}
	return parsed.String(), true
}
