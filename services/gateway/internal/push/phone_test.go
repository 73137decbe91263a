package push

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// phone is a browser's end: its keys, and the push service of its vendor.
type phone struct {
	t      *testing.T
	key    *ecdh.PrivateKey
	auth   []byte
	server *httptest.Server

	mu     sync.Mutex
	status []int // what the next calls are answered; 201 when empty
	calls  []call
	came   chan struct{}
}

// call is what the vendor's push service sees, with what the phone reads of it.
type call struct {
	header http.Header
	body   []byte
	read   Message
}

func newPhone(t *testing.T) *phone {
	t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &phone{t: t, key: key, auth: make([]byte, 16), came: make(chan struct{}, 1000)}
	_, _ = rand.Read(p.auth)
	p.server = httptest.NewTLSServer(p)
	t.Cleanup(p.server.Close)
	return p
}

func (p *phone) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		p.t.Error(err)
	}
	p.mu.Lock()
	status := http.StatusCreated
	if len(p.status) > 0 {
		status, p.status = p.status[0], p.status[1:]
	}
	p.calls = append(p.calls, call{r.Header.Clone(), body, p.decrypt(body)})
	p.mu.Unlock()
	w.WriteHeader(status)
	p.came <- struct{}{}
}

// decrypt reads a message as a browser does: RFC 8291 over RFC 8188, written
// from these texts and not from the library that encrypts.
func (p *phone) decrypt(body []byte) Message {
	salt, size, length := body[:16], binary.BigEndian.Uint32(body[16:20]), int(body[20])
	if int(size) != len(body) {
		p.t.Errorf("a record of %d bytes in %d", size, len(body))
	}
	theirs, err := ecdh.P256().NewPublicKey(body[21 : 21+length])
	if err != nil {
		p.t.Errorf("the sender's key: %v", err)
		return Message{}
	}
	shared, err := p.key.ECDH(theirs)
	if err != nil {
		p.t.Error(err)
	}
	info := "WebPush: info\x00" + string(p.key.PublicKey().Bytes()) + string(theirs.Bytes())
	ikm, err := hkdf.Key(sha256.New, shared, p.auth, info, 32)
	if err != nil {
		p.t.Error(err)
	}
	cek, _ := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: aes128gcm\x00", 16)
	nonce, _ := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: nonce\x00", 12)
	block, _ := aes.NewCipher(cek)
	gcm, _ := cipher.NewGCM(block)
	plain, err := gcm.Open(nil, nonce, body[21+length:], nil)
	if err != nil {
		p.t.Errorf("the message does not open: %v", err)
		return Message{}
	}
	// The last record's padding begins with 2.
	text := strings.TrimRight(string(plain), "\x00")
	var m Message
	if err := json.Unmarshal([]byte(strings.TrimSuffix(text, "\x02")), &m); err != nil || !strings.HasSuffix(text, "\x02") {
		p.t.Errorf("the message %q: %v", text, err)
	}
	return m
}

// wait gives the calls when there are n.
func (p *phone) wait(n int) []call {
	p.t.Helper()
	for {
		p.mu.Lock()
		calls := append([]call{}, p.calls...)
		p.mu.Unlock()
		if len(calls) >= n {
			return calls
		}
		select {
		case <-p.came:
		case <-time.After(30 * time.Second):
			p.t.Fatalf("%d messages came, want %d", len(calls), n)
		}
	}
}

func (p *phone) device() Device {
	return Device{
		Endpoint: p.server.URL + "/push/secret", P256DH: encoding.EncodeToString(p.key.PublicKey().Bytes()), Auth: encoding.EncodeToString(p.auth),
	}
}
