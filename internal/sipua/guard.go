package sipua

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"dovidka/internal/crowd"

	"github.com/emiago/sipgo/sip"
)

// Bounds of memory. maxSources: sipgo's UDP reader remembers every source address for as long as it runs, so it is turned over
// after that many. A slow sender must not hold a connection's memory (RFC 3261 says nothing, practice does): its first message has
// maxWhole from the connect on, a TLS handshake included, each later one maxWhole from its first byte; a connection without any
// message under way lives maxQuiet, or maxIdle once its far end has a call or a registration here.
const (
	maxSources = 20_000
	maxMessage = 60 << 10
	maxHeader  = 16 << 10
	maxWhole   = 10 * time.Second
	maxQuiet   = time.Minute
	maxIdle    = time.Hour
	maxWrite   = 5 * time.Second

	maxConns   = 2048 // of strangers; peers have as many of their own
	maxPerIP   = 256  // an office of telephones behind one address
	maxPerNet  = 512
	maxPerPeer = 1024
)

func stack() string { return string(debug.Stack()) }

// examine tries to parse a whole message under a recover, before sipgo does it in a goroutine without one. good is the message to
// hand on and m what it says, or nil; then reply is a stateless 400 for a request that at least says where an answer belongs, or
// nil too.
// A request from behind a NAT whose Via does not ask for it gets an rport, so that even the answers sipgo makes by itself find the
// way back (RFC 3581; from is the source's IP address).
func examine(p *sip.Parser, msg []byte, from string) (m sip.Message, good, reply []byte) {
	defer func() {
		if recover() != nil {
			m, good, reply = nil, nil, bare400(msg)
		}
	}()
	msg = tidy(msg)
	m, err := p.ParseSIP(msg)
	if err != nil {
		return nil, nil, bare400(msg)
	}
	if req, ok := m.(*sip.Request); ok {
		if via := req.Via(); via != nil && from != "" && !via.Params.Has("rport") && !sameIP(via.Host, from) {
			msg = withRport(msg)
		}
		if via := req.Via(); via != nil && !has(via.Params, "branch") {
			msg = withBranch(msg, req)
		}
	}
	return m, msg, nil
}

// datagrams is what the guard needs of a *net.UDPConn.
type datagrams interface {
	net.PacketConn
	ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error)
}

// packetGuard stands between the UDP socket and sipgo.
type packetGuard struct {
	datagrams
	porch  *porch
	parser *sip.Parser
	most   int
	seen   map[netip.AddrPort]struct{} // sources since the last turn-over; only the reader touches it
	late   []byte                      // the datagram that caused the turn-over
	from   net.Addr
}

func newPacketGuard(c datagrams, p *porch, most int) *packetGuard {
	return &packetGuard{datagrams: c, porch: p, parser: sip.NewParser(), most: most, seen: map[netip.AddrPort]struct{}{}}
}

// LocalAddr is a name of its own for sipgo's table of connections: the real address there belongs to a connection that stays when
// the reader is turned over, so that our requests always find it.
func (g *packetGuard) LocalAddr() net.Addr {
	at := addrOf(g.datagrams.LocalAddr())
	return readerAddr(fmt.Sprintf("%s.reader.invalid:%d", strings.ReplaceAll(at.Addr().String(), ":", "-"), at.Port()))
}

type readerAddr string

func (readerAddr) Network() string  { return "udp" }
func (a readerAddr) String() string { return string(a) }

// ReadFrom gives only datagrams that parse, of those whom the porch lets in. After maxSources of them it reports net.ErrClosed once,
// without closing anything, so that sipgo forgets them all and the server starts its reader again.
func (g *packetGuard) ReadFrom(b []byte) (int, net.Addr, error) {
	if g.late != nil {
		n := copy(b, g.late)
		g.late = nil
		return n, g.from, nil
	}
	for {
		n, from, err := g.ReadFromUDPAddrPort(b)
		if errors.Is(err, net.ErrClosed) {
			return n, nil, err
		}
		if err != nil { // ICMP errors of other people's packets
			continue
		}
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		good := g.read(b[:n], from, time.Now())
		if good == nil || len(good) > len(b) {
			continue
		}
		n = copy(b, good)
		far := net.UDPAddrFromAddrPort(from)
		g.seen[from] = struct{}{}
		if len(g.seen) > g.most {
			g.late, g.from = bytes.Clone(b[:n]), far
			g.seen = map[netip.AddrPort]struct{}{}
			return 0, far, net.ErrClosed
		}
		return n, far, nil
	}
}

