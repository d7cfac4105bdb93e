package media

import "encoding/binary"

// Payload types: static ones of RFC 3551, and our own number for telephone-event in our offers.
const (
	ptULaw         = 0
	ptALaw         = 8
	ptComfortNoise = 13
	ptDigits       = 101
)

const rtpHeader = 12

// packet is one parsed RTP packet; payload points into the buffer that was parsed.
type packet struct {
	pt      uint8
	marker  bool
	seq     uint16
	ts      uint32
	ssrc    uint32
	payload []byte
}

// parseRTP reads an RTP packet (RFC 3550 §5.1): contributing sources, extension and padding are stepped over.
func parseRTP(b []byte) (packet, bool) {
	if len(b) < rtpHeader || b[0]>>6 != 2 || isRTCP(b) {
		return packet{}, false
	}
	p := packet{
		pt: b[1] & 0x7F, marker: b[1]&0x80 != 0,
		seq: binary.BigEndian.Uint16(b[2:]), ts: binary.BigEndian.Uint32(b[4:]), ssrc: binary.BigEndian.Uint32(b[8:]),
	}
	at := rtpHeader + 4*int(b[0]&0x0F)
	if b[0]&0x10 != 0 {
		if len(b) < at+4 {
			return packet{}, false
		}
		at += 4 + 4*int(binary.BigEndian.Uint16(b[at+2:]))
	}
	end := len(b)
	if b[0]&0x20 != 0 {
		end -= int(b[len(b)-1])
	}
	if at > end {
		return packet{}, false
	}
	p.payload = b[at:end]
	return p, true
}

// isRTCP tells RTCP from RTP on one port (RFC 5761 §4).
func isRTCP(b []byte) bool { return len(b) >= 2 && b[0]>>6 == 2 && b[1] >= 192 && b[1] <= 223 }

// putRTP writes a header without extras into b, which must hold 12 bytes.
func putRTP(b []byte, pt uint8, marker bool, seq uint16, ts, ssrc uint32) {
	b[0], b[1] = 0x80, pt&0x7F
	if marker {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], seq)
	binary.BigEndian.PutUint32(b[4:], ts)
	binary.BigEndian.PutUint32(b[8:], ssrc)
}
