package signin

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// patience is how long somebody may take at the provider.
const patience = 10 * time.Minute

// errSeal is in the error of a cookie that is none of ours.
var errSeal = errors.New("the cookie is none of ours, or was changed")

// flow is a sign-in that was begun: what only the browser that began it has.
type flow struct {
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
	// Session is the code of the session it is for, and Page the page; none is the first page.
	Session string `json:"session,omitempty"`
	Page    string `json:"page,omitempty"`
	// Until is when it is too late, s since 1970.
	Until int64 `json:"until"`
}

// seal keeps a flow in a cookie. Sealed, so that no store is needed, another
// gateway can finish, and nobody can make one.
type seal struct {
	aead   cipher.AEAD
	name   string
	secure bool
}

// newSeal makes a seal. With https the cookie's name binds it to this very host
// and to TLS (RFC 6265bis, 4.1.3.2): no neighbouring name can plant one.
func newSeal(key [32]byte, secure bool) (seal, error) {
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte("cookie"))
	block, err := aes.NewCipher(mac.Sum(nil))
	if err != nil {
		return seal{}, fmt.Errorf("sign-in: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return seal{}, fmt.Errorf("sign-in: %w", err)
	}
	name := "fairfloor-sign-in"
	if secure {
		name = "__Host-" + name
	}
	return seal{aead, name, secure}, nil
}

// cookie is one of ours; SameSite=Lax comes along when the provider sends
// somebody back, and with no request that another page makes.
func (s seal) cookie(value string, life time.Duration) *http.Cookie {
	age := int(life / time.Second)
	if value == "" {
		age = -1
	}
	return &http.Cookie{
		Name: s.name, Value: value, Path: "/", MaxAge: age, HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode,
	}
}

// put writes a flow into a cookie.
func (s seal) put(f flow) (*http.Cookie, error) {
	plain, err := json.Marshal(f)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, s.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	return s.cookie(base64.RawURLEncoding.EncodeToString(s.aead.Seal(nonce, nonce, plain, []byte(s.name))), patience), nil
}

// take reads the flow that a request brings.
func (s seal) take(r *http.Request) (f flow, err error) {
	cookie, err := r.Cookie(s.name)
	if err != nil {
		return f, err
	}
	raw, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil || len(raw) < s.aead.NonceSize() {
		return f, errSeal
	}
	plain, err := s.aead.Open(nil, raw[:s.aead.NonceSize()], raw[s.aead.NonceSize():], []byte(s.name))
	if err != nil {
		return f, errSeal
	}
	return f, json.Unmarshal(plain, &f)
}
