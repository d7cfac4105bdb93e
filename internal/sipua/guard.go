package sipua

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Bounds of what strangers may cost. maxSources: sipgo's UDP reader remembers every source address for as long as it runs, so it
// is turned over after that many. maxWhole: a slow sender must not hold a connection's memory (RFC 3261 says nothing, practice does).
const (
	maxSources = 20_000
	maxMessage = 60 << 10
	maxHeader  = 16 << 10
	maxPerIP   = 256
	maxConns   = 4096
	maxWhole   = 10 * time.Second
	maxIdle    = time.Hour
	maxWrite   = 5 * time.Second
)

func stack() string { return string(debug.Stack()) }

// examine tries to parse a whole message under a recover, before sipgo does it in a goroutine without one. good is the message to
// hand on, or nil; then reply is a stateless 400 for a request that at least says where an answer belongs, or nil too.
// A request from behind a NAT whose Via does not ask for it gets an rport, so that even the answers sipgo makes by itself find the
// way back (RFC 3581; from is the source's IP address).
func examine(p *sip.Parser, msg []byte, from string) (good, reply []byte) {
	defer func() {
		if recover() != nil {
			good, reply = nil, bare400(msg)
		}
	}()
	msg = tidy(msg)
	m, err := p.ParseSIP(msg)
	if err != nil {
		return nil, bare400(msg)
	}
	if req, ok := m.(*sip.Request); ok {
		if via := req.Via(); via != nil && from != "" && !via.Params.Has("rport") && !sameIP(via.Host, from) {
			msg = withRport(msg)
		}
		if via := req.Via(); via != nil && !has(via.Params, "branch") {
			msg = withBranch(msg, req)
		}
	}
	return msg, nil
}

// packetGuard stands between the UDP socket and sipgo.
type packetGuard struct {
	net.PacketConn
	parser *sip.Parser
	most   int
	seen   map[string]struct{} // sources since the last turn-over; only the reader touches it
	late   []byte              // the datagram that caused the turn-over
	from   net.Addr
}

func newPacketGuard(c net.PacketConn, most int) *packetGuard {
	return &packetGuard{PacketConn: c, parser: sip.NewParser(), most: most, seen: map[string]struct{}{}}
}

// LocalAddr is a name of its own for sipgo's table of connections: the real address there belongs to a connection that stays when
// the reader is turned over, so that our requests always find it.
func (g *packetGuard) LocalAddr() net.Addr {
	at := addrOf(g.PacketConn.LocalAddr())
	return readerAddr(fmt.Sprintf("%s.reader.invalid:%d", strings.ReplaceAll(at.Addr().String(), ":", "-"), at.Port()))
}

type readerAddr string

func (readerAddr) Network() string  { return "udp" }
func (a readerAddr) String() string { return string(a) }

// ReadFrom gives only datagrams that parse. After maxSources strangers it reports net.ErrClosed once, without closing anything, so
// that sipgo forgets them all and the server starts its reader again.
func (g *packetGuard) ReadFrom(b []byte) (int, net.Addr, error) {
	if g.late != nil {
		n := copy(b, g.late)
		g.late = nil
		return n, g.from, nil
	}
	for {
		n, from, err := g.PacketConn.ReadFrom(b)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return n, from, err
			}
			continue // ICMP errors of other people's packets
		}
		if len(bytes.Trim(b[:n], "\r\n\x00 ")) == 0 { // RFC 5626 §4.4.1 keep-alive
			continue
		}
		good, reply := examine(g.parser, b[:n], from.(*net.UDPAddr).AddrPort().Addr().Unmap().String())
		if good == nil {
			if reply != nil {
				_, _ = g.PacketConn.WriteTo(reply, from)
			}
			continue
		}
		if len(good) > len(b) {
			continue
		}
		n = copy(b, good)
		g.seen[from.String()] = struct{}{}
		if len(g.seen) > g.most {
			g.late, g.from = bytes.Clone(b[:n]), from
			g.seen = map[string]struct{}{}
			return 0, from, net.ErrClosed
		}
		return n, from, nil
	}
}

// listenerGuard limits connections, in all and per address, and puts a connGuard around each.
type listenerGuard struct {
	net.Listener
	mu    sync.Mutex
	perIP map[string]int
	all   int
}

func newListenerGuard(l net.Listener) *listenerGuard {
	return &listenerGuard{Listener: l, perIP: map[string]int{}}
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
		ip, _, _ := net.SplitHostPort(c.RemoteAddr().String())
		if !g.enter(ip) {
			c.Close()
			continue
		}
		return &connGuard{Conn: c, parser: sip.NewParser(), left: sync.OnceFunc(func() { g.leave(ip) })}, nil
	}
}

func (g *listenerGuard) enter(ip string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.all >= maxConns || g.perIP[ip] >= maxPerIP {
		return false
	}
	g.all++
	g.perIP[ip]++
	return true
}

func (g *listenerGuard) leave(ip string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.all--
	if g.perIP[ip]--; g.perIP[ip] <= 0 {
		delete(g.perIP, ip)
	}
}

// connGuard hands sipgo whole messages only, each tried before. So a message cut anywhere, even before its last CRLF, waits for its
// rest (RFC 3261 §18.3), and one that does not come whole within maxWhole costs its sender the connection.
type connGuard struct {
	net.Conn
	parser *sip.Parser
	left   func()
	in     []byte // read, not yet a whole message
	out    []byte // whole messages that sipgo has not taken yet
	since  time.Time
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
			c.since = time.Now()
			good, reply := examine(c.parser, msg, "")
			c.out = good
			if reply != nil {
				_, _ = c.Write(reply)
			}
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

func (c *connGuard) more(buf []byte) error {
	until := time.Now().Add(maxIdle)
	if len(c.in) > 0 {
		until = c.since.Add(maxWhole)
	}
	_ = c.Conn.SetReadDeadline(until)
	n, err := c.Conn.Read(buf)
	if len(c.in) == 0 {
		c.since = time.Now()
	}
	c.in = append(c.in, buf[:n]...)
	if err != nil && n == 0 {
		return io.EOF
	}
	return nil
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
