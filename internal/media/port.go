package media

import (
	"io"
	"net/netip"
	"time"
)

// Port is one leg's sound. All methods may be called from any goroutine and none blocks on the network.
type Port struct{}

// LocalAddr is where the leg hears; the zero AddrPort for a leg without a socket.
func (p *Port) LocalAddr() netip.AddrPort { return netip.AddrPort{} }

// Answer takes an SDP offer (first INVITE or re-INVITE) and gives the SDP answer; ErrNotAcceptable: reject with 488, nothing changed.
func (p *Port) Answer(offer []byte) (answer []byte, err error) { return nil, ErrNotAcceptable }

// Offer makes an SDP offer (our INVITE, or the 200 to an INVITE without SDP).
func (p *Port) Offer() ([]byte, error) { return nil, ErrClosed }

// Accept takes the far end's answer to our Offer.
func (p *Port) Accept(answer []byte) error { return ErrNotAcceptable }

// SetCodec sets the payload types of a leg without SDP (OpenConn).
func (p *Port) SetCodec(payloadType, dtmfType uint8) {}

// SetConn swaps the way out of an OpenConn leg, such as after a page reload; nil: nowhere.
func (p *Port) SetConn(c PacketConn) {}

// Deliver hands in one RTP packet that came for an OpenConn leg; packet is copied.
func (p *Port) Deliver(packet []byte) {}

// Play replaces what is played to the leg; the first frame goes out at once.
func (p *Port) Play(srcs ...Source) *Playback { return nil }

// Digits gives the keys that the leg pressed.
func (p *Port) Digits() <-chan Digit { return nil }

// InjectDigit enters a key that came by SIP INFO.
func (p *Port) InjectDigit(key byte) {}

// SendDigits presses keys towards the far end (RFC 4733).
func (p *Port) SendDigits(keys string) {}

// Record writes what the leg says, as A-law bytes, for at most max.
func (p *Port) Record(w io.Writer, max time.Duration) *Recording { return nil }

// Held tells whether the far end has put us on hold.
func (p *Port) Held() bool { return false }

// HoldChanged tells every change of Held.
func (p *Port) HoldChanged() <-chan bool { return nil }

// Mute replaces the bridged sound from this leg by silence.
func (p *Port) Mute(on bool) {}

// Silent is closed when nothing was heard for the engine's bound while we should hear.
func (p *Port) Silent() <-chan struct{} { return nil }

// Stats tells what was sent and heard.
func (p *Port) Stats() Stats { return Stats{} }

// Close ends the leg and frees its ports. Twice is harmless.
func (p *Port) Close() {}

// Playback is one Play going on.
type Playback struct{}

// Done is closed when the sources have ended or something else took their place.
func (b *Playback) Done() <-chan struct{} { return nil }

// Played tells how much was sent so far.
func (b *Playback) Played() time.Duration { return 0 }

// Finished tells whether the sources were played to their end.
func (b *Playback) Finished() bool { return false }

// Stop ends it; the leg then hears silence.
func (b *Playback) Stop() {}

// Recording is one Record going on.
type Recording struct{}

// Stop ends it, waits until everything is written, and tells its length.
func (r *Recording) Stop() time.Duration { return 0 }

// Done is closed when the recording has ended (Stop, its bound, or the leg's end) and is written.
func (r *Recording) Done() <-chan struct{} { return nil }

// Err is the first error of the writer, once Done.
func (r *Recording) Err() error { return nil }

// Bridged is two legs' sound joined.
type Bridged struct{}

// Bridge joins the sound of two legs: what one says is forwarded to the other when it arrives.
func Bridge(a, b *Port) *Bridged { return nil }

// Break parts them again; both then hear silence until something is played. Twice is harmless.
func (b *Bridged) Break() {}
