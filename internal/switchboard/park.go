package switchboard

import (
	"cmp"
	"slices"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/fault"
)

// parked is a citizen with music whom any agent may take, shown to every operator under a small number. Its taker channel is read by
// the call's own goroutine.
type parked struct {
	slot  int
	c     *conductor
	by    string // login
	since time.Time
	until time.Time
	takes chan take
	gone  chan struct{} // closed when it is parked no more
}

// take is an agent's wish to have a parked call.
type take struct {
	login string
	done  chan error
}

// park keeps the citizen with music until an agent takes the call or the time is over: then back to who parked it, else nobody (the
// head of the queue).
func (c *conductor) park(from *party) (*party, error) {
	k := c.s.shelve(c, from.id)
	defer c.s.unshelve(k)
	c.note(call.Fact{Kind: call.Parked, Agent: from.id, Count: k.slot})
	c.speak.start(c.line(nil, "queue.hold"), false)
	over := time.NewTimer(time.Until(k.until))
	defer over.Stop()
	again := time.NewTicker(holdSays)
	defer again.Stop()
	for {
		if !c.speak.busy() {
			c.playMusic()
		}
		select {
		case <-c.ctx.Done():
			return nil, c.why()
		case w := <-k.takes:
			p, err := c.takenFrom(k, w)
			if p != nil || err != nil {
				return p, err
			}
		case <-over.C:
			c.s.unshelve(k)
			c.note(call.Fact{Kind: call.Unparked, Agent: from.id, Count: k.slot, Cause: "timeout"})
			return c.recall(from, "Дзвінок повернувся з утримання: ніхто не взяв його.")
		case <-c.box.bell:
			c.box.take()
		case <-c.port.Digits():
		case <-c.speak.C():
			c.speak.next()
		case <-again.C:
			c.speak.start(c.line(nil, "queue.hold"), false)
		}
	}
}

// takenFrom rings the agent who wants the parked call: a browser is joined at once, a desk phone is picked up. While it rings the
// call is promised: nobody else gets it. Nobody: it is parked as before.
func (c *conductor) takenFrom(k *parked, w take) (*party, error) {
	s := c.s
	r := &ringing{aim: aim{kind: ToAgent, id: w.login, name: s.person(w.login).name}, why: whyPark, by: k.by, device: s.nearest(w.login)}
	if r = c.inPerson(r, true); r == nil {
		err := s.free(aim{name: "Ви", id: w.login})
		if err == nil {
			err = fault.New(fault.Conflict, "Зараз узяти дзвінок не вдалося. Спробуйте ще раз.")
		}
		w.done <- err
		return nil, nil
	}
	r.accept()
	w.done <- nil
	p, cause, err := c.await(r)
	if p == nil {
		if err == nil {
			c.unanswered(r, cause)
		}
		return nil, err
	}
	c.note(call.Fact{Kind: call.Unparked, Agent: w.login, Count: k.slot, Cause: "taken"})
	return p, nil
}

// nearest is the one telephone on which an agent takes what they asked for themselves: the page that they clicked in, if it can.
func (s *Switchboard) nearest(login string) string {
	if d := s.device(login); d != DeviceBoth {
		return d
	}
	if s.o.Phones.Alive(login, DeviceBrowser) {
		return DeviceBrowser
	}
	return DevicePhone
}

// shelve gives a call the lowest free slot.
func (s *Switchboard) shelve(c *conductor, by string) *parked {
	now := time.Now()
	k := &parked{c: c, by: by, since: now, until: now.Add(s.o.ParkFor), takes: make(chan take), gone: make(chan struct{})}
	s.mu.Lock()
	for k.slot = 1; s.shelf[k.slot] != nil; k.slot++ {
	}
	s.shelf[k.slot] = k
	s.mu.Unlock()
	s.watchers.nudge()
	return k
}

// unshelve frees the slot. Twice is harmless.
func (s *Switchboard) unshelve(k *parked) {
	s.mu.Lock()
	if s.shelf[k.slot] == k {
		delete(s.shelf, k.slot)
		close(k.gone)
	}
	s.mu.Unlock()
	s.watchers.nudge()
}

// TakeParked connects an agent with the parked call of a slot.
func (s *Switchboard) TakeParked(login string, slot int) error {
	s.mu.Lock()
	k, busy := s.shelf[slot], s.talks[login] != nil
	s.mu.Unlock()
	over := fault.New(fault.Conflict, "Цей дзвінок уже взято, або громадянин поклав слухавку.")
	switch {
	case k == nil:
		return over
	case busy:
		return fault.New(fault.Conflict, "Спершу завершіть свою розмову.")
	}
	s.reachOne(s.desk.Snapshot().Agent(login))
	w := take{login: login, done: make(chan error, 1)}
	bound := time.NewTimer(commandBound)
	defer bound.Stop()
	select {
	case k.takes <- w:
		select {
		case err := <-w.done:
			return err
		case <-k.gone:
		}
		select {
		case err := <-w.done:
			return err
		default:
			return over
		}
	case <-k.gone:
		return over
	case <-bound.C:
		return fault.New(fault.Conflict, "Цей дзвінок саме бере хтось інший.")
	}
}

// ParkedView is a parked call as every operator sees it.
type ParkedView struct {
	Slot         int       `json:"slot"`
	Call         call.ID   `json:"call"`
	NumberMasked string    `json:"number_masked"`
	Topic        string    `json:"topic"`
	Service      string    `json:"service"`
	By           string    `json:"by"`
	ByName       string    `json:"by_name"`
	Since        time.Time `json:"since"`
	Until        time.Time `json:"until" doc:"Потім дзвінок повернеться до того, хто його поставив"`
}

// parkedViews lists the parked calls by slot.
func (s *Switchboard) parkedViews() []ParkedView {
	s.mu.Lock()
	all := make([]*parked, 0, len(s.shelf))
	for _, k := range s.shelf {
		all = append(all, k)
	}
	s.mu.Unlock()
	out := make([]ParkedView, 0, len(all))
	for _, k := range all {
		i := k.c.about()
		out = append(out, ParkedView{Slot: k.slot, Call: k.c.id, NumberMasked: lastFour(i.from), Topic: i.topic, Service: k.c.serviceName(i.service),
			By: k.by, ByName: s.person(k.by).name, Since: k.since.UTC(), Until: k.until.UTC()})
	}
	slices.SortFunc(out, func(a, b ParkedView) int { return cmp.Compare(a.Slot, b.Slot) })
	return out
}
