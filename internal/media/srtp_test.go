package media

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pion/srtp/v3"
)

// vault is a far end that speaks SRTP with contexts of its own.
type vault struct {
	t       testing.TB
	own     string // the crypto line that it sends
	in, out *srtp.Context
}

func newVault(t testing.TB, tag int, suite int, more string, o ...srtp.ContextOption) *vault {
	t.Helper()
	key := bytes.Repeat([]byte{byte(tag), 7, byte(suite)}, 10)
	v := &vault{t: t, own: fmt.Sprintf("a=crypto:%d %s inline:%s%s", tag, suites[suite].name, base64.StdEncoding.EncodeToString(key), more)}
	v.out = v.context(key, suite, o...)
	return v
}

func (v *vault) context(key []byte, suite int, o ...srtp.ContextOption) *srtp.Context {
	v.t.Helper()
	c, err := srtp.CreateContext(key[:keySize], key[keySize:], suites[suite].profile, o...)
	if err != nil {
		v.t.Fatal(err)
	}
	return c
}

// learn takes our key from our description.
func (v *vault) learn(sdp []byte, suite int) (line string) {
	v.t.Helper()
	m := regexp.MustCompile(`a=crypto:\d+ ` + suites[suite].name + ` inline:(\S+)`).FindSubmatch(sdp)
	if m == nil {
		v.t.Fatalf("no key in\n%s", sdp)
	}
	key, _ := base64.StdEncoding.DecodeString(string(m[1]))
	v.in = v.context(key, suite)
	return string(m[0])
}

func (v *vault) seal(b []byte) []byte {
	v.t.Helper()
	b, err := v.out.EncryptRTP(nil, b, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	return b
}

func (v *vault) opened(w *wire) (out []packet) {
	v.t.Helper()
	for i, b := range w.sent {
		if b[1]&0x7F != ptALaw && isRTCP(b) {
			if b, err := v.in.DecryptRTCP(nil, b, nil); err != nil || b[1] != 200 && b[1] != 201 {
				v.t.Fatalf("report %d: %v", i, err)
			}
			continue
		}
		p, err := v.in.DecryptRTP(nil, b, nil)
		if err != nil {
			v.t.Fatalf("packet %d: %v", i, err)
		}
		h, _ := parseRTP(p)
		out = append(out, h)
	}
	w.sent, w.to = nil, nil
	return out
}

// TestSRTP: a far end that offers SRTP is heard and spoken to, keys and reports too, and bridged with a plain leg. What was sent
// again or forged is not heard. Both suites, and a key with a number.
func TestSRTP(t *testing.T) {
	for name, c := range map[string]struct {
		suite int
		more  string
		o     []srtp.ContextOption
	}{
		"80 bits":         {0, "", nil},
		"32 bits":         {1, "|2^20", nil},
		"key with number": {0, "|2^20|1:4", []srtp.ContextOption{srtp.MasterKeyIndicator([]byte{0, 0, 0, 1})}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			v := newVault(t, 3, c.suite, c.more, c.o...)
			w := &wire{}
			p := d.e.attach(w, nil)
			lines := []string{"m=audio %d RTP/SAVP 8 101", "a=rtcp-mux", "a=rtpmap:101 telephone-event/8000", v.own}
			ans, err := p.Answer(offer(farAddr, lines...))
			if err != nil || !bytes.Contains(ans, []byte(" RTP/SAVP 8 101\r\n")) || !p.Secure() {
				t.Fatalf("%v\n%s", err, ans)
			}
			if line := v.learn(ans, c.suite); !strings.HasPrefix(line, "a=crypto:3 ") || strings.Contains(v.own, line[len(line)-40:]) {
				t.Errorf("answered %s", line)
			}
			q, wq := d.leg()
			Bridge(p, q)
			k, far := talker{pt: 8, ssrc: 1}, talker{pt: 8, ssrc: 2}
			one := v.seal(k.say(frameOf(0x91)))
			forged := slices.Clone(v.seal(k.say(frameOf(0x92))))
			forged[20] ^= 1
			w.in = append(w.in, mailed{one, farAddr}, mailed{one, farAddr}, mailed{forged, farAddr}, mailed{k.say(frameOf(0x93)), farAddr},
				mailed{v.seal(k.event(5, false, 4000, 160)), farAddr})
			wq.in = append(wq.in, mailed{far.say(frameOf(0x94)), farAddr})
			d.e.Tick(d.now)
			got := wq.packets(t)
			if len(got) != 2 || got[0].payload[0] != 0x91 || got[1].pt != 101 || digitsOf(p) != "5" {
				t.Errorf("%d packets went through, %+v", len(got), got)
			}
			if st := p.Stats(); st.Ignored != 3 {
				t.Errorf("%d ignored", st.Ignored)
			}
			if bytes.Contains(w.sent[0], bytes.Repeat([]byte{0x94}, 8)) {
				t.Error("sent in the open")
			}
			if out := v.opened(w); len(out) != 1 || out[0].payload[0] != 0x94 {
				t.Errorf("the other way: %+v", out)
			}
			d.ticks(5*50 + 1)
			if out := v.opened(w); len(out) < 200 {
				t.Errorf("%d packets", len(out))
			}
			again, err := p.Answer(offer(farAddr, append(lines, "a=sendrecv")...))
			if err != nil || v.learn(again, c.suite) != v.learn(ans, c.suite) {
				t.Error("a re-INVITE with the same key changes ours", err)
			}
			w.in = append(w.in, mailed{one, farAddr}, mailed{v.seal(k.say(frameOf(0x95))), farAddr})
			wq.packets(t)
			d.e.Tick(d.now)
			if got := wq.packets(t); len(got) != 1 || got[0].payload[0] != 0x95 {
				t.Errorf("after the re-INVITE: %d packets", len(got))
			}
			fresh := newVault(t, 4, 1-c.suite, "")
			if ans, err = p.Answer(offer(farAddr, "m=audio %d RTP/SAVP 8", fresh.own)); err != nil {
				t.Fatal(err)
			}
			fresh.learn(ans, 1-c.suite)
			w.sent = nil
			d.ticks(5)
			if len(fresh.opened(w)) == 0 {
				t.Error("no sound by a new key")
			}
		})
	}
}

