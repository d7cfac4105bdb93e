package sipua

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/icholy/digest"
)

// phoneCall is a registered desk phone in a call that we have placed to it.
type phoneCall struct {
	*desk
	leg    *Leg
	ack    string // our ACK: what the phone's own requests are turned around from
	seq    int
	branch int
	heard  map[string]bool // NOTIFYs
}

func (h *house) phoneCall() *phoneCall {
	h.t.Helper()
	d := h.desk("olena", "password of olena")
	contact := "<sip:olena@" + d.addr + ">"
	d.register(contact, "")
	d.register(contact, "")
	done := make(chan *Leg, 1)
	go func() {
		l, err := h.Dial(h.t.Context(), Target{AOR: "olena"}, DialOptions{From: "0671234567"})
		if err != nil {
			h.t.Error(err)
		}
		done <- l
	}()
	invite := d.want("INVITE ")
	if !strings.Contains(head(invite, "Allow"), "REFER") {
		h.t.Fatal("a desk phone is not told that it may transfer")
	}
	d.send(answer(invite, "200 OK", "p", "Contact: "+contact+"\r\n", goodSDP))
	p := &phoneCall{desk: d, ack: d.want("ACK "), seq: 1, heard: map[string]bool{}}
	if p.leg = <-done; p.leg == nil {
		h.t.FailNow()
	}
	return p
}

// ask writes a request of the phone inside its dialog.
func (p *phoneCall) ask(method, extra, body string) string {
	p.branch++
	p.seq++
	return fmt.Sprintf("%s sip:x@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;rport;branch=z9hG4bK-%s-%d\r\nMax-Forwards: 70\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\n"+
		"CSeq: %d %s\r\nContact: <sip:olena@%s>\r\n%sContent-Length: %d\r\n\r\n%s",
		method, p.to, p.addr, p.id, p.branch, head(p.ack, "To"), head(p.ack, "From"), head(p.ack, "Call-ID"), p.seq, method, p.addr, extra, len(body), body)
}

// told waits for a NOTIFY and answers it.
func (p *phoneCall) told(status, state string) {
	p.t.Helper()
	n := p.want("NOTIFY ")
	for p.heard[head(n, "CSeq")] { // repeated: we were slow
		n = p.want("NOTIFY ")
	}
	p.heard[head(n, "CSeq")] = true
	if !strings.Contains(n, "\r\n\r\nSIP/2.0 "+status) || !strings.HasPrefix(head(n, "Subscription-State"), state) ||
		!strings.HasPrefix(head(n, "Event"), "refer;id=") || !strings.HasPrefix(head(n, "Content-Type"), "message/sipfrag") {
		p.t.Fatalf("want %s %s:\n%s", status, state, n)
	}
	p.send(answer(n, "200 OK", "", "", ""))
}

func (p *phoneCall) refer() Refer {
	p.t.Helper()
	select {
	case r := <-p.leg.Refers():
		return r
	case <-time.After(3 * time.Second):
		p.t.Fatal("no REFER came")
		return Refer{}
	}
}

func TestADeskPhoneTransfersBlindly(t *testing.T) {
	h := serve(t, accounts)
	p := h.phoneCall()
	p.send(p.ask("REFER", "Refer-To: <sip:petro@dovidka>\r\nReferred-By: <sip:olena@dovidka>\r\n", ""))
	r := p.refer()
	if r.User != "petro" || r.Replaces != "" {
		t.Fatalf("%+v", r)
	}
	if err := r.Accept(); err != nil {
		t.Fatal(err)
	}
	p.want("SIP/2.0 202")
	p.told("100", "active")
	p.send(p.ask("REFER", "Refer-To: <sip:pavlo@dovidka>\r\n", "")) // one at a time
	p.want("SIP/2.0 491")
	r.Notify(180)
	p.told("180", "active")
	r.Notify(200)
	p.leg.Hangup("") // the NOTIFY goes first
	p.told("200", "terminated")
	p.send(answer(p.want("BYE "), "200 OK", "", "", ""))
	over(t, p.leg, "us")
	r.Notify(200) // late: nothing
	r.Refuse(603)
	if err := r.Accept(); err == nil {
		t.Fatal("accepted twice")
	}
}

func TestATransferThatFailsLeavesTheCall(t *testing.T) {
	h := serve(t, accounts)
	p := h.phoneCall()
	p.send(p.ask("REFER", "r: <sip:0800%20353608@dovidka;user=phone>\r\n", "")) // the short form
	r := p.refer()
	if r.To != "+380800353608" {
		t.Fatalf("%+v", r)
	}
	r.Refuse(603)
	p.want("SIP/2.0 603")
	p.send(p.ask("REFER", "Refer-To: <sip:petro@dovidka>\r\nRefer-Sub: false\r\n", ""))
	r = p.refer()
	_ = r.Accept()
	if got := p.want("SIP/2.0 202"); head(got, "Refer-Sub") != "false" {
		t.Fatal(got)
	}
	r.Notify(486)
	p.none("NOTIFY ", 3*testT1) // RFC 4488: the phone wants none
	h.until(func() bool { p.leg.mu.Lock(); defer p.leg.mu.Unlock(); return !p.leg.referring })
	p.send(p.ask("REFER", "Refer-To: <sip:petro@dovidka>\r\n", ""))
	r = p.refer()
	_ = r.Accept()
	p.told("100", "active")
	r.Notify(486)
	p.told("486", "terminated")
	select {
	case <-p.leg.Done():
		t.Fatal("the call was lost")
	default:
	}
}

