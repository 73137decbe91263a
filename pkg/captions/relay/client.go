package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fairfloor/fairfloor/pkg/outgoing"
)

// DefaultTimeout is how long an attempt may take. Zoom and YouTube answer within a second.
const DefaultTimeout = 5 * time.Second

// mostRedirects is how many times a target may send us on.
const mostRedirects = 3

// Client makes the attempts. Close it when it is no longer needed.
type Client struct {
	allowed AllowList
	http    *http.Client
}

// NewClient makes a client that reaches what the list allows and nothing else;
// a timeout of zero is DefaultTimeout.
func NewClient(allowed AllowList, timeout time.Duration) *Client {
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	return &Client{allowed: allowed, http: &http.Client{
		Timeout:   timeout,
		Transport: outgoing.List(allowed).Transport(timeout),
		CheckRedirect: func(next *http.Request, via []*http.Request) error {
			if next.Method != via[0].Method {
				// 301 to 303 make a GET of a POST, and the text would stay behind: the answer itself is judged.
				return http.ErrUseLastResponse
			}
			if len(via) > mostRedirects || allowed.check(next.URL) != nil {
				return errOffList
			}
			return nil
		},
	}}
}

var errOffList = outgoing.ErrUnlisted

// Close ends the client's idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Send makes one attempt at a post.
func (c *Client) Send(ctx context.Context, t Target, p Post) Answer {
	location, body := t.request(p)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, location, strings.NewReader(body))
	if err != nil {
		return Answer{Fault: Unreachable}
	}
	request.Header.Set("Content-Type", "text/plain; charset=utf-8")
	answer, _ := c.do(t, request)
	return answer
}

// Accepted asks a Zoom target for the seq it took last, so that numbering goes
// on where another program left off. YouTube has no such question.
func (c *Client) Accepted(ctx context.Context, t Target) (int64, error) {
	if t.Form != Zoom {
		return 0, fmt.Errorf("relay: %s targets do not tell their seq", t.Form)
	}
	u := t.URL
	u.Path, u.RawPath = strings.TrimSuffix(u.Path, "/")+"/seq", ""
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return 0, fmt.Errorf("relay: ask %s for its seq: not a URL", t.Host())
	}
	answer, body := c.do(t, request)
	if v := Judge(1, answer); !v.Delivered {
		return 0, fmt.Errorf("relay: ask %s for its seq: %s", t.Host(), v.Reason)
	}
	seq, err := strconv.ParseInt(strings.TrimSpace(body), 10, 64)
	if err != nil || seq < -1 {
		return 0, fmt.Errorf("relay: %s answered %.20q, which is no seq", t.Host(), body)
	}
	// Zoom begins at -1 or 0 when nothing came yet.
	return max(seq, 0), nil
}

// mostBody is how much of an answer is read: a seq, or YouTube's time.
const mostBody = 4 << 10

func (c *Client) do(t Target, request *http.Request) (Answer, string) {
	// A target that was made without the list, or of an older one, is caught here.
	if c.allowed.check(&t.URL) != nil {
		return Answer{Fault: OffList}, ""
	}
	response, err := c.http.Do(request)
	if err != nil {
		return Answer{Fault: fault(err)}, ""
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, mostBody))
	if err != nil && response.StatusCode < 300 {
		// Taken, as far as the status goes, but a target that breaks off may not have kept it.
		return Answer{Fault: fault(err)}, ""
	}
	seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
	return Answer{Status: response.StatusCode, RetryAfter: time.Duration(min(max(seconds, 0), 3600)) * time.Second}, string(body)
}

func fault(err error) Fault {
	var wrapped *url.Error
	switch {
	case errors.Is(err, errOffList):
		return OffList
	case errors.As(err, &wrapped) && wrapped.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return TimedOut
	default:
		return Unreachable
	}
}
