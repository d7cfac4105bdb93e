package media

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pion/sdp/v3"
)

// session is a leg's side of offer and answer (RFC 3264). Its mutex guards the words, never the sound.
type session struct {
	mu      sync.Mutex
	id      uint64
	version uint64
	body    string // our last description without its o= line
	agreed  terms
	settled bool // agreed is valid
	offered bool // an Offer of ours waits for Accept
	secrecy Secrecy
	keys    [len(suites)]masterKey // our own, made when first needed
	asked   bool                   // the offer that waits asks for SRTP
}

// Answer takes an SDP offer (first INVITE or re-INVITE) and gives the SDP answer; ErrNotAcceptable: reject with 488, nothing
// has changed.
func (p *Port) Answer(offer []byte) (answer []byte, err error) {
	p.sdp.mu.Lock()
	defer p.sdp.mu.Unlock()
	their, at, err := readOffer(offer, p.sdp.secrecy)
	if err != nil {
		return nil, err
	}
	if err := p.reachable(their.remote); err != nil {
		return nil, err
	}
	if their.crypto != nil {
		their.cryptoLine = p.sdp.line(their.crypto.tag, their.crypto.suite)
		if their.srtp, err = p.sdp.secure(*their.crypto); err != nil {
			return nil, err
		}
	}
	body := answerBody(at, p.localIP(their.remote.Addr()), int(p.local.Port()), &their)
	p.settle(&their)
	return p.describe(body), nil
}

// Offer makes an SDP offer (our INVITE, or the answer to an INVITE or re-INVITE without SDP).
func (p *Port) Offer() ([]byte, error) {
	if p.closed.Load() {
		return nil, ErrClosed
	}
	p.sdp.mu.Lock()
	defer p.sdp.mu.Unlock()
	ip := p.localIP(p.sdp.agreed.remote.Addr())
	var b strings.Builder
	writeHead(&b, ip)
	formats, event := []uint8{ptALaw, ptULaw}, uint8(ptDigits)
	if p.sdp.settled { // RFC 3264 §8.3.2: a payload type keeps its meaning for the session
		formats = []uint8{p.sdp.agreed.pt}
		if event = p.sdp.agreed.dtmfIn; event == 0 && p.sdp.agreed.pt != ptDigits {
			event = ptDigits
		}
	}
	proto, crypto := p.sdp.ask()
	writeAudio(&b, int(p.local.Port()), proto, formats, p.sdp.agreed.law, event, "sendrecv", p.sdp.agreed.mux, crypto)
	p.sdp.offered, p.sdp.asked = true, crypto != ""
	if !p.sdp.settled {
		p.do(func(*thread, time.Duration) { p.terms.dtmfIn = ptDigits })
	}
	return p.describe(b.String()), nil
}

// Accept takes the far end's answer to our Offer.
func (p *Port) Accept(answer []byte) error {
	p.sdp.mu.Lock()
	defer p.sdp.mu.Unlock()
	if !p.sdp.offered {
		return fmt.Errorf("media: an answer that nobody asked for: %w", ErrNotAcceptable)
	}
	secrecy := SecrecyRefused
	if p.sdp.asked {
		secrecy = SecrecyAsked
	}
	their, _, err := readOffer(answer, secrecy)
	if err != nil {
		return err
	}
	if p.sdp.asked {
		if err := p.sdp.granted(&their); err != nil {
			return err
		}
	}
	if err := p.reachable(their.remote); err != nil {
		return err
	}
	p.sdp.offered = false
	their.dtmfIn = ptDigits // we hear by our own number, whatever they chose for theirs
	if p.sdp.settled && p.sdp.agreed.dtmfIn != 0 {
		their.dtmfIn = p.sdp.agreed.dtmfIn
	}
	p.settle(&their)
	return nil
}

