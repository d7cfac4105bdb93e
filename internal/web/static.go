package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

// static serves the built UI: files by name, index.html for every address of the single-page app. Text is compressed once, at
// its first request. It forgets nothing and reads nothing but its fs.FS.
type static struct {
	files fs.FS
	mu    sync.Mutex
	ready map[string]*asset
}

// asset is one file, ready to be sent.
type asset struct {
	body, zipped []byte // zipped: nil when it would not pay
	mime, etag   string
}

func newStatic(files fs.FS) *static { return &static{files: files, ready: map[string]*asset{}} }

// ServeHTTP serves a file, the app, or 404 for a file that is not there.
func (s *static) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "Ця сторінка лише для читання.", http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	if name == "" || path.Ext(name) == "" {
		name = "index.html" // the app knows its own addresses
	}
	a := s.asset(name)
	if a == nil {
		http.Error(w, "Такої сторінки немає.", http.StatusNotFound)
		return
	}
	h := w.Header()
	h.Set("Content-Type", a.mime)
	h.Set("ETag", a.etag)
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cache-Control", "no-cache")
	if strings.HasPrefix(name, "assets/") { // Vite puts a hash of the content into these names
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	out := a.body
	if a.zipped != nil && r.Header.Get("Range") == "" && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		out = a.zipped
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(out))
}

// asset reads a file once; nil when there is none.
func (s *static) asset(name string) *asset {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a, ok := s.ready[name]; ok {
		return a
	}
	if s.files == nil || !fs.ValidPath(name) {
		return nil
	}
	b, err := fs.ReadFile(s.files, name)
	if err != nil {
		return nil
	}
	sum := sha256.Sum256(b)
	a := &asset{body: b, mime: mimeOf(name), etag: `"` + hex.EncodeToString(sum[:8]) + `"`}
	a.zipped = zip(a.mime, b)
	s.ready[name] = a
	return a
}

// mimeOf does not ask the machine's own tables for what the UI needs: they differ from machine to machine.
func mimeOf(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".json", ".webmanifest":
		return "application/json"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	}
	if m := mime.TypeByExtension(path.Ext(name)); m != "" {
		return m
	}
	return "application/octet-stream"
}

// zip compresses text; nil when it is small, or compressed already.
func zip(mime string, b []byte) []byte {
	text := strings.HasPrefix(mime, "text/") || mime == "application/json" || mime == "image/svg+xml"
	if !text || len(b) < 1024 {
		return nil
	}
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil
	}
	if _, err = z.Write(b); err != nil || z.Close() != nil || out.Len() >= len(b) {
		return nil
	}
	return out.Bytes()
}
