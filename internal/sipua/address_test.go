package sipua

import (
	"net/netip"
	"strings"
	"testing"
)

// Where sound may be sent to, by what the description says and by where it came from.
func TestPlaced(t *testing.T) {
	for _, c := range []struct{ says, source, want string }{
		{"IN IP4 198.51.100.7", "203.0.113.9", "IN IP4 198.51.100.7"},
		{"IN IP4 192.168.1.5", "203.0.113.9", "IN IP4 203.0.113.9"}, // a phone behind a NAT
		{"IN IP4 100.64.3.5", "203.0.113.9", "IN IP4 203.0.113.9"},
		{"IN IP4 169.254.1.1", "203.0.113.9", "IN IP4 203.0.113.9"},
		{"IN IP4 127.0.0.1", "203.0.113.9", "IN IP4 203.0.113.9"}, // our own machine, from afar
		{"IN IP4 127.0.0.1", "192.168.1.9", "IN IP4 192.168.1.9"},
		{"IN IP4 ::ffff:127.0.0.1", "192.168.1.9", "IN IP4 192.168.1.9"},
		{"IN IP4 10.0.0.5", "192.168.1.9", "IN IP4 10.0.0.5"}, // one inside to another
		{"IN IP4 192.168.1.5", "127.0.0.1", "IN IP4 192.168.1.5"},
		{"IN IP4 0.0.0.0", "203.0.113.9", "IN IP4 0.0.0.0"}, // hold
		{"IN IP4 phone.example", "203.0.113.9", "IN IP4 phone.example"},
		{"IN IP6 fd00::5", "2001:db8::9", "IN IP6 2001:db8::9"},
		{"IN IP6 ::1", "2001:db8::9", "IN IP6 2001:db8::9"},
		{"IN IP6 fe80::1%eth0", "2001:db8::9", "IN IP6 2001:db8::9"},
		{"IN IP6 2001:db8:1::5", "2001:db8::9", "IN IP6 2001:db8:1::5"},
		{"IN IP4 224.0.0.1", "203.0.113.9", ""},
		{"IN IP4 224.2.1.1/127/3", "127.0.0.1", ""},
		{"IN IP4 255.255.255.255", "203.0.113.9", ""},
		{"IN IP4 240.0.0.1", "203.0.113.9", ""},
		{"IN IP4 0.1.2.3", "203.0.113.9", ""},
		{"IN IP6 ff02::1", "2001:db8::9", ""},
	} {
		sdp := strings.Replace(goodSDP, "IN IP4 127.0.0.1\r\nt=", c.says+"\r\nt=", 1)
		got, ok := placed([]byte(sdp), netip.MustParseAddr(c.source))
		want := strings.Replace(sdp, "c="+c.says, "c="+c.want, 1)
		if ok != (c.want != "") || ok && string(got) != want {
			t.Errorf("%s from %s:\n%s", c.says, c.source, got)
		}
	}
	if _, ok := placed([]byte(strings.Replace(goodSDP, "40000", "53", 1)), netip.MustParseAddr("203.0.113.9")); ok {
		t.Error("sound may go to a name server")
	}
}

// Over the wire: a group as target is a 488, whether in an INVITE or in a re-INVITE, which leaves the call as it was.
func TestGroupIsRefused(t *testing.T) {
	h := serve(t, nil)
	group := strings.Replace(goodSDP, "c=IN IP4 127.0.0.1", "c=IN IP4 239.1.2.3", 1)
	c := h.citizen()
	c.invite(group)
	c.want("SIP/2.0 488")
	c = h.citizen()
	l := h.up(c)
	c.send(c.request("INVITE", 2, "application/sdp", group))
	c.want("SIP/2.0 488")
	l.Hangup("")
	c.want("BYE ")
}

// A stranger's leg may say little before its ACK, and after it only the acknowledging address is spoken to without bound.
func TestSoundForTheUnheard(t *testing.T) {
	h := serve(t, func(o *Options) { o.strict = true })
	c := h.citizen()
	h.up(c)
	p := h.last()
	h.until(func() bool { return p.allowed() == "50 127.0.0.1+200 " })
	h = serve(t, nil)
	h.up(h.citizen())
	p = h.last()
	h.until(func() bool { return p.allowed() == "127.0.0.1+200 " })
}
