package switchboard

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/media"
	"dovidka/internal/queue"
)

const noticeWords = "Розмова з оператором записується"

// recording switches the recording of talks on.
func recording(c *centre, o *Options) {
	o.RecordingDir = c.TempDir() + "/recordings"
}

// recorded gives the files, by name.
func (c *centre) recorded() map[string][2][]byte {
	c.Helper()
	out := map[string][2][]byte{}
	if c.s.o.RecordingDir == "" {
		return out
	}
	files, err := filepath.Glob(filepath.Join(c.s.o.RecordingDir, "*"))
	if err != nil {
		c.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			c.Fatal(err)
		}
		left, right, err := media.ReadTalk(bytes.NewReader(b))
		if err != nil {
			c.Fatal(err)
		}
		if info, err := os.Stat(f); err != nil || info.Mode().Perm() != 0o600 {
			c.Fatalf("%s: others may read it", f)
		}
		out[strings.TrimSuffix(filepath.Base(f), ".wav")] = [2][]byte{left, right}
	}
	return out
}

// only gives the one recording there is.
func (c *centre) only() (id string, left, right []byte) {
	c.Helper()
	all := c.recorded()
	if len(all) != 1 {
		c.Fatalf("%d recordings; facts: %s\n%s", len(all), c.journal.kinds(""), c.log)
	}
	for id, s := range all {
		return id, s[0], s[1]
	}
	return "", nil, nil
}

// both lets citizen and agent say their tones, 500 and 900 Hz, for d.
func both(z *citizen, agent *fakeLeg, d time.Duration) {
	go agent.speaks(900, d)
	z.speaks(500, d)
	synctest.Wait()
}

// loudest is the level of a tone in the loudest half second of a sound.
func loudest(sound []byte, hz float64) float64 {
	best := -100.0
	for i := 0; i+media.Rate/2 <= len(sound); i += media.Rate / 4 {
		best = max(best, media.ToneLevel(sound[i:i+media.Rate/2], hz))
	}
	return best
}

// toAgent leads a caller through the notice to an agent.
func toAgent(c *centre, z *citizen, login string) *fakeLeg {
	c.Helper()
	z.hears("Вітаємо")
	z.press("0")
	z.hears(noticeWords)
	return c.answers(login)
}

func TestATalkIsRecordedAfterItsNotice(t *testing.T) {
	inCentre(t, recording, func(c *centre) {
		c.ready("olena")
		z := c.dial(anyone)
		z.hears("Вітаємо")
		z.press("0")
		z.hears(noticeWords)
		time.Sleep(2 * time.Second)
		if c.s.View("olena").Offer != nil {
			c.Fatal("an agent is rung before the notice was heard")
		}
		agent := c.answers("olena")
		both(z, agent, 3*time.Second)
		if v := c.s.View("olena"); v.Talk.Recording != RecordingOn {
			c.Fatalf("%+v", v.Talk)
		}
		z.hangs()
		r := wants(z, call.OutServed)
		id, left, right := c.only()
		if !strings.HasPrefix(id, string(r.Call)+"-") || strings.Contains(id, "671234567") {
			c.Fatal(id)
		}
		if a, b := loudest(left, 500), loudest(right, 900); a < -20 || b < -20 {
			c.Fatalf("not what was said: %.0f %.0f dB", a, b)
		}
		if a, b := loudest(left, 900), loudest(right, 500); a > -45 || b > -45 {
			c.Fatalf("the sides are mixed: %.0f %.0f dB", a, b)
		}
		began, ended := c.journal.all(call.RecordingStarted), c.journal.all(call.RecordingStopped)
		if len(began) != 1 || len(ended) != 1 || began[0].Name != id || ended[0].Name != id || ended[0].Seconds < 3 || ended[0].Cause != "" || began[0].Agent != "olena" {
			c.Fatalf("%+v %+v", began, ended)
		}
		heard := c.journal.all(call.Heard)
		if n := heard[len(heard)-1]; n.Name != notice || n.Share < 0.99 || n.At.After(began[0].At) {
			c.Fatalf("no proof of the notice before the recording: %+v", heard)
		}
	})
}

