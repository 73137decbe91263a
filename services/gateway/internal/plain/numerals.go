package plain

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// numerals are the digits that a reader reads, by their zero.
type numerals struct{ zero rune }

// arabicIndic are the countries in which Arabic is written with ٠١٢; elsewhere,
// and where no country is known, it is written with 012 (CLDR 48, default
// numbering systems of ar-*). The other pages have the same from Intl.
var arabicIndic = strings.Fields("BH DJ EG ER IL IQ JO KM KW LB MR OM PS QA SA SD SO SS SY TD YE")

// numeralsOf gives the digits of a language as the request's browser writes it:
// the first of its languages that is a country's own variety decides.
func numeralsOf(r *http.Request, wanted string) numerals {
	preferred, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if wanted != "ar" || err != nil {
		return numerals{'0'}
	}
	for _, tag := range preferred {
		base, _ := tag.Base()
		region, sure := tag.Region()
		if base.String() == wanted && sure == language.Exact {
			if slices.Contains(arabicIndic, region.String()) {
				return numerals{'٠'}
			}
			break
		}
	}
	return numerals{'0'}
}

// Digits writes a number, or a text of this program with numbers in it. What
// people wrote, such as a name, is never passed through it.
func (n numerals) Digits(of any) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return n.zero + (r - '0')
		}
		return r
	}, fmt.Sprint(of))
}

// Counter is the CSS counter style of lists with these digits.
func (n numerals) Counter() string {
	if n.zero == '٠' {
		return "arabic-indic"
	}
	return "decimal"
}
