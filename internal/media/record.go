package media

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// The recorder's buffers: half a second each, half a minute of a stalled disk.
const (
	recordChunk = Rate / 2
	recordQueue = 64
)

// Recording is one Record going on. The tick thread fills buffers, a goroutine of its own writes them.
type Recording struct {
	p      *Port
	w      io.Writer
	bound  int64 // frames
	frames atomic.Int64
	queue  chan []byte
	spare  chan []byte
	done   chan struct{}
	err    error // writer's, readable once done

	as   *listener // tick thread only, as the rest
	cur  []byte
	lost bool
	over bool
}

// Record writes what the leg says, as A-law bytes, for at most max. What does not arrive is written as silence, so that the
// recording is as long as it took. Disk writes happen off the engine.
func (p *Port) Record(w io.Writer, max time.Duration) *Recording {
	r := &Recording{
		p: p, w: w, bound: int64(frames(max)), cur: make([]byte, 0, recordChunk),
		queue: make(chan []byte, recordQueue), spare: make(chan []byte, recordQueue), done: make(chan struct{}),
	}
	r.as = &listener{sink: r, rec: r}
	go r.write()
	p.do(func(*thread, time.Duration) {
		if p.shutDown || r.over || r.full() {
			r.finish()
			return
		}
		p.addSink(r.as)
	})
	return r
}

// Put takes 20 ms, on the tick thread.
func (r *Recording) Put(f *Frame) {
	if r.over {
		return
	}
	r.frames.Add(1)
	r.cur = append(r.cur, f[:]...)
	if len(r.cur)+FrameSize > cap(r.cur) {
		r.ship()
	}
}

func (r *Recording) full() bool { return r.frames.Load() >= r.bound }

// ship hands the buffer to the writer and takes another.
func (r *Recording) ship() {
	select {
	case r.queue <- r.cur:
	default:
		r.lost = true // the disk has stood still for half a minute
	}
	select {
	case r.cur = <-r.spare:
		r.cur = r.cur[:0]
	default:
		r.cur = make([]byte, 0, recordChunk)
	}
}

// finish ends it, on the tick thread: what the ring still holds belongs to it.
func (r *Recording) finish() {
	if r.over {
		return
	}
	if p := r.p; p.ring != nil && len(p.sinks) == 1 && p.sinks[0] == r.as {
		var f Frame
		for !r.full() && p.ring.waiting() > 0 {
			p.ring.pull(&f)
			r.Put(&f)
		}
	}
	r.over = true
	if len(r.cur) > 0 {
		r.ship()
	}
	close(r.queue)
}

func (r *Recording) write() {
	defer close(r.done)
	for b := range r.queue {
		if r.err == nil {
			if _, err := r.w.Write(b); err != nil {
				r.err = fmt.Errorf("media: record: %w", err)
			}
		}
		select {
		case r.spare <- b:
		default:
		}
	}
	if r.err == nil && r.lost {
		r.err = errors.New("media: record: the disk was too slow, a part is missing")
	}
}

// Stop ends it, waits until everything is written, and tells its length.
func (r *Recording) Stop() time.Duration {
	r.p.do(func(*thread, time.Duration) {
		r.finish()
		r.p.removeSink(r.as)
	})
	<-r.done
	return r.Length()
}

// Length is how much was recorded so far.
func (r *Recording) Length() time.Duration { return time.Duration(r.frames.Load()) * FrameTime }

// Done is closed when the recording has ended (Stop, its bound, or the leg's end) and is written.
func (r *Recording) Done() <-chan struct{} { return r.done }

// Err is the first error of the writer, once Done.
func (r *Recording) Err() error {
	<-r.done
	return r.err
}
