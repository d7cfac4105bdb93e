package speech

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// babble is noise with the rhythm of speech: words of 300 ms, pauses of 150 ms, on a constant offset like RHVoice's.
func babble(rate int, length, volume, dc float64) pcm {
	r := rand.New(rand.NewPCG(1, 2))
	x := make([]float64, int(length*float64(rate)))
	low := 0.0
	for i := range x {
		t := float64(i) / float64(rate)
		low += 0.3 * (r.Float64()*2 - 1 - low)
		x[i] = dc
		if math.Mod(t, 0.45) < 0.3 && t > 0.5 && t < length-0.7 {
			x[i] += volume * low * (1 + 0.5*math.Sin(2*math.Pi*120*t))
			if i%(rate/7) < 4 {
				x[i] += 5 * volume // peaks that only a limiter can hold
			}
		}
	}
	return pcm{rate, x}
}

func TestTelephoneChain(t *testing.T) {
	for _, rate := range []int{8000, 16000, 22050, 24000, 48000} {
		for _, volume := range []float64{0.02, 0.5} {
			alaw := telephone(babble(rate, 4, volume, 0.05))
			m := measure(alaw, "", "")
			if math.Abs(m.Level-targetLevel) > 1 {
				t.Errorf("%d Hz, %.2f: level %.2f dBov", rate, volume, m.Level)
			}
			if m.Peak > peakMost || m.DC > dcMost {
				t.Errorf("%d Hz, %.2f: peak %.2f, DC %.1f", rate, volume, m.Peak, m.DC)
			}
			if m.Lead > leadMost || m.Tail < tailLeast || m.Tail > tailMost {
				t.Errorf("%d Hz, %.2f: lead %.3f, tail %.3f", rate, volume, m.Lead, m.Tail)
			}
			if a, b := decodeALaw(alaw[0]), decodeALaw(alaw[len(alaw)-1]); a > 16 || a < -16 || b > 16 || b < -16 {
				t.Errorf("%d Hz: starts at %d, ends at %d: it clicks", rate, a, b)
			}
		}
	}
}

// TestFades: a sound that is loud from its first to its last sample rises from nothing and dies away.
func TestFades(t *testing.T) {
	x := make([]float64, 8000)
	for i := range x {
		x[i] = 0.5
	}
	fade(x)
	if x[0] != 0 || x[40] > 0.26 || x[80] != 0.5 || x[len(x)-1] != 0 || x[len(x)-80] > 0.26 || x[len(x)-161] != 0.5 {
		t.Errorf("fade: %v %v %v … %v %v", x[0], x[40], x[80], x[len(x)-80], x[len(x)-1])
	}
}

// TestAbruptSoundDoesNotClick: an engine's sound that is loud from its first sample to its last still rises and dies away.
func TestAbruptSoundDoesNotClick(t *testing.T) {
	alaw := telephone(pcm{24000, tone(24000, 1000, 0.5)})
	x := make([]float64, len(alaw))
	for i, b := range alaw {
		x[i] = math.Abs(float64(decodeALaw(b)) / 32768)
	}
	lead, tail := int(leadKept*outRate), len(x)-int(tailKept*outRate)
	middle := slices.Max(x[len(x)/2 : len(x)/2+100])
	if a, b := slices.Max(x[:lead+16]), slices.Max(x[tail-16:]); a > middle/3 || b > middle/3 || middle == 0 {
		t.Errorf("starts at %.3f, ends at %.3f, middle %.3f", a, b, middle)
	}
}

// tone is a sine; toneLevel measures one frequency in dB relative to it.
func tone(rate int, hz, amplitude float64) []float64 {
	x := make([]float64, rate*2)
	for i := range x {
		x[i] = amplitude * math.Sin(2*math.Pi*hz*float64(i)/float64(rate))
	}
	return x
}

