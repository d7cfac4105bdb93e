package media

import (
	"net/netip"
	"time"
)

// filter is a Conn whose system can drop strangers' packets for it.
type filter interface {
	Only(src netip.AddrPort) error
}

// pushing is a Conn that cannot be polled and hands its packets over instead (the portable one).
type pushing interface {
	push(take func(b []byte, from netip.AddrPort))
}

// fetch takes one packet of the leg's socket; all of them while its filter settles.
func (p *Port) fetch(now time.Duration) {
	for {
		if !p.fetchOne(now) || !p.unsettled() {
			return
		}
	}
}

func (p *Port) fetchOne(now time.Duration) bool {
	t := p.owner.Load()
	n, from, err := p.rtp.Recv(t.buf[:])
	if err != nil {
		return false
	}
	p.receive(t.buf[:n], from, now)
	return !p.shutDown
}

func (p *Port) unsettled() bool {
	s, ok := p.rtp.(interface{ unsettled() bool })
	return ok && s.unsettled()
}

// drain takes all that waits (Manual engines).
func (p *Port) drain(now time.Duration) {
	if p.rtp == nil {
		return
	}
	for p.fetchOne(now) {
		continue
	}
}

// drainRTCP takes the far end's reports: they say that it lives.
func (p *Port) drainRTCP(now time.Duration) {
	if p.rtcp == nil {
		return
	}
	t := p.owner.Load()
	for {
		n, from, err := p.rtcp.Recv(t.buf[:])
		if err != nil {
			return
		}
		p.report(t.buf[:n], from, now)
	}
}

// report takes RTCP: a far end that is quiet by itself (voice activity detection) still lives.
func (p *Port) report(b []byte, from netip.AddrPort, now time.Duration) {
	if !isRTCP(b) || from.Addr() != p.latch.target().Addr() {
		return
	}
	if b, ok := p.openReport(b); ok {
		p.watching = now
		p.readReports(b, now)
	}
}

// receive takes one packet from the net.
func (p *Port) receive(b []byte, from netip.AddrPort, now time.Duration) {
	if isRTCP(b) {
		p.report(b, from, now)
		return
	}
	ok := true
	if s := p.terms.srtp; s != nil {
		b, ok = s.open(p.owner.Load().plain[:], b)
	}
	h, rtp := parseRTP(b)
	if !ok || !rtp || p.shutDown || !p.knows(&h) || !p.admit(from, &h, now) {
		p.meter.ignored.Store(p.meter.ignored.Load() + 1)
		return
	}
	p.watching = now
	event := p.isEvent(&h)
	sound := !event && h.pt != ptComfortNoise
	p.meter.hear(&h, now, sound)
	switch {
	case event:
		if key, fresh := p.events.see(&h); fresh {
			p.key(key, byEvent, now)
		} else if key != 0 {
			p.merger.hold(key, byEvent, now)
		}
		p.forward(&h, true, now)
	case sound && len(h.payload) > 0:
		p.noise.off()
		p.sound(&h, now)
	case h.pt == ptComfortNoise:
		p.noise.set(h.payload)
	}
}

// knows tells whether the payload type can be heard here.
func (p *Port) knows(h *packet) bool {
	return h.pt == ptALaw || h.pt == ptULaw || h.pt == ptComfortNoise || h.pt == p.terms.pt || p.isEvent(h)
}

// isEvent tells a key from sound; 0 stands for no telephone-event agreed, and is mu-law. Some senders number their events
// otherwise than was agreed: four bytes of a dynamic type that name a key are one.
func (p *Port) isEvent(h *packet) bool {
	if h.pt == ptULaw || h.pt == p.terms.pt {
		return false
	}
	if h.pt == p.terms.dtmfIn || h.pt == p.terms.dtmfOut {
		return true
	}
	return h.pt >= 96 && len(h.payload) == 4 && int(h.payload[0]) < len(keys) && h.payload[1]&0x40 == 0
}

// admit lets the far end in and keeps strangers out; the kernel is told of a locked source.
func (p *Port) admit(from netip.AddrPort, h *packet, now time.Duration) bool {
	if p.web {
		return true
	}
	ok, _ := p.latch.admit(from, h, now)
	if ok && !p.filtered && p.latch.settled(now) {
		if f, can := p.rtp.(filter); can {
			_ = f.Only(p.latch.src) // without it the latch does the same work
		}
		p.filtered = true
	}
	return ok
}

func (p *Port) open() {
	if f, can := p.rtp.(filter); can && p.filtered {
		_ = f.Only(netip.AddrPort{})
	}
	p.filtered = false
}

// sound takes a packet of voice.
func (p *Port) sound(h *packet, now time.Duration) {
	law := p.lawOf(h.pt)
	if p.audio++; p.audio%8 == 1 {
		p.measure(h.payload, law)
	}
	table := ""
	if law == uLaw {
		table = alawOfULaw
	}
	if p.ring != nil {
		p.ring.put(h.ssrc, h.ts, h.payload, table)
	}
	if p.tones != nil {
		p.hearTones(h, table, now)
	}
	p.forward(h, false, now)
}

func (p *Port) lawOf(pt uint8) law {
	switch {
	case pt == p.terms.pt:
		return p.terms.law
	case pt == ptULaw:
		return uLaw
	}
	return aLaw
}

// key gives a press to whoever waits for it, once.
func (p *Port) key(k byte, w way, now time.Duration) {
	if p.shutDown || !p.merger.take(k, w, now) {
		return
	}
	tell(p.digits, Digit{Key: k, At: p.e.base.Add(now)})
}

// hearTones looks for keys in the sound.
func (p *Port) hearTones(h *packet, table string, now time.Duration) {
	key, still := p.tones.hear(h, table)
	if key != 0 {
		p.key(key, byTone, now)
	} else if still != 0 {
		p.merger.hold(still, byTone, now)
	}
}

// tell never blocks: when nobody reads, the oldest news makes room for the newest.
func tell[T any](c chan T, v T) {
	for range 2 {
		select {
		case c <- v:
			return
		default:
		}
		select {
		case <-c:
		default:
		}
	}
}

// listen gives 20 ms to those who listen.
func (p *Port) listen(f *Frame) {
	if p.ring == nil {
		return
	}
	p.ring.pull(f)
	for i := len(p.sinks) - 1; i >= 0; i-- {
		l := p.sinks[i]
		l.sink.Put(f)
		if l.end != nil && l.end.over() {
			l.end.finish()
			p.removeSink(l)
		}
	}
}

// quietFactor is how much longer a far end may be silent that said so by comfort noise: it need not repeat it (RFC 3389 §4).
const quietFactor = 6

// watch closes Silent when nothing was heard for too long, and lets a moved far end be found.
func (p *Port) watch(now time.Duration) {
	if p.web || !p.terms.recv {
		return
	}
	if p.filtered && now-p.latch.heard > moveAfter {
		p.open()
	}
	bound := p.e.o.Silence
	if p.noise.on() {
		bound *= quietFactor
	}
	if !p.quiet && now-p.watching > bound {
		p.quiet = true
		close(p.silent)
	}
}

// agree takes new terms; since SDP may come again in mid-call, the lock opens as far as needed.
func (p *Port) agree(n terms, now time.Duration) {
	if n.recv != p.terms.recv {
		p.meter.pause(now)
	}
	p.terms = n
	switch {
	case n.dtmfIn != 0 || p.informed:
		p.tones = nil
	case p.tones == nil:
		p.tones = new(toneEar)
	}
	p.watching = now
	p.latch.rename(n.remote)
	if !p.latch.locked {
		p.open()
	}
	p.path.set = false
}
