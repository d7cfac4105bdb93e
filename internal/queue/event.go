package queue

import (
	"time"

	"dovidka/internal/call"
)

// Event is something that happened to a caller or an agent.
type Event interface{ event() }

// The events.
type (
	// Enter: a caller asks for a person.
	Enter struct {
		Call           call.ID
		Topic, Service string
	}
	// Leave: a waiting caller is gone (Abandoned: hung up) or chose a message.
	Leave struct {
		Call      call.ID
		Abandoned bool
	}
	// Connect: the offered agent took the call. The answer is the order Connected; none means too late.
	Connect struct {
		Call  call.ID
		Agent string
	}
	// Decline: the offered agent refused, or their device failed. Cause: one of the Cause constants.
	Decline struct {
		Call  call.ID
		Agent string
		Cause string
	}
	// Ended: the talk is over.
	Ended struct{ Call call.ID }
	// Lost: the agent's browser died during the talk. Final: nothing can re-attach (a desk phone), the caller waits again at once.
	Lost struct {
		Call  call.ID
		Final bool
	}
	// Back follows Lost when the browser re-attached in time.
	Back struct{ Call call.ID }
	// WrapUpDone: the agent has written the card before the time was over.
	WrapUpDone struct{ Agent string }
	// SetStatus: the agent chose a status; while busy it is kept for the end of the call.
	SetStatus struct {
		Agent  string
		Status Status
		Reason string
	}
	// Reach: the agent's chosen device answers, or does no longer.
	Reach struct {
		Agent string
		Alive bool
	}
	// Tick: time has passed.
	Tick struct{}
	// Reconcile: the calls that really live; whatever the queue believes of others is dropped (self-healing).
	Reconcile struct{ Live map[call.ID]bool }
)

func (Enter) event()      {}
func (Leave) event()      {}
func (Connect) event()    {}
func (Decline) event()    {}
func (Ended) event()      {}
func (Lost) event()       {}
func (Back) event()       {}
func (WrapUpDone) event() {}
func (SetStatus) event()  {}
func (Reach) event()      {}
func (Tick) event()       {}
func (Reconcile) event()  {}

// Order is what the switchboard shall do or know.
type Order interface{ order() }

// The orders.
type (
	// Placed: the caller waits; Position counts from 1.
	Placed struct {
		Call     call.ID
		Position int
	}
	// Expelled: the caller cannot wait (any longer); Why is one of the Why constants.
	Expelled struct {
		Call call.ID
		Why  string
	}
	// Offer: ring the agent for the caller until the deadline.
	Offer struct {
		Call     call.ID
		Agent    string
		Deadline time.Time
	}
	// Revoke: stop ringing; the caller keeps the place (or is gone).
	Revoke struct {
		Call  call.ID
		Agent string
		Cause string
	}
	// Connected: they may be bridged; Waited is the wait of all stays.
	Connected struct {
		Call   call.ID
		Agent  string
		Waited time.Duration
	}
	// Requeued: the agent's browser stayed dead; the caller waits again, at the head.
	Requeued struct {
		Call  call.ID
		Agent string
	}
	// WrappedUp: the agent finished writing about the call.
	WrappedUp struct {
		Call  call.ID
		Agent string
		Took  time.Duration
	}
	// Interval: the agent was in this status and activity from From to To; the next interval begins at To.
	Interval struct {
		Agent    string
		Status   Status
		Reason   string
		Activity Activity
		From, To time.Time
	}
	// Healed: Reconcile found a state without a living call behind it. An alarm: it must not happen.
	Healed struct {
		Call  call.ID
		Agent string
		Was   string
	}
)

func (Placed) order()    {}
func (Expelled) order()  {}
func (Offer) order()     {}
func (Revoke) order()    {}
func (Connected) order() {}
func (Requeued) order()  {}
func (WrappedUp) order() {}
func (Interval) order()  {}
func (Healed) order()    {}
