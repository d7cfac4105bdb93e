package media

import (
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Port is one leg's sound. All methods may be called from any goroutine and none blocks on the network or the disk, but for
// Recording.Stop. While the far end cannot be sent to (no SDP yet, on hold, no page) what is played waits and goes on later.
type Port struct {
	id     uint64
	e      *Engine
	web    bool // packets come by Deliver
	rtp    Conn
	rtcp   Conn
	local  netip.AddrPort
	inbox  *inbox
	digits chan Digit
	silent chan struct{}
	holds  chan bool
	held   atomic.Bool
	muted  atomic.Bool
	turn   atomic.Uint64 // counts who was asked to be heard
	closed atomic.Bool
	meter  meter
	sdp    session

	owner  atomic.Pointer[thread]
	posted atomic.Bool
	cmdMu  sync.Mutex // guards cmds
	cmds   []command

	// From here on: the owning thread only.
	on       bool // on the owner's wheel
	shutDown bool
	slot     int
	terms    terms
	latch    latch
	filtered bool       // the kernel drops strangers
	credit   int        // packets that may go to an address that has not proved itself; negative: any number
	vouched  netip.Addr // it has proved itself otherwise
	out      stream
	events   events
	merger   merger
	noise    comfort // what is heard while the far end is silent by itself
	quality  quality
	tones    *toneEar // hears keys in the sound; nil: they come otherwise
	informed bool     // a key has come by INFO
	play     *Playback
	bridge   *Bridged
	ear      *ear // what it hears of a mix
	peer     *Port
	path     path
	ring     *ring
	sinks    []*listener
	watching time.Duration // since when we should hear something
	quiet    bool          // silent is closed
	reports  int           // slots, to send some reports
	audio    uint32        // packets of sound, to measure the level of some
}

// command is something for the owning thread to do with a leg.
type command func(t *thread, now time.Duration)

// law is one of the two laws of G.711.
type law byte

const (
	aLaw law = iota
	uLaw
)

// terms is what was agreed with the far end.
type terms struct {
	remote          netip.AddrPort
	law             law
	pt              uint8
	dtmfIn, dtmfOut uint8 // telephone-event; 0: none
	send, recv      bool
	mux             bool     // RTCP on the RTP port (RFC 5761)
	srtp            *secured // nil: plain
}

func newPort(e *Engine) *Port {
	p := &Port{
		e: e, id: e.ids.Add(1),
		digits: make(chan Digit, 64), silent: make(chan struct{}), holds: make(chan bool, 8),
		terms: terms{pt: ptALaw, dtmfIn: ptDigits}, credit: -1,
	}
	p.out = stream{ssrc: rand.Uint32(), seq: uint16(rand.Uint32()) >> 1, clock: rand.Uint32(), marker: true}
	p.sdp.id = rand.Uint64() >> 2
	return p
}

// do leaves a command for the owning thread.
func (p *Port) do(c command) {
	p.cmdMu.Lock()
	p.cmds = append(p.cmds, c)
	p.cmdMu.Unlock()
	p.nudge()
}

func (p *Port) nudge() {
	if !p.posted.Swap(true) {
		p.owner.Load().nudge(p)
	}
}

func (p *Port) nextCommand() command {
	p.cmdMu.Lock()
	defer p.cmdMu.Unlock()
	if len(p.cmds) == 0 {
		return nil
	}
	c := p.cmds[0]
	p.cmds[0] = nil
	p.cmds = p.cmds[1:]
	return c
}

// LocalAddr is where the leg hears; the zero AddrPort for a leg without a socket.
func (p *Port) LocalAddr() netip.AddrPort { return p.local }

// SetCodec sets the payload types of a leg without SDP (OpenConn): 8 or 0 for the sound, dtmfType 0 for no telephone-event.
func (p *Port) SetCodec(payloadType, dtmfType uint8) {
	p.do(func(*thread, time.Duration) {
		p.terms.pt, p.terms.law = payloadType, aLaw
		if payloadType == ptULaw {
			p.terms.law = uLaw
		}
		p.terms.dtmfIn, p.terms.dtmfOut = dtmfType, dtmfType
	})
}

// SetConn swaps the way out of an OpenConn leg, such as after a page reload; nil: nowhere.
func (p *Port) SetConn(c PacketConn) {
	p.do(func(*thread, time.Duration) { p.out.track, p.out.marker = c, true })
}

// Deliver hands in one RTP packet that came for an OpenConn leg; packet is copied. What the thread cannot take is lost.
func (p *Port) Deliver(packet []byte) { p.deliver(packet, netip.AddrPort{}) }

func (p *Port) deliver(b []byte, from netip.AddrPort) {
	if p.inbox != nil && p.inbox.put(b, from) {
		p.nudge()
	}
}

// Digits gives the keys that the leg pressed, each press once. It is never closed; when nobody reads, the oldest are lost.
func (p *Port) Digits() <-chan Digit { return p.digits }

// InjectDigit enters a key that came by SIP INFO. Told by RFC 4733 as well, it counts once.
func (p *Port) InjectDigit(key byte) {
	for _, k := range cleanKeys(string(rune(key))) {
		p.do(func(_ *thread, now time.Duration) {
			p.informed, p.tones = true, nil
			p.key(k, byInfo, now)
		})
	}
}

// SendDigits presses keys towards the far end: RFC 4733, or tones where that was not agreed. The sound waits meanwhile.
func (p *Port) SendDigits(keys string) {
	ks := cleanKeys(keys)
	p.do(func(*thread, time.Duration) {
		if p.terms.dtmfOut != 0 {
			p.out.press.queue = append(p.out.press.queue, ks...)
			return
		}
		tones := []Source{p.out.tones}
		for _, k := range ks {
			tones = append(tones, keyTones(k))
		}
		p.out.tones = Seq(tones...)
	})
}

// Listen gives s every 20 ms of what the leg says, small gaps concealed and long ones as silence, until stop.
func (p *Port) Listen(s Sink) (stop func()) {
	l := &listener{sink: s}
	p.do(func(*thread, time.Duration) { p.addSink(l) })
	return func() { p.do(func(*thread, time.Duration) { p.removeSink(l) }) }
}

// listener is one who hears a leg; end, if any, tells when it is over and is told when the leg is.
type listener struct {
	sink Sink
	end  interface {
		over() bool
		finish()
	}
}

func (p *Port) addSink(l *listener) {
	if p.shutDown {
		return
	}
	if len(p.sinks) == 0 {
		p.ring = newRing(&p.noise)
	}
	p.sinks = append(p.sinks, l)
}

func (p *Port) removeSink(l *listener) {
	for i := range p.sinks {
		if p.sinks[i] == l {
			p.sinks = append(p.sinks[:i], p.sinks[i+1:]...)
			break
		}
	}
	if len(p.sinks) == 0 {
		p.ring = nil
	}
}

// Bound says that whoever named the far end's address may have named a stranger's: at most so many packets go to an address that
// has sent none itself. What is played waits then.
func (p *Port) Bound(packets int) { p.do(func(*thread, time.Duration) { p.credit = packets }) }

// Vouch says that an address hears us, without its having sent sound: there the bound ends. Elsewhere it grows by so many packets.
func (p *Port) Vouch(ip netip.Addr, packets int) {
	p.do(func(*thread, time.Duration) {
		p.vouched = ip
		if p.credit >= 0 {
			p.credit += packets
		}
	})
}

// proved tells whether the address that is sent to wants our sound, as far as we know.
func (p *Port) proved() bool {
	return p.credit < 0 || p.latch.locked || p.vouched == p.latch.target().Addr()
}

// Held tells whether the far end has put us on hold.
func (p *Port) Held() bool { return p.held.Load() }

// HoldChanged tells every change of Held; when nobody reads, the oldest are lost.
func (p *Port) HoldChanged() <-chan bool { return p.holds }

// Mute replaces the bridged sound from this leg by silence, and drops its keys on the way to the other.
func (p *Port) Mute(on bool) { p.muted.Store(on) }

// Silent is closed when nothing was heard for the engine's bound while we should hear. Never for OpenConn legs.
func (p *Port) Silent() <-chan struct{} { return p.silent }

// Stats tells what was sent and heard.
func (p *Port) Stats() Stats { return p.meter.stats() }

// Close ends the leg, what is played to it and its recordings, and frees its ports. Twice is harmless.
func (p *Port) Close() {
	if !p.closed.Swap(true) {
		p.do(func(t *thread, _ time.Duration) { p.shut(t) })
	}
}

// shut is the end of a leg, on its thread.
func (p *Port) shut(t *thread) {
	if p.shutDown {
		return
	}
	p.closed.Store(true)
	p.unlink()
	p.deafen(nil)
	if p.play != nil {
		p.play.end(false)
	}
	for len(p.sinks) > 0 {
		l := p.sinks[0]
		if l.end != nil {
			l.end.finish()
		}
		p.removeSink(l)
	}
	t.drop(p)
	p.shutDown = true
	for _, c := range []Conn{p.rtp, p.rtcp} {
		if c != nil {
			_ = c.Close() // a UDP socket's close says nothing of use
		}
	}
	if p.rtcp != nil {
		p.e.pairsOf(p.local).release(int(p.local.Port()), time.Now())
	}
	p.out.track = nil
}
