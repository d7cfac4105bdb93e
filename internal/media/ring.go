package media

// ring is the jitter buffer of those who are an ear (a mix, a recorder, a tone check): written by timestamp, read by the clock. A
// bridge does without. It holds the sound back for 20 to 120 ms: as little as the net allows, more when packets come late. Lost
// sound is concealed, and drifting clocks are followed by leaving out or adding a little. A new SSRC or a jump starts it afresh,
// or the listener would hear nothing from then on.
type ring struct {
	sound [ringSize]byte
	have  [ringSize]bool
	read  uint32 // timestamp of the next sample to be read
	ahead uint32 // end of the newest sample written
	ssrc  uint32
	late  int
	open  bool
	count int       // packets in the present span
	least [2]int32  // by how much the latest packet was early, in samples: last span, this span
	most  [2]int32  // and the earliest one
	past  concealer // what was played
	noise *comfort  // what a silent sender wants to be heard; may be nil
}

func newRing(noise *comfort) *ring {
	r := &ring{noise: noise}
	for i := range r.past.past {
		r.past.past[i] = alawSilence
	}
	return r
}

const (
	ringSize  = 4096 // 512 ms, a power of two
	ringDelay = 3 * FrameSize
	ringLate  = 5             // late packets in a row that mean a jump back
	ringMin   = FrameSize     // what the latest packet should be early by
	ringMax   = 6 * FrameSize // most that any packet is held back
	ringSpan  = 100           // packets over which lateness is judged
	ringNever = 1 << 20
)

// put writes a payload of A-law; law is a conversion table or empty.
func (r *ring) put(ssrc, ts uint32, payload []byte, law string) {
	if len(payload) > ringSize/2 || len(payload) == 0 {
		return
	}
	ahead := int32(ts - r.read)
	dry := r.open && int32(r.ahead-r.read) <= 0
	if !r.open || ssrc != r.ssrc || ahead+int32(len(payload)) > ringSize || ahead < -ringSize || r.late >= ringLate || dry && ahead > ringMax {
		r.reset(ssrc, ts)
		ahead = ringDelay
	}
	ahead += r.stretch(ahead)
	r.judge(ahead)
	late := uint32(0)
	if ahead < 0 {
		late = uint32(-ahead)
		if late >= uint32(len(payload)) {
			r.late++
			return
		}
	}
	r.late = 0
	for i := int(late); i < len(payload); i++ {
		b := payload[i]
		if law != "" {
			b = law[b]
		}
		at := (ts + uint32(i)) % ringSize
		r.sound[at], r.have[at] = b, true
	}
	if end := ts + uint32(len(payload)); int32(end-r.ahead) > 0 {
		r.ahead = end
	}
}

// reset begins with a new stream.
func (r *ring) reset(ssrc, ts uint32) {
	r.have = [ringSize]bool{}
	r.read, r.ahead, r.ssrc, r.late, r.open, r.count = ts-ringDelay, ts, ssrc, 0, true, 0
	r.least, r.most = [2]int32{ringNever, ringNever}, [2]int32{-ringNever, -ringNever}
}

// stretch holds everything back for longer when a packet comes too late, as far as the bound allows: what is missing meanwhile is
// concealed. It tells by how much.
func (r *ring) stretch(ahead int32) int32 {
	if ahead >= 0 {
		return 0
	}
	step := (-ahead + FrameSize - 1) / FrameSize * FrameSize
	if held := max(r.most[0], r.most[1]); held > -ringNever && held+step > ringMax || step > ringMax {
		return 0
	}
	r.read -= uint32(step)
	for i := range r.least {
		r.least[i] += step
		r.most[i] += step
	}
	return step
}

// judge keeps how early packets come.
func (r *ring) judge(ahead int32) {
	if r.count++; r.count > ringSpan {
		r.count = 1
		r.least[0], r.most[0] = r.least[1], r.most[1]
		r.least[1], r.most[1] = ringNever, -ringNever
	}
	r.least[1], r.most[1] = min(r.least[1], ahead), max(r.most[1], ahead)
}

// pull reads the next 20 ms.
func (r *ring) pull(f *Frame) {
	if !r.open {
		r.rest(f)
		return
	}
	if r.spare() && r.shrink(f) {
		return
	}
	missing := 0
	for i := range f {
		at := (r.read + uint32(i)) % ringSize
		f[i] = r.sound[at]
		if !r.have[at] {
			missing++
		}
	}
	switch {
	case missing == FrameSize && r.noise.on() && int32(r.ahead-r.read) <= 0:
		r.past.forget()
		r.noise.fill(f)
	case missing > 0 || r.past.busy():
		r.past.mend(f, &r.have, r.read)
	}
	r.past.keep(f)
	r.forget(FrameSize)
}

// rest is what is heard while nothing has come.
func (r *ring) rest(f *Frame) {
	if f.hush(); r.noise.on() {
		r.noise.fill(f)
	}
}

func (r *ring) forget(n uint32) {
	for i := range n {
		r.have[(r.read+i)%ringSize] = false
	}
	r.read += n
}

// spare tells that for two spans everything has been early by more than it needs to be.
func (r *ring) spare() bool {
	return r.count == ringSpan && r.least[0] != ringNever && min(r.least[0], r.least[1]) > 2*ringMin
}

// shrink leaves a piece of about one pitch out, where the sound is most alike before and after it.
func (r *ring) shrink(f *Frame) bool {
	var x [2 * FrameSize]float32
	for i := range x {
		at := (r.read + uint32(i)) % ringSize
		if !r.have[at] {
			return false
		}
		x[i] = linear[r.sound[at]]
	}
	lag := alike(x[:], pitchMin, ringMin)
	for i := range f {
		v := x[lag+i]
		if w := float32(i) / fade; w < 1 {
			v = v*w + x[i]*(1-w)
		}
		f[i] = EncodeALaw(int16(v * 32768))
	}
	r.past.keep(f)
	r.forget(uint32(FrameSize + lag))
	for i := range r.least {
		r.least[i] -= int32(lag)
		r.most[i] -= int32(lag)
	}
	r.count = 1
	return true
}

// waiting tells how many samples are written and not read: what a recording must still fetch when it ends.
func (r *ring) waiting() int {
	if !r.open {
		return 0
	}
	return max(0, int(int32(r.ahead-r.read)))
}
