package sipua

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"dovidka/internal/call"

	"github.com/emiago/sipgo/sip"
)

// onRequest is where every request arrives, in a goroutine of its own. An ACK is never answered; everything else always is.
func (s *Server) onRequest(req *sip.Request, tx *sip.ServerTx) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("sipua: recovered", "act", string(req.Method), "stack", stack())
			tx.Terminate()
		}
	}()
	if r := gate(req, s.extensions); r != nil {
		if req.Method == sip.ACK {
			tx.Terminate()
			return
		}
		s.reply(tx, req, r.status, r.headers...)
		if call := r.status == 416 || r.status == 420 || r.status == 483; call && req.Method == sip.INVITE && param(req.To().Params, "tag") == "" {
			s.tell(req, r.status)
		}
		return
	}
	switch {
	case req.Method == sip.ACK:
		tx.Terminate() // it has no transaction of its own (RFC 3261 §17)
		s.onACK(req)
	case req.Method == sip.CANCEL:
		s.onCancel(req, tx)
	case param(req.To().Params, "tag") != "":
		s.onInside(req, tx)
	default:
		s.onOutside(req, tx)
	}
}

// onOutside handles requests that belong to no call.
func (s *Server) onOutside(req *sip.Request, tx *sip.ServerTx) {
	switch req.Method {
	case sip.INVITE:
		s.onInvite(req, tx)
	case sip.OPTIONS: // carriers ask it as a sign of life
		if s.calls.full(0) {
			s.reply(tx, req, 503, later())
			return
		}
		s.reply(tx, req, 200, sip.NewHeader("Allow", allow), sip.NewHeader("Accept", "application/sdp, application/dtmf-relay, application/dtmf"),
			sip.NewHeader("Accept-Encoding", "identity"), sip.NewHeader("Accept-Language", "uk"), sip.NewHeader("Supported", strings.Join(s.extensions, ", ")))
	case sip.REGISTER:
		if s.o.Account == nil {
			s.reply(tx, req, 405, sip.NewHeader("Allow", allow))
			return
		}
		s.onRegister(req, tx)
	case sip.BYE, sip.INFO, sip.UPDATE, sip.PRACK:
		s.reply(tx, req, 481)
	default:
		s.notAllowed(req, tx)
	}
}

// notAllowed refuses methods we do not have: 405 for those we know, 501 for the others (RFC 3261 §8.2.1, §21.5.2).
func (s *Server) notAllowed(req *sip.Request, tx *sip.ServerTx) {
	status := 501
	if known(req.Method) {
		status = 405
	}
	s.reply(tx, req, status, sip.NewHeader("Allow", allow))
}

// response makes an answer with the destination that RFC 3581 and NATs ask for: the source, unless the sender without rport names
// its own address and so means its own port (RFC 3261 §18.2.2).
func (s *Server) response(req *sip.Request, status int) *sip.Response {
	res := sip.NewResponseFromRequest(req, status, reason(status), nil)
	res.SipVersion = "SIP/2.0"
	via := res.Via()
	host, port, err := net.SplitHostPort(req.Source())
	if via == nil || err != nil {
		return res
	}
	if !sameIP(via.Host, host) {
		via.Params.Add("received", host)
		res.SetDestination(req.Source())
	}
	if via.Params.Has("rport") {
		via.Params.Add("rport", port)
		res.SetDestination(req.Source())
	}
	return res
}

func sameIP(a, b string) bool {
	x, err := netip.ParseAddr(strings.Trim(a, "[]"))
	y, err2 := netip.ParseAddr(b)
	return err == nil && err2 == nil && x.Unmap() == y.Unmap()
}

func (s *Server) reply(tx *sip.ServerTx, req *sip.Request, status int, headers ...sip.Header) {
	res := s.response(req, status)
	for _, h := range headers {
		res.AppendHeader(h)
	}
	if err := tx.Respond(res); err != nil {
		s.log.Debug("sipua: reply", "status", status, "err", err)
	}
	// a refusal is kept 32 s for repetitions of its request; in a flood it is forgotten at once, and a repetition is refused anew
	// (RFC 3261 §8.2.7: a stateless user agent server). A stranger's is forgotten always: repeated until an ACK that never comes, it
	// would be ten packets to whomever the stranger pretended to be.
	if (status >= 300 || req.Method == sip.OPTIONS) && (s.flood.over(time.Now()) || s.porch.stranger(req.Source())) {
		tx.Terminate()
	}
}

