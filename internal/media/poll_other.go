//go:build !linux || portable

package media

import "time"

// napper sleeps until the time is up or somebody posts: the sockets push their packets through the mailbox.
type napper struct {
	noPoller
	bell  chan struct{}
	timer *time.Timer
}

func newPoller() (poller, error) {
	return &napper{bell: make(chan struct{}, 1), timer: time.NewTimer(0)}, nil
}

func (n *napper) bed(d time.Duration) { n.timer.Reset(d) }

func (n *napper) sleep() {
	select {
	case <-n.bell:
	case <-n.timer.C:
	}
}

func (n *napper) wake() {
	select {
	case n.bell <- struct{}{}:
	default:
	}
}
