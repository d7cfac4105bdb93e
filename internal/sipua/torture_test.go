package sipua

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
)

// alive proves that the server still takes calls.
func alive(h *house) {
	h.t.Helper()
	c := h.citizen()
	text := c.request("OPTIONS", 1, "", "")
	limit := time.After(5 * time.Second)
	for again := time.NewTicker(5 * testT1); ; { // as a phone does: a full socket buffer loses datagrams
		c.send(text)
		select {
		case m := <-c.in:
			if strings.HasPrefix(m.text, "SIP/2.0 200") {
				again.Stop()
				return
			}
		case <-again.C:
		case <-limit:
			h.t.Fatal("the server is dead")
		}
	}
}

// Garbage of every kind, in the middle of a call: the call does not notice.
func TestGarbageDisturbsNobody(t *testing.T) {
	h := serve(t, nil)
	c := h.citizen()
	l := h.up(c)
	rnd := rand.New(rand.NewPCG(4475, 5118))
	files, _ := filepath.Glob("testdata/torture/*/*.dat")
	r := newRogue(t, h.Addr().String())
	for range 40 {
		for _, f := range files {
			raw, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			raw = bytes.Clone(raw)
			for range 1 + rnd.IntN(6) {
				switch i := rnd.IntN(len(raw)); rnd.IntN(3) {
				case 0:
					raw[i] = byte(rnd.IntN(256))
				case 1:
					raw = append(raw[:i:i], raw[min(len(raw), i+rnd.IntN(20)):]...)
				case 2:
					raw = append(raw[:i:i], append([]byte("\r\n"), raw[i:]...)...)
				}
				if len(raw) == 0 {
					raw = []byte{0}
				}
			}
			r.send(string(raw))
		}
	}
	for len(h.calls) > 0 {
		(<-h.calls).Hangup("486")
	}
	alive(h)
	c.send(c.request("BYE", 2, "", ""))
	over(t, l, "caller")
}

// A parser's panic on hostile bytes must end in a 400, not in the end of the process.
func TestExamineRecovers(t *testing.T) {
	p := sip.NewParser(sip.WithHeadersParsers(map[string]sip.HeaderParser{"x": func([]byte, string) (sip.Header, error) { panic("parser") }}))
	text := "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nf: <sip:a@b>;tag=1\r\nt: <sip:a@b>\r\ni: 1\r\nCSeq: 1 OPTIONS\r\nX: y\r\n\r\n"
	_, good, reply := examine(p, []byte(text), "10.0.0.1")
	if good != nil || !strings.HasPrefix(string(reply), "SIP/2.0 400") || !strings.Contains(string(reply), "to: <sip:a@b>;tag=bad") {
		t.Fatal(string(good), string(reply))
	}
	for _, silent := range []string{"SIP/2.0 200 OK\r\n\r\n", "ACK sip:a@b SIP/2.0\r\nX: y\r\n\r\n", "hello", "", "GET / HTTP/1.1\r\n\r\n"} {
		if _, _, reply := examine(p, []byte(silent), ""); reply != nil {
			t.Errorf("%q was answered", silent)
		}
	}
}

func TestManySourcesAreForgotten(t *testing.T) {
	h := serve(t, func(o *Options) { o.sources = 3 })
	c := h.citizen()
	l := h.up(c)
	for range 10 {
		other := h.citizen()
		other.send(other.request("OPTIONS", 1, "", ""))
		other.want("SIP/2.0 200") // a new source each; the datagram that causes a turn-over is not lost
	}
	if n := h.tpl.Pool("udp").Size(); n > 6 {
		t.Fatalf("%d addresses are remembered", n)
	}
	l.Hangup("")
	c.want("BYE ")
	over(t, l, "us")
}
