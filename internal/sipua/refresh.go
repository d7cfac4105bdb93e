package sipua

import (
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/emiago/sipgo/sip"
)

// session is a leg's side of its session timer; the leg's mutex guards it.
type session struct {
	seconds int  // 0: no timer runs
	ours    bool // we refresh
	least   int  // greatest Min-SE that anybody on the way has named
	update  bool // the far end takes UPDATE
	timer   *time.Timer
	until   time.Time // the far end gives the call up then
	round   int       // counts refreshes, so that an old timer finds itself late
}

// seen gives the running timer as a transaction sees it; asked: the far end asks, we are the UAS.
func (s *session) seen(asked bool) terms {
	if s.seconds == 0 {
		return terms{}
	}
	if s.ours == asked {
		return terms{s.seconds, "uas"}
	}
	return terms{s.seconds, "uac"}
}

// note keeps what a message of the far end says about itself. The leg's mutex is held.
func (l *Leg) note(m sip.Message) {
	if len(values(m, "allow", "")) > 0 {
		l.session.update = lists(m, "allow", "", "UPDATE")
	}
	l.session.least = max(l.session.least, minOf(m))
}

// timed judges the session timer of an INVITE or UPDATE of the far end; the headers go into its 2xx, or into its 422.
// The leg's mutex is held.
func (l *Leg) timed(req *sip.Request) (granted terms, headers []sip.Header, status int) {
	able := lists(req, "supported", "k", "timer") || lists(req, "require", "", "timer")
	granted, status = l.timers.agree(termsOf(req), max(minOf(req), l.session.least), able, l.session.seen(true))
	switch {
	case status == 422:
		return granted, []sip.Header{sip.NewHeader("Min-SE", strconv.Itoa(l.timers.min()))}, 422
	case granted.seconds > 0:
		headers = append(headers, granted.header())
		if able { // §9: so that a UAC that refreshes knows it
			headers = append(headers, sip.NewHeader("Require", "timer"))
		}
	}
	return granted, headers, 0
}

// wishTimer puts our wish into an INVITE or a refresh.
func wishTimer(req *sip.Request, t Timers, want terms, least int) {
	if t.Off {
		return
	}
	req.AppendHeader(want.header())
	if least > 0 || t.min() > leastExpires {
		req.AppendHeader(sip.NewHeader("Min-SE", strconv.Itoa(max(least, t.min()))))
	}
}

// start runs the timer of a 2xx that has just gone out (asked: to the far end's request) or come in.
func (l *Leg) startTimer(granted terms, asked bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.run(granted, asked)
}

func (l *Leg) run(granted terms, asked bool) {
	s := &l.session
	if s.timer != nil {
		s.timer.Stop()
	}
	s.round++
	if s.seconds = granted.seconds; s.seconds > 0 {
		s.seconds = max(s.seconds, 10) // whatever a far end says, refreshes are no flood
	}
	if s.seconds == 0 || l.state == ended {
		return
	}
	s.ours = asked == (granted.refresher == "uas") // a 2xx that names nobody leaves it to whoever asked
	span := time.Duration(s.seconds) * l.s.second
	s.until = time.Now().Add(span - min(32*l.s.second, span/3)) // §10: BYE slightly before the expiry
	round := s.round
	if s.ours {
		s.timer = time.AfterFunc(span/2, func() { l.s.background("refresh", func() { l.refresh(round) }) })
		return
	}
	s.timer = time.AfterFunc(time.Until(s.until), func() { l.s.background("expire", func() { l.expire(round) }) })
}

// expire hangs up: no refresh has come, so the far end is not there any more.
func (l *Leg) expire(round int) {
	l.mu.Lock()
	late := l.session.round != round
	l.mu.Unlock()
	if !late {
		l.s.log.Info("session timer ran out", "leg", l.id)
		l.leave("lost", "408")
	}
}

// refresh tells the far end that we are there: by UPDATE when it takes that, else by a re-INVITE that changes nothing. A refusal
// leaves the call as it is, until its time is up (§10); no answer at all ends it, and so does 481 (RFC 3261 §12.2.1.2).
func (l *Leg) refresh(round int) {
	for tries := 0; ; tries++ {
		l.mu.Lock()
		s := l.session
		up := l.state == talking && s.round == round
		l.mu.Unlock()
		if !up {
			return
		}
		res, err := l.renew(s)
		switch {
		case err != nil:
			l.leave("lost", "408")
			return
		case res.IsSuccess():
			return
		}
		pause := l.s.second
		switch res.StatusCode {
		case 408, 481:
			l.leave("lost", "408")
			return
		case 405, 501: // no UPDATE after all
			l.mu.Lock()
			l.session.update = false
			l.mu.Unlock()
		case 422:
			l.mu.Lock()
			l.note(res)
			l.session.seconds = max(l.session.seconds, l.session.least)
			l.mu.Unlock()
		case 491:
			pause = l.backOff()
		default:
			pause = time.Until(s.until) / 4
		}
		if pause = max(pause, 2*l.s.o.T1); time.Now().Add(pause).After(s.until) || tries > 20 {
			l.waitDone(time.Until(s.until))
			l.expire(round)
			return
		}
		l.waitDone(pause)
	}
}

// renew is one refresh; its 2xx starts the timer anew.
func (l *Leg) renew(s session) (*sip.Response, error) {
	more := func(req *sip.Request) {
		req.AppendHeader(sip.NewHeader("Supported", "timer"))
		wishTimer(req, l.timers, terms{max(s.seconds, s.least), "uac"}, s.least)
	}
	if !s.update {
		return l.reinvite(more)
	}
	res, err := l.ask(sip.UPDATE, more)
	if err == nil && res.IsSuccess() {
		l.renewed(res)
	}
	return res, err
}

// renewed takes the 2xx to a refresh of ours. One that does not name the timer comes from a far end that has forgotten it: we go on.
func (l *Leg) renewed(res *sip.Response) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(res)
	if c := res.Contact(); c != nil { // RFC 3311 §5.1, RFC 3261 §12.2.1.2: target refresh
		l.d.target = *c.Address.Clone()
	}
	granted := termsOf(res)
	if granted.seconds == 0 {
		granted = terms{l.session.seconds, "uac"}
	}
	l.run(granted, false)
}

// backOff is how long to wait after a 491: whoever made the Call-ID waits longer, so that the two do not meet again
// (RFC 3261 §14.1: 2.1–4 s against 0–2 s, of a T1 of 500 ms).
func (l *Leg) backOff() time.Duration {
	unit := l.s.o.T1 / 50 // 10 ms
	if l.dialled {
		return time.Duration(210+rand.IntN(191)) * unit
	}
	return time.Duration(rand.IntN(201)) * unit
}

func (l *Leg) waitDone(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-l.done:
	case <-t.C:
	}
}
