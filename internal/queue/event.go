package queue

import (
	"time"

	"dovidka/internal/call"
)

// Event is something that happened to a caller or an agent.
type Event interface{ event() }

// The events.
type (
	// Enter: a caller asks for a person. Head: one who has talked already (a transfer to the queue, or one that failed) waits before
	// the others, with the time Kept of former stays; such a one is not turned away for a full queue.
	Enter struct {
		Call           call.ID
		Topic, Service string
		Head           bool
		Kept           time.Duration
	}
	// Reserve: ring this very agent for a call that does not wait. Own: the agent asked for it or it was theirs, so a break or the
	// writing of a card is no hindrance. The answer is the order Rung; none: they are not free, or the call has a second party already.
	Reserve struct {
		Call  call.ID
		Agent string
		For   time.Duration
		Own   bool
	}
	// Withdraw: the ringing that a Reserve began is no longer wanted.
	Withdraw struct {
		Call  call.ID
		Agent string
	}
	// Join: the agent rung in person took the call, as a guest of its holder or as its holder; what is known of the caller goes with it.
	// The answer is the order Joined; none means too late.
	Join struct {
		Call           call.ID
		Agent          string
		Guest          bool
		Topic, Service string
		Kept           time.Duration
	}
	// Hand: the guest becomes the holder, the holder writes the card. Lost: the holder's device is dead, which means a break.
	Hand struct {
		Call     call.ID
		From, To string
		Lost     bool
	}
	// Part: the guest has left. Lost: the guest's device is dead, which means a break.
	Part struct {
		Call  call.ID
		Agent string
		Lost  bool
	}
	// Release: the holder has left the call, which goes on: the card is to be written.
	Release struct {
		Call  call.ID
		Agent string
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
	// Ended: the call is over, for all who are in it or rung for it.
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
func (Reserve) event()    {}
func (Withdraw) event()   {}
func (Join) event()       {}
func (Hand) event()       {}
func (Part) event()       {}
func (Release) event()    {}
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
	// Rung: ring the agent in person until the deadline.
	Rung struct {
		Call     call.ID
		Agent    string
		Deadline time.Time
	}
	// Joined: the agent rung in person is in the call.
	Joined struct {
		Call  call.ID
		Agent string
	}
	// Handed: the call is To's now.
	Handed struct {
		Call     call.ID
		From, To string
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
func (Rung) order()      {}
func (Joined) order()    {}
func (Handed) order()    {}
func (Revoke) order()    {}
func (Connected) order() {}
func (Requeued) order()  {}
func (WrappedUp) order() {}
func (Interval) order()  {}
func (Healed) order()    {}
