package catalogue

import (
	"testing"

	"dovidka/internal/fault"
)

// A catalogue file from anywhere is loaded or refused in a sentence; searching what was loaded never fails.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(`[]`), "паспорт")
	f.Add([]byte(`[{"id":"a","name":"Послуга","summary_spoken":"Опис","documents":["Паспорт"],"term":{"spoken":"День."},"fee":{"spoken":"Ні."},"where":"Тут"}]`), "послуги")
	f.Add([]byte(`[{"id":"a"},{"id":"a"}]`), "'")
	f.Add([]byte("\xff"), "\xff")
	f.Fuzz(func(t *testing.T, data []byte, query string) {
		c, err := Load(data)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("unsorted: %v", err)
			}
			return
		}
		if len(c.Search(query)) > len(c.All()) || len(c.Texts()) != len(c.All()) {
			t.Error("more found than there is")
		}
	})
}
