package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"dovidka/internal/app"
	"dovidka/internal/call"
	"dovidka/internal/media"
	"dovidka/internal/sipua"
	"dovidka/internal/speech"
)

// line is a telephone exchange of the story: citizens call from it over real SIP.
type line struct {
	engine *media.Engine
	ua     *sipua.Server
}

func newLine() (*line, error) {
	e, err := loopbackEngine()
	if err != nil {
		return nil, err
	}
	ua, err := sipua.New(sipua.Options{Addr: "127.0.0.1:0", Media: e})
	if err != nil {
		e.Close()
		return nil, err
	}
	return &line{e, ua}, nil
}

func (l *line) close() {
	ctx, cancel := bounded(2 * time.Second)
	defer cancel()
	l.ua.Shutdown(ctx)
	l.engine.Close()
}

// citizen is one caller; what the citizen hears is kept as A-law bytes.
type citizen struct {
	leg    *sipua.Leg
	err    error // why the call was not answered
	cancel context.CancelFunc
	ready  chan struct{} // closed when answered or rejected

	mu    sync.Mutex
	heard []byte
	mark  int // what was recognised already
}

func (c *citizen) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard = append(c.heard, p...)
	return len(p), nil
}

func (c *citizen) since(mark int) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes.Clone(c.heard[min(mark, len(c.heard)):])
}

func (c *citizen) hangup() {
	c.cancel()
	<-c.ready
	if c.leg != nil {
		c.leg.Hangup("us")
	}
}

func (w *world) person(name string) (*citizen, error) {
	c := w.people[name]
	if c == nil {
		return nil, fmt.Errorf("nobody called %s has called", name)
	}
	select {
	case <-c.ready:
	case <-time.After(10 * time.Second):
		return nil, fmt.Errorf("the call of %s was not answered within 10 s", name)
	}
	return c, nil
}

