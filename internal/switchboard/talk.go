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

// How a talk ended for the conductor. Whatever it was, the agent whose talk it was is out of it.
const (
	endAgent   = "agent"  // hung up: survey, goodbye
	endLost    = "lost"   // the device died: the queue holds the citizen again
	endHanded  = "handed" // to the second party, who is there
	endAway    = "away"   // to a target that is being rung: music
	endQueue   = "queue"  // to the queue
	endParked  = "parked" // music until somebody takes the call
	endOrphan  = "orphan" // no way on but the head of the queue
	causeMoved = "transferred"
)

// ending is how a talk ended and what goes on.
type ending struct {
	how   string
	to    *party   // endHanded
	ring  *ringing // endAway
	aim   aim      // of a transfer
	blind bool     // the citizen does not know yet who will answer
	left  bool     // endAway: the agent has hung up, so it does not come back to them
	lost  bool     // the agent's device is dead
}

// holdSays is how often a caller on hold is told to wait (prompt queue.hold).
const holdSays = 30 * time.Second

// talk is a citizen and an agent in conversation, and at times a second party. The conductor's goroutine owns it; stage, me, guest
// and their fields are changed under c.mu, because views read them.
type talk struct {
	c     *conductor
	me    *party // whose talk it is
	guest *party // consulted, or the third of three; nil
	stage stage
	since time.Time
	cmds  chan command
	ended chan struct{}
	end   *ending // set: the talk is over

	resounds chan resounding // of a head who listens

	hold   bool        // the desk's button
	held   bool        // hold, or the phone's own
	ring   *ringing    // the second party while it is rung
	asked  *call.Refer // the phone's own transfer key, to be told how it ends
	aside  Leg         // the second call of the agent's desk phone: the consultation goes by it
	moves  *party      // who is about to go on at another telephone
	move   *ringing    // that telephone
	notice string      // what the agents should know, plain Ukrainian

	asideHeld bool // by the phone

	plan    plan
	sounds  bool // plan is carried out
	bridge  *media.Bridged
	other   *media.Bridged // of the agent's second call
	mix     *media.Mix
	waits   bool        // the citizen hears queue.hold now and then
	patient *time.Timer // repeats it
}

// talk joins the two and sees them through until the agent is out of it. err: the citizen's call is over.
func (c *conductor) talk(me *party) (e ending, err error) {
	t := &talk{
		c: c, me: me, stage: talking, since: time.Now(), cmds: make(chan command), ended: make(chan struct{}), patient: time.NewTimer(holdSays),
		resounds: make(chan resounding),
	}
	t.patient.Stop()
	defer func() { t.clear(e); t.goodbye() }() // also after a panic: nobody's line is left behind
	c.stopMusic()
	t.sound()
	c.note(call.Fact{Kind: call.Connected, Agent: me.id, Seconds: c.waited.Seconds(), Value: me.why})
	c.openCard(t)
	c.s.talking(t, me.id)
	if me.lost {
		me.lost = false
		t.gone(me)
	}
	t.holding()
	e, err = t.loop()
	t.apart()
	t.tellSound()
	c.speak.stop()
	t.clear(e)
	t.close(e, err)
	return e, err
}

// loop is a talk from the bridge to its end.
func (t *talk) loop() (ending, error) {
	c := t.c
	for t.end == nil {
		if t.waitsForMusic() {
			c.playMusic()
		}
		me, guest := t.me.ears(), t.guest.ears()
		asideDone, asideHold, asideRefer := t.asideEars()
		select {
		case <-c.ctx.Done():
			return ending{}, c.why()
		case <-me.done:
			t.left(t.me)
		case <-guest.done:
			t.left(t.guest)
		case up, ok := <-me.alive:
			t.page(t.me, up, ok)
		case up, ok := <-guest.alive:
			t.page(t.guest, up, ok)
		case on := <-me.hold:
			t.phoneHold(t.me, on)
		case on := <-guest.hold:
			t.phoneHold(t.guest, on)
		case <-me.patience:
			t.givenUp(t.me)
		case <-guest.patience:
			t.givenUp(t.guest)
		case <-asideDone: // the phone's user goes back to the citizen
			t.back("returned")
		case t.asideHeld = <-asideHold:
			t.sound()
		case w := <-me.refer:
			t.refer(w)
		case w := <-asideRefer:
			t.refer(w)
		case w := <-guest.refer:
			w.Refuse(403) // the call is not theirs
		case r := <-t.ring.answer():
			t.answered(r)
		case r := <-t.move.answer():
			t.moved(r)
		case m := <-t.cmds:
			m.done <- t.command(m)
		case r := <-t.resounds:
			t.resound(r)
		case <-c.box.bell:
			t.orders()
		case <-c.port.Digits(): // a citizen's keys mean nothing in a talk
		case <-c.speak.C():
			c.speak.next()
		case <-t.patient.C:
			t.patient.Reset(holdSays)
			c.speak.start(c.line(nil, "queue.hold"), false)
		}
	}
	return *t.end, nil
}

