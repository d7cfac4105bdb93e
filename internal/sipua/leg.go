package sipua

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/media"

	"github.com/emiago/sipgo/sip"
)

// state is where a leg stands. Moves: ringing → answered → talking → closing → ended; from any of them straight to ended.
type state string

const (
	ringing  state = "ringing"  // their INVITE has no final answer yet
	answered state = "answered" // our 200 is out, its ACK is not here
	talking  state = "talking"
	closing  state = "closing" // we want to end it: a refusal or a BYE is on its way
	ended    state = "ended"
)

// Leg is one party of a call over SIP: one dialog and one media port. All methods may be called from any goroutine.
type Leg struct {
	s        *Server
	id       string
	from, to call.Number
	line     string // name of the trunk it came by or goes by; "" for phones
	channels int    // how many calls the trunk may carry; 0: no limit
	known    bool   // the trunk says that the called number is ours
	dialled  bool
	phone    string     // account of the desk phone at the far end
	refers   chan Refer // nil but for desk phones
	port     sound
	done     chan struct{}
	tx       *sip.ServerTx // of the incoming INVITE; nil for a leg we dialled
	invite   *sip.Request
	begun    time.Time
	reliable bool   // their INVITE requires 100rel
	key      string // of the incoming INVITE among those that were asked
	setup    *setup // of an incoming leg at the door

	turn   sync.Mutex // of requests inside the dialog
	mu     sync.Mutex
	state  state
	d      dialog
	sdp    []byte   // our answer to their offer; nil: they made none, we offer in the 200
	wait   *unacked // our last 2xx, while its ACK is missing
	why    string   // the cause that a leg in closing will end with
	cause  string
	media  bool // the leg was answered
	expiry *time.Timer

	rung      *unpracked // our reliable 180
	timers    Timers
	session   session
	promised  terms           // of the session timer, in our 2xx to the first INVITE
	promise   []sip.Header    // what that 2xx says about it
	inviting  bool            // a re-INVITE of ours is out
	referring bool            // a REFER is being dealt with
	noted     <-chan struct{} // closed when its final NOTIFY is out; nil: none is on its way
}

// unacked is a 2xx to an INVITE that waits for its ACK.
type unacked struct {
	seq     uint32
	offered bool // the 2xx carried our offer, so the ACK carries their answer
	acked   chan struct{}
}

// ID names the leg in the log.
func (l *Leg) ID() string { return l.id }

// From is who calls: P-Asserted-Identity, else From (RFC 3325 §9).
func (l *Leg) From() call.Number { return l.from }

// To is who is called: the user of the Request-URI.
func (l *Leg) To() call.Number { return l.to }

// Trunk names the carrier's link that the leg came or went by; "" for desk phones and where there are no trunks.
func (l *Leg) Trunk() string { return l.line }

// Via is "sip".
func (l *Leg) Via() string { return "sip" }

// Done is closed when the leg has ended, whoever ended it.
func (l *Leg) Done() <-chan struct{} { return l.done }

// Alive never tells anything: a SIP leg that vanishes ends.
func (l *Leg) Alive() <-chan bool { return nil }

// Cause says, after Done, why: "caller" (the far party hung up), "us", "cancelled" (CANCEL or BYE before our 200), "silence" (its
// RTP stopped), "no_ack" (our 200 was never acknowledged), "lost" (it cannot be reached).
func (l *Leg) Cause() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cause
}

// Media is the leg's sound; nil before the answer.
func (l *Leg) Media() *media.Port {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.media {
		return nil
	}
	return portOf(l.port)
}

// Ring says 180 to the caller.
func (l *Leg) Ring() error {
	if l.reliable {
		return l.ringReliably()
	}
	l.mu.Lock()
	st := l.state
	l.mu.Unlock()
	if st != ringing {
		return ErrEnded
	}
	return l.tx.Respond(l.response(l.invite, 180, nil))
}

