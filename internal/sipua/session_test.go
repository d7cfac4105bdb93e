package sipua

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// RFC 4028 §9, table 2: what a UAS agrees to.
func TestAgreeOnASessionTimer(t *testing.T) {
	def := Timers{}
	for _, k := range []struct {
		name   string
		t      Timers
		asked  terms
		least  int
		able   bool
		now    terms
		want   terms
		status int
	}{
		{"nothing asked, not able", def, terms{}, 0, false, terms{}, terms{}, 0},
		{"nothing asked, able", def, terms{}, 0, true, terms{}, terms{1800, "uas"}, 0},
		{"asked, refresher open", def, terms{900, ""}, 0, true, terms{}, terms{900, "uac"}, 0},
		{"asked, we refresh", def, terms{900, "uas"}, 0, true, terms{}, terms{900, "uas"}, 0},
		{"a proxy asks for one who is not able", def, terms{900, "uac"}, 0, false, terms{}, terms{900, "uas"}, 0},
		{"too long is cut", def, terms{7200, "uac"}, 0, true, terms{}, terms{1800, "uac"}, 0},
		{"but not below Min-SE", def, terms{7200, "uac"}, 3600, true, terms{}, terms{3600, "uac"}, 0},
		{"too short", def, terms{60, ""}, 0, true, terms{}, terms{}, 422},
		{"too short for us", Timers{Min: 300 * time.Second}, terms{120, ""}, 0, true, terms{}, terms{}, 422},
		{"too short for us, but it cannot read 422", Timers{Min: 300 * time.Second}, terms{120, ""}, 0, false, terms{}, terms{120, "uas"}, 0},
		{"impossible", def, terms{5, ""}, 0, false, terms{}, terms{}, 0},
		{"off", Timers{Off: true}, terms{60, "uac"}, 0, true, terms{}, terms{}, 0},
		{"a refresh keeps the refresher", def, terms{600, ""}, 0, true, terms{600, "uas"}, terms{600, "uas"}, 0},
		{"a re-INVITE without the header keeps the timer", def, terms{}, 0, true, terms{600, "uac"}, terms{600, "uac"}, 0},
		{"a refresher that has forgotten the timer is relieved", def, terms{}, 0, false, terms{600, "uac"}, terms{600, "uas"}, 0},
	} {
		if got, status := k.t.agree(k.asked, k.least, k.able, k.now); got != k.want || status != k.status {
			t.Errorf("%s: %v %d, want %v %d", k.name, got, status, k.want, k.status)
		}
	}
}

// short makes a second of session timers last 10 ms: 90 s are 0.9 s.
func short(o *Options) { o.second = 10 * time.Millisecond }

const able = "Supported: timer\r\nAllow: INVITE, ACK, BYE, UPDATE\r\n"

