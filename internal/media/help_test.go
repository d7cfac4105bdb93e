package media

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"
)

// farAddr is where the far end of a memory leg sends from.
var farAddr = netip.MustParseAddrPort("192.0.2.9:4000")

// wire is a Conn in memory.
type wire struct {
	in   []mailed
	sent [][]byte
	to   []netip.AddrPort
	only netip.AddrPort
}

type mailed struct {
	b    []byte
	from netip.AddrPort
}

func (w *wire) Recv(b []byte) (int, netip.AddrPort, error) {
	if len(w.in) == 0 {
		return 0, netip.AddrPort{}, ErrEmpty
	}
	m := w.in[0]
	w.in = w.in[1:]
	return copy(b, m.b), m.from, nil
}

func (w *wire) Send(b []byte, to netip.AddrPort) error {
	w.sent, w.to = append(w.sent, slices.Clone(b)), append(w.to, to)
	return nil
}
func (w *wire) LocalAddr() netip.AddrPort { return netip.MustParseAddrPort("192.0.2.1:16384") }
func (w *wire) Close() error              { return nil }

func (w *wire) Only(src netip.AddrPort) error {
	w.only = src
	return nil
}

// packets gives what was sent since the last call.
func (w *wire) packets(t testing.TB) []packet {
	t.Helper()
	var out []packet
	for _, b := range w.sent {
		p, ok := parseRTP(b)
		if !ok {
			t.Fatalf("sent something that is not RTP: %x", b)
		}
		out = append(out, p)
	}
	w.sent, w.to = nil, nil
	return out
}

// desk is a Manual engine with its clock.
type desk struct {
	t   testing.TB
	e   *Engine
	now time.Time
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	e, err := NewEngine(EngineOptions{Manual: true})
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, e: e, now: time.Unix(1700000000, 0)}
	e.Tick(d.now)
	t.Cleanup(e.Close)
	return d
}

// ticks lets n frame times pass.
func (d *desk) ticks(n int) {
	for range n {
		d.now = d.now.Add(FrameTime)
		d.e.Tick(d.now)
	}
}

// leg is a memory leg that has agreed on PCMA and telephone-event 101 with farAddr.
func (d *desk) leg(sdpLines ...string) (*Port, *wire) {
	d.t.Helper()
	w := &wire{}
	p := d.e.attach(w, nil)
	if _, err := p.Answer(offer(farAddr, sdpLines...)); err != nil {
		d.t.Fatal(err)
	}
	return p, w
}

func offer(at netip.AddrPort, lines ...string) []byte {
	if len(lines) == 0 {
		lines = []string{"m=audio %d RTP/AVP 8 0 101", "a=rtpmap:101 telephone-event/8000"}
	}
	s := fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n", at.Addr())
	for _, l := range lines {
		if slices.Contains([]byte(l), '%') {
			l = fmt.Sprintf(l, at.Port())
		}
		s += l + "\r\n"
	}
	return []byte(s)
}

// talker makes a far end's packets.
type talker struct {
	pt   uint8
	seq  uint16
	ts   uint32
	ssrc uint32
}

func (k *talker) say(body []byte) []byte {
	b := make([]byte, rtpHeader+len(body))
	k.seq++
	k.ts += uint32(len(body))
	putRTP(b, k.pt, false, k.seq, k.ts, k.ssrc)
	copy(b[rtpHeader:], body)
	return b
}

