package media

import (
	"math"
	"time"
)

// NewClip plays the A-law bytes once; the last frame is filled up with silence.
func NewClip(alaw []byte) Source { return &clip{rest: alaw} }

type clip struct{ rest []byte }

func (c *clip) Next(f *Frame) bool {
	if len(c.rest) == 0 {
		return false
	}
	n := copy(f[:], c.rest)
	c.rest = c.rest[n:]
	for i := n; i < FrameSize; i++ {
		f[i] = alawSilence
	}
	return true
}

// Loop plays the A-law bytes for ever, without a seam at the joint.
func Loop(alaw []byte) Source { return &loop{all: alaw} }

type loop struct {
	all []byte
	at  int
}

func (l *loop) Next(f *Frame) bool {
	if len(l.all) == 0 {
		return false
	}
	for n := 0; n < FrameSize; {
		c := copy(f[n:], l.all[l.at:])
		n += c
		l.at = (l.at + c) % len(l.all)
	}
	return true
}

// Silence plays nothing for d, rounded up to whole frames; below zero: for ever.
func Silence(d time.Duration) Source { return &silence{frames: frames(d)} }

type silence struct{ frames int }

func (s *silence) Next(f *Frame) bool {
	if s.frames == 0 {
		return false
	}
	if s.frames > 0 {
		s.frames--
	}
	f.hush()
	return true
}

// Tone plays a sine of hz for d (below zero: for ever) at a level in dBov; a sine can reach -3.01 dBov.
func Tone(hz float64, d time.Duration, dBov float64) Source {
	amp := math.Min(32767, 32768*math.Pow(10, dBov/20)*math.Sqrt2)
	return &tone{step: [2]float64{2 * math.Pi * hz / Rate}, amp: amp, frames: frames(d)}
}

// dualTone is the in-band sound of a key (ITU-T Q.23).
func dualTone(low, high float64, d time.Duration) Source {
	return &tone{step: [2]float64{2 * math.Pi * low / Rate, 2 * math.Pi * high / Rate}, amp: 6500, frames: frames(d)}
}

type tone struct {
	step, phase [2]float64
	amp         float64
	frames      int
}

func (t *tone) Next(f *Frame) bool {
	if t.frames == 0 {
		return false
	}
	if t.frames > 0 {
		t.frames--
	}
	for i := range f {
		v := math.Sin(t.phase[0])
		if t.step[1] > 0 {
			v += math.Sin(t.phase[1])
		}
		f[i] = EncodeALaw(int16(t.amp * v))
		for k := range t.phase {
			t.phase[k] = math.Mod(t.phase[k]+t.step[k], 2*math.Pi)
		}
	}
	return true
}

// Seq plays the sources one after the other.
func Seq(srcs ...Source) Source { return &seq{rest: srcs} }

type seq struct{ rest []Source }

func (s *seq) Next(f *Frame) bool {
	for len(s.rest) > 0 {
		if s.rest[0] != nil && s.rest[0].Next(f) {
			return true
		}
		s.rest = s.rest[1:]
	}
	return false
}

func frames(d time.Duration) int {
	if d < 0 {
		return -1
	}
	return int((d + FrameTime - 1) / FrameTime)
}

// hush fills f with silence.
func (f *Frame) hush() {
	for i := range f {
		f[i] = alawSilence
	}
}