// pick answers a call, and gives the text of the 200.
func (h *house) pick(c *citizen) (*Leg, string) {
	h.t.Helper()
	c.invite(goodSDP)
	l := h.leg()
	if err := l.Answer(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	ok := c.want("SIP/2.0 200")
	c.theirs = toTag(ok)
	c.send(c.request("ACK", c.seq, "", ""))
	h.until(func() bool { l.mu.Lock(); defer l.mu.Unlock(); return l.state == talking })
	return l, ok
}

func TestACallerThatStopsRefreshingIsHungUp(t *testing.T) {
	h := serve(t, short)
	c := h.citizen()
	c.extra = able + "Session-Expires: 90;refresher=uac\r\n"
	l, ok := h.pick(c)
	if head(ok, "Session-Expires") != "90;refresher=uac" || head(ok, "Require") != "timer" || !strings.Contains(head(ok, "Supported"), "timer") {
		t.Fatal(ok)
	}
	for seq := 2; seq < 5; seq++ { // it refreshes for a while: 3 × 0.4 s is longer than the call would have lived
		c.none("BYE ", 400*time.Millisecond)
		c.send(c.request("UPDATE", seq, "", ""))
		if got := c.want("SIP/2.0 200"); head(got, "Session-Expires") != "90;refresher=uac" {
			t.Fatal(got)
		}
	}
	begin := time.Now()
	c.want("BYE ")
	if d := time.Since(begin); d < 400*time.Millisecond { // §10: 0.9 s less a third
		t.Fatalf("BYE after %v", d)
	}
	over(t, l, "lost")
}

func TestWeRefreshByUPDATE(t *testing.T) {
	h := serve(t, short)
	c := h.citizen()
	c.extra = able + "x: 90;refresher=uas\r\n"
	l, ok := h.pick(c)
	if head(ok, "Session-Expires") != "90;refresher=uas" {
		t.Fatal(ok)
	}
	for range 2 {
		up := c.want("UPDATE ")
		if head(up, "Session-Expires") != "90;refresher=uac" || head(up, "Content-Type") != "" || head(up, "Contact") == "" {
			t.Fatal(up)
		}
		c.send(answer(up, "200 OK", "", "Session-Expires: 90;refresher=uac\r\nContact: <sip:citizen@"+c.addr+">\r\n", ""))
	}
	up := c.want("UPDATE ")
	c.send(answer(up, "422 Session Interval Too Small", "", "Min-SE: 120\r\n", ""))
	for up = c.want("UPDATE "); head(up, "Session-Expires") != "120;refresher=uac" || head(up, "Min-SE") != "120"; up = c.want("UPDATE ") {
	}
	c.send(answer(up, "481 Gone", "", "", ""))
	for m := range c.in { // there is no dialog any more: no second try
		if strings.HasPrefix(m.text, "BYE ") {
			break
		}
		if head(m.text, "CSeq") != head(up, "CSeq") {
			t.Fatal(m.text)
		}
	}
	over(t, l, "lost")
}

func TestWeRefreshByReINVITE(t *testing.T) {
	h := serve(t, short)
	c := h.citizen()
	c.extra = "Supported: timer\r\nSession-Expires: 90;refresher=uas\r\n" // its Allow names no UPDATE
	l, _ := h.pick(c)
	re := c.want("INVITE ")
	if !strings.Contains(re, "s=offer") || head(re, "Session-Expires") != "90;refresher=uac" {
		t.Fatal(re)
	}
	// glare: while ours is out, theirs is refused, and the other way round
	c.send(c.request("INVITE", 2, "application/sdp", goodSDP))
	c.want("SIP/2.0 491")
	c.send(c.same("ACK", 2, "", ""))
	c.send(answer(re, "491 Request Pending", "", "", ""))
	c.want("ACK ")
	again := c.want("INVITE ")
	for head(again, "CSeq") == head(re, "CSeq") { // repetitions of the first
		again = c.want("INVITE ")
	}
	c.send(answer(again, "200 OK", "", "Contact: <sip:moved@"+c.addr+">\r\nSession-Expires: 90;refresher=uac\r\n", goodSDP))
	ack := c.want("ACK sip:moved@") // target refresh
	if strings.Fields(head(ack, "CSeq"))[0] != strings.Fields(head(again, "CSeq"))[0] {
		t.Fatal(ack)
	}
	c.send(answer(again, "200 OK", "", "Contact: <sip:moved@"+c.addr+">\r\n", goodSDP)) // our ACK was lost
	c.want("ACK sip:moved@")
	h.until(func() bool { d := h.port(0); d.mu.Lock(); defer d.mu.Unlock(); return len(d.accepted) == 1 })
	c.want("INVITE ") // the next refresh gets no answer at all
	c.want("BYE ")
	over(t, l, "lost")
}

func TestASessionTimerThatIsTooShort(t *testing.T) {
	h := serve(t, func(o *Options) { o.Timers = Timers{Min: 200 * time.Second} })
	c := h.citizen()
	c.extra = able + "Session-Expires: 100\r\n"
	c.invite(goodSDP)
	got := c.want("SIP/2.0 422")
	if head(got, "Min-SE") != "200" {
		t.Fatal(got)
	}
	c.send(c.same("ACK", 1, "", ""))
	c.seq = 2
	c.extra = able + "Session-Expires: 200\r\nMin-SE: 200\r\n"
	_, ok := h.pick(c)
	if head(ok, "Session-Expires") != "200;refresher=uac" {
		t.Fatal(ok)
	}
	c.extra = able + "Session-Expires: 95\r\n"
	c.send(c.request("UPDATE", 3, "", ""))
	if got := c.want("SIP/2.0 422"); head(got, "Min-SE") != "200" {
		t.Fatal(got)
	}
}

func TestSessionTimersCanBeOff(t *testing.T) {
	h := serve(t, func(o *Options) { o.Timers.Off = true })
	c := h.citizen()
	c.extra = able + "Session-Expires: 60\r\n"
	_, ok := h.pick(c)
	if head(ok, "Session-Expires") != "" || strings.Contains(head(ok, "Supported"), "timer") {
		t.Fatal(ok)
	}
	_, invite, _ := h.ring(t.Context(), DialOptions{})
	if head(invite, "Session-Expires") != "" || strings.Contains(head(invite, "Supported"), "timer") {
		t.Fatal(invite)
	}
	_, invite, _ = h.ring(t.Context(), DialOptions{Timers: &Timers{Expires: 10 * time.Minute}}) // a trunk of its own mind
	if head(invite, "Session-Expires") != "600" || !strings.Contains(head(invite, "Supported"), "timer") {
		t.Fatal(invite)
	}
}

func TestWeDialWithASessionTimer(t *testing.T) {
	h := serve(t, short)
	phone, invite, d := h.ring(t.Context(), DialOptions{})
	if head(invite, "Session-Expires") != "1800" || head(invite, "Min-SE") != "" {
		t.Fatal(invite)
	}
	phone.send(answer(invite, "422 Session Interval Too Small", "p", "Min-SE: 2400\r\n", ""))
	phone.want("ACK ")
	second := phone.want("INVITE ")
	for head(second, "CSeq") == "1 INVITE" { // repetitions of the first
		second = phone.want("INVITE ")
	}
	if head(second, "CSeq") != "2 INVITE" || head(second, "Session-Expires") != "2400" || head(second, "Min-SE") != "2400" ||
		head(second, "Call-ID") != head(invite, "Call-ID") {
		t.Fatal(second)
	}
	phone.send(answer(second, "200 OK", "p", contactOf(phone)+"Allow: UPDATE\r\nRequire: timer\r\nSession-Expires: 90;refresher=uac\r\n", goodSDP))
	phone.want("ACK ")
	d.wait(t)
	up := phone.want("UPDATE ")
	if head(up, "CSeq") != "3 UPDATE" {
		t.Fatal(up)
	}
	phone.send(answer(up, "405 Method Not Allowed", "", "", "")) // then by re-INVITE
	re := phone.want("INVITE ")
	phone.send(answer(re, "200 OK", "", contactOf(phone)+"Session-Expires: 90;refresher=uas\r\n", goodSDP)) // now it is their duty
	phone.want("ACK ")
	phone.want("BYE ")
	over(t, d.leg, "lost")

	phone, invite, d = h.ring(t.Context(), DialOptions{}) // a far end that is never content
	phone.send(answer(invite, "422 Session Interval Too Small", "p", "Min-SE: 1800\r\n", ""))
	phone.want("ACK ")
	for second = phone.want("INVITE "); head(second, "CSeq") == "1 INVITE"; second = phone.want("INVITE ") {
	}
	phone.send(answer(second, "422 Session Interval Too Small", "p", "Min-SE: 1800\r\n", ""))
	d.wait(t)
	var r *RefusedError
	if !errors.As(d.err, &r) || r.Status != 422 {
		t.Fatal(d.err)
	}
}

// A carrier may challenge any request. Ours are proved to it, inside a call too: else its side of the call would stay up.
func TestACarrierChallengesInsideACall(t *testing.T) {
	h := serve(t, short)
	c := h.citizen()
	h.SetTrunks([]Trunk{{Name: "c", Server: c.addr, User: "u", Password: "p", Realm: "carrier", Transport: "udp", Timers: true, Keepalive: time.Hour}})
	h.state("c", func(s TrunkState) bool { return s.Addr != "" })
	c.extra = able + "Session-Expires: 90;refresher=uas\r\n"
	l, _ := h.pick(c)
	challenged := func(method, ask, give string) {
		t.Helper()
		req := c.want(method + " ")
		c.send(answer(req, map[string]string{"WWW": "401 Unauthorized", "Proxy": "407 Proxy Authentication Required"}[ask], "",
			ask+`-Authenticate: Digest realm="carrier", nonce="n", qop="auth"`+"\r\n", ""))
		if method == "INVITE" {
			c.want("ACK ")
		}
		again := c.want(method + " ")
		for head(again, "CSeq") == head(req, "CSeq") {
			again = c.want(method + " ")
		}
		if !strings.Contains(head(again, give), `username="u"`) {
			t.Fatal(again)
		}
		c.send(answer(again, "200 OK", "", "Allow: INVITE, BYE\r\nSession-Expires: 90;refresher=uac\r\nContact: <sip:citizen@"+c.addr+">\r\n",
			map[string]string{"INVITE": goodSDP}[method]))
	}
	challenged("UPDATE", "WWW", "Authorization")
	challenged("INVITE", "Proxy", "Proxy-Authorization") // its Allow has lost UPDATE
	c.want("ACK ")
	l.Hangup("")
	challenged("BYE", "Proxy", "Proxy-Authorization")
	over(t, l, "us")
}
