package media

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Mix lets many hear many: every ear hears the sum of the voices that are named for it, and never itself. It says nothing about
// how a voice hears: two parties keep their Bridge, which forwards on arrival, while a listener gets copies by way of a Mix.
// Ears go by the 20 ms clock; ports may live on any threads and be of any kind.
type Mix struct {
	mu   sync.Mutex
	ears map[*Port]*ear
}

// NewMix makes a mix in which nobody hears anybody yet.
func NewMix() *Mix { return &Mix{ears: map[*Port]*ear{}} }

// Hear lets ear hear the sum of these voices, in place of what it heard before; none: silence. A bridge of the ear's is broken
// and what was played to it ends; the voices' bridges stay. A later Play takes the place of the voices until it ends.
func (m *Mix) Hear(p *Port, voices ...*Port) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := &ear{gain: 1}
	for _, v := range voices {
		if v != p && v != nil && !slices.ContainsFunc(e.taps, func(x *tap) bool { return x.voice == v }) {
			e.taps = append(e.taps, &tap{voice: v})
		}
	}
	fresh := slices.Clone(e.taps)
	m.ears[p] = e
	p.turn.Add(1)
	p.do(func(*thread, time.Duration) { p.hear(e) })
	for _, x := range fresh {
		x.open()
	}
}

// Leave takes the port out: it hears nobody here, and nobody hears it here.
func (m *Mix) Leave(p *Port) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for q, e := range m.ears {
		if q == p {
			q.do(func(*thread, time.Duration) { q.deafen(e) })
			continue
		}
		q.do(func(*thread, time.Duration) { e.drop(p) })
	}
	delete(m.ears, p)
}

// Close ends the mix; its ears hear silence until something is played to them. Twice is harmless.
func (m *Mix) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for q, e := range m.ears {
		q.do(func(*thread, time.Duration) { q.deafen(e) })
	}
	clear(m.ears)
}

// ear is what one port hears of a mix: a Source on that port's thread.
type ear struct {
	taps []*tap
	one  Frame
	sum  [FrameSize]int32
	gain float32 // of the limiter
}

// hear gives the port a new ear. A voice that it has heard already goes on without a seam.
func (p *Port) hear(e *ear) {
	if p.shutDown {
		e.close()
		return
	}
	p.unlink()
	if p.play != nil {
		p.play.end(false)
	}
	if old := p.ear; old != nil {
		for i, x := range e.taps {
			if k := slices.IndexFunc(old.taps, func(o *tap) bool { return o.voice == x.voice }); k >= 0 {
				e.taps[i], old.taps[k] = old.taps[k], x
			}
		}
		old.close()
	}
	p.ear = e
}

// deafen takes e away if the port still hears by it; nil: whatever it hears by.
func (p *Port) deafen(e *ear) {
	if p.ear == nil || e != nil && p.ear != e {
		return
	}
	p.ear.close()
	p.ear, p.out.marker = nil, true
}

func (e *ear) close() {
	for _, x := range e.taps {
		x.gone.Store(true)
	}
}

func (e *ear) drop(voice *Port) {
	e.taps = slices.DeleteFunc(e.taps, func(x *tap) bool {
		if x.voice == voice {
			x.gone.Store(true)
		}
		return x.voice == voice
	})
}

// Next is the sum of the voices. One voice alone passes as it is.
func (e *ear) Next(f *Frame) bool {
	f.hush()
	heard := 0
	for _, x := range e.taps {
		if !x.take(&e.one) {
			continue
		}
		if heard++; heard == 1 {
			*f = e.one
			continue
		}
		if heard == 2 {
			for i, b := range f {
				e.sum[i] = int32(DecodeALaw(b))
			}
		}
		for i, b := range e.one {
			e.sum[i] += int32(DecodeALaw(b))
		}
	}
	if heard > 1 {
		e.limit(f)
	} else {
		e.gain = 1
	}
	return true
}

// The limiter: a sum above the ceiling is turned down at once and comes up again over a second.
const (
	ceiling  = 28000
	recovery = float32(1) / 50
)

// limit writes the sum so that it does not clip: clipped voices are what makes telephones howl.
func (e *ear) limit(f *Frame) {
	peak := int32(1)
	for _, v := range e.sum {
		peak = max(peak, v, -v)
	}
	from, to := e.gain, min(1, e.gain+recovery)
	if fits := float32(ceiling) / float32(peak); fits < to {
		to = fits
		from = min(from, float32(32767)/float32(peak))
	}
	for i, v := range e.sum {
		g := from + (to-from)*float32(i)/FrameSize
		f[i] = EncodeALaw(int16(float32(v) * g))
	}
	e.gain = to
}

// The frames that a tap holds, and the most that wait in it: what is older was meant for a moment that has passed.
const (
	tapFrames = 8
	tapWait   = 3
)

// tap carries one voice's frames to a reader on another thread: one writer, one reader, no lock. The two go by the same clock,
// each in its own slot; a reader that comes too early finds nothing once and has a frame in hand from then on.
type tap struct {
	voice      *Port
	gone       atomic.Bool // nobody reads any more
	head, tail atomic.Uint32
	frames     [tapFrames]Frame
}

// open begins to listen to the voice.
func (x *tap) open() {
	x.voice.do(func(*thread, time.Duration) { x.voice.addSink(&listener{sink: x, end: x}) })
}

// Put takes 20 ms of the voice, on its thread; a muted one is silent.
func (x *tap) Put(f *Frame) {
	h := x.head.Load()
	if h-x.tail.Load() == tapFrames {
		return
	}
	s := &x.frames[h%tapFrames]
	if *s = *f; x.voice.muted.Load() {
		s.hush()
	}
	x.head.Store(h + 1)
}

// take gives the next 20 ms to the reader; false: there is none.
func (x *tap) take(f *Frame) bool {
	h, t := x.head.Load(), x.tail.Load()
	if h == t {
		return false
	}
	if h-t > tapWait {
		t = h - 2
	}
	*f = x.frames[t%tapFrames]
	x.tail.Store(t + 1)
	return true
}

func (x *tap) over() bool { return x.gone.Load() }
func (x *tap) finish()    {}
