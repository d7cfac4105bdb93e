package sipua

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"dovidka/internal/call"
)

type callNumber = call.Number

func TestACallFromRingToBye(t *testing.T) {
	h := serve(t, nil)
	c := h.citizen()
	c.invite(goodSDP)
	l := h.leg()
	if l.From() != "+380670000067" || l.To() != "+380800353608" || l.Via() != "sip" || l.Media() != nil {
		t.Fatalf("from %s to %s via %s", string(l.From()), string(l.To()), l.Via())
	}
	if err := l.Ring(); err != nil {
		t.Fatal(err)
	}
	ring := c.want("SIP/2.0 180")
	if err := l.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	ok := c.want("SIP/2.0 200")
	if toTag(ring) == "" || toTag(ring) != toTag(ok) {
		t.Fatal("180 and 200 have different tags")
	}
	if !strings.Contains(ok, "m=audio") || !strings.Contains(head(ok, "Contact"), h.Addr().String()) || head(ok, "Allow") == "" {
		t.Fatalf("200:\n%s", ok)
	}
	c.theirs = toTag(ok)
	c.send(c.request("ACK", 1, "", ""))
	c.none("SIP/2.0 200", 10*testT1)
	c.send(c.request("BYE", 2, "", ""))
	c.want("SIP/2.0 200")
	over(t, l, "caller")
	if err := l.Answer(t.Context()); err == nil {
		t.Fatal("an ended leg was answered")
	}
}

func TestOurHangupIsABye(t *testing.T) {
	h := serve(t, nil)
	c := h.citizen()
	l := h.up(c)
	l.Hangup("")
	l.Hangup("")
	bye := c.want("BYE ")
	over(t, l, "us")
	if !strings.HasPrefix(bye, "BYE sip:citizen@"+c.addr) || !strings.Contains(head(bye, "To"), "tag="+c.tag) || !strings.Contains(head(bye, "From"), "tag="+c.theirs) {
		t.Fatalf("BYE:\n%s", bye)
	}
	<-h.port(0).closed
}

func TestA200IsRepeatedUntilItsACK(t *testing.T) {
	h := serve(t, nil)
	c := h.citizen()
	c.invite(goodSDP)
	l := h.leg()
	if err := l.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.want("SIP/2.0 200")
	begin := time.Now()
	var at []time.Duration
	for range 4 { // RFC 3261 §13.3.1.4: after T1, 2*T1, 4*T1, 8*T1
		c.want("SIP/2.0 200")
		at = append(at, time.Since(begin).Round(time.Millisecond))
	}
	for i, want := range []int{1, 3, 7, 15} {
		if d := at[i] - time.Duration(want)*testT1; d < -testT1/2 || d > 6*testT1 {
			t.Errorf("repetition %d after %v, want %v", i, at[i], time.Duration(want)*testT1)
		}
	}
	select {
	case <-l.Done():
		t.Fatal("ended too early")
	default:
	}
	c.want("BYE ")
	if d := time.Since(begin); d < 60*testT1 {
		t.Fatalf("BYE after %v", d)
	}
	over(t, l, "no_ack")
}

// Old phones send the ACK of a 2xx with the branch of the INVITE; sipgo takes it for the transaction's own.
func TestAnACKWithTheINVITEsBranch(t *testing.T) {
	h := serve(t, nil)
	c := h.citizen()
	c.invite(goodSDP)
	l := h.leg()
	if err := l.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.theirs = toTag(c.want("SIP/2.0 200"))
	c.send(c.same("ACK", 1, "", ""))
	h.until(func() bool { l.mu.Lock(); defer l.mu.Unlock(); return l.state == talking })
	c.none("SIP/2.0 200", 10*testT1)
}

func TestHangupBeforeTheACKWaitsForIt(t *testing.T) {
	h := serve(t, nil)
	c := h.citizen()
	c.invite(goodSDP)
	l := h.leg()
	if err := l.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.theirs = toTag(c.want("SIP/2.0 200"))
	l.Hangup("")
	c.none("BYE ", 5*testT1) // RFC 3261 §15
	c.send(c.request("ACK", 1, "", ""))
	c.want("BYE ")
	over(t, l, "us")
}

