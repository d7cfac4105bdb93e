package speech

import "math"

// activeLevel is the active speech level in dBov after ITU-T P.56, method B: the envelope (two integrators of 30 ms) is
// compared with thresholds 6 dB apart with 200 ms of hangover; the level is where the active power lies 15,9 dB above its
// own threshold. False for silence.
func activeLevel(x []float64) (float64, bool) {
	const (
		margin     = 15.9
		thresholds = 15
		hangover   = outRate / 5
	)
	g := math.Exp(-1 / (outRate * 0.03))
	var active, hung [thresholds]int
	for j := range hung {
		hung[j] = hangover
	}
	var p, q, energy float64
	for _, s := range x {
		energy += s * s
		p = g*p + (1-g)*math.Abs(s)
		q = g*q + (1-g)*p
		for j := range thresholds {
			switch {
			case q >= threshold(j):
				active[j]++
				hung[j] = 0
			case hung[j] < hangover:
				active[j]++
				hung[j]++
			default:
				// A higher threshold cannot be exceeded, but its hangover runs on.
				continue
			}
		}
	}
	if energy/float64(max(1, len(x))) < 1e-10 {
		return 0, false
	}
	prevA, prevDelta := 0.0, 0.0
	for j := range thresholds {
		if active[j] == 0 {
			return prevA, j > 0
		}
		a := 10 * math.Log10(energy/float64(active[j]))
		c := 20 * math.Log10(threshold(j))
		delta := a - c
		if delta <= margin {
			if j == 0 {
				return a, true
			}
			// Between two thresholds the level is interpolated in dB.
			f := (prevDelta - margin) / (prevDelta - delta)
			return prevA + f*(a-prevA), true
		}
		prevA, prevDelta = a, delta
	}
	return prevA, true
}

// threshold is the j-th of P.56: powers of two from 2^-15.
func threshold(j int) float64 { return float64(int(1)<<j) / 32768 }
