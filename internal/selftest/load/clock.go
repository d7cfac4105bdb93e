package main

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// phone is one call's sound: a socket that is read when it is its turn to send. The kernel notes when each packet came, so nobody
// has to wake for it, and the generator can hold 1,500 calls and still be on time.
type phone struct {
	id    string // Call-ID
	tag   string // the far end's
	setup time.Duration
	fd    int
	local netip.AddrPort
	far   unix.SockaddrInet4
	num   uint16
	ts    uint32

	deaf    bool // in a large crowd only some are listened to
	last    time.Time
	gaps    []time.Duration
	echoes  []time.Duration
	packets int
	pressed time.Time // a key was pressed then, and the new prompt has not come yet
	reacted time.Duration
}

func newPhone() (*phone, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	p := &phone{fd: fd}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return nil, err
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1); err != nil {
		return nil, err
	}
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return nil, err
	}
	p.local = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(sa.(*unix.SockaddrInet4).Port))
	return p, nil
}

func (p *phone) close() { unix.Close(p.fd) }

// talkTo names the far end's media address.
func (p *phone) talkTo(a netip.AddrPort) {
	p.far = unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
}

// clock does every call's 20 ms, a tenth of the calls every 2 ms: it takes what has come, sends, and notes how late it is itself.
func (g *generator) clock() {
	next := time.Now()
	pkt := make([]byte, 172)
	for i := 12; i < len(pkt); i++ {
		pkt[i] = 0xD5
	}
	in, oob := make([]byte, 2048), make([]byte, 64)
	for slot := 0; ; slot = (slot + 1) % 10 {
		next = next.Add(2 * time.Millisecond)
		time.Sleep(time.Until(next))
		late := time.Since(next)
		select {
		case <-g.stop:
			return
		default:
		}
		g.mu.Lock()
		measuring := g.gauge.Load()
		if measuring {
			g.late = append(g.late, late)
		}
		for i := slot; i < len(g.calls); i += 10 {
			if !g.calls[i].deaf {
				g.calls[i].take(in, oob, measuring)
			}
			g.calls[i].say(pkt, 8)
		}
		g.mu.Unlock()
	}
}

// take reads all that has come.
func (p *phone) take(in, oob []byte, measuring bool) {
	for {
		n, oobn, _, _, err := unix.Recvmsg(p.fd, in, oob, 0)
		if err != nil {
			return
		}
		if n < 12 || in[1]&0x7f != 8 || oobn < 32 {
			continue
		}
		came := time.Unix(int64(binary.NativeEndian.Uint64(oob[16:])), int64(binary.NativeEndian.Uint64(oob[24:])))
		if !p.pressed.IsZero() && in[1]&0x80 != 0 { // the marker bit of a new prompt (RFC 3551 §4.1)
			if d := came.Sub(p.pressed); d >= 0 {
				p.reacted, p.pressed = d, time.Time{}
			}
		}
		if !measuring {
			p.last = time.Time{}
			continue
		}
		if !p.last.IsZero() {
			p.gaps = append(p.gaps, came.Sub(p.last))
		}
		p.packets++
		p.last = came
		if n == 172 && in[20] == 0x55 && in[21] == 0x55 { // our own, come back through the bridge
			p.echoes = append(p.echoes, came.Sub(time.Unix(0, int64(binary.BigEndian.Uint64(in[12:])))))
		}
	}
}

// say puts a header before the payload in pkt and sends it; the payload begins with the time, for those who echo.
func (p *phone) say(pkt []byte, pt byte) {
	p.num++
	p.ts += 160
	pkt[0], pkt[1] = 0x80, pt
	binary.BigEndian.PutUint16(pkt[2:], p.num)
	binary.BigEndian.PutUint32(pkt[4:], p.ts)
	binary.BigEndian.PutUint32(pkt[8:], uint32(p.local.Port()))
	binary.BigEndian.PutUint64(pkt[12:], uint64(time.Now().UnixNano()))
	pkt[20], pkt[21] = 0x55, 0x55
	_ = unix.Sendto(p.fd, pkt, 0, &p.far)
}

// press sends an RFC 4733 event: packets long and three times its end. The time of its first end packet is kept.
func (g *generator) press(p *phone, event byte, packets int) {
	pkt := make([]byte, 16)
	g.mu.Lock()
	defer g.mu.Unlock()
	var end time.Time
	for i := range packets + 3 {
		p.num++
		pkt[0], pkt[1] = 0x80, 101
		if i == 0 {
			pkt[1] |= 0x80
			p.ts += 160
		}
		binary.BigEndian.PutUint16(pkt[2:], p.num)
		binary.BigEndian.PutUint32(pkt[4:], p.ts)
		binary.BigEndian.PutUint32(pkt[8:], uint32(p.local.Port()))
		pkt[12], pkt[13] = event, 10
		if i >= packets {
			pkt[13] |= 0x80
			if end.IsZero() {
				end = time.Now()
			}
		}
		binary.BigEndian.PutUint16(pkt[14:], uint16(min(i+1, packets)*160))
		_ = unix.Sendto(p.fd, pkt, 0, &p.far)
	}
	p.pressed, p.reacted = end, 0
}

// digits presses '*' in n calls, one after another, and gives the times from the digit's end to the new prompt's first packet.
func (g *generator) digits(calls []*phone, n int) (out []time.Duration) {
	for _, p := range calls {
		if p.deaf || len(out) == n {
			continue
		}
		g.press(p, 10, 1)
		for range 50 {
			time.Sleep(20 * time.Millisecond)
			g.mu.Lock()
			d, waits := p.reacted, !p.pressed.IsZero()
			g.mu.Unlock()
			if !waits {
				out = append(out, d)
				break
			}
		}
	}
	return out
}

func sdp(port uint16) string {
	return fmt.Sprintf("v=0\r\no=load 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\n", port)
}

// drainSocket reads what nobody wants to hear, in big steps.
func drainSocket() (*net.UDPConn, uint16, error) {
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, 0, err
	}
	return c, uint16(c.LocalAddr().(*net.UDPAddr).Port), c.SetReadBuffer(4096) // the kernel drops the rest
}

func pid() int { return os.Getpid() }
