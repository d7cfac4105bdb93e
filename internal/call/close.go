package call

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Causes of a HungUp by "us" that make the call dropped: it was our fault, the citizen did not leave (docs/metrics.md).
const (
	CauseEmergency = "emergency" // of a Fault: the caller heard only that there is a fault, so the call was lost whoever hung up
	CauseFault     = "fault"     // something of ours failed and the call could not go on
	CauseShutdown  = "shutdown"  // the program was told to stop and the bound for running calls was over
)

// LeftForMenu is the Value of a LeftQueue fact of a caller who went back to the menu.
const LeftForMenu = "menu"

// ShortGreeting is the bound of abandoned_greeting (docs/metrics.md: < 5 s after our 200).
const ShortGreeting = 5 * time.Second

// heardShare is the part of a block from which it counts as heard (docs/metrics.md: ≥ 50 %).
const heardShare = 0.5

// Informs tells whether hearing this prompt or block informs a citizen (docs/metrics.md): a block of a service card
// ("service:ID/…"), working hours and address as asked for in the menu, or the status of a request. The short sentence about
// hours in a closed greeting ("closed.…", hours.operators) is not asked for and does not count.
func Informs(block string) bool {
	switch {
	case block == "hours.operators" || block == "hours.changed":
		return false
	case strings.HasPrefix(block, "service:"):
		return true
	}
	return block == "hours" || strings.HasPrefix(block, "hours.") || strings.HasPrefix(block, "ticket.status")
}

// phase is what a call is doing that is measured; exactly one at a time, so the parts never exceed the whole.
type phase int

const (
	inMenu phase = iota
	waiting
	talking
	held
	outside // with a department: nobody of ours talks
)

// closing is the state of one pass over the facts.
type closing struct {
	r         Record
	phase     phase
	since     time.Time // when the phase began
	end       time.Time // nothing is measured after it
	connected bool
	outside   bool // a department talked last
	third     Kind // ConsultBegun or Conference while a second party is there: then hold and loss of one end no music
	message   bool
	closed    bool // a person was asked for outside hours
	ended     Kind // HungUp, Refused, Overloaded, Cancelled; "" when the facts do not tell an end
	ours      bool // we hung up
	dropped   bool // ended by our fault, or found without an end
}

// Close computes the record of a call from its facts: pure, in any state of the facts, with exactly one outcome. Facts are
// taken in the order of Seq (the order given when it is 0); doubled ones count once.
func Close(facts []Fact) Record {
	facts = inOrder(facts)
	c := &closing{r: Record{Path: []string{}, Services: []string{}}}
	if len(facts) == 0 {
		c.r.Outcome = OutDropped
		return c.r
	}
	c.r.Call = facts[0].Call
	c.r.Arrived = facts[0].At
	c.findEnd(facts)
	at := c.r.Arrived
	c.since = at
	for _, f := range facts {
		if f.At.After(at) {
			at = f.At
		}
		if at.After(c.end) {
			at = c.end
		}
		c.take(f, at)
	}
	if c.phase == waiting && c.ours { // nobody is hung up on while waiting, except by our fault
		c.dropped = true
	}
	c.move(inMenu, c.end)
	c.r.Ended = c.end
	c.r.Outcome = c.outcome()
	return c.r
}

// inOrder sorts by Seq and drops doubles; a fact without a Seq keeps its place among its kind at the end.
func inOrder(in []Fact) []Fact {
	facts := slices.Clone(in)
	slices.SortStableFunc(facts, func(a, b Fact) int { return seqKey(a) - seqKey(b) })
	return slices.CompactFunc(facts, func(a, b Fact) bool { return a.Seq > 0 && a.Seq == b.Seq })
}

func seqKey(f Fact) int {
	if f.Seq <= 0 {
		return 1 << 30
	}
	return f.Seq
}

// findEnd finds when and how the call ended: the first ending fact; else the last sign of life before a restart.
func (c *closing) findEnd(facts []Fact) {
	c.end = c.r.Arrived
	lastFault, emergency := false, false
	for _, f := range facts {
		if f.Kind == Restarted || f.Kind == RecordingDeleted { // no sign of life
			continue
		}
		if f.At.After(c.end) {
			c.end = f.At
		}
		switch f.Kind {
		case HungUp, Refused, Overloaded, Cancelled:
			c.ended = f.Kind
			c.r.Cause = f.Cause
			c.ours = f.Kind == HungUp && f.Name == "us"
			c.dropped = emergency || c.ours && (lastFault || f.Cause == CauseFault || f.Cause == CauseShutdown)
			return
		}
		lastFault = f.Kind == Fault
		emergency = emergency || lastFault && f.Cause == CauseEmergency
	}
	c.dropped = true // no end among the facts: the program died, or forgot the call, which is as bad
	c.r.Cause = "restart"
}

// move ends the measured phase at t and begins the next.
func (c *closing) move(to phase, t time.Time) {
	d := t.Sub(c.since)
	switch c.phase {
	case waiting:
		c.r.Wait += d
	case talking:
		c.r.Talk += d
	case held:
		c.r.Hold += d
	}
	c.phase, c.since = to, t
}