func (k *talker) event(code byte, end bool, ts uint32, duration uint16) []byte {
	b := make([]byte, rtpHeader+4)
	k.seq++
	putRTP(b, 101, false, k.seq, ts, k.ssrc)
	b[rtpHeader], b[rtpHeader+1] = code, 10
	if end {
		b[rtpHeader+1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[rtpHeader+2:], duration)
	return b
}

func frameOf(b byte) []byte { return slices.Repeat([]byte{b}, FrameSize) }

func digitsOf(p *Port) string {
	s := ""
	for {
		select {
		case d := <-p.Digits():
			s += string(rune(d.Key))
		default:
			return s
		}
	}
}

// phone is a far end on a real socket of 127.0.0.1: it sends its tone every 20 ms and keeps what it hears.
type phone struct {
	c     *net.UDPConn
	mu    sync.Mutex
	heard []byte
	keys  []packet
	first chan time.Time // arrival of the first packet that is not silence
	stop  chan struct{}
	wg    sync.WaitGroup
}

func newPhone(t testing.TB) *phone {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	f := &phone{c: c, first: make(chan time.Time, 1), stop: make(chan struct{})}
	f.wg.Go(f.hear)
	t.Cleanup(func() { close(f.stop); c.Close(); f.wg.Wait() })
	return f
}

func (f *phone) addr() netip.AddrPort { return f.c.LocalAddr().(*net.UDPAddr).AddrPort() }

func (f *phone) hear() {
	buf := make([]byte, 2048)
	for {
		n, err := f.c.Read(buf)
		if err != nil {
			return
		}
		p, ok := parseRTP(buf[:n])
		if !ok {
			continue
		}
		f.mu.Lock()
		switch {
		case p.pt == ptALaw:
			f.heard = append(f.heard, p.payload...)
		case p.pt == ptULaw:
			for _, b := range p.payload {
				f.heard = append(f.heard, alawOfULaw[b])
			}
		default:
			p.payload = slices.Clone(p.payload)
			f.keys = append(f.keys, p)
		}
		f.mu.Unlock()
		if Level(p.payload) > -60 {
			select {
			case f.first <- time.Now():
			default:
			}
		}
	}
}

// talk sends a tone to the leg until the test ends.
func (f *phone) talk(to netip.AddrPort, pt uint8, hz float64) {
	f.wg.Go(func() {
		tick := time.NewTicker(FrameTime)
		defer tick.Stop()
		k := talker{pt: pt, ssrc: uint32(hz)}
		src, fr := Tone(hz, -1, -15), Frame{}
		for {
			select {
			case <-f.stop:
				return
			case <-tick.C:
			}
			src.Next(&fr)
			body := slices.Clone(fr[:])
			if pt == ptULaw {
				for i, b := range body {
					body[i] = ulawOfALaw[b]
				}
			}
			_, _ = f.c.WriteToUDPAddrPort(k.say(body), to)
		}
	})
}

// forget empties the memory of what was heard.
func (f *phone) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.heard = nil
}

func (f *phone) sound() []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.heard)
}

// until waits for something outside to come true.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(8 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// quickWire is a Conn that allocates nothing.
type quickWire struct {
	k    talker
	in   [rtpHeader + FrameSize]byte
	full bool
}

func (w *quickWire) arrive() {
	w.k.seq++
	w.k.ts += FrameSize
	putRTP(w.in[:], ptALaw, false, w.k.seq, w.k.ts, 1)
	w.full = true
}

func (w *quickWire) Recv(b []byte) (int, netip.AddrPort, error) {
	if !w.full {
		return 0, netip.AddrPort{}, ErrEmpty
	}
	w.full = false
	return copy(b, w.in[:]), farAddr, nil
}
func (w *quickWire) Send([]byte, netip.AddrPort) error { return nil }
func (w *quickWire) LocalAddr() netip.AddrPort         { return netip.MustParseAddrPort("192.0.2.1:16384") }
func (w *quickWire) Close() error                      { return nil }

func quickLeg(t testing.TB) (*Engine, *Port, *quickWire) {
	t.Helper()
	e, err := NewEngine(EngineOptions{Manual: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	e.Tick(time.Unix(1700000000, 0))
	w := &quickWire{}
	p := e.attach(w, nil)
	if _, err := p.Answer(offer(farAddr)); err != nil {
		t.Fatal(err)
	}
	return e, p, w
}
