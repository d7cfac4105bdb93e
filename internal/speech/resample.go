package speech

import "math"

// Kaiser window: 80 dB of stop band; 32 zero crossings to a side give a transition of some 620 Hz around the cutoff, so the
// band is flat to 3,3 kHz and closed at 4 kHz.
const (
	kaiserBeta = 7.857
	crossings  = 32
	cutoffHz   = 3650.0
)

// resample brings a sound to 8 kHz with a polyphase windowed-sinc filter.
func resample(in []float64, rate int) []float64 {
	if rate == outRate || len(in) == 0 {
		return in
	}
	g := gcd(rate, outRate)
	up, down := outRate/g, rate/g
	ratio := math.Max(1, float64(rate)/outRate)
	half := int(math.Ceil(crossings * ratio))
	bank := filterBank(up, half, rate)
	out := make([]float64, (len(in)*up+down-1)/down)
	for n := range out {
		pos := n * down
		centre, taps := pos/up, bank[pos%up]
		from := centre - half + 1
		sum := 0.0
		lo, hi := max(0, -from), min(len(taps), len(in)-from)
		for k := lo; k < hi; k++ {
			sum += taps[k] * in[from+k]
		}
		out[n] = sum
	}
	return out
}

// filterBank makes the taps of every phase; each phase sums to 1, so DC and level pass unchanged.
func filterBank(up, half, rate int) [][]float64 {
	fc := math.Min(cutoffHz, 0.4563*float64(rate)) / float64(rate)
	bank := make([][]float64, up)
	for p := range bank {
		taps := make([]float64, 2*half)
		frac, sum := float64(p)/float64(up), 0.0
		for k := range taps {
			t := float64(k-half+1) - frac
			taps[k] = 2 * fc * sinc(2*fc*t) * kaiser(t/float64(half))
			sum += taps[k]
		}
		for k := range taps {
			taps[k] /= sum
		}
		bank[p] = taps
	}
	return bank
}

// sinc is sin(πx)/πx.
func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// kaiser is the window at x in −1…1.
func kaiser(x float64) float64 {
	if x <= -1 || x >= 1 {
		return 0
	}
	return bessel(kaiserBeta*math.Sqrt(1-x*x)) / bessel(kaiserBeta)
}

// bessel is the modified Bessel function of the first kind, order 0.
func bessel(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; k < 50; k++ {
		term *= (x / 2 / k) * (x / 2 / k)
		sum += term
	}
	return sum
}

// gcd is the greatest common divisor.
func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
