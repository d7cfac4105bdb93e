package webphone

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"dovidka/internal/media"
)

// rig is a hub with its sockets behind a real HTTP server on loopback.
type rig struct {
	t      *testing.T
	hub    *Hub
	engine *media.Engine
	server *httptest.Server
	calls  chan *Leg
}

func newRig(t *testing.T, change func(*Options)) *rig {
	t.Helper()
	e, err := media.NewEngine(media.EngineOptions{BindIP: netip.MustParseAddr("127.0.0.1"), Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, engine: e, calls: make(chan *Leg, 8)}
	o := Options{
		Engine: e, Listen: netip.MustParseAddrPort("127.0.0.1:0"), Number: "+380800353608",
		Ping: 100 * time.Millisecond, Lost: 600 * time.Millisecond,
		OnCitizen: func(l *Leg) { r.calls <- l },
	}
	if change != nil {
		change(&o)
	}
	if r.hub, err = New(o); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/phone/{login}", func(w http.ResponseWriter, q *http.Request) { r.hub.ServeAgent(w, q, q.PathValue("login")) })
	mux.HandleFunc("/citizen", r.hub.ServeCitizen)
	r.server = httptest.NewServer(mux)
	t.Cleanup(func() { r.hub.Close(); r.server.Close(); e.Close() })
	return r
}

// browser is a page as a browser would be: it answers pings and offers, sends a tone and keeps what it hears.
type browser struct {
	t    *testing.T
	conn *websocket.Conn
	ctx  context.Context
	stop context.CancelFunc
	dumb atomic.Bool // stops answering pings
	mic  bool
	freq float64
	got  chan message // everything but pings and offers

	mu    sync.Mutex
	pc    *webrtc.PeerConnection
	mike  *mike
	offer string
	heard []byte
	seqs  []uint16
	types map[uint8]int
}

func (r *rig) browse(path string, mic bool, freq float64) *browser {
	r.t.Helper()
	b := &browser{t: r.t, mic: mic, freq: freq, got: make(chan message, 64), types: map[uint8]int{}}
	b.ctx, b.stop = context.WithCancel(context.Background())
	conn, _, err := websocket.Dial(b.ctx, "ws"+strings.TrimPrefix(r.server.URL, "http")+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	b.conn = conn
	go b.read()
	r.t.Cleanup(b.close)
	return b
}

// close is what a closed or reloaded tab does.
func (b *browser) close() {
	b.stop()
	_ = b.conn.CloseNow()
	b.mu.Lock()
	pc := b.pc
	b.pc = nil
	b.mu.Unlock()
	if pc != nil {
		_ = pc.Close()
	}
}

func (b *browser) send(m message) {
	b.t.Helper()
	if err := wsjson.Write(b.ctx, b.conn, m); err != nil {
		b.t.Error(err)
	}
}

func (b *browser) read() {
	defer close(b.got)
	for {
		var m message
		if wsjson.Read(b.ctx, b.conn, &m) != nil {
			return
		}
		switch m.Type {
		case "ping":
			if !b.dumb.Load() {
				_ = wsjson.Write(b.ctx, b.conn, message{Type: "pong", N: m.N})
			}
		case "offer":
			answer, err := b.answer(m.SDP)
			if err != nil {
				b.t.Error(err)
				return
			}
			_ = wsjson.Write(b.ctx, b.conn, message{Type: "answer", SDP: answer})
		default:
			b.got <- m
		}
	}
}

func (b *browser) answer(offer string) (string, error) {
	var s webrtc.SettingEngine
	s.SetIncludeLoopbackCandidate(true)
	s.LoggerFactory = quiet()
	var m webrtc.MediaEngine
	if err := m.RegisterDefaultCodecs(); err != nil { // as Chrome: it could do much more than we want
		return "", err
	}
	if err := m.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: "audio/telephone-event", ClockRate: 8000}, PayloadType: 126}, webrtc.RTPCodecTypeAudio); err != nil {
		return "", err
	}
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(s), webrtc.WithMediaEngine(&m)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return "", err
	}
	pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { b.hear(t) })
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return "", err
	}
	var track *mike
	if b.mic {
		track = &mike{}
		if _, err = pc.AddTrack(track); err != nil {
			return "", err
		}
	}
	a, err := pc.CreateAnswer(nil)
	if err != nil {
		return "", err
	}
	done := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(a); err != nil {
		return "", err
	}
	<-done
	b.mu.Lock()
	old := b.pc
	b.pc, b.mike, b.offer = pc, track, offer
	b.mu.Unlock()
	if old != nil {
		_ = old.Close()
	}
	if track != nil {
		go b.say(pc, track)
	}
	return pc.LocalDescription().SDP, nil
}