// ask gives the profile of an offer of ours and its crypto lines.
func (s *session) ask() (proto, crypto string) {
	switch agreed := s.agreed.srtp; {
	case s.settled && agreed != nil:
		return "RTP/SAVP", s.line(agreed.their.suite+1, agreed.their.suite)
	case s.settled || s.secrecy != SecrecyAsked:
		return "RTP/AVP", ""
	}
	for i := range suites {
		crypto += s.line(i+1, i)
	}
	return "RTP/SAVP", crypto
}

// granted takes the key of an answer, which must be to a line that we offered (RFC 4568 §5.1.3).
func (s *session) granted(their *description) (err error) {
	c := their.crypto
	if c == nil || c.tag != c.suite+1 || s.settled && s.agreed.srtp != nil && c.suite != s.agreed.srtp.their.suite {
		return fmt.Errorf("media: the answer is not to our keys: %w", ErrNotAcceptable)
	}
	their.srtp, err = s.secure(*c)
	return err
}

// settle puts what was agreed into force.
func (p *Port) settle(their *description) {
	p.sdp.agreed, p.sdp.settled = their.terms, true
	if was := p.held.Swap(their.held); was != their.held {
		tell(p.holds, their.held)
	}
	n := their.terms
	p.do(func(_ *thread, now time.Duration) { p.agree(n, now) })
}

// describe puts the o= line before a body; its version grows with every change (RFC 3264 §8).
func (p *Port) describe(body string) []byte {
	if body != p.sdp.body {
		p.sdp.version++
		p.sdp.body = body
	}
	head, rest, _ := strings.Cut(body, "\r\n")
	ip := p.localIP(p.sdp.agreed.remote.Addr())
	return fmt.Appendf(nil, "%s\r\no=- %d %d IN %s %s\r\n%s", head, p.sdp.id, p.sdp.version, family(ip), ip, rest)
}

// reachable refuses a far end of the other IP family.
func (p *Port) reachable(remote netip.AddrPort) error {
	if p.local.IsValid() && remote.IsValid() && remote.Addr().Is6() != p.local.Addr().Is6() {
		return fmt.Errorf("media: %s is of the other IP family: %w", remote, ErrNotAcceptable)
	}
	return nil
}

// localIP is the address at which remote can reach us: the public one, but for neighbours the one of the route to them.
func (p *Port) localIP(remote netip.Addr) netip.Addr {
	bound, public := p.local.Addr(), p.e.o.PublicIP
	near := remote.IsValid() && (remote.IsLoopback() || remote.IsPrivate() || remote.IsLinkLocalUnicast())
	if public.IsValid() && !near {
		return public
	}
	if bound.IsValid() && !bound.IsUnspecified() {
		if public.IsValid() && !remote.IsLoopback() && bound.IsLoopback() {
			return public
		}
		return bound
	}
	to := remote
	if !to.IsValid() || to.IsUnspecified() {
		if to = netip.AddrFrom4([4]byte{192, 0, 2, 1}); bound.Is6() { // RFC 5737: only the route is asked for
			to = netip.MustParseAddr("2001:db8::1")
		}
	}
	if c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(to, 9))); err == nil {
		defer c.Close()
		if a, ok := netip.AddrFromSlice(c.LocalAddr().(*net.UDPAddr).IP); ok {
			return a.Unmap()
		}
	}
	if public.IsValid() {
		return public
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}

// description is what an offer or answer says to us.
type description struct {
	terms
	desc      *sdp.SessionDescription
	lines     []string // m-lines as they came, without "m="
	held      bool
	direction string // of our side
	proto     string

	crypto     *crypto // the line that was chosen; nil: plain
	cryptoLine string  // our answer to it
}

// readOffer finds the sound that we can speak; the same reading serves for answers. at: which m-line it is.
func readOffer(b []byte, secrecy Secrecy) (d description, at int, err error) {
	d.desc = new(sdp.SessionDescription)
	clean, lines := tidy(b)
	d.lines = lines
	if err := d.desc.Unmarshal(clean); err != nil {
		return d, 0, fmt.Errorf("%w: %v", ErrNotAcceptable, err)
	}
	order := map[Secrecy][]string{SecrecyTaken: {"A", "SA"}, SecrecyAsked: {"SA", "A"}, SecrecyRefused: {"A"}}[secrecy]
	for _, kind := range order {
		for i, m := range d.desc.MediaDescriptions {
			if d.usable(m, "RTP/"+kind+"VP") {
				return d, i, nil
			}
		}
	}
	return d, 0, ErrNotAcceptable
}