// Answer says 200 with our SDP; it returns when that is sent. The media is up then. ErrEnded: the caller was faster.
func (l *Leg) Answer(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	l.mu.Lock()
	if l.state != ringing {
		l.mu.Unlock()
		return ErrEnded
	}
	w := &unacked{seq: l.invite.CSeq().SeqNo, acked: make(chan struct{})}
	body := l.sdp
	if body == nil { // RFC 3261 §13.2.1: an INVITE without offer gets one in the 2xx
		var err error
		if body, err = l.port.Offer(); err != nil {
			l.mu.Unlock()
			l.Hangup("500")
			return fmt.Errorf("sipua: answer: %w", err)
		}
		w.offered = true
	}
	l.state, l.wait, l.media = answered, w, true
	l.s.door.answered(l.setup)
	l.mu.Unlock()
	res := l.response(l.invite, 200, body)
	for _, h := range l.promise {
		res.AppendHeader(h)
	}
	if err := l.tx.Respond(res); err != nil {
		return l.crossed(err)
	}
	l.s.background("repeat", func() { l.repeat(l.tx, res, w) })
	l.startTimer(l.promised, true)
	l.watch()
	return nil
}

// crossed settles an answer that sipgo did not send: a CANCEL was there first and 487 is out, or the network is gone.
func (l *Leg) crossed(err error) error {
	if errors.Is(err, sip.ErrTransactionCanceled) {
		// sipgo has kept our 200 as the response to repeat although it sent 487: put the 487 back
		_ = l.tx.Respond(l.response(l.invite, 487, nil))
		l.end("cancelled")
		return ErrEnded
	}
	l.end("lost")
	return fmt.Errorf("sipua: answer: %w", err)
}

// repeat sends a 2xx again at T1, 2*T1, 4*T1 … at most T2 apart until its ACK; after 64*T1 without one the call is over
// (RFC 3261 §13.3.1.4). It does so on TCP too, for a UDP hop behind the next proxy.
func (l *Leg) repeat(tx *sip.ServerTx, res *sip.Response, w *unacked) {
	t1 := l.s.o.T1
	gap, limit := t1, time.NewTimer(64*t1)
	defer limit.Stop()
	next := time.NewTimer(gap)
	defer next.Stop()
	for {
		select {
		case <-w.acked:
			return
		case <-l.s.done:
			return
		case ack := <-tx.Acks(): // an old phone acknowledges in the INVITE's own transaction; sipgo tells only here
			l.s.onACK(ack)
		case <-next.C:
			_ = tx.Respond(res)
			gap = min(2*gap, 8*t1)
			next.Reset(gap)
		case <-limit.C:
			if l.unwait(w) {
				l.bye("no_ack")
			}
			return
		}
	}
}

// unwait takes w from the leg; false when somebody else did.
func (l *Leg) unwait(w *unacked) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.wait != w {
		return false
	}
	l.wait = nil
	return true
}

// watch ends the leg when its media hears nothing any more: the far end has vanished.
func (l *Leg) watch() {
	l.s.background("watch", func() {
		select {
		case <-l.done:
		case <-l.port.Silent():
			l.leave("silence", "480")
		}
	})
}

// Hangup ends the leg. Before the answer cause is the status to refuse with ("404", "486", "488", "480", "503"; anything else is
// 480); after it the far end gets a BYE. It returns at once; Done tells when it is over. Twice is harmless.
func (l *Leg) Hangup(cause string) { l.leave("us", cause) }

// leave is Hangup with the cause that the leg will tell.
func (l *Leg) leave(why, status string) {
	l.mu.Lock()
	st := l.state
	if st != ringing && st != answered && st != talking {
		l.mu.Unlock()
		return
	}
	l.state, l.why = closing, why
	l.mu.Unlock()
	switch st {
	case ringing:
		l.refuse(status)
		l.end(why)
	case talking:
		l.s.background("bye", func() { l.bye(why) })
	}
	// answered: RFC 3261 §15 forbids a BYE before the ACK; the ACK, or its absence, sends it
}

