package media

import (
	"encoding/binary"
	"strings"
	"time"
)

// keys in the order of their event numbers (RFC 4733 §3.2).
const keys = "0123456789*#ABCD"

// eventKey gives the key of a telephone-event payload; false for other events and short payloads.
func eventKey(payload []byte) (key byte, end bool, duration uint16, ok bool) {
	if len(payload) < 4 || int(payload[0]) >= len(keys) {
		return 0, false, 0, false
	}
	return keys[payload[0]], payload[1]&0x80 != 0, binary.BigEndian.Uint16(payload[2:]), true
}

// events recognises presses among telephone-event packets: one press is one (SSRC, timestamp, key), and its first packet
// counts, whether or not the marker, the duration, the sequence number or the End packets are as they should be. The shapes
// that real senders give their presses are in testdata/dtmf.
type events struct {
	seen [8]eventID
	n    int
	last press
}

type eventID struct {
	ssrc, ts uint32
	key      byte
}

// press is the one that was told of last.
type press struct {
	eventID
	seq      uint16
	duration uint16 // the longest so far
	ended    bool
}

const (
	// sameEvent is the shortest pause between two presses of one key, in samples: nobody presses twice in 40 ms.
	sameEvent = 40 * Rate / 1000
	// longEvent is how long a press must be to go on as a new segment before the duration overflows.
	longEvent = 0xF000
)

// see takes one packet and tells whether a new press began.
func (e *events) see(h *packet) (key byte, fresh bool) {
	key, end, duration, ok := eventKey(h.payload)
	if !ok {
		return 0, false
	}
	id, l := eventID{h.ssrc, h.ts, key}, &e.last
	same := e.n > 0 && id == l.eventID
	switch {
	case same && !l.again(h.seq, duration, end):
	case !same && e.knows(id):
		return key, false // a straggler of an earlier press
	case !same && e.n > 0 && l.goesOn(id, duration, end):
		e.remember(id)
		l.ts, l.duration = id.ts, 0
	default:
		e.remember(id)
		e.last, fresh = press{eventID: id}, true
	}
	l.seq, l.duration, l.ended = h.seq, max(l.duration, duration), l.ended || end
	return key, fresh
}

// again: the sender's timestamp stands still, and the same key is pressed anew.
func (l *press) again(seq, duration uint16, end bool) bool {
	return l.ended && !end && int16(seq-l.seq) > 0 && duration < l.duration
}

// goesOn tells that a packet with a timestamp of its own belongs to the same press all the same.
func (l *press) goesOn(id eventID, duration uint16, end bool) bool {
	if id.ssrc != l.ssrc || id.key != l.key {
		return false
	}
	d := id.ts - l.ts
	switch {
	case l.ended:
		return end && duration == l.duration && d <= uint32(duration) // its End once more
	case d < sameEvent:
		return true // the timestamp runs along
	case duration > l.duration && abs32(int32(d)-int32(duration-l.duration)) < sameEvent/2:
		return true // it runs along, and packets between were lost
	}
	// RFC 4733 §2.5.1.3: a press longer than 0xFFFF samples goes on as a new segment.
	return d <= 0xFFFF && (d == 0xFFFF || l.duration >= longEvent)
}

func abs32(n int32) int32 { return max(n, -n) }

func (e *events) knows(id eventID) bool {
	for _, s := range e.seen[:min(e.n, len(e.seen))] {
		if s == id {
			return true
		}
	}
	return false
}

func (e *events) remember(id eventID) {
	e.seen[e.n%len(e.seen)] = id
	e.n++
}

// way is how a key came.
type way byte

const (
	byEvent way = 1 << iota
	byInfo
	byTone
)

// sameKey is how far apart the tellings of one press may come.
const sameKey = time.Second

// merger lets one press through once when it is told of in several ways (RFC 4733, SIP INFO, tones): each way tells of a press
// at most once.
type merger struct {
	open [8]telling
	n    int
}

// telling is a press and the ways that have told of it.
type telling struct {
	key  byte
	ways way
	at   time.Duration // when it was last heard of
}

// take tells whether the key is a new press.
func (m *merger) take(key byte, w way, now time.Duration) bool {
	oldest := -1
	for i, o := range m.open {
		if o.key == key && o.ways&w == 0 && now-o.at <= sameKey && (oldest < 0 || o.at < m.open[oldest].at) {
			oldest = i
		}
	}
	if oldest >= 0 {
		m.open[oldest].ways |= w
		return false
	}
	m.open[m.n%len(m.open)] = telling{key, w, now}
	m.n++
	return true
}

// hold keeps the last press open while w says that the key is still down: a long press may be told of by INFO at its end.
func (m *merger) hold(key byte, w way, now time.Duration) {
	if m.n == 0 {
		return
	}
	if o := &m.open[(m.n-1)%len(m.open)]; o.key == key && o.ways&w != 0 {
		o.at = now
	}
}

// The shape of keys that we press (RFC 4733 §2.5): 100 ms of event, the end told three times, 80 ms of rest.
const (
	pressFrames = 5
	pressEnds   = 3
	pressRest   = 4
)

// presser sends keys as telephone-events, one packet per slot.
type presser struct {
	queue []byte
	step  int
	ts    uint32
}

func (d *presser) busy() bool { return len(d.queue) > 0 }

// press makes the payload of this slot; send is false in the rest between keys.
func (d *presser) press(clock uint32, buf []byte) (ts uint32, marker, send bool) {
	if d.step == 0 {
		d.ts = clock
	}
	d.step++
	if d.step > pressFrames+pressEnds {
		if d.step >= pressFrames+pressEnds+pressRest {
			d.queue, d.step = d.queue[1:], 0
		}
		return 0, false, false
	}
	length := min(d.step, pressFrames) * FrameSize
	buf[0], buf[1] = byte(strings.IndexByte(keys, d.queue[0])), 10 // -10 dBm0
	if d.step > pressFrames {
		buf[1] |= 0x80
	}
	binary.BigEndian.PutUint16(buf[2:], uint16(length))
	return d.ts, d.step == 1, true
}

// keyTones gives a key's in-band sound for far ends without telephone-event (ITU-T Q.23).
func keyTones(key byte) Source {
	i := max(0, strings.IndexByte(tonePad, key))
	return Seq(dualTone(toneHz[i/4], toneHz[4+i%4], pressFrames*FrameTime), Silence(pressRest*FrameTime))
}

// cleanKeys keeps what is a key, in capitals.
func cleanKeys(s string) []byte {
	var out []byte
	for _, k := range []byte(strings.ToUpper(s)) {
		if strings.IndexByte(keys, k) >= 0 {
			out = append(out, k)
		}
	}
	return out
}
