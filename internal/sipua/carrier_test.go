package sipua

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/icholy/digest"
)

// carrier is the other end of a trunk: a registrar with passwords that can go down, come back, move and misbehave.
type carrier struct {
	t     *testing.T
	addr  string
	pc    net.PacketConn
	l     net.Listener
	realm string

	mu      sync.Mutex
	down    bool
	expires int
	least   int // Min-Expires
	options int // status of OPTIONS
	refuse  int // status of REGISTER
	invite  int // challenge INVITE with it; 0: none
	got     []string
	nonces  map[string]bool
	streams map[string]net.Conn
	news    chan struct{}
}

const carrierPassword = "Tayemnytsia-1"

// carrierAt listens at an address over "udp", "tcp" or "tls" (with that certificate).
func carrierAt(t *testing.T, network, at string, cert *tls.Certificate) *carrier {
	t.Helper()
	c := &carrier{t: t, realm: "carrier.example", expires: 60, options: 200, nonces: map[string]bool{}, streams: map[string]net.Conn{}, news: make(chan struct{}, 1000)}
	var err error
	if network == "udp" {
		if c.pc, err = net.ListenPacket("udp", at); err != nil {
			t.Fatal(err)
		}
		c.addr = c.pc.LocalAddr().String()
		go c.packets()
	} else {
		if c.l, err = net.Listen("tcp", at); err != nil {
			t.Fatal(err)
		}
		c.addr = c.l.Addr().String()
		if cert != nil {
			c.l = tls.NewListener(c.l, &tls.Config{Certificates: []tls.Certificate{*cert}})
		}
		go c.accept()
	}
	t.Cleanup(c.close)
	return c
}

func newCarrier(t *testing.T) *carrier { return carrierAt(t, "udp", "127.0.0.1:0", nil) }

func (c *carrier) close() {
	if c.pc != nil {
		c.pc.Close()
		return
	}
	c.l.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.streams {
		s.Close()
	}
}

func (c *carrier) packets() {
	buf := make([]byte, 65536)
	for {
		n, from, err := c.pc.ReadFrom(buf)
		if err != nil {
			return
		}
		c.take(string(buf[:n]), func(s string) { _, _ = c.pc.WriteTo([]byte(s), from) })
	}
}

func (c *carrier) accept() {
	for {
		conn, err := c.l.Accept()
		if err != nil {
			return
		}
		c.mu.Lock()
		c.streams[conn.RemoteAddr().String()] = conn
		c.mu.Unlock()
		go func() {
			r := bufio.NewReader(conn)
			for {
				text, err := readMessage(r)
				if err != nil {
					return
				}
				c.take(text, func(s string) { _, _ = io.WriteString(conn, s) })
			}
		}()
	}
}

func readMessage(r *bufio.Reader) (string, error) {
	var b strings.Builder
	length := 0
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return "", err
		}
		b.WriteString(line)
		if name, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(name, "Content-Length") {
			length, _ = strconv.Atoi(strings.TrimSpace(v))
		}
		if line == "\r\n" && b.Len() > 2 {
			break
		}
	}
	body := make([]byte, length)
	_, err := io.ReadFull(r, body)
	return b.String() + string(body), err
}

// take keeps a message and answers it.
func (c *carrier) take(text string, say func(string)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.down {
		return
	}
	c.got = append(c.got, text)
	select {
	case c.news <- struct{}{}:
	default:
	}
	method, _, _ := strings.Cut(text, " ")
	switch method {
	case "REGISTER":
		switch {
		case c.refuse != 0:
			say(answer(text, fmt.Sprint(c.refuse, " No"), "c", "", ""))
		case !c.proved(text, "Authorization"):
			say(answer(text, "401 Unauthorized", "c", c.challenge("WWW-Authenticate"), ""))
		case c.least > 0 && atoi(head(text, "Expires")) > 0 && atoi(head(text, "Expires")) < c.least:
			say(answer(text, "423 Interval Too Brief", "c", fmt.Sprintf("Min-Expires: %d\r\n", c.least), ""))
		default:
			contact := head(text, "Contact")
			say(answer(text, "200 OK", "c", fmt.Sprintf("Contact: %s;expires=%d\r\n", contact, min(c.expires, atoi(head(text, "Expires")))), ""))
		}
	case "OPTIONS":
		say(answer(text, fmt.Sprint(c.options, " Whatever"), "c", "", ""))
	case "INVITE":
		if c.invite != 0 && !c.proved(text, "Proxy-Authorization") {
			say(answer(text, fmt.Sprint(c.invite, " Prove it"), "c", c.challenge("Proxy-Authenticate"), ""))
			return
		}
		if strings.Contains(text, "RTP/SAVP") { // it does not speak SRTP
			say(answer(text, "488 Not Acceptable Here", "c", "", ""))
			return
		}
		say(answer(text, "100 Trying", "c", "", ""))
		say(answer(text, "200 OK", "c", "Contact: <sip:gw@"+c.addr+">\r\n", goodSDP))
	case "BYE", "CANCEL":
		say(answer(text, "200 OK", "c", "", ""))
	}
}

func (c *carrier) challenge(header string) string {
	nonce := rand.Text()
	c.nonces[nonce] = true
	return fmt.Sprintf("%s: Digest realm=\"%s\", nonce=\"%s\", algorithm=MD5, qop=\"auth\"\r\n", header, c.realm, nonce)
}

func (c *carrier) proved(text, header string) bool {
	d, err := digest.ParseCredentials(head(text, header))
	if err != nil || !c.nonces[d.Nonce] || d.Realm != c.realm || d.Username != "100200" {
		return false
	}
	method, _, _ := strings.Cut(text, " ")
	return d.Response == response(HA1("100200", c.realm, carrierPassword), method, d)
}

func atoi(s string) int { n, _ := strconv.Atoi(s); return n }

// all gives the messages that begin so.
func (c *carrier) all(prefix string) (out []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, g := range c.got {
		if strings.HasPrefix(g, prefix) {
			out = append(out, g)
		}
	}
	return out
}

func (c *carrier) set(f func()) { c.mu.Lock(); defer c.mu.Unlock(); f() }

// trunk is this carrier as its customer writes it down.
func (c *carrier) trunk(change func(*Trunk)) Trunk {
	t := Trunk{Name: "binotel", Register: true, Server: c.addr, Transport: "udp", User: "100200", Password: carrierPassword, Keepalive: 10 * testT1,
		Format: "380"}
	if c.l != nil {
		t.Transport = "tcp"
	}
	if change != nil {
		change(&t)
	}
	return t
}

// state waits until the trunk is as wanted.
func (h *house) state(name string, ok func(TrunkState) bool) TrunkState {
	h.t.Helper()
	var last TrunkState
	for limit := time.Now().Add(8 * time.Second); time.Now().Before(limit); {
		for _, s := range h.Trunks() {
			if s.Name == name {
				if last = s; ok(s) {
					return s
				}
			}
		}
		tick := time.NewTimer(2 * time.Millisecond)
		<-tick.C
	}
	h.t.Fatalf("the trunk did not come to that state: %+v", last)
	return last
}

func up(s TrunkState) bool   { return s.Up }
func gone(s TrunkState) bool { return !s.Up }

// certificate makes a self-signed one for the names.
func certificate(t *testing.T, names ...string) (*tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			tmpl.IPAddresses = append(tmpl.IPAddresses, ip)
		} else {
			tmpl.DNSNames = append(tmpl.DNSNames, n)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, pool
}
