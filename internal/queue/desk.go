package queue

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"dovidka/internal/call"
)

// watch is the patience of the watchdog, and how often the desk compares itself with the living calls.
const watch = 3 * time.Second

// Options of a desk.
type Options struct {
	Config Config
	Log    *slog.Logger
	// Live gives the calls that really live; asked every few seconds, from the desk's goroutine.
	Live func() map[call.ID]bool
	// Orders receives the orders of every step, in order, from the desk's goroutine. It must not block.
	Orders func([]Order)
	// Changed is called after a step that may have changed a view. It must not block.
	Changed func()
}

// Desk owns the state of the queue: one goroutine (Run), others send it events.
type Desk struct {
	o    Options
	s    *State
	reqs chan request
	done chan struct{}
	snap atomic.Pointer[Snapshot]
}

type request struct {
	e     Event
	reply chan []Order
}

// NewDesk makes a desk; nothing moves until Run.
func NewDesk(o Options) *Desk {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Orders == nil {
		o.Orders = func([]Order) {}
	}
	if o.Changed == nil {
		o.Changed = func() {}
	}
	d := &Desk{o: o, s: NewState(o.Config), reqs: make(chan request), done: make(chan struct{})}
	d.snap.Store(&Snapshot{})
	return d
}

// Do applies an event and gives the orders that followed. After the end of Run it does nothing.
func (d *Desk) Do(e Event) []Order {
	r := request{e, make(chan []Order, 1)}
	select {
	case d.reqs <- r:
		return <-r.reply
	case <-d.done:
		return nil
	}
}

// Ping tells whether the goroutine of the queue moves: it must take an event and answer before ctx ends.
func (d *Desk) Ping(ctx context.Context) error {
	r := request{Tick{}, make(chan []Order, 1)}
	select {
	case d.reqs <- r:
	case <-d.done:
		return nil // it was ended, and does not stand still
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-r.reply:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Snapshot is the queue as it was after the last step.
func (d *Desk) Snapshot() Snapshot { return *d.snap.Load() }

// Run owns the state until ctx ends.
func (d *Desk) Run(ctx context.Context) {
	defer close(d.done)
	timer := time.NewTimer(watch)
	defer timer.Stop()
	checked := time.Now()
	for {
		timer.Reset(d.wait(checked))
		select {
		case <-ctx.Done():
			return
		case r := <-d.reqs:
			r.reply <- d.step(r.e)
		case <-timer.C:
			d.step(Tick{})
			if time.Since(checked) >= watch {
				checked = time.Now()
				d.check(checked)
			}
		}
	}
}

// wait is how long nothing is due.
func (d *Desk) wait(checked time.Time) time.Duration {
	next := checked.Add(watch)
	if due := Due(d.s); !due.IsZero() && due.Before(next) {
		next = due
	}
	return max(time.Until(next), time.Millisecond)
}

// step runs Step, hands the orders out and publishes a snapshot. A panic in the judgement is an alarm, not the end of
// the queue: the state is kept and compared with the living calls at the next check.
func (d *Desk) step(e Event) (orders []Order) {
	defer func() {
		if p := recover(); p != nil {
			d.o.Log.Error("queue: alarm: step failed", "cause", "panic", "err", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
	}()
	orders = Step(d.s, time.Now(), e)
	snap := Snap(d.s)
	d.snap.Store(&snap)
	for _, o := range orders {
		d.log(o)
	}
	if len(orders) > 0 {
		d.o.Orders(orders)
	}
	if _, quiet := e.(Tick); !quiet || len(orders) > 0 {
		d.o.Changed()
	}
	return orders
}

// check is the watchdog: whatever has no living call behind it is dropped, and a queue that stands still is an alarm.
func (d *Desk) check(now time.Time) {
	if Stuck(d.s, now, watch) {
		d.o.Log.Error("queue: alarm: somebody waits beside a free agent", "cause", "stuck", "queue", len(d.s.waiting))
	}
	if d.o.Live != nil {
		d.step(Reconcile{Live: d.o.Live()})
	}
}

func (d *Desk) log(o Order) {
	switch o := o.(type) {
	case Offer:
		d.o.Log.Info("queue: offer", "call", o.Call, "agent", o.Agent)
	case Rung:
		d.o.Log.Info("queue: rung in person", "call", o.Call, "agent", o.Agent)
	case Handed:
		d.o.Log.Info("queue: handed over", "call", o.Call, "agent", o.To)
	case Revoke:
		d.o.Log.Info("queue: offer over", "call", o.Call, "agent", o.Agent, "cause", o.Cause)
	case Expelled:
		d.o.Log.Info("queue: cannot wait", "call", o.Call, "cause", o.Why)
	case Requeued:
		d.o.Log.Warn("queue: back to the head", "call", o.Call, "agent", o.Agent, "cause", "lost")
	case Healed:
		d.o.Log.Error("queue: alarm: healed", "call", o.Call, "agent", o.Agent, "cause", o.Was)
	}
}
