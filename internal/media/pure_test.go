package media

import (
	"bytes"
	"math"
	"net/netip"
	"testing"
	"time"
)

// TestG711 compares every one of the 65,536 samples with the definition: the nearest of the 256 steps of the law.
func TestG711(t *testing.T) {
	laws := []struct {
		name string
		enc  func(int16) byte
		dec  func(byte) int16
	}{{"A-law", EncodeALaw, DecodeALaw}, {"mu-law", EncodeULaw, DecodeULaw}}
	for _, l := range laws {
		for s := math.MinInt16; s <= math.MaxInt16; s++ {
			b := l.enc(int16(s))
			got := int(l.dec(b))
			// A step is at most 1/16 of the value in its segment: half of it may be lost, and clipping at the top.
			if bound := max(abs(s)/32, 8) + 8; abs(got-s) > bound && abs(s) < 32256 {
				t.Fatalf("%s: %d became %d", l.name, s, got)
			}
			if s < math.MaxInt16 && l.dec(l.enc(int16(s+1))) < l.dec(b) {
				t.Fatalf("%s: falls at %d", l.name, s)
			}
		}
		for b := range 256 {
			if got := l.enc(l.dec(byte(b))); got != byte(b) && l.dec(got) != l.dec(byte(b)) {
				t.Errorf("%s: byte %#x came back as %#x", l.name, b, got)
			}
		}
	}
	// ITU-T G.711 tables 1a and 2a, a few of the published values.
	for s, want := range map[int16][2]byte{0: {0xD5, 0xFF}, 8: {0xD5, 0xFE}, -8: {0x55, 0x7E}, 32767: {0xAA, 0x80}, -32768: {0x2A, 0x00}, 1000: {0xFA, 0xCE}} {
		if a, u := EncodeALaw(s), EncodeULaw(s); a != want[0] || u != want[1] {
			t.Errorf("%d: A-law %#x, mu-law %#x; want %#x, %#x", s, a, u, want[0], want[1])
		}
	}
	for b := range 256 {
		if ulawOfALaw[b] != EncodeULaw(DecodeALaw(byte(b))) || alawOfULaw[b] != EncodeALaw(DecodeULaw(byte(b))) {
			t.Fatalf("conversion table is wrong at %#x", b)
		}
	}
}

func abs(n int) int { return max(n, -n) }

func all(s Source) []byte {
	var f Frame
	var out []byte
	for s.Next(&f) {
		out = append(out, f[:]...)
	}
	return out
}

func TestSources(t *testing.T) {
	if got := all(NewClip([]byte{1, 2, 3})); len(got) != FrameSize || got[2] != 3 || got[3] != alawSilence {
		t.Errorf("clip: %v", got[:5])
	}
	if got := all(Seq(Silence(30*time.Millisecond), nil, NewClip(make([]byte, 160)))); len(got) != 3*FrameSize {
		t.Errorf("seq: %d bytes", len(got))
	}
	l := Loop(bytes.Repeat([]byte{1, 2, 3}, 41))
	var f Frame
	for n := range 10 {
		l.Next(&f)
		for i, b := range f {
			if want := byte((n*FrameSize+i)%3 + 1); b != want {
				t.Fatalf("loop: frame %d byte %d is %d, want %d", n, i, b, want)
			}
		}
	}
	if Loop(nil).Next(&f) {
		t.Error("an empty loop never ends")
	}
	tone := all(Tone(440, time.Second, -12))
	if got := ToneLevel(tone, 440); math.Abs(got+12) > 0.3 {
		t.Errorf("440 Hz at %.2f dBov, want -12", got)
	}
	if got := ToneLevel(tone, 880); got > -45 {
		t.Errorf("880 Hz at %.2f dBov in a tone of 440", got)
	}
	if got := Level(tone); math.Abs(got+12) > 0.3 {
		t.Errorf("level %.2f, want -12", got)
	}
}

