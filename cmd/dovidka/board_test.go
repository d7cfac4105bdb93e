package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"dovidka/internal/audit"
	ours "dovidka/internal/media"
	"dovidka/internal/store"
)

// The tones of the people of a story: citizens 440 Hz, operators 880, the head 1320.
var tones = []float64{440, 880, 1320}

// toneOf is what somebody signed in says.
func toneOf(login string) float64 {
	switch login {
	case "kerivnyk":
		return 1320
	case "petro":
		return 1240
	}
	return 880
}

// recordingConfig switches the recording of talks on.
func recordingConfig(conf string) string {
	return conf + "[recording]\non = true\nground = \"розпорядження від 01.02.2026 № 10 (приклад)\"\n"
}

// cmdSupervise: supervise HEAD OPERATOR listen|whisper|barge — the head takes part in the operator's talk, by the browser.
func (w *world) cmdSupervise(args []string) error {
	r, err := w.robot(args[0])
	if err != nil {
		return err
	}
	return eventually(func() error {
		var b struct {
			Talks []struct{ Call, Agent string }
		}
		if err := w.getJSON("/api/board", &b); err != nil {
			return err
		}
		for _, t := range b.Talks {
			if t.Agent == args[1] {
				return r.post("/api/board/supervise", map[string]string{"call": t.Call, "mode": args[2], "device": "browser"})
			}
		}
		return fmt.Errorf("%s does not talk", args[1])
	})
}

// cmdLeave: leave HEAD — the head listens no more.
func (w *world) cmdLeave(args []string) error {
	r, err := w.robot(args[0])
	if err != nil {
		return err
	}
	return r.post("/api/board/leave", nil)
}

// cmdVoices: voices NAME=HZ,HZ … — each of these people hears exactly these tones.
func (w *world) cmdVoices(args []string) error {
	return eventually(func() error {
		for _, r := range w.robots {
			r.mu.Lock()
			r.heard = nil
			r.mu.Unlock()
		}
		from := map[string]int{}
		for name, c := range w.people {
			c.mu.Lock()
			from[name] = len(c.heard)
			c.mu.Unlock()
		}
		time.Sleep(1200 * time.Millisecond)
		for _, a := range args {
			name, want, _ := strings.Cut(a, "=")
			var heard []byte
			if r := w.robots[name]; r != nil {
				r.mu.Lock()
				heard = bytes.Clone(r.heard)
				r.mu.Unlock()
			} else if c := w.people[name]; c != nil {
				heard = c.since(from[name])
			}
			if got := named(heard); got != want {
				return fmt.Errorf("%s hears %q Hz, not %q", name, got, want)
			}
		}
		return nil
	})
}

// named lists the tones in a sound.
func named(sound []byte) string {
	var out []string
	for _, hz := range tones {
		if len(sound) > ours.Rate/4 && ours.ToneLevel(sound, hz) > -30 {
			out = append(out, strconv.Itoa(int(hz)))
		}
	}
	return strings.Join(out, ",")
}

// cmdRecorded: recorded N [LEFT RIGHT] — there are N files of talks, each plays, only their owner may read them, and the newest has these
// tones on its sides.
func (w *world) cmdRecorded(args []string) error {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	return eventually(func() error {
		files, err := filepath.Glob(filepath.Join(w.data, "recordings", "*"))
		if err != nil || len(files) != n {
			return fmt.Errorf("%d recordings, not %d: %v", len(files), n, err)
		}
		var left, right []byte
		for _, file := range files { // call ids sort by time
			info, err := os.Stat(file)
			if err != nil || info.Mode().Perm() != 0o600 {
				return fmt.Errorf("%s: %v %v", file, info.Mode(), err)
			}
			b, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			if left, right, err = ours.ReadTalk(bytes.NewReader(b)); err != nil {
				return err
			}
		}
		if len(args) < 3 {
			return nil
		}
		if l, r := named(left), named(right); l != args[1] || r != args[2] {
			return fmt.Errorf("left %q right %q", l, r)
		}
		return nil
	})
}

// cmdPlayback: playback LOGIN STATUS — what somebody gets who asks for the sound of the newest recorded call; a 200 is a WAV that plays.
func (w *world) cmdPlayback(args []string) error {
	files, err := filepath.Glob(filepath.Join(w.data, "recordings", "*.wav"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no recording: %v", err)
	}
	id := strings.TrimSuffix(filepath.Base(files[len(files)-1]), ".wav")
	c, err := signIn(w.http, args[0])
	if err != nil {
		return err
	}
	return eventually(func() error {
		r, err := c.Get("http://" + w.http + "/api/recordings/" + id + "/sound")
		if err != nil {
			return err
		}
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		switch {
		case err != nil || strconv.Itoa(r.StatusCode) != args[1]:
			return fmt.Errorf("%d %.200s %v", r.StatusCode, b, err)
		case r.StatusCode == http.StatusOK && (!bytes.HasPrefix(b, []byte("RIFF")) || len(b) < 32000):
			return fmt.Errorf("%d bytes that are no talk", len(b))
		}
		return nil
	})
}

// cmdRefused: refused LOGIN STATUS PATH [JSON] — a POST of somebody gets this answer.
func (w *world) cmdRefused(args []string) error {
	c, err := signIn(w.http, args[0])
	if err != nil {
		return err
	}
	in := "{}"
	if len(args) > 3 {
		in = args[3]
	}
	r, err := c.Post("http://"+w.http+args[2], "application/json", strings.NewReader(in))
	if err != nil {
		return err
	}
	defer r.Body.Close()
	if strconv.Itoa(r.StatusCode) != args[1] {
		b, _ := io.ReadAll(r.Body)
		return fmt.Errorf("%d %s", r.StatusCode, b)
	}
	return nil
}

// cmdAudited: audited BY ACT WHAT [NOTE] — the audit holds such an entry, its note begins so.
func (w *world) cmdAudited(args []string) error {
	return eventually(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		db, err := store.Open(ctx, "sqlite:"+filepath.Join(w.data, "dovidka.db"))
		if err != nil {
			return err
		}
		defer db.Close()
		found, err := audit.New(db).List(ctx, audit.Filter{By: args[0], Act: args[1], What: args[2]})
		if err != nil {
			return err
		}
		for _, e := range found {
			if e.Of != "" && (len(args) < 4 || strings.HasPrefix(e.Note, args[3])) {
				return nil
			}
		}
		b, _ := json.Marshal(found)
		return errors.Join(errors.New("not in the audit"), errors.New(string(b)))
	})
}
