package rehearse

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// TestPushIsTriedAgain: a post whose line is cut, before or after it was read,
// and one that is answered "not now", is sent again as it was; a refusal ends
// it at the first try.
func TestPushIsTriedAgain(t *testing.T) {
	cut := func(w http.ResponseWriter) {
		line, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_ = line.Close()
	}
	status := func(code int) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { w.WriteHeader(code) }
	}
	ok := status(http.StatusOK)
	for name, test := range map[string]struct {
		answers []func(http.ResponseWriter)
		taken   bool
	}{
		"taken at once":      {[]func(http.ResponseWriter){ok}, true},
		"cut, cut, taken":    {[]func(http.ResponseWriter){cut, cut, ok}, true},
		"busy, bad, taken":   {[]func(http.ResponseWriter){status(http.StatusTooManyRequests), status(http.StatusBadGateway), ok}, true},
		"away, cut, refused": {[]func(http.ResponseWriter){status(http.StatusServiceUnavailable), cut, status(http.StatusForbidden)}, false},
		"refused at once":    {[]func(http.ResponseWriter){status(http.StatusBadRequest)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var came []string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				came = append(came, r.URL.String()+" "+string(body))
				n := len(came)
				mu.Unlock()
				if n > len(test.answers) {
					t.Errorf("try %d came after the answer that ends it", n)
					return
				}
				test.answers[n-1](w)
			}))
			defer server.Close()
			err := post(t.Context(), server.URL+"/push?seq=7", "buenos días\n")
			if (err == nil) != test.taken {
				t.Errorf("post: %v", err)
			}
			want := slices.Repeat([]string{"/push?seq=7 buenos días\n"}, len(test.answers))
			if !slices.Equal(came, want) {
				t.Errorf("came %q, want %q", came, want)
			}
		})
	}
}

// TestPushGivesUp: whoever ends the rehearsal ends the trying, and hears why
// nothing was taken.
func TestPushGivesUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var tries atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A server looks at a line for its end only when it has read what came.
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Error(err)
		}
		if tries.Add(1) == 3 {
			// The line is held until the rehearsal is over.
			cancel()
			<-r.Context().Done()
			return
		}
		http.Error(w, "away for a while", http.StatusServiceUnavailable)
	}))
	defer server.Close()
	if err := post(ctx, server.URL, "x"); err == nil || tries.Load() != 3 {
		t.Errorf("%d tries: %v", tries.Load(), err)
	}
	if err := post(t.Context(), "http://[::1", "x"); err == nil {
		t.Error("an address that is none is tried")
	}
}
