package crowd

import (
	"net/netip"
	"runtime"
	"testing"
	"time"
)

var begin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func ip(n uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

// took tells how many of n tokens one gets.
func took(n int, take func() bool) (got int) {
	for range n {
		if take() {
			got++
		}
	}
	return got
}

// An address has its burst, then its rate; what was welcome is given back; another address is not touched.
func TestBucket(t *testing.T) {
	b := NewBuckets(Rate{10, 2}, Rate{100, 20}, Rate{1000, 200}, begin)
	a, now := netip.MustParseAddr("192.0.2.1"), begin
	one := func() bool { return b.Take(a, now) }
	if n := took(50, one); n != 10 {
		t.Errorf("%d at once", n)
	}
	if !b.Take(netip.MustParseAddr("198.51.100.1"), now) {
		t.Error("another address pays")
	}
	now = now.Add(3 * time.Second)
	if n := took(50, one); n != 6 {
		t.Errorf("%d after 3 s", n)
	}
	b.Give(a, 2, now)
	if n := took(50, one); n != 2 {
		t.Errorf("%d after two were given back", n)
	}
	now = now.Add(time.Hour)
	if n := took(50, one); n != 10 {
		t.Errorf("%d after an hour", n)
	}
}

// Cycling through a network gives its burst and no more; so does an IPv6 host through its /64.
func TestCycling(t *testing.T) {
	b := NewBuckets(Rate{10, 2}, Rate{100, 20}, Rate{1000, 200}, begin)
	n := 0
	for i := range uint32(256) {
		n += took(10, func() bool { return b.Take(ip(0xC0000200+i), begin) })
	}
	if n > 100 || n < 90 { // two of the 256 may share a cell
		t.Errorf("a /24 got %d", n)
	}
	six := netip.MustParseAddr("2001:db8:1:2::").As16()
	n = 0
	for i := range 200 {
		six[15] = byte(i)
		n += took(10, func() bool { return b.Take(netip.AddrFrom16(six), begin) })
	}
	if n != 10 {
		t.Errorf("a /64 got %d", n)
	}
	if Host(netip.MustParseAddr("::ffff:192.0.2.7")) != netip.MustParseAddr("192.0.2.7") {
		t.Error("a mapped address is another one")
	}
}

// A million addresses get no more than everybody's bucket, cost no memory, and a try allocates nothing.
func TestMillion(t *testing.T) {
	b, k := NewBuckets(Rate{10, 2}, Rate{100, 20}, Rate{1000, 200}, begin), NewKnown(1000)
	before := heap()
	n := 0
	for i := range uint32(1_000_000) {
		who := ip(i*2654435761 + 1)
		n += took(1, func() bool { return b.Take(who, begin) })
		if i%16 == 0 {
			k.Add(netip.AddrPortFrom(who, 1), begin.Add(time.Hour), begin)
		}
	}
	if grown := int64(heap()) - int64(before); grown > 1<<20 {
		t.Errorf("%d bytes more", grown)
	}
	if n != 1000 {
		t.Errorf("%d got in", n)
	}
	if len(k.till) > 1000 {
		t.Errorf("%d are known", len(k.till))
	}
	who := ip(7)
	if a := testing.AllocsPerRun(100, func() { b.Take(who, begin) }); a != 0 {
		t.Errorf("%v allocations a try", a)
	}
	runtime.KeepAlive(b)
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestKnown(t *testing.T) {
	k, who := NewKnown(2), netip.MustParseAddrPort("192.0.2.1:5060")
	k.Add(who, begin.Add(time.Minute), begin)
	if !k.Has(who, begin) || k.Has(netip.MustParseAddrPort("192.0.2.1:5061"), begin) || k.Has(who, begin.Add(time.Minute)) {
		t.Error("who is known, and until when")
	}
	k.Add(netip.MustParseAddrPort("192.0.2.2:5060"), begin.Add(time.Hour), begin)
	k.Add(netip.MustParseAddrPort("192.0.2.3:5060"), begin.Add(time.Hour), begin.Add(2*time.Minute))
	if !k.Has(netip.MustParseAddrPort("192.0.2.2:5060"), begin) {
		t.Error("a living one gave way to a forgotten one")
	}
}

func TestSeats(t *testing.T) {
	s := NewSeats(10, 2, 5)
	var leave []func()
	enter := func(n uint32) bool {
		l, ok := s.Enter(ip(n))
		if ok {
			leave = append(leave, l)
		}
		return ok
	}
	if n := took(9, func() bool { return enter(0xC0000201) }); n != 2 {
		t.Errorf("%d of one address", n)
	}
	n := uint32(1)
	if got := took(9, func() bool { n++; return enter(0xC0000200 + n) }); got != 3 {
		t.Errorf("%d more of its network", got)
	}
	if got := took(20, func() bool { n++; return enter(n << 8) }); got != 5 {
		t.Errorf("%d more of everybody", got)
	}
	leave[0]()
	leave[0]()
	if !enter(0xC0000201) || enter(0xC0000201) {
		t.Error("one seat was given back")
	}
	for _, l := range leave {
		l()
	}
	if s.taken != 0 || len(s.hosts)+len(s.nets) != 0 {
		t.Errorf("left: %d, %v, %v", s.taken, s.hosts, s.nets)
	}
}
