package switchboard

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"dovidka/internal/call"
	"dovidka/internal/casework"
	"dovidka/internal/journal"
)

// A message that is being recorded lies in MessageDir as bare A-law under CALL-N.BOX.part. It is taken away when the message is
// kept; one that is found at a start is of a program that was killed.
const partEnd = ".part"

// openPart opens the file of the message that is about to be spoken; nil when the disk refuses, which must not stop the caller.
func (c *conductor) openPart(box string) *os.File {
	dir := c.s.o.MessageDir
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		var f *os.File
		name := fmt.Sprintf("%s-%d.%s%s", c.id, c.recorded, box, partEnd)
		if f, err = os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600); err == nil {
			return f
		}
	}
	c.log.Error("switchboard: the message stands in memory only", "err", err)
	return nil
}

// closePart ends the file; done: nobody needs it any more.
func (v *voice) closePart(done bool) {
	if v.part == nil {
		return
	}
	_ = v.part.Close() // written unbuffered: nothing is left to fail
	if done {
		_ = os.Remove(v.part.Name()) // left behind it is found again and changes nothing
	}
}

// part is what a file name tells of a message.
type part struct {
	call call.ID
	n    int
	box  string
}

func parsePart(name string) (p part, ok bool) {
	name, ok = strings.CutSuffix(name, partEnd)
	id, rest, dash := strings.Cut(name, "-")
	number, box, dot := strings.Cut(rest, ".")
	n, err := strconv.Atoi(number)
	p = part{call.ID(id), n, box}
	known := box == casework.BoxMessages || box == casework.BoxProposals
	return p, ok && dash && dot && err == nil && p.call.Valid() && known
}

// Past tells what earlier runs wrote down.
type Past interface {
	Story(ctx context.Context, id call.ID) (journal.Story, error)
}

// TakeUpMessages makes messages of what callers were saying when the program was killed: the sound up to the last half second, the
// card from the call's facts. Call it once after the journal's Recover, before Run. What fails is logged and tried at the next start.
func (s *Switchboard) TakeUpMessages(ctx context.Context, past Past) (n int) {
	files, err := os.ReadDir(s.o.MessageDir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		s.log.Error("switchboard: messages of the last run", "err", err)
	}
	for _, f := range files {
		p, ok := parsePart(f.Name())
		if !ok || !f.Type().IsRegular() {
			continue
		}
		kept, err := s.takeUpPart(ctx, past, p, filepath.Join(s.o.MessageDir, f.Name()))
		switch {
		case err != nil:
			s.log.Error("switchboard: message of the last run", "call", p.call, "err", err)
		case kept:
			n++
		}
	}
	return n
}

// takeUpPart keeps one; kept is false for one in which nobody spoke. Killed once more in its midst it ends the same.
func (s *Switchboard) takeUpPart(ctx context.Context, past Past, p part, path string) (kept bool, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return false, err
	}
	alaw, err := os.ReadFile(path)
	if err != nil {
		return false, err
	}
	var v voice
	_, _ = v.Write(alaw) // into memory
	sound, spoke := v.sound()
	if spoke < leastVoice {
		return false, os.Remove(path)
	}
	story, err := past.Story(ctx, p.call)
	if err != nil {
		return false, err
	}
	r := story.Record
	m, err := s.saveMessage(ctx, p.n, sound, casework.NewMessage{
		Call: p.call, Box: p.box, From: r.From, At: info.ModTime().UTC(), Topic: r.Topic, Path: r.Path,
	}, s.o.Menus.Current())
	if err != nil {
		return false, err
	}
	f := messageLeft(m, sound)
	f.Call, f.At = p.call, info.ModTime().UTC()
	if !slices.ContainsFunc(story.Facts, func(o call.Fact) bool { return o.Kind == f.Kind && o.Value == f.Value }) {
		if err := s.o.Journal.Append(ctx, f); err != nil {
			return false, err
		}
	}
	return true, os.Remove(path)
}
