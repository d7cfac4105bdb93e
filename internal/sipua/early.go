package sipua

import (
	"bytes"
	"context"
	"fmt"

	"github.com/emiago/sipgo/sip"
)

// maxForks bounds the early dialogs of one INVITE.
const maxForks = 16

// early is an early dialog of a call that we place: one for every fork (RFC 3261 §12.1, §13.2.2.4).
type early struct {
	d    dialog
	rseq uint32 // of the last reliable answer (RFC 3262)
	sdp  []byte // what it has answered to our offer
}

// provisional takes a 1xx: the fork's early dialog, the PRACK when it is reliable, and its early media.
func (a *attempt) provisional(req *sip.Request, res *sip.Response) {
	if res.StatusCode > 100 && res.To() != nil && param(res.To().Params, "tag") != "" {
		e := a.fork(req, res)
		if e != nil && a.reliable(req, res, e) {
			if sdp, status := sdpOf(res); status == 0 && sdp != nil && a.hear(sdp) == nil {
				a.mu.Lock()
				e.sdp = sdp
				a.mu.Unlock()
				a.tellEarly()
			}
		}
	}
	if a.o.Progress != nil && res.StatusCode > 100 {
		a.o.Progress(res.StatusCode)
	}
}

// fork gives the early dialog of an answer; nil: there are too many.
func (a *attempt) fork(req *sip.Request, res *sip.Response) *early {
	a.mu.Lock()
	defer a.mu.Unlock()
	tag := param(res.To().Params, "tag")
	e := a.forks[tag]
	if e == nil {
		if len(a.forks) >= maxForks {
			return nil
		}
		e = &early{d: dialled(req, res, a.contact)}
		a.forks[tag] = e
	}
	return e
}

// reliable sends the PRACK that a reliable answer wants; false: it is one that we have had already, or one out of order (§4).
func (a *attempt) reliable(req *sip.Request, res *sip.Response, e *early) bool {
	rseq := rseqOf(res)
	if rseq == 0 {
		return true
	}
	a.mu.Lock()
	if e.rseq != 0 && rseq != e.rseq+1 {
		a.mu.Unlock()
		return false
	}
	e.rseq = rseq
	e.d.localSeq++
	prack := a.s.inside(&e.d, sip.PRACK, e.d.localSeq)
	a.mu.Unlock()
	prack.AppendHeader(sip.NewHeader("RAck", fmt.Sprintf("%d %d INVITE", rseq, req.CSeq().SeqNo)))
	tx, err := a.s.txl.Request(context.Background(), prack)
	if err != nil {
		a.s.log.Info("sipua: prack", "err", err)
		return true
	}
	a.s.background("prack", func() { a.s.drainTx(tx) })
	return true
}

// hear gives the port a far end's answer to our offer. Every fork answers the same offer, so that the port has to expect an answer
// again when another fork speaks: the last one is heard (serial forking: the phone first, then its mailbox).
func (a *attempt) hear(sdp []byte) error {
	if bytes.Equal(sdp, a.heard) {
		return nil
	}
	if a.heard != nil {
		if _, err := a.port.Offer(); err != nil {
			return err
		}
	}
	if err := a.port.Accept(sdp); err != nil {
		return err
	}
	a.heard = sdp
	return nil
}

// tellEarly shows the early media to whoever dials, once.
func (a *attempt) tellEarly() {
	if a.o.Early == nil || a.shown {
		return
	}
	if p := portOf(a.port); p != nil {
		a.shown = true
		a.o.Early(p)
	}
}

// settled makes the dialog of a 2xx, which continues the early one of its fork.
func (a *attempt) settled(req *sip.Request, res *sip.Response) (dialog, []byte) {
	d := dialled(req, res, a.contact)
	a.mu.Lock()
	defer a.mu.Unlock()
	e := a.forks[d.remoteTag]
	if e == nil {
		return d, nil
	}
	d.localSeq, d.remoteSeq = max(d.localSeq, e.d.localSeq), e.d.remoteSeq
	return d, e.sdp
}

// onEarly handles a request inside an early dialog of a call that we place: UPDATE and signs of life (RFC 3311 §5.2).
func (a *attempt) onEarly(req *sip.Request, tx *sip.ServerTx) {
	a.mu.Lock()
	e := a.forks[param(req.From().Params, "tag")]
	if e == nil || e.d.callID != req.CallID().Value() {
		a.mu.Unlock()
		a.s.reply(tx, req, 481)
		return
	}
	open := e.sdp == nil // our offer
	late := e.d.remoteSeq != 0 && req.CSeq().SeqNo <= e.d.remoteSeq
	if !late {
		e.d.remoteSeq = req.CSeq().SeqNo
	}
	a.mu.Unlock()
	switch {
	case late:
		a.s.reply(tx, req, 500)
	case req.Method == sip.OPTIONS, req.Method == sip.INFO && len(req.Body()) == 0:
		a.s.reply(tx, req, 200)
	case req.Method == sip.UPDATE:
		a.onEarlyUpdate(req, tx, open)
	default:
		a.s.notAllowed(req, tx)
	}
}

// onEarlyUpdate answers a change of the early media; an offer while ours is unanswered is glare.
func (a *attempt) onEarlyUpdate(req *sip.Request, tx *sip.ServerTx, open bool) {
	offer, status := sdpOf(req)
	if status == 0 && offer != nil && open {
		status = 491
	}
	var sdp []byte
	if status == 0 && offer != nil {
		var err error
		if sdp, err = a.port.Answer(offer); err != nil {
			status = 488
		}
	}
	if status != 0 {
		a.s.reply(tx, req, status)
		return
	}
	res := a.s.response(req, 200)
	res.AppendHeader(&sip.ContactHeader{Address: *a.contact.Clone()})
	if sdp != nil {
		kind := sip.ContentTypeHeader("application/sdp")
		res.AppendHeader(&kind)
		res.SetBody(sdp)
	}
	_ = tx.Respond(res)
}
