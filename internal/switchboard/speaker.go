package switchboard

import (
	"context"
	"errors"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/ivr"
	"dovidka/internal/media"
)

// renderTime bounds the making of one clip while a citizen waits for it.
const renderTime = 8 * time.Second

// pending is a clip being fetched: nearly always from the cache, within a millisecond.
type pending struct {
	ready chan struct{}
	alaw  []byte
	err   error
}

func (c *conductor) fetch(text string) *pending {
	p := &pending{ready: make(chan struct{})}
	go func() {
		defer close(p.ready)
		defer func() {
			if recover() != nil {
				p.err = errVoice
			}
		}()
		ctx, stop := context.WithTimeout(c.ctx, renderTime)
		defer stop()
		clip, err := c.s.o.Clips.Clip(ctx, text)
		switch {
		case err != nil:
			p.err = err
		case len(clip.ALaw) == 0 || clip.Engine == "embedded":
			p.err = errVoice
		default:
			p.alaw = clip.ALaw
		}
	}()
	return p
}

// clipTime is how long A-law sound lasts.
func clipTime(alaw []byte) time.Duration { return time.Duration(len(alaw)) * time.Second / media.Rate }

// speaker plays lines one after the other to the caller, and writes down what of each block was heard. It belongs to the
// conductor's goroutine: wait on C, then call next.
type speaker struct {
	c       *conductor
	lines   []ivr.Line
	clips   []*pending
	at      int             // the line being fetched or played
	pb      *media.Playback // nil while it is fetched
	heard   []time.Duration // of each line
	failed  int             // lines that could not be spoken
	said    bool            // something was spoken
	keep    bool            // write heard facts (the menu; not the queue's announcements)
	blockAt int             // first line of the block that at belongs to
}

// start replaces what is said.
func (s *speaker) start(lines []ivr.Line, keep bool) {
	s.stop()
	*s = speaker{c: s.c, lines: lines, clips: make([]*pending, len(lines)), heard: make([]time.Duration, len(lines)), keep: keep}
	s.prefetch()
	s.next() // a clip in the cache starts at once
}

// prefetch asks for this line and the one after it.
func (s *speaker) prefetch() {
	for i := s.at; i < len(s.lines) && i <= s.at+1; i++ {
		if s.clips[i] == nil {
			s.clips[i] = s.c.fetch(s.lines[i].Text)
		}
	}
}

// busy tells whether something is being said (or about to be).
func (s *speaker) busy() bool { return s.at < len(s.lines) }

// interruptible tells whether a key stops the sound (all but legal notices and alerts).
func (s *speaker) interruptible() bool { return !s.busy() || s.lines[s.at].Interruptible }

// C fires when next has something to do; nil when nothing is said.
func (s *speaker) C() <-chan struct{} {
	switch {
	case !s.busy():
		return nil
	case s.pb != nil:
		return s.pb.Done()
	}
	return s.clips[s.at].ready
}

// next goes on: from the fetched clip to its sound, from its end to the next line.
func (s *speaker) next() {
	for s.busy() {
		if s.pb != nil {
			select {
			case <-s.pb.Done():
				s.leaveLine()
				continue
			default:
				return
			}
		}
		p := s.clips[s.at]
		select {
		case <-p.ready:
		default:
			return
		}
		if p.err != nil {
			s.failed++
			if s.c.ctx.Err() == nil {
				s.c.log.Error("switchboard: line not spoken", "topic", s.lines[s.at].ID, "err", p.err)
				s.c.note(call.Fact{Kind: call.Fault, Cause: "speech", Name: s.lines[s.at].ID})
			}
			s.leaveLine()
			continue
		}
		s.said = true
		s.pb = s.c.port.Play(media.NewClip(p.alaw), media.Silence(s.lines[s.at].Pause))
		s.c.caption(s.lines[s.at].Text)
		return
	}
}

