package sipua

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"dovidka/internal/call"

	"github.com/emiago/sipgo/sip"
)

// Refer is a desk phone's wish to move its call.
type Refer = call.Refer

// referLife is how long the phone's implicit subscription lives; a transfer is decided long before (RFC 3515 §2.4.4).
const referLife = 3 * time.Minute

// Refers brings the transfers that the desk phone of this leg asks for with REFER, one at a time. It never brings anything on the
// leg of a stranger: a citizen or a trunk moves no calls of ours.
func (l *Leg) Refers() <-chan Refer { return l.refers }

// Phone is the account of the registered desk phone at the far end; "" is somebody else.
func (l *Leg) Phone() string { return l.phone }

// placedByPhone finds out whether a call from outside is one that our registered desk phone places, such as the talk before an
// attended transfer; it must prove its password. done: it has been answered.
func (s *Server) placedByPhone(l *Leg) (done bool) {
	req, now := l.invite, time.Now()
	user := calledUser(&req.From().Address)
	ip, _, _ := net.SplitHostPort(req.Source())
	if s.o.OnPhone == nil || !s.reg.livesAt(user, ip, now) {
		return false
	}
	auth := ""
	if h := req.GetHeader("authorization"); h != nil {
		auth = h.Value()
	}
	v := s.reg.guard.judge(auth, "INVITE", req.Source(), now)
	switch {
	case v.status != 0:
		s.reply(l.tx, req, v.status, v.header)
	case v.user != user:
		s.reply(l.tx, req, 403)
	default:
		l.phone, l.refers = user, make(chan Refer, 1)
		return false
	}
	return true
}

// referral is one REFER from its arrival to the end of its subscription.
type referral struct {
	l     *Leg
	req   *sip.Request
	tx    *sip.ServerTx
	quiet bool // Refer-Sub: false, no NOTIFY is wanted (RFC 4488)

	mu      sync.Mutex
	settled bool
	decided chan struct{}
	news    chan int      // statuses to tell
	told    chan struct{} // closed when the last NOTIFY is answered
}

// onRefer hands a REFER of our desk phone to whoever conducts the call. Refusals use statuses that end neither dialog nor call
// (RFC 5057 §5.1).
func (l *Leg) onRefer(req *sip.Request, tx *sip.ServerTx) {
	if l.phone == "" {
		_ = tx.Respond(l.response(req, 403, nil))
		return
	}
	r := &referral{l: l, req: req, tx: tx, decided: make(chan struct{}), news: make(chan int, 16), told: make(chan struct{})}
	want, status := l.readRefer(req)
	if status != 0 {
		_ = tx.Respond(l.response(req, status, nil))
		return
	}
	if v := values(req, "refer-sub", ""); len(v) > 0 && strings.HasPrefix(strings.ToLower(v[0]), "false") {
		r.quiet = true
	}
	want.Accept, want.Refuse, want.Notify = r.accept, r.refuse, r.notify
	l.mu.Lock()
	busy := l.state != talking || l.referring
	l.referring = l.referring || !busy
	l.mu.Unlock()
	if busy { // one transfer at a time; or the call is not up
		_ = tx.Respond(l.response(req, 491, nil))
		return
	}
	select {
	case l.refers <- want:
	default: // an older one that nobody looked at
		r.refuse(603)
		return
	}
	limit := time.NewTimer(16 * l.s.o.T1) // the phone repeats its REFER for 64*T1
	defer limit.Stop()
	select {
	case <-r.decided:
		return
	case <-limit.C:
	case <-l.done:
	}
	select {
	case <-l.refers: // nobody conducts this call
	default:
	}
	r.refuse(603)
}

