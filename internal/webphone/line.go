package webphone

import (
	"net/http"
	"slices"
	"sync"
)

// line is one agent's telephone: the open pages, which of them owns the sound, and the leg that rings or talks. Lines are never
// removed: there are as many as agents.
type line struct {
	hub   *Hub
	login string

	mu    sync.Mutex
	pages []*page // open ones, oldest first
	owner *page   // whose sound it is; nil: none is open
	leg   *Leg    // rings or talks; nil: the line is free
	alive bool    // what was told last
}

// ServeAgent serves /api/phone for a signed-in agent until the page is gone or r's context ends.
func (h *Hub) ServeAgent(w http.ResponseWriter, r *http.Request, login string) {
	p, err := h.open(w, r, h.o.Lost)
	if err != nil {
		return
	}
	h.work.Add(1)
	defer h.work.Done()
	l := h.line(login)
	l.join(p)
	defer l.part(p)
	p.serve(func(n int) { p.send(message{Type: "ping", N: n}) }, func(m message) error { return l.take(p, m) })
}

// join adds a page. The first one owns the telephone; later ones must claim it.
func (l *line) join(p *page) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pages = append(l.pages, p)
	if l.owner == nil {
		l.own(p)
		return
	}
	p.send(message{Type: "taken"})
}

// part removes a page that is gone. If it owned the telephone, the page that came last takes over (a reload may open the new
// page before the old one is known to be gone).
func (l *line) part(p *page) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pages = slices.DeleteFunc(l.pages, func(q *page) bool { return q == p })
	if l.owner != p {
		return
	}
	l.disown()
	if n := len(l.pages); n > 0 {
		l.own(l.pages[n-1])
	}
}

func (l *line) take(p *page, m message) error {
	switch m.Type {
	case "pong":
		p.beaten()
		l.mu.Lock()
		defer l.mu.Unlock()
		p.ponged = true
		l.notify()
	case "answer":
		l.mu.Lock()
		w := p.wire
		l.mu.Unlock()
		if w != nil {
			return w.accept(m.SDP)
		}
	case "claim":
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.owner == p {
			return nil
		}
		if old := l.owner; old != nil {
			l.disown()
			old.send(message{Type: "taken"})
		}
		l.own(p)
	}
	return nil // an unknown message is of a newer page: nothing to do
}

// own gives the telephone to a page and offers it the sound. Caller holds mu.
func (l *line) own(p *page) {
	l.owner = p
	p.send(message{Type: "state", Media: "down"})
	l.offer(p)
	if l.leg != nil && !l.leg.connected() {
		p.send(message{Type: "ring", Call: l.leg.id})
	}
}

// offer begins a new connection with the owner. Caller holds mu.
func (l *line) offer(p *page) {
	w, sdp, err := l.hub.newWire(func(w *wire, up bool, err error) { l.changed(p, w, up, err) })
	if err != nil {
		l.hub.log.Error("webphone: offer", "agent", l.login, "err", err)
		p.cancel() // the page opens its socket again and gets another try
		return
	}
	p.wire = w
	p.send(message{Type: "offer", SDP: sdp})
}

// disown takes the telephone from its page. Caller holds mu.
func (l *line) disown() {
	p := l.owner
	l.owner = nil
	l.drop(p)
	l.notify()
}

// drop ends a page's sound; the leg goes on without. Caller holds mu.
func (l *line) drop(p *page) {
	w := p.wire
	p.wire = nil
	if w == nil {
		return
	}
	if l.leg != nil {
		l.leg.mute(w)
	}
	l.hub.work.Go(w.close) // pion's Close may wait for its own callbacks
}

// changed hears of a connection's state, in pion's goroutine.
func (l *line) changed(p *page, w *wire, up bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.owner != p || p.wire != w {
		return // an older connection
	}
	if up {
		p.send(message{Type: "state", Media: "up"})
		if l.leg != nil {
			l.leg.attach(w)
		}
	} else {
		p.send(message{Type: "state", Media: "down"})
	}
	l.notify()
	if err != nil { // the page still answers: try anew
		l.drop(p)
		l.offer(p)
	}
}

// notify tells the leg when the page has come or gone. Caller holds mu.
func (l *line) notify() {
	now := l.owner != nil && l.owner.ponged && l.owner.wire != nil && l.owner.wire.up.Load()
	if now == l.alive {
		return
	}
	l.alive = now
	l.hub.log.Info("webphone: page", "agent", l.login, "alive", now)
	if l.leg != nil {
		l.leg.tell(now)
	}
}

func (l *line) isAlive() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.alive
}

// ring takes the line for a new leg and lets the page ring.
func (l *line) ring() (*Leg, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.hub.ctx.Err() != nil:
		return nil, ErrClosed
	case l.leg != nil:
		return nil, ErrBusy
	case !l.alive:
		return nil, ErrNotAlive
	}
	l.leg = newLeg()
	l.leg.alive = make(chan bool, 1)
	l.leg.over = func(leg *Leg) { l.free(leg) }
	l.owner.send(message{Type: "ring", Call: l.leg.id})
	return l.leg, nil
}

// connect gives the accepted leg its sound.
func (l *line) connect(leg *Leg) error {
	port, err := l.hub.o.Engine.OpenConn(nil)
	if err != nil {
		leg.Hangup("")
		return err
	}
	port.SetCodec(payloadPCMA, payloadDTMF)
	l.mu.Lock()
	defer l.mu.Unlock()
	if !leg.take(port) {
		port.Close()
		return ErrClosed
	}
	if l.owner != nil {
		l.owner.send(message{Type: "ring_stop"})
	}
	if l.alive {
		leg.attach(l.owner.wire)
	}
	leg.settle() // it begins alive
	if !l.alive {
		leg.tell(false)
	}
	return nil
}

// free gives the line back when its leg has ended.
func (l *line) free(leg *Leg) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.leg != leg {
		return
	}
	l.leg = nil
	if l.owner == nil {
		return
	}
	if w := l.owner.wire; w != nil {
		w.join(nil)
	}
	l.owner.send(message{Type: "ring_stop"})
}

// end ends the leg when the hub closes; the pages end by the hub's context.
func (l *line) end() {
	l.mu.Lock()
	leg := l.leg
	l.mu.Unlock()
	if leg != nil {
		leg.finish("lost")
	}
}
