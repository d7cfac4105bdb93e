package speech

import "math"

// The hold music: twelve bars of 3.2 s, one chord each, soft pads with a slow broken chord above. Written for this program;
// it quotes no other work. Its length is a whole number of frames, and notes ring over the end into the beginning, so the
// loop has no seam.
const (
	barSeconds = 3.2
	musicLevel = -26.0 // dBov, mean power
	bandTop    = 3300.0
)

// bars are the chords as semitones above A4 (440 Hz), the lowest note first: G, Em7, C, D, G, Bm7, Am7, D7, Em, C, Am, D7.
var bars = [][]int{
	{-2, 2, 5, 9}, {-5, -2, 2, 5}, {-5, -2, 3, 7}, {-3, 0, 5, 9},
	{-2, 2, 5, 10}, {-3, 0, 2, 5}, {-5, 0, 3, 10}, {-3, 0, 3, 9},
	{-5, -2, 2, 7}, {-5, -2, 3, 7}, {-5, 0, 3, 7}, {-3, 0, 3, 5},
}

// Music composes the loop: A-law, 8 kHz.
func Music() []byte {
	n := int(barSeconds * outRate)
	x := make([]float64, n*len(bars))
	for b, chord := range bars {
		start := b * n
		for _, note := range chord {
			addNote(x, start, pitch(note), 0.20, 1.1, barSeconds+0.8) // the pad swells and fades into the next bar
		}
		order := []int{0, 2, 1, 3, 2, 3, 1, 2}
		for i, k := range order {
			at := start + i*n/len(order)
			addNote(x, at, pitch(chord[k]+12), 0.16, 0.012, 1.6)
		}
	}
	return encodeAt(x, musicLevel)
}

// Beep is the tone before a message: 1000 Hz, 400 ms, −20 dBov.
func Beep() []byte {
	x := make([]float64, 20*clipFrame)
	for i := range x {
		x[i] = math.Sin(2 * math.Pi * 1000 * float64(i) / outRate)
	}
	fade(x)
	return encodeAt(x, -20)
}

// pitch is the frequency of a note in semitones from A4.
func pitch(semitones int) float64 { return 440 * math.Pow(2, float64(semitones)/12) }

// addNote adds a soft triangle-like tone (odd harmonics, none above the telephone's band) that rises over attack seconds and
// dies away over its length; what rings beyond the end of the loop is added at its beginning.
func addNote(x []float64, at int, hz, volume, attack, length float64) {
	total := int(length * outRate)
	for h := 1.0; h <= 5; h += 2 {
		if hz*h > bandTop {
			break
		}
		amplitude, phase := volume/(h*h*h), 2*math.Pi*hz*h/outRate
		for i := range total {
			t := float64(i) / outRate
			rise := math.Min(1, t/attack)
			fall := math.Cos(math.Pi / 2 * t / length)
			x[(at+i)%len(x)] += amplitude * rise * rise * (3 - 2*rise) * fall * fall * math.Sin(phase*float64(i))
		}
	}
}

// encodeAt scales to a mean power and encodes.
func encodeAt(x []float64, dBov float64) []byte {
	sum := 0.0
	for _, s := range x {
		sum += s * s
	}
	gain := math.Pow(10, dBov/20) / math.Sqrt(sum/float64(len(x)))
	out := make([]byte, len(x))
	for i, s := range x {
		out[i] = encodeALaw(int16(math.Round(max(-peakLimit, min(peakLimit, s*gain)) * 32767)))
	}
	return out
}
