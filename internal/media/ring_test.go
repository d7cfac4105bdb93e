package media

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// netted is a sender and a net in front of a ring, in virtual time: packets come when the net wants, frames are pulled every 20 ms.
type netted struct {
	r     *ring
	ppm   float64                  // by which the sender's clock is fast
	late  func(i int) (ms float64) // what the net adds; below zero: lost
	tone  Source
	heard []byte
	delay []time.Duration // of every frame: how long its sound was held back
}

// run plays for d.
func (s *netted) run(d time.Duration, keep bool) {
	type arrival struct {
		at float64
		ts uint32
		f  Frame
	}
	var waiting []arrival
	var f Frame
	next, n := 0.0, 0
	for now := 0.0; now < d.Seconds()*1000; now += 20 {
		for ; next <= now; n++ {
			s.tone.Next(&f)
			if ms := s.late(n); ms >= 0 {
				waiting = append(waiting, arrival{next + ms, uint32(n * FrameSize), f})
			}
			next = float64(n+1) * 20 / (1 + s.ppm/1e6)
		}
		rest := waiting[:0]
		for _, a := range waiting {
			if a.at <= now {
				s.r.put(1, a.ts, a.f[:], "")
			} else {
				rest = append(rest, a)
			}
		}
		waiting = rest
		s.r.pull(&f)
		if keep {
			s.heard = append(s.heard, f[:]...)
		}
		sent := now / 20 * FrameSize * (1 + s.ppm/1e6)
		s.delay = append(s.delay, time.Duration((sent-float64(s.r.read)+FrameSize)*float64(time.Second)/Rate))
	}
}

// worst is the longest and shortest delay from frame number from on.
func (s *netted) worst(from int) (least, most time.Duration) {
	least = time.Hour
	for _, d := range s.delay[from:] {
		least, most = min(least, d), max(most, d)
	}
	return least, most
}

// TestRingAdapts: on a good net the delay comes down, on a bad one it grows so that nothing is lost, and it stays within bounds.
func TestRingAdapts(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	calm := &netted{r: newRing(nil), late: func(int) float64 { return 5 }, tone: Tone(400, -1, -15)}
	calm.run(30*time.Second, false)
	if _, most := calm.worst(20 * 50); most > 65*time.Millisecond {
		t.Errorf("a calm net: held back for %s", most)
	}
	rough := &netted{r: newRing(nil), late: func(int) float64 { return rnd.Float64() * 90 }, tone: Tone(400, -1, -15)}
	rough.run(30*time.Second, true)
	if least, most := rough.worst(20 * 50); most > 160*time.Millisecond || least < 70*time.Millisecond {
		t.Errorf("a rough net: held back for %s to %s", least, most)
	}
	if l := ToneLevel(rough.heard[20*Rate:21*Rate], 400); math.Abs(l+15) > 0.5 {
		t.Errorf("a rough net: the tone is heard at %.1f dBov", l)
	}
	awful := &netted{r: newRing(nil), late: func(i int) float64 { return float64(i%100/90) * 400 }, tone: Tone(400, -1, -15)}
	awful.run(30*time.Second, false)
	if _, most := awful.worst(0); most > 220*time.Millisecond {
		t.Errorf("an awful net: held back for %s", most)
	}
}

// TestDrift: an hour with clocks that differ by 100 ppm either way; the delay neither grows nor does sound get lost.
func TestDrift(t *testing.T) {
	for _, ppm := range []float64{100, -100} {
		s := &netted{r: newRing(nil), ppm: ppm, late: func(int) float64 { return 2 }, tone: NewClip(nil)}
		s.run(time.Hour, false)
		least, most := s.worst(60 * 50)
		if least < 0 || most > 90*time.Millisecond {
			t.Errorf("%+.0f ppm: held back for %s to %s", ppm, least, most)
		}
		t.Logf("%+.0f ppm over an hour: held back for %s to %s", ppm, least, most)
	}
}