func (l *Leg) refuse(status string) {
	code, err := strconv.Atoi(status)
	if err != nil || code < 400 || code > 699 {
		code = 480
	}
	res := l.response(l.invite, code, nil)
	if code == 503 {
		res.AppendHeader(later())
	}
	_ = l.tx.Respond(res)
}

// bye sends BYE and ends the leg when it is out.
func (l *Leg) bye(why string) {
	l.mu.Lock()
	if l.state == ended {
		l.mu.Unlock()
		return
	}
	if l.state == closing && l.why != "" {
		why = l.why
	}
	l.state = closing
	noted := l.noted
	l.mu.Unlock()
	l.s.waitFor(noted, 2*l.s.o.T1)
	l.mu.Lock()
	if l.state == ended { // they were faster
		l.mu.Unlock()
		return
	}
	l.d.localSeq++
	req := l.s.inside(&l.d, sip.BYE, l.d.localSeq)
	l.mu.Unlock()
	ctx, stop := context.WithTimeout(context.Background(), 8*l.s.o.T1)
	defer stop()
	tx, err := l.s.txl.Request(ctx, req)
	if err != nil {
		l.s.log.Warn("sipua: bye", "leg", l.id, "err", err)
		l.end(why)
		return
	}
	l.s.byes.Add(1)
	l.s.background("bye", func() { defer l.s.byes.Add(-1); l.settleBye(req, tx) })
	l.end(why)
}

// settleBye waits for the answer to a BYE; a phone's challenge is not answered, our trunk's is.
func (l *Leg) settleBye(bye *sip.Request, tx *sip.ClientTx) {
	res, err := l.s.final(context.Background(), tx)
	if err != nil {
		return
	}
	if proof := l.proof(bye, res); proof != nil {
		_, _ = l.ask(sip.BYE, func(again *sip.Request) { again.AppendHeader(proof) })
	}
}

// drainTx reads a client transaction to its end, so that sipgo's state machine never waits for us. It bounds itself.
func (s *Server) drainTx(tx sip.ClientTransaction) {
	limit := time.NewTimer(64 * s.o.T1)
	defer limit.Stop()
	defer tx.Terminate()
	for {
		select {
		case res := <-tx.Responses():
			if !res.IsProvisional() {
				return
			}
		case <-tx.Done():
			return
		case <-s.done:
			return
		case <-limit.C:
			return
		}
	}
}

// end closes the leg for good, once.
func (l *Leg) end(cause string) {
	l.mu.Lock()
	if l.state == ended {
		l.mu.Unlock()
		return
	}
	l.state, l.cause = ended, cause
	if l.wait != nil {
		close(l.wait.acked)
		l.wait = nil
	}
	if l.expiry != nil {
		l.expiry.Stop()
	}
	if l.session.timer != nil {
		l.session.timer.Stop()
	}
	l.mu.Unlock()
	l.port.Close()
	l.s.door.over(l.setup)
	l.s.calls.remove(l)
	close(l.done)
	l.s.log.Info("leg ended", "leg", l.id, "cause", cause)
}

// response answers a request of this leg's dialog, with our tag and Contact (RFC 3261 §8.2.6, §12.1.1).
func (l *Leg) response(req *sip.Request, status int, sdp []byte) *sip.Response {
	res := l.s.response(req, status)
	if to := res.To(); to != nil && status > 100 {
		to.Params.Add("tag", l.d.localTag)
	}
	if status < 300 && (req.Method == sip.INVITE || req.Method == sip.UPDATE) {
		res.AppendHeader(&sip.ContactHeader{Address: *l.d.contact.Clone()})
		res.AppendHeader(sip.NewHeader("Allow", l.allow()))
		res.AppendHeader(sip.NewHeader("Supported", strings.Join(l.s.extensions, ", ")))
	}
	if sdp != nil {
		kind := sip.ContentTypeHeader("application/sdp")
		res.AppendHeader(&kind)
		res.SetBody(sdp)
	}
	return res
}

// allow is what this far end may send.
func (l *Leg) allow() string {
	if l.phone != "" {
		return allow + ", REFER"
	}
	return allow
}
