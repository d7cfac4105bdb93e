// Package webphone is the browser's leg: JSON signalling over a WebSocket and sound over WebRTC.
//
// It owns agents' telephones (a line for each agent, nailed up for the shift), the public page's calls and the one UDP port that
// carries all their sound. It never decides who is rung and never looks at what is said. There is no SIP in the browser: the
// server offers PCMA and telephone-event and nothing else, as an ICE-lite agent with host candidates, no STUN, no transport-cc.
//
// Invariants, each with a test:
//   - a page that reloads, or a lost network, ends no call: the same media.Port goes on with the new page's connection, and the
//     leg's Alive says false, then true; re-attaching takes less than 2 s;
//   - a page that is gone is known to be gone within 4 s, or at once when its socket closes;
//   - of several tabs of one agent exactly one owns the telephone: the last that claimed it;
//   - only a page that has answered a ping, and whose sound is up, can be rung;
//   - an address that calls too often, or too much at once, is refused (issue: /call is open to everybody).
//
// RFC 8445 §2.5 (ICE-lite), RFC 8829 (offer and answer), RFC 7874 (PCMA is a must for browsers), RFC 4733 (keys).
package webphone

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"

	"dovidka/internal/call"
	"dovidka/internal/fault"
	"dovidka/internal/media"
)

// The payload types that we offer; a browser that answers keeps them (RFC 3264 §6.1).
const (
	payloadPCMA = 8
	payloadDTMF = 101
)

// Errors of Dial.
var (
	ErrNotAlive = errors.New("webphone: the agent's page is not there")
	ErrBusy     = errors.New("webphone: the agent's line is in use")
	ErrClosed   = errors.New("webphone: closed")
)

// Options say where the sound goes and who takes citizens' calls.
type Options struct {
	Engine *media.Engine
	Listen netip.AddrPort // the one UDP port; port 0: any free one
	IPs    []netip.Addr   // what candidates name; empty: every address of this machine
	Number call.Number    // called number of the calls from the public page
	Log    *slog.Logger   // default: slog.Default()

	// OnCitizen takes a call from the public page in a goroutine of its own. Nil: the page is off.
	OnCitizen func(*Leg)
	PerIP     int // concurrent calls of one address from the public page; default 2
	PerHour   int // calls of one address in an hour; default 30

	// Pace of the heartbeat; zero values are the defaults, tests make them shorter.
	Ping time.Duration // default 2 s
	Lost time.Duration // a page is gone after this long without a pong; default 3.8 s
}

// Hub holds every browser telephone of one process.
type Hub struct {
	o      Options
	log    *slog.Logger
	api    *webrtc.API
	conf   webrtc.Configuration
	socket *net.UDPConn
	mux    ice.UDPMux
	doors  *doorkeeper
	ctx    context.Context
	cancel context.CancelFunc

	mu    sync.Mutex
	lines map[string]*line
	work  sync.WaitGroup // pages being served and connections being closed
}

// New opens the UDP port.
func New(o Options) (*Hub, error) {
	o = withDefaults(o)
	network := "udp"
	if o.Listen.Addr().Is4() {
		network = "udp4"
	}
	socket, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(o.Listen))
	if err != nil {
		return nil, fault.Wrap(fault.Conflict, fmt.Sprintf("Порт %s для звуку браузерів зайнятий або недоступний.", o.Listen), err)
	}
	h := &Hub{o: o, log: o.Log, socket: socket, doors: newDoorkeeper(o.PerIP, o.PerHour), lines: map[string]*line{}}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	h.mux = webrtc.NewICEUDPMux(quiet().NewLogger("mux"), socket)
	if err := h.buildAPI(); err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

func withDefaults(o Options) Options {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if !o.Listen.IsValid() {
		o.Listen = netip.AddrPortFrom(netip.IPv4Unspecified(), 0)
	}
	for v, def := range map[*int]int{&o.PerIP: 2, &o.PerHour: 30} {
		if *v <= 0 {
			*v = def
		}
	}
	if o.Ping <= 0 {
		o.Ping = 2 * time.Second
	}
	if o.Lost <= 0 {
		o.Lost = 3800 * time.Millisecond
	}
	return o
}

