package media

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// Reports go out every 5 s (RFC 3550 §6.2): carriers and telephones take them as a sign of life.
const reportFrames = int(5 * time.Second / FrameTime)

// tellReport sends a sender report with a name that says nothing about anybody.
func (p *Port) tellReport(now time.Duration) {
	if p.reports++; p.reports%reportFrames != 0 || p.rtp == nil || !p.out.sent || !p.latch.target().IsValid() {
		return
	}
	var b [28 + 20]byte
	b[0], b[1] = 0x80, 200
	binary.BigEndian.PutUint16(b[2:], 6) // words behind the first
	binary.BigEndian.PutUint32(b[4:], p.out.ssrc)
	at := p.e.base.Add(now)
	binary.BigEndian.PutUint32(b[8:], uint32(at.Unix()+2208988800)) // NTP counts from 1900
	binary.BigEndian.PutUint32(b[12:], uint32(uint64(at.Nanosecond())<<32/uint64(time.Second)))
	binary.BigEndian.PutUint32(b[16:], p.out.clock)
	sent := p.meter.sent.Load()
	binary.BigEndian.PutUint32(b[20:], uint32(sent))
	binary.BigEndian.PutUint32(b[24:], uint32(sent*FrameSize))
	sdes := b[28:]
	sdes[0], sdes[1] = 0x81, 202
	binary.BigEndian.PutUint16(sdes[2:], 4)
	binary.BigEndian.PutUint32(sdes[4:], p.out.ssrc)
	sdes[8], sdes[9] = 1, 7 // CNAME
	copy(sdes[10:], "dovidka")
	to, conn := p.latch.target(), p.rtcp
	switch {
	case p.terms.mux:
		conn = p.rtp
	case conn == nil || to.Port() == 65535:
		return
	default:
		to = netip.AddrPortFrom(to.Addr(), to.Port()+1)
	}
	p.sendReport(conn, b[:], to)
}
