package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"

	ours "dovidka/internal/media"
)

// robot is an operator in a browser: the same HTTP API, live events, signalling and WebRTC as the page, without the page
// (the page itself is tested by ui/stories in Chromium).
type robot struct {
	host   string
	client *http.Client
	cancel context.CancelFunc
	pc     *webrtc.PeerConnection
	hz     float64 // what it says

	mu    sync.Mutex
	view  map[string]json.RawMessage
	heard []byte
	up    bool
}

// cmdOperator: operator LOGIN [ready] — an operator signs in, opens the desk and takes calls.
func (w *world) cmdOperator(args []string) error {
	c, err := signIn(w.http, args[0])
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &robot{host: w.http, client: c, cancel: cancel, hz: toneOf(args[0])}
	if old := w.robots[args[0]]; old != nil { // the page was reloaded
		old.close()
	}
	w.robots[args[0]] = r
	if err := r.open(ctx); err != nil {
		return err
	}
	if len(args) > 1 && args[1] == "signed-in" {
		return nil
	}
	if err := eventually(func() error {
		r.mu.Lock()
		defer r.mu.Unlock()
		if !r.up {
			return errors.New("the browser's sound did not come up")
		}
		return nil
	}); err != nil {
		return err
	}
	return r.post("/api/desk/status", map[string]string{"status": "ready", "reason": ""})
}

func (r *robot) close() {
	r.cancel()
	if r.pc != nil {
		r.pc.Close()
	}
}

func (r *robot) post(path string, body any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if body == nil {
		b = []byte("{}")
	}
	res, err := r.client.Post("http://"+r.host+path, "application/json", bytes.NewReader(b))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		text, _ := io.ReadAll(res.Body)
		return fmt.Errorf("%s: %d %s", path, res.StatusCode, text)
	}
	return nil
}

func (r *robot) socket(ctx context.Context, path string) (*websocket.Conn, error) {
	c, _, err := websocket.Dial(ctx, "ws://"+r.host+path, &websocket.DialOptions{HTTPClient: &http.Client{Jar: r.client.Jar},
		HTTPHeader: http.Header{"Origin": {"http://" + r.host}}})
	if err == nil {
		c.SetReadLimit(1 << 20)
	}
	return c, err
}

// open starts the two sockets of a desk.
func (r *robot) open(ctx context.Context) error {
	live, err := r.socket(ctx, "/api/live")
	if err != nil {
		return fmt.Errorf("live: %w", err)
	}
	phone, err := r.socket(ctx, "/api/phone")
	if err != nil {
		return fmt.Errorf("phone: %w", err)
	}
	go func() {
		for {
			v := map[string]json.RawMessage{}
			if wsjson.Read(ctx, live, &v) != nil {
				return
			}
			r.mu.Lock()
			r.view = v
			r.mu.Unlock()
		}
	}()
	go r.signalling(ctx, phone)
	return nil
}

type wireMessage struct {
	Type string `json:"type"`
	SDP  string `json:"sdp,omitempty"`
	N    int    `json:"n,omitempty"`
}

func (r *robot) signalling(ctx context.Context, c *websocket.Conn) {
	for {
		var m wireMessage
		if wsjson.Read(ctx, c, &m) != nil {
			return
		}
		switch m.Type {
		case "ping":
			wsjson.Write(ctx, c, wireMessage{Type: "pong", N: m.N})
		case "offer":
			sdp, err := r.accept(ctx, m.SDP)
			if err != nil {
				return
			}
			wsjson.Write(ctx, c, wireMessage{Type: "answer", SDP: sdp})
		}
	}
}

// accept answers the server's offer as a browser does: it sends a tone for a voice and keeps what it hears.
func (r *robot) accept(ctx context.Context, offer string) (string, error) {
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return "", err
	}
	if r.pc != nil {
		r.pc.Close()
	}
	r.pc = pc
	track, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMA, ClockRate: 8000}, "voice", "desk")
	if err != nil {
		return "", err
	}
	pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		for {
			p, _, err := t.ReadRTP()
			if err != nil {
				return
			}
			r.mu.Lock()
			r.heard = append(r.heard, p.Payload...)
			r.mu.Unlock()
		}
	})
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		r.mu.Lock()
		r.up = s == webrtc.PeerConnectionStateConnected
		r.mu.Unlock()
	})
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return "", err
	}
	if _, err := pc.AddTrack(track); err != nil {
		return "", err
	}
	answer, err := pc.CreateAnswer(nil)
	if err != nil {
		return "", err
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(answer); err != nil {
		return "", err
	}
	<-gathered
	go talk(ctx, track, r.hz)
	return pc.LocalDescription().SDP, nil
}

// talk sends 20 ms of a tone, fifty times a second.
func talk(ctx context.Context, t *webrtc.TrackLocalStaticSample, hz float64) {
	tone := ours.Tone(hz, time.Hour, -15)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	var f ours.Frame
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if !tone.Next(&f) || t.WriteSample(media.Sample{Data: bytes.Clone(f[:]), Duration: 20 * time.Millisecond}) != nil {
				return
			}
		}
	}
}

