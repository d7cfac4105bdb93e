package media

import (
	"slices"
	"testing"
	"time"
)

// TestCrowd: packets pass through every bridge when there are few, when there are many (the thread then looks by the clock), and
// when they have become few again.
func TestCrowd(t *testing.T) {
	e := newEngine(t, 1)
	type pair struct {
		a, b *Port
		f, g *phone
		j    *Bridged
		k    talker
	}
	var pairs []*pair
	join := func(n int) {
		for range n {
			p := &pair{f: newPhone(t), g: newPhone(t), k: talker{pt: ptALaw, ssrc: uint32(len(pairs) + 1)}}
			p.a, p.b = dial(t, e, p.f), dial(t, e, p.g)
			p.j = Bridge(p.a, p.b)
			pairs = append(pairs, p)
		}
	}
	pass := func(when string) {
		t.Helper()
		for _, p := range pairs {
			p.g.forget()
			until(t, when, func() bool {
				_, _ = p.f.c.WriteToUDPAddrPort(p.k.say(frameOf(0x91)), p.a.LocalAddr())
				return slices.Contains(p.g.sound(), 0x91)
			})
		}
	}
	join(2)
	pass("few")
	join(20)
	pass("many")
	for _, p := range pairs[2:] {
		p.j.Break()
		p.a.Close()
	}
	pairs = pairs[:2]
	pass("few again")
}

// TestBehind: a thread with more to do than it can says so, and takes it back when it is in time again.
func TestBehind(t *testing.T) {
	e := newEngine(t, 1)
	f := newPhone(t)
	p := dial(t, e, f)
	p.Play(slow{})
	until(t, "the engine is behind", e.Behind)
	p.Play(Silence(-1))
	until(t, "the engine is in time again", func() bool { return !e.Behind() })
}

// slow is a source that takes longer than the frame that it makes.
type slow struct{}

func (slow) Next(f *Frame) bool {
	f.hush()
	<-time.After(30 * time.Millisecond)
	return true
}