func TestLateOffer(t *testing.T) {
	h := serve(t, nil)
	c := h.citizen()
	c.invite("")
	l := h.leg()
	if err := l.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	ok := c.want("SIP/2.0 200")
	if !strings.Contains(ok, "s=offer") {
		t.Fatalf("no offer in the 200:\n%s", ok)
	}
	c.theirs = toTag(ok)
	c.send(c.request("INVITE", 2, "application/sdp", goodSDP)) // our offer is unanswered: glare
	c.want("SIP/2.0 491")
	c.send(c.same("ACK", 2, "", ""))
	c.send(c.request("ACK", 1, "application/sdp", goodSDP))
	h.until(func() bool { d := h.port(0); d.mu.Lock(); defer d.mu.Unlock(); return len(d.accepted) == 1 })

	bad := h.citizen()
	bad.invite("")
	l = h.leg()
	if err := l.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	bad.theirs = toTag(bad.want("SIP/2.0 200"))
	bad.send(bad.request("ACK", 1, "", ""))
	bad.want("BYE ")
	over(t, l, "us")
}

func TestRefusals(t *testing.T) {
	h := serve(t, func(o *Options) { o.Known = func(u string) bool { return u == "0800353608" } })
	refused := func(want string, change func(*citizen) string) {
		t.Helper()
		c := h.citizen()
		c.send(change(c))
		got := c.want("SIP/2.0 " + want)
		c.theirs = toTag(got)
		c.send(c.same("ACK", 1, "", ""))
		c.quiet("SIP/2.0 " + want)
	}
	fact := func(want string) {
		t.Helper()
		select {
		case got := <-h.refused:
			if got != want {
				t.Fatalf("fact %s, want %s", got, want)
			}
		case <-time.After(time.Second):
			t.Fatal("nobody was told")
		}
	}
	refused("404", func(c *citizen) string {
		c.user = "0800000000"
		return c.request("INVITE", 1, "application/sdp", goodSDP)
	})
	fact("404")
	refused("488", func(c *citizen) string {
		return c.request("INVITE", 1, "application/sdp", strings.ReplaceAll(goodSDP, "AVP 8", "AVP 96"))
	})
	fact("488")
	refused("415", func(c *citizen) string { return c.request("INVITE", 1, "text/plain", "hello") })
	fact("415")
	refused("481", func(c *citizen) string {
		c.extra = "Replaces: x;to-tag=a;from-tag=b\r\n"
		return c.request("INVITE", 1, "application/sdp", goodSDP)
	})
	fact("481")
	refused("420", func(c *citizen) string {
		c.extra = "Require: 100rel, telepathy\r\n"
		return c.request("INVITE", 1, "application/sdp", goodSDP)
	})
	fact("420")
	for _, m := range []string{"REFER", "MESSAGE", "SUBSCRIBE", "NOTIFY", "PUBLISH"} {
		c := h.citizen()
		c.send(c.request(m, 1, "", ""))
		if got := c.want("SIP/2.0 405"); !strings.Contains(head(got, "Allow"), "INVITE") {
			t.Errorf("%s: no Allow", m)
		}
	}
	c := h.citizen()
	c.send(c.request("DANCE", 1, "", ""))
	c.want("SIP/2.0 501")
	c.send(c.request("OPTIONS", 1, "", ""))
	c.want("SIP/2.0 200")
	for _, m := range []string{"BYE", "INFO", "UPDATE"} {
		c := h.citizen()
		c.theirs = "nobody"
		c.send(c.request(m, 1, "", ""))
		c.want("SIP/2.0 481")
	}
}