func TestWAV(t *testing.T) {
	tone := all(Tone(440, 100*time.Millisecond, -12))
	var b bytes.Buffer
	if err := WriteWAV(&b, tone); err != nil {
		t.Fatal(err)
	}
	got, err := ReadWAV(bytes.NewReader(b.Bytes()))
	if err != nil || !bytes.Equal(got, tone) {
		t.Fatalf("came back different: %v", err)
	}
	stereo := bytes.Clone(b.Bytes())
	stereo[22] = 2
	for _, bad := range [][]byte{nil, []byte("RIFF"), stereo, b.Bytes()[:40]} {
		if _, err := ReadWAV(bytes.NewReader(bad)); err == nil {
			t.Errorf("took %q", bad[:min(len(bad), 12)])
		}
	}
}

// TestEvents is trap by trap what is seen in captures of real telephones.
func TestEvents(t *testing.T) {
	pl := func(code byte, end byte, dur uint16) []byte {
		return []byte{code, end<<7 | 10, byte(dur >> 8), byte(dur)}
	}
	type in struct {
		ts uint32
		b  []byte
	}
	for name, c := range map[string]struct {
		in   []in
		want string
	}{
		"one press":                   {[]in{{1, pl(5, 0, 160)}, {1, pl(5, 0, 320)}, {1, pl(5, 1, 480)}, {1, pl(5, 1, 480)}}, "5"},
		"begins with duration 0":      {[]in{{1, pl(5, 0, 0)}, {1, pl(5, 0, 160)}, {1, pl(5, 1, 480)}}, "5"},
		"no end":                      {[]in{{1, pl(5, 0, 160)}, {2000, pl(6, 0, 160)}}, "56"},
		"only the end arrives":        {[]in{{1, pl(11, 1, 800)}}, "#"},
		"the same key twice":          {[]in{{1, pl(5, 0, 160)}, {1, pl(5, 1, 800)}, {2000, pl(5, 0, 160)}}, "55"},
		"the same key twice, no ends": {[]in{{1, pl(5, 0, 160)}, {2000, pl(5, 0, 160)}}, "55"},
		"a straggler":                 {[]in{{1, pl(5, 0, 160)}, {2000, pl(6, 0, 160)}, {1, pl(5, 1, 800)}, {2000, pl(6, 1, 800)}}, "56"},
		"the timestamp runs along":    {[]in{{0, pl(5, 0, 160)}, {160, pl(5, 0, 320)}, {320 + 159, pl(5, 1, 480)}}, "5"},
		"longer than a segment":       {[]in{{0, pl(5, 0, 0xFFFF)}, {0xFFFF, pl(5, 0, 160)}}, "5"},
		"not a key":                   {[]in{{0, pl(16, 0, 160)}, {0, nil}, {0, []byte{1, 2}}}, ""},
	} {
		var e events
		got := ""
		for _, p := range c.in {
			if k, fresh := e.see(&packet{ssrc: 7, ts: p.ts, payload: p.b}); fresh {
				got += string(rune(k))
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestMerger(t *testing.T) {
	type in struct {
		ms  int
		key byte
		w   way
	}
	for name, c := range map[string]struct {
		in   []in
		want string
	}{
		"both ways":        {[]in{{0, '1', byEvent}, {90, '1', byInfo}}, "1"},
		"info first":       {[]in{{0, '1', byInfo}, {90, '1', byEvent}}, "1"},
		"11 both ways":     {[]in{{0, '1', byEvent}, {90, '1', byInfo}, {200, '1', byEvent}, {290, '1', byInfo}}, "11"},
		"11 crossed":       {[]in{{0, '1', byEvent}, {200, '1', byEvent}, {290, '1', byInfo}, {300, '1', byInfo}}, "11"},
		"other keys":       {[]in{{0, '1', byEvent}, {90, '2', byInfo}}, "12"},
		"long afterwards":  {[]in{{0, '1', byEvent}, {1500, '1', byInfo}}, "11"},
		"three ways":       {[]in{{0, '1', byEvent}, {50, '1', byTone}, {90, '1', byInfo}, {200, '1', byTone}, {250, '1', byInfo}, {260, '1', byEvent}}, "11"},
		"one way, quickly": {[]in{{0, '1', byInfo}, {100, '1', byInfo}}, "11"},
	} {
		var m merger
		got := ""
		for _, p := range c.in {
			if m.take(p.key, p.w, time.Duration(p.ms)*time.Millisecond) {
				got += string(rune(p.key))
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestRing(t *testing.T) {
	r := newRing(nil)
	var f Frame
	pull := func() byte { r.pull(&f); return f[100] }
	r.put(1, 1000, frameOf(1), "")
	r.put(1, 1320, frameOf(3), "") // 2 is late
	r.put(1, 1160, frameOf(2), "")
	for i, want := range []byte{alawSilence, alawSilence, alawSilence, 1, 2, 3} {
		if pull(); f[100] != want { // behind the seam
			t.Errorf("frame %d: %#x, want %#x", i, f[100], want)
		}
	}
	if pull(); f[0] == alawSilence || f[159] == alawSilence {
		t.Error("what is lost is not concealed")
	}
	pull()
	pull()
	if pull(); f[100] != alawSilence {
		t.Errorf("%#x long after a loss", f[100])
	}
	mark := byte(10)
	heard := func(what string, ssrc, from uint32, least int) {
		t.Helper()
		mark++
		n := 0
		for i := range uint32(20) {
			r.put(ssrc, from+i*FrameSize, frameOf(mark), "")
			if pull() == mark {
				n++
			}
		}
		if n < least {
			t.Errorf("%d of 20 frames heard after %s", n, what)
		}
	}
	heard("a new SSRC", 2, 1200, 17)
	heard("a jump ahead", 2, 1<<30, 17)
	heard("a jump back", 2, 1<<30-9000, 17)
	heard("a small jump back", 2, 1<<30-9000+1000, 17-ringLate)
}

// TestLatch: who is listened to.
func TestLatch(t *testing.T) {
	named := netip.MustParseAddrPort("10.0.0.1:4000")
	nat := netip.MustParseAddrPort("198.51.100.7:61000")
	evil := netip.MustParseAddrPort("203.0.113.66:5")
	now := time.Duration(0)
	send := func(l *latch, from netip.AddrPort, ssrc uint32, n int, seq uint16) (admitted int) {
		for i := range n {
			now += FrameTime
			if ok, _ := l.admit(from, &packet{ssrc: ssrc, seq: seq + uint16(i)}, now); ok {
				admitted++
			}
		}
		return admitted
	}
	var l latch
	l.rename(named)
	if got := send(&l, named, 1, 1, 1); got != 1 || l.target() != named {
		t.Error("the named source is not heard at once")
	}
	if got := send(&l, evil, 9, 100, 1); got != 0 || l.target() != named {
		t.Errorf("a stranger got %d packets in", got)
	}
	l = latch{}
	l.rename(named)
	if got := send(&l, evil, 9, 2, 100) + send(&l, evil, 8, 2, 100) + send(&l, evil, 8, 4, 4000); got != 0 {
		t.Error("packets that do not belong together locked a source")
	}
	if got := send(&l, nat, 1, 10, 1); got != 10-proofOther+1 || l.target() != nat {
		t.Errorf("behind NAT: %d of 10 heard, sending to %s", got, l.target())
	}
	l.rename(named) // session refresh: the same address again
	if l.target() != nat {
		t.Error("a session refresh sends the sound to the private address")
	}
	if got := send(&l, nat, 1, 5, 11); got != 5 {
		t.Error("a session refresh interrupts the sound")
	}
	moved := netip.MustParseAddrPort("198.51.100.8:61000")
	l.rename(netip.MustParseAddrPort("10.0.0.2:4000"))
	send(&l, moved, 2, proofOther, 1)
	if l.target() != moved {
		t.Error("the far end moved by re-INVITE and was not found")
	}
	if send(&l, nat, 1, 10, 30) != 0 {
		t.Error("the old far end is still heard")
	}
	again := netip.MustParseAddrPort("198.51.100.8:7")
	if send(&l, again, 2, 5, proofOther+1) != 0 {
		t.Error("a new address took over a living stream")
	}
	now += 2 * moveAfter
	if send(&l, evil, 3, 50, proofOther+1) != 0 || send(&l, again, 2, 5, proofOther+1) != 5 {
		t.Error("after a pause, only the same stream may come from elsewhere")
	}
}