// flood counts refusals in a window as long as sipgo keeps their transactions.
type flood struct {
	mu    sync.Mutex
	since time.Time
	n     int
	most  int
}

func (f *flood) over(now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now.Sub(f.since) > 32*time.Second {
		f.since, f.n = now, 0
	}
	f.n++
	return f.n > f.most
}

// inviteKey names an INVITE whatever way it came (RFC 3261 §8.2.2.2): Call-ID, From tag, CSeq number.
func inviteKey(req *sip.Request) string {
	return req.CallID().Value() + "\x00" + param(req.From().Params, "tag") + "\x00" + strconv.FormatUint(uint64(req.CSeq().SeqNo), 10)
}

// onInvite makes a Leg of a call from outside, or refuses it. What can be refused without anybody's decision is refused here, so that
// a Leg that comes to OnCall can be answered.
func (s *Server) onInvite(req *sip.Request, tx *sip.ServerTx) {
	user := calledUser(&req.Recipient)
	l := &Leg{
		s: s, id: string(call.NewID(time.Now())), from: caller(req), to: call.ParseNumber(user),
		done: make(chan struct{}), tx: tx, invite: req, key: inviteKey(req), state: ringing,
		timers: s.o.Timers, begun: time.Now(), reliable: lists(req, "require", "", "100rel"), d: incoming(req, newTag(), s.contactFor(user, req.Transport(), req.Source())),
	}
	if _, merged := s.calls.byInvite(l.key); merged {
		s.reply(tx, req, 482)
		return
	}
	if done := s.placedByPhone(l) || s.trunkCall(l); done {
		return
	}
	if l.setup = s.door.enter(req.Source(), l.begun); l.setup == nil { // before anything is spent on it
		s.turnAway(l, 503, later())
		return
	}
	if l.phone != "" { // it waits for whom it calls, not for us
		s.door.answered(l.setup)
	}
	l.note(req)
	var status int
	if l.promised, l.promise, status = l.timed(req); status != 0 { // RFC 4028 §9: the caller asks again with more
		s.door.over(l.setup)
		s.reply(tx, req, status, l.promise...)
		return
	}
	switch {
	case s.calls.full(s.o.Limit) || s.o.OnCall == nil:
		s.turnAway(l, 503, later())
		return
	case req.GetHeader("replaces") != nil: // RFC 3891: nobody outside may take a call over; 481 is its answer to a dialog not found
		s.turnAway(l, 481)
		return
	case !takesSDP(req):
		s.turnAway(l, 406, sip.NewHeader("Warning", `399 dovidka "a call needs application/sdp in Accept"`))
		return
	case l.phone == "" && !l.known && s.o.Known != nil && !s.o.Known(user) && !(l.line != "" && s.o.Known(string(l.to))):
		s.turnAway(l, 404)
		return
	}
	if status := s.prepare(l); status != 0 {
		var extra []sip.Header
		switch status {
		case 503:
			extra = append(extra, later())
		case 415:
			extra = append(extra, sip.NewHeader("Accept", "application/sdp"))
		}
		s.turnAway(l, status, extra...)
		return
	}
	switch s.calls.admit(l, s.o.Limit) {
	case "482":
		l.port.Close()
		s.door.over(l.setup)
		s.reply(tx, req, 482)
		return
	case "503":
		l.port.Close()
		s.turnAway(l, 503, later())
		return
	}
	s.start(l)
}

// start gives the leg to OnCall, once the ways in which it can end by itself are watched.
func (s *Server) start(l *Leg) {
	// sipgo answers a CANCEL that matches the transaction by itself (200, then 487) and tells only here; the hook runs under its lock
	if !l.tx.OnCancel(func(*sip.Request) { s.background("cancel", func() { l.end("cancelled") }) }) {
		l.end("cancelled")
	}
	l.mu.Lock()
	if l.state != ended {
		l.expiry = time.AfterFunc(ringLimit, func() {
			l.mu.Lock()
			open := l.state == ringing
			l.mu.Unlock()
			if open {
				l.leave("us", "480")
			}
		})
	}
	l.mu.Unlock()
	s.background("call", func() {
		defer func() {
			if p := recover(); p != nil {
				s.log.Error("sipua: recovered", "act", "call", "leg", l.id, "stack", stack())
				l.Hangup("500")
			}
		}()
		if l.phone != "" {
			s.o.OnPhone(l)
			return
		}
		s.o.OnCall(l)
	})
}

