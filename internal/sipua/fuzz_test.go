package sipua

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
)

// FuzzRequest takes a datagram as far as a handler would: what parses passes the gate or is refused, and every reader of its parts
// gives something harmless.
func FuzzRequest(f *testing.F) {
	files, _ := filepath.Glob("testdata/torture/*/*.dat")
	for _, n := range files {
		if b, err := os.ReadFile(n); err == nil {
			f.Add(b)
		}
	}
	f.Add([]byte("INVITE sip:0800@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n" +
		"P-Asserted-Identity: \"x, y\" <sip:+380670000067@h>\r\nContact: <sip:a@b>;expires=5\r\nContent-Type: multipart/mixed;boundary=b\r\nContent-Length: 78\r\n\r\n" +
		"--b\r\nContent-Type: application/sdp\r\n\r\nc=IN IP4 10.0.0.1\r\nm=audio 9 RTP/AVP 8\r\n\r\n--b--"))
	p := sip.NewParser()
	f.Fuzz(func(t *testing.T, b []byte) {
		m, good, _ := examine(p, b, "203.0.113.9")
		req, ok := m.(*sip.Request)
		if !ok || good == nil {
			return
		}
		req.SetSource("203.0.113.9:5060")
		req.SetTransport("UDP")
		if gate(req, nil) != nil {
			return
		}
		_ = incoming(req, "tag", sip.Uri{})
		_ = inviteKey(req)
		_, _ = sdpOf(req)
		_, _ = contacts(req)
		for _, n := range []string{string(caller(req)), calledUser(&req.Recipient)} {
			if len(n) > len(b) {
				t.Fatalf("%q", n)
			}
		}
	})
}

// FuzzKey: the body of an INFO is a key of a telephone or nothing.
func FuzzKey(f *testing.F) {
	for _, s := range []string{"Signal=5\r\nDuration=160", "signal = * ", "5", "11", "Signal=", "\r\n\r\n", "Signal=hf", "-1", "Signal=5\nSignal=6", "১"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, read := range []func(string) (byte, bool){relayKey, dtmfKey} {
			if k, ok := read(s); ok && !strings.Contains("0123456789*#ABCD", string(rune(k))) {
				t.Fatalf("%q is the key %q", s, k)
			}
		}
	})
}

// FuzzAuthorization: nobody gets in without the password, and a made-up header costs no look into the accounts.
func FuzzAuthorization(f *testing.F) {
	f.Add(`Digest username="olena", realm="dovidka", nonce="x", uri="sip:x", response="00000000000000000000000000000000", qop=auth, nc=00000001, cnonce="c"`)
	f.Add(`Digest realm="dovidka",qop=auth,cnonce=""`)
	f.Add("Basic b2xlbmE6cA==")
	f.Fuzz(func(t *testing.T, auth string) {
		d := newDoorkeeper("dovidka", func(string) (string, bool) { t.Error("the accounts are asked"); return "", false })
		if v := d.judge(auth, "REGISTER", "203.0.113.9:5060", time.Unix(1, 0)); v.status == 0 {
			t.Fatalf("%q lets in %q", auth, v.user)
		}
	})
}

// FuzzPlaced: what is left of a description never sends our sound to a group, to ourselves or into our own net.
func FuzzPlaced(f *testing.F) {
	f.Add([]byte(goodSDP))
	f.Add([]byte("c=IN IP4 239.1.1.1/3/4\nm=audio 40000 RTP/AVP 8\nc=IN IP4 10.0.0.1\n"))
	f.Add([]byte("c=IN IP6 ::ffff:127.0.0.1\r\nm=audio 1023 RTP/AVP 8"))
	f.Fuzz(func(t *testing.T, b []byte) {
		out, ok := placed(b, netip.MustParseAddr("203.0.113.9"))
		if !ok {
			return
		}
		for line := range strings.Lines(string(out)) {
			fields := strings.Fields(line)
			if !strings.HasPrefix(line, "c=") || len(fields) != 3 {
				continue
			}
			raw, _, _ := strings.Cut(fields[2], "/")
			if ip, err := netip.ParseAddr(raw); err == nil && (ip.Unmap().IsMulticast() || local(ip) && !ip.Unmap().IsUnspecified()) {
				t.Fatalf("%q", line)
			}
		}
	})
}
