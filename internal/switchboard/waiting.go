package switchboard

import (
	"time"

	"dovidka/internal/call"
	"dovidka/internal/hours"
	"dovidka/internal/ivr"
	"dovidka/internal/queue"
	"dovidka/internal/spoken"
)

// everyMinute is how often a waiting caller hears that we have not forgotten (prompt queue.thanks).
const everyMinute = time.Minute

// longWait is from where the wait is announced as long (prompt queue.wait_long).
const longWait = 5 * time.Minute

// lastCallWarning is how long before the end of the working day the queue warns (prompt queue.last_call).
const lastCallWarning = 15 * time.Minute

// enqueue keeps the caller in the queue until a talk, a message or the way back, and tells the menu which.
func (c *conductor) enqueue(topic, service string) (how string, err error) {
	c.tell(func(i *info) { i.topic, i.service = topic, service })
	defer c.hushQueue()
	head := false
	if err := c.announce(); err != nil {
		return "", err
	}
	for {
		how, err := c.stay(head)
		if err != nil || how != again && how != toHead {
			return how, err
		}
		head = how == toHead
	}
}

// Another stay in the queue.
const (
	again  = "again"   // the caller pressed 0 in the survey or while recording a message
	toHead = "to_head" // a talk has led back here: before those who have not talked yet
)

// hushQueue leaves silence behind when the caller leaves the queue.
func (c *conductor) hushQueue() {
	c.speak.stop()
	c.stopMusic()
}

// stay is one stay in the queue.
type stay struct {
	c       *conductor
	promise queue.Promise
	rings   *ringing // offered by the queue
	greeted bool     // told that an agent is being rung
	minute  *time.Timer
}

// stay enters the queue and sees the caller through to a talk or out of it.
func (c *conductor) stay(head bool) (string, error) {
	c.box.take() // orders of an earlier stay
	s := &stay{c: c, minute: time.NewTimer(everyMinute)}
	defer s.minute.Stop()
	if !s.enter(head) { // the queue itself has failed: nobody may be left with music for ever
		c.log.Error("switchboard: alarm: the queue does not answer")
		return s.expelled(queue.WhyNoOperators)
	}
	if w, ok := c.s.desk.Snapshot().Caller(c.id); ok && w.Agent == "" {
		s.announce(w, append(c.line(nil, "queue.all_busy"), c.lastCall(time.Now())...))
	}
	return s.wait()
}

// enter takes a place in the queue; false: the queue has not heard.
func (s *stay) enter(head bool) (known bool) {
	c := s.c
	i := c.about()
	e := queue.Enter{Call: c.id, Topic: i.topic, Service: i.service}
	if head {
		e.Head, e.Kept = true, c.waited
		c.note(call.Fact{Kind: call.Requeued, Name: i.topic})
	}
	for _, o := range c.s.desk.Do(e) {
		switch o := o.(type) {
		case queue.Placed:
			known = true
			if !head {
				c.note(call.Fact{Kind: call.Queued, Name: i.topic, Count: o.Position})
			}
		case queue.Expelled:
			known = known || o.Call == c.id
		}
	}
	return known
}

// wait is the loop of a waiting caller.
func (s *stay) wait() (string, error) {
	c := s.c
	for {
		if !c.speak.busy() {
			c.playMusic()
		}
		select {
		case <-c.ctx.Done():
			s.leave(true)
			return "", c.why()
		case <-c.box.bell:
			if how, over, err := s.orders(); over || err != nil {
				return how, err
			}
		case r := <-s.rings.answer():
			how, over, err := s.answered(r)
			if over || err != nil {
				return how, err
			}
		case d := <-c.port.Digits():
			if how, over, err := s.key(d.Key); over || err != nil {
				return how, err
			}
		case <-c.speak.C():
			c.speak.next()
		case <-s.minute.C:
			if how, over, err := s.everyMinute(); over || err != nil {
				return how, err
			}
		}
	}
}

