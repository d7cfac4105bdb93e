package speech

import "math"

// chainVersion is part of every clip's key: raise it when the chain changes the sound.
const chainVersion = "1"

// The telephone's figures (ITU-T P.56, G.711).
const (
	outRate     = 8000
	highPassHz  = 200.0
	targetLevel = -22.0  // dBov, active level after P.56
	peakLimit   = 0.7079 // −3 dBFS
	leadKept    = 0.040  // seconds of silence kept before and after the words
	tailKept    = 0.120
	fadeIn      = 0.010
	fadeOut     = 0.020
	quietFrame  = -50.0 // dBov: a frame of 10 ms below this is silence
)

// telephone turns an engine's sound into A-law for the line: high-pass, resample, trim, level, limit, fade, encode.
func telephone(in pcm) []byte {
	x := highPass(in.samples, in.rate)
	x = resample(x, in.rate)
	fade(x) // an engine may begin or stop abruptly
	x = trim(scaled(x))
	x = limited(scaled(x))
	// The limiter takes some of the level back; one more round settles it.
	x = limited(scaled(x))
	fade(x) // where trim has cut
	out := make([]byte, len(x))
	for i, s := range x {
		out[i] = encodeALaw(int16(math.Round(max(-1, min(1, s)) * 32767)))
	}
	return out
}

// highPass is a Butterworth of the 4th order, two biquads (bilinear transform). RHVoice 1.14 carries much DC.
func highPass(in []float64, rate int) []float64 {
	out := make([]float64, len(in))
	copy(out, in)
	w := 2 * math.Pi * highPassHz / float64(rate)
	for _, q := range []float64{0.54119610, 1.3065630} {
		alpha, cos := math.Sin(w)/(2*q), math.Cos(w)
		a0 := 1 + alpha
		b0, b1 := (1+cos)/2/a0, -(1+cos)/a0
		a1, a2 := -2*cos/a0, (1-alpha)/a0
		var x1, x2, y1, y2 float64
		if len(out) > 0 {
			x1, x2 = out[0], out[0] // a constant at the start is no step
		}
		for i, x := range out {
			y := b0*x + b1*x1 + b0*x2 - a1*y1 - a2*y2
			x2, x1, y2, y1 = x1, x, y1, y
			out[i] = y
		}
	}
	return out
}

// scaled brings the active level to the target; a silent input stays.
func scaled(x []float64) []float64 {
	level, ok := activeLevel(x)
	if !ok {
		return x
	}
	gain := math.Pow(10, (targetLevel-level)/20)
	out := make([]float64, len(x))
	for i, s := range x {
		out[i] = s * gain
	}
	return out
}

// limited keeps peaks under the limit with a gain that moves over 5 ms: the least gain of the window around, then smoothed
// over half of it, so that the smoothed gain never exceeds what a peak allows.
func limited(x []float64) []float64 {
	const half = outRate * 5 / 1000
	loud := false
	need := make([]float64, len(x))
	for i, s := range x {
		need[i] = 1
		if a := math.Abs(s); a > peakLimit {
			need[i], loud = peakLimit/a, true
		}
	}
	if !loud {
		return x
	}
	least := make([]float64, len(x))
	for i := range x {
		g := 1.0
		for j := max(0, i-half); j < min(len(x), i+half+1); j++ {
			g = min(g, need[j])
		}
		least[i] = g
	}
	out := make([]float64, len(x))
	for i := range x {
		sum, n := 0.0, 0
		for j := max(0, i-half/2); j < min(len(x), i+half/2+1); j++ {
			sum, n = sum+least[j], n+1
		}
		out[i] = x[i] * sum / float64(n)
	}
	return out
}

// fade raises the start over 10 ms and lowers the end over 20 ms, so that no clip clicks.
func fade(x []float64) {
	in, out := min(int(fadeIn*outRate), len(x)), min(int(fadeOut*outRate), len(x))
	for i := range in {
		x[i] *= float64(i) / float64(in)
	}
	for i := range out {
		x[len(x)-1-i] *= float64(i) / float64(out)
	}
}

// frame is 10 ms.
const frame = outRate / 100

// frameLevels gives the level in dBov of each 10 ms.
func frameLevels(x []float64) []float64 {
	out := make([]float64, len(x)/frame)
	for i := range out {
		sum := 0.0
		for _, s := range x[i*frame : (i+1)*frame] {
			sum += s * s
		}
		out[i] = 10 * math.Log10(sum/frame+1e-12)
	}
	return out
}

// trim leaves 40 ms before the first and 120 ms after the last loud frame, adding silence where there was less.
func trim(x []float64) []float64 {
	levels := frameLevels(x)
	first, last := -1, -1
	for i, l := range levels {
		if l > quietFrame {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		return x
	}
	lead, tail := int(leadKept*outRate), int(tailKept*outRate)
	from, till := first*frame-lead, (last+1)*frame+tail
	out := make([]float64, till-from)
	for i := range out {
		if j := from + i; j >= 0 && j < len(x) {
			out[i] = x[j]
		}
	}
	return out
}
