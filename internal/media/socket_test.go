package media

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"testing"
	"time"
)

func newEngine(t testing.TB, threads int) *Engine {
	t.Helper()
	e, err := NewEngine(EngineOptions{BindIP: netip.MustParseAddr("127.0.0.1"), Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func dial(t testing.TB, e *Engine, f *phone, lines ...string) *Port {
	t.Helper()
	p, err := e.Open()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Answer(offer(f.addr(), lines...)); err != nil {
		t.Fatal(err)
	}
	return p
}

// hears tells which of the tones are in the last 200 ms of what a phone heard.
func (f *phone) hears(hz ...float64) string {
	s := f.sound()
	s = s[max(0, len(s)-1600):]
	out := ""
	for _, h := range hz {
		if len(s) == 1600 && ToneLevel(s, h) > -25 {
			out += fmt.Sprintf("%.0f ", h)
		}
	}
	return out
}

// TestBridgeSound: each party says its own tone on real sockets; the far end must hear exactly the other's. The legs live on
// different threads, one is mu-law, and the party of the third is never heard.
func TestBridgeSound(t *testing.T) {
	e := newEngine(t, 2)
	fa, fb, fc := newPhone(t), newPhone(t), newPhone(t)
	a, b, c := dial(t, e, fa), dial(t, e, fb, "m=audio %d RTP/AVP 0"), dial(t, e, fc)
	if a.owner.Load() == b.owner.Load() {
		t.Fatal("the test wants legs of two threads")
	}
	fa.talk(a.LocalAddr(), ptALaw, 500)
	fb.talk(b.LocalAddr(), ptULaw, 900)
	fc.talk(c.LocalAddr(), ptALaw, 1300)
	all := []float64{500, 900, 1300}
	c.Play(Tone(1700, -1, -15))
	j := Bridge(a, b)
	hear := func(what string, f *phone, want string) {
		t.Helper()
		f.forget()
		until(t, what, func() bool { return len(f.sound()) >= 3200 })
		if got := f.hears(append(all, 1700)...); got != want {
			t.Errorf("%s: hears %q, want %q", what, got, want)
		}
	}
	hear("a", fa, "900 ")
	hear("b", fb, "500 ")
	hear("c", fc, "1700 ")
	b.Mute(true)
	until(t, "mute", func() bool { return fa.hears(all...) == "" })
	hear("a of a muted b", fa, "")
	b.Mute(false)
	j.Break()
	a.Play(Tone(1700, -1, -15))
	until(t, "music", func() bool { return fa.hears(1700) != "" })
	hear("a after the break", fa, "1700 ")
	Bridge(c, b) // b moves on to c
	until(t, "b with c", func() bool { return fb.hears(1300) != "" })
	hear("b with c", fb, "1300 ")
	until(t, "c with b", func() bool { return fc.hears(900) != "" })
	hear("c with b", fc, "900 ")
	if s := a.Stats(); s.Lost != 0 || s.Level < -20 || s.Level > -10 {
		t.Errorf("%+v", s)
	}
}

// TestBrowserBridge: a leg without socket and one with, on different threads.
func TestBrowserBridge(t *testing.T) {
	e := newEngine(t, 2)
	f := newPhone(t)
	sip := dial(t, e, f)
	out := make(chan byte, 1000)
	web, err := e.OpenConn(trackFunc(func(p []byte) {
		select {
		case out <- p[rtpHeader]:
		default:
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	Bridge(sip, web)
	k, far := talker{pt: 8, ssrc: 1}, talker{pt: 8, ssrc: 2}
	web.Deliver(k.say(frameOf(0x91)))
	until(t, "the browser's voice", func() bool {
		web.Deliver(k.say(frameOf(0x91)))
		return bytes.Count(f.sound(), []byte{0x91}) > 1600
	})
	_, _ = f.c.WriteToUDPAddrPort(far.say(frameOf(0x77)), sip.LocalAddr())
	until(t, "the caller's voice", func() bool { return <-out == 0x77 })
	e.Close()
	if _, err := e.Open(); err == nil {
		t.Error("a closed engine opens legs")
	}
	<-web.Play(Silence(time.Hour)).Done()
	Bridge(web, sip).Break()
}

type trackFunc func(p []byte)

func (f trackFunc) WriteRTP(p []byte) error { f(p); return nil }

// TestKernelFilter: once the source is locked the kernel drops strangers; a far end that moves by re-INVITE is found again.
func TestKernelFilter(t *testing.T) {
	e := newEngine(t, 1)
	f, evil, moved := newPhone(t), newPhone(t), newPhone(t)
	p := dial(t, e, f)
	k, s, m := talker{pt: 8, ssrc: 1}, talker{pt: 8, ssrc: 2}, talker{pt: 8, ssrc: 3}
	send := func(f *phone, k *talker, n int) {
		for range n {
			_, _ = f.c.WriteToUDPAddrPort(k.say(frameOf(0x91)), p.LocalAddr())
		}
	}
	until(t, "the far end", func() bool { send(f, &k, 1); return p.Stats().Received >= 1 })
	before := p.Stats().Received
	send(evil, &s, 8)
	send(f, &k, 20)
	until(t, "the far end", func() bool { return p.Stats().Received >= before+20 })
	if st := p.Stats(); st.Ignored > 20 || st.Lost != 0 {
		t.Errorf("%+v", st)
	}
	if _, err := p.Answer(offer(moved.addr())); err != nil {
		t.Fatal(err)
	}
	send(moved, &m, 10)
	until(t, "the moved far end", func() bool { send(moved, &m, 1); return p.Stats().Received >= before+30 })
	until(t, "sound for the moved far end", func() bool { return len(moved.sound()) > 1600 })
}

// TestOpenPairs: even ports, both bound, given back, resting.
func TestOpenPairs(t *testing.T) {
	e := newEngine(t, 1)
	seen := map[uint16]bool{}
	for range 20 {
		p, err := e.Open()
		if err != nil {
			t.Fatal(err)
		}
		at := p.LocalAddr()
		if at.Port()%2 != 0 || seen[at.Port()] {
			t.Errorf("port %d", at.Port())
		}
		seen[at.Port()] = true
		if _, err := openSock(netip.AddrPortFrom(at.Addr(), at.Port()+1)); err == nil {
			t.Error("the RTCP port is free")
		}
		done := p.Play(Silence(-1)).Done()
		p.Close()
		<-done
	}
}

// TestRange: in a fixed range, a port that another program holds is stepped over.
func TestRange(t *testing.T) {
	probe, err := openSock(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	defer probe.Close()
	taken := int(probe.local.Port())
	from := taken&^1 - 2
	e, err := NewEngine(EngineOptions{BindIP: netip.MustParseAddr("127.0.0.1"), PortFrom: from, PortTo: from + 5, Threads: 1})
	if err != nil {
		t.Skip(err)
	}
	defer e.Close()
	n := 0
	for {
		p, err := e.Open()
		if err != nil {
			break
		}
		if p.LocalAddr().Port()&^1 == uint16(taken)&^1 {
			t.Error("got a pair of which one port is taken")
		}
		n++
	}
	if n > 2 {
		t.Errorf("%d legs in a range of three pairs, one of them taken", n)
	}
}

// TestKeyToPrompt: the time from a key's arrival to the new prompt's first packet.
func TestKeyToPrompt(t *testing.T) {
	e := newEngine(t, 1)
	f := newPhone(t)
	p := dial(t, e, f)
	k := talker{pt: 8, ssrc: 1}
	_, _ = f.c.WriteToUDPAddrPort(k.say(frameOf(1)), p.LocalAddr())
	until(t, "silence", func() bool { return len(f.sound()) > 800 })
	sent := time.Now()
	_, _ = f.c.WriteToUDPAddrPort(k.event(5, true, 9000, 800), p.LocalAddr())
	if d := <-p.Digits(); d.Key != '5' || time.Since(d.At) > time.Second {
		t.Errorf("%c at %s", d.Key, d.At)
	}
	p.Play(Tone(440, time.Second, -12))
	if late := (<-f.first).Sub(sent); late > 100*time.Millisecond {
		t.Errorf("%s from key to sound", late)
	} else {
		t.Logf("%s from key to sound", late)
	}
}

// TestTalkWithOurselves: our own offer and answer agree, and the sound, the keys and the recording pass.
func TestTalkWithOurselves(t *testing.T) {
	e := newEngine(t, 2)
	a, err := e.Open()
	if err != nil {
		t.Fatal(err)
	}
	b, err := e.Open()
	if err != nil {
		t.Fatal(err)
	}
	o, err := a.Offer()
	if err != nil {
		t.Fatal(err)
	}
	ans, err := b.Answer(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Accept(ans); err != nil {
		t.Fatal(err)
	}
	if a.Accept(ans) == nil {
		t.Error("took an answer that nobody asked for")
	}
	tone := a.Play(Tone(440, 400*time.Millisecond, -15))
	var got bytes.Buffer
	r := b.Record(&got, time.Minute)
	<-tone.Done()
	a.SendDigits("42*")
	for _, want := range []byte("42*") {
		if d := <-b.Digits(); d.Key != want {
			t.Errorf("%c, want %c", d.Key, want)
		}
	}
	r.Stop()
	if l := ToneLevel(got.Bytes()[800:2400], 440); l < -17 || l > -13 {
		t.Errorf("recorded at %.1f dBov", l)
	}
	if a.Record(io.Discard, 0).Stop() != 0 {
		t.Error("a recording of nothing")
	}
}

type badSource struct{}

func (badSource) Next(*Frame) bool { panic("a bad source") }

// TestPanic: one leg's bad source ends that leg and nobody else's.
func TestPanic(t *testing.T) {
	e, err := NewEngine(EngineOptions{BindIP: netip.MustParseAddr("127.0.0.1"), Threads: 1, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	good, bad := newPhone(t), newPhone(t)
	p, q := dial(t, e, good), dial(t, e, bad)
	at := q.Play(NewClip(frameOf(1)), badSource{})
	<-at.Done()
	until(t, "the bad leg's end", func() bool { return e.Legs() == 1 })
	<-q.Play(badSource{}).Done()
	<-p.Play(Silence(60 * time.Millisecond)).Done()
	good.forget()
	until(t, "the good leg", func() bool { return len(good.sound()) > 800 })
}
