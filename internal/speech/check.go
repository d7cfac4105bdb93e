package speech

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Metrics are what is measured of a clip as it will sound; they are kept beside it.
type Metrics struct {
	Text     string  `json:"text"` // the words
	Engine   string  `json:"engine"`
	Voice    string  `json:"voice"`
	Bytes    int     `json:"bytes"`
	SHA256   string  `json:"sha256"`   // of the A-law bytes
	Seconds  float64 `json:"seconds"`  // length
	Expected float64 `json:"expected"` // length by the voice's model; 0: no model
	Level    float64 `json:"level_dbov"`
	Peak     float64 `json:"peak_dbfs"`
	DC       float64 `json:"dc_dbfs"`
	Lead     float64 `json:"lead_s"` // silence before the first and after the last word, the longest silence between
	Tail     float64 `json:"tail_s"`
	Gap      float64 `json:"gap_s"`
}

// model is the length of speech of one voice: a + b·vowels + c·consonants + d·pauses, in seconds.
type model struct{ a, vowel, consonant, pause float64 }

// models by voice, measured on the whole content.
var models = map[string]model{
	"natalia": {0.213, 0.078, 0.063, 0.150},
	"anatol":  {0.240, 0.112, 0.056, 0.239},
}

// The bounds of a good render.
const (
	ratioLeast, ratioMost = 0.75, 1.30
	lengthSlack           = 0.2   // seconds; the silence that trim takes off weighs on the shortest sentences
	levelSlack            = 1.5   // dB; the chain aims at ±1, the codec adds a little
	peakMost              = -2.8  // dBFS, one A-law step above the limiter's −3
	dcMost                = -60.0 // dBFS
	leadMost              = 0.100
	tailLeast, tailMost   = 0.100, 0.400
	gapMost               = 1.2
)

// measure listens to a clip.
func measure(alaw []byte, text, voice string) Metrics {
	x := make([]float64, len(alaw))
	sum, peak := 0.0, 0.0
	for i, b := range alaw {
		x[i] = float64(decodeALaw(b)) / 32768
		sum += x[i]
		peak = math.Max(peak, math.Abs(x[i]))
	}
	m := Metrics{Text: text, Voice: voice, Bytes: len(alaw), Seconds: float64(len(x)) / outRate, Expected: expected(text, voice)}
	if len(x) == 0 {
		return m
	}
	m.Level, _ = activeLevel(x)
	m.Peak = 20 * math.Log10(peak+1e-9)
	m.DC = 20 * math.Log10(math.Abs(sum/float64(len(x)))+1e-9)
	m.Lead, m.Tail, m.Gap = pauses(x)
	return m
}

// pauses measures the silence before, after and the longest inside, in seconds.
func pauses(x []float64) (lead, tail, gap float64) {
	levels := frameLevels(x)
	run, spoken := 0, false
	for _, l := range levels {
		if l <= quietFrame {
			run++
			continue
		}
		if s := float64(run) / 100; !spoken {
			lead, spoken = s, true
		} else {
			gap = math.Max(gap, s)
		}
		run = 0
	}
	return lead, float64(run) / 100, gap
}

// expected is the length of a text by its voice's model.
func expected(text, voice string) float64 {
	m, ok := models[voice]
	if !ok {
		return 0
	}
	var vowels, consonants, marks int
	for _, r := range strings.ToLower(text) {
		switch {
		case strings.ContainsRune("аеєиіїоуюя", r):
			vowels++
		case r >= 'а' && r <= 'щ' || r == 'ґ':
			consonants++
		case strings.ContainsRune(",.!?:;—", r):
			marks++
		}
	}
	return m.a + m.vowel*float64(vowels) + m.consonant*float64(consonants) + m.pause*float64(marks)
}

// judge tells what is wrong with a render; nil when it may be heard.
func judge(m Metrics) error {
	ratio := 1.0
	if m.Expected > 0 {
		ratio = m.Seconds / m.Expected
	}
	for _, c := range []struct {
		ok   bool
		what string
	}{
		{m.Bytes > 0 && m.Seconds > tailLeast, "nothing was spoken"},
		{ratio >= ratioLeast && ratio <= ratioMost || math.Abs(m.Seconds-m.Expected) <= lengthSlack, fmt.Sprintf("length %.2f s is %.2f of the expected %.2f s", m.Seconds, ratio, m.Expected)},
		{math.Abs(m.Level-targetLevel) <= levelSlack, fmt.Sprintf("active level %.1f dBov", m.Level)},
		{m.Peak <= peakMost, fmt.Sprintf("peak %.1f dBFS", m.Peak)},
		{m.DC < dcMost, fmt.Sprintf("DC %.1f dBFS", m.DC)},
		{m.Lead <= leadMost, fmt.Sprintf("%.2f s of silence at the start", m.Lead)},
		{m.Tail >= tailLeast && m.Tail <= tailMost, fmt.Sprintf("%.2f s of silence at the end", m.Tail)},
		{m.Gap <= gapMost, fmt.Sprintf("%.2f s of silence inside", m.Gap)},
	} {
		if !c.ok {
			return fmt.Errorf("check: %s", c.what)
		}
	}
	return nil
}

// seconds turns a number of bytes into time.
func seconds(n int) time.Duration { return time.Duration(n) * time.Second / outRate }
