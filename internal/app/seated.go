package app

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"dovidka/internal/crowd"
)

// Bounds of the browsers' door. An operator's page keeps three connections; a whole centre may stand behind one address.
const (
	maxBrowsers  = 2000
	perAddress   = 300
	perNetwork   = 600
	maxHeaders   = 32 << 10
	headerWithin = 10 * time.Second // a TLS handshake too
	bodyWithin   = time.Minute
	answerWithin = 5 * time.Minute // a long recording over a slow line; sockets have bounds of their own
	idleFor      = 2 * time.Minute
	maxStreams   = 100 // HTTP/2
)

// newHTTP makes a server that waits for nobody for ever.
func newHTTP(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerWithin, ReadTimeout: bodyWithin, WriteTimeout: answerWithin, IdleTimeout: idleFor,
		MaxHeaderBytes: maxHeaders, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		HTTP2: &http.HTTP2Config{MaxConcurrentStreams: maxStreams, WriteByteTimeout: 30 * time.Second, PingTimeout: 15 * time.Second, SendPingTimeout: time.Minute},
	}
}

// seated is a listener with so many seats for each address, each network and all; this machine's own connections (a proxy in front
// of us) need none.
type seated struct {
	net.Listener
	seats *crowd.Seats
}

func newSeated(l net.Listener) *seated {
	return &seated{l, crowd.NewSeats(maxBrowsers, perAddress, perNetwork)}
}

// Accept gives the next connection that finds a seat; the others are closed at once.
func (s *seated) Accept() (net.Conn, error) {
	for {
		c, err := s.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if c = s.seat(c); c != nil {
			return c, nil
		}
	}
}

func (s *seated) seat(c net.Conn) net.Conn {
	from, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err == nil && from.Addr().Unmap().IsLoopback() {
		return c
	}
	leave, ok := s.seats.Enter(from.Addr())
	if !ok {
		c.Close()
		return nil
	}
	return &sitting{c, leave}
}

// sitting is a connection that gives its seat back.
type sitting struct {
	net.Conn
	leave func()
}

// Close closes it; twice is harmless.
func (s *sitting) Close() error { s.leave(); return s.Conn.Close() }
