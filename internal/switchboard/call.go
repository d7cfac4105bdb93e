package switchboard

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/ivr"
	"dovidka/internal/media"
	"dovidka/internal/queue"
	"dovidka/internal/speech"
)

// Why a call ends: causes of its context.
var (
	errGone     = errors.New("switchboard: the caller's leg has ended")
	errShutdown = errors.New("switchboard: shutting down")
	errMenu     = errors.New("switchboard: the menu cannot go on")
	errVoice    = errors.New("switchboard: nothing can be spoken")
)

// info is what others may read of a call while it goes on.
type info struct {
	from    call.Number
	path    []string
	topic   string
	service string // id of the service card
	card    string // number of the card of the talk
}

// conductor is one call. Its goroutine (Take) owns it; seq and info are shared under mu.
type conductor struct {
	s        *Switchboard
	leg      Leg
	id       call.ID
	log      *slog.Logger
	ctx      context.Context // ends when the caller's leg ends
	cancel   context.CancelCauseFunc
	menu     *ivr.Menu
	port     *media.Port
	box      *mailbox
	speak    *speaker
	music    media.Source
	tune     *media.Playback // the music that is playing
	answered bool
	refused  bool          // ended before our 200: its fact is written
	fault    bool          // our own fault ends the call
	surplus  bool          // over the limit of calls
	recorded int           // messages of this call
	waited   time.Duration // in the queue for an agent, all stays together
	rec      recorder
	work     sync.WaitGroup // closing work: cards, recordings, a head who listens

	mu    sync.Mutex
	seq   int
	info  info
	super *supervision // a head who listens; nil: nobody
}

// Take conducts a call from its INVITE to its record and returns when all is written.
func (s *Switchboard) Take(ctx context.Context, leg Leg) {
	<-s.run
	c := s.newConductor(ctx, leg)
	defer c.close()
	defer c.recover()
	if !c.arrive() || !c.answer() {
		return
	}
	if s.o.Emergency != nil && s.o.Emergency() {
		c.note(call.Fact{Kind: call.Fault, Cause: call.CauseEmergency})
		c.fault = true
		c.sayClip(c.s.o.FaultClip, 2)
		return
	}
	if c.surplus {
		c.note(call.Fact{Kind: call.Overloaded, Cause: "prompt"})
		c.sayClip(speech.Embedded("overload"), 1)
		return
	}
	err := c.converse()
	if errors.Is(err, errMenu) || errors.Is(err, errVoice) {
		err = c.converseWithoutMenu()
	}
	if err != nil && !isGone(err) {
		c.failed(err)
	}
}

func (s *Switchboard) newConductor(ctx context.Context, leg Leg) *conductor {
	id := call.NewID(time.Now())
	c := &conductor{s: s, leg: leg, id: id, log: s.log.With("call", id, "leg", leg.ID()), box: newMailbox()}
	c.ctx, c.cancel = context.WithCancelCause(ctx)
	c.info.from = leg.From()
	c.speak = &speaker{c: c}
	c.rec.c = c
	c.music = tune()
	go func() {
		select {
		case <-leg.Done():
			c.cancel(errGone)
		case <-c.ctx.Done():
		}
	}()
	return c
}

// note writes a fact of this call. Only the arrival waits for the disk.
func (c *conductor) note(f call.Fact) {
	f = c.fact(f)
	c.s.o.Journal.AppendLater(f)
	c.s.today(f, f.At)
}

func (c *conductor) fact(f call.Fact) call.Fact {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seq++
	f.Call, f.Seq, f.At = c.id, c.seq, time.Now().UTC()
	if f.Kind == call.Entered && f.Value != "" && !(len(c.info.path) > 0 && c.info.path[len(c.info.path)-1] == f.Value) {
		c.info.path = append(c.info.path, f.Value)
	}
	return f
}

// about copies what others may know of the call.
func (c *conductor) about() info {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := c.info
	i.path = slices.Clone(i.path)
	return i
}

func (c *conductor) tell(f func(*info)) {
	c.mu.Lock()
	f(&c.info)
	c.mu.Unlock()
}

// arrive writes the arrival and refuses what we do not take.
func (c *conductor) arrive() bool {
	room := c.s.enter(c)
	f := call.Fact{Kind: call.Arrived, From: c.leg.From(), To: c.leg.To(), Name: c.leg.Via()}
	f.Test = c.s.o.Test != nil && c.s.o.Test(c.leg)
	if !room { // at once: the disk is not asked
		c.s.o.Journal.AppendLater(c.fact(f))
		return c.refuse(call.Overloaded, "503")
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(c.ctx), closingTime)
	defer stop()
	if err := c.s.o.Journal.Append(ctx, c.fact(f)); err != nil {
		c.log.Error("switchboard: arrival not written", "err", err) // the citizen comes first; the journal spills by itself
	}
	if c.s.o.Known != nil && !c.s.o.Known(c.leg.To()) {
		return c.refuse(call.Refused, "404")
	}
	return true
}

