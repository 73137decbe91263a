package tally

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/fairfloor/fairfloor/pkg/ids"
)

func TestParse(t *testing.T) {
	for raw, ok := range map[string]bool{
		"":                                true,
		"https://mixer.example.org/tally": true,
		"https://192.168.1.20/tally?k=v":  true,
		"http://192.168.1.20:8080/tally":  true,
		"http://127.0.0.1:1/":             true,
		"http://[::1]/":                   true,
		"http://mixer.local/":             true, // looked at when the name is resolved
		"http://8.8.8.8/":                 false,
		"ftp://192.168.1.20/":             false,
		"mixer.local/tally":               false,
		"https://":                        false,
		"https://user:secret@host/":       false,
		"https://host/#secret":            false,
		"javascript:alert(1)":             false,
		"http://169.254.169.254/latest":   false, // the address of clouds' own secrets
		"http://0.0.0.0/":                 false,
		"http://[::ffff:8.8.8.8]/":        false,
	} {
		target, err := Parse(raw)
		if (err == nil) != ok || (target.IsZero() != (raw == "" || !ok)) {
			t.Errorf("%q: %+v, %v", raw, target, err)
		}
		if err != nil && (strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "tally-url")) {
			t.Errorf("%q is refused with %q", raw, err)
		}
	}
}

func TestReaches(t *testing.T) {
	for address, want := range map[string]struct{ http, https bool }{
		"127.0.0.1": {true, true}, "10.1.2.3": {true, true}, "::1": {true, true}, "fe80::1": {true, true}, "fd00::1": {true, true},
		"8.8.8.8": {false, true}, "2001:4860:4860::8888": {false, true}, "0.0.0.0": {false, false}, "224.0.0.1": {false, false}, "169.254.169.254": {false, true},
	} {
		at := netip.MustParseAddr(address)
		if reaches("http", at) != want.http || reaches("https", at) != want.https {
			t.Errorf("%s: http %t, https %t", address, reaches("http", at), reaches("https", at))
		}
	}
}

// target is a server that the hook calls.
func target(t *testing.T, handle http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(handle)
	at, err := Parse(server.URL + "/tally?room=4")
	if err != nil {
		t.Fatal(err)
	}
	client := NewClient(at)
	t.Cleanup(func() { client.Close(); server.Close() })
	return client
}

var public, key, _ = ed25519.GenerateKey(nil)

var message = Message{V: 1, Type: "microphone", ID: "11111111-1111-4111-8111-111111111111", Session: ids.New[ids.Session](), Code: "ABC123", Seq: 3, At: 7, On: true, Organisation: "Ärzte <ohne> Grenzen"}

// "signed body": the target can tell our messages from others', and from altered ones.
func TestTheBodyIsSigned(t *testing.T) {
	var got Message
	client := target(t, func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		signature := r.Header.Get("Fairfloor-Signature")
		if !Verify(public, body, signature) {
			t.Error("the signature does not hold")
		}
		other, _, _ := ed25519.GenerateKey(nil)
		if Verify(public, append(slices.Clone(body), ' '), signature) || Verify(other, body, signature) || Verify(public, body, "") || Verify(nil, body, signature) {
			t.Error("a signature holds that should not")
		}
		if err := json.Unmarshal(body, &got); err != nil {
			t.Error(err)
		}
		if r.Method != http.MethodPost || r.URL.RequestURI() != "/tally?room=4" || r.Header.Get("Idempotency-Key") != message.ID || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
	})
	if status, err := client.Send(t.Context(), message, key); status != 200 || err != nil {
		t.Fatalf("%d, %v", status, err)
	}
	if got != message {
		t.Errorf("got %+v", got)
	}
}

func TestNoRedirectIsFollowed(t *testing.T) {
	var elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	client := target(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	})
	if status, err := client.Send(t.Context(), message, key); status != http.StatusTemporaryRedirect || err != nil {
		t.Fatalf("%d, %v", status, err)
	}
	if elsewhere.Load() != 0 {
		t.Error("the redirect was followed")
	}
}

// A name in the local network that is made to point outside is not called by http.
func TestAnAddressOutsideIsNotCalled(t *testing.T) {
	client := NewClient(Target{url: must(t, "http://192.0.2.7:9/")})
	defer client.Close()
	if status, err := client.Send(t.Context(), message, key); status != 0 || !errors.Is(err, errOutside) {
		t.Errorf("%d, %v", status, err)
	}
}

// "retry with limits": the same number again until it is taken, then no more;
// told hears of each other answer once.
func TestAFailingTargetIsTriedAgainWithTheSameNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := []int{0, 0, 503, 503, 404, 200}
		client, seen := &Client{target: Target{url: must(t, "https://mixer.example.org/")}}, []string{}
		client.http = &http.Client{Transport: tripper(func(r *http.Request) (*http.Response, error) {
			seen = append(seen, r.Header.Get("Idempotency-Key"))
			if status := answers[len(seen)-1]; status > 0 {
				return &http.Response{StatusCode: status, Body: http.NoBody, Request: r}, nil
			}
			return nil, errors.New("nobody answers")
		})}
		type heard struct {
			delivered bool
			status    int
		}
		var told []heard
		err := client.Deliver(t.Context(), message, key, func(delivered bool, status int) error {
			told = append(told, heard{delivered, status})
			return nil
		})
		if err != nil || !slices.Equal(told, []heard{{false, 0}, {false, 503}, {false, 404}, {true, 200}}) {
			t.Errorf("told %v, %v", told, err)
		}
		if len(seen) != 6 || slices.ContainsFunc(seen, func(id string) bool { return id != message.ID }) {
			t.Errorf("seen %v", seen)
		}
	})
}

func TestATargetThatNeverAnswersIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		client := &Client{target: Target{url: must(t, "https://mixer.example.org/")}}
		client.http = &http.Client{Transport: tripper(func(*http.Request) (*http.Response, error) { tries++; return nil, errors.New("nobody answers") })}
		told := 0
		err := client.Deliver(t.Context(), message, key, func(bool, int) error { told++; return nil })
		if err == nil || tries != mostTries || told != 1 {
			t.Errorf("%d attempts, told %d times: %v", tries, told, err)
		}
		// One that is overtaken ends at once.
		over, stop := context.WithCancel(t.Context())
		stop()
		if err := client.Deliver(over, message, key, func(bool, int) error { return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("overtaken: %v", err)
		}
	})
}

type tripper func(*http.Request) (*http.Response, error)

func (t tripper) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

func must(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