// read judges one datagram: what is to be handed on, or nil.
func (g *packetGuard) read(b []byte, from netip.AddrPort, now time.Time) []byte {
	if len(bytes.Trim(b, "\r\n\x00 ")) == 0 { // RFC 5626 §4.4.1 keep-alive
		return nil
	}
	if !g.porch.enter(from, now) {
		return nil
	}
	m, good, reply := examine(g.parser, b, from.Addr().String())
	if reply != nil && g.porch.replies(from, now) {
		_, _ = g.WriteTo(reply, net.UDPAddrFromAddrPort(from))
	}
	if good == nil || !g.porch.lets(m, from, now) {
		return nil
	}
	return good
}

// listenerGuard limits connections, in all, per network and per address, and puts a connGuard around each.
type listenerGuard struct {
	net.Listener
	porch     *porch
	strangers *crowd.Seats
	peers     *crowd.Seats
}

func newListenerGuard(l net.Listener, p *porch) *listenerGuard {
	return &listenerGuard{Listener: l, porch: p,
		strangers: crowd.NewSeats(maxConns, maxPerIP, maxPerNet), peers: crowd.NewSeats(maxConns, maxPerPeer, maxPerPeer)}
}

// Accept gives the next connection within the limits; the others are closed at once.
func (g *listenerGuard) Accept() (net.Conn, error) {
	for {
		c, err := g.Listener.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return nil, err
			}
			time.Sleep(10 * time.Millisecond) // no descriptors left: sipgo would stop listening for good
			continue
		}
		if guarded := g.seat(c); guarded != nil {
			return guarded, nil
		}
		g.porch.turned.Add(1)
		c.Close()
	}
}

// seat gives the connection its place and its guard; nil: there is no place.
func (g *listenerGuard) seat(c net.Conn) *connGuard {
	far, ok := c.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return nil
	}
	from := far.AddrPort()
	from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
	seats := g.strangers
	if g.porch.free(from.Addr()) {
		seats = g.peers
	}
	leave, ok := seats.Enter(from.Addr())
	if !ok {
		return nil
	}
	_ = c.SetDeadline(time.Now().Add(maxWhole)) // for a handshake; each message sets its own
	return &connGuard{Conn: c, porch: g.porch, from: from, parser: sip.NewParser(), left: leave, since: time.Now(), fresh: true}
}

// connGuard hands sipgo whole messages only, each tried before. So a message cut anywhere, even before its last CRLF, waits for its
// rest (RFC 3261 §18.3), and one that does not come whole within maxWhole costs its sender the connection.
type connGuard struct {
	net.Conn
	porch  *porch
	from   netip.AddrPort
	parser *sip.Parser
	left   func()
	in     []byte    // read, not yet a whole message
	out    []byte    // whole messages that sipgo has not taken yet
	since  time.Time // the connect, the first byte of what is in in, or the end of the last message
	fresh  bool      // no message has come yet
}

// Close closes the connection and frees its place.
func (c *connGuard) Close() error { c.left(); return c.Conn.Close() }

// Write bounds how long a far end that does not read may block us.
func (c *connGuard) Write(b []byte) (int, error) {
	_ = c.Conn.SetWriteDeadline(time.Now().Add(maxWrite))
	return c.Conn.Write(b)
}

