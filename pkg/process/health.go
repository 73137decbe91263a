package process

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// ErrAddress says that an address is not one.
var ErrAddress = errors.New("not host:port")

// healthWithin bounds a question for health.
const healthWithin = 5 * time.Second

// Health asks the process that serves at address, host:port, whether it is ready.
// It gives the answer's status, or an error that says why not. secure asks by
// https without looking at the certificate.
func Health(ctx context.Context, address string, secure bool) (status string, err error) {
	if _, _, err := net.SplitHostPort(address); err != nil {
		return "", fmt.Errorf("address %q: %w", address, ErrAddress)
	}
	ctx, cancel := context.WithTimeout(ctx, healthWithin)
	defer cancel()
	scheme, asker := "http://", http.DefaultClient
	if secure {
		// Nothing secret is sent and the answer is no secret: whose the
		// certificate is does not matter, and on 127.0.0.1 it cannot fit.
		scheme, asker = "https://", &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // see above
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+address+"/readyz", http.NoBody)
	if err != nil {
		return "", fmt.Errorf("address %q: %w", address, ErrAddress)
	}
	response, err := asker.Do(request)
	if err != nil {
		return "", fmt.Errorf("nobody answers at %s", address)
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		Status string `json:"status"`
		Reason string `json:"reason"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<16)).Decode(&answer); err != nil {
		return "", fmt.Errorf("%s does not answer as Fairfloor does", address)
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s", answer.Status, answer.Reason)
	}
	return answer.Status, nil
}
