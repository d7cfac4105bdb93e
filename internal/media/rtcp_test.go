package media

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"
)

// TestOpinion: the published pairs of rating and opinion (ITU-T G.107 Annex B, table B.1), and that loss and delay hurt.
func TestOpinion(t *testing.T) {
	for loss, want := range map[float64]float64{0: 4.41, 0.0401: 4.03, 0.0809: 3.60, 0.1353: 3.10} { // R 93.2, 80, 70, 60
		if got := opinion(0, loss); math.Abs(got-want) > 0.01 {
			t.Errorf("%.1f %% loss: %.2f, want %.2f", 100*loss, got, want)
		}
	}
	if opinion(150*time.Millisecond, 0) < 4.2 || opinion(400*time.Millisecond, 0) > 3.7 || opinion(time.Hour, 1) != 1 {
		t.Errorf("delay: %.2f %.2f", opinion(150*time.Millisecond, 0), opinion(400*time.Millisecond, 0))
	}
}

// TestReportsTell: loss, jitter and round trip both ways, across the turn of the sequence numbers.
func TestReportsTell(t *testing.T) {
	d := newDesk(t)
	rtp, rtcp := &wire{}, &wire{}
	p := d.e.attach(rtp, rtcp)
	if _, err := p.Answer(offer(farAddr)); err != nil {
		t.Fatal(err)
	}
	farRTCP := netip.AddrPortFrom(farAddr.Addr(), farAddr.Port()+1)
	k, rnd := talker{pt: 8, ssrc: 77, seq: 65400}, rand.New(rand.NewPCG(1, 2))
	sr := make([]byte, 28)
	sr[0], sr[1], sr[3] = 0x80, senderReport, 6
	binary.BigEndian.PutUint32(sr[4:], 77)
	lost := 0
	for i := range 1000 { // 20 s
		b := k.say(frameOf(7))
		if rnd.IntN(10) == 0 && i > 0 && i < 999 {
			lost++
		} else {
			rtp.in = append(rtp.in, mailed{b, farAddr})
		}
		if i == 600 {
			binary.BigEndian.PutUint64(sr[8:], 0xAABBCCDD11223344)
			rtcp.in = append(rtcp.in, mailed{sr, farRTCP})
		}
		d.ticks(1)
	}
	if len(rtcp.sent) != 4 {
		t.Fatalf("%d reports", len(rtcp.sent))
	}
	ours := rtcp.sent[3]
	block := ours[28:52]
	cum, high := binary.BigEndian.Uint32(block[4:])&0xFFFFFF, binary.BigEndian.Uint32(block[8:])
	if ours[0] != 0x81 || binary.BigEndian.Uint32(block) != 77 || int(cum) != lost || high != 1<<16+uint32(k.seq) {
		t.Errorf("%x: lost %d of %d, highest %x, want %x", block, cum, lost, high, 1<<16+uint32(k.seq))
	}
	if f := block[4]; f < 256*6/100 || f > 256*14/100 {
		t.Errorf("fraction %d/256", f)
	}
	if binary.BigEndian.Uint32(block[16:]) != 0xCCDD1122 || math.Abs(float64(binary.BigEndian.Uint32(block[20:]))/65536-8) > 0.1 {
		t.Errorf("last report %x, %d", block[16:20], binary.BigEndian.Uint32(block[20:]))
	}
	// Their answer: 100 ms after our last report, of which they sat on 30 ms; they lost 5 % of ours.
	rr := make([]byte, 32)
	rr[0], rr[1], rr[3] = 0x81, receiverReport, 7
	binary.BigEndian.PutUint32(rr[4:], 77)
	copy(rr[8:], ours[4:8])
	binary.BigEndian.PutUint32(rr[12:], 50)
	binary.BigEndian.PutUint32(rr[20:], 80)
	copy(rr[24:28], ours[10:14])
	binary.BigEndian.PutUint32(rr[28:], 65536*30/1000)
	d.ticks(5)
	rtcp.in = append(rtcp.in, mailed{append(append([]byte{}, sr...), rr...), farRTCP})
	rtcp.in = append(rtcp.in, mailed{rr, netip.MustParseAddrPort("203.0.113.66:4001")})
	d.ticks(1)
	s := p.Stats()
	if s.FarLost != 50 || s.FarJitter != 10*time.Millisecond || s.RoundTrip < 88*time.Millisecond || s.RoundTrip > 92*time.Millisecond {
		t.Errorf("%+v", s)
	}
	if s.Loss < 0.08 || s.Loss > 0.12 || s.FarLoss < 0.045 || s.FarLoss > 0.055 || s.MOS < 3.1 || s.MOS > 3.6 {
		t.Errorf("%+v", s)
	}
	if silent := (&Port{}).Stats(); silent.MOS != 0 {
		t.Errorf("an opinion of nothing: %+v", silent)
	}
}

// TestForeignReports: cut, lying and foolish reports change nothing and harm nothing.
func TestForeignReports(t *testing.T) {
	d := newDesk(t)
	p, w := d.leg("m=audio %d RTP/AVP 8", "a=rtcp-mux")
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 5000 {
		b := make([]byte, rnd.IntN(80))
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
		if len(b) > 3 {
			b[0], b[1], b[2] = 0x80|b[0]&0x3F, byte(200+rnd.IntN(4)), 0
			b[3] %= 24
		}
		if len(b) > 12 {
			binary.BigEndian.PutUint32(b[8:], p.out.ssrc)
		}
		w.in = append(w.in, mailed{b, farAddr})
	}
	d.ticks(2)
	if s := p.Stats(); s.RoundTrip < 0 || s.RoundTrip > 10*time.Second || s.MOS != 0 {
		t.Errorf("%+v", s)
	}
}

// TestReceiverReport: who is on hold and may not be sent to still hears how it is heard.
func TestReceiverReport(t *testing.T) {
	d := newDesk(t)
	p, w := d.leg("m=audio %d RTP/AVP 8", "a=rtcp-mux")
	k := talker{pt: 8, ssrc: 77}
	w.in = append(w.in, mailed{k.say(frameOf(7)), farAddr})
	d.ticks(3)
	if _, err := p.Answer(offer(farAddr, "m=audio %d RTP/AVP 8", "a=rtcp-mux", "a=sendonly")); err != nil {
		t.Fatal(err)
	}
	w.sent = nil
	d.ticks(5 * 50)
	if len(w.sent) != 1 || w.sent[0][1] != receiverReport || len(w.sent[0]) != 8+24+20 {
		t.Errorf("%d packets, %x", len(w.sent), w.sent)
	}
}
