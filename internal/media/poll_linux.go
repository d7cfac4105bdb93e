//go:build linux && !portable

package media

import (
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// epoller watches hot sockets and lazy ones apart. Nobody sleeps on the lazy ones: the thread looks at them when it sends anyway.
// The hot ones wake it at once while they are few; in a crowd a short clock does, because one wake-up then serves many packets.
//
// It sleeps in the Go scheduler's own poller, not in a system call of its own: a thread blocked in a call that is over within
// milliseconds keeps the runtime's monitor awake to take its processor away, which cost a sixth of all CPU time (docs/benchmarks.md).
// wake is a deadline that has passed, and costs no system call.
type epoller struct {
	set     [2]int // hot, lazy
	door    *os.File
	conn    syscall.RawConn // of door
	doorFD  int             // an epoll of the hot set (while it is no crowd) and of the clock
	clock   int             // timerfd
	ring    unix.ItimerSpec
	due     time.Time // when the sleep should be over
	late    int       // sleeps that are still thought to end late
	crowd   bool
	hots    int     // legs in the hot set
	ports   []*Port // by the number of the socket
	events  [512]unix.EpollEvent
	opened  [4]unix.EpollEvent
	knocked func(uintptr) bool
}

const (
	hotSet = iota
	lazySet
)

// fewHot is how many bridged legs wake the thread one by one; more are a crowd, which is looked at every crowdLook: with 50 packets
// a second each that is when looking by the clock begins to be cheaper. It adds a quarter of a millisecond on the average.
const (
	fewHot    = 24
	crowdLook = 500 * time.Microsecond
	lateWake  = 2 * time.Millisecond
	stillLate = 250 // sleeps: about a second
)

func newPoller() (poller, error) {
	x := &epoller{set: [2]int{-1, -1}, doorFD: -1, clock: -1}
	x.knocked = x.knock
	if err := x.open(); err != nil {
		x.close()
		return nil, err
	}
	return x, nil
}

func (x *epoller) open() (err error) {
	for i := range x.set {
		if x.set[i], err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
			return err
		}
	}
	if x.clock, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC); err != nil {
		return err
	}
	if x.doorFD, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return err
	}
	if err = errors.Join(watch(x.doorFD, x.clock), watch(x.doorFD, x.set[hotSet]), unix.SetNonblock(x.doorFD, true)); err != nil {
		return err
	}
	x.door = os.NewFile(uintptr(x.doorFD), "media door") // not blocking, so the scheduler's poller takes it
	if x.conn, err = x.door.SyscallConn(); err != nil {
		return err
	}
	return x.door.SetReadDeadline(time.Time{}) // fails where the poller did not take it
}

func watch(set, fd int) error {
	return unix.EpollCtl(set, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
}

func (x *epoller) add(p *Port) error {
	var errs error
	for _, c := range []Conn{p.rtp, p.rtcp} {
		if s, ok := c.(*sock); ok {
			for s.fd >= len(x.ports) {
				x.ports = append(x.ports, nil)
			}
			x.ports[s.fd] = p
			errs = errors.Join(errs, watch(x.set[lazySet], s.fd))
		}
	}
	return errs
}

func (x *epoller) remove(p *Port) {
	x.hot(p, false)
	for _, c := range []Conn{p.rtp, p.rtcp} {
		if s, ok := c.(*sock); ok && s.fd < len(x.ports) {
			x.ports[s.fd] = nil
			_ = unix.EpollCtl(x.set[lazySet], unix.EPOLL_CTL_DEL, s.fd, nil)
		}
	}
}

func (x *epoller) hot(p *Port, on bool) {
	s, ok := p.rtp.(*sock)
	if !ok {
		return
	}
	from, to, step := lazySet, hotSet, 1
	if !on {
		from, to, step = hotSet, lazySet, -1
	}
	if unix.EpollCtl(x.set[from], unix.EPOLL_CTL_DEL, s.fd, nil) != nil {
		return // it is there already
	}
	_ = watch(x.set[to], s.fd)
	x.hots += step
	if crowd := x.hots > fewHot; crowd != x.crowd {
		x.crowd = crowd
		if crowd {
			_ = unix.EpollCtl(x.doorFD, unix.EPOLL_CTL_DEL, x.set[hotSet], nil)
		} else {
			_ = watch(x.doorFD, x.set[hotSet])
		}
	}
}

// bed sets how long the next sleep may last. The kernel's clock rings to the microsecond where the scheduler counts milliseconds.
// The deadline behind it is for a processor so busy that the scheduler looks at its own clock but hardly ever at its poller: close
// behind while we are late, far otherwise, because every deadline that is moved wakes the scheduler once for nothing.
func (x *epoller) bed(d time.Duration) {
	if x.crowd {
		d = min(d, crowdLook)
	}
	x.due = time.Now().Add(d)
	margin := FrameTime
	if x.late > 0 {
		margin = time.Millisecond
		x.late--
	}
	_ = x.door.SetReadDeadline(x.due.Add(margin))
	x.ring.Value = unix.NsecToTimespec(max(1, int64(d))) // 0 would be never
	rawRing(x.clock, &x.ring)
}

func (x *epoller) sleep() {
	_ = x.conn.Read(x.knocked) // its error is the deadline
	if time.Since(x.due) > lateWake {
		x.late = stillLate
	}
}

// knock tells whether somebody is at the door.
func (x *epoller) knock(uintptr) bool { return rawReady(x.doorFD, x.opened[:]) > 0 }

// ready fetches one packet of every socket that has any; what remains is reported again.
func (x *epoller) ready(t *thread, now time.Duration, lazy bool) {
	set := x.set[hotSet]
	if lazy {
		set = x.set[lazySet]
	} else if x.hots == 0 {
		return
	}
	for range 8 { // bounded: the clock must not wait for a flood
		n := rawReady(set, x.events[:])
		for _, ev := range x.events[:n] {
			x.serve(t, ev.Fd, now)
		}
		if n < len(x.events) {
			return
		}
	}
}

func (x *epoller) serve(t *thread, fd int32, now time.Duration) {
	p := x.ports[fd]
	if p == nil {
		return
	}
	t.current = p
	if s, ok := p.rtp.(*sock); ok && s.fd == int(fd) {
		p.fetch(now)
	} else {
		p.drainRTCP(now)
	}
}

func (x *epoller) wake() { _ = x.door.SetReadDeadline(time.Unix(1, 0)) }

func (x *epoller) close() {
	if x.door != nil {
		_ = x.door.Close()
	} else if x.doorFD >= 0 {
		_ = unix.Close(x.doorFD)
	}
	for _, fd := range []int{x.set[0], x.set[1], x.clock} {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
	}
}
