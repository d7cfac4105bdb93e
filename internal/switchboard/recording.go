package switchboard

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/fault"
	"dovidka/internal/ivr"
	"dovidka/internal/journal"
	"dovidka/internal/media"
)

// notice is the prompt that announces the recording; unrecorded answers the key 8.
const (
	notice     = "notice.recording"
	unrecorded = "notice.recording_off"
)

// consent is what is known of a call's recording. The moves: unasked → announced → refused, and unasked → refused; a talk is
// recorded in announced only. Once refused it stays so for the whole call.
type consent string

const (
	unasked   consent = ""          // recording is off, or the notice was not heard to its end
	announced consent = "announced" // the whole notice was heard and 8 was not pressed
	refused   consent = "refused"
)

// recorder records the talks of one call into files: one from the first word with an agent to the last before the survey, through
// holds and transfers; another when the caller comes back from the survey. Sound is taken only while the citizen talks with a
// person: on hold, while waiting and while the agent has paused it the file holds silence. Its methods may be called by anybody.
type recorder struct {
	c *conductor

	mu      sync.Mutex
	consent consent
	file    *media.TalkRecording // nil: none is being written
	id      string
	count   int
	by      string // who paused it; "": nobody
	apart   bool   // the citizen hears music
	failed  bool
}

// longestTalk bounds a file; what is longer is a telephone that somebody forgot to put down.
const longestTalk = 6 * time.Hour

// Recording as the agent's screen shows it.
const (
	RecordingOn      = "on"
	RecordingPaused  = "paused"
	RecordingRefused = "refused" // by the citizen
	RecordingFailed  = "failed"  // the disk
)

func (r *recorder) state() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.consent == refused:
		return RecordingRefused
	case r.failed:
		return RecordingFailed
	case r.file == nil:
		return ""
	case over(r.file.Done()): // while the talk goes on: the disk, or the longest length
		return RecordingFailed
	case r.by != "":
		return RecordingPaused
	}
	return RecordingOn
}

// announce plays the notice before the caller joins the queue, so that no talk can begin before its end (Civil Code 307, Law
// 2297-VI 12). Once in a call. A notice that could not be spoken leaves the talk unrecorded.
func (c *conductor) announce() error {
	r := &c.rec
	lines := c.line(nil, notice)
	if c.s.o.RecordingDir == "" || r.asked() || len(lines) == 0 {
		return nil
	}
	c.speak.start(lines, true)
	for c.speak.busy() {
		select {
		case <-c.ctx.Done():
			c.speak.stop()
			return c.why()
		case d := <-c.port.Digits():
			if d.Key == '8' {
				c.speak.stop()
				return c.refuseRecording("notice")
			}
		case <-c.speak.C():
			c.speak.next()
		}
	}
	if c.gone() {
		return c.why()
	}
	if c.speak.failed == 0 {
		r.move(unasked, announced)
	}
	return nil
}

// refuseRecording is the key 8, during the notice or while waiting.
func (c *conductor) refuseRecording(where string) error {
	if !c.rec.refuse() {
		return nil
	}
	c.note(call.Fact{Kind: call.RecordingRefused, Value: where})
	if where == "notice" { // before the queue, which has its own things to say
		_, err := c.say(c.line(nil, unrecorded))
		return err
	}
	c.speak.start(c.line(nil, unrecorded), false)
	return nil
}

func (r *recorder) asked() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.consent != unasked
}

func (r *recorder) move(from, to consent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.consent == from {
		r.consent = to
	}
}

// refuse tells whether it is news. What was recorded before it (a talk that was lost) stays as it was announced.
func (r *recorder) refuse() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.c.s.o.RecordingDir == "" || r.consent == refused {
		return false
	}
	r.consent = refused
	return true
}

// follow is told of every change in who talks with whom: the persons whom the citizen hears, none while there is music.
func (r *recorder) follow(agent string, persons ...*media.Port) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.consent == refused {
		r.finish()
		return
	}
	if r.file == nil && len(persons) > 0 && r.consent == announced && !r.failed {
		r.begin(agent)
	}
	if r.file == nil {
		return
	}
	r.apart = len(persons) == 0
	r.file.Right(persons...)
	r.pausing()
}

func (r *recorder) pausing() {
	if r.apart || r.by != "" {
		r.file.Pause()
	} else {
		r.file.Resume()
	}
}

// begin opens the next file; r.mu is held. A disk that refuses is told on the agent's screen and by a fault, the talk goes on.
func (r *recorder) begin(agent string) {
	dir := r.c.s.o.RecordingDir
	r.count++
	r.id = journal.RecordingID(r.c.id, r.count)
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		r.file, err = media.RecordTalk(filepath.Join(dir, r.id+".wav"), r.c.port, media.TalkOptions{Max: longestTalk})
	}
	if err != nil {
		r.failed, r.file = true, nil
		r.c.log.Error("switchboard: alarm: a talk is not recorded", "agent", agent, "err", err)
		r.c.note(call.Fact{Kind: call.Fault, Cause: "recording"})
		return
	}
	r.c.note(call.Fact{Kind: call.RecordingStarted, Agent: agent, Name: r.id})
}

// end ends the file, if any: the talk is over for good.
func (r *recorder) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.finish()
}

// finish is end with r.mu held.
func (r *recorder) finish() {
	if r.file == nil {
		return
	}
	c, file, f := r.c, r.file, call.Fact{Kind: call.RecordingStopped, Name: r.id}
	r.file, r.by = nil, ""
	c.work.Go(func() { // the citizen does not wait for the disk, the record does
		file.Stop()
		if err := file.Err(); err != nil {
			f.Cause = "failed"
			c.log.Error("switchboard: alarm: a talk was not recorded to its end", "err", err)
		}
		f.Seconds = file.Length().Seconds()
		c.note(f)
	})
}

func over(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

var errNoTalkNow = fault.New(fault.Conflict, "Цієї розмови вже немає.")

var errNotRecorded = fault.New(fault.Conflict, "Цю розмову не записують.")

// pause stops taking sound, or goes on, by the wish of an agent: card data, health.
func (r *recorder) pause(agent string, on bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return errNotRecorded
	}
	if on == (r.by != "") {
		return nil
	}
	kind := call.RecordingResumed
	if r.by = ""; on {
		r.by, kind = agent, call.RecordingPaused
	}
	r.pausing()
	r.c.note(call.Fact{Kind: kind, Agent: agent, Name: r.id})
	return nil
}

// PauseRecording pauses the recording of the agent's talk, or goes on with it.
func (s *Switchboard) PauseRecording(login string, on bool) error {
	s.mu.Lock()
	t := s.talks[login]
	s.mu.Unlock()
	if t == nil {
		return errNoTalkNow
	}
	defer s.watchers.nudge()
	return t.c.rec.pause(login, on)
}

// CanAnnounce tells whether an edition has the notice without which nothing is recorded.
func CanAnnounce(m *ivr.Menu) error {
	for _, id := range []string{notice, unrecorded} {
		if _, ok := m.Prompts[id]; !ok {
			return errors.New("у меню немає фрази «" + id + "», без якої розмови не записують")
		}
	}
	return nil
}
