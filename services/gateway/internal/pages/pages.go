// Package pages serves the web app and the headers that protect it.
//
// Guarantee: nothing on a page comes from elsewhere (the content security
// policy allows this origin alone); scripts and styles, whose names hold a hash,
// are cached for a year and pages never; what can be compressed is; a binary that was compiled without its
// pages says so with 503 and what to do.
package pages

import (
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/klauspost/compress/gzhttp"
)

// Names are the pages that a link may lead to: /s/CODE/NAME.
var Names = []string{"apply", "chair", "desk", "live", "organiser", "room", "speaker"}

const missing = "There is no such page. Check the link, or ask the secretariat for it again."

// policy allows this origin alone. 'self' covers the page's own websocket
// (CSP level 3, connect-src). Styles set by a script are the framework's
// transitions, which need style attributes.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; media-src 'self'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// Protect sets the headers that every answer carries.
func Protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(self), screen-wake-lock=(self)")
		if r.TLS != nil {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// Mount serves the pages in files: / and /s/CODE lead to index.html, which
// goes on to the page of the link's role, /s/CODE/NAME to the page itself, and
// /organiser to the organiser's page of the whole deployment.
func Mount(mux *http.ServeMux, files fs.FS, built bool) {
	if !built {
		mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "This program was compiled without its pages. Run ./scripts/web and compile it again; the API works.", http.StatusServiceUnavailable)
		})
		return
	}
	mux.Handle("GET /assets/", cached(gzhttp.GzipHandler(http.FileServerFS(files))))
	page := func(name string) http.Handler {
		return gzhttp.GzipHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "no-cache")
			http.ServeFileFS(w, r, files, name+".html")
		}))
	}
	mux.Handle("GET /{$}", page("index"))
	mux.Handle("GET /s/{code}", page("index"))
	mux.Handle("GET /organiser", page("organiser"))
	for _, name := range Names {
		mux.Handle("GET /s/{code}/"+name, page(name))
	}
	// Files at the top, such as an icon, by their own names; everything else is
	// not there.
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		if info, err := fs.Stat(files, name); err != nil || info.IsDir() || strings.HasPrefix(name, ".") {
			http.Error(w, missing, http.StatusNotFound)
			return
		}
		w.Header().Set("Cache-Control", "no-cache")
		http.ServeFileFS(w, r, files, name)
	})
}

// cached lets browsers keep files whose names change with their content.
func cached(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/") {
			http.Error(w, missing, http.StatusNotFound) // no listing of folders
			return
		}
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		next.ServeHTTP(w, r)
	})
}