// readRefer reads what is wanted; status refuses it. The host of the address is not looked at: a phone writes there whatever it
// believes our name to be, and whom the user part may reach is decided by whoever conducts the call.
func (l *Leg) readRefer(req *sip.Request) (want Refer, status int) {
	to := values(req, "refer-to", "r")
	if len(to) != 1 { // RFC 3515 §2.4.2
		return want, 400
	}
	specs := addrSpecs(to[0])
	if len(specs) != 1 {
		return want, 400
	}
	spec, query, _ := strings.Cut(specs[0], "?")
	var u sip.Uri
	if err := sip.ParseUri(spec, &u); err != nil || gateURI(&u) != nil {
		return want, 400
	}
	if m := param(u.UriParams, "method"); m != "" && !strings.EqualFold(m, "INVITE") {
		return want, 403
	}
	want.User = calledUser(&u)
	want.To = call.ParseNumber(want.User)
	if want.User == "" {
		return want, 400
	}
	for part := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(part, "=")
		if !strings.EqualFold(name, "replaces") {
			continue
		}
		value, err := url.PathUnescape(value)
		if err != nil {
			return want, 400
		}
		other := l.s.replaced(value)
		if other == nil || other == l || other.phone != l.phone { // a phone joins its own calls only
			return want, 403
		}
		want.Replaces = other.id
	}
	return want, 0
}

// replaced finds the leg that a Replaces value names: our tag is its to-tag (RFC 3891 §3).
func (s *Server) replaced(v string) *Leg {
	id, rest, _ := strings.Cut(v, ";")
	tags := map[string]string{}
	for p := range strings.SplitSeq(rest, ";") {
		name, value, _ := strings.Cut(p, "=")
		tags[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
	}
	l := s.calls.byTag(tags["to-tag"])
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.d.callID != strings.TrimSpace(id) || l.d.remoteTag != tags["from-tag"] || l.state != talking {
		return nil
	}
	return l
}

// settle decides once; false when it is decided already.
func (r *referral) settle() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.settled {
		return false
	}
	r.settled = true
	close(r.decided)
	return true
}

var errReferOver = errors.New("sipua: the REFER has been answered already")

func (r *referral) accept() error {
	if !r.settle() {
		return errReferOver
	}
	res := r.l.response(r.req, 202, nil)
	res.AppendHeader(&sip.ContactHeader{Address: *r.l.d.contact.Clone()})
	if r.quiet {
		res.AppendHeader(sip.NewHeader("Refer-Sub", "false"))
	}
	if err := r.tx.Respond(res); err != nil {
		r.over()
		return fmt.Errorf("sipua: refer: %w", err)
	}
	r.l.s.background("notify", r.tell)
	return nil
}

func (r *referral) refuse(status int) {
	if !r.settle() {
		return
	}
	if status < 300 || status > 699 {
		status = 603
	}
	_ = r.tx.Respond(r.l.response(r.req, status, nil))
	r.over()
}

// over lets the next REFER in.
func (r *referral) over() {
	r.l.mu.Lock()
	r.l.referring = false
	r.l.mu.Unlock()
}

// notify queues a status; what comes after a final one, or when the phone does not keep up, is dropped. A BYE of ours waits for the
// final one: a phone that is hung up before it hears of success tells its user of a failure.
func (r *referral) notify(status int) {
	if status >= 200 {
		r.l.mu.Lock()
		r.l.noted = r.told
		r.l.mu.Unlock()
	}
	select {
	case r.news <- status:
	default:
	}
}

// tell sends the NOTIFYs in their order, each after the answer to the one before: the first at once (RFC 3515 §2.4.4).
func (r *referral) tell() {
	defer close(r.told)
	defer r.over()
	limit := time.NewTimer(referLife)
	defer limit.Stop()
	for status := 100; ; {
		if !r.quiet && !r.send(status) || status >= 200 {
			return
		}
		select {
		case status = <-r.news:
		case <-limit.C:
			status = 408
		case <-r.l.s.done:
			return
		}
	}
}

// send sends one NOTIFY; false: the phone wants no more of them.
func (r *referral) send(status int) bool {
	state := fmt.Sprintf("active;expires=%d", int(referLife/time.Second))
	if status >= 200 {
		state = "terminated;reason=noresource"
	}
	res, err := r.l.ask(sip.NOTIFY, func(n *sip.Request) {
		n.AppendHeader(sip.NewHeader("Event", "refer;id="+strconv.FormatUint(uint64(r.req.CSeq().SeqNo), 10)))
		n.AppendHeader(sip.NewHeader("Subscription-State", state))
		kind := sip.ContentTypeHeader("message/sipfrag;version=2.0")
		n.AppendHeader(&kind)
		n.SetBody(fmt.Appendf(nil, "SIP/2.0 %d %s\r\n", status, reason(status)))
	})
	if err != nil {
		r.l.s.log.Info("sipua: notify", "leg", r.l.id, "err", err)
		return false
	}
	return res.StatusCode < 400
}
