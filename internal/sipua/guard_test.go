package sipua

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const whole = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 4\r\n\r\nbody"

// from puts an address of its choice on one end of a pipe.
type from struct {
	net.Conn
	addr string
}

func (f from) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(f.addr)) }

// just is a listener with one connection.
type just struct{ net.Conn }

func (j just) Accept() (net.Conn, error) { return j.Conn, nil }
func (j just) Addr() net.Addr            { return j.LocalAddr() }

// guarded gives both ends of a connection that comes from addr, the near one behind the guard.
func guarded(t *testing.T, p *porch, addr string, secure *tls.Config) (far net.Conn, near *connGuard) {
	t.Helper()
	a, b := net.Pipe()
	l := handshakes{Listener: just{from{b, addr}}, conf: secure}
	c, _ := l.Listener.Accept()
	if secure != nil {
		c, _ = l.Accept()
	}
	near = newListenerGuard(nil, p).seat(c)
	if near == nil {
		t.Fatal("no seat")
	}
	t.Cleanup(func() { a.Close(); near.Close() })
	return a, near
}

// A sender who trickles loses the connection after maxWhole, whatever it sends in between; an idle phone keeps it.
func TestSlowSender(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far, c := guarded(t, newPorch(Options{}), "127.0.0.1:1", nil)
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			_, _ = far.Write([]byte(whole))
			time.Sleep(20 * time.Minute) // idle between messages is what phones do
			_, _ = far.Write([]byte(whole))
			for i := range len(whole) - 1 {
				time.Sleep(time.Second)
				if _, err := far.Write([]byte(whole[i : i+1])); err != nil {
					return
				}
			}
		}()
		buf := make([]byte, 4096)
		for range 2 {
			if n, err := c.Read(buf); err != nil || string(buf[:n]) != whole {
				t.Fatalf("%q %v", buf[:n], err)
			}
		}
		begin := time.Now()
		if n, err := c.Read(buf); err == nil {
			t.Fatalf("half a message came: %q", buf[:n])
		}
		if d := time.Since(begin); d < maxWhole || d > maxWhole+2*time.Second {
			t.Fatalf("closed after %v", d)
		}
		c.Close()
		far.Close()
		<-sent
	})
}

// A stranger's connection that says nothing is closed after maxWhole, a TLS handshake that never ends too; one that said something
// after maxQuiet; one that has a registration or a call here after maxIdle.
func TestQuietConnections(t *testing.T) {
	for name, c := range map[string]struct {
		secure *tls.Config
		say    string
		known  bool
		lives  time.Duration
	}{
		"never a word":    {lives: maxWhole},
		"half a word":     {say: "OPT", lives: maxWhole},
		"line ends only":  {say: "\r\n\r\n", lives: maxWhole},
		"no handshake":    {secure: &tls.Config{}, lives: maxWhole},
		"half handshake":  {secure: &tls.Config{}, say: "\x16\x03\x01\x02\x00", lives: maxWhole},
		"a word":          {say: whole, lives: maxQuiet},
		"a known's word":  {say: whole, known: true, lives: maxIdle},
		"a known's quiet": {known: true, lives: maxWhole},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPorch(Options{})
				far, near := guarded(t, p, "192.0.2.1:5060", c.secure)
				go func() { _, _ = io.Copy(io.Discard, far) }()
				if c.say != "" {
					go func() { _, _ = io.WriteString(far, c.say) }()
				}
				begin := time.Now()
				buf := make([]byte, 4096)
				for {
					n, err := near.Read(buf)
					if err != nil {
						break
					}
					if n > 0 && c.known { // the registration is done after the read that brought it
						go func() { time.Sleep(time.Second); p.welcome("192.0.2.1:5060", 1) }()
					}
				}
				if d := time.Since(begin); d < c.lives || d > c.lives+2*time.Second {
					t.Fatalf("closed after %v, want %v", d, c.lives)
				}
				far.Close()
			})
		})
	}
}

// Messages that come in one piece, or cut at any octet, are handed on one by one and whole.
func TestFraming(t *testing.T) {
	two := "\r\n" + whole + whole
	for cut := range len(two) {
		in := []byte(two[:cut])
		var got []string
		for _, more := range []string{"", two[cut:]} {
			in = append(in, more...)
			for {
				msg, skip, err := frame(in)
				if err != nil {
					t.Fatal(cut, err)
				}
				in = in[skip:]
				if msg == nil {
					break
				}
				got = append(got, string(msg))
				in = in[len(msg):]
			}
		}
		if len(got) != 2 || got[0] != whole || got[1] != whole {
			t.Fatalf("cut at %d: %q", cut, got)
		}
	}
	for _, bad := range []string{strings.Replace(whole, "Content-Length: 4", "Content-Length: -4", 1), strings.Replace(whole, "Content-Length: 4\r\n", "", 1),
		strings.Replace(whole, "Content-Length: 4", "Content-Length: 99999999", 1), strings.Repeat("x", maxHeader+1)} {
		if _, _, err := frame([]byte(bad)); err == nil {
			t.Errorf("%.40q was taken", bad)
		}
	}
}

// A stranger who takes every place he can get leaves places for others and all of the peers'.
func TestConnectionsPerAddress(t *testing.T) {
	peer := netip.MustParseAddr("203.0.113.5")
	g := newListenerGuard(nil, newPorch(Options{peer: func(ip netip.Addr) bool { return ip == peer }}))
	var open []*connGuard
	enter := func(addr string) bool {
		a, b := net.Pipe()
		t.Cleanup(func() { a.Close() })
		c := g.seat(from{b, addr})
		if c != nil {
			open = append(open, c)
		}
		return c != nil
	}
	n := 0
	for enter("192.0.2.1:1") {
		n++
	}
	if n != maxPerIP {
		t.Fatalf("%d of one address", n)
	}
	if !enter("192.0.2.2:1") {
		t.Fatal("another address pays for the first")
	}
	open[0].Close()
	open[0].Close()
	if !enter("192.0.2.1:1") || enter("192.0.2.1:1") {
		t.Fatal("one free place is given once")
	}
	for i := 0; enter(fmt.Sprintf("198.51.%d.%d:1", i%256, i/256)); i++ {
		n++
	}
	if n > maxConns || !enter("203.0.113.5:1") {
		t.Fatalf("after %d strangers the peer gets no place", n)
	}
}
