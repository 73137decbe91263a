// Package joincode keeps one-time join codes: what the secretariat reads out to
// somebody who stands before it without a link, and who types it.
//
// Guarantee: a code opens one invitation, once, within its lifetime; of two who
// type it at the same moment, at one gateway or at two, one gets in. Whoever
// reads Redis learns no code and no invitation, and whoever writes to it makes
// none and changes none: at most they let a code be used again before its
// lifetime is over, or never. A Redis that is away costs its caller
// redisconn.Patience once in each redisconn.Rest, and an error. Times are I/O time.
package joincode

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"github.com/fairfloor/fairfloor/pkg/ids"
)

// Lifetime is how long a code is good for.
const Lifetime = 10 * time.Minute

// Length is how many letters a code has: 40 bits, of which no more than a few
// hundred are in use at a time.
const Length = 8

// letters leave out what is mistaken for another: I, L, O and U (Crockford's
// base 32).
const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// ErrUnknown is the answer for a code that is wrong, was used or is over: which
// of them it is, nobody is told.
var ErrUnknown = errors.New("joincode: no such code")

// Guest is whom a code lets in.
type Guest struct {
	Session    ids.Session
	Invitation ids.Invitation
}

// Store keeps codes. Implementations are safe for concurrent use and pass
// joincodetest.Run.
type Store interface {
	// Put keeps a code until it is taken or its lifetime is over. It reports false,
	// and changes nothing, when the code is in use.
	Put(ctx context.Context, code string, of Guest) (bool, error)
	// Take gives whom a code lets in, and forgets it. The error is ErrUnknown when
	// there is no such code, and another one when nobody can tell.
	Take(ctx context.Context, code string) (Guest, error)
}

// tries is how many codes are drawn before a store is taken for broken: that
// one is in use happens once in a thousand million times.
const tries = 3

// Make draws a code that is not in use and keeps it.
func Make(ctx context.Context, store Store, of Guest) (string, error) {
	for range tries {
		code := Spell(draw())
		kept, err := store.Put(ctx, code, of)
		if err != nil {
			return "", err
		}
		if kept {
			return code, nil
		}
	}
	return "", errors.New("joincode: every code that was drawn is in use")
}

// draw gives as many random bytes as a code has letters.
func draw() []byte {
	raw := make([]byte, Length)
	_, _ = rand.Read(raw) // it never fails (crypto/rand)
	return raw
}

// Spell writes a letter for each byte, by its lower five bits.
func Spell(raw []byte) string {
	code := make([]byte, len(raw))
	for i, b := range raw {
		code[i] = letters[b%32]
	}
	return string(code)
}

// Tidy gives a typed code its one form: capitals, digits for what looks like
// them, without what groups them.
func Tidy(typed string) string {
	return strings.NewReplacer(" ", "", "-", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(typed))
}
