// Package keys holds the deployment's one secret and everything derived from it.
//
// Guarantee: the master secret lies in one file beside the store, never in the
// log (decisions.md 34). The file is created at the first start with mode 0600,
// replaced only as a whole (written aside, synced, then renamed), and refused
// when anybody but its owner could read or change it. With a passphrase it is
// encrypted by XChaCha20-Poly1305 under a key from Argon2id (RFC 9106).
// The signing key of each session, the token keys and other secrets are
// functions of the master secret (HKDF, RFC 5869): nothing else needs a backup,
// and a session's key is the same in every process and after every restart.
// Organisations that share a deployment have token keys of their own, which are
// rotated and withdrawn without those of the others.
package keys

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/fairfloor/fairfloor/pkg/ids"
)

// masterSize is the length of the master secret in bytes.
const masterSize = 32

// Bounds of the token keys that are valid at the same time, so that rotation by a
// script cannot grow the file without end.
const (
	// MaxTokenKeys is for each organisation.
	MaxTokenKeys = 16
	// MaxTokenKeysInAll is for all organisations together: a file of so many stays
	// below what is read.
	MaxTokenKeysInAll = 256
)

// Purposes of Secret. The word is part of the derivation: a new use takes a new word.
const (
	// Lot seeds the drawing of lots of a session's list.
	Lot = "lot"
	// Access seals what a turn was lengthened for.
	Access = "access"
	// Push is the key by which push services know this deployment (RFC 8292); it
	// belongs to no session.
	Push = "push"
)

// Options says how a key file is protected.
type Options struct {
	// PassphraseFile names a file whose content (without the white space at its
	// end) encrypts the key file. Empty: the file's mode alone protects it.
	PassphraseFile string
}

// Set is the opened secret. It is safe for concurrent use.
type Set struct {
	file *file // nil for Ephemeral

	mu      sync.Mutex
	content content
	looked  time.Time
	seen    stamp
}

// content is what the file keeps secret.
type content struct {
	// Master is the master secret, masterSize bytes.
	Master []byte `json:"master"`
	// Tokens lists the valid token keys; of each organisation the last one signs.
	Tokens []tokenKey `json:"tokens"`
}

// Open opens the key file at path and creates it when it is missing. Several
// processes may do so at once: one creates it, all read the same.
func Open(path string, options Options) (*Set, error) {
	f, err := openFile(path, options)
	if err != nil {
		return nil, err
	}
	s := &Set{file: f}
	c, err := f.read()
	if errors.Is(err, errMissing) {
		fresh := newContent(time.Now())
		// Somebody else may have created it meanwhile; what counts is what lies there.
		if err := f.create(fresh); err != nil {
			return nil, err
		}
		c, err = f.read()
	}
	if err != nil {
		return nil, err
	}
	s.content, s.looked, s.seen = c, time.Now(), f.stamp()
	return s, nil
}

// Ephemeral makes a set that lies in memory only, for tests and rehearsals.
func Ephemeral() *Set { return &Set{content: newContent(time.Now())} }

// newContent makes a fresh master secret with one token key.
func newContent(now time.Time) content {
	c := content{Master: make([]byte, masterSize)}
	// crypto/rand.Read never fails: it ends the program instead (Go 1.24).
	_, _ = rand.Read(c.Master)
	c.Tokens = []tokenKey{newTokenKey(ids.Organisation{}, now)}
	return c
}

// check says what is wrong with content that decrypted and parsed.
func (c content) check() error {
	if len(c.Master) != masterSize {
		return fmt.Errorf("the master secret has %d bytes instead of %d", len(c.Master), masterSize)
	}
	if own := c.of(ids.Organisation{}); len(own) == 0 || len(c.Tokens) > MaxTokenKeysInAll {
		return fmt.Errorf("it names %d token keys, %d of them the deployment's own; 1 to %d are allowed", len(c.Tokens), len(own), MaxTokenKeysInAll)
	}
	return nil
}

// derive gives 32 bytes of the master secret for one purpose. The parts of the
// purpose are joined by a line feed, which none of them contains.
func (c content) derive(purpose, name string) []byte {
	out, err := hkdf.Key(sha256.New, c.Master, []byte("fairfloor.keys.v1"), purpose+"\n"+name, ed25519.SeedSize)
	if err != nil {
		// Only a length over 255 hashes makes it fail, and the length is a constant.
		panic(err)
	}
	return out
}

// SessionKey gives the key that signs the receipts and heads of a session
// (event-log.md 16).
func (s *Set) SessionKey(session ids.Session) ed25519.PrivateKey {
	s.mu.Lock()
	defer s.mu.Unlock()
	return ed25519.NewKeyFromSeed(s.content.derive("session", session.String()))
}

// SessionPublic gives the public half of SessionKey in base64url, the form in
// which the session's first fact carries it.
func (s *Set) SessionPublic(session ids.Session) string {
	public, _ := s.SessionKey(session).Public().(ed25519.PublicKey)
	return base64.RawURLEncoding.EncodeToString(public)
}

// ParsePublic reads a public key in base64url.
func ParsePublic(text string) (ed25519.PublicKey, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("a public key is %d bytes in base64url without padding", ed25519.PublicKeySize)
	}
	return raw, nil
}

// Secret gives 32 bytes for one purpose and session, such as Lot.
func (s *Set) Secret(purpose string, session ids.Session) [32]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return [32]byte(s.content.derive("secret."+purpose, session.String()))
}

// change applies do to the newest content, in the file first and then here.
func (s *Set) change(do func(*content) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		next := s.content.clone()
		if err := do(&next); err != nil {
			return err
		}
		s.content = next
		return nil
	}
	next, err := s.file.update(do)
	if err != nil {
		return err
	}
	s.content, s.looked, s.seen = next, time.Now(), s.file.stamp()
	return nil
}

// Reseal writes the file under another passphrase, or under none: how an
// operator encrypts a file that was not, or changes a passphrase that others
// have seen. Other processes go on with what they know until they restart with
// the new options.
func (s *Set) Reseal(options Options) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return errors.New("these keys lie in memory only; there is no file to protect")
	}
	to, err := openFile(s.file.path, options)
	if err != nil {
		return err
	}
	c, err := s.file.replace(to, func(*content) error { return nil })
	if err != nil {
		return err
	}
	s.file, s.content, s.looked, s.seen = to, c, time.Now(), to.stamp()
	return nil
}

// clone copies the list of token keys, so that a refused change leaves it alone.
func (c content) clone() content {
	c.Tokens = slices.Clone(c.Tokens)
	return c
}

// refresh reads the file again when it was replaced, and looks at most once a
// second. A file that cannot be read now keeps what is known: an operator's
// slip must not stop a session. It is called with the lock held.
func (s *Set) refresh() {
	now := time.Now()
	if s.file == nil || now.Sub(s.looked) < time.Second {
		return
	}
	s.looked = now
	at := s.file.stamp()
	if at == s.seen {
		return
	}
	if c, err := s.file.read(); err == nil && slices.Equal(c.Master, s.content.Master) {
		s.content, s.seen = c, at
	}
}
