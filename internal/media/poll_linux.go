//go:build linux && !portable

package media

import (
	"errors"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// epoller watches hot sockets and lazy ones apart: ppoll sleeps on both sets or on the hot one alone, to the microsecond.
type epoller struct {
	set    [2]int     // hot, lazy
	event  int        // eventfd that wakes
	gone   sync.Mutex // wake and close: nobody may write to a number that something else has got
	fds    [2]unix.PollFd
	ports  map[int32]*Port
	events [256]unix.EpollEvent
}

const (
	hotSet = iota
	lazySet
)

func newPoller() (poller, error) {
	x := &epoller{set: [2]int{-1, -1}, event: -1, ports: map[int32]*Port{}}
	var err error
	for i := range x.set {
		if x.set[i], err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
			x.close()
			return nil, err
		}
		x.fds[i] = unix.PollFd{Fd: int32(x.set[i]), Events: unix.POLLIN}
	}
	if x.event, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC); err == nil {
		err = x.watch(hotSet, x.event)
	}
	if err != nil {
		x.close()
		return nil, err
	}
	return x, nil
}

func (x *epoller) watch(set, fd int) error {
	return unix.EpollCtl(x.set[set], unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
}

func (x *epoller) add(p *Port) error {
	var errs error
	for _, c := range []Conn{p.rtp, p.rtcp} {
		if s, ok := c.(*sock); ok {
			x.ports[int32(s.fd)] = p
			errs = errors.Join(errs, x.watch(lazySet, s.fd))
		}
	}
	return errs
}

func (x *epoller) remove(p *Port) {
	for _, c := range []Conn{p.rtp, p.rtcp} {
		if s, ok := c.(*sock); ok {
			delete(x.ports, int32(s.fd))
			for _, set := range x.set {
				_ = unix.EpollCtl(set, unix.EPOLL_CTL_DEL, s.fd, nil) // it is in one of them
			}
		}
	}
}

func (x *epoller) hot(p *Port, on bool) {
	s, ok := p.rtp.(*sock)
	if !ok {
		return
	}
	from, to := lazySet, hotSet
	if !on {
		from, to = hotSet, lazySet
	}
	if unix.EpollCtl(x.set[from], unix.EPOLL_CTL_DEL, s.fd, nil) == nil {
		_ = x.watch(to, s.fd)
	}
}

func (x *epoller) sleep(d time.Duration, lazy bool) {
	fds := x.fds[:1]
	if lazy {
		fds = x.fds[:]
	}
	ts := unix.NsecToTimespec(int64(d))
	_, _ = unix.Ppoll(fds, &ts, nil)
}

// ready fetches one packet of every socket that has any; what remains is reported again.
func (x *epoller) ready(t *thread, now time.Duration, lazy bool) int {
	set := x.set[hotSet]
	if lazy {
		set = x.set[lazySet]
	}
	n, err := unix.EpollWait(set, x.events[:], 0)
	if err != nil {
		return 0
	}
	for _, ev := range x.events[:n] {
		if int(ev.Fd) == x.event {
			_, _ = unix.Read(x.event, t.buf[:8])
			continue
		}
		p := x.ports[ev.Fd]
		if p == nil {
			continue
		}
		if s, ok := p.rtp.(*sock); ok && s.fd == int(ev.Fd) {
			t.current = p
			p.fetch(now)
		} else {
			p.drainRTCP(now)
		}
	}
	return n
}

func (x *epoller) wake() {
	x.gone.Lock()
	defer x.gone.Unlock()
	if x.event >= 0 {
		_, _ = unix.Write(x.event, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	}
}

func (x *epoller) close() {
	x.gone.Lock()
	defer x.gone.Unlock()
	for _, fd := range []*int{&x.set[0], &x.set[1], &x.event} {
		if *fd >= 0 {
			_ = unix.Close(*fd)
		}
		*fd = -1
	}
}