// take counts one fact; at is its time, made monotone and cut at the end.
func (c *closing) take(f Fact, at time.Time) {
	r := &c.r
	r.Test = r.Test || f.Test
	switch f.Kind {
	case Arrived:
		r.From, r.To, r.Via = f.From, f.To, f.Name
	case Answered:
		if r.Answered.IsZero() {
			r.Answered = at
		}
	case Entered, Heard, Asked, Closed, StatusAsked:
		c.takeMenu(f)
	case Queued, LeftQueue, Connected, Held, Resumed, AgentLost, AgentBack, Requeued, TalkEnded:
		c.takeTalk(f, at)
	case ConsultBegun, ConsultEnded, Conference, Transferred, Parked, Outside, OutsideEnded:
		c.takeThird(f, at)
	case MessageLeft:
		c.message = true
		r.Card = f.Value
	case Scored:
		if n, err := strconv.Atoi(f.Value); err == nil && n >= 1 && n <= 4 {
			r.Score = n
		}
	case Solved:
		switch f.Value {
		case "yes", "partly", "no":
			r.Solved = f.Value
		}
	case WrappedUp:
		if f.Seconds > 0 {
			r.WrapUp += time.Duration(f.Seconds * float64(time.Second))
		}
	}
}

// takeMenu counts what happened in the menu.
func (c *closing) takeMenu(f Fact) {
	r := &c.r
	switch f.Kind {
	case Entered:
		label := f.Value
		if label == "" {
			label = f.Name
		}
		r.Path = append(r.Path, label)
	case Heard:
		if f.Share < heardShare || !Informs(f.Name) {
			return
		}
		r.Informed = true
		if id, ok := strings.CutPrefix(f.Name, "service:"); ok {
			id, _, _ = strings.Cut(id, "/")
			if !slices.Contains(r.Services, id) {
				r.Services = append(r.Services, id)
			}
		}
	case Asked, Closed:
		r.Asked = true
		c.closed = c.closed || f.Kind == Closed
		if f.Kind == Asked && f.Name != "" {
			r.Topic = f.Name
		}
	}
}

// takeTalk counts what happened in the queue and with an agent. An event that does not fit the phase changes nothing.
func (c *closing) takeTalk(f Fact, at time.Time) {
	r := &c.r
	switch {
	case f.Kind == Queued && c.phase == inMenu, f.Kind == Requeued && c.phase != waiting:
		r.Queued, r.Asked, r.LeftFor, c.closed = true, true, "", false
		if f.Name != "" {
			r.Topic = f.Name
		}
		c.move(waiting, at)
	case f.Kind == LeftQueue && (c.phase == waiting || c.phase == inMenu):
		r.Asked, r.LeftFor = true, f.Value
		c.move(inMenu, at)
	case f.Kind == Connected:
		if !c.connected && !r.Answered.IsZero() {
			r.TimeToPerson = at.Sub(r.Answered)
		}
		c.connected, c.outside, r.Asked, r.LeftFor, r.Agent = true, false, true, "", f.Agent
		c.move(talking, at)
	case (f.Kind == Held || f.Kind == AgentLost) && c.phase == talking && c.third == "":
		c.move(held, at) // the citizen hears music in both
	case (f.Kind == Resumed || f.Kind == AgentBack) && c.phase == held && c.third == "":
		c.move(talking, at)
	case f.Kind == TalkEnded && (c.phase == talking || c.phase == held):
		c.third = ""
		c.move(inMenu, at)
	}
}

// takeThird counts what a second party did to the talk. Music between two people is hold, whoever is about to come.
func (c *closing) takeThird(f Fact, at time.Time) {
	switch {
	case f.Kind == ConsultBegun && (c.phase == talking || c.phase == held):
		c.third = ConsultBegun
		c.move(held, at)
	case f.Kind == Conference && c.third != "":
		c.third = Conference
		c.move(talking, at)
	case f.Kind == ConsultEnded && c.third != "":
		c.third = ""
		c.move(talking, at)
	case (f.Kind == Transferred || f.Kind == Parked) && c.phase != waiting && c.connected:
		c.move(held, at)
	case f.Kind == Outside && c.phase != waiting:
		c.outside = true
		c.move(outside, at)
	case f.Kind == OutsideEnded && c.phase == outside:
		c.move(inMenu, at)
	}
}

// outcome picks the first that applies, in the order of docs/metrics.md. c.phase is over by now; the record tells the rest.
func (c *closing) outcome() Outcome {
	r := &c.r
	answered := !r.Answered.IsZero() || c.connected
	lost := answered && !c.dropped               // left an answered call without a better outcome
	asked := r.Asked && r.LeftFor != LeftForMenu // and did not take the wish for a person back
	switch {
	case r.Test:
		return OutTest
	case c.outside:
		return OutTransferredOut
	case c.connected:
		return OutServed
	case c.message:
		return OutMessageLeft
	case r.Informed && !r.Asked:
		return OutInformed
	case c.ended == Overloaded: // refused by 503, or answered only to hear that all lines are taken
		return OutOverload
	case lost && asked && !c.closed:
		return OutAbandonedQueue
	case lost && !asked && (r.Asked || c.end.Sub(r.Answered) >= ShortGreeting):
		return OutAbandonedMenu
	case lost && !asked:
		return OutAbandonedGreeting
	case lost:
		return OutClosedNoMessage
	case c.ended == Cancelled, c.ended == HungUp && !c.dropped:
		return OutCancelled
	case c.ended == Refused:
		return OutRefused
	}
	return OutDropped
}
