// Package web holds the pages that the gateway serves, built by Vite into dist/
// and embedded, so that one binary is all that a deployment carries.
//
// It guarantees that importing it always compiles: a fresh clone has an empty
// dist/ and [Built] says so. It does not serve anything; the gateway answers a
// clear 503 while the pages are missing.
package web

import (
	"embed"
	"io/fs"
)

// dist needs all: because the only committed file, .gitkeep, begins with a dot.
//
//go:embed all:dist
var dist embed.FS

// Refusals holds the sentences of refusals in each language, which the page
// without script says too: src/i18n/refusals/LANGUAGE.json.
//
//go:embed src/i18n/refusals/*.json
var Refusals embed.FS

// FS returns the built pages, rooted at dist/: index.html and the other pages
// at the top, scripts, styles and fonts with a hash in their name under assets/.
func FS() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		// fs.Sub fails only for a name that is not a valid path, and "dist" is one.
		panic(err)
	}
	return sub
}

// Built reports whether this binary was compiled after ./scripts/web. When it
// is false there is no page to serve, and the remedy is to run ./scripts/web
// and compile again.
func Built() bool {
	_, err := fs.Stat(FS(), "index.html")
	return err == nil
}