func TestLimitOfCalls(t *testing.T) {
	h := serve(t, func(o *Options) { o.Limit = 1 })
	first, second := h.citizen(), h.citizen()
	l := h.up(first)
	second.invite(goodSDP)
	if got := second.want("SIP/2.0 503"); head(got, "Retry-After") == "" {
		t.Fatal("503 without Retry-After")
	}
	if got := <-h.refused; got != "503" {
		t.Fatal(got)
	}
	first.send(first.request("BYE", 2, "", ""))
	over(t, l, "caller")
	h.up(h.citizen())
}

func TestCallerHangsUpWhileRinging(t *testing.T) {
	h := serve(t, nil)
	c := h.citizen()
	c.invite(goodSDP)
	l := h.leg()
	c.send(c.same("CANCEL", 1, "", ""))
	c.want("SIP/2.0 200")
	c.want("SIP/2.0 487")
	over(t, l, "cancelled")
	if err := l.Answer(t.Context()); err == nil {
		t.Fatal("a cancelled call was answered")
	}
	c.none("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP "+c.addr+";rport;branch=x", 2*testT1)

	b := h.citizen() // BYE in the early dialog
	b.invite(goodSDP)
	l = h.leg()
	if err := l.Ring(); err != nil {
		t.Fatal(err)
	}
	b.theirs = toTag(b.want("SIP/2.0 180"))
	invite := b.branch
	b.send(b.request("BYE", 2, "", ""))
	b.want("SIP/2.0 200")
	b.want("SIP/2.0 487")
	over(t, l, "cancelled")
	b.branch = invite
}

func TestCANCELOvertakesItsINVITE(t *testing.T) {
	h := serve(t, nil)
	for range 30 {
		c := h.citizen()
		invite := c.request("INVITE", 1, "application/sdp", goodSDP)
		c.send(c.same("CANCEL", 1, "", ""))
		c.send(invite)
		l := h.leg()
		over(t, l, "cancelled")
		c.want("SIP/2.0 487")
		c.send(c.same("ACK", 1, "", ""))
	}
	c := h.citizen()
	c.send(c.request("CANCEL", 1, "", ""))
	c.want("SIP/2.0 481")
}

// Whoever wins the race of CANCEL and 200, the caller hears exactly one final answer and the leg ends with the cause that fits it.
func TestCANCELRacesThe200(t *testing.T) {
	h := serve(t, nil)
	won := map[string]int{}
	for i := range 30 {
		c := h.citizen()
		c.invite(goodSDP)
		l := h.leg()
		cancel := c.same("CANCEL", 1, "", "")
		if i%2 == 0 {
			c.send(cancel)
			_ = l.Answer(t.Context())
		} else {
			_ = l.Answer(t.Context())
			c.send(cancel)
		}
		final := ""
		limit := time.After(5 * testT1)
		for open := true; open; {
			select {
			case m := <-c.in:
				if strings.Contains(head(m.text, "CSeq"), "INVITE") && !strings.HasPrefix(m.text, "SIP/2.0 1") {
					if final != "" && final != m.text[:11] {
						t.Fatalf("two final answers: %s and %s", final, m.text[:11])
					}
					final, c.theirs = m.text[:11], toTag(m.text)
				}
			case <-limit:
				open = false
			}
		}
		won[final]++
		switch final {
		case "SIP/2.0 487":
			c.send(c.same("ACK", 1, "", ""))
			over(t, l, "cancelled")
		case "SIP/2.0 200":
			c.send(c.request("ACK", 1, "", ""))
			c.send(c.request("BYE", 2, "", ""))
			over(t, l, "caller")
		default:
			t.Fatalf("final answer %q", final)
		}
	}
	t.Log(won)
	if h.Calls() != 0 {
		t.Fatalf("%d legs left", h.Calls())
	}
}