// waitsForMusic tells that the citizen is to hear music and nothing is being said.
func (t *talk) waitsForMusic() bool {
	return len(t.plan.music) > 0 && t.plan.music[0] == citizenEar && !t.c.speak.busy()
}

// orders carries out what the queue has decided since.
func (t *talk) orders() {
	orders := t.c.box.take()
	for i, o := range orders {
		switch o := o.(type) {
		case queue.Requeued:
			if o.Agent != t.me.id {
				continue
			}
			for _, later := range orders[i+1:] { // belongs to the new stay
				t.c.box.put(later)
			}
			t.over(ending{how: endLost})
			return
		case queue.Revoke:
			if t.ring != nil && o.Agent == t.ring.id && o.Call == t.c.id {
				t.unanswered(o.Cause, "")
			}
		}
	}
}

func (t *talk) over(e ending) {
	if t.end == nil {
		t.end = &e
	}
}

// left: a party's leg has ended.
func (t *talk) left(p *party) {
	switch {
	case p == t.guest:
		cause := "left"
		if !p.hungUp() {
			cause = "lost"
		}
		t.back(cause)
	case t.guest != nil:
		t.handOver(!p.hungUp()) // the citizen goes to whoever has answered
	case !p.hungUp():
		t.dead()
	case t.stage == calling: // the ringing goes on without the agent
		t.over(ending{how: endAway, ring: t.ring, aim: t.ring.aim, blind: true, left: true})
	default:
		t.over(ending{how: endAgent})
	}
}

// dead is a device that died for good (a desk phone that fell silent): the caller waits again at once.
func (t *talk) dead() {
	t.dropRing()
	t.gone(t.me)
	t.c.s.desk.Do(queue.Lost{Call: t.c.id, Final: true})
	t.orders()
	t.over(ending{how: endOrphan, lost: true})
}

// page follows the page of a party.
func (t *talk) page(p *party, up, ok bool) {
	switch {
	case !ok:
		p.alive = nil
	case up:
		t.pageBack(p)
	default:
		t.gone(p)
	}
}

// gone: a page is lost. Who is left hears music at once; the seconds are counted by the queue when the citizen would wait again, and
// here when the citizen has somebody to go to.
func (t *talk) gone(p *party) {
	if p.lost {
		return
	}
	t.set(func() { p.lost = true })
	t.c.note(call.Fact{Kind: call.AgentLost, Agent: p.agent(), Value: string(t.stage)})
	t.sound()
	t.count(p)
}

// count begins to count the seconds of a lost page.
func (t *talk) count(p *party) {
	if p == t.me && t.guest == nil {
		t.c.s.desk.Do(queue.Lost{Call: t.c.id})
		return
	}
	p.patience.Reset(t.c.s.lostFor())
}

// pageBack: the page is there again, on the same port.
func (t *talk) pageBack(p *party) {
	if !p.lost {
		return
	}
	t.set(func() { p.lost = false })
	p.patience.Stop()
	if p == t.me {
		t.c.s.desk.Do(queue.Back{Call: t.c.id})
	}
	t.c.note(call.Fact{Kind: call.AgentBack, Agent: p.agent(), Value: string(t.stage)})
	t.sound()
}

// givenUp: a lost page has not come back in time while there was a second party.
func (t *talk) givenUp(p *party) {
	switch {
	case !p.lost:
	case p == t.guest:
		t.back("lost")
	default:
		t.handOver(true)
	}
}

// phoneHold follows the hold button of a telephone itself.
func (t *talk) phoneHold(p *party, on bool) {
	t.set(func() { p.phone = on })
	t.holding()
}

// holding notes what the two hold buttons come to: the desk's and the phone's own.
func (t *talk) holding() {
	held := t.stage == talking && (t.hold || t.me.phone)
	if held != t.held {
		t.set(func() { t.held = held })
		kind := call.Resumed
		if held {
			kind = call.Held
		}
		t.c.note(call.Fact{Kind: kind, Agent: t.me.id})
	}
	t.sound()
}