// everyMinute thanks the waiting caller. One whom the queue has forgotten (it healed itself, users-ask 1) enters it again.
func (s *stay) everyMinute() (how string, over bool, err error) {
	c := s.c
	s.minute.Reset(everyMinute)
	if how, over, err = s.orders(); over || err != nil {
		return how, over, err
	}
	w, ok := c.s.desk.Snapshot().Caller(c.id)
	switch {
	case !ok && s.rings == nil:
		c.log.Error("switchboard: alarm: forgotten by the queue")
		return again, true, nil
	case ok && w.Agent == "":
		s.announce(w, c.line(nil, "queue.thanks"))
	}
	return "", false, nil
}

// orders carries out what the queue has decided since.
func (s *stay) orders() (how string, over bool, err error) {
	for _, o := range s.c.box.take() {
		if how, over, err = s.order(o); over || err != nil {
			return how, over, err
		}
	}
	return "", false, nil
}

// order carries out what the queue decided.
func (s *stay) order(o queue.Order) (how string, over bool, err error) {
	c := s.c
	switch o := o.(type) {
	case queue.Offer:
		c.speak.stop() // users-ask 4: the announcement stops the moment an agent is free
		s.stopRing()
		s.rings = c.ring(&ringing{aim: aim{kind: ToAgent, id: o.Agent}, deadline: o.Deadline})
		if !s.greeted {
			s.greeted = true
			c.speak.start(c.line(nil, "queue.connecting"), false)
		}
	case queue.Revoke:
		if s.rings != nil && s.rings.id == o.Agent {
			s.stopRing()
		}
		if o.Cause != queue.CauseGone {
			c.note(call.Fact{Kind: call.Missed, Agent: o.Agent, Cause: o.Cause})
			c.s.watchers.nudge()
		}
	case queue.Expelled:
		s.stopRing()
		how, err = s.expelled(o.Why)
		return how, true, err
	}
	return "", false, nil
}

// answered is the end of a ringing: a talk if the queue agrees that it is still in time.
func (s *stay) answered(r rung) (how string, over bool, err error) {
	c, ring := s.c, s.rings
	s.rings = nil
	ring.over = true
	c.s.stopRinging(ring)
	if c.ctx.Err() != nil { // the citizen left in the same moment: nobody missed anything
		if r.leg != nil {
			r.leg.Hangup("487")
		}
		return "", false, nil
	}
	if r.err != nil {
		c.log.Warn("switchboard: ring", "agent", ring.id, "err", r.err)
		c.s.reachOne(c.s.desk.Snapshot().Agent(ring.id)) // a page that reloads while it rings: the queue knows how to wait
		c.s.desk.Do(queue.Decline{Call: c.id, Agent: ring.id, Cause: r.cause()})
		return "", false, nil
	}
	ok := false
	for _, o := range c.s.desk.Do(queue.Connect{Call: c.id, Agent: ring.id}) {
		if o, is := o.(queue.Connected); is && o.Call == c.id {
			c.tell(func(*info) { c.waited = o.Waited })
			ok = true
		}
	}
	if !ok {
		r.leg.Hangup("486") // too late: the offer had ended
		return "", false, nil
	}
	c.speak.stop()
	ended, err := c.talks(newParty(aim{kind: ToAgent, id: ring.id, name: c.s.person(ring.id).name}, r))
	switch {
	case err != nil:
		return "", true, err
	case ended == endLost:
		s.lost()
		return "", false, nil
	case ended == toHead:
		return toHead, true, nil
	}
	c.unsupervise()
	c.rec.end()
	how, err = c.survey()
	return how, true, err
}

// lost goes on after the agent's browser died: the caller is at the head of the queue again.
func (s *stay) lost() {
	c := s.c
	s.greeted = true
	c.speak.start(c.line(nil, "queue.lost"), false)
	s.minute.Reset(everyMinute)
}

// leave takes the caller out of the queue.
func (s *stay) leave(abandoned bool) {
	s.stopRing()
	s.c.speak.stop()
	s.c.s.desk.Do(queue.Leave{Call: s.c.id, Abandoned: abandoned})
}

// stopRing ends a ringing that came to nothing.
func (s *stay) stopRing() {
	if s.rings != nil {
		s.c.s.stopRinging(s.rings)
		s.rings.stop()
		s.rings = nil
	}
}

