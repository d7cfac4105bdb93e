package sipua

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// place is one address where the agent listens: UDP and TCP on one port, or TLS.
type place struct {
	addr  netip.AddrPort
	udp   *packetGuard // nil for TLS
	tcp   net.Listener
	homes *homes // nil: one address only
}

// addresses reads "0.0.0.0:5060, [::]:5060". "[::]" alone means both families: a socket of each, so that an IPv4 caller is seen under
// the IPv4 address.
func addresses(list string) ([]*net.UDPAddr, error) {
	var out []*net.UDPAddr
	for _, a := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' }) {
		at, err := net.ResolveUDPAddr("udp", a)
		if err != nil {
			return nil, fmt.Errorf("sipua: address %q: %w", a, err)
		}
		if at.IP == nil {
			at.IP = net.IPv4zero
		}
		if at.IP.Equal(net.IPv6unspecified) {
			out = append(out, &net.UDPAddr{IP: net.IPv4zero, Port: at.Port})
		}
		out = append(out, at)
	}
	if len(out) == 0 {
		return nil, errors.New("sipua: no address to listen on")
	}
	return out, nil
}

// listen binds every address; one that is taken closes what was bound.
func (s *Server) listen() error {
	plain, err := addresses(s.o.Addr)
	if err != nil {
		return err
	}
	for _, at := range plain {
		p, err := s.listenPlain(at)
		if err != nil {
			s.shutDoors()
			return err
		}
		s.places = append(s.places, p)
	}
	if s.o.TLSAddr == "" {
		return nil
	}
	secure, err := addresses(s.o.TLSAddr)
	for i := 0; i < len(secure) && err == nil; i++ {
		var l net.Listener
		if l, err = net.Listen("tcp"+family(secure[i].IP), secure[i].String()); err == nil {
			s.secure = append(s.secure, &place{addr: addrOf(l.Addr()), tcp: newListenerGuard(&handshakes{l, s.o.TLS}, s.porch)})
		}
	}
	if err != nil {
		s.shutDoors()
		return fmt.Errorf("sipua: listen: %w", err)
	}
	return nil
}

func family(ip net.IP) string {
	if ip.To4() == nil {
		return "6"
	}
	return "4"
}

