package media

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// party is a far end in virtual time: it says its own tone and keeps what it hears.
type party struct {
	p     *Port
	w     *wire
	k     talker
	hz    float64
	tone  Source
	heard []byte
}

func (d *desk) party(hz float64) *party {
	p, w := d.leg()
	return &party{p: p, w: w, k: talker{pt: 8, ssrc: uint32(hz)}, hz: hz, tone: Tone(hz, -1, -15)}
}

// talk lets n frame times pass in which everybody says its tone.
func (d *desk) talk(n int, all ...*party) {
	var f Frame
	for _, x := range all {
		x.heard = x.heard[:0]
	}
	for range n {
		for _, x := range all {
			x.tone.Next(&f)
			x.w.in = append(x.w.in, mailed{x.k.say(f[:]), farAddr})
		}
		d.ticks(1)
		for _, x := range all {
			for _, k := range x.w.packets(d.t) {
				x.heard = append(x.heard, k.payload...)
			}
		}
	}
}

// hears names the tones in the last 400 ms of what the party heard.
func (x *party) hears(all ...*party) string {
	return tones(x.heard[max(0, len(x.heard)-3200):], all...)
}

func tones(sound []byte, all ...*party) string {
	out := ""
	for _, y := range all {
		if len(sound) >= 1600 && ToneLevel(sound, y.hz) > -17 {
			out += fmt.Sprintf("%.0f ", y.hz)
		}
	}
	return out
}

// TestMix: who hears whom, by tones: three parties and four, listen, whisper, barge, leaving.
func TestMix(t *testing.T) {
	d := newDesk(t)
	cit, agent, sup, dept := d.party(500), d.party(900), d.party(1300), d.party(1700)
	all := []*party{cit, agent, sup, dept}
	m := NewMix()
	want := func(step string, hear ...string) {
		t.Helper()
		d.talk(40, all...)
		for i, x := range all {
			if got := x.hears(all...); got != hear[i] {
				t.Errorf("%s: %.0f hears %q, want %q", step, x.hz, got, hear[i])
			}
		}
	}
	Bridge(cit.p, agent.p)
	m.Hear(sup.p, cit.p, agent.p)
	want("listen", "900 ", "500 ", "500 900 ", "")
	m.Hear(agent.p, cit.p, sup.p)
	m.Hear(cit.p, agent.p)
	want("whisper", "900 ", "500 1300 ", "500 900 ", "")
	m.Hear(cit.p, agent.p, sup.p)
	want("barge", "900 1300 ", "500 1300 ", "500 900 ", "")
	ports := []*Port{cit.p, agent.p, sup.p, dept.p}
	for _, p := range ports {
		m.Hear(p, ports...)
	}
	want("four", "900 1300 1700 ", "500 1300 1700 ", "500 900 1700 ", "500 900 1300 ")
	agent.p.Mute(true)
	want("mute", "1300 1700 ", "500 1300 1700 ", "500 1700 ", "500 1300 ")
	agent.p.Mute(false)
	m.Leave(sup.p)
	want("left", "900 1700 ", "500 1700 ", "", "500 900 ")
	dept.p.Play(Silence(100 * time.Millisecond))
	want("after a prompt", "900 1700 ", "500 1700 ", "", "500 900 ")
	Bridge(cit.p, agent.p)
	want("two again", "900 ", "500 ", "", "500 900 ")
	m.Close()
	m.Close()
	want("closed", "900 ", "500 ", "", "")
	for _, x := range all {
		if len(x.p.sinks) != 0 {
			t.Errorf("%d still listen to %.0f", len(x.p.sinks), x.hz)
		}
	}
}

// TestListenerDelaysNobody: while somebody listens, the two of a talk still hear each other on arrival.
func TestListenerDelaysNobody(t *testing.T) {
	d := newDesk(t)
	a, b, s := d.party(500), d.party(900), d.party(1300)
	Bridge(a.p, b.p)
	NewMix().Hear(s.p, a.p, b.p)
	d.talk(10, a, b, s)
	a.w.in = append(a.w.in, mailed{a.k.say(frameOf(0x91)), farAddr})
	d.e.Tick(d.now) // no time has passed
	if got := b.w.packets(t); len(got) != 1 || got[0].payload[0] != 0x91 {
		t.Errorf("%d packets on arrival", len(got))
	}
}