// refuse ends a call before our 200. It gives false, for those who return it.
func (c *conductor) refuse(k call.Kind, status string) bool {
	c.leg.Hangup(status)
	c.note(call.Fact{Kind: k, Cause: status})
	c.log.Info("switchboard: refused", "cause", status)
	c.refused = true
	return false
}

// answer sends our 200.
func (c *conductor) answer() bool {
	if err := c.leg.Ring(); err != nil {
		c.log.Warn("switchboard: ring", "err", err)
	}
	if err := c.leg.Answer(c.ctx); err != nil {
		switch {
		case c.gone():
			c.refused = true
			c.note(call.Fact{Kind: call.Cancelled})
			return false
		case errors.Is(err, media.ErrNotAcceptable):
			return c.refuse(call.Refused, "488")
		case errors.Is(err, media.ErrNoPorts):
			return c.refuse(call.Overloaded, "503")
		}
		c.log.Error("switchboard: answer", "err", err)
		return c.refuse(call.Refused, "500")
	}
	c.answered, c.port = true, c.leg.Media()
	c.menu = c.s.o.Menus.Current()
	c.note(call.Fact{Kind: call.Answered, Value: c.open()})
	c.s.watchers.nudge()
	return true
}

// gone tells whether the caller's leg has ended, also in the moment before the context knows it.
func (c *conductor) gone() bool {
	select {
	case <-c.leg.Done():
		return true
	default:
		return c.ctx.Err() != nil
	}
}

// why is the reason that the call is over.
func (c *conductor) why() error {
	if err := context.Cause(c.ctx); err != nil {
		return err
	}
	return errGone
}

// open is the Value of the answered fact: "open", or why people do not answer.
func (c *conductor) open() string {
	if c.menu == nil || c.menu.Hours == nil {
		return "open"
	}
	if v := c.menu.Hours.At(time.Now()); !v.Open {
		return string(v.Reason)
	}
	return "open"
}

// failed ends a call by our own fault, audibly.
func (c *conductor) failed(err error) {
	c.log.Error("switchboard: call failed", "err", err)
	c.note(call.Fact{Kind: call.Fault, Cause: "internal"})
	c.fault = true
	if c.answered && !c.gone() {
		c.sayClip(c.s.o.FaultClip, 1)
	}
}

// recover turns a panic of one call into its end; the other calls do not notice.
func (c *conductor) recover() {
	p := recover()
	if p == nil {
		return
	}
	defer func() {
		if again := recover(); again != nil {
			c.log.Error("switchboard: panic while failing", "err", fmt.Sprint(again))
		}
	}()
	c.log.Error("switchboard: panic", "err", fmt.Sprint(p), "stack", string(debug.Stack()))
	c.failed(errors.New("panic"))
}

// close ends the call: BYE, the last facts, the record. Every call passes through it exactly once.
func (c *conductor) close() {
	defer c.s.watchers.nudge()
	defer c.s.forget(c)
	c.s.desk.Do(queue.Leave{Call: c.id, Abandoned: true})
	c.s.desk.Do(queue.Ended{Call: c.id})
	shutdown := errors.Is(context.Cause(c.ctx), errShutdown)
	c.leg.Hangup("")
	c.ended()
	if !c.refused {
		c.legSound(c.leg, "")
		c.note(c.hungUp(shutdown))
	}
	c.cancel(errGone)
	c.rec.end()
	c.work.Wait()
	ctx, stop := context.WithTimeout(context.WithoutCancel(c.ctx), closingTime)
	defer stop()
	r, err := c.s.o.Journal.Close(ctx, c.id)
	if err != nil {
		c.log.Error("switchboard: record not written", "err", err) // closed from its facts at the next start
		return
	}
	c.log.Info("switchboard: call over", "cause", r.Cause, "outcome", r.Outcome)
}

// ended waits for the leg's own end, so that its cause can be told; a leg that does not end is left behind.
func (c *conductor) ended() {
	bound := time.NewTimer(2 * time.Second)
	defer bound.Stop()
	select {
	case <-c.leg.Done():
	case <-bound.C:
		c.log.Warn("switchboard: leg does not end")
	}
}

// hungUp says who ended the call.
func (c *conductor) hungUp(shutdown bool) call.Fact {
	f := call.Fact{Kind: call.HungUp, Name: "us", Cause: "goodbye"}
	cause := "us"
	select {
	case <-c.leg.Done():
		cause = c.leg.Cause()
	default:
	}
	switch {
	case cause == "caller":
		f.Name, f.Cause = "caller", "bye"
	case cause == "cancelled" && !c.answered:
		return call.Fact{Kind: call.Cancelled}
	case cause != "us":
		f.Name, f.Cause = "silence", cause
	case shutdown:
		f.Cause = call.CauseShutdown
	case c.fault:
		f.Cause = call.CauseFault
	}
	return f
}
