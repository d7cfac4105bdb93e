package media

import (
	"net/netip"
	"time"
)

// How many good packets in a row lock a source. The one that SDP named needs no proof; the one that was locked before a
// re-INVITE waits a while, so that a far end that moved can win.
const (
	proofSameIP = 3
	proofOther  = 5
	proofOld    = 25
	maxSeqStep  = 50
	moveAfter   = time.Second // how long a locked source must be quiet before its stream may come from a new address
)

// latch is symmetric RTP: it learns where the far end really sends from, and then holds on to it.
type latch struct {
	named  netip.AddrPort // what SDP says
	src    netip.AddrPort // locked, or locked until the last re-INVITE
	locked bool
	moved  bool   // the last SDP named another address than the one before
	ssrc   uint32 // of the last packet let in
	seq    uint16
	heard  time.Duration
	cand   [4]candidate
	next   int
}

type candidate struct {
	from netip.AddrPort
	ssrc uint32
	seq  uint16
	good int
}

// rename takes the address of a new SDP. A changed one opens the lock; nothing that was learned is lost until something better comes.
func (l *latch) rename(named netip.AddrPort) {
	if !named.IsValid() {
		return // c=0.0.0.0, or a name: what is known stays
	}
	l.moved = named != l.named
	l.named, l.cand = named, [4]candidate{}
	l.locked = l.locked && l.src == named
}

// target is where to send: the locked source, else what SDP named.
func (l *latch) target() netip.AddrPort {
	if l.src.IsValid() && (l.locked || !l.moved || !l.named.IsValid()) {
		return l.src
	}
	return l.named
}

// admit tells whether a packet belongs to the far end, and whether it has just locked the source.
func (l *latch) admit(from netip.AddrPort, p *packet, now time.Duration) (ok, locked bool) {
	switch {
	case l.locked && from == l.src:
	case l.locked:
		// The same stream from elsewhere (a NAT forgot its mapping): a stranger does not know SSRC and sequence.
		if p.ssrc != l.ssrc || p.seq-l.seq > 500 || now-l.heard < moveAfter {
			return false, false
		}
		l.src, locked = from, true
	case from == l.named:
		l.src, l.locked, locked = from, true, true
	default:
		if !l.prove(from, p) {
			if from != l.src {
				return false, false
			}
			break // the old source is heard until another one is locked
		}
		l.src, l.locked, locked = from, true, true
	}
	l.ssrc, l.seq, l.heard = p.ssrc, p.seq, now
	return true, locked
}

// prove counts good packets of one candidate: one SSRC, sequence numbers that go on.
func (l *latch) prove(from netip.AddrPort, p *packet) bool {
	c := (*candidate)(nil)
	for i := range l.cand {
		if l.cand[i].from == from {
			c = &l.cand[i]
		}
	}
	if c == nil {
		c = &l.cand[l.next%len(l.cand)]
		l.next++
		*c = candidate{from: from}
	}
	if c.good == 0 || c.ssrc != p.ssrc || p.seq-c.seq > maxSeqStep {
		c.ssrc, c.good = p.ssrc, 0
	}
	c.seq = p.seq
	c.good++
	need := proofOther
	switch {
	case from == l.src:
		need = proofOld
	case from.Addr() == l.named.Addr():
		need = proofSameIP
	}
	return c.good >= need
}
