package media

import (
	"encoding/binary"
	"math"
	"net/netip"
	"time"
)

// Reports go out every 5 s (RFC 3550 §6.2): carriers and telephones take them as a sign of life.
const reportFrames = int(5 * time.Second / FrameTime)

// RTCP packet types, and the sizes of what is in them.
const (
	senderReport   = 200
	receiverReport = 201
	reportHead     = 8  // header and the SSRC of who reports
	senderInfo     = 20 // clocks and counts
	reportBlock    = 24
)

// quality is what reports tell about a leg, on the tick thread.
type quality struct {
	lsr   uint32        // middle of the NTP time in their last sender report; 0: none
	lsrAt time.Duration // when it came
}

// ntp is the wallclock of RFC 3550 §4 at now: seconds since 1900 and their fraction.
func (p *Port) ntp(now time.Duration) uint64 {
	at := p.e.base.Add(now)
	return uint64(at.Unix()+2208988800)<<32 | uint64(at.Nanosecond())<<32/uint64(time.Second)
}

// tellReport sends a report with a name that says nothing about anybody: a sender's, or a receiver's while we do not send.
func (p *Port) tellReport(now time.Duration) {
	if p.reports++; p.reports%reportFrames != 0 || p.rtp == nil || !p.out.sent || !p.latch.target().IsValid() {
		return
	}
	var buf [reportHead + senderInfo + reportBlock + 20]byte
	b := append(buf[:0], 0x80, senderReport, 0, 0)
	b = binary.BigEndian.AppendUint32(b, p.out.ssrc)
	if p.canSend() {
		sent := p.meter.sent.Load()
		b = binary.BigEndian.AppendUint64(b, p.ntp(now))
		b = binary.BigEndian.AppendUint32(b, p.out.clock)
		b = binary.BigEndian.AppendUint32(b, uint32(sent))
		b = binary.BigEndian.AppendUint32(b, uint32(sent*FrameSize))
	} else {
		b[1] = receiverReport
	}
	if p.meter.begun {
		b[0]++
		b = p.block(b, now)
	}
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)/4-1))
	b = append(b, 0x81, 202, 0, 4) // a source description with a CNAME
	b = binary.BigEndian.AppendUint32(b, p.out.ssrc)
	b = append(b, "\x01\x07dovidka\x00\x00\x00"...)
	to, conn := p.latch.target(), p.rtcp
	switch {
	case p.terms.mux:
		conn = p.rtp
	case conn == nil || to.Port() == 65535:
		return
	default:
		to = netip.AddrPortFrom(to.Addr(), to.Port()+1)
	}
	p.sendReport(conn, b, to)
}

// block says how we hear the far end (RFC 3550 §6.4.1, A.3).
func (p *Port) block(b []byte, now time.Duration) []byte {
	m, q := &p.meter, &p.quality
	expected := m.highest() - m.base + 1
	lost := int32(expected - m.got)
	exp, got := expected-m.toldExp, m.got-m.toldGot
	m.toldExp, m.toldGot = expected, m.got
	fraction := uint32(0)
	if gone := int32(exp - got); exp > 0 && gone > 0 {
		fraction = min(255, uint32(gone)*256/exp)
	}
	b = binary.BigEndian.AppendUint32(b, m.ssrc)
	b = binary.BigEndian.AppendUint32(b, fraction<<24|uint32(max(-0x800000, min(0x7FFFFF, lost)))&0xFFFFFF)
	b = binary.BigEndian.AppendUint32(b, m.highest())
	b = binary.BigEndian.AppendUint32(b, uint32(m.jit))
	b = binary.BigEndian.AppendUint32(b, q.lsr)
	since := uint32(0)
	if q.lsr != 0 {
		since = uint32((now - q.lsrAt) * 65536 / time.Second)
	}
	return binary.BigEndian.AppendUint32(b, since)
}

// readReports takes a compound RTCP packet, of which nothing is trusted.
func (p *Port) readReports(b []byte, now time.Duration) {
	for len(b) >= reportHead && b[0]>>6 == 2 {
		n := 4 * (int(binary.BigEndian.Uint16(b[2:])) + 1)
		if n > len(b) {
			return
		}
		count, kind, body := int(b[0]&0x1F), b[1], b[4:n]
		b = b[n:]
		switch {
		case kind == senderReport && len(body) >= 4+senderInfo:
			p.quality.lsr, p.quality.lsrAt = binary.BigEndian.Uint32(body[6:]), now
			p.readBlocks(body[4+senderInfo:], count, now)
		case kind == receiverReport && len(body) >= 4:
			p.readBlocks(body[4:], count, now)
		}
	}
}

// readBlocks finds how the far end hears us.
func (p *Port) readBlocks(b []byte, count int, now time.Duration) {
	for ; count > 0 && len(b) >= reportBlock; count-- {
		if binary.BigEndian.Uint32(b) == p.out.ssrc {
			p.heardAs(b, now)
		}
		b = b[reportBlock:]
	}
}

func (p *Port) heardAs(b []byte, now time.Duration) {
	m := &p.meter
	lost := int32(binary.BigEndian.Uint32(b[4:])<<8) >> 8 // 24 bits with sign
	m.farLost.Store(uint64(max(0, lost)))
	m.farJitter.Store(uint64(binary.BigEndian.Uint32(b[12:])))
	lsr, dlsr := binary.BigEndian.Uint32(b[16:]), binary.BigEndian.Uint32(b[20:])
	if lsr == 0 {
		return
	}
	trip := int32(uint32(p.ntp(now)>>16) - lsr - dlsr) // in 1/65536 s; a foolish one is below zero or many seconds
	if d := time.Duration(trip) * time.Second / 65536; d >= -time.Millisecond && d < 10*time.Second {
		m.trip.Store(int64(max(0, d)))
	}
}

// The E-model (ITU-T G.107) with its default values, and G.711 with packet-loss concealment (G.113 Appendix I: Ie 0, Bpl 25.1).
const (
	defaultR = 93.2
	lossBpl  = 25.1
	longWay  = 177.3 // ms from mouth to ear from which delay hurts more (Cole and Rosenbluth's form of G.107 §7.4)
)

// opinion estimates the mean opinion score (G.107 Annex B) of G.711 sound that takes delay from mouth to ear and loses a share
// of its packets.
func opinion(delay time.Duration, loss float64) float64 {
	ms, pc := float64(delay)/float64(time.Millisecond), 100*loss
	r := defaultR - 0.024*ms - 95*pc/(pc+lossBpl)
	if ms > longWay {
		r -= 0.11 * (ms - longWay)
	}
	if r <= 0 {
		return 1
	}
	return min(4.5, max(1, 1+0.035*r+r*(r-60)*(100-r)*7e-6))
}

// scores fills in what follows from the counts: shares of loss, and the worse of the two directions as an opinion.
func (s *Stats) scores() {
	share := func(lost, all uint64) float64 {
		if all == 0 {
			return 0
		}
		return math.Min(1, float64(lost)/float64(all))
	}
	if s.Received == 0 {
		return
	}
	s.Loss, s.FarLoss = share(s.Lost, s.Received+s.Lost), share(s.FarLost, s.Sent)
	way := func(jitter time.Duration) time.Duration {
		return s.RoundTrip/2 + FrameTime + min(120*time.Millisecond, max(FrameTime, 2*jitter))
	}
	s.MOS = math.Min(opinion(way(s.Jitter), s.Loss), opinion(way(s.FarJitter), s.FarLoss))
}
