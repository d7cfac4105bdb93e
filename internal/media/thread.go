package media

import (
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// The clock of a thread: legs are spread over the slots of one frame time, so that they neither crowd nor wake it one by one.
const (
	slotTime = 4 * time.Millisecond
	slots    = int(FrameTime / slotTime)
	behind   = 100 * time.Millisecond // a longer stall is not made up for by a burst
	idleNap  = time.Second
	tardy    = 5 * time.Millisecond // slots that are served later than that, on the average of some: too much to do
)

// thread is one tick engine: the only goroutine that touches the frame path of its legs. Others leave commands with the leg
// and the leg's name in the mailbox.
type thread struct {
	e     *Engine
	poll  poller
	wheel [slots][]*Port
	done  int64         // slots worked off since the beginning
	clock time.Duration // of the present turn
	legs  atomic.Int64
	late  atomic.Int64 // how late slots are served, on a moving average

	mail     sync.Mutex // guards post, spare and inline
	post     []*Port
	spare    []*Port
	inline   bool       // nobody runs the thread: whoever posts works it off (Manual, or after the end)
	inlineMu sync.Mutex // then this makes them take turns
	asleep   atomic.Bool
	stop     atomic.Bool
	rounds   atomic.Uint64
	power    [256]float32 // squares of A-law samples
	buf      [2048]byte
	plain    [2048]byte // what was decrypted
	sealed   [2048]byte // what was encrypted
	frame    Frame      // of the leg in turn
	current  *Port      // the leg in turn
}

// poller waits for packets of a thread's sockets.
type poller interface {
	add(p *Port) error
	remove(p *Port)
	hot(p *Port, on bool)                          // a hot leg's packets wake the thread, those of others wait for its next slot
	bed(d time.Duration)                           // how long the next sleep may last; a wake after it ends that sleep
	sleep()                                        // until packets of hot legs, wake, or the time set
	ready(t *thread, now time.Duration, lazy bool) // fetches what has come for hot legs (lazy: for the others)
	wake()
	close()
}

func newThread(e *Engine) (*thread, error) {
	t := &thread{e: e, inline: e.o.Manual}
	for i := range t.power {
		v := float32(DecodeALaw(byte(i)))
		t.power[i] = v * v
	}
	if e.o.Manual {
		t.poll = noPoller{}
		return t, nil
	}
	var err error
	t.poll, err = newPoller()
	return t, err
}

func (t *thread) run() {
	t.done = int64(t.e.now() / slotTime)
	for !t.stop.Load() {
		t.round()
	}
	t.end()
}

// round works off what is due and then waits for what comes next. A leg whose source or way out panics is closed; the others
// hear nothing of it.
func (t *thread) round() {
	defer t.rescue()
	t.rounds.Add(1)
	t.clock = t.e.now()
	t.turn(t.clock)
	t.poll.bed(t.rest())
	t.asleep.Store(true)
	if !t.mailed() && !t.stop.Load() {
		t.poll.sleep()
	}
	t.asleep.Store(false)
	t.clock = t.e.now()
	if late := t.clock - time.Duration(t.done+1)*slotTime; late >= 0 {
		t.late.Store(t.late.Load() + (int64(late)-t.late.Load())/8)
	}
	t.readMail(t.clock) // before the packets: what was agreed upon comes before what follows from it
	t.poll.ready(t, t.clock, false)
	if int64(t.clock/slotTime) > t.done && t.legs.Load() > 0 { // a slot is due: time for the packets that nobody is in a hurry for
		t.poll.ready(t, t.clock, true)
	}
}

func (t *thread) rescue() {
	r := recover()
	if r == nil {
		return
	}
	t.e.o.Log.Error("media: a leg failed and is closed", "err", fmt.Sprint(r), "stack", string(debug.Stack()))
	if p := t.current; p != nil {
		t.current = nil
		if p.play != nil {
			p.play.src = Seq() // it may be the one that panics
		}
		p.shut(t)
	}
}

// turn works off all slots that are due: every leg in them gets its 20 ms.
func (t *thread) turn(now time.Duration) {
	due := int64(now / slotTime)
	if late := time.Duration(due-t.done) * slotTime; late > behind {
		rounds := int64((late - behind) / FrameTime)
		t.done += rounds * int64(slots)
		for _, s := range t.wheel {
			for _, p := range s {
				p.out.skip(uint32(rounds) * FrameSize)
			}
		}
	}
	for t.done < due {
		t.done++
		s := t.wheel[t.done%int64(slots)]
		for i := len(s) - 1; i >= 0; i-- {
			t.current = s[i]
			s[i].tick(t, now)
		}
	}
}

// rest tells how long until the next slot. With legs every slot counts, even one that nobody sends in: it is when their packets are
// fetched.
func (t *thread) rest() time.Duration {
	if t.legs.Load() == 0 {
		return idleNap
	}
	return max(0, time.Duration(t.done+1)*slotTime-t.e.now())
}

func (t *thread) mailed() bool {
	t.mail.Lock()
	defer t.mail.Unlock()
	return len(t.post) > 0
}

func (t *thread) readMail(now time.Duration) {
	t.mail.Lock()
	t.post, t.spare = t.spare[:0], append(t.post, t.spare...)
	t.mail.Unlock()
	for n := len(t.spare); n > 0; n = len(t.spare) {
		p := t.spare[n-1]
		t.spare[n-1] = nil
		t.spare = t.spare[:n-1] // first, so that a panic does not come again
		t.serve(p, now)
	}
}

// nudge tells the thread that p has commands or packets waiting.
func (t *thread) nudge(p *Port) {
	t.mail.Lock()
	if t.inline {
		t.mail.Unlock()
		t.inlineMu.Lock()
		defer t.inlineMu.Unlock()
		t.serve(p, t.clock)
		return
	}
	t.post = append(t.post, p)
	t.mail.Unlock()
	if t.asleep.CompareAndSwap(true, false) {
		t.poll.wake()
	}
}

// serve works off a leg's commands, in their order, and its delivered packets. A leg that has moved on is followed.
func (t *thread) serve(p *Port, now time.Duration) {
	p.posted.Store(false)
	for {
		if p.owner.Load() != t {
			p.nudge()
			return
		}
		t.adopt(p)
		t.current = p
		c := p.nextCommand()
		if c == nil {
			break
		}
		c(t, now)
	}
	if p.inbox != nil {
		p.inbox.each(func(b []byte, from addrPort) { p.receive(b, from, now) })
	}
	if t.stop.Load() && t.inline {
		p.shut(t)
	}
}

// adopt puts a leg that was given to this thread on its wheel, into the slot with the fewest legs.
func (t *thread) adopt(p *Port) {
	if p.on || p.shutDown {
		return
	}
	best := 0
	for i := range t.wheel {
		if len(t.wheel[i]) < len(t.wheel[best]) {
			best = i
		}
	}
	p.on, p.slot = true, best
	t.wheel[best] = append(t.wheel[best], p)
	if err := t.poll.add(p); err != nil {
		t.e.o.Log.Error("media: cannot watch a leg", "leg", p.id, "err", err)
	}
	if p.bridge != nil {
		t.poll.hot(p, true)
	}
}

// drop takes a leg off the wheel.
func (t *thread) drop(p *Port) {
	if !p.on {
		return
	}
	s := t.wheel[p.slot]
	for i := range s {
		if s[i] == p {
			s[i] = s[len(s)-1]
			s[len(s)-1] = nil
			t.wheel[p.slot] = s[:len(s)-1]
			break
		}
	}
	p.on = false
	t.poll.remove(p)
	t.legs.Add(-1)
}

// give moves a leg to another thread; its remaining commands follow it.
func (t *thread) give(p *Port, to *thread) {
	t.drop(p)
	to.legs.Add(1)
	p.owner.Store(to)
}

// end closes all legs; from now on whoever posts a command works it off.
func (t *thread) end() {
	t.stop.Store(true)
	t.mail.Lock()
	t.inline = true
	t.mail.Unlock()
	t.inlineMu.Lock()
	defer t.inlineMu.Unlock()
	t.readMail(t.clock)
	for i := range t.wheel {
		for len(t.wheel[i]) > 0 {
			t.wheel[i][0].shut(t)
		}
	}
	t.poll.close()
}

// noPoller serves Manual engines: Tick asks every leg.
type noPoller struct{}

func (noPoller) add(*Port) error                    { return nil }
func (noPoller) remove(*Port)                       {}
func (noPoller) hot(*Port, bool)                    {}
func (noPoller) bed(time.Duration)                  {}
func (noPoller) sleep()                             {}
func (noPoller) ready(*thread, time.Duration, bool) {}
func (noPoller) wake()                              {}
func (noPoller) close()                             {}