// leaveLine notes how much of the line was heard and steps to the next.
func (s *speaker) leaveLine() {
	if s.pb != nil {
		s.heard[s.at] = min(s.pb.Played(), clipTime(s.clips[s.at].alaw))
		s.pb = nil
	}
	s.at++
	if !s.busy() || s.lines[s.at].ID != s.lines[s.blockAt].ID {
		s.noteBlock(s.at)
		s.blockAt = s.at
	}
	s.prefetch()
}

// stop silences the speaker at once; what was heard of the block is written down.
func (s *speaker) stop() {
	if !s.busy() {
		return
	}
	if s.pb != nil {
		s.pb.Stop()
		s.heard[s.at] = min(s.pb.Played(), clipTime(s.clips[s.at].alaw))
		s.pb = nil
	}
	end := s.at + 1
	for end < len(s.lines) && s.lines[end].ID == s.lines[s.blockAt].ID {
		end++
	}
	s.noteBlock(end)
	s.at = len(s.lines)
}

// noteBlock writes one heard fact for the consecutive lines [blockAt, end) of one ID.
func (s *speaker) noteBlock(end int) {
	var played, whole time.Duration
	for i := s.blockAt; i < end; i++ {
		played += s.heard[i]
		whole += s.lineTime(i)
	}
	if s.keep && played > 0 && whole > 0 {
		s.c.note(call.Fact{Kind: call.Heard, Name: s.lines[s.blockAt].ID, Share: min(1, played.Seconds()/whole.Seconds()), Seconds: played.Seconds()})
	}
}

// lineTime is how long a line lasts; one that was never fetched is judged by its letters.
func (s *speaker) lineTime(i int) time.Duration {
	if p := s.clips[i]; p != nil {
		select {
		case <-p.ready:
			return clipTime(p.alaw)
		default:
		}
	}
	const perLetter = 72 * time.Millisecond // docs: 12.9 to 15 letters a second
	return time.Duration(len([]rune(s.lines[i].Text))) * perLetter
}

// mute tells that lines were to be said and none could be: the voice has failed.
func (s *speaker) mute() bool { return !s.busy() && s.failed > 0 && !s.said }

// caption gives a text to legs that show what is being said (the page of a citizen in a browser).
func (c *conductor) caption(text string) {
	if t, ok := c.leg.(interface{ Say(text string) }); ok {
		t.Say(text)
	}
}

// line makes a line of the first prompt that the edition has.
func (c *conductor) line(vars map[string]any, ids ...string) []ivr.Line {
	if c.menu == nil {
		return nil
	}
	for _, id := range ids {
		if _, ok := c.menu.Prompts[id]; !ok {
			continue
		}
		l, err := c.menu.Line(id, vars)
		if err != nil {
			c.log.Error("switchboard: prompt", "topic", id, "err", err)
			continue
		}
		if l.Text == "" {
			continue
		}
		return []ivr.Line{l}
	}
	return nil
}

// say plays lines to their end; a key stops interruptible ones and is given back. 0 means they were played.
func (c *conductor) say(lines []ivr.Line) (key byte, err error) {
	c.speak.start(lines, false)
	for c.speak.busy() {
		select {
		case <-c.ctx.Done():
			c.speak.stop()
			return 0, c.why()
		case d := <-c.port.Digits():
			if c.speak.interruptible() {
				c.speak.stop()
				return d.Key, nil
			}
			key = d.Key
		case <-c.speak.C():
			c.speak.next()
		}
	}
	if c.gone() {
		return 0, c.why()
	}
	return key, nil
}

// sayClip plays a clip that is in the binary, as often as told: for when nothing else works.
func (c *conductor) sayClip(alaw []byte, times int) {
	if len(alaw) == 0 || c.port == nil {
		return
	}
	for range times {
		pb := c.port.Play(media.NewClip(alaw), media.Silence(time.Second))
		select {
		case <-pb.Done():
		case <-c.ctx.Done():
			return
		}
	}
}

// isGone tells an ended call from a failure.
func isGone(err error) bool {
	return errors.Is(err, errGone) || errors.Is(err, errShutdown) || errors.Is(err, context.Canceled)
}
