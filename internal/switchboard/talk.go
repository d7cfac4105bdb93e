package switchboard

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/casework"
	"dovidka/internal/media"
	"dovidka/internal/queue"
)

// How a talk ended for the conductor.
const (
	endAgent = "agent" // the agent hung up: survey, goodbye
	endLost  = "lost"  // the agent's device died: the queue again
)

// holdSays is how often a caller on hold is told to wait (prompt queue.hold).
const holdSays = 30 * time.Second

// talk is a citizen and an agent in conversation. The conductor's goroutine owns it; the fields under mu are read by views.
type talk struct {
	c       *conductor
	leg     Leg
	agent   string
	since   time.Time
	waited  time.Duration
	cmds    chan command
	ended   chan struct{}
	bridge  *media.Bridged // nil while apart
	hold    bool           // the desk's button
	phone   bool           // the phone's own hold
	patient *time.Timer    // repeats queue.hold

	held, muted, lost bool // under c.mu
}

// command is an agent's wish about the present talk; done answers it.
type command struct {
	do   string // "hangup", "hold", "mute", "digits"
	on   bool
	keys string
	done chan error
}

// talk bridges the two until one leaves. err: the citizen's call is over.
func (c *conductor) talk(leg Leg, ring *ringing, waited time.Duration) (ended string, err error) {
	t := &talk{
		c: c, leg: leg, agent: ring.agent, since: time.Now(), waited: waited, cmds: make(chan command),
		ended: make(chan struct{}), patient: time.NewTimer(holdSays),
	}
	t.patient.Stop()
	defer leg.Hangup("") // also after a panic: the agent's line must be free
	c.stopMusic()
	t.join()
	c.note(call.Fact{Kind: call.Connected, Agent: t.agent, Seconds: waited.Seconds()})
	c.openCard(t)
	c.s.talking(t)
	defer c.s.silent(t)
	ended, err = t.loop()
	t.apart()
	c.speak.stop()
	t.patient.Stop()
	leg.Hangup("")
	switch {
	case err != nil:
		c.note(call.Fact{Kind: call.TalkEnded, Agent: t.agent, Cause: "caller"})
		c.s.wrapUp(t)
	case ended == endAgent:
		c.note(call.Fact{Kind: call.TalkEnded, Agent: t.agent, Cause: "agent"})
		c.s.wrapUp(t)
	default:
		c.note(call.Fact{Kind: call.TalkEnded, Agent: t.agent, Cause: "lost"})
		c.note(call.Fact{Kind: call.Requeued})
	}
	return ended, err
}

// loop is a talk from the bridge to its end.
func (t *talk) loop() (string, error) {
	c := t.c
	alive := t.leg.Alive()
	for {
		if (t.held || t.lost) && !c.speak.busy() {
			c.playMusic()
		}
		select {
		case <-c.ctx.Done():
			return "", c.why()
		case <-t.leg.Done():
			if t.leg.Cause() == "caller" || t.leg.Cause() == "us" {
				return endAgent, nil
			}
			return t.final()
		case up, ok := <-alive:
			switch {
			case !ok:
				alive = nil
			case up:
				t.back()
			default:
				t.gone()
			}
		case on := <-t.leg.Media().HoldChanged():
			t.phone = on
			t.holding()
		case m := <-t.cmds:
			if t.command(m) {
				return endAgent, nil
			}
		case <-c.box.bell:
			if t.requeued() {
				return endLost, nil
			}
		case <-c.port.Digits(): // a citizen's keys mean nothing in a talk
		case <-c.speak.C():
			c.speak.next()
		case <-t.patient.C:
			t.patient.Reset(holdSays)
			c.speak.start(c.line(nil, "queue.hold"), false)
		}
	}
}

// final is a device that died for good (a desk phone that fell silent): the caller waits again at once.
func (t *talk) final() (string, error) {
	t.gone()
	t.c.s.desk.Do(queue.Lost{Call: t.c.id, Final: true})
	t.requeued()
	return endLost, nil
}

// requeued looks for the queue's word that the caller waits again; what came after it belongs to the new stay.
func (t *talk) requeued() bool {
	orders := t.c.box.take()
	for i, o := range orders {
		if r, ok := o.(queue.Requeued); ok && r.Agent == t.agent {
			for _, later := range orders[i+1:] {
				t.c.box.put(later)
			}
			return true
		}
	}
	return false
}

// join bridges the sound; apart parts it, and the citizen hears music.
func (t *talk) join() {
	if t.bridge == nil {
		t.c.speak.stop()
		t.c.stopMusic()
		t.bridge = media.Bridge(t.c.port, t.leg.Media())
	}
}

