package sipua

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"dovidka/internal/fault"
)

// answer writes a response to a request text, with tag and extra header lines.
func answer(req, status, tag, extra, body string) string {
	to := head(req, "To")
	if tag != "" && !strings.Contains(to, "tag=") {
		to += ";tag=" + tag
	}
	if body != "" {
		extra += "Content-Type: application/sdp\r\n"
	}
	return fmt.Sprintf("SIP/2.0 %s\r\nVia: %s\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\n%sContent-Length: %d\r\n\r\n%s",
		status, head(req, "Via"), head(req, "From"), to, head(req, "Call-ID"), head(req, "CSeq"), extra, len(body), body)
}

type dialling struct {
	leg  *Leg
	err  error
	done chan struct{}
}

// ring dials a rogue phone; the phone gets the INVITE.
func (h *house) ring(ctx context.Context, o DialOptions) (*rogue, string, *dialling) {
	h.t.Helper()
	phone := newRogue(h.t, h.Addr().String())
	d := &dialling{done: make(chan struct{})}
	go func() {
		defer close(d.done)
		d.leg, d.err = h.Dial(ctx, Target{URI: "sip:olena@" + phone.addr}, o)
	}()
	return phone, phone.want("INVITE "), d
}

func (d *dialling) wait(t *testing.T) {
	t.Helper()
	select {
	case <-d.done:
	case <-time.After(4 * time.Second):
		t.Fatal("Dial did not return")
	}
}

func contactOf(r *rogue) string { return "Contact: <sip:olena@" + r.addr + ">\r\n" }

func TestDialAndTheirBye(t *testing.T) {
	h := serve(t, nil)
	var heard atomic.Int32
	phone, invite, d := h.ring(t.Context(), DialOptions{From: "+380670000067", FromName: "Паспорт \"ID\"\r\nX: y", Progress: func(int) { heard.Add(1) }})
	if f := head(invite, "From"); !strings.HasPrefix(f, `"Паспорт IDX: y" <sip:+380670000067@`) {
		t.Fatal(f)
	}
	for i := range int32(25) { // more provisional answers than sipgo's own dialog layer bears
		phone.send(answer(invite, "180 Ringing", "p", "", ""))
		h.until(func() bool { return heard.Load() == i+1 })
	}
	phone.send(answer(invite, "183 Session Progress", "p", contactOf(phone), goodSDP))
	phone.send(answer(invite, "200 OK", "p", contactOf(phone), goodSDP))
	ack := phone.want("ACK ")
	d.wait(t)
	if d.err != nil {
		t.Fatal(d.err)
	}
	if !strings.HasPrefix(ack, "ACK sip:olena@"+phone.addr) || toTag(ack) != "p" || head(ack, "CSeq") != "1 ACK" || head(ack, "Via") == head(invite, "Via") {
		t.Fatal(ack)
	}
	phone.send(answer(invite, "200 OK", "p", contactOf(phone), goodSDP)) // our ACK was lost
	phone.want("ACK ")
	bye := fmt.Sprintf("BYE sip:x@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKbye\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n",
		h.Addr(), phone.addr, head(ack, "To"), head(ack, "From"), head(ack, "Call-ID"))
	phone.send(bye)
	phone.want("SIP/2.0 200")
	over(t, d.leg, "caller")
}

func TestOurByeToAPhoneAnswersNoChallenge(t *testing.T) {
	h := serve(t, nil)
	phone, invite, d := h.ring(t.Context(), DialOptions{Auth: &Credentials{"trunk", "u", "p"}})
	phone.send(answer(invite, "200 OK", "p", "Record-Route: <sip:proxy2@127.0.0.1:9;lr>\r\nRecord-Route: <sip:"+phone.addr+";lr>\r\n"+contactOf(phone), goodSDP))
	ack := phone.want("ACK ")
	if !strings.HasPrefix(head(ack, "Route"), "<sip:"+phone.addr) { // RFC 3261 §12.1.2: reversed
		t.Fatal(ack)
	}
	d.wait(t)
	d.leg.Hangup("")
	bye := phone.want("BYE ")
	if head(bye, "CSeq") != "2 BYE" {
		t.Fatal(bye)
	}
	phone.send(answer(bye, "401 Unauthorized", "", `WWW-Authenticate: Digest realm="trunk", nonce="n", qop="auth"`+"\r\n", ""))
	phone.none("BYE ", 5*testT1)
	over(t, d.leg, "us")
}

