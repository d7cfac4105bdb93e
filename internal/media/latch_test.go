package media

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"
)

// evil is what the stranger says; the far end says 0x55.
const evil = 0x0F

// heard tells what of the far end and of the stranger a listener was given.
type heard struct{ good, evil int }

func (h *heard) Put(f *Frame) {
	switch f[0] {
	case 0x55:
		h.good++
	case evil:
		h.evil++
	}
}

// TestStrangers: a stranger who knows the port, and guesses whatever can be guessed, is not played and gets no sound; only where
// nobody has sent anything yet can he be heard, and only until the far end's first packet.
func TestStrangers(t *testing.T) {
	named, nat := farAddr, netip.MustParseAddrPort("192.0.2.9:61000")
	abroad := netip.MustParseAddrPort("203.0.113.66:5004")
	for name, c := range map[string]struct {
		from   netip.AddrPort                                   // the far end's real source
		attack func(n int, far talker) (netip.AddrPort, []byte) // the stranger's packet in slot n
		early  int                                              // slots before the far end's first packet
		evil   int                                              // frames of his that may be heard
	}{
		"the right SSRC and number": {named, func(_ int, far talker) (netip.AddrPort, []byte) {
			far.pt = ptALaw
			return abroad, far.say(frameOf(evil))
		}, 0, 0},
		"an own stream": {named, stream1(abroad), 0, 0},
		"from many ports": {nat, func(n int, _ talker) (netip.AddrPort, []byte) {
			k := talker{pt: ptALaw, ssrc: 9, seq: uint16(n)}
			return netip.AddrPortFrom(abroad.Addr(), uint16(2000+rand.IntN(8))), k.say(frameOf(evil))
		}, 0, 0},
		"before the far end":               {named, stream1(abroad), 25, 25},
		"before a far end behind a NAT":    {nat, stream1(abroad), 25, 25 + proofSameIP},
		"before a far end from its own IP": {named, stream1(nat), 25, 25},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			p, w := d.leg()
			var h heard
			p.Listen(&h)
			p.Play(Silence(-1))
			far := talker{pt: ptALaw, ssrc: 7}
			last := 0
			for n := range 200 {
				at, b := c.attack(n, far)
				if w.only == (netip.AddrPort{}) || w.only == at { // the kernel's part
					w.in = append(w.in, mailed{b, at})
				}
				if n >= c.early {
					if w.only == (netip.AddrPort{}) || w.only == c.from {
						w.in = append(w.in, mailed{far.say(frameOf(0x55)), c.from})
					}
				}
				d.ticks(1)
				if n == c.early+10 {
					last, w.to = h.evil, nil
				}
			}
			if h.evil > c.evil || h.evil > last+ringLate {
				t.Errorf("the stranger was heard for %d frames, want at most %d and none in the end", h.evil, c.evil)
			}
			if h.good < 180-c.early {
				t.Errorf("the far end was heard for %d frames", h.good)
			}
			for _, to := range w.to {
				if to != c.from {
					t.Fatalf("our sound goes to %s", to)
				}
			}
		})
	}
}

// stream1 is a whole stream of the stranger's own.
func stream1(from netip.AddrPort) func(int, talker) (netip.AddrPort, []byte) {
	k := talker{pt: ptALaw, ssrc: 9}
	return func(int, talker) (netip.AddrPort, []byte) { return from, k.say(frameOf(evil)) }
}

// TestBurst: a burst is no voice: who throws packets at every port locks none.
func TestBurst(t *testing.T) {
	var l latch
	l.rename(farAddr)
	for i := range 500 {
		if ok, _ := l.admit(netip.MustParseAddrPort("203.0.113.66:5"), &packet{ssrc: 1, seq: uint16(i)}, time.Millisecond); ok {
			t.Fatal("a burst got in")
		}
	}
}

// TestBound: an address that has not sent anything gets so many packets and no more, whatever is played; its first packet, or
// somebody's word for it, opens the way.
func TestBound(t *testing.T) {
	start := func(d *desk) (*Port, *wire) {
		p, w := d.leg()
		p.Bound(50)
		p.Play(Silence(-1))
		d.ticks(200)
		return p, w
	}
	d := newDesk(t)
	p, w := start(d)
	if n := len(w.packets(t)); n != 50 {
		t.Fatalf("%d packets went out unasked", n)
	}
	p.Vouch(netip.MustParseAddr("198.51.100.1"), 20)
	p.Answer(offer(netip.MustParseAddrPort("192.0.2.77:4000"))) // another third address: nothing is counted anew
	d.ticks(200)
	if n := len(w.packets(t)); n != 20 {
		t.Errorf("%d packets more", n)
	}
	k := talker{pt: ptALaw, ssrc: 7}
	w.in = append(w.in, mailed{k.say(frameOf(0x55)), netip.MustParseAddrPort("192.0.2.77:4000")})
	d.ticks(101)
	if n := len(w.packets(t)); n < 100 {
		t.Errorf("%d packets to a far end that speaks", n)
	}
	p, w = start(d)
	w.packets(t)
	p.Vouch(farAddr.Addr(), 20)
	d.ticks(100)
	if n := len(w.packets(t)); n < 99 {
		t.Errorf("%d packets to a far end that acknowledged", n)
	}
}
