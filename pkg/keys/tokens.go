package keys

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"slices"
	"time"

	"github.com/fairfloor/fairfloor/pkg/ids"
)

// tokenKey names one token key; the key itself is derived from it and the master secret.
type tokenKey struct {
	KID string `json:"kid"`
	// Organisation is whose tokens it signs; left out for the deployment's own.
	Organisation ids.Organisation `json:"organisation,omitzero"`
	// MadeMS is when it was made, wall clock, in ms since 1970; for people only.
	MadeMS int64 `json:"made_ms"`
}

// newTokenKey names a new token key by 50 random bits: short, because the kid
// stands in every link and QR code.
func newTokenKey(of ids.Organisation, now time.Time) tokenKey {
	var raw [7]byte
	_, _ = rand.Read(raw[:])
	return tokenKey{KID: base32.StdEncoding.EncodeToString(raw[:])[:10], Organisation: of, MadeMS: now.UnixMilli()}
}

// sign derives a token key. The organisation is part of the derivation: a file
// in which somebody moved a kid to another organisation gives another key, and
// what the first one signed is good for neither.
func (c content) sign(k tokenKey) ed25519.PrivateKey {
	purpose := "token"
	if !k.Organisation.IsZero() {
		purpose += "." + k.Organisation.String()
	}
	return ed25519.NewKeyFromSeed(c.derive(purpose, k.KID))
}

// find gives a valid token key.
func (c content) find(kid string) (tokenKey, bool) {
	i := slices.IndexFunc(c.Tokens, func(k tokenKey) bool { return k.KID == kid })
	if i < 0 {
		return tokenKey{}, false
	}
	return c.Tokens[i], true
}

// of lists the valid token keys of an organisation, the one that signs last.
func (c content) of(of ids.Organisation) (all []tokenKey) {
	for _, k := range c.Tokens {
		if k.Organisation == of {
			all = append(all, k)
		}
	}
	return all
}

// TokenSigner gives the key that signs an organisation's new tokens, and its kid.
// The deployment's own always has one; the error says how to make another's first.
func (s *Set) TokenSigner(of ids.Organisation) (kid string, key ed25519.PrivateKey, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refresh()
	own := s.content.of(of)
	if len(own) == 0 {
		return "", nil, fmt.Errorf("the organisation %s has no key; make its first with: fairfloor keys rotate --organisation %s", of, of)
	}
	signer := own[len(own)-1]
	return signer.KID, s.content.sign(signer), nil
}

// TokenKey gives the public key of a kid and whose tokens it signs, and false
// when no valid key has it. What another process rotated or removed is seen
// within a second.
func (s *Set) TokenKey(kid string) (public ed25519.PublicKey, of ids.Organisation, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refresh()
	k, ok := s.content.find(kid)
	if !ok {
		return nil, of, false
	}
	public, ok = s.content.sign(k).Public().(ed25519.PublicKey)
	return public, k.Organisation, ok
}

// TokenKey is a valid token key as an operator sees it.
type TokenKey struct {
	KID          string
	Organisation ids.Organisation
	Made         time.Time
	// Signs says that new tokens of its organisation are signed with it.
	Signs bool
}

// TokenKeys lists the valid token keys: the deployment's own first, then by
// organisation, and of each the oldest first.
func (s *Set) TokenKeys() []TokenKey {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refresh()
	all := make([]TokenKey, 0, len(s.content.Tokens))
	for _, k := range s.content.Tokens {
		own := s.content.of(k.Organisation)
		all = append(all, TokenKey{k.KID, k.Organisation, time.UnixMilli(k.MadeMS).UTC(), own[len(own)-1].KID == k.KID})
	}
	slices.SortStableFunc(all, func(a, b TokenKey) int { return a.Organisation.Compare(b.Organisation) })
	return all
}

// RotateToken makes a new token key of an organisation, with which its tokens are
// signed from now on; its first one lets it in. Tokens signed before stay valid
// until their key is removed.
func (s *Set) RotateToken(of ids.Organisation) (kid string, err error) {
	err = s.change(func(c *content) error {
		if own := c.of(of); len(own) >= MaxTokenKeys {
			return fmt.Errorf("there are %d token keys already; remove one first", len(own))
		}
		if len(c.Tokens) >= MaxTokenKeysInAll {
			return fmt.Errorf("there are %d token keys of all organisations already; remove one first", len(c.Tokens))
		}
		made := newTokenKey(of, time.Now())
		kid = made.KID
		c.Tokens = append(c.Tokens, made)
		return nil
	})
	return kid, err
}

// RemoveToken makes every token of a key invalid. The key that signs cannot be
// removed: rotate first.
func (s *Set) RemoveToken(kid string) error {
	return s.change(func(c *content) error {
		k, ok := c.find(kid)
		if !ok {
			return fmt.Errorf("there is no token key %q", kid)
		}
		if own := c.of(k.Organisation); own[len(own)-1].KID == kid {
			return fmt.Errorf("token key %q signs new tokens; rotate first, then remove it", kid)
		}
		c.Tokens = slices.DeleteFunc(c.Tokens, func(k tokenKey) bool { return k.KID == kid })
		return nil
	})
}

// RemoveOrganisation removes every token key of an organisation, so that none of
// its links opens anything until it gets a new key. The deployment's own cannot
// be shut out like that.
func (s *Set) RemoveOrganisation(of ids.Organisation) error {
	return s.change(func(c *content) error {
		switch {
		case of.IsZero():
			return fmt.Errorf("the deployment's own keys cannot all be removed; rotate first, then remove the old one")
		case len(c.of(of)) == 0:
			return fmt.Errorf("the organisation %s has no key", of)
		}
		c.Tokens = slices.DeleteFunc(c.Tokens, func(k tokenKey) bool { return k.Organisation == of })
		return nil
	})
}
