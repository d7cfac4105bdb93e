package queue

import (
	"time"

	"dovidka/internal/call"
)

// What follows is about calls that are asked of one agent in person: a colleague consulted or handed a call, an operator to whom a
// failed transfer comes back, one who takes a parked call.

// applyPerson changes the state by such an event.
func (s *step) applyPerson(e Event) {
	switch e := e.(type) {
	case Reserve:
		s.reserve(e)
	case Withdraw:
		if a := s.agents[e.Agent]; a != nil && a.Activity == Offered && a.Direct && a.Call == e.Call {
			s.revoke(a, nil, CauseGone)
		}
	case Join:
		s.join(e)
	case Hand:
		s.hand(e)
	case Part:
		if a := s.agents[e.Agent]; a != nil && a.Guest && a.Call == e.Call {
			s.part(a, e.Lost)
		}
	case Release:
		if a := s.talking(e.Call); a != nil && a.Login == e.Agent {
			if g := s.second(e.Call); g != nil && g.Guest { // nobody is a guest without a host
				s.part(g, false)
			}
			s.endTalk(a)
		}
	}
}

// second gives the agent who is rung in person for the call or a guest in it, or nil.
func (s *State) second(id call.ID) *Agent {
	for _, a := range s.agents {
		if a.Call == id && (a.Direct || a.Guest) {
			return a
		}
	}
	return nil
}

func (s *step) reserve(e Reserve) {
	a := s.agents[e.Agent]
	if a == nil || e.Call == "" || e.For <= 0 || s.waiter(e.Call) != nil || s.second(e.Call) != nil {
		return
	}
	if e.Own && a.Alive && a.Activity == WrapUp && a.Next.Status != Offline {
		s.endWrapUp(a)
	}
	if a.Activity != Idle || !a.Alive || a.Status == Offline || a.Status != Ready && !e.Own {
		return
	}
	s.change(a, func(a *Agent) {
		a.Activity, a.Call, a.Until, a.Direct = Offered, e.Call, s.now.Add(e.For), true
	})
	s.do(Rung{e.Call, a.Login, a.Until})
}

// decline ends an offer that the agent or the device turned down. To refuse a colleague is no reason for a break.
func (s *step) decline(a *Agent, cause string) {
	if a.Direct && cause == CauseRefused {
		s.revoke(a, nil, cause)
		return
	}
	s.miss(a, cause)
}

func (s *step) join(e Join) {
	a := s.agents[e.Agent]
	if a == nil || a.Activity != Offered || !a.Direct || a.Call != e.Call || (s.talking(e.Call) != nil) != e.Guest {
		return
	}
	s.change(a, func(a *Agent) {
		a.Activity, a.Until, a.Lost, a.Direct, a.Guest = Talking, time.Time{}, false, false, e.Guest
		a.began, a.talk = s.now, Waiter{Call: e.Call, Topic: e.Topic, Service: e.Service, Since: s.now, Kept: max(0, e.Kept)}
	})
	s.do(Joined{e.Call, a.Login})
}

func (s *step) hand(e Hand) {
	from, to := s.talking(e.Call), s.agents[e.To]
	if from == nil || from.Login != e.From || to == nil || !to.Guest || to.Call != e.Call {
		return
	}
	to.Guest, to.talk, to.began = false, from.talk, s.now
	if e.Lost {
		s.breakAfterLoss(from)
	} else {
		s.endTalk(from)
	}
	s.do(Handed{e.Call, e.From, e.To})
}

// part frees a guest at once: there is no card to write about another's call.
func (s *step) part(a *Agent, lost bool) {
	if lost {
		s.breakAfterLoss(a)
		return
	}
	s.change(a, func(a *Agent) {
		a.Activity, a.Call, a.Until, a.Lost, a.Guest = Idle, "", time.Time{}, false, false
		s.takeNext(a)
	})
}

// sweep frees whoever is rung in person for the call or a guest in it.
func (s *step) sweep(id call.ID) {
	switch a := s.second(id); {
	case a == nil:
	case a.Guest:
		s.part(a, false)
	default:
		s.revoke(a, nil, CauseGone)
	}
}
