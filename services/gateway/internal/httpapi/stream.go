package httpapi

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/token"
	"github.com/fairfloor/fairfloor/services/gateway/internal/captions"
)

var captionFrame = reflect.TypeFor[api.CaptionFrame]()

// Times of a text stream, in I/O time.
const (
	// textWithin is how long a reader may take for what was written to it.
	textWithin = 30 * time.Second
	// textAlive is how often a quiet stream is looked at: whether the reader may
	// still read, and is still there.
	textAlive = 5 * time.Second
)

func encode(w io.Writer, value any) error { return json.NewEncoder(w).Encode(value) }

// bell wakes a text stream; what has come is fetched by seq, so nothing waits
// in it for a slow reader.
type bell chan struct{}

// Advanced rings the bell (captions.Watcher).
func (b bell) Advanced() {
	select {
	case b <- struct{}{}:
	default:
	}
}

// Partial is not for a stream of finals.
func (bell) Partial(captions.Partial) {}

// speak writes a track as it is spoken, until the session is adjourned, the
// reader is gone or may not read any more, or the gateway ends.
func (s *server) speak(ctx context.Context, out huma.Context, book *captions.Book, claims token.Claims, good func() bool, tag string, since int64) {
	w := out.BodyWriter()
	control := controller(w)
	ring := make(bell, 1)
	defer book.Watch(ring)()
	at := uint64(max(0, since))
	if since < 0 {
		_, at, _ = book.Segments(tag, ^uint64(0)>>1, captions.Whole)
	}
	_ = control.SetWriteDeadline(time.Now().Add(textWithin))
	if control.Flush() != nil {
		return
	}
	ticker := time.NewTicker(textAlive)
	defer ticker.Stop()
	t := teller{told: map[ids.Segment]bool{}}
	for {
		// Before each word, and again while nothing is said.
		if !time.Now().Before(claims.Expires) || !good() {
			return
		}
		over := book.Over()
		segments, seq, _ := book.Segments(tag, at, book.Sight(claims.Audience))
		if text := t.lines(segments); text != "" {
			_ = control.SetWriteDeadline(time.Now().Add(textWithin))
			if _, err := io.WriteString(w, text); err != nil || control.Flush() != nil {
				return
			}
		}
		if at = max(at, seq); over {
			return
		}
		select {
		case <-ring:
		case <-ticker.C:
		case <-ctx.Done():
			return
		case <-s.Captions.Ended():
			return
		}
	}
}

// controller reaches through whatever wraps the writer.
func controller(w io.Writer) *http.ResponseController {
	if rw, ok := w.(http.ResponseWriter); ok {
		return http.NewResponseController(rw)
	}
	return http.NewResponseController(nopWriter{w})
}

// nopWriter is a writer that is no HTTP answer, as in a document made without a server.
type nopWriter struct{ io.Writer }

func (nopWriter) Header() http.Header { return http.Header{} }
func (nopWriter) WriteHeader(int)     {}

// teller makes lines of segments. What is on a Braille display cannot be taken
// back, so a segment is told once, as it first was.
type teller struct {
	told map[ids.Segment]bool
	last api.Said
	any  bool
}

func (t *teller) lines(segments []api.Segment) string {
	var b strings.Builder
	for _, s := range segments {
		if t.told[s.ID] || s.Text == "" {
			continue
		}
		t.told[s.ID] = true
		if !t.any || s.Speaker != t.last {
			b.WriteString(">> ")
			if s.Speaker.Label != "" {
				b.WriteString(s.Speaker.Label + ": ")
			}
			t.any, t.last = true, s.Speaker
		}
		b.WriteString(strings.Join(strings.Fields(s.Text), " "))
		b.WriteByte('\n')
	}
	return b.String()
}