func TestDialRefused(t *testing.T) {
	h := serve(t, nil)
	for _, status := range []string{"486 Busy Here", "302 Moved", "603 Decline"} {
		phone, invite, d := h.ring(t.Context(), DialOptions{})
		phone.send(answer(invite, status, "p", "Contact: <sip:evil@192.0.2.66>\r\n", ""))
		phone.want("ACK ")
		d.wait(t)
		var r *RefusedError
		if !errors.As(d.err, &r) || fmt.Sprint(r.Status) != status[:3] {
			t.Fatal(d.err)
		}
		<-h.last().closed
	}
	if _, err := h.Dial(t.Context(), Target{AOR: "olena"}, DialOptions{}); !fault.Is(err, fault.NotFound) {
		t.Fatal(err)
	}
	if _, err := h.Dial(t.Context(), Target{URI: "http://x"}, DialOptions{}); !fault.Is(err, fault.Invalid) {
		t.Fatal(err)
	}
}

func TestDialNobodyThere(t *testing.T) {
	h := serve(t, nil)
	_, _, d := h.ring(t.Context(), DialOptions{})
	d.wait(t)
	if !errors.Is(d.err, ErrNoAnswer) {
		t.Fatal(d.err)
	}
}

func TestGivingUpIsACANCEL(t *testing.T) {
	h := serve(t, nil)
	ctx, stop := context.WithCancelCause(t.Context())
	phone, invite, d := h.ring(ctx, DialOptions{})
	stop(errors.New("another agent was faster"))
	d.wait(t)
	if d.err == nil || d.err.Error() != "another agent was faster" {
		t.Fatal(d.err)
	}
	phone.none("CANCEL ", 3*testT1) // RFC 3261 §9.1: not before a provisional answer
	phone.send(answer(invite, "180 Ringing", "p", "", ""))
	cancel := phone.want("CANCEL ")
	if head(cancel, "Via") != head(invite, "Via") || head(cancel, "CSeq") != "1 CANCEL" || head(cancel, "To") != head(invite, "To") {
		t.Fatal(cancel)
	}
	phone.send(answer(cancel, "200 OK", "p", "", ""))
	phone.send(answer(invite, "487 Request Terminated", "p", "", ""))
	phone.want("ACK ")
	<-h.port(0).closed
}

// Answered at another telephone of the same person: the phone is told so, and marks no missed call (RFC 3326).
func TestAnsweredElsewhere(t *testing.T) {
	elsewhere := errors.New("elsewhere")
	for _, why := range []error{elsewhere, errors.New("the caller left")} {
		h := serve(t, nil)
		ctx, stop := context.WithCancelCause(t.Context())
		phone, invite, d := h.ring(ctx, DialOptions{Elsewhere: elsewhere})
		phone.send(answer(invite, "180 Ringing", "p", "", ""))
		stop(why)
		d.wait(t)
		cancel := phone.want("CANCEL ")
		if r := head(cancel, "Reason"); (r == `SIP;cause=200;text="Call completed elsewhere"`) != (why == elsewhere) {
			t.Fatalf("%v: Reason %q", why, r)
		}
		phone.send(answer(cancel, "200 OK", "p", "", ""))
		phone.send(answer(invite, "487 Request Terminated", "p", "", ""))
		phone.want("ACK ")
	}
}

// The phone was picked up in the same moment: its 200 gets ACK and BYE, or it would talk to nobody.
func TestA200CrossesOurCANCEL(t *testing.T) {
	h := serve(t, nil)
	ctx, stop := context.WithCancel(t.Context())
	phone, invite, d := h.ring(ctx, DialOptions{})
	phone.send(answer(invite, "180 Ringing", "p", "", ""))
	h.until(func() bool { stop(); return true })
	d.wait(t)
	cancel := phone.want("CANCEL ")
	phone.send(answer(invite, "200 OK", "p", contactOf(phone), goodSDP))
	phone.want("ACK ")
	bye := phone.want("BYE ")
	phone.send(answer(cancel, "481 Gone", "p", "", ""))
	phone.send(answer(bye, "200 OK", "p", "", ""))
	if h.Calls() != 0 {
		t.Fatal("a leg is left")
	}
}

