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

// events recognises presses among telephone-event packets: one press is one (SSRC, timestamp), and its first packet counts,
// whether or not the marker, the duration, the sequence number or the End packets are as they should be.
type events struct {
	seen [8]eventID
	n    int
	last struct {
		eventID
		key   byte
		ended bool
	}
}

type eventID struct{ ssrc, ts uint32 }

// sameEvent is the most by which careless senders let the timestamp run within one press: nobody presses twice in 40 ms.
const sameEvent = 40 * Rate / 1000

// see takes one packet and tells whether a new press began.
func (e *events) see(ssrc, ts uint32, payload []byte) (key byte, fresh bool) {
	key, end, _, ok := eventKey(payload)
	if !ok {
		return 0, false
	}
	id := eventID{ssrc, ts}
	known := false
	for _, s := range e.seen[:min(e.n, len(e.seen))] {
		known = known || s == id
	}
	if !known && e.n > 0 && ssrc == e.last.ssrc && key == e.last.key && !e.last.ended {
		d := ts - e.last.ts
		// RFC 4733 §2.5.1.3: a press longer than 0xFFFF samples goes on as a new segment.
		known = d < sameEvent || d == 0xFFFF
	}
	if known && ts != e.last.ts && e.last.ssrc == ssrc && int32(ts-e.last.ts) < 0 {
		return key, false // a straggler of an earlier press
	}
	if !known || id != e.last.eventID {
		e.seen[e.n%len(e.seen)] = id
		e.n++
		e.last.eventID, e.last.key, e.last.ended = id, key, false
	}
	e.last.ended = e.last.ended || end
	return key, !known
}

// way is how a key came.
type way byte

const (
	byEvent way = iota
	byInfo
)

// sameKey is how far apart the two tellings of one press may come.
const sameKey = time.Second

// merger lets one press through once when it is told of in two ways (RFC 4733 and SIP INFO): each telling by one way
// swallows at most one telling by the other.
type merger struct {
	open [8]telling
	n    int
}

type telling struct {
	key byte
	way way
	at  time.Duration
	on  bool
}

// take tells whether the key is a new press.
func (m *merger) take(key byte, w way, now time.Duration) bool {
	oldest := -1
	for i, o := range m.open {
		if o.on && o.key == key && o.way != w && now-o.at <= sameKey && (oldest < 0 || o.at < m.open[oldest].at) {
			oldest = i
		}
	}
	if oldest >= 0 {
		m.open[oldest].on = false
		return false
	}
	m.open[m.n%len(m.open)] = telling{key, w, now, true}
	m.n++
	return true
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
	low := [4]float64{697, 770, 852, 941}
	high := [4]float64{1209, 1336, 1477, 1633}
	const pad = "123A456B789C*0#D"
	i := max(0, strings.IndexByte(pad, key))
	return Seq(dualTone(low[i/4], high[i%4], pressFrames*FrameTime), Silence(pressRest*FrameTime))
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