func addrOf(a net.Addr) netip.AddrPort {
	ap := netip.MustParseAddrPort(a.String())
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

// listenPlain binds UDP and TCP to the same port; with port 0 it looks for one that is free for both.
func (s *Server) listenPlain(want *net.UDPAddr) (*place, error) {
	for range 16 {
		udp, err := net.ListenUDP("udp"+family(want.IP), want)
		if err != nil {
			return nil, fmt.Errorf("sipua: listen: %w", err)
		}
		at := addrOf(udp.LocalAddr())
		tcp, err := net.Listen("tcp"+family(want.IP), at.String())
		if err == nil {
			p := &place{addr: at, tcp: newListenerGuard(tcp, s.porch)}
			var socket datagrams = udp
			if p.homes = newHomes(udp); p.homes != nil {
				socket = p.homes
			}
			p.udp = newPacketGuard(&udpTap{socket, &s.ladders}, s.porch, s.o.sources)
			return p, nil
		}
		udp.Close()
		if want.Port != 0 {
			return nil, fmt.Errorf("sipua: listen: %w", err)
		}
	}
	return nil, errors.New("sipua: no port is free for both UDP and TCP")
}

func (s *Server) shutDoors() {
	for _, p := range append(s.places, s.secure...) {
		p.tcp.Close()
		if p.udp != nil {
			p.udp.Close()
		}
	}
}

// serve starts a reader for each address. Connections that we dial are read like those that come (trunk_way.go).
func (s *Server) serve() {
	s.background("report", s.report)
	for _, p := range s.places {
		own := &sip.UDPConnection{PacketConn: p.udp.datagrams, PacketAddr: p.addr.String(), Listener: true}
		s.tpl.Pool("udp").Add(p.addr.String(), own)
		s.background("udp", func() {
			for { // the guard turns the reader over when it has seen too many sources
				_ = s.tpl.ServeUDP(p.udp)
				select {
				case <-s.done:
					return
				default:
				}
			}
		})
		s.background("tcp", func() { _ = s.tpl.ServeTCP(&tapListener{p.tcp, &s.ladders}) })
	}
	for _, p := range s.secure {
		s.background("tls", func() { _ = s.tpl.ServeTLS(&tapListener{p.tcp, &s.ladders}) })
	}
	s.background("tcp", func() { _ = s.tpl.ServeTCP(&tapListener{s.dialledTCP, &s.ladders}) })
	s.background("tls", func() { _ = s.tpl.ServeTLS(&tapListener{s.dialledTLS, &s.ladders}) })
}

// Addr is where the agent listens; the first address when there are several.
func (s *Server) Addr() netip.AddrPort { return s.places[0].addr }

// Addrs are all addresses of UDP and TCP, TLSAddrs those of TLS.
func (s *Server) Addrs() []netip.AddrPort { return addrs(s.places) }

// TLSAddrs are the addresses where TLS is spoken.
func (s *Server) TLSAddrs() []netip.AddrPort { return addrs(s.secure) }

func addrs(places []*place) (out []netip.AddrPort) {
	for _, p := range places {
		out = append(out, p.addr)
	}
	return out
}

// from is the address of ours that a message to dest leaves from: one of dest's family, on dest's own net if there is one, else the
// first. Without TLS of our own a TLS connection is named by the plain port.
func (s *Server) from(network, dest string) netip.AddrPort {
	places := s.places
	if network == "TLS" && len(s.secure) > 0 {
		places = s.secure
	}
	best := places[0].addr
	to, err := netip.ParseAddrPort(dest)
	if err != nil {
		return best
	}
	ip := to.Addr().Unmap()
	fits := func(a netip.AddrPort) int {
		switch own := a.Addr(); {
		case own.Is4() != ip.Is4():
			return 0
		case own.IsUnspecified():
			return 2
		case own == ip, s.routed(dest) == own.String():
			return 3
		}
		return 1
	}
	for _, p := range places[1:] {
		if fits(p.addr) > fits(best) {
			best = p.addr
		}
	}
	return best
}

// known gives the address of ours under which the far end at dest has reached us.
func (s *Server) known(dest string) string {
	to, err := netip.ParseAddrPort(dest)
	if err != nil {
		return ""
	}
	for _, p := range s.places {
		if p.homes == nil {
			continue
		}
		if own, ok := p.homes.toward(to); ok {
			return own.String()
		}
	}
	return ""
}

// routed is the address of this machine on the way to dest; "" when there is no way.
func (s *Server) routed(dest string) string {
	c, err := net.Dial("udp", dest) // sends nothing: asks the kernel for the route
	if err != nil {
		return ""
	}
	defer c.Close()
	return addrOf(c.LocalAddr()).Addr().String()
}

// maxHandshake bounds what a silent TLS client may cost.
const maxHandshake = 10 * time.Second

// handshakes puts TLS around accepted connections; the handshake is the first reader's work, so that nobody waits for another's.
type handshakes struct {
	net.Listener
	conf *tls.Config
}

// Accept gives the next connection.
func (h *handshakes) Accept() (net.Conn, error) {
	c, err := h.Listener.Accept()
	if err != nil {
		return nil, err
	}
	t := tls.Server(c, h.conf)
	return &secureConn{Conn: t, shake: sync.OnceValue(func() error {
		ctx, stop := context.WithTimeout(context.Background(), maxHandshake)
		defer stop()
		return t.HandshakeContext(ctx)
	})}, nil
}

type secureConn struct {
	*tls.Conn
	shake func() error
}

// Read shakes hands before the first byte.
func (c *secureConn) Read(b []byte) (int, error) {
	if err := c.shake(); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

// injected is a listener whose connections we have dialled ourselves: they are read as those that came, behind the same guard.
type injected struct {
	conns chan net.Conn
	addr  net.Addr
	done  chan struct{}
}

func newInjected(done chan struct{}) *injected {
	return &injected{conns: make(chan net.Conn), addr: &net.TCPAddr{IP: net.IPv4zero}, done: done}
}

// Accept gives the next dialled connection.
func (i *injected) Accept() (net.Conn, error) {
	select {
	case c := <-i.conns:
		return c, nil
	case <-i.done:
		return nil, net.ErrClosed
	}
}

// Close does nothing: done ends it.
func (i *injected) Close() error { return nil }

// Addr is nobody's.
func (i *injected) Addr() net.Addr { return i.addr }
