package switchboard

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/casework"
	"dovidka/internal/ivr"
	"dovidka/internal/media"
	"dovidka/internal/speech"
	"dovidka/internal/spoken"
)

// What makes a message: who is silent so long has finished (or never began), and a cough is not a message.
const (
	quietEnds  = 8 * time.Second
	leastVoice = 300 * time.Millisecond
	keepTail   = time.Second
	voiceLevel = -45 // dBov, RMS of a frame that is speech and not the line's noise
)

// message records a message into box: intro, tone, voice until '#'. "saved", "operator" (0: what was said is kept) or "back".
func (c *conductor) message(box string, intro []ivr.Line) (how string, err error) {
	c.stopMusic()
	key, err := c.say(intro)
	switch {
	case err != nil:
		return "", err
	case key == '0' && c.open() == "open":
		return "operator", nil
	case key == '#':
		return "back", nil
	}
	if c.speak.mute() || len(intro) == 0 { // without a voice the tone alone would explain nothing
		c.sayClip(speech.Embedded("leave_message"), 1)
	}
	for range 2 {
		end, kept, err := c.record(box)
		switch {
		case err != nil:
			return "", err
		case end == '0':
			return "operator", nil
		case kept != nil:
			_, err := c.say(c.saved(box, *kept))
			return "saved", err
		}
		key, err := c.say(c.line(nil, "voicemail.empty"))
		switch {
		case err != nil:
			return "", err
		case key == '0':
			return "operator", nil
		case key == '#':
			return "back", nil
		}
	}
	return "back", nil
}

// saved says the number of the message and until when we call back; proposals go to the head instead (regulation 4.3).
func (c *conductor) saved(box string, m casework.Message) []ivr.Line {
	due := m.Due
	if c.menu != nil && c.menu.Hours != nil {
		due = due.In(c.menu.Hours.Location())
	}
	vars := map[string]any{"ticket_number": spoken.Ticket(m.Number), "callback_when": spoken.WeekdayDate(due)}
	switch {
	case box == casework.BoxProposals:
		return c.line(vars, "voicemail.proposal_saved", "voicemail.saved")
	case c.leg.From() == "": // a hidden number: nobody can call back
		return c.line(vars, "voicemail.saved_no_number", "voicemail.saved")
	}
	return c.line(vars, "voicemail.saved")
}

// record makes one recording. end is the key that ended it (0: silence, the bound, or the caller hung up); kept is the saved
// message, nil when nothing was said. After a hang-up what was said is saved and the error is the hang-up.
func (c *conductor) record(box string) (end byte, kept *casework.Message, err error) {
	c.beep()
	if c.gone() { // users-ask 20: no message without a live caller
		return 0, nil, c.why()
	}
	c.note(call.Fact{Kind: call.Recording, Name: box})
	c.recorded++
	v := &voice{part: c.openPart(box)}
	rec := c.port.Record(v, c.s.o.MessageMax)
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for going := true; going; {
		select {
		case <-c.ctx.Done():
			going, err = false, c.why()
		case d := <-c.port.Digits():
			if d.Key == '#' || d.Key == '0' {
				going, end = false, d.Key
			}
		case <-rec.Done():
			going = false
		case <-tick.C:
			going = v.quiet() < quietEnds
		}
	}
	rec.Stop()
	kept, failed := c.keep(box, v)
	v.closePart(failed == nil) // what could not be kept is tried again at the next start
	if failed != nil {
		c.log.Error("switchboard: message not kept", "err", failed)
		if err == nil {
			err = failed
		}
	}
	return end, kept, err
}

// beep is the tone after which one speaks.
func (c *conductor) beep() {
	src := media.Tone(880, 300*time.Millisecond, -18)
	if b := speech.Embedded("beep"); len(b) > 0 {
		src = media.NewClip(b)
	}
	pb := c.port.Play(src)
	select {
	case <-pb.Done():
	case <-c.ctx.Done():
	}
}