func (r *robot) has(part string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	v := r.view[part]
	return len(v) > 0 && string(v) != "null"
}

func (w *world) robot(login string) (*robot, error) {
	if r := w.robots[login]; r != nil {
		return r, nil
	}
	return nil, fmt.Errorf("operator %s has not signed in", login)
}

// cmdOffered: offered LOGIN — the desk shows a call that rings.
func (w *world) cmdOffered(args []string) error {
	r, err := w.robot(args[0])
	if err != nil {
		return err
	}
	return eventually(func() error {
		if !r.has("offer") {
			return fmt.Errorf("no call is offered to %s", args[0])
		}
		return nil
	})
}

// cmdAnswer: answer LOGIN — F3.
func (w *world) cmdAnswer(args []string) error {
	if err := w.cmdOffered(args); err != nil {
		return err
	}
	return w.robots[args[0]].post("/api/desk/answer", nil)
}

// cmdBridged: bridged NAME LOGIN… — the citizen and these operators hear each other, nobody hears themselves, and no other operator
// hears any of them (440 Hz the citizen, 880 Hz olena, 1240 Hz petro). Without NAME ("-"): the operators confer alone.
func (w *world) cmdBridged(args []string) error {
	voices := map[string]float64{}
	ears := map[string]func(time.Duration) []byte{}
	if args[0] != "-" {
		c, err := w.person(args[0])
		if err != nil || c.leg == nil {
			return fmt.Errorf("no call: %w", errors.Join(err, c.err))
		}
		c.leg.Media().Play(ours.Tone(440, 5*time.Minute, -15))
		voices[args[0]], ears[args[0]] = 440, c.listen
	}
	for login, r := range w.robots {
		if login == "kerivnyk" { // a head who listens: voices
			continue
		}
		ears[login] = r.listen
		if slices.Contains(args[1:], login) {
			voices[login] = r.hz
		}
	}
	return eventually(func() error {
		heard := map[string][]byte{}
		var mu sync.Mutex
		var all sync.WaitGroup
		for name, listen := range ears {
			all.Go(func() { b := listen(1200 * time.Millisecond); mu.Lock(); heard[name] = b; mu.Unlock() })
		}
		all.Wait()
		for name, sound := range heard {
			for who, hz := range voices {
				l, should := ours.ToneLevel(sound, hz), who != name && voices[name] > 0
				if should && l < -30 || !should && l > -45 {
					return fmt.Errorf("%s hears %s at %.0f dB", name, who, l)
				}
			}
		}
		return nil
	})
}

// listen is what the operator hears from now on for d.
func (r *robot) listen(d time.Duration) []byte {
	r.mu.Lock()
	r.heard = nil
	r.mu.Unlock()
	time.Sleep(d)
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Clone(r.heard)
}

// listen is what the citizen hears from now on for d.
func (c *citizen) listen(d time.Duration) []byte {
	c.mu.Lock()
	from := len(c.heard)
	c.mu.Unlock()
	time.Sleep(d)
	return c.since(from)
}

// cmdDesk: desk LOGIN ACT [BODY] — the operator does something at the desk, such as: desk olena consult {"kind":"agent","id":"petro"}.
func (w *world) cmdDesk(args []string) error {
	r, err := w.robot(args[0])
	if err != nil {
		return err
	}
	var body any
	if len(args) > 2 {
		body = json.RawMessage(args[2])
	}
	return r.post("/api/desk/"+args[1], body)
}

// cmdShows: shows LOGIN TEXT — the desk's live view comes to hold the text.
func (w *world) cmdShows(args []string) error {
	r, err := w.robot(args[0])
	if err != nil {
		return err
	}
	return eventually(func() error {
		r.mu.Lock()
		defer r.mu.Unlock()
		b, err := json.Marshal(r.view)
		if err == nil && !bytes.Contains(b, []byte(args[1])) {
			err = fmt.Errorf("%s sees no %s in %s", args[0], args[1], b)
		}
		return err
	})
}

// cmdDevice: device LOGIN browser|phone — the operator chooses what rings, and is ready.
func (w *world) cmdDevice(args []string) error {
	r, err := w.robot(args[0])
	if err != nil {
		return err
	}
	if err := r.post("/api/desk/device", map[string]string{"device": args[1]}); err != nil {
		return err
	}
	return r.post("/api/desk/status", map[string]string{"status": "ready", "reason": ""})
}

// cmdEchoed: echoed NAME — the far telephone echoes what it hears: the citizen hears the own tone of 440 Hz.
func (w *world) cmdEchoed(args []string) error {
	c, err := w.person(args[0])
	if err != nil || c.leg == nil {
		return fmt.Errorf("no call: %w", errors.Join(err, c.err))
	}
	c.leg.Media().Play(ours.Tone(440, 5*time.Minute, -15))
	return eventually(func() error {
		c.mu.Lock()
		from := len(c.heard)
		c.mu.Unlock()
		time.Sleep(1200 * time.Millisecond)
		if l := ours.ToneLevel(c.since(from), 440); l < -30 {
			return fmt.Errorf("the citizen hears 440 Hz at %.0f dB", l)
		}
		return nil
	})
}
