package sipua

import (
	"net"
	"net/netip"
	"sync"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// maxHomes bounds the far ends whose way is remembered.
const maxHomes = 4096

// homes is a UDP socket on every address of a host that has several. What came to one of them is answered from it: a NAT, a firewall or
// a connected socket takes nothing from another (RFC 3581 §4: "the same address and port from which the request was received").
type homes struct {
	*net.UDPConn
	six bool

	mu  sync.Mutex
	own map[netip.AddrPort]netip.Addr // by far end
}

// newHomes asks the kernel for the address that each datagram came to; nil when it does not tell, or there is only one.
func newHomes(c *net.UDPConn) *homes {
	at := addrOf(c.LocalAddr()).Addr()
	if !at.IsUnspecified() {
		return nil
	}
	var err error
	if at.Is4() {
		err = ipv4.NewPacketConn(c).SetControlMessage(ipv4.FlagDst, true)
	} else {
		err = ipv6.NewPacketConn(c).SetControlMessage(ipv6.FlagDst, true)
	}
	if err != nil {
		return nil
	}
	return &homes{UDPConn: c, six: at.Is6(), own: map[netip.AddrPort]netip.Addr{}}
}

// ReadFromUDPAddrPort reads a datagram and remembers where it came to.
func (h *homes) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	var oob [128]byte
	n, m, _, from, err := h.ReadMsgUDPAddrPort(b, oob[:])
	if err == nil {
		h.remember(from, h.came(oob[:m]))
	}
	return n, from, err
}

// ReadFrom is ReadFromUDPAddrPort for those who want a net.Addr.
func (h *homes) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := h.ReadFromUDPAddrPort(b)
	if err != nil {
		return n, nil, err
	}
	return n, net.UDPAddrFromAddrPort(from), nil
}

// came reads the address that a datagram came to.
func (h *homes) came(oob []byte) (own netip.Addr) {
	if h.six {
		var m ipv6.ControlMessage
		if m.Parse(oob) == nil {
			own, _ = netip.AddrFromSlice(m.Dst)
		}
		return own
	}
	var m ipv4.ControlMessage
	if m.Parse(oob) == nil {
		own, _ = netip.AddrFromSlice(m.Dst)
	}
	return own.Unmap()
}

func (h *homes) remember(far netip.AddrPort, own netip.Addr) {
	if !own.IsValid() || own.IsMulticast() {
		return
	}
	far = netip.AddrPortFrom(far.Addr().Unmap(), far.Port())
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, known := h.own[far]; !known && len(h.own) >= maxHomes {
		for k := range h.own { // any: whoever is forgotten is answered as the kernel thinks best
			delete(h.own, k)
			break
		}
	}
	h.own[far] = own
}

// toward gives the address of ours that a far end knows.
func (h *homes) toward(far netip.AddrPort) (netip.Addr, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	own, ok := h.own[netip.AddrPortFrom(far.Addr().Unmap(), far.Port())]
	return own, ok
}

// WriteTo sends from the address that the far end knows.
func (h *homes) WriteTo(b []byte, to net.Addr) (int, error) {
	far, ok := to.(*net.UDPAddr)
	if !ok {
		return h.UDPConn.WriteTo(b, to)
	}
	own, known := h.toward(far.AddrPort())
	if !known {
		return h.UDPConn.WriteTo(b, to)
	}
	var oob []byte
	if h.six {
		oob = (&ipv6.ControlMessage{Src: own.AsSlice()}).Marshal()
	} else {
		oob = (&ipv4.ControlMessage{Src: own.AsSlice()}).Marshal()
	}
	n, _, err := h.WriteMsgUDP(b, oob, far)
	if err != nil { // the address is not ours any more
		return h.UDPConn.WriteTo(b, to)
	}
	return n, nil
}
