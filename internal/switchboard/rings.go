package switchboard

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/fault"
	"dovidka/internal/outgoing"
	"dovidka/internal/queue"
)

// answerIn is how long a colleague, a department or the first operator is rung before the citizen comes back.
const answerIn = 25 * time.Second

// ErrElsewhere is the cause with which a telephone stops to ring because another of the same agent has answered: nobody missed
// anything (RFC 3326: «Call completed elsewhere»).
var ErrElsewhere = errors.New("switchboard: answered elsewhere")

// Why an agent is rung in person (the Value of the fact offered; "" is an offer of the queue).
const (
	whyConsult  = "consult"
	whyTransfer = "transfer"
	whyReturn   = "return"
	whyPark     = "park"
	whyMove     = "move"
)

// ringing is one agent's telephones, or a department's, being rung for one call.
type ringing struct {
	aim
	call     call.ID
	device   string // browser, phone, both
	deadline time.Time
	why      string
	by       string // who asks, for the agent's screen
	note     string // what failed before, for the agent's screen
	accepted chan struct{}
	once     sync.Once
	cancel   context.CancelCauseFunc
	result   chan rung
	over     bool // the result has been read; the conductor's own
}

// rung is how a ringing ended.
type rung struct {
	leg    Leg
	device string
	err    error
}

// cause is that of the facts about a ringing that came to nothing.
func (r rung) cause() string {
	switch {
	case errors.Is(r.err, ErrRefused):
		return queue.CauseRefused
	case errors.Is(r.err, context.DeadlineExceeded):
		return queue.CauseNoAnswer
	case fault.Is(r.err, fault.Denied):
		return "denied"
	}
	return queue.CauseOffline
}

// words is the sentence for the agent where the failure has one of its own.
func (r rung) words() string {
	if fault.Is(r.err, fault.Denied) || fault.Is(r.err, fault.Busy) {
		return fault.Say(r.err)
	}
	return ""
}

// ring begins to ring an agent at the telephones that they have chosen.
func (c *conductor) ring(r *ringing) *ringing {
	s := c.s
	if r.device == "" {
		r.device = s.device(r.id)
	}
	c.begin(r, 0)
	s.mu.Lock()
	s.rings[r.id] = r
	s.mu.Unlock()
	c.note(call.Fact{Kind: call.Offered, Agent: r.id, Name: r.device, Value: r.why})
	s.watchers.nudge()
	return r
}

// begin dials in a goroutine; bound 0: until it is stopped.
func (c *conductor) begin(r *ringing, bound time.Duration) {
	ctx, cancel := context.WithCancelCause(c.ctx)
	r.call, r.cancel, r.result, r.accepted = c.id, cancel, make(chan rung, 1), make(chan struct{})
	stop := context.CancelFunc(func() {})
	if bound > 0 {
		r.deadline = time.Now().Add(bound)
		ctx, stop = context.WithTimeout(ctx, bound)
	}
	go func() {
		defer stop()
		r.result <- c.dial(ctx, r)
	}()
}

// dial rings until somebody answers, or none does.
func (c *conductor) dial(ctx context.Context, r *ringing) rung {
	if r.kind == ToDepartment {
		return c.guarded(r, "", func() (Leg, error) {
			return c.s.o.Phones.DialOut(ctx, Outgoing{To: r.number, Reason: outgoing.Transfer, Author: r.by, Call: c.id})
		})
	}
	devices := c.s.reachable(r.id, r.device)
	ctx, cancel := context.WithCancelCause(ctx)
	ends := make(chan rung, len(devices))
	for _, d := range devices {
		go func() {
			ends <- c.guarded(r, d, func() (Leg, error) {
				return c.s.o.Phones.Dial(ctx, r.id, d, Ring{Call: c.id, From: c.leg.From(), Accepted: r.accepted})
			})
		}()
	}
	var last rung
	for left := len(devices); left > 0; left-- {
		last = <-ends
		if last.leg != nil || errors.Is(last.err, ErrRefused) { // one word of the person counts for all their telephones
			cancel(ErrElsewhere)
			go hangUpLate(ends, left-1)
			return last
		}
	}
	cancel(nil)
	return last
}

// hangUpLate hangs up what was picked up in the moment in which another telephone was.
func hangUpLate(ends <-chan rung, left int) {
	for range left {
		if late := <-ends; late.leg != nil {
			late.leg.Hangup("487")
		}
	}
}

// guarded turns a panic of a room below into a telephone that cannot be rung.
func (c *conductor) guarded(r *ringing, device string, dial func() (Leg, error)) (out rung) {
	out.device = device
	defer func() {
		if p := recover(); p != nil {
			c.log.Error("switchboard: dial panics", "agent", r.id, "err", fmt.Sprint(p), "stack", string(debug.Stack()))
			out = rung{device: device, err: errors.New("switchboard: dial: panic")}
		}
	}()
	out.leg, out.err = dial()
	return out
}

