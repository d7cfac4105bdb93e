package sipua

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

var (
	errResolve = errors.New("sipua: the trunk's name does not resolve")
	errConnect = errors.New("sipua: the trunk's port does not answer")
)

// Bounds of finding and opening the way.
const (
	resolveWithin = 5 * time.Second
	connectWithin = 5 * time.Second
)

// way finds the address of the trunk's server and, for TCP and TLS, opens the connection. The name is asked anew each time: a
// carrier that moves is followed within one registration.
func (l *line) way(ctx context.Context) (dest string, err error) {
	t := l.trunk()
	found, err := l.s.resolve(ctx, t)
	l.mu.Lock()
	if err == nil {
		l.addrs, l.state.Resolve = found, ""
	} else {
		l.state.Resolve = err.Error()
	}
	addrs := l.addrs
	l.mu.Unlock()
	if len(addrs) == 0 { // a resolver that fails for a while does not take a known address away
		return "", fmt.Errorf("%w: %w", errResolve, err)
	}
	l.mu.Lock()
	to := addrs[l.next%len(addrs)]
	l.own = l.s.ownAddr(to.String())
	l.mu.Unlock()
	return to.String(), l.s.connect(ctx, t, to)
}

// resolve finds the addresses of a trunk's server: its proxy if there is one; a name without a port by SRV first (RFC 3263 §4).
func (s *Server) resolve(ctx context.Context, t Trunk) ([]netip.AddrPort, error) {
	ctx, stop := context.WithTimeout(ctx, resolveWithin)
	defer stop()
	target := t.Proxy
	if target == "" {
		target = t.Server
	}
	host, port := splitHost(target)
	usual, service, proto := 5060, "sip", t.Transport
	if proto == "tls" {
		usual, service, proto = 5061, "sips", "tcp"
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		if port == 0 {
			port = usual
		}
		return []netip.AddrPort{netip.AddrPortFrom(ip.Unmap(), uint16(port))}, nil
	}
	var out []netip.AddrPort
	if port == 0 {
		port = usual
		if proto == "" {
			proto = "udp"
		}
		if _, srv, err := net.DefaultResolver.LookupSRV(ctx, service, proto, host); err == nil {
			for _, r := range srv {
				out = append(out, s.lookup(ctx, r.Target, int(r.Port))...)
			}
		}
	}
	if len(out) == 0 {
		out = s.lookup(ctx, host, port)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no address for %s", host)
	}
	return out, nil
}

// lookup gives the addresses of a name of the families that we listen on.
func (s *Server) lookup(ctx context.Context, host string, port int) (out []netip.AddrPort) {
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil
	}
	for _, ip := range ips {
		ip = ip.Unmap().WithZone("")
		if slices.ContainsFunc(s.places, func(p *place) bool { return p.addr.Addr().Is4() == ip.Is4() }) {
			out = append(out, netip.AddrPortFrom(ip, uint16(port)))
		}
	}
	return out
}

// connect makes sure that there is a connection for TCP and TLS. We dial it ourselves: with the server's name checked against its
// certificate, and behind the same guard as a connection that came.
func (s *Server) connect(ctx context.Context, t Trunk, to netip.AddrPort) error {
	network := t.network()
	if network == "UDP" {
		return nil
	}
	if c, err := s.tpl.GetConnection(network, to.String()); err == nil {
		_, _ = c.TryClose()
		return nil
	}
	ctx, stop := context.WithTimeout(ctx, connectWithin)
	defer stop()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", to.String())
	if err != nil {
		return errors.Join(errConnect, err)
	}
	into := s.dialledTCP
	if network == "TLS" {
		into = s.dialledTLS
		c := tls.Client(conn, &tls.Config{ServerName: t.domain(), RootCAs: s.o.Roots, MinVersion: tls.VersionTLS12})
		if err := c.HandshakeContext(ctx); err != nil {
			conn.Close()
			return errors.Join(errConnect, err)
		}
		conn = c
	}
	guarded := &firstRead{Conn: &connGuard{Conn: conn, porch: s.porch, from: to, parser: sip.NewParser(), left: func() {}, since: time.Now()}, began: make(chan struct{})}
	select {
	case into.conns <- guarded:
	case <-ctx.Done():
		conn.Close()
		return errors.Join(errConnect, context.Cause(ctx))
	}
	select {
	case <-guarded.began: // its reader runs, so sipgo knows it
		return nil
	case <-ctx.Done():
		return errors.Join(errConnect, context.Cause(ctx))
	}
}

// firstRead tells when its reader has begun.
type firstRead struct {
	net.Conn
	began chan struct{}
	once  sync.Once
}

// Read reads.
func (f *firstRead) Read(b []byte) (int, error) {
	f.once.Do(func() { close(f.began) })
	return f.Conn.Read(b)
}
