package rehearse

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	// pushPatience is how long a tool sends the same post again before it gives
	// up: longer than any one machine's loss takes to heal.
	pushPatience = 30 * time.Second
	// pushTry bounds one try. The gateway answers after 15 s at the latest.
	pushTry = 17 * time.Second
	// pushPause is waited after the first try that failed, then twice as long each
	// time, up to pushPauseMost.
	pushPause, pushPauseMost = 100 * time.Millisecond, 2 * time.Second
)

// post sends one post of a captioner's tool until it is taken. A line that is
// cut, and a server that says "not now" (429, 5xx), are tried again with the
// same number, which the server takes once; a refusal is one.
func post(ctx context.Context, address, body string) error {
	ctx, cancel := context.WithTimeout(ctx, pushPatience)
	defer cancel()
	for pause := pushPause; ; pause = min(2*pause, pushPauseMost) {
		again, err := postOnce(ctx, address, body)
		if err == nil || !again {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
	}
}

// postOnce tries once, and says whether another try may help.
func postOnce(ctx context.Context, address, body string) (again bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, pushTry)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		return false, err
	}
	request.Header.Set("Content-Type", "text/plain; charset=utf-8")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return true, err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 1000))
	switch {
	case err != nil:
		return true, err
	case response.StatusCode == http.StatusOK:
		return false, nil
	}
	again = response.StatusCode == http.StatusTooManyRequests || response.StatusCode >= http.StatusInternalServerError
	return again, fmt.Errorf("%s: %s", response.Status, answer)
}