// TestSecrecy: who asks for SRTP, who takes it, who refuses it, and answers that do not fit.
func TestSecrecy(t *testing.T) {
	d := newDesk(t)
	port := func(s Secrecy) *Port {
		p := d.e.attach(&wire{}, nil)
		p.SetSecrecy(s)
		return p
	}
	v := newVault(t, 1, 0, "")
	savp := []string{"m=audio %d RTP/SAVP 8", v.own}
	both := []string{"m=audio %d RTP/AVP 8", "m=audio %d RTP/SAVP 8", v.own}
	for _, c := range []struct {
		s      Secrecy
		lines  []string
		secure bool
		ok     bool
	}{
		{SecrecyTaken, savp, true, true}, {SecrecyTaken, both, false, true}, {SecrecyAsked, savp, true, true},
		{SecrecyAsked, both, true, true}, {SecrecyRefused, savp, false, false}, {SecrecyRefused, both, false, true},
		{SecrecyTaken, []string{"m=audio %d RTP/SAVP 8"}, false, false},
	} {
		p := port(c.s)
		if _, err := p.Answer(offer(farAddr, c.lines...)); (err == nil) != c.ok || c.ok && p.Secure() != c.secure {
			t.Errorf("%d %v: %v, secure %v", c.s, c.lines, err, p.Secure())
		}
	}
	a, b := port(SecrecyAsked), port(SecrecyTaken)
	o, err := a.Offer()
	if err != nil || strings.Count(string(o), "a=crypto:") != 2 || !strings.Contains(string(o), " RTP/SAVP 8 0 101\r\n") {
		t.Fatalf("%v\n%s", err, o)
	}
	for _, bad := range [][]string{
		{"m=audio %d RTP/AVP 8"}, {"m=audio %d RTP/SAVP 8"}, {"m=audio %d RTP/SAVP 8", newVault(t, 2, 0, "").own},
		{"m=audio %d RTP/SAVP 8", newVault(t, 9, 1, "").own},
	} {
		if err := a.Accept(offer(farAddr, bad...)); !errors.Is(err, ErrNotAcceptable) {
			t.Errorf("took %v: %v", bad, err)
		}
	}
	ans, err := b.Answer(o)
	if err != nil || a.Accept(ans) != nil || !a.Secure() || !b.Secure() {
		t.Fatalf("%v\n%s", err, ans)
	}
	if again, err := a.Offer(); err != nil || strings.Count(string(again), "a=crypto:1 ") != 1 || strings.Count(string(again), "a=crypto:") != 1 {
		t.Errorf("in mid-call: %v\n%s", err, again)
	}
	plain := port(SecrecyTaken)
	if o, _ := plain.Offer(); bytes.Contains(o, []byte("crypto")) {
		t.Error("keys are sent over an open path")
	}
	if err := plain.Accept(offer(farAddr, savp...)); err == nil {
		t.Error("took keys that nobody asked for")
	}
}

