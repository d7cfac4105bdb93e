package media

import (
	"sync/atomic"
	"time"
)

// path maps one leg's packets onto the stream of the other: packets keep their distance in time and in number, so that the
// far end sees losses as they were and conceals them.
type path struct {
	set    bool
	ssrc   uint32
	seq    uint16
	offset uint32 // added to timestamps
}

// Bridged is two legs' sound joined.
type Bridged struct {
	a, b   *Port
	turns  [2]uint64 // of a and b when it was asked for
	broken atomic.Bool
}

// Bridge joins the sound of two legs: what one says is forwarded to the other when it arrives. What was played to either ends;
// a former bridge of either is broken. Legs of two threads are brought to one.
func Bridge(a, b *Port) *Bridged {
	j := &Bridged{a: a, b: b}
	j.turns = [2]uint64{a.turn.Add(1), b.turn.Add(1)}
	j.join()
	return j
}

// stale tells that the bridge is broken, or that something else was asked of one of the legs while it was on its way from one
// thread's queue to the other's (Bridge, Mix.Hear): what was asked last counts.
func (j *Bridged) stale() bool {
	return j.broken.Load() || j.a.turn.Load() != j.turns[0] || j.b.turn.Load() != j.turns[1]
}

// join runs in both legs' queues, first b's, then a's, so that it keeps its place among what was asked of either before.
func (j *Bridged) join() {
	a, b := j.a, j.b
	b.do(func(t *thread, now time.Duration) {
		if j.stale() || b.shutDown {
			return
		}
		b.unlink()
		if b.play != nil {
			b.play.end(false)
		}
		to := a.owner.Load()
		if to != t {
			t.give(b, to)
		}
		if to == t && t.inline {
			j.link(t, now)
			return
		}
		a.do(j.link)
	})
}

// link runs on a's thread.
func (j *Bridged) link(t *thread, now time.Duration) {
	a, b := j.a, j.b
	if j.stale() || a.shutDown || a == b {
		return
	}
	if b.owner.Load() != t {
		j.join() // one of them has moved on meanwhile
		return
	}
	t.adopt(b)
	if b.shutDown {
		return
	}
	a.unlink()
	b.unlink()
	a.deafen(nil)
	b.deafen(nil)
	if a.play != nil {
		a.play.end(false)
	}
	for _, p := range [...]*Port{a, b} {
		p.bridge, p.path.set, p.out.moved = j, false, now
		t.poll.hot(p, true)
	}
	a.peer, b.peer = b, a
}

// unlink parts a leg from its peer, if any, on their thread.
func (p *Port) unlink() {
	q := p.peer
	if q == nil {
		return
	}
	for _, x := range [...]*Port{p, q} {
		x.bridge, x.peer, x.path.set, x.out.marker = nil, nil, false, true
		x.owner.Load().poll.hot(x, false)
	}
}

// Break parts them again; both then hear silence until something is played. Twice is harmless.
func (j *Bridged) Break() {
	if j.broken.Swap(true) {
		return
	}
	for _, p := range [...]*Port{j.a, j.b} {
		p.do(func(*thread, time.Duration) {
			if p.bridge == j {
				p.unlink()
			}
		})
	}
}

// Bounds beyond which a sequence number is a jump and not a loss or a late packet.
const (
	seqAhead  = 100
	seqBehind = 16
)

// forward sends a packet on to the bridged leg, as it arrives.
func (p *Port) forward(h *packet, event bool, now time.Duration) {
	q := p.peer
	if q == nil {
		return
	}
	if !q.sendable() || len(h.payload) > maxPacket {
		p.path.set = false
		return
	}
	if event && (q.terms.dtmfOut == 0 || p.muted.Load()) {
		return
	}
	seq, ts, marker, ok := p.renumber(q, h, event)
	if !ok {
		return
	}
	pt := q.terms.pt
	body := q.out.buf[rtpHeader : rtpHeader+len(h.payload)]
	if event {
		pt = q.terms.dtmfOut
		copy(body, h.payload)
	} else {
		p.convert(body, h, q.terms.law)
	}
	q.out.moved = now
	q.send(pt, marker, seq, ts, len(body))
	if end := ts + uint32(len(body)); !event && int32(end-q.out.end) > 0 {
		q.out.end = end
	}
}

// renumber gives the packet its place in q's stream; ok is false for a packet that was there already.
func (p *Port) renumber(q *Port, h *packet, event bool) (seq uint16, ts uint32, marker, ok bool) {
	step := int16(h.seq - p.path.seq)
	if !p.path.set || p.path.ssrc != h.ssrc || step > seqAhead || step < -seqBehind {
		ts = q.out.at(q.out.clock + FrameSize)
		p.path = path{set: true, ssrc: h.ssrc, seq: h.seq, offset: ts - h.ts}
		q.out.seq++
		q.out.marker = false
		return q.out.seq, ts, true, true
	}
	ts = h.ts + p.path.offset
	switch {
	case step > 0:
		p.path.seq = h.seq
		q.out.seq += uint16(step)
		return q.out.seq, ts, h.marker, true
	case step == 0 && !event:
		return 0, 0, false, false
	case step == 0:
		q.out.seq++ // careless senders repeat the number within a key press
		return q.out.seq, ts, h.marker, true
	}
	return q.out.seq + uint16(step), ts, false, true
}

// convert copies the sound into the other leg's law; a muted leg's as silence.
func (p *Port) convert(body []byte, h *packet, to law) {
	from := p.lawOf(h.pt)
	switch {
	case p.muted.Load():
		hush := byte(alawSilence)
		if to == uLaw {
			hush = ulawOfALaw[alawSilence]
		}
		for i := range body {
			body[i] = hush
		}
	case from == to:
		copy(body, h.payload)
	case to == uLaw:
		for i, b := range h.payload {
			body[i] = ulawOfALaw[b]
		}
	default:
		for i, b := range h.payload {
			body[i] = alawOfULaw[b]
		}
	}
}
