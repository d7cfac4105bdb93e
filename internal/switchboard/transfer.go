package switchboard

import (
	"time"

	"dovidka/internal/call"
	"dovidka/internal/media"
)

// talks leads the citizen through all talks of one stay: with the agent whom the queue gave, with those to whom the call is
// transferred, with a department, and through the music between them. Whoever hangs up or dies at whatever moment, there is a way on:
// the second party who has answered, else the first agent, else the head of the queue (decision 050).
func (c *conductor) talks(p *party) (ended string, err error) {
	for p != nil {
		if p.kind == ToDepartment {
			return c.outside(p)
		}
		e, err := c.talk(p)
		if err != nil {
			return "", err
		}
		switch e.how {
		case endAgent, endLost:
			return e.how, nil
		case endQueue:
			c.tell(func(i *info) { i.topic = e.aim.id })
			p = nil
		case endHanded:
			p = e.to
		case endAway:
			if p, err = c.away(p, e); err != nil {
				return "", err
			}
		case endParked:
			if p, err = c.park(p); err != nil {
				return "", err
			}
		default:
			p = nil
		}
	}
	return toHead, nil
}

// away is the citizen between an agent who has left and a target that is being rung. A target that does not answer brings the citizen
// back to the agent, unless that one has hung up. A nil party: nobody, the head of the queue.
func (c *conductor) away(from *party, e ending) (*party, error) {
	lines := c.line(nil, "queue.connecting")
	if e.aim.kind == ToDepartment {
		lines = c.line(map[string]any{"department": e.aim.name}, "transfer.department")
	}
	c.speak.start(lines, false)
	p, cause, err := c.await(e.ring)
	if err != nil || p != nil {
		return p, err
	}
	c.unanswered(e.ring, cause)
	c.note(call.Fact{Kind: call.TransferFailed, Agent: from.id, Name: e.aim.kind, Value: e.aim.value(), Cause: cause})
	if e.left {
		return nil, nil
	}
	return c.recall(from, e.aim.name+": "+causeWords(cause)+".")
}

// recall brings the citizen back to the agent who had the call.
func (c *conductor) recall(from *party, note string) (*party, error) {
	r := c.inPerson(&ringing{aim: from.aim, why: whyReturn, by: from.id, note: note}, true)
	if r == nil {
		return nil, nil
	}
	p, cause, err := c.await(r)
	if p == nil && err == nil {
		c.unanswered(r, cause)
	}
	return p, err
}

// await is music until the ringing is over: the party who answered, or none and why.
func (c *conductor) await(r *ringing) (p *party, cause string, err error) {
	again := time.NewTicker(holdSays)
	defer again.Stop()
	for {
		if !c.speak.busy() {
			c.playMusic()
		}
		select {
		case <-c.ctx.Done():
			c.drop(r)
			return nil, "", c.why()
		case out := <-r.answer():
			r.over = true
			if c.ctx.Err() != nil { // the citizen left in the same moment
				c.drop(r)
				if out.leg != nil {
					out.leg.Hangup("487")
				}
				return nil, "", c.why()
			}
			p, cause = c.taken(r, out, false)
			return p, cause, nil
		case <-c.box.bell:
			if cause, over := c.revoked(r); over {
				c.drop(r)
				return nil, cause, nil
			}
		case <-c.port.Digits():
		case <-c.speak.C():
			c.speak.next()
		case <-again.C:
			c.speak.start(c.line(nil, "queue.hold"), false)
		}
	}
}

// outside is the citizen with a department; no agent is there. When the department hangs up the call ends as after any talk; when
// it dies the citizen is at the head of the queue.
func (c *conductor) outside(p *party) (ended string, err error) {
	defer p.leg.Hangup("")
	c.note(call.Fact{Kind: call.Outside, Value: p.name})
	cause := "department"
	defer func() { c.note(call.Fact{Kind: call.OutsideEnded, Value: p.name, Cause: cause}) }()
	var bridge *media.Bridged
	sound := func(on bool) {
		switch {
		case on && bridge == nil:
			c.hushQueue()
			bridge = media.Bridge(c.port, p.leg.Media())
		case !on && bridge != nil:
			bridge.Break()
			bridge = nil
			c.playMusic()
		}
	}
	sound(!p.phone)
	defer func() {
		if bridge != nil {
			bridge.Break()
		}
	}()
	for {
		select {
		case <-c.ctx.Done():
			cause = "caller"
			return "", c.why()
		case <-p.leg.Done():
			if p.hungUp() {
				return endAgent, nil
			}
			cause = "lost"
			return toHead, nil
		case on := <-p.leg.Media().HoldChanged():
			sound(!on)
		case <-c.box.bell:
			c.box.take() // nothing of the queue's concerns this call now
		case <-c.port.Digits(): // keys go to the department with the sound
		}
	}
}

// lostFor is how long a lost page is waited for, where the queue does not count.
func (s *Switchboard) lostFor() time.Duration {
	if d := s.o.Queue.LostFor; d > 0 {
		return d
	}
	return 15 * time.Second
}
