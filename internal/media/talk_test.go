package media

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestRecordTalk: caller left, agent right, silence where nobody is or it is paused, the right side swapped in mid-talk, and the
// file whole at any moment.
func TestRecordTalk(t *testing.T) {
	d := newDesk(t)
	cit, one, two := d.party(500), d.party(900), d.party(1300)
	file := filepath.Join(t.TempDir(), "talk.wav")
	r, err := RecordTalk(file, cit.p, TalkOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := RecordTalk(file, cit.p, TalkOptions{}); err == nil {
		t.Error("a recording is overwritten")
	}
	second := func() { d.talk(50, cit, one, two) }
	second() // nobody on the right
	Bridge(cit.p, one.p)
	r.Right(one.p)
	second()
	r.Right(two.p)
	second()
	r.Pause()
	second()
	r.Resume()
	r.Right(one.p, two.p) // three talk
	second()
	r.Right()
	second()
	until(t, "what was written", func() bool { // as it would be found after kill -9
		b, _ := os.ReadFile(file)
		l, _, _ := ReadTalk(bytes.NewReader(b))
		return len(l) >= 5.4*Rate
	})
	r.Stop()
	r.Stop()
	left, right, err := readTalkFile(file)
	if err != nil || r.Err() != nil || r.Length() != 6*time.Second || len(left) != 6*Rate {
		t.Fatalf("%s, %d pairs, %v %v", r.Length(), len(left), err, r.Err())
	}
	for i, want := range [][2]string{{"500 ", ""}, {"500 ", "900 "}, {"500 ", "1300 "}, {"", ""}, {"500 ", "900 1300 "}, {"500 ", ""}} {
		mid := func(b []byte) []byte { return b[i*Rate+Rate/4 : i*Rate+Rate*3/4] }
		all := []*party{cit, one, two}
		if l, g := tones(mid(left), all...), tones(mid(right), all...); l != want[0] || g != want[1] {
			t.Errorf("second %d: %q and %q, want %q", i, l, g, want)
		}
	}
	if len(cit.p.sinks)+len(one.p.sinks)+len(two.p.sinks) != 0 {
		t.Error("somebody still listens")
	}
	if s, err := os.Stat(file); err != nil || s.Mode().Perm() != 0o600 {
		t.Error("others may read it", err)
	}
}

func readTalkFile(file string) (left, right []byte, err error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	return ReadTalk(bytes.NewReader(b))
}

// TestTalkEnds: by its bound, by the left leg's end, by a full disk; the talk goes on.
func TestTalkEnds(t *testing.T) {
	d := newDesk(t)
	cit, agent := d.party(500), d.party(900)
	Bridge(cit.p, agent.p)
	dir := t.TempDir()
	short, err := RecordTalk(dir+"/short.wav", cit.p, TalkOptions{Max: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	short.Right(agent.p)
	full := &TalkRecording{left: cit.p, bound: 1 << 30}
	full.spool = newSpool(Rate, func([]byte) error { return errors.New("no space left on device") }, nil)
	full.as = &listener{sink: full, end: full}
	cit.p.do(func(*thread, time.Duration) { cit.p.addSink(full.as) })
	full.Right(agent.p)
	whole, err := RecordTalk(dir+"/whole.wav", cit.p, TalkOptions{})
	if err != nil {
		t.Fatal(err)
	}
	d.talk(100, cit, agent)
	<-short.Done()
	if short.Length() != time.Second || short.Err() != nil {
		t.Errorf("bounded: %s, %v", short.Length(), short.Err())
	}
	until(t, "the full disk", func() bool { return full.Err() != nil })
	d.talk(100, cit, agent)
	<-full.Done()
	if cit.hears(agent) != "900 " || agent.hears(cit) != "500 " {
		t.Error("the talk suffers")
	}
	if n := len(agent.p.sinks); n != 0 {
		t.Errorf("%d still listen to the agent", n)
	}
	cit.p.Close()
	<-whole.Done()
	if l, _, err := readTalkFile(dir + "/whole.wav"); err != nil || len(l) != 4*Rate {
		t.Errorf("%d pairs, %v", len(l), err)
	}
	after, err := RecordTalk(dir+"/after.wav", cit.p, TalkOptions{})
	if err != nil {
		t.Fatal(err)
	}
	after.Right(agent.p)
	<-after.Done()
	if _, err := RecordTalk(dir+"/no/such.wav", cit.p, TalkOptions{}); err == nil {
		t.Error("a folder that is not there")
	}
}

// TestRepairWAV: a header that does not tell the truth, half a pair at the end, nothing but zeros, and files of others.
func TestRepairWAV(t *testing.T) {
	file := filepath.Join(t.TempDir(), "talk.wav")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	w := &talkFile{f: f}
	if err := errors.Join(w.header(), w.write(make([]byte, 1600)), w.close()); err != nil {
		t.Fatal(err)
	}
	good, _ := os.ReadFile(file)
	broken := append(bytes.Clone(good), 1, 2, 3)
	zeros := append(make([]byte, talkHeader), good[talkHeader:]...)
	for name, c := range map[string]struct {
		b    []byte
		want int
	}{"good": {good, 800}, "longer than it says": {broken, 801}, "header lost": {zeros, 800}, "empty": {nil, 0}, "header cut": {good[:20], 0}} {
		if err := os.WriteFile(file, c.b, 0o600); err != nil {
			t.Fatal(err)
		}
		n, err := RepairWAV(file)
		l, _, err2 := readTalkFile(file)
		if err != nil || err2 != nil || len(l) != c.want || n != time.Duration(c.want)*time.Second/Rate {
			t.Errorf("%s: %s, %d pairs, %v %v", name, n, len(l), err, err2)
		}
	}
	for _, foreign := range []string{"%PDF-1.7 and so on", "RI"} {
		_ = os.WriteFile(file, []byte(foreign), 0o600)
		if _, err := RepairWAV(file); err == nil {
			t.Errorf("changed %q", foreign)
		}
		if b, _ := os.ReadFile(file); string(b) != foreign {
			t.Errorf("changed %q", foreign)
		}
	}
}

// TestTalkKilled: what kill -9 leaves of a recording is a file that can be read as it is, up to the last half second.
func TestTalkKilled(t *testing.T) {
	if file := os.Getenv("DOVIDKA_TEST_TALK"); file != "" { // the one that is killed
		d := newDesk(t)
		cit := d.party(500)
		if _, err := RecordTalk(file, cit.p, TalkOptions{}); err != nil {
			t.Fatal(err)
		}
		d.talk(4*50+10, cit)
		select {}
	}
	file := filepath.Join(t.TempDir(), "talk.wav")
	c := exec.Command(os.Args[0], "-test.run=^TestTalkKilled$")
	c.Env = append(os.Environ(), "DOVIDKA_TEST_TALK="+file)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Wait() }()
	defer func() { _ = c.Process.Kill() }()
	until(t, "four seconds in the file", func() bool {
		s, err := os.Stat(file)
		return err == nil && s.Size() >= talkHeader+4*2*Rate
	})
	_ = c.Process.Kill()
	_ = c.Wait()
	left, _, err := readTalkFile(file)
	if err != nil || len(left) < 3.5*Rate || ToneLevel(left[Rate:2*Rate], 500) < -16 {
		t.Errorf("%d pairs, %v", len(left), err)
	}
	if n, err := RepairWAV(file); err != nil || n < 4*time.Second {
		t.Errorf("repaired: %s, %v", n, err)
	}
}
