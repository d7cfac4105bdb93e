package media

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"
)

// portRest is how long a freed pair is left alone, so that the last call's stale packets do not reach the next one.
const portRest = 3 * time.Second

// pairs hands out even RTP ports together with the odd RTCP port above (RFC 3550 §11).
type pairs struct {
	ip   netip.Addr
	mu   sync.Mutex
	free []rested // fixed range: the longest rested first
	hot  []rested // any port: those freed a moment ago
	any  bool
}

type rested struct {
	port  int
	since time.Time
}

func newPairs(ip netip.Addr, from, to int) (*pairs, error) {
	p := &pairs{ip: ip, any: from == 0}
	if p.any {
		return p, nil
	}
	from += from % 2
	for port := from; port+1 <= to; port += 2 {
		p.free = append(p.free, rested{port: port})
	}
	if len(p.free) == 0 || to > 65535 || from < 0 {
		return nil, fmt.Errorf("media: no pair of ports in %d-%d", from, to)
	}
	return p, nil
}

// open finds a pair that can be bound: another program may sit on either port.
func (p *pairs) open(now time.Time) (rtp, rtcp Conn, err error) {
	if p.any {
		return p.openAny(now)
	}
	p.mu.Lock()
	tries := len(p.free)
	p.mu.Unlock()
	for range tries {
		port, ok := p.take(now)
		if !ok {
			return nil, nil, ErrNoPorts
		}
		if rtp, rtcp, err = openPair(p.ip, port); err == nil {
			return rtp, rtcp, nil
		}
		p.release(port, now)
	}
	return nil, nil, errors.Join(ErrNoPorts, err)
}

func (p *pairs) take(now time.Time) (int, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) == 0 || now.Sub(p.free[0].since) < portRest {
		return 0, false
	}
	port := p.free[0].port
	p.free = p.free[1:]
	return port, true
}

// openAny lets the system choose, until it chooses an even port whose neighbour is free too.
func (p *pairs) openAny(now time.Time) (rtp, rtcp Conn, err error) {
	for range 200 {
		port, err := probePort(p.ip)
		if err != nil {
			return nil, nil, errors.Join(ErrNoPorts, err)
		}
		port &^= 1
		if p.resting(port, now) {
			continue
		}
		if rtp, rtcp, err := openPair(p.ip, port); err == nil {
			return rtp, rtcp, nil
		}
	}
	return nil, nil, ErrNoPorts
}

func (p *pairs) resting(port int, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.hot) > 0 && now.Sub(p.hot[0].since) >= portRest {
		p.hot = p.hot[1:]
	}
	for _, r := range p.hot {
		if r.port == port {
			return true
		}
	}
	return false
}

// release lets a pair rest.
func (p *pairs) release(port int, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.any {
		p.hot = append(p.hot, rested{port, now})
		return
	}
	p.free = append(p.free, rested{port, now})
}
