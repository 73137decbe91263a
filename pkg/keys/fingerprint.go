package keys

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/subtle"
	"strings"
)

// crockford is the alphabet of fingerprints: no I, L, O or U, so that nobody
// has to ask which one is meant (https://www.crockford.com/base32.html).
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// Fingerprint shortens a session's public key to what people can compare by
// eye or by telephone: 100 bits of its SHA-256 as five groups of four
// characters, such as "K3M9-7QTX-2HVA-P0ZD-W6RN". Finding another key with the
// same one takes some 2^100 attempts.
func Fingerprint(public ed25519.PublicKey) string {
	sum := sha256.Sum256(append([]byte("fairfloor.session-key.v1\n"), public...))
	var out strings.Builder
	bits, held := 0, uint(0)
	next := 0
	for i := range 20 {
		if i > 0 && i%4 == 0 {
			out.WriteByte('-')
		}
		for bits < 5 {
			held, bits, next = held<<8|uint(sum[next]), bits+8, next+1
		}
		bits -= 5
		out.WriteByte(crockford[held>>bits&31])
	}
	return out.String()
}

// SameFingerprint compares a fingerprint with one that a person typed: case,
// spaces and hyphens do not count, and O, I and L are read as 0 and 1.
func SameFingerprint(fingerprint, typed string) bool {
	a, b := plainFingerprint(fingerprint), plainFingerprint(typed)
	return len(a) == 20 && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}

// plainFingerprint gives the 20 characters without what people add to them.
func plainFingerprint(text string) string {
	return strings.NewReplacer(" ", "", "-", "", "\u00a0", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(text))
}
