package switchboard

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/fault"
	"dovidka/internal/journal"
	"dovidka/internal/media"
)

// Story makes the memory of a test a Past.
func (j *memJournal) Story(_ context.Context, id call.ID) (journal.Story, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.facts[id]) == 0 {
		return journal.Story{}, fault.New(fault.NotFound, "")
	}
	return journal.Story{Record: call.Close(j.facts[id]), Facts: j.facts[id]}, nil
}

// parts lists the messages in the making.
func (c *centre) parts() []string {
	c.Helper()
	found, err := filepath.Glob(filepath.Join(c.s.o.MessageDir, "*"+partEnd))
	if err != nil {
		c.Fatal(err)
	}
	return found
}

// TestMessageSurvivesAKill: what lies on the disk while a citizen speaks becomes the message at the next start, once.
func TestMessageSurvivesAKill(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		z := c.dial(anyone)
		tone(c, z)
		z.speaks(500, 4*time.Second)
		parts := c.parts()
		if len(parts) != 1 {
			c.Fatalf("%d files while the citizen speaks", len(parts))
		}
		info, err := os.Stat(parts[0])
		if err != nil || info.Mode().Perm() != 0o600 || info.Size() < 3*media.Rate {
			c.Fatalf("%v %v", info, err)
		}
		if strings.Contains(parts[0], "671234567") {
			c.Fatal("the name tells the number: " + parts[0])
		}
		id := parsedID(c, parts[0])
		// the kill: what is on the disk now is all that the next start has
		alaw, err := os.ReadFile(parts[0])
		if err != nil {
			c.Fatal(err)
		}
		next := New(Options{Menus: c, Clips: c.clips, Journal: c.journal, Cards: c.cards, Surveys: c.surveys, Agents: c, Phones: c.phones,
			MessageDir: t.TempDir() + "/messages", Log: c.s.log})
		if err := os.Mkdir(next.o.MessageDir, 0o700); err != nil {
			c.Fatal(err)
		}
		again := filepath.Join(next.o.MessageDir, filepath.Base(parts[0]))
		for range 2 { // killed once more after it was kept
			if err := os.WriteFile(again, alaw, 0o600); err != nil {
				c.Fatal(err)
			}
			if n := next.TakeUpMessages(c.Context(), c.journal); n != 1 {
				c.Fatalf("took up %d\n%s", n, c.log)
			}
		}
		if _, err := os.Stat(again); !os.IsNotExist(err) {
			c.Fatal("the part is still there")
		}
		m := c.cards.saved()[0]
		if m.Call != id || m.Box != "messages" || m.From != "+380671234567" || m.Seconds < 3 || m.Due.IsZero() {
			c.Fatalf("%+v", m)
		}
		f, err := os.Open(filepath.Join(next.o.MessageDir, filepath.Base(m.Sound)))
		if err != nil {
			c.Fatal(err)
		}
		defer f.Close()
		if sound, err := media.ReadWAV(f); err != nil || media.ToneLevel(sound[len(sound)/2:], 500) < -25 {
			c.Fatal("not what was said", err)
		}
		if left := c.journal.all(call.MessageLeft); len(left) == 0 || left[0].Call != id || left[0].Value == "" {
			c.Fatalf("%+v", left)
		}
	})
}

// TestPartsThatAreNoMessages: silence is thrown away, a stranger's file and a call that nobody knows are left alone.
func TestPartsThatAreNoMessages(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		dir := c.s.o.MessageDir
		if err := os.MkdirAll(dir, 0o700); err != nil {
			c.Fatal(err)
		}
		id := string(call.NewID(time.Now()))
		loud := make([]byte, 2*media.Rate)
		tone := media.Tone(500, 2*time.Second, -15)
		var f media.Frame
		for i := 0; tone.Next(&f); i += media.FrameSize {
			copy(loud[i:], f[:])
		}
		for name, b := range map[string][]byte{
			id + "-1.messages.part": make([]byte, 0), id + "-2.messages.part": loud, id + "-x.messages.part": loud, id + "-1.elsewhere.part": loud, "notes.part": loud,
		} {
			if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
				c.Fatal(err)
			}
		}
		if n := c.s.TakeUpMessages(c.Context(), c.journal); n != 0 || len(c.cards.saved()) != 0 {
			c.Fatalf("%d", n)
		}
		if left := c.parts(); len(left) != 4 {
			c.Fatalf("left: %v", left)
		}
		if !strings.Contains(c.log.String(), "message of the last run") {
			c.Fatal("a message that nobody can be told of is not logged")
		}
	})
}

// TestPartsAreTidied: a kept message, an empty one and a caller who hangs up leave no part behind; one that cannot be kept does.
func TestPartsAreTidied(t *testing.T) {
	for name, spoken := range map[string]time.Duration{"kept": 2 * time.Second, "empty": 0} {
		t.Run(name, func(t *testing.T) {
			inCentre(t, nil, func(c *centre) {
				z := c.dial(anyone)
				tone(c, z)
				z.speaks(500, spoken)
				z.press("#")
				time.Sleep(time.Second)
				z.hangs()
				z.record()
				if left := c.parts(); len(left) != 0 {
					c.Fatalf("left: %v", left)
				}
			})
		})
	}
	inCentre(t, nil, func(c *centre) {
		c.cards.fail = os.ErrDeadlineExceeded // a database that is away
		z := c.dial(anyone)
		tone(c, z)
		z.speaks(500, 2*time.Second)
		z.hangs()
		z.record()
		if left := c.parts(); len(left) != 1 {
			c.Fatalf("what could not be kept is gone: %v", left)
		}
	})
}

func parsedID(c *centre, path string) call.ID {
	p, ok := parsePart(filepath.Base(path))
	if !ok {
		c.Fatal(path)
	}
	return p.call
}

// tone leads a caller to the tone of the message box.
func tone(c *centre, z *citizen) {
	z.hears("Вітаємо")
	z.press("0")
	c.eventually("tone", func() bool { return len(c.journal.all(call.Recording)) == 1 }, nil)
}
