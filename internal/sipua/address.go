package sipua

import (
	"bytes"
	"net/netip"
	"strconv"

	"github.com/emiago/sipgo/sip"
)

// Sound to an address that has not shown that it wants any. A forged INVITE may name somebody else as its source, and an honest one
// somebody else in its description, so that our sound would hit them (RFC 3261 §26.1.5, RFC 5245 §18.5.1: the voice hammer). Before
// the ACK has shown that the signalling's source hears us, a leg says at most unheard packets; to an address that neither signals
// nor has sent RTP at most unasked more. A telephone sends RTP from the first moment, so nobody who is there notices. Trunks' peers
// are believed: their media may come from anywhere.
const (
	unheard = 50  // 1 s, 10 KB with headers
	unasked = 200 // 4 s, 40 KB, once in a call
)

// bound puts a new leg of a stranger's INVITE under the bounds above.
func (s *Server) bound(port sound, invite *sip.Request) {
	if from, err := netip.ParseAddrPort(invite.Source()); err == nil && !s.porch.free(from.Addr()) {
		port.Bound(unheard)
	}
}

// vouch loosens them: the address has acknowledged our 200.
func (l *Leg) vouch(source string) {
	if from, err := netip.ParseAddrPort(source); err == nil {
		l.port.Vouch(from.Addr().Unmap(), unasked)
	}
}

// placed judges where a description of source wants its sound. ok is false for what is no telephone: groups, broadcast, reserved
// nets, ports below 1024. An address that means something else here than there – loopback, or a private one from a public source –
// is replaced by the source's own: RTP to it would go into our own net, while behind a NAT the phone's sound comes from the source's
// address anyway (RFC 4961, symmetric RTP). Private addresses of private sources and everything from this machine stay.
func placed(sdp []byte, source netip.Addr) (out []byte, ok bool) {
	source = source.Unmap().WithZone("")
	for line := range bytes.Lines(sdp) {
		text := bytes.TrimRight(line, "\r\n")
		f := bytes.Fields(text)
		switch {
		case bytes.HasPrefix(text, []byte("m=audio")) && len(f) > 1:
			if port, err := strconv.Atoi(string(f[1])); err == nil && port > 0 && port < 1024 {
				return nil, false
			}
		case bytes.HasPrefix(text, []byte("c=")) && len(f) == 3:
			raw, _, _ := bytes.Cut(f[2], []byte("/"))
			ip, err := netip.ParseAddr(string(raw))
			if err != nil {
				break // a name: its packets will tell
			}
			ip = ip.Unmap().WithZone("")
			if noTelephone(ip) {
				return nil, false
			}
			if means(ip, source) {
				break
			}
			kind := "IP4"
			if source.Is6() {
				kind = "IP6"
			}
			line = []byte("c=IN " + kind + " " + source.String() + "\r\n")
		}
		out = append(out, line...)
	}
	return out, true
}

// noTelephone tells addresses at which no single machine is (RFC 1112, RFC 919, RFC 6890).
func noTelephone(ip netip.Addr) bool {
	if ip.IsUnspecified() { // the old hold
		return false
	}
	if ip.Is4() && (ip.As4()[0] == 0 || ip.As4()[0] >= 240) {
		return true
	}
	return ip.IsMulticast()
}

// means tells whether an address that source writes is the same machine for us.
func means(ip, source netip.Addr) bool {
	switch {
	case !source.IsValid() || source.IsLoopback() || ip.IsUnspecified():
		return true
	case ip.IsLoopback():
		return false
	}
	return !local(ip) || local(source)
}
