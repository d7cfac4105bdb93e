package media

import (
	"io"
	"sync/atomic"
	"time"
)

// Recording is one Record going on. The tick thread fills buffers, a goroutine of its own writes them.
type Recording struct {
	p      *Port
	bound  int64 // frames
	frames atomic.Int64
	spool  *spool
	as     *listener
}

// Record writes what the leg says, as A-law bytes, for at most max. What does not arrive is concealed, then silence, so that
// the recording is as long as it took. Disk writes happen off the engine.
func (p *Port) Record(w io.Writer, max time.Duration) *Recording {
	r := &Recording{p: p, bound: int64(frames(max))}
	r.spool = newSpool(Rate/2, func(b []byte) error {
		_, err := w.Write(b)
		return err
	}, nil)
	r.as = &listener{sink: r, end: r}
	p.do(func(*thread, time.Duration) {
		if p.shutDown || r.over() {
			r.finish()
			return
		}
		p.addSink(r.as)
	})
	return r
}

// Put takes 20 ms, on the tick thread.
func (r *Recording) Put(f *Frame) {
	if r.spool.over {
		return
	}
	r.frames.Add(1)
	r.spool.cur = append(r.spool.cur, f[:]...)
	if r.spool.full(FrameSize) {
		r.spool.ship()
	}
}

func (r *Recording) over() bool { return r.spool.over || r.frames.Load() >= r.bound }

// finish ends it, on the tick thread: what the ring still holds belongs to it.
func (r *Recording) finish() {
	if p := r.p; p.ring != nil && len(p.sinks) == 1 && p.sinks[0] == r.as {
		var f Frame
		for !r.over() && p.ring.waiting() > 0 {
			p.ring.pull(&f)
			r.Put(&f)
		}
	}
	r.spool.end()
}

// Stop ends it, waits until everything is written, and tells its length.
func (r *Recording) Stop() time.Duration {
	r.p.do(func(*thread, time.Duration) {
		r.finish()
		r.p.removeSink(r.as)
	})
	<-r.spool.done
	return r.Length()
}

// Length is how much was recorded so far.
func (r *Recording) Length() time.Duration { return time.Duration(r.frames.Load()) * FrameTime }

// Done is closed when the recording has ended (Stop, its bound, or the leg's end) and is written.
func (r *Recording) Done() <-chan struct{} { return r.spool.done }

// Err is the first error of the writer, once Done.
func (r *Recording) Err() error {
	<-r.spool.done
	return r.spool.err()
}
