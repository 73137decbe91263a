package gateway

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// How fast a request's body must come: bodyGrace for its first bytes, and from
// there on bodyRate bytes a second on average, which is less than the slowest
// mobile network gives. Whoever sends less holds a connection for its own sake.
const (
	bodyGrace = 5 * time.Second
	bodyRate  = 4 << 10
)

// hurried cuts off whoever sends a body byte by byte (slow-loris). The server's
// own limit is for headers alone, and one for whole requests would end streams.
func hurried(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != nil && r.Body != http.NoBody {
			b := &body{ReadCloser: r.Body, control: http.NewResponseController(w), begun: time.Now()}
			b.until(b.begun.Add(bodyGrace))
			r.Body = b
		}
		next.ServeHTTP(w, r)
	})
}

// body is a request's body with a deadline that moves with what has come.
type body struct {
	io.ReadCloser
	control *http.ResponseController
	begun   time.Time
	bytes   int64
}

// Read reads on. At the end the connection has all its time again, since the
// server reads on it to notice that the client is gone; after a failure it has
// none, since the server would wait for the rest of the body.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.bytes += int64(n)
	switch {
	case errors.Is(err, io.EOF):
		b.until(time.Time{})
		return n, err
	case err != nil:
		return n, err
	}
	b.until(b.begun.Add(bodyGrace + time.Duration(b.bytes)*time.Second/bodyRate))
	return n, nil
}

// until sets the deadline; a writer that has none, as in tests, is not hurried.
func (b *body) until(t time.Time) { _ = b.control.SetReadDeadline(t) }