// prepare reads the offer and opens the media; 0 or the status to refuse with.
func (s *Server) prepare(l *Leg) int {
	offer, status := sdpOf(l.invite)
	if status != 0 {
		return status
	}
	port, err := s.openFor(offer, l.invite.Source())
	if err != nil {
		s.log.Warn("sipua: no media port", "leg", l.id, "err", err)
		return 503
	}
	if l.invite.Transport() == "TLS" {
		askSecrecy(port)
	}
	if way := s.line(l.line); way != nil {
		port = way.trunk().shape(port)
	}
	l.port = port
	s.bound(port, l.invite)
	if offer == nil {
		return 0
	}
	if l.sdp, err = port.Answer(offer); err != nil {
		port.Close()
		return 488
	}
	return 0
}

// turnAway refuses an INVITE before it becomes a call, and says so for the journal.
func (s *Server) turnAway(l *Leg, status int, headers ...sip.Header) {
	s.door.over(l.setup)
	s.reply(l.tx, l.invite, status, headers...)
	s.tell(l.invite, status)
}

func (s *Server) tell(invite *sip.Request, status int) {
	if s.o.OnRefused != nil && s.door.first(inviteKey(invite)) && s.porch.writes(invite.Source()) {
		s.o.OnRefused(caller(invite), call.ParseNumber(calledUser(&invite.Recipient)), strconv.Itoa(status))
	}
}

// onCancel handles a CANCEL that sipgo could not match. It runs every message in a goroutine of its own, so a CANCEL on the heels of
// its INVITE may be here first: it waits a moment for it (RFC 3261 §9.2: 481 when there is none).
func (s *Server) onCancel(req *sip.Request, tx *sip.ServerTx) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	key := inviteKey(req)
	for range 20 {
		if l, _ := s.calls.byInvite(key); l != nil {
			s.reply(tx, req, 200)
			l.mu.Lock()
			open := l.state == ringing
			l.mu.Unlock()
			if open {
				_ = l.tx.Respond(l.response(l.invite, 487, nil))
				l.end("cancelled")
			}
			return
		}
		select {
		case <-tick.C:
		case <-s.done:
		}
	}
	s.reply(tx, req, 481)
}

// calledUser is who is called: the user of a sip: URI or the number of a tel: URI, unescaped, without parameters.
func calledUser(u *sip.Uri) string {
	user := u.User
	if u.Scheme == "tel" {
		user = u.Raw()
	}
	user, _, _ = strings.Cut(user, ";")
	if plain, err := url.PathUnescape(user); err == nil {
		user = plain
	}
	return user
}

// caller is the number that the carrier asserts, else the one that the caller shows; none when the caller asks to hide it
// (RFC 3323 §4.2, RFC 3325 §9.3).
func caller(req *sip.Request) call.Number {
	for _, h := range req.GetHeaders("privacy") {
		if v := strings.ToLower(h.Value()); strings.Contains(v, "id") || strings.Contains(v, "user") || strings.Contains(v, "header") {
			return ""
		}
	}
	for _, h := range req.GetHeaders("p-asserted-identity") {
		for _, v := range addrSpecs(h.Value()) {
			if n := call.ParseNumber(v); n != "" {
				return n
			}
		}
	}
	f := req.From().Address
	if f.Scheme == "tel" {
		return call.ParseNumber(f.Raw())
	}
	return call.ParseNumber(calledUser(&f))
}

// addrSpecs takes the URIs out of a list of name-addrs (RFC 3261 §20.10); display names may hold anything in their quotes.
func addrSpecs(v string) (out []string) {
	var bare strings.Builder
	quoted := false
	for i := 0; i < len(v); i++ {
		switch {
		case quoted && v[i] == '\\':
			i++
		case v[i] == '"':
			quoted = !quoted
		case !quoted:
			bare.WriteByte(v[i])
		}
	}
	for part := range strings.SplitSeq(bare.String(), ",") {
		if _, after, ok := strings.Cut(part, "<"); ok {
			part, _, _ = strings.Cut(after, ">")
		}
		out = append(out, strings.TrimSpace(part))
	}
	return out
}