// reachable gives those of the chosen telephones that can be rung; all chosen ones when none can, so that the failure has a name.
func (s *Switchboard) reachable(login, chosen string) []string {
	all := devicesOf(chosen)
	var out []string
	for _, d := range all {
		if s.o.Phones.Alive(login, d) {
			out = append(out, d)
		}
	}
	if len(out) == 0 {
		return all
	}
	return out
}

// devicesOf gives the telephones of a choice.
func devicesOf(chosen string) []string {
	if chosen == DeviceBoth {
		return []string{DeviceBrowser, DevicePhone}
	}
	return []string{chosen}
}

// alive tells whether any telephone of a choice can be rung.
func (s *Switchboard) alive(login, chosen string) bool {
	for _, d := range devicesOf(chosen) {
		if s.o.Phones.Alive(login, d) {
			return true
		}
	}
	return false
}

// answer is where the ringing tells its end; nil (never) for no ringing.
func (r *ringing) answer() <-chan rung {
	if r == nil {
		return nil
	}
	return r.result
}

// stop ends the ringing; a leg that was picked up in the last moment is hung up. Twice is harmless.
func (r *ringing) stop() {
	r.cancel(nil)
	if r.over {
		return
	}
	r.over = true
	go func() {
		if out := <-r.result; out.leg != nil {
			out.leg.Hangup("487")
		}
	}()
}

// accept joins the browser. Twice is harmless.
func (r *ringing) accept() { r.once.Do(func() { close(r.accepted) }) }

// stopRinging takes a ringing off the agent's screen.
func (s *Switchboard) stopRinging(r *ringing) {
	s.mu.Lock()
	if s.rings[r.id] == r {
		delete(s.rings, r.id)
	}
	s.mu.Unlock()
	s.watchers.nudge()
}

// drop ends a ringing that is no longer wanted, also in the queue's eyes. Nil and twice are harmless.
func (c *conductor) drop(r *ringing) {
	if r == nil {
		return
	}
	c.s.stopRinging(r)
	r.stop()
	if r.kind == ToAgent && r.why != whyMove {
		c.s.desk.Do(queue.Withdraw{Call: c.id, Agent: r.id})
	}
}

// inPerson asks the queue for this very agent and rings them; nil: they are not free.
func (c *conductor) inPerson(r *ringing, own bool) *ringing {
	for _, o := range c.s.desk.Do(queue.Reserve{Call: c.id, Agent: r.id, For: answerIn, Own: own}) {
		if o, ok := o.(queue.Rung); ok && o.Call == c.id && o.Agent == r.id {
			r.deadline = o.Deadline
			return c.ring(r)
		}
	}
	return nil
}

// reach begins to ring a target for an agent of this call.
func (c *conductor) reach(a aim, by *party, why string) (*ringing, error) {
	r := &ringing{aim: a, why: why, by: by.id}
	if a.kind == ToDepartment {
		c.begin(r, answerIn)
		return r, nil
	}
	if r = c.inPerson(r, false); r == nil {
		if err := c.s.free(a); err != nil {
			return nil, err
		}
		return nil, fault.New(fault.Conflict, a.name+": щойно зайнято. Виберіть когось іншого.")
	}
	return r, nil
}

// taken ends a ringing in the queue's eyes: the party, or nil and the cause for which there is none.
func (c *conductor) taken(r *ringing, out rung, guest bool) (*party, string) {
	r.over = true
	c.s.stopRinging(r)
	if out.err != nil {
		if r.kind == ToAgent {
			c.log.Warn("switchboard: ring", "agent", r.id, "err", out.err)
			c.s.reachOne(c.s.desk.Snapshot().Agent(r.id))
			c.s.desk.Do(queue.Decline{Call: c.id, Agent: r.id, Cause: out.cause()})
		} else {
			c.log.Warn("switchboard: department", "cause", out.cause(), "err", out.err)
		}
		return nil, out.cause()
	}
	if r.kind == ToAgent && !c.joined(r, guest) {
		out.leg.Hangup("486") // too late: the ringing had ended
		return nil, queue.CauseNoAnswer
	}
	p := newParty(r.aim, out)
	p.why = r.why
	return p, ""
}

func (c *conductor) joined(r *ringing, guest bool) bool {
	i := c.about()
	for _, o := range c.s.desk.Do(queue.Join{Call: c.id, Agent: r.id, Guest: guest, Topic: i.topic, Service: i.service, Kept: c.waited}) {
		if o, ok := o.(queue.Joined); ok && o.Call == c.id && o.Agent == r.id {
			return true
		}
	}
	return false
}

// revoked looks for the queue's word that a ringing is over; in a stage without a holder no other order can mean anything.
func (c *conductor) revoked(r *ringing) (cause string, over bool) {
	for _, o := range c.box.take() {
		if v, ok := o.(queue.Revoke); ok && r != nil && v.Agent == r.id && v.Call == c.id {
			cause, over = v.Cause, true
		}
	}
	return cause, over
}

// unanswered notes that an agent rung in person let it ring to its end.
func (c *conductor) unanswered(r *ringing, cause string) {
	if r.kind == ToAgent && cause == queue.CauseNoAnswer {
		c.note(call.Fact{Kind: call.Missed, Agent: r.id, Cause: cause})
	}
}
