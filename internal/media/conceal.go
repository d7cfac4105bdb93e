package media

import "math"

// The shape of concealment, after ITU-T G.711 Appendix I: the last pitch period is repeated, it fades from 10 ms on and is silent
// after 60 ms, and the seams overlap.
const (
	pitchMin  = 40               // samples: 200 Hz
	pitchMax  = 120              // 66 Hz
	pastSize  = 3 * pitchMax     // what is remembered
	fade      = 40               // samples of a seam: 5 ms
	fullFor   = 10 * Rate / 1000 // samples at full level
	silentIn  = 60 * Rate / 1000 // samples until silence
	alikeSpan = pitchMax         // samples that are compared
)

// concealer remembers what was played and makes up what is missing from it.
type concealer struct {
	past   [pastSize]byte
	period [pitchMax]float32
	pitch  int // of period
	gone   int // samples made up in a row; 0: none
	back   int // samples since real sound came back, in the seam
}

// keep remembers a frame that was played.
func (c *concealer) keep(f *Frame) {
	copy(c.past[:], c.past[FrameSize:])
	copy(c.past[pastSize-FrameSize:], f[:])
}

// busy tells that the seam after a loss goes on.
func (c *concealer) busy() bool { return c.gone > 0 }

func (c *concealer) forget() { c.gone, c.back = 0, 0 }

// mend fills in the samples that are not there; the frame begins at ts of a ring of which have tells what came.
func (c *concealer) mend(f *Frame, have *[ringSize]bool, ts uint32) {
	for i := range f {
		if !have[(ts+uint32(i))%ringSize] {
			if c.gone == 0 {
				c.begin(f[:i])
			}
			c.back = 0
			f[i] = EncodeALaw(int16(c.next() * 32768))
			continue
		}
		if c.gone == 0 {
			continue
		}
		if c.back++; c.back >= fade {
			c.forget()
			continue
		}
		w := float32(c.back) / fade
		f[i] = EncodeALaw(int16((c.next()*(1-w) + linear[f[i]]*w) * 32768))
	}
}

// begin takes the last pitch period of what was played (and of this frame so far).
func (c *concealer) begin(sofar []byte) {
	var x [pastSize]float32
	n := copyLinear(x[:pastSize-len(sofar)], c.past[len(sofar):])
	copyLinear(x[n:], sofar)
	// Backwards, so that the newest samples are the ones compared.
	var back [pastSize]float32
	for i := range x {
		back[i] = x[pastSize-1-i]
	}
	c.pitch = alike(back[:], pitchMin, pitchMax)
	last := x[pastSize-c.pitch:]
	copy(c.period[:], last)
	// The end of the period is blended with what came before its beginning, so that it repeats without a seam.
	seam := min(fade, c.pitch/2)
	for i := range seam {
		w := float32(i+1) / float32(seam+1)
		k := c.pitch - seam + i
		c.period[k] = last[k]*(1-w) + x[pastSize-2*c.pitch+k]*w
	}
	c.gone, c.back = 0, 0
}

// next is one sample that is made up.
func (c *concealer) next() float32 {
	v := c.period[c.gone%c.pitch]
	c.gone++
	switch {
	case c.gone >= silentIn:
		return 0
	case c.gone > fullFor:
		v *= float32(silentIn-c.gone) / (silentIn - fullFor)
	}
	return v
}

func copyLinear(to []float32, from []byte) int {
	for i := range to {
		to[i] = linear[from[i]]
	}
	return len(to)
}

// alike gives the lag from least to most at which sound is most like its own beginning.
func alike(x []float32, least, most int) int {
	best, at := float32(-1), least
	n := min(alikeSpan, len(x)-most)
	for lag := least; lag <= most; lag++ {
		var dot, power float32
		for i := range n {
			dot += x[i] * x[i+lag]
			power += x[i+lag] * x[i+lag]
		}
		if dot <= 0 || power == 0 {
			continue
		}
		if m := dot / float32(math.Sqrt(float64(power))); m > best {
			best, at = m, lag
		}
	}
	return at
}

// comfort is the noise of a far end that sends none while its party is silent (RFC 3389): without it the line seems dead.
type comfort struct {
	amplitude float32
	seed      uint32
	last      float32
}

func (c *comfort) on() bool { return c != nil && c.amplitude > 0 }

// set takes a comfort noise payload: its level in -dBov. The spectrum, if any, is left alone: a soft hiss serves.
func (c *comfort) set(payload []byte) {
	if len(payload) == 0 {
		return
	}
	level := max(30, float64(payload[0]&0x7F)) // nobody's background is louder; a lying sender is not either
	c.amplitude = float32(math.Pow(10, -level/20))
}

func (c *comfort) off() { c.amplitude = 0 }

func (c *comfort) fill(f *Frame) {
	for i := range f {
		c.seed = c.seed*1664525 + 1013904223
		white := float32(int32(c.seed)) / (1 << 31) * c.amplitude * 3 // a uniform sample is 1/sqrt(3) of its bound, the filter takes the rest
		c.last += (white - c.last) / 2
		f[i] = EncodeALaw(int16(c.last * 32768))
	}
}
