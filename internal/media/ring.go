package media

// ring puts a stream's packets in order for listeners (a recorder, a tone check): written by timestamp, read by the clock.
// What never came reads as silence; a new SSRC or a jump starts it afresh, or the listener would hear nothing from then on.
type ring struct {
	sound [ringSize]byte
	read  uint32 // timestamp of the next sample to be read
	ahead uint32 // end of the newest sample written
	ssrc  uint32
	late  int
	open  bool
}

const (
	ringSize  = 4096 // 512 ms, a power of two
	ringDelay = 3 * FrameSize
	ringLate  = 5 // late packets in a row that mean a jump back
)

// put writes a payload of A-law; law is a conversion table or empty.
func (r *ring) put(ssrc, ts uint32, payload []byte, law string) {
	if len(payload) > ringSize/2 {
		return
	}
	ahead := int32(ts - r.read)
	if !r.open || ssrc != r.ssrc || ahead+int32(len(payload)) > ringSize || ahead < -ringSize || r.late >= ringLate {
		r.reset(ssrc, ts)
	}
	late := uint32(0)
	if d := int32(ts - r.read); d < 0 {
		late = uint32(-d)
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
		r.sound[(ts+uint32(i))%ringSize] = b
	}
	if end := ts + uint32(len(payload)); int32(end-r.ahead) > 0 {
		r.ahead = end
	}
}

func (r *ring) reset(ssrc, ts uint32) {
	for i := range r.sound {
		r.sound[i] = alawSilence
	}
	r.read, r.ahead, r.ssrc, r.late, r.open = ts-ringDelay, ts, ssrc, 0, true
}

// pull reads the next 20 ms.
func (r *ring) pull(f *Frame) {
	if !r.open {
		f.hush()
		return
	}
	for i := range f {
		at := (r.read + uint32(i)) % ringSize
		f[i] = r.sound[at]
		r.sound[at] = alawSilence
	}
	r.read += FrameSize
}

// waiting tells how many samples are written and not read: what a recording must still fetch when it ends.
func (r *ring) waiting() int {
	if !r.open {
		return 0
	}
	return max(0, int(int32(r.ahead-r.read)))
}