// TestConcealment: a tone over a net that loses 5 % has no clicks: no step between samples is greater than the tone's own steps, and
// its level stays. Without loss it passes bit by bit.
func TestConcealment(t *testing.T) {
	for _, hz := range []float64{130, 400, 997} {
		rnd := rand.New(rand.NewPCG(5, 7))
		lost := 0
		s := &netted{r: newRing(nil), tone: Tone(hz, -1, -15), late: func(int) float64 {
			if rnd.IntN(20) == 0 {
				lost++
				return -1
			}
			return 2
		}}
		s.run(20*time.Second, true)
		amp := 32768 * math.Pow(10, -15.0/20) * math.Sqrt2
		own := amp * 2 * math.Pi * hz / Rate
		worst, at := 0.0, 0
		sound := s.heard[Rate/2:]
		for i := 1; i < len(sound); i++ {
			if d := math.Abs(float64(DecodeALaw(sound[i])) - float64(DecodeALaw(sound[i-1]))); d > worst {
				worst, at = d, i
			}
		}
		if bound := own*1.6 + amp*0.04; worst > bound { // A-law's own steps are a 32nd of the amplitude
			t.Errorf("%.0f Hz: a step of %.0f at %.3f s, the tone's own are %.0f", hz, worst, float64(at)/Rate, own)
		}
		quiet := 0
		for i := 0; i+FrameSize <= len(sound); i += FrameSize {
			if Level(sound[i:i+FrameSize]) < -19 {
				quiet++
			}
		}
		if lost < 30 || quiet > 8 {
			t.Errorf("%.0f Hz: %d packets lost, %d frames too quiet", hz, lost, quiet)
		}
	}
}

// TestConcealmentFades: a lost second is silence after 60 ms, not a machine's hum.
func TestConcealmentFades(t *testing.T) {
	s := &netted{r: newRing(nil), tone: Tone(400, -1, -15), late: func(i int) float64 {
		if i > 100 {
			return -1
		}
		return 2
	}}
	s.run(4*time.Second, true)
	if l := Level(s.heard[3*Rate:]); l > -60 {
		t.Errorf("%.1f dBov", l)
	}
}

// TestComfortNoise: RFC 3389. A far end that is silent by itself is a soft hiss, not a dead line: to a recorder, to a bridged leg,
// and to the watch that ends dead calls.
func TestComfortNoise(t *testing.T) {
	d := newDesk(t)
	a, b := d.party(500), d.party(900)
	Bridge(a.p, b.p)
	var heard []byte
	a.p.Listen(sinkFunc(func(f *Frame) { heard = append(heard, f[:]...) }))
	d.talk(20, a, b)
	k := a.k
	cn := k.say([]byte{50})
	cn[1] = ptComfortNoise
	a.w.in = append(a.w.in, mailed{cn, farAddr})
	b.heard, heard = nil, nil
	for range 60 * 50 {
		d.ticks(1)
		for _, k := range b.w.packets(t) {
			b.heard = append(b.heard, k.payload...)
		}
	}
	for what, sound := range map[string][]byte{"listener": heard, "bridge": b.heard} {
		if l := Level(sound[Rate:]); l < -52 || l > -48 {
			t.Errorf("%s: noise at %.1f dBov, want -50", what, l)
		}
	}
	if isClosed(a.p.Silent()) {
		t.Error("who is silent by itself was ended after a minute")
	}
	if !isClosed(b.p.Silent()) {
		t.Error("who vanished was not")
	}
	d.ticks(70 * 50)
	if !isClosed(a.p.Silent()) {
		t.Error("silent for ever")
	}
}

// TestLimiter: loud voices together do not clip, and quiet ones are not changed.
func TestLimiter(t *testing.T) {
	d := newDesk(t)
	a, b, c := d.party(500), d.party(730), d.party(1300)
	for _, x := range []*party{a, b} {
		x.tone = Tone(x.hz, -1, -5)
	}
	c.tone = Silence(-1)
	m := NewMix()
	m.Hear(c.p, a.p, b.p)
	d.talk(100, a, b, c)
	sound := c.heard[Rate:]
	peak := 0
	for _, v := range sound {
		peak = max(peak, abs(int(DecodeALaw(v))))
	}
	if peak > 30000 || peak < 24000 {
		t.Errorf("peak %d", peak)
	}
	if h := ToneLevel(sound, 270); h > -45 { // 2·500-730: what clipping makes
		t.Errorf("distortion at %.1f dBov", h)
	}
	for _, x := range []*party{a, b} {
		x.tone = Tone(x.hz, -1, -20)
	}
	d.talk(150, a, b, c)
	if l := ToneLevel(c.heard[2*Rate:], 500); math.Abs(l+20) > 0.3 {
		t.Errorf("a quiet voice at %.1f dBov", l)
	}
}
