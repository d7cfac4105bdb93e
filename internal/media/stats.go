package media

import (
	"math"
	"sync/atomic"
	"time"
)

// gapBound is the pause between two packets that people hear as a gap.
const gapBound = 40 * time.Millisecond

// meter counts what a leg hears and says. The tick thread writes it; anybody reads it.
type meter struct {
	received, sent, lost, ignored, gaps atomic.Uint64
	jitter, level                       atomic.Uint64 // float64 bits: timestamp units, dBov
	farLost, farJitter                  atomic.Uint64 // by RTCP; jitter in timestamp units
	trip                                atomic.Int64  // time.Duration

	begun   bool // from here on: the tick thread only
	ssrc    uint32
	seq     uint16
	cycles  uint32 // times that the sequence numbers have begun anew, in the upper half
	base    uint32 // the first of this stream
	got     uint32 // packets of this stream
	toldExp uint32 // expected and received up to our last report (RFC 3550 A.3)
	toldGot uint32
	transit int64
	at      time.Duration
	jit     float64
}

// hear counts one packet of the far end. steady: it is sound, so that its timing means something.
func (m *meter) hear(p *packet, now time.Duration, steady bool) {
	m.received.Store(m.received.Load() + 1)
	if !m.begun || p.ssrc != m.ssrc || p.seq-m.seq > 3000 && m.seq-p.seq > 100 {
		m.begun, m.ssrc, m.seq, m.at = true, p.ssrc, p.seq, now
		m.cycles, m.base, m.got = 0, uint32(p.seq), 1
		m.toldExp, m.toldGot = 0, 0
		m.transit = int64(now)*Rate/int64(time.Second) - int64(p.ts)
		return
	}
	m.got++
	if step := p.seq - m.seq; step > 0 && step < 0x8000 {
		m.lost.Store(m.lost.Load() + uint64(step-1))
		if p.seq < m.seq {
			m.cycles += 1 << 16
		}
		m.seq = p.seq
	} else if step >= 0x8000 && m.lost.Load() > 0 {
		m.lost.Store(m.lost.Load() - 1) // late, not lost
	}
	if now-m.at > gapBound {
		m.gaps.Store(m.gaps.Load() + 1)
	}
	m.at = now
	if !steady {
		return
	}
	transit := int64(now)*Rate/int64(time.Second) - int64(p.ts)
	d := math.Abs(float64(int32(transit - m.transit)))
	m.transit = transit
	if d < Rate { // a jump of the clock is not jitter
		m.jit += (d - m.jit) / 16
		m.jitter.Store(math.Float64bits(m.jit))
	}
}

// pause forgets the last packet's time: the pause that follows was agreed upon.
func (m *meter) pause(now time.Duration) { m.at = now }

// highest is the extended highest sequence number (RFC 3550 §6.4.1).
func (m *meter) highest() uint32 { return m.cycles | uint32(m.seq) }

func (m *meter) stats() Stats {
	s := Stats{
		Received: m.received.Load(), Sent: m.sent.Load(), Lost: m.lost.Load(), Ignored: m.ignored.Load(), Gaps: m.gaps.Load(),
		Jitter: time.Duration(math.Float64frombits(m.jitter.Load()) * float64(time.Second) / Rate),
		Level:  math.Float64frombits(m.level.Load()),

		FarLost: m.farLost.Load(), FarJitter: time.Duration(m.farJitter.Load()) * time.Second / Rate, RoundTrip: time.Duration(m.trip.Load()),
	}
	s.scores()
	if m.level.Load() == 0 {
		s.Level = floorLevel
	}
	return s
}
