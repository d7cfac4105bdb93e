package sipua

import (
	"fmt"
	"strings"
	"testing"
)

func TestReinvite(t *testing.T) {
	h := serve(t, nil)
	c := h.citizen()
	l := h.up(c)
	ack := func(seq int) { c.send(c.request("ACK", seq, "", "")) }
	c.send(c.request("INVITE", 2, "application/sdp", goodSDP+"a=sendonly\r\n")) // hold
	if got := c.want("SIP/2.0 200"); !strings.Contains(got, "s=answer 2") {
		t.Fatalf("hold:\n%s", got)
	}
	c.want("SIP/2.0 200") // repeated until its ACK like the first
	ack(2)
	c.none("SIP/2.0 200", 20*testT1)
	c.send(c.request("INVITE", 3, "", "")) // a session refresh without SDP gets an offer
	if got := c.want("SIP/2.0 200"); !strings.Contains(got, "s=offer") {
		t.Fatalf("refresh:\n%s", got)
	}
	c.send(c.request("ACK", 3, "application/sdp", goodSDP))
	h.until(func() bool { d := h.port(0); d.mu.Lock(); defer d.mu.Unlock(); return len(d.accepted) == 1 })
	c.send(c.request("INVITE", 4, "application/sdp", "v=0\r\nm=video 1 RTP/AVP 99\r\n")) // a bad one leaves the call as it was
	c.want("SIP/2.0 488")
	c.send(c.same("ACK", 4, "", ""))
	c.send(c.request("UPDATE", 5, "", ""))
	c.want("SIP/2.0 200")
	c.send(c.request("UPDATE", 6, "application/sdp", goodSDP))
	if got := c.want("SIP/2.0 200"); !strings.Contains(got, "s=answer 3") {
		t.Fatalf("update:\n%s", got)
	}
	c.send(c.request("INVITE", 3, "application/sdp", goodSDP)) // backwards
	c.want("SIP/2.0 500")
	c.send(c.same("ACK", 3, "", ""))
	stranger := *c
	stranger.theirs, stranger.tag = c.theirs, "other"
	stranger.send(stranger.request("BYE", 9, "", "")) // the Call-ID and our tag alone are not enough
	c.want("SIP/2.0 481")
	c.branch = stranger.branch
	select {
	case <-l.Done():
		t.Fatal("the call was ended by a stranger")
	default:
	}
	c.send(c.request("BYE", 9, "", ""))
	over(t, l, "caller")
}

func TestTargetRefresh(t *testing.T) {
	h := serve(t, nil)
	c := h.citizen()
	l := h.up(c)
	moved := newRogue(t, h.Addr().String())
	text := strings.ReplaceAll(c.request("INVITE", 2, "application/sdp", goodSDP), "Contact: <sip:citizen@"+c.addr, "Contact: <sip:moved@"+moved.addr)
	c.send(text)
	c.want("SIP/2.0 200")
	c.send(c.request("ACK", 2, "", ""))
	h.until(func() bool { l.mu.Lock(); defer l.mu.Unlock(); return l.wait == nil })
	l.Hangup("")
	if got := moved.want("BYE "); !strings.HasPrefix(got, "BYE sip:moved@") {
		t.Fatal(got)
	}
}

func TestKeysBySIPInfo(t *testing.T) {
	h := serve(t, nil)
	c := h.citizen()
	h.up(c)
	for i, b := range []struct{ kind, body string }{
		{"application/dtmf-relay", "Signal=5\r\nDuration=160\r\n"}, {"application/dtmf-relay", "Signal= *\r\nDuration= 250\r\n"},
		{"application/dtmf", "7"}, {"application/dtmf", "11"},
	} {
		c.send(c.request("INFO", 2+i, b.kind, b.body))
		c.reply(fmt.Sprintf("%d INFO", 2+i), "200")
	}
	if got := h.port(0).pressed(); got != "5*7#" {
		t.Fatalf("keys %q", got)
	}
	c.send(c.request("INFO", 10, "application/xml", "<a/>"))
	c.reply("10 INFO", "415")
	c.send(c.request("INFO", 11, "application/dtmf", "x"))
	c.reply("11 INFO", "400")
}
