package sipua

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// Our CANCEL and their 200 in the same moment: either the leg is up, or nobody is left talking – the phone that picked up has its ACK
// and its BYE, the other its CANCEL.
func TestOurCANCELRacesThe200(t *testing.T) {
	h := serve(t, nil)
	won := map[string]int{}
	for i := range 20 {
		ctx, stop := context.WithCancel(t.Context())
		phone, invite, d := h.ring(ctx, DialOptions{})
		phone.send(answer(invite, "180 Ringing", "p", "", ""))
		ok := answer(invite, "200 OK", "p", contactOf(phone), goodSDP)
		if i%2 == 0 {
			phone.send(ok)
			stop()
		} else {
			stop()
			phone.send(ok)
		}
		d.wait(t)
		if d.err == nil {
			won["answer"]++
			phone.want("ACK ")
			d.leg.Hangup("")
			phone.want("BYE ")
			over(t, d.leg, "us")
		} else {
			won["cancel"]++
			if !errors.Is(d.err, context.Canceled) {
				t.Fatal(d.err)
			}
			phone.want("ACK ")
			phone.send(answer(phone.want("BYE "), "200 OK", "p", "", ""))
		}
		stop()
	}
	if h.Calls() != 0 {
		t.Fatalf("%d legs left", h.Calls())
	}
	t.Log(won)
}

func TestARepeatedINVITEIsOneCall(t *testing.T) {
	h := serve(t, nil)
	c := h.citizen()
	text := c.request("INVITE", 1, "application/sdp", goodSDP)
	c.send(text)
	l := h.leg()
	if err := l.Ring(); err != nil {
		t.Fatal(err)
	}
	ring := c.want("SIP/2.0 180")
	for range 3 {
		c.send(text)
		if again := c.want("SIP/2.0 180"); toTag(again) != toTag(ring) {
			t.Fatal(again)
		}
	}
	if err := l.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.theirs = toTag(c.want("SIP/2.0 200"))
	c.send(text)
	c.send(c.same("ACK", 1, "", ""))
	if len(h.calls) != 0 || h.Calls() != 1 {
		t.Fatal("a second call")
	}
}

// What may come inside a call beside its changes.
func TestRequestsInsideACall(t *testing.T) {
	h := serve(t, nil)
	c := h.citizen()
	c.invite(goodSDP)
	l := h.leg()
	if err := l.Ring(); err != nil {
		t.Fatal(err)
	}
	c.theirs = toTag(c.want("SIP/2.0 180"))
	c.extra = "Supported: timer\r\nSession-Expires: 90\r\n"
	c.send(c.request("UPDATE", 2, "", "")) // before the answer: a sign of life, no session to keep yet
	if got := c.reply("2 UPDATE", "200"); head(got, "Session-Expires") != "" {
		t.Fatal(got)
	}
	c.extra = ""
	c.send(c.request("UPDATE", 3, "application/sdp", goodSDP)) // RFC 3311 §5.2: their first offer is unanswered
	if got := c.reply("3 UPDATE", "500"); head(got, "Retry-After") == "" {
		t.Fatal(got)
	}
	c.send(c.request("INVITE", 4, "application/sdp", goodSDP)) // RFC 3261 §14.2
	if got := c.reply("4 INVITE", "500"); head(got, "Retry-After") == "" {
		t.Fatal(got)
	}
	c.send(c.same("ACK", 4, "", ""))
	if err := l.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.reply("1 INVITE", "200")
	c.send(c.request("ACK", 1, "", ""))
	c.send(c.request("OPTIONS", 5, "", ""))
	if got := c.reply("5 OPTIONS", "200"); !strings.Contains(head(got, "Allow"), "UPDATE") {
		t.Fatal(got)
	}
	c.send(c.request("INVITE", 6, "text/plain", "hello"))
	if got := c.reply("6 INVITE", "415"); head(got, "Accept") != "application/sdp" {
		t.Fatal(got)
	}
	c.send(c.same("ACK", 6, "", ""))
	for i, k := range []struct{ method, want string }{{"SUBSCRIBE", "405"}, {"DANCE", "501"}, {"PRACK", "481"}, {"INFO", "200"}, {"NOTIFY", "405"}} {
		c.send(c.request(k.method, 7+i, "", ""))
		c.reply(fmt.Sprintf("%d %s", 7+i, k.method), k.want)
	}
	c.send(c.request("OPTIONS", 5, "", "")) // backwards
	c.reply("5 OPTIONS", "500")
	ours, theirs := c.theirs, c.tag
	for i, wrong := range []func(){func() { c.theirs = "x" }, func() { c.tag = "x" }, func() { c.id += "x" }} {
		id := c.id
		wrong()
		c.send(c.request("BYE", 20+i, "", ""))
		c.reply(fmt.Sprintf("%d BYE", 20+i), "481")
		c.theirs, c.tag, c.id = ours, theirs, id
	}
	select {
	case <-l.Done():
		t.Fatal("the call was ended by a stranger")
	default:
	}
	c.send(c.request("BYE", 30, "", ""))
	over(t, l, "caller")
}

// RFC 3261 §14.1: after a 491 whoever made the Call-ID waits 2.1 to 4 seconds, the other at most 2, so that they do not meet again.
func TestBackOff(t *testing.T) {
	s := &Server{o: Options{T1: 500 * time.Millisecond}}
	for range 1000 {
		if d := (&Leg{s: s, dialled: true}).backOff(); d < 2100*time.Millisecond || d > 4*time.Second || d%(10*time.Millisecond) != 0 {
			t.Fatal(d)
		}
		if d := (&Leg{s: s}).backOff(); d < 0 || d > 2*time.Second || d%(10*time.Millisecond) != 0 {
			t.Fatal(d)
		}
	}
}
