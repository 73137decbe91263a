package stage

import (
	"context"
	"io"
	"net"
	"net/http"
)

// most bounds an answer of a member, in bytes: a NATS node tells of each stream.
const most = 16 << 20

// get asks a member over its own network. No connection is kept.
func (m *member) get(ctx context.Context, url string) (status int, body []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, nil, err
	}
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
		return m.stage.dial(ctx, m, address)
	}}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err = io.ReadAll(io.LimitReader(response.Body, most))
	return response.StatusCode, body, err
}
