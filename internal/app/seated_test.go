package app

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// far is one end of a pipe with an address of its choice.
type far struct {
	net.Conn
	addr string
}

func (f far) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(f.addr)) }

// pipes is a listener whose connections a test makes.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { close(p.done); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// One address takes its seats and no more; others and this machine find theirs; a seat is given back once.
func TestSeats(t *testing.T) {
	s := newSeated(nil)
	var open []net.Conn
	enter := func(addr string) bool {
		a, b := net.Pipe()
		t.Cleanup(func() { a.Close() })
		c := s.seat(far{b, addr})
		if c != nil {
			open = append(open, c)
		}
		return c != nil
	}
	n := 0
	for enter("192.0.2.1:1") {
		n++
	}
	if n != perAddress || !enter("192.0.2.2:1") || !enter("127.0.0.1:1") {
		t.Fatalf("%d seats for one address", n)
	}
	open[0].Close()
	open[0].Close()
	if !enter("192.0.2.1:1") || enter("192.0.2.1:1") {
		t.Error("a seat is given back once")
	}
}

// Slow and greedy clients are let go within the bounds, whatever they trickle meanwhile.
func TestSlowBrowsers(t *testing.T) {
	for name, c := range map[string]struct {
		say    string
		drip   string // a second
		within time.Duration
	}{
		"nothing":     {"", "", headerWithin},
		"slow header": {"GET / HTTP/1.1\r\nHost: x\r\n", "X: y\r\n", headerWithin},
		"slow body":   {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", "a", bodyWithin},
		"huge header": {"GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("y", 2*maxHeaders), "", time.Second},
		"idle":        {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "", idleFor},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newHTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					fmt.Fprint(w, "ok")
				}), slog.New(slog.DiscardHandler))
				l := &pipes{make(chan net.Conn), make(chan struct{})}
				go func() { _ = srv.Serve(l) }()
				a, b := net.Pipe()
				l.conns <- far{b, "192.0.2.1:1"}
				begin, said := time.Now(), make(chan struct{})
				go func() {
					defer close(said)
					if c.say != "" {
						_, _ = io.WriteString(a, c.say)
					}
					for c.drip != "" {
						time.Sleep(time.Second)
						if _, err := io.WriteString(a, c.drip); err != nil {
							return
						}
					}
				}()
				_, _ = io.Copy(io.Discard, bufio.NewReader(a))
				if d := time.Since(begin); d > c.within+5*time.Second {
					t.Errorf("held for %v, want %v", d, c.within)
				}
				a.Close()
				<-said
				srv.Close()
			})
		})
	}
}