func toneLevel(x []float64, rate int, hz float64) float64 {
	var re, im float64
	x = x[len(x)/4 : 3*len(x)/4]
	for i, s := range x {
		w := 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/float64(len(x)))
		re += s * w * math.Cos(2*math.Pi*hz*float64(i)/float64(rate))
		im += s * w * math.Sin(2*math.Pi*hz*float64(i)/float64(rate))
	}
	return 20 * math.Log10(math.Hypot(re, im)*4/float64(len(x))+1e-12)
}

func TestResampleKeepsTheBandAndFoldsNothing(t *testing.T) {
	for _, rate := range []int{16000, 22050, 24000, 44100} {
		for _, hz := range []float64{300, 1000, 2000, 3200} {
			if l := toneLevel(resample(tone(rate, hz, 1), rate), outRate, hz); math.Abs(l) > 0.3 {
				t.Errorf("%d Hz: a tone of %v Hz comes at %.2f dB", rate, hz, l)
			}
		}
		for _, hz := range []float64{4200, 4700, 5000, 6000, 7000} {
			if hz >= float64(rate)/2 {
				continue
			}
			alias := math.Abs(8000 - hz)
			if l := toneLevel(resample(tone(rate, hz, 1), rate), outRate, alias); l > -60 {
				t.Errorf("%d Hz: %v Hz folds to %v Hz at %.1f dB", rate, hz, alias, l)
			}
		}
	}
}

func TestHighPass(t *testing.T) {
	for hz, want := range map[float64][2]float64{50: {-200, -40}, 100: {-30, -20}, 200: {-3.3, -2.7}, 400: {-0.3, 0.1}, 1000: {-0.1, 0.1}} {
		if l := toneLevel(highPass(tone(24000, hz, 1), 24000), 24000, hz); l < want[0] || l > want[1] {
			t.Errorf("%v Hz: %.2f dB, want %v", hz, l, want)
		}
	}
}

func TestActiveLevel(t *testing.T) {
	loud := tone(outRate, 1000, math.Sqrt2*math.Pow(10, -22.0/20))
	if l, ok := activeLevel(loud); !ok || math.Abs(l+22) > 0.2 {
		t.Errorf("a steady tone of −22 dBov: %.2f", l)
	}
	half := append(append([]float64{}, loud...), make([]float64, 4*outRate)...)
	if l, ok := activeLevel(half); !ok || math.Abs(l+22) > 0.7 {
		t.Errorf("the same tone, then silence: active level %.2f (the mean power would be −26.8)", l)
	}
	if _, ok := activeLevel(make([]float64, 8000)); ok {
		t.Error("silence has a level")
	}
}

func TestLimiter(t *testing.T) {
	x := tone(outRate, 500, 0.5)
	for i := 3000; i < len(x); i += 1777 {
		x[i] = 1.8
	}
	out := limited(x)
	for i, s := range out {
		if math.Abs(s) > peakLimit+1e-9 {
			t.Fatalf("sample %d is %.3f", i, s)
		}
	}
	if math.Abs(out[1000]-x[1000]) > 1e-9 {
		t.Error("far from a peak the sound has changed")
	}
}

func TestALaw(t *testing.T) {
	for s, want := range map[int16]byte{0: 0xD5, -1: 0x55, 32767: 0xAA, -32768: 0x2A, 1000: 0xFA} {
		if got := encodeALaw(s); got != want {
			t.Errorf("encode %d: %#x, want %#x", s, got, want)
		}
	}
	last := -40000
	for s := -32768; s <= 32767; s++ {
		v := int(decodeALaw(encodeALaw(int16(s))))
		if v < last {
			t.Fatalf("not monotonic at %d", s)
		}
		if d := v - s; math.Abs(float64(d)) > 16+math.Abs(float64(s))/30 {
			t.Fatalf("%d comes back as %d", s, v)
		}
		last = v
	}
	for b := range 256 {
		if got := encodeALaw(decodeALaw(byte(b))); got != byte(b) {
			t.Errorf("%#x comes back as %#x", b, got)
		}
	}
}

func BenchmarkChain72s(b *testing.B) {
	in := babble(24000, 72, 0.3, 0.03)
	b.ReportAllocs()
	for b.Loop() {
		telephone(in)
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/72s")
}
