package ids

import (
	"fmt"
	"strings"
)

// MaxOrganisation is the most characters of an organisation's name: it stands in
// each of its tokens, which stand in QR codes.
const MaxOrganisation = 32

// Organisation names one of several organisations that share a deployment, by a
// short word that its operator chose: "unog". The zero value is the deployment's
// own organisation, the only one of most; on the wire it is left out.
//
// It is not an applicant: those ask for the floor within a session, while an
// organisation holds sessions, and sees nothing of another's.
type Organisation struct{ slug string }

// ParseOrganisation reads an organisation's name: 1 to MaxOrganisation of a-z,
// 0-9 and hyphens between them, a letter first. An empty text is the zero value.
func ParseOrganisation(text string) (Organisation, error) {
	if text == "" {
		return Organisation{}, nil
	}
	if len(text) > MaxOrganisation {
		return Organisation{}, fmt.Errorf("%q is longer than the %d characters of an organisation's name", clip(text), MaxOrganisation)
	}
	for i, c := range []byte(text) {
		letter, inside := c >= 'a' && c <= 'z', i > 0 && i < len(text)-1
		if !letter && !(i > 0 && c >= '0' && c <= '9') && !(inside && c == '-') {
			return Organisation{}, fmt.Errorf("%q is not an organisation's name: use a-z, 0-9 and hyphens between them, a letter first", clip(text))
		}
	}
	return Organisation{text}, nil
}

// IsZero reports whether it is the deployment's own organisation.
func (o Organisation) IsZero() bool { return o.slug == "" }

// String gives the name, empty for the deployment's own.
func (o Organisation) String() string { return o.slug }

// Compare orders organisations by name, the deployment's own first: -1, 0 or 1.
func (o Organisation) Compare(other Organisation) int { return strings.Compare(o.slug, other.slug) }

// MarshalText writes the name.
func (o Organisation) MarshalText() ([]byte, error) { return []byte(o.slug), nil }

// UnmarshalText reads a name; the error says what was wrong.
func (o *Organisation) UnmarshalText(text []byte) error {
	parsed, err := ParseOrganisation(string(text))
	if err != nil {
		return err
	}
	*o = parsed
	return nil
}