// buildAPI tells pion what this house speaks: two payload types, ICE-lite over the one port, no transport-cc.
func (h *Hub) buildAPI() error {
	var m webrtc.MediaEngine
	for _, c := range []webrtc.RTPCodecParameters{pcma(), {
		RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: "audio/telephone-event", ClockRate: media.Rate, SDPFmtpLine: "0-15"},
		PayloadType:        payloadDTMF,
	}} {
		if err := m.RegisterCodec(c, webrtc.RTPCodecTypeAudio); err != nil {
			return fmt.Errorf("webphone: codec: %w", err)
		}
	}
	var r interceptor.Registry
	if err := webrtc.ConfigureRTCPReports(&r); err != nil {
		return fmt.Errorf("webphone: rtcp: %w", err)
	}
	s := webrtc.SettingEngine{LoggerFactory: quiet()}
	s.SetLite(true)
	s.SetICEUDPMux(h.mux)
	s.SetIncludeLoopbackCandidate(true) // a browser on this very machine
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	s.SetICETimeouts(3*time.Second, 8*time.Second, 2*time.Second) // disconnected, failed, keep-alive
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("webphone: key: %w", err)
	}
	cert, err := webrtc.GenerateCertificate(key)
	if err != nil {
		return fmt.Errorf("webphone: certificate: %w", err)
	}
	h.conf = webrtc.Configuration{Certificates: []webrtc.Certificate{*cert}}
	h.api = webrtc.NewAPI(webrtc.WithMediaEngine(&m), webrtc.WithInterceptorRegistry(&r), webrtc.WithSettingEngine(s))
	return nil
}

func pcma() webrtc.RTPCodecParameters {
	return webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMA, ClockRate: media.Rate, Channels: 1},
		PayloadType:        payloadPCMA,
	}
}

// quiet keeps pion's own log lines off: they hold addresses of people.
func quiet() *logging.DefaultLoggerFactory {
	f := logging.NewDefaultLoggerFactory()
	f.DefaultLogLevel = logging.LogLevelDisabled
	return f
}

// Addr is the UDP address that carries the sound.
func (h *Hub) Addr() netip.AddrPort { return h.socket.LocalAddr().(*net.UDPAddr).AddrPort() }

// Close ends every page and every leg ("lost") and frees the port. Twice is harmless.
func (h *Hub) Close() {
	h.cancel()
	h.mu.Lock()
	lines := h.lines
	h.lines = map[string]*line{}
	h.mu.Unlock()
	for _, l := range lines {
		l.end()
	}
	h.work.Wait()
	_ = h.mux.Close()    // closes the socket too
	_ = h.socket.Close() // a second close says so; nothing to do about it
}

// line gives the line of an agent, made when first asked for.
func (h *Hub) line(login string) *line {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := h.lines[login]
	if l == nil {
		l = &line{hub: h, login: login}
		h.lines[login] = l
	}
	return l
}

// Alive tells whether an agent's page could be rung now: it answered a ping and its sound is up.
func (h *Hub) Alive(login string) bool {
	h.mu.Lock()
	l := h.lines[login]
	h.mu.Unlock()
	return l != nil && l.isAlive()
}

// Dial rings an agent's page and returns the leg once accepted is closed. A cancelled ctx stops the ringing. It fails with
// ErrNotAlive when there is no page (or it does not come back while ringing), ErrBusy when the line is in use.
func (h *Hub) Dial(ctx context.Context, login string, accepted <-chan struct{}) (*Leg, error) {
	l := h.line(login)
	leg, err := l.ring()
	if err != nil {
		return nil, err
	}
	away := time.NewTimer(time.Hour)
	away.Stop()
	for {
		select {
		case <-ctx.Done():
			leg.Hangup("")
			return nil, context.Cause(ctx)
		case <-leg.Done():
			return nil, ErrClosed
		case <-accepted:
			return leg, l.connect(leg)
		case up := <-leg.alive: // a reload while it rings: the new page rings too
			if away.Stop(); !up {
				away.Reset(h.o.Lost)
			}
		case <-away.C:
			leg.Hangup("")
			return nil, ErrNotAlive
		}
	}
}
