//go:build linux && !portable

package media

import (
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The system calls of the frame path, without the runtime's ceremony around calls that may block: none of these can. An ordinary
// call that starts after a rest wakes the runtime's monitor thread, which then looks every 20 µs whether to take the processor away
// from us; with 500 wake-ups a second that was a fifth of all CPU time (docs/benchmarks.md). This is the only unsafe in the house:
// pointers live for one call, as rule 4 of package unsafe has it.

func rawSend(fd int, b []byte, to *rawAddr) error {
	for {
		_, _, e := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), 0,
			uintptr(unsafe.Pointer(&to.sa)), uintptr(to.n))
		if e == 0 {
			return nil
		}
		if e != unix.EINTR {
			return e
		}
	}
}

// rawRecv gives one packet, and where it came from unless from is nil.
func rawRecv(fd int, b []byte, from *rawAddr) (int, error) {
	var sa, size unsafe.Pointer
	if from != nil {
		from.n = uint32(len(from.sa))
		sa, size = unsafe.Pointer(&from.sa), unsafe.Pointer(&from.n)
	}
	n, _, e := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), 0, uintptr(sa), uintptr(size))
	if e != 0 {
		return 0, e
	}
	return int(n), nil
}

// rawReady asks an epoll who is ready, and does not wait.
func rawReady(fd int, events []unix.EpollEvent) int {
	n, _, e := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(fd), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), 0, 0, 0)
	if e != 0 {
		return 0
	}
	return int(n)
}

// rawRing lets a timerfd ring after a while, and forgets an earlier ring.
func rawRing(fd int, after *unix.ItimerSpec) {
	_, _, _ = syscall.RawSyscall6(unix.SYS_TIMERFD_SETTIME, uintptr(fd), 0, uintptr(unsafe.Pointer(after)), 0, 0, 0)
}

// rawAddr is a socket address as the kernel writes it: family, port, then the address (netinet/in.h).
type rawAddr struct {
	sa [unix.SizeofSockaddrInet6]byte
	n  uint32
}

func (r *rawAddr) set(a netip.AddrPort) {
	*r = rawAddr{}
	family, at := uint16(unix.AF_INET), 4
	if a.Addr().Is6() {
		family, at = unix.AF_INET6, 8
		b := a.Addr().As16()
		copy(r.sa[at:], b[:])
		r.n = unix.SizeofSockaddrInet6
	} else {
		b := a.Addr().As4()
		copy(r.sa[at:], b[:])
		r.n = unix.SizeofSockaddrInet4
	}
	*(*uint16)(unsafe.Pointer(&r.sa[0])) = family
	r.sa[2], r.sa[3] = byte(a.Port()>>8), byte(a.Port())
}

func (r *rawAddr) get() netip.AddrPort {
	port := uint16(r.sa[2])<<8 | uint16(r.sa[3])
	switch *(*uint16)(unsafe.Pointer(&r.sa[0])) {
	case unix.AF_INET:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(r.sa[4:8])), port)
	case unix.AF_INET6:
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(r.sa[8:24])).Unmap(), port)
	}
	return netip.AddrPort{}
}