// cmdCall: call NAME [from NUMBER] [to NUMBER] — a citizen dials; returns at once.
func (w *world) cmdCall(args []string) error {
	l, err := w.telephone()
	if err != nil {
		return err
	}
	from, to := "380670000001", "0800353608"
	for i := 1; i+1 < len(args); i += 2 {
		switch args[i] {
		case "from":
			from = args[i+1]
		case "to":
			to = args[i+1]
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &citizen{cancel: cancel, ready: make(chan struct{})}
	w.people[args[0]] = c
	go func() {
		defer close(c.ready)
		dial, stop := context.WithTimeout(ctx, 15*time.Second)
		defer stop()
		leg, err := l.ua.Dial(dial, sipua.Target{URI: "sip:" + to + "@" + w.sip}, sipua.DialOptions{From: call.ParseNumber(from)})
		if err != nil {
			c.err = err
			return
		}
		c.leg = leg
		leg.Media().Record(c, 10*time.Minute)
		leg.Media().Play(media.Loop(bytes.Repeat([]byte{0xD5}, media.Rate))) // a quiet room: RTP flows
	}()
	return nil
}

// cmdRejected: rejected NAME STATUS — the call was not answered but refused with this SIP status.
func (w *world) cmdRejected(args []string) error {
	c, err := w.person(args[0])
	if err != nil {
		return err
	}
	if c.err == nil {
		return errors.New("the call was answered")
	}
	if !strings.Contains(c.err.Error(), args[1]) {
		return fmt.Errorf("refused with %v, not %s", c.err, args[1])
	}
	return nil
}

// cmdHear: hear NAME PROMPT… — the citizen hears the prompts (or "text") in this order, each within 90 s, music and all between them.
func (w *world) cmdHear(args []string) error {
	c, err := w.person(args[0])
	if err != nil {
		return err
	}
	if c.err != nil {
		return fmt.Errorf("not answered: %w", c.err)
	}
	for _, id := range args[1:] {
		clip, err := w.clip(id)
		if err != nil {
			return err
		}
		if err := c.await(clip, 90*time.Second); err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
	}
	return nil
}

// await waits until the beginning of the clip was heard: at least half of its first 1.5 s, in pieces of 100 ms as they were sent
// and in their order (a loaded machine drops a frame here and there; a wrong prompt has not one piece in common).
func (c *citizen) await(clip []byte, limit time.Duration) error {
	const piece = 5 * media.FrameSize
	var want [][]byte
	for i := 0; i+piece <= min(len(clip), media.Rate*3/2); i += piece {
		if p := clip[i : i+piece]; media.Level(p) > -45 {
			want = append(want, p)
		}
	}
	if len(want) < 3 {
		return errors.New("the clip is too short to be recognised")
	}
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(40 * time.Millisecond) {
		if n, at := inOrder(c.since(c.mark), want); n*2 >= len(want) {
			c.mark += at
			return nil
		}
		select {
		case <-c.leg.Done():
			return fmt.Errorf("the call has ended (%s) before it was heard", c.leg.Cause())
		default:
		}
	}
	return fmt.Errorf("not heard within %v (%.1f s of sound since the last one, level %.0f dBov)", limit, float64(len(c.since(c.mark)))/media.Rate, media.Level(c.since(c.mark)))
}

// inOrder counts the pieces that were heard one after another, each within 3 s of the one before, and tells where the last ended.
func inOrder(got []byte, want [][]byte) (n, at int) {
	for _, p := range want {
		part := got[at:]
		if n > 0 {
			part = part[:min(len(part), 3*media.Rate)]
		}
		if i := bytes.Index(part, p); i >= 0 {
			n, at = n+1, at+i+len(p)
		}
	}
	return n, at
}

// cmdPress: press NAME KEYS — RFC 4733 keys, one after another.
func (w *world) cmdPress(args []string) error {
	c, err := w.person(args[0])
	if err != nil || c.leg == nil {
		return fmt.Errorf("no call: %w", errors.Join(err, c.err))
	}
	for _, keys := range args[1:] {
		c.leg.Media().SendDigits(keys)
		time.Sleep(time.Duration(len(keys)) * 250 * time.Millisecond)
	}
	return nil
}

// cmdSpeak: speak NAME HZ SECONDS — the citizen "speaks" a tone.
func (w *world) cmdSpeak(args []string) error {
	c, err := w.person(args[0])
	if err != nil || c.leg == nil {
		return fmt.Errorf("no call: %w", errors.Join(err, c.err))
	}
	hz, _ := strconv.ParseFloat(args[1], 64)
	secs, _ := strconv.ParseFloat(args[2], 64)
	c.leg.Media().Play(media.Seq(media.Tone(hz, time.Duration(secs*float64(time.Second)), -15), media.Loop(bytes.Repeat([]byte{0xD5}, media.Rate))))
	time.Sleep(time.Duration(secs * float64(time.Second)))
	return nil
}

// cmdHangup: hangup NAME — citizen or operator.
func (w *world) cmdHangup(args []string) error {
	if r := w.robots[args[0]]; r != nil {
		return r.post("/api/desk/hangup", nil)
	}
	c := w.people[args[0]]
	if c == nil {
		return fmt.Errorf("nobody called %s has called", args[0])
	}
	c.hangup()
	return nil
}

// cmdEnded: ended NAME — the centre has ended the call (within 40 s).
func (w *world) cmdEnded(args []string) error {
	c, err := w.person(args[0])
	if err != nil || c.leg == nil {
		return fmt.Errorf("no call: %w", errors.Join(err, c.err))
	}
	select {
	case <-c.leg.Done():
		return nil
	case <-time.After(40 * time.Second):
		return errors.New("the call still goes on")
	}
}

// clip gives the sound of a prompt id, "list:NODE", "service:ID/BLOCK", "embedded:NAME" or "text:…", as the program itself plays it.
func (w *world) clip(id string) ([]byte, error) {
	if name, ok := strings.CutPrefix(id, "embedded:"); ok {
		return speech.Embedded(name), nil
	}
	s, err := w.voice()
	if err != nil {
		return nil, err
	}
	text, ok := strings.CutPrefix(id, "text:")
	if !ok {
		if text, err = w.text(id); err != nil {
			return nil, err
		}
	}
	ctx, cancel := bounded(30 * time.Second)
	defer cancel()
	c, err := s.Clip(ctx, text)
	return c.ALaw, err
}

// text finds the first line with this id in the demonstration's menu.
func (w *world) text(id string) (string, error) {
	lines, err := app.DemoLines(time.Now())
	if err != nil {
		return "", err
	}
	for _, l := range lines {
		if l.ID == id {
			return l.Text, nil
		}
	}
	return "", fmt.Errorf("the menu has no line %q", id)
}
