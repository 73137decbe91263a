package pages

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func serve(built bool) http.Handler {
	files := fstest.MapFS{
		"index.html": {Data: []byte("index")}, "chair.html": {Data: []byte("chair")}, "speaker.html": {Data: []byte("speaker")},
		"live.html": {Data: []byte("live")}, "room.html": {Data: []byte("room")}, "icon.svg": {Data: []byte("<svg/>")},
		"organiser.html":   {Data: []byte("organiser")},
		"assets/a-1234.js": {Data: []byte("script")}, ".gitkeep": {Data: []byte("x")},
	}
	mux := http.NewServeMux()
	Mount(mux, files, built)
	return Protect(mux)
}

func TestPages(t *testing.T) {
	for _, c := range []struct {
		path, body, cache string
		status            int
	}{
		{"/", "index", "no-cache", 200},
		{"/s/ABC123", "index", "no-cache", 200},
		{"/s/ABC123/chair", "chair", "no-cache", 200},
		{"/s/ABC123/speaker", "speaker", "no-cache", 200},
		{"/s/ABC123/live", "live", "no-cache", 200},
		{"/s/ABC123/room", "room", "no-cache", 200},
		{"/s/ABC123/organiser", "organiser", "no-cache", 200},
		{"/organiser", "organiser", "no-cache", 200},
		{"/s/ABC123/nothing", "no such page", "", 404},
		{"/assets/a-1234.js", "script", "immutable", 200},
		{"/icon.svg", "<svg/>", "no-cache", 200},
		{"/.gitkeep", "no such page", "", 404},
		{"/assets", "no such page", "", 404},
		{"/chair.html/../../etc/passwd", "no such page", "", 404},
	} {
		t.Run(c.path, func(t *testing.T) {
			w := httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.URL.Path = c.path
			serve(true).ServeHTTP(w, r)
			if w.Code == http.StatusMovedPermanently || w.Code == http.StatusTemporaryRedirect {
				// The mux cleans paths by sending the client to the clean one.
				r = httptest.NewRequest(http.MethodGet, w.Header().Get("Location"), nil)
				w = httptest.NewRecorder()
				serve(true).ServeHTTP(w, r)
			}
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.body) || !strings.Contains(w.Header().Get("Cache-Control"), c.cache) {
				t.Errorf("status %d, cache %q, body %q", w.Code, w.Header().Get("Cache-Control"), w.Body.String())
			}
		})
	}
}

func TestEveryAnswerIsProtected(t *testing.T) {
	for _, path := range []string{"/", "/assets/a-1234.js", "/nothing"} {
		w := httptest.NewRecorder()
		serve(true).ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		policy := w.Header().Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: the policy lacks %s: %s", path, part, policy)
			}
		}
		if strings.Contains(policy, "http:") || strings.Contains(policy, "*") || strings.Contains(policy, "script-src 'self' 'unsafe") {
			t.Errorf("%s: the policy lets others in: %s", path, policy)
		}
		if w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: a header is missing: %v", path, w.Header())
		}
	}
}

func TestABinaryWithoutPagesSaysSo(t *testing.T) {
	w := httptest.NewRecorder()
	serve(false).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/s/ABC123/chair", nil))
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "./scripts/web") {
		t.Errorf("status %d: %s", w.Code, w.Body.String())
	}
}

func TestScriptsAndPagesAreCompressed(t *testing.T) {
	long := strings.Repeat("the same words again and again ", 1000)
	files := fstest.MapFS{
		"index.html": {Data: []byte(long)}, "assets/a-1234.js": {Data: []byte(long)},
		"chair.html": {Data: []byte(long)}, "speaker.html": {}, "live.html": {}, "room.html": {},
	}
	mux := http.NewServeMux()
	Mount(mux, files, true)
	for path, wanted := range map[string]string{"/assets/a-1234.js": "gzip", "/s/ABC123/chair": "gzip", "/": "gzip"} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Accept-Encoding", "gzip, br")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		if got := w.Header().Get("Content-Encoding"); got != wanted || w.Body.Len() > len(long)/10 {
			t.Errorf("%s: encoding %q, %d of %d bytes", path, got, w.Body.Len(), len(long))
		}
		plain := httptest.NewRecorder()
		mux.ServeHTTP(plain, httptest.NewRequest(http.MethodGet, path, nil))
		if plain.Header().Get("Content-Encoding") != "" || plain.Body.String() != long {
			t.Errorf("%s: a client that takes no gzip got some", path)
		}
	}
}

