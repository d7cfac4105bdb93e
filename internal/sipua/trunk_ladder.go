package sipua

import (
	"bytes"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Rung is one message that went to or came from a trunk, without anything personal: no number, no name, no credentials.
type Rung struct {
	At   time.Time
	Out  bool
	Text string // "REGISTER", "401 Unauthorized", "INVITE"
	Seq  string // "2 REGISTER": which request it belongs to
	Call string // four letters that messages of one Call-ID share
	Far  string // the other end's address
}

// maxRungs bounds a ladder.
const maxRungs = 60

// ladder keeps a trunk's last messages.
type ladder struct {
	mu    sync.Mutex
	rungs []Rung
}

func (l *ladder) add(r Rung) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.rungs) >= maxRungs {
		l.rungs = append(l.rungs[:0], l.rungs[1:]...)
	}
	l.rungs = append(l.rungs, r)
}

// Ladder gives the last messages of a trunk, the oldest first.
func (s *Server) Ladder(name string) []Rung {
	l := s.line(name)
	if l == nil {
		return nil
	}
	l.ladder.mu.Lock()
	defer l.ladder.mu.Unlock()
	return append([]Rung(nil), l.ladder.rungs...)
}

// ladders finds the ladders of a far end. It is asked for every message, so it is a value that is replaced whole.
type ladders struct {
	all atomic.Pointer[[]*line]
}

func (l *ladders) set(all []*line) {
	if len(all) == 0 {
		l.all.Store(nil)
		return
	}
	l.all.Store(&all)
}

// note writes a message down on the ladders of the trunks that have the far end's address.
func (l *ladders) note(out bool, far net.Addr, msg []byte) {
	all := l.all.Load()
	if all == nil || far == nil {
		return
	}
	at, err := netip.ParseAddrPort(far.String())
	if err != nil {
		return
	}
	l.noteAt(*all, out, at, msg)
}

func (l *ladders) noteAt(all []*line, out bool, far netip.AddrPort, msg []byte) {
	for _, way := range all {
		if way.has(far.Addr()) {
			if r, ok := rung(msg); ok {
				r.Out, r.Far = out, netip.AddrPortFrom(far.Addr().Unmap(), far.Port()).String()
				way.ladder.add(r)
			}
		}
	}
}

// rung reads of a message what may be shown. Everything else stays unread.
func rung(msg []byte) (Rung, bool) {
	line, _, _ := bytes.Cut(msg, []byte("\r\n"))
	f := strings.Fields(string(line[:min(len(line), 200)]))
	if len(f) < 2 {
		return Rung{}, false
	}
	r := Rung{At: time.Now(), Text: letters(f[0])}
	if f[0] == "SIP/2.0" {
		if len(f[1]) != 3 || strings.Trim(f[1], "0123456789") != "" {
			return Rung{}, false
		}
		r.Text = strings.TrimSpace(f[1] + " " + letters(strings.Join(f[2:], " ")))
	} else if f[len(f)-1] != "SIP/2.0" {
		return Rung{}, false
	}
	if v := headerOf(msg, "CSeq", ""); v != "" {
		n, m, _ := strings.Cut(v, " ")
		r.Seq = strings.Trim(n, "\t ")[:min(len(strings.Trim(n, "\t ")), 10)] + " " + letters(m)
	}
	if v := headerOf(msg, "Call-ID", "i"); v != "" {
		r.Call = md5hex(v)[:4]
	}
	return r, true
}

// headerOf reads one header of raw octets.
func headerOf(msg []byte, name, short string) string {
	head, _, _ := bytes.Cut(msg, []byte("\r\n\r\n"))
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		k, v, ok := bytes.Cut(line, []byte(":"))
		if key := string(bytes.TrimSpace(k)); ok && (strings.EqualFold(key, name) || short != "" && strings.EqualFold(key, short)) {
			return string(bytes.TrimSpace(v))
		}
	}
	return ""
}

// letters keeps the words of a phrase: a number in it could be a person's.
func letters(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == ' ' || r == '/' || r == '-' {
			return r
		}
		return -1
	}, s[:min(len(s), 40)])), " ")
}

// udpTap shows the ladders what passes through a socket.
type udpTap struct {
	datagrams
	l *ladders
}

// ReadFrom reads a packet.
func (t *udpTap) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := t.datagrams.ReadFrom(b)
	if err == nil {
		t.l.note(false, from, b[:n])
	}
	return n, from, err
}

// ReadFromUDPAddrPort reads a packet.
func (t *udpTap) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	n, from, err := t.datagrams.ReadFromUDPAddrPort(b)
	if all := t.l.all.Load(); err == nil && all != nil {
		t.l.noteAt(*all, false, from, b[:n])
	}
	return n, from, err
}

// WriteTo sends a packet.
func (t *udpTap) WriteTo(b []byte, to net.Addr) (int, error) {
	t.l.note(true, to, b)
	return t.datagrams.WriteTo(b, to)
}

// tapListener does the same for connections; what passes it are whole messages.
type tapListener struct {
	net.Listener
	l *ladders
}

// Accept gives the next connection.
func (t *tapListener) Accept() (net.Conn, error) {
	c, err := t.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &connTap{c, t.l}, nil
}

type connTap struct {
	net.Conn
	l *ladders
}

// Read reads a message.
func (t *connTap) Read(b []byte) (int, error) {
	n, err := t.Conn.Read(b)
	if n > 0 {
		t.l.note(false, t.RemoteAddr(), b[:n])
	}
	return n, err
}

// Write sends a message.
func (t *connTap) Write(b []byte) (int, error) {
	t.l.note(true, t.RemoteAddr(), b)
	return t.Conn.Write(b)
}
