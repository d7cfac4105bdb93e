package sipua

import (
	"testing"

	"github.com/emiago/sipgo/sip"
)

func TestTidy(t *testing.T) {
	for in, want := range map[string]string{
		"A b SIP/2.0\r\nFrom : <sip:a@b> ;\r\n  tag = x\r\nCSeq:  1\tINVITE\r\n\r\nbody  ;  x": "A b SIP/2.0\r\nFrom: <sip:a@b>;tag=x\r\nCSeq: 1 INVITE\r\n\r\nbody  ;  x",
		"A b SIP/2.0\r\nTo: \"a ;  \\\" b\"   <sip:a@b>;;tag=1 \r\n\r\n":                       "A b SIP/2.0\r\nTo: \"a ;  \\\" b\" <sip:a@b>;tag=1\r\n\r\n",
		"A b SIP/2.0\r\nVia: SIP / 2.0 / UDP h;branch=z , SIP/2.0/UDP  k\r\n\r\n":              "A b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z,SIP/2.0/UDP k\r\n\r\n",
		"A b SIP/2.0\r\nTo: <sip:a@b>\r\n\r\nx  y":                                             "A b SIP/2.0\r\nTo: <sip:a@b>\r\n\r\nx  y",
		"no message": "no message",
	} {
		if got := string(tidy([]byte(in))); got != want {
			t.Errorf("%q\n got %q\nwant %q", in, got, want)
		}
	}
}

// Nothing that comes from the net may panic or be turned into something longer than it may be.
func FuzzOctets(f *testing.F) {
	f.Add([]byte("OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nf: <sip:a@b>;tag=1\r\nt : <sip:a@b>\r\ni: 1\r\nCSeq: 1\r\n OPTIONS\r\n\r\n"))
	p := sip.NewParser()
	f.Fuzz(func(t *testing.T, b []byte) {
		_, good, reply := examine(p, b, "10.0.0.1")
		if len(good) > len(b)+256 || len(reply) > len(b)+200 {
			t.Fatal(len(b), len(good), len(reply))
		}
		_, _, _ = frame(b)
	})
}