// usable reads an m-line of the profile (with or without feedback), if it is sound that we can speak.
func (d *description) usable(m *sdp.MediaDescription, profile string) bool {
	if m.MediaName.Media != "audio" || m.MediaName.Port.Value <= 0 || m.MediaName.Port.Value > 65535 {
		return false
	}
	if d.proto = strings.Join(m.MediaName.Protos, "/"); d.proto != profile && d.proto != profile+"F" {
		return false
	}
	if profile == "RTP/SAVP" {
		lines := readCrypto(m)
		if len(lines) == 0 {
			return false
		}
		d.crypto = &lines[0] // RFC 4568 §5.1.2: the first that is acceptable
	}
	if !d.formats(m) {
		d.crypto = nil
		return false
	}
	d.where(m)
	_, d.mux = m.Attribute("rtcp-mux")
	return true
}

// formats chooses the sound (A-law before mu-law: nothing then needs conversion) and finds the telephone-event.
func (d *description) formats(m *sdp.MediaDescription) bool {
	alaw, ulaw := -1, -1
	d.dtmfIn, d.dtmfOut = 0, 0
	for _, f := range m.MediaName.Formats {
		n, err := strconv.Atoi(f)
		if err != nil || n < 0 || n > 127 {
			continue
		}
		switch name := formatName(m, n); {
		case name == "pcma/8000" && alaw < 0:
			alaw = n
		case name == "pcmu/8000" && ulaw < 0:
			ulaw = n
		case name == "telephone-event/8000" && d.dtmfIn == 0 && n >= 96:
			d.dtmfIn, d.dtmfOut = uint8(n), uint8(n)
		}
	}
	switch {
	case alaw >= 0:
		d.law, d.pt = aLaw, uint8(alaw)
	case ulaw >= 0:
		d.law, d.pt = uLaw, uint8(ulaw)
	default:
		return false
	}
	return true
}

// formatName is the encoding of a payload type, in small letters, one channel.
func formatName(m *sdp.MediaDescription, pt int) string {
	for _, a := range m.Attributes {
		if a.Key != "rtpmap" {
			continue
		}
		num, name, _ := strings.Cut(strings.TrimSpace(a.Value), " ")
		if num == strconv.Itoa(pt) {
			return strings.TrimSuffix(strings.ToLower(strings.TrimSpace(name)), "/1")
		}
	}
	return map[int]string{ptULaw: "pcmu/8000", ptALaw: "pcma/8000"}[pt]
}

