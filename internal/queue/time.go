package queue

import (
	"slices"
	"strings"
	"time"
)

// sorted gives the agents by login, so that a Step is the same each time it is run.
func (s *State) sorted() []*Agent {
	out := make([]*Agent, 0, len(s.agents))
	for _, a := range s.agents {
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b *Agent) int { return strings.Compare(a.Login, b.Login) })
	return out
}

// due carries out what time has made due, for agents; callers' longest wait is expel's.
func (s *step) due() {
	for _, a := range s.sorted() {
		if !a.Until.IsZero() && !s.now.Before(a.Until) {
			switch {
			case a.Activity == Offered:
				s.miss(a, CauseNoAnswer)
			case a.Activity == WrapUp:
				s.endWrapUp(a)
			case a.Activity == Talking && a.Lost:
				s.requeue(a)
			}
		}
		if a.Activity == Idle && !a.Alive {
			s.dead(a)
		}
	}
}

// dead moves an idle agent whose device does not answer: nobody is «на лінії» with an unplugged telephone.
func (s *step) dead(a *Agent) {
	away := s.now.Sub(a.Dead)
	switch {
	case a.Status == Offline:
	case away >= s.cfg.GoneFor && s.now.Sub(a.Since) >= s.cfg.GoneFor:
		s.change(a, func(a *Agent) { a.Status, a.Reason = Offline, "" })
	case a.Status == Ready && away >= s.cfg.DeadFor && s.now.Sub(a.Since) >= s.cfg.DeadFor:
		s.change(a, func(a *Agent) { a.Status, a.Reason = Break, ReasonUnreachable })
	}
}

// expel sends away those who waited too long, and all when nobody is signed in any more. A caller for whom an agent is
// being rung stays: the offer may yet be taken.
func (s *step) expel() {
	nobody := !s.present()
	for _, w := range slices.Clone(s.waiting) {
		switch {
		case w.Agent != "":
		case nobody:
			s.do(Expelled{w.Call, WhyNoOperators})
			s.leave(w.Call, false)
		case s.now.Sub(w.Since) >= s.cfg.LongestWait:
			s.do(Expelled{w.Call, WhyTimeout})
			s.leave(w.Call, false)
		}
	}
}

// match offers the first caller to whom nobody is offered to the longest-idle free agent, as long as there are both.
func (s *step) match() {
	for _, w := range s.waiting {
		if w.Agent != "" {
			continue
		}
		a := s.longestIdle()
		if a == nil {
			return
		}
		w.Agent, s.offered = a.Login, s.now
		s.change(a, func(a *Agent) {
			a.Activity, a.Call, a.Until = Offered, w.Call, s.now.Add(s.cfg.OfferFor)
		})
		s.do(Offer{w.Call, a.Login, a.Until})
	}
}

func (s *State) longestIdle() *Agent {
	var best *Agent
	for _, a := range s.sorted() {
		if a.free() && (best == nil || a.Free.Before(best.Free)) {
			best = a
		}
	}
	return best
}

// Due is the next moment at which time alone changes something; zero: none.
func Due(s *State) time.Time {
	var next time.Time
	sooner := func(t time.Time) {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	for _, a := range s.agents {
		sooner(a.Until)
		if a.Activity == Idle && !a.Alive && a.Status != Offline {
			wait := s.cfg.GoneFor
			if a.Status == Ready {
				wait = s.cfg.DeadFor
			}
			sooner(latest(a.Dead, a.Since).Add(wait))
		}
	}
	for _, w := range s.waiting {
		if w.Agent == "" {
			sooner(w.Since.Add(s.cfg.LongestWait))
		}
	}
	return next
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Stuck is the watchdog's question: somebody waits without an offer beside a free agent, and nothing was offered for
// patience. Step makes it impossible; if it is ever true, the desk raises an alarm and heals (users-ask: the most frequent
// complaint about call-centre software is a queue that silently stops).
func Stuck(s *State, now time.Time, patience time.Duration) bool {
	if now.Sub(s.offered) < patience || s.longestIdle() == nil {
		return false
	}
	return slices.ContainsFunc(s.waiting, func(w *Waiter) bool { return w.Agent == "" && now.Sub(w.Since) >= patience })
}
