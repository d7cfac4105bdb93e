package sipua

import (
	"github.com/emiago/sipgo/sip"
)

// onModify is a re-INVITE or an UPDATE: hold, resume, a session refresh, a new address (RFC 3261 §14.2, RFC 3311 §5.2).
func (l *Leg) onModify(req *sip.Request, tx *sip.ServerTx) {
	offer, status := sdpOf(req)
	l.mu.Lock()
	granted, headers, timely := l.timed(req)
	if l.state == ringing { // RFC 4028 §9: the 2xx to the first INVITE begins it
		granted, headers, timely = terms{}, nil, 0
	}
	if status == 0 {
		status = l.fits(req.Method, offer)
	}
	if status == 0 {
		status = timely
	}
	if status != 0 {
		l.mu.Unlock()
		l.refuseChange(req, tx, status, headers)
		return
	}
	sdp, err := l.describe(req.Method, offer)
	if err != nil { // the call goes on as it was
		l.mu.Unlock()
		l.refuseChange(req, tx, 488, nil)
		return
	}
	l.note(req)
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
			l.s.door.acknowledged(l.setup)
		}
	}
	l.run(granted, true)
	l.mu.Unlock()
	res := l.response(req, 200, sdp)
	for _, h := range headers {
		res.AppendHeader(h)
	}
	if err := tx.Respond(res); err != nil {
		l.s.log.Info("sipua: modify", "leg", l.id, "err", err)
	}
	if w != nil {
		l.s.background("repeat", func() { l.repeat(tx, res, w) })
	}
}

// fits tells whether a change may be made now; 0 or the status that refuses it. The leg's mutex is held.
func (l *Leg) fits(method sip.RequestMethod, offer []byte) int {
	switch {
	case l.state == closing || l.state == ended:
		return 481
	case l.wait != nil && l.wait.offered, l.inviting && (method == sip.INVITE || offer != nil):
		return 491 // our own offer is out and unanswered: glare
	case l.state == ringing && (method == sip.INVITE || offer != nil):
		return 500 // the first INVITE is not answered yet
	}
	return 0
}

// describe gives our description for the 2xx to a change: the answer to an offer; to a re-INVITE without one an offer (RFC 3261
// §14.2); to an UPDATE without one nothing. The leg's mutex is held.
func (l *Leg) describe(method sip.RequestMethod, offer []byte) ([]byte, error) {
	switch {
	case offer != nil:
		return l.port.Answer(offer)
	case method == sip.INVITE:
		return l.port.Offer()
	}
	return nil, nil
}

func (l *Leg) refuseChange(req *sip.Request, tx *sip.ServerTx, status int, headers []sip.Header) {
	res := l.response(req, status, nil)
	switch status {
	case 500:
		res.AppendHeader(sip.NewHeader("Retry-After", "2"))
	case 415:
		res.AppendHeader(sip.NewHeader("Accept", "application/sdp"))
	case 422:
		for _, h := range headers {
			res.AppendHeader(h)
		}
	}
	_ = tx.Respond(res)
}
