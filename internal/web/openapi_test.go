package web

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestOpenAPI keeps ui/openapi.json, from which the UI's typed client is generated, equal to what the server says of itself.
func TestOpenAPI(t *testing.T) {
	raw, err := json.Marshal(New(Options{}).api.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		t.Fatal(err)
	}
	b.WriteByte('\n')
	name := filepath.Join("..", "..", "ui", "openapi.json")
	if *update {
		if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, b.Bytes()) {
		t.Error("ui/openapi.json differs from the API: go test ./internal/web -run OpenAPI -update, then npm run api in ui")
	}
}

// TestNoNullableLists: the client is promised that no list is ever null.
func TestNoNullableLists(t *testing.T) {
	raw, err := json.Marshal(New(Options{}).api.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(raw), `["array","null"]`) {
		t.Error("a list may be null in the API's schema")
	}
}
