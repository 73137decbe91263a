// Package pages serves the web app and the headers that protect it.
//
// Guarantee: nothing on a page comes from elsewhere (the content security
// policy allows this origin alone); scripts and styles, whose names hold a hash,
// are cached for a year and pages never; what can be compressed is; a binary that was compiled without its
// pages says so with 503 and what to do.
package pages

import (
	"io/fs"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"path"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzhttp"
)

// Names are the pages that a link may lead to: /s/CODE/NAME.
var Names = []string{"apply", "booth", "chair", "desk", "live", "organiser", "room", "speaker"}

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
		if trusted(r) {
			// Over http from elsewhere browsers ignore it, and complain on each page.
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
		}
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(self), screen-wake-lock=(self)")
		if r.TLS != nil {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// Fill gives a page's HTML with what this request may see at once; name is the page's.
type Fill func(name string, page []byte, r *http.Request) []byte

// trusted reports whether a browser takes the request's origin for potentially
// trustworthy: https, here or at the proxy before us, or this very machine.
func trusted(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	address, err := netip.ParseAddr(strings.Trim(host, "[]"))
	local := host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && address.IsLoopback()
	return r.TLS != nil || local || r.Header.Get("X-Forwarded-Proto") == "https"
}

func init() {
	// Not every system's table of types knows it.
	if err := mime.AddExtensionType(".webmanifest", "application/manifest+json"); err != nil {
		panic(err) // the type is written here
	}
}

// Mount serves the pages in files: / and /s/CODE lead to index.html, which
// goes on to the page of the link's role, /s/CODE/NAME to the page itself, and
// /organiser to the organiser's page of the whole deployment. Each page passes through fill, if any.
func Mount(mux *http.ServeMux, files fs.FS, built bool, fill ...Fill) {
	if !built {
		mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "This program was compiled without its pages. Run ./scripts/web and compile it again; the API works.", http.StatusServiceUnavailable)
		})
		return
	}
	mux.Handle("GET /assets/", cached(compressed(files, gzhttp.GzipHandler(http.FileServerFS(files)))))
	page := func(name string) http.Handler {
		return gzhttp.GzipHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			html, err := fs.ReadFile(files, name+".html")
			if err != nil {
				http.Error(w, missing, http.StatusNotFound)
				return
			}
			for _, one := range fill {
				html = one(name, html, r)
			}
			w.Header().Set("Cache-Control", "no-cache")
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			if len(fill) > 0 {
				// Its first paint is in the reader's language.
				w.Header().Set("Vary", "Accept-Language, Cookie")
			}
			_, _ = w.Write(html)
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

// packed are the encodings in which the build leaves a file, the smaller first.
var packed = []struct{ encoding, suffix string }{{"br", ".br"}, {"gzip", ".gz"}}

// compressed answers with what the build has compressed already, as far as that
// goes, where the client takes it.
func compressed(files fs.FS, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		for _, one := range packed {
			if !accepts(r, one.encoding) {
				continue
			}
			if _, err := fs.Stat(files, name+one.suffix); err != nil {
				continue
			}
			h := w.Header()
			h.Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
			h.Set("Content-Encoding", one.encoding)
			h.Add("Vary", "Accept-Encoding")
			http.ServeFileFS(w, r, files, name+one.suffix)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// accepts reports whether a client takes an encoding. One of weight 0 is refused
// (RFC 9110, 12.5.3); other weights do not matter between two that are named.
func accepts(r *http.Request, encoding string) bool {
	for one := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(one), ";")
		if strings.EqualFold(strings.TrimSpace(name), encoding) {
			value, weighed := strings.CutPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
			q, err := strconv.ParseFloat(value, 64)
			return !weighed || err == nil && q > 0
		}
	}
	return false
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
