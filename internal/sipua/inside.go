package sipua

import (
	"crypto/rand"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

func newTag() string { return strings.ToLower(rand.Text()) }

// find gives the leg of a request inside a dialog: both tags and the Call-ID must be its own (RFC 3261 §12.2.2). A stranger who
// knows only a Call-ID reaches nothing.
func (s *Server) find(req *sip.Request) *Leg {
	l := s.calls.byTag(param(req.To().Params, "tag"))
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.d.callID != req.CallID().Value() || l.d.remoteTag != param(req.From().Params, "tag") {
		return nil
	}
	return l
}

// onACK ends the repeating of our 2xx; to a late offer it brings the answer.
func (s *Server) onACK(req *sip.Request) {
	l := s.find(req)
	if l == nil {
		return // of a refused INVITE, or a stray
	}
	l.mu.Lock()
	w := l.wait
	if w == nil || w.seq != req.CSeq().SeqNo {
		l.mu.Unlock()
		return
	}
	l.wait = nil
	close(w.acked)
	was := l.state
	if was == answered {
		l.state = talking
	}
	l.d.source = req.Source()
	l.mu.Unlock()
	if was == closing { // we wanted to hang up between 200 and ACK
		l.bye("us")
		return
	}
	if !w.offered {
		return
	}
	answer, _ := sdpOf(req)
	if err := l.port.Accept(answer); err != nil {
		s.log.Info("sipua: answer in ACK", "leg", l.id, "err", err)
		l.leave("us", "488")
	}
}

// onInside handles a request with our tag: in a call of ours, in the right order.
func (s *Server) onInside(req *sip.Request, tx *sip.ServerTx) {
	l := s.find(req)
	if l == nil {
		s.reply(tx, req, 481)
		return
	}
	seq := req.CSeq().SeqNo
	l.mu.Lock()
	if seq <= l.d.remoteSeq && l.d.remoteSeq != 0 { // RFC 3261 §12.2.2
		l.mu.Unlock()
		_ = tx.Respond(l.response(req, 500, nil))
		return
	}
	l.d.remoteSeq, l.d.source = seq, req.Source()
	l.mu.Unlock()
	switch req.Method {
	case sip.BYE:
		l.onBye(req, tx)
	case sip.INVITE, sip.UPDATE:
		l.onModify(req, tx)
	case sip.INFO:
		l.onInfo(req, tx)
	case sip.REFER:
		l.onRefer(req, tx)
	case sip.OPTIONS:
		res := l.response(req, 200, nil)
		res.AppendHeader(sip.NewHeader("Allow", l.allow()))
		_ = tx.Respond(res)
	default:
		s.notAllowed(req, tx)
	}
}

// onBye: the far end hangs up. Before our answer it also ends the INVITE, with 487 (RFC 3261 §15.1.2).
func (l *Leg) onBye(req *sip.Request, tx *sip.ServerTx) {
	_ = tx.Respond(l.response(req, 200, nil))
	l.mu.Lock()
	st, why := l.state, l.why
	if st == ringing {
		l.state = closing
	}
	l.mu.Unlock()
	switch {
	case st == ringing:
		_ = l.tx.Respond(l.response(l.invite, 487, nil))
		l.end("cancelled")
	case st == closing && why != "":
		l.end(why)
	default:
		l.end("caller")
	}
}

// onModify is a re-INVITE or an UPDATE: hold, resume, a session refresh, a new address (RFC 3261 §14.2, RFC 3311 §5.2).
func (l *Leg) onModify(req *sip.Request, tx *sip.ServerTx) {
	offer, status := sdpOf(req)
	l.mu.Lock()
	switch {
	case status != 0:
	case l.state == closing || l.state == ended:
		status = 481
	case l.wait != nil && l.wait.offered: // our offer is out and unanswered: glare
		status = 491
	case l.state == ringing && (req.Method == sip.INVITE || offer != nil):
		status = 500 // the first INVITE is not answered yet
	}
	if status != 0 {
		l.mu.Unlock()
		res := l.response(req, status, nil)
		switch status {
		case 500:
			res.AppendHeader(sip.NewHeader("Retry-After", "2"))
		case 415:
			res.AppendHeader(sip.NewHeader("Accept", "application/sdp"))
		}
		_ = tx.Respond(res)
		return
	}
	var sdp []byte
	var err error
	switch {
	case offer != nil:
		sdp, err = l.port.Answer(offer)
	case req.Method == sip.INVITE: // RFC 3261 §14.2: a re-INVITE without SDP gets an offer
		sdp, err = l.port.Offer()
	}
	if err != nil { // the call goes on as it was
		l.mu.Unlock()
		_ = tx.Respond(l.response(req, 488, nil))
		return
	}
	if c := req.Contact(); c != nil { // target refresh (RFC 3261 §12.2.2)
		l.d.target = *c.Address.Clone()
	}
	var w *unacked
	if req.Method == sip.INVITE {
		w = &unacked{seq: req.CSeq().SeqNo, offered: offer == nil, acked: make(chan struct{})}
		if l.wait != nil { // a new INVITE shows that our 200 came: its ACK was lost (RFC 5407 §3.1.5)
			close(l.wait.acked)
		}
		l.wait = w
		if l.state == answered {
			l.state = talking
		}
	}
	l.mu.Unlock()
	res := l.response(req, 200, sdp)
	if err := tx.Respond(res); err != nil {
		l.s.log.Info("sipua: modify", "leg", l.id, "err", err)
	}
	if w != nil {
		l.s.background("repeat", func() { l.repeat(tx, res, w) })
	}
}

// onInfo takes a key pressed as SIP INFO (application/dtmf-relay, application/dtmf: practice older than RFC 6086).
func (l *Leg) onInfo(req *sip.Request, tx *sip.ServerTx) {
	kind := ""
	if c := req.ContentType(); c != nil {
		kind, _, _ = strings.Cut(strings.ToLower(c.Value()), ";")
	}
	key, ok := byte(0), false
	switch strings.TrimSpace(kind) {
	case "application/dtmf-relay":
		key, ok = relayKey(string(req.Body()))
	case "application/dtmf":
		key, ok = dtmfKey(string(req.Body()))
	case "":
		_ = tx.Respond(l.response(req, 200, nil)) // RFC 2976 §2.2: an empty INFO is a sign of life
		return
	default:
		res := l.response(req, 415, nil)
		res.AppendHeader(sip.NewHeader("Accept", "application/dtmf-relay, application/dtmf"))
		_ = tx.Respond(res)
		return
	}
	if !ok {
		_ = tx.Respond(l.response(req, 400, nil))
		return
	}
	l.mu.Lock()
	up := l.state == talking || l.state == answered
	l.mu.Unlock()
	if up {
		l.port.InjectDigit(key)
	}
	_ = tx.Respond(l.response(req, 200, nil))
}

// relayKey reads "Signal=5\r\nDuration=160".
func relayKey(body string) (byte, bool) {
	for line := range strings.Lines(body) {
		name, value, _ := strings.Cut(line, "=")
		if strings.EqualFold(strings.TrimSpace(name), "signal") {
			return dtmfKey(value)
		}
	}
	return 0, false
}

// dtmfKey reads one key: itself, or its event number (RFC 4733 §3.2: 10 is *, 11 is #, 12–15 are A–D).
func dtmfKey(v string) (byte, bool) {
	v = strings.ToUpper(strings.TrimSpace(v))
	if len(v) == 1 && strings.Contains("0123456789*#ABCD", v) {
		return v[0], true
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 10 || n > 15 {
		return 0, false
	}
	return "*#ABCD"[n-10], true
}
