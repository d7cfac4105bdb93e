package media

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"
)

// TalkOptions bounds a recording of a talk.
type TalkOptions struct {
	Max time.Duration // longest length; default two hours
}

// TalkRecording is one talk being written to a file: stereo A-law WAV, the caller on the left, the agent on the right, as long
// as it took. The left leg is its clock; it ends with Stop, that leg's end, its longest length, or a write that fails. The talk
// hears nothing of any of these.
type TalkRecording struct {
	left   *Port
	paused atomic.Bool
	bound  int64 // frames
	frames atomic.Int64
	spool  *spool
	as     *listener
	right  ear // tick thread only, as the rest
	agent  Frame
}

// RecordTalk begins to record into a new file, which only its owner may read. A file that exists is never overwritten.
func RecordTalk(file string, left *Port, o TalkOptions) (*TalkRecording, error) {
	if o.Max <= 0 {
		o.Max = 2 * time.Hour
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("media: record: %w", err)
	}
	w := &talkFile{f: f}
	if err := w.header(); err != nil {
		return nil, errors.Join(fmt.Errorf("media: record: %w", err), f.Close(), os.Remove(file))
	}
	r := &TalkRecording{left: left, bound: int64(frames(o.Max))}
	r.spool = newSpool(Rate, w.write, w.close)
	r.as = &listener{sink: r, end: r}
	left.do(func(*thread, time.Duration) {
		if left.shutDown || r.over() {
			r.finish()
			return
		}
		left.addSink(r.as)
	})
	return r, nil
}

// Right says who is on the right from now on, such as after a transfer: the sum of these voices; none: silence.
func (r *TalkRecording) Right(voices ...*Port) {
	var taps []*tap
	for _, v := range voices {
		if v != nil {
			taps = append(taps, &tap{voice: v})
		}
	}
	r.left.do(func(*thread, time.Duration) {
		r.right.close()
		if r.right.taps = taps; r.over() {
			r.right.close()
		}
	})
	for _, x := range taps {
		x.open()
	}
}

// Pause writes silence on both sides until Resume, so that a place in the file stays a moment of the talk.
func (r *TalkRecording) Pause() { r.paused.Store(true) }

// Resume ends a Pause.
func (r *TalkRecording) Resume() { r.paused.Store(false) }

// Put takes 20 ms of the left side, on its tick thread, and fetches the right side's.
func (r *TalkRecording) Put(f *Frame) {
	if r.spool.over {
		return
	}
	r.right.Next(&r.agent)
	caller := f
	if r.paused.Load() {
		r.agent.hush()
		caller = &r.agent
	}
	for i := range caller {
		r.spool.cur = append(r.spool.cur, caller[i], r.agent[i])
	}
	r.frames.Add(1)
	if r.spool.full(2 * FrameSize) {
		r.spool.ship()
	}
}

func (r *TalkRecording) over() bool {
	return r.spool.over || r.frames.Load() >= r.bound || r.spool.err() != nil
}

// finish ends it, on the left side's tick thread.
func (r *TalkRecording) finish() {
	r.spool.end()
	r.right.close()
}

// Stop ends it and waits until everything is written. Twice is harmless.
func (r *TalkRecording) Stop() {
	r.left.do(func(*thread, time.Duration) {
		r.finish()
		r.left.removeSink(r.as)
	})
	<-r.spool.done
}

// Length is how much was recorded so far, pauses included.
func (r *TalkRecording) Length() time.Duration { return time.Duration(r.frames.Load()) * FrameTime }

// Done is closed when the recording has ended, for whatever reason, and the file is closed.
func (r *TalkRecording) Done() <-chan struct{} { return r.spool.done }

// Err is what went wrong so far: a full disk ends the recording.
func (r *TalkRecording) Err() error { return r.spool.err() }

// The header of a talk's WAV file: "fmt " of 18 bytes and "fact", as RFC 2361 wants for what is not PCM.
const (
	talkHeader = 58
	talkData   = 54 // where the length of the data stands
)

// talkFile writes sound and then the sizes that say so, twice a second: whenever the program dies, what the header tells is there.
type talkFile struct {
	f    *os.File
	size int64
}

func (w *talkFile) header() error {
	b := make([]byte, 0, talkHeader)
	b = append(b, "RIFF"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(talkHeader-8+w.size))
	b = append(b, "WAVEfmt "...)
	b = binary.LittleEndian.AppendUint32(b, 18)
	b = binary.LittleEndian.AppendUint16(b, wavALaw)
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint32(b, Rate)
	b = binary.LittleEndian.AppendUint32(b, 2*Rate)
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint16(b, 8)
	b = append(b, "\x00\x00fact\x04\x00\x00\x00"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(w.size/2))
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(w.size))
	_, err := w.f.WriteAt(b, 0)
	return err
}

func (w *talkFile) write(b []byte) error {
	if _, err := w.f.WriteAt(b, talkHeader+w.size); err != nil {
		return err
	}
	w.size += int64(len(b))
	return w.header()
}

func (w *talkFile) close() error { return errors.Join(w.f.Sync(), w.f.Close()) }

// RepairWAV makes the sizes in the header of a talk's recording true again: after kill -9 the last half second, or after a
// power cut the header, may not be what the file holds. It tells the length.
func RepairWAV(file string) (time.Duration, error) {
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		return 0, fmt.Errorf("media: repair: %w", err)
	}
	w := &talkFile{f: f}
	n, err := w.repair()
	if err = errors.Join(err, f.Close()); err != nil {
		return 0, fmt.Errorf("media: repair %s: %w", file, err)
	}
	return n, nil
}

func (w *talkFile) repair() (time.Duration, error) {
	at, err := w.f.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	if at > 0 {
		var b [4]byte
		if _, err := w.f.ReadAt(b[:], 0); err != nil || string(b[:]) != "RIFF" && b != [4]byte{} {
			return 0, errors.Join(errors.New("not a recording of a talk"), err)
		}
	}
	w.size = max(0, at-talkHeader) &^ 1
	if err := w.f.Truncate(talkHeader + w.size); err != nil {
		return 0, err
	}
	return time.Duration(w.size/2) * time.Second / Rate, w.header()
}

// ReadTalk reads the recording of a talk and gives its two sides as A-law bytes.
func ReadTalk(r io.Reader) (left, right []byte, err error) {
	all, err := io.ReadAll(r)
	if err != nil {
		return nil, nil, fmt.Errorf("media: read talk: %w", err)
	}
	if !isTalk(all) {
		return nil, nil, errors.New("media: not a recording of a talk")
	}
	body := all[talkHeader:]
	body = body[:min(len(body), int(binary.LittleEndian.Uint32(all[talkData:])))&^1]
	left, right = make([]byte, len(body)/2), make([]byte, len(body)/2)
	for i := range left {
		left[i], right[i] = body[2*i], body[2*i+1]
	}
	return left, right, nil
}
