package sipua

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
)

// verdicts says what RFC 4475 wants of a user agent server for each message; "" is no answer at all (responses, ACK, or nothing to
// answer to). Several are separated by |. Where the RFC leaves it open, what we do is written down here.
var verdicts = map[string]string{
	// 3.1.1 valid messages
	"wsinv": "481", "intmeth": "501", "esc01": "180|200|488|404", "escnull": "405|401", "esc02": "400|501", "lwsdisp": "200",
	"longreq": "180|200|488|404", "dblreq": "405|401", "semiuri": "200", "transports": "200", "mpart01": "405", "unreason": "", "noreason": "",
	// 3.1.2 invalid messages
	"badinv01": "400", "clerr": "400", "ncl": "400", "scalar02": "400", "scalarlg": "", "quotbal": "400", "ltgtruri": "400", "lwsruri": "400",
	"lwsstart": "400", "trws": "400", "escruri": "400|404|488", "baddate": "180|404|488|400", "regbadct": "400|401|405", "badaspec": "200|400",
	"baddn": "200|400", "badvers": "505|400", "mismatch01": "400", "mismatch02": "501", "bigcode": "",
	// 3.2 transaction layer
	"badbranch": "200|400",
	// 3.3 application layer
	"insuf": "400|", "unkscm": "416", "novelsc": "416", "unksm2": "401|405", "bext01": "420", "invut": "415", "regaut01": "401|405", "multi01": "400",
	"mcl01": "400", "bcast": "", "zeromf": "200", "cparam01": "401|405", "cparam02": "401|405", "regescrt": "401|405", "sdp01": "180|488|404",
	// 3.4 backward compatibility
	"inv2543": "180|488|404|400",
	"test":    "400|481|200|180|404|405|", // the connectivity message of the RFC's archive
}

// reachable gives a torture message a Via that the answer can follow and a Call-ID of its own, unless that is what it tests.
func reachable(raw []byte, addr string, n string) []byte {
	via := regexp.MustCompile(`(?im)^(v|via)(\s*:\s*(?:\r\n\s+)?)SIP\s*/\s*2\.0\s*/\s*[A-Z]+(?:\r\n)?\s+[^;\r\n]+`)
	first := true
	return via.ReplaceAllFunc(raw, func(m []byte) []byte {
		if !first {
			return m
		}
		first = false
		return []byte("Via: SIP/2.0/UDP " + addr + ";rport")
	})
}

func TestTortureRFC4475(t *testing.T) {
	h := serve(t, func(o *Options) {
		o.Account = func(string) (string, bool) { return "", false }
		o.OnCall = func(l *Leg) { _ = l.Ring() }
	})
	files, err := filepath.Glob("testdata/torture/rfc4475/*.dat")
	if err != nil || len(files) != len(verdicts) {
		t.Fatalf("%d files, %d verdicts, %v", len(files), len(verdicts), err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".dat")
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			want, ok := verdicts[name]
			if !ok {
				t.Fatal("no verdict")
			}
			r := newRogue(t, h.Addr().String())
			r.send(string(reachable(raw, r.addr, name)))
			got := ""
			wait := time.Second
			if want == "" {
				wait = 3 * testT1
			}
			select {
			case m := <-r.in:
				got = strings.Fields(m.text)[1]
			case <-time.After(wait):
			}
			if !contains(strings.Split(want, "|"), got) {
				t.Errorf("answer %q, want %q", got, want)
			}
		})
	}
	alive(h)
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

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

func TestTortureRFC5118(t *testing.T) {
	h := serve(t, func(o *Options) { o.OnCall = func(l *Leg) { l.Hangup("486") } })
	files, _ := filepath.Glob("testdata/torture/rfc5118/*.dat")
	if len(files) != 12 {
		t.Fatal(len(files))
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		r := newRogue(t, h.Addr().String())
		r.send(string(raw))
		r.send(string(reachable(raw, r.addr, "")))
	}
	alive(h)
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
	good, reply := examine(p, []byte(text), "10.0.0.1")
	if good != nil || !strings.HasPrefix(string(reply), "SIP/2.0 400") || !strings.Contains(string(reply), "to: <sip:a@b>;tag=bad") {
		t.Fatal(string(good), string(reply))
	}
	for _, silent := range []string{"SIP/2.0 200 OK\r\n\r\n", "ACK sip:a@b SIP/2.0\r\nX: y\r\n\r\n", "hello", "", "GET / HTTP/1.1\r\n\r\n"} {
		if _, reply := examine(p, []byte(silent), ""); reply != nil {
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