// TestCryptoLines: what RFC 4568 §6 and §9 allow, and what we can take of it.
func TestCryptoLines(t *testing.T) {
	const key = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz" // RFC 4568 §6.1's own
	for line, want := range map[string]bool{
		"1 AES_CM_128_HMAC_SHA1_80 inline:" + key:                                           true,
		"1 aes_cm_128_hmac_sha1_32 inline:" + key + "|2^20|1:32":                            true,
		"1 AES_CM_128_HMAC_SHA1_80 inline:" + key + " WSH=128":                              true,
		"1 AES_CM_128_HMAC_SHA1_80 inline:" + key + "|2^20|1:4;inline:" + key + "|2^20|2:4": false,
		"1 AES_CM_128_HMAC_SHA1_80 inline:" + key + " KDR=1":                                false,
		"1 AES_CM_128_HMAC_SHA1_80 inline:" + key + " UNENCRYPTED_SRTP":                     false,
		"1 AES_CM_128_HMAC_SHA1_80 inline:" + key + " UNAUTHENTICATED_SRTP":                 false,
		"1 AES_CM_128_HMAC_SHA1_80 inline:" + key + "|1:0":                                  false,
		"1 AES_CM_128_HMAC_SHA1_80 inline:" + key + "|1:129":                                false,
		"1 AES_CM_128_HMAC_SHA1_80 inline:" + key[:36]:                                      false,
		"1 AES_CM_128_HMAC_SHA1_80 inline:" + key + "AAAA":                                  false,
		"1 AES_CM_128_HMAC_SHA1_80 clear:" + key:                                            false,
		"1 F8_128_HMAC_SHA1_80 inline:" + key:                                               false,
		"-1 AES_CM_128_HMAC_SHA1_80 inline:" + key:                                          false,
		"9999999999 AES_CM_128_HMAC_SHA1_80 inline:" + key:                                  false,
		"1 AES_CM_128_HMAC_SHA1_80":                                                         false,
	} {
		if _, ok := parseCrypto(line); ok != want {
			t.Errorf("%q: %v", line, ok)
		}
	}
}

// TestSRTPSound is our own two ends over real sockets.
func TestSRTPSound(t *testing.T) {
	e := newEngine(t, 2)
	open := func() *Port {
		p, err := e.Open()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	a, b := open(), open()
	a.SetSecrecy(SecrecyAsked)
	o, err := a.Offer()
	if err != nil {
		t.Fatal(err)
	}
	ans, err := b.Answer(o)
	if err != nil || a.Accept(ans) != nil || !b.Secure() {
		t.Fatal(err)
	}
	var got bytes.Buffer
	r := b.Record(&got, 4000*FrameTime)
	tone := a.Play(Tone(440, 400*FrameTime/20, -15))
	<-tone.Done()
	a.SendDigits("7")
	if d := <-b.Digits(); d.Key != '7' {
		t.Errorf("%c", d.Key)
	}
	r.Stop()
	if l := ToneLevel(got.Bytes()[800:2400], 440); l < -17 || l > -13 {
		t.Errorf("recorded at %.1f dBov", l)
	}
	if s := b.Stats(); s.Ignored != 0 || s.Received == 0 {
		t.Errorf("%+v", s)
	}
}

// TestSRTPAllocatesNothing in the frame path.
func TestSRTPAllocatesNothing(t *testing.T) {
	d := newDesk(t)
	v := newVault(t, 1, 0, "")
	w := &quickWire{}
	p := d.e.attach(&sealedWire{w: w, v: v}, nil)
	if _, err := p.Answer(offer(farAddr, "m=audio %d RTP/SAVP 8", v.own)); err != nil {
		t.Fatal(err)
	}
	q := d.e.attach(&quickWire{}, nil)
	if _, err := q.Answer(offer(farAddr)); err != nil {
		t.Fatal(err)
	}
	Bridge(p, q)
	step := func() {
		w.arrive()
		d.ticks(1)
	}
	for range 100 {
		step()
	}
	if n := testing.AllocsPerRun(100, step); n > 0 && !raceOn {
		t.Errorf("%.1f allocations per frame", n)
	}
	if p.Stats().Received < 200 {
		t.Errorf("%+v", p.Stats())
	}
}

// sealedWire encrypts what arrives without allocating.
type sealedWire struct {
	w   *quickWire
	v   *vault
	buf [256]byte
	s   secured
}

func (x *sealedWire) Recv(b []byte) (int, addrPort, error) {
	n, from, err := x.w.Recv(b)
	if err != nil {
		return 0, from, err
	}
	x.s.out = x.v.out
	out, err := x.s.seal(x.buf[:], b[:n])
	return copy(b, out), from, err
}
func (x *sealedWire) Send([]byte, addrPort) error { return nil }
func (x *sealedWire) LocalAddr() addrPort         { return x.w.LocalAddr() }
func (x *sealedWire) Close() error                { return nil }
