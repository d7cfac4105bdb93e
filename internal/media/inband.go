package media

import (
	"math"
	"math/cmplx"
)

// In-band keys (ITU-T Q.23, Q.24), for far ends that neither agreed on telephone-event nor send INFO. Blocks of 102 samples are
// the usual compromise: 78 Hz wide, so that the 1.5 % by which a tone may be off still count, and two of them in 40 ms. They
// overlap by half, and the turn of the phase from one to the next tells the frequency to a few hertz: music is full of notes that
// are nearly a key.
const (
	toneBlock  = 102
	toneHop    = toneBlock / 2
	tonePair   = 2 * toneBlock
	toneOff    = 0.017 // most by which a tone may be off: Q.24 wants 1.5 %, and G5 is 1.8 % from 770 Hz
	toneHits   = 3     // pairs of blocks in a row that make a key: about 32 ms
	toneMisses = 5     // and that end it: about 30 ms; an interruption of 10 ms does not
	tonePurity = 0.62  // least share of the block's power in the two tones; speech has harmonics and noise beside them
	toneSwell  = 1.6   // most by which a tone may grow or fade from one block to the next (4 dB)
	toneTwist  = 10.0  // most by which the low tone may be the louder in power: Q.24 wants 8 dB
	toneTwistH = 4.0   // and the high one: Q.24 wants 4 dB; lines damp it more
	toneLead   = 4.0   // least by which a tone stands out of its group, in power (6 dB)
	toneFloor  = 6e-5  // least mean power of a block (-42 dBov): Q.24 wants 25 dB below the usual level to be heard
)

// toneHz are the low group and the high group; tonePad the keys where they cross.
var toneHz = [8]float64{697, 770, 852, 941, 1209, 1336, 1477, 1633}

const tonePad = "123A456B789C*0#D"

// toneStep are Goertzel's coefficients.
var toneStep = func() (k [8]float32) {
	for i, hz := range toneHz {
		k[i] = float32(2 * math.Cos(2*math.Pi*hz/Rate))
	}
	return k
}()

// hann is Hann's window over a block.
var hann = func() (v [toneBlock]float32) {
	for i := range v {
		v[i] = float32(0.5 - 0.5*math.Cos(2*math.Pi*(float64(i)+0.5)/toneBlock))
	}
	return v
}()

// linear are the A-law steps as shares of full scale.
var linear = func() (v [256]float32) {
	for i := range v {
		v[i] = float32(DecodeALaw(byte(i))) / 32768
	}
	return v
}()

// toneEar hears keys in a stream of sound.
type toneEar struct {
	pair   [tonePair]float32 // two blocks
	n      int
	begun  bool
	seq    uint16
	next   uint32 // timestamp that should come
	down   byte   // the key that is pressed; 0: none
	cand   byte
	hits   int
	misses int
}

// hear takes one packet of A-law (table: a conversion from another law, or empty) and tells the key that was pressed in it.
// still: a key is down.
func (t *toneEar) hear(h *packet, table string) (key byte, still byte) {
	if t.begun && int32(h.ts-t.next) < 0 && int32(h.ts-t.next) > -Rate {
		return 0, t.down // doubled or late
	}
	if t.begun && h.ts != t.next && h.seq == t.seq+1 {
		t.pause() // the sender was silent by itself; where packets were lost, the key may still be down
	}
	t.begun, t.seq, t.next = true, h.seq, h.ts+uint32(len(h.payload))
	for _, b := range h.payload {
		if table != "" {
			b = table[b]
		}
		t.pair[t.n] = linear[b]
		if t.n++; t.n == tonePair {
			if k := t.judge(keyIn(&t.pair)); k != 0 {
				key = k
			}
			t.n = copy(t.pair[:], t.pair[toneHop:])
		}
	}
	return key, t.down
}

func (t *toneEar) pause() {
	t.n, t.down, t.cand, t.hits, t.misses = 0, 0, 0, 0, 0
}

// judge makes presses of the keys of single blocks. sure: it can be a key's beginning.
func (t *toneEar) judge(k byte, sure bool) (pressed byte) {
	switch {
	case t.down == 0:
	case k == t.down:
		t.misses = 0
		return 0
	default:
		if t.misses++; t.misses >= toneMisses {
			t.down = 0
		}
	}
	if !sure || k != t.cand {
		t.cand, t.hits = k, 0
	}
	if !sure {
		return 0
	}
	if t.hits++; t.hits >= toneHits && t.down == 0 {
		t.down, t.misses = k, 0
		return k
	}
	return 0
}

// keyIn tells which key's two tones the later of two blocks consists of (0: none), and whether they are steady and exact.
func keyIn(pair *[tonePair]float32) (key byte, sure bool) {
	block := pair[toneBlock:]
	energy := float32(0)
	for _, v := range block {
		energy += v * v
	}
	if energy < toneFloor*toneBlock {
		return 0, false
	}
	var p [8]float32
	for i, k := range toneStep {
		s1, s2 := goertzel(block, k)
		p[i] = s1*s1 + s2*s2 - k*s1*s2
	}
	lo, hi := loudest(p[:4]), loudest(p[4:])
	if lo < 0 || hi < 0 || hi == 3 { // no telephone has the keys A to D, but voices come near them
		return 0, false
	}
	a, b := p[lo], p[4+hi]
	if a > b*toneTwist || b > a*toneTwistH || a+b < energy*toneBlock/2*tonePurity {
		return 0, false
	}
	return tonePad[4*lo+hi], exact(pair, lo) && exact(pair, 4+hi)
}

func goertzel(block []float32, k float32) (s1, s2 float32) {
	for _, v := range block {
		s1, s2 = v+k*s1-s2, s1
	}
	return s1, s2
}

// exact tells that the i-th tone is steady and on its frequency, by its power in the two blocks and the turn of its phase from
// one to the other. Hann's window keeps the other tone out of it.
func exact(pair *[tonePair]float32, i int) bool {
	w := 2 * math.Pi * toneHz[i] / Rate
	var z [2]complex128
	var block [toneBlock]float32
	for n := range z {
		for k, v := range pair[n*toneBlock : (n+1)*toneBlock] {
			block[k] = v * hann[k]
		}
		s1, s2 := goertzel(block[:], toneStep[i])
		z[n] = complex(float64(s1)-float64(s2)*math.Cos(w), float64(s2)*math.Sin(w))
	}
	turn := cmplx.Phase(z[1] * cmplx.Conj(z[0]) * cmplx.Rect(1, -w*toneBlock))
	swell := cmplx.Abs(z[1]) / (cmplx.Abs(z[0]) + 1e-9)
	return math.Abs(turn) <= toneOff*w*toneBlock && swell <= toneSwell && swell >= 1/toneSwell
}

// loudest gives the tone that stands out of its group, or -1.
func loudest(p []float32) int {
	best := 0
	for i, v := range p {
		if v > p[best] {
			best = i
		}
	}
	for i, v := range p {
		if i != best && v*toneLead > p[best] {
			return -1
		}
	}
	return best
}
