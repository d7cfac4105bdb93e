// Package crowd keeps the many from costing more than the few: token buckets, seats and lately known addresses.
//
// What it owns: counting by network address. What it never does: open a socket, log, decide what a refusal looks like.
//
// Invariants, each with a test:
//   - memory does not depend on how many addresses there are: a Table is a fixed array, whoever shares a cell shares its bucket;
//   - cycling through a network helps nobody: an address pays in its own bucket, in its network's (/24, /48) and in everybody's;
//     an IPv6 address counts as its /64, which is what one household or one rented machine has;
//   - which addresses share a cell cannot be computed outside: the hash has a seed of its own.
package crowd

import (
	"encoding/binary"
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

// Rate is a bucket's: so many at once, and so many come back each second.
type Rate struct{ Burst, PerSecond float32 }

// Host is whom an address belongs to: itself, or an IPv6 address's /64.
func Host(ip netip.Addr) netip.Addr { return cut(ip, 32, 64) }

// Net is the network around an address that one person may rent whole: /24, or /48.
func Net(ip netip.Addr) netip.Addr { return cut(ip, 24, 48) }

func cut(ip netip.Addr, four, six int) netip.Addr {
	ip = ip.Unmap().WithZone("")
	bits := six
	if ip.Is4() {
		bits = four
	}
	p, err := ip.Prefix(bits)
	if err != nil { // the zero Addr: all such are one
		return netip.Addr{}
	}
	return p.Addr()
}

// tableSize cells of eight bytes: half a megabyte.
const tableSize = 1 << 16

// Table is buckets by key, all of one Rate. It may be used by any goroutine.
type Table struct {
	rate  Rate
	seed  maphash.Seed
	begin time.Time
	mu    sync.Mutex
	cells []cell
}

// cell is a bucket by what was taken from it, so that the zero value is a full one.
type cell struct {
	taken float32
	at    uint32 // milliseconds since the table's begin; a cell untouched for 49 days may look fresh, and is empty then anyway
}

// NewTable makes a table of full buckets; begin is any time before the first use.
func NewTable(r Rate, begin time.Time) *Table { return newTable(r, begin, tableSize) }

func newTable(r Rate, begin time.Time, size int) *Table {
	return &Table{rate: r, seed: maphash.MakeSeed(), begin: begin, cells: make([]cell, size)}
}

// Take takes one token for key; false when there is none.
func (t *Table) Take(key netip.AddrPort, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.settled(key, now)
	if c.taken+1 > t.rate.Burst {
		return false
	}
	c.taken++
	return true
}

// Give puts n tokens back: what they paid for was welcome.
func (t *Table) Give(key netip.AddrPort, n float32, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.settled(key, now)
	c.taken = max(0, c.taken-n)
}

// settled is key's cell with what has come back since it was last looked at.
func (t *Table) settled(key netip.AddrPort, now time.Time) *cell {
	c := &t.cells[0]
	if len(t.cells) > 1 {
		var b [18]byte
		a := key.Addr().As16()
		copy(b[:], a[:])
		binary.BigEndian.PutUint16(b[16:], key.Port())
		c = &t.cells[maphash.Bytes(t.seed, b[:])%uint64(len(t.cells))]
	}
	ms := uint32(now.Sub(t.begin).Milliseconds())
	c.taken = max(0, c.taken-float32(ms-c.at)/1000*t.rate.PerSecond)
	c.at = ms
	return c
}

// Buckets charge an address, its network and everybody at once.
type Buckets struct{ host, net, all *Table }

// NewBuckets makes them full.
func NewBuckets(host, net, all Rate, begin time.Time) *Buckets {
	return &Buckets{NewTable(host, begin), NewTable(net, begin), newTable(all, begin, 1)}
}

// Take takes one token everywhere, or none and false when one of the buckets is empty.
func (b *Buckets) Take(ip netip.Addr, now time.Time) bool {
	host, network := netip.AddrPortFrom(Host(ip), 0), netip.AddrPortFrom(Net(ip), 0)
	switch {
	case !b.host.Take(host, now):
		return false
	case !b.net.Take(network, now):
		b.host.Give(host, 1, now)
		return false
	case !b.all.Take(netip.AddrPort{}, now):
		b.host.Give(host, 1, now)
		b.net.Give(network, 1, now)
		return false
	}
	return true
}

// Give puts n tokens back everywhere.
func (b *Buckets) Give(ip netip.Addr, n float32, now time.Time) {
	b.host.Give(netip.AddrPortFrom(Host(ip), 0), n, now)
	b.net.Give(netip.AddrPortFrom(Net(ip), 0), n, now)
	b.all.Give(netip.AddrPort{}, n, now)
}