// key: 1 is a message at any time, 8 a talk without recording, * says the place again; other keys do nothing here.
func (s *stay) key(k byte) (how string, over bool, err error) {
	c := s.c
	switch k {
	case '1':
		s.leave(false)
		c.note(call.Fact{Kind: call.LeftQueue, Value: "message"})
		how, err = s.message(nil)
		return how, true, err
	case '8':
		return "", false, c.refuseRecording("queue")
	case '*':
		if w, ok := c.s.desk.Snapshot().Caller(c.id); ok && w.Agent == "" {
			s.promise = queue.Promise{}
			s.announce(w, nil)
		}
	}
	return "", false, nil
}

// expelled leads to a message: full, waited too long, or nobody is there.
func (s *stay) expelled(why string) (string, error) {
	c := s.c
	c.speak.stop()
	c.note(call.Fact{Kind: call.LeftQueue, Value: why})
	id := map[string]string{
		queue.WhyFull: "queue.full_message", queue.WhyTimeout: "queue.timeout", queue.WhyNoOperators: "queue.no_operators",
	}[why]
	return s.message(c.line(nil, id, "queue.timeout"))
}

// message records one and tells the menu.
func (s *stay) message(intro []ivr.Line) (string, error) {
	c := s.c
	how, err := c.message("messages", append(intro, c.line(nil, "voicemail.intro")...))
	if err != nil {
		return "", err
	}
	switch how {
	case "saved":
		return "message_left", nil
	case "operator":
		return again, nil
	}
	return "menu", nil
}

// announce says the first lines, then place and wait where they are news, then the way out.
func (s *stay) announce(w queue.Waiting, first []ivr.Line) {
	c := s.c
	lines := first
	if s.promise.Better(w.Position) {
		lines = append(lines, s.place(w)...)
	}
	lines = append(lines, c.line(nil, "queue.message_offer")...)
	c.speak.start(lines, false)
}

// lastCall warns who enters the queue shortly before the end of the working day (regulation 3.3). A break is not the end.
func (c *conductor) lastCall(now time.Time) []ivr.Line {
	if c.menu == nil || c.menu.Hours == nil {
		return nil
	}
	v := c.menu.Hours.At(now)
	left := v.Until.Sub(now)
	if !v.Open || v.Until.IsZero() || left > lastCallWarning || c.menu.Hours.At(v.Until).Reason == hours.Break {
		return nil
	}
	return c.line(map[string]any{"minutes_left": spoken.Minutes(max(1, queue.Minutes(left)))}, "queue.last_call")
}

// place says position and estimate; an estimate never rises (docs/metrics.md, "wait estimate").
func (s *stay) place(w queue.Waiting) []ivr.Line {
	c := s.c
	f := call.Fact{Kind: call.Announced, Count: w.Position}
	lines := c.line(map[string]any{"position_ordinal": spoken.Ordinal(w.Position)}, "queue.position")
	if w.Position == 1 {
		lines = c.line(nil, "queue.next")
	}
	if w.Reliable && w.Estimate > 0 {
		est := s.promise.Wait(w.Estimate)
		f.Seconds = est.Seconds()
		n := queue.Minutes(est)
		vars := map[string]any{"wait_minutes": spoken.Minutes(n)}
		switch {
		case n == 0:
			lines = append(lines, c.line(nil, "queue.wait_less_minute")...)
		case est > longWait:
			lines = append(lines, c.line(vars, "queue.wait_long")...)
		default:
			lines = append(lines, c.line(vars, "queue.wait")...)
		}
	}
	c.note(f)
	return lines
}

// playMusic plays music unless it is playing; it goes on where it was.
func (c *conductor) playMusic() {
	if c.tune != nil {
		select {
		case <-c.tune.Done(): // something else took its place
		default:
			return
		}
	}
	c.tune = c.port.Play(c.music)
}

func (c *conductor) stopMusic() {
	if c.tune != nil {
		c.tune.Stop()
		c.tune = nil
	}
}
