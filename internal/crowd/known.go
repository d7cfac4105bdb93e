package crowd

import (
	"net/netip"
	"sync"
	"time"
)

// Known remembers the sources that have lately proved themselves. At most so many: when all places are taken by living ones,
// a quarter of them, any, gives way and has to prove itself again.
type Known struct {
	most int
	mu   sync.RWMutex
	till map[netip.AddrPort]time.Time
}

// NewKnown makes an empty one for at most so many.
func NewKnown(most int) *Known { return &Known{most: most, till: map[netip.AddrPort]time.Time{}} }

// Add remembers a source until then.
func (k *Known) Add(who netip.AddrPort, until, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, there := k.till[who]; !there && len(k.till) >= k.most {
		k.makeRoom(now)
	}
	k.till[who] = until
}

func (k *Known) makeRoom(now time.Time) {
	for w, t := range k.till {
		if !t.After(now) {
			delete(k.till, w)
		}
	}
	if len(k.till) < k.most {
		return
	}
	for w := range k.till {
		if len(k.till) <= k.most*3/4 {
			return
		}
		delete(k.till, w)
	}
}

// Has tells whether a source is remembered.
func (k *Known) Has(who netip.AddrPort, now time.Time) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.till[who].After(now)
}

// Seats count what is open at a time: in all, by address and by its network.
type Seats struct {
	all, host, net int
	mu             sync.Mutex
	taken          int
	hosts, nets    map[netip.Addr]int // only of open ones: bounded by all
}

// NewSeats makes empty seats; the numbers are the most.
func NewSeats(all, host, net int) *Seats {
	return &Seats{all: all, host: host, net: net, hosts: map[netip.Addr]int{}, nets: map[netip.Addr]int{}}
}

// Enter takes a seat; leave gives it back, once however often it is called. ok is false when there is none.
func (s *Seats) Enter(ip netip.Addr) (leave func(), ok bool) {
	host, network := Host(ip), Net(ip)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken >= s.all || s.hosts[host] >= s.host || s.nets[network] >= s.net {
		return nil, false
	}
	s.taken++
	s.hosts[host]++
	s.nets[network]++
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.taken--
		less(s.hosts, host)
		less(s.nets, network)
	}), true
}

func less(m map[netip.Addr]int, k netip.Addr) {
	if m[k]--; m[k] <= 0 {
		delete(m, k)
	}
}