// When the CANCEL wins, sipgo must not repeat the 200 that came too late.
func TestA200AfterTheCANCELIsNeverSent(t *testing.T) {
	h := serve(t, nil)
	c := h.citizen()
	invite := c.request("INVITE", 1, "application/sdp", goodSDP)
	c.send(invite)
	l := h.leg()
	c.send(c.same("CANCEL", 1, "", ""))
	c.want("SIP/2.0 200")
	c.want("SIP/2.0 487")
	over(t, l, "cancelled")
	if err := l.crossed(l.tx.Respond(l.response(l.invite, 200, []byte(goodSDP)))); !errors.Is(err, ErrEnded) {
		t.Fatal(err)
	}
	c.send(invite)
	c.want("SIP/2.0 487")
	c.none("SIP/2.0 200", 6*testT1)
}

func TestAFloodOfRefusalsIsForgotten(t *testing.T) {
	h := serve(t, func(o *Options) { o.Known = func(string) bool { return false }; o.refusals = 3 })
	for i := range 8 {
		c := h.citizen()
		c.invite(goodSDP)
		c.want("SIP/2.0 404")
		if i < 3 {
			c.want("SIP/2.0 404") // repeated: no ACK came
			continue
		}
		c.none("SIP/2.0 404", 4*testT1)
	}
}

func TestTheCallerVanishes(t *testing.T) {
	h := serve(t, nil)
	c := h.citizen()
	l := h.up(c)
	close(h.port(0).silent)
	c.want("BYE ")
	over(t, l, "silence")
}

func TestWhoCalls(t *testing.T) {
	h := serve(t, nil)
	for _, k := range []struct{ extra, from string }{
		{"P-Asserted-Identity: \"x, y\" <sip:+380440000001@carrier;user=phone>\r\n", "+380440000001"},
		{"P-Asserted-Identity: <tel:+380440000002>\r\n", "+380440000002"},
		{"P-Asserted-Identity: <sip:anonymous@anonymous.invalid>\r\n", "+380670000067"},
		{"", "+380670000067"},
		{"P-Asserted-Identity: <tel:+380440000002>\r\nPrivacy: id\r\n", ""},
	} {
		c := h.citizen()
		c.extra = k.extra
		c.invite(goodSDP)
		if got := h.leg(); string(got.From()) != k.from {
			t.Errorf("%q: %s", k.extra, string(got.From()))
		}
	}
}

func TestMergedRequest(t *testing.T) {
	h := serve(t, nil)
	c := h.citizen()
	c.invite(goodSDP)
	l := h.leg()
	c.invite(goodSDP) // another branch, the same request: it came by another proxy
	c.want("SIP/2.0 482")
	l.Hangup("486")
	c.want("SIP/2.0 486")
	over(t, l, "us")
}

func TestNATAndReceived(t *testing.T) {
	h := serve(t, nil)
	c := h.citizen()
	text := c.request("OPTIONS", 1, "", "")
	text = strings.ReplaceAll(text, "UDP "+c.addr+";rport", "UDP 10.1.2.3:5060") // no rport, and an address that is not its own
	c.send(text)
	if got := c.want("SIP/2.0 200"); !strings.Contains(head(got, "Via"), "received=127.0.0.1") {
		t.Fatal(got)
	}
	hidden := h.citizen() // even sipgo's own 487 goes back to the source, whatever port the Via names
	text = strings.ReplaceAll(hidden.request("INVITE", 1, "application/sdp", goodSDP), "UDP "+hidden.addr+";rport", "UDP 10.1.2.3:5060")
	hidden.send(text)
	ringing := h.leg()
	hidden.send(strings.ReplaceAll(hidden.same("CANCEL", 1, "", ""), "UDP "+hidden.addr+";rport", "UDP 10.1.2.3:5060"))
	hidden.want("SIP/2.0 487")
	over(t, ringing, "cancelled")
	l := func() *Leg {
		c.send(strings.ReplaceAll(c.request("INVITE", 2, "application/sdp", goodSDP), "Contact: <sip:citizen@"+c.addr, "Contact: <sip:citizen@10.1.2.3:5060"))
		l := h.leg()
		if err := l.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.theirs = toTag(c.want("SIP/2.0 200"))
		c.send(c.request("ACK", 2, "", ""))
		h.until(func() bool { l.mu.Lock(); defer l.mu.Unlock(); return l.wait == nil })
		return l
	}()
	l.Hangup("")
	if got := c.want("BYE "); !strings.HasPrefix(got, "BYE sip:citizen@10.1.2.3:5060") {
		t.Fatal(got)
	}
}

