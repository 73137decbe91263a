// Package tally tells a mixer, a tally light or a conference system whose
// microphone the floor calls for, by an HTTP hook that the operator sets up.
//
// Guarantee: only the one configured URL is ever called: no redirect is
// followed, no proxy asked, and over plain http nothing but an address of this
// machine or the local network is reached, looked at after the name was
// resolved. A message is signed with the session's own key (Ed25519), whose
// public half every view of the session shows. What is told is a state, not a
// history: each change has a number; the newest is repeated with the same number
// until it was taken or given up, and one that another change overtook is not
// sent any more, so a switch never hears of an older speaker after a newer one.
// A target that does not answer delays nothing but itself.
package tally

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// How long an attempt may take, how long to wait between two, and how many.
const (
	attemptWithin = 5 * time.Second
	firstWait     = 500 * time.Millisecond
	mostWait      = 15 * time.Second
	mostTries     = 20 // four minutes: then the technician has switched by hand
)

// Message is what the target gets, as JSON.
type Message struct {
	V    int    `json:"v"`    // 1
	Type string `json:"type"` // "microphone"
	// ID is the same on each retry; Seq counts the session's changes from 1: a
	// target that saw a higher one ignores this.
	ID      string        `json:"id"`
	Session ids.Session   `json:"session"`
	Code    string        `json:"code"`
	Seq     int64         `json:"seq"`
	At      clock.Instant `json:"at"`
	// On is false when the floor is free: no speaker's microphone is called for.
	On    bool      `json:"on"`
	Turn  ids.Turn  `json:"turn,omitzero"`
	Entry ids.Entry `json:"entry,omitzero"`
	// Organisation and Language are the speaker's; no person is named.
	Organisation string `json:"organisation,omitempty"`
	Language     string `json:"language,omitempty"`
}

// Target is a checked URL. The zero Target is none.
type Target struct{ url *url.URL }

// IsZero reports whether no hook is set up.
func (t Target) IsZero() bool { return t.url == nil }

// Parse checks a URL as an operator gave it; empty is no target. The error does
// not repeat it, for it may hold a secret.
func Parse(raw string) (Target, error) {
	if raw == "" {
		return Target{}, nil
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return Target{}, errors.New("tally-url is not a URL")
	case u.Scheme != "https" && u.Scheme != "http":
		return Target{}, fmt.Errorf("tally-url begins with %q: use https, or http in the local network", u.Scheme)
	case u.User != nil || u.Fragment != "":
		return Target{}, errors.New("tally-url may have no user@ and no #fragment")
	}
	if address, err := netip.ParseAddr(u.Hostname()); err == nil && !reaches(u.Scheme, address) {
		return Target{}, errors.New("tally-url leads out of the local network over http: use https")
	}
	return Target{u}, nil
}

// reaches reports whether a scheme may be spoken to an address.
func reaches(scheme string, address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	local := address.IsLoopback() || address.IsPrivate() || address.IsLinkLocalUnicast() && address.Is6()
	return scheme == "https" && !address.IsUnspecified() && !address.IsMulticast() || local
}

// Client makes the attempts. Close it when it is no longer needed.
type Client struct {
	target Target
	http   *http.Client
}

var errOutside = errors.New("the address is outside the local network")

// NewClient makes a client for the target.
func NewClient(target Target) *Client {
	dialer := &net.Dialer{Timeout: attemptWithin, Control: func(_, address string, _ syscall.RawConn) error {
		// Here the name has been resolved, and nothing can point elsewhere any more.
		at, err := netip.ParseAddrPort(address)
		if err != nil || !reaches(target.url.Scheme, at.Addr()) {
			return errOutside
		}
		return nil
	}}
	return &Client{target: target, http: &http.Client{
		Timeout:       attemptWithin,
		Transport:     &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close ends the client's idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Verify reports whether a body was signed with the session's key: what a target
// does with the header Fairfloor-Signature.
func Verify(key ed25519.PublicKey, body []byte, signature string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(signature)
	return err == nil && len(key) == ed25519.PublicKeySize && ed25519.Verify(key, body, raw)
}

// Send makes one attempt and gives the HTTP status, zero when there was no answer.
func (c *Client) Send(ctx context.Context, m Message, key ed25519.PrivateKey) (status int, err error) {
	body, err := json.Marshal(m)
	if err != nil {
		return 0, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.target.url.String(), bytes.NewReader(body))
	if err != nil {
		return 0, errors.New("the hook's URL cannot be called")
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", m.ID)
	request.Header.Set("Fairfloor-Signature", base64.RawURLEncoding.EncodeToString(ed25519.Sign(key, body)))
	answer, err := c.http.Do(request)
	if err != nil {
		// The library's error repeats the URL.
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return 0, err
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, 4<<10)
	return answer.StatusCode, nil
}

// Deliver repeats one message until the target has it, ctx is done, or it was
// tried often enough. told hears of the first failure and of each other answer
// than the one before, and of the delivery; an error of its ends the attempts.
func (c *Client) Deliver(ctx context.Context, m Message, key ed25519.PrivateKey, told func(delivered bool, status int) error) error {
	last := -1
	wait := firstWait
	for range mostTries {
		status, err := c.Send(ctx, m, key)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil && status >= 200 && status < 300 {
			return told(true, status)
		}
		if status != last {
			if err := told(false, status); err != nil {
				return err
			}
			last = status
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
		wait = min(2*wait, mostWait)
	}
	return fmt.Errorf("given up after %d attempts", mostTries)
}
