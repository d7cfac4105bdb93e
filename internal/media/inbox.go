package media

import (
	"net/netip"
	"sync"
	"sync/atomic"
)

type addrPort = netip.AddrPort

// inbox hands packets from another goroutine to the tick thread: a ring with one reader, and writers that take turns.
type inbox struct {
	mu         sync.Mutex // writers only
	head, tail atomic.Uint32
	slots      [32]parcel
}

type parcel struct {
	n    int
	from addrPort
	b    [maxPacket]byte
}

// maxPacket is the largest packet that is taken: 60 ms of G.711 and some header extensions.
const maxPacket = 640

// put copies b; false: no room, or too long.
func (x *inbox) put(b []byte, from addrPort) bool {
	if len(b) > maxPacket {
		return false
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	h := x.head.Load()
	if h-x.tail.Load() == uint32(len(x.slots)) {
		return false
	}
	s := &x.slots[h%uint32(len(x.slots))]
	s.n, s.from = copy(s.b[:], b), from
	x.head.Store(h + 1)
	return true
}

// each gives every packet to take and empties the ring. Reader only.
func (x *inbox) each(take func(b []byte, from addrPort)) {
	for t := x.tail.Load(); t != x.head.Load(); t++ {
		s := &x.slots[t%uint32(len(x.slots))]
		take(s.b[:s.n], s.from)
		x.tail.Store(t + 1)
	}
}