// keep writes the sound and the card of a message; nil when nobody spoke. It outlives the caller.
func (c *conductor) keep(box string, v *voice) (*casework.Message, error) {
	sound, spoke := v.sound()
	if spoke < leastVoice {
		return nil, nil
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(c.ctx), closingTime)
	defer stop()
	i := c.about()
	m, err := c.s.saveMessage(ctx, c.recorded, sound, casework.NewMessage{
		Call: c.id, Box: box, From: i.from, At: time.Now().UTC(), Topic: i.topic, Path: i.path,
	}, c.menu)
	if err != nil {
		return nil, err
	}
	c.note(messageLeft(m, sound))
	c.s.countMessages(ctx)
	return &m, nil
}

// messageLeft is the fact of a message that is kept.
func messageLeft(m casework.Message, sound []byte) call.Fact {
	return call.Fact{Kind: call.MessageLeft, Name: m.Box, Value: m.Number, Seconds: clipTime(sound).Seconds()}
}

// saveMessage writes the sound and the card of the nth message of a call. The same once more changes nothing.
func (s *Switchboard) saveMessage(ctx context.Context, n int, sound []byte, m casework.NewMessage, menu *ivr.Menu) (casework.Message, error) {
	path, err := s.writeSound(fmt.Sprintf("%s-%d.wav", m.Call, n), sound)
	if err != nil {
		return casework.Message{}, fmt.Errorf("switchboard: message: %w", err)
	}
	m.Sound, m.Seconds, m.Due = path, clipTime(sound).Seconds(), due(menu, m.At)
	saved, err := s.o.Cards.SaveMessage(ctx, m)
	if err != nil {
		return casework.Message{}, fmt.Errorf("switchboard: message: %w", err)
	}
	if saved.Due.IsZero() {
		saved.Due = m.Due
	}
	saved.Box = m.Box
	return saved, nil
}

// due is the end of the next working day (regulation 3.5).
func due(m *ivr.Menu, now time.Time) time.Time {
	if m == nil || m.Hours == nil {
		return now.AddDate(0, 0, 1)
	}
	return m.Hours.AddWorkingDays(now, 1)
}

// writeSound writes a WAV whole or not at all and gives its path under the data folder (the parent of MessageDir).
func (s *Switchboard) writeSound(name string, alaw []byte) (string, error) {
	dir := s.o.MessageDir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	f, err := os.CreateTemp(dir, ".message-*")
	if err != nil {
		return "", err
	}
	defer os.Remove(f.Name())
	var wav bytes.Buffer
	err = media.WriteWAV(&wav, alaw)
	if err == nil {
		_, err = f.Write(wav.Bytes())
	}
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, name))
	}
	return filepath.Join(filepath.Base(dir), name), err
}

// voice takes A-law sound and tells speech from silence. It is written by the recorder and read by the call.
type voice struct {
	part *os.File // the same sound on the disk as it comes, for a program that is killed meanwhile; nil: there is none

	mu    sync.Mutex
	alaw  []byte
	spoke time.Duration // speech so far
	last  time.Duration // end of the last speech
	begun int           // bytes judged
}

// Write adds sound.
func (v *voice) Write(p []byte) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.alaw = append(v.alaw, p...)
	if v.part != nil {
		_, _ = v.part.Write(p) // memory has it too; without the file only a killed program loses it
	}
	for ; v.begun+media.FrameSize <= len(v.alaw); v.begun += media.FrameSize {
		if level(v.alaw[v.begun:v.begun+media.FrameSize]) > voiceLevel {
			v.spoke += media.FrameTime
			v.last = clipTime(v.alaw[:v.begun+media.FrameSize])
		}
	}
	return len(p), nil
}

// quiet is for how long nothing was said.
func (v *voice) quiet() time.Duration {
	v.mu.Lock()
	defer v.mu.Unlock()
	return clipTime(v.alaw) - v.last
}

// sound is what was recorded, without the silence after the last word, and how much of it is speech.
func (v *voice) sound() ([]byte, time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	end := min(len(v.alaw), int((v.last+keepTail)*media.Rate/time.Second))
	return slices.Clone(v.alaw[:end]), v.spoke
}

// level is the RMS of A-law samples in dBov.
func level(alaw []byte) float64 {
	var sum float64
	for _, b := range alaw {
		x := float64(media.DecodeALaw(b)) / 32768
		sum += x * x
	}
	return 10 * math.Log10(sum/float64(len(alaw))+1e-12)
}
