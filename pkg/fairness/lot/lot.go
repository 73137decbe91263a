// Package lot draws an order that nobody could have chosen and that anybody
// can check, by draft-thomson-elegy-vrs ("A Verifiable Random Selection
// Process").
//
// It guarantees: the order is a function of a code that was committed to
// before the list was fixed, of randomness that nobody knew then, and of each
// label alone, so adding or removing an applicant never reorders the others;
// a code that does not hash to the commitment is refused; and the whole draw
// can be repeated with any HMAC-SHA256.
package lot

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/fairfloor/fairfloor/pkg/problem"
)

// Code is a one-time code or the commitment to one: each commitment is the
// SHA-256 of the code that is revealed next.
type Code [sha256.Size]byte

// String is the code in lower-case hexadecimal digits.
func (c Code) String() string { return hex.EncodeToString(c[:]) }

// ParseCode reads 64 hexadecimal digits.
func ParseCode(text string) (Code, error) {
	var c Code
	raw, err := hex.DecodeString(strings.TrimSpace(text))
	if err != nil || len(raw) != len(c) {
		return c, problem.Field("code", "a code is 64 hexadecimal digits").Try("give the revealed one-time code")
	}
	copy(c[:], raw)
	return c, nil
}

// MostCodes is the longest chain that is made.
const MostCodes = 1_000_000

// Chain is H^1 to H^length of the secret, index k holding H^(k+1). The last
// is the commitment that is published first; the one before it is the code
// revealed at the first draw and the commitment to the second, and so on
// downwards: a chain of n serves n-1 draws.
func Chain(secret []byte, length int) ([]Code, error) {
	if len(secret) == 0 {
		return nil, problem.Field("secret", "the secret is empty").Try("give at least 16 random bytes")
	}
	if length < 1 || length > MostCodes {
		return nil, problem.Field("length", "%d is not between 1 and %d", length, MostCodes).Try("one commitment, and one code per draw")
	}
	chain := make([]Code, length)
	chain[0] = sha256.Sum256(secret)
	for k := 1; k < length; k++ {
		chain[k] = sha256.Sum256(chain[k-1][:])
	}
	return chain, nil
}

// Reveals says whether the code is the one that the commitment stands for.
func Reveals(commitment, code Code) bool {
	sum := sha256.Sum256(code[:])
	return subtle.ConstantTimeCompare(sum[:], commitment[:]) == 1
}

// Position is where a label stands: positions are compared as bytes, which is
// the same as comparing their hexadecimal digits.
type Position [sha256.Size]byte

// String is the position in lower-case hexadecimal digits.
func (p Position) String() string { return hex.EncodeToString(p[:]) }

// Draw is one drawing of lots.
type Draw struct{ key [sha256.Size]byte }

// NewDraw mixes the revealed code with the randomness, which was named before
// and published after the list was fixed: PRK = HMAC-SHA256(code, randomness).
func NewDraw(code Code, randomness []byte) (Draw, error) {
	var d Draw
	if len(randomness) == 0 {
		return d, problem.Field("randomness", "the randomness is empty").Try("give the bytes that were published after the list was fixed")
	}
	mac := hmac.New(sha256.New, code[:])
	mac.Write(randomness)
	mac.Sum(d.key[:0])
	return d, nil
}

// Position of one label: HMAC-SHA256(PRK, label || 0x01).
func (d Draw) Position(label string) Position {
	var p Position
	mac := hmac.New(sha256.New, d.key[:])
	mac.Write([]byte(label))
	mac.Write([]byte{1})
	mac.Sum(p[:0])
	return p
}

// Drawn is a label with its position.
type Drawn struct {
	Label    string
	Position Position
}

// Order sorts labels by their positions. The same label twice is refused: it
// would have one position and two places.
func (d Draw) Order(labels []string) ([]Drawn, error) {
	drawn := make([]Drawn, 0, len(labels))
	seen := make(map[string]bool, len(labels))
	for _, label := range labels {
		if label == "" {
			return nil, problem.Field("labels", "a label is empty")
		}
		if seen[label] {
			return nil, problem.Field("labels", "%q stands there twice", label).Try("merge the two entries before the draw")
		}
		seen[label] = true
		drawn = append(drawn, Drawn{label, d.Position(label)})
	}
	slices.SortFunc(drawn, func(a, b Drawn) int { return slices.Compare(a.Position[:], b.Position[:]) })
	return drawn, nil
}
