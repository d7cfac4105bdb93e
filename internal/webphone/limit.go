package webphone

import (
	"net/netip"
	"sync"
	"time"
)

// doorkeeper counts the public page's sockets and calls by address. It forgets an address an hour after its last call.
type doorkeeper struct {
	atOnce, perHour int
	mu              sync.Mutex
	guests          map[netip.Addr]*guest
	now             func() time.Time
}

type guest struct {
	open  int         // sockets
	talks int         // calls that go on
	calls []time.Time // of the last hour
}

func newDoorkeeper(perIP, perHour int) *doorkeeper {
	return &doorkeeper{atOnce: perIP, perHour: perHour, guests: map[netip.Addr]*guest{}, now: time.Now}
}

// enter lets a socket in: an idle page costs little, but not nothing. leave must follow.
func (d *doorkeeper) enter(ip netip.Addr) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sweep()
	g := d.guests[ip]
	if g == nil {
		g = &guest{}
		d.guests[ip] = g
	}
	if g.open >= 4*d.atOnce {
		return false
	}
	g.open++
	return true
}

func (d *doorkeeper) leave(ip netip.Addr) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if g := d.guests[ip]; g != nil {
		g.open--
	}
	d.sweep()
}

// call lets a call begin; hangup must follow.
func (d *doorkeeper) call(ip netip.Addr) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sweep()
	g := d.guests[ip]
	if g == nil || g.talks >= d.atOnce || len(g.calls) >= d.perHour {
		return false
	}
	g.talks++
	g.calls = append(g.calls, d.now())
	return true
}

func (d *doorkeeper) hangup(ip netip.Addr) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if g := d.guests[ip]; g != nil {
		g.talks--
	}
}

// sweep forgets what is over an hour old.
func (d *doorkeeper) sweep() {
	old := d.now().Add(-time.Hour)
	for ip, g := range d.guests {
		for len(g.calls) > 0 && !g.calls[0].After(old) {
			g.calls = g.calls[1:]
		}
		if g.open == 0 && g.talks == 0 && len(g.calls) == 0 {
			delete(d.guests, ip)
		}
	}
}