// Read gives bytes of whole messages.
func (c *connGuard) Read(b []byte) (int, error) {
	buf := make([]byte, 4096)
	for len(c.out) == 0 {
		msg, skip, err := frame(c.in)
		if err != nil {
			if reply := bare400(c.in); reply != nil {
				_, _ = c.Write(reply)
			}
			c.linger()
			return 0, io.EOF
		}
		if skip >= 4 && msg == nil {
			_, _ = c.Write([]byte("\r\n")) // RFC 5626 §3.5.1: pong
		}
		c.in = c.in[skip:]
		if msg != nil {
			c.in = c.in[len(msg):]
			c.since, c.fresh = time.Now(), false
			if !c.porch.enter(c.from, c.since) {
				return 0, io.EOF // there is no leaving a part of a stream unread
			}
			c.take(msg)
			continue
		}
		if err := c.more(buf); err != nil {
			return 0, err
		}
	}
	n := copy(b, c.out)
	c.out = c.out[n:]
	return n, nil
}

// take judges one whole message.
func (c *connGuard) take(msg []byte) {
	m, good, reply := examine(c.parser, msg, "")
	if reply != nil && c.porch.replies(c.from, c.since) {
		_, _ = c.Write(reply)
	}
	if good != nil && c.porch.lets(m, c.from, c.since) {
		c.out = good
	}
}

// more waits for more bytes, as long as this far end may let us wait.
func (c *connGuard) more(buf []byte) error {
	for {
		until := c.since.Add(maxQuiet)
		switch {
		case len(c.in) > 0 || c.fresh:
			until = c.since.Add(maxWhole)
		case c.porch.trusts(c.from, time.Now()):
			until = c.since.Add(maxIdle)
		}
		_ = c.Conn.SetReadDeadline(until)
		n, err := c.Conn.Read(buf)
		if n > 0 {
			if len(c.in) == 0 && !c.fresh {
				c.since = time.Now()
			}
			c.in = append(c.in, buf[:n]...)
			return nil
		}
		// who has registered while we waited may go on being quiet
		quiet := len(c.in) == 0 && !c.fresh && errors.Is(err, os.ErrDeadlineExceeded)
		if !quiet || !c.porch.trusts(c.from, time.Now()) || time.Since(c.since) >= maxIdle {
			return io.EOF
		}
	}
}

// linger gives the answers to earlier messages, and our 400, time to be read: a connection that is closed with bytes unread is reset,
// and the reset overtakes what was sent.
func (c *connGuard) linger() {
	_ = c.Conn.SetReadDeadline(time.Now().Add(time.Second))
	_, _ = io.Copy(io.Discard, io.LimitReader(c.Conn, maxMessage))
}

var errFrame = errors.New("sipua: not a SIP message")

// frame finds the first whole message of a stream (RFC 3261 §18.3: Content-Length is mandatory there). skip is how many bytes of
// line ends stand before it; msg is nil while it is not whole.
func frame(in []byte) (msg []byte, skip int, err error) {
	for skip+1 < len(in) && in[skip] == '\r' && in[skip+1] == '\n' {
		skip += 2
	}
	in = in[skip:]
	end := bytes.Index(in, []byte("\r\n\r\n"))
	if end < 0 {
		if len(in) > maxHeader {
			return nil, skip, errFrame
		}
		return nil, skip, nil
	}
	end += 4
	length, ok := contentLength(in[:end])
	if !ok || length > maxMessage-maxHeader || end > maxHeader {
		return nil, skip, errFrame
	}
	if len(in) < end+length {
		return nil, skip, nil
	}
	return in[:end+length], skip, nil
}

// contentLength reads the length of the body; two that differ are none (RFC 4475 §3.3.9 `mcl01`).
func contentLength(head []byte) (length int, ok bool) {
	length = -1
	for _, line := range unfold(head) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		name = bytes.TrimSpace(name)
		if bytes.EqualFold(name, []byte("Content-Length")) || bytes.EqualFold(name, []byte("l")) {
			n, err := strconv.ParseUint(string(bytes.TrimSpace(value)), 10, 24)
			if err != nil || length >= 0 && length != int(n) {
				return 0, false
			}
			length = int(n)
		}
	}
	return length, length >= 0
}
