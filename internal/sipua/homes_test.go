package sipua

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// A host with several addresses answers from the one that was asked, names it in Contact, and hangs up from it.
func TestAHostWithSeveralAddresses(t *testing.T) {
	h := serve(t, func(o *Options) { o.Addr = "0.0.0.0:0" })
	for _, own := range []string{"127.0.0.1", "127.0.0.2", "127.3.4.5"} {
		at := netip.AddrPortFrom(netip.MustParseAddr(own), h.Addr().Port())
		c, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(at)) // takes nothing from anywhere else
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		buf := make([]byte, 65536)
		want := func(prefix string) string {
			t.Helper()
			_ = c.SetReadDeadline(time.Now().Add(4 * time.Second))
			for {
				n, err := c.Read(buf)
				if err != nil {
					t.Fatalf("%s: no %q: %v", own, prefix, err)
				}
				if strings.HasPrefix(string(buf[:n]), prefix) {
					return string(buf[:n])
				}
			}
		}
		say := func(method string, seq int, to, body string) {
			kind := ""
			if body != "" {
				kind = "Content-Type: application/sdp\r\n"
			}
			fmt.Fprintf(c, "%s sip:0800353608@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;rport;branch=z9hG4bK%s%d\r\nMax-Forwards: 70\r\nFrom: <sip:a@host.invalid>;tag=1\r\n"+
				"To: <sip:b@host.invalid>%s\r\nCall-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:a@%s>\r\n%sContent-Length: %d\r\n\r\n%s",
				method, at, c.LocalAddr(), own+method, seq, to, own, seq, method, c.LocalAddr(), kind, len(body), body)
		}
		say("OPTIONS", 1, "", "")
		want("SIP/2.0 200")
		say("INVITE", 2, "", goodSDP)
		l := h.leg()
		if err := l.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		ok := want("SIP/2.0 200")
		if !strings.Contains(head(ok, "Contact"), "@"+at.String()) {
			t.Errorf("%s: %s", own, head(ok, "Contact"))
		}
		say("ACK", 2, ";tag="+toTag(ok), "")
		h.until(func() bool { l.mu.Lock(); defer l.mu.Unlock(); return l.state == talking })
		l.Hangup("")
		if bye := want("BYE "); !strings.Contains(head(bye, "Via"), own+":") {
			t.Errorf("%s: %s", own, head(bye, "Via"))
		}
	}
	hm := &homes{own: map[netip.AddrPort]netip.Addr{}}
	for i := range 3 * maxHomes {
		hm.remember(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 5060), netip.MustParseAddr("192.0.2.1"))
	}
	if len(hm.own) > maxHomes {
		t.Fatalf("%d far ends are remembered", len(hm.own))
	}
}

// Behind a NAT the far ends outside are told the public address, neighbours the one that they can reach.
func TestTheAdvertisedAddress(t *testing.T) {
	h := serve(t, func(o *Options) { o.PublicIP = netip.MustParseAddr("203.0.113.7") })
	for dest, want := range map[string]string{"198.51.100.1:5060": "203.0.113.7", "127.0.0.1:5060": "127.0.0.1", "10.1.2.3:5060": "127.0.0.1", "[2001:db8::1]:5060": "127.0.0.1"} {
		if got := h.contactFor("x", "UDP", dest); got.Host != want || got.Port != int(h.Addr().Port()) {
			t.Errorf("%s: %s:%d", dest, got.Host, got.Port)
		}
	}
}
