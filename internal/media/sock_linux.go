//go:build linux && !portable

package media

import (
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// sock is one non-blocking UDP socket, read and written without the runtime's poller.
type sock struct {
	fd       int
	local    netip.AddrPort
	to       netip.AddrPort // of the last Send
	sa       rawAddr        // the same for the kernel
	only     netip.AddrPort // the kernel lets only this source through
	settling bool           // packets from before the filter may still be queued
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
	family := unix.AF_INET
	if at.Addr().Is6() {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("media: socket: %w", err)
	}
	s := &sock{fd: fd}
	if err := unix.Bind(fd, sockaddr(at)); err != nil {
		return nil, errors.Join(fmt.Errorf("media: bind %s: %w", at, err), s.Close())
	}
	// RFC 4594 §4.1: telephone sound is marked EF; a net that ignores it does no harm.
	if family == unix.AF_INET {
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_TOS, 0xB8)
	} else {
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_TCLASS, 0xB8)
	}
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("media: socket name: %w", err), s.Close())
	}
	s.local = fromSockaddr(sa)
	return s, nil
}

func sockaddr(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is6() {
		return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
	}
	return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
}

func fromSockaddr(sa unix.Sockaddr) netip.AddrPort {
	switch a := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr).Unmap(), uint16(a.Port))
	}
	return netip.AddrPort{}
}

// Recv gives the next packet. Once the source is locked the kernel has checked it, and reading needs no address.
func (s *sock) Recv(buf []byte) (int, netip.AddrPort, error) {
	if s.only.IsValid() && !s.settling {
		n, err := rawRecv(s.fd, buf, nil)
		if err != nil {
			return 0, netip.AddrPort{}, recvError(err)
		}
		return n, s.only, nil
	}
	var from rawAddr
	n, err := rawRecv(s.fd, buf, &from)
	if err != nil {
		s.settling = s.settling && err != unix.EAGAIN
		return 0, netip.AddrPort{}, recvError(err)
	}
	return n, from.get(), nil
}

func recvError(err error) error {
	if err == unix.EAGAIN || err == unix.EINTR {
		return ErrEmpty
	}
	return err
}

// Send sends one packet; a full buffer loses it, as a net would.
func (s *sock) Send(b []byte, to netip.AddrPort) error {
	if to != s.to {
		if to.Addr().Is6() != s.local.Addr().Is6() {
			return fmt.Errorf("media: cannot send from %s to %s", s.local, to)
		}
		s.to = to
		s.sa.set(to)
	}
	return rawSend(s.fd, b, &s.sa)
}

// unsettled tells that Recv must go on until it is empty.
func (s *sock) unsettled() bool { return s.settling }

// LocalAddr is where the socket is bound.
func (s *sock) LocalAddr() netip.AddrPort { return s.local }

// Close frees the port.
func (s *sock) Close() error {
	if s.fd < 0 {
		return nil
	}
	fd := s.fd
	s.fd = -1
	return unix.Close(fd)
}

// netOffset makes a classic BPF load start at the IP header (linux/filter.h SKF_NET_OFF).
const netOffset = 0xFFF00000

// Only lets the kernel drop everything that does not come from src, before it wakes or costs us anything.
// The zero AddrPort opens the socket to all again.
func (s *sock) Only(src netip.AddrPort) error {
	if !src.IsValid() {
		if !s.only.IsValid() {
			return nil
		}
		s.only = netip.AddrPort{}
		return unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_DETACH_FILTER, 0)
	}
	if src == s.only {
		return nil
	}
	var words []uint32
	at := uint32(netOffset + 12)
	raw := src.Addr().AsSlice()
	if src.Addr().Is6() {
		at = netOffset + 8
	}
	for i := 0; i < len(raw); i += 4 {
		words = append(words, uint32(raw[i])<<24|uint32(raw[i+1])<<16|uint32(raw[i+2])<<8|uint32(raw[i+3]))
	}
	var f []unix.SockFilter
	left := uint8(2*len(words) + 2) // instructions after each load up to the refusal
	test := func(code uint16, off, want uint32) {
		left -= 2
		f = append(f, unix.SockFilter{Code: code, K: off},
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: left + 1, K: want})
	}
	for i, w := range words {
		test(unix.BPF_LD|unix.BPF_W|unix.BPF_ABS, at+uint32(4*i), w)
	}
	test(unix.BPF_LD|unix.BPF_H|unix.BPF_ABS, 0, uint32(src.Port())) // the UDP header begins the packet here
	f = append(f, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: 0x40000}, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K})
	prog := unix.SockFprog{Len: uint16(len(f)), Filter: &f[0]}
	if err := unix.SetsockoptSockFprog(s.fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &prog); err != nil {
		s.only = netip.AddrPort{}
		return err
	}
	s.only, s.settling = src, true
	return nil
}
