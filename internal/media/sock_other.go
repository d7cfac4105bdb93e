//go:build !linux || portable

package media

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
)

// sock is the portable socket: the runtime's own, with a goroutine that hands packets over. Slower, for other systems.
type sock struct {
	c     *net.UDPConn
	local netip.AddrPort
}

// openPair binds port and port+1.
func openPair(ip netip.Addr, port int) (rtp, rtcp Conn, err error) {
	a, err := openSock(netip.AddrPortFrom(ip, uint16(port)))
	if err != nil {
		return nil, nil, err
	}
	b, err := openSock(netip.AddrPortFrom(ip, uint16(port+1)))
	if err != nil {
		return nil, nil, errors.Join(err, a.Close())
	}
	return a, b, nil
}

// probePort asks the system for a free port.
func probePort(ip netip.Addr) (int, error) {
	s, err := openSock(netip.AddrPortFrom(ip, 0))
	if err != nil {
		return 0, err
	}
	return int(s.local.Port()), s.Close()
}

func openSock(at netip.AddrPort) (*sock, error) {
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
	if err != nil {
		return nil, fmt.Errorf("media: bind: %w", err)
	}
	local := c.LocalAddr().(*net.UDPAddr).AddrPort()
	return &sock{c: c, local: netip.AddrPortFrom(at.Addr(), local.Port())}, nil
}

func (s *sock) push(take func(b []byte, from netip.AddrPort)) {
	go func() {
		buf := make([]byte, 2048)
		for {
			n, from, err := s.c.ReadFromUDPAddrPort(buf)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil {
				take(buf[:n], netip.AddrPortFrom(from.Addr().Unmap(), from.Port()))
			}
		}
	}()
}

// Recv gives nothing: packets are pushed.
func (s *sock) Recv([]byte) (int, netip.AddrPort, error) { return 0, netip.AddrPort{}, ErrEmpty }

// Send sends one packet.
func (s *sock) Send(b []byte, to netip.AddrPort) error {
	_, err := s.c.WriteToUDPAddrPort(b, to)
	return err
}

// LocalAddr is where the socket is bound.
func (s *sock) LocalAddr() netip.AddrPort { return s.local }

// Close frees the port.
func (s *sock) Close() error { return s.c.Close() }