// TestMixSeamless: an ear that gets a further voice hears the ones it had without a seam.
func TestMixSeamless(t *testing.T) {
	d := newDesk(t)
	a, b, c := d.party(500), d.party(900), d.party(1300)
	quiet := func(x *party) { x.tone = Silence(-1) }
	quiet(b)
	quiet(c)
	m := NewMix()
	m.Hear(b.p, a.p)
	d.talk(10, a, b, c)
	m.Hear(b.p, a.p, c.p)
	d.talk(10, a, b, c)
	for i := range 10 {
		if l := ToneLevel(b.heard[i*FrameSize:(i+1)*FrameSize], 500); l < -16 || l > -14 {
			t.Errorf("frame %d: %.1f dBov", i, l)
		}
	}
}

// TestMixAllocatesNothing in the frame path, nor does the recording of a talk.
func TestMixAllocatesNothing(t *testing.T) {
	e, a, w := quickLeg(t)
	now := e.base
	var ports []*Port
	for range 3 {
		q := e.attach(&quickWire{}, nil)
		if _, err := q.Answer(offer(farAddr)); err != nil {
			t.Fatal(err)
		}
		ports = append(ports, q)
	}
	m := NewMix()
	for _, p := range ports {
		m.Hear(p, append(slices.Clone(ports), a)...)
	}
	r, err := RecordTalk(t.TempDir()+"/talk.wav", a, TalkOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r.Right(ports[0])
	step := func() {
		w.arrive()
		now = now.Add(FrameTime)
		e.Tick(now)
	}
	for range 200 {
		step()
	}
	if n := testing.AllocsPerRun(20, step); n > 0 {
		t.Errorf("%.1f allocations per frame", n)
	}
	r.Stop()
}

// TestHearAfterBridge: who is bridged and told at once what else to hear hears that, though the bridge is still on its way between
// the two legs' threads.
func TestHearAfterBridge(t *testing.T) {
	e := newEngine(t, 2)
	fa, fb, fc := newPhone(t), newPhone(t), newPhone(t)
	a, b, c := dial(t, e, fa), dial(t, e, fb), dial(t, e, fc)
	fa.talk(a.LocalAddr(), ptALaw, 500)
	fb.talk(b.LocalAddr(), ptALaw, 900)
	fc.talk(c.LocalAddr(), ptALaw, 1300)
	m := NewMix()
	for i := range 20 {
		j := Bridge(a, b)
		m.Hear(a, b, c)
		m.Hear(b, a, c)
		if i%2 == 0 {
			j.Break()
		}
	}
	until(t, "a hears both", func() bool { return fa.hears(500, 900, 1300) == "900 1300 " })
	until(t, "b hears both", func() bool { return fb.hears(500, 900, 1300) == "500 1300 " })
	Bridge(a, b)
	until(t, "a hears b", func() bool { return fa.hears(500, 900, 1300) == "900 " })
	until(t, "b hears a", func() bool { return fb.hears(500, 900, 1300) == "500 " })
}

// TestMixSound is the same over real sockets, legs of two threads and a browser's.
func TestMixSound(t *testing.T) {
	e := newEngine(t, 2)
	fa, fb, fc := newPhone(t), newPhone(t), newPhone(t)
	a, b, c := dial(t, e, fa), dial(t, e, fb), dial(t, e, fc, "m=audio %d RTP/AVP 0")
	if a.owner.Load() == b.owner.Load() {
		t.Fatal("the test wants legs of two threads")
	}
	fw := newPhone(t) // keeps what the browser hears
	web, err := e.OpenConn(trackFunc(func(p []byte) { _, _ = fw.c.WriteToUDPAddrPort(p, fw.addr()) }))
	if err != nil {
		t.Fatal(err)
	}
	fa.talk(a.LocalAddr(), ptALaw, 500)
	fb.talk(b.LocalAddr(), ptALaw, 900)
	fc.talk(c.LocalAddr(), ptULaw, 1300)
	m := NewMix()
	Bridge(a, b)
	m.Hear(web, a, b)
	hear := func(what string, f *phone, want string) {
		t.Helper()
		until(t, what+" hears "+want, func() bool { return f.hears(500, 900, 1300) == want })
	}
	hear("browser", fw, "500 900 ")
	hear("a", fa, "900 ")
	m.Hear(a, b, c, web)
	m.Hear(b, a, c, web)
	m.Hear(c, a, b, web)
	m.Hear(web, a, b, c)
	hear("browser", fw, "500 900 1300 ")
	hear("a", fa, "900 1300 ")
	hear("b", fb, "500 1300 ")
	hear("c", fc, "500 900 ")
	b.Close()
	hear("a without b", fa, "1300 ")
	m.Close()
	hear("a alone", fa, "")
}
