package media

import (
	"errors"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

// TestAnswers compares our answers with golden files: testdata/sdp/NAME.offer -> NAME.answer, or "488".
func TestAnswers(t *testing.T) {
	files, err := filepath.Glob("testdata/sdp/*.offer")
	if err != nil || len(files) < 12 {
		t.Fatalf("%d offers, %v", len(files), err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".offer"), func(t *testing.T) {
			d := newDesk(t)
			p := d.e.attach(&wire{}, nil)
			got := "488\n"
			ans, err := p.Answer(readOfferFile(t, f))
			switch {
			case err == nil:
				got = strings.ReplaceAll(string(ans), "\r\n", "\n")
				got = regexp.MustCompile(`o=- \d+`).ReplaceAllString(got, "o=- ID")
				got = regexp.MustCompile(`inline:\S{40}\n`).ReplaceAllString(got, "inline:OURS\n")
			case !errors.Is(err, ErrNotAcceptable):
				t.Fatal(err)
			}
			golden := strings.TrimSuffix(f, ".offer") + ".answer"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil || got != string(want) {
				t.Errorf("%v\ngot:\n%s\nwant:\n%s", err, got, want)
			}
		})
	}
}

func readOfferFile(t testing.TB, f string) []byte {
	t.Helper()
	b, err := os.ReadFile(f)
	if err != nil {
		t.Fatal(err)
	}
	return []byte(strings.ReplaceAll(string(b), "\n", "\r\n"))
}

// TestReInvite: the version grows only with a change, a refused offer changes nothing, an offer without SDP keeps the codec.
func TestReInvite(t *testing.T) {
	d := newDesk(t)
	p := d.e.attach(&wire{}, nil)
	line := func(b []byte) string { return strings.Split(string(b), "\r\n")[1] }
	ulaw := offer(farAddr, "m=audio %d RTP/AVP 0 96", "a=rtpmap:96 telephone-event/8000")
	{ // an answerer may choose its own number (126); we go on hearing our 101
		q := d.e.attach(&wire{}, nil)
		_, _ = q.Offer()
		err := q.Accept(offer(farAddr, "m=audio %d RTP/AVP 8 126", "a=rtpmap:126 telephone-event/8000"))
		if err != nil || q.terms.dtmfIn != 101 || q.terms.dtmfOut != 126 {
			t.Errorf("%v, %+v", err, q.terms)
		}
	}
	first, err := p.Answer(ulaw)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := p.Answer(ulaw)
	if line(first) != line(again) {
		t.Errorf("%s, then %s for the same", line(first), line(again))
	}
	held, _ := p.Answer(offer(farAddr, "m=audio %d RTP/AVP 0 96", "a=rtpmap:96 telephone-event/8000", "a=inactive"))
	if line(held) == line(first) || !strings.Contains(string(held), "a=inactive") || !p.Held() {
		t.Errorf("hold: %s", held)
	}
	if _, err := p.Answer(offer(farAddr, "m=audio %d RTP/AVP 9 18")); !errors.Is(err, ErrNotAcceptable) || !p.Held() {
		t.Error("a refused offer changed something")
	}
	own, err := p.Offer()
	if err != nil || !strings.Contains(string(own), " RTP/AVP 0 96\r\n") || !strings.Contains(string(own), "a=sendrecv") {
		t.Errorf("own offer in mid-call: %v\n%s", err, own)
	}
	if err := p.Accept(offer(farAddr, "m=audio 0 RTP/AVP 0")); !errors.Is(err, ErrNotAcceptable) {
		t.Error("took a refusal for an answer")
	}
	if err := p.Accept(offer(farAddr, "m=audio %d RTP/AVP 0 101", "a=rtpmap:101 telephone-event/8000")); err != nil || p.Held() {
		t.Error("not resumed by our own offer", err)
	}
	if p.terms.dtmfIn != 96 || p.terms.dtmfOut != 101 || p.terms.law != uLaw {
		t.Errorf("%+v", p.terms)
	}
}

// TestLocalIP: who is told which address of ours.
func TestLocalIP(t *testing.T) {
	for _, c := range []struct{ bind, public, remote, want string }{
		{"10.1.1.1", "", "198.51.100.1", "10.1.1.1"},
		{"10.1.1.1", "203.0.113.5", "198.51.100.1", "203.0.113.5"},
		{"10.1.1.1", "203.0.113.5", "10.1.1.77", "10.1.1.1"},
		{"127.0.0.1", "203.0.113.5", "127.0.0.1", "127.0.0.1"},
		{"0.0.0.0", "203.0.113.5", "127.0.0.1", "127.0.0.1"},
		{"0.0.0.0", "", "127.0.0.1", "127.0.0.1"},
		{"0.0.0.0", "203.0.113.5", "", "203.0.113.5"},
	} {
		p := &Port{e: &Engine{}, local: netip.AddrPortFrom(netip.MustParseAddr(c.bind), 4000)}
		if c.public != "" {
			p.e.o.PublicIP = netip.MustParseAddr(c.public)
		}
		var remote netip.Addr
		if c.remote != "" {
			remote = netip.MustParseAddr(c.remote)
		}
		if got := p.localIP(remote).String(); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

// FuzzSDP: whatever comes, we answer with something that we would take ourselves, or refuse.
func FuzzSDP(f *testing.F) {
	files, _ := filepath.Glob("testdata/sdp/*.offer")
	for _, n := range files {
		f.Add(readOfferFile(f, n))
	}
	e, err := NewEngine(EngineOptions{Manual: true})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p := e.attach(&wire{}, nil)
		defer p.Close()
		ans, err := p.Answer(b)
		if err != nil {
			if !errors.Is(err, ErrNotAcceptable) {
				t.Fatal(err)
			}
			return
		}
		if _, _, err := readOffer(ans, SecrecyTaken); err != nil {
			t.Fatalf("%v\n%s", err, ans)
		}
	})
}

// FuzzPackets: no packet from the net harms a leg or a bridge.
func FuzzPackets(f *testing.F) {
	k := talker{pt: 8, ssrc: 1}
	f.Add(k.say(frameOf(1)))
	f.Add(k.event(5, true, 100, 800))
	f.Add([]byte{0x90, 8, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xBE, 0xDE, 0, 1, 1, 2, 3, 4, 9})
	f.Add([]byte{0xB2, 8, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 3})
	f.Add([]byte{0x80, 200, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		d := newDesk(t)
		p, w := d.leg()
		q, wq := d.leg("m=audio %d RTP/AVP 0 101", "a=rtpmap:101 telephone-event/8000")
		Bridge(p, q)
		p.Listen(sinkFunc(func(*Frame) {}))
		w.in = append(w.in, mailed{k.say(frameOf(1)), farAddr}, mailed{b, farAddr}, mailed{b, farAddr}, mailed{k.say(frameOf(1)), farAddr})
		d.ticks(3)
		wq.packets(t)
	})
}

type sinkFunc func(f *Frame)

func (s sinkFunc) Put(f *Frame) { s(f) }
