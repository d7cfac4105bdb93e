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
	paced       = 60 * time.Millisecond // how long the proof of an address that nobody named must take at least: a burst is no voice
	moveAfter   = time.Second           // how long a locked source must be quiet before its stream may come from a new address
	settleAfter = 2 * time.Second       // how long a lock that a better claim could still break is left open to it
)

// claim is how good a source's right to be heard is. A better one takes over from a worse one at any time: who floods our ports
// before the far end's first packet is heard at most until that packet comes.
type claim int

const (
	fromElsewhere claim = iota // an address that nobody named: a NAT, or a stranger
	fromItsIP                  // the named address from another port: a NAT nearly always
	asNamed
)

// latch is symmetric RTP: it learns where the far end really sends from, and then holds on to it.
type latch struct {
	named  netip.AddrPort // what SDP says
	src    netip.AddrPort // locked, or locked until the last re-INVITE
	locked bool
	since  time.Duration // of the lock
	moved  bool          // the last SDP named another address than the one before
	ssrc   uint32        // of the last packet let in
	seq    uint16
	heard  time.Duration
	cand   [4]candidate
	next   int
}

type candidate struct {
	from  netip.AddrPort
	ssrc  uint32
	seq   uint16
	good  int
	first time.Duration
}

// rename takes the address of a new SDP. A changed one opens the lock; nothing that was learned is lost until something better
// comes. The same one again (a session refresh) opens nothing: else every refresh would be a chance for a stranger.
func (l *latch) rename(named netip.AddrPort) {
	if !named.IsValid() {
		return // c=0.0.0.0, or a name: what is known stays
	}
	l.moved = named != l.named
	if !l.moved {
		return
	}
	l.named, l.cand = named, [4]candidate{}
	l.locked = l.locked && l.src == named
}

func (l *latch) claim(from netip.AddrPort) claim {
	switch {
	case from == l.named:
		return asNamed
	case from.Addr() == l.named.Addr():
		return fromItsIP
	}
	return fromElsewhere
}

// settled tells whether nobody could break the lock any more but by its own silence.
func (l *latch) settled(now time.Duration) bool {
	return l.locked && (l.claim(l.src) == asNamed || now-l.since >= settleAfter)
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
	case l.locked && l.claim(from) <= l.claim(l.src):
		// The same stream from elsewhere (a NAT forgot its mapping): a stranger does not know SSRC and sequence.
		if p.ssrc != l.ssrc || p.seq-l.seq > 500 || now-l.heard < moveAfter {
			return false, false
		}
		locked = true
	case from == l.named || l.prove(from, p, now):
		locked = true
	case l.locked || from != l.src:
		return false, false
	default: // the old source is heard until another one is locked
	}
	if locked {
		l.src, l.locked, l.since = from, true, now
	}
	l.ssrc, l.seq, l.heard = p.ssrc, p.seq, now
	return true, locked
}

// prove counts good packets of one candidate: one SSRC, sequence numbers that go on.
func (l *latch) prove(from netip.AddrPort, p *packet, now time.Duration) bool {
	c := l.candidate(from)
	if c.good == 0 || c.ssrc != p.ssrc || p.seq-c.seq > maxSeqStep {
		c.ssrc, c.good, c.first = p.ssrc, 0, now
	}
	c.seq = p.seq
	c.good++
	switch {
	case from == l.src:
		return c.good >= proofOld
	case l.claim(from) == fromItsIP:
		return c.good >= proofSameIP
	}
	return c.good >= proofOther && now-c.first >= paced
}

// candidate finds the count of a source. The places go to those who come; who has a better claim than a stranger keeps the first
// one, so that a flood from many ports does not make its proof begin anew.
func (l *latch) candidate(from netip.AddrPort) *candidate {
	better := l.claim(from) > fromElsewhere || from == l.src
	for i := range l.cand {
		if l.cand[i].from == from {
			return &l.cand[i]
		}
	}
	at := 0
	if !better {
		at = 1 + l.next%(len(l.cand)-1)
		l.next++
	}
	l.cand[at] = candidate{from: from}
	return &l.cand[at]
}
