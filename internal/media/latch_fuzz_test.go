package media

import (
	"net/netip"
	"testing"
	"time"
)

// FuzzLatch: whatever strangers send in whatever order, who sends from the address that was agreed is heard, and sent to.
func FuzzLatch(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7})
	f.Add([]byte{9, 9, 9, 9, 9, 9, 9, 200, 9, 9})
	f.Fuzz(func(t *testing.T, b []byte) {
		var l latch
		l.rename(farAddr)
		now := time.Duration(0)
		for i, x := range b {
			now += time.Duration(x>>4) * 10 * time.Millisecond
			from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 0, 113, x & 3}), 5000+uint16(x>>2&3))
			if x&12 == 12 {
				from = netip.AddrPortFrom(farAddr.Addr(), 1+uint16(x&3))
			}
			l.admit(from, &packet{ssrc: uint32(x & 1), seq: uint16(i)}, now)
		}
		if ok, _ := l.admit(farAddr, &packet{ssrc: 77, seq: 1}, now); !ok || l.target() != farAddr {
			t.Fatalf("the far end is not heard: %+v", l)
		}
	})
}
