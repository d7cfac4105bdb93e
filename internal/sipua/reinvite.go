package sipua

import (
	"context"
	"fmt"

	"github.com/emiago/sipgo/sip"
)

// reinvite sends an INVITE inside the dialog that offers what is agreed already, and gives its final answer; more adds to it. Another
// one on its way, from either side, is waited for (RFC 3261 §14.1); while ours is out, theirs gets 491 (§14.2).
func (l *Leg) reinvite(more func(*sip.Request)) (*sip.Response, error) {
	req, res, err := l.reinviteOnce(more)
	if err != nil {
		return nil, err
	}
	if proof := l.proof(req, res); proof != nil {
		_, res, err = l.reinviteOnce(func(again *sip.Request) { more(again); again.AppendHeader(proof) })
	}
	return res, err
}

func (l *Leg) reinviteOnce(more func(*sip.Request)) (*sip.Request, *sip.Response, error) {
	l.mu.Lock()
	w := l.wait
	l.mu.Unlock()
	if w != nil {
		l.s.waitFor(w.acked, 64*l.s.o.T1)
	}
	offer, err := l.port.Offer()
	if err != nil {
		return nil, nil, fmt.Errorf("sipua: re-INVITE: %w", err)
	}
	l.mu.Lock()
	l.inviting = true
	l.d.localSeq++
	req := l.s.inside(&l.d, sip.INVITE, l.d.localSeq)
	l.mu.Unlock()
	defer func() { l.mu.Lock(); l.inviting = false; l.mu.Unlock() }()
	req.AppendHeader(sip.NewHeader("Allow", l.allow()))
	more(req)
	kind := sip.ContentTypeHeader("application/sdp")
	req.AppendHeader(&kind)
	req.SetBody(offer)
	tx, err := l.s.txl.Request(context.Background(), req)
	if err != nil {
		return nil, nil, fmt.Errorf("sipua: re-INVITE: %w", err)
	}
	tx.OnRetransmission(func(*sip.Response) { l.acknowledge(req) }) // our ACK was lost
	res, err := l.s.finalInvite(tx)
	if err != nil || !res.IsSuccess() {
		return req, res, err // the call is as it was
	}
	l.renewed(res)
	l.acknowledge(req)
	answer, _ := sdpOf(res)
	if err := l.port.Accept(answer); err != nil { // what was agreed before stays in force
		l.s.log.Info("sipua: re-INVITE answered badly", "leg", l.id, "err", err)
	}
	return req, res, nil
}

// acknowledge sends the ACK of a 2xx to an INVITE of ours inside the dialog (RFC 3261 §13.2.2.4).
func (l *Leg) acknowledge(invite *sip.Request) {
	defer l.s.caught("ack")
	l.mu.Lock()
	ack := l.s.inside(&l.d, sip.ACK, invite.CSeq().SeqNo)
	l.mu.Unlock()
	if err := l.s.tpl.WriteMsg(ack); err != nil {
		l.s.log.Info("sipua: ack", "leg", l.id, "err", err)
	}
}
