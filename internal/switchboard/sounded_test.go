package switchboard

import (
	"testing"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/media"
)

// TestSoundFact: what the estimated opinion is called, and that there is none of a leg that was never heard.
func TestSoundFact(t *testing.T) {
	for _, c := range []struct {
		mos  float64
		want string
	}{{4.4, call.Good}, {4.0, call.Good}, {3.9, call.Fair}, {3.6, call.Fair}, {3.5, call.Poor}, {1, call.Poor}} {
		f, ok := soundFact(media.Stats{MOS: c.mos, Loss: 0.02, FarLoss: 0.05, RoundTrip: 80 * time.Millisecond}, "olena")
		if !ok || f.Kind != call.Sounded || f.Value != c.want || f.Agent != "olena" || f.Share != 0.05 || f.Seconds != 0.08 {
			t.Errorf("%.1f: %+v", c.mos, f)
		}
	}
	if _, ok := soundFact(media.Stats{}, ""); ok {
		t.Error("an opinion of nothing")
	}
}
