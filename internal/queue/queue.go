// Package queue decides who of the waiting callers is offered to whom of the agents (the ACD), and nothing else.
//
// Step is pure: the state, the time and an event go in, orders come out; Desk is the one goroutine that owns a State.
// The queue plays no sound, rings no telephone and writes no record: the switchboard carries the orders out and reports back.
//
// Invariants, each held by the random walk in walk_test.go:
//   - a caller who entered is waiting, or talking, or was told to leave (Expelled): nobody is lost, nobody is there twice;
//   - no free agent stands beside a waiting caller to whom nobody is being offered;
//   - at most one offer per agent and one per caller; the longest-idle agent and the first caller come first;
//   - a call has at most one agent whose talk it is (the holder), and besides at most one who is rung in person or a guest in it;
//   - a guest (a consulted colleague) is busy like any who talks, but the call is not theirs: when it is over they are free at once;
//   - an event that does not fit the state is late or doubled and changes nothing;
//   - the intervals of an agent's status and activity follow each other without gap or overlap.
//
// Status (what the agent chose) stands apart from activity (what the switch knows). Definitions of figures: docs/metrics.md.
package queue

import (
	"time"

	"dovidka/internal/call"
)

// Status is what an agent chose.
type Status string

// The statuses.
const (
	Ready   Status = "ready"   // «на лінії»
	Break   Status = "break"   // «перерва», with a reason
	Offline Status = "offline" // «не працюю»
)

// Activity is what the switch knows of an agent.
type Activity string

// The activities.
const (
	Idle    Activity = "idle"
	Offered Activity = "offered" // the agent's telephone rings
	Talking Activity = "talking"
	WrapUp  Activity = "wrapup" // writing the card after a talk
)

// Reasons that the queue itself gives when it sets an agent to a break; shown on the agent's screen.
const (
	ReasonMissed      = "пропущений дзвінок"
	ReasonRefused     = "відхилений дзвінок"
	ReasonUnreachable = "немає зв'язку з телефоном оператора"
	ReasonLost        = "втрачено зв'язок під час розмови"
)

// Why a caller has to leave the queue (the Value of a left_queue fact).
const (
	WhyFull        = "full"
	WhyTimeout     = "timeout"
	WhyNoOperators = "no_operators"
)

// Causes of an offer that came to nothing (the Cause of a missed fact, but for CauseGone).
const (
	CauseNoAnswer = "no_answer"
	CauseRefused  = "refused"
	CauseOffline  = "offline" // the device could not be rung, or vanished while it rang
	CauseGone     = "gone"    // the caller left while it rang: nobody missed anything
)

// Config holds the limits of the queue.
type Config struct {
	OfferFor    time.Duration // how long one agent is rung (default 20 s)
	WrapUp      time.Duration // time to write after a talk (default 30 s)
	LongestWait time.Duration // then the caller is asked for a message (default 10 min)
	LostFor     time.Duration // an agent's dead browser keeps its caller this long (default 15 s)
	DeadFor     time.Duration // a ready agent whose device is dead goes on a break after this (default 30 s)
	GoneFor     time.Duration // and is signed off after this (default 10 min)
	MaxWaiting  int           // callers waiting at once (default 20)
	AHT         time.Duration // mean handling time assumed until ten talks are known (default 3 min)
}

// withDefaults fills what was left zero.
func (c Config) withDefaults() Config {
	for _, f := range []struct {
		p *time.Duration
		d time.Duration
	}{
		{&c.OfferFor, 20 * time.Second}, {&c.WrapUp, 30 * time.Second}, {&c.LongestWait, 10 * time.Minute},
		{&c.LostFor, 15 * time.Second}, {&c.DeadFor, 30 * time.Second}, {&c.GoneFor, 10 * time.Minute}, {&c.AHT, 3 * time.Minute},
	} {
		if *f.p <= 0 {
			*f.p = f.d
		}
	}
	if c.MaxWaiting <= 0 {
		c.MaxWaiting = 20
	}
	return c
}

// Chosen is a status with its reason, kept for later while an agent is busy.
type Chosen struct {
	Status Status
	Reason string
}

// Agent is one agent as the queue knows them.
type Agent struct {
	Login    string
	Status   Status
	Reason   string // of a break
	Next     Chosen // status that takes effect when the present call is over; zero: none
	Activity Activity
	Since    time.Time // of the present status and activity
	Alive    bool      // the chosen device answers
	Dead     time.Time // since when it does not; zero while it does
	Free     time.Time // since when ready and idle: who is longest idle is offered first
	Call     call.ID   // offered, talking, wrapup
	Until    time.Time // end of the offer, of the wrap-up, or of the patience with a dead browser (Lost)
	Lost     bool      // the browser died during the talk; its caller hears music
	Direct   bool      // offered in person (a consult, a transfer, a return), not from the queue
	Guest    bool      // in a colleague's talk: consulted, or the third of three
	talk     Waiter    // whom they talk with, to put them back at the head
	began    time.Time // of the talk
}

// free tells whether the agent may be offered a caller.
func (a *Agent) free() bool { return a.Status == Ready && a.Activity == Idle && a.Alive }

// Waiter is one caller in the queue.
type Waiter struct {
	Call    call.ID
	Topic   string
	Service string
	Since   time.Time     // of this stay
	Kept    time.Duration // waited before, in a stay that ended in a talk with a dead browser
	Head    bool          // put back at the head of the queue
	Agent   string        // being offered to; "" nobody
}

// Waited is the time the caller has waited for a person, all stays together.
func (w *Waiter) Waited(now time.Time) time.Duration { return w.Kept + now.Sub(w.Since) }

// State is the whole queue. Only Step changes it.
type State struct {
	cfg     Config
	now     time.Time
	waiting []*Waiter // in the order they are served
	agents  map[string]*Agent
	past    history
	offered time.Time // last offer, for the watchdog
}

// NewState makes an empty queue.
func NewState(c Config) *State {
	return &State{cfg: c.withDefaults(), agents: map[string]*Agent{}}
}
