package spoken

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// read loads a content file of a neighbouring room; the test reads data, it imports nobody.
func read(t testing.TB, path string, into any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

type prompt struct{ ID, Text string }

// unspoken are fields of a service card that are codes, not texts.
var unspoken = map[string]bool{"id": true, "category": true, "department": true, "cnap_role": true, "language": true, "type": true,
	"unit": true, "review_due": true, "source": true, "channels": true, "registry_id": true, "verified_at": true, "valid_from": true}

// texts gives every text of a JSON tree but the codes.
func texts(v any, name string, each func(name, text string)) {
	switch v := v.(type) {
	case string:
		if strings.TrimSpace(v) != "" {
			each(name, v)
		}
	case []any:
		for _, x := range v {
			texts(x, name, each)
		}
	case map[string]any:
		for k, x := range v {
			if !unspoken[k] {
				texts(x, name+"."+k, each)
			}
		}
	}
}

// labelTexts gives the labels of the menu.
func labelTexts(v any, each func(text string)) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			labelTexts(x, each)
		}
	case map[string]any:
		for k, x := range v {
			if s, ok := x.(string); ok && k == "label" {
				each(s)
			}
			labelTexts(x, each)
		}
	}
}

// spokenOK checks that a text has a reading that reading does not change.
func spokenOK(t *testing.T, name, text string) string {
	t.Helper()
	w, err := Words(text)
	if err != nil {
		t.Errorf("%s: %q: %v", name, text, err)
		return ""
	}
	if again, err := Words(w); err != nil || again != w {
		t.Errorf("%s: %q is said again as %q (%v)", name, w, again, err)
	}
	if os.Getenv("SHOW") != "" && w != text {
		t.Logf("%s\n\t%s\n\t%s", name, text, w)
	}
	return w
}

func TestContent(t *testing.T) {
	var services []map[string]any
	read(t, "../catalogue/content/services.uk.json", &services)
	n := 0
	for _, s := range services {
		texts(s, s["id"].(string), func(name, text string) { n++; spokenOK(t, name, text) })
	}
	var menu any
	read(t, "../flow/content/scenarios.uk.json", &menu)
	labelTexts(menu, func(text string) { n++; spokenOK(t, "label", text) })
	if n < 1000 {
		t.Errorf("only %d texts found", n)
	}
}
