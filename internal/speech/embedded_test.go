package speech

import "testing"

// TestEmbeddedIsShared: a call that waits with music does not carry its own copy of it.
func TestEmbeddedIsShared(t *testing.T) {
	if n := testing.AllocsPerRun(10, func() { Embedded("music") }); n != 0 || len(Embedded("music")) == 0 || Embedded("nothing") != nil {
		t.Errorf("%v allocations per call for %d bytes", n, len(Embedded("music")))
	}
}