// where reads address and direction. Hold is sendonly, inactive, or the old c=0.0.0.0 (RFC 3264 §8.4, RFC 2543 B.5).
func (d *description) where(m *sdp.MediaDescription) {
	c := m.ConnectionInformation
	if c == nil {
		c = d.desc.ConnectionInformation
	}
	var ip netip.Addr
	if c != nil && c.Address != nil {
		addr, _, _ := strings.Cut(c.Address.Address, "/")
		ip, _ = netip.ParseAddr(addr) // a host name stays unknown: its packets will tell
		ip = ip.Unmap().WithZone("")
	}
	dir := "sendrecv"
	for _, attrs := range [][]sdp.Attribute{d.desc.Attributes, m.Attributes} {
		for _, a := range attrs {
			switch a.Key {
			case "sendrecv", "sendonly", "recvonly", "inactive":
				dir = a.Key
			}
		}
	}
	if ip.IsValid() && ip.IsUnspecified() {
		ip = netip.Addr{}
		if dir != "inactive" {
			dir = "sendonly"
		}
	}
	if ip.IsValid() {
		d.remote = netip.AddrPortFrom(ip, uint16(m.MediaName.Port.Value))
	}
	d.held = dir == "sendonly" || dir == "inactive"
	d.send = !d.held
	d.recv = dir == "sendrecv"
	d.direction = map[string]string{"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}[dir]
}

// tidy brings a description into the order of RFC 8866 and keeps only the lines that we read; the m-lines of what is not sound
// become placeholders. Telephones order lines as they like, and the strict parser knows neither T.38 nor what comes next year.
func tidy(b []byte) (clean []byte, mlines []string) {
	const head = "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\n"
	conn, attrs, out := "", "", strings.Builder{}
	flush := func(first string) {
		out.WriteString(first + conn)
		if first == head {
			out.WriteString("t=0 0\r\n")
		}
		out.WriteString(attrs)
		conn, attrs = "", ""
	}
	first := head
	for line := range strings.FieldsFuncSeq(string(b), func(r rune) bool { return r == '\r' || r == '\n' }) {
		kind, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		switch {
		case !ok || value == "":
		case kind == "c" && conn == "":
			conn = "c=" + value + "\r\n"
		case kind == "a":
			attrs += "a=" + value + "\r\n"
		case kind == "m":
			flush(first)
			mlines = append(mlines, value)
			first = "m=application 0 RTP/AVP 0\r\n"
			if f := strings.Fields(value); len(f) >= 4 && f[0] == "audio" && (strings.HasPrefix(f[2], "RTP/AVP") || strings.HasPrefix(f[2], "RTP/SAVP")) {
				first = "m=" + strings.Join(f, " ") + "\r\n"
			}
		}
	}
	flush(first)
	return []byte(out.String()), mlines
}

// answerBody answers every m-line in its place: the chosen one, and the others with port 0 (RFC 3264 §6).
func answerBody(at int, ip netip.Addr, port int, d *description) string {
	var b strings.Builder
	writeHead(&b, ip)
	for i, line := range d.lines {
		if i == at {
			writeAudio(&b, port, d.proto, []uint8{d.pt}, d.law, d.dtmfIn, d.direction, d.mux, d.cryptoLine)
			continue
		}
		f := strings.Fields(line)
		if len(f) < 4 {
			f = []string{"audio", "0", "RTP/AVP", "0"} // nonsense: only its place matters
		}
		fmt.Fprintf(&b, "m=%s 0 %s\r\n", f[0], strings.Join(f[2:], " "))
	}
	return b.String()
}

// writeHead writes the session part, without the o= line that belongs behind its first line.
func writeHead(b *strings.Builder, ip netip.Addr) {
	fmt.Fprintf(b, "v=0\r\ns=-\r\nc=IN %s %s\r\nt=0 0\r\n", family(ip), ip)
}

func writeAudio(b *strings.Builder, port int, proto string, formats []uint8, l law, event uint8, direction string, mux bool, crypto string) {
	fmt.Fprintf(b, "m=audio %d %s", port, proto)
	for _, f := range formats {
		fmt.Fprintf(b, " %d", f)
	}
	if event != 0 {
		fmt.Fprintf(b, " %d", event)
	}
	b.WriteString("\r\n")
	for _, f := range formats {
		name := "PCMA"
		if f == ptULaw || len(formats) == 1 && l == uLaw {
			name = "PCMU"
		}
		fmt.Fprintf(b, "a=rtpmap:%d %s/8000\r\n", f, name)
	}
	if event != 0 {
		fmt.Fprintf(b, "a=rtpmap:%d telephone-event/8000\r\na=fmtp:%d 0-15\r\n", event, event)
	}
	fmt.Fprintf(b, "a=ptime:20\r\na=%s\r\n", direction)
	if mux {
		b.WriteString("a=rtcp-mux\r\n")
	}
	b.WriteString(crypto)
}

func family(ip netip.Addr) string {
	if ip.Is6() {
		return "IP6"
	}
	return "IP4"
}
