package sipua

import (
	"crypto/rand"
	"strings"
	"time"

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
	s.porch.welcome(req.Source(), 2) // the INVITE's too: an ACK with our tag shows that its sender hears us
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
	s.door.acknowledged(l.setup)
	if was == answered {
		l.vouch(req.Source())
	}
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
		if a := s.calls.byPlacing(param(req.To().Params, "tag")); a != nil {
			a.onEarly(req, tx)
			return
		}
		s.reply(tx, req, 481)
		return
	}
	s.porch.welcome(req.Source(), 1)
	if !l.inTurn(req) {
		_ = tx.Respond(l.response(req, 500, nil))
		return
	}
	if req.Method == sip.INFO { // keys keep their order: the next request waits until this one is done
		defer l.turn.Unlock()
		l.onInfo(req, tx)
		return
	}
	l.turn.Unlock()
	switch req.Method {
	case sip.BYE:
		l.onBye(req, tx)
	case sip.INVITE, sip.UPDATE:
		l.onModify(req, tx)
	case sip.PRACK:
		l.onPrack(req, tx)
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

// inTurn lets requests in by their numbers; false: it comes after a later one (RFC 3261 §12.2.2: 500). sipgo runs each in a goroutine
// of its own, so of two that come at once the second may be here first: when a number is missing it waits a moment for it. When it
// says true, l.turn is locked.
func (l *Leg) inTurn(req *sip.Request) bool {
	seq := req.CSeq().SeqNo
	for try := 0; ; try++ {
		l.turn.Lock()
		l.mu.Lock()
		last := l.d.remoteSeq
		late, next := last != 0 && seq <= last, last == 0 || seq == last+1 || try == 60
		if !late && next {
			l.d.remoteSeq, l.d.source = seq, req.Source()
		}
		l.mu.Unlock()
		switch {
		case late:
			l.turn.Unlock()
			return false
		case next:
			return true
		}
		l.turn.Unlock()
		time.Sleep(time.Millisecond)
	}
}
