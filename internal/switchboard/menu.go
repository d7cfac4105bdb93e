package switchboard

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/ivr"
	"dovidka/internal/speech"
)

// patience ends a wait for a key that nobody bounded: the menu must not hang.
const patience = 30 * time.Second

// listening is what the menu has asked for: lines to say, then a time to wait for a key.
type listening struct {
	said  bool          // lines were ordered whose end has not been told yet
	wait  time.Duration // asked for and not begun; below zero: begun
	timer *time.Timer   // running, when the lines are over
	key   byte          // pressed during a line that must be heard to its end
}

// converse leads the caller through the menu until goodbye. errMenu: the menu itself broke.
func (c *conductor) converse() (err error) {
	if c.menu == nil {
		return errMenu
	}
	var state ivr.State
	step := func(e ivr.Event) []ivr.Order { return c.step(&state, e) }
	l := &listening{timer: time.NewTimer(time.Hour)}
	l.timer.Stop()
	defer l.timer.Stop()
	orders := step(ivr.Begin{From: c.leg.From()})
	for {
		returned, over, err := c.carryOut(orders, l)
		switch {
		case err != nil:
			return err
		case over:
			return nil
		case returned != nil:
			orders = step(*returned)
			continue
		}
		e, err := c.listen(l)
		if err != nil {
			return err
		}
		orders = step(e)
	}
}

// step asks the menu what to do. A panic in it is a Bye that converse turns into the way to a person.
func (c *conductor) step(state *ivr.State, e ivr.Event) (orders []ivr.Order) {
	defer func() {
		if p := recover(); p != nil {
			c.log.Error("switchboard: menu panics", "err", fmt.Sprint(p), "stack", string(debug.Stack()))
			orders = []ivr.Order{broken{}}
		}
	}()
	return ivr.Step(c.menu, state, time.Now(), e)
}

// broken stands in the orders for a menu that panicked.
type broken struct{ ivr.Order }

// carryOut does the orders of one step. returned: a hand-over came back; over: goodbye.
func (c *conductor) carryOut(orders []ivr.Order, l *listening) (returned *ivr.Returned, over bool, err error) {
	for _, o := range orders {
		switch o := o.(type) {
		case ivr.Say:
			l.wait, l.said = 0, true
			l.timer.Stop()
			c.speak.start(o.Lines, true)
		case ivr.Wait:
			l.timer.Stop()
			l.wait = o.For
		case ivr.Note:
			c.note(o.Fact)
		case ivr.Enqueue:
			c.hush(l)
			how, err := c.enqueue(o.Topic, o.Service)
			return &ivr.Returned{How: how}, false, err
		case ivr.Leave:
			c.hush(l)
			how, err := c.message(o.Box, o.Intro)
			return &ivr.Returned{How: how}, false, err
		case ivr.Lookup:
			c.hush(l)
			return c.lookUp(o), false, nil
		case ivr.Bye:
			c.speak.stop()
			return nil, true, nil
		case broken:
			c.note(call.Fact{Kind: call.Fault, Cause: "menu"})
			c.hush(l)
			return nil, false, errMenu
		}
	}
	return nil, false, nil
}

// hush ends what the menu was saying and waiting for.
func (c *conductor) hush(l *listening) {
	c.speak.stop()
	l.timer.Stop()
	l.wait, l.key, l.said = 0, 0, false
}

// listen gives the next event of the caller: a key, the end of the lines, or the end of the wait.
func (c *conductor) listen(l *listening) (ivr.Event, error) {
	for {
		if c.gone() { // a port that closed looks like lines that ended: the caller has not heard them
			c.speak.stop()
			return nil, c.why()
		}
		if !c.speak.busy() {
			said := l.said
			l.said = false
			switch {
			case l.key != 0:
				k := l.key
				l.key = 0
				return ivr.Key{Key: k}, nil
			case said && c.speak.mute():
				return nil, errVoice
			case said:
				c.arm(l)
				return ivr.Ended{}, nil
			}
			c.arm(l)
		}
		select {
		case <-c.ctx.Done():
			c.speak.stop()
			return nil, c.why()
		case d := <-c.port.Digits():
			if !c.speak.interruptible() {
				l.key = d.Key
				continue
			}
			c.speak.stop()
			l.said = false
			return ivr.Key{Key: d.Key}, nil
		case <-c.speak.C():
			c.speak.next()
		case <-l.timer.C:
			l.wait = 0
			return ivr.Timeout{}, nil
		}
	}
}

// arm starts the wait that was asked for, or a long one if none was: a menu never hangs. wait < 0 means it runs already.
func (c *conductor) arm(l *listening) {
	switch {
	case l.wait > 0:
		l.timer.Reset(l.wait)
	case l.wait == 0:
		l.timer.Reset(patience)
	default:
		return
	}
	l.wait = -1
}

// lookUp tells the state of a request; without the room, or when it fails, the same as "not found".
func (c *conductor) lookUp(o ivr.Lookup) *ivr.Returned {
	missing := &ivr.Returned{How: "no_match", Lines: c.line(nil, "ticket.not_found")}
	if c.s.o.Requests == nil {
		return missing
	}
	ctx, stop := context.WithTimeout(c.ctx, closingTime)
	defer stop()
	found, lines, err := c.s.o.Requests.Lookup(ctx, c.menu, o.Number, o.Last4)
	switch {
	case err != nil:
		c.log.Error("switchboard: look-up", "err", err)
		c.note(call.Fact{Kind: call.Fault, Cause: "lookup"})
		return missing
	case !found:
		return missing
	}
	return &ivr.Returned{How: "found", Lines: lines}
}

// converseWithoutMenu is the way to a person when the menu or the voice has failed: the embedded clip, then the queue, or a
// message when nobody works now.
func (c *conductor) converseWithoutMenu() error {
	c.log.Error("switchboard: alarm: without menu or voice")
	c.sayClip(speech.Embedded("line_works"), 1)
	if c.ctx.Err() != nil {
		return c.why()
	}
	if open := c.open(); open != "open" {
		c.note(call.Fact{Kind: call.Closed, Value: open})
		_, err := c.message("messages", nil)
		return err
	}
	c.note(call.Fact{Kind: call.Asked, Value: "errors"})
	_, err := c.enqueue("", "")
	return err
}
