package switchboard

import (
	"context"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/fault"
	"dovidka/internal/queue"
)

// What a desk phone does by its own keys becomes our own transfer: REFER without Replaces is a transfer that is complete when the
// target answers (until then the phone keeps the call); a second call that the phone places while it talks is a consultation; REFER
// with Replaces completes it (RFC 3515, RFC 3891). A phone's own conference needs nothing: both its calls have their sound.

// referrer is a leg whose far end can ask for a transfer.
type referrer interface{ Refers() <-chan call.Refer }

func refers(l Leg) <-chan call.Refer {
	if r, ok := l.(referrer); ok {
		return r.Refers()
	}
	return nil
}

// FromPhone takes a call that the agent's own desk phone places. During a talk it is a consultation; anything else is refused.
func (s *Switchboard) FromPhone(login string, leg Leg) {
	s.mu.Lock()
	t := s.talks[login]
	s.mu.Unlock()
	if t == nil {
		leg.Hangup("403")
		return
	}
	if err := leg.Ring(); err != nil {
		s.log.Warn("switchboard: ring", "agent", login, "err", err)
	}
	if err := s.command(login, command{do: doConsult, to: s.dialled(string(leg.To()), leg.To()), aside: leg}); err != nil {
		s.log.Info("switchboard: a phone's second call", "agent", login, "err", err)
		leg.Hangup(map[fault.Kind]string{fault.NotFound: "404", fault.Conflict: "486", fault.Denied: "403"}[fault.KindOf(err)])
	}
}

// dialled reads what was dialled at a desk phone: a colleague's login, or the number of a department.
func (s *Switchboard) dialled(user string, n call.Number) Target {
	for _, a := range s.desk.Snapshot().Agents {
		if a.Login == user {
			return Target{ToAgent, user}
		}
	}
	return Target{ToDepartment, string(n)}
}

// refer is a desk phone's transfer key.
func (t *talk) refer(w call.Refer) {
	if w.Replaces != "" {
		if t.aside == nil || w.Replaces != t.aside.ID() && w.Replaces != t.me.leg.ID() || t.stage == talking {
			w.Refuse(403)
			return
		}
		if w.Accept() == nil {
			w.Notify(200)
			t.complete()
		}
		return
	}
	if !fits(t.stage, false, doConsult) {
		w.Refuse(491)
		return
	}
	if err := t.consult(t.c.s.dialled(w.User, w.To)); err != nil {
		t.c.log.Info("switchboard: transfer by a phone", "agent", t.me.id, "err", err)
		w.Refuse(map[fault.Kind]int{fault.NotFound: 404, fault.Conflict: 486, fault.Denied: 403}[fault.KindOf(err)])
		return
	}
	if w.Accept() != nil {
		t.back("returned")
		return
	}
	t.asked = &w
}

// tell lets the phone know how its transfer has ended; nil was asked by none.
func (t *talk) tell(status int) {
	if t.asked != nil {
		t.asked.Notify(status)
		t.asked = nil
	}
}

// referStatus is what the phone is told of a consultation that came to nothing.
func referStatus(cause string) int {
	switch cause {
	case queue.CauseRefused:
		return 603
	case "denied":
		return 403
	case "returned":
		return 487
	}
	return 480
}

// asideUp answers the phone's second call when the one it is for has answered.
func (t *talk) asideUp() bool {
	if t.aside == nil {
		return true
	}
	ctx, stop := context.WithTimeout(t.c.ctx, 5*time.Second)
	defer stop()
	if err := t.aside.Answer(ctx); err != nil {
		t.c.log.Warn("switchboard: a phone's second call", "agent", t.me.id, "err", err)
		return false
	}
	return true
}

// dropAside ends it.
func (t *talk) dropAside() {
	if t.aside != nil {
		t.aside.Hangup("487")
		t.aside, t.asideHeld = nil, false
	}
}

// asideEars are its channels.
func (t *talk) asideEars() (done <-chan struct{}, hold <-chan bool, refer <-chan call.Refer) {
	if t.aside == nil {
		return nil, nil, nil
	}
	if p := t.aside.Media(); p != nil {
		hold = p.HoldChanged()
	}
	return t.aside.Done(), hold, refers(t.aside)
}
