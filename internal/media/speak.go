package media

import (
	"math"
	"sync/atomic"
	"time"
)

// stream is what we send to one leg.
type stream struct {
	track  PacketConn // OpenConn legs
	ssrc   uint32
	seq    uint16 // of the last packet
	clock  uint32 // timestamp of the present slot
	end    uint32 // timestamp behind what was sent last
	sent   bool
	marker bool          // the next packet begins a talk spurt
	early  bool          // this slot's frame has gone out ahead of its time
	moved  time.Duration // when the last packet was forwarded
	press  presser
	tones  Source
	buf    [rtpHeader + maxPacket]byte
}

// fillAfter is how long a bridged leg hears nothing before silence is sent to it, so that its own watch does not bite.
const fillAfter = 60 * time.Millisecond

// skip lets the clock run without sound, after a stall.
func (s *stream) skip(samples uint32) {
	s.clock += samples
	s.marker = true
}

// at gives the timestamp for sound that is due at clock: never one that was used.
func (s *stream) at(clock uint32) uint32 {
	if s.sent && int32(s.end-clock) > 0 {
		return s.end
	}
	return clock
}

func (p *Port) canSend() bool {
	if p.web {
		return p.out.track != nil
	}
	return p.terms.send && p.rtp != nil && p.latch.target().IsValid() && (p.credit != 0 || p.proved())
}

// tick is a leg's 20 ms.
func (p *Port) tick(t *thread, now time.Duration) {
	f := &t.frame
	p.listen(f)
	p.out.clock += FrameSize
	p.watch(now)
	p.tellReport(now)
	switch {
	case !p.canSend():
		p.out.marker, p.path.set = true, false
	case p.out.press.busy():
		p.pressKey()
	case p.out.early:
		p.out.early = false
	case p.peer != nil && p.play == nil && p.out.tones == nil:
		if now-p.out.moved >= fillAfter {
			if f.hush(); p.peer.noise.on() {
				p.peer.noise.fill(f)
			}
			p.sendFrame(f, p.out.clock)
		}
	default:
		p.nextFrame(f)
		p.sendFrame(f, p.out.clock)
	}
}

// nextFrame asks for the sound of this slot.
func (p *Port) nextFrame(f *Frame) {
	if p.out.tones != nil {
		if p.out.tones.Next(f) {
			return
		}
		p.out.tones = nil
	}
	if p.play != nil {
		if p.play.src.Next(f) {
			p.play.frames.Add(1)
			return
		}
		p.play.end(true)
	}
	if p.ear == nil || !p.ear.Next(f) {
		f.hush()
	}
}

// sendFrame sends 20 ms that are due at clock.
func (p *Port) sendFrame(f *Frame, clock uint32) {
	ts := p.out.at(clock)
	p.out.clock += ts - clock
	body := p.out.buf[rtpHeader:]
	if p.terms.law == uLaw {
		for i, b := range f {
			body[i] = ulawOfALaw[b]
		}
	} else {
		copy(body, f[:])
	}
	p.out.seq++
	p.send(p.terms.pt, p.out.marker, p.out.seq, ts, FrameSize)
	p.out.end, p.out.marker = ts+FrameSize, false
	if p.peer != nil {
		p.peer.path.set = false // what is forwarded next begins after this
	}
}

// send puts the header before a body of n bytes and sends it.
func (p *Port) send(pt uint8, marker bool, seq uint16, ts uint32, n int) {
	b := p.out.buf[:rtpHeader+n]
	putRTP(b, pt, marker, seq, ts, p.out.ssrc)
	p.out.sent = true
	if p.credit > 0 && !p.proved() {
		p.credit--
	}
	var err error
	if s := p.terms.srtp; s != nil {
		if b, err = s.seal(p.owner.Load().sealed[:], b); err != nil {
			return
		}
	}
	if p.web {
		err = p.out.track.WriteRTP(b)
	} else {
		err = p.rtp.Send(b, p.latch.target())
	}
	if err == nil {
		p.meter.sent.Store(p.meter.sent.Load() + 1)
	}
}

// pressKey sends this slot's part of a key.
func (p *Port) pressKey() {
	p.out.early = false
	ts, marker, send := p.out.press.press(p.out.at(p.out.clock), p.out.buf[rtpHeader:])
	if send && p.terms.dtmfOut != 0 {
		p.out.seq++
		p.send(p.terms.dtmfOut, marker, p.out.seq, ts, 4)
		p.out.end = ts + pressFrames*FrameSize
	}
	p.out.marker = true
	if p.peer != nil {
		p.peer.path.set = false
	}
}

// startNow sends the first frame of a prompt ahead of its slot, and leaves that slot empty: nobody waits, and the stream does
// not run ahead of its clock.
func (p *Port) startNow(t *thread) {
	if !p.canSend() || p.out.early || p.out.press.busy() || p.out.tones != nil {
		return
	}
	if !p.play.src.Next(&t.frame) {
		p.play.end(true)
		return
	}
	p.play.frames.Add(1)
	p.sendFrame(&t.frame, p.out.clock+FrameSize)
	p.out.early = true
}

// Playback is one Play going on.
type Playback struct {
	p        *Port
	src      Source
	done     chan struct{}
	frames   atomic.Int64
	finished atomic.Bool
	over     bool // tick thread only
}

// Play replaces what is played to the leg; the first frame goes out at once. On a bridged leg it takes the place of the other
// party's sound until it ends or is stopped.
func (p *Port) Play(srcs ...Source) *Playback {
	b := &Playback{p: p, src: Seq(srcs...), done: make(chan struct{})}
	p.do(func(t *thread, _ time.Duration) {
		if p.play != nil {
			p.play.end(false)
		}
		p.play = b
		if p.shutDown {
			b.end(false)
			return
		}
		p.out.marker = true
		p.startNow(t)
	})
	return b
}

// end is the end of a playback, on its thread.
func (b *Playback) end(finished bool) {
	if b.p.play == b {
		b.p.play = nil
	}
	if b.over {
		return
	}
	b.over = true
	b.finished.Store(finished)
	close(b.done)
}

// Done is closed when the sources have ended or something else took their place.
func (b *Playback) Done() <-chan struct{} { return b.done }

// Played tells how much was sent so far.
func (b *Playback) Played() time.Duration { return time.Duration(b.frames.Load()) * FrameTime }

// Finished tells whether the sources were played to their end.
func (b *Playback) Finished() bool { return b.finished.Load() }

// Stop ends it; the leg then hears silence, or the party that it is bridged with.
func (b *Playback) Stop() {
	b.p.do(func(*thread, time.Duration) { b.end(false) })
}

// measure keeps the level of one packet.
func (p *Port) measure(payload []byte, l law) {
	power := &p.owner.Load().power
	sum := float32(0)
	for _, b := range payload {
		if l == uLaw {
			b = alawOfULaw[b]
		}
		sum += power[b]
	}
	level := dBov(math.Sqrt(float64(sum) / float64(len(payload))))
	p.meter.level.Store(math.Float64bits(level))
}

// sendable tells whether the other party's packets may go out to this leg now.
func (p *Port) sendable() bool {
	return p.canSend() && p.play == nil && p.out.tones == nil && !p.out.press.busy()
}
