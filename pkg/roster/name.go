package roster

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// MaxName is the most characters of an organisation's name.
const MaxName = 300

// CleanText gives a line of text in its one written form: Unicode form C, white
// space as single spaces, no invisible characters but the joiners that Persian
// and Indic spelling needs, no controls of writing direction (which could turn
// the list around on a screen). It reports false when the text is not UTF-8 or
// holds other control characters.
func CleanText(text string) (string, bool) {
	if !utf8.ValidString(text) {
		return "", false
	}
	var b strings.Builder
	for _, r := range norm.NFC.String(text) {
		switch {
		case unicode.IsSpace(r) || r == '\u00a0':
			b.WriteByte(' ')
		case unicode.IsControl(r) || r == utf8.RuneError:
			return "", false
		case unicode.Is(unicode.Cf, r) && r != zwnj && r != zwj:
		default:
			b.WriteRune(r)
		}
	}
	return strings.Trim(strings.Join(strings.Fields(b.String()), " "), string([]rune{zwnj, zwj})), true
}

// The joiners that CleanText keeps.
const (
	zwnj = '\u200c'
	zwj  = '\u200d'
)

// Keys are two ways in which a name can be the same as another: two
// organisations are one when either key is.
type Keys struct {
	// Spelling is equal for two spellings of one name: case, Unicode form, white
	// space, punctuation and (in alphabets where they are often left out)
	// diacritics make no difference.
	Spelling string
	// Looks is equal for two names that look alike on a screen, such as a Latin
	// and a Cyrillic "a" (after UTS #39, with a table of the letters that are
	// confused in practice).
	Looks string
}

// KeysOf gives the keys of a name. Both are empty for a name without a letter
// or digit, which is not a name.
func KeysOf(name string) Keys {
	if s, ok := plain(name, nil); ok {
		l, _ := plain(name, &asciiAlikes)
		return Keys{Spelling: s, Looks: l}
	}
	name = norm.NFKC.String(name)
	return Keys{Spelling: spelling(name), Looks: spelling(looks(name))}
}

// Same reports whether two names' keys say that they are one.
func (k Keys) Same(other Keys) bool { return k.Spelling == other.Spelling || k.Looks == other.Looks }

// spelling folds a name to its letters and digits, words divided by one space.
func spelling(name string) string {
	var b strings.Builder
	gap, strip := false, true // a mark before any letter belongs to nothing
	write := func(text string) {
		if gap && b.Len() > 0 {
			b.WriteByte(' ')
		}
		gap = false
		b.WriteString(text)
	}
	for _, r := range norm.NFD.String(cases.Fold().String(name)) {
		switch {
		case unicode.Is(unicode.M, r):
			// A mark belongs to the letter before it. In Devanagari or kana it is part
			// of the spelling; in these alphabets people leave it out.
			if !strip {
				b.WriteRune(r)
			}
		case unicode.IsLetter(r) || unicode.IsNumber(r):
			strip = unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Arabic, unicode.Hebrew)
			if plain, ok := undecomposed[r]; ok {
				write(plain)
			} else {
				write(string(r))
			}
		case r == '&':
			gap = true
			write("and")
			gap = true
		case silent(r):
		default:
			gap = true
		}
	}
	return b.String()
}

// plain is spelling for ASCII, which most names are: it takes a tenth of the
// time. With a table of look-alikes it is spelling after looks.
func plain(name string, alikes *[utf8.RuneSelf]byte) (string, bool) {
	out := make([]byte, 0, len(name)+8)
	gap := false
	for i := range len(name) {
		c := name[i]
		if c >= utf8.RuneSelf {
			return "", false
		}
		if alikes != nil {
			c = alikes[c]
		}
		switch {
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
			fallthrough
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
			if gap && len(out) > 0 {
				out = append(out, ' ')
			}
			gap = false
			out = append(out, c)
		case c == '&':
			if len(out) > 0 {
				out = append(out, ' ')
			}
			out, gap = append(out, "and"...), true
		case c == '.' || c == '\'' || c == '"' || c == '`': // silent
		default:
			gap = true
		}
	}
	return string(out), true
}

// silent says which characters divide no words: "A.C." is "AC", "Int'l" is "Intl".
func silent(r rune) bool {
	switch r {
	case '.', '\'', '’', '‘', 'ʼ', '`', '´', '"', '“', '”', '„', '«', '»', 'ـ':
		return true
	}
	return unicode.Is(unicode.Cf, r)
}

// undecomposed are the letters that people write without their stroke, and
// that Unicode does not take apart (case-folded).
var undecomposed = map[rune]string{
	'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'ħ': "h", 'ŧ': "t", 'ı': "i", 'ŋ': "n", 'æ': "ae", 'œ': "oe", 'þ': "th",
	// Arabic letters that are typed for each other, by the keyboard's country.
	'ي': "ی", 'ك': "ک", 'ى': "ی", 'ة': "ه", 'أ': "ا", 'إ': "ا", 'آ': "ا",
}

// looks replaces letters by those that they are mistaken for. Case matters
// here, so it comes before folding: a Greek capital Nu looks like N, a small
// one like v.
func looks(name string) string {
	return strings.Map(func(r rune) rune {
		if latin, ok := lookAlikes[r]; ok {
			return latin
		}
		return r
	}, name)
}

// lookAlikes maps letters and digits of other alphabets to the Latin ones of
// the same shape. Digits that look like letters are in it too.
var lookAlikes = func() map[rune]rune {
	all := map[rune]rune{}
	for _, pair := range [][2]string{
		{"АВЕЗКМНОРСТХУЅІЈԌԚԜҺӀ", "ABE3KMHOPCTXYSIJGQWhI"},   // Cyrillic capitals
		{"аеорсхуѕіјһԁԛԝгпкмтьѵӏ", "aeopcxysijhdqwrnkmtbvl"}, // Cyrillic small letters
		{"ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹϺ", "ABEZHIKMNOPTYXCM"},             // Greek capitals
		{"αικνορτυχγϲϳ", "aikvoptuxycj"},                     // Greek small letters
		{"օսոհցզոՏՕԼ", "ounhgqnSOL"},                         // Armenian
		// I, l, 1 and the bar are one (UTS #39), and i is I in capitals: every
		// spelling of a name in any case must come to the same.
		{"01Iilıǀ|", "olllllll"},
	} {
		from, to := []rune(pair[0]), []rune(pair[1])
		for i, r := range from {
			if all[r] = to[i]; to[i] == 'I' || to[i] == 'i' {
				all[r] = 'l'
			}
		}
	}
	return all
}()

// asciiAlikes is lookAlikes for ASCII, as an array.
var asciiAlikes = func() (all [utf8.RuneSelf]byte) {
	for c := range all {
		all[c] = byte(c)
		if to, ok := lookAlikes[rune(c)]; ok && to < utf8.RuneSelf {
			all[c] = byte(to)
		}
	}
	return all
}()
