package selftest

import (
	"sync"
	"time"

	"dovidka/internal/media"
)

// ear keeps what a call hears and notices when a prompt begins and ends. Put runs on the media engine's thread, the rest on ours.
type ear struct {
	mu      sync.Mutex
	alaw    []byte
	most    int
	sounded time.Duration // sound since the last key
	silent  time.Duration // silence since the last sound, by what was heard: a stall of this machine is not a prompt's end
	quiet   bool          // the last key was pressed into silence
	key     time.Time
	first   time.Time // first sound after the key
}

func newEar(seconds float64) *ear {
	most := int((seconds + 2) * media.Rate)
	return &ear{most: most, alaw: make([]byte, 0, most)}
}

// Put takes 20 ms.
func (e *ear) Put(f *media.Frame) {
	loud := media.Level(f[:]) > soundFloor
	now := time.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.alaw)+len(f) <= e.most {
		e.alaw = append(e.alaw, f[:]...)
	}
	if !loud {
		e.silent += media.FrameTime
		return
	}
	e.silent = 0
	e.sounded += media.FrameTime
	if e.first.IsZero() && !e.key.IsZero() {
		e.first = now
	}
}

// promptOver tells whether something was heard since the last key, and then nothing for promptEnd.
func (e *ear) promptOver() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.sounded >= minSound && e.silent >= promptEnd
}

// pressed notes that a key goes out, and tells at which second of what was heard.
func (e *ear) pressed(now time.Time) (at float64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.quiet = e.silent > 3*media.FrameTime
	e.sounded, e.key, e.first = 0, now, time.Time{}
	return float64(len(e.alaw)) / media.Rate
}

// answerTime is how long after the last key the first sound came. Only a key into silence can be timed by ear.
func (e *ear) answerTime() (time.Duration, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.quiet || e.first.IsZero() {
		return 0, false
	}
	return e.first.Sub(e.key), true
}

func (e *ear) sound() []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]byte(nil), e.alaw...)
}