func TestForks(t *testing.T) {
	h := serve(t, nil)
	phone, invite, d := h.ring(t.Context(), DialOptions{})
	phone.send(answer(invite, "200 OK", "one", contactOf(phone), goodSDP))
	phone.want("ACK ")
	d.wait(t)
	phone.send(answer(invite, "200 OK", "two", contactOf(phone), goodSDP))
	if ack := phone.want("ACK "); toTag(ack) != "two" {
		t.Fatal(ack)
	}
	if bye := phone.want("BYE "); toTag(bye) != "two" {
		t.Fatal(bye)
	}
	select {
	case <-d.leg.Done():
		t.Fatal("the first fork was ended")
	default:
	}
}

func TestChallengeOfOurRealmOnly(t *testing.T) {
	h := serve(t, nil)
	auth := &Credentials{"trunk.example", "user", "secret"}
	phone, invite, d := h.ring(t.Context(), DialOptions{Auth: auth})
	phone.send(answer(invite, "407 Proxy Authentication Required", "p", `Proxy-Authenticate: Digest realm="trunk.example", nonce="abc", algorithm=MD5, qop="auth, auth-int"`+"\r\n", ""))
	phone.want("ACK ")
	second := phone.want("INVITE ")
	cred := head(second, "Proxy-Authorization")
	if head(second, "CSeq") != "2 INVITE" || !strings.Contains(cred, `username="user"`) || strings.Contains(cred, "secret") {
		t.Fatal(second)
	}
	phone.send(answer(second, "200 OK", "p", contactOf(phone), goodSDP))
	if ack := phone.want("ACK "); head(ack, "CSeq") != "2 ACK" {
		t.Fatal(ack)
	}
	d.wait(t)
	if d.err != nil {
		t.Fatal(d.err)
	}
	phone, invite, d = h.ring(t.Context(), DialOptions{Auth: auth})
	phone.send(answer(invite, "401 Unauthorized", "p", `WWW-Authenticate: Digest realm="evil", nonce="abc", qop="auth"`+"\r\n", ""))
	phone.want("ACK ")
	phone.none("INVITE ", 4*testT1)
	d.wait(t)
	var r *RefusedError
	if !errors.As(d.err, &r) || r.Status != 401 {
		t.Fatal(d.err)
	}
}

func TestA200WeCannotUse(t *testing.T) {
	h := serve(t, nil)
	phone, invite, d := h.ring(t.Context(), DialOptions{})
	phone.send(answer(invite, "200 OK", "p", contactOf(phone), "v=0\r\nm=audio 1 RTP/AVP 9\r\n"))
	phone.want("ACK ")
	phone.want("BYE ")
	d.wait(t)
	if d.err == nil {
		t.Fatal("no error")
	}
}

// Two servers of ours talk to each other over UDP and TCP, with long messages.
func TestTwoOfUs(t *testing.T) {
	for _, network := range []string{"udp", "tcp", "udp6"} {
		where := func(o *Options) {}
		if network == "udp6" {
			if c, err := net.ListenPacket("udp6", "[::1]:0"); err != nil {
				continue // no IPv6 on this machine
			} else {
				c.Close()
			}
			where = func(o *Options) { o.Addr = "[::1]:0" }
		}
		there, here := serve(t, where), serve(t, where)
		go func() {
			l := <-there.calls
			_ = l.Ring()
			_ = l.Answer(t.Context())
			there.calls <- l
		}()
		l, err := here.Dial(t.Context(), Target{URI: "sip:0800353608@" + there.Addr().String() + ";transport=" + network[:3]},
			DialOptions{From: "0671234567", FromName: strings.Repeat("довгий напис ", 200)})
		if err != nil {
			t.Fatal(network, err)
		}
		other := there.leg()
		there.until(func() bool { other.mu.Lock(); defer other.mu.Unlock(); return other.state == talking })
		if network != "tcp" {
			l.Hangup("")
		} else {
			other.Hangup("")
		}
		over(t, l, map[bool]string{true: "us", false: "caller"}[network != "tcp"])
		over(t, other, map[bool]string{true: "caller", false: "us"}[network != "tcp"])
	}
}
