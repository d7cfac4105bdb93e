package media

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// keySound is a key as a telephone on a line makes it.
type keySound struct {
	on, off   int     // samples
	level     float64 // dBov of the low tone
	twist     float64 // by how many dB the high tone is louder
	detune    float64 // share by which both are off
	noise     float64 // dBov
	interrupt int     // samples that are missing in the middle
}

func (k keySound) make(rnd *rand.Rand, keys string) []byte {
	var out []byte
	amp := func(dB float64) float64 { return 32768 * math.Sqrt2 * math.Pow(10, dB/20) }
	for _, c := range []byte(keys) {
		i := strings.IndexByte(tonePad, c)
		low, high := toneHz[i/4]*(1+k.detune), toneHz[4+i%4]*(1+k.detune)
		for n := range k.on + k.off {
			v := rnd.NormFloat64() * 32768 * math.Pow(10, k.noise/20)
			if mid := k.on / 2; n < k.on && (n < mid-k.interrupt/2 || n >= mid+k.interrupt-k.interrupt/2) {
				w := 2 * math.Pi * float64(n) / Rate
				v += amp(k.level)*math.Sin(w*low) + amp(k.level+k.twist)*math.Sin(w*high)
			}
			out = append(out, EncodeALaw(int16(max(-32768, min(32767, v)))))
		}
	}
	return out
}

// hearAll gives the keys that the ear hears in the sound, in packets of 20 ms that begin anywhere in it.
func hearAll(sound []byte, skip int) string {
	var e toneEar
	got := ""
	for i := skip; i+FrameSize <= len(sound); i += FrameSize {
		if k, _ := e.hear(&packet{seq: uint16(i / FrameSize), ts: uint32(i), payload: sound[i : i+FrameSize]}, ""); k != 0 {
			got += string(rune(k))
		}
	}
	return got
}

// TestToneKeys: the bounds of ITU-T Q.24 (the AT&T column): level, twist, frequency, length, interruption, noise.
func TestToneKeys(t *testing.T) {
	const all = "123456789*0#5500112233"
	usual := keySound{on: 640, off: 640, level: -15, noise: -70}
	for name, c := range map[string]struct {
		change func(k *keySound)
		heard  bool
	}{
		"usual":                      {func(*keySound) {}, true},
		"40 ms on, 40 ms off":        {func(k *keySound) { k.on, k.off = 320, 320 }, true},
		"23 ms is no key":            {func(k *keySound) { k.on = 184 }, false},
		"loud":                       {func(k *keySound) { k.level = -6 }, true},
		"25 dB below":                {func(k *keySound) { k.level = -31 }, true},
		"much too low":               {func(k *keySound) { k.level = -50 }, false},
		"high tone 4 dB louder":      {func(k *keySound) { k.twist = 4 }, true},
		"high tone 8 dB lower":       {func(k *keySound) { k.twist = -8 }, true},
		"high tone 12 dB louder":     {func(k *keySound) { k.twist = 12 }, false},
		"1.5 % high":                 {func(k *keySound) { k.detune = 0.015 }, true},
		"1.5 % low":                  {func(k *keySound) { k.detune = -0.015 }, true},
		"3.5 % high is no key":       {func(k *keySound) { k.detune = 0.035 }, false},
		"3.5 % low is no key":        {func(k *keySound) { k.detune = -0.035 }, false},
		"interrupted for 10 ms":      {func(k *keySound) { k.on, k.interrupt = 800, 80 }, true},
		"noise 15 dB below the tone": {func(k *keySound) { k.noise = -27 }, true},
	} {
		k := usual
		c.change(&k)
		sound := append(frameOf(alawSilence), k.make(rand.New(rand.NewPCG(1, 2)), all)...)
		sound = append(sound, frameOf(alawSilence)...)
		for skip := range 16 {
			want := ""
			if c.heard {
				want = all
			}
			if got := hearAll(sound, skip*10); got != want {
				t.Errorf("%s, from sample %d: %q", name, skip*10, got)
			}
		}
	}
}

// TestToneKeysLost: a lost packet within a key does not double it; a sender that is silent between keys does not hide one.
func TestToneKeysLost(t *testing.T) {
	sound := keySound{on: 1280, off: 640, level: -15, noise: -70}.make(rand.New(rand.NewPCG(1, 2)), "5550")
	var lossy, quiet toneEar
	a, b, seq := "", "", uint16(0)
	for i := 0; i+FrameSize <= len(sound); i += FrameSize {
		p := packet{seq: uint16(i / FrameSize), ts: uint32(i), payload: sound[i : i+FrameSize]}
		if i%1920 != 640 {
			if k, _ := lossy.hear(&p, ""); k != 0 {
				a += string(rune(k))
			}
		}
		if i%1920 < 1280 {
			seq++
			p.seq = seq
			if k, _ := quiet.hear(&p, ""); k != 0 {
				b += string(rune(k))
			}
		}
	}
	if a != "5550" || b != "5550" {
		t.Errorf("%q with losses, %q without pauses", a, b)
	}
}

// TestTalkOff: nothing that we say or play is a key when it comes back as echo, nor is a voice like ours that is higher or lower.
func TestTalkOff(t *testing.T) {
	files, err := filepath.Glob("../speech/embedded/*.alaw")
	if err != nil || len(files) < 10 {
		t.Fatal("no clips", err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		pitches := []float64{0.9, 1, 1.15}
		if filepath.Base(f) == "music.alaw" {
			pitches = pitches[1:2] // other notes may be a key's
		}
		for _, pitch := range pitches {
			for _, gain := range []float64{1, 0.25} {
				if got := hearAll(stretch(b, pitch, gain), 0); got != "" {
					t.Errorf("%s, pitch %.2f, gain %.2f: keys %q", filepath.Base(f), pitch, gain, got)
				}
			}
		}
	}
}

// stretch plays sound faster or slower.
func stretch(b []byte, pitch, gain float64) []byte {
	var out []byte
	for x := 0.0; int(x)+1 < len(b); x += pitch {
		i, part := int(x), x-math.Floor(x)
		v := float64(DecodeALaw(b[i]))*(1-part) + float64(DecodeALaw(b[i+1]))*part
		out = append(out, EncodeALaw(int16(v*gain)))
	}
	return out
}