func TestAFaultInOneCallStaysThere(t *testing.T) {
	calm := make(chan *Leg, 1)
	h := serve(t, func(o *Options) {
		o.OnCall = func(l *Leg) {
			if l.To() == "+380800000001" {
				panic("a fault in the menu")
			}
			calm <- l
		}
	})
	c := h.citizen()
	c.user = "0800000001"
	c.invite(goodSDP)
	c.want("SIP/2.0 500")
	h.citizen().invite(goodSDP)
	<-calm
}

func TestShutdownLetsCallsFinish(t *testing.T) {
	h := serve(t, nil)
	c := h.citizen()
	l := h.up(c)
	down := make(chan error, 1)
	go func() { down <- h.Shutdown(t.Context()) }()
	h.until(func() bool { return h.calls_draining() })
	late := h.citizen()
	late.invite(goodSDP)
	late.want("SIP/2.0 503")
	late.send(late.request("OPTIONS", 1, "", ""))
	late.want("SIP/2.0 503")
	c.send(c.request("BYE", 2, "", ""))
	over(t, l, "caller")
	if err := <-down; err != nil {
		t.Fatal(err)
	}
	if _, err := net.DialTimeout("tcp", h.Addr().String(), time.Second); err == nil {
		t.Fatal("still listening")
	}
}

func (h *house) calls_draining() bool { return h.Server.calls.full(0) }

func TestOverTCP(t *testing.T) {
	h := serve(t, nil)
	conn, err := net.Dial("tcp", h.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c := h.citizen()
	text := strings.ReplaceAll(c.request("INVITE", 1, "application/sdp", goodSDP), "SIP/2.0/UDP", "SIP/2.0/TCP")
	fmt.Fprint(conn, "\r\n\r\n"+text[:len(text)-40])
	tail := text[len(text)-40:]
	read := func(prefix string) string {
		t.Helper()
		buf := make([]byte, 8192)
		_ = conn.SetReadDeadline(time.Now().Add(3 * time.Second))
		for {
			n, err := conn.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			if i := strings.Index(string(buf[:n]), prefix); i >= 0 {
				return string(buf[i:n])
			}
		}
	}
	read("\r\n") // pong
	select {
	case <-h.calls:
		t.Fatal("half a message was taken")
	case <-time.After(2 * testT1):
	}
	fmt.Fprint(conn, tail)
	l := h.leg()
	if err := l.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	ok := read("SIP/2.0 200")
	if !strings.Contains(head(ok, "Contact"), "transport=tcp") {
		t.Fatal(ok)
	}
	c.theirs = toTag(ok)
	fmt.Fprint(conn, strings.ReplaceAll(c.request("ACK", 1, "", ""), "SIP/2.0/UDP", "SIP/2.0/TCP"))
	h.until(func() bool { l.mu.Lock(); defer l.mu.Unlock(); return l.state == talking })
	l.Hangup("")
	bye := read("BYE ")
	if !strings.Contains(head(bye, "Via"), "TCP") {
		t.Fatal(bye)
	}
	over(t, l, "us")

	// garbage without a length costs the connection, nothing else
	bad, err := net.Dial("tcp", h.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer bad.Close()
	fmt.Fprint(bad, strings.ReplaceAll(text, "Content-Length", "X-Length"))
	_ = bad.SetReadDeadline(time.Now().Add(3 * time.Second))
	buf := make([]byte, 4096)
	if n, err := bad.Read(buf); err != nil || !strings.HasPrefix(string(buf[:n]), "SIP/2.0 400") {
		t.Fatal(string(buf[:n]), err)
	}
}
