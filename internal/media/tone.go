package media

import "math"

// ToneLevel tells how loud the frequency hz is in A-law sound, as dBov of a sine of that frequency (Goertzel); -127 for none.
// A pure tone made by Tone(hz, d, level) measures level. For tests of who hears whom, and for the self test.
func ToneLevel(alaw []byte, hz float64) (dB float64) {
	if len(alaw) == 0 {
		return floorLevel
	}
	w := 2 * math.Pi * hz / Rate
	k := 2 * math.Cos(w)
	var s1, s2 float64
	for _, b := range alaw {
		s1, s2 = float64(DecodeALaw(b))+k*s1-s2, s1
	}
	n := float64(len(alaw))
	amp := 2 * math.Sqrt(math.Max(0, s1*s1+s2*s2-k*s1*s2)) / n
	return dBov(amp / math.Sqrt2)
}

// Level is the root mean square of A-law sound in dBov; -127 for silence or nothing.
func Level(alaw []byte) float64 {
	if len(alaw) == 0 {
		return floorLevel
	}
	sum := 0.0
	for _, b := range alaw {
		v := float64(DecodeALaw(b))
		sum += v * v
	}
	return dBov(math.Sqrt(sum / float64(len(alaw))))
}

const floorLevel = -127

func dBov(rms float64) float64 {
	if rms <= 0 {
		return floorLevel
	}
	return math.Max(floorLevel, 20*math.Log10(rms/32768))
}
