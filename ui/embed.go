// Package ui carries the built web pages inside the binary.
//
// The folder dist is what `npm ci && npm run build` makes in this folder, byte for byte the same on every machine; it is
// committed, so that building the program needs no Node. The package owns no behaviour: the room web serves the files.
package ui

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files returns the built pages, rooted where index.html lies.
func Files() (fs.FS, error) {
	return fs.Sub(dist, "dist")
}