// TestNothingIsRecordedUnlessItIsOn, announced to the end, and not refused.
func TestNothingIsRecordedUnlessItIsOn(t *testing.T) {
	talk := func(c *centre, z *citizen) {
		agent := c.answers("olena")
		both(z, agent, 2*time.Second)
		z.hangs()
		wants(z, call.OutServed)
		if n := len(c.recorded()); n != 0 || len(c.journal.all(call.RecordingStarted)) != 0 {
			c.Fatalf("%d recordings", n)
		}
	}
	t.Run("off", func(t *testing.T) {
		inCentre(t, nil, func(c *centre) {
			c.ready("olena")
			z := c.dial(anyone)
			z.hears("Вітаємо")
			z.press("0")
			talk(c, z)
			if strings.Contains(strings.Join(z.texts, " "), noticeWords) || len(c.journal.all(call.RecordingRefused)) != 0 {
				c.Fatal("a recording is announced that is not made")
			}
		})
	})
	t.Run("8 in the notice", func(t *testing.T) {
		inCentre(t, recording, func(c *centre) {
			c.ready("olena")
			z := c.dial(anyone)
			z.hears("Вітаємо")
			z.press("0")
			z.hears(noticeWords)
			z.press("8")
			z.hears("Цю розмову ми не записуємо")
			talk(c, z)
			if f := c.journal.all(call.RecordingRefused); len(f) != 1 || f[0].Value != "notice" {
				c.Fatalf("%+v", f)
			}
		})
	})
	t.Run("8 while waiting", func(t *testing.T) {
		inCentre(t, recording, func(c *centre) {
			c.ready("olena")
			c.s.SetStatus(c.Context(), "olena", "break", "обід")
			z := c.dial(anyone)
			z.hears("Вітаємо")
			z.press("0")
			z.hears("Усі оператори")
			z.press("8")
			z.hears("Цю розмову ми не записуємо")
			z.press("8")
			c.ready("olena")
			c.offered("olena")
			talk(c, z)
			if f := c.journal.all(call.RecordingRefused); len(f) != 1 || f[0].Value != "queue" {
				c.Fatalf("%+v", f)
			}
		})
	})
	t.Run("a notice that cannot be spoken", func(t *testing.T) {
		inCentre(t, recording, func(c *centre) {
			c.ready("olena")
			z := c.dial(anyone)
			z.hears("Вітаємо")
			c.clips.break_(true)
			z.press("0")
			talk(c, z)
		})
	})
	t.Run("a menu without the notice", func(t *testing.T) {
		inCentre(t, func(c *centre, o *Options) {
			recording(c, o)
			delete(c.menu.Prompts, notice)
		}, func(c *centre) {
			if CanAnnounce(c.menu) == nil {
				c.Fatal("this menu cannot announce")
			}
			c.ready("olena")
			z := c.dial(anyone)
			z.hears("Вітаємо")
			z.press("0")
			talk(c, z)
		})
	})
}

// TestOtherKeysDoNotCutTheNotice: the law wants it heard.
func TestOtherKeysDoNotCutTheNotice(t *testing.T) {
	inCentre(t, recording, func(c *centre) {
		c.ready("olena")
		z := c.dial(anyone)
		z.hears("Вітаємо")
		z.press("0")
		z.hears(noticeWords)
		began := time.Now()
		z.press("5#1*0")
		c.offered("olena")
		if len(c.journal.all(call.RecordingRefused)) != 0 {
			c.Fatal("a key that is not 8 refuses the recording")
		}
		if took := time.Since(began); took < 8*time.Second {
			c.Fatalf("the notice was cut after %v", took)
		}
		z.hangs()
		z.record()
	})
}

