package sipua

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func needIPv6(t *testing.T) {
	t.Helper()
	c, err := net.ListenPacket("udp6", "[::1]:0")
	if err != nil {
		t.Skip("this machine has no IPv6 loopback")
	}
	c.Close()
}

// rogue6 is a far end on ::1.
func (h *house) citizen6(to netip.AddrPort) *citizen {
	c := h.citizen()
	pc, err := net.ListenPacket("udp6", "[::1]:0")
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { pc.Close() })
	c.rogue.c.Close()
	r := &rogue{t: h.t, c: pc, to: net.UDPAddrFromAddrPort(to), in: make(chan msg, 64), addr: pc.LocalAddr().String()}
	go func() {
		buf := make([]byte, 65536)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			r.in <- msg{string(buf[:n]), from}
		}
	}()
	c.rogue = r
	return c
}

func TestIPv6BesideIPv4(t *testing.T) {
	needIPv6(t)
	h := serve(t, func(o *Options) { o.Addr = "127.0.0.1:0, [::1]:0" })
	if len(h.Addrs()) != 2 || !h.Addrs()[1].Addr().Is6() {
		t.Fatal(h.Addrs())
	}
	four := h.up(h.citizen())
	c := h.citizen6(h.Addrs()[1])
	six := h.up(c)
	six.Hangup("")
	if bye := c.want("BYE"); !strings.Contains(head(bye, "Via"), "SIP/2.0/UDP "+h.Addrs()[1].String()) || !strings.HasPrefix(bye, "BYE sip:citizen@"+c.addr) {
		t.Error(bye)
	}
	four.Hangup("")
	over(t, four, "us")
	over(t, six, "us")
	tcp, err := net.Dial("tcp6", h.Addrs()[1].String())
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	fmt.Fprintf(tcp, "OPTIONS sip:x@[::1] SIP/2.0\r\nVia: SIP/2.0/TCP %s;branch=z9hG4bK1\r\nFrom: <sip:a@[::1]>;tag=1\r\nTo: <sip:x@[::1]>\r\nCall-ID: six\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n", tcp.LocalAddr())
	_ = tcp.SetReadDeadline(time.Now().Add(3 * time.Second))
	if line, err := bufio.NewReader(tcp).ReadString('\n'); err != nil || !strings.HasPrefix(line, "SIP/2.0 200") {
		t.Error(line, err)
	}
}

func TestTrunkOverIPv6(t *testing.T) {
	needIPv6(t)
	c := carrierAt(t, "udp", "[::1]:0", nil)
	h := serve(t, func(o *Options) { o.Addr = "127.0.0.1:0,[::1]:0" })
	h.SetTrunks([]Trunk{c.trunk(nil)})
	h.state("binotel", up)
	if r := c.all("REGISTER")[0]; !strings.Contains(head(r, "Contact"), "@"+h.Addrs()[1].String()) || !strings.HasPrefix(r, "REGISTER sip:[::1] SIP/2.0") {
		t.Error(r)
	}
}

func TestBothFamiliesByOneWord(t *testing.T) {
	needIPv6(t)
	got, err := addresses("[::]:5060")
	if err != nil || len(got) != 2 || got[0].String() != "0.0.0.0:5060" || got[1].String() != "[::]:5060" {
		t.Error(got, err)
	}
	for _, bad := range []string{"", ",", "x:y:z", "127.0.0.1"} {
		if _, err := addresses(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// TestATakenAddressClosesTheOthers: what was bound before it is free again.
func TestATakenAddressClosesTheOthers(t *testing.T) {
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	free := freePort(t)
	if _, err := New(Options{Addr: fmt.Sprintf("127.0.0.1:%d,%s", free, taken.Addr())}); err == nil {
		t.Fatal("a taken port was no error")
	}
	again, err := net.ListenPacket("udp4", fmt.Sprintf("127.0.0.1:%d", free))
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}

func TestCallOverTLSAndARenewedCertificate(t *testing.T) {
	old, oldPool := certificate(t, "127.0.0.1")
	renewed, newPool := certificate(t, "127.0.0.1")
	var now atomic.Pointer[tls.Certificate]
	now.Store(old)
	h := serve(t, func(o *Options) {
		o.TLSAddr = "127.0.0.1:0"
		o.TLS = &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return now.Load(), nil }, MinVersion: tls.VersionTLS12}
	})
	addr := h.TLSAddrs()[0].String()
	call := func(pool *x509.CertPool) error {
		c, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"})
		if err != nil {
			return err
		}
		defer c.Close()
		r := bufio.NewReader(c)
		p := h.citizen()
		tlsText := func(s string) string {
			return strings.ReplaceAll(strings.ReplaceAll(s, "SIP/2.0/UDP "+p.addr, "SIP/2.0/TLS "+c.LocalAddr().String()), "Contact: <sip:citizen@"+p.addr+">",
				"Contact: <sip:citizen@"+c.LocalAddr().String()+";transport=tls>")
		}
		fmt.Fprint(c, tlsText(p.request("INVITE", 1, "application/sdp", goodSDP)))
		l := h.leg()
		if err := l.Answer(t.Context()); err != nil {
			return err
		}
		_ = c.SetReadDeadline(time.Now().Add(3 * time.Second))
		ok := ""
		for !strings.HasPrefix(ok, "SIP/2.0 200") {
			if ok, err = readMessage(r); err != nil {
				return err
			}
		}
		if !strings.Contains(head(ok, "Contact"), addr) || !strings.Contains(head(ok, "Contact"), "transport=tls") {
			t.Error(ok)
		}
		p.theirs = toTag(ok)
		fmt.Fprint(c, tlsText(p.request("ACK", 1, "", "")))
		h.until(func() bool { l.mu.Lock(); defer l.mu.Unlock(); return l.state == talking })
		l.Hangup("")
		for bye := ""; !strings.HasPrefix(bye, "BYE"); {
			if bye, err = readMessage(r); err != nil {
				return err
			}
		}
		return nil
	}
	if err := call(oldPool); err != nil {
		t.Fatal(err)
	}
	now.Store(renewed)
	if err := call(newPool); err != nil {
		t.Fatal(err)
	}
	if err := call(oldPool); err == nil {
		t.Error("the old certificate is still served")
	}
}

// TestASilentTLSClientHoldsNobodyUp: each handshake is its own connection's matter.
func TestASilentTLSClientHoldsNobodyUp(t *testing.T) {
	cert, pool := certificate(t, "127.0.0.1")
	h := serve(t, func(o *Options) {
		o.TLSAddr, o.TLS = "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{*cert}}
	})
	for range 5 {
		c, err := net.Dial("tcp", h.TLSAddrs()[0].String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	c, err := tls.DialWithDialer(&net.Dialer{Timeout: 3 * time.Second}, "tcp", h.TLSAddrs()[0].String(), &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}