// mike is a microphone whose packets may also be keys, on one SSRC, as Chrome's are (RFC 4733 §2.6.1).
type mike struct {
	mu   sync.Mutex
	to   webrtc.TrackLocalWriter
	next rtp.Header
}

func (m *mike) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.to, m.next = c.WriteStream(), rtp.Header{Version: 2, SSRC: uint32(c.SSRC()), SequenceNumber: 65500}
	for _, p := range c.CodecParameters() {
		if p.MimeType == webrtc.MimeTypePCMA {
			return p, nil
		}
	}
	return webrtc.RTPCodecParameters{}, webrtc.ErrUnsupportedCodec
}

func (m *mike) Unbind(webrtc.TrackLocalContext) error { return nil }
func (m *mike) ID() string                            { return "mic" }
func (m *mike) RID() string                           { return "" }
func (m *mike) StreamID() string                      { return "page" }
func (m *mike) Kind() webrtc.RTPCodecType             { return webrtc.RTPCodecTypeAudio }

// write sends one packet; step moves the timestamp on.
func (m *mike) write(payloadType uint8, payload []byte, step uint32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.to == nil {
		return
	}
	h := m.next
	h.PayloadType = payloadType
	_, _ = m.to.WriteRTP(&h, payload)
	m.next.SequenceNumber++
	m.next.Timestamp += step
}

// key presses a key of the page's own telephone-event.
func (b *browser) key(event byte) {
	b.mu.Lock()
	m := b.mike
	b.mu.Unlock()
	for i := range 8 {
		end := byte(0)
		if i >= 5 {
			end = 0x80
		}
		step := uint32(0) // one event has one timestamp
		if i == 7 {
			step = 1600
		}
		m.write(payloadDTMF, []byte{event, end | 10, byte((i + 1) * 160 >> 8), byte((i + 1) * 160)}, step)
	}
}

// say sends the page's tone, 20 ms a packet, as long as its connection lives.
func (b *browser) say(pc *webrtc.PeerConnection, m *mike) {
	src := media.Tone(b.freq, time.Hour, -10)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-b.ctx.Done():
			return
		case <-tick.C:
		}
		if pc.ConnectionState() == webrtc.PeerConnectionStateClosed {
			return
		}
		var f media.Frame
		src.Next(&f)
		m.write(payloadPCMA, f[:], media.FrameSize)
	}
}

func (b *browser) hear(t *webrtc.TrackRemote) {
	for {
		p, _, err := t.ReadRTP()
		if err != nil {
			return
		}
		b.mu.Lock()
		b.heard = append(b.heard, p.Payload...)
		b.seqs = append(b.seqs, p.SequenceNumber)
		if b.types[p.PayloadType]++; len(p.Payload) != media.FrameSize {
			b.types[0xff]++ // a key dressed as sound
		}
		b.mu.Unlock()
	}
}

// expect waits for a message.
func (b *browser) expect(what string, fits func(message) bool) message {
	b.t.Helper()
	end := time.After(8 * time.Second)
	for {
		select {
		case m, ok := <-b.got:
			if !ok {
				b.t.Fatalf("the socket ended while waiting for %s", what)
			}
			if fits(m) {
				return m
			}
		case <-end:
			b.t.Fatalf("no %s", what)
		}
	}
}

func (b *browser) expectMedia(state string) {
	b.t.Helper()
	b.expect("media "+state, func(m message) bool { return m.Type == "state" && m.Media == state })
}

// until polls real time for what another machine (the network, pion) has to do.
func until(t *testing.T, what string, bound time.Duration, ok func() bool) time.Duration {
	t.Helper()
	begin := time.Now()
	for !ok() {
		if time.Since(begin) > bound {
			t.Fatalf("not within %s: %s", bound, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
	return time.Since(begin)
}

// hears waits until the last 200 ms that the page heard are the tone.
func (b *browser) hears(hz float64) time.Duration {
	b.t.Helper()
	return until(b.t, "the page hears the tone", 4*time.Second, func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(b.heard) >= 1600 && media.ToneLevel(b.heard[len(b.heard)-1600:], hz) > -14
	})
}

// ear collects what a port's far end says.
type ear struct {
	mu  sync.Mutex
	got []byte
}

func (e *ear) Write(b []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.got = append(e.got, b...)
	return len(b), nil
}

func (e *ear) hears(t *testing.T, hz float64) {
	t.Helper()
	until(t, "the port hears the page's tone", 4*time.Second, func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return len(e.got) >= 1600 && media.ToneLevel(e.got[len(e.got)-1600:], hz) > -14
	})
}
