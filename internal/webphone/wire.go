package webphone

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"dovidka/internal/media"
)

// wire is one PeerConnection: the sound of one page from its offer to its end. It is a media.PacketConn.
type wire struct {
	pc    *webrtc.PeerConnection
	track *webrtc.TrackLocalStaticRTP
	sink  atomic.Pointer[media.Port] // who hears the page; nil: nobody
	up    atomic.Bool                // both ways, as far as we know
	open  atomic.Bool                // was up and has not failed: we send (a page that is only quiet for 3 s still hears)

	mu     sync.Mutex // guards what follows: a port that goes and one that comes may both write
	source uint32     // SSRC of the port that writes
	seq    uint16     // added to its sequence numbers
	stamp  uint32     // added to its timestamps
	last   struct {
		seq   uint16
		stamp uint32
		at    time.Time
	}
}

// newWire makes a connection and its offer. changed is told, from pion's goroutine, when the sound comes up, goes down (false,
// nil) or fails for good (false, with an error).
func (h *Hub) newWire(changed func(w *wire, up bool, err error)) (*wire, string, error) {
	pc, err := h.api.NewPeerConnection(h.conf)
	if err != nil {
		return nil, "", fmt.Errorf("webphone: connection: %w", err)
	}
	w := &wire{pc: pc}
	offer, err := w.offer(h)
	if err != nil {
		_ = pc.Close() // the first error counts
		return nil, "", err
	}
	pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { w.hear(t) })
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		switch s {
		case webrtc.PeerConnectionStateConnected:
			w.up.Store(true)
			w.open.Store(true)
			changed(w, true, nil)
		case webrtc.PeerConnectionStateDisconnected:
			w.up.Store(false)
			changed(w, false, nil)
		case webrtc.PeerConnectionStateFailed:
			w.shut()
			changed(w, false, errGone)
		case webrtc.PeerConnectionStateClosed: // by the page (DTLS close_notify), or by ourselves when nobody listens any more
			w.shut()
			changed(w, false, errLeft)
		}
	})
	return w, offer, nil
}

// Why a wire has ended.
var (
	errGone = errors.New("webphone: the sound has failed")
	errLeft = errors.New("webphone: the page has closed the sound")
)

// shut stops sending.
func (w *wire) shut() {
	w.up.Store(false)
	w.open.Store(false)
}

// offer describes our side: one sound line, both ways, with all candidates in it (no trickle).
func (w *wire) offer(h *Hub) (string, error) {
	track, err := webrtc.NewTrackLocalStaticRTP(pcma().RTPCodecCapability, "sound", "dovidka")
	if err != nil {
		return "", fmt.Errorf("webphone: track: %w", err)
	}
	tr, err := w.pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendrecv})
	if err != nil {
		return "", fmt.Errorf("webphone: transceiver: %w", err)
	}
	w.track = track
	go drain(tr.Sender())
	d, err := w.pc.CreateOffer(nil)
	if err != nil {
		return "", fmt.Errorf("webphone: offer: %w", err)
	}
	done := webrtc.GatheringCompletePromise(w.pc)
	if err := w.pc.SetLocalDescription(d); err != nil {
		return "", fmt.Errorf("webphone: offer: %w", err)
	}
	select {
	case <-done:
	case <-h.ctx.Done():
		return "", ErrClosed
	}
	return withCandidates(w.pc.LocalDescription().SDP, h.o.IPs, h.Addr().Port()), nil
}

// drain reads the far end's reports, or pion's interceptors would not see them. It ends with the connection.
func drain(s *webrtc.RTPSender) {
	buf := make([]byte, 1500)
	for {
		if _, _, err := s.Read(buf); err != nil {
			return
		}
	}
}

// withCandidates names the given addresses in place of those that were found: all of them lead to the one port (RFC 8839 §5.1).
func withCandidates(sdp string, ips []netip.Addr, port uint16) string {
	if len(ips) == 0 {
		return sdp
	}
	var out strings.Builder
	written := false
	for line := range strings.Lines(sdp) {
		if !strings.HasPrefix(line, "a=candidate:") {
			out.WriteString(line)
			continue
		}
		if written {
			continue
		}
		written = true
		for i, ip := range ips {
			fmt.Fprintf(&out, "a=candidate:%d 1 udp %d %s typ host\r\n", i+1, 2130706431-i, hostPort(ip, port))
		}
	}
	return out.String()
}

func hostPort(ip netip.Addr, port uint16) string { return ip.String() + " " + strconv.Itoa(int(port)) }

// accept takes the page's answer.
func (w *wire) accept(sdp string) error {
	if w.pc.SignalingState() != webrtc.SignalingStateHaveLocalOffer {
		return nil // a late or doubled answer changes nothing
	}
	if err := w.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp}); err != nil {
		return fmt.Errorf("webphone: answer: %w", err)
	}
	return nil
}

// hear hands what the page says to whoever listens, until the connection ends.
func (w *wire) hear(t *webrtc.TrackRemote) {
	buf := make([]byte, 1500)
	for {
		n, _, err := t.Read(buf)
		switch {
		case err == nil:
			if p := w.sink.Load(); p != nil {
				p.Deliver(buf[:n])
			}
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrClosedPipe), errors.Is(err, net.ErrClosed):
			return
		case w.pc.ConnectionState() == webrtc.PeerConnectionStateClosed:
			return
		}
	}
}

// WriteRTP sends one packet of a port to the page. Numbers go on without a jump when another port begins to write: a receiver
// takes a step back for a replay and drops it (RFC 3711 §3.3.2). Keys are not sent: a browser can play none (and the payload
// type of the citizen's telephone may be any).
func (w *wire) WriteRTP(b []byte) error {
	if !w.open.Load() {
		return nil
	}
	var p rtp.Packet
	if err := p.Unmarshal(b); err != nil {
		return fmt.Errorf("webphone: packet: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.PayloadType != payloadPCMA {
		w.seq-- // the page must not take what was never sent for lost
		return nil
	}
	now := time.Now()
	if p.SSRC != w.source || w.last.at.IsZero() {
		idle := uint32(now.Sub(w.last.at) / (time.Second / media.Rate))
		if w.last.at.IsZero() {
			idle = 0
		}
		w.source, p.Marker = p.SSRC, true
		w.seq = w.last.seq + 1 - p.SequenceNumber
		w.stamp = w.last.stamp + max(idle, media.FrameSize) - p.Timestamp
	}
	p.SequenceNumber += w.seq
	p.Timestamp += w.stamp
	w.last.seq, w.last.stamp, w.last.at = p.SequenceNumber, p.Timestamp, now
	return w.track.WriteRTP(&p)
}

// join gives the wire to a port: both ways. A nil port: nobody.
func (w *wire) join(p *media.Port) {
	w.sink.Store(p)
	if p != nil {
		p.SetConn(w)
	}
}

// close ends the connection.
func (w *wire) close() {
	w.sink.Store(nil)
	w.shut()
	_ = w.pc.Close() // nothing is left to do about it
}
