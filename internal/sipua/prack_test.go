package sipua

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestAReliable180IsRepeatedUntilItsPRACK(t *testing.T) {
	h := serve(t, nil)
	c := h.citizen()
	c.extra = "Require: 100rel\r\n"
	c.invite(goodSDP)
	l := h.leg()
	for range 2 {
		if err := l.Ring(); err != nil { // twice is once
			t.Fatal(err)
		}
	}
	ring := c.want("SIP/2.0 180")
	if head(ring, "RSeq") == "" || head(ring, "Require") != "100rel" || head(ring, "Contact") == "" {
		t.Fatal(ring)
	}
	c.want("SIP/2.0 180")
	c.want("SIP/2.0 180")
	c.theirs = toTag(ring)
	c.extra = "RAck: 0 1 INVITE\r\n" // another's
	c.send(c.request("PRACK", 2, "", ""))
	c.reply("2 PRACK", "481")
	c.extra = "RAck: " + head(ring, "RSeq") + " 1 INVITE\r\n"
	c.send(c.request("PRACK", 3, "", ""))
	c.reply("3 PRACK", "200")
	c.none("SIP/2.0 180", 12*testT1)
	if err := l.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.extra = ""
	c.reply("1 INVITE", "200")
	c.send(c.request("ACK", 1, "", ""))
	c.send(c.request("BYE", 4, "", ""))
	over(t, l, "caller")
}

func TestAReliable180WithoutPRACKEndsTheCall(t *testing.T) {
	h := serve(t, nil)
	c := h.citizen()
	c.extra = "Require: 100rel\r\n"
	c.invite(goodSDP)
	l := h.leg()
	begin := time.Now()
	if err := l.Ring(); err != nil {
		t.Fatal(err)
	}
	c.want("SIP/2.0 504") // RFC 3262 §3: 5xx after 64*T1
	if d := time.Since(begin); d < 60*testT1 {
		t.Fatalf("refused after %v", d)
	}
	over(t, l, "lost")
}

// The 200 may come before the PRACK; without an offer in the INVITE it comes alone.
func TestReliableAnswersDoNotDelayThe200(t *testing.T) {
	h := serve(t, nil)
	for _, sdp := range []string{goodSDP, ""} {
		c := h.citizen()
		c.extra = "Require: 100rel\r\n"
		c.invite(sdp)
		l := h.leg()
		if err := l.Ring(); err != nil {
			t.Fatal(err)
		}
		if err := l.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		if sdp == "" {
			c.none("SIP/2.0 180", 1)
		}
		ok := c.reply("1 INVITE", map[bool]string{true: "180", false: "200"}[sdp != ""])
		for !strings.HasPrefix(ok, "SIP/2.0 200") {
			ok = c.want("SIP/2.0 ")
		}
		c.theirs = toTag(ok)
		c.send(c.request("ACK", 1, "application/sdp", goodSDP))
		c.none("SIP/2.0 180", 6*testT1)
		l.Hangup("")
		c.want("BYE ")
	}
}

// A far end that insists on reliable answers gets them acknowledged, in order and once; its early media is heard.
func TestWeAcknowledgeReliableAnswers(t *testing.T) {
	h := serve(t, nil)
	phone, invite, d := h.ring(t.Context(), DialOptions{})
	if strings.Contains(head(invite, "Supported"), "100rel") {
		t.Fatal("asked for what we do not need")
	}
	phone.send(answer(invite, "421 Extension Required", "p", "Require: 100rel\r\n", ""))
	second := phone.want("INVITE ")
	for head(second, "CSeq") == "1 INVITE" {
		second = phone.want("INVITE ")
	}
	if !strings.Contains(head(second, "Supported"), "100rel") {
		t.Fatal(second)
	}
	rel := func(status string, rseq int, sdp string) {
		phone.send(answer(second, status, "p", contactOf(phone)+fmt.Sprintf("Require: 100rel\r\nRSeq: %d\r\n", rseq), sdp))
	}
	rel("183 Session Progress", 71, goodSDP)
	prack := phone.want("PRACK ")
	if head(prack, "RAck") != "71 2 INVITE" || head(prack, "CSeq") != "3 PRACK" {
		t.Fatal(prack)
	}
	phone.send(answer(prack, "200 OK", "", "", ""))
	rel("183 Session Progress", 71, goodSDP) // repeated
	rel("180 Ringing", 73, "")               // 72 is missing
	phone.none("PRACK ", 3*testT1)
	rel("180 Ringing", 72, "")
	prack = phone.want("PRACK ")
	if head(prack, "RAck") != "72 2 INVITE" || head(prack, "CSeq") != "4 PRACK" {
		t.Fatal(prack)
	}
	phone.send(answer(prack, "200 OK", "", "", ""))
	phone.send(answer(second, "200 OK", "p", contactOf(phone), "")) // the answer was in the 183
	phone.want("ACK ")
	d.wait(t)
	if d.err != nil {
		t.Fatal(d.err)
	}
	d.leg.Hangup("")
	if bye := phone.want("BYE "); head(bye, "CSeq") != "5 BYE" { // the numbers go on where the PRACKs left off
		t.Fatal(bye)
	}
}

// Several phones ring: each has its early dialog, the last that sends sound is heard, and the one that answers counts.
func TestForksWithEarlyMedia(t *testing.T) {
	h := serve(t, nil)
	phone, invite, d := h.ring(t.Context(), DialOptions{})
	a, b := strings.Replace(goodSDP, "40000", "40002", 1), strings.Replace(goodSDP, "40000", "40004", 1)
	heard := func(n int, port string) {
		t.Helper()
		h.until(func() bool {
			p := h.port(0)
			p.mu.Lock()
			defer p.mu.Unlock()
			return len(p.accepted) == n && strings.Contains(string(p.accepted[n-1]), port)
		})
	}
	phone.send(answer(invite, "183 Session Progress", "a", contactOf(phone), a))
	heard(1, "40002")
	phone.send(answer(invite, "183 Session Progress", "b", contactOf(phone), b))
	heard(2, "40004")
	// the second changes its early media by UPDATE; an unknown fork has none to change
	update := func(tag string) {
		phone.send(fmt.Sprintf("UPDATE sip:x@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKup%s\r\nFrom: %s;tag=%s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: 1 UPDATE\r\n"+
			"Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", h.Addr(), phone.addr, tag, head(invite, "To"), tag, head(invite, "From"),
			head(invite, "Call-ID"), len(b), b))
	}
	update("c")
	phone.want("SIP/2.0 481")
	update("b")
	if got := phone.want("SIP/2.0 200"); !strings.Contains(got, "s=answer 1") {
		t.Fatal(got)
	}
	phone.send(answer(invite, "200 OK", "a", contactOf(phone), a)) // the first one answers: its sound again
	if ack := phone.want("ACK "); toTag(ack) != "a" {
		t.Fatal(ack)
	}
	d.wait(t)
	if d.err != nil {
		t.Fatal(d.err)
	}
	heard(3, "40002")
}
