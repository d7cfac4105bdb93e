package media

import (
	"errors"
	"fmt"
	"sync/atomic"
)

// recordQueue is how many half-second buffers may wait for the disk: half a minute.
const recordQueue = 64

// spool takes sound on the tick thread and has it written by a goroutine of its own, in buffers of half a second.
type spool struct {
	write  func([]byte) error
	finish func() error // after the last write; may be nil
	queue  chan []byte
	spare  chan []byte
	done   chan struct{}
	fault  atomic.Pointer[error] // the first one

	cur  []byte // tick thread only, as the rest
	lost bool
	over bool
}

// newSpool starts the writer. chunk is the size of a buffer.
func newSpool(chunk int, write func([]byte) error, finish func() error) *spool {
	s := &spool{
		write: write, finish: finish, cur: make([]byte, 0, chunk),
		queue: make(chan []byte, recordQueue), spare: make(chan []byte, recordQueue), done: make(chan struct{}),
	}
	go s.run()
	return s
}

// full tells that there is no room for n more bytes in the buffer.
func (s *spool) full(n int) bool { return len(s.cur)+n > cap(s.cur) }

// ship hands the buffer to the writer and takes another.
func (s *spool) ship() {
	select {
	case s.queue <- s.cur:
	default:
		s.lost = true // the disk has stood still for half a minute
	}
	size := cap(s.cur)
	select {
	case s.cur = <-s.spare:
		s.cur = s.cur[:0]
	default:
		s.cur = make([]byte, 0, size)
	}
}

// end ships what is left; the writer then finishes. Twice is harmless.
func (s *spool) end() {
	if s.over {
		return
	}
	s.over = true
	if len(s.cur) > 0 {
		s.ship()
	}
	if s.lost {
		s.fail(errors.New("the disk was too slow, a part is missing"))
	}
	close(s.queue)
}

func (s *spool) run() {
	defer close(s.done)
	for b := range s.queue {
		if s.err() == nil {
			s.fail(s.write(b))
		}
		select {
		case s.spare <- b:
		default:
		}
	}
	if s.finish != nil {
		s.fail(s.finish())
	}
}

func (s *spool) fail(err error) {
	if err != nil {
		err = fmt.Errorf("media: record: %w", err)
		s.fault.CompareAndSwap(nil, &err)
	}
}

func (s *spool) err() error {
	if e := s.fault.Load(); e != nil {
		return *e
	}
	return nil
}