// TestWhatIsPausedIsNotInTheFile, neither by the agent's wish nor on hold.
func TestWhatIsPausedIsNotInTheFile(t *testing.T) {
	inCentre(t, recording, func(c *centre) {
		c.ready("olena")
		z := c.dial(anyone)
		agent := toAgent(c, z, "olena")
		both(z, agent, 2*time.Second)
		if err := c.s.PauseRecording("olena", true); err != nil {
			c.Fatal(err)
		}
		if v := c.s.View("olena"); v.Talk.Recording != RecordingPaused {
			c.Fatalf("%+v", v.Talk)
		}
		go agent.speaks(1900, 2*time.Second)
		z.speaks(1700, 2*time.Second)
		time.Sleep(200 * time.Millisecond)
		for range 2 { // once more changes nothing
			if err := c.s.PauseRecording("olena", false); err != nil {
				c.Fatal(err)
			}
		}
		both(z, agent, 2*time.Second)
		if err := c.s.Hold("olena", true); err != nil {
			c.Fatal(err)
		}
		go agent.speaks(2300, 2*time.Second)
		z.speaks(2100, 2*time.Second)
		time.Sleep(200 * time.Millisecond)
		if err := c.s.Hold("olena", false); err != nil {
			c.Fatal(err)
		}
		both(z, agent, 2*time.Second)
		z.hangs()
		wants(z, call.OutServed)
		_, left, right := c.only()
		for _, hz := range []float64{1700, 1900, 2100, 2300} {
			if a, b := loudest(left, hz), loudest(right, hz); a > -40 || b > -40 {
				c.Errorf("%.0f Hz was said in a pause and is in the file: %.0f %.0f dB", hz, a, b)
			}
		}
		end := left[len(left)-2*media.Rate:]
		if loudest(left[:2*media.Rate], 500) < -20 || loudest(end, 500) < -20 {
			c.Error("what was said before or after the pause is missing")
		}
		if p, r := c.journal.all(call.RecordingPaused), c.journal.all(call.RecordingResumed); len(p) != 1 || len(r) != 1 || p[0].Agent != "olena" {
			c.Errorf("%+v %+v", p, r)
		}
		if err := c.s.PauseRecording("olena", true); err == nil {
			c.Error("a talk that is over was paused")
		}
	})
}

// TestTheFileGoesOnWithTheNextAgent: a dead page, the queue, another agent on the right of the same file; the wait is not in it.
func TestTheFileGoesOnWithTheNextAgent(t *testing.T) {
	inCentre(t, recording, func(c *centre) {
		c.ready("olena")
		z := c.dial(anyone)
		agent := toAgent(c, z, "olena")
		both(z, agent, 2*time.Second)
		agent.alive <- false
		c.until("olena", "a break", func(v AgentView) bool { return v.Me.Status == string(queue.Break) })
		z.speaks(1700, 2*time.Second)
		time.Sleep(200 * time.Millisecond) // what the jitter buffer still holds
		c.ready("petro")
		second := c.answers("petro")
		go second.speaks(1300, 2*time.Second)
		z.speaks(500, 2*time.Second)
		synctest.Wait()
		if err := c.s.Hangup("petro"); err != nil {
			c.Fatal(err)
		}
		z.hears("Оцініть")
		c.eventually("the recording ends with the talk", func() bool { return len(c.journal.all(call.RecordingStopped)) == 1 }, nil)
		select {
		case <-z.over:
			c.Fatal("the call is over before its recording")
		default:
		}
		z.speaks(1900, 2*time.Second)
		z.hangs()
		wants(z, call.OutServed)
		_, left, right := c.only()
		if loudest(right, 900) < -20 || loudest(right, 1300) < -20 {
			c.Error("one of the two agents is not on the right")
		}
		if a, b := loudest(left, 1700), loudest(left, 1900); a > -40 || b > -40 {
			c.Errorf("the wait or the survey was recorded: %.0f %.0f dB", a, b)
		}
		if n := len(c.journal.all(call.RecordingStopped)); n != 1 {
			c.Errorf("stopped %d times", n)
		}
	})
}

// TestADiskThatRefuses: the talk goes on, the screen and a fault say it.
func TestADiskThatRefuses(t *testing.T) {
	inCentre(t, func(c *centre, o *Options) {
		recording(c, o)
		if err := os.WriteFile(o.RecordingDir, nil, 0o600); err != nil { // a file where the folder should be
			c.Fatal(err)
		}
	}, func(c *centre) {
		c.ready("olena")
		z := c.dial(anyone)
		agent := toAgent(c, z, "olena")
		both(z, agent, time.Second)
		if v := c.s.View("olena"); v.Talk == nil || v.Talk.Recording != RecordingFailed {
			c.Fatalf("%+v", v.Talk)
		}
		if z.tone(900) < -30 {
			c.Fatal("the talk does not go on")
		}
		z.hangs()
		wants(z, call.OutServed)
		if f := c.journal.all(call.Fault); len(f) != 1 || f[0].Cause != "recording" {
			c.Fatalf("%+v", f)
		}
	})
}
