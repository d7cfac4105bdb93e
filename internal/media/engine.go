package media

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Engine is the tick engine: a few threads, each owning its legs and their sockets.
type Engine struct {
	o       EngineOptions
	base    time.Time
	threads []*thread
	pairs   *pairs
	pairs6  *pairs // nil: no IPv6
	closed  atomic.Bool
	running sync.WaitGroup
	ids     atomic.Uint64
}

// NewEngine starts the tick threads (none when Manual).
func NewEngine(o EngineOptions) (*Engine, error) {
	if !o.BindIP.IsValid() {
		o.BindIP = netip.IPv4Unspecified()
	}
	if o.Threads <= 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	if o.Manual {
		o.Threads = 1
	}
	if o.Silence <= 0 {
		o.Silence = 20 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	pairs, err := newPairs(o.BindIP, o.PortFrom, o.PortTo)
	if err != nil {
		return nil, err
	}
	e := &Engine{o: o, pairs: pairs}
	if o.BindIP6.IsValid() {
		if e.pairs6, err = newPairs(o.BindIP6, o.PortFrom, o.PortTo); err != nil {
			return nil, err
		}
	}
	if !o.Manual {
		e.base = time.Now()
	}
	for range o.Threads {
		t, err := newThread(e)
		if err != nil {
			e.Close()
			return nil, fmt.Errorf("media: start: %w", err)
		}
		e.threads = append(e.threads, t)
		if !o.Manual {
			e.running.Go(t.run)
		}
	}
	return e, nil
}

// now is the engine's clock: time since its start.
func (e *Engine) now() time.Duration { return time.Since(e.base) }

// Open makes a leg with its own pair of UDP sockets; ErrNoPorts when the range is used up.
func (e *Engine) Open() (*Port, error) { return e.openIn(e.pairs) }

// Open6 makes a leg that is reached by IPv6; ErrNoPorts also without BindIP6.
func (e *Engine) Open6() (*Port, error) { return e.openIn(e.pairs6) }

func (e *Engine) openIn(from *pairs) (*Port, error) {
	if e.closed.Load() {
		return nil, ErrClosed
	}
	if from == nil {
		return nil, ErrNoPorts
	}
	rtp, rtcp, err := from.open(time.Now())
	if err != nil {
		return nil, err
	}
	return e.attach(rtp, rtcp), nil
}

// pairsOf are those that an address was taken from.
func (e *Engine) pairsOf(local netip.AddrPort) *pairs {
	if e.pairs6 != nil && local.Addr().Is6() {
		return e.pairs6
	}
	return e.pairs
}

// OpenConn makes a leg whose packets come by Deliver and go out by c (nil: nowhere yet), such as a browser's. It speaks PCMA
// with telephone-event 101 until SetCodec says otherwise. Its silence is watched by its owner, not by the engine.
func (e *Engine) OpenConn(c PacketConn) (*Port, error) {
	if e.closed.Load() {
		return nil, ErrClosed
	}
	p := newPort(e)
	p.inbox, p.out.track, p.web = new(inbox), c, true
	p.terms = terms{law: aLaw, pt: ptALaw, dtmfIn: ptDigits, dtmfOut: ptDigits, send: true, recv: true}
	e.place(p)
	return p, nil
}

// attach makes a leg of open sockets (rtcp may be nil).
func (e *Engine) attach(rtp, rtcp Conn) *Port {
	p := newPort(e)
	p.rtp, p.rtcp, p.local = rtp, rtcp, rtp.LocalAddr()
	if _, ok := rtp.(pushing); ok {
		p.inbox = new(inbox)
	}
	e.place(p)
	for _, c := range []Conn{rtp, rtcp} {
		if s, ok := c.(pushing); ok {
			s.push(p.deliver)
		}
	}
	return p
}

// place gives the leg to the thread with the fewest legs.
func (e *Engine) place(p *Port) {
	best := e.threads[0]
	for _, t := range e.threads[1:] {
		if t.legs.Load() < best.legs.Load() {
			best = t
		}
	}
	best.legs.Add(1)
	p.owner.Store(best)
	p.do(func(*thread, time.Duration) {})
}

// Ping tells whether every thread moves: each must begin a round before ctx ends.
func (e *Engine) Ping(ctx context.Context) error {
	for _, t := range e.threads {
		if e.o.Manual {
			return nil
		}
		was := t.rounds.Load()
		t.poll.wake()
		for t.rounds.Load() < was+2 && !t.stop.Load() { // the round that was going on is no proof
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(5 * time.Millisecond):
				t.poll.wake()
			}
		}
	}
	return nil
}

// Legs is the number of open legs.
func (e *Engine) Legs() int {
	n := int64(0)
	for _, t := range e.threads {
		n += t.legs.Load()
	}
	return int(n)
}

// Behind tells whether slots have been served late for a while: the machine has more to do than it can. Running calls come first, so
// this is the time to take no new ones.
func (e *Engine) Behind() bool {
	for _, t := range e.threads {
		if t.legs.Load() > 0 && t.late.Load() > int64(tardy) {
			return true
		}
	}
	return false
}

// Tick runs everything that is due at now; for Manual engines only. The first Tick is the beginning of time.
func (e *Engine) Tick(now time.Time) {
	if !e.o.Manual {
		return
	}
	t := e.threads[0]
	t.inlineMu.Lock()
	defer t.inlineMu.Unlock()
	if e.base.IsZero() {
		e.base = now
	}
	t.clock = max(t.clock, now.Sub(e.base))
	for _, s := range t.wheel {
		for _, p := range s {
			p.drain(t.clock)
			p.drainRTCP(t.clock)
		}
	}
	t.turn(t.clock)
}

// Close ends all legs and threads. Twice is harmless.
func (e *Engine) Close() {
	if e.closed.Swap(true) {
		return
	}
	for _, t := range e.threads {
		t.stop.Store(true)
		t.poll.wake()
	}
	e.running.Wait()
	if e.o.Manual {
		for _, t := range e.threads {
			t.end()
		}
	}
}
