package media

import (
	"bytes"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// TestPlayStartsAtOnce: a prompt's first frame does not wait for its slot, and the stream keeps its clock afterwards.
func TestPlayStartsAtOnce(t *testing.T) {
	d := newDesk(t)
	p, w := d.leg()
	d.ticks(3)
	before := w.packets(t)
	d.now = d.now.Add(7 * time.Millisecond)
	d.e.Tick(d.now)
	b := p.Play(NewClip(slices.Concat(frameOf(1), frameOf(2), frameOf(3))))
	now := w.packets(t)
	if len(now) != 1 || now[0].payload[0] != 1 || !now[0].marker {
		t.Fatalf("%d packets at once", len(now))
	}
	d.now = d.now.Add(-7 * time.Millisecond)
	d.ticks(5)
	rest := w.packets(t)
	stream := slices.Concat(before, now, rest)
	for i := 1; i < len(stream); i++ {
		if stream[i].seq != stream[i-1].seq+1 || stream[i].ts != stream[i-1].ts+FrameSize || stream[i].ssrc != stream[0].ssrc {
			t.Errorf("packet %d does not follow its predecessor", i)
		}
	}
	if len(stream) != 3+5 {
		t.Errorf("%d packets in 8 slots", len(stream))
	}
	if rest[0].payload[0] != 2 || rest[1].payload[0] != 3 || rest[2].payload[0] != alawSilence {
		t.Error("the clip's frames are out of order")
	}
	if !b.Finished() || b.Played() != 60*time.Millisecond || !isClosed(b.Done()) {
		t.Errorf("finished %v, played %s", b.Finished(), b.Played())
	}
}

func isClosed[T any](c <-chan T) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestPlayReplaced(t *testing.T) {
	d := newDesk(t)
	p, w := d.leg()
	first := p.Play(Loop(frameOf(1)))
	d.ticks(5)
	second := p.Play(Loop(frameOf(2)))
	if !isClosed(first.Done()) || first.Finished() || isClosed(second.Done()) {
		t.Error("the first playback should be over, not finished")
	}
	second.Stop()
	second.Stop()
	w.packets(t)
	d.ticks(3)
	for _, k := range w.packets(t) {
		if k.payload[0] != alawSilence {
			t.Error("still playing")
		}
	}
	p.Close()
	p.Close()
	if after := p.Play(Loop(frameOf(3))); !isClosed(after.Done()) {
		t.Error("a playback on a closed leg never ends")
	}
	if len(p.Record(new(bytes.Buffer), time.Second).Done()) != 0 || p.Record(new(bytes.Buffer), time.Second).Stop() != 0 {
		t.Error("a recording on a closed leg never ends")
	}
}

// TestStall: after a short stall the missed frames follow; after a long one the clock is right and nothing is flooded.
func TestStall(t *testing.T) {
	d := newDesk(t)
	p, w := d.leg()
	p.Play(Loop(frameOf(1)))
	d.ticks(2)
	first := w.packets(t)[0]
	d.now = d.now.Add(80 * time.Millisecond)
	d.e.Tick(d.now)
	if n := len(w.packets(t)); n != 4 {
		t.Errorf("%d packets after 80 ms", n)
	}
	d.now = d.now.Add(10 * time.Second)
	d.e.Tick(d.now)
	last := w.packets(t)
	if len(last) > 7 {
		t.Errorf("%d packets at once after 10 s", len(last))
	}
	if gone := time.Duration(last[len(last)-1].ts-first.ts) * time.Second / Rate; gone < 10*time.Second || gone > 10200*time.Millisecond {
		t.Errorf("the stream's clock went %s", gone)
	}
}

func TestDigits(t *testing.T) {
	d := newDesk(t)
	p, w := d.leg()
	k := talker{pt: 8, ssrc: 1}
	in := func(b []byte, from netip.AddrPort) { w.in = append(w.in, mailed{b, from}) }
	in(k.say(frameOf(1)), farAddr)
	in(k.event(5, false, 4000, 160), farAddr)
	d.e.Tick(d.now)
	if got := digitsOf(p); got != "5" {
		t.Errorf("%q at the first packet of a key", got)
	}
	in(k.event(5, true, 4000, 800), farAddr)
	in(k.event(9, false, 9000, 160), netip.MustParseAddrPort("203.0.113.66:5"))
	p.InjectDigit('5')
	p.InjectDigit('#')
	p.InjectDigit('x')
	d.ticks(1)
	if got := digitsOf(p); got != "#" {
		t.Errorf("%q: a stranger's, doubled or foolish key came through", got)
	}
	for range 200 { // nobody reads
		p.InjectDigit('1')
	}
	p.InjectDigit('2')
	if got := digitsOf(p); len(got) != cap(p.digits) || got[len(got)-1] != '2' {
		t.Errorf("kept %q", got)
	}
}

// TestStranger: RTP from elsewhere is neither heard nor answered, and counted.
func TestStranger(t *testing.T) {
	d := newDesk(t)
	p, w := d.leg()
	k, s := talker{pt: 8, ssrc: 1}, talker{pt: 8, ssrc: 2}
	var heard bytes.Buffer
	r := p.Record(&heard, time.Minute)
	for range 50 {
		w.in = append(w.in, mailed{k.say(frameOf(7)), farAddr}, mailed{s.say(frameOf(9)), netip.MustParseAddrPort("203.0.113.66:5")})
		d.ticks(1)
	}
	r.Stop()
	if bytes.IndexByte(heard.Bytes(), 9) >= 0 || bytes.IndexByte(heard.Bytes(), 7) < 0 {
		t.Error("the stranger is heard, or the caller is not")
	}
	for _, to := range w.to {
		if to != farAddr {
			t.Fatalf("sent to %s", to)
		}
	}
	if st := p.Stats(); st.Ignored != 50 || st.Received != 50 || st.Lost != 0 || st.Sent != 50 {
		t.Errorf("%+v", st)
	}
}

// TestRecord: as long as it took, gaps concealed, in order, bounded.
func TestRecord(t *testing.T) {
	d := newDesk(t)
	p, w := d.leg()
	var got bytes.Buffer
	r := p.Record(&got, 10*time.Second)
	k := talker{pt: 8, ssrc: 1}
	for i := range 100 {
		b := k.say(frameOf(byte(i + 1)))
		if i%10 != 5 { // one in ten is lost
			w.in = append(w.in, mailed{b, farAddr})
		}
		d.ticks(1)
	}
	if n := r.Stop(); n < 2*time.Second || n > 2100*time.Millisecond || got.Len() != int(n/time.Millisecond)*8 {
		t.Fatalf("%s, %d bytes", n, got.Len())
	}
	at := bytes.IndexByte(got.Bytes(), 1) / FrameSize * FrameSize
	for i := range 100 {
		b := got.Bytes()[at+i*FrameSize+50] // behind the seam
		if lost := i%10 == 5; lost && b == alawSilence || !lost && b != byte(i+1) {
			t.Fatalf("frame %d: %#x", i, b)
		}
	}
	got.Reset()
	short := p.Record(&got, 100*time.Millisecond)
	d.ticks(20)
	<-short.Done()
	if short.Err() != nil || short.Length() != 100*time.Millisecond || got.Len() != 800 {
		t.Errorf("bounded recording: %s, %d bytes, %v", short.Length(), got.Len(), short.Err())
	}
	broken := p.Record(brokenDisk{}, time.Second)
	d.ticks(50)
	if broken.Err() == nil {
		t.Error("a full disk is not told")
	}
	open := p.Record(&got, time.Second)
	p.Close()
	<-open.Done()
}

type brokenDisk struct{}

func (brokenDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// TestSilence: a vanished far end is told, unless it is on hold (trap 10).
func TestSilence(t *testing.T) {
	d := newDesk(t)
	p, w := d.leg()
	k := talker{pt: 8, ssrc: 1}
	for range 100 {
		w.in = append(w.in, mailed{k.say(frameOf(7)), farAddr})
		d.ticks(1)
	}
	hold, err := p.Answer(offer(farAddr, "m=audio %d RTP/AVP 8", "a=sendonly"))
	if err != nil || !bytes.Contains(hold, []byte("a=recvonly")) || !p.Held() || !<-p.HoldChanged() {
		t.Fatalf("hold: %v\n%s", err, hold)
	}
	w.packets(t)
	d.ticks(60 * 50)
	if isClosed(p.Silent()) {
		t.Error("a held call was ended")
	}
	if n := len(w.packets(t)); n != 0 {
		t.Errorf("%d packets to somebody who does not want any", n)
	}
	if _, err := p.Answer(offer(farAddr)); err != nil || p.Held() || <-p.HoldChanged() {
		t.Fatal("not resumed")
	}
	d.ticks(19 * 50)
	if isClosed(p.Silent()) {
		t.Error("ended too early")
	}
	d.ticks(2 * 50)
	if !isClosed(p.Silent()) {
		t.Error("a vanished far end is not noticed")
	}
}

// TestBridge: what one says goes to the other on arrival, renumbered without hiding losses, in the other's law.
func TestBridge(t *testing.T) {
	d := newDesk(t)
	a, wa := d.leg()
	b, wb := d.leg("m=audio %d RTP/AVP 0 96", "a=rtpmap:96 telephone-event/8000")
	music := b.Play(Loop(frameOf(3)))
	d.ticks(3)
	if p := wb.sent[len(wb.sent)-1]; p[1]&0x7F != ptULaw || p[rtpHeader] != ulawOfALaw[3] {
		t.Error("a prompt for a mu-law leg is not in its law")
	}
	j := Bridge(a, b)
	if !isClosed(music.Done()) {
		t.Error("the music goes on")
	}
	wa.packets(t)
	last := wb.packets(t)
	k := talker{pt: 8, ssrc: 1, seq: 700}
	arrive := func(p []byte) packet {
		t.Helper()
		wa.in = append(wa.in, mailed{p, farAddr})
		d.e.Tick(d.now)
		out := wb.packets(t)
		if len(out) != 1 {
			t.Fatalf("%d packets forwarded on arrival", len(out))
		}
		return out[0]
	}
	first := arrive(k.say(frameOf(0x90)))
	if p := last[len(last)-1]; first.seq != p.seq+1 || int32(first.ts-p.ts) < FrameSize || first.ssrc != p.ssrc || !first.marker {
		t.Error("the bridge does not continue the stream")
	}
	if first.pt != ptULaw || first.payload[0] != ulawOfALaw[0x90] {
		t.Errorf("payload type %d", first.pt)
	}
	k.say(frameOf(1)) // lost on the way
	if p := arrive(k.say(frameOf(0x91))); p.seq != first.seq+2 || p.ts != first.ts+2*FrameSize {
		t.Error("a loss is hidden from the far end")
	}
	if p := arrive(k.event(7, false, k.ts+FrameSize, 160)); p.pt != 96 || p.payload[0] != 7 {
		t.Errorf("key as payload type %d", p.pt)
	}
	a.Mute(true)
	if p := arrive(k.say(frameOf(0x91))); p.payload[0] != ulawOfALaw[alawSilence] {
		t.Error("a muted leg is heard")
	}
	a.Mute(false)
	k.ssrc, k.seq = 99, 5 // upstream transfer
	k.ts += 1 << 30
	if p := arrive(k.say(frameOf(0x92))); int32(p.ts-first.ts) > 20*FrameSize || p.payload[0] != ulawOfALaw[0x92] {
		t.Error("a new SSRC throws the stream")
	}
	before := arrive(k.say(frameOf(0x92)))
	k.ssrc, k.ts = 100, k.ts+1<<30 // the same, with numbers that happen to go on
	if p := arrive(k.say(frameOf(0x92))); int32(p.ts-before.ts) > 20*FrameSize || p.seq != before.seq+1 {
		t.Error("a new SSRC throws the stream")
	}
	wa.in = append(wa.in, mailed{k.say(frameOf(0x92)), farAddr})
	wa.in = append(wa.in, wa.in[0]) // the net doubled it
	d.e.Tick(d.now)
	if p := append(wb.packets(t), arrive(k.say(frameOf(0x92)))); len(p) != 2 || p[1].seq != p[0].seq+1 {
		t.Errorf("%d packets where one was doubled", len(p))
	}
	j.Break()
	j.Break()
	wa.in = append(wa.in, mailed{k.say(frameOf(0x93)), farAddr})
	d.ticks(1)
	for _, p := range wb.packets(t) {
		if p.payload[0] == ulawOfALaw[0x93] {
			t.Error("parted legs hear each other")
		}
	}
	if digitsOf(a) != "7" {
		t.Error("a bridged leg's key is not told")
	}
}

// TestBridgeReplaced: a leg has one bridge; an old bridge's Break does not part the new one.
func TestBridgeReplaced(t *testing.T) {
	d := newDesk(t)
	a, wa := d.leg()
	b, wb := d.leg()
	c, wc := d.leg()
	old := Bridge(a, b)
	Bridge(c, a)
	old.Break()
	d.ticks(1)
	for _, w := range []*wire{wa, wb, wc} {
		w.packets(t)
	}
	k := talker{pt: 8, ssrc: 1}
	wa.in = append(wa.in, mailed{k.say(frameOf(7)), farAddr})
	d.e.Tick(d.now)
	if len(wb.packets(t)) != 0 || len(wc.packets(t)) != 1 {
		t.Error("the sound goes to the wrong leg")
	}
	b.Close()
	c.Close()
	d.ticks(1)
	if a.peer != nil {
		t.Error("still bridged with a closed leg")
	}
}

// TestPlayOverBridge: music for one party while the bridge stands, then the other's voice again.
func TestPlayOverBridge(t *testing.T) {
	d := newDesk(t)
	a, wa := d.leg()
	b, wb := d.leg()
	Bridge(a, b)
	music := b.Play(Loop(frameOf(3)))
	k := talker{pt: 8, ssrc: 1}
	say := func() []packet {
		wa.in = append(wa.in, mailed{k.say(frameOf(0x91)), farAddr})
		d.ticks(1)
		return wb.packets(t)
	}
	say()
	for _, p := range slices.Concat(say(), say()) {
		if p.payload[0] != 3 {
			t.Error("the other party is heard over the music")
		}
	}
	music.Stop()
	if p := say(); len(p) != 1 || p[0].payload[0] != 0x91 {
		t.Error("the bridge is silent after the music")
	}
}

type track struct{ wire }

func (w *track) WriteRTP(p []byte) error { return w.Send(p, netip.AddrPort{}) }

// TestConnSwap: a page reload changes the track under a leg; playing waits meanwhile.
func TestConnSwap(t *testing.T) {
	d := newDesk(t)
	first, second := &track{}, &track{}
	p, err := d.e.OpenConn(first)
	if err != nil {
		t.Fatal(err)
	}
	p.SetCodec(8, 126)
	b := p.Play(NewClip(slices.Concat(frameOf(1), frameOf(2), frameOf(3), frameOf(4))))
	d.ticks(2)
	p.SetConn(nil)
	d.ticks(100)
	if isClosed(b.Done()) {
		t.Error("played to nobody")
	}
	p.SetConn(second)
	d.ticks(5)
	a, z := first.packets(t), second.packets(t)
	if len(a) != 2 || z[0].payload[0] != 3 || z[1].payload[0] != 4 || z[0].ssrc != a[0].ssrc || !z[0].marker {
		t.Errorf("%d packets before, then %v", len(a), z[0])
	}
	k := talker{pt: 8, ssrc: 1}
	ev := k.event(3, false, 1, 160)
	ev[1] = 126
	p.Deliver(ev)
	if digitsOf(p) != "3" {
		t.Error("a browser's key is lost")
	}
	d.ticks(60 * 50)
	if isClosed(p.Silent()) {
		t.Error("a page without a microphone was ended")
	}
}

func TestSendDigits(t *testing.T) {
	d := newDesk(t)
	p, w := d.leg()
	p.Play(Loop(frameOf(1)))
	p.SendDigits("1#")
	d.ticks(40)
	var e events
	got, ends := "", 0
	for _, k := range w.packets(t) {
		if k.pt != 101 {
			continue
		}
		if key, fresh := e.see(&k); fresh {
			got += string(rune(key))
		}
		if k.payload[1]&0x80 != 0 {
			ends++
		}
	}
	if got != "1#" || ends != 6 {
		t.Errorf("sent %q, %d ends", got, ends)
	}
	q, wq := d.leg("m=audio %d RTP/AVP 8")
	q.SendDigits("5")
	d.ticks(10)
	var sound []byte
	for _, k := range wq.packets(t) {
		sound = append(sound, k.payload...)
	}
	if ToneLevel(sound[:800], 770) < -25 || ToneLevel(sound[:800], 1336) < -25 || ToneLevel(sound[:800], 941) > -35 {
		t.Error("no tones of the key 5")
	}
}

func TestPorts(t *testing.T) {
	ps, err := newPairs(netip.MustParseAddr("127.0.0.1"), 20001, 20006) // two even pairs
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	one, ok1 := ps.take(now)
	_, ok2 := ps.take(now)
	if _, ok3 := ps.take(now); !ok1 || !ok2 || ok3 || one != 20002 {
		t.Error("wrong pairs")
	}
	ps.release(one, now)
	if _, ok := ps.take(now.Add(portRest - 1)); ok {
		t.Error("a freed pair does not rest")
	}
	if again, ok := ps.take(now.Add(portRest)); !ok || again != one {
		t.Error("a rested pair is not used")
	}
	for _, bad := range [][2]int{{20001, 20002}, {-4, 10}, {65534, 65536}} {
		if _, err := newPairs(ps.ip, bad[0], bad[1]); err == nil {
			t.Errorf("took %v", bad)
		}
	}
}

// TestReports: RTCP goes to the port above, or to the same one where that was agreed; received reports are a sign of life.
func TestReports(t *testing.T) {
	d := newDesk(t)
	rtp, rtcp := &wire{}, &wire{}
	p := d.e.attach(rtp, rtcp)
	if _, err := p.Answer(offer(farAddr)); err != nil {
		t.Fatal(err)
	}
	for range 15 {
		rtcp.in = append(rtcp.in, mailed{[]byte{0x80, 201, 0, 1, 0, 0, 0, 1}, netip.AddrPortFrom(farAddr.Addr(), 4001)})
		d.ticks(2 * 50)
	}
	if isClosed(p.Silent()) {
		t.Error("a quiet telephone that sends reports was ended")
	}
	if len(rtcp.sent) != 6 || rtcp.to[0] != netip.AddrPortFrom(farAddr.Addr(), 4001) || !isRTCP(rtcp.sent[0]) || len(rtcp.sent[0]) != 28+20 {
		t.Errorf("%d reports in 30 s, to %v", len(rtcp.sent), rtcp.to)
	}
	q, w := d.leg("m=audio %d RTP/AVP 8", "a=rtcp-mux")
	_ = q
	d.ticks(5 * 50)
	if n := slices.IndexFunc(w.sent, isRTCP); n < 0 || w.to[n] != farAddr {
		t.Error("no report on the common port")
	}
}

// TestFilter: the kernel is told of a locked source, and told to open again by a re-INVITE to another address and by a long
// pause, after which only the same stream may come from elsewhere.
func TestFilter(t *testing.T) {
	d := newDesk(t)
	p, w := d.leg()
	k := talker{pt: 8, ssrc: 1}
	w.in = append(w.in, mailed{k.say(frameOf(7)), farAddr})
	d.ticks(1)
	if w.only != farAddr {
		t.Error("the source is not locked")
	}
	other := netip.AddrPortFrom(farAddr.Addr(), 5000)
	if _, err := p.Answer(offer(other)); err != nil || w.only.IsValid() {
		t.Error("a re-INVITE does not open the lock", err)
	}
	w.in = append(w.in, mailed{k.say(frameOf(7)), other})
	d.ticks(1)
	if w.only != other {
		t.Error("the new source is not locked")
	}
	d.ticks(55)
	if w.only.IsValid() {
		t.Error("a pause does not open the lock")
	}
	w.in = append(w.in, mailed{k.say(frameOf(7)), farAddr})
	d.ticks(1)
	if p.latch.target() != farAddr || p.Stats().Ignored != 0 {
		t.Error("the same stream from elsewhere is not followed")
	}
}
