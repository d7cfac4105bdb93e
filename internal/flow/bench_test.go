package flow

import (
	"testing"
	"time"

	"dovidka/internal/catalogue"
	"dovidka/internal/hours"
	"dovidka/internal/ivr"
)

// BenchmarkPublish is the menu's share of the time from start to the first call.
func BenchmarkPublish(b *testing.B) {
	for b.Loop() {
		c, err := catalogue.Stock()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := New(Options{Centre: Demo(), Hours: hours.Always(), Services: c.Texts(), ReadUnverified: true}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStep is the menu's share of the time from a key to the new sound.
func BenchmarkStep(b *testing.B) {
	c, err := catalogue.Stock()
	if err != nil {
		b.Fatal(err)
	}
	m, err := Build(Options{Centre: Demo(), Hours: hours.Always(), Services: c.Texts(), ReadUnverified: true})
	if err != nil {
		b.Fatal(err)
	}
	now := time.Now()
	for b.Loop() {
		var s ivr.State
		ivr.Step(m, &s, now, ivr.Begin{})
		for _, k := range []byte("2311#") {
			ivr.Step(m, &s, now, ivr.Key{Key: k})
		}
	}
}
