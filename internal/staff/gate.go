package staff

import (
	"fmt"
	"net/netip"
	"sync"
	"time"

	"dovidka/internal/fault"
)

// The price of wrong passwords: some tries are free (people mistype), then the wait doubles with each.
const (
	freeTries   = 5  // for one login from one address
	freeFromIP  = 30 // for any logins from one address: a whole centre may sit behind it
	firstDelay  = time.Second
	longestWait = 15 * time.Minute
	forget      = time.Hour // without a further try
	maxTracked  = 20_000    // entries in memory
)

// gate counts tries of signing in. A try is counted before the password is looked at and forgiven when it was right, so tries at
// the same moment do not slip through.
type gate struct {
	mu    sync.Mutex
	tries map[string]*tried
}

type tried struct {
	n       int
	last    time.Time
	blocked time.Time // no try before
}

func newGate() *gate { return &gate{tries: map[string]*tried{}} }

// keys names the counters of a try: the pair of login and address, and the address. An IPv6 host owns a whole /64.
func keys(login, ip string) (pair, host string) {
	if a, err := netip.ParseAddr(ip); err == nil {
		a = a.Unmap().WithZone("")
		ip = a.String()
		if a.Is6() {
			if p, err := a.Prefix(64); err == nil {
				ip = p.String()
			}
		}
	}
	return login + "\x00" + ip, "\x00" + ip
}

// enter counts a try; a fault.Busy with the wait when it comes too early.
func (g *gate) enter(login, ip string, now time.Time) error {
	pair, host := keys(login, ip)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sweep(now)
	var until time.Time
	for _, k := range []string{pair, host} {
		if t := g.tries[k]; t != nil && t.blocked.After(until) {
			until = t.blocked
		}
	}
	if now.Before(until) {
		wait := until.Sub(now).Round(time.Second)
		return fault.Wrap(fault.Busy, fmt.Sprintf("Забагато спроб увійти. Спробуйте через %d с.", max(1, int(wait.Seconds()))),
			fmt.Errorf("blocked for %v", wait))
	}
	g.count(pair, freeTries, now)
	g.count(host, freeFromIP, now)
	return nil
}

func (g *gate) count(key string, free int, now time.Time) {
	t := g.tries[key]
	if t == nil {
		t = &tried{}
		g.tries[key] = t
	}
	t.n++
	t.last = now
	if over := t.n - free; over >= 0 {
		wait := longestWait
		if over < 20 {
			wait = min(firstDelay<<over, longestWait)
		}
		t.blocked = now.Add(wait)
	}
}

// forgive drops what a right password has proved to be mistyping; for the address one try less.
func (g *gate) forgive(login, ip string) {
	pair, host := keys(login, ip)
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.tries, pair)
	if t := g.tries[host]; t != nil {
		if t.n--; t.n < freeFromIP {
			t.blocked = time.Time{}
		}
		if t.n <= 0 {
			delete(g.tries, host)
		}
	}
}

// sweep forgets old counters when there are many; if all are new, any, so that memory stays bounded.
func (g *gate) sweep(now time.Time) {
	if len(g.tries) < maxTracked {
		return
	}
	for k, t := range g.tries {
		if now.Sub(t.last) > forget {
			delete(g.tries, k)
		}
	}
	for k := range g.tries {
		if len(g.tries) < maxTracked {
			return
		}
		delete(g.tries, k)
	}
}