func (t *talk) apart() {
	if t.bridge != nil {
		t.bridge.Break()
		t.bridge = nil
	}
}

// holding follows the two hold buttons: the desk's and the phone's own.
func (t *talk) holding() {
	held := t.hold || t.phone
	if held == t.held {
		return
	}
	t.set(func() { t.held = held })
	kind := call.Resumed
	if held {
		kind = call.Held
	}
	t.c.note(call.Fact{Kind: kind, Agent: t.agent})
	t.sound()
	if held {
		t.patient.Reset(holdSays)
		t.c.speak.start(t.c.line(nil, "queue.hold"), false)
	} else {
		t.patient.Stop()
	}
}

// gone: the agent's page is lost; the citizen hears music at once and the queue counts the seconds.
func (t *talk) gone() {
	if t.lost {
		return
	}
	t.set(func() { t.lost = true })
	t.c.note(call.Fact{Kind: call.AgentLost, Agent: t.agent})
	t.sound()
	t.c.s.desk.Do(queue.Lost{Call: t.c.id})
}

// back: the page is there again, on the same port.
func (t *talk) back() {
	if !t.lost {
		return
	}
	t.set(func() { t.lost = false })
	t.c.s.desk.Do(queue.Back{Call: t.c.id})
	t.c.note(call.Fact{Kind: call.AgentBack, Agent: t.agent})
	t.sound()
}

// sound is what follows from held and lost.
func (t *talk) sound() {
	if t.held || t.lost {
		t.apart()
		t.c.playMusic()
		return
	}
	t.join()
}

// set changes what views read.
func (t *talk) set(f func()) {
	t.c.mu.Lock()
	f()
	t.c.mu.Unlock()
	t.c.s.watchers.nudge()
}

// command does what the agent wishes; true: hang up.
func (t *talk) command(m command) (over bool) {
	switch m.do {
	case "hangup":
		over = true
	case "hold":
		t.hold = m.on
		if !m.on {
			t.phone = false
		}
		t.holding()
	case "mute":
		t.leg.Media().Mute(m.on)
		t.set(func() { t.muted = m.on })
	case "digits":
		t.c.port.SendDigits(m.keys)
	}
	m.done <- nil
	return over
}

// openCard makes the card of the talk, with all that the system knows; the bridge does not wait for the disk.
func (c *conductor) openCard(t *talk) {
	i := c.about()
	n := casework.NewCard{
		Call: c.id, At: time.Now().UTC(), From: i.from, Topic: i.topic, Service: i.service, Path: i.path,
		WaitedS: int(t.waited.Seconds()), Agent: t.agent,
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(c.ctx), closingTime)
	c.work.Go(func() {
		defer stop()
		defer func() {
			if p := recover(); p != nil {
				c.log.Error("switchboard: card panics", "agent", n.Agent, "err", fmt.Sprint(p), "stack", string(debug.Stack()))
			}
		}()
		card, err := c.s.o.Cards.NewCard(ctx, n)
		if err != nil {
			c.log.Error("switchboard: card", "agent", n.Agent, "err", err)
			c.note(call.Fact{Kind: call.Fault, Cause: "card"})
			return
		}
		c.tell(func(i *info) { i.card = card.Number })
		c.s.watchers.nudge()
	})
}

// talking shows the talk on the agent's screen and takes the agent's commands; silent ends both.
func (s *Switchboard) talking(t *talk) {
	s.mu.Lock()
	s.talks[t.agent] = t
	s.mu.Unlock()
	s.watchers.nudge()
}

func (s *Switchboard) silent(t *talk) {
	close(t.ended)
	s.mu.Lock()
	if s.talks[t.agent] == t {
		delete(s.talks, t.agent)
	}
	s.mu.Unlock()
	s.watchers.nudge()
}

// wrapUp tells the queue that the talk is over; the call is remembered until the agent has written the card.
func (s *Switchboard) wrapUp(t *talk) {
	id := t.c.id
	s.mu.Lock()
	s.wraps[id] = t.c
	s.mu.Unlock()
	s.desk.Do(queue.Ended{Call: id})
	if s.desk.Snapshot().Agent(t.agent).Call != id { // back in the queue in the same moment: nobody writes about it
		s.mu.Lock()
		delete(s.wraps, id)
		s.mu.Unlock()
	}
}

// wrappedUp writes the fact; it may come after the call's record.
func (s *Switchboard) wrappedUp(o queue.WrappedUp) {
	s.mu.Lock()
	c := s.wraps[o.Call]
	delete(s.wraps, o.Call)
	s.mu.Unlock()
	if c != nil {
		c.note(call.Fact{Kind: call.WrappedUp, Agent: o.Agent, Seconds: o.Took.Seconds()})
	}
}
