package sipua

import (
	"strings"
	"testing"
)

// Record-Route of a caller: loose routers stand in Route in their order, a strict one takes the Request-URI (RFC 3261 §12.2.1.1).
func TestRoutesOfACaller(t *testing.T) {
	h := serve(t, nil)
	for _, k := range []struct{ lr, line, routes string }{
		{";lr", "BYE sip:citizen@%s SIP/2.0", "<sip:%s;lr>, <sip:two@127.0.0.1:9;lr>"},
		{";lr=on", "BYE sip:citizen@%s SIP/2.0", "<sip:%s;lr=on>, <sip:two@127.0.0.1:9;lr>"},
		{"", "BYE sip:%s SIP/2.0", "<sip:two@127.0.0.1:9;lr>, <sip:citizen@%s>"},
	} {
		c := h.citizen()
		c.extra = "Record-Route: <sip:" + c.addr + k.lr + ">\r\nRecord-Route: <sip:two@127.0.0.1:9;lr>\r\n"
		c.invite(goodSDP)
		l := h.leg()
		if err := l.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		ok := c.want("SIP/2.0 200")
		if strings.Count(ok, "Record-Route:") != 2 { // §12.1.1: copied into the 2xx
			t.Fatal(ok)
		}
		c.theirs = toTag(ok)
		c.extra = ""
		c.send(c.request("ACK", 1, "", ""))
		h.until(func() bool { l.mu.Lock(); defer l.mu.Unlock(); return l.state == talking })
		// a re-INVITE refreshes the target, never the routes (§12.2.2)
		c.extra = "Record-Route: <sip:other@127.0.0.1:9;lr>\r\n"
		c.send(c.request("UPDATE", 2, "", ""))
		c.reply("2 UPDATE", "200")
		l.Hangup("")
		bye := c.want("BYE ") // it came here: the first hop is ours either way
		var routes []string
		for line := range strings.Lines(bye) {
			if v, ok := strings.CutPrefix(line, "Route: "); ok {
				routes = append(routes, strings.TrimSpace(v))
			}
		}
		line, _, _ := strings.Cut(bye, "\r\n")
		if want := strings.Replace(k.line, "%s", c.addr, 1); line != want {
			t.Errorf("%q: %s, want %s", k.lr, line, want)
		}
		if got, want := strings.Join(routes, ", "), strings.Replace(k.routes, "%s", c.addr, 1); got != want {
			t.Errorf("%q: %s, want %s", k.lr, got, want)
		}
	}
}

func TestTooManyHops(t *testing.T) {
	h := serve(t, nil)
	c := h.citizen()
	c.send(strings.Replace(c.request("INVITE", 1, "application/sdp", goodSDP), "Max-Forwards: 70", "Max-Forwards: 0", 1))
	c.theirs = toTag(c.want("SIP/2.0 483"))
	c.send(c.same("ACK", 1, "", ""))
	if got := <-h.refused; got != "483" {
		t.Fatal(got)
	}
	c.theirs = ""
	c.send(strings.Replace(c.request("OPTIONS", 2, "", ""), "Max-Forwards: 70", "Max-Forwards: 0", 1)) // we are its end
	c.reply("2 OPTIONS", "200")
	up := h.citizen()
	h.up(up)
	up.send(strings.Replace(up.request("INVITE", 2, "application/sdp", goodSDP), "Max-Forwards: 70", "Max-Forwards: 0", 1))
	up.reply("2 INVITE", "200")
}

// A forked INVITE whose second copy comes when the first is over already is still the same one.
func TestAMergedRequestOfACallThatIsOver(t *testing.T) {
	h := serve(t, nil)
	c := h.citizen()
	c.invite(goodSDP)
	l := h.leg()
	l.Hangup("486")
	c.want("SIP/2.0 486")
	over(t, l, "us")
	c.invite(goodSDP) // another branch
	c.want("SIP/2.0 482")
	h.until(func() bool { _, seen := h.Server.calls.byInvite(l.key); return !seen }) // and is forgotten in time
}
