package speech

import (
	"bytes"
	"testing"
)

// In emergency mode nothing but the binary is there, and the number must still be said, digit by digit.
func TestFaultNamesTheNumber(t *testing.T) {
	if !bytes.Equal(Fault(nil), Embedded("technical")) {
		t.Error("without a number callers are asked to call again")
	}
	rest, ok := bytes.CutPrefix(Fault([]string{"067", "12"}), Embedded("technical_number"))
	if !ok {
		t.Fatal("it does not begin with the sentence")
	}
	for _, group := range []string{"067", "12"} {
		for _, d := range group {
			clip := Embedded("digit" + string(d))
			if len(clip) < 160*10 {
				t.Fatalf("digit %c is not in the binary", d)
			}
			if rest, ok = bytes.CutPrefix(rest, clip); !ok {
				t.Fatalf("digit %c is not in its place", d)
			}
		}
		if rest, ok = bytes.CutPrefix(rest, bytes.Repeat([]byte{0xD5}, 2400)); !ok {
			t.Fatal("no pause after a group")
		}
	}
	if len(rest) > 0 {
		t.Errorf("%d bytes more", len(rest))
	}
}