// set changes what views read.
func (t *talk) set(f func()) {
	t.c.mu.Lock()
	f()
	t.c.mu.Unlock()
	t.c.s.watchers.nudge()
}

// clear leaves nothing of a talk behind: no telephone rings for it, no leg of those who are out of it lives. Twice is harmless.
func (t *talk) clear(e ending) {
	t.apart()
	t.patient.Stop()
	if e.how == endAway || e.how == endHanded {
		t.tell(200)
	}
	t.tell(487)
	t.dropAside()
	t.me.leg.Hangup("")
	t.me.patience.Stop()
	if t.ring != nil && t.ring != e.ring {
		t.c.drop(t.ring)
	}
	t.c.drop(t.move)
	if g := t.guest; g != nil && g != e.to {
		g.leg.Hangup("")
		t.c.s.silent(t, g.agent())
	}
}

// goodbye takes the talk off the agent's screen.
func (t *talk) goodbye() {
	close(t.ended)
	t.c.s.silent(t, t.me.id)
}

// close writes how the talk ended and tells the queue that the agent is out of it.
func (t *talk) close(e ending, err error) {
	f := call.Fact{Kind: call.TalkEnded, Agent: t.me.id, Cause: e.how}
	switch {
	case err != nil:
		f.Cause = "caller"
	case e.how == endLost, e.how == endOrphan, e.lost:
		f.Cause = "lost"
	case e.how == endHanded, e.how == endAway, e.how == endQueue:
		f.Cause = causeMoved
	}
	t.c.note(f)
	t.c.legSound(t.me.leg, t.me.id)
	switch {
	case err == nil && e.how == endLost:
		t.c.note(call.Fact{Kind: call.Requeued})
		return
	case err == nil && e.how == endHanded && e.to.kind == ToAgent: // the queue knows: t.handOver
	default:
		t.c.s.writeUp(t.c, t.me.id, e.lost)
	}
	if f.Cause != causeMoved && !(e.lost && e.to != nil) {
		return
	}
	way := "attended"
	if e.blind {
		way = "blind"
	}
	t.c.note(call.Fact{Kind: call.Transferred, Agent: t.me.id, Name: e.aim.kind, Value: e.aim.value(), Cause: way})
}

// openCard makes the card of the talk, with all that the system knows; the bridge does not wait for the disk. The card of a call that
// had one already goes on with it.
func (c *conductor) openCard(t *talk) {
	i := c.about()
	n := casework.NewCard{
		Call: c.id, At: time.Now().UTC(), From: i.from, Topic: i.topic, Service: i.service, Path: i.path,
		WaitedS: int(c.waited.Seconds()), Agent: t.me.id,
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

// talking shows the talk on an agent's screen and takes the agent's commands; silent ends both.
func (s *Switchboard) talking(t *talk, login string) {
	s.mu.Lock()
	s.talks[login] = t
	s.mu.Unlock()
	s.watchers.nudge()
}

func (s *Switchboard) silent(t *talk, login string) {
	s.mu.Lock()
	if s.talks[login] == t {
		delete(s.talks, login)
	}
	s.mu.Unlock()
	s.watchers.nudge()
}

// writeUp tells the queue that an agent is out of a call: it is remembered until the card has been written. One whose device died
// goes on a break instead.
func (s *Switchboard) writeUp(c *conductor, login string, lost bool) {
	s.writes(c, login)
	s.desk.Do(queue.Release{Call: c.id, Agent: login})
	if lost {
		s.desk.Do(queue.SetStatus{Agent: login, Status: queue.Break, Reason: queue.ReasonLost})
	}
	s.wrote(c, login)
}

// writes remembers whose call an agent is about to write of.
func (s *Switchboard) writes(c *conductor, login string) {
	s.mu.Lock()
	s.wraps[login] = c
	s.mu.Unlock()
}

// wrote forgets it when there was nothing to write: the queue had taken the call back in the same moment.
func (s *Switchboard) wrote(c *conductor, login string) {
	if a := s.desk.Snapshot().Agent(login); a.Activity == queue.WrapUp && a.Call == c.id {
		return
	}
	s.mu.Lock()
	delete(s.wraps, login)
	s.mu.Unlock()
}

// wrappedUp writes the fact; it may come after the call's record.
func (s *Switchboard) wrappedUp(o queue.WrappedUp) {
	s.mu.Lock()
	c := s.wraps[o.Agent]
	delete(s.wraps, o.Agent)
	s.mu.Unlock()
	if c != nil && c.id == o.Call {
		c.note(call.Fact{Kind: call.WrappedUp, Agent: o.Agent, Seconds: o.Took.Seconds()})
	}
}
