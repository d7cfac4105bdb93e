package queue

import (
	"slices"
	"time"

	"dovidka/internal/call"
)

// step is one run of Step.
type step struct {
	*State
	orders []Order
}

// Step applies one event at a moment and says what is to be done. What time has made due comes first, so an event that
// arrives after its deadline is late and changes nothing. The clock never runs backwards in here.
func Step(s *State, now time.Time, e Event) []Order {
	if now.After(s.now) {
		s.now = now
	}
	st := &step{State: s}
	st.due()
	st.apply(e)
	st.expel()
	st.match()
	return st.orders
}

func (s *step) do(o Order) { s.orders = append(s.orders, o) }

// apply changes the state by the event itself.
func (s *step) apply(e Event) {
	switch e := e.(type) {
	case Enter:
		s.enter(e)
	case Leave:
		s.leave(e.Call, e.Abandoned)
	case Connect:
		s.connect(e)
	case Decline:
		if a := s.agents[e.Agent]; a != nil && a.Activity == Offered && a.Call == e.Call {
			s.decline(a, e.Cause)
		}
	case Ended:
		s.sweep(e.Call)
		if a := s.talking(e.Call); a != nil {
			s.endTalk(a)
		}
	case Lost:
		if a := s.talking(e.Call); a != nil {
			s.lose(a, e.Final)
		}
	case Back:
		if a := s.talking(e.Call); a != nil && a.Lost {
			a.Lost, a.Until = false, time.Time{}
		}
	case WrapUpDone:
		if a := s.agents[e.Agent]; a != nil && a.Activity == WrapUp {
			s.endWrapUp(a)
		}
	case SetStatus:
		s.setStatus(e)
	case Reach:
		s.reach(e)
	case Reconcile:
		s.reconcile(e.Live)
	default:
		s.applyPerson(e)
	}
}

// change alters an agent and closes the interval that ends by it.
func (s *step) change(a *Agent, f func(*Agent)) {
	was, wasFree := *a, a.free()
	f(a)
	if a.Status != was.Status || a.Activity != was.Activity || a.Reason != was.Reason {
		s.do(Interval{Agent: a.Login, Status: was.Status, Reason: was.Reason, Activity: was.Activity, From: was.Since, To: s.now})
		a.Since = s.now
	}
	// Ringing for a caller who then hung up is not work: the place among the idle is kept.
	if a.free() && !wasFree && was.Activity != Offered {
		a.Free = s.now
	}
}

// agent gives the agent, known from now on.
func (s *step) agent(login string) *Agent {
	a := s.agents[login]
	if a == nil {
		a = &Agent{Login: login, Status: Offline, Activity: Idle, Since: s.now, Dead: s.now}
		s.agents[login] = a
	}
	return a
}

func (s *State) waiter(id call.ID) *Waiter {
	for _, w := range s.waiting {
		if w.Call == id {
			return w
		}
	}
	return nil
}

// talking gives the agent whose talk the call is, or nil.
func (s *State) talking(id call.ID) *Agent {
	for _, a := range s.agents {
		if a.Activity == Talking && a.Call == id && !a.Guest {
			return a
		}
	}
	return nil
}

// present tells whether anybody is signed in: on a break counts, the caller may wait for them.
func (s *State) present() bool {
	for _, a := range s.agents {
		if a.Status != Offline {
			return true
		}
	}
	return false
}

func (s *step) enter(e Enter) {
	if s.waiter(e.Call) != nil || s.talking(e.Call) != nil { // doubled
		return
	}
	s.sweep(e.Call) // who waits for anybody is asked of nobody in person any more
	switch {
	case e.Head:
		s.insert(&Waiter{Call: e.Call, Topic: e.Topic, Service: e.Service, Since: s.now, Kept: max(0, e.Kept), Head: true})
		s.do(Placed{e.Call, 1 + slices.IndexFunc(s.waiting, func(w *Waiter) bool { return w.Call == e.Call })})
	case !s.present():
		s.do(Expelled{e.Call, WhyNoOperators})
	case len(s.waiting) >= s.cfg.MaxWaiting:
		s.do(Expelled{e.Call, WhyFull})
	default:
		s.waiting = append(s.waiting, &Waiter{Call: e.Call, Topic: e.Topic, Service: e.Service, Since: s.now})
		s.do(Placed{e.Call, len(s.waiting)})
	}
}

// drop takes a caller out of the line.
func (s *step) drop(id call.ID) {
	s.waiting = slices.DeleteFunc(s.waiting, func(w *Waiter) bool { return w.Call == id })
}

func (s *step) leave(id call.ID, abandoned bool) {
	w := s.waiter(id)
	if w == nil {
		return
	}
	if a := s.agents[w.Agent]; a != nil {
		s.revoke(a, w, CauseGone)
	}
	s.past.waited(s.now.Sub(w.Since), abandoned)
	s.drop(id)
}

// revoke ends the ringing of a for w; the agent is idle, the status is the caller's affair.
func (s *step) revoke(a *Agent, w *Waiter, cause string) {
	s.do(Revoke{a.Call, a.Login, cause})
	if w != nil && !a.Direct {
		w.Agent = ""
	}
	s.change(a, func(a *Agent) {
		a.Activity, a.Call, a.Until, a.Direct = Idle, "", time.Time{}, false
		s.takeNext(a)
	})
}

// miss ends an offer that the agent did not take: a break with its reason, or the same caller would ring them at once again.
func (s *step) miss(a *Agent, cause string) {
	reason := map[string]string{CauseRefused: ReasonRefused, CauseOffline: ReasonUnreachable}[cause]
	if reason == "" {
		cause, reason = CauseNoAnswer, ReasonMissed
	}
	if a.Next.Status == "" || a.Next.Status == Ready {
		a.Next = Chosen{Break, reason}
	}
	s.revoke(a, s.waiter(a.Call), cause)
}