func TestWhatTheBuildCompressedIsServedAsItIs(t *testing.T) {
	files := fstest.MapFS{
		"index.html": {}, "assets/a-1.js": {Data: []byte("script")}, "assets/a-1.js.br": {Data: []byte("brotli")},
		"assets/a-1.js.gz": {Data: []byte("gzipped")}, "assets/b-2.js": {Data: []byte("alone")},
	}
	mux := http.NewServeMux()
	Mount(mux, files, true)
	for _, c := range []struct{ path, accept, body, encoding string }{
		{"/assets/a-1.js", "gzip, deflate, br", "brotli", "br"},
		{"/assets/a-1.js", "gzip", "gzipped", "gzip"},
		{"/assets/a-1.js", "br;q=0, gzip;q=0.5", "gzipped", "gzip"},
		{"/assets/a-1.js", "", "script", ""},
		{"/assets/b-2.js", "br, gzip", "alone", ""},
	} {
		r := httptest.NewRequest(http.MethodGet, c.path, nil)
		r.Header.Set("Accept-Encoding", c.accept)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		h := w.Header()
		if w.Body.String() != c.body || h.Get("Content-Encoding") != c.encoding || !strings.HasPrefix(h.Get("Content-Type"), "text/javascript") ||
			!strings.Contains(h.Get("Cache-Control"), "immutable") || !strings.Contains(strings.Join(h.Values("Vary"), ","), "Accept-Encoding") {
			t.Errorf("%s for %q: %q, headers %v", c.path, c.accept, w.Body.String(), h)
		}
	}
}

func TestAPageIsFilledForItsRequest(t *testing.T) {
	mux := http.NewServeMux()
	Mount(mux, fstest.MapFS{"live.html": {Data: []byte("<live>")}}, true, func(name string, page []byte, r *http.Request) []byte {
		return []byte(name + string(page) + r.PathValue("code"))
	})
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/s/ABC123/live", nil))
	if w.Body.String() != "live<live>ABC123" || !strings.Contains(w.Header().Get("Vary"), "Accept-Language") || w.Header().Get("Cache-Control") != "no-cache" {
		t.Errorf("%q, headers %v", w.Body.String(), w.Header())
	}
	w = httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/s/ABC123/room", nil))
	if w.Code != http.StatusNotFound {
		t.Errorf("a page that was not built: %d", w.Code)
	}
}

func TestTheOpenerPolicyIsSentWhereBrowsersTakeIt(t *testing.T) {
	for _, c := range []struct {
		url, forwarded string
		sent           bool
	}{
		{"https://fairfloor.example/", "", true},
		{"http://fairfloor.example/", "https", true},
		{"http://fairfloor.example/", "", false},
		{"http://192.0.2.7:8080/", "", false},
		{"http://127.0.0.1:8080/", "", true},
		{"http://[::1]:8080/", "", true},
		{"http://localhost/", "", true},
	} {
		r := httptest.NewRequest(http.MethodGet, c.url, nil)
		r.Header.Set("X-Forwarded-Proto", c.forwarded)
		w := httptest.NewRecorder()
		serve(true).ServeHTTP(w, r)
		if sent := w.Header().Get("Cross-Origin-Opener-Policy") != ""; sent != c.sent {
			t.Errorf("%s, forwarded %q: sent %v, want %v", c.url, c.forwarded, sent, c.sent)
		}
	}
}