func TestREFERsThatAreRefused(t *testing.T) {
	h := serve(t, accounts)
	p := h.phoneCall()
	for extra, want := range map[string]string{
		"": "400",
		"Refer-To: <sip:a@b>\r\nRefer-To: <sip:c@d>\r\n":                 "400",
		"Refer-To: <http://b/a>\r\n":                                     "400",
		"Refer-To: <sip:b>\r\n":                                          "400",
		"Refer-To: <sip:a@b;method=BYE>\r\n":                             "403",
		"Refer-To: <sip:a@b?Replaces=x%3Bto-tag%3Da%3Bfrom-tag%3Db>\r\n": "403",
	} {
		p.send(p.ask("REFER", extra, ""))
		if got := p.want("SIP/2.0 "); status(got) != want {
			t.Errorf("%q: %s, want %s", extra, status(got), want)
		}
	}
	p.send(p.ask("REFER", "Refer-To: <sip:petro@dovidka>\r\n", "")) // nobody conducts this call
	p.want("SIP/2.0 603")
	select {
	case <-p.leg.Refers():
		t.Fatal("a REFER that was refused is still there")
	default:
	}
	c := h.citizen() // a stranger moves nothing
	h.up(c)
	c.extra = "Refer-To: <sip:0900123456@dovidka>\r\n"
	c.send(c.request("REFER", 2, "", ""))
	if got := c.want("SIP/2.0 403"); strings.Contains(head(got, "Allow"), "REFER") {
		t.Fatal(got)
	}
	c.theirs = ""
	c.send(c.request("REFER", 3, "", ""))
	c.want("SIP/2.0 405")
}

// The phone speaks with a colleague in a call of its own and then joins the two.
func TestADeskPhoneTransfersAttended(t *testing.T) {
	second := make(chan *Leg, 1)
	h := serve(t, func(o *Options) {
		accounts(o)
		o.OnPhone = func(l *Leg) { second <- l }
		o.Known = func(string) bool { return false }
	})
	p := h.phoneCall()
	invite := func(auth string, seq int) string {
		return fmt.Sprintf("INVITE sip:petro@dovidka SIP/2.0\r\nVia: SIP/2.0/UDP %s;rport;branch=z9hG4bKconsult%d\r\nMax-Forwards: 70\r\n"+
			"From: <sip:olena@dovidka>;tag=consult\r\nTo: <sip:petro@dovidka>\r\nCall-ID: consult\r\nCSeq: %d INVITE\r\nContact: <sip:olena@%s>\r\n%s"+
			"Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", p.addr, seq, seq, p.addr, auth, len(goodSDP), goodSDP)
	}
	p.send(invite("", 1))
	asked := p.want("SIP/2.0 401")
	c, err := digest.ParseChallenge(head(asked, "WWW-Authenticate"))
	if err != nil {
		t.Fatal(err)
	}
	cred, err := digest.Digest(c, digest.Options{Method: "INVITE", URI: "sip:petro@dovidka", Username: "olena", Password: p.password, Count: 1})
	if err != nil {
		t.Fatal(err)
	}
	p.send(invite("Authorization: "+cred.String()+"\r\n", 2))
	l := <-second
	if l.Phone() != "olena" {
		t.Fatal(l.Phone())
	}
	if err := l.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	ok := p.want("SIP/2.0 200")
	p.send(fmt.Sprintf("ACK sip:petro@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;rport;branch=z9hG4bKack\r\nFrom: <sip:olena@dovidka>;tag=consult\r\nTo: %s\r\n"+
		"Call-ID: consult\r\nCSeq: 2 ACK\r\nContent-Length: 0\r\n\r\n", p.to, p.addr, head(ok, "To")))
	h.until(func() bool { l.mu.Lock(); defer l.mu.Unlock(); return l.state == talking })
	replaces := url.QueryEscape("consult;to-tag=" + toTag(ok) + ";from-tag=consult")
	p.send(p.ask("REFER", "Refer-To: <sip:petro@dovidka?Replaces="+replaces+">\r\n", ""))
	r := p.refer()
	if r.Replaces != l.ID() {
		t.Fatalf("%+v", r)
	}
	_ = r.Accept()
	p.want("SIP/2.0 202")

	other := h.citizen() // the same From from another place is a citizen's call
	text := strings.Replace(other.request("INVITE", 1, "application/sdp", goodSDP), "sip:+380670000067@", "sip:pavlo@", 1)
	other.send(text)
	other.want("SIP/2.0 404")
}