func (s *step) takeNext(a *Agent) {
	if a.Next.Status != "" {
		a.Status, a.Reason, a.Next = a.Next.Status, a.Next.Reason, Chosen{}
	}
}

func (s *step) connect(e Connect) {
	a, w := s.agents[e.Agent], s.waiter(e.Call)
	if a == nil || w == nil || a.Activity != Offered || a.Call != e.Call {
		return
	}
	waited := w.Waited(s.now)
	s.past.waited(s.now.Sub(w.Since), false)
	s.drop(e.Call)
	s.change(a, func(a *Agent) {
		a.Activity, a.Until, a.Lost = Talking, time.Time{}, false
		a.began, a.talk = s.now, *w
		a.talk.Kept, a.talk.Agent = waited, ""
	})
	s.do(Connected{e.Call, a.Login, waited})
}

func (s *step) endTalk(a *Agent) {
	s.change(a, func(a *Agent) {
		a.Activity, a.Until, a.Lost = WrapUp, s.now.Add(s.cfg.WrapUp), false
	})
}

func (s *step) endWrapUp(a *Agent) {
	s.past.handled(s.now.Sub(a.began))
	s.do(WrappedUp{a.Call, a.Login, s.now.Sub(a.Since)})
	s.change(a, func(a *Agent) {
		a.Activity, a.Call, a.Until = Idle, "", time.Time{}
		s.takeNext(a)
	})
}

func (s *step) setStatus(e SetStatus) {
	if e.Agent == "" || (e.Status != Ready && e.Status != Break && e.Status != Offline) {
		return
	}
	if e.Status != Break {
		e.Reason = ""
	}
	a := s.agent(e.Agent)
	c := Chosen{e.Status, e.Reason}
	switch a.Activity {
	case Idle:
		s.change(a, func(a *Agent) { a.Status, a.Reason = c.Status, c.Reason })
	case Offered:
		if c.Status == Ready {
			a.Next = Chosen{}
			return
		}
		a.Next = c
		s.miss(a, CauseRefused)
	default:
		a.Next = c
		if c == (Chosen{a.Status, a.Reason}) {
			a.Next = Chosen{}
		}
	}
}

func (s *step) reach(e Reach) {
	a := s.agent(e.Agent)
	if a.Alive == e.Alive {
		return
	}
	s.change(a, func(a *Agent) {
		a.Alive, a.Dead = e.Alive, time.Time{}
		if !e.Alive {
			a.Dead = s.now
		}
	})
	if !e.Alive && a.Activity == Offered { // a reload of the page must not cost the status: while it is dead nobody is offered
		s.revoke(a, s.waiter(a.Call), CauseOffline)
	}
}

func (s *step) lose(a *Agent, final bool) {
	switch {
	case final:
		s.requeue(a)
	case !a.Lost:
		a.Lost, a.Until = true, s.now.Add(s.cfg.LostFor)
	}
}

// requeue puts the caller of a dead browser back to the head of the queue, with the waiting time kept.
func (s *step) requeue(a *Agent) {
	w := a.talk
	w.Since, w.Head, w.Agent = s.now, true, ""
	s.sweep(w.Call)
	s.insert(&w)
	s.do(Requeued{w.Call, a.Login})
	s.breakAfterLoss(a)
}

// insert puts a caller among those at the head, the longest wait first.
func (s *step) insert(w *Waiter) {
	i := slices.IndexFunc(s.waiting, func(o *Waiter) bool { return !o.Head || o.Kept < w.Kept })
	if i < 0 {
		i = len(s.waiting)
	}
	s.waiting = slices.Insert(s.waiting, i, w)
}

// breakAfterLoss frees an agent whose device died in a talk, on a break: nobody is «на лінії» with a dead telephone.
func (s *step) breakAfterLoss(a *Agent) {
	if a.Next.Status == "" || a.Next.Status == Ready {
		a.Next = Chosen{Break, ReasonLost}
	}
	s.change(a, func(a *Agent) {
		a.Activity, a.Call, a.Until, a.Lost, a.Guest = Idle, "", time.Time{}, false, false
		s.takeNext(a)
	})
}

// reconcile drops what has no living call behind it: waiters, offers and talks of calls that are gone.
func (s *step) reconcile(live map[call.ID]bool) {
	for _, w := range slices.Clone(s.waiting) {
		if !live[w.Call] {
			s.do(Healed{Call: w.Call, Agent: w.Agent, Was: "waiting"})
			s.leave(w.Call, true)
		}
	}
	for _, a := range s.sorted() {
		switch {
		case a.Activity == Talking && !live[a.Call]:
			s.do(Healed{Call: a.Call, Agent: a.Login, Was: "talking"})
			if s.sweep(a.Call); !a.Guest && a.Activity == Talking {
				s.endTalk(a)
			}
		case a.Activity == Offered && a.Direct:
			if !live[a.Call] {
				s.do(Healed{Call: a.Call, Agent: a.Login, Was: "rung"})
				s.revoke(a, nil, CauseGone)
			}
		case a.Activity == Offered && (s.waiter(a.Call) == nil || s.waiter(a.Call).Agent != a.Login):
			s.do(Healed{Call: a.Call, Agent: a.Login, Was: "offered"})
			s.revoke(a, nil, CauseGone)
		}
	}
	for _, w := range s.waiting {
		if a := s.agents[w.Agent]; w.Agent != "" && (a == nil || a.Activity != Offered || a.Call != w.Call) {
			s.do(Healed{Call: w.Call, Agent: w.Agent, Was: "offer"})
			w.Agent = ""
		}
	}
}
