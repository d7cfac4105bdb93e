package flow

import (
	"testing"

	"dovidka/internal/hours"
	"dovidka/internal/ivr"
)

// FuzzContent: whatever a content file holds, it becomes a menu that can be checked, or an error; nothing of it panics.
func FuzzContent(f *testing.F) {
	f.Add(prompts, scenarios)
	f.Add([]byte(`[{"id":"a","text":"{b}","vars":["b"]}]`), []byte(`{"menu":{"prompt":"a","keys":{"1":{"type":"menu","prompt":"a","keys":{"0":{"type":"operator"}}}}}}`))
	f.Add([]byte(`[]`), []byte(`{"menu":{"keys":{"":{"type":"menu"},"99":{"type":"x"}}},"intents":[{"menu_path":"—"}]}`))
	f.Add([]byte(`null`), []byte(`{"menu":null}`))
	f.Fuzz(func(t *testing.T, p, s []byte) {
		m, err := build(Options{Centre: Demo(), Hours: hours.Always()}, p, s)
		if err != nil {
			return
		}
		_ = ivr.Check(m)
		_ = m.AllLines()
	})
}
