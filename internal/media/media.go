// Package media carries the sound of calls: RTP, G.711, telephone keys, prompts, bridges, recordings and the SDP about them.
//
// What it owns: the UDP sockets of every SIP leg, the RTP stream to and from a browser's track, and the clock that sends one
// 20 ms frame per leg. What it never does: SIP, HTTP, WebRTC, disk work on the clock, knowing what a call is about.
//
// Invariants, each with a test:
//   - one tick thread owns a leg; nothing else touches its frame path, so there is no lock in it and nothing is allocated per frame;
//   - a bridge forwards a packet when it arrives, a prompt starts when it is asked for; only continuing sound waits for its slot;
//   - a leg is sent to and heard from one locked source; a stranger's RTP is ignored (symmetric RTP without RTP bleed);
//   - one press of a key is one Digit, however many packets and ways (RFC 4733, SIP INFO, tones) told of it;
//   - who is an ear (a mix, a recording) hears with 20 to 120 ms of delay, losses concealed, clocks that drift followed for hours;
//   - silence ends a leg only while the negotiated direction says that we should hear something (RFC 3264 §8.4 hold).
//
// RFC 3550 and 3551 (RTP, payload types 0 and 8), RFC 4733 (telephone-event), RFC 3264 and 8866 (SDP), RFC 5761 (rtcp-mux),
// RFC 3711 and 4568 (SRTP, its keys in SDP).
package media

import (
	"errors"
	"log/slog"
	"net/netip"
	"time"
)

// FrameTime is what one Frame lasts; FrameSize its samples (and bytes); Rate the samples per second of all sound here.
const (
	FrameTime = 20 * time.Millisecond
	FrameSize = 160
	Rate      = 8000
)

// Frame is 20 ms of A-law sound at 8 kHz.
type Frame [FrameSize]byte

// Source gives sound frame by frame. Next runs on the tick thread: it must be quick and must not block.
type Source interface {
	// Next fills f; false: the source has ended and f was not filled.
	Next(f *Frame) bool
}

// Sink takes sound frame by frame, on the tick thread: it must be quick, must not block and must not keep f.
type Sink interface {
	Put(f *Frame)
}

// Conn is one non-blocking datagram socket. The engine brings its own; tests bring memory.
type Conn interface {
	// Recv never blocks: ErrEmpty when nothing waits.
	Recv(buf []byte) (n int, from netip.AddrPort, err error)
	Send(b []byte, to netip.AddrPort) error
	LocalAddr() netip.AddrPort
	Close() error
}

// PacketConn takes whole RTP packets (header and payload) for a leg that has no socket of its own, such as a browser's track.
// WriteRTP runs on the tick thread and must not keep p.
type PacketConn interface {
	WriteRTP(p []byte) error
}

// The errors that callers tell apart.
var (
	ErrEmpty         = errors.New("media: nothing to receive")
	ErrNoPorts       = errors.New("media: no free RTP port")
	ErrNotAcceptable = errors.New("media: no usable sound in the session description") // SIP 488
	ErrClosed        = errors.New("media: closed")
)

// EngineOptions says where and how an Engine works. Zero values have defaults.
type EngineOptions struct {
	BindIP   netip.Addr    // where sockets are bound; default 0.0.0.0
	BindIP6  netip.Addr    // where Open6 binds; the zero Addr: nowhere
	PublicIP netip.Addr    // what SDP says to far ends beyond the local net; default: the address of the route
	PortFrom int           // first RTP port (even), inclusive; 0: any free ports
	PortTo   int           // last port, inclusive
	Threads  int           // tick threads; default: one per core
	Silence  time.Duration // RTP silence that ends a leg; default 20 s
	Log      *slog.Logger  // default: slog.Default()
	Manual   bool          // no threads: the test calls Tick
}

// Digit is one key that was pressed: '0'…'9', '*', '#', 'A'…'D'.
type Digit struct {
	Key byte
	At  time.Time
}

// Stats is what a leg has sent and heard so far.
type Stats struct {
	Received uint64        // RTP packets taken from the locked source
	Sent     uint64        // RTP packets sent
	Lost     uint64        // packets missing by sequence number (RFC 3550 A.3)
	Ignored  uint64        // packets from strangers, or not RTP
	Gaps     uint64        // times that more than 40 ms passed between two packets heard
	Jitter   time.Duration // interarrival jitter (RFC 3550 §6.4.1)
	Level    float64       // level of what was heard last, dBov (0 is the loudest square wave); -127: silence

	FarLost   uint64        // packets of ours that the far end says it did not get (RTCP); of a bridged leg, the other's losses too
	FarJitter time.Duration // as the far end hears us
	RoundTrip time.Duration // by RTCP; 0: not known
	Loss      float64       // share of packets that we did not get
	FarLoss   float64       // and that the far end did not get
	MOS       float64       // estimated opinion of the worse direction, 1 to 4.5 (ITU-T G.107); 0: nothing was heard
}
