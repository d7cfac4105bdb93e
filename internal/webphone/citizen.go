package webphone

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// connectBound is how long a citizen's browser may take from our offer to sound: ICE and DTLS are done in well under a second
// when they can be done at all.
const connectBound = 15 * time.Second

// patience: a citizen's old telephone may be busy with itself for longer than an operator's page; nobody waits for them.
const patience = 4

// visitor is one open socket of the public page: at most one call at a time.
type visitor struct {
	hub  *Hub
	page *page
	ip   netip.Addr

	mu   sync.Mutex
	leg  *Leg
	wire *wire
}

// ServeCitizen serves /api/citizen for anybody until the page is gone.
func (h *Hub) ServeCitizen(w http.ResponseWriter, r *http.Request) {
	if h.o.OnCitizen == nil {
		http.NotFound(w, r)
		return
	}
	ip := addressOf(r)
	if !h.doors.enter(ip) { // sockets are bounded too, not only calls
		http.Error(w, "Забагато з'єднань з вашої адреси. Спробуйте пізніше.", http.StatusTooManyRequests)
		return
	}
	defer h.doors.leave(ip)
	p, err := h.open(w, r, patience*h.o.Lost)
	if err != nil {
		return
	}
	h.work.Add(1)
	defer h.work.Done()
	v := &visitor{hub: h, page: p, ip: ip}
	defer v.gone()
	p.serve(v.beat, v.take)
}

// beat pings by the protocol itself: the browser answers, whatever the page does.
func (v *visitor) beat(int) {
	ctx, cancel := context.WithTimeout(v.page.ctx, v.page.lost)
	go func() {
		defer cancel()
		if v.page.conn.Ping(ctx) == nil {
			v.page.beaten()
		}
	}()
}

func (v *visitor) take(m message) error {
	switch m.Type {
	case "call":
		return v.call()
	case "answer":
		if w := v.sound(); w != nil {
			return w.accept(m.SDP)
		}
	case "dtmf":
		if leg := v.current(); leg != nil && len(m.Key) == 1 && strings.Contains("0123456789*#", m.Key) {
			if port := leg.Media(); port != nil {
				port.InjectDigit(m.Key[0])
			}
		}
	case "hangup":
		v.leave("caller")
	}
	return nil
}

func (v *visitor) current() *Leg {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.leg
}

func (v *visitor) sound() *wire {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.wire
}

// call begins a call as an INVITE would: the switchboard is told at once and answers when it will.
func (v *visitor) call() error {
	if v.current() != nil {
		return nil // doubled
	}
	if !v.hub.doors.call(v.ip) {
		v.page.send(message{Type: "state", State: "ended", Cause: "limit"})
		return nil
	}
	leg, ups := newLeg(), make(chan struct{})
	leg.to, leg.state, leg.over = v.hub.o.Number, v.page.send, v.over
	var once sync.Once
	w, sdp, err := v.hub.newWire(func(_ *wire, up bool, err error) {
		if up {
			once.Do(func() { close(ups) })
		} else if errors.Is(err, errLeft) {
			leave(leg, "caller") // its message that says so may come later, or not at all
		} else if err != nil {
			leg.finish("lost")
		}
	})
	if err != nil {
		v.hub.doors.hangup(v.ip)
		return err
	}
	leg.answer = func(ctx context.Context) error { return v.answer(ctx, leg, w, ups) }
	v.mu.Lock()
	v.leg, v.wire = leg, w
	v.mu.Unlock()
	v.page.send(message{Type: "state", State: "connecting"})
	v.page.send(message{Type: "offer", SDP: sdp})
	v.hub.work.Go(func() { v.hub.o.OnCitizen(leg) })
	return nil
}

// answer is the leg's Answer: sound first, then our "200".
func (v *visitor) answer(ctx context.Context, leg *Leg, w *wire, ups <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, connectBound)
	defer cancel()
	select {
	case <-ctx.Done():
		leg.finish("lost")
		return context.Cause(ctx)
	case <-leg.done:
		return errGone
	case <-ups:
	}
	port, err := v.hub.o.Engine.OpenConn(nil)
	if err != nil {
		return err
	}
	port.SetCodec(payloadPCMA, payloadDTMF)
	if !leg.take(port) {
		port.Close()
		return errGone
	}
	w.join(port)
	v.page.send(message{Type: "state", State: "talking"})
	return nil
}

// leave ends the call from the citizen's side.
func (v *visitor) leave(why string) {
	if leg := v.current(); leg != nil {
		leave(leg, why)
	}
}

func leave(leg *Leg, why string) {
	if why == "caller" && !leg.connected() {
		why = "cancelled"
	}
	leg.finish(why)
}

// gone: the socket has ended. A closed tab is a citizen who hung up; a page that fell silent is lost.
func (v *visitor) gone() {
	if v.page.silent() {
		v.leave("lost")
		return
	}
	v.leave("caller")
}

// over frees the page when its leg has ended, whoever ended it.
func (v *visitor) over(leg *Leg) {
	v.mu.Lock()
	w := v.wire
	v.leg, v.wire = nil, nil
	v.mu.Unlock()
	v.hub.doors.hangup(v.ip)
	v.page.send(message{Type: "state", State: "ended", Cause: leg.Cause()})
	v.hub.work.Go(w.close) // pion's Close may wait for its own callbacks, and this may be one
}

// addressOf is the address of the connection; of IPv6 the /64 that one household has.
func addressOf(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return netip.IPv6Unspecified() // all such share one limit
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is6() {
		p, _ := ip.Prefix(64) // an IPv6 address always has one
		return p.Addr()
	}
	return ip
}
